// The sign of life of a keeper that takes in what an older Holdfast wrote. It folds the ledger in one piece, before its loop begins, and may need minutes: a
// watchdog that hears nothing of it would end it each time at the same place, for ever. Each second it reports a number below zero that grows: it gets
// forward, and does no work yet, so that nobody outside is told that all is well.
import type { Tick } from '../../core/time.ts'
import type { Folding } from '../../db/store.ts'
import type { ToParent } from '../parent.ts'

const REPORT_EVERY = 1000

/** What is to be called while folding; `tell` is written at once, also by a process whose loop stands still. */
export function foldingTo(tell: (message: ToParent) => void, now: () => Tick): Folding {
  let reports = 0
  let last = -Infinity
  return (_done, of) => {
    const tick = now()
    if (tick - last < REPORT_EVERY) return
    if (reports === 0) tell({ is: 'say', line: `! An older Holdfast wrote these data: their ${of} entries are folded anew. Nothing new is judged until that is done.` })
    last = tick
    tell({ is: 'alive', progress: ++reports - MOST })
  }
}

/** More seconds than any start takes. */
const MOST = 1_000_000_000

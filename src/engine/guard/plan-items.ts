// The items of a plan, a page at a time, for whoever cannot open its file: on another machine, or as another user. A page is a piece of that file as it lies
// there, and says where the next one begins; a plan of a million items is never held, here or there. What is kept of a plan is its file alone, and as long
// as that: a plan that is gone, or whose end is not its own seal, is not answered with half of it.
import { open } from 'node:fs/promises'
import path from 'node:path'
import { codeOf } from '../../core/fault.ts'
import { loadState } from '../../rooms/guard/reconcile/rows.ts'
import type { PlanItemsAnswer } from '../../views/reconciles.ts'
import { no, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'

/** Of one page. */
const PAGE = 256 * 1024
/** Of one line: far more than any item has. */
const LONGEST = 4 * 1024 * 1024
const END = 0x0a
const PLAN = /^plan_[0-9a-f]{32}$/

export interface ItemsWanted {
  readonly reconcile: string
  /** The latest, when absent. */
  readonly plan?: string | undefined
  /** Where the page before said that this one begins. */
  readonly from?: number | undefined
}

/** Never rejects for what a file is. */
export async function planItems({ store }: Keeper, { reconcile, plan: wanted, from = 0 }: ItemsWanted, pageOf = PAGE): Promise<Answer> {
  const { latest } = loadState(store.sql, reconcile)
  const plan = wanted ?? latest?.plan?.id
  if (latest?.path === undefined || plan === undefined || !PLAN.test(plan)) return gone(plan ?? 'no plan')
  try {
    const page = await readPage(path.join(path.dirname(latest.path), `${plan}.jsonl`), from, pageOf)
    if (page === 'within a line') return no(400, 'HF400', 'no page begins there', 'begin with the first, and go on where the page before says')
    const { lines, next } = page
    // The last line is the seal.
    const seal = next === null ? (JSON.parse(lines.pop() ?? 'null') as { readonly id?: string } | null) : undefined
    if (seal !== undefined && seal?.id !== plan) return gone(plan)
    return ok({ schema: 'holdfast.reconcile.items/1', reconcile, plan, items: lines.map((line) => JSON.parse(line) as Record<string, unknown>), next } satisfies PlanItemsAnswer)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || cause instanceof SyntaxError) return gone(plan)
    return no(503, 'HF503', `the file of ${plan} cannot be read: ${codeOf(cause) ?? 'unknown reason'}`, 'ask again; if it stays so, see why the data folder cannot be read')
  }
}

const gone = (plan: string): Answer => no(404, 'HF404', `the items of ${plan} are not kept, or not as they were sealed`, 'the newest plans are kept: the next run writes one, and one is made now by: holdfast reconcile plan <reconcile>')

/** Whole lines from there on. `next`: null where the file ends with them. */
async function readPage(at: string, from: number, pageOf: number): Promise<{ readonly lines: string[]; readonly next: number | null } | 'within a line'> {
  const file = await open(at, 'r')
  try {
    const { size } = await file.stat()
    if (from > 0) {
      const before = Buffer.alloc(1)
      await file.read(before, 0, 1, from - 1)
      if (from >= size || before[0] !== END) return 'within a line'
    }
    for (let many = pageOf; ; many *= 2) {
      const block = Buffer.alloc(Math.min(many, size - from))
      const { bytesRead } = await file.read(block, 0, block.length, from)
      const end = block.lastIndexOf(END, bytesRead - 1) + 1
      const isLast = from + end >= size
      if (end === 0 && many < LONGEST && bytesRead === block.length && from + bytesRead < size) continue
      if (end === 0) throw new SyntaxError('it has no line there')
      return { lines: block.toString('utf8', 0, end - 1).split('\n'), next: isLast ? null : from + end }
    }
  } finally {
    await file.close()
  }
}

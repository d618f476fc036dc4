// The writer that the crash tests watch and kill: it opens the production store in a folder, appends entries, and prints
// "ack N" once entry N was confirmed. Arguments: folder, kind of work. It reads no clock and no randomness.
import { writeSync } from 'node:fs'
import path from 'node:path'
import { instantOf, tickOf, type Now } from '../../src/core/time.ts'
import { openStore, type Store } from '../../src/db/store.ts'
import { loadNodeKey } from '../../src/processes/node-key.ts'
import { countRoom } from './count-room.ts'

const [, , folder = '', work = 'batches'] = process.argv

const nowAt = (n: number): Now => ({ wall: instantOf(1_800_000_000_000 + n), tick: tickOf(n), boot: 'boot' })
const ack = (n: number): void => void writeSync(1, `ack ${n}\n`)

/** One batch of `turns` turns; the confirmation follows the commit. */
function batch(store: Store, turns: number, size: number): void {
  store.begin()
  for (let n = 0; n < turns; n++) {
    const next = store.head.seq + 1
    const done = store.turn(`turn ${next}`, nowAt(next), (tx) => {
      tx.append({ is: 'count.counted', stream: `s${next % 3}`, body: { n: next, text: tx.keep(`text ${next} ${'x'.repeat(size)}`) } })
      tx.intend({ key: `deed ${next}`, what: 'count.tell', body: { n: next }, repeatable: true })
      tx.schedule('count.later', String(next % 5), { wall: instantOf(next), tick: tickOf(next), boot: 'boot' })
    })
    if (done.is === 'failed') throw done.cause
  }
  store.commit()
  ack(store.head.seq)
}

/** A turn that throws in the midst of a batch: undone alone. */
function failingTurn(store: Store): void {
  store.begin()
  store.turn('bad', nowAt(0), (tx) => {
    tx.append({ is: 'count.counted', stream: 's', body: { n: -1, text: '' } })
    throw new Error('bad turn')
  })
  store.rollback()
}

const open = (): Store => openStore(path.join(folder, 'holdfast.db'), [countRoom], 'node_crash')

const works: Record<string, () => void | Promise<void>> = {
  /** From nothing to a few entries. */
  first() {
    const store = open()
    for (let n = 0; n < 6; n++) batch(store, 1, 20)
  },
  /** Batches of several sizes, bad turns between them, a clean end, and a second start. */
  batches() {
    let store = open()
    for (const turns of [1, 3, 1, 8, 2]) {
      batch(store, turns, 200)
      failingTurn(store)
    }
    store.close()
    store = open()
    for (const turns of [2, 5, 1]) batch(store, turns, 50)
  },
  /** The log is folded back into the database in between, and begun anew from its start: where WAL bugs live. */
  checkpoints() {
    const store = open()
    for (let n = 0; n < 12; n++) {
      batch(store, 1 + (n % 4), 700)
      if (n % 3 === 1) store.sql.exec('pragma wal_checkpoint(passive)')
      if (n % 5 === 4) store.sql.exec('pragma wal_checkpoint(truncate)')
    }
  },
  /** Texts that fill pages of their own. */
  large() {
    const store = open()
    for (let n = 0; n < 4; n++) batch(store, 2, 9000)
    store.sql.exec('pragma wal_checkpoint(restart)')
    for (let n = 0; n < 4; n++) batch(store, 1, 9000)
  },
  /** The node's key: once it was used it never changes. */
  async key() {
    await loadNodeKey(folder)
    ack(1)
  },
}

const chosen = works[work]
if (!chosen) throw new Error(`no work "${work}": ${Object.keys(works).join(', ')}`)
await chosen()

// A share of schedules in a thread of its own: the test runner follows every promise of its own thread, and a schedule makes so many
// that following them costs more than running them.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { runMany, type Many } from './many.ts'
import { runManyRuns, type ManyRuns } from './runs/many.ts'

const SHARES = { schedules: runMany, runs: runManyRuns }
interface Ended { readonly schedules: Many; readonly runs: ManyRuns }
type Of = keyof Ended
interface Share { readonly from: number; readonly count: number; readonly most: number }

/** Runs it in its thread; rejects with whatever ends that. */
export const shareOf = <Kind extends Of>(kind: Kind, share: Share): Promise<Ended[Kind]> => new Promise((resolve, reject) => {
  const worker = new Worker(new URL(import.meta.url), { workerData: { kind, share } })
  worker.once('message', resolve)
  worker.once('error', reject)
  worker.once('exit', (code) => reject(new Error(`the thread of the share ended with ${code}`)))
})

if (!isMainThread) {
  const { kind, share } = workerData as { kind: Of; share: Share }
  parentPort?.postMessage(await SHARES[kind](share))
}

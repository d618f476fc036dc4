// A share of schedules in a thread of its own: the test runner follows every promise of its own thread, and a schedule makes so many
// that following them costs more than running them.
import { parentPort, workerData } from 'node:worker_threads'
import { runMany } from './many.ts'

parentPort?.postMessage(await runMany(workerData as { from: number; count: number; most: number }))

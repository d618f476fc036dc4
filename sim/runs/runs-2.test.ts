// The other share of the 2,000 schedules of runs, so that no file takes longer than a minute on a busy machine.
import test from 'node:test'
import { hold } from './hold.ts'

test('C-1 C-2 C-3 C-4 C-5 C-6 C-7 C-8 C-10 C-12 C-13 C-14 C-15 C-16 C-17 C-18 C-19 C-20 hold in every schedule of the second share', { timeout: 900_000 }, (t) => hold(t, 600_001))

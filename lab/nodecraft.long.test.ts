// Why this clean-up cannot do what Nodecraft's did, whole: 100,000 rows and objects, 2,000 of them locked, 37 orphans, twelve ways in which a catalogue has
// been wrong, and in each of them as many runs as it would take to put something aside.
import test from 'node:test'
import { tellNodecraft } from './nodecraft-story.ts'

test('nodecraft, whole: 100,000 objects, 37 orphans, and a catalogue that is wrong in every way', { timeout: 3_500_000 }, (t) => tellNodecraft(t, { rows: 100_000, orphans: 37, today: 600, times: 4 }))

// Why this clean-up cannot do what Nodecraft's did, with few objects: whole processes, a real PostgreSQL, a real RADOS gateway, in lab time. What it tells
// stands in nodecraft-story.ts; nodecraft.long.test.ts tells all of it with a hundred thousand objects. What else a database can be is told to
// the process that reads it by reconcile.lab.test.ts.
import test from 'node:test'
import { tellNodecraft } from './nodecraft-story.ts'

// So many rows that a dozen acts a day stay within half a per cent of them.
test('nodecraft: a clean-up, and a catalogue that is wrong in every way', { timeout: 600_000 }, (t) => tellNodecraft(t, { rows: 2600, orphans: 6, today: 10, times: 1, only: /stopped|lags|same cluster|one tenant/ }))

// The outage `backendless` with Holdfast itself struck: its processes killed, frozen past their lease and thawed, its machine without a network. In which other moments a
// cable is pulled is told in backendless-moments.lab.test.ts.
import { test } from 'node:test'
import { tellVariants } from './backendless.ts'

test('C-4 C-14 backendless: its own processes killed while a step is at work: nothing is begun again by itself, and it halts and pages all the same', { timeout: 600_000 }, (t) => tellVariants(t, 'killed'))
test('C-7 backendless: whoever has a deed, frozen past the lease and thawed, does nothing', { timeout: 600_000 }, (t) => tellVariants(t, 'doer-frozen'))
test('C-7 C-19 backendless: all of Holdfast, and its keeper alone, frozen past the lease and thawed: nothing old is begun, and both hear of it', { timeout: 600_000 }, (t) => tellVariants(t, 'node-frozen', 'keeper-frozen'))
test('C-19 backendless: the machine of Holdfast has no network: nothing is begun, and whoever watches from outside calls for help', { timeout: 600_000 }, (t) => tellVariants(t, 'isolated'))

// The outage `backendless`, with the cable pulled in other moments than in the middle of a step.
import { test } from 'node:test'
import { tellVariants } from './backendless.ts'

test('C-14 C-15 backendless: pulled before the first press it is refused; between two steps, and for 300 ms, it halts', { timeout: 300_000 }, (t) => tellVariants(t, 'moments'))

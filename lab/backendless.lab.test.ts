// The outage `backendless` with real parts: one server of three has its memory added, and the cable of another one is pulled, at random moments.
import { test } from 'node:test'
import { tellBackendless } from './backendless.ts'

const TIMES = 5

test('C-4 C-12 C-14 C-15 backendless: a pulled cable of a second server halts it within 3 s, both are told within 10, and no write is lost', { timeout: 300_000 }, (t) => tellBackendless(t, { times: TIMES, runs: 1 }))

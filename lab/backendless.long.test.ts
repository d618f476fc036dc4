// The outage `backendless` at fifty random moments, on each of the three servers in turn.
import { test } from 'node:test'
import { tellBackendless } from './backendless.ts'

test('C-4 C-12 C-14 C-15 backendless, at fifty random moments', { timeout: 3_000_000 }, (t) => tellBackendless(t, { times: 5, runs: 10 }))

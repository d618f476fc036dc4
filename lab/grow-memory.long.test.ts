// The runbook `grow-memory` with nothing left out, on each of three servers: the first without a surprise, and with the last of them the work is over.
import { test } from 'node:test'
import { tellGrowMemory } from './grow-memory.ts'

test('C-4 C-12 C-14 T-7 grow-memory as its owner wrote it, on three servers one after the other, and the board completes the work with the last', { timeout: 900_000 }, (t) => tellGrowMemory(t, ['db-1', 'db-2', 'db-3']))

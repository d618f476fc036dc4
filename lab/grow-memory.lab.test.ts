// The runbook `grow-memory` with nothing left out, and what the public reads of it.
import { test } from 'node:test'
import { tellGrowMemory } from './grow-memory.ts'

test('C-4 C-12 C-14 T-7 grow-memory as its owner wrote it: each step by two people, on copies that were restored; a pulled cable halts it, and the board says so', { timeout: 400_000 }, (t) => tellGrowMemory(t, ['db-1']))

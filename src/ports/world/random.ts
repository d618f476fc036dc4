// The real randomness: the operating system's, for ids and keys. Nothing falls back to a weaker source.
import { randomBytes } from 'node:crypto'
import type { Random } from '../world.ts'

export const random: Random = (bytes) => randomBytes(bytes)

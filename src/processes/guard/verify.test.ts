// Reading parts of copies from a store: of the version that was asked for, twice before anything is said, and never more than a piece at a time.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Fault } from '../../core/fault.ts'
import { instantOf, tickOf } from '../../core/time.ts'
import { MOST_CHUNK, type Chunk, type Reading, type ReadWant } from '../../ports/store.ts'
import type { PartFound, PartWanted } from '../../rooms/guard/protocol.ts'
import type { GuardContext } from './context.ts'
import { perform } from './verify.ts'

const never = new AbortController().signal
const absent = (): never => assert.fail('reading is all that is asked for')
const bytes = Buffer.alloc(20 * 1024 * 1024, 'a backup ')
const sumOf = (from: number, size: number): string => createHash('sha256').update(bytes.subarray(from, from + size)).digest('hex')

async function read(parts: readonly PartWanted[], give: (want: ReadWant, call: number) => Chunk): Promise<{ parts: readonly PartFound[]; calls: number }> {
  let calls = 0
  const reading: Reading = { identify: absent, declared: absent, clock: absent, page: absent, uploads: absent, head: absent, lock: absent, tags: absent, read: async (want) => give(want, ++calls) }
  const context: GuardContext = { reading: () => reading, now: () => ({ wall: instantOf(0), tick: tickOf(0), boot: 'b' }), timers: { after: () => () => undefined }, folder: '/', say: () => undefined }
  const result = await perform({ store: 'nas', parts }, context, never)
  return { parts: result.is === 'verified' ? result.parts : [], calls }
}

const part = (more: Partial<PartWanted> = {}): PartWanted => ({ key: 'a', etag: 'e', n: 0, from: 0, bytes: bytes.length, ...more })
const honest = ({ from, bytes: most }: ReadWant): Chunk => ({ is: 'read', bytes: bytes.subarray(from, from + most) })

test('a part is read in pieces and summed; what is known is held against it', async () => {
  const whole = await read([part()], (want) => {
    assert(want.bytes <= MOST_CHUNK && want.etag === 'e')
    return honest(want)
  })
  assert.deepEqual([whole.parts, whole.calls], [[{ key: 'a', etag: 'e', n: 0, is: 'read', sum: sumOf(0, bytes.length) }], 3])
  const known = await read([part({ n: 1, from: 1000, bytes: 500, sum: sumOf(1000, 500) })], honest)
  assert.deepEqual(known.parts, [{ key: 'a', etag: 'e', n: 1, is: 'read', sum: sumOf(1000, 500) }])
})

test('other bytes, a fault, an early end: read a second time before it is said', async () => {
  const small = part({ bytes: 100, sum: sumOf(0, 100) })
  const rotten: Chunk = { is: 'read', bytes: Buffer.alloc(100, 'x') }
  const cases: readonly [(want: ReadWant, call: number) => Chunk, PartFound['is']][] = [
    [() => rotten, 'differs'], [(want, call) => (call === 1 ? rotten : honest(want)), 'read'], [() => ({ is: 'read', bytes: Buffer.alloc(0) }), 'failed'],
    [(want, call) => (call === 1 ? fault() : honest(want)), 'read'], [() => fault(), 'failed'], [() => ({ is: 'changed', says: 'another one' }), 'gone'], [() => ({ is: 'absent', says: '' }), 'gone'],
  ]
  for (const [give, is] of cases) assert.equal((await read([small], give)).parts[0]?.is, is)
})

test('a store that fails part after part is let alone; what was not tried is not in the answer', async () => {
  const { parts, calls } = await read(Array.from({ length: 9 }, (_, n) => part({ n, bytes: 10 })), () => fault())
  assert.deepEqual([parts.length, calls], [3, 6])
})

function fault(): never {
  throw new Fault('connection reset')
}

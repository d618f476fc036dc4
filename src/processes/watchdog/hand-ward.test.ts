// The hand is there for stores in which there is something to do, with the credentials of those and no others, and never for longer.
import assert from 'node:assert/strict'
import test from 'node:test'
import { tickOf } from '../../core/time.ts'
import { createHandWard } from './hand-ward.ts'

function world() {
  let tick = 0
  let there = false
  let left: () => void = () => undefined
  const did: string[] = []
  const ward = createHandWard({
    tick: () => tickOf(tick), isThere: () => there, known: () => ['main', 'offsite', 'nas'],
    raise: (stores) => {
      there = true
      did.push(`raise ${stores.join()}`)
    },
    dismiss: () => new Promise((resolve) => {
      there = false
      did.push('dismiss')
      left = resolve
    }),
  })
  return {
    ward, did,
    async gone() {
      left()
      await new Promise((go) => setImmediate(go))
    },
    pass: (ms: number): void => void (tick += ms),
  }
}

test('G-15 it is given what deletes in the stores where something waits, and nothing of the others', async () => {
  const { ward, did, gone } = world()
  ward.hear([])
  ward.hear(['main', 'unheard-of'])
  ward.hear(['main'])
  assert.deepEqual(did, ['raise main'])
  ward.hear(['main', 'nas'])
  ward.hear(['main', 'nas'])
  assert.deepEqual(did, ['raise main', 'dismiss'], 'the next one is not there before the last one is gone')
  await gone()
  ward.hear(['main', 'nas'])
  ward.hear(['nas'])
  ward.hear([])
  assert.deepEqual(did, ['raise main', 'dismiss', 'raise main,nas', 'dismiss'])
})

test('a hand of which nobody speaks any more is sent away', () => {
  const { ward, did, pass } = world()
  ward.hear(['main'])
  for (let n = 0; n < 10; n++) {
    pass(30_000)
    ward.turn()
    ward.hear(['main'])
  }
  assert.deepEqual(did, ['raise main'])
  pass(61_000)
  ward.turn()
  ward.turn()
  assert.deepEqual(did, ['raise main', 'dismiss'])
})

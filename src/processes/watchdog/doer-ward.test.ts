// One doer for each deed that is named, never two for one run, and none that nobody names.
import assert from 'node:assert/strict'
import test from 'node:test'
import { minutes, tickOf } from '../../core/time.ts'
import type { Kin } from './control.ts'
import { createDoerWard, SILENCE } from './doer-ward.ts'

function world(former: readonly Kin[] = []) {
  let [tick, pid] = [0, 0]
  const alive = new Map<string, Kin>(former.map((kin) => [String(kin.pid), kin]))
  const up = new Map<string, Kin>()
  const leaving = new Map<string, () => void>()
  const did: string[] = []
  const ward = createDoerWard({
    tick: () => tickOf(tick), former,
    raise(name, { token }, others) {
      const kin = { name, pid: ++pid, start: String(pid) }
      up.set(name, kin)
      alive.set(String(pid), kin)
      did.push(`raise ${name} ${token}${others.length > 0 ? ` after ${others.map((one) => one.pid).join()}` : ''}`)
    },
    dismiss: (name) => new Promise((resolve) => {
      did.push(`dismiss ${name}`)
      up.delete(name)
      leaving.set(name, resolve)
    }),
    kin: (name) => up.get(name), isAlive: (kin) => alive.has(String(kin.pid)),
  })
  return {
    ward, did, pass: (span: number): void => void (tick += span),
    dies: (n: number): void => void alive.delete(String(n)),
    /** Nobody waits for it any longer, dead or not. */
    async left(name: string) {
      leaving.get(name)?.()
      await new Promise((go) => setImmediate(go))
    },
  }
}

test('C-4 one doer for each deed, and the next of a run only after the one before', async () => {
  const { ward, did, left, dies } = world()
  const [one, other] = [{ run: 'a', token: 1 }, { run: 'b', token: 7 }]
  ward.hear([])
  ward.hear([one, other])
  ward.hear([other, one])
  assert.deepEqual(did, ['raise doer:a 1', 'raise doer:b 7'])
  ward.hear([{ run: 'a', token: 2 }, other])
  ward.hear([{ run: 'a', token: 2 }, other])
  assert.deepEqual(did.slice(2), ['dismiss doer:a'], 'not while it leaves')
  dies(1)
  await left('doer:a')
  assert.deepEqual(did.slice(3), ['raise doer:a 2'], 'and then at once')
  ward.hear([{ run: 'a', token: 2 }, other])
  ward.hear([])
  assert.deepEqual(did.slice(4).toSorted(), ['dismiss doer:a', 'dismiss doer:b'])
})

test('C-4 C-7 one that could not be ended, here or before, is waited for by the next', async () => {
  const { ward, did, left, dies } = world([{ name: 'doer:b', pid: 99, start: '1' }])
  ward.hear([{ run: 'a', token: 1 }])
  ward.hear([])
  await left('doer:a')
  ward.hear([{ run: 'a', token: 2 }, { run: 'b', token: 1 }])
  assert.deepEqual(did.slice(2), ['raise doer:a 2 after 1', 'raise doer:b 1 after 99'])
  ward.hear([])
  await left('doer:a')
  await left('doer:b')
  for (const pid of [1, 2, 3, 99]) dies(pid)
  ward.hear([{ run: 'a', token: 3 }])
  assert.equal(did.at(-1), 'raise doer:a 3')
})

test('C-15 a keeper that says nothing ends no deed, but for very long; a stop ends all', async () => {
  const { ward, did, pass, left } = world()
  ward.hear([{ run: 'a', token: 1 }])
  pass(minutes(14))
  ward.turn()
  assert.deepEqual(did, ['raise doer:a 1'])
  pass(SILENCE)
  ward.turn()
  ward.turn()
  assert.deepEqual(did, ['raise doer:a 1', 'dismiss doer:a'])
  await left('doer:a')
  ward.hear([{ run: 'b', token: 1 }, { run: 'c', token: 1 }])
  const ended = ward.end()
  await left('doer:b')
  await left('doer:c')
  await ended
  assert.deepEqual(did.slice(-2), ['dismiss doer:b', 'dismiss doer:c'])
})

test('there are never very many', () => {
  const { ward, did } = world()
  ward.hear(Array.from({ length: 100 }, (_, n) => ({ run: `r${n}`, token: 1 })))
  assert.equal(did.length, 32)
})

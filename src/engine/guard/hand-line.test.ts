// How long a hand is there: as long as something comes to an end, a little longer, and not because something is for ever in doubt.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf, tickOf, type Now } from '../../core/time.ts'
import type { Needs } from '../../rooms/guard/acts/desk.ts'
import { createPresence } from './hand-line.ts'

const NOTHING: Needs = { stores: [], sign: '', asked: false, progress: 0 }

function world() {
  let tick = 0
  const now = (): Now => ({ wall: instantOf(tick), tick: tickOf(tick), boot: 'boot' })
  const presence = createPresence(now)
  /** Seconds of presence within so many, asked every two seconds. */
  const present = (seconds: number, needs: Needs | ((at: number) => Needs)): number => {
    let there = 0
    for (let n = 0; n < seconds; n += 2) {
      if (presence.stores(typeof needs === 'function' ? needs(tick / 1000) : needs).length > 0) there += 2
      tick += 2000
    }
    return there
  }
  return { present, presence }
}

test('while acts come to an end it stays, and half a minute longer', () => {
  const { present } = world()
  assert.equal(present(60, NOTHING), 0)
  assert.equal(present(3600, (at) => ({ stores: ['main'], sign: 'plan', asked: false, progress: Math.floor(at / 20) })), 3600)
  assert.equal(present(3600, NOTHING), 28, 'it was asked for two seconds before that')
})

test('where nothing comes to an end it leaves, and is called again after longer and longer', () => {
  const { present } = world()
  const stuck: Needs = { stores: ['main'], sign: 'doubt', asked: false, progress: 7 }
  assert.equal(present(180, stuck), 180)
  assert.equal(present(60, stuck), 0)
  const day = present(86_400, stuck)
  assert(day > 3600 && day < 86_400 / 8, `${day} s of a day`)
})

test('what is new, or what a run waits for, calls it at once', () => {
  const { present, presence } = world()
  const stuck: Needs = { stores: ['main'], sign: 'doubt', asked: false, progress: 7 }
  present(200, stuck)
  assert.deepEqual(presence.stores(stuck), [])
  assert.deepEqual(presence.stores({ ...stuck, asked: true }), ['main'])
  const other = world()
  other.present(200, stuck)
  assert.deepEqual(other.presence.stores({ ...stuck, sign: 'doubt,plan' }), ['main'])
})

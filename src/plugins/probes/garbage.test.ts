// What the drivers of databases do when the server sends garbage: they were not written for hostile servers, and they run inside
// the prober. Seeded mutations of sound conversations; a look that never ends, an exception that nobody catches, or
// a pass on a broken sign-in would show here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSilence, sentence } from '../../core/fault.ts'
import type { AnyProbe } from '../../ports/probe.ts'
import { mysqlServer, mysqlWords, postgresServer, postgresWords, type Acting } from '../../ports/world/fixtures/databases.ts'
import { egressWith, serve } from '../../ports/world/fixtures/loopback.ts'
import { lookOnce } from '../../ports/world/fixtures/looks.ts'
import mysql from './mysql.ts'
import postgres from './postgres.ts'

const LOOKS = 400

/** mulberry32: small, seeded, good enough to break things. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % sides
  }
}

function broken(bytes: Buffer, roll: (sides: number) => number): Buffer {
  let out = Buffer.from(bytes)
  for (let changes = 1 + roll(3); changes > 0 && out.length > 0; changes--) {
    const at = roll(out.length)
    const how = roll(4)
    if (how === 0) out[at] = roll(256)
    else if (how === 1) out = out.subarray(0, at)
    else if (how === 2) out = Buffer.concat([out.subarray(0, at), Buffer.from(Array.from({ length: roll(30) }, () => roll(256))), out.subarray(at)])
    else out = Buffer.concat([out.subarray(0, at), out.subarray(at + roll(8))])
  }
  return out
}

async function torment(t: Parameters<typeof serve>[0], probe: AnyProbe, urlOf: (port: number) => object, acting: (roll: (sides: number) => number) => (socket: Parameters<Parameters<typeof serve>[1]>[0]) => void): Promise<void> {
  for (const quiet of ['log', 'warn', 'error', 'trace'] as const) t.mock.method(console, quiet, () => undefined)
  const egress = egressWith()
  let count = 0
  const port = await serve(t, (socket) => {
    const roll = dice(++count)
    acting(roll)(socket)
    if (roll(2) === 0) setTimeout(() => socket.end(), 20)
  })
  for (let done = 0; done < LOOKS; done += 40) {
    await Promise.all(Array.from({ length: 40 }, async () => {
      try {
        const seen = await lookOnce(probe, urlOf(port), { egress, timeout: 60 })
        assert(seen.is === 'pass' || (seen.says ?? '').length > 0)
      } catch (cause) {
        assert(isSilence(cause), sentence(cause))
      }
    }))
  }
}

const choose = (roll: (sides: number) => number, sound: Required<Pick<Acting, 'greeting' | 'signIn'>>, one: Buffer): Acting => {
  const victim = roll(3)
  return {
    greeting: victim === 0 ? broken(sound.greeting, roll) : sound.greeting,
    signIn: victim === 1 ? broken(sound.signIn, roll) : sound.signIn,
    answer: () => (victim === 2 ? broken(one, roll) : one),
  }
}

test('W-5: garbage instead of MySQL neither crashes, nor hangs, nor escapes', (t) =>
  torment(t, mysql, (port) => ({ mysql: `mysql://app:word@127.0.0.1:${port}/shop` }), (roll) => mysqlServer(choose(roll, { greeting: mysqlWords.greeting, signIn: mysqlWords.ok(2) }, mysqlWords.one))))

test('W-5: garbage instead of PostgreSQL neither crashes, nor hangs, nor escapes', (t) =>
  torment(t, postgres, (port) => ({ postgres: `postgres://app:word@127.0.0.1:${port}/shop` }), (roll) => {
    const code = Buffer.alloc(4)
    const signIns = [
      postgresWords.signedIn,
      postgresWords.error('28P01', 'no', 'FATAL'),
      ...[3, 5, 10, 11, 12].map((kind) => {
        code.writeInt32BE(kind)
        return postgresWords.message('R', Buffer.concat([code, Buffer.from(kind === 10 ? 'SCRAM-SHA-256\0\0' : 'abcd')]))
      }),
    ]
    return postgresServer(choose(roll, { greeting: Buffer.from('S'), signIn: signIns[roll(signIns.length)] ?? postgresWords.signedIn }, postgresWords.one))
  }))

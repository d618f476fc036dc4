// People's authenticators, as they are enrolled at the terminal: each code counts once, so each person has several.
import assert from 'node:assert/strict'
import { codeAt, periodOf } from '../src/core/totp.ts'
import { instantOf } from '../src/core/time.ts'
import { sleep, type Running } from '../test/story/world.ts'

const bytesOf = (text: string): Uint8Array => Uint8Array.from(([...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))

/** An authenticator: each code counts once. */
export interface Authenticator { readonly secret: Uint8Array; last: number }
/** A code of whichever has one to give; waits for the next one where none has. */
export async function nextCode(all: readonly Authenticator[]): Promise<string> {
  const it = all.toSorted((a, b) => a.last - b.last)[0] ?? assert.fail('no authenticator')
  const period = Math.max(it.last + 1, periodOf(instantOf(Date.now())))
  while (period > periodOf(instantOf(Date.now())) + 1) await sleep(200)
  it.last = period
  return codeAt(it.secret, period)
}

/** So many authenticators has each person: a story is told faster than codes come. */
const AUTHENTICATORS = 3
export async function enrol(it: { readonly holdfast: Pick<Running, 'cli'> }, who: string): Promise<Authenticator[]> {
  const all: Authenticator[] = []
  for (let n = 0; n < AUTHENTICATORS; n++) {
    const enrolled = JSON.parse((await it.holdfast.cli('people', 'enrol', who, '--json')).out) as { secret: string }
    const one = { secret: bytesOf(enrolled.secret), last: 0 }
    const { code, out, err } = await it.holdfast.cli('people', 'enrol', who, '--code', await nextCode([one]))
    assert.equal(code, 0, out + err)
    all.push(one)
  }
  return all
}

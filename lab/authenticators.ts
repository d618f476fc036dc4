// People's authenticators, as they are enrolled at the terminal: each code counts once, so each person has several.
import assert from 'node:assert/strict'
import path from 'node:path'
import { serverAt } from '../src/cli/client.ts'
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
export async function enrol({ holdfast: { folder } }: { readonly holdfast: Pick<Running, 'folder'> }, who: string, count = AUTHENTICATORS): Promise<Authenticator[]> {
  const server = serverAt({ data: path.join(folder, 'data'), timeout: 20_000, env: process.env, warn: () => undefined })
  const all: Authenticator[] = []
  for (let n = 0; n < count; n++) {
    const { secret } = (await server.send('POST', `/api/v1/people/${who}/enrol`, {})).body as { secret: string }
    const one = { secret: bytesOf(secret), last: 0 }
    const { status, body } = await server.send('POST', `/api/v1/people/${who}/enrol`, { code: await nextCode([one]) })
    assert.equal(status, 200, JSON.stringify(body))
    all.push(one)
  }
  return all
}

// Passwords: argon2id (19 MiB, two passes, one lane: the first choice of OWASP's table) in the PHC form, so that the figures can grow
// and old hashes still tell theirs. Computed beside the loop, two at a time: sign-ins wait for each other, nothing else does.
// For a name that nobody has the same work is done, so that time says nothing.
import { argon2, timingSafeEqual } from 'node:crypto'
import type { Random } from '../../ports/world.ts'

const FIGURES = { memory: 19_456, passes: 2, parallelism: 1 } as const
const TAG_BYTES = 32
const SALT_BYTES = 16
const AT_ONCE = 2
const MOST_WAITING = 64
export const SHORTEST = 12
/** In bytes: longer ones only cost time. */
export const LONGEST = 512

/** As people type it on any keyboard: one form of each letter (NIST SP 800-63B 3.1.1.2). */
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFKC'), 'utf8')

let busy = 0
const waiting: (() => void)[] = []

/** Too many sign in at this moment. */
export class Crowded extends Error {}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (busy >= AT_ONCE) {
    if (waiting.length >= MOST_WAITING) throw new Crowded('too many sign in at this moment: try again in a few seconds')
    await new Promise<void>((go) => waiting.push(go))
  }
  busy++
  try {
    return await work()
  } finally {
    busy--
    waiting.shift()?.()
  }
}

const compute = (password: string, salt: Uint8Array, figures: { memory: number; passes: number; parallelism: number }): Promise<Buffer> => inTurn(() => new Promise((resolve, reject) => {
  argon2('argon2id', { message: bytesOf(password), nonce: salt, parallelism: figures.parallelism, tagLength: TAG_BYTES, memory: figures.memory, passes: figures.passes }, (cause, tag) => {
    if (cause) reject(cause)
    else resolve(Buffer.from(tag))
  })
}))

const plain = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

export async function hashPassword(password: string, random: Random): Promise<string> {
  const salt = random(SALT_BYTES)
  const tag = await compute(password, salt, FIGURES)
  return `$argon2id$v=19$m=${FIGURES.memory},t=${FIGURES.passes},p=${FIGURES.parallelism}$${plain(salt)}$${plain(tag)}`
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
const NOBODY = `$argon2id$v=19$m=${FIGURES.memory},t=${FIGURES.passes},p=${FIGURES.parallelism}$${plain(Buffer.alloc(SALT_BYTES))}$${plain(Buffer.alloc(TAG_BYTES))}`

/** Whether it is the password of this hash; without a hash it takes as long, and is not. */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, memory = '', passes = '', parallelism = '', salt = '', tag = ''] = PHC.exec(hash ?? NOBODY) ?? PHC.exec(NOBODY) ?? []
  const computed = await compute(password, Buffer.from(salt, 'base64'), { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) })
  const expected = Buffer.from(tag, 'base64')
  return computed.length === expected.length && timingSafeEqual(computed, expected) && hash !== undefined
}

/** Why a password is not taken, in a sentence; `undefined` when it is. Length counts, not signs (NIST SP 800-63B). */
export function whyWeak(password: string, names: readonly string[]): string | undefined {
  const size = bytesOf(password).length
  if ([...password].length < SHORTEST) return `a password has at least ${SHORTEST} characters: a few words do`
  if (size > LONGEST) return `a password has at most ${LONGEST} bytes`
  const small = password.toLowerCase()
  if (new Set(small).size < 5) return 'this password repeats itself'
  if (/^[\d\s._-]+$/.test(small) || COMMON.some((it) => small.replaceAll(/[^a-z]/g, '') === it)) return 'this password is among the first that are tried'
  if (names.some((it) => it.length >= 3 && small.replaceAll(it.toLowerCase(), '').length < 8)) return 'this password is little more than a name'
  return undefined
}

/** What is left of the commonest long ones when digits and signs are taken off. */
const COMMON = ['password', 'passwordpassword', 'passwort', 'qwertyuiop', 'qwertyuiopasdf', 'iloveyou', 'letmein', 'letmeinplease', 'welcome', 'administrator', 'adminadmin', 'changeme', 'changemenow', 'holdfast', 'abcdefghijkl', 'correcthorsebatterystaple']

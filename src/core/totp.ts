// Codes of an authenticator (RFC 6238 over RFC 4226: SHA-1, six digits, 30 s, as every authenticator has them). One period to
// either side is taken, since clocks differ; each code counts once. Nothing here reads a clock.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Instant } from './time.ts'

const PERIOD = 30_000
const DIGITS = 6
const AROUND = 1
/** RFC 4226 asks for 128 bits at least and recommends 160. */
export const SECRET_BYTES = 20

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Base 32 (RFC 4648) without padding, as authenticators take it. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += LETTERS[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + LETTERS[(held << (5 - bits)) & 31] : text
}

export const periodOf = (at: Instant): number => Math.floor(at / PERIOD)

/** The code of a period. */
export function codeAt(secret: Uint8Array, period: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(period))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0')
}

/**
 * The period that the code belongs to; `undefined` when it is none of now, or not younger than `last`, the one that was used last: a
 * code counts once, and none before it counts any more. Takes the same time for every wrong code.
 */
export function periodOfCode(secret: Uint8Array, code: string, at: Instant, last: number | undefined): number | undefined {
  const given = code.replaceAll(/[\s-]/g, '')
  if (!/^\d{6}$/.test(given)) return undefined
  let found: number | undefined
  for (let period = periodOf(at) - AROUND; period <= periodOf(at) + AROUND; period++) {
    if (period >= 0 && timingSafeEqual(Buffer.from(codeAt(secret, period)), Buffer.from(given))) found = period
  }
  return found !== undefined && (last === undefined || found > last) ? found : undefined
}

/** Half a character in a name is none: what it stands in has to be an address. */
const part = (text: string): string => encodeURIComponent(text.toWellFormed())

/** What an authenticator reads from a QR code. */
export const otpauthOf = (secret: Uint8Array, issuer: string, account: string): string =>
  `otpauth://totp/${part(issuer)}:${part(account)}?secret=${base32(secret)}&issuer=${part(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=${PERIOD / 1000}`

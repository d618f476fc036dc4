// Addresses, in one canonical form, and what kind of place each is. Every disguise is taken off before judging: IPv4 in decimal,
// octal, hex or short form; IPv4 inside IPv6 (mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP); zone ids. An address
// that carries another one is judged by the worse of the two. Link-local with its metadata servers, multicast, broadcast
// and the unspecified address are blocked for everybody, always.
import { isIPv4, isIPv6 } from 'node:net'
import type { Address, AddressClass } from '../world.ts'

/** What an address is, and what to call it. */
export interface Place {
  readonly class: AddressClass
  /** "a link-local address". */
  readonly called: string
}

/** From the most open to the most closed; a redirect or a DNS answer may never lead further down the list than before. */
const ORDER: readonly AddressClass[] = ['public', 'private', 'loopback', 'blocked']

/** True when `a` lies further inside than `b`. */
export const beyond = (a: AddressClass, b: AddressClass): boolean => ORDER.indexOf(a) > ORDER.indexOf(b)

/** Reads an address in any form that some resolver would take for one; `undefined` for a name. */
export function readAddress(host: string): Address | undefined {
  if (isIPv4(host)) return { address: host, family: 4 }
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  if (!bare.includes(':')) {
    const old = readOldV4(bare)
    return old === undefined ? undefined : { address: sayV4(old), family: 4 }
  }
  const words = readWords(bare)
  if (!words) return undefined
  // The kernel would open an IPv4 connection for it, so it is one.
  if (words.slice(0, 5).every((w) => w === 0) && words[5] === 0xffff) return { address: sayV4(low(words)), family: 4 }
  return { address: new URL(`http://[${words.map((w) => w.toString(16)).join(':')}]`).hostname.slice(1, -1), family: 6 }
}

/** What kind of place a canonical address is. Anything that is not an address counts as blocked. */
export function placeOf(address: string): Place {
  if (isIPv4(address)) return placeV4(numberV4(address))
  const words = readWords(address)
  if (!words) return { class: 'blocked', called: 'not an address' }
  return carried(words)
    .map(placeV4)
    .reduce((worst, place) => (beyond(place.class, worst.class) ? place : worst), placeV6(words))
}

/** The class alone. */
export const classOf = (address: string): AddressClass => placeOf(address).class

type Range = readonly [prefix: number, bits: number, place: Place]

const blocked = (called: string): Place => ({ class: 'blocked', called })
const inside = (called: string): Place => ({ class: 'private', called })
const OUTSIDE: Place = { class: 'public', called: 'a public address' }
const LOOPBACK: Place = { class: 'loopback', called: 'a loopback address' }
const METADATA = blocked('a cloud metadata address')

// RFC 6890 and its registry; the single addresses are those of Azure, Alibaba and Oracle, which are not link-local.
const V4: readonly Range[] = (
  [
    ['127.0.0.0', 8, LOOPBACK],
    ['10.0.0.0', 8, inside('a private address')],
    ['172.16.0.0', 12, inside('a private address')],
    ['192.168.0.0', 16, inside('a private address')],
    ['169.254.0.0', 16, blocked('a link-local address')],
    ['0.0.0.0', 8, blocked('an unspecified address')],
    ['255.255.255.255', 32, blocked('a broadcast address')],
    ['224.0.0.0', 4, blocked('a multicast address')],
    ['168.63.129.16', 32, METADATA],
    ['100.100.100.200', 32, METADATA],
    ['192.0.0.192', 32, METADATA],
    ['100.64.0.0', 10, inside('a carrier’s private address')],
    ['192.0.0.0', 24, inside('a reserved address')],
    ['192.0.2.0', 24, inside('a documentation address')],
    ['198.51.100.0', 24, inside('a documentation address')],
    ['203.0.113.0', 24, inside('a documentation address')],
    ['198.18.0.0', 15, inside('a benchmarking address')],
    ['240.0.0.0', 4, inside('a reserved address')],
  ] as const
).map(([base, bits, place]) => [numberV4(base), bits, place])

function placeV4(address: number): Place {
  for (const [base, bits, place] of V4) if (address >>> (32 - bits) === base >>> (32 - bits)) return place
  return OUTSIDE
}

const METADATA_V6 = new Set(['fd00:ec2::254', 'fd20:ce::254', 'fd00:42::42'].map((text) => String(readWords(text))))

function placeV6(w: readonly number[]): Place {
  const [first = 0, second = 0] = w
  if (w.slice(0, 7).every((word) => word === 0)) {
    if (w[7] === 0) return blocked('an unspecified address')
    if (w[7] === 1) return LOOPBACK
  }
  if (first >>> 6 === 0xfe80 >>> 6) return blocked('a link-local address')
  if (first >>> 8 === 0xff) return blocked('a multicast address')
  if (METADATA_V6.has(String(w))) return METADATA
  if (first >>> 9 === 0xfc00 >>> 9) return inside('a private address')
  if (first === 0x2001 && second === 0xdb8) return inside('a documentation address')
  if (first === 0x3fff && second < 0x1000) return inside('a documentation address')
  if (first === 0x2001 && second !== 0 && second < 0x200) return inside('a reserved address')
  if (first === 0x64 && second === 0xff9b && w[2] === 1) return inside('a local translation address')
  // What lies outside of global unicast and carries an IPv4 address is judged by that one alone.
  return first >>> 13 === 1 || carried(w).length > 0 ? OUTSIDE : inside('a reserved address')
}

/** The IPv4 addresses that an IPv6 address carries (RFC 4291, 6052, 8215, 3056, 4380, 5214, 7915). */
function carried(w: readonly number[]): number[] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = w
  if (a === 0 && b === 0 && c === 0 && d === 0) {
    if (e === 0 && (f === 0xffff || (f === 0 && low(w) > 1))) return [low(w)]
    if (e === 0xffff && f === 0) return [low(w)]
  }
  if (a === 0x64 && b === 0xff9b && ((c === 0 && d === 0 && e === 0 && f === 0) || c === 1)) return [low(w)]
  if (a === 0x2002) return [pair(b, c)]
  if (a === 0x2001 && b === 0) return [pair(c, d), ~low(w) >>> 0]
  if ((e & 0xfdff) === 0 && f === 0x5efe) return [low(w)]
  return []
}

const pair = (high: number, lower: number): number => ((high << 16) | lower) >>> 0
const low = (w: readonly number[]): number => pair(w[6] ?? 0, w[7] ?? 0)
const sayV4 = (n: number): string => `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`

function numberV4(text: string): number {
  let sum = 0
  for (const part of text.split('.')) sum = sum * 256 + Number(part)
  return sum
}

/** The forms that inet_aton(3) takes: one to four parts, each decimal, octal (0…) or hex (0x…), the last one filling the rest. */
function readOldV4(text: string): number | undefined {
  const parts = (text.endsWith('.') ? text.slice(0, -1) : text).split('.')
  if (parts.length > 4) return undefined
  let sum = 0
  for (const [i, part] of parts.entries()) {
    const n = readPart(part)
    const last = i === parts.length - 1
    if (n === undefined || n >= 256 ** (last ? 5 - parts.length : 1)) return undefined
    sum = last ? sum * 256 ** (5 - parts.length) + n : sum * 256 + n
  }
  return sum
}

function readPart(part: string): number | undefined {
  if (part.length > 16) return undefined
  if (/^0x[0-9a-f]*$/i.test(part)) return Number.parseInt(part.slice(2) || '0', 16)
  if (/^0[0-7]*$/.test(part)) return Number.parseInt(part, 8)
  return /^[1-9][0-9]*$/.test(part) ? Number(part) : undefined
}

/** The eight words of an IPv6 address, its zone id dropped. */
function readWords(text: string): number[] | undefined {
  const bare = text.split('%', 1)[0] ?? ''
  if (!isIPv6(bare)) return undefined
  const dotted = bare.lastIndexOf('.') < 0 ? bare : inWords(bare)
  const [left = '', right] = dotted.split('::')
  const read = (side: string): number[] => (side === '' ? [] : side.split(':').map((word) => Number.parseInt(word, 16)))
  const head = read(left)
  if (right === undefined) return head
  const tail = read(right)
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
}

function inWords(text: string): string {
  const at = text.lastIndexOf(':') + 1
  const n = numberV4(text.slice(at))
  return `${text.slice(0, at)}${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}`
}

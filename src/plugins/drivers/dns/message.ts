// Messages of DNS (RFC 1035), as far as a record is asked for and changed: questions, answers, updates (RFC 2136) and their signature (TSIG, RFC 8945). Names are
// compared without regard to case; whatever does not fit its bounds is no message.
import { createHmac } from 'node:crypto'
import { Fault } from '../../../core/fault.ts'

export const TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28 } as const
export type Type = 'A' | 'AAAA' | 'CNAME' | 'TXT'

export interface Row {
  readonly name: string
  readonly type: number
  readonly ttl: number
  readonly value: string
}

export interface Reply {
  readonly id: number
  readonly rcode: number
  /** The server answers for the zone itself. */
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly answers: readonly Row[]
  readonly authority: readonly Row[]
}

export interface Key {
  readonly algorithm: 'hmac-sha256' | 'hmac-sha512'
  readonly name: string
  readonly secret: Buffer
}

/** Lower case, with its dot at the end. */
export const absolute = (name: string): string => `${name.toLowerCase().replace(/\.$/, '')}.`

/** As nsupdate has it: `hmac-sha256:name:base64`; `undefined` when it is none. */
export function readKey(text: string): Key | undefined {
  const found = /^(?:(hmac-sha256|hmac-sha512):)?([A-Za-z0-9_.-]{1,200}):([A-Za-z0-9+/]{16,2000}={0,2})$/.exec(text)
  return found ? { algorithm: (found[1] ?? 'hmac-sha256') as Key['algorithm'], name: found[2] ?? '', secret: Buffer.from(found[3] ?? '', 'base64') } : undefined
}

const short = (n: number): Buffer => Buffer.from([(n >> 8) & 0xff, n & 0xff])
const long = (n: number): Buffer => Buffer.from([(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff])

function nameBytes(name: string): Buffer {
  const labels = absolute(name).slice(0, -1).split('.').filter((it) => it !== '')
  return Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]), Buffer.from([0])])
}

function valueBytes(type: Type, value: string): Buffer {
  if (type === 'A') return Buffer.from(value.split('.').map(Number))
  if (type === 'CNAME') return nameBytes(value)
  if (type === 'TXT') return Buffer.concat([Buffer.from([Buffer.byteLength(value)]), Buffer.from(value)])
  return addressBytes(value)
}

/** An IPv6 address, as its sixteen bytes. */
function addressBytes(text: string): Buffer {
  const [head = '', tail] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const all = tail === undefined ? before : [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
  return Buffer.concat(all.map((group) => short(Number.parseInt(group, 16))))
}

const head = (id: number, flags: number, [one, two, three, four]: readonly [number, number, number, number]): Buffer => Buffer.concat([short(id), short(flags), short(one), short(two), short(three), short(four)])

/** What is asked of a server that answers for the zone: no recursion. */
export const question = (id: number, name: string, type: number): Buffer => Buffer.concat([head(id, 0, [1, 0, 0, 0]), nameBytes(name), short(type), short(1)])

export interface Change {
  readonly zone: string
  readonly name: string
  readonly type: Type
  readonly ttl: number
  readonly values: readonly string[]
}

/** All records of that name and type give way to these, in one. */
export function update(id: number, { zone, name, type, ttl, values }: Change): Buffer {
  const gone = Buffer.concat([nameBytes(name), short(TYPES[type]), short(255), long(0), short(0)])
  const put = values.map((value) => {
    const bytes = valueBytes(type, value)
    return Buffer.concat([nameBytes(name), short(TYPES[type]), short(1), long(ttl), short(bytes.length), bytes])
  })
  return Buffer.concat([head(id, 5 << 11, [1, 0, 1 + put.length, 0]), nameBytes(zone), short(TYPES.SOA), short(1), gone, ...put])
}

const FUDGE = 300

/** The message with its signature; `seconds` since 1970. */
export function signed(message: Buffer, { algorithm, name, secret }: Key, seconds: number): Buffer {
  const at = Buffer.concat([short(Math.floor(seconds / 2 ** 32)), long(seconds % 2 ** 32)])
  const variables = Buffer.concat([nameBytes(name), short(255), long(0), nameBytes(algorithm), at, short(FUDGE), short(0), short(0)])
  const mac = createHmac(algorithm.slice('hmac-'.length), secret).update(message).update(variables).digest()
  const own = Buffer.concat([nameBytes(algorithm), at, short(FUDGE), short(mac.length), mac, message.subarray(0, 2), short(0), short(0)])
  const whole = Buffer.from(message)
  whole.writeUInt16BE(whole.readUInt16BE(10) + 1, 10)
  return Buffer.concat([whole, nameBytes(name), short(250), short(255), long(0), short(own.length), own])
}

/** Reads an answer; throws on what is none. */
export function readReply(bytes: Buffer): Reply {
  try {
    const flags = bytes.readUInt16BE(2)
    let at = 12
    // One question is asked, and one comes back: names of many more would only cost time.
    if (bytes.readUInt16BE(4) > 1) throw new RangeError('more questions than were asked')
    for (let n = bytes.readUInt16BE(4); n > 0; n--) at = nameAt(bytes, at).next + 4
    const rows = (many: number): Row[] => Array.from({ length: many }, () => {
      const { name, next } = nameAt(bytes, at)
      const [type, length] = [bytes.readUInt16BE(next), bytes.readUInt16BE(next + 8)]
      at = next + 10 + length
      if (at > bytes.length) throw new RangeError('cut')
      return { name, type, ttl: bytes.readUInt32BE(next + 4), value: valueAt(bytes, type, { from: next + 10, length }) }
    })
    const answers = rows(Math.min(bytes.readUInt16BE(6), 1000))
    return { id: bytes.readUInt16BE(0), rcode: flags & 15, authoritative: (flags & 0x400) !== 0, truncated: (flags & 0x200) !== 0, answers, authority: rows(Math.min(bytes.readUInt16BE(8), 1000)) }
  } catch (cause) {
    throw new Fault('answered with what is no message of DNS', 'later', cause)
  }
}

function nameAt(bytes: Buffer, from: number): { readonly name: string; readonly next: number } {
  const labels: string[] = []
  let at = from
  let next: number | undefined
  for (let hops = 0; hops < 128; hops++) {
    const length = bytes.readUInt8(at)
    if (length === 0) return { name: `${labels.join('.').toLowerCase()}.`, next: next ?? at + 1 }
    if (length >= 0xc0) {
      next ??= at + 2
      at = bytes.readUInt16BE(at) & 0x3fff
    } else {
      labels.push(bytes.subarray(at + 1, at + 1 + length).toString('latin1'))
      at += 1 + length
    }
  }
  throw new RangeError('a name without an end')
}

function valueAt(bytes: Buffer, type: number, { from, length }: { readonly from: number; readonly length: number }): string {
  const own = bytes.subarray(from, from + length)
  if (type === TYPES.A) return [...own].join('.')
  if (type === TYPES.AAAA) return own.toString('hex')
  if (type === TYPES.CNAME || type === TYPES.NS) return nameAt(bytes, from).name
  if (type === TYPES.TXT) return textOf(own)
  if (type !== TYPES.SOA) return own.toString('hex')
  // The serial, and how long a missing record is remembered.
  const at = nameAt(bytes, nameAt(bytes, from).next).next
  return `${bytes.readUInt32BE(at)} ${bytes.readUInt32BE(at + 16)}`
}

function textOf(own: Buffer): string {
  let text = ''
  for (let at = 0; at < own.length; at += 1 + own.readUInt8(at)) text += own.subarray(at + 1, at + 1 + own.readUInt8(at)).toString('utf8')
  return text
}

/** A value as a server gives it back, for comparing. */
export const sameAs = (type: Type, value: string): string => (type === 'AAAA' ? addressBytes(value).toString('hex') : type === 'CNAME' ? absolute(value) : value)

// Limits on guessing: buckets of tries per account and per address. A bucket refills with time, so nobody is ever locked out for
// good, least of all somebody on call; links that acknowledge and passkeys need no try at all. In memory: a restart fills the buckets,
// and takes longer than a try. Pure, and bounded: the longest unused go.
import { ageOf, seconds, stampOf, type Now, type Span, type Stamp } from '../../core/time.ts'

export interface Allowance { readonly tries: number; /** For one more. */ readonly every: Span }
export const PER_ACCOUNT: Allowance = { tries: 10, every: seconds(60) }
/** Test pages of one person by one channel: each wakes them, and may cost money. */
export const TESTS: Allowance = { tries: 6, every: seconds(60) }
export const PER_ADDRESS: Allowance = { tries: 30, every: seconds(10) }
/** Being asked for a passkey guesses nothing: room for many behind one address, apart from their passwords. */
export const PASSKEY_ASKS: Allowance = { tries: 120, every: seconds(1) }
const MOST_BUCKETS = 20_000

interface Bucket { readonly left: number; readonly at: Stamp }
export type Buckets = Map<string, Bucket>

const leftOf = (bucket: Bucket | undefined, { tries, every }: Allowance, now: Now): number => {
  const age = bucket && ageOf(bucket.at, now)
  return bucket && age !== undefined ? Math.min(tries, bucket.left + age / every) : tries
}

/** Whose an address is: an IPv6 host owns a /64 and can come from any address of it, an IPv4 host has one, whatever port a proxy wrote after it. */
export function networkOf(written: string): string {
  const address = written.replace(/^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/, '$1')
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter(Boolean))
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0')
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::/64`
}

/** Takes one try; how long to wait where none is left. A try is only taken where one is there. */
export function takeTry(buckets: Buckets, key: string, allowance: Allowance, now: Now): { readonly is: 'go' } | { readonly is: 'wait'; readonly for: Span } {
  const left = leftOf(buckets.get(key), allowance, now)
  if (left < 1) return { is: 'wait', for: Math.ceil((1 - left) * allowance.every) as Span }
  buckets.delete(key)
  buckets.set(key, { left: left - 1, at: stampOf(now) })
  for (const old of buckets.keys()) {
    if (buckets.size <= MOST_BUCKETS) break
    buckets.delete(old)
  }
  return { is: 'go' }
}

/** A try that was half right: it is given back, and no other one, so that nobody guesses on by being half right now and then. */
export function giveOneBack(buckets: Buckets, key: string, { tries }: Allowance): void {
  const bucket = buckets.get(key)
  if (bucket) buckets.set(key, { ...bucket, left: Math.min(tries, bucket.left + 1) })
}

/** A try that was wholly right was no guess, and neither were those before it. */
export const giveBack = (buckets: Buckets, key: string): void => void buckets.delete(key)

// Networks: from which addresses something is taken. Written as 10.0.0.0/8, 2001:db8::/32, or as one address. An IPv4 address in the
// clothes of IPv6 (::ffff:10.0.0.1) is the IPv4 address that it is. Whatever is not plainly an address lies in no network.
export interface Network {
  readonly family: 4 | 6
  /** Its first address, as a number. */
  readonly first: bigint
  /** How many bits are fixed. */
  readonly bits: number
}

interface Placed { readonly family: 4 | 6; readonly at: bigint }

const WIDTH = { 4: 32, 6: 128 } as const

function readV4(text: string): bigint | undefined {
  const parts = text.split('.')
  // A leading zero is octal to some and decimal to others: neither here.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined
  return parts.reduce((number, part) => (number << 8n) | BigInt(part), 0n)
}

function readV6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const wordsOf = (half: string, last: boolean): bigint[] | undefined => {
    if (half === '') return []
    const found: bigint[] = []
    const parts = half.split(':')
    for (const [i, part] of parts.entries()) {
      const v4 = last && i === parts.length - 1 ? readV4(part) : undefined
      if (v4 !== undefined) found.push(v4 >> 16n, v4 & 0xffffn)
      else if (/^[\da-f]{1,4}$/i.test(part)) found.push(BigInt(`0x${part}`))
      else return undefined
    }
    return found
  }
  const [front, back] = [wordsOf(halves[0] ?? '', halves.length === 1), wordsOf(halves[1] ?? '', true)]
  if (!front || !back) return undefined
  const absent = 8 - front.length - back.length
  if (halves.length === 2 ? absent < 1 : absent !== 0) return undefined
  return [...front, ...Array.from({ length: absent }, () => 0n), ...back].reduce((number, word) => (number << 16n) | word, 0n)
}

function place(text: string): Placed | undefined {
  const v4 = readV4(text)
  if (v4 !== undefined) return { family: 4, at: v4 }
  const v6 = text.length <= 45 && text.includes(':') ? readV6(text) : undefined
  if (v6 === undefined) return undefined
  return v6 >> 32n === 0xffffn ? { family: 4, at: v6 & 0xffff_ffffn } : { family: 6, at: v6 }
}

/** `undefined` for what is none, and for one whose address has bits beyond its prefix: 10.1.2.3/8 may mean two things. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', prefix, more] = text.trim().split('/')
  const placed = place(address)
  if (!placed || more !== undefined) return undefined
  // A prefix counts in the form that was written: ::ffff:10.0.0.0/104 is written as 10.0.0.0/8.
  if (prefix !== undefined && placed.family === 4 && address.includes(':')) return undefined
  const width = WIDTH[placed.family]
  if (prefix !== undefined && !/^(0|[1-9]\d{0,2})$/.test(prefix)) return undefined
  const bits = prefix === undefined ? width : Number(prefix)
  if (bits > width || placed.at & ((1n << BigInt(width - bits)) - 1n)) return undefined
  return { family: placed.family, first: placed.at, bits }
}

/** Whether the address lies in the network. */
export function contains(network: Network, address: string): boolean {
  const placed = place(address)
  const free = BigInt(WIDTH[network.family] - network.bits)
  return placed?.family === network.family && placed.at >> free === network.first >> free
}

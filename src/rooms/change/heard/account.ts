// What a host says of itself, and what has turned since: which boot it is in, and of each cable whether it carries, how often it was lost, how fast it is.
// A host is asked, and its answer names the question: an answer that lay in a stalled connection is recognised as old, and what
// it says was looked at after the question was put. Blips count: a cable that was lost and is back again has been lost. What cannot
// be read is unknown, and that something is not known any more is a turn too (C-14).
import type { Found } from '../../../core/evidence.ts'

export interface Bond {
  /** Its links, in the order in which the kernel has them. */
  readonly members: readonly string[]
  readonly active?: string
}

export interface LinkSeen {
  readonly carrier: 'up' | 'down' | 'unknown'
  /** How often its carrier was lost since the interface was made; kernels before 4.16 do not count. */
  readonly downs?: number
  /** Mb/s; virtual interfaces have none. */
  readonly speed?: number
  /** Damaged or lost frames, both ways, since the interface was made. */
  readonly errors?: number
  readonly bond?: Bond
}

export interface Account {
  /** Which question this answers. */
  readonly question: number
  readonly boot: string
  /** Whole seconds of its own clock. */
  readonly clock: number
  readonly links: ReadonlyMap<string, LinkSeen>
}

/** What of an account later ones are held against: which boot, and the cables that are watched. */
export interface Baseline {
  readonly boot: string
  readonly links: readonly (readonly [string, Omit<LinkSeen, 'errors'>])[]
}

export type Read = { readonly is: 'account'; readonly account: Account } | { readonly is: 'unreadable'; readonly says: string }

/** A host with more interfaces than that is cut off: containers make one for each of them. */
export const MOST_LINKS = 512
const BOOT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const unreadable = (says: string): Read => ({ is: 'unreadable', says })
const count = (word: string | undefined): number | undefined => (word !== undefined && /^\d{1,15}$/.test(word) ? Number(word) : undefined)

/**
 * Reads one answer: `boot Q ID CLOCK`, a line `link NAME CARRIER DOWNS SPEED ERRORS` for each interface, `bond NAME ACTIVE MEMBER,…` for each bond, `end Q`.
 * What a kernel did not say stands as `-`.
 */
export function readAccount(text: string): Read {
  const lines = text.split('\n').filter((line) => line !== '')
  const [word, asked, boot = '', clock] = (lines[0] ?? '').split(' ')
  const question = count(asked)
  const at = count(clock)
  if (word !== 'boot' || question === undefined || at === undefined || !BOOT.test(boot)) return unreadable('what it says does not begin with its boot and its clock')
  if (lines.at(-1) !== `end ${question}`) return unreadable('what it says has no end')
  if (lines.length - 2 > 2 * MOST_LINKS) return unreadable(`it says more than ${2 * MOST_LINKS} lines about its cables`)
  const links = new Map<string, LinkSeen>()
  for (const line of lines.slice(1, -1)) {
    const [kind, name = '', ...rest] = line.split(' ')
    if (kind === 'link' && rest.length === 4 && name !== '' && !links.has(name)) links.set(name, linkOf(rest))
    else if (kind === 'bond' && rest.length === 2 && links.has(name)) links.set(name, { ...(links.get(name) as LinkSeen), bond: bondOf(rest) })
    else return unreadable(`“${line.slice(0, 60)}” is not understood`)
  }
  return { is: 'account', account: { question, boot, clock: at, links } }
}

function linkOf([carrier, downs, speed, errors]: readonly string[]): LinkSeen {
  const [lost, fast, wrong] = [count(downs), count(speed), count(errors)]
  return {
    carrier: carrier === '1' ? 'up' : carrier === '0' ? 'down' : 'unknown',
    ...(lost === undefined ? {} : { downs: lost }), ...(fast === undefined || fast === 0 ? {} : { speed: fast }), ...(wrong === undefined ? {} : { errors: wrong }),
  }
}

const bondOf = ([active = '-', members = '']: readonly string[]): Bond => ({ members: members.split(',').filter((it) => it !== '' && it !== '-'), ...(active === '-' ? {} : { active }) })

/** One thing that is not as it was: `claim` ends a sentence that begins with the subject. */
export interface Turn {
  /** `link:db-2/eth0`, `host:db-2`. */
  readonly subject: string
  readonly claim: string
}

/** Whether the carrier of one cable is there, and of a bond that of each cable in it; unknown where the host does not say. */
export function carrierOf(account: Account, name: string): Found {
  const link = account.links.get(name)
  if (!link) return { is: 'fail', says: `${name} is not there` }
  if (link.carrier === 'unknown') return { is: 'unknown', says: `the host does not say whether ${name} carries` }
  if (link.carrier === 'down') return { is: 'fail', says: `${name} has no carrier` }
  const found = { is: 'pass' as const, says: `${name} is up${link.speed === undefined ? '' : ` at ${link.speed} Mb/s`}` }
  // A bond carries while one of its cables does, and then nothing is left that stands in for that one.
  const members = (link.bond?.members ?? []).map((member) => ({ member, carrier: account.links.get(member)?.carrier ?? 'unknown' }))
  const down = members.filter(({ carrier }) => carrier === 'down').map(({ member }) => member)
  if (down.length > 0) return { is: 'fail', says: `${found.says}, but ${down.join(', ')} in it ${down.length === 1 ? 'has' : 'have'} no carrier` }
  const unsaid = members.find(({ carrier }) => carrier === 'unknown')
  return unsaid ? { is: 'unknown', says: `${found.says}, and the host does not say whether ${unsaid.member} in it carries` } : found
}

/** What turned for the worse between two answers of one host, of the cables that are watched. Another boot says all that there is to say. */
export function turnsBetween(host: string, before: Account, now: Account, watched: readonly string[]): Turn[] {
  if (before.boot !== now.boot) return [{ subject: `host:${host}`, claim: 'was booted again' }]
  return watched.flatMap((name) => {
    const claim = claimOf(before.links.get(name), now.links.get(name)) ?? claimInside(name, before, now)
    return claim === undefined ? [] : [{ subject: `link:${host}/${name}`, claim }]
  })
}

/** What became of the cables in a bond that goes on carrying. */
function claimInside(name: string, before: Account, now: Account): string | undefined {
  const [first] = (before.links.get(name)?.bond?.members ?? []).flatMap((member) => {
    const claim = claimOf(before.links.get(member), now.links.get(member))
    return claim === undefined ? [] : [`has ${member} in it, which ${claim}`]
  })
  return first
}

function claimOf(before: LinkSeen | undefined, now: LinkSeen | undefined): string | undefined {
  if (!before) return undefined
  if (!now) return 'is not there any more'
  if (before.carrier === 'up' && now.carrier === 'down') return 'lost carrier'
  if (before.carrier !== 'unknown' && now.carrier === 'unknown') return 'is not known any more'
  const lost = (now.downs ?? 0) - (before.downs ?? 0)
  if (lost < 0 || (before.downs !== undefined && now.downs === undefined)) return 'was made anew'
  if (lost > 0 && now.carrier === 'up') return `lost carrier ${lost === 1 ? 'once' : `${lost} times`} and has it again`
  if (before.speed !== undefined && (now.speed ?? 0) < before.speed) return now.speed === undefined ? 'does not say how fast it is any more' : `runs at ${now.speed} Mb/s, it was ${before.speed}`
  const gone = before.bond?.members.filter((member) => !now.bond?.members.includes(member)) ?? []
  return gone.length > 0 ? `has lost ${gone.join(', ')}` : undefined
}

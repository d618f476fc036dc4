// The judge of addresses: the one place that says where Holdfast may connect. Everybody's blocked places are blocked for every
// target; so are Holdfast's own ports on this machine. A target that was not written in the configuration may only be
// public. A redirect may not lead further inside than where it came from, and a name that led to public addresses may not lead
// to private ones later: neither an answer of a name server nor one of a web server opens what nobody opened.
import { networkInterfaces } from 'node:os'
import { coded } from '../../core/fault.ts'
import type { Address, AddressClass, Trust } from '../world.ts'
import { beyond, placeOf, readAddress, type Place } from './address.ts'

export interface Judged extends Address {
  readonly class: AddressClass
}

/** Who asked, and where the way led before. */
export interface Terms {
  readonly trust?: Trust
  readonly notBeyond?: AddressClass
}

export interface JudgeOptions {
  /** A lab connects to no address that is public. */
  readonly lab?: boolean
}

export interface Judge {
  /** The addresses that may be connected to, in their order. Throws a Fault (EBLOCKED) when there is none. */
  judge(at: { readonly host: string; readonly port: number }, addresses: readonly Address[], terms: Terms): readonly Judged[]
  /** Forgets what names led to before: a person has accepted a new configuration. */
  forget(): void
}

const MOST_NAMES = 20_000

/** `locals` gives the machine's own addresses. */
export function createJudge(ownPorts: ReadonlySet<number>, locals: () => ReadonlySet<string> = readLocals, { lab = false }: JudgeOptions = {}): Judge {
  const places = new Map<string, Place>()
  /** The innermost class that a name led to when it was first seen. */
  const led = new Map<string, AddressClass>()

  const objection = (terms: Terms, place: Place, own: boolean, before: AddressClass | undefined): string | undefined => {
    if (place.class === 'blocked') return `${place.called}, and Holdfast never connects to one`
    if (lab && place.class === 'public') return 'a public address, and this Holdfast is a lab (--lab): it reaches private ones only'
    if (own) return 'this machine, and the port is Holdfast’s own'
    if (terms.trust === 'foreign' && place.class !== 'public') return `${place.called}, which only the configuration file may name`
    if (terms.notBeyond && beyond(place.class, terms.notBeyond)) return `${place.called}, where a redirect from ${said(terms.notBeyond)} may not lead`
    if (before && beyond(place.class, before)) return `${place.called}, and before it was ${said(before)}; reload the configuration if that is right`
    return undefined
  }

  return {
    judge({ host, port }, addresses, terms) {
      const before = led.get(host)
      const allowed: Judged[] = []
      let why: string | undefined
      for (const { address, family } of addresses) {
        const place = places.get(address) ?? remember(places, address, placeOf(address))
        const own = ownPorts.has(port) && (place.class === 'loopback' || locals().has(address))
        const no = objection(terms, place, own, before)
        if (no === undefined) allowed.push({ address, family, class: place.class })
        else why ??= host === address ? `${host} is ${no}` : `${host} is at ${address}: ${no}`
      }
      // One inside address among those of a stranger's name is an attempt, not an oversight.
      if (allowed.length === 0 || (why !== undefined && terms.trust === 'foreign')) throw coded('EBLOCKED', why ?? `${host} has no address`, 'never')
      if (before === undefined && terms.trust !== 'foreign' && readAddress(host) === undefined) remember(led, host, innermost(allowed))
      return allowed
    },
    forget: () => led.clear(),
  }
}

const said = (kind: AddressClass): string => `a ${kind} address`

const innermost = (allowed: readonly Judged[]): AddressClass => allowed.reduce<AddressClass>((worst, one) => (beyond(one.class, worst) ? one.class : worst), 'public')

/** Puts it in, bounded: the oldest goes. */
function remember<Of>(map: Map<string, Of>, key: string, value: Of): Of {
  if (map.size >= MOST_NAMES) map.delete(map.keys().next().value ?? '')
  map.set(key, value)
  return value
}

function readLocals(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return new Set(all.map(({ address }) => readAddress(address)?.address ?? address))
}

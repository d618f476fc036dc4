// What plans of one host and of many have in common on the command line: what is accepted, how gates are drawn, and tolerance as a number.
import type { PlanAnswer } from '../../../views/change/changes.ts'
import { usage } from '../../failure.ts'
import type { Shape } from '../../output.ts'
import type { Session } from '../../session.ts'

const SHAPES: Readonly<Record<string, Shape>> = { pass: 'ok', fail: 'down', unknown: 'unknown' }

/** `CODE=reason`, each of its own. */
export function readAccepted(given: unknown): { code: string; reason: string }[] {
  return (Array.isArray(given) ? given : []).map((it) => {
    const text = String(it)
    const at = text.indexOf('=')
    if (at < 1) throw usage(`“${text.slice(0, 80)}” accepts nothing.`, 'Write --accept CODE=reason; the plan says which codes there are.')
    return { code: text.slice(0, at), reason: text.slice(at + 1) }
  })
}

export const sayTolerance = (failures: number | null): string => (failures === null ? '?' : failures < 0 ? 'too few left' : `${failures}`)

/** What each knows and lacks. */
export function sayGates({ out }: Session, gates: PlanAnswer['steps'][number]['gates']): void {
  for (const gate of gates) {
    out.table([['  ', out.shape(SHAPES[gate.found] ?? 'unknown'), `${gate.found}`, gate.want]])
    if (gate.found !== 'pass') for (const seen of gate.evidence.slice(0, 5)) out.table([['     ', ['soft', `${seen.subject}, by ${seen.observer}${seen.at === null ? '' : `, ${out.moment(seen.at)}`}: ${seen.says}`]]])
  }
}

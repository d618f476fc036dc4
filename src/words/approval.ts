// What people read when they are asked to agree: what it is about, in which part they are asked, the two words to compare by voice,
// and until when. Nothing in it is a yes: that is said behind the link, with a proof.
import { sayTime, type Instant, type Span } from '../core/time.ts'
import { clock, person, plain, type Moment, type Text } from './notification.ts'

export interface AskedFor {
  readonly title: string
  readonly text: string
  readonly by: string
  readonly words: string
  readonly as: string
  readonly asks: 'ready' | 'yes'
  readonly lapsesAt: Instant
  readonly parties: readonly string[]
}

const LONGEST_TITLE = 40
const LONGEST_SHORT = 160
const LONGEST_TEXT = 4000

const flat = (raw: string): string => raw.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').replace(/[\p{Cf}\p{Cs}\p{Co}]/gu, '').replace(/ {2,}/g, ' ').trim()
const cut = (raw: string, most: number): string => (raw.length <= most ? raw : `${raw.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '').trimEnd()}…`)

/** "Ada asks you to check: promote db2. Code: amber otter. Lapses 02:36." */
export function approvalText(it: AskedFor, moment: Moment): Text {
  const title = flat(it.title)
  const lapses = clock(it.lapsesAt, moment)
  const lead = `${person(it.by)} asks you to ${PARTS[it.as] ?? 'agree'}: `
  const end = `. Code: ${it.words}. Lapses ${lapses}.`
  const room = LONGEST_SHORT - plain(`${lead}${end}`, 10 * LONGEST_SHORT).length
  const others = it.parties.length === 1 ? '' : `Asked: ${it.parties.map(person).join(', ')}.`
  const left = sayTime(Math.max(0, it.lapsesAt - moment.now) as Span)
  return {
    title: cut(`${it.asks === 'ready' ? 'Ready' : 'Agree'}? ${title}`, LONGEST_TITLE),
    short: plain(`${lead}${cut(title, Math.max(8, room))}${end}`, LONGEST_SHORT),
    long: [`${lead}${title}.`, cut(it.text.trim(), LONGEST_TEXT), `Code: ${it.words}. Compare it by voice before you agree. ${others}`.trim(), `It lapses at ${lapses}, in ${left}. Agreeing takes your passkey or your authenticator; refusing takes only the link.`].filter((part) => part !== '').join('\n'),
  }
}

const PARTS: Readonly<Record<string, string>> = { does: 'do', checks: 'check', approves: 'approve' }

// Notes: what was found so far, as places in the texts. They become findings only at the end, when all that must not be shown is
// known: the excerpt of any finding may lie on a line where a secret was written out, so those characters are masked everywhere.
import { COMMAND_LINE } from './files.ts'
import { excerptOf, type Finding } from './finding.ts'
import { dotted, withoutPasswords } from './issue.ts'
import type { Mark, Report, Source } from './yaml.ts'

/** After so many the rest is not kept: nobody mends more at once. */
const MOST = 1000
/** Among thousands of names a suggestion takes its time; after so many findings nobody reads them. */
const MOST_HELPED = 100

export interface Notes {
  readonly error: Report
  readonly warn: Report
  /** These characters are shown in no excerpt. */
  mask(mark: Mark): void
  /** What was noted, in the order of the files. */
  findings(severity: Finding['severity']): Finding[]
}

interface Noted {
  readonly severity: Finding['severity']
  readonly code: string
  readonly mark: Mark
  readonly path: string
  readonly says: string
  readonly help: string | undefined
}

export function notebook(): Notes {
  const noted: Noted[] = []
  const seen = new Set<string>()
  const masks: Mark[] = []
  const order: Source[] = []
  const note = (severity: Finding['severity']): Report => (code, mark, path, says, help) => {
    const key = `${code} ${mark.source.name} ${mark.start} ${path.join('\n')} ${says}`
    if (noted.length >= MOST || seen.has(key)) return
    seen.add(key)
    if (!order.includes(mark.source)) order.push(mark.source)
    noted.push({ severity, code, mark, path: dotted(path), says, help: typeof help !== 'function' ? help : noted.length < MOST_HELPED ? help() : undefined })
  }
  return {
    error: note('error'),
    warn: note('warning'),
    mask: (mark) => void masks.push(mark),
    findings(severity) {
      const texts = new Map(order.map((source) => [source, masked(source, masks)]))
      return noted
        .filter((one) => one.severity === severity)
        .sort((a, b) => byFile(a.mark.source.name, b.mark.source.name) || a.mark.start - b.mark.start)
        .map((one) => findingOf(one, texts.get(one.mark.source) ?? ''))
    },
  }
}

/** The main file lies in the shallower folder; `conf.d` follows by name, the command line comes last. */
function byFile(a: string, b: string): number {
  if (a === b) return 0
  const depth = (name: string): number => (name === COMMAND_LINE ? Number.MAX_SAFE_INTEGER : name.split('/').length)
  return depth(a) - depth(b) || (a < b ? -1 : 1)
}

function masked(source: Source, masks: readonly Mark[]): string {
  let text = source.text
  for (const { source: of, start, end } of masks) {
    if (of === source) text = text.slice(0, start) + text.slice(start, end).replace(/[^\s]/g, '*') + text.slice(end)
  }
  return text
}

function findingOf(one: Noted, text: string): Finding {
  const { severity, code, mark, path, help } = one
  const says = one.says.length > 500 ? `${one.says.slice(0, 499)}…` : one.says
  const { line, col } = mark.start < 0 ? { line: 0, col: 0 } : mark.source.lines.linePos(mark.start)
  const head = { code, severity, file: mark.source.name, line, column: col, path, says, ...(help === undefined ? {} : { help }) }
  // The whole file is meant: there is no one line to show.
  if (line === 0 || mark.end < mark.start) return head
  const from = mark.start - (col - 1)
  const to = text.indexOf('\n', mark.start)
  const whole = text.slice(from, to < 0 ? text.length : to).replace(/\r$/, '')
  return { ...head, excerpt: excerptOf(withoutPasswords(whole), col, mark.end - mark.start) }
}


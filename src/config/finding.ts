// Findings: what is wrong with a configuration, said so that a person can mend it without a manual. A finding names what,
// where (file, line, column and the path of names that leads there), how to fix it, and a code that stays the same for ever
// (`holdfast explain HF101`). All of them are shown at once, in the order of the file; the last line says what this does to
// the running system. A finding never carries the value of a secret: excerpts are masked before they come here.

export interface Excerpt {
  /** The line, cut around the place when it is long. */
  readonly text: string
  /** Characters of `text` before the caret. */
  readonly before: number
  /** How many characters the caret underlines; at least 1. */
  readonly width: number
}

export interface Finding {
  readonly code: string
  readonly severity: 'error' | 'warning'
  readonly file: string
  /** From 1; 0 when the whole file is meant. */
  readonly line: number
  readonly column: number
  /** `checks.mail.tpc`; empty when the whole file is meant. */
  readonly path: string
  readonly says: string
  readonly help?: string
  readonly excerpt?: Excerpt
}

/** What a refused file does, where nobody knows whether a Holdfast runs. */
const REFUSED = 'Holdfast does not start with it; one that runs keeps the configuration that it has.'

/** What a refused file does to a Holdfast that runs. */
export const KEPT = 'Nothing was changed; the running configuration stays in force.'

/** More than this are counted, not drawn. */
const MOST_DRAWN = 200
const EXCERPT_WIDTH = 120

/** One finding, drawn with its line and a caret. */
export function renderFinding(finding: Finding): string {
  const { file, line, column, path, excerpt } = finding
  const number = String(line)
  const gutter = ' '.repeat(Math.max(2, number.length) + 1)
  const where = line > 0 ? `${file}:${line}:${column}` : file
  const lines = [`${finding.severity}[${finding.code}]: ${finding.says}`, `${gutter}--> ${where}${path ? `   (${path})` : ''}`]
  if (excerpt) {
    lines.push(
      `${gutter}|`,
      `${number.padStart(gutter.length - 1)} | ${excerpt.text}`,
      `${gutter}| ${' '.repeat(excerpt.before)}${'^'.repeat(excerpt.width)}`,
    )
  }
  if (finding.help !== undefined) lines.push(`${gutter}= help: ${finding.help}`)
  return lines.join('\n')
}

/** All findings, and a last line that counts them and says what they do (`effect`). */
export function renderFindings(findings: readonly Finding[], effect: string = REFUSED): string {
  const drawn = findings.slice(0, MOST_DRAWN).map(renderFinding)
  if (findings.length > MOST_DRAWN) drawn.push(`… and ${findings.length - MOST_DRAWN} more.`)
  drawn.push(`${countOf(findings)}. ${effect}`)
  return drawn.join('\n\n')
}

/** "4 problems and 1 warning in holdfast.yaml and conf.d/web.yaml". */
function countOf(findings: readonly Finding[]): string {
  const errors = findings.filter((f) => f.severity === 'error').length
  const parts = [counted(errors, 'problem'), counted(findings.length - errors, 'warning')].filter((p) => p !== '')
  const files = [...new Set(findings.map((f) => f.file))]
  const named = files.length > 4 ? [...files.slice(0, 3), `${files.length - 3} more files`] : files
  const list = named.length > 1 ? `${named.slice(0, -1).join(', ')} and ${named.at(-1)}` : (named[0] ?? 'the configuration')
  return `${parts.join(' and ') || 'No problems'} in ${list}`
}

const counted = (n: number, noun: string): string => (n === 0 ? '' : n === 1 ? `1 ${noun}` : `${n} ${noun}s`)

/** The excerpt of one line: cut around the place, tabs and control characters drawn as one blank each. */
export function excerptOf(line: string, column: number, width: number): Excerpt {
  const from = column <= EXCERPT_WIDTH ? 0 : column - EXCERPT_WIDTH / 2
  const cut = line.slice(from, from + EXCERPT_WIDTH)
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const text = `${from > 0 ? '…' : ''}${cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ')}`
  const before = column - 1 - from + (from > 0 ? 1 : 0)
  const room = Math.max(1, text.length - before)
  return { text: from + EXCERPT_WIDTH < line.length ? `${text}…` : text.trimEnd(), before, width: Math.max(1, Math.min(width, room)) }
}

// What a scan found damaged, as it printed it: which files below which folder, and with which manifest they were compared. Only what is damaged, missing or
// unreadable is restored: what changed was written by somebody, and what was not seen is not known. A report that does not name everything it found is
// refused, since the rest would be left out in silence.
import { z } from 'zod'
import { pathOf } from '../scan/manifest.ts'

/** What a restore brings back; everything else in a report is left alone. */
const RESTORED: readonly string[] = ['damaged', 'missing', 'unreadable']

const scanned = z.object({
  schema: z.literal('holdfast.scan/1'), is: z.string(), root: z.string().min(1), manifest: z.string().nullish(), more: z.number().optional(),
  findings: z.array(z.object({ path: z.string().optional(), path64: z.string().optional(), verdict: z.string() })),
})
const paged = z.object({ schema: z.literal('holdfast.pages/1'), is: z.string(), root: z.string().min(1), bad: z.array(z.object({ path: z.string().min(1) })), unread: z.array(z.object({ path: z.string().min(1) })) })

export interface Damage {
  readonly root: string
  readonly manifest: string | undefined
  /** Below the root, their bytes as latin1; each once, in the order of the report. */
  readonly paths: readonly string[]
}

/** A report as it was printed; a text says why it is none. */
export function readDamage(json: unknown): Damage | string {
  const pages = paged.safeParse(json)
  if (pages.success) {
    if (pages.data.is === 'stopped') return 'the scan was stopped before its end: what it did not reach is not known. Let it run to its end'
    const { root, bad, unread } = pages.data
    return { root, manifest: undefined, paths: [...new Set([...bad, ...unread].map(({ path }) => Buffer.from(path).toString('latin1')))] }
  }
  const files = scanned.safeParse(json)
  if (!files.success) return 'it is no report of a scan: make one with holdfast backups scan … --json'
  const { is, root, manifest, more = 0, findings } = files.data
  if (is !== 'ended') return 'the scan did not come to its end: what it did not reach is not known. Let it run to its end'
  if (more > 0) return `the report leaves out ${more} of what it found: restore the whole copy into a new folder`
  const paths: string[] = []
  for (const { path, path64, verdict } of findings) {
    if (!RESTORED.includes(verdict)) continue
    const name = pathOf({ path, path64 })
    if (name === undefined) return `it names “${String(path ?? path64).slice(0, 80)}”, which lies in no folder`
    paths.push(name)
  }
  return { root, manifest: manifest ?? undefined, paths: [...new Set(paths)] }
}

const NAMED = /^(?:Filename(?: ?=|::) ?)?(\S.*?(?:\.ibd|(?:^|\/)ibdata\d+|(?:^|\/)undo\d{3}))(?: is damaged:?)?$/

/**
 * What `innochecksum` printed: of itself it names its file in its log alone (`-l`, `-v`), and before what it finds. Where it was run over many, whoever ran
 * it writes the name of each that failed behind that. A finding of which nobody knows the file is no report.
 */
export function readInnochecksum(text: string): Damage | string {
  const bad = new Set<string>()
  let file: string | undefined
  let nameless = false
  let known = false
  for (const line of text.split('\n').map((it) => it.trim())) {
    if (/unable to lock file/i.test(line)) return 'a server ran on these files when they were looked at: their pages are written meanwhile. Stop it, or look at a copy that was restored'
    const name = NAMED.exec(line)?.[1]
    if (line.startsWith('Filename')) {
      if (nameless) break
      file = name
      known ||= name !== undefined
    } else if (/^Fail: page/i.test(line)) {
      if (file === undefined) nameless = true
      else bad.add(file)
    } else if (name !== undefined) {
      bad.add(name)
      nameless = false
      known = true
    }
  }
  if (nameless) return 'innochecksum found pages that do not fit, and does not say in which file: run it as for it in …/*.ibd; do innochecksum "$it" || echo "$it"; done'
  return known ? { root: '/', manifest: undefined, paths: [...bad].map((it) => Buffer.from(it).toString('latin1')) } : 'it is no report of a scan, and not what innochecksum prints'
}

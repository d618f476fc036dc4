// Sentinels: rows and objects of our own, planted through the application's own path by commands of the operator before every run. The command prints
// what stands planted, a line of JSON each: {"key": "…", "is": "row" | "orphan" | "gap"}, and {"counter": n}, what its own row counted before it added
// one. No shell is between; it has a minute, and what it prints is bounded. A command that fails has planted nothing that anybody may lean on.
import { execFile } from 'node:child_process'
import { sentence } from '../../../core/fault.ts'
import type { Sentinel } from '../../../rooms/guard/reconcile/sandwich.ts'

export interface Planted {
  readonly sentinels: readonly Sentinel[]
  readonly counter: number | undefined
  /** Why there are none. */
  readonly says?: string
}

export interface SentinelCommand {
  readonly argv: readonly string[]
  /** Where the configuration lies. */
  readonly folder: string
  readonly reconcile: string
  readonly prefix: string
  readonly signal: AbortSignal
}

const WITHIN = 60_000
const MOST_PRINTED = 1024 * 1024
const MOST = 1000
const KINDS: readonly string[] = ['row', 'orphan', 'gap']

/** Plants (again), and gives what the command says that stands there. */
export async function plant(command: SentinelCommand): Promise<Planted> {
  const ran = await run(command)
  return ran.is === 'failed' ? { sentinels: [], counter: undefined, says: ran.says } : readPlanted(ran.printed)
}

/** Takes away what was planted; gives why not, or nothing. */
export async function remove(command: SentinelCommand): Promise<string | undefined> {
  const ran = await run(command)
  return ran.is === 'failed' ? ran.says : undefined
}

/** What a command printed; one line that is none makes all of it none. */
export function readPlanted(printed: string): Planted {
  const sentinels = new Map<string, Sentinel>()
  let counter: number | undefined
  const none = (says: string): Planted => ({ sentinels: [], counter: undefined, says: `the command that plants sentinels ${says}` })
  for (const line of printed.split('\n')) {
    if (line.trim() === '') continue
    const it = parsed(line)
    if (it === undefined) return none(`printed a line that is no JSON object: ${sentence(line).slice(0, 60)}`)
    if (Number.isSafeInteger(it['counter'])) counter = Number(it['counter'])
    else if (typeof it['key'] === 'string' && it['key'] !== '' && typeof it['is'] === 'string' && KINDS.includes(it['is'])) {
      const key = Buffer.from(it['key'])
      sentinels.set(key.toString('hex'), { key, is: it['is'] as Sentinel['is'] })
    } else return none(`printed a line with neither “key” and “is” (row, orphan, gap) nor “counter”: ${sentence(line).slice(0, 60)}`)
    if (sentinels.size > MOST) return none(`printed more than ${MOST} keys`)
  }
  return { sentinels: [...sentinels.values()].sort((a, b) => Buffer.compare(a.key, b.key)), counter }
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const it: unknown = JSON.parse(line)
    return typeof it === 'object' && it !== null && !Array.isArray(it) ? (it as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

type Ran = { readonly is: 'ran'; readonly printed: string } | { readonly is: 'failed'; readonly says: string }

function run({ argv, folder, reconcile, prefix, signal }: SentinelCommand): Promise<Ran> {
  const [file = '', ...args] = argv
  const env = { PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', HOLDFAST_RECONCILE: reconcile, HOLDFAST_PREFIX: prefix }
  if (file === '') return Promise.resolve({ is: 'failed', says: 'no command for sentinels is given' })
  return new Promise((resolve) => {
    execFile(file, args, { cwd: folder, env, timeout: WITHIN, killSignal: 'SIGKILL', maxBuffer: MOST_PRINTED, signal, windowsHide: true }, (cause, stdout, stderr) => {
      if (!cause) return resolve({ is: 'ran', printed: stdout })
      const said = sentence(stderr.trim().split('\n').at(-1) ?? '')
      const why = cause.killed === true ? 'took longer than a minute' : cause.code === 'ENOENT' ? 'is not there' : `failed (${String(cause.code ?? cause.signal ?? 'no code')})`
      resolve({ is: 'failed', says: `the command for sentinels, ${file.slice(0, 100)}, ${why}${stderr.trim() === '' ? '' : `: ${said}`}` })
    })
  })
}


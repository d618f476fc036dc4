// Sentinels: rows and objects of our own, planted through the application's own path by commands of the operator before every run. The command prints
// what stands planted, a line of JSON each: {"key": "…", "is": "row" | "orphan" | "gap"}, and {"counter": n}, what its own row counted before it added
// one. No shell is between; it has a minute, and what it prints is bounded. A command that fails has planted nothing that anybody may lean on.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { codeOf, sentence } from '../../../core/fault.ts'
import { SETPRIV } from '../cell/cage.ts'
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
  /** Milliseconds; a minute where it is left out. */
  readonly within?: number
}

const WITHIN = 60_000
const endsWithUs = process.platform === 'linux' && existsSync(SETPRIV)
/** What `setpriv` says of a program that it does not find. */
const NOT_FOUND = /^setpriv: failed to execute .*: No such file or directory/m
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

function run({ argv, folder, reconcile, prefix, signal, within = WITHIN }: SentinelCommand): Promise<Ran> {
  const [file = '', ...args] = argv
  const env = { PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', HOLDFAST_RECONCILE: reconcile, HOLDFAST_PREFIX: prefix }
  const { promise, resolve } = Promise.withResolvers<Ran>()
  const failed = (why: string, said = ''): Ran => ({ is: 'failed', says: `the command for sentinels, ${file.slice(0, 100)}, ${why}${said.trim() === '' ? '' : `: ${sentence(said.trim().split('\n').at(-1) ?? '')}`}` })
  if (file === '') return Promise.resolve({ is: 'failed', says: 'no command for sentinels is given' })
  if (signal.aborted) return Promise.resolve(failed('was not begun: the run was ended'))
  // In a session of its own, so that ending it takes along what it started: a shell that is killed leaves its children behind.
  // And it ends with this process, whatever ends that: a command that hangs is nobody's otherwise.
  const [program, words] = endsWithUs ? [SETPRIV, ['--pdeathsig', 'KILL', '--', file, ...args]] : [file, args]
  const child = spawn(program, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  let why: string | undefined
  const end = (says: string): void => {
    why ??= says
    killGroup(child.pid)
    // What has left the group may hold its output open for ever: nobody waits for that.
    child.stdout.destroy()
    child.stderr.destroy()
  }
  const [timer, onAbort] = [setTimeout(() => end(within === WITHIN ? 'took longer than a minute' : `took longer than ${within} ms`), within), () => end('was ended with the run')]
  signal.addEventListener('abort', onAbort, { once: true })
  for (const [stream, kept] of [[child.stdout, out], [child.stderr, err]] as const) {
    let bytes = 0
    stream.on('data', (chunk: Buffer) => {
      if ((bytes += chunk.length) > MOST_PRINTED) end(`printed more than ${MOST_PRINTED} bytes`)
      else kept.push(chunk)
    })
  }
  let missing: string | undefined
  child.once('error', (cause) => {
    missing = codeOf(cause) === 'ENOENT' ? 'is not there' : `failed (${codeOf(cause) ?? sentence(cause)})`
  })
  child.once('close', (code, by) => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    const said = Buffer.concat(err).toString('utf8')
    if (endsWithUs && code === 127 && NOT_FOUND.test(said)) return resolve(failed('is not there'))
    const wrong = missing ?? why ?? (code === 0 ? undefined : `failed (${String(code ?? by ?? 'no code')})`)
    resolve(wrong === undefined ? { is: 'ran', printed: Buffer.concat(out).toString('utf8') } : failed(wrong, said))
  })
  return promise
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it is gone already.
  }
}

// Holdfast runs from its TypeScript. Turning that into JavaScript costs each process some 25 MB that it never gives back, and
// time at every start, unless the runtime finds the work done in its code cache. So the first start on a machine (and the first
// after a change of the code) does the work once, in a child that goes away; then this process begins anew on the cache, in
// place, under the same process id. The cache lies in a folder of this user alone: whoever may write there runs code as us.
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { codeFolder } from '../../ports/runtime-folder.ts'

const source = path.resolve(import.meta.dirname, '../..')
/** Programs that an installation runs, and what they load later. */
const PROGRAMS = [
  'main.ts', 'processes/watchdog.ts', 'processes/keeper.ts', 'processes/ringer.ts', 'processes/prober.ts', 'processes/web.ts', 'processes/worker.ts', 'processes/guard.ts',
  'processes/scout/scout.ts', 'processes/doer/doer.ts', 'processes/hand.ts', 'processes/alone-child.ts', 'processes/publish/copyist.ts', 'processes/watchdog/folder-child.ts',
]
const WITHIN = 10_000

/** Prepares the code cache and begins anew on it; returns when that is done already, or cannot be done. */
export async function beginWarm(say: (line: string) => void): Promise<void> {
  const { env, execve } = process
  if (env['NODE_COMPILE_CACHE'] !== undefined || env['NODE_DISABLE_COMPILE_CACHE'] !== undefined || execve === undefined) return
  const folder = codeFolder()
  if (folder === undefined) return
  const mark = markOf()
  const file = path.join(folder, `ready-${createHash('sha256').update(source).digest('hex').slice(0, 12)}`)
  if (read(file) !== mark) {
    say('Preparing the code for the first start here …')
    if (await warm(folder)) write(file, mark)
  }
  execve.call(process, process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], { ...env, NODE_COMPILE_CACHE: folder })
}

/**
 * What this process and its threads load from now on is taken from the code cache, or put there: for a command that begins many threads, each of which
 * would turn the same files into JavaScript. Nothing is begun anew, and nothing is said.
 */
export function goOnWarm(): void {
  const { env } = process
  if (env['NODE_COMPILE_CACHE'] !== undefined || env['NODE_DISABLE_COMPILE_CACHE'] !== undefined) return
  const folder = codeFolder()
  if (folder === undefined) return
  enableCompileCache(folder)
  // Threads look for it here.
  env['NODE_COMPILE_CACHE'] = folder
}

/** Changes with the runtime and with every source file. */
function markOf(): string {
  const hash = createHash('sha256').update(process.version)
  for (const name of globSync('**/*.ts', { cwd: source }).sort()) {
    const { size, mtimeMs } = statSync(path.join(source, name))
    hash.update(`${name} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

function warm(folder: string): Promise<boolean> {
  const urls = PROGRAMS.map((name) => new URL(`../../${name}`, import.meta.url).href)
  return new Promise((resolve) => {
    const child = fork(new URL('./warm-child.ts', import.meta.url), [], {
      env: { ...process.env, NODE_COMPILE_CACHE: folder, HOLDFAST_WARM: JSON.stringify(urls) }, execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), WITHIN)
    let done = false
    child.on('message', () => (done = true))
    const end = (): void => {
      clearTimeout(timer)
      resolve(done)
    }
    child.on('error', end)
    child.on('exit', end)
  })
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600 })
  } catch {
    // No room there: the next start prepares again.
  }
}

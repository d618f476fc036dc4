// The power-cut explorer and the killer. Both start the writer under strace: the explorer rebuilds from the log every folder
// that a power cut could have left behind, the killer ends the writer at each of its system calls in turn. Each folder is
// then opened as a start of Holdfast opens it. Nothing here needs a device mapper, a FUSE mount, or luck.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { wrongWith, wrongWithKey } from './check.ts'
import { diceOf, images, type Image } from './images.ts'
import { readTrace, WATCHED, type Op } from './trace.ts'

export interface Explored {
  readonly work: string
  readonly ops: number
  readonly images: number
  readonly acked: number
  /** At most 20, worded; `wrong` counts all. */
  readonly says: readonly string[]
  readonly wrong: number
}

export interface Killed {
  readonly work: string
  readonly points: number
  readonly says: readonly string[]
  readonly wrong: number
}

const writer = path.join(import.meta.dirname, 'writer.ts')
/** Made anew at every start, from what the log says. */
const ignored = (file: string): boolean => file.endsWith('-shm')
/** Calls of the commit path at which the writer is killed. */
const DEADLY = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'unlink', 'link', 'rename'] as const

export const hasStrace = (): boolean => spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0

/** A folder in memory where there is one: images are written by the thousand. */
export function scratch(): string {
  const base = existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()
  return mkdtempSync(path.join(base, 'holdfast-crash-'))
}

interface Run {
  readonly folder: string
  readonly work: string
  readonly mutant?: string
}

function strace(options: readonly string[], { folder, work, mutant }: Run): { stdout: string; stderr: string; signal: NodeJS.Signals | null; status: number | null } {
  // One thread for files: strace counts the calls of each thread for itself.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1', ...(mutant === undefined ? {} : { HOLDFAST_MUTANT: mutant }) }
  return spawnSync('strace', ['-f', ...options, process.execPath, '--disable-warning=ExperimentalWarning', writer, folder, work],
    { encoding: 'utf8', env, maxBuffer: 1 << 28, timeout: 120_000 })
}

/** What a whole, undisturbed run of the writer did to its folder. */
export function record(run: Run): Op[] {
  const log = path.join(path.dirname(run.folder), 'trace')
  const ran = strace(['--seccomp-bpf', '-y', '-xx', '-s', '4000000', '-o', log, '-e', `trace=${WATCHED.join(',')}`], run)
  if (ran.status !== 0) throw new Error(`the writer failed: ${ran.stderr.slice(-2000)}`)
  return readTrace(readFileSync(log, 'utf8'), run.folder, ignored)
}

/** Explores one kind of work with `random` chosen images at each crash point beside the fixed ones. */
export function explore(work: string, seed: number, options: { random: number; mutant?: string }): Explored {
  const base = scratch()
  try {
    const folder = path.join(base, 'd')
    mkdirSync(folder)
    const ops = record({ folder, work, ...(options.mutant === undefined ? {} : { mutant: options.mutant }) })
    const acked = ops.reduce((most, op) => (op.is === 'ack' ? Math.max(most, op.n) : most), 0)
    const key = work === 'key' ? readFileSync(path.join(folder, 'node.key')) : undefined
    const at = path.join(base, 'image')
    const says: string[] = []
    const seen = new Set<string>()
    let count = 0
    let wrong = 0
    for (const image of images(ops, diceOf(seed), options.random)) {
      // The same bytes under the same demand say nothing new.
      const mark = markOf(image)
      if (seen.has(mark)) continue
      seen.add(mark)
      count++
      lay(image, at)
      const found = key ? wrongWithKey(at, image.acked, key) : wrongWith(at, image.acked)
      if (found === undefined) continue
      wrong++
      if (says.length < 20) says.push(`${work}, seed ${seed}, after operation ${image.at} (${image.how}): ${found}`)
    }
    return { work, ops: ops.length, images: count, acked, says, wrong }
  } finally {
    rmSync(base, { recursive: true })
  }
}

function markOf(image: Image): string {
  const hash = createHash('sha1').update(String(image.acked))
  for (const [name, content] of [...image.files].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`\0${name}\0${content.length}\0`).update(content)
  return hash.digest('base64')
}

function lay(image: Image, at: string): void {
  rmSync(at, { recursive: true, force: true })
  mkdirSync(at)
  for (const [name, content] of image.files) writeFileSync(path.join(at, name), content)
}

const ackedIn = (stdout: string): number => Math.max(0, ...[...stdout.matchAll(/^ack (\d+)$/gm)].map((hit) => Number(hit[1])))

interface Kills {
  readonly mutant?: string
  /** 1: at every call; 5: at every fifth, beginning with `first`. */
  readonly stride?: number
  readonly first?: number
}

/** Kills the writer at calls of the commit path, one run for each; what was left must also take new entries. */
export function killEverywhere(work: string, { mutant, stride = 1, first = 1 }: Kills = {}): Killed {
  const base = scratch()
  const says: string[] = []
  let points = 0
  let wrong = 0
  try {
    for (const call of DEADLY) {
      for (let when = first; ; when += stride) {
        const folder = path.join(base, `${call}-${when}`)
        mkdirSync(folder)
        // Without --seccomp-bpf: strace 6.1 does not inject signals with it.
        const ran = strace(['-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${when}`], { folder, work, ...(mutant === undefined ? {} : { mutant }) })
        if (ran.status === 0) break
        points++
        const acked = ackedIn(ran.stdout)
        const found = work === 'key' ? keyGoesOn(folder) : (wrongWith(folder, acked) ?? (points % 8 === 0 ? goesOn(folder, 'first') : undefined))
        rmSync(folder, { recursive: true })
        if (found === undefined) continue
        wrong++
        if (says.length < 20) says.push(`${work}, killed at ${call} number ${when}: ${found}`)
      }
    }
    return { work, points, says, wrong }
  } finally {
    rmSync(base, { recursive: true })
  }
}

function goesOn(folder: string, work: string): string | undefined {
  const ran = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', writer, folder, work], { encoding: 'utf8', timeout: 120_000 })
  if (ran.status !== 0) return `it does not start again: ${ran.stderr.slice(-300)}`
  return work === 'key' ? undefined : wrongWith(folder, ackedIn(ran.stdout))
}

/** A key that was there at the kill is the one that the next start uses. */
function keyGoesOn(folder: string): string | undefined {
  const file = path.join(folder, 'node.key')
  const before = existsSync(file) ? readFileSync(file) : undefined
  return goesOn(folder, 'key') ?? (before && !readFileSync(file).equals(before) ? 'another key was made' : undefined)
}

// A scan of 4 GiB beside `openssl dgst -sha256` by xargs on two cores, which is the fastest that a shell can do here: warm, both sides from the start of the
// process to its end, in turns, the median of the rounds' ratios counting. Ours writes a manifest and its journal meanwhile. Then cold, beside eight
// hands that read the same files, as cold, to nowhere: which is more than anybody reaches who adds up on a machine whose virtual disk is slower
// as soon as the cores have work (decision 0018); so beside eight hands of openssl, too, as a goal of its own. Last a restic repository, beside `restic check --read-data`,
// where restic is installed. No two files are alike in any part, else restic would store less.
import { execFileSync, spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { folderFor } from '../test/story/world.ts'
import type { Figure, Measurement } from './rig.ts'

const MIB = 1024 * 1024
/** How many files of which size: 4 GiB. */
const FILES: readonly (readonly [count: number, size: number])[] = [[4, 256 * MIB], [24, 64 * MIB], [256, 4 * MIB], [2048, MIB / 4]]
const ALL = FILES.reduce((sum, [count, size]) => sum + count * size, 0)
const ROUNDS = 3

/** Files that are all different, spread over folders. */
function fill(root: string): void {
  const noise = Buffer.allocUnsafe(16 * MIB)
  let n = 0
  for (const [count, size] of FILES) {
    for (let i = 0; i < count; i++, n++) {
      const folder = path.join(root, String(n % 20))
      mkdirSync(folder, { recursive: true })
      const fd = openSync(path.join(folder, `f${n}`), 'w')
      for (let at = 0; at < size; at += noise.length) writeSync(fd, randomFillSync(noise, 0, Math.min(noise.length, size)), 0, Math.min(noise.length, size - at))
      closeSync(fd)
    }
  }
}

/** Milliseconds that a command took. */
function timed(file: string, args: readonly string[]): number {
  const started = performance.now()
  const { status, stderr } = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: 64 * MIB })
  if (status !== 0) throw new Error(`${file} ${args.join(' ').slice(0, 200)}: ${stderr.toString().slice(-500)}`)
  return performance.now() - started
}

const openssl = (root: string): number => timed('sh', ['-c', `find ${root} -type f -print0 | xargs -0 -P2 -n64 openssl dgst -sha256`])

function ours(root: string, manifest: string): number {
  rmSync(manifest, { force: true })
  return timed(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'scanning.ts'), root, manifest])
}

/** Takes a folder out of the cache, without touching anybody else's. */
const forget = (root: string): void => void execFileSync('sh', ['-c', `sync -f ${root}; find ${root} -type f -print0 | xargs -0 -P2 -I@ dd if=@ iflag=nocache count=0 status=none`])
/** The same files, cold, by hands enough, to nowhere. */
const disk = (root: string): number => timed('sh', ['-c', `find ${root} -type f -print0 | xargs -0 -P8 -n32 cat`])

/** The same, added up by as many hands. */
const opensslCold = (root: string): number => timed('sh', ['-c', `find ${root} -type f -print0 | xargs -0 -P8 -n32 openssl dgst -sha256`])

const speed = (bytes: number, ms: number): string => `${(bytes / MIB / 1024 / (ms / 1000)).toFixed(2)} GiB/s`
const has = (program: string): boolean => spawnSync(program, ['version'], { stdio: 'ignore' }).error === undefined
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Theirs and ours in turns, so that whatever else the machine does meets both; what counts is the median of the rounds' ratios. */
function inTurns(theirs: () => number, mine: () => number): { readonly their: number; readonly my: number; readonly ratio: number; readonly all: string } {
  const rounds = Array.from({ length: ROUNDS }, () => ({ their: theirs(), my: mine() }))
  const ratios = rounds.map(({ their, my }) => their / my)
  return { their: median(rounds.map((it) => it.their)), my: median(rounds.map((it) => it.my)), ratio: median(ratios), all: ratios.map((it) => it.toFixed(2)).join(', ') }
}

function warm(root: string, manifest: string): Figure[] {
  const { their, my, ratio, all } = inTurns(() => openssl(root), () => ours(root, manifest))
  return [{ what: 'warm', is: `${speed(ALL, my)}; openssl ${speed(ALL, their)}; ${ratio.toFixed(2)} × (${all})`, goal: '≥ 0.9 × openssl', met: ratio >= 0.9 }]
}

function cold(root: string, manifest: string): Figure[] {
  const colds = (act: () => number) => (): number => {
    forget(root)
    return act()
  }
  const nowhere = inTurns(colds(() => disk(root)), colds(() => ours(root, manifest)))
  const { their, my, ratio, all } = inTurns(colds(() => opensslCold(root)), colds(() => ours(root, manifest)))
  return [
    { what: 'cold, of the disk', is: `${speed(ALL, nowhere.my)}; the disk, to nowhere, ${speed(ALL, nowhere.their)}; ${nowhere.ratio.toFixed(2)} × (${nowhere.all})`, goal: '≥ 0.9 × the disk', met: nowhere.ratio >= 0.9 },
    { what: 'cold, of who adds up', is: `${speed(ALL, my)}; openssl by eight hands ${speed(ALL, their)}; ${ratio.toFixed(2)} × (${all})`, goal: '≥ 1 × openssl as cold (decision 0018)', met: ratio >= 1 },
  ]
}

function restic(folder: string, root: string): Figure[] {
  const goal = '≥ 3 × restic'
  if (!has('restic')) return [{ what: 'a restic repository', is: 'restic is not installed here', goal, met: 'unknown' }]
  const repo = path.join(folder, 'repo')
  const secret = path.join(folder, 'word')
  writeFileSync(secret, 'word')
  const args = ['-r', repo, '--password-file', secret, '--no-cache', '-q']
  execFileSync('restic', [...args, 'init'])
  // A share of the folder is enough for a ratio.
  execFileSync('restic', [...args, 'backup', ...['0', '1', '2', '3', '4'].map((it) => path.join(root, it))])
  const bytes = readdirSync(repo, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => sum + (statSync(path.join(repo, name)).isFile() ? statSync(path.join(repo, name)).size : 0), 0)
  const { their, my, ratio, all } = inTurns(() => timed('restic', [...args, 'check', '--read-data']), () => ours(repo, path.join(folder, 'repo.manifest')))
  return [{ what: 'a restic repository', is: `${speed(bytes, my)}; restic check --read-data ${speed(bytes, their)}; ${ratio.toFixed(1)} × (${all})`, goal, met: ratio >= 3 }]
}

const measurement: Measurement = {
  about: `${(ALL / 1024 / MIB).toFixed(0)} GiB in ${FILES.reduce((sum, [count]) => sum + count, 0)} files, with a manifest, beside xargs -P2 openssl dgst -sha256`,
  measure: () => {
    const folder = folderFor('bench-scan')
    try {
      const root = path.join(folder, 'root')
      fill(root)
      const manifest = path.join(folder, 'manifest')
      return Promise.resolve([...warm(root, manifest), ...cold(root, manifest), ...restic(folder, root)])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
export default measurement

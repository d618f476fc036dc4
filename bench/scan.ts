// A scan of 4 GiB beside `openssl dgst -sha256` by xargs on two cores, which is the fastest that a shell can do here: warm, both sides from the start of the
// process to its end, in turns, the best of each counting. Ours writes a manifest and its journal meanwhile. Then cold, beside what the disk gives
// when it is read past the cache; and a restic repository, beside `restic check --read-data`, where restic is installed.
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
  const noise = randomFillSync(Buffer.allocUnsafe(16 * MIB))
  let n = 0
  for (const [count, size] of FILES) {
    for (let i = 0; i < count; i++, n++) {
      const folder = path.join(root, String(n % 20))
      mkdirSync(folder, { recursive: true })
      noise.writeUInt32LE(n, 0)
      const fd = openSync(path.join(folder, `f${n}`), 'w')
      for (let at = 0; at < size; at += noise.length) writeSync(fd, noise, 0, Math.min(noise.length, size - at))
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
const disk = (root: string): number => timed('sh', ['-c', `find ${root} -type f -size +1M -print0 | xargs -0 -P8 -n1 -I@ dd if=@ of=/dev/null iflag=direct bs=4M status=none`])

const speed = (bytes: number, ms: number): string => `${(bytes / MIB / 1024 / (ms / 1000)).toFixed(2)} GiB/s`
const has = (program: string): boolean => spawnSync(program, ['version'], { stdio: 'ignore' }).error === undefined

function warm(root: string, manifest: string): Figure[] {
  const [theirs, mine]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    theirs.push(openssl(root))
    mine.push(ours(root, manifest))
  }
  const [their, my] = [Math.min(...theirs), Math.min(...mine)]
  return [{ what: 'warm', is: `${speed(ALL, my)}; openssl ${speed(ALL, their)}; ${(their / my).toFixed(2)} ×`, goal: '≥ 0.9 × openssl', met: their / my >= 0.9 }]
}

function cold(root: string, manifest: string): Figure[] {
  const large = FILES.filter(([, size]) => size > MIB).reduce((sum, [count, size]) => sum + count * size, 0)
  const rate = large / disk(root)
  forget(root)
  const took = ours(root, manifest)
  const share = ALL / took / rate
  return [{ what: 'cold', is: `${speed(ALL, took)}; the disk ${speed(rate * 1000, 1000)}; ${share.toFixed(2)} ×`, goal: '≥ 0.9 × the disk', met: share >= 0.9 }]
}

function restic(folder: string, root: string): Figure[] {
  if (!has('restic')) return []
  const repo = path.join(folder, 'repo')
  const secret = path.join(folder, 'word')
  writeFileSync(secret, 'word')
  const args = ['-r', repo, '--password-file', secret, '--no-cache', '-q']
  execFileSync('restic', [...args, 'init'])
  // A share of the folder is enough for a ratio.
  execFileSync('restic', [...args, 'backup', ...['0', '1', '2', '3', '4'].map((it) => path.join(root, it))])
  const bytes = readdirSync(repo, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => sum + (statSync(path.join(repo, name)).isFile() ? statSync(path.join(repo, name)).size : 0), 0)
  const check = (): number => timed('restic', [...args, 'check', '--read-data'])
  const [their, my] = [Math.min(check(), check()), Math.min(ours(repo, path.join(folder, 'repo.manifest')), ours(repo, path.join(folder, 'repo.manifest')))]
  return [{ what: 'a restic repository', is: `${speed(bytes, my)}; restic check --read-data ${speed(bytes, their)}; ${(their / my).toFixed(1)} ×`, goal: '≥ 3 × restic', met: their / my >= 3 }]
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

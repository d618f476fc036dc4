// The sandwich over ten million keys against GNU `comm` over the same keys. We walk over three inputs where comm walks over two: the catalogue is read
// before and after the listing. Both sides go by bytes (LC_ALL=C), files are warm, and each is measured in turn, the best of three counting.
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { folderFor } from '../test/story/world.ts'
import type { Measurement } from './rig.ts'

const KEYS = Number(process.env['HOLDFAST_BENCH_KEYS'] ?? 10_000_000)
const EACH = 100_000
const ROUNDS = 3

interface Said { readonly is: string; readonly orphans: number; readonly gaps: number; readonly ms: number; readonly rss: number }

const spoolOf = (file: string): string => `${file}.spool`

/** Sorted keys as lines, for comm, and as a spool, for us; those that `leaves` says are not there. */
function write(file: string, leaves: (n: number) => boolean): number {
  const fd = openSync(file, 'w')
  const spool = openSync(spoolOf(file), 'w')
  let written = 0
  for (let from = 0; from < KEYS; from += EACH) {
    let [text, spooled] = ['', '']
    for (let n = from; n < Math.min(KEYS, from + EACH); n++) {
      if (leaves(n)) continue
      const digits = String(n).padStart(9, '0')
      const key = `customers/${digits.slice(0, 6)}/${digits}.tar.zst`
      text += `${key}\n`
      spooled += String.fromCharCode(key.length) + key
      written++
    }
    writeSync(fd, text)
    writeSync(spool, spooled, null, 'latin1')
  }
  closeSync(fd)
  closeSync(spool)
  return written
}

function comm(catalogue: string, listing: string): number {
  const started = performance.now()
  const { status, stderr } = spawnSync('comm', ['-3', catalogue, listing], { env: { ...process.env, LC_ALL: 'C' }, stdio: ['ignore', 'ignore', 'pipe'] })
  if (status !== 0) throw new Error(`comm: ${stderr.toString()}`)
  return performance.now() - started
}

function merge(catalogue: string, listing: string, rows: number, objects: number): Said {
  const { stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'merging.ts'), spoolOf(catalogue), spoolOf(listing), String(rows), String(objects)], { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Said
}

const measurement: Measurement = {
  about: `${(KEYS / 1e6).toFixed(0)} M keys of a bucket against as many rows, read before and after, beside GNU comm`,
  measure: () => {
    const folder = folderFor('bench-merge')
    try {
      const [catalogue, listing] = [path.join(folder, 'catalogue'), path.join(folder, 'listing')]
      const rows = write(catalogue, (n) => n % 10_007 === 5)
      const objects = write(listing, (n) => n % 20_011 === 7)
      const [theirs, ours]: [number[], Said[]] = [[], []]
      for (let round = 0; round < ROUNDS; round++) {
        theirs.push(comm(catalogue, listing))
        ours.push(merge(catalogue, listing, rows, objects))
      }
      const [their, our] = [Math.min(...theirs), Math.min(...ours.map((it) => it.ms))]
      const rss = Math.max(...ours.map((it) => it.rss))
      const wrong = ours.find((it) => it.is !== 'whole' || it.orphans < KEYS - rows - 1 || it.gaps === 0)
      if (wrong) throw new Error(`the merge found something else: ${JSON.stringify(wrong)}`)
      return Promise.resolve([
        { what: 'merge', is: `${(our / 1000).toFixed(2)} s; comm ${(their / 1000).toFixed(2)} s; ${(our / their).toFixed(2)} ×`, goal: '≤ 1 × comm', met: our <= their },
        { what: 'memory', is: `${(rss / 2 ** 20).toFixed(0)} MiB`, goal: '≤ 256 MiB', met: rss <= 256 * 2 ** 20 },
      ])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
export default measurement

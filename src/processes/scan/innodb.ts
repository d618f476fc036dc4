// Looks at every page of InnoDB's files of a MariaDB that is at rest, by MariaDB's own innochecksum: several at once, large files in ranges, the longest
// first. What does not fit its checksum is looked at a second time before that is said. A folder that a server runs on is refused: its pages are written
// while they are read.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Fault } from '../../core/fault.ts'
import { tickOf } from '../../core/time.ts'
import { doublewritten, pageBytesOf, readChecked, type Checked } from '../../rooms/guard/scan/innodb.ts'
import { sayPath } from '../../rooms/guard/scan/manifest.ts'
import { createProgress, type Total } from '../../rooms/guard/scan/pace.ts'
import type { PagesReport, PagesWants } from '../../rooms/guard/scan/scan.ts'
import type { Pieces } from './pieces.ts'
import { createTurns } from './turns.ts'
import { bytesOf, walk, type WalkedFile } from './walk.ts'

const MOST_BAD = 10_000
const MOST_FILES = 2_000_000
/** Small enough that a scan that is held to a rate does not read in gulps. */
const RANGE = 16 * 1024 * 1024
/** So many bad pages of one range are named. */
const MOST_NAMED = 1_000
const MOST_SAID = 256 * 1024

interface Piece { readonly path: string; readonly at: string; readonly first: number; readonly pages: number; readonly size: number; readonly key: string }

/** `root` holds an `ibdata1`. Throws a Fault where it cannot be looked at. */
export async function scanInnodb(root: string, { rate, yields = false, signal, progress }: Omit<PagesWants, 'folder'>, known: Pieces): Promise<PagesReport> {
  const began = performance.now()
  const first = await check({ path: 'ibdata1', at: bytesOf(root, 'ibdata1').toString(), first: 0, pages: 1, size: 0, key: '' })
  if (first.is === 'failed' && first.inUse) throw new Fault(`a server runs on ${sayPath(root)}: its pages are written while they are read. Look at a restored copy, or stop it first`, 'never')
  const unread: { readonly path: string; readonly says: string }[] = []
  const other = (path: string, says: string): void => void (unread.length < MOST_BAD && unread.push({ path: sayPath(path), says }))
  const sum = { files: 0, pages: 0, bytes: 0, flickered: 0 }
  const bad: PagesReport['bad'][number][] = []
  const pieces = piecesOf(root, { other, torn: (path, block) => void bad.push({ path: sayPath(path), block, flaw: 'torn' }) })
  const total: Total = { is: 'known', files: new Set(pieces.map(({ path }) => path)).size, bytes: pieces.reduce((all, it) => all + it.pages * it.size, 0) }
  const told = createProgress(tickOf(began))
  const count = (piece: Piece): void => {
    sum.pages += piece.pages
    sum.bytes += piece.pages * piece.size
    if (piece.first === 0) sum.files++
    progress?.(told(tickOf(performance.now()), { files: sum.files, bytes: sum.bytes, total, readNow: sum.bytes }))
  }
  const turns = createTurns({ rate, yields, signal })
  const looked = async (piece: Piece): Promise<void> => {
    const from = performance.now()
    const seen = await check(piece)
    turns.saw(piece.pages * piece.size, performance.now() - from)
    const again = seen.is === 'checked' && seen.bad.length === 0 ? seen : await check(piece)
    if (again.is === 'failed') {
      if (again.inUse) throw new Fault(`a server began to run on ${sayPath(root)}: nothing is said of its pages`, 'never')
      return other(piece.path, again.says)
    }
    if (again !== seen && again.bad.length === 0) sum.flickered++
    for (const block of again.bad) if (bad.length < MOST_BAD) bad.push({ path: sayPath(piece.path), block, flaw: 'checksum' })
    count(piece)
    if (again === seen) known.well(piece.key)
  }
  let next = 0
  const work = async (): Promise<void> => {
    for (let n = next++; n < pieces.length && !signal.aborted; n = next++) {
      const piece = pieces[n]
      if (!piece) continue
      if (known.known(piece.key) !== undefined) count(piece)
      else if (await turns.turn(piece.pages * piece.size)) await looked(piece)
    }
  }
  const timer = setInterval(() => known.flush(), 500)
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, work))
  } finally {
    clearInterval(timer)
    turns.close()
  }
  const named = bad.toSorted((a, b) => (a.path === b.path ? a.block - b.block : a.path < b.path ? -1 : 1))
  return { is: signal.aborted ? 'stopped' : 'ended', root: sayPath(root), ...sum, checksums: true, bad: named, unread, resumed: false, tookMs: Math.round(performance.now() - began) }
}

/** All that would make it another piece. */
const keyOf = ({ path, dev, ino, size, mtime }: WalkedFile, first: number, pages: number): string => `${path}\0${dev}\0${ino}\0${size}\0${mtime}\0${first}\0${pages}`

/** Ranges of all files, the longest first; without what InnoDB keeps copies of other pages in. */
function piecesOf(root: string, it: { readonly other: (path: string, says: string) => void; readonly torn: (path: string, block: number) => void }): readonly Piece[] {
  const pieces: Piece[] = []
  for (const file of walk(root)) {
    if (file.is === 'closed') it.other(file.path, file.says)
    else if (file.path.endsWith('.isl')) it.other(file.path, 'its tablespace lies elsewhere: it was not looked into')
    if (file.is !== 'file' || !/(?:\.ibd|(?:^|\/)ibdata\d+|(?:^|\/)undo\d{3})$/.test(file.path) || file.size === 0) continue
    const at = bytesOf(root, file.path).toString()
    const size = pageBytesOf(headOf(at))
    if (at.includes('\ufffd') || size === undefined) {
      it.other(file.path, size === undefined ? 'its first page does not say how large its pages are' : 'its name is no text')
      continue
    }
    if (pieces.length > MOST_FILES) throw new Fault(`there are more than ${MOST_FILES} files and ranges of them: scan its folders one by one`, 'never')
    const all = Math.floor(file.size / size)
    if (file.size % size !== 0) it.torn(file.path, all)
    const skip = file.path === 'ibdata1' ? doublewritten(size) : undefined
    const spans = skip === undefined ? [[0, all]] : [[0, Math.min(all, skip.from)], [skip.to, all]]
    for (const [from = 0, to = 0] of spans) {
      const step = Math.floor(RANGE / size)
      for (let first = from; first < to; first += step) {
        const pages = Math.min(step, to - first)
        pieces.push({ path: file.path, at, first, pages, size, key: keyOf(file, first, pages) })
      }
    }
  }
  return pieces.toSorted((a, b) => b.pages * b.size - a.pages * a.size)
}

function headOf(at: string): Buffer {
  const head = Buffer.alloc(64)
  const file = openSync(at, 'r')
  try {
    readSync(file, head, 0, 64, 0)
  } finally {
    closeSync(file)
  }
  return head
}

/** One run of innochecksum. It changes nothing, and ends by itself. */
const check = ({ at, first, pages }: Piece): Promise<Checked> => new Promise((resolve, reject) => {
  const child = spawn('innochecksum', ['--start-page', `${first}`, '--end-page', `${first + pages - 1}`, '--allow-mismatches', `${MOST_NAMED}`, '--', at], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' } })
  let said = ''
  const hear = (chunk: Buffer): void => {
    if (said.length < MOST_SAID) said += chunk.toString('latin1')
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  child.once('error', () => reject(new Fault('innochecksum is not installed here: install the package mariadb-server', 'never')))
  child.once('close', (exit) => resolve(readChecked(exit, said)))
})

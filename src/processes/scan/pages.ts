// Looks at every page of a PostgreSQL cluster that is at rest: a stopped one, or a restored copy. Ranges of the relations' files are read by several
// threads; a range with a page that does not fit its checksum is read a second time before that is said. A cluster that runs, or was not shut down,
// is refused: its pages are written while they are read, or not all of them were.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { Fault } from '../../core/fault.ts'
import { tickOf } from '../../core/time.ts'
import { rangesOf, sayPath } from '../../rooms/guard/scan/manifest.ts'
import { createPace, createProgress, type Total } from '../../rooms/guard/scan/pace.ts'
import { firstBlockOf, PAGE_BYTES, type BadPage } from '../../rooms/guard/scan/pages.ts'
import { rangeUnit } from '../../rooms/guard/scan/plan.ts'
import type { PagesReport, PagesWants } from '../../rooms/guard/scan/scan.ts'
import { createGate, type Asked, type Said } from './gate.ts'
import { scanInnodb } from './innodb.ts'
import { openPieces, type Pieces } from './pieces.ts'
import { createReaders, readersFor } from './readers.ts'
import { rootOf } from './scan.ts'
import { bytesOf, walk, type WalkedFile } from './walk.ts'

/** So many bad pages are named in a report. */
const MOST_BAD = 10_000
const MOST_AGAIN = 10_000
/** Where the control file says how the cluster stands: shut down, or shut down as a replica. */
const STATE_AT = 16
const AT_REST = [1, 2]

interface Piece { readonly file: WalkedFile; readonly from: number; readonly bytes: number; readonly block: number; readonly again: boolean }

/** Relations' files, in ranges; the whole cluster must be at rest. */
function* piecesOf(root: string, onOther: (path: string, says: string) => void): Generator<Piece, undefined> {
  for (const file of walk(root)) {
    if (file.is !== 'file') {
      // Tablespaces lie behind links: each is a folder of its own to be looked at.
      if (file.is === 'closed' || file.path.startsWith('pg_tblspc/')) onOther(file.path, file.is === 'odd' ? 'a tablespace behind a link: it was not looked into' : file.says)
      continue
    }
    const first = firstBlockOf(file.path)
    if (first === undefined) continue
    for (let n = 0; n < rangesOf(file.size, false); n++) {
      const unit = rangeUnit(0, n, file.size, false)
      if (unit.is === 'range') yield { file, from: unit.from, bytes: unit.bytes, block: first + unit.from / PAGE_BYTES, again: false }
    }
  }
  return undefined
}

/** All that would make it another piece. */
const keyOf = ({ file, from, bytes }: Piece): string => `${file.path}\0${from}\0${bytes}\0${file.dev}\0${file.ino}\0${file.size}\0${file.mtime}`

/** What has to be read, by the sizes of its files now. */
function sizeOf(root: string): Total {
  let [files, bytes] = [0, 0]
  for (const file of walk(root)) {
    if (file.is !== 'file' || firstBlockOf(file.path) === undefined) continue
    files++
    bytes += file.size
  }
  return { is: 'known', files, bytes }
}

/** Throws a Fault where it is no cluster, or one that is not at rest. A data folder of MariaDB is looked at by its own program. */
export async function scanPages(wants: PagesWants): Promise<PagesReport> {
  const { folder, journal } = wants
  const root = rootOf(folder)
  const holds = (name: string): boolean => existsSync(bytesOf(root, name))
  const isMaria = holds('ibdata1') && !holds('PG_VERSION')
  // Whatever was written to it since has changed its control file, or the time of a file of InnoDB.
  const against = isMaria ? '' : createHash('sha256').update(controlOf(folder, root)).digest('hex')
  const name = Buffer.from(root, 'latin1').toString()
  const pieces = openPieces(journal, { of: `pages of ${name}`, against, folder: name, now: Date.now() })
  let over = false
  try {
    const report = await (isMaria ? scanInnodb(root, wants, pieces) : scanCluster(root, wants, pieces))
    over = report.is === 'ended'
    return { ...report, resumed: pieces.resumed }
  } finally {
    if (over) pieces.remove()
    else pieces.close()
  }
}

/** The control file of a cluster that is at rest. */
function controlOf(folder: string, root: string): Buffer {
  const holds = (name: string): boolean => existsSync(bytesOf(root, name))
  if (!holds('PG_VERSION') || !holds('global/pg_control')) throw new Fault(`${folder} is no data folder of PostgreSQL or MariaDB: there is no PG_VERSION and global/pg_control in it, and no ibdata1`, 'never')
  const control = readFileSync(bytesOf(root, 'global/pg_control'))
  if (holds('postmaster.pid') || !AT_REST.includes(control.readUInt32LE(STATE_AT))) throw new Fault(`${folder} is in use, or was not shut down in order: its pages may be half written. Look at a restored copy that was started and stopped, or stop it first`, 'never')
  return control
}

interface Looking {
  readonly sum: { files: number; pages: number; summed: number; bytes: number; flickered: number }
  readonly bad: PagesReport['bad'][number][]
  readonly unread: { readonly path: string; readonly says: string }[]
  next(): Asked | undefined
  said(said: Said, asked: Asked): void
  /** Everything was looked at. */
  readonly over: boolean
}

/** The pieces of a cluster, each looked at once, and a second time where it is not well. */
function looking(root: string, known: Pieces): Looking {
  const sum = { files: 0, pages: 0, summed: 0, bytes: 0, flickered: 0 }
  const bad: Looking['bad'] = []
  const unread: Looking['unread'] = []
  const other = (path: string, says: string): void => void (unread.length < MOST_BAD && unread.push({ path: sayPath(path), says }))
  const pieces = piecesOf(root, other)
  const again: Piece[] = []
  const under = new Map<number, Piece>()
  let [ids, ended] = [0, false]
  const count = (piece: Piece, pages: number, summed: number): void => {
    sum.pages += pages
    sum.summed += summed
    sum.bytes += piece.bytes
    if (piece.from === 0) sum.files++
  }
  const take = (piece: Piece, { seen: [seen], pages }: Said): void => {
    const wrong: readonly BadPage[] = pages?.bad ?? []
    const isWell = seen?.is === 'read' && wrong.every(({ flaw }) => flaw === 'unsummed')
    if (!isWell && !piece.again && again.length < MOST_AGAIN) return void again.push({ ...piece, again: true })
    if (isWell && piece.again) sum.flickered++
    if (seen?.is !== 'read' || !pages) return other(piece.file.path, seen?.is === 'failed' ? seen.says : 'it changed while it was read: the cluster is not at rest')
    count(piece, pages.pages, pages.summed)
    for (const it of wrong) if (bad.length < MOST_BAD) bad.push({ path: sayPath(piece.file.path), ...it })
    if (wrong.length === 0 && !piece.again) known.well(keyOf(piece), pages.summed)
  }
  /** The next one that was not found well before. */
  const fresh = (): Piece | undefined => {
    for (let piece = pieces.next().value; piece !== undefined; piece = pieces.next().value) {
      const noted = known.known(keyOf(piece))
      if (noted === undefined) return piece
      count(piece, Math.floor(piece.bytes / PAGE_BYTES), noted)
    }
    return undefined
  }
  return {
    sum, bad, unread,
    next() {
      const piece = again.shift() ?? fresh()
      if (piece === undefined) {
        ended = true
        return undefined
      }
      under.set(++ids, piece)
      return { id: ids, files: [piece.file], from: piece.from, bytes: piece.bytes, block: piece.block }
    },
    said(said, asked) {
      const piece = under.get(asked.id)
      under.delete(asked.id)
      if (piece) take(piece, said)
    },
    get over() {
      return ended && under.size === 0 && again.length === 0
    },
  }
}

async function scanCluster(root: string, { rate, yields = false, signal, progress }: PagesWants, known: Pieces): Promise<PagesReport> {
  const began = performance.now()
  const work = looking(root, known)
  const { sum } = work
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const gate = createGate()
  const pace = createPace({ rate, yields, at: tickOf(began) })
  const beat = (): void => gate.grant(pace.grant(tickOf(performance.now())))
  beat()
  const over = (): void => {
    if (signal.aborted || work.over) resolve()
  }
  const readers = createReaders({ root, gate: gate.memory }, readersFor(root), {
    next: () => (signal.aborted ? undefined : work.next()), failed: reject,
    said(said, asked) {
      pace.saw(asked.bytes ?? 0, said.took)
      if (!signal.aborted) work.said(said, asked)
      setImmediate(over)
    },
  })
  const total = progress && sizeOf(root)
  const told = createProgress(tickOf(began))
  const timers = [setInterval(() => {
    beat()
    over()
  }, 20), setInterval(() => {
    known.flush()
    if (progress && total) progress(told(tickOf(performance.now()), { files: sum.files, bytes: sum.bytes, total, readNow: sum.bytes }))
  }, 500)]
  try {
    await promise
  } finally {
    timers.forEach((timer) => clearInterval(timer))
    gate.stop()
    await readers.close()
  }
  // Where no page carries a checksum the cluster keeps none, and nothing can be said by them.
  const sums = sum.summed > 0
  return { is: signal.aborted ? 'stopped' : 'ended', root: sayPath(root), ...sum, checksums: sums, bad: sums ? work.bad : work.bad.filter(({ flaw }) => flaw !== 'unsummed'), unread: work.unread, resumed: false, tookMs: Math.round(performance.now() - began) }
}

// A scan of a server over connections: it is asked to look over its relations, one by one, the largest first; so many at once on each device (a tablespace), and never
// more than the bound. Each waits for its turn by the same bucket as files do, and what was found well is kept, so that a scan that was broken off goes on. A
// connection that ends is made anew once; a server that cannot be reached any more ends the scan, which then says nothing of the rest.
import { Fault, sentence } from '../../../core/fault.ts'
import { tickOf } from '../../../core/time.ts'
import { dialectOf, MYSQL, readDatabase, type Database } from '../../../ports/database.ts'
import type { Examiner, Looked, Looker, Survey } from '../../../ports/examine/examiner.ts'
import type { TallyContext } from '../../../ports/tally/tally.ts'
import { createProgress } from '../../../rooms/guard/scan/pace.ts'
import { MOST_CONNECTIONS, settleLook, unitsOf, wantsAgain, type Finding, type LookUnit, type RelationsReport, type RelationsWants } from '../../../rooms/guard/scan/relations.ts'
import { openPieces, type Pieces } from '../pieces.ts'
import { createTurns, type Turns } from '../turns.ts'

const MOST_NAMED = 10_000

export interface Examining {
  readonly postgres: Examiner
  readonly mysql: Examiner
  readonly context: TallyContext
}

/** Whose server it is, by its address; a text says what is wrong with it. */
export function addressOf(url: string): { readonly kind: 'postgres' | 'mysql'; readonly database: Database } | string {
  const dialect = dialectOf(url)
  const database = readDatabase(url, dialect)
  return typeof database === 'string' ? database : { kind: dialect === MYSQL ? 'mysql' : 'postgres', database }
}

interface Work {
  readonly wants: RelationsWants
  readonly examiner: Examiner
  readonly context: TallyContext
  readonly database: Database
  readonly survey: Survey
  readonly pieces: Pieces
  readonly turns: Turns
  readonly tally: Tally
}

/** Throws a Fault where it cannot begin. */
export async function scanRelations(wants: RelationsWants, examining: Examining): Promise<RelationsReport> {
  const address = addressOf(wants.url)
  if (typeof address === 'string') throw new Fault(`That is no address of a database: ${address}`, 'never')
  const { kind, database } = address
  const examiner = examining[kind]
  const { context } = examining
  const began = performance.now()
  const survey = await examiner.survey(database, context, wants.signal)
  const pieces = openPieces(wants.journal, { of: `relations of ${kind} ${database.host}:${database.port}/${database.name}`, against: survey.identity, now: Date.now() })
  const turns = createTurns({ rate: wants.rate, yields: wants.yields === true, signal: wants.signal })
  const tally = createTally(wants, survey, began)
  const flush = setInterval(() => pieces.flush(), 500)
  let over = false
  try {
    const halted = await lookAtAll({ wants, examiner, context, database, survey, pieces, turns, tally })
    over = halted === undefined && !wants.signal.aborted
    return { ...tally.report(), is: halted === undefined ? (over ? 'ended' : 'stopped') : 'halted', ...(halted === undefined ? {} : { says: halted }), resumed: pieces.resumed, tookMs: Math.round(performance.now() - began) }
  } finally {
    clearInterval(flush)
    turns.close()
    if (over) pieces.remove()
    else pieces.close()
  }
}

/** Each device has its own queue and its own connections. Gives why it had to end before its end. */
async function lookAtAll(work: Work): Promise<string | undefined> {
  const { wants, survey, pieces, tally } = work
  const places = Map.groupBy(survey.relations, ({ place }) => place)
  const each = Math.max(1, Math.min(wants.connections, Math.floor(MOST_CONNECTIONS / Math.max(1, places.size))))
  // More devices than connections that are allowed: some wait until another is done.
  const waiting = [...places.values()].map((relations) => unitsOf(relations))
  const over = new AbortController()
  let why: string | undefined
  const queue = async (units: Iterator<LookUnit>): Promise<void> => {
    const next = (): LookUnit | undefined => {
      for (let it = units.next(); it.done !== true && !over.signal.aborted && !wants.signal.aborted; it = units.next()) {
        if (pieces.known(it.value.key) === undefined) return it.value
        tally.take(it.value, { looked: { is: 'well' }, flickered: false })
      }
      return undefined
    }
    await Promise.all(Array.from({ length: each }, () => worker(work, next)))
  }
  const lane = async (): Promise<void> => {
    for (let units = waiting.shift(); units !== undefined && !over.signal.aborted; units = waiting.shift()) await queue(units)
  }
  await Promise.all(Array.from({ length: Math.min(waiting.length, MOST_CONNECTIONS) }, () => lane().catch((cause: unknown) => {
    why ??= sentence(cause)
    over.abort()
  })))
  return wants.signal.aborted ? undefined : why
}

/** One connection at a time, to whichever database is due. */
async function worker({ wants, examiner, context, database, pieces, turns, tally }: Work, next: () => LookUnit | undefined): Promise<void> {
  let has: { readonly name: string; readonly looker: Looker } | undefined
  const { signal } = wants
  const drop = (): void => {
    has?.looker.leave()
    has = undefined
  }
  const look = async ({ relation, range }: LookUnit): Promise<Looked> => {
    if (has?.name !== relation.database) {
      drop()
      has = { name: relation.database, looker: await examiner.connect(database, relation.database, context, signal) }
    }
    const looked = await has.looker.look(relation, range)
    if (looked.is === 'lost') drop()
    return looked
  }
  const stop = (): void => drop()
  signal.addEventListener('abort', stop)
  try {
    for (let unit = next(); unit !== undefined && (await turns.turn(unit.bytes)); unit = next()) {
      const from = performance.now()
      const first = await look(unit)
      // Ranges of tables take alike; an index is more work for its bytes, and says nothing of the disk.
      if (unit.relation.kind !== 'btree') turns.saw(unit.bytes, performance.now() - from)
      if (signal.aborted) return
      const second = wantsAgain(first) ? await look(unit) : undefined
      if (signal.aborted) return
      const settled = settleLook(first, second)
      tally.take(unit, settled)
      if (settled.looked.is === 'well' && !settled.flickered) pieces.well(unit.key)
    }
  } catch (cause) {
    if (!signal.aborted) throw cause
  } finally {
    signal.removeEventListener('abort', stop)
    drop()
  }
}

interface Tally {
  take(unit: LookUnit, settled: ReturnType<typeof settleLook>): void
  report(): Omit<RelationsReport, 'is' | 'resumed' | 'tookMs'>
}

function createTally({ progress }: RelationsWants, survey: Survey, began: number): Tally {
  const damaged: Finding[] = []
  const unknown: { readonly database: string; readonly relation?: string; readonly says: string }[] = [...survey.unknown]
  const beyond = new Map(survey.beyond.map(({ what, count }) => [what, count]))
  const count = { relations: 0, bytes: 0, gone: 0, flickered: 0 }
  const total = { is: 'known' as const, files: survey.relations.length, bytes: survey.relations.reduce((sum, { bytes }) => sum + bytes, 0) }
  const told = createProgress(tickOf(began))
  return {
    take({ relation, range, bytes }, { looked, flickered }) {
      const { database, name, kind, of } = relation
      count.bytes += bytes
      // Its last range has no end.
      if (range.to === undefined) count.relations++
      if (flickered) count.flickered++
      if (looked.is === 'gone') count.gone++
      if (looked.is === 'beyond') beyond.set('tables of engines without CHECK TABLE', (beyond.get('tables of engines without CHECK TABLE') ?? 0) + 1)
      if (looked.is === 'damaged' && damaged.length < MOST_NAMED) damaged.push({ database, relation: name, kind, ...(of === undefined ? {} : { of }), ...(relation.page === undefined ? {} : { pages: { from: range.from, to: range.to ?? null } }), says: looked.says })
      if ((looked.is === 'unknown' || looked.is === 'lost') && unknown.length < MOST_NAMED) unknown.push({ database, relation: name, says: looked.is === 'lost' ? `the server ended the connection while it was looked at, twice: ${looked.says}` : looked.says })
      progress?.(told(tickOf(performance.now()), { files: count.relations, bytes: count.bytes, total, readNow: count.bytes }))
    },
    report: () => ({ server: survey.server, databases: survey.databases, ...count, of: survey.relations.length, damaged: damaged.toSorted((a, b) => (a.database + a.relation < b.database + b.relation ? -1 : 1)), unknown, beyond: [...beyond].map(([what, it]) => ({ what, count: it })) }),
  }
}

// A scan of a server, with a fake of it: the largest first, so many at once on each device, what is not well looked at twice, and never passed because nobody knew.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { Fault } from '../../../core/fault.ts'
import type { Examiner, Looked, Range, Relation } from '../../../ports/examine/examiner.ts'
import { readChecked } from '../../../plugins/examiners/mysql.ts'
import { settleLook, unitsOf, type RelationsWants } from '../../../rooms/guard/scan/relations.ts'
import { scanRelations, type Examining } from './relations.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-relations-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const PAGE = 8192
const heap = (name: string, pages: number, place = 'a'): Relation => ({ database: 'shop', name, kind: 'heap', id: name, state: '1', place, bytes: pages * PAGE, page: PAGE })
const index = (name: string, bytes: number, place = 'a'): Relation => ({ database: 'shop', name, kind: 'btree', of: 'orders', id: name, state: '1', place, bytes })

interface Asked { readonly name: string; readonly range: Range }

/** A server that answers by what it is told, and notes what it was asked and how many at once on each device. */
function fake(relations: readonly Relation[], answer: (it: Asked, times: number) => Looked | Promise<Looked>, identity = 'one') {
  const asked: Asked[] = []
  const now = new Map<string, number>()
  const most = new Map<string, number>()
  let [together, mostTogether, connections] = [0, 0, 0]
  const examiner: Examiner = {
    survey: () => Promise.resolve({ server: 'PostgreSQL 17 at db:5432', identity, databases: ['shop'], relations, unknown: [], beyond: [] }),
    connect() {
      connections++
      return Promise.resolve({
        async look({ name, place }, range) {
          asked.push({ name, range })
          now.set(place, (now.get(place) ?? 0) + 1)
          most.set(place, Math.max(most.get(place) ?? 0, now.get(place) ?? 0))
          mostTogether = Math.max(mostTogether, ++together)
          await new Promise((resolve) => void setImmediate(resolve))
          const times = asked.filter((it) => it.name === name && it.range.from === range.from).length
          try {
            return await answer({ name, range }, times)
          } finally {
            now.set(place, (now.get(place) ?? 0) - 1)
            together--
          }
        },
        leave: () => undefined,
      })
    },
  }
  const examining = { postgres: examiner, mysql: examiner, context: {} as Examining['context'] }
  const run = (more: Partial<RelationsWants> = {}) => scanRelations({ url: 'postgres://a:b@db/shop', connections: 2, signal: new AbortController().signal, ...more }, examining)
  return { run, asked, most, together: () => mostTogether, connections: () => connections }
}
const well = (): Looked => ({ is: 'well' })

test('the largest relation first, tables by ranges of 64 MiB of which the last has no end', () => {
  const units = [...unitsOf([heap('small', 1), index('key', 300 * 1024 ** 2), heap('large', 20_000), heap('none', 0)])]
  assert.deepEqual(units.map(({ relation, range }) => [relation.name, range.from, range.to]), [['key', 0, undefined], ['large', 0, 8192], ['large', 8192, 16_384], ['large', 16_384, undefined], ['small', 0, undefined], ['none', 0, undefined]])
  assert.deepEqual(units.map(({ bytes }) => bytes / PAGE), [38_400, 8192, 8192, 3616, 1, 0])
  assert.equal(new Set(units.map(({ key }) => key)).size, units.length)
})

test('so many connections on each device, side by side, and never more than the bound', async () => {
  const many = (place: string): Relation[] => Array.from({ length: 20 }, (_, n) => heap(`${place}${n}`, 10, place))
  const two = fake([...many('a'), ...many('b')], well)
  const report = await two.run({ connections: 3 })
  assert.deepEqual([report.is, report.relations, report.of, Object.fromEntries(two.most)], ['ended', 40, 40, { a: 3, b: 3 }])
  assert.equal(two.together(), 6)
  const twenty = fake(Array.from({ length: 20 }, (_, n) => many(`p${n}`)).flat(), well)
  assert.equal((await twenty.run({ connections: 4 })).relations, 400)
  assert(twenty.together() <= 16, `${twenty.together()}`)
})

test('G-2 what nobody could look at is never well: it is unknown after two looks, as what is damaged is damaged after two', async () => {
  const it = fake(['damaged', 'flickers', 'unknown', 'later', 'dies', 'gone', 'well'].map((name) => heap(name, 10)), ({ name }, times): Looked => {
    if (name === 'damaged') return { is: 'damaged', says: 'invalid page in block 3' }
    if (name === 'unknown') return { is: 'unknown', says: 'canceling statement due to lock timeout' }
    if (name === 'flickers') return times === 1 ? { is: 'damaged', says: 'once' } : well()
    if (name === 'later') return times === 1 ? { is: 'unknown', says: 'lock' } : well()
    if (name === 'dies') return { is: 'lost', says: 'closed the connection' }
    return { is: name === 'gone' ? 'gone' : 'well' }
  })
  const report = await it.run({ connections: 1 })
  assert.deepEqual([report.is, report.relations, report.flickered, report.gone], ['ended', 7, 1, 1])
  assert.deepEqual(report.damaged.map(({ relation, says }) => [relation, says]), [['damaged', 'invalid page in block 3']])
  assert.deepEqual(report.unknown.map(({ relation, says }) => `${relation}: ${says}`).toSorted(), ['dies: the server ended the connection while it was looked at, twice: closed the connection', 'unknown: canceling statement due to lock timeout'])
  assert.deepEqual(['damaged', 'well', 'gone'].map((name) => it.asked.filter((one) => one.name === name).length), [2, 1, 1])
  assert.equal(it.connections(), 3, 'one, and one for each that was lost')
  const [damaged, unknown, good]: readonly [Looked, Looked, Looked] = [{ is: 'damaged', says: 'a' }, { is: 'unknown', says: 'b' }, well()]
  assert.equal(settleLook(damaged, unknown).looked.is, 'damaged', 'a second look that did not come to pass takes nothing back')
  assert.deepEqual(settleLook(damaged, good), { looked: good, flickered: true })
  assert.deepEqual(settleLook(unknown, good), { looked: good, flickered: false })
})

test('X-1 broken off, it goes on: what was well is not asked again, what was not is, and of another server nothing is taken over', async () => {
  const all = [heap('large', 30_000), ...Array.from({ length: 10 }, (_, n) => heap(`t${n}`, 100 - n))]
  const answer = ({ name }: Asked): Looked => (name === 't1' ? { is: 'damaged', says: 'bad' } : well())
  const journal = path.join(folder, 'journal')
  const stop = new AbortController()
  const first = fake(all, answer)
  const half = await first.run({ journal, connections: 1, signal: stop.signal, progress: ({ files }) => void (files === 6 && stop.abort()) })
  assert.equal(half.is, 'stopped')
  const before = first.asked.length
  const second = fake(all, answer)
  const on = await second.run({ journal: `${journal}` })
  assert.deepEqual([on.is, on.resumed, on.relations, on.damaged.map(({ relation }) => relation)], ['ended', true, 11, ['t1']])
  assert(second.asked.length < 14 && !second.asked.some(({ name }) => name === 'large'), `${before}, ${second.asked.map(({ name }) => name).join()}`)
  assert(second.asked.some(({ name }) => name === 't1'))
  const left = new AbortController()
  await fake(all, answer).run({ journal, connections: 1, signal: left.signal, progress: ({ files }) => void (files === 6 && left.abort()) })
  const other = fake(all, answer, 'two')
  assert.deepEqual([(await other.run({ journal })).resumed, other.asked.some(({ name }) => name === 'large')], [false, true])
})

test('a server that is not there any more ends it, and nothing is said of the rest', async () => {
  const it = fake(Array.from({ length: 5 }, (_, n) => heap(`t${n}`, 10 - n)), well)
  let made = 0
  const examiner: Examiner = {
    survey: (...given) => examinerOf(it).survey(...given),
    connect: () => (made++ === 0 ? Promise.resolve({ look: () => Promise.resolve<Looked>({ is: 'lost', says: 'gone' }), leave: () => undefined }) : Promise.reject(new Fault('shop at db:5432: refused the connection', 'later'))),
  }
  const report = await scanRelations({ url: 'postgres://a:b@db/shop', connections: 1, signal: new AbortController().signal }, { postgres: examiner, mysql: examiner, context: {} as Examining['context'] })
  assert.deepEqual([report.is, report.says, report.relations, report.of], ['halted', 'shop at db:5432: refused the connection', 0, 5])
  await assert.rejects(it.run({ url: 'postgres://nobody' }), /That is no address of a database/)
})
const examinerOf = (_: unknown): Examiner => ({ survey: () => Promise.resolve({ server: 's', identity: '', databases: [], relations: Array.from({ length: 5 }, (_it, n) => heap(`t${n}`, 10 - n)), unknown: [], beyond: [] }), connect: () => Promise.reject(new Error('never')) })

test('G-2 of CHECK TABLE the good end alone says that a table is well', () => {
  const said = (...rows: readonly (readonly [string, string])[]): Looked => readChecked(rows.map(([kind, text]) => ['shop.orders', 'check', kind, text]))
  assert.deepEqual(said(['status', 'OK']), { is: 'well' })
  assert.deepEqual(said(['note', "The storage engine for the table doesn't support check"]), { is: 'beyond' })
  assert.deepEqual(said(['Warning', "InnoDB: Index 'note' contains 3999 entries, should be 4000."], ['error', 'Corrupt']), { is: 'damaged', says: "Warning: InnoDB: Index 'note' contains 3999 entries, should be 4000.; error: Corrupt" })
  assert.equal(said(['Error', 'Lock wait timeout exceeded; try restarting transaction'], ['status', 'Operation failed']).is, 'unknown')
  assert.equal(said(['warning', "1 client is using or hasn't closed the table properly"], ['status', 'OK']).is, 'unknown')
  assert.equal(said(['Error', "Table 'shop.orders' doesn't exist"], ['status', 'Operation failed']).is, 'gone')
  assert.equal(said(['Error', "Table 'shop.orders' doesn't exist in engine"], ['status', 'Operation failed']).is, 'damaged')
  assert.equal(said(['note', 'something']).is, 'unknown')
  assert.equal(said().is, 'unknown')
})

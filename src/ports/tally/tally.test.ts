// Counting, with a database that refuses, hangs, and goes away: each table has its number or its reason, and none is taken for empty.
import assert from 'node:assert/strict'
import test from 'node:test'
import { ms, tickOf, type Now } from '../../core/time.ts'
import { countTables, newestRow, patient, type TallyManners } from './tally.ts'

class Refused extends Error {}

interface Fake {
  readonly manners: TallyManners
  readonly log: string[]
}

/** Answers by table; an error is thrown. */
function fake(answers: Readonly<Record<string, string | null | Error>>, after: () => void = () => undefined): Fake {
  const log: string[] = []
  const note = (what: string): Promise<void> => Promise.resolve(void log.push(what))
  return {
    log,
    manners: {
      ask(text) {
        const name = /from (\w+)$/.exec(text)?.[1] ?? text
        log.push(name)
        after()
        const answer = answers[name]
        if (answer instanceof Error) return Promise.reject(answer)
        return Promise.resolve(answer === undefined ? [] : [[answer]])
      },
      limit: (span) => note(`limit ${span}`), begin: () => note('begin'), undo: () => note('undo'),
      isServers: (cause) => cause instanceof Refused, words: (cause) => (cause as Error).message, quoted: (parts) => parts.join('.'),
    },
  }
}

const tables = (...names: string[]) => names.map((name) => ({ name, parts: [name] }))
let tick = 0
const now = (): Now => ({ wall: 0, tick: tickOf(tick), boot: 'b' }) as unknown as Now
const want = { statement: ms(1000), until: tickOf(10_000) }

test('one that is refused leaves the others as they are, and is not empty', async () => {
  tick = 0
  const { manners, log } = fake({ a: '3', b: new Refused('permission denied'), c: '0' })
  assert.deepEqual(await countTables({ manners, want, now }, tables('a', 'b', 'c')), [{ name: 'a', rows: 3 }, { name: 'b', says: 'permission denied' }, { name: 'c', rows: 0 }])
  assert.deepEqual(log.filter((it) => !it.startsWith('limit')), ['begin', 'a', 'begin', 'b', 'undo', 'begin', 'c'])
})

test('a connection that is lost is lost for all that follow; what was counted stands', async () => {
  tick = 0
  const { manners, log } = fake({ a: '3', b: new Error('closed the connection'), c: '1' })
  assert.deepEqual(await countTables({ manners, want, now }, tables('a', 'b', 'c')), [{ name: 'a', rows: 3 }, { name: 'b', says: 'closed the connection' }, { name: 'c', says: 'closed the connection' }])
  assert.ok(!log.includes('c'))
})

test('the time for all of it ends all of it, and no statement is given more than is left', async () => {
  tick = 0
  const { manners, log } = fake({ a: '1', b: '2', c: '3', d: '4' }, () => (tick += 4700))
  const found = await countTables({ manners, want, now }, tables('a', 'b', 'c', 'd'))
  assert.deepEqual(found.map((it) => ('says' in it ? it.says : it.rows)), [1, 2, 3, 'the time for counting was over'])
  assert.deepEqual(log.filter((it) => it.startsWith('limit')), ['limit 1000', 'limit 1000', 'limit 600'])
})

test('a number that is none, and a query of several values, are no answer', async () => {
  tick = 0
  assert.deepEqual(await countTables({ manners: fake({ a: 'many', b: null }).manners, want, now }, tables('a', 'b')), [{ name: 'a', says: 'the server gave no number' }, { name: 'b', says: 'the server gave no number' }])
  const two: TallyManners = { ...fake({}).manners, ask: () => Promise.resolve([['1', '2']]) }
  assert.deepEqual(await newestRow({ manners: two, want: { ...want, newest: 'select 1, 2' }, now }), { says: 'the query for the newest row gave more than one value' })
  assert.deepEqual(await newestRow({ manners: fake({}).manners, want: { ...want, newest: 'select max(at) where false' }, now }), { value: null })
  assert.equal(await newestRow({ manners: two, want, now }), undefined)
})

test('W-1 an answer that never comes is waited for no longer than was said', async () => {
  let fire: () => void = () => undefined
  const timers = { after: (_span: number, act: () => void) => ((fire = act), () => undefined) }
  const waiting = patient(new Promise<never>(() => undefined), 'no answer to the count of a', ms(5000), { timers, signal: new AbortController().signal })
  fire()
  await assert.rejects(waiting, /no answer to the count of a/)
})

// The story of Nodecraft, told once with few objects for every change and once whole. A clean-up that two people armed runs while the catalogue is wrong
// in every way that has happened to somebody; each time nothing is changed, the refusal says what was seen, and one cause is paged once. Where
// all is well it puts aside exactly what has no row, brings back what gets one again, and removes for good only what two people agreed on.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { sleep, until } from '../test/story/world.ts'
import { fill, JOB, keysOf, labDatabase, nodecraft, PREFIX, tool, type Nodecraft, type Planned } from './nodecraft.ts'
import type { LabServer } from './servers.ts'
import { partsOf } from './telling.ts'

export interface Telling {
  readonly rows: number
  readonly orphans: number
  /** Rows of the last day, which yesterday's dump does not have. */
  readonly today: number
  /** So often the job runs in each accident. */
  readonly times: number
  /** Which of them are told; all where nothing is said. */
  readonly only?: RegExp
}

interface Accident {
  readonly says: string
  /** The check that refuses, and in which words. */
  readonly id: string
  readonly words: RegExp
  /** Makes it; gives back how it is mended. */
  make(it: Nodecraft, stage: Stage): Promise<() => unknown>
  /** Where the rows are that must not change; the application's own where none is said. */
  readonly where?: (stage: Stage) => LabServer
  /** Waits that are real; once is enough. */
  readonly slow?: true
}

interface Stage extends Telling {
  /** As the database was yesterday. */
  readonly yesterday: string
  readonly other: LabServer
  readonly twin: LabServer
}

/** It has no row at first, and gets one. */
const BACK = `${PREFIX}t0/lost-0`
const rowOf = (key: string): string => `insert into backups (object_key, locked, tenant) values ('${key}', false, 't0')`

const fills = (server: LabServer, name: string, dump: string): string => {
  tool(server, 'createdb', [name])
  return tool(server, 'psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-d', name], dump)
}

export const ACCIDENTS: readonly Accident[] = [
  {
    says: 'the database is stopped', id: 'schema', words: /connection|no answer/,
    async make({ database }) {
      await database.stop()
      return () => database.start()
    },
  },
  {
    says: 'it refuses', id: 'schema', words: /password authentication failed/,
    async make({ database }) {
      database.sql("alter role app password 'other'")
      return Promise.resolve(() => database.sql("alter role app password 'app'"))
    },
  },
  {
    says: 'it hangs after the connection', id: 'schema', words: /no answer|no connection/, slow: true,
    make({ database }) {
      database.freeze()
      return Promise.resolve(() => database.thaw())
    },
  },
  {
    says: 'a replica answers that lags behind', id: 'schema', words: /it is a replica/, where: ({ twin }) => twin,
    async make(it, { twin }) {
      // A copy of the whole cluster that was made before the last rows came, and follows nobody.
      await asReplica(it.database, twin)
      it.switch.to(twin.port)
      return () => it.switch.to(it.database.port)
    },
  },
  {
    says: 'yesterday\'s dump was restored into a new cluster', id: 'identity', words: /the catalogue is games of \d+/, where: ({ other }) => other,
    async make(it, { other, yesterday }) {
      fills(other, 'games', yesterday)
      it.switch.to(other.port)
      return Promise.resolve(() => {
        it.switch.to(it.database.port)
        tool(other, 'dropdb', ['games'])
      })
    },
  },
  {
    says: 'another database has the same name', id: 'identity', words: /the catalogue is games of \d+/, where: ({ other }) => other,
    async make(it, { other }) {
      fills(other, 'games', it.dump())
      it.switch.to(other.port)
      return Promise.resolve(() => {
        it.switch.to(it.database.port)
        tool(other, 'dropdb', ['games'])
      })
    },
  },
  {
    says: 'it is half migrated: the column is renamed', id: 'schema', words: /column "object_key" does not exist/,
    make(it) {
      it.sql('alter table backups rename column object_key to object_ref')
      return Promise.resolve(() => it.sql('alter table backups rename column object_ref to object_key'))
    },
  },
  {
    says: 'it has no lock column', id: 'schema', words: /column "locked" does not exist/,
    make(it) {
      it.sql('alter table backups rename column locked to frozen')
      return Promise.resolve(() => it.sql('alter table backups rename column frozen to locked'))
    },
  },
  {
    says: 'it ends an answer in mid-stream by statement_timeout', id: 'schema', words: /canceling statement due to statement timeout/,
    make(it) {
      // The table is a view that loses patience at one of its rows, as a pooler's limit does.
      it.sql(`alter table backups rename to backups_real;
create function patience(key text, tenant text) returns text stable language plpgsql as $$ begin if key like '%00500' then raise exception using errcode = 'query_canceled', message = 'canceling statement due to statement timeout'; end if; return tenant; end $$;
create view backups as select id, object_key, locked, patience(object_key, tenant) as tenant, state from backups_real`)
      return Promise.resolve(() => it.sql('drop view backups; drop function patience; alter table backups_real rename to backups'))
    },
  },
  {
    says: 'its table is empty', id: 'floor', words: /rows/,
    make(it) {
      const rows = tool(it.database, 'pg_dump', ['--data-only', '-t', 'backups', 'games'])
      it.sql('truncate backups')
      return Promise.resolve(() => tool(it.database, 'psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-d', 'games'], rows))
    },
  },
  {
    says: 'yesterday\'s dump was restored into the same cluster', id: 'epoch', words: /made anew: a dump was restored|of the newest \d+ rows are gone|nobody has acknowledged/,
    make(it, { yesterday, rows, today }) {
      it.sql('drop table backups, backup_uploads, holdfast_sentinel')
      it.sql(yesterday)
      // The application writes again what the dump did not have, the row that came back among it; the command counts on from where it was.
      return Promise.resolve(() => it.sql(`${fill(rows + 1, rows + today)}; ${rowOf(BACK)}; update holdfast_sentinel set n = 1000`))
    },
  },
  {
    says: 'one tenant is missing', id: 'limit:group', words: /objects in customers\/t7\/ have no row/,
    make(it) {
      const tenant = it.sql("select 'insert into backups values (' || id || ', ' || quote_literal(object_key) || ', ' || locked || ', ' || quote_literal(tenant) || ', null);' from backups where tenant = 't7'")
      it.sql("delete from backups where tenant = 't7'")
      return Promise.resolve(() => it.sql(tenant))
    },
  },
]

async function asReplica(from: LabServer, twin: LabServer): Promise<void> {
  await twin.stop()
  await from.stop()
  const [data, to] = [from, twin].map(({ folder }) => path.join(folder, 'data')) as [string, string]
  rmSync(to, { recursive: true })
  execFileSync('cp', ['-a', data, to])
  writeFileSync(path.join(to, 'standby.signal'), '')
  await from.start()
  await twin.start()
}

export async function tellNodecraft(t: TestContext, telling: Telling): Promise<void> {
  const { rows, orphans, today, only } = telling
  const lost = Array.from({ length: orphans }, (_, n) => `${PREFIX}t${n}/lost-${n}`).sort()
  let yesterday = ''
  // All of it before the first run: one that has seen none of so many would take them for a surge.
  const it = await nodecraft({ rows, async before(at) {
    yesterday = at.dump()
    at.sql(fill(rows + 1, rows + today))
    await at.put([...keysOf(rows + 1, rows + today), ...lost])
    await at.put(lost, 'game-backups-offsite')
  } })
  t.after(() => it.close())
  const [other, twin] = await Promise.all([labDatabase(), labDatabase()])
  t.after(() => Promise.all([other.close(), twin.close()]))
  const stage: Stage = { ...telling, yesterday, other, twin }

  // Each part stands on the one before.
  const part = partsOf(t)
  await part('it reports, and touches nothing, until two people arm it', () => armed(it, lost))
  await part('exactly what has no row is put aside; what gets a row comes back by itself', () => putAside(it, lost))
  for (const accident of ACCIDENTS.filter(({ says }) => only?.test(says) ?? true)) await part(`nothing is touched while ${accident.says}`, () => suffer(it, accident, stage))
  await part('a purge takes two people, and removes what they saw and nothing else', () => purge(it, lost))
}

/** G-7: three runs, a day apart, a day of waiting, seven days of age; then two people. */
async function armed(it: Nodecraft, lost: readonly string[]): Promise<void> {
  const before = [await it.objects(), it.rows()]
  for (let n = 0; n < 4; n++) {
    const plan = await it.plan()
    assert.deepEqual([plan.reasons, plan.mode], [[], 'report'], plan.text)
    assert.deepEqual(plan.items.filter(({ act }) => act === 'keep' || act === 'quarantine').map(({ key }) => key).sort(), lost)
    await sleep(1_100)
  }
  const { code, out, err } = await it.cli('apply', (await it.plan()).id)
  assert.match(out + err, /only reports|0 done/, `${code}`)
  assert.deepEqual([await it.objects(), it.rows()], before)
  await sleep(1_500)
  await it.agree('arm', JOB)
  assert.deepEqual((await it.shown()).armed_by, ['ada', 'bo'])
}

async function putAside(it: Nodecraft, lost: readonly string[]): Promise<void> {
  const stands = (await it.live(PREFIX)).length
  const plan = await it.plan()
  assert.deepEqual([plan.code, plan.mode, plan.items.map(({ act }) => act)], [4, 'armed', lost.map(() => 'quarantine')], plan.text)
  const applied = await it.cli('apply', plan.id, '--timeout', '60s')
  assert.equal(applied.code, 0, applied.out + applied.err)
  const left = await it.live(PREFIX)
  assert.equal(left.length, stands - lost.length)
  assert.deepEqual(lost.filter((key) => left.includes(key)), [])

  it.sql(rowOf(BACK))
  const again = await it.plan()
  assert.match(again.reasons.map(({ text }) => text).join(), /1 row that came back/, again.text)
  await until('its row brings it back', 30_000, async () => (await it.live(BACK)).length === 1)
  assert.equal((await it.live(PREFIX)).length, stands - lost.length + 1)
  // What came back was put aside by mistake: nothing more goes before two people have looked.
  assert.equal((await it.shown()).breaker.is, 'open')
  await well(it)
}

/**
 * A run that finds nothing wrong: whatever was paged ends with it. That the catalogue went back in time is accepted by a person, now that its rows
 * are right again; a breaker that opened is closed by two.
 */
async function well(it: Nodecraft): Promise<void> {
  let plan: Planned = await it.plan()
  const went = plan.reasons.some(({ id }) => id === 'epoch') ? (await it.shown()).acceptable.find(({ what }) => what === 'epoch') : undefined
  if (went) {
    const { code, out, err } = await it.cli('accept', JOB, 'epoch', went.seen, '--as', 'ada')
    assert.equal(code, 0, out + err)
  }
  for (let n = 0; n < 3 && plan.reasons.some(({ id }) => id !== 'breaker'); n++) plan = await it.plan()
  if ((await it.shown()).breaker.is === 'open') {
    await it.agree('close-breaker', JOB, ['ada', 'bo'], '-m', 'what was wrong is right again')
    assert.equal((await it.shown()).breaker.is, 'closed')
    plan = await it.plan()
  }
  // Another catalogue is another agreement: what two people armed was this one (G-16).
  if ((await it.shown()).armed_by === null) {
    for (let n = 0; n < 3; n++) await it.plan()
    await it.agree('arm', JOB)
    plan = await it.plan()
  }
  assert.deepEqual([plan.reasons, plan.mode], [[], 'armed'], plan.text)
}

async function suffer(it: Nodecraft, accident: Accident, stage: Stage): Promise<void> {
  const pages = it.pages().length
  const asked = it.front.changing.length
  const answers = !/stopped|refuses|hangs/.test(accident.says)
  // A server that does not answer is asked before, and when it does again.
  const stood = answers ? '' : it.rows()
  const mend = await accident.make(it, stage)
  let mended = false
  try {
    const rows = answers && !/renamed|no lock/.test(accident.says) ? accident.where?.(stage) : undefined
    const before = [await it.objects(), rowsOf(it, answers, accident, rows)]
    for (let n = 0; n < (accident.slow ? 1 : stage.times); n++) {
      const plan = await it.plan()
      assert.equal(plan.code, 5, plan.text)
      const reason = plan.reasons.find(({ id }) => id === accident.id)
      assert.match(reason?.text ?? '', accident.words, JSON.stringify(plan.reasons, null, 1))
      assert(reason?.cure, 'the refusal says what to do')
      const applied = await it.cli('apply', plan.id)
      assert.equal(applied.code, 5, applied.out + applied.err)
      await sleep(n === 0 ? 0 : 1_100)
    }
    assert.deepEqual([await it.objects(), rowsOf(it, answers, accident, rows)], before, 'not one object and not one row was changed')
    assert.deepEqual(it.front.changing.slice(asked).filter(({ path: at }) => !at.includes('/.holdfast/')), [], 'nobody asked the store for a change')
    await until('somebody is paged', 15_000, () => it.pages().length > pages)
    assert.equal(it.pages().length - pages, 1, `one cause is paged once: ${it.pages().slice(pages).join('; ')}`)
    mended = true
    await mend()
    if (!answers) assert.equal(it.rows(), stood, 'not one row was changed')
    await well(it)
    // What stays latched is a cause of its own, once the other is over (G-28).
    const titles = it.pages().slice(pages)
    assert.equal(titles.length, new Set(titles).size, titles.join('; '))
  } finally {
    if (!mended) await mend()
  }
}

/** The rows, asked of the server itself, whatever Holdfast can reach. */
function rowsOf(it: Nodecraft, answers: boolean, { says }: Accident, where: LabServer | undefined): string {
  if (!answers) return ''
  return /renamed|no lock/.test(says) ? it.sql('select count(*), md5(string_agg(b::text, $$,$$ order by b::text)) from backups b') : /mid-stream/.test(says) ? it.sql('select count(*), md5(string_agg(b::text, $$,$$ order by b::text)) from backups_real b') : it.rows(where)
}

async function purge(it: Nodecraft, lost: readonly string[]): Promise<void> {
  const gone = lost.filter((key) => key !== BACK)
  const plan = await until('their quarantine is over', 60_000, async () => {
    const one = await it.plan()
    return one.items.some(({ act }) => act === 'purge') && one.items.every(({ act }) => act === 'purge') ? one : undefined
  })
  assert.deepEqual(plan.items.map(({ key }) => key).sort(), gone)
  const stacks = async (): Promise<string[]> => (await Promise.all(gone.map((key) => it.versions(key)))).flat()
  assert.equal((await stacks()).length, 2 * gone.length, 'a marker and a version each')
  await it.agree('purge', plan.id, ['ada'])
  await it.cli('apply', plan.id, '--no-wait')
  await sleep(2_000)
  assert.equal((await stacks()).length, 2 * gone.length, 'one person alone purges nothing')
  await it.agree('purge', plan.id)
  const applied = await it.cli('apply', plan.id, '--timeout', '90s')
  assert.equal(applied.code, 0, applied.out + applied.err)
  assert.deepEqual(await stacks(), [])
  await well(it)
  assert.equal(it.sql('select count(*) from backups').trim(), String((await it.live(PREFIX)).length), 'a row for each object, and an object for each row: the planted orphan and the planted gap make up for each other')
}

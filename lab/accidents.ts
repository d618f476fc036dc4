// A clean-up that two people armed, with objects that wait to be put aside, in a world that something is done to. Whatever is refused would have put them
// aside: they are where they need one run more.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { sleep, until, writeConfig } from '../test/story/world.ts'
import { plainly, reworded, type Asked, type Between } from './front.ts'
import { JOB, nodecraft, PREFIX, type Nodecraft, type Planned } from './nodecraft.ts'

/** So many that four objects are less than a hundredth of all bytes. */
export const ROWS = 600

/** The catalogue's database is watched, and has backups of its own. */
const WATCHED = `checks:
  games-db: { postgres: "\${secret:games-url}", query: "select 1", every: 3s, timeout: 3s, fail_after: 2, recover_after: 2 }
backups:
  dumps: { engine: postgres, of: games-db, in: { main: "dumps/games-{date}.dump" }, every: 24h }
`

export interface Armed extends Nodecraft {
  /** What waits: seen in two counted runs of three, and old enough. */
  readonly lost: readonly string[]
}

/** More that has no row, to be put aside by the next run that counts. */
export async function wait(it: Nodecraft, lost: readonly string[]): Promise<void> {
  await it.put(lost)
  await sleep(7_500)
  for (let n = 0; n < 2; n++) {
    const plan = await it.plan()
    assert.deepEqual([plan.reasons, plan.items.filter(({ act }) => act === 'quarantine')], [[], []], plan.text)
    await sleep(1_300)
  }
}

export async function armed(): Promise<Armed> {
  const it = await nodecraft({ rows: ROWS, secrets: { S3_OTHER: 'AKREADER:the-secret-of-another' }, catalogue: ', of: games-db', config: WATCHED })
  try {
    // The first run may come before its copies were listed.
    let first = await it.plan()
    for (const end = Date.now() + 60_000; (first.code !== 0 || first.reasons.length > 0) && Date.now() < end; first = await it.plan()) await sleep(1_000)
    assert.deepEqual([first.code, first.reasons], [0, []], first.text)
    for (let n = 0; n < 3; n++) assert.deepEqual((await it.plan()).reasons, [])
    await it.agree('arm', JOB)
    const lost = ['a', 'b', 'c', 'd'].map((name) => `${PREFIX}t1/lost-${name}`)
    await wait(it, lost)
    return Object.assign(it, { lost })
  } catch (cause) {
    await it.close()
    throw cause
  }
}

export const byGuard = ({ who }: Asked): boolean => who === 'AKREADER'
/** A page of the listing that a run is made of. */
export const isPage = (asked: Asked): boolean => byGuard(asked) && asked.query.has('versions') && asked.query.get('prefix') === PREFIX
export const lists = (change: (text: string) => string): Between => async (asked, pass) => (isPage(asked) ? reworded(await pass(), change) : pass())
export const isCanary = ({ path: at }: Asked): boolean => at.includes('/.holdfast/canary/')

/** One run while `between` stands between: refused for this, in these words, and nothing is asked of the store nor changed in it. */
export async function refused(it: Nodecraft, id: string, words: RegExp, between: Between = plainly): Promise<Planned> {
  const was = [await it.objects(), it.rows()]
  const asked = it.front.changing.length
  it.front.between = between
  try {
    const plan = await it.plan()
    assert.equal(plan.code, 5, plan.text)
    assert.match(plan.reasons.filter((one) => one.id === id).map(({ text }) => text).join(), words, plan.text)
    const applied = await it.cli('apply', plan.id)
    assert.equal(applied.code, 5, applied.out + applied.err)
    return plan
  } finally {
    it.front.between = plainly
    assert.deepEqual([await it.objects(), it.rows()], was)
    assert.deepEqual(it.front.changing.slice(asked).filter((one) => !isCanary(one)).map(({ method, path: at }) => `${method} ${at}`), [])
  }
}

export const entries = (text: string): string[] => text.match(/<(Version|DeleteMarker)>[\s\S]*?<\/\1>/g) ?? []

/** Changes the configuration as an editor does, and waits until it is in force. */
export async function edit(it: Nodecraft, change: (text: string) => string): Promise<void> {
  const file = path.join(it.folder, 'holdfast.yaml')
  const said = it.holdfast.output().length
  writeConfig(it.folder, change(readFileSync(file, 'utf8')))
  process.kill(it.holdfast.pids()['watchdog'] ?? 0, 'SIGHUP')
  await until('it was read again', 20_000, () => /was read again: in force/.test(it.holdfast.output().slice(said)))
}

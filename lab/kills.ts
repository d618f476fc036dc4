// A clean-up of whole processes in which somebody is killed in every phase: six objects are put aside, one is brought back by a person, five are purged by
// two. Watchdog, keeper, guard or hand dies at a request to the gateway, before it was sent or before its answer was seen; whoever comes next goes on, with
// all the waits that are real: a lease that must lapse, requests that may still arrive. What is compared at the end is the bucket, version by version, the
// rows, and what Holdfast believes.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { sleep, until } from '../test/story/world.ts'
import { plainly } from './front.ts'
import { JOB, nodecraft, PREFIX, type Nodecraft, type Planned } from './nodecraft.ts'
import type { Rgw } from './rgw.ts'
import type { LabServer } from './servers.ts'

export interface Kill {
  readonly who: 'watchdog' | 'keeper' | 'guard' | 'hand'
  readonly when: 'before' | 'after'
  /** At the how manieth request of the phase, or the first one later at which that process is there. */
  readonly at: number
}

export interface Phases {
  readonly aside?: Kill
  readonly back?: Kill
  readonly purge?: Kill
}

export interface Told {
  readonly end: unknown
  /** Requests of each phase. */
  readonly asked: Readonly<Record<keyof Phases, number>>
  readonly killed: number
}

export const LOST = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, n) => `${PREFIX}t${n}/lost-${name}`)
const [BACK = '', ...GONE] = LOST
/** So many that six objects are less than a hundredth of all bytes. */
const ROWS = 700
/** A lease of twenty seconds, a minute until nothing can arrive any more, and a start. */
const WITHIN = 240_000

export interface Prepared { readonly gateway: Rgw; readonly database: LabServer }

/** A world of its own in a gateway and a database that others use too; armed. */
export async function ripe(prepared: Prepared, name: string): Promise<Nodecraft> {
  const it = await nodecraft({ rows: ROWS, prepared, bucket: name, databaseName: name.replaceAll('-', '_'), before: async (at) => {
    await at.put(LOST)
    await at.put(LOST, `${name}-offsite`)
  } })
  try {
    await until('its first run is over', 60_000, async () => (await planned(it))?.mode === 'report')
    return it
  } catch (cause) {
    await it.close()
    throw cause
  }
}

/** A run, if somebody is there to make one. */
export const planned = (it: Nodecraft): Promise<Planned | undefined> => it.plan().then((plan) => (plan.id === '' ? undefined : plan), () => undefined)

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`)

/** SIGKILL, and nobody is waited for but the dead. A watchdog takes all of its own with it; then Holdfast is started again. */
async function strike(it: Nodecraft, { who }: Kill): Promise<boolean> {
  const pids = it.holdfast.pids()
  const pid = pids[who]
  if (pid === undefined || !isThere(pid)) return false
  process.kill(pid, 'SIGKILL')
  // A child that nobody has buried yet is as dead.
  if (who === 'watchdog') await until('all of them are gone', 40_000, () => Object.values(pids).every((one) => !isThere(one)))
  else await sleep(50)
  return true
}

/** Requests of one phase, with a death among them. */
export async function phase(it: Nodecraft, kill: Kill | undefined, act: () => Promise<void>): Promise<{ readonly asked: number; readonly killed: boolean }> {
  let [asked, killed] = [0, false]
  let again: Promise<void> | undefined
  it.front.between = async (_asked, pass) => {
    asked++
    if (kill === undefined || killed || asked < kill.at) return pass()
    const answer = kill.when === 'before' ? undefined : await pass()
    killed ||= await strike(it, kill)
    if (killed && kill.who === 'watchdog') again = it.start()
    return killed ? 'dies' : (answer ?? pass())
  }
  try {
    await act()
    await again
    return { asked, killed }
  } finally {
    it.front.between = plainly
  }
}

/** Runs as they come every few hours, until it is so. */
const runsUntil = (what: string, it: Nodecraft, isSo: (plan: Planned | undefined) => Promise<boolean>): Promise<true> => until(what, WITHIN, async () => {
  const plan = await planned(it)
  if (await isSo(plan)) return true
  await sleep(1_500)
  return undefined
})

export async function live(it: Nodecraft, kills: Phases): Promise<Told> {
  const rows = it.rows()
  const others = async (): Promise<string[]> => (await it.live(PREFIX)).filter((key) => !LOST.includes(key))
  const stood = await others()
  for (let n = 0; n < 3; n++) {
    await sleep(n === 0 ? 7_000 : 1_200)
    assert.deepEqual((await it.plan()).reasons, [])
  }
  await it.agree('arm', JOB)
  const alive = async (): Promise<string[]> => (await it.live(PREFIX)).filter((key) => LOST.includes(key))
  const aside = await phase(it, kills.aside, async () => void (await runsUntil('all six are put aside', it, async () => (await alive()).length === 0)))
  const back = await phase(it, kills.back, async () => {
    await until('somebody hears that it is wanted back', WITHIN, async () => {
      const { code } = await it.cli('release', JOB, BACK, '--no-wait', '--as', 'ada')
      return code === 0 || code === 4 || (await alive()).length === 1
    })
    await until('it is brought back', WITHIN, async () => (await alive()).length === 1)
  })
  const purge = await phase(it, undefined, async () => {
    const plan = await until('their quarantine is over', WITHIN, async () => {
      const one = await planned(it)
      return one !== undefined && one.mode === 'armed' && one.items.filter(({ act }) => act === 'purge').length === GONE.length ? one : undefined
    })
    await it.agree('purge', plan.id)
  })
  const stacks = async (): Promise<number> => (await Promise.all(GONE.map((key) => it.versions(key)))).flat().length
  const gone = await phase(it, kills.purge, async () => void (await until('they are purged', WITHIN, async () => (await stacks()) === 0)))
  await runsUntil('nothing is in doubt, and nothing is left to do', it, async (plan) => plan !== undefined && plan.code === 0 && plan.reasons.length === 0)
  const { breaker, armed_by } = await it.shown()
  const end = { breaker: breaker.is, armed_by, rows: it.rows() === rows, others: JSON.stringify(await others()) === JSON.stringify(stood), lost: await Promise.all(LOST.map(async (key) => (await it.versions(key)).length)) }
  return { end, asked: { aside: aside.asked, back: back.asked, purge: gone.asked }, killed: [aside, back, purge, gone].filter(({ killed }) => killed).length }
}

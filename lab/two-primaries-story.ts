// Two writable primaries, told within the hub of a laid net (two-primaries.lab.test.ts starts it there): three servers of PostgreSQL under Patroni with three members of etcd,
// each on a host of its own, Holdfast as its processes, and two people with authenticators. While Patroni is upgraded on the server that leads, which is what
// that step takes, its Patroni is killed and its PostgreSQL goes on; another one is elected, and then two take writes. It halts the run, both are
// paged with both names, and no step opens: not of this run, not of another one that was begun before, and no plan is given out.
// Prints what it measured as a line of JSON.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { PlanAnswer } from '../src/views/change/changes.ts'
import type { RunAnswer } from '../src/views/change/runs.ts'
import { freePorts, hookSink, sleep, startHoldfast, until, writeConfig, type Running } from '../test/story/world.ts'
import { enrol, type Authenticator } from './authenticators.ts'
import { machines, within } from './cables.ts'
import { patroni, type Patroni } from './clusters.ts'
import { headOf, leading, type Leading } from './leading.ts'
import { printStory } from './telling.ts'

export const HOSTS = ['db-1', 'db-2', 'db-3', 'app'] as const
/** ms: from the kill until there were two, from then until the run was halted, and until both were paged; with `heals`: from the end of the old server until all were well. */
export interface Told { readonly elected: number; readonly halted: number; readonly paged: number; readonly healed?: number }

const [folder = '', ends = ''] = process.argv.slice(2)
const at = (name: string): string => path.join(folder, name)
const trace = at('ran')
const ran = (): string[] => (existsSync(trace) ? readFileSync(trace, 'utf8').split('\n').filter(Boolean) : [])

const yaml = (it: { readonly port: number; readonly hook: number; readonly hostKey: string; readonly ways: Patroni['ways'] }): string => `${headOf(it)}hosts:
${HOSTS.map((host, n) => `  ${host}: { ssh: "root@10.77.0.${n + 1}", key: scout.key, host_key: "${it.hostKey}", links: { eth0: {}, eth1: {} } }`).join('\n')}
clusters:
  shop-db: { patroni: [db-1, db-2, db-3], as: "\${secret:pg}", rest: "${it.ways['shop-db'].rest ?? ''}", canary: holdfast.canary, dcs: dcs }
  dcs: { etcd: [db-1, db-2, db-3], as: "${it.ways.dcs.as}" }
runbooks:
  upgrade:
    title: Upgrade Patroni on one server
    people: { does: [ada], checks: [bo] }
    hosts: { cluster: shop-db, serial: 1 }
    preflight: [ links.up, cluster.healthy, incidents.none ]
    keep: { cluster: shop-db, tolerate: 0 }
    guard: [ links.up, { cluster: shop-db, at_least: 2 } ]
    steps:
      - { id: note, run: [sh, -c, 'echo "$1 $2" >>"$3"', sh, note, "{{host}}", ${trace}], on: "{{host}}", until: { exit: 0 }, within: 1m }
      - { id: patroni, manual: "Upgrade Patroni on {{host}}. Its server goes on meanwhile.", takes: ["{{host}}"], until: { cluster: shop-db, synced: "{{host}}" }, within: 30m }
      - { id: after, run: [sh, -c, 'echo "$1 $2" >>"$3"', sh, after, "{{host}}", ${trace}], on: "{{host}}", until: { exit: 0 }, within: 1m }
  release:
    title: Release the application
    people: { does: [ada], checks: [bo] }
    hosts: { names: [app] }
    guard: [ { cluster: shop-db, at_least: 1 } ]
    steps:
      - { id: deploy, run: [sh, -c, 'echo "$1 $2" >>"$3"', sh, deploy, "{{host}}", ${trace}], on: "{{host}}", until: { exit: 0 }, within: 1m }
`

interface Stage {
  readonly holdfast: Running
  readonly servers: Patroni
  readonly hooks: Awaited<ReturnType<typeof hookSink>>['hooks']
  /** The plan of a runbook for a host, with what it still needs accepted said to be; the exit code with which it came. */
  plan(runbook: string, host: string): Promise<{ readonly code: number | null; readonly said: string }>
  begin(runbook: string, host: string): Promise<Leading>
}

async function stage(t: { after(end: () => unknown): void }): Promise<Stage> {
  const { hostKey } = machines(t, folder, HOSTS, at('bin'))
  const servers = await patroni(t, { address: (n) => `10.78.0.${n}`, listens: '0.0.0.0', by: (n) => ['ip', ...within(`db-${n}`)] })
  const [port = 0, hook = 0] = await freePorts(2)
  writeConfig(folder, yaml({ port, hook, hostKey, ways: servers.ways }))
  const { hooks, close } = await hookSink(hook)
  t.after(close)
  const holdfast = startHoldfast(folder, port, { HOLDFAST_SECRET_PG: servers.ways['shop-db'].as }, ['--lab', '--shrink', '86400'])
  t.after(() => holdfast.stop())
  await until('it answers', 120_000, () => fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.ok, () => false)).catch((cause: unknown) => assert.fail(`${String(cause)} ${holdfast.output()}`))
  const keys = new Map<string, Authenticator[]>()
  await Promise.all(['ada', 'bo'].map(async (who) => keys.set(who, await enrol({ holdfast }, who, 6))))
  // Lab time: who is known for four seconds is known for four days.
  await sleep(4000)
  const needs = async (runbook: string, host: string): Promise<string[]> => {
    const { out } = await holdfast.cli('runbooks', 'plan', runbook, '--host', host, '--json')
    const { accept = [] } = JSON.parse(out === '' ? '{}' : out) as Partial<PlanAnswer>
    return accept.flatMap(({ code }) => ['--accept', `${code}=Agreed with the customer`])
  }
  return {
    holdfast, servers, hooks,
    async plan(runbook, host) {
      const { code, out, err } = await holdfast.cli('runbooks', 'plan', runbook, '--host', host, ...await needs(runbook, host))
      return { code, said: out + err }
    },
    async begin(runbook, host) {
      let last = ''
      const { run } = await until(`${runbook} begins on ${host}`, 60_000, async () => {
        const { code, out, err } = await holdfast.cli('runbooks', 'run', runbook, '--host', host, ...await needs(runbook, host), '--checks', 'bo', '--no-wait', '--as', 'ada', '--json')
        last = `${code} ${out}${err}`
        return code === 4 && (JSON.parse(out) as RunAnswer)
      }).catch(() => assert.fail(`${runbook} does not begin on ${host}: ${last}`))
      return leading({ holdfast, hooks, keys, run })
    },
  }
}

async function tell(t: { after(end: () => unknown): void }): Promise<Told> {
  const it = await stage(t)
  const { holdfast, servers, hooks } = it
  const old = servers.leader()
  const host = `db-${old}`
  const upgrade = await it.begin('upgrade', host)
  // Nobody has pressed for this one before there are two.
  const release = await it.begin('release', 'app')
  await upgrade.press('ada', 'bo')
  await upgrade.at('the first step is done', ({ run }) => run.steps[0]?.state === 'done')
  await upgrade.press('ada', 'bo')
  await upgrade.at('Patroni is upgraded', ({ run }) => run.steps[1]?.state === 'running')

  const since = Date.now()
  servers.patroni(old).signal('SIGKILL')
  const takes = (n: number): boolean => servers.sql(n, 'select not pg_is_in_recovery()') === 't'
  const other = await until('another one is elected', 60_000, () => [1, 2, 3].find((n) => n !== old && takes(n)))
  const two = Date.now()
  assert.ok(takes(old), 'and the old one takes writes as before')
  const named = (text: string): boolean => [old, other].every((n) => text.includes(`db-${n}`)) && text.includes('both take writes')
  const halted = await upgrade.at('two halt it', ({ run }) => run.halt !== null, 30_000)
  const line = halted.told.find(({ event }) => event === 'halted') ?? assert.fail()
  assert.match(`${line.cause?.subject} ${line.cause?.claim}`, /^cluster:shop-db is split: .* both take writes$/, 'what the step takes is no surprise, two who take writes are')
  assert.ok(named(line.cause?.claim ?? ''), line.cause?.claim)
  assert.equal(line.cause?.after_step, 'patroni')
  const pages = await until('both are paged', 30_000, () => {
    const found = ['ada', 'bo'].map((who) => hooks.find(({ at: when, body }) => when >= since && body.person === who && body.incident?.title === 'Stopped: Upgrade Patroni on one server'))
    return found.every((one) => one !== undefined) && found
  })
  for (const page of pages) assert.ok(named(JSON.stringify(page?.body)), JSON.stringify(page?.body))
  const paged = Math.max(...pages.map((page) => page?.at ?? 0)) - two

  // It is seen by whoever looks, and no step opens.
  const shown = await holdfast.cli('cluster', 'show', 'shop-db')
  assert.deepEqual([shown.code, named(shown.out)], [3, true], shown.out)
  for (const [runbook, on] of [['upgrade', host], ['upgrade', `db-${other}`], ['release', 'app']] as const) {
    const { code, said } = await it.plan(runbook, on)
    assert.deepEqual([code, named(said)], [5, true], `the plan of ${runbook} on ${on} is refused, and says why: ${said}`)
  }
  for (const who of ['ada', 'bo']) {
    const { status, said } = await release.pressOnce(who)
    assert.ok(status === 409 && said.includes('HF497') && named(said), `${who} presses what was offered before: ${status} ${said}`)
  }
  assert.deepEqual([(await release.told()).run.state, (await release.told()).run.halt], ['offered', null], 'nothing was taken, and before the first press nothing halts')
  const resumed = await holdfast.cli('runbooks', 'resume', upgrade.run)
  assert.equal(resumed.code, 4, resumed.out + resumed.err)
  await upgrade.press('bo', 'ada')
  await upgrade.at('both want it to go on, and it does not', ({ told }) => told.some(({ event, says }) => event === 'refused' && named(says ?? '')), 40_000)
  assert.ok((await upgrade.told()).run.halt !== null)
  assert.deepEqual(ran(), [`note ${host}`], 'nothing more was run')
  const measured = { elected: two - since, halted: Date.parse(line.at) - two, paged }
  if (ends !== 'heals') return measured

  // People end the one that was overtaken; it comes back as a follower, and both have it go on.
  const ended = Date.now()
  servers.end(old)
  servers.start(old)
  await until('all are well', 120_000, async () => (await holdfast.cli('cluster', 'show')).code === 0)
  const healed = Date.now() - ended
  await release.press('ada', 'bo')
  await release.at('what was offered before runs', ({ run }) => run.state === 'done')
  if ((await upgrade.told()).run.asked === null) assert.equal((await holdfast.cli('runbooks', 'resume', upgrade.run)).code, 4)
  await upgrade.press('bo', 'ada')
  await upgrade.at('both have it go on', ({ run }) => run.halt === null && run.steps[1]?.state === 'done', 60_000)
  await upgrade.press('ada', 'bo')
  await upgrade.at('it ends', ({ run }) => run.state === 'done')
  assert.deepEqual(ran(), [`note ${host}`, 'deploy app', `after ${host}`], 'each was run once')
  const verified = await holdfast.cli('ledger', 'verify')
  assert.equal(verified.code, 0, verified.out)
  return { ...measured, healed }
}

if (import.meta.main) await printStory(tell)

// The outage `backendless`, as it goes with Holdfast in place, told within the hub of a laid net: three Galera nodes, HAProxy, an application that writes, and
// `grow-memory` on one of the servers, led by two people. While its memory is being added the cable of another server is pulled, and then two of
// three are gone. Prints what it measured as a line of JSON. Arguments: a folder, a seed, how often a cable is pulled, and the names of variants.
import assert from 'node:assert/strict'
import path from 'node:path'
import { serverAt } from '../src/cli/client.ts'
import type { IncidentsAnswer } from '../src/views/answers.ts'
import type { ClustersAnswer, PlanAnswer } from '../src/views/change/changes.ts'
import type { RunAnswer, RunLine } from '../src/views/change/runs.ts'
import { freePorts, hookSink, sleep, startHoldfast, until, writeConfig, type Running } from '../test/story/world.ts'
import { enrol, type Authenticator } from './authenticators.ts'
import { APART, cable, fromHub, within } from './cables.ts'
import { headOf, leading, type Leading } from './leading.ts'
import { shop, type Shop } from './shop.ts'

export const HOSTS = ['db-1', 'db-2', 'db-3'] as const
export type Host = (typeof HOSTS)[number]
/** Of one pulled cable: after how many ms it was pulled, and when after that the run was halted, and both were paged. */
export interface Pulled { readonly host: string; readonly delay: number; readonly halted: number; readonly paged: number }
export interface Measured { readonly pulled: Pulled[]; readonly ruled: number[]; acknowledged: number }

export interface Stage {
  readonly folder: string
  readonly holdfast: Running
  readonly shop: Shop
  readonly sink: Awaited<ReturnType<typeof hookSink>>
  readonly measured: Measured
  random(): number
  /** Holdfast again, after all of it has ended. */
  anew(): Promise<void>
  get<Of>(at: string): Promise<Of>
  post(at: string, body: object): Promise<{ readonly status: number; readonly body: unknown }>
  /** Draws the plan, has accepted what it needs, and begins. */
  begin(host: Host): Promise<Leading>
  /** Both press for a step, and it is seen to begin. */
  press(it: Leading, step: string): Promise<void>
  /** … and to be done. */
  go(it: Leading, step: string): Promise<void>
  /** Every one of these members is well, and its cables are known to be up. */
  well(...hosts: readonly Host[]): Promise<void>
  /** What is seen after a cable was pulled at `at`: halted, paged, and told as it was. */
  stopped(it: Leading, host: string, at: number, more?: { readonly claim?: RegExp; /** After `stop` was done, and before the next step began. */ readonly between?: boolean }): Promise<{ readonly halted: number; readonly paged: number; readonly line: RunLine }>
  /** All is well again, and both have it go on. */
  resume(it: Leading, without: Host): Promise<void>
}

/** So long a cable is out at least. */
const OUT = 8000
export const indexOf = (host: string): number => HOSTS.indexOf(host as Host)
/** Small, and the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let it = Math.imul(state ^ (state >>> 15), 1 | state)
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it
    return ((it ^ (it >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** What a configuration is filled in with. */
export interface Filled { readonly port: number; readonly hook: number; readonly hostKey: string; readonly shop: Shop; readonly own: string; readonly hub: string; readonly more: string }
const yaml = (it: Filled): string => `${headOf(it)}${it.more}hosts:
${HOSTS.map((name, n) => `  ${name}: { ssh: "root@10.77.0.${n + 1}", key: scout.key, host_key: "${it.hostKey}", rack: r${n + 1}, links: { eth0: {}, eth1: {} } }`).join('\n')}
clusters:
  shop-db: { galera: [db-1, db-2, db-3], as: "\${secret:galera-url}", canary: holdfast.canary }
checks:
  api: { http: "http://${it.hub}:${it.shop.app}/", every: 1s, timeout: 1s, fail_after: 3, recover_after: 1, depends_on: shop-db }
runbooks:
  grow-memory:
    title: Add memory to one database server
    people: { does: [ada], checks: [bo] }
    hosts: { cluster: shop-db, serial: 1 }
    preflight: [ links.up, cluster.healthy, incidents.none ]
    keep: { cluster: shop-db, tolerate: 0 }
    guard: [ links.up, { cluster: shop-db, at_least: 2 }, { checks: [api] } ]
    steps:
      - { id: drain,   do: { haproxy: { backend: shop, server: "{{host}}", state: drain, socket: "${it.shop.socket}" } }, until: { sessions: 0 }, within: 2m, undo: { haproxy: { backend: shop, server: "{{host}}", state: ready, socket: "${it.shop.socket}" } } }
      - { id: stop,    run: [systemctl, stop, mariadb], on: "{{host}}", takes: ["{{host}}"], until: { stopped: "{{host}}" }, within: 2m, undo: { run: [systemctl, start, mariadb] } }
      - { id: memory,  manual: "Add the memory to {{host}} in rack {{host.rack}}. Do not touch other cables.", takes: ["{{host}}"], until: { links: "{{host}}", boots: "{{host}}" }, within: 45m }
      - { id: start,   run: [systemctl, start, mariadb], on: "{{host}}", takes: ["{{host}}"], until: { cluster: shop-db, synced: "{{host}}" }, within: 3m }
      - { id: undrain, do: { haproxy: { backend: shop, server: "{{host}}", state: ready, socket: "${it.shop.socket}" } }, until: { server: ready }, within: 2m }
`

/** `apart`: Holdfast stands on a machine of its own; `more`: of its configuration. */
export interface Staging {
  readonly apart?: boolean
  readonly more?: string
  /** Another configuration, the codes that its plan wants accepted, and where HAProxy is told to have its runtime socket. */
  readonly other?: { readonly yaml: (it: Filled) => string; readonly accept: readonly string[]; readonly socket: string }
}

/** Starts all of it; `told` ends when it does. */
export async function stageFor(folder: string, seed: number, told: (stage: Stage) => Promise<void>, { apart = false, more = '', other }: Staging = {}): Promise<Measured> {
  const ends: (() => unknown)[] = []
  const t = { after: (end: () => unknown): void => void ends.push(end) }
  try {
    const it = await shop(t, folder, HOSTS, other?.socket)
    const [port = 0, hook = 0] = await freePorts(2)
    const [own, hub] = apart ? [APART, '10.77.0.254'] : ['127.0.0.1', '127.0.0.1']
    writeConfig(folder, (other?.yaml ?? yaml)({ port, hook, hostKey: it.hostKey, shop: it, own, hub, more }))
    const sink = await hookSink(hook, hub)
    t.after(() => sink.close())
    const { holdfast, anew } = reborn(() => startHoldfast(folder, port, { HOLDFAST_SECRET_GALERA_URL: it.as }, ['--host', own, '--lab', '--shrink', '86400'], apart ? ['ip', ...within('apart')] : []))
    t.after(() => holdfast.stop())
    const answers = (): Promise<true> => until('it answers', 60_000, () => fetch(`http://${own}:${port}/healthz`).then((reply) => reply.ok, () => false))
      .catch((cause: unknown) => assert.fail(`${String(cause)}\n${holdfast.output().slice(-3000)}`))
    await answers()
    const keys = new Map<string, Authenticator[]>()
    await Promise.all(['ada', 'bo'].map(async (who) => keys.set(who, await enrol({ holdfast }, who, 8))))
    // Lab time: who is known for four seconds is known for four days.
    await sleep(4000)
    const from = apart ? (person: string): string => fromHub(['ada', 'bo'].indexOf(person)) : undefined
    const stage = stageOf({ folder, holdfast, anew: () => anew().then(answers).then(() => undefined), shop: it, sink, keys, random: seeded(seed), accept: other?.accept ?? ['tolerance.stop'], ...(from ? { from } : {}) })
    await told(stage)
    await stage.well(...HOSTS)
    for (const n of [1, 2, 3]) assert.deepEqual(it.lost(n), [], `acknowledged, and not on db-${n}`)
    stage.measured.acknowledged = it.journal().length
    const verified = await holdfast.cli('ledger', 'verify')
    assert.equal(verified.code, 0, verified.out)
    return stage.measured
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

/** One Holdfast after another on the same data; what they say stands together. */
function reborn(start: () => Running): { readonly holdfast: Running; anew(): Promise<void> } {
  let [said, running] = ['', start()]
  return {
    holdfast: {
      folder: running.folder,
      get child() { return running.child },
      output: () => said + running.output(), pids: () => running.pids(), stop: () => running.stop(), cli: (...args) => running.cli(...args),
    },
    async anew() {
      await until('the one before has ended', 10_000, () => running.child.exitCode !== null || running.child.signalCode !== null)
      ;[said, running] = [said + running.output(), start()]
    },
  }
}

type Given = Pick<Stage, 'folder' | 'holdfast' | 'anew' | 'shop' | 'sink' | 'random'> & { readonly keys: ReadonlyMap<string, readonly Authenticator[]>; readonly accept: readonly string[]; readonly from?: (person: string) => string }
function stageOf({ folder, holdfast, anew, shop, sink, keys, random, accept: codes, from }: Given): Stage {
  const server = serverAt({ data: path.join(folder, 'data'), timeout: 20_000, env: process.env, warn: () => undefined })
  const send = async (method: 'GET' | 'POST', at: string, body?: object): Promise<{ readonly status: number; readonly body: unknown }> => server.send(method, `/api/v1${at}`, body)
  const get = async <Of>(at: string): Promise<Of> => (await send('GET', at)).body as Of
  const stage: Stage = {
    folder, holdfast, anew, shop, sink, random, get, post: (at, body) => send('POST', at, body), measured: { pulled: [], ruled: [], acknowledged: 0 },
    async begin(host) {
      let lacks = ''
      const plan = await until(`grow-memory on ${host} can be planned`, 90_000, async () => {
        const { status, body } = await send('POST', '/runbooks/grow-memory/plan', { host })
        const it = body as PlanAnswer
        lacks = JSON.stringify(status === 200 ? it.steps[0]?.gates.filter(({ found }) => found !== 'pass') : body)
        return status === 200 && it.steps[0]?.gates.every(({ found }) => found === 'pass') === true && it
      }).catch((cause: unknown) => assert.fail(`${String(cause)}: ${lacks}`))
      const tolerates = plan.steps.map(({ id, tolerance }) => `${id} ${tolerance}`).join(', ')
      assert.equal(tolerates, 'drain 1, stop 0, memory 0, start 0, undrain 1', 'the plan says it before anything is touched')
      assert.deepEqual(plan.accept.map(({ code }) => code).toSorted(), codes.toSorted())
      const refused = await send('POST', '/runbooks/grow-memory/run', { host, person: 'ada' })
      assert.equal(refused.status, 409, 'somebody has to take that upon themselves')
      const accept = codes.map((code) => ({ code, reason: 'Agreed with the customer' }))
      // On a machine that is busy a member may not be known for a moment: it is refused then.
      const { run } = await until('it begins', 60_000, async () => {
        const { status, body } = await send('POST', '/runbooks/grow-memory/run', { host, person: 'ada', accept })
        return status === 200 && (body as RunAnswer)
      })
      return leading({ holdfast, hooks: sink.hooks, keys, run, ...(from ? { from } : {}) })
    },
    async press(it, step) {
      await it.at(`${step} is offered`, ({ run }) => run.steps.find(({ id }) => id === step)?.state === 'offered' && run.asked !== null)
      await it.press('ada', 'bo')
      const second = Date.now()
      await it.at(`${step} has begun`, ({ told }) => told.some(({ event, step: of }) => event === 'began' && of === step))
      const began = await it.line('began', step)
      stage.measured.ruled.push(Date.parse(began?.at ?? '') - second)
    },
    async go(it, step) {
      await stage.press(it, step)
      await it.at(`${step} is done`, ({ run }) => run.steps.find(({ id }) => id === step)?.state === 'done', 120_000)
    },
    async well(...hosts) {
      let last: unknown
      await until(`${hosts.join(', ')} are well`, 40_000, async () => {
        const { clusters } = await get<ClustersAnswer>('/clusters')
        last = clusters
        const members = clusters[0]?.members ?? []
        return hosts.every((host) => members.some((it) => it.host === host && it.state === 'pass' && it.links.every(({ state }) => state === 'pass')))
      }).catch((cause: unknown) => assert.fail(`${String(cause)} ${JSON.stringify(last)}\n${holdfast.output().slice(-2000)}`))
    },
    async stopped(it, host, at, { claim = /^lost carrier$/, between = false } = {}) {
      await it.at('the surprise has halted it', ({ run }) => run.halt !== null, 30_000)
      const line = await it.line('halted') ?? assert.fail()
      assert.equal(line.cause?.subject, `link:${host}/eth1`)
      assert.match(line.cause?.claim ?? '', claim)
      assert.equal(line.cause?.after_step, between ? 'stop' : 'memory', 'what began last')
      const pages = await until('both are paged', 30_000, () => {
        const found = ['ada', 'bo'].map((who) => sink.hooks.find(({ at: when, body }) => when >= at && body.person === who && body.incident?.title.startsWith('Stopped: Add memory')))
        return found.every((one) => one !== undefined) && found
      })
      const sentence = new RegExp(`link:${host}/eth1 lost carrier.*${between ? 'after step 2 \\(stop\\) was done' : 'after step 3 \\(memory\\) began'}.*nothing more begins`)
      for (const page of pages) assert.match(JSON.stringify(page?.body), sentence)
      const { incidents } = await get<IncidentsAnswer>('/incidents?state=open')
      const named = incidents.filter(({ says, title }) => `${title} ${says}`.includes(`link:${host}`))
      assert.equal(named.length, 1, `one incident names the cable: ${JSON.stringify(incidents.map(({ title, says }) => [title, says]))}`)
      return { halted: Date.parse(line.at) - at, paged: Math.max(...pages.map((page) => page?.at ?? 0)) - at, line }
    },
    async resume(it, without) {
      await stage.well(...HOSTS.filter((host) => host !== without))
      await until('the application writes again', 60_000, async () => (await get<{ readonly state: string }>('/checks/api')).state === 'up')
      const { status, body } = await send('POST', `/runs/${it.run}/resume`, { person: 'ada' })
      assert.equal(status, 200, JSON.stringify(body))
      await it.press('bo', 'ada')
      await it.at('both have it go on', ({ run }) => run.halt === null, 60_000)
    },
  }
  return stage
}

/** The whole of it, with so many pulled cables while the memory is being added. */
export async function backendless(stage: Stage, host: Host, times: number): Promise<void> {
  const it = await stage.begin(host)
  for (const step of ['drain', 'stop']) await stage.go(it, step)
  await stage.press(it, 'memory')
  const machine = stage.shop.hosts[indexOf(host)] ?? assert.fail()
  for (let n = 0; n < times; n++) {
    // Off for the last of them alone: who was away for long is asked ever more seldom, and the story waits for it.
    if (n === times - 1) machine.off()
    const others = HOSTS.filter((one) => one !== host)
    const victim = others[Math.floor(stage.random() * others.length)] ?? assert.fail()
    const delay = Math.floor(stage.random() * 4000)
    await sleep(delay)
    const at = Date.now()
    cable(indexOf(victim), 1, 'down')
    const { halted, paged } = await stage.stopped(it, victim, at)
    stage.measured.pulled.push({ host: victim, delay, halted, paged })
    // Long enough that the others have lost their majority.
    await until('nobody writes', 30_000, () => !HOSTS.some((one) => one !== host && stage.shop.synced(indexOf(one) + 1)))
    // A cable that comes back just as they let go of each other may leave them forming views of one for ever, thousands a second (Galera 26.4.23, with short timeouts).
    await sleep(Math.max(0, at + OUT - Date.now()))
    cable(indexOf(victim), 1, 'up')
    await stage.resume(it, host)
  }
  machine.on()
  await it.at('the memory is in', ({ run }) => run.steps.find(({ id }) => id === 'memory')?.state === 'done', 120_000)
  for (const step of ['start', 'undrain']) await stage.go(it, step)
  await it.at('the run is over', ({ run }) => run.state === 'done')
  assert.deepEqual(stage.shop.called().slice(-2), [`${indexOf(host) + 1} stop mariadb`, `${indexOf(host) + 1} start mariadb`], 'each command was run once')
}

if (import.meta.main) {
  const [folder = '', seed = '0', times = '1', runs = '1'] = process.argv.slice(2)
  const measured = await stageFor(folder, Number(seed), async (stage) => {
    for (let n = 0; n < Number(runs); n++) await backendless(stage, HOSTS[n % HOSTS.length] ?? 'db-1', Number(times))
  })
  console.log(JSON.stringify(measured))
}

// The runbook `grow-memory` as its owner wrote it, with nothing left out, told within the hub of a laid net (grow-memory.lab.test.ts starts it there): its window, its people by the
// calendar of whoever is on call, copies that are really there and were really restored, the board on which it is announced, and all five steps on each of three
// Galera servers, or of one. Filled in is what only an installation knows: addresses and keys, the second cable of each host, and which hours the window has. At the
// last server but one, or the only one, the cable of another is pulled while the memory is being added; with the last of all three the work is over, and where
// no more is to be done a person says so. What the public reads meanwhile is read as the public does it. Prints what it measured as a line of JSON.
// Arguments: a folder, a seed, and servers.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { PlanAnswer } from '../src/views/change/changes.ts'
import { sleep, until } from '../test/story/world.ts'
import { HOSTS, indexOf, stageFor, type Filled, type Host, type Stage } from './backendless-story.ts'
import { cable } from './cables.ts'
import { headOf, type Leading } from './leading.ts'

/** As its owner wrote it, word for word. */
const OWNED = `clusters:
  shop-db: { galera: [db-1, db-2, db-3], as: "\${secret:galera-url}", canary: holdfast.canary }
runbooks:
  grow-memory:
    title: Add memory to one database server
    window: { days: [tue, wed], from: "02:00", to: "05:00" }       # permits, never starts
    people: { does: oncall.primary, checks: [bo, chen] }
    hosts: { cluster: shop-db, serial: 1 }
    preflight: [ links.up, cluster.healthy, { backup: shop, age: 26h, rung: L4, proven: 8d }, incidents.none ]
    keep: { cluster: shop-db, tolerate: 0 }                          # less than 1 needs a named acceptance
    guard: [ links.up, { cluster: shop-db, at_least: 2 }, { checks: [api] } ]
    announce: { board: public, components: [API], lead: 48h }
    steps:
      - { id: drain,   do: { haproxy: { backend: shop, server: "{{host}}", state: drain } }, until: { sessions: 0 }, within: 10m, undo: { haproxy: { backend: shop, server: "{{host}}", state: ready } } }
      - { id: stop,    run: [systemctl, stop, mariadb], on: "{{host}}", takes: ["{{host}}"], until: { stopped: "{{host}}" }, within: 5m, undo: { run: [systemctl, start, mariadb] } }
      - { id: memory,  manual: "Add the memory to {{host}} in rack {{host.rack}}. Do not touch other cables.", takes: ["{{host}}"], until: { links: "{{host}}", boots: "{{host}}" }, within: 45m }
      - { id: start,   run: [systemctl, start, mariadb], on: "{{host}}", takes: ["{{host}}"], until: { cluster: shop-db, synced: "{{host}}" }, within: 30m }
      - { id: undrain, do: { haproxy: { backend: shop, server: "{{host}}", state: ready } }, until: { server: ready } }
`
const HOURS = 'days: [tue, wed], from: "02:00", to: "05:00"'
/** Where HAProxy has its socket when nobody says anything else: in this story's own mounts. */
const SOCKET = '/run/haproxy/admin.sock'

export interface Told { readonly acknowledged: number; readonly halted: number; readonly paged: number; readonly waited: number }

const [folder = '', seed = '0', ...servers] = process.argv.slice(2)
const at = (...names: string[]): string => path.join(folder, ...names)

/** From an hour ago for three hours, on the days that those are. */
function hoursOf(now: Date): string {
  const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
  const [from, to] = [-1, 2].map((hours) => new Date(now.getTime() + hours * 3_600_000)) as [Date, Date]
  const time = (moment: Date): string => `"${moment.toISOString().slice(11, 16)}"`
  return `days: [${[...new Set([from, to].map((moment) => DAYS[moment.getUTCDay()]))].join(', ')}], from: ${time(from)}, to: ${time(to)}`
}

function yamlOf(it: Filled): string {
  assert.equal(OWNED.split(HOURS).length, 2)
  return `${headOf(it).replace('escalation:\n', '  chen: { email: chen@acme.example, role: approver, reach: [hook] }\nescalation:\n')}oncall:
  primary: { rotate: weekly, people: [ada] }
hosts:
${HOSTS.map((name, n) => `  ${name}: { ssh: "root@10.77.0.${n + 1}", key: scout.key, host_key: "${it.hostKey}", rack: r${n + 1}, links: { eth0: { neighbour: sw-${n + 1} }, eth1: {} } }`).join('\n')}
checks:
  api: { http: "http://${it.hub}:${it.shop.app}/", every: 1s, timeout: 1s, fail_after: 3, recover_after: 1, depends_on: shop-db }
stores:
  nas: { dir: ./nas, marker: .holdfast-store }
backups:
  shop: { engine: mariadb, in: { nas: "shop/{date}.sql.gz" }, every: 24h, drill: { every: 7d, assert: [ { sql: "select count(*) > 0 from orders" } ] } }
status_pages:
  public: { components: { API: [api] } }
${OWNED.replace(HOURS, hoursOf(new Date()))}`
}

interface Work { readonly id: string; readonly name: string; readonly status: string; readonly holdfast_state?: string; readonly incident_updates: readonly { readonly body: string }[] }

/** What the public reads: the work with its words, newest first, and how its component stands. */
async function publicly({ holdfast: { folder: of } }: Stage, base: string): Promise<{ readonly work: Work | undefined; readonly words: string[]; readonly component: string; readonly page: string }> {
  assert.equal(of, folder)
  const read = async (where: string): Promise<Response> => {
    const reply = await fetch(`${base}${where}`, { signal: AbortSignal.timeout(10_000) })
    assert.equal(reply.status, 200, where)
    return reply
  }
  const { scheduled_maintenances: [work] } = await (await read('/api/v2/scheduled-maintenances.json')).json() as { scheduled_maintenances: Work[] }
  const { components } = await (await read('/api/v2/components.json')).json() as { components: { name: string; status: string }[] }
  return { work, words: work?.incident_updates.map(({ body }) => body) ?? [], component: components.find(({ name }) => name === 'API')?.status ?? '', page: (await (await read('/')).text()).replaceAll(/<[^>]*>|\s+/g, ' ') }
}
type Public = Awaited<ReturnType<typeof publicly>>

/** The job of the night before; Holdfast finds what it wrote as soon as it looks. */
function saveShop(): void {
  execFileSync('bash', ['-c', `set -o pipefail; mariadb-dump --no-defaults --socket=${at('n3/s.sock')} -uroot --single-transaction shop | gzip -c > ${at('nas/shop', `${new Date().toISOString().slice(0, 10)}.sql.gz`)}`], { timeout: 60_000 })
}

/** What the gate knows of the copy, once it was restored: which proof, of which copy. */
async function proven({ get, post, holdfast }: Stage): Promise<void> {
  const drilled = await holdfast.cli('backups', 'drill', 'shop')
  // One that is due by itself may be under way.
  assert.ok(drilled.code === 0 || /under way|is drilled/.test(drilled.out + drilled.err), drilled.out + drilled.err)
  const { sets } = await get<{ readonly sets: readonly { readonly set: string }[] }>('/backups')
  assert.deepEqual(sets.map(({ set }) => set), ['shop'])
  const gate = await until('the copy was restored, and the plan knows it', 60_000, async () => {
    const { body } = await post('/runbooks/grow-memory/plan', { host: 'db-1' })
    return (body as PlanAnswer).steps[0]?.gates.find(({ want, found }) => want.includes('a copy of shop that counts, not older than 1 d 2 h, proven up to L4, within 8 d') && found === 'pass')
  })
  assert.match(gate.evidence[0]?.says ?? '', /shop\/\d{4}-\d\d-\d\d\.sql\.gz/)
}

/** The machine on which it works is turned off and on: the memory is in. */
async function remembered(stage: Stage, it: Leading, host: Host): Promise<void> {
  const machine = stage.shop.hosts[indexOf(host)] ?? assert.fail()
  machine.off()
  await sleep(2000)
  machine.on()
  await it.at('the memory is in', ({ run }) => run.steps.find(({ id }) => id === 'memory')?.state === 'done', 120_000)
}

/** One server, both pressing for each of the five; `meanwhile`: while its memory is being added. */
async function grow(stage: Stage, host: Host, meanwhile: (it: Leading) => Promise<void> = () => Promise.resolve()): Promise<void> {
  const since = stage.shop.called().length
  const it = await stage.begin(host)
  for (const step of ['drain', 'stop']) await stage.go(it, step)
  await stage.press(it, 'memory')
  await meanwhile(it)
  await remembered(stage, it, host)
  for (const step of ['start', 'undrain']) await stage.go(it, step)
  const { run } = await it.at('the run is over', (one) => one.run.state === 'done')
  assert.deepEqual(run.steps.map(({ id, state }) => [id, state]), ['drain', 'stop', 'memory', 'start', 'undrain'].map((id) => [id, 'done']))
  assert.deepEqual(stage.shop.called().slice(since), [`${indexOf(host) + 1} stop mariadb`, `${indexOf(host) + 1} start mariadb`], 'each command was run once, on its host')
}

type Reads = (what: string, holds: (it: Public) => boolean) => Promise<Public>

/** The cable of another server is pulled while the memory is being added, and put back. */
async function surprised(stage: Stage, it: Leading, { host, reads }: { readonly host: Host; readonly reads: Reads }): Promise<Pick<Told, 'halted' | 'paged'>> {
  const victim = HOSTS.findLast((one) => one !== host) ?? assert.fail()
  await sleep(Math.floor(stage.random() * 3000))
  const pulled = Date.now()
  cable(indexOf(victim), 1, 'down')
  const { halted, paged } = await stage.stopped(it, victim, pulled)
  const seen = await reads('the public reads that it is halted', ({ words }) => words[0] === 'The work is halted.')
  assert.equal(seen.work?.status, 'in_progress')
  assert.match(seen.page, /The work is halted\./)
  assert.doesNotMatch(JSON.stringify(seen), /db-\d|eth1|carrier/, 'and nothing of what was seen')
  // So long a cable is out at least (see the story backendless).
  await sleep(Math.max(0, pulled + 8000 - Date.now()))
  cable(indexOf(victim), 1, 'up')
  await stage.resume(it, host)
  await reads('it goes on', ({ words }) => words[0] === 'The work goes on.')
  return { halted, paged }
}

async function tell(stage: Stage, base: string, hosts: readonly Host[]): Promise<Pick<Told, 'halted' | 'paged'>> {
  let measured = { halted: 0, paged: 0 }
  const reads: Reads = (what, holds) => {
    let last: Public | undefined
    return until(what, 20_000, async () => holds(last = await publicly(stage, base)) && last).catch(() => assert.fail(`${what}: ${JSON.stringify(last)}`))
  }
  assert.equal((await publicly(stage, base)).work, undefined, 'nothing is planned yet')
  const announced = await stage.post('/board/announce', { board: 'public', title: 'More memory for the database', components: ['API'], from: '8s', until: '3h', text: 'Requests may take a little longer.', person: 'ada' })
  assert.equal(announced.status, 200, JSON.stringify(announced.body))
  const planned = await reads('the public reads that it is planned', ({ work }) => work?.status === 'scheduled')
  assert.match(planned.page, /Planned work.*More memory for the database/i)
  await proven(stage)
  await reads('its time comes, and nothing has begun', ({ work }) => work?.holdfast_state === 'not_begun')

  for (const [n, host] of hosts.entries()) {
    await grow(stage, host, async (it) => {
      const { words, page, component } = await reads('it is in progress', ({ work }) => work?.status === 'in_progress')
      if (n === 0) assert.match(words[0] ?? '', /^The work has begun\./)
      assert.match(page, /In progress/i)
      assert.equal(component, 'under_maintenance')
      if (n === Math.max(0, hosts.length - 2)) measured = await surprised(stage, it, { host, reads })
    })
    if (n < HOSTS.length - 1) await reads('a part of it is done', ({ work, words }) => work?.status === 'in_progress' && words[0] === 'A part of the work is done; the work goes on.')
  }
  if (hosts.length < HOSTS.length) {
    const { work } = await publicly(stage, base)
    assert.equal((await stage.post(`/board/maintenances/${work?.id ?? ''}/complete`, { person: 'ada' })).status, 200, 'nothing more is to be done, and a person says so')
  }
  const over = await reads('it is completed', ({ work }) => work?.status === 'completed')
  assert.equal(over.words[0], 'The work is completed.')
  assert.match(over.page, /Completed/i)
  await reads('and its component is what it is', ({ component }) => component === 'operational')
  return measured
}

if (import.meta.main) {
  mkdirSync('/run/haproxy', { recursive: true })
  for (const name of ['haproxy', 'nas/shop']) mkdirSync(at(name), { recursive: true })
  writeFileSync(at('nas/.holdfast-store'), '')
  execFileSync('mount', ['--bind', at('haproxy'), '/run/haproxy'])
  let [base, seen] = ['', { halted: 0, paged: 0 }]
  const { acknowledged, ruled } = await stageFor(folder, Number(seed), async (stage) => void (seen = await tell(stage, base, HOSTS.filter((host) => servers.includes(host)))), {
    other: { accept: ['tolerance.stop', 'unannounced'], socket: SOCKET, yaml: (it) => {
      base = `http://${it.own}:${it.port}`
      saveShop()
      return yamlOf(it)
    } },
  })
  console.log(JSON.stringify({ acknowledged, ...seen, waited: Math.max(...ruled) } satisfies Told))
}

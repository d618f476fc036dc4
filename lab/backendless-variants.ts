// The outage `backendless` in other moments, and with Holdfast itself struck: a cable that is pulled before the first press, between two steps, for 300 ms; its own
// processes killed, frozen past their lease and thawed; its machine without a network. In all of them nothing is begun on old evidence or under an old
// number, each command is run once at most, and people hear of it in time. Prints what it measured as a line of JSON. Arguments: a folder, a seed,
// and the names of variants.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import type { ClustersAnswer } from '../src/views/change/changes.ts'
import type { RunLine } from '../src/views/change/runs.ts'
import { freePorts, sleep, until } from '../test/story/world.ts'
import { HOSTS, indexOf, stageFor, type Host, type Stage, type Staging } from './backendless-story.ts'
import { cable, cableApart } from './cables.ts'
import type { Leading } from './leading.ts'

/** Long enough that nobody who was cut off is taken for one that was not (see the story). */
const OUT = 8000
const BLIP = 300
/** A lease is 20 s. */
const PAST_LEASE = 22_000
const [HALTED, PAGED, STUCK, OUTSIDE] = [3000, 10_000, 20_000, 300_000]
const lines: string[] = []

interface Seen { readonly halted: number; readonly paged: number }
function note(what: string, { halted, paged }: Seen): void {
  lines.push(`${what}: halted after ${halted} ms, both paged after ${paged} ms`)
  assert.ok(halted <= HALTED && paged <= PAGED, lines.at(-1))
}

async function blip(host: Host): Promise<number> {
  const at = Date.now()
  cable(indexOf(host), 1, 'down')
  await sleep(BLIP)
  cable(indexOf(host), 1, 'up')
  return at
}

/** When each was first paged after `at` by something that is called so. */
async function paged(stage: Stage, at: number, title: string, within: number): Promise<number> {
  const found = await until(`both are paged “${title}”`, within, () => {
    const pages = ['ada', 'bo'].map((who) => stage.sink.hooks.find(({ at: when, body }) => when >= at && body.person === who && JSON.stringify(body).includes(title)))
    return pages.every((one) => one !== undefined) && pages
  }).catch((cause: unknown) => assert.fail(`${String(cause)}\n${stage.holdfast.output().slice(-3000)}`))
  return Math.max(...found.map((page) => page?.at ?? 0))
}

/** What halted it after `at`, whatever it was, and when both heard. */
async function halted(stage: Stage, it: Leading, at: number, within = 30_000): Promise<Seen & { readonly line: RunLine }> {
  await it.at('it is halted', ({ run }) => run.halt !== null, within)
  const line = await it.line('halted') ?? assert.fail()
  return { halted: Date.parse(line.at) - at, paged: await paged(stage, at, 'Stopped: Add memory', 30_000) - at, line }
}

const ran = (stage: Stage, since: number): readonly string[] => stage.shop.called().slice(since)
const calls = (stage: Stage): number => stage.shop.called().length
const begun = async (it: Leading): Promise<number> => (await it.told()).told.filter(({ event }) => event === 'began').length

/** Everything of Holdfast's that runs, the parent last. */
function treeOf(pid: number): number[] {
  const children = ((): number[] => {
    try {
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    } catch {
      return []
    }
  })()
  return [...children.flatMap(treeOf), pid]
}

function runs(pid: number, program: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program)
  } catch {
    return false
  }
}

const processOf = (stage: Stage, name: string): Promise<number> =>
  until(`${name} is there`, 30_000, () => treeOf(stage.holdfast.child.pid ?? 0).find((pid) => runs(pid, `processes/${name}.ts`) || runs(pid, `holdfast ${path.basename(name)}`)))

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // It was ended meanwhile.
    }
  }
}

/** The machine on which it works is turned off and on, and the rest of the run is gone to its end. */
async function finish(stage: Stage, it: Leading, host: Host): Promise<void> {
  const machine = stage.shop.hosts[indexOf(host)] ?? assert.fail()
  machine.off()
  await sleep(2000)
  machine.on()
  await it.at('the memory is in', ({ run }) => run.steps.find(({ id }) => id === 'memory')?.state === 'done', 120_000)
  for (const step of ['start', 'undrain']) await stage.go(it, step)
  await it.at('the run is over', ({ run }) => run.state === 'done')
  assert.deepEqual(stage.shop.called().slice(-2), [`${indexOf(host) + 1} stop mariadb`, `${indexOf(host) + 1} start mariadb`], 'each command was run once')
}

/** C-14, C-15: before the first press it is refused; between two steps, and for a moment in the middle of one, it halts. */
async function moments(stage: Stage): Promise<void> {
  const it = await stage.begin('db-1')
  await it.at('the first step is offered', ({ run }) => run.state === 'offered' && run.asked !== null)
  const early = Date.now()
  cable(indexOf('db-2'), 1, 'down')
  await until('it is known', 15_000, async () => (await stage.get<ClustersAnswer>('/clusters')).clusters[0]?.members.some(({ host, links }) => host === 'db-2' && links.some(({ state }) => state === 'fail')))
  const refused = await it.pressOnce('ada')
  assert.equal(refused.status, 409, refused.said)
  assert.match(refused.said, /link:db-2\/eth1: eth1 has no carrier.*HF497/s)
  await sleep(Math.max(0, early + OUT - Date.now()))
  const { run } = await it.told()
  assert.deepEqual([run.state, run.halt, stage.sink.hooks.filter(({ body }) => body.incident?.title.startsWith('Stopped'))], ['offered', null, []], 'nothing was halted, and nobody was paged for it')
  lines.push(`before the first press: the press is refused: ${(/this step cannot begin now[^"]*/i.exec(refused.said)?.[0] ?? refused.said).slice(0, 200)}`)
  cable(indexOf('db-2'), 1, 'up')
  await stage.well(...HOSTS)
  await until('the application writes', 60_000, async () => (await stage.get<{ readonly state: string }>('/checks/api')).state === 'up')
  for (const step of ['drain', 'stop']) await stage.go(it, step)

  await it.at('the next step is offered', (told) => told.run.state === 'offered' && told.run.asked !== null)
  await sleep(Math.floor(stage.random() * 2000))
  const between = Date.now()
  cable(indexOf('db-3'), 1, 'down')
  note('between two steps', await stage.stopped(it, 'db-3', between, { between: true }))
  assert.equal((await it.told()).run.asked, null, 'what was offered is void')
  await sleep(Math.max(0, between + OUT - Date.now()))
  cable(indexOf('db-3'), 1, 'up')
  await stage.resume(it, 'db-1')

  await stage.press(it, 'memory')
  await sleep(Math.floor(stage.random() * 3000))
  const victim = stage.random() < 0.5 ? 'db-2' : 'db-3'
  note(`a blip of ${BLIP} ms`, await stage.stopped(it, victim, await blip(victim), { claim: /^lost carrier(?: once and has it again)?$/ }))
  await stage.resume(it, 'db-1')
  await finish(stage, it, 'db-1')
}

/** Nobody knows what became of the step; both heard. Both say that it was done, and have the run go on. */
async function lostAndDecided(stage: Stage, it: Leading, { what, at, step, host }: { readonly what: string; readonly at: number; readonly step: string; readonly host: Host }): Promise<void> {
  const seen = await halted(stage, it, at)
  const { run } = await it.at('nobody knows what became of it', (told) => told.run.state === 'unknown', 60_000)
  assert.equal(run.steps.find(({ id }) => id === step)?.state, 'unknown')
  const again = await stage.post(`/runs/${it.run}/resume`, { person: 'ada' })
  assert.equal(again.status, 409, 'first somebody has to look')
  const began = await begun(it)
  await sleep(3000)
  assert.equal(await begun(it), began, 'and nothing is begun again')
  lines.push(`${what}: nobody knows what became of ${step}; halted after ${seen.halted} ms, both paged after ${seen.paged} ms`)
  assert.ok(seen.paged <= PAGED, lines.at(-1))
  stage.shop.hold(false)
  await until('the command that was under way comes to its end', 60_000, () => (step === 'start' ? stage.shop.synced(indexOf(host) + 1) : !stage.shop.synced(indexOf(host) + 1)))
  assert.equal((await stage.post(`/runs/${it.run}/resume`, { person: 'ada', as: 'done' })).status, 200)
  await it.press('ada', 'bo')
  await it.at('both have said what became of it', (told) => told.run.steps.find(({ id }) => id === step)?.state === 'done', 60_000)
  await stage.resume(it, host)
}

/** C-4, C-14: its own processes are killed while a step is at work, and cables blip meanwhile. */
async function killed(stage: Stage): Promise<void> {
  const [host, since] = ['db-1', calls(stage)] as const
  const it = await stage.begin(host)
  await stage.go(it, 'drain')
  stage.shop.hold(true)
  await stage.press(it, 'stop')
  await until('the command is at work', 30_000, () => calls(stage) > since)
  const at = Date.now()
  signal([await processOf(stage, 'doer/doer')], 'SIGKILL')
  await lostAndDecided(stage, it, { what: 'the doer killed', at, step: 'stop', host })

  await stage.press(it, 'memory')
  for (const [name, victim] of [['keeper', 'db-2'], ['ringer', 'db-3'], ['scout/scout', 'db-2']] as const) {
    await sleep(Math.floor(stage.random() * 2000))
    signal([await processOf(stage, name)], 'SIGKILL')
    const pulled = await blip(victim)
    const seen = await halted(stage, it, pulled)
    assert.match(`${seen.line.cause?.subject} ${seen.line.cause?.claim}`, name === 'keeper' ? /link:db-2\/eth1 lost carrier|not known any more/ : /lost carrier|not known any more/)
    lines.push(`${name} killed, and a blip while it is away: halted after ${seen.halted} ms, both paged after ${seen.paged} ms (${seen.line.cause?.subject} ${seen.line.cause?.claim})`)
    assert.ok(seen.paged <= PAGED, lines.at(-1))
    await stage.resume(it, host)
  }
  const machine = stage.shop.hosts[indexOf(host)] ?? assert.fail()
  machine.off()
  await sleep(2000)
  machine.on()
  await it.at('the memory is in', ({ run }) => run.steps.find(({ id }) => id === 'memory')?.state === 'done', 120_000)

  stage.shop.hold(true)
  await stage.press(it, 'start')
  await until('the command is at work', 30_000, () => calls(stage) > since + 1)
  const all = treeOf(stage.holdfast.child.pid ?? 0)
  signal([stage.holdfast.child.pid ?? 0], 'SIGKILL')
  await blip('db-3')
  await until('all that it had started follows it', 10_000, () => all.every((pid) => !runs(pid, 'holdfast') && !runs(pid, 'processes/')))
  const back = Date.now()
  await stage.anew()
  await lostAndDecided(stage, it, { what: 'the watchdog killed, and all of Holdfast with it; since it was started again', at: back, step: 'start', host })
  await stage.go(it, 'undrain')
  await it.at('the run is over', ({ run }) => run.state === 'done')
  assert.deepEqual(ran(stage, since), ['1 stop mariadb', '1 start mariadb'], 'each command was run once')
}

/** What was pressed before the frost: nothing of it was begun, nothing is, and both hear of it in time. */
async function thawed(stage: Stage, it: Leading, { what, since, at }: { readonly what: string; readonly since: number; readonly at: number }): Promise<void> {
  const seen = await halted(stage, it, at, 60_000)
  note(`${what} (${seen.line.cause?.subject} ${seen.line.cause?.claim})`, seen)
  await sleep(3000)
  assert.deepEqual(ran(stage, since), [], 'nothing of it was done')
  await stage.resume(it, 'db-2')
}

/** Both press for `stop`, and as soon as its doer is there, `act` is done to it. */
async function pressAndCatch(stage: Stage, it: Leading, act: (doer: number) => void): Promise<void> {
  await it.at('stop is offered', ({ run }) => run.steps.find(({ id }) => id === 'stop')?.state === 'offered' && run.asked !== null)
  await Promise.all([it.press('ada', 'bo'), processOf(stage, 'doer/doer').then(act)])
}

/** C-7: a doer is frozen before it did anything, past its lease, and thawed. */
async function doerFrozen(stage: Stage): Promise<void> {
  const since = calls(stage)
  const it = await stage.begin('db-2')
  await stage.go(it, 'drain')
  let [doer, frozen] = [0, 0]
  await pressAndCatch(stage, it, (pid) => {
    signal([pid], 'SIGSTOP')
    ;[doer, frozen] = [pid, Date.now()]
  })
  const seen = await halted(stage, it, frozen, 60_000)
  lines.push(`the doer frozen: not begun in time, which halted it ${seen.halted} ms after, both paged ${seen.paged - seen.halted} ms later`)
  assert.ok(seen.paged - seen.halted <= PAGED, lines.at(-1))
  await sleep(Math.max(0, frozen + PAST_LEASE - Date.now()))
  signal([doer], 'SIGCONT')
  await sleep(3000)
  assert.deepEqual(ran(stage, since), [], 'thawed, it does nothing')
  await stage.resume(it, 'db-2')
  assert.equal((await stage.post(`/runs/${it.run}/abort`, { person: 'ada' })).status, 200)
}

/** C-7: the whole machine stands still between a ruling and its deed, as a virtual one that is suspended; whoever has the deed wakes up first. */
async function nodeFrozen(stage: Stage): Promise<void> {
  const since = calls(stage)
  const it = await stage.begin('db-2')
  await stage.go(it, 'drain')
  let all: number[] = []
  await pressAndCatch(stage, it, (doer) => {
    all = [doer, ...treeOf(stage.holdfast.child.pid ?? 0).filter((pid) => pid !== doer)]
    signal(all, 'SIGSTOP')
  })
  await sleep(PAST_LEASE / 2)
  await blip('db-3')
  await sleep(PAST_LEASE / 2)
  const at = Date.now()
  signal(all, 'SIGCONT')
  await thawed(stage, it, { what: 'all of it frozen and thawed, a blip meanwhile; since it was thawed', since, at })
  assert.equal((await stage.post(`/runs/${it.run}/abort`, { person: 'ada' })).status, 200)
}

/** C-19: the keeper stands still after both have pressed: nothing begins, and both are told that it is stuck. */
async function keeperFrozen(stage: Stage): Promise<void> {
  const since = calls(stage)
  const it = await stage.begin('db-2')
  await stage.go(it, 'drain')
  await it.at('stop is offered', ({ run }) => run.steps.find(({ id }) => id === 'stop')?.state === 'offered' && run.asked !== null)
  const keeper = await processOf(stage, 'keeper')
  await it.press('ada', 'bo')
  const frozen = Date.now()
  signal([keeper], 'SIGSTOP')
  await sleep(2000)
  await blip('db-3')
  const stuck = await paged(stage, frozen, 'Holdfast is stuck', 60_000) - frozen
  lines.push(`the keeper frozen: both are told that it is stuck after ${stuck} ms`)
  assert.ok(stuck <= STUCK, lines.at(-1))
  await sleep(Math.max(0, frozen + PAST_LEASE - Date.now()))
  assert.deepEqual(ran(stage, since), [], 'nothing begins while it stands still')
  const at = Date.now()
  signal([keeper], 'SIGCONT')
  await thawed(stage, it, { what: 'the keeper frozen and thawed, a blip meanwhile; since it was thawed', since, at })
  assert.equal((await stage.post(`/runs/${it.run}/abort`, { person: 'ada' })).status, 200)
}

/** Who watches from outside: it is called every ten seconds, and calls for help when it was not for thirty. */
interface Outside { readonly pings: readonly number[]; helpAt(): number; close(): void }
const [PING_EVERY, PATIENCE] = [10_000, 30_000]
async function outside(port: number): Promise<Outside> {
  const pings: number[] = []
  let [help, timer] = [0, setTimeout(() => undefined, 0)]
  const server = http.createServer((_, reply) => {
    pings.push(Date.now())
    clearTimeout(timer)
    timer = setTimeout(() => (help = Date.now()), PATIENCE)
    reply.end('OK')
  })
  await new Promise<void>((resolve) => void server.listen(port, '0.0.0.0', resolve))
  return {
    pings, helpAt: () => help,
    close() {
      clearTimeout(timer)
      server.closeAllConnections()
      server.close()
    },
  }
}

/** C-19: the machine of Holdfast has no network, from the second press on. */
async function isolated(stage: Stage, watch: Outside): Promise<void> {
  const since = calls(stage)
  const it = await stage.begin('db-2')
  await stage.go(it, 'drain')
  await until('it is watched from outside', 2 * PING_EVERY, () => watch.pings.length > 0)
  await it.at('stop is offered', ({ run }) => run.steps.find(({ id }) => id === 'stop')?.state === 'offered' && run.asked !== null)
  stage.shop.hold(true)
  await it.press('ada', 'bo')
  const at = Date.now()
  cableApart('down')
  const isSo = calls(stage) === since
  const help = await until('whoever watches from outside calls for help', OUTSIDE, () => watch.helpAt() > at && watch.helpAt())
  lines.push(`its machine without a network: whoever watches from outside calls for help after ${help - at} ms (called every ${PING_EVERY / 1000} s, patient for ${PATIENCE / 1000} s)`)
  const { run } = await it.at('it is halted', (told) => told.run.halt !== null, 30_000)
  lines.push(`its machine without a network: halted by ${run.halt?.subject} ${run.halt?.claim}`)
  assert.ok(isSo, 'nothing was begun before the network went')
  assert.deepEqual(ran(stage, since), [], 'nothing is begun without it')
  const back = Date.now()
  cableApart('up')
  lines.push(`its machine without a network: both hear of the halt ${await paged(stage, at, 'Stopped: Add memory', 120_000) - back} ms after it has one again`)
  await until('it is watched from outside again', 3 * PING_EVERY, () => watch.pings.some((ping) => ping > back))
  await sleep(3000)
  assert.deepEqual(ran(stage, since), [], 'nor when it has one again')
  stage.shop.hold(false)
  await stage.resume(it, 'db-2')
  assert.equal((await stage.post(`/runs/${it.run}/abort`, { person: 'ada' })).status, 200)
}

const VARIANTS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = { moments, killed, 'doer-frozen': doerFrozen, 'node-frozen': nodeFrozen, 'keeper-frozen': keeperFrozen }
const [folder = '', seed = '0', ...names] = process.argv.slice(2)

async function tell(at: string, act: (stage: Stage) => Promise<void>, staging: Staging = {}): Promise<void> {
  const { acknowledged } = await stageFor(at, Number(seed), act, staging)
  lines.push(`${acknowledged} acknowledged writes, none lost`)
}

if (names.includes('isolated')) {
  const [port = 0] = await freePorts(1)
  const watch = await outside(port)
  try {
    await tell(folder, (stage) => isolated(stage, watch), { apart: true, more: `dead_man: { url: "http://10.77.0.254:${port}/ping", every: ${PING_EVERY / 1000}s }\n` })
  } finally {
    watch.close()
  }
} else {
  await tell(folder, async (stage) => {
    for (const name of names) await (VARIANTS[name] ?? assert.fail(`no variant is called ${name}`))(stage)
  })
}
console.log(JSON.stringify({ lines, left: readdirSync(path.join(folder, 'data', 'doing')).length }))

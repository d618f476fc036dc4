// A rolling run with reboot over six web servers, told within the hub of a laid net (rolling.lab.test.ts starts it there): each host has an sshd, a boot of its own,
// a `systemctl` that stands in for the real one, and a small web server. The command fails on a host of the second batch; a host of the third comes back in
// a new boot without its web server, until somebody starts it by hand. Prints what it measured as a line of JSON. Arguments: a folder, and how
// many hosts are taken together.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { serverAt } from '../src/cli/client.ts'
import type { RollingAnswer, RollingPlanAnswer, RollingToldAnswer } from '../src/views/change/rollings.ts'
import type { RunTold } from '../src/views/change/runs.ts'
import { freePorts, hookSink, root, sleep, startHoldfast, until, writeConfig } from '../test/story/world.ts'
import { enrol, type Authenticator } from './authenticators.ts'
import { machines, within } from './cables.ts'
import { headOf, leading, type Leading } from './leading.ts'
import { printStory } from './telling.ts'

export const HOSTS = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6'] as const
/** ms from the second press to the step, of each host; and until both were paged after the rolling run was stopped. */
export interface RolledOver { readonly ruled: number[]; readonly paged: number[] }

const [folder = '', serial = '1'] = process.argv.slice(2)
/** So long a host may take to be back, and so long it goes on in its old boot after it was told to go. */
const [BACK, GOES] = [25_000, 2500]
const addressOf = (host: string): string => `10.77.0.${HOSTS.indexOf(host as (typeof HOSTS)[number]) + 1}`
const at = (name: string): string => path.join(folder, name)

/** What `systemctl` is on these hosts: to boot is left to whoever has the power, and one that refuses says so by its exit alone. */
const SYSTEMCTL = `#!/bin/sh
d=$(dirname "$0")/..
echo "web-$NODE $*" >>"$d/called"
[ ! -e "$d/web-$NODE.refuses" ] || exit 1
: >"$d/web-$NODE.goes"
`
const called = (): string[] => (existsSync(at('called')) ? readFileSync(at('called'), 'utf8').split('\n').filter(Boolean) : [])

/** The web server of a host, which its init would start. */
function services(t: { after(end: () => unknown): void }): { start(host: string): void; stop(host: string): void } {
  const running = new Map<string, ChildProcess>()
  const stop = (host: string): void => void running.get(host)?.kill('SIGKILL')
  t.after(() => HOSTS.forEach(stop))
  return {
    stop,
    start: (host) => void running.set(host, spawn('ip', within(host, path.join(root, 'bin/node'), '-e', `require('node:http').createServer((_, reply) => reply.end('well')).listen(80, '${addressOf(host)}')`), { stdio: 'ignore' })),
  }
}

const yaml = (it: { readonly port: number; readonly hook: number; readonly hostKey: string }): string => `${headOf(it)}hosts:
${HOSTS.map((host, n) => `  ${host}: { ssh: "root@${addressOf(host)}", key: scout.key, host_key: "${it.hostKey}", rack: r${Math.floor(n / 2) + 1}, links: { eth0: {}, eth1: {} } }`).join('\n')}
checks:
${HOSTS.map((host) => `  ${host}-ready: { http: "http://${addressOf(host)}/", every: 1s, timeout: 1s, fail_after: 2, recover_after: 1, depends_on: ${host} }`).join('\n')}
runbooks:
  boot:
    title: Boot into the new kernel
    people: { does: [ada], checks: [bo] }
    hosts: { names: [${HOSTS.join(', ')}], serial: ${serial}, max_failures: 0 }
    preflight: [ incidents.none, { checks: [${HOSTS.map((host) => `${host}-ready`).join(', ')}] } ]
    guard: [ links.up ]
    steps:
      - { id: boot, run: [systemctl, reboot, "--when=+2s"], on: "{{host}}", takes: ["{{host}}"], until: { boots: "{{host}}", links: "{{host}}", checks: ["{{host}}-ready"] }, within: ${BACK / 1000}s }
`

async function tell(t: { after(end: () => unknown): void }): Promise<RolledOver> {
  mkdirSync(at('bin'))
  writeFileSync(at('bin/systemctl'), SYSTEMCTL, { mode: 0o755 })
  const { hostKey, all } = machines(t, folder, HOSTS, at('bin'))
  const web = services(t)
  for (const host of HOSTS) web.start(host)
  const [port = 0, hook = 0] = await freePorts(2)
  writeConfig(folder, yaml({ port, hook, hostKey }))
  const { hooks, close } = await hookSink(hook)
  t.after(close)
  const holdfast = startHoldfast(folder, port, {}, ['--lab', '--shrink', '86400'])
  t.after(() => holdfast.stop())
  await until('it answers', 120_000, () => fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.ok, () => false)).catch((cause: unknown) => assert.fail(`${String(cause)} ${holdfast.output()}`))
  const keys = new Map<string, Authenticator[]>()
  await Promise.all(['ada', 'bo'].map(async (who) => keys.set(who, await enrol({ holdfast }, who, 8))))
  // Lab time: who is known for four seconds is known for four days.
  await sleep(4000)

  const server = serverAt({ data: at('data'), timeout: 20_000, env: process.env, warn: () => undefined })
  const send = (method: 'GET' | 'POST', where: string, body?: object): Promise<{ readonly status: number; readonly body: unknown }> => server.send(method, `/api/v1${where}`, body)
  const { batches } = (await send('POST', '/runbooks/boot/rolling/plan', {})).body as RollingPlanAnswer
  const together = batches.map(({ hosts }) => hosts)
  assert.deepEqual(together, Array.from({ length: HOSTS.length / Number(serial) }, (_, n) => HOSTS.slice(n * Number(serial), (n + 1) * Number(serial))))
  let refusal: unknown
  const { rolling: id } = await until('all is known, and it begins', 120_000, async () => {
    const { status, body } = await send('POST', '/runbooks/boot/rolling', { person: 'ada' })
    refusal = body
    return status === 200 && (body as RollingAnswer)
  }).catch(() => assert.fail(`it does not begin: ${JSON.stringify(refusal)}`))
  const told = async (): Promise<RollingToldAnswer> => (await send('GET', `/rollings/${id}`)).body as RollingToldAnswer
  const state = async (): Promise<RollingAnswer> => (await told()).rolling
  const hostOf = async (host: string): Promise<RollingAnswer['hosts'][number]> => (await state()).hosts.find((it) => it.host === host) ?? assert.fail(host)
  const saw = async (what: string, limit: number, holds: (it: RollingAnswer) => boolean): Promise<RollingAnswer> => {
    let last: RollingAnswer | undefined
    return until(what, limit, async () => (last = await state(), holds(last) && last)).catch((cause: unknown) => assert.fail(`${String(cause)} ${JSON.stringify(last)}\n${holdfast.output().slice(-3000)}`))
  }
  const measured: RolledOver = { ruled: [], paged: [] }

  /** On a machine that is busy a host may not be known for a moment: that halts it, as it should, and both have it go on. */
  const resumed = async (it: Leading): Promise<void> => {
    assert.match((await it.told()).run.halt?.claim ?? '', /is not known any more/)
    assert.equal((await send('POST', `/runs/${it.run}/resume`, { person: 'ada' })).status, 200)
    await it.press('ada', 'bo')
    await it.at('both have it go on', ({ run }) => run.halt === null)
  }
  /** Both press for a host. */
  const pressed = async (host: string): Promise<Leading> => {
    const { run } = await until(`${host} is next`, 60_000, async () => {
      const it = await hostOf(host)
      return it.run !== null && it.state === 'at-work' && it
    }).catch(async () => assert.fail(`${host} is next: ${JSON.stringify(await told())}`))
    const it = leading({ holdfast, hooks, keys, run: run ?? '' })
    await it.press('ada', 'bo')
    const second = Date.now()
    const began = ({ told: all }: RunTold): boolean => all.some(({ event }) => event === 'began')
    while (!began(await it.at(`${host} began, or is halted`, (one) => began(one) || one.run.halt !== null))) {
      await resumed(it)
      await it.press('ada', 'bo')
    }
    measured.ruled.push(Date.parse((await it.line('began'))?.at ?? '') - second)
    return it
  }
  /** A host goes, after a moment in which it still answers in its old boot, and is back in a new one, with its web server or without. */
  const boots = async (host: string, it: Leading, isWhole: boolean): Promise<void> => {
    await until(`${host} is told to go`, 30_000, () => existsSync(at(`${host}.goes`)))
    await sleep(GOES)
    assert.equal((await it.told()).run.steps[0]?.state, 'running', `${host} answers, in its old boot`)
    const machine = all[HOSTS.indexOf(host as (typeof HOSTS)[number])] ?? assert.fail()
    machine.off()
    web.stop(host)
    await sleep(300)
    machine.on()
    if (isWhole) web.start(host)
  }
  const done = async (host: string, it: Leading): Promise<void> => {
    const { run } = await it.at(`${host} is done, or is halted`, (one) => one.run.state === 'done' || (one.run.halt !== null && one.run.steps[0]?.state === 'done'), 90_000)
    if (run.state !== 'done') await resumed(it)
    await saw(`${host} is done`, 60_000, ({ hosts }) => hosts.some((one) => one.host === host && one.state === 'done'))
  }
  const through = async (host: string): Promise<void> => {
    const it = await pressed(host)
    await boots(host, it, true)
    await done(host, it)
  }
  /** The rest is stopped: both are paged with how every host stands, and nothing runs on those that are left. */
  const stopped = async (host: string, why: RegExp, left: readonly string[]): Promise<void> => {
    const { halt, hosts } = await saw('the rest is stopped', 60_000, (it) => it.state === 'halted')
    assert.match(halt ?? '', why)
    const { at: when } = (await told()).told.findLast(({ event }) => event === 'halted') ?? assert.fail()
    const pages = await until('both are paged', 20_000, () => {
      const found = ['ada', 'bo'].map((who) => hooks.find(({ body }) => body.person === who && JSON.stringify(body).includes(`${halt}. No further host begins`)))
      return found.every((one) => one !== undefined) && found
    })
    for (const page of pages) assert.ok(JSON.stringify(page?.body).includes(`not begun: ${left.join(', ')}`), JSON.stringify(page?.body))
    measured.paged.push(Math.max(...pages.map((page) => page?.at ?? 0)) - Date.parse(when))
    assert.deepEqual(hosts.filter((it) => it.state === 'to-come').map((it) => it.host), left)
    assert.deepEqual(called().filter((line) => left.some((one) => line.startsWith(`${one} `))), [], `nothing runs on a host after ${host}`)
  }
  const goOn = async (): Promise<void> => assert.equal((await send('POST', `/rollings/${id}/resume`, { person: 'bo' })).status, 200)

  const [first = [], second = [], third = [], ...rest] = together
  // Of the first batch all go at the same time, each by words of its own, and what one takes is no surprise to the others.
  const going = new Map<string, { readonly it: Leading; readonly back: Promise<void> }>()
  for (const host of first) {
    const it = await pressed(host)
    going.set(host, { it, back: boots(host, it, true) })
  }
  for (const { back } of going.values()) await back
  for (const [host, { it }] of going) await done(host, it)

  const [fails = '', ...beside] = second
  writeFileSync(at(`${fails}.refuses`), '')
  const failing = await pressed(fails)
  // Of the others of its batch nobody had pressed for any: they come again.
  await stopped(fails, new RegExp(`^${fails}: step 1 \\(boot\\) failed`), [...beside, ...together.slice(2).flat()])
  assert.equal((await send('POST', `/runs/${failing.run}/abort`, { person: 'bo' })).status, 200)
  // What becomes of a host that is still at work nobody takes as known.
  await saw(`${fails} has failed`, 30_000, ({ hosts }) => hosts.some((it) => it.host === fails && it.state === 'failed'))
  await goOn()
  for (const host of beside) await through(host)

  const [lacks = '', ...others] = third
  const lacking = await pressed(lacks)
  await boots(lacks, lacking, false)
  await stopped(lacks, new RegExp(`^${lacks}: step 1 \\(boot\\) is not seen to be done in time`), [...others, ...rest.flat()])
  for (const who of ['ada', 'bo']) await until(`${who} is paged that it takes too long`, 20_000, () => hooks.some(({ body }) => body.person === who && body.incident?.title === 'Step boot takes too long'))
  assert.deepEqual((await lacking.told()).told.filter(({ event }) => event === 'done'), [], 'in its new boot, and without its service: never done')
  web.start(lacks)
  await done(lacks, lacking)
  assert.equal((await hostOf(lacks)).failed, true, 'done after all, and it has failed')
  await goOn()
  for (const host of [...others, ...rest.flat()]) await through(host)

  const { hosts } = await saw('it is over', 30_000, (it) => it.state === 'incomplete')
  assert.deepEqual(hosts.map(({ host, state: is }) => `${host} ${is}`), HOSTS.map((host) => `${host} ${host === fails ? 'failed' : 'done'}`))
  assert.deepEqual(called(), together.flat().map((host) => `${host} reboot --when=+2s`), 'each command was run once, in order')
  const verified = await holdfast.cli('ledger', 'verify')
  assert.equal(verified.code, 0, verified.out)
  return measured
}

if (import.meta.main) await printStory(tell)

// smilingpeanut, told within the hub of a laid net (smilingpeanut.lab.test.ts starts it there). The runbook is the one that stands ready in docs/use/extended-maintenance.md:
// read from there, with the lab's addresses in place of those that its reader fills in. A web server of one host with its customers' data, a standby beside it, a real
// PowerDNS that both Holdfast and the site's visitors ask, settings that are backed up into a folder, a board that is published elsewhere. The first copy of the
// settings was never restored; “done” is said while the customers' data are gone. Prints what it measured as a line of JSON.
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { RunAnswer } from '../src/views/change/runs.ts'
import { freePorts, hookSink, root, sleep, startHoldfast, until, writeConfig, type Hook, type Running } from '../test/story/world.ts'
import { enrol, type Authenticator } from './authenticators.ts'
import { machines, within, type Machine } from './cables.ts'
import { powerdns } from './driving.ts'
import { headOf, leading } from './leading.ts'
import { printStory } from './telling.ts'

export const HOSTS = ['web-1', 'standby'] as const
/** ms: from `within` being over until both were paged; from the data being back until the step was done. */
export interface Told { readonly paged: number; readonly seen: number }

const [folder = ''] = process.argv.slice(2)
const at = (...names: string[]): string => path.join(folder, ...names)
const addressOf = (host: (typeof HOSTS)[number]): string => `10.77.0.${HOSTS.indexOf(host) + 1}`
const KEY = 'c4n4ry-pdns-key'
/** What the work may take here, in place of six hours, and what a name led to for how long before, and then. */
const [WITHIN, OLD_TTL, NEW_TTL] = [12, 3, 2]

/** A part of the document is filled in; one that is not there any more is a document that nobody runs. */
function filled(text: string, ...parts: readonly (readonly [string, string])[]): string {
  return parts.reduce((all, [find, put]) => {
    assert.ok(all.includes(find), `docs/use/extended-maintenance.md has no “${find}” any more`)
    return all.replaceAll(find, put)
  }, text)
}

function yamlFor(it: { readonly port: number; readonly hook: number; readonly hostKey: string; /** The hash of a file of a customer's. */ readonly known: string }): string {
  const document = readFileSync(path.join(root, 'docs/use/extended-maintenance.md'), 'utf8')
  const ready = /^```yaml\n([\s\S]*?)^```$/m.exec(document)?.[1] ?? assert.fail('no runbook stands ready')
  return `${headOf(it)}oncall:
  primary: { rotate: weekly, people: [ada] }
defaults: { check: { every: 1s, timeout: 1s, fail_after: 2, recover_after: 1 } }
${filled(ready, ['https://', 'http://'], ['"root@192.0.2.10"', `"root@192.0.2.10", key: scout.key, host_key: "${it.hostKey}"`], ['192.0.2.10', addressOf('web-1')], ['192.0.2.20', addressOf('standby')],
    ['3f1c9a40e2b75d86c1f09a4478de03b5527c6e91ad08f34b60b9d2175ec83fa4', it.known], ['within: 6h', `within: ${WITHIN}s`], ['ttl: 60', `ttl: ${NEW_TTL}`], ['public: { components', 'public: { publish: ["dir:./elsewhere"], components'])}`
}

/** A web server of a host: its front page, and what lies in its folder. */
const SERVER = `const { createServer } = require('node:http'), { readFileSync } = require('node:fs')
const [folder, address, name] = process.argv.slice(1)
createServer((asked, reply) => {
  if (asked.url === '/') return reply.end('Acme, served by ' + name)
  try { reply.end(readFileSync(folder + asked.url)) } catch { reply.writeHead(404).end('not found') }
}).listen(80, address)`
interface Web { start(): void; stop(): void }
function webOf(t: { after(end: () => unknown): void }, host: (typeof HOSTS)[number]): Web {
  let child: ChildProcess | undefined
  const stop = (): void => void child?.kill('SIGKILL')
  t.after(stop)
  return { stop, start: () => void (child = spawn('ip', within(host, path.join(root, 'bin/node'), '-e', SERVER, at('disk', host), addressOf(host), host), { stdio: 'ignore' })) }
}

/** What the machine asks for names, from here on, in this story's own mounts. */
function askFirst(server: string): void {
  writeFileSync(at('resolv.conf'), `nameserver ${server}\noptions timeout:1 attempts:3\n`)
  execFileSync('mount', ['--bind', at('resolv.conf'), '/etc/resolv.conf'])
}

/** What a visitor of the site gets. */
const visited = async (): Promise<string> => fetch('http://www.acme.example/', { headers: { connection: 'close' }, signal: AbortSignal.timeout(2000) }).then((reply) => reply.text(), (cause: unknown) => `nothing: ${String(cause)}`)

interface Stage {
  readonly holdfast: Running
  readonly yaml: string
  readonly hooks: readonly Hook[]
  readonly keys: ReadonlyMap<string, readonly Authenticator[]>
  readonly records: () => string
  readonly web: Readonly<Record<(typeof HOSTS)[number], Web>>
  readonly machine: Machine
}

async function stage(t: { after(end: () => unknown): void }): Promise<Stage> {
  for (const name of ['bin', 'nas/panel', 'etc', 'disk/web-1/customers', 'disk/standby']) mkdirSync(at(name), { recursive: true })
  writeFileSync(at('nas/.holdfast-store'), '')
  writeFileSync(at('etc/panel.conf'), 'listen = 443\n')
  const data = randomBytes(3000)
  writeFileSync(at('disk/web-1/customers/known.txt'), data)
  const { hostKey, all } = machines(t, folder, HOSTS, at('bin'))
  const web = { 'web-1': webOf(t, 'web-1'), standby: webOf(t, 'standby') }
  for (const it of Object.values(web)) it.start()
  const { records } = await powerdns(t, KEY, { port: 53, web: 8081, zone: 'acme.example', ttl: OLD_TTL, records: { www: addressOf('web-1'), 'web-1': addressOf('web-1'), standby: addressOf('standby') } })
  askFirst('127.0.0.1')
  const [port = 0, hook = 0] = await freePorts(2)
  const yaml = yamlFor({ port, hook, hostKey, known: createHash('sha256').update(data).digest('hex') })
  writeConfig(folder, yaml)
  const { hooks, close } = await hookSink(hook)
  t.after(close)
  const holdfast = startHoldfast(folder, port, { HOLDFAST_SECRET_PDNS_KEY: KEY }, ['--lab', '--shrink', '86400'])
  t.after(() => holdfast.stop())
  await until('it answers', 150_000, () => fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.ok, () => false)).catch((cause: unknown) => assert.fail(`${String(cause)} ${holdfast.output()}`))
  const keys = new Map<string, Authenticator[]>()
  await Promise.all(['ada', 'bo'].map(async (who) => keys.set(who, await enrol({ holdfast }, who, 4))))
  // Lab time: who is known for four seconds is known for four days.
  await sleep(4000)
  return { holdfast, yaml, hooks, keys, records, web, machine: all[0] ?? assert.fail() }
}

const UNANNOUNCED = ['--accept', 'unannounced=The customers were told by mail'] as const
/** What the plan says; it is refused (5), or waits for two people and nothing else (4). */
const plan = ({ holdfast }: Stage): ReturnType<Running['cli']> => holdfast.cli('runbooks', 'plan', 'extended-maintenance', '--host', 'web-1-host', ...UNANNOUNCED)
const planned = async (it: Stage, what: string, holds: (out: string, code: number | null) => boolean, limit = 60_000): Promise<string> => {
  let last = ''
  return until(what, limit, async () => {
    const { code, out, err } = await plan(it)
    last = `${code} ${out}${err}`
    return holds(out + err, code) && out + err
  }).catch(() => assert.fail(`${what}: ${last}\n${it.holdfast.output().slice(-3000)}`))
}
const isOpen = (_out: string, code: number | null): boolean => code === 4
const begin = ({ holdfast }: Stage): ReturnType<Running['cli']> => holdfast.cli('runbooks', 'run', 'extended-maintenance', '--host', 'web-1-host', '--checks', 'bo', ...UNANNOUNCED, '--no-wait', '--as', 'ada', '--json')

/** The settings are saved as a job would do it. */
function save(name: string): void {
  execFileSync(path.join(root, 'bin/holdfast'), ['exec', '--data', at('data'), '--backup', 'panel', '--', 'tar', '--zstd', '-cf', at('nas/panel', `${name}.tar.zst`), 'etc'], { cwd: folder, env: { ...process.env, HOLDFAST_SECRET_PDNS_KEY: KEY }, timeout: 60_000 })
}

/** Nothing begins before the settings were restored, nor while the standby does not serve; no name leads anywhere else meanwhile. */
async function refused(it: Stage): Promise<void> {
  const before = it.records()
  save(new Date().toISOString().slice(0, 10))
  // An edit has every set looked at at once; a report alone waits for a minute since the look before.
  writeConfig(folder, it.yaml.replace('site: { name: Acme,', 'site: { name: Acme Ltd,'))
  const says = await planned(it, 'only the proof is missing', (out, code) => code === 5 && /a copy of panel that counts/.test(out) && !/checks? .*(?:fail|unknown)|incident \d/.test(out))
  assert.match(says, /✕ +fail +a copy of panel that counts, not older than 1 d 2 h, proven up to L4, within 8 d\n.*panel\/.*\.tar\.zst is proven up to L1 only|✕ .*nothing was proven/)
  assert.equal((await begin(it)).code, 5, 'a run is refused as its plan is')
  const drilled = await it.holdfast.cli('backups', 'drill', 'panel')
  assert.equal(drilled.code, 0, drilled.out + drilled.err)
  await planned(it, 'a copy that was restored opens the gate', isOpen)
  it.web.standby.stop()
  await planned(it, 'a standby that does not serve is none', (out, code) => code === 5 && out.includes('standby'))
  assert.equal((await begin(it)).code, 5)
  it.web.standby.start()
  await planned(it, 'it serves again', isOpen)
  assert.deepEqual([it.records(), await visited()], [before, 'Acme, served by web-1'], 'nothing was changed')
}

/** Somebody says “done”, and it is refused by what is seen. */
async function saidDone({ holdfast }: Stage, run: string, sees: RegExp): Promise<void> {
  let said = ''
  await until('“done” is refused by what is seen', 30_000, async () => {
    const { code, out, err } = await holdfast.cli('runbooks', 'resume', run, '--was', 'done')
    said = `${code} ${out}${err}`
    return code === 5 && sees.test(/It is seen not to be done: known-file: (.*)/.exec(said)?.[1] ?? '')
  }).catch(() => assert.fail(said))
}

async function tell(t: { after(end: () => unknown): void }): Promise<Told> {
  const it = await stage(t)
  await refused(it)
  const { holdfast, hooks, keys, records, web, machine } = it
  const begun = await begin(it)
  assert.equal(begun.code, 4, begun.out + begun.err)
  const { run } = JSON.parse(begun.out) as RunAnswer
  const led = leading({ holdfast, hooks, keys, run })
  const state = async (n: number): Promise<string | undefined> => (await led.told()).run.steps[n]?.state
  /** On a machine that is busy a host may not be known for a moment: that halts it, as it should, and both have it go on. */
  const goOn = async (n: number): Promise<void> => {
    assert.match((await led.told()).run.halt?.claim ?? '', /is not known any more/)
    assert.equal((await holdfast.cli('runbooks', 'resume', run)).code, 4)
    await led.press('ada', 'bo')
    const { run: { steps } } = await led.at('both have it go on', (one) => one.run.halt === null && one.run.steps[n]?.state !== 'waiting')
    if (steps[n]?.state === 'offered') await led.press('bo', 'ada')
  }
  const reach = async (what: string, n: number, is: 'running' | 'done'): Promise<void> => {
    while ((await led.at(what, (one) => one.run.steps[n]?.state === is || one.run.halt !== null, 90_000)).run.halt !== null) await goOn(n)
  }

  await led.press('ada', 'bo')
  await reach('the name leads to the standby', 0, 'done')
  assert.match(records(), new RegExp(`^www\\.acme\\.example\\. ${NEW_TTL} IN A ${addressOf('standby').replaceAll('.', '\\.')}$`))
  assert.equal(await visited(), 'Acme, served by standby')

  await led.press('ada', 'bo')
  await reach('the server is worked on', 1, 'running')
  const since = Date.parse((await led.line('began', 'work'))?.at ?? '')
  const silenced = await holdfast.cli('checks', 'silence', 'web-1', '--for', '6h', '-m', 'upgrade')
  assert.equal(silenced.code, 0, silenced.out + silenced.err)
  machine.off()
  web['web-1'].stop()
  // The customers' disk is not where it was, and somebody says “done”.
  renameSync(at('disk/web-1/customers'), at('disk/taken-out'))
  await sleep(2000)
  assert.equal(await visited(), 'Acme, served by standby', 'whoever comes is served')
  machine.on()
  web['web-1'].start()
  await until('it serves, without the data', 60_000, () => fetch('http://web-1.acme.example/customers/known.txt', { headers: { connection: 'close' } }).then(({ status }) => status === 404, () => false))
  const pages = await until('both are paged that it takes too long', 60_000, () => {
    const found = ['ada', 'bo'].map((who) => hooks.find(({ body }) => body.person === who && body.incident?.title === 'Step work takes too long'))
    return found.every((one) => one !== undefined) && found
  })
  await saidDone(it, run, /404/)
  const paged = Math.max(...pages.map((one) => one?.at ?? 0)) - since - WITHIN * 1000
  assert.deepEqual([await state(1), await state(2), (await led.told()).run.halt], ['running', 'waiting', null], '“done” is what is seen')
  // Who is elsewhere goes on hearing of it: those who are paged, and whoever reads the board.
  assert.ok(hooks.some(({ body }) => body.incident?.title?.includes('known-file')), hooks.map(({ body }) => body.incident?.title).join('; '))
  assert.ok(Date.now() - statSync(at('elsewhere/index.html')).mtimeMs < 60_000, 'the board elsewhere is written anew')
  assert.match(readFileSync(at('elsewhere/index.html'), 'utf8'), /Website[\s\S]*Operational/i)

  // A disk is there again, with a file of that name: an older one.
  mkdirSync(at('disk/web-1/customers'))
  writeFileSync(at('disk/web-1/customers/known.txt'), readFileSync(at('disk/taken-out/known.txt')).subarray(0, 2000))
  await saidDone(it, run, /^SHA-256 of the body is [0-9a-f]{12}… instead of [0-9a-f]{12}…/)
  assert.deepEqual([await state(1), await state(2)], ['running', 'waiting'], 'a file of that name is not that file')

  rmSync(at('disk/web-1/customers'), { recursive: true })
  renameSync(at('disk/taken-out'), at('disk/web-1/customers'))
  const returned = Date.now()
  await reach('the data are seen, and it is done', 1, 'done')
  const seen = Date.now() - returned
  assert.match(records(), new RegExp(`A ${addressOf('standby').replaceAll('.', '\\.')}$`), 'nothing leads back by itself')
  await led.press('bo', 'ada')
  await reach('the name leads back', 2, 'done')
  const { run: over } = await led.at('it ends', (one) => one.run.state === 'done')
  assert.deepEqual(over.steps.map((step) => step.state), ['done', 'done', 'done'])
  assert.match(records(), new RegExp(`^www\\.acme\\.example\\. 300 IN A ${addressOf('web-1').replaceAll('.', '\\.')}$`))
  assert.equal(await visited(), 'Acme, served by web-1')
  const verified = await holdfast.cli('ledger', 'verify')
  assert.equal(verified.code, 0, verified.out)
  return { paged, seen }
}

if (import.meta.main) await printStory(tell)

// The command line against the real routes behind a real Unix socket (the keeper and the ringer behind them are fakes): what is
// asked, what is printed where, and which code a script gets.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { KEY, NOW, pushAll, sampleBoard, sampleView, TOKENS, webWorld, type World } from '../../test/web-world.ts'
import { pingId } from '../core/link.ts'
import { instantOf } from '../core/time.ts'
import { serverFor } from '../http/server.ts'
import type { Answered } from '../http/siblings.ts'
import { runtimeFolder } from '../ports/runtime-folder.ts'
import { createTimers } from '../ports/world/timers.ts'
import type { AskRinger, RingerSays } from '../rooms/page/protocol.ts'
import { runCli, type Outside, type UpWants } from './main.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'hf-cli-'))
const env = { XDG_RUNTIME_DIR: folder, HOLDFAST_PERSON: 'ada' }
const data = path.join(folder, 'data')

const ago = (ms: number): number => Date.now() - ms
const HOSTILE = 'down \u001b]0;owned\u0007\u001b[31m'

const check = {
  schema: 'holdfast.check/1', name: 'db', kind: 'mysql', state: 'down', since: ago(840_000), says: HOSTILE, flapping: false, silencedUntil: null,
  lastLook: { at: ago(2000), took: 12, found: 'fail', says: 'refused', phases: { lookup: 1, connect: 2, total: 3 } }, every: 2000, dependsOn: ['disk'], from: 'holdfast.yaml:14', pingUrl: null, why: ['this node: fail'],
}
const beat = { ...check, name: 'job', kind: 'heartbeat', state: 'up', says: '', lastLook: null, pingUrl: 'https://hold.acme.example/ping/3e7c5ad0-9b5e-8c3e-a6c1-000000000001' }
const incident = {
  schema: 'holdfast.incident/1', id: 'inc_1', number: 7, title: 'db is down', says: 'refused', subject: 'check:db', origin: 'watch', state: 'open', since: ago(840_000), resolvedAt: null,
  members: ['db', 'api'], heldBy: null, heldSince: null, lapsesAt: null, next: { people: ['bo'], at: Date.now() + 60_000 }, timeline: [{ at: ago(840_000), is: 'incident.opened', says: 'db is down', by: 'machine' }],
}
const counts = { up: 3, down: 1, unknown: 0, late: 0, new: 0, paused: 0 }
const status = { schema: 'holdfast.status/1', says: 'db is down 14 min — nobody has it yet.', down: true, counts, incidents: [incident], missing: ['Nobody watches Holdfast: set dead_man.url.'], board: 'http://127.0.0.1:7400', at: NOW }
const fine = { ...status, says: 'All 4 checks fine.', down: false, incidents: [], counts: { ...counts, up: 4, down: 0 } }
const tested = (receivedAt: number | null, outcome = 'accepted'): object => ({ schema: 'holdfast.test/1', tests: [{ page: 'tst_1', person: 'ada', channel: 'email', outcome, says: 'no such host', receivedAt }] })
const oncall = { schema: 'holdfast.oncall/1', nobody: false, rotations: [{ name: 'primary', now: 'ada', until: Date.now() + 3_600_000, shifts: [{ person: 'ada', from: ago(1000), until: Date.now() + 3_600_000, cover: false }, { person: 'bo', from: NOW, until: NOW, cover: true }] }] }

const URI = 'otpauth://totp/Acme:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=6&period=30'
const link = { schema: 'holdfast.link/1', person: 'ada', url: 'https://hold.acme.example/welcome/invite/abc', until: NOW }

const approval = {
  schema: 'holdfast.approval/1', id: 'agr_1', what: 'plain', title: 'Promote db2', text: `Now: db1\n${HOSTILE}`, hash: 'ab'.repeat(32), words: 'amber otter', asks: 'yes', typed: null, alone: false, by: 'ada', at: NOW, lapsesAt: NOW,
  state: 'open', endedBy: null, reason: null, agreedAt: null, endedAt: null, url: 'https://hold.acme.example/approve/AbC',
  parties: [{ person: 'ada', as: 'approves', said: false, channels: ['email'], sent: [{ channel: 'email', outcome: 'accepted', at: NOW }] }, { person: 'bo', as: 'checks', said: true, channels: [], sent: [] }],
}
const gate = { want: 'no incident is open', found: 'pass', evidence: [] }
const planned = {
  schema: 'holdfast.plan/1', id: 'plan_1', hash: 'ab'.repeat(32), runbook: 'grow', host: 'db-1', tolerance: 1, accept: [{ code: 'tolerance.stop', step: 'stop', why: 'shop-db tolerates no further failure while and after it' }],
  steps: [{ id: 'drain', host: 'db-1', text: 'set server db-1', tolerance: 1, gates: [gate] }, { id: 'stop', host: 'db-1', text: `run ${HOSTILE}`, tolerance: 0, gates: [gate] }],
}
const rolling = {
  schema: 'holdfast.rolling/1', rolling: 'rol_1', runbook: 'grow', title: 'Add memory', hash: 'ab'.repeat(32), state: 'halted', rehearse: false, by: 'ada', does: 'ada', checks: 'bo', since: NOW, max_failures: 0, halt: 'db-2: step 1 (stop) failed',
  hosts: ['done', 'at-work', 'to-come'].map((state, at) => ({ host: `db-${at + 1}`, batch: at + 1, state, failed: at === 1, run: at === 2 ? null : `run_${at + 1}`, stands: ['done', 'running', null][at] })),
}
const doubtful = { ...planned, tolerance: null, steps: [{ ...planned.steps[0], tolerance: null, gates: [{ want: 'all links are up', found: 'unknown', evidence: [{ subject: 'db-2', observer: 'nobody', at: null, says: 'its links are not looked at yet' }] }] }] }
const bodies: Record<string, unknown> = {
  'clusters.list': {
    schema: 'holdfast.clusters/1', clusters: [{
      schema: 'holdfast.cluster/1', cluster: 'shop-db', kind: 'galera', tolerance: null, says: 'tolerates an unknown number of further failures: nothing has been observed of it yet', lacks: null, designed: 1, shared: ['switch sw-1'], from: 'holdfast.yaml:6', checks: [{ check: 'api', on: 'shop-db', state: 'up' }],
      members: ['db-1', 'db-2'].map((host) => ({ host, state: 'unknown', says: 'nobody has heard of it yet', weight: 1, fates: ['rack r1', 'switch sw-1'], links: [{ link: 'eth0', neighbour: 'sw-1', state: 'unknown', damage: null }] })),
    }],
  },
  'runbooks.list': { schema: 'holdfast.runbooks/1', runbooks: [{ runbook: 'grow', title: 'Add memory', hosts: ['db-1', 'db-2'], cluster: 'shop-db', steps: ['drain', 'stop'], does: ['ada'], checks: ['bo'], window: null, from: 'holdfast.yaml:9' }] },
  'runbooks.plan': planned, 'rollings.plan': { schema: 'holdfast.rolling-plan/1', id: 'plan_1', hash: 'ab'.repeat(32), runbook: 'grow', max_failures: 0, batches: [{ domain: 'rack r1', hosts: ['db-1'], tolerance: 0 }], plans: [planned], accept: planned.accept },
  'rollings.begin': rolling, 'rollings.halt': rolling, 'rollings.resume': rolling, 'rollings.abort': rolling,
  'rollings.show': { schema: 'holdfast.rolling-told/1', rolling, told: [{ schema: 'holdfast.rolling-line/1', n: 0, event: 'began', rolling: 'rol_1', host: 'db-1', run: 'run_1', by: null, at: '2026-11-22T02:00:00.000Z', says: null }] },
  'backups.plan': { schema: 'holdfast.retention/1', plans: [{ store: 'nas', schedule: { because: [] } }, { store: 'main', schedule: { because: ['two refused'] } }] }, 'reconcile.ask': approval,
  'backups.show': {
    schema: 'holdfast.backup-set/1', set: 'shop', engine: 'postgres', of: null, every: 86_400_000, state: 'ok', from: 'holdfast.yaml:3', exposure: null, copies: [], aside: { count: 1, shown: [{ store: 'nas', copy: 'shop-1.dump', bytes: 2048, since: NOW, eligible_at: NOW, removable: false, why: 'set aside; not yet: it lies there for 2 d' }] },
    places: [{ store: 'nas', name: 'shop-{date}', state: 'ok', says: '', findings: [], missed: null, since: NOW, listed_at: ago(120_000), unseen: 'connection refused', odd: { count: 2, shown: ['shop-/..: dots'] }, copies: 0, counted: 0, bytes: 0, newest: null, usual_bytes: null, proven: null, immutable: { found: 'fail', says: 'the newest copy is not locked' }, reading: null }],
  },
  'backups.release': { schema: 'holdfast.release/1', reconcile: 'shop', wanted: 2, missing: [], plan: 'x' },
  'approvals.list': { schema: 'holdfast.approvals/1', approvals: [approval] }, 'approvals.show': { ...approval, url: null, state: 'refused', endedBy: 'bo' }, 'approvals.ask': approval,
  status, 'checks.list': { schema: 'holdfast.checks/1', checks: [check, beat] }, 'incidents.list': { schema: 'holdfast.incidents/1', incidents: [incident] }, 'incidents.show': incident, 'oncall.show': oncall,
  'oncall.test': tested(null, 'waiting'), 'oncall.tested': tested(NOW),
  'board.show': { schema: 'holdfast.board/1', boards: [{ slug: 'public', board: sampleBoard(), drafts: [{ id: 'st_9', title: 'Errors', body: '', status: 'investigating', publishAt: NOW, heldBy: null }] }] },
  'tokens.list': { schema: 'holdfast.tokens/1', tokens: [{ id: 'tok_1', name: 'ci', scopes: ['read'], createdAt: NOW, expiresAt: null, lastUsedAt: null, from: ['10.0.0.0/8'] }] },
  'tokens.create': { schema: 'holdfast.tokens/1', tokens: [], secret: 'hf_secret' }, 'ledger.verify': { schema: 'holdfast.ledger/1', entries: 12, head: 'ab'.repeat(32) },
  'people.list': {
    schema: 'holdfast.people/1', ownerless: true, people: [
      { person: 'ada', email: null, configured: ['approver'], granted: ['owner'], roles: ['approver', 'owner'], factors: 2, hasPassword: true, sessions: 1, seen: NOW },
      { person: 'bo', email: null, configured: [], granted: [], roles: [], factors: 0, hasPassword: false, sessions: 0, seen: null },
    ],
  },
  'people.invite': link, 'people.recover': link, 'people.firstOwner': link, 'people.enrol': { schema: 'holdfast.totp/1', person: 'ada', uri: URI, secret: 'GEZDGNBVGY3TQOJQ' },
  'people.audit': { schema: 'holdfast.audit/1', entries: [{ seq: 7, at: NOW, is: 'people.signedIn', person: 'ada', says: `ada signed in by passkey from ${HOSTILE}` }] },
  'ledger.rebuild': { schema: 'holdfast.ledger/1', entries: 12, head: 'ab'.repeat(32), differed: ['page_incident'] },
}

/** What the fakes do in the test that runs. */
let call: (name: string, args: Readonly<Record<string, unknown>>) => Answered<unknown> | undefined = () => undefined
let ring: (ask: AskRinger) => RingerSays | { is: 'away'; says: string } = () => ({ is: 'did', recorded: true, view: { ...sampleView, state: 'held', heldBy: 'ada' } })

const world: World = webWorld({
  ring: (ask) => ring(ask),
  call(name, args) {
    const said = call(name, args)
    if (said) return said
    const body = name === 'checks.show' || name === 'checks.run' ? (args['name'] === 'job' ? beat : check) : (bodies[name] ?? { schema: 'holdfast.done/1', says: `did ${name}`, id: 'id_1' })
    return { is: 'answered', status: 200, body }
  },
})
const socket = serverFor({ app: world.app, boards: world.kit.boards, via: 'socket', timers: createTimers() })
const tcp = serverFor({ app: world.app, boards: world.kit.boards, via: 'tcp', timers: createTimers() })

before(async () => {
  pushAll(world)
  world.kit.doors.learn({ is: 'doors', heartbeats: ['job'], integrations: [] })
  const at = path.join(runtimeFolder(data, env), 'web.sock')
  await new Promise<void>((resolve) => socket.listen(at, resolve))
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
})

after(() => {
  for (const server of [socket, tcp]) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(folder, { recursive: true })
})

const started: UpWants[] = []
const outside: Outside = {
  version: '0.1.0',
  up(wants) {
    started.push(wants)
    return Promise.resolve(0)
  },
  plugins: () => Promise.resolve({ probes: [], channels: [] }), scan: () => Promise.reject(new Error('nothing is scanned here')), scanPages: () => Promise.reject(new Error('nothing is scanned here')),
}

interface Ran { readonly exit: number; readonly out: string; readonly err: string; readonly asked: readonly (readonly [string, unknown])[] }

async function run(line: string | readonly string[], more: { env?: Record<string, string>; stdin?: string; data?: string } = {}): Promise<Ran> {
  let [out, err] = ['', '']
  const before = world.asked.calls.length
  const argv = typeof line === 'string' ? (line.match(/"[^"]*"|\S+/g) ?? []).map((it) => it.replaceAll('"', '')) : line
  const exit = await runCli([...argv, '--data', more.data ?? data], { ...env, ...more.env }, outside, {
    stdout: { write: (text) => (out += text) }, stderr: { write: (text) => (err += text) }, stdin: () => more.stdin ?? '',
  })
  return { exit, out, err, asked: world.asked.calls.slice(before).map((it) => [it.name, it.args] as const) }
}

const plainly = (t: { after: (act: () => void) => void }): void => t.after(() => {
  call = () => undefined
  ring = () => ({ is: 'did', recorded: true, view: { ...sampleView, state: 'held', heldBy: 'ada' } })
})

test('a plan with a gate that is not known is refused, and shown whole', async (t) => {
  plainly(t)
  call = () => ({ is: 'answered', status: 200, body: doubtful })
  const { exit, out } = await run('runbooks plan grow --host db-1')
  assert.equal(exit, 5)
  assert.match(out, /further failures tolerated: \? now; \? after 1\n[\s\S]*◌ {2}unknown {2}all links are up\n +db-2, by nobody: its links are not looked at yet\n[\s\S]*Refused: not everything/)
  const json = await run('runbooks plan grow --host db-1 --json')
  assert.deepEqual([json.exit, JSON.parse(json.out)], [5, doubtful])
})

test('every command: its exit code, what it asks, what it prints', async () => {
  const table: readonly [string, number, RegExp, readonly (readonly [string, unknown])[]][] = [
    ['status', 3, /^db is down 14 min — nobody has it yet\.\n\n✕ {2}7 {2}db is down {2}14 min {2}nobody has it yet; next Bo at \d\d:\d\d\n\nChecks {7}● 3 up {2}✕ 1 down\nStatus page {2}http/, [['status', {}]]],
    ['status db', 3, /^✕ db is down for 14 min, since /, [['checks.show', { name: 'db' }]]],
    ['checks list', 0, /^✕ {2}db {3}down {2}for 14 min {2}mysql {6}12 ms {2}.*\n● {2}job {2}up/, [['checks.list', {}]]],
    ['checks show db', 0, /Phases +lookup 1 ms, connect 2 ms, total 3 ms/, [['checks.show', { name: 'db' }]]],
    ['checks show "a/b c"', 0, /./, [['checks.show', { name: 'a/b c' }]]],
    ['checks run db', 3, /Last look +fail/, [['checks.run', { name: 'db' }]]],
    ['checks silence db --for 2h -m "disk work"', 0, /^did checks.silence\n$/, [['checks.silence', { name: 'db', for: '2h', reason: 'disk work', person: 'ada' }]]],
    ['checks pause job --leave -m "moves house"', 0, /^did checks.pause\n$/, [['checks.pause', { name: 'job', reason: 'moves house', leave: true, person: 'ada' }]]],
    ['checks pause job', 0, /did/, [['checks.pause', { name: 'job', person: 'ada' }]]],
    ['checks resume job --as bo', 0, /did/, [['checks.resume', { name: 'job', person: 'bo' }]]],
    ['checks show job --pings 3', 0, /Reports +every 2 s/, [['checks.show', { name: 'job', pings: 3 }]]],
    ['incidents list', 0, /db is down/, [['incidents.list', { state: 'open' }]]],
    ['incidents list --all', 0, /db is down/, [['incidents.list', { state: 'all' }]]],
    ['incidents show 7', 0, /With it +api/, [['incidents.show', { incident: '7' }]]],
    ['incidents update 7 -m "on it"', 0, /did/, [['incidents.update', { incident: '7', text: 'on it', person: 'ada' }]]],
    ['incidents assign 7 bo', 0, /did/, [['incidents.assign', { incident: '7', to: 'bo', person: 'ada' }]]],
    ['incidents resolve 7 -m "vendor"', 0, /did/, [['incidents.resolve', { incident: '7', reason: 'vendor', person: 'ada' }]]],
    ['page bo -m help --as chen', 0, /did page/, [['page', { who: 'bo', text: 'help', person: 'chen' }]]],
    ['oncall now', 0, /^primary {2}Ada {2}until/, [['oncall.show', { days: 1 }]]],
    ['oncall show --days 28', 0, /^primary\n.*Ada.*\n.*Bo.*covers/, [['oncall.show', { days: 28 }]]],
    ['oncall cover primary bo --until 8h', 0, /did/, [['oncall.cover', { rotation: 'primary', by: 'bo', from: 'now', until: '8h', person: 'ada' }]]],
    ['cluster show', 3, /^shop-db {2}galera, 2 members, holdfast\.yaml:6\n├─ db-1 {2}◌ {2}not known {2}nobody has heard of it yet {4}eth0 ── sw-1 {2}rack r1, switch sw-1\n└─ db-2 .*\n {3}now: it tolerates an unknown number .* nothing has been observed of it yet\n {3}with every member well: 1 further failure\n {3}all of it hangs on switch sw-1.*\n {3}api leans on shop-db: up\n/, [['clusters.list', {}]]],
    ['cluster show other', 1, /^$/, [['clusters.list', {}]]],
    ['runbooks list', 0, /^Runbook .*\ngrow {5}Add memory {2}db-1, db-2 {2}2 {6}ada and bo {2}any time\n$/, [['runbooks.list', {}]]],
    ['runbooks plan grow --host db-1', 4, /^grow on db-1\nfurther failures tolerated: 1 now; 1 after 1, 0 after 2\n\n1\. drain {2}set server db-1\n {4}● {2}pass {2}no incident is open\n[\s\S]*to be accepted: --accept tolerance\.stop=… {2}shop-db tolerates no further failure[\s\S]*plan plan_1 · (ab){8}\n$/, [['runbooks.plan', { runbook: 'grow', host: 'db-1' }]]],
    ['runbooks plan grow --host db-1 --accept "window=It is agreed" --accept a=b=c', 4, /./, [['runbooks.plan', { runbook: 'grow', host: 'db-1', accept: [{ code: 'window', reason: 'It is agreed' }, { code: 'a', reason: 'b=c' }] }]]],
    ['runbooks plan grow --host db-1 --accept window', 2, /^$/, []],
    ['runbooks plan grow', 4, /^grow on 1 host, one after the other; the first failure stops the rest\n\ndb-1 {2}rack r1 {2}further failures tolerated: 1 now; 1 after 1, 0 after 2\n1\. drain {2}set server db-1\n[\s\S]*to be accepted: --accept tolerance\.stop=…/, [['rollings.plan', { runbook: 'grow' }]]],
    ['runbooks run grow --no-wait', 4, /^rol_1 {2}Add memory: halted\nada does it, bo checks it\n1\. {2}● {2}db-1 {2}done +run_1\n2\. {2}▲ {2}db-2 {2}at work \(running\), a step failed {2}run_2\n3\. {2}◌ {2}db-3 {2}to come\nHalted: db-2: step 1 \(stop\) failed\. holdfast runbooks resume rol_1/, [['rollings.begin', { runbook: 'grow', person: 'ada' }]]],
    ['runbooks show rol_1', 3, /began db-1 \(run_1\)/, [['rollings.show', { rolling: 'rol_1' }]]],
    ['runbooks halt rol_1', 0, /^rol_1/, [['rollings.halt', { rolling: 'rol_1', person: 'ada' }]]],
    ['runbooks resume rol_1', 4, /^rol_1/, [['rollings.resume', { rolling: 'rol_1', person: 'ada' }]]],
    ['runbooks abort rol_1 --as bo', 0, /^rol_1/, [['rollings.abort', { rolling: 'rol_1', person: 'bo' }]]],
    ['runbooks undo rol_1', 2, /^$/, []], ['runbooks resume rol_1 --was done', 2, /^$/, []],
    ['board show', 0, /● {2}WWW {3}operational[\s\S]*Drafts[\s\S]*st_9/, [['board.show', {}]]],
    ['board post -m text --title T --next 30m', 0, /did/, [['board.post', { status: 'investigating', text: 'text', title: 'T', next: '30m', person: 'ada' }]]],
    ['board announce Public --title T --component API --component WWW --from 3d --until 3h --lead 48h -m text', 0, /did/, [['board.announce', { board: 'Public', title: 'T', text: 'text', components: ['API', 'WWW'], from: '3d', until: '3h', lead: '48h', person: 'ada' }]]],
    ['board announce --for grow-memory --from 3d --until 3h -m text', 0, /did/, [['board.announce', { runbook: 'grow-memory', text: 'text', from: '3d', until: '3h', person: 'ada' }]]],
    ['board begin mnt_1', 0, /did/, [['board.begin', { maintenance: 'mnt_1', person: 'ada' }]]],
    ['board complete mnt_1 -m text', 0, /did/, [['board.complete', { maintenance: 'mnt_1', text: 'text', person: 'ada' }]]],
    ['board cancel mnt_1 -m text', 0, /did/, [['board.cancel', { maintenance: 'mnt_1', text: 'text', person: 'ada' }]]],
    ['board hold st_9', 0, /did/, [['board.hold', { statement: 'st_9', person: 'ada' }]]],
    ['board publish st_9', 0, /did/, [['board.publish', { statement: 'st_9', person: 'ada' }]]],
    ['tokens create ci --scope read --scope ack --expires 90d', 0, /^hf_secret\n$/, [['tokens.create', { name: 'ci', scopes: ['read', 'ack'], expires: '90d', person: 'ada' }]]],
    ['tokens create ci --scope read --from 10.0.0.0/8 --from ::1', 0, /^hf_secret\n$/, [['tokens.create', { name: 'ci', scopes: ['read'], from: ['10.0.0.0/8', '::1'], person: 'ada' }]]],
    ['tokens list', 0, /^tok_1 {2}ci {2}read {2}made .* {2}without an end {2}from 10\.0\.0\.0\/8 {2}never used\n$/, [['tokens.list', {}]]],
    ['tokens revoke tok_1', 0, /did/, [['tokens.revoke', { id: 'tok_1', person: 'ada' }]]],
    ['people list', 0, /^ada {2}approver, owner \(granted\) {2}password, 2 factors {2}1 session {2}seen .*\nbo {3}no role {20}no way in yet\n$/, [['people.list', {}]]],
    ['people first-owner', 0, /^https:\/\/hold\.acme\.example\/welcome\/invite\/abc\n$/, [['people.firstOwner', {}]]],
    ['people invite bo', 0, /^https:\/\/hold\.acme\.example\/welcome\/invite\/abc\n$/, [['people.invite', { who: 'bo', person: 'ada' }]]],
    ['people recover bo', 0, /^https:\/\/\S+\n$/, [['people.recover', { who: 'bo', person: 'ada' }]]],
    ['people enrol ada --code 123456', 0, /^otpauth:/, [['people.enrol', { who: 'ada', person: 'ada', code: '123456' }]]],
    ['people grant bo responder approver', 0, /^did people\.grant\n$/, [['people.grant', { who: 'bo', person: 'ada', roles: ['responder', 'approver'] }]]],
    ['people grant bo --none', 0, /^did people\.grant\n$/, [['people.grant', { who: 'bo', person: 'ada', roles: [] }]]],
    ['people sign-out bo', 0, /^did people\.signOutAll\n$/, [['people.signOutAll', { who: 'bo', person: 'ada' }]]],
    ['audit --person ada --since 7d', 0, /^7 {2}.*ada signed in by passkey from down  ?/, [['people.audit', { who: 'ada', since: '7d' }]]],
    ['backups show shop', 0, /as of 2 min ago, and now not known: connection refused[^]*2 in nas cannot be asked for by name, and are counted as nobody's: shop-\/\.\.: dots[^]*Set aside: 1\. One comes back with: holdfast backups release shop <copy>[^]*shop-1\.dump +nas +2 KiB +since .* goes at the earliest .*, and only if two people say so/, [['backups.show', { set: 'shop' }]]],
    ['backups close-breaker shop --no-wait -m "an old job"', 0, /agr_1/, [['backups.plan', { set: 'shop' }], ['reconcile.ask', { what: 'close-breaker', on: 'keep:shop@main', reason: 'an old job', person: 'ada' }]]],
    ['backups close-breaker shop --store nas --no-wait -m why', 0, /agr_1/, [['reconcile.ask', { what: 'close-breaker', on: 'keep:shop@nas', reason: 'why', person: 'ada' }]]],
    ['backups release shop --all', 0, /^$/, [['backups.release', { set: 'shop', all: true, person: 'ada' }]]],
    ['approvals list', 0, /agr_1 {2}Promote db2 {2}open {2}1 of 2/, [['approvals.list', { person: 'ada' }]]],
    ['approvals list --all', 0, /agr_1/, [['approvals.list', { all: true, person: 'ada' }]]],
    ['approvals show agr_1', 0, /refused by Bo/, [['approvals.show', { id: 'agr_1', person: 'ada' }]]],
    ['approvals ask "Promote db2" --of ada --of bo:checks --lapses 5m --typed db2 --alone -m why', 0, /^agr_1\n[^]*amber otter[^]*https:\/\/hold\.acme\.example\/approve\/AbC\n$/,
      [['approvals.ask', { title: 'Promote db2', text: 'why', of: ['ada', 'bo:checks'], lapses: '5m', typed: 'db2', alone: true, person: 'ada' }]]],
    ['audit', 0, /^7 {2}/, [['people.audit', {}]]],
    ['ledger verify', 0, /^● 12 entries, unbroken/, [['ledger.verify', {}]]],
    ['ledger rebuild', 0, /Put right: page_incident/, [['ledger.rebuild', {}]]],
  ]
  for (const [line, exit, out, asked] of table) {
    const ran = await run(line)
    assert.equal(ran.exit, exit, `${line}: ${ran.err}`)
    assert.match(ran.out, out, line)
    assert.deepEqual(ran.asked, asked, line)
    // oxlint-disable-next-line no-control-regex -- it is what must not be there
    assert.doesNotMatch(ran.out + ran.err, /[\u0000-\u0009\u000b-\u001f]/, `${line}: nothing steers the terminal`)
  }
})

test('--json prints the answer with its schema, and nothing else, for every command', async () => {
  for (const line of ['status', 'checks list', 'checks show db', 'incidents list', 'incidents show 7', 'oncall now', 'oncall show', 'board show', 'tokens list', 'people list', 'people invite bo', 'people enrol ada', 'people grant bo viewer', 'audit', 'approvals list', 'approvals show agr_1', 'approvals ask x --of ada --of bo', 'ledger verify', 'ack', 'page bo -m x', 'validate /nowhere.yaml', 'explain HF101']) {
    for (const argv of [`${line} --json`, `--json ${line}`]) {
      const ran = await run(argv)
      assert.match((JSON.parse(ran.out) as { schema: string }).schema, /^holdfast\.\w+\/1$/, argv)
      assert.equal(ran.err, '', argv)
    }
  }
  const lines = (await run('checks list --json=lines')).out.trim().split('\n').map((it) => JSON.parse(it) as { name: string })
  assert.deepEqual(lines.map((it) => it.name), ['db', 'job'])
})

test('verify calls nothing read that nobody has read, and says why what it waits for cannot be', async (t) => {
  plainly(t)
  const reading = { all_within: 1, parts: 6, due: 0, bytes_due: 0, damaged: 0, oldest_unread: ago(60_000), never_read: 6, failing: null as string | null }
  call = () => ({ is: 'answered', status: 200, body: { schema: 'holdfast.backup-set/1', set: 'repo', state: 'ok', places: [{ store: 'nas', state: 'ok', says: '', reading }] } })
  const never = await run('backups verify repo')
  assert.match(never.out, /6 of 6 parts were never read/)
  assert.doesNotMatch(never.out, /every byte/)
  reading.never_read = 0
  assert.match((await run('backups verify repo')).out, /every byte read within the last/)
  Object.assign(reading, { due: 3, bytes_due: 803, failing: '/nas holds no .holdfast-store' })
  reading.due = 0
  assert.equal((await run('backups verify repo')).exit, 3, 'what could not be read is not known, also when it is not due')
  reading.due = 3
  const stuck = await run('backups verify repo --timeout 10ms')
  assert.equal(stuck.exit, 3)
  assert.match(stuck.err, /still to be read; what was tried could not be: \/nas holds no .holdfast-store/)
})

test('look waits until every store was listed or could not be, and says how the set stands then', async (t) => {
  plainly(t)
  const set = { schema: 'holdfast.backup-set/1', set: 'shop', state: 'ok', places: [{ store: 'nas', state: 'ok', says: '', unseen: null, newest: null, copies: 3, counted: 3 }] }
  const states = ['waiting', 'listing', 'listed']
  let end = 'listed'
  call = (name) => {
    if (name === 'backups.show') return { is: 'answered', status: 200, body: set }
    if (name === 'backups.list') return { is: 'answered', status: 200, body: { schema: 'holdfast.backups/1', sets: [set] } }
    const state = states.shift() ?? end
    return { is: 'answered', status: 200, body: { schema: 'holdfast.look/1', set: 'shop', look: 1, over: state === end && end !== 'never', places: [{ store: 'nas', state: state === 'never' ? 'listing' : state, says: state === 'waiting' ? 'it was listed 20 s ago, and is again in 40 s' : '' }] } }
  }
  const { exit, out, err, asked } = await run('backups look shop')
  assert.deepEqual([exit, asked.map(([name]) => name)], [0, ['backups.look', 'backups.looked', 'backups.looked', 'backups.show']])
  assert.deepEqual(asked.slice(1, 3).map(([, args]) => (args as { look?: number }).look), [1, 1], 'it is their own that they hear of')
  assert.match(err, /shop in nas: it was listed 20 s ago, and is again in 40 s/)
  assert.match(out, /shop +nas +ok +3 of 3/)
  end = 'not-listed'
  assert.equal((await run('backups look')).exit, 3, 'what cannot be listed is not known')
  end = 'never'
  const over = await run('backups look shop --timeout 1ms')
  assert.deepEqual([over.exit, /shop in nas is not listed yet/.test(over.err)], [3, true], `a time to wait is for all of it, and not for one question: ${over.err}`)
})

test('release takes as many names as are said, of objects and of copies', async (t) => {
  plainly(t)
  call = (name) => (name === 'reconcile.release' || name === 'backups.release' ? { is: 'answered', status: 200, body: { schema: 'holdfast.release/1', reconcile: 'uploads', set: 'shop', wanted: 2, missing: [], plan: '', plans: [], acts: [] } } : undefined)
  for (const [line, names] of [['reconcile release uploads u/1 u/2', { keys: ['u/1', 'u/2'] }], ['backups release shop pg/1.dump pg/2.dump', { copies: ['pg/1.dump', 'pg/2.dump'] }]] as const) {
    const { asked, err } = await run(line)
    assert.deepEqual(Object.fromEntries(Object.entries(asked[0]?.[1] ?? {}).filter(([name]) => name in names)), names, err)
  }
})

test('release says what came back, what waits and what was held, and exits by it', async (t) => {
  plainly(t)
  const acts = { schema: 'holdfast.acts/1', plan: 'by-hand:uploads', hash: '', reconcile: 'uploads', mode: 'report', totals: { purge: 0, release: 1, quarantine: 0 }, agreement: null, waiting: 0, under_way: 0, over: 0, held: [] as object[], waits: [] as object[], refusals: [] }
  let missing: string[] = []
  call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.acts' ? acts : { schema: 'holdfast.release/1', reconcile: 'uploads', wanted: 1, missing, plan: 'by-hand:uploads' } })
  acts.over = 1
  const back = await run('reconcile release uploads u/1')
  assert.deepEqual([back.exit, back.out.trim()], [0, '1 brought back, 0 to come back still, 0 held'])
  assert.match(back.err, /1 object is to come back/)
  Object.assign(acts, { over: 0, waiting: 1, waits: [{ act: 'release', key: 'u/1', says: 'connection refused' }] })
  const waits = await run('reconcile release uploads u/1 --no-wait')
  assert.equal(waits.exit, 4)
  assert.match(waits.out, /0 brought back, 1 to come back still, 0 held[^]*u\/1.*connection refused/)
  Object.assign(acts, { waiting: 0, waits: [], held: [{ act: 'release', key: 'u/1', says: 'it was written since' }] })
  const held = await run('reconcile release uploads u/1')
  assert.equal(held.exit, 3)
  assert.match(held.out, /1 held[^]*u\/1.*it was written since[^]*→/)
  Object.assign(acts, { over: 1, held: [] })
  missing = ['u/2']
  const some = await run('reconcile release uploads u/1 u/2')
  assert.equal(some.exit, 1)
  assert.match(some.err, /u\/2 does not lie aside/)
})

test('an apply that is refused says of each reason what was found and who saw it, also where nobody knew', async (t) => {
  plainly(t)
  const reason = { id: 'schema', found: 'unknown', text: 'it was not read', evidence: [{ subject: 'catalogue games', observer: 'guard', at: 1 }], cure: 'see why' }
  call = (name) => (name === 'reconcile.acts' ? { is: 'answered', status: 200, body: { schema: 'holdfast.acts/1', plan: 'plan_1', hash: '', reconcile: 'uploads', mode: 'report', totals: { purge: 0, release: 0 }, agreement: null, waiting: 0, under_way: 0, over: 0, held: [], waits: [], refusals: [reason] } } : undefined)
  const { exit, out } = await run('reconcile apply uploads --json')
  assert.equal(exit, 5)
  assert.deepEqual((JSON.parse(out) as { reasons: unknown }).reasons, [reason])
})

test('apply of a plan that is superseded is refused, also where some of it came back', async (t) => {
  plainly(t)
  const reason = { id: 'over', found: 'fail', text: 'it is superseded by plan_2', evidence: [], cure: 'see the latest' }
  call = (name) => (name === 'reconcile.acts' ? { is: 'answered', status: 200, body: { schema: 'holdfast.acts/1', plan: 'plan_1', hash: '', reconcile: 'uploads', mode: 'armed', totals: { purge: 0, quarantine: 2, release: 1 }, agreement: null, waiting: 0, under_way: 0, over: 1, held: [], waits: [], refusals: [reason] } } : undefined)
  const { exit, out } = await run('reconcile apply plan_1')
  assert.equal(exit, 5)
  assert.match(out, /Refused: it is superseded by plan_2\n +→ see the latest/)
})

test('a run that is refused before it begins is a refusal on stdout, and what stays in force is said', async (t) => {
  plainly(t)
  call = (name) => (name === 'reconcile.run' ? { is: 'refused', status: 409, error: { code: 'HF490', message: 'db is down: nothing is compared with a database that does not answer', help: 'nothing was touched' } } : { is: 'answered', status: 200, body: { schema: 'holdfast.reconcile/1', latest: null, running: null } })
  const asJson = await run('reconcile plan uploads --json')
  const { schema, code, reasons: [reason] } = JSON.parse(asJson.out) as { schema: string; code: string; reasons: readonly { found: string; text: string; evidence: unknown; cure: string }[] }
  assert.deepEqual([asJson.exit, schema, code, reason?.found, reason?.evidence], [5, 'holdfast.refusal/1', 'HF490', 'unknown', []])
  assert.match(reason?.text ?? '', /^db is down/)
  const { exit, out } = await run('reconcile plan uploads')
  assert.equal(exit, 5)
  assert.match(out, /Refused: db is down[^]*nothing was touched[^]*stays armed/)
})

test('a plan of which all is done plans nothing any more: 0, and how much of it was done', async (t) => {
  plainly(t)
  const plan = { id: 'plan_1', hash: 'ab', mode: 'armed', reconcile: 'uploads', binding: 'b', checks: [], refusals: [], totals: { purge: 0, quarantine: 2, release: 0, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 10 } }
  const shown = { schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, from: 'x:1', running: null, breaker: { is: 'closed' }, armed_by: ['ada', 'bo'], clean_runs: 3, causes: [], acceptable: [], accepted: [], returning: [], latest: { at: NOW, healthy: true, plan, path: null, summary: null, objects: null, rows: null, columns: {}, said: [] } }
  let waiting = 1
  call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.acts' ? { schema: 'holdfast.acts/1', plan: 'plan_1', refusals: [], totals: plan.totals, agreement: null, waiting, under_way: 0, over: 2 - waiting, held: [], waits: [] } : shown })
  assert.equal((await run('reconcile show uploads')).exit, 4)
  waiting = 0
  const { exit, err } = await run('reconcile show uploads')
  assert.equal(exit, 0)
  assert.match(err, /2 are done, 0 still wait, 0 were held/)
})

test('apply of what waits for two people alone is planned, not done: 4', async (t) => {
  plainly(t)
  const acts = { schema: 'holdfast.acts/1', plan: 'plan_1', hash: '', reconcile: 'uploads', mode: 'armed', totals: { purge: 2, release: 0, quarantine: 0 }, agreement: null as string | null, waiting: 0, under_way: 0, over: 0, held: [], waits: [], refusals: [] }
  const kept = { schema: 'holdfast.retention.acts/1', plan: 'plan_2', hash: '', set: 'shop', store: 'nas', permitted_by: [], waiting: 1, under_way: 0, done: 0, held: 0, stopped: null, waits_for: null, acts: [{ act: 'purge', copy: 'a.dump', bytes: 1, state: 'waiting', says: 'two people remove it' }] }
  call = (name) => ({ is: 'answered', status: 200, body: name === 'backups.apply' ? kept : acts })
  const { exit, out } = await run('reconcile apply uploads')
  assert.equal(exit, 4)
  assert.match(out, /2 wait for two people: holdfast reconcile purge plan_1/)
  assert.equal((await run('backups apply plan_2')).exit, 4)
  acts.agreement = 'agr_1'
  assert.equal((await run('reconcile apply uploads')).exit, 0, 'they have said it, and nothing of it waits')
})

test('apply waits for a store that is away, says so once, and what still waits in the end is planned: 4', async (t) => {
  plainly(t)
  const act = (state: string): object => ({ act: 'quarantine', copy: 'a.dump', bytes: 1, state, says: '' })
  const kept = { schema: 'holdfast.retention.acts/1', plan: 'plan_2', hash: '', set: 'shop', store: 'nas', permitted_by: ['ada'], waiting: 1, under_way: 0, done: 0, held: 0, stopped: null, waits_for: 'nas does not answer' as string | null, acts: [act('waiting')] }
  let asked = 0
  call = () => {
    if (++asked === 3) Object.assign(kept, { waiting: 0, done: 1, waits_for: null, acts: [act('done')] })
    return { is: 'answered', status: 200, body: kept }
  }
  const { exit, err } = await run('backups apply plan_1')
  assert.deepEqual([exit, asked, err.split('nas does not answer').length - 1], [0, 3, 1])
  Object.assign(kept, { waiting: 1, done: 0, waits_for: 'nas does not answer', acts: [act('waiting')] })
  for (const how of ['--no-wait', '--timeout 1ms']) {
    const waits = await run(`backups apply plan_1 ${how}`)
    assert.equal(waits.exit, 4, how)
    assert.match(waits.out, /0 done, 0 under way, 1 waiting, 0 held\nWaits for its store: nas does not answer/)
  }
  Object.assign(kept, { held: 1 })
  assert.equal((await run('backups apply plan_1 --no-wait')).exit, 3)
})

test('a run that is older than was promised is not known, in shape, words and exit code', async (t) => {
  plainly(t)
  const plan = { id: 'plan_1', hash: 'ab', mode: 'armed', reconcile: 'uploads', binding: 'b', checks: [], refusals: [], totals: { purge: 0, quarantine: 0, release: 0, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 0 } }
  const shown = { schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, late: false, from: 'x:1', running: null, breaker: { is: 'closed' }, armed_by: ['ada', 'bo'], clean_runs: 3, causes: [], acceptable: [], accepted: [], returning: [], latest: { at: ago(4 * 3_600_000), healthy: true, plan, path: null, summary: null, objects: null, rows: null, columns: {}, said: [] } }
  call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.acts' ? { schema: 'holdfast.acts/1', plan: 'plan_1', refusals: [], totals: plan.totals, agreement: null, waiting: 0, under_way: 0, over: 0, held: [], waits: [] } : name === 'reconcile.list' ? { schema: 'holdfast.reconciles/1', reconciles: [shown] } : shown })
  assert.equal((await run('reconcile show uploads')).exit, 0)
  const young = (await run('reconcile show')).out
  shown.late = true
  const { exit, out } = await run('reconcile show uploads')
  assert.equal(exit, 3)
  assert.match(out, /How it stands is not known: the last run is 4 h old, and one is due every 1 h/)
  const { out: old, exit: all } = await run('reconcile show')
  assert.equal(all, 3, 'the list is worth no more')
  assert.match(old, /4 h ago.*not known now: one is due every 1 h/)
  assert.notEqual(old.split('\n')[1]?.trim()[0], young.split('\n')[1]?.trim()[0], 'another shape')
  const lines = await run('reconcile show uploads --json=lines')
  assert.deepEqual([lines.exit, lines.out, /How it stands is not known: the last run is 4 h old/.test(lines.err)], [3, '', true], 'what stands there is as old')
})

test('the items of a plan whose file cannot be opened here are asked for, page by page', async (t) => {
  plainly(t)
  const totals = { purge: 0, quarantine: 0, release: 0, keep: 3, gaps: 0, never: 0, gone: 0, bytes: 0 }
  const shown = { schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, late: false, from: 'x:1', running: null, breaker: { is: 'closed' }, armed_by: null, clean_runs: 1, causes: [], acceptable: [], accepted: [], returning: [],
    latest: { at: ago(60_000), healthy: true, plan: { id: 'plan_1', hash: 'ab', mode: 'report', reconcile: 'uploads', binding: 'b', checks: [], refusals: [], totals }, path: '/nowhere/plan_1.jsonl', summary: null, objects: 3, rows: 3, columns: { added: [], removed: [] }, odd: { count: 0, shown: [] }, said: [] } }
  const asked: unknown[] = []
  const item = (n: number): object => ({ act: 'keep', key: `u/${n}`, bytes: 1, why: 'young', first_flagged: null })
  const pages: Record<string, object> = { 0: { items: [item(1), item(2)], next: 70 }, 70: { items: [item(3)], next: null } }
  call = (name, args) => {
    if (name !== 'reconcile.items') return { is: 'answered', status: 200, body: shown }
    asked.push(args)
    return { is: 'answered', status: 200, body: { schema: 'holdfast.reconcile.items/1', reconcile: 'uploads', plan: 'plan_1', ...pages[String((args as { from: number }).from)] } }
  }
  const { out, exit, err } = await run('reconcile show uploads --json=lines')
  assert.deepEqual([out, exit], [[1, 2, 3].map((n) => `${JSON.stringify(item(n))}\n`).join(''), 0], err)
  assert.deepEqual(asked, [{ reconcile: 'uploads', plan: 'plan_1', from: 0 }, { reconcile: 'uploads', plan: 'plan_1', from: 70 }])
  assert.match((await run('reconcile show uploads')).out, /u\/3/, 'and drawn for people')
  pages['70'] = {}
  call = (name) => (name === 'reconcile.items' ? { is: 'refused', status: 404, error: { code: 'HF404', message: 'the items of plan_1 are not kept', help: 'the next run writes one' } } : { is: 'answered', status: 200, body: shown })
  const gone = await run('reconcile show uploads --json=lines')
  assert.notEqual(gone.exit, 0)
  assert.match(gone.out + gone.err, /are not kept/)
})

test('reconcile show exits by the worst of all; what was refused or is still to be done is that also where the last run is old', async (t) => {
  plainly(t)
  const totals = { purge: 0, quarantine: 0, release: 0, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 0 }
  const refusal = { id: 'schema', found: 'unknown', text: 'it was not read', evidence: [], cure: 'see why' }
  const it = ({ late = false, refusals = [], aside = 0, breaker = 'closed', mode = 'report', ran = true }: { late?: boolean; refusals?: readonly object[]; aside?: number; breaker?: string; mode?: string; ran?: boolean }): object => ({
    schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, late, from: 'x:1', running: null, breaker: { is: breaker, because: ['one was lost'] }, armed_by: null, clean_runs: 3, causes: [], acceptable: [], accepted: [], returning: [],
    latest: ran ? { at: ago(4 * 3_600_000), healthy: true, plan: { id: 'plan_1', hash: 'ab', mode, reconcile: 'uploads', binding: 'b', checks: [], refusals, totals: { ...totals, quarantine: aside } }, path: null, summary: null, objects: null, rows: null, columns: {}, said: [] } : null,
  })
  const [fine, old, planned, refused, latched, none] = [it({}), it({ late: true }), it({ late: true, aside: 2 }), it({ late: true, refusals: [refusal] }), it({ breaker: 'open' }), it({ ran: false })]
  let shown: readonly object[] = []
  let waiting = 2
  call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.acts' ? { schema: 'holdfast.acts/1', plan: 'plan_1', refusals: [], totals, agreement: null, waiting, under_way: 0, over: 2 - waiting, held: [], waits: [] } : name === 'reconcile.list' ? { schema: 'holdfast.reconciles/1', reconciles: shown } : shown[0] ?? {} })
  for (const [name, of, exit] of [['fine', fine, 0], ['old', old, 3], ['planned, and old', planned, 4], ['refused, and old', refused, 5], ['latched', latched, 5], ['never ran', none, 3], ['armed, and waits', it({ mode: 'armed', aside: 2 }), 4]] as const) {
    shown = [of]
    assert.deepEqual([(await run('reconcile show uploads')).exit, (await run('reconcile show')).exit], [exit, exit], name)
  }
  for (const [all, exit] of [[[], 0], [[fine, planned], 4], [[fine, planned, old], 3], [[old, refused, planned], 5]] as const) {
    shown = all
    assert.equal((await run('reconcile show')).exit, exit)
  }
  shown = [it({ mode: 'armed', aside: 2 })]
  waiting = 0
  const done = await run('reconcile show')
  assert.deepEqual([done.exit, done.err], [0, ''], 'all of it is done, and only the one that is asked for says so')
})

test('reconcile show lists what is to come back and has not: 3 where something is held, 4 where it waits', async (t) => {
  plainly(t)
  const shown = { schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, late: false, from: 'x:1', running: null, breaker: { is: 'closed' }, armed_by: null, clean_runs: 1, causes: [], acceptable: [], accepted: [], returning: [] as object[],
    latest: { at: ago(60_000), healthy: true, plan: { id: 'plan_1', hash: 'ab', mode: 'report', reconcile: 'uploads', binding: 'b', checks: [], refusals: [] as object[], totals: { purge: 0, quarantine: 0, release: 0, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 0 } }, path: null, summary: null, objects: null, rows: null, columns: {}, said: [] } }
  call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.list' ? { schema: 'holdfast.reconciles/1', reconciles: [shown] } : shown })
  shown.returning = [{ key: 'u/1', by: 'ada', state: 'waiting', says: 'connection refused' }]
  const waits = await run('reconcile show uploads')
  assert.equal(waits.exit, 4)
  assert.match(waits.out, /waiting, to be brought back: u\/1, ada wants it: connection refused/)
  shown.returning.push({ key: 'u/2', by: null, state: 'held', says: 'it was written since' })
  const held = await run('reconcile show uploads')
  assert.deepEqual([held.exit, (await run('reconcile show')).exit], [3, 3])
  assert.match(held.out, /1 clean run in a row/)
  const seen = (at: number, subject = 'catalogue games'): object => ({ subject, observer: 'guard', at: NOW + at })
  shown.latest.plan.refusals = [{ id: 'schema', found: 'fail', text: 'it is another one', evidence: [seen(0), seen(0, 'store main'), seen(60_000)], cure: 'see why' }]
  const refused = await run('reconcile show uploads')
  assert.equal(refused.exit, 5)
  assert.match(refused.out, /games by guard, look 1 of 2, [^]*store main by guard, \d[^]*games by guard, look 2 of 2, /)
  assert.match(held.out, /held, to be brought back: u\/2, its row is back: it was written since\n +→ /)
})

test('approvals ask --wait: its exit code is what came of it', async () => {
  const ran = await run('approvals ask x --of ada --of bo --wait')
  assert.deepEqual([ran.exit, ran.asked.map(([name]) => name)], [5, ['approvals.ask', 'approvals.show']])
  assert.match(ran.err, /Code: amber otter/)
  assert.equal((await run('approvals ask x --of ada')).exit, 2)
})

test('whoever asks people whom no channel reaches is told so, and how they find their link', async (t) => {
  plainly(t)
  const party = (person: string, channels: readonly string[]): object => ({ person, as: 'approves', said: false, channels, sent: [] })
  let parties = [party('ada', ['email']), party('bo', [])]
  call = (name) => (name === 'approvals.ask' || name === 'backups.arm' ? { is: 'answered', status: 200, body: { ...approval, url: null, parties } } : undefined)
  for (const line of ['approvals ask x --of ada --of bo -q', 'backups arm shop --of ada --of bo --no-wait -q']) {
    const { out, err } = await run(line)
    assert.match(err, /^No link is sent to Bo: no channel reaches this person\. Tell them: signed in they find it under Approvals; on the machine itself holdfast approvals show agr_1 --as /, line)
    assert.match(out, /Bo .*has no channel/)
    assert.doesNotMatch(out, /Ada .*has no channel/)
  }
  parties = [party('ada', []), party('bo', [])]
  assert.match((await run('approvals ask x --of ada --of bo')).err, /No link is sent to Ada and Bo: no channel reaches them\./)
  parties = [party('ada', ['email']), party('bo', ['call'])]
  assert.doesNotMatch((await run('approvals ask x --of ada --of bo')).err, /No link is sent/)
})

test('people enrol: what an authenticator reads stands alone on its line, and its QR code is dark on light in any terminal', async () => {
  const [uri, empty, ...more] = (await run('people enrol ada')).out.split('\n')
  assert.deepEqual([uri, empty], [URI, ''])
  const drawn = more.filter((line) => line !== '')
  assert.ok(drawn.length > 15 && drawn.every((line) => /^[█▀▄ ]+$/.test(line) && line.length === drawn[0]?.length))
  assert.match(drawn[0] ?? '', /^█+$/, 'a light border')
  const coloured = (await run('people enrol ada --color always')).out.split('\n').filter((line) => line.includes('█'))
  assert.ok(coloured.every((line) => line.startsWith('\u001b[97;40m')))
  const ran = await run('people enrol ada')
  assert.match(ran.err, /holdfast people enrol ada --code 123456/)
})

test('a fine status exits 0; missing things are talk, and -q is silent about them', async (t) => {
  plainly(t)
  call = (name) => (name === 'status' ? { is: 'answered', status: 200, body: fine } : undefined)
  const ran = await run('status')
  assert.equal(ran.exit, 0)
  assert.match(ran.err, /^Missing: Nobody watches Holdfast/)
  assert.equal((await run('status -q')).err, '')
})

test('wrong usage exits 2, with what to do; as JSON too', async () => {
  for (const line of ['nonsense', 'checks', 'checks nonsense', 'checks show', 'checks show a b', 'checks show job --pings 101', 'checks show job --pings x', 'checks pause', 'status --nonsense', 'page ada', 'checks silence db -m x', 'board post -m x --status fine', 'board announce -m x --title T --from 3d --until 3h', 'board announce -m x --component API --from 3d --until 3h', 'board begin', 'tokens create ci', 'people', 'people invite', 'people grant bo', 'people grant bo king', 'people grant bo viewer --none', 'oncall show --days x',
    'ping job --exit 256', 'ping job --start --fail', 'status --timeout soon', 'status --color pink', 'explain HF999', 'up --port 99999', 'up --shrink 5', 'up --lab', 'up --lab --shrink 0', 'up --lab --shrink 1e9', 'status --server ftp://x', 'status --server https://x/y', 'status --server https://x --token-file /nowhere']) {
    const ran = await run(line)
    assert.equal(ran.exit, 2, `${line}: ${ran.out}${ran.err}`)
    assert.notEqual(ran.err, '', line)
  }
  for (const [line, help] of [['incidents show', 'holdfast incidents show --help'], ['page', 'holdfast page --help'], ['--nonsense', 'holdfast --help'], ['upp', 'did you mean up?'], ['tokens create ci --scope all', 'holdfast tokens create --help']] as const) {
    const ran = await run(line)
    assert.deepEqual([ran.exit, ran.err.includes(`help: ${help}`)], [2, true], `${line}: ${ran.err}`)
  }
  for (const [line, help] of [['ping job --exit 256', 'holdfast ping --help'], ['up --port 99999', 'holdfast up --help'], ['checks show job --pings x', 'holdfast checks show --help'], ['status --server https://x/y', 'holdfast status --help']] as const) {
    const ran = await run(line)
    assert.deepEqual([ran.exit, ran.err.includes(`help: ${help}`)], [2, true], `no help of its own: ${line}: ${ran.err}`)
  }
  const ran = await run('checks show --json')
  assert.equal(ran.exit, 2)
  const { error } = JSON.parse(ran.out) as { error: { code: string; message: string; help: string } }
  assert.match(error.message, /missing required argument/)
})

test('-h shows examples first, and exits 0', async () => {
  for (const line of ['-h', 'checks -h', 'oncall test --help', 'up -h']) {
    const ran = await run(line)
    assert.equal(ran.exit, 0, line)
    assert.match(ran.out, /^Examples:\n {2}(holdfast|\.\/)/, line)
    assert.match(ran.out, /--json/, line)
  }
  assert.equal((await run('--version')).out.trim(), '0.1.0')
})

test('ack: the only open one, as somebody, late, second, not yet recorded, unknown', async (t) => {
  plainly(t)
  const acts = (): AskRinger | undefined => world.asked.acts.at(-1)
  assert.match((await run('ack')).out, /^Ada has it\. Nobody else is paged\.\n$/)
  assert.deepEqual(acts(), { is: 'act', act: 'ack', via: 'cli', person: 'ada' })
  const noted = await run('ack 7 -m "the disk" --as bo')
  assert.deepEqual(acts(), { is: 'act', act: 'ack', via: 'cli', incident: '7', person: 'bo' })
  assert.deepEqual(noted.asked, [['incidents.update', { incident: sampleView.incident.id, text: 'the disk', person: 'bo' }]])
  await run('incidents pass 7')
  assert.deepEqual(acts(), { is: 'act', act: 'pass', via: 'cli', incident: '7', person: 'ada' })
  const stdin = await run('incidents update 7 -m -', { stdin: 'from a pipe' })
  assert.deepEqual(stdin.asked[0]?.[1], { incident: '7', text: 'from a pipe', person: 'ada' })

  ring = () => ({ is: 'did', recorded: false, view: { ...sampleView, state: 'held', heldBy: 'ada' } })
  const unrecorded = await run('ack')
  assert.deepEqual([unrecorded.exit, unrecorded.out.startsWith('Taken, not yet recorded. Ada has it')], [0, true])
  ring = () => ({ is: 'did', recorded: true, view: { ...sampleView, person: 'bo', state: 'held', heldBy: 'ada', heldSince: instantOf(NOW) } })
  const second = await run('ack --as bo')
  assert.deepEqual([second.exit, second.out], [0, 'Ada has it since 13:00. Nobody else is paged.\n'])
  ring = () => ({ is: 'no', why: 'closed', says: 'over' })
  assert.equal((await run('ack')).exit, 0)
  ring = () => ({ is: 'no', why: 'unknown-incident', says: 'Which one? Open: 7 db, 8 api.' })
  const which = await run('ack')
  assert.deepEqual([which.exit, /Which one\? Open: 7 db[\s\S]*help: name it: holdfast ack 212/.test(which.err)], [1, true])
  ring = () => ({ is: 'no', why: 'unknown-person', says: 'Root is not among the people who can be paged.' })
  const who = await run('ack', { env: { HOLDFAST_PERSON: '' } })
  assert.deepEqual([who.exit, /holdfast ack --as ada/.test(who.err)], [2, true])
  assert.equal((await run('ack')).exit, 2)
  ring = () => ({ is: 'away', says: 'The ringer does not answer.' })
  assert.equal((await run('ack')).exit, 7)
})

test('checks show: what a heartbeat reported, run by run and line by line, and nothing of it steers the terminal', async (t) => {
  plainly(t)
  const ping = { at: ago(60_000), is: 'success', exit: null, rid: null, took: null, text: '', cut: false, from: null }
  const pings = [
    { ...ping, is: 'exit', exit: 3, took: 125_000, rid: 'r-1', from: '198.51.100.7', text: `one ${HOSTILE}\n\n${'y'.repeat(500)}`, cut: true }, { ...ping, is: 'log', text: Array.from({ length: 20 }, (_, n) => `line ${n}`).join('\n') },
    { ...ping, is: 'success', took: 250, cut: true }, { ...ping, is: 'start' }, { ...ping, text: null }, { ...ping, text: 'the sixth' },
  ]
  const heartbeat = { dueAt: Date.now() + 3_600_000, paused: null, lastTook: 125_000, runs: [{ rid: 'r-2', startedAt: ago(1000), dueAt: Date.now() + 1000, late: false }, { rid: null, startedAt: ago(1000), dueAt: ago(500), late: true }], pings }
  call = () => ({ is: 'answered', status: 200, body: { ...beat, heartbeat } })
  const { out } = await run('checks show job')
  // oxlint-disable-next-line no-control-regex -- it is what must not be there
  assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  for (const says of [/Down +at .*, if it does not report until then/, /Last run +took 2 min/, /Running +since .* \(r-2\), to end by/, /Running +since [\d:]+, and did not end in time/, /exit code 3, after 2 min, run r-1, from 198\.51\.100\.7\n {2}one down/, /\n {2}y{400} …\n {2}\(cut: there was more than is kept\)/,
    / {2}log\n {2}line 0\n/, / {2}line 11\n {2}… 8 more lines \(--json has them\)/, /success, after 250 ms\n {2}\(it had a text that could not be read\)/, / {2}started\n/]) assert.match(out, says)
  assert.doesNotMatch(out, /the sixth/)
  assert.match((await run('checks show job --pings 6')).out, /the sixth/)
  assert.equal((JSON.parse((await run('checks show job --json')).out) as { heartbeat: { pings: unknown[] } }).heartbeat.pings.length, 6)
})

test('what the server refuses: safety is 5, not found 1, wrong arguments 2, away 7', async (t) => {
  plainly(t)
  const cases: readonly [Answered<unknown>, number][] = [
    [{ is: 'refused', status: 409, error: { code: 'HF413', message: 'still fails', help: 'take it' } }, 5], [{ is: 'refused', status: 409, error: { code: 'HF412', message: 'over already' } }, 1],
    [{ is: 'refused', status: 404, error: { code: 'HF404', message: 'no incident 99' } }, 1], [{ is: 'refused', status: 403, error: { code: 'HF443', message: 'Only an owner may do this.' } }, 7], [{ is: 'refused', status: 400, error: { code: 'HF401', message: 'not understood' } }, 2],
    [{ is: 'refused', status: 503, error: { code: 'HF503', message: 'not durable' } }, 7], [{ is: 'away', says: 'the keeper is silent' }, 7],
  ]
  for (const [says, exit] of cases) {
    call = () => says
    const ran = await run('incidents resolve 7 -m x')
    assert.equal(ran.exit, exit)
    assert.match(ran.err, /^error\[HF/)
    const asJson = JSON.parse((await run('incidents resolve 7 -m x --json')).out) as { error: { code: string; help?: string } }
    assert.equal(asJson.error.code, says.is === 'refused' ? says.error.code : 'HF-W503')
  }
})

test('oncall test waits for the acknowledgement: 0 when it came, 6 when it did not; a loopback address is warned of', async (t) => {
  plainly(t)
  const taken = await run('oncall test ada --channel email')
  assert.equal(taken.exit, 0)
  assert.deepEqual(taken.asked.map(([name, args]) => [name, args]), [['status', {}], ['oncall.test', { who: 'ada', channel: 'email' }], ['oncall.tested', { pages: ['tst_1'] }]])
  assert.match(taken.out, /● {2}ada {2}email {2}acknowledged at[\s\S]*Everybody acknowledged/)
  assert.match(taken.err, /this machine only/)
  call = (name) => (name === 'oncall.tested' ? { is: 'answered', status: 200, body: tested(null) } : undefined)
  const silent = await run('oncall test --timeout 300ms')
  assert.equal(silent.exit, 6)
  assert.match(silent.out, /Ada did not acknowledge/)
  call = (name) => (name === 'oncall.test' ? { is: 'answered', status: 200, body: tested(null, 'failed') } : undefined)
  const failed = await run('oncall test')
  assert.equal(failed.exit, 6)
  assert.match(failed.out, /not sent: no such host/)
})

test('a broken ledger exits 3; nobody on call exits 3', async (t) => {
  plainly(t)
  call = (name) => ({ is: 'answered', status: 200, body: name === 'oncall.show' ? { ...oncall, nobody: true, rotations: [] } : { schema: 'holdfast.ledger/1', entries: 4, head: 'x', broken: { seq: 5, says: 'its content does not match its hash' } } })
  const ran = await run('ledger verify')
  assert.deepEqual([ran.exit, /broken at entry 5/.test(ran.out)], [3, true])
  const on = await run('oncall now')
  assert.deepEqual([on.exit, /Nobody would be paged/.test(on.out)], [3, true])
})

test('ping: by name, by address, with its signal; a server that is starting is asked again', async (t) => {
  plainly(t)
  let tries = 0
  const real = pingId(KEY, 'job')
  call = (name, args) => {
    if (name === 'checks.show') return { is: 'answered', status: 200, body: { ...beat, pingUrl: `https://hold.acme.example/ping/${real}` } }
    return name === 'ping' && tries++ === 0 ? { is: 'away', says: `starting ${String(args['check'])}` } : undefined
  }
  const ran = await run('ping job --exit 3 -m "out of disk"')
  assert.equal(ran.exit, 0, ran.err)
  assert.deepEqual(ran.asked.filter(([name]) => name === 'ping').map(([, args]) => args), [1, 2].map(() => ({ check: 'job', signal: 'exit', exit: 3, body: 'out of disk' })))
  assert.equal((await run(`ping https://hold.acme.example/ping/${real} --start`)).exit, 0)
  const port = (tcp.address() as AddressInfo).port
  assert.equal((await run(`ping ${real} --server http://127.0.0.1:${port}`)).exit, 0, 'its address is the whole credential')
  assert.equal((await run('ping 00000000-0000-4000-8000-000000000000')).exit, 1)
  call = () => undefined
  assert.equal((await run('ping db')).exit, 2)
})

test('elsewhere: over HTTP with a token from a file, stdin or the environment; never over an open line; not allowed is 7', async () => {
  const server = `http://127.0.0.1:${(tcp.address() as AddressInfo).port}`
  const file = path.join(folder, 'token')
  writeFileSync(file, `${TOKENS.read}\n`, { mode: 0o600 })
  const read = await run(`checks list --server ${server} --token-file ${file}`)
  assert.deepEqual([read.exit, read.err], [0, ''])
  assert.equal((await run('checks list', { env: { HOLDFAST_SERVER: server, HOLDFAST_TOKEN: TOKENS.read } })).exit, 0)
  const no = await run(`page bo -m x --server ${server} --token-file ${file}`)
  assert.deepEqual([no.exit, /scope "write"/.test(no.err)], [7, true])
  assert.equal((await run(`status --server ${server}`)).exit, 7)
  chmodSync(file, 0o644)
  assert.match((await run(`checks list --server ${server} --token-file ${file}`)).err, /chmod 600/)
  const open = await run(`checks list --server http://hold.acme.example --token-file ${file}`)
  assert.deepEqual([open.exit, /not sent over an open line/.test(open.err)], [2, true])
  assert.equal((await run('checks list --server http://127.0.0.1:1')).exit, 7)
})

test('nobody answers: 7, and what to do', async () => {
  const ran = await run('status', { data: path.join(folder, 'other') })
  assert.equal(ran.exit, 7)
  assert.match(ran.err, /No Holdfast answers for the data in .*other[\s\S]*holdfast up/)
})

test('colour and shape: colour only on a terminal, never with NO_COLOR, always when asked for', async () => {
  // oxlint-disable-next-line no-control-regex -- it is what is looked for
  const coloured = /\u001b\[31m✕\u001b\[0m/
  assert.doesNotMatch((await run('checks list')).out, coloured)
  assert.match((await run('checks list --color always')).out, coloured)
  assert.match((await run('checks list --color always', { env: { NO_COLOR: '1' } })).out, coloured)
})

test('without a server: validate, schema, explain', async () => {
  const good = path.join(folder, 'good.yaml')
  writeFileSync(good, 'version: 1\nsite: { name: Acme, url: "https://hold.acme.example", timezone: Europe/Berlin }\n')
  const valid = await run(`validate ${good}`)
  assert.equal(valid.exit, 0, valid.out)
  assert.match(valid.out, /is valid: 0 checks, 0 people, 0 status pages\./)
  const bad = path.join(folder, 'bad.yaml')
  writeFileSync(bad, 'version: 1\nstie: { name: Acme }\n')
  const refused = await run(`validate ${bad}`)
  assert.equal(refused.exit, 2)
  assert.match(refused.out, /HF101[\s\S]*bad.yaml:2:1/)
  // Before the first start nothing runs that could be in force.
  assert.match(refused.out, /1 problem in .*bad\.yaml\. Holdfast does not start with it; one that runs keeps the configuration that it has\.\n$/)
  assert.equal((await run(`validate ${bad} --json`)).exit, 2)
  const schema = await run('schema')
  assert.equal(schema.exit, 0)
  assert.equal(typeof JSON.parse(schema.out), 'object')
  assert.match((await run('explain hf101')).out, /^HF101: Unknown setting/)
})

test('doctor says what is missing, with or without a server', async () => {
  const ran = await run(`doctor --config ${path.join(folder, 'good.yaml')}`)
  assert.equal(ran.exit, 3)
  assert.match(ran.out, /Nobody watches Holdfast/)
  assert.match(ran.out, /site.url is http:\/\/127.0.0.1:7400/)
  assert.match(ran.out, /There is no data folder/)
  const alone = await run(`doctor --config ${path.join(folder, 'good.yaml')}`, { data: folder })
  assert.equal(alone.exit, 7)
  assert.match(alone.out, /Nobody would be paged[\s\S]*Nobody watches Holdfast[\s\S]*Isolation is not judged/)
  assert.match(alone.out, /Node 2\d/)
})

test('asking for more observers than there are is valid, and validate, doctor and explain say that one sees alone', async () => {
  const file = path.join(folder, 'observers.yaml')
  writeFileSync(file, 'version: 1\ndefaults:\n  check: { seen_from: 2 }\n')
  const valid = await run(`validate ${file}`)
  assert.equal(valid.exit, 0, valid.out)
  assert.match(valid.out + valid.err, /2 observers are asked for and there is one[\s\S]*HF157|HF157[\s\S]*2 observers are asked for and there is one/)
  assert.match((await run(`doctor --config ${file}`)).out, /observers.yaml:3: 2 observers are asked for and there is one: what it sees alone counts \(HF157\)/)
  assert.match((await run('explain HF157')).out, /^HF157: More observers than there are/)
})

test('every code that a command prints can be explained', async () => {
  for (const code of ['HF413', 'HF-C007', 'HF-W403', 'HF-unknown-incident']) assert.match((await run(`explain ${code}`)).out, new RegExp(`^${code}: What a command or a request was answered`))
})

test('up hands over what was written', async () => {
  await run('up https://example.com https://example.org --port 7500 --host 0.0.0.0 --config x.yaml')
  assert.deepEqual(started, [{ urls: ['https://example.com', 'https://example.org'], config: 'x.yaml', data, port: 7500, host: '0.0.0.0', quiet: false }])
})

test('acknowledging loads neither schemas nor the database', () => {
  const script = `
    const { registerHooks } = await import('node:module')
    const seen = []
    registerHooks({ resolve(name, context, next) { seen.push(name); return next(name, context) } })
    const { runCli } = await import(${JSON.stringify(path.join(import.meta.dirname, 'main.ts'))})
    await runCli(['ack', '--data', '/nowhere'], {}, { version: '1' }, { stdout: { write() {} }, stderr: { write() {} }, stdin: () => '' })
    console.log(JSON.stringify(seen.filter((it) => /zod|sqlite|yaml|hono/.test(it))))`
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(ran.stdout.trim(), '[]', ran.stderr)
})

test('a pipe whose reader has left changes no exit code: it stays what the command found, and its words on stderr are no failure either', async (t) => {
  plainly(t)
  const began = async (line: string, closed: readonly ('stdout' | 'stderr')[]): Promise<readonly [number | null, string]> => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, '../main.ts'), ...line.split(' '), '--data', data], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    for (const name of closed) child[name].destroy()
    return new Promise((resolve) => void child.once('close', (code) => resolve([code, err])))
  }
  const expected = (await run('status')).exit
  assert.equal(expected, 3)
  assert.deepEqual(await began('status', ['stdout']), [3, 'Missing: Nobody watches Holdfast: set dead_man.url.\n'])
  assert.deepEqual(await began('status', ['stdout', 'stderr']), [3, ''])
  assert.deepEqual(await began('people list', ['stdout']), [(await run('people list')).exit, ''])
  assert.deepEqual(await began('nonsense', ['stderr']), [2, ''])
})

test('doctor names heartbeats that were paused long ago, and those alone', async (t) => {
  plainly(t)
  const paused = (days: number): object => ({ ...beat, state: 'paused', heartbeat: { dueAt: null, paused: { by: 'ada', at: ago(days * 86_400_000), reason: 'moves' }, runs: [], lastTook: null } })
  call = (name) => (name === 'checks.list' ? { is: 'answered', status: 200, body: { schema: 'holdfast.checks/1', checks: [check, paused(9), { ...paused(2), name: 'young' }] } } : undefined)
  const { out } = await run('doctor')
  assert.match(out, /job is paused for 9 d \(by ada\): nobody would hear that it fails\. If it runs again: holdfast checks resume job/)
  assert.doesNotMatch(out, /young/)
})

test('doctor says who could not come in, who comes in too easily, and which keys never end', async (t) => {
  plainly(t)
  const base = { email: null, configured: [], granted: [], sessions: 0, seen: null, hasPassword: false, factors: 0 }
  const people = [{ ...base, person: 'ada', roles: ['owner'], hasPassword: true }, { ...base, person: 'bo', roles: [] }, { ...base, person: 'cy', roles: [] }]
  const ownerless = { schema: 'holdfast.people/1', ownerless: true, people }
  call = (name) => (name === 'people.list' ? { is: 'answered', status: 200, body: ownerless } : undefined)
  const { out } = await run('doctor')
  for (const says of [/Nobody owns this Holdfast yet: "holdfast people first-owner"/, /ada is an owner without a second factor/, /bo is on call and has no way to sign in .*holdfast people invite bo/, /The token ci \(tok_1\) has no end/]) assert.match(out, says)
  assert.doesNotMatch(out, /cy is on call|ada is on call/)
  call = (name) => (name === 'people.list' ? { is: 'refused', status: 403, error: { code: 'HF443', message: 'Only an owner may do this.' } } : undefined)
  assert.doesNotMatch((await run('doctor')).out, /owns this|sign in|no end|Only an owner/, 'a token is told nothing of people')
})

test('doctor names whoever has never pressed the link of a test page', async (t) => {
  plainly(t)
  call = (name) => (name === 'oncall.tested' ? { is: 'answered', status: 200, body: tested(null) } : undefined)
  assert.match((await run('doctor')).out, /ada has acknowledged no test page yet: holdfast oncall test ada/)
  call = () => undefined
  assert.doesNotMatch((await run('doctor')).out, /acknowledged no test page/)
})

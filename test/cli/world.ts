// The command line against the real routes behind a real Unix socket, for its tests; the keeper and the ringer behind them are fakes, which say what a test has
// them say. It begins and ends with the test file that imports it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before } from 'node:test'
import { NOW, pushAll, sampleBoard, sampleView, webWorld, type World } from '../web-world.ts'
import { serverFor } from '../../src/http/server.ts'
import type { Answered } from '../../src/http/siblings.ts'
import { runtimeFolder } from '../../src/ports/runtime-folder.ts'
import { createTimers } from '../../src/ports/world/timers.ts'
import type { AskRinger, RingerSays } from '../../src/rooms/page/protocol.ts'
import { runCli, type Outside, type UpWants } from '../../src/cli/main.ts'

export const folder = mkdtempSync(path.join(tmpdir(), 'hf-cli-'))
export const env = { XDG_RUNTIME_DIR: folder, HOLDFAST_PERSON: 'ada' }
export const data = path.join(folder, 'data')

export const ago = (ms: number): number => Date.now() - ms
export const HOSTILE = 'down \u001b]0;owned\u0007\u001b[31m'

export const check = {
  schema: 'holdfast.check/1', name: 'db', kind: 'mysql', state: 'down', since: ago(840_000), says: HOSTILE, flapping: false, silencedUntil: null,
  lastLook: { at: ago(2000), took: 12, found: 'fail', says: 'refused', phases: { lookup: 1, connect: 2, total: 3 } }, every: 2000, dependsOn: ['disk'], from: 'holdfast.yaml:14', pingUrl: null, why: ['this node: fail'],
}
export const beat = { ...check, name: 'job', kind: 'heartbeat', state: 'up', says: '', lastLook: null, pingUrl: 'https://hold.acme.example/ping/3e7c5ad0-9b5e-8c3e-a6c1-000000000001' }
const incident = {
  schema: 'holdfast.incident/1', id: 'inc_1', number: 7, title: 'db is down', says: 'refused', subject: 'check:db', origin: 'watch', state: 'open', since: ago(840_000), resolvedAt: null,
  members: ['db', 'api'], heldBy: null, heldSince: null, lapsesAt: null, next: { people: ['bo'], at: Date.now() + 60_000 }, timeline: [{ at: ago(840_000), is: 'incident.opened', says: 'db is down', by: 'machine' }],
}
const counts = { up: 3, down: 1, unknown: 0, late: 0, new: 0, paused: 0 }
const status = { schema: 'holdfast.status/1', says: 'db is down 14 min — nobody has it yet.', down: true, counts, incidents: [incident], missing: ['Nobody watches Holdfast: set dead_man.url.'], board: 'http://127.0.0.1:7400', at: NOW }
export const fine = { ...status, says: 'All 4 checks fine.', down: false, incidents: [], counts: { ...counts, up: 4, down: 0 } }
export const tested = (receivedAt: number | null, outcome = 'accepted'): object => ({ schema: 'holdfast.test/1', tests: [{ page: 'tst_1', person: 'ada', channel: 'email', outcome, says: 'no such host', receivedAt }] })
export const oncall = { schema: 'holdfast.oncall/1', nobody: false, rotations: [{ name: 'primary', now: 'ada', until: Date.now() + 3_600_000, shifts: [{ person: 'ada', from: ago(1000), until: Date.now() + 3_600_000, cover: false }, { person: 'bo', from: NOW, until: NOW, cover: true }] }] }

export const URI = 'otpauth://totp/Acme:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=6&period=30'
const link = { schema: 'holdfast.link/1', person: 'ada', url: 'https://hold.acme.example/welcome/invite/abc', until: NOW }

export const approval = {
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
export const doubtful = { ...planned, tolerance: null, steps: [{ ...planned.steps[0], tolerance: null, gates: [{ want: 'all links are up', found: 'unknown', evidence: [{ subject: 'db-2', observer: 'nobody', at: null, says: 'its links are not looked at yet' }] }] }] }
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
export const fakes: { call: (name: string, args: Readonly<Record<string, unknown>>) => Answered<unknown> | undefined; ring: (ask: AskRinger) => RingerSays | { is: 'away'; says: string } } = {
  call: () => undefined,
  ring: () => ({ is: 'did', recorded: true, view: { ...sampleView, state: 'held', heldBy: 'ada' } }),
}

export const world: World = webWorld({
  ring: (ask) => fakes.ring(ask),
  call(name, args) {
    const said = fakes.call(name, args)
    if (said) return said
    const body = name === 'checks.show' || name === 'checks.run' ? (args['name'] === 'job' ? beat : check) : (bodies[name] ?? { schema: 'holdfast.done/1', says: `did ${name}`, id: 'id_1' })
    return { is: 'answered', status: 200, body }
  },
})
const socket = serverFor({ app: world.app, boards: world.kit.boards, via: 'socket', timers: createTimers() })
export const tcp = serverFor({ app: world.app, boards: world.kit.boards, via: 'tcp', timers: createTimers() })

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

export const started: UpWants[] = []
const outside: Outside = {
  version: '0.1.0',
  up(wants) {
    started.push(wants)
    return Promise.resolve(0)
  },
  plugins: () => Promise.resolve({ probes: [], channels: [] }), scan: () => Promise.reject(new Error('nothing is scanned here')), scanPages: () => Promise.reject(new Error('nothing is scanned here')),
}

interface Ran { readonly exit: number; readonly out: string; readonly err: string; readonly asked: readonly (readonly [string, unknown])[] }

export async function run(line: string | readonly string[], more: { env?: Record<string, string>; stdin?: string; data?: string } = {}): Promise<Ran> {
  let [out, err] = ['', '']
  const before = world.asked.calls.length
  const argv = typeof line === 'string' ? (line.match(/"[^"]*"|\S+/g) ?? []).map((it) => it.replaceAll('"', '')) : line
  const exit = await runCli([...argv, '--data', more.data ?? data], { ...env, ...more.env }, outside, {
    stdout: { write: (text) => (out += text) }, stderr: { write: (text) => (err += text) }, stdin: () => more.stdin ?? '',
  })
  return { exit, out, err, asked: world.asked.calls.slice(before).map((it) => [it.name, it.args] as const) }
}

export const plainly = (t: { after: (act: () => void) => void }): void => t.after(() => {
  fakes.call = () => undefined
  fakes.ring = () => ({ is: 'did', recorded: true, view: { ...sampleView, state: 'held', heldBy: 'ada' } })
})

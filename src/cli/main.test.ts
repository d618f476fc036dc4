// The command line against the real routes behind a real Unix socket (the keeper and the ringer behind them are fakes): what is
// asked, what is printed where, and which code a script gets. What it says of backups, to people, and as a doctor stands in test/cli.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { KEY, TOKENS } from '../../test/web-world.ts'
import { pingId } from '../core/link.ts'
import type { Answered } from '../http/siblings.ts'
import { HOSTILE, ago, beat, data, doubtful, env, fakes, fine, folder, oncall, plainly, run, started, tcp } from '../../test/cli/world.ts'

test('a plan with a gate that is not known is refused, and shown whole', async (t) => {
  plainly(t)
  fakes.call = () => ({ is: 'answered', status: 200, body: doubtful })
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

test('a fine status exits 0; missing things are talk, and -q is silent about them', async (t) => {
  plainly(t)
  fakes.call = (name) => (name === 'status' ? { is: 'answered', status: 200, body: fine } : undefined)
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

test('checks show: what a heartbeat reported, run by run and line by line, and nothing of it steers the terminal', async (t) => {
  plainly(t)
  const ping = { at: ago(60_000), is: 'success', exit: null, rid: null, took: null, text: '', cut: false, from: null }
  const pings = [
    { ...ping, is: 'exit', exit: 3, took: 125_000, rid: 'r-1', from: '198.51.100.7', text: `one ${HOSTILE}\n\n${'y'.repeat(500)}`, cut: true }, { ...ping, is: 'log', text: Array.from({ length: 20 }, (_, n) => `line ${n}`).join('\n') },
    { ...ping, is: 'success', took: 250, cut: true }, { ...ping, is: 'start' }, { ...ping, text: null }, { ...ping, text: 'the sixth' },
  ]
  const heartbeat = { dueAt: Date.now() + 3_600_000, paused: null, lastTook: 125_000, runs: [{ rid: 'r-2', startedAt: ago(1000), dueAt: Date.now() + 1000, late: false }, { rid: null, startedAt: ago(1000), dueAt: ago(500), late: true }], pings }
  fakes.call = () => ({ is: 'answered', status: 200, body: { ...beat, heartbeat } })
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
    fakes.call = () => says
    const ran = await run('incidents resolve 7 -m x')
    assert.equal(ran.exit, exit)
    assert.match(ran.err, /^error\[HF/)
    const asJson = JSON.parse((await run('incidents resolve 7 -m x --json')).out) as { error: { code: string; help?: string } }
    assert.equal(asJson.error.code, says.is === 'refused' ? says.error.code : 'HF-W503')
  }
})

test('a broken ledger exits 3; nobody on call exits 3', async (t) => {
  plainly(t)
  fakes.call = (name) => ({ is: 'answered', status: 200, body: name === 'oncall.show' ? { ...oncall, nobody: true, rotations: [] } : { schema: 'holdfast.ledger/1', entries: 4, head: 'x', broken: { seq: 5, says: 'its content does not match its hash' } } })
  const ran = await run('ledger verify')
  assert.deepEqual([ran.exit, /broken at entry 5/.test(ran.out)], [3, true])
  const on = await run('oncall now')
  assert.deepEqual([on.exit, /Nobody would be paged/.test(on.out)], [3, true])
})

test('ping: by name, by address, with its signal; a server that is starting is asked again', async (t) => {
  plainly(t)
  let tries = 0
  const real = pingId(KEY, 'job')
  fakes.call = (name, args) => {
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
  fakes.call = () => undefined
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

// Folders over SFTP held to the contract of stores, and servers that answer as nobody should. A real sshd is met in the lab.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { codeOf, coded, Fault } from '../../core/fault.ts'
import { egressWith } from '../../ports/world/fixtures/loopback.ts'
import type { Deleting, Reading, Spoken, StoreContext } from '../../ports/store.ts'
import { doneWith, judgedOf, listed, storeContract, versionAt, type Laid } from '../../ports/store.contract.ts'
import { createClock } from '../../ports/world/clock.ts'
import { random } from '../../ports/world/random.ts'
import { answer, fakeSftp, nameAnswer, once, status, type Twist } from '../../../test/places/fake-sftp.ts'
import { argvOf, placeOf, readAddress, readCredential } from './sftp/ssh.ts'
import sftp from './sftp.ts'

const clock = createClock()
const soon = (): AbortSignal => AbortSignal.timeout(60_000)

interface Over extends Laid {
  readonly folder: string
  readonly deleting: Deleting
  readonly reading: Reading
  /** How many conversations were begun. */
  readonly begun: () => number
}

function lay(t: TestContext, { twist, speak = () => fakeSftp(twist), led, settings = {} }: { twist?: Twist; speak?: StoreContext['speak']; led?: NonNullable<StoreContext['led']>; settings?: object } = {}): Over {
  const folder = path.join(fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-sftp-'))), 'vault')
  t.after(() => fs.rmSync(path.dirname(folder), { recursive: true }))
  fs.mkdirSync(folder)
  fs.writeFileSync(path.join(folder, '.holdfast-store'), 'the one\n')
  let begun = 0
  const open: Spoken[] = []
  t.after(() => open.forEach((it) => it.kill()))
  const context: StoreContext = {
    egress: egressWith(), now: () => clock.now(), random, folder: '/', ...(led && { led }),
    speak(argv) {
      begun++
      const spoken = speak(argv)
      open.push(spoken)
      return spoken
    },
  }
  const config = sftp.config.parse({ sftp: `sftp://vault.example${folder}`, read: 'reader:reader.key', delete: 'hand:hand.key', ...settings })
  // SFTP tells whole seconds: what an application writes at different times is written in different seconds here too.
  let second = 1_700_000_000
  return {
    folder, begun: () => begun, reading: sftp.reading(config, context), deleting: sftp.deleting(config, context),
    put: async (key, text) => {
      fs.mkdirSync(path.dirname(path.join(folder, key)), { recursive: true })
      fs.writeFileSync(path.join(folder, key), text)
      fs.utimesSync(path.join(folder, key), ++second, second)
    },
    everything: async () => Object.fromEntries(
      fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile()).map((it) => path.join(it.parentPath, it.name))
        .map((at) => [path.relative(folder, at), [fs.readFileSync(at, 'utf8')]] as const).filter(([key]) => !key.startsWith('.holdfast')),
    ),
  }
}

storeContract(sftp, async (t) => lay(t))

test('ssh is called so that it asks nobody, believes no configuration but ours, and takes no name for an option', () => {
  const address = readAddress('sftp://vault.example.com:2222/srv/backups/')
  const credential = readCredential('reader:/etc/holdfast/reader.key')
  assert(address && credential)
  assert.deepEqual(address, { host: 'vault.example.com', port: 2222, folder: '/srv/backups' })
  const argv = argvOf(placeOf(address, credential, undefined))
  for (const option of ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'IdentitiesOnly=yes', 'UpdateHostKeys=no', 'ClearAllForwardings=yes']) assert(argv.includes(option), option)
  assert.deepEqual(argv.slice(0, 3), ['ssh', '-F', 'none'])
  assert.deepEqual(argv.slice(-10), ['-i', '/etc/holdfast/reader.key', '-l', 'reader', '-p', '2222', '-s', '--', 'vault.example.com', 'sftp'])
  const pinned = argvOf(placeOf(address, credential, 'ssh-ed25519 AAAA'))
  for (const option of ['UserKnownHostsFile=none', 'GlobalKnownHostsFile=none', 'KnownHostsCommand=/bin/echo %H ssh-ed25519 AAAA']) assert(pinned.includes(option))
  for (const text of ['sftp://-oProxyCommand=x/a', 'sftp://host', 'sftp://host/a/../b', 'sftp://user@host/a', 'sftp://host:0/a', 'sftp://host:99999/a', 'sftp://ho st/a', 'sftp://host/a\nb', 'ssh://host/a', 'sftp://host;rm/a', 'sftp://$(x)/a']) assert.equal(readAddress(text), undefined, text)
  for (const text of ['-oProxyCommand:key', 'user', 'user:', ':key', 'a b:key', 'user:~/key', 'user:%h', 'user:$HOME/key', 'user:a\nb', 'user:a"b']) assert.equal(readCredential(text), undefined, text)
  assert.deepEqual(readAddress('sftp://[::1]:22/a')?.host, '::1')
  assert.equal(sftp.config.safeParse({ sftp: 'sftp://h/a', read: 'u:k', host_key: 'ssh-ed25519 AAAA"; x' }).success, false)
})

test('a folder without its marker is no store: nothing is listed, nothing is missed, and it says what to do', async (t) => {
  const { folder, reading, deleting, put } = lay(t)
  await put('a', 'a')
  const judged = judgedOf(await versionAt(reading, 'a'))
  fs.renameSync(folder, `${folder}-away`)
  fs.mkdirSync(folder)
  for (const call of [() => reading.page({ prefix: '', most: 9 }, soon()), () => reading.head({ key: 'a' }, soon()), () => reading.identify(soon()), () => deleting.probe(soon()), () => deleting.quarantine(judged, soon())]) {
    await assert.rejects(call, /holds no \.holdfast-store: nothing is mounted there, or something else is\. Mount the store$/)
  }
  fs.rmdirSync(folder)
  await assert.rejects(reading.identify(soon()), /is not there: mount it/)
  fs.renameSync(`${folder}-away`, folder)
  const { id } = await reading.identify(soon())
  fs.writeFileSync(path.join(folder, '.holdfast-store'), 'another\n')
  assert.notEqual((await reading.identify(soon())).id, id)
})

test('G-13 no link is followed, and what is no plain file is shown and never touched', async (t) => {
  const { folder, reading, deleting, put } = lay(t)
  const outside = path.join(path.dirname(folder), 'outside')
  fs.mkdirSync(outside)
  fs.writeFileSync(path.join(outside, 'precious'), 'precious')
  fs.utimesSync(path.join(outside, 'precious'), 1_700_000_000, 1_700_000_000)
  fs.symlinkSync(outside, path.join(folder, 'way'))
  fs.symlinkSync(path.join(outside, 'precious'), path.join(folder, 'end'))
  fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/x`), Buffer.from([0xff])]), 'odd')
  await put('line\nbreak', 'shown')
  const { items } = await listed(reading, '', 2)
  assert.deepEqual(items.map((item) => [item.key.slice(0, 4), item.is]), [['end', 'odd'], ['line', 'version'], ['way', 'odd'], ['x\ufffd', 'odd']])
  for (const key of ['way/precious', 'end', 'line\nbreak']) {
    const outcome = await deleting.quarantine({ key, etag: '8-1700000000', bytes: 8 }, soon())
    assert(outcome.is === 'refused' && outcome.why === 'unable', key)
  }
  assert.notEqual((await reading.read({ key: 'way/precious', etag: '8-1700000000', from: 0, bytes: 8 }, soon())).is, 'read')
  fs.symlinkSync(outside, path.join(folder, '.holdfast'))
  await put('a', 'a')
  const outcome = await deleting.quarantine(judgedOf(await versionAt(reading, 'a')), soon()).catch((cause: unknown) => cause)
  assert(outcome instanceof Fault, 'a corner that leads out of the store is not used')
  assert.deepEqual(fs.readdirSync(outside), ['precious'])
})

test('what was written at the very moment goes back, and what stands in its place again is said', async (t) => {
  let at: () => void = () => undefined
  const { folder, reading, deleting, put, everything } = lay(t, { twist: (type) => (type === 18 ? at() : undefined) as undefined })
  await put('a', 'judged')
  const judged = judgedOf(await versionAt(reading, 'a'))
  at = () => {
    at = () => undefined
    fs.writeFileSync(path.join(folder, 'a'), 'written anew')
  }
  const outcome = await deleting.quarantine(judged, soon())
  assert(outcome.is === 'refused' && outcome.why === 'changed', JSON.stringify(outcome))
  assert.deepEqual(await everything(), { a: ['written anew'] })
})

test('G-21 without a user of its own for it nothing is removed for good', async (t) => {
  for (const [settings, mode] of [[{ delete: 'reader:hand.key' }, 0o700], [{}, 0o777]] as const) {
    const { folder, reading, deleting, put } = lay(t, { settings })
    await put('a', 'a')
    const aside = doneWith(await deleting.quarantine(judgedOf(await versionAt(reading, 'a')), soon()))
    fs.chmodSync(path.join(folder, '.holdfast/quarantine'), mode)
    const outcome = await deleting.purge(aside, soon())
    assert(outcome.is === 'refused' && outcome.why === 'unable')
    assert.equal(fs.readFileSync(path.join(folder, '.holdfast/quarantine', aside.token, 'object'), 'utf8'), 'a')
  }
  assert.throws(() => lay(t, { settings: { delete: undefined } }), /has no user to delete with: it is only reported on/)
})

const huge = Buffer.from([0x7f, 0xff, 0xff, 0xff])
const LIES: readonly [string, Twist, RegExp][] = [
  ['a name that is a path', (type, id) => (type === 12 ? nameAnswer(id, ['../../etc/passwd']) : undefined), /a name in a folder is no name/],
  ['a name with a NUL', (type, id) => (type === 12 ? nameAnswer(id, ['a\0b']) : undefined), /a name in a folder is no name/],
  ['no name at all', (type, id) => (type === 12 ? nameAnswer(id, ['']) : undefined), /a name in a folder is no name/],
  ['a folder that never ends', (type, id) => (type === 12 ? nameAnswer(id, []) : undefined), /goes on and gives nothing/],
  ['one name over and over', (type, id) => (type === 12 ? nameAnswer(id, ['a']) : undefined), /gives one name twice/],
  ['a folder that may not be read', (type, id) => (type === 11 ? status(id, 3) : undefined), /cannot be read \(permission denied\)/],
  ['a folder that breaks off', (type, id) => (type === 12 ? status(id, 4, 'I/O error') : undefined), /cannot be read \(I\/O error\)/],
  ['files without a size', once((id) => nameAnswer(id, ['a'], Buffer.alloc(4))), /does not say size, owner, mode and time/],
  ['a packet longer than any', (type) => (type === 12 ? huge : undefined), /a packet is longer than any/],
  ['an empty packet', (type) => (type === 12 ? Buffer.alloc(4) : undefined), /a packet is longer than any/],
  ['a length beyond its packet', (type, id) => (type === 12 ? answer(104, id, Buffer.from([0, 0, 0, 1]), huge) : undefined), /shorter than it says/],
  ['more names than there are', (type, id) => (type === 12 ? answer(104, id, huge) : undefined), /shorter than it says/],
  ['something behind the end', (type, id) => (type === 12 ? answer(104, id, Buffer.from([0, 0, 0, 0, 1])) : undefined), /longer than it says/],
  ['an answer to nobody', (type) => (type === 12 ? status(77_777, 1) : undefined), /answers what nobody asked/],
  ['an answer of no kind', (type, id) => (type === 12 ? answer(42, id) : undefined), /of no kind/],
  ['another answer', (type, id) => (type === 12 ? answer(103, id, Buffer.from([0, 0, 0, 1, 65])) : undefined), /./],
  ['a size beyond counting', (type, id) => (type === 12 ? nameAnswer(id, ['a'], Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.alloc(8, 0xff)])) : undefined), /larger than anything/],
  ['a path of its own that is none', (type, id) => (type === 16 ? nameAnswer(id, ['relative']) : undefined), /a path of its own is none/],
]

test('G-10 a server that lies about a folder is refused in words, and nothing is passed off as a listing', async (t) => {
  for (const [says, twist, expected] of LIES) {
    const { reading, put } = lay(t, { twist })
    await put('b', 'b')
    await assert.rejects(listed(reading), (cause: unknown) => cause instanceof Fault && expected.test(cause.message), says)
  }
})

test('a server that gives other bytes than were asked for gives none', async (t) => {
  for (const more of [Buffer.alloc(40_000), Buffer.alloc(0)]) {
    let lies = false
    const { reading, put } = lay(t, { twist: (type, id) => (type === 5 && lies ? answer(103, id, Buffer.concat([Buffer.from([0, 0, more.length >> 8, more.length & 0xff]), more])) : undefined) })
    await put('a', 'x'.repeat(100))
    const it = await versionAt(reading, 'a')
    lies = true
    await assert.rejects(reading.read({ ...it, from: 0, bytes: 100 }, soon()), /other bytes than were asked for/)
  }
})

test('what stands before the first packet is no SFTP, and neither is another version', async (t) => {
  const chatty = lay(t, { speak: () => {
    const it = fakeSftp()
    it.output.push('Welcome to the vault!\n')
    return it
  } })
  await assert.rejects(chatty.reading.identify(soon()), /does its shell print something at login\?/)
  await assert.rejects(lay(t, { speak: () => fakeSftp(undefined, Buffer.from([0, 0, 0, 2])) }).reading.identify(soon()), /speaks SFTP version 2/)
})

test('a server that says nothing is given up with the signal, and the next call begins anew', async (t) => {
  let mute = true
  const { reading, deleting, put, begun } = lay(t, { twist: (type) => (mute && (type === 12 || type === 18) ? 'silence' : undefined) })
  await put('a', 'a')
  const began = performance.now()
  await assert.rejects(reading.page({ prefix: '', most: 9 }, AbortSignal.timeout(200)), (cause: unknown) => codeOf(cause) === 'ETIMEDOUT')
  assert(performance.now() - began < 8_000)
  const outcome = await deleting.quarantine(judgedOf(await versionAt(reading, 'a')), AbortSignal.timeout(200))
  assert(outcome.is === 'unknown', 'a rename that nobody answered is in doubt')
  assert.match(outcome.says, /look at .* before anything else is done/)
  mute = false
  assert.equal((await listed(reading)).items.length, 1)
  assert.equal(begun(), 3, 'of each half one that was given up, and of the reading one another')
})

test('a conversation that breaks off in the middle of an act leaves it in doubt', async (t) => {
  let live: ReturnType<typeof fakeSftp> | undefined
  const { reading, deleting, put } = lay(t, { speak: () => (live = fakeSftp((type) => {
    if (type === 18) setImmediate(() => live?.kill())
    return type === 18 ? 'silence' : undefined
  })) })
  await put('a', 'a')
  const outcome = await deleting.quarantine(judgedOf(await versionAt(reading, 'a')), soon())
  assert(outcome.is === 'unknown')
  assert.match(outcome.says, /ended the conversation \(the fake has gone\)/)
})

test('what ssh says when it goes is said on, with what to do', async (t) => {
  const words = (said: string): Over => lay(t, { speak: () => {
    const it = fakeSftp(() => 'silence')
    setImmediate(() => it.kill())
    return { ...it, said: () => said }
  } })
  await assert.rejects(words('Host key verification failed.').reading.identify(soon()), /is not proven to be itself .* compare its key/)
  await assert.rejects(words('reader@vault: Permission denied (publickey).').reading.identify(soon()), /does not let this key in/)
})

test('in a lab nothing is started before it is judged where it leads, and what is refused is asked anew the next time', async (t) => {
  const places: (string | undefined)[] = []
  let open = false
  const { reading, deleting, begun } = lay(t, { led: (place) => {
    places.push(place.host)
    return open ? Promise.resolve({ ...place, address: '10.0.0.7' }) : Promise.reject(coded('EBLOCKED', `${place.host} is a public address`, 'never'))
  } })
  await assert.rejects(reading.identify(soon()), (cause: unknown) => codeOf(cause) === 'EBLOCKED')
  await assert.rejects(deleting.identify(soon()), (cause: unknown) => codeOf(cause) === 'EBLOCKED')
  assert.deepEqual([begun(), places], [0, ['vault.example', 'vault.example']])
  open = true
  await reading.identify(soon())
  assert.equal(begun(), 1)
})

// Two people agree, with real processes: enrolled on the machine, asked from a terminal, told by webhook and mail, decided by POSTs behind
// their own links, across the death of the keeper. C-5, C-17, P-5, X-1. That Holdfast has run for four days is written into its
// database between two starts: nobody younger than three days approves.
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { instantOf } from '../../src/core/time.ts'
import { codeAt, periodOf } from '../../src/core/totp.ts'
import { openSql } from '../../src/db/sql.ts'
import { folderFor, freePorts, hookSink, removeFolder, smtpSink, startHoldfast, until, writeConfig, type Running } from './world.ts'

interface Approve { readonly schema: string; readonly id: string; readonly what: string; readonly hash: string; readonly words: string; readonly person: string; readonly role: string; readonly text: { short: string; long: string }; readonly url: string; readonly lapses_at: string }

const bytesOf = (text: string): Uint8Array => Uint8Array.from(([...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
const codeOf = (secret: Uint8Array, by = 0): string => codeAt(secret, periodOf(instantOf(Date.now())) + by)

test('two people agree behind their own links, whatever dies meanwhile; nobody else can, and no look does', { timeout: 300_000 }, async (t) => {
  const [port = 0, hookPort = 0, smtpPort = 0] = await freePorts(3)
  const folder = folderFor('approvals')
  const sink = await hookSink(hookPort)
  const relay = await smtpSink(smtpPort)
  let holdfast: Running | undefined
  t.after(async () => {
    await holdfast?.stop()
    sink.close()
    relay.close()
    removeFolder(folder)
  })
  writeConfig(folder, `version: 1
site: { name: Acme, url: "http://127.0.0.1:${port}" }
channels:
  hook: { webhook: "http://127.0.0.1:${hookPort}/page" }
  email: { smtp: "smtp://127.0.0.1:${smtpPort}", from: holdfast@acme.example }
people:
  ada: { email: ada@acme.example, role: approver, reach: [hook] }
  bo: { email: bo@acme.example, role: approver, reach: [email] }
`)
  const start = async (): Promise<Running> => {
    const running = startHoldfast(folder, port)
    holdfast = running
    await until('it is well', 60_000, () => fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.status === 200, () => false))
    return running
  }
  let it = await start()
  const secrets = new Map<string, Uint8Array>()
  for (const who of ['ada', 'bo']) {
    const enrolled = await it.cli('people', 'enrol', who, '--json')
    secrets.set(who, bytesOf((JSON.parse(enrolled.out) as { secret: string }).secret))
    assert.equal((await it.cli('people', 'enrol', who, '--code', codeOf(secrets.get(who) ?? new Uint8Array()))).code, 0)
  }
  await it.stop()
  const sql = openSql(path.join(folder, 'data', 'holdfast.db'))
  sql.run(`insert into meta (key, value) values ('lived', ?) on conflict (key) do update set value = excluded.value`, String(96 * 3_600_000))
  sql.close()
  it = await start()

  const asked = await it.cli('approvals', 'ask', 'Promote db2', '--of', 'ada', '--of', 'bo:checks', '-m', 'db1 is gone', '--lapses', '10m', '--json', '--as', 'chen')
  assert.equal(asked.code, 0, asked.err)
  const { id } = JSON.parse(asked.out) as { id: string }
  const state = async (): Promise<string> => (JSON.parse((await it.cli('approvals', 'show', id, '--json')).out) as { state: string }).state
  const told = await until('ada is asked by webhook', 60_000, () => sink.hooks.map(({ body }) => body as unknown as Approve).find(({ schema }) => schema === 'holdfast.approve/1'))
  assert.deepEqual(Object.keys(told), ['schema', 'id', 'what', 'hash', 'words', 'person', 'role', 'text', 'url', 'lapses_at'])
  assert.deepEqual([told.id, told.person, told.role], [id, 'ada', 'approves'])
  const mail = await until('bo is asked by mail', 60_000, () => relay.mails.find(({ to }) => to === 'bo@acme.example'))
  const boUrl = /http:\/\/\S+\/approve\/[\w-]+/.exec(mail.text)?.[0] ?? assert.fail(mail.text)
  assert.match(mail.text, new RegExp(told.words))

  for (let n = 0; n < 20; n++) {
    const shown = await fetch(n % 2 === 0 ? told.url : boUrl, { method: n % 3 === 0 ? 'HEAD' : 'GET' })
    assert.equal(shown.status, 200)
  }
  const page = await (await fetch(told.url)).text()
  for (const text of ['Promote db2', 'db1 is gone', told.words, told.hash]) assert.ok(page.includes(text), text)
  assert.equal(await state(), 'open')

  const post = (url: string, fields: Record<string, string>): Promise<number> => fetch(url, { method: 'POST', body: new URLSearchParams(fields) }).then(async (reply) => {
    await reply.text()
    return reply.status
  })
  const code = (who: string): string => codeOf(secrets.get(who) ?? new Uint8Array(), 1)
  const { hash } = told
  assert.equal(await post(told.url, { hash, act: 'yes' }), 403, 'no code')
  assert.equal(await post(told.url, { hash, act: 'yes', totp: code('bo') }), 403, 'a code of somebody else')
  assert.equal(await post(told.url, { hash: 'f'.repeat(64), act: 'yes', totp: code('ada') }), 409, 'another hash')
  assert.equal(await post(told.url, { hash, act: 'yes', totp: code('ada') }), 200)
  assert.equal(await state(), 'open')
  assert.equal(await post(boUrl, { hash, act: 'yes', totp: code('ada') }), 403, 'the same person does not count twice, by whatever link')

  process.kill(it.pids()['keeper'] ?? assert.fail('no keeper'), 'SIGKILL')
  await until('bo says it too', 60_000, async () => (await post(boUrl, { hash, act: 'yes', totp: code('bo') })) === 200)
  assert.equal(await state(), 'agreed')
  assert.equal(await post(told.url, { hash, act: 'stop' }), 200, 'also what was agreed can be stopped')
  assert.equal(await post(boUrl, { hash, act: 'yes', totp: code('bo') }), 410)
  assert.equal(await state(), 'stopped')

  const verified = await it.cli('ledger', 'verify')
  assert.equal(verified.code, 0, verified.out + verified.err)
  const audit = await it.cli('audit', '--since', '1h')
  for (const says of ['ada said yes', 'bo said yes', ': agreed', 'ada said stop', 'not-proven']) assert.ok(audit.out.includes(says), `${says}\n${audit.out}`)
  for (const secret of [told.url.split('/').at(-1) ?? '', code('ada'), 'ada@acme.example']) assert.ok(!audit.out.includes(secret))
  const rebuilt = await it.cli('ledger', 'rebuild', '--json')
  assert.deepEqual((JSON.parse(rebuilt.out) as { differed: string[] }).differed, [])
})

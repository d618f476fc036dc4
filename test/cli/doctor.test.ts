// What the doctor says is missing, and what cannot be had.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { ago, beat, check, fakes, folder, plainly, run, tested } from './world.ts'

test('doctor says what is missing, with or without a server', async () => {
  writeFileSync(path.join(folder, 'good.yaml'), 'version: 1\nsite: { name: Acme, url: "https://hold.acme.example", timezone: Europe/Berlin }\n')
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

test('doctor names heartbeats that were paused long ago, and those alone', async (t) => {
  plainly(t)
  const paused = (days: number): object => ({ ...beat, state: 'paused', heartbeat: { dueAt: null, paused: { by: 'ada', at: ago(days * 86_400_000), reason: 'moves' }, runs: [], lastTook: null } })
  fakes.call = (name) => (name === 'checks.list' ? { is: 'answered', status: 200, body: { schema: 'holdfast.checks/1', checks: [check, paused(9), { ...paused(2), name: 'young' }] } } : undefined)
  const { out } = await run('doctor')
  assert.match(out, /job is paused for 9 d \(by ada\): nobody would hear that it fails\. If it runs again: holdfast checks resume job/)
  assert.doesNotMatch(out, /young/)
})

test('doctor says who could not come in, who comes in too easily, and which keys never end', async (t) => {
  plainly(t)
  const base = { email: null, configured: [], granted: [], sessions: 0, seen: null, hasPassword: false, factors: 0 }
  const people = [{ ...base, person: 'ada', roles: ['owner'], hasPassword: true }, { ...base, person: 'bo', roles: [] }, { ...base, person: 'cy', roles: [] }]
  const ownerless = { schema: 'holdfast.people/1', ownerless: true, people }
  fakes.call = (name) => (name === 'people.list' ? { is: 'answered', status: 200, body: ownerless } : undefined)
  const { out } = await run('doctor')
  for (const says of [/Nobody owns this Holdfast yet: "holdfast people first-owner"/, /ada is an owner without a second factor/, /bo is on call and has no way to sign in .*holdfast people invite bo/, /The token ci \(tok_1\) has no end/]) assert.match(out, says)
  assert.doesNotMatch(out, /cy is on call|ada is on call/)
  fakes.call = (name) => (name === 'people.list' ? { is: 'refused', status: 403, error: { code: 'HF443', message: 'Only an owner may do this.' } } : undefined)
  assert.doesNotMatch((await run('doctor')).out, /owns this|sign in|no end|Only an owner/, 'a token is told nothing of people')
})

test('doctor names whoever has never pressed the link of a test page', async (t) => {
  plainly(t)
  fakes.call = (name) => (name === 'oncall.tested' ? { is: 'answered', status: 200, body: tested(null) } : undefined)
  assert.match((await run('doctor')).out, /ada has acknowledged no test page yet: holdfast oncall test ada/)
  fakes.call = () => undefined
  assert.doesNotMatch((await run('doctor')).out, /acknowledged no test page/)
})

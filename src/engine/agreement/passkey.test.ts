// A passkey behind a link: what it signs is bound to that agreement and that link, counts once, and is drawn as a button on the page.
import assert from 'node:assert/strict'
import test from 'node:test'
import { authenticator } from '../../../test/authenticator.ts'
import { configOf, keeperWorld, plan } from '../../../test/keeper-world.ts'
import { pushAll, webWorld } from '../../../test/web-world.ts'
import { hours, minutes, ms } from '../../core/time.ts'
import type { ApprovalAnswer } from '../../views/agreements.ts'
import type { Asker, ErrorAnswer } from '../../views/answers.ts'
import type { SignedInAnswer } from '../../views/people.ts'
import type { Answer } from '../answer.ts'
import { firstOwnerLink } from '../people.ts'

const ORIGIN = 'https://hold.acme.example'
const FROM = { origin: '203.0.113.9', agent: 'a phone' }
const site = { ...plan.site, url: ORIGIN }
const person = (name: string): (typeof plan.people)[string] => ({ name, email: `${name}@acme.example`, reach: [{ channel: 'mail', after: ms(0) }], roles: ['approver'] })
const config = { ...configOf([]), site, plan: { ...plan, site, people: { ada: person('ada'), bo: person('bo') } } }

async function world(t: { after(act: () => void): void }) {
  const w = await keeperWorld(t, config)
  const ask = async (name: string, args: unknown, asker: Asker = { is: 'open' }): Promise<Answer> => {
    let over = false
    const watched = w.ask(name, args, asker).finally(() => void (over = true))
    while (!over) {
      await w.settle()
      await new Promise((go) => setImmediate(go))
    }
    return watched
  }
  const web = webWorld({
    call: async (name, args, asker) => {
      const { status, body } = await ask(name, args, asker)
      return status < 400 ? { is: 'answered', status, body } : { is: 'refused', status, error: (body as ErrorAnswer).error }
    },
  })
  pushAll(web)
  const printed = firstOwnerLink(w.keeper)
  await w.settle()
  const { secret } = (await ask('people.enter', { what: 'first-owner', link: (await printed)?.split('/').at(-1), person: 'ada', from: FROM })).body as SignedInAnswer
  const device = authenticator(ORIGIN)
  const begun = (await ask('people.beginPasskey', { session: secret })).body as { options: object }
  assert.equal((await ask('people.addPasskey', { session: secret, made: device.make(begun.options), from: FROM })).status, 200)
  w.keeper.store.setMeta('lived', String(hours(96)))
  await w.restart()
  await w.pass(minutes(1))
  const wish = async (title: string, more: object = {}): Promise<ApprovalAnswer> => (await ask('approvals.ask', { title, text: '', of: ['ada', 'bo'], ...more }, { is: 'socket' })).body as ApprovalAnswer
  const path = (it: ApprovalAnswer, who: string): string => `/approve/${w.keeper.linkFor({ is: 'approve', agreement: it.id as never, person: who })}`
  const send = async (at: string, body: object): Promise<[number, Record<string, unknown>]> => {
    const reply = await web.get(at, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    return [reply.status, (await reply.json()) as Record<string, unknown>]
  }
  const press = async (at: string, fields: Record<string, string>): Promise<number> => (await web.get(at, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString() })).status
  return { w, web, device, wish, path, send, press }
}

test('C-5 a passkey agrees behind its own link, to its own thing, once', async (t) => {
  const it = await world(t)
  const [asked, other] = [await it.wish('Promote db2'), await it.wish('Drop db1')]
  const at = it.path(asked, 'ada')
  const page = await it.web.get(at)
  assert.match(await page.text(), /data-does="prove"[^>]*data-hash="[0-9a-f]{64}"/)
  assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self'/)
  assert.doesNotMatch(await (await it.web.get(it.path(asked, 'bo'))).text(), /data-does="/, 'bo has none')
  assert.equal((await it.send(`${it.path(asked, 'bo')}/passkey/ask`, {}))[0], 409)

  const [, begun] = await it.send(`${at}/passkey/ask`, { hash: asked.hash })
  const shown = it.device.show(begun['options'] as object)
  assert.notEqual((await it.send(`${it.path(other, 'ada')}/passkey`, { shown }))[0], 200, 'what was asked behind one link is not answered behind another')
  const [, again] = await it.send(`${at}/passkey/ask`, { hash: asked.hash })
  const [status, { proof }] = await it.send(`${at}/passkey`, { shown: it.device.show(again['options'] as object) })
  assert.equal(status, 200)
  assert.equal(await it.press(it.path(other, 'ada'), { act: 'yes', hash: other.hash, proof: String(proof) }), 403)
  assert.equal(await it.press(it.path(asked, 'bo'), { act: 'yes', hash: asked.hash, proof: String(proof) }), 403)
  assert.equal(await it.press(at, { act: 'yes', hash: asked.hash, proof: String(proof) }), 200)
  assert.equal(await it.press(it.path(other, 'ada'), { act: 'yes', hash: other.hash, passkey: String(proof) }), 403)
  assert.ok(!JSON.stringify(it.w.entries()).includes(String(proof)))
})

test('where one may go alone, a passkey will do for that too', async (t) => {
  const it = await world(t)
  const asked = await it.wish('Emergency', { alone: true })
  const at = it.path(asked, 'ada')
  assert.match(await (await it.web.get(at)).text(), /name="act" value="alone"/)
  const [, begun] = await it.send(`${at}/passkey/ask`, {})
  const [, { proof }] = await it.send(`${at}/passkey`, { shown: it.device.show(begun['options'] as object) })
  assert.equal(await it.press(at, { act: 'alone', hash: asked.hash, proof: String(proof), reason: 'db1 burns, bo is in the air' }), 200)
  assert.deepEqual(it.w.open().sort(), [`person:ada/${asked.id}`, `person:everybody/${asked.id}`], 'ada is the only owner: she hears it all the same, and so does whoever is on call')
})

test('a link ends a day after what it was for', async (t) => {
  const it = await world(t)
  const asked = await it.wish('Promote db2')
  const at = it.path(asked, 'ada')
  assert.equal(await it.press(at, { act: 'no', hash: asked.hash }), 200)
  assert.equal((await it.web.get(at)).status, 200)
  it.w.step(hours(25))
  assert.equal((await it.web.get(at)).status, 404)
  assert.equal(await it.press(at, { act: 'stop', hash: asked.hash }), 404)
})

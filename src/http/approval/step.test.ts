// The page of a step of a run, as two people have it on their phones: how much it weighs with all that it loads, and how many touches it takes. Over a real keeper
// and a run of it, with a text as long as that of a cluster's runbook.
import assert from 'node:assert/strict'
import test from 'node:test'
import { fromBase32 } from '../../../test/base32.ts'
import { manual, runWorld } from '../../../test/story/runs.ts'
import { pushAll, webWorld } from '../../../test/web-world.ts'
import { hours } from '../../core/time.ts'
import { codeAt, periodOf } from '../../core/totp.ts'
import type { ApprovalLinkAnswer } from '../../views/agreements.ts'
import type { ErrorAnswer } from '../../views/answers.ts'
import type { TotpAnswer } from '../../views/people.ts'
import type { RunAnswer } from '../../views/change/runs.ts'

const HEAVIEST = 12_000
const HOST = 'database-primary-01.fra.acme.example'.slice(0, 32)
const TEXT = 'Add the memory to {{host}}: slots A2 and B2, two modules of 64 GB from the box with the green label. Do not touch other cables. Close the case, turn it on, and wait until it answers.'
const BOOK = {
  name: 'grow', title: 'Add memory to one database server of the shop', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: [HOST, 'db-2', 'db-3'], serial: 1 }, preflight: [], guard: [{ is: 'links' as const }], from: 'holdfast.yaml:9',
  // What cannot be undone has one field more: its host is typed. So it is the heaviest.
  steps: [manual('memory', { act: { is: 'manual', text: TEXT }, takes: ['{{host}}'], until: [{ is: 'links', host: '{{host}}' }] })],
}

test('the page of a step weighs at most 12 kB with all that it loads, and takes two touches: its link, and its button', async (t) => {
  const it = await runWorld(t, BOOK)
  const secrets = new Map<string, Uint8Array>()
  for (const who of ['ada', 'bo']) {
    const secret = fromBase32(((await it.ask('people.enrol', { who })).body as TotpAnswer).secret)
    secrets.set(who, secret)
    assert.equal((await it.ask('people.enrol', { who, code: codeAt(secret, periodOf(it.keeper.now().wall)) })).status, 200)
  }
  it.keeper.store.setMeta('lived', String(hours(96)))
  await it.restart()
  for (let n = 0; n < 61; n++) await it.second()
  const { run } = (await it.ask('runs.begin', { runbook: 'grow', host: HOST, person: 'ada' })).body as RunAnswer
  let passkey = false
  const web = webWorld({
    call: async (name, args, asker) => {
      const { status, body } = await it.ask(name, args, asker)
      if (status >= 400) return { is: 'refused', status, error: (body as ErrorAnswer).error }
      const link = body as ApprovalLinkAnswer
      return { is: 'answered', status, body: name === 'approvals.look' && passkey ? { ...link, means: { ...link.means, passkey: true } } : body }
    },
  })
  pushAll(web)
  const { asked } = await it.state(run)
  const pathOf = (person: string): string => `/approve/${it.keeper.linkFor({ is: 'approve', agreement: (asked?.agreement ?? '') as never, person })}`
  for (const means of ['totp', 'passkey']) {
    passkey = means === 'passkey'
    const page = await (await web.get(pathOf('ada'))).text()
    assert.ok(page.includes('slots A2 and B2') && page.includes(HOST), 'it is the page of the step')
    assert.equal(/data-does="prove"/.test(page), passkey, means)
    const loads = [...page.matchAll(/<(?:script|img|iframe|link rel="?(?:stylesheet|preload)"?)[^>]*?(?:src|href)="?([^" >]+)/g)].map(([, where = '']) => where)
    const weights = await Promise.all(loads.map(async (where) => (await (await web.get(where)).arrayBuffer()).byteLength))
    assert.equal(loads.length, passkey ? 1 : 0, 'without a passkey it loads nothing')
    const weight = [Buffer.byteLength(page), ...weights].reduce((sum, bytes) => sum + bytes, 0)
    t.diagnostic(`with ${means}: ${weight} bytes`)
    assert.ok(weight <= HEAVIEST, `with ${means}: ${weight} bytes`)
  }
  passkey = false
  for (const [who, says] of [['ada', /Waiting for Bo/], ['bo', /All who were asked/]] as const) {
    // The first touch opens the link; the second is the one button of the first form, and no page stands between that and the word.
    const page = await (await web.get(pathOf(who))).text()
    const form = /<form method="post" action="([^"]+)">(.*?)<\/form>/s.exec(page) ?? assert.fail('no form')
    const fields = [...(form[2] ?? '').matchAll(/<input([^>]*)>/g)].map(([, attributes = '']) => [/name="(\w+)"/.exec(attributes)?.[1] ?? '', /value="(\w+)"/.exec(attributes)?.[1]] as const)
    const buttons = [...(form[2] ?? '').matchAll(/<button class="first" name="act" value="(\w+)">/g)].map(([, act]) => act)
    assert.deepEqual([fields.map(([name]) => name), buttons], [['hash', 'typed', 'totp'], ['ready']], 'what cannot be undone is typed, and the code; one button')
    const body = new URLSearchParams({ hash: fields[0]?.[1] ?? '', totp: codeAt(secrets.get(who) ?? new Uint8Array(20), periodOf(it.keeper.now().wall)), act: 'ready', typed: HOST })
    const reply = await web.get(form[1] ?? '', { method: 'POST', body: body.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    assert.match(await reply.text(), says)
    assert.equal(reply.status, 200)
  }
})

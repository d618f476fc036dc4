// The first story, with real processes: all is well; the database goes; one incident, the right people, again and again until
// somebody takes it; the public is told; it comes back. Invariants P-1, P-2, P-4, P-5, P-6, P-10, W-2, W-10, T-7.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { acme, operational, states, type AcmeOptions } from './acme.ts'
import { sleep, until } from './world.ts'

export const TITLE = 'the database goes away, people are paged until one takes it, and the public hears the truth'

/** Tells the story; `db` puts a real database in the place of the http check. */
export async function tellOutage(t: TestContext, db?: AcmeOptions['db']): Promise<void> {
  const it = await acme({ name: 'outage', extra: 'ack_lapses: 20s\n', ...(db ? { db } : {}) })
  t.after(() => it.end())
  await until('the board answers', 60_000, () => it.get('/').then((reply) => reply.status === 200, () => false))
  await until('the job can be pinged', 60_000, () => it.keepPinging().then(() => true, () => false))

  await t.test('1. all well: checks pass, nobody is paged, all components operational, status exits 0', async () => {
    await until('all operational', 60_000, async () => JSON.stringify(await states(it)) === JSON.stringify(operational))
    const status = await it.holdfast.cli('status')
    assert.equal(status.code, 0, status.out + status.err)
    assert.equal(it.mails.length + it.hooks.length, 0)
  })

  const stopped = Date.now()
  await t.test('2. the database stops: one incident named after it, ada, her webhook, bo, then both, again and again', async () => {
    await it.database(false)
    const first = await until('ada gets a mail', 10_000, () => it.mails.find((mail) => mail.to === 'ada@acme.example'))
    assert.ok(first.at - stopped <= 10_000)
    assert.match(first.subject, /db is down/)
    const hook = await until('her webhook', 6000, () => it.hooks.find((it2) => it2.body.event === 'page'))
    assert.ok(Math.abs(hook.at - first.at - 4000) < 1500, `webhook ${hook.at - first.at} ms after the mail`)
    const bo = await until('bo gets a mail', 5000, () => it.mails.find((mail) => mail.to === 'bo@acme.example'))
    assert.ok(Math.abs(bo.at - first.at - 6000) < 1500, `bo ${bo.at - first.at} ms after ada`)
    assert.equal(hook.body['schema'], 'holdfast.page/1')
    for (const key of ['id', 'incident', 'subject', 'person', 'step', 'round', 'text', 'ack_url', 'pass_url', 'raised_at', 'sent_at']) assert.ok(key in hook.body, key)
    assert.equal(hook.body.incident.title, 'db is down')
    assert.equal((await fetch(hook.body.incident.url)).status, 200, 'the address of the incident says where to look')
    // Due 16 s after bo's first: six to the last step, ten to its repetition.
    await until('both again', 20_000, () => it.mails.filter((mail) => mail.to === 'ada@acme.example').length >= 3 && it.mails.filter((mail) => mail.to === 'bo@acme.example').length >= 3)
    const { incidents } = JSON.parse((await it.holdfast.cli('incidents', 'list', '--json')).out) as { incidents: { title: string; members: string[]; state: string }[] }
    assert.equal(incidents.length, 1)
    assert.deepEqual([incidents[0]?.title, [...(incidents[0]?.members ?? [])].sort()], ['db is down', ['api', 'db']])
    const board = await until('the board tells it', 60_000, async () => {
      const { incidents: told } = (await it.json('/api/v2/incidents/unresolved.json')) as { incidents: { name: string }[] }
      return told.length === 1 && told
    })
    assert.match(board[0]?.name ?? '', /API/)
    assert.equal((await states(it))['API'], 'major_outage')
    assert.equal((await it.holdfast.cli('status')).code, 3)
    const ids = it.mails.map((mail) => mail.id)
    assert.equal(new Set(ids).size, ids.length, 'a page was sent twice without a fault (P-4)')
  })

  await t.test('3. links only show; one POST takes it; a second person hears who has it; it lapses and rings again', async () => {
    const ack = it.hooks.at(-1)?.body.ack_url ?? ''
    const boLink = it.mails.filter((mail) => mail.to === 'bo@acme.example').map((mail) => /https?:\/\/\S+\/a\/[\w-]+/.exec(mail.text)?.[0]).find((url) => url !== undefined) ?? ''
    for (let i = 0; i < 25; i++) {
      const shown = await fetch(ack)
      assert.equal(shown.status, 200)
      assert.equal((await fetch(ack, { method: 'HEAD' })).status, 200)
    }
    assert.equal((JSON.parse((await it.holdfast.cli('incidents', 'list', '--json')).out) as { incidents: { heldBy: string | null }[] }).incidents[0]?.heldBy, null)
    const taken = await fetch(ack, { method: 'POST' })
    assert.equal(taken.status, 200, await taken.text())
    const at = Date.now()
    const count = (): number => it.mails.filter((mail) => /is down/.test(mail.subject) && mail.at > at + 500).length
    const second = await fetch(boLink, { method: 'POST' })
    assert.equal(second.status, 200)
    assert.match(await second.text(), /Ada has it/)
    await until('bo hears that ada has it', 3000, () => it.mails.find((mail) => mail.to === 'bo@acme.example' && /Ada has/.test(mail.subject + mail.text)))
    await sleep(Math.max(0, 12_000 - (Date.now() - at)))
    assert.equal(count(), 0, 'it rang although ada has it')
    await until('it rings again after it lapsed', 15_000, () => count() > 0)
    assert.ok(Date.now() - at >= 19_000)
  })

  await t.test('4. the database returns: resolved, told once, the board and the feeds follow', async () => {
    await it.database(true)
    await until('resolved', 60_000, async () => (JSON.parse((await it.holdfast.cli('incidents', 'list', '--json')).out) as { incidents: unknown[] }).incidents.length === 0)
    await until('ada hears it', 4000, () => it.mails.some((mail) => mail.to === 'ada@acme.example' && /back/.test(mail.subject)))
    await until('all operational', 60_000, async () => JSON.stringify(await states(it)) === JSON.stringify(operational))
    await sleep(3000)
    assert.equal(it.mails.filter((mail) => mail.to === 'ada@acme.example' && /back/.test(mail.subject)).length, 1)
    assert.match((await it.get('/history.atom')).body, /API/)
    assert.match((await it.get('/history.rss')).body, /API/)
    const bundle = path.join(it.folder, 'public', 'index.html')
    await until('the bundle stands in ./public', 60_000, () => existsSync(bundle))
    assert.match(readFileSync(bundle, 'utf8'), /Acme Hosting/)
    assert.equal((await it.holdfast.cli('status')).code, 0)
    const verified = await it.holdfast.cli('ledger', 'verify', '--json')
    assert.equal(verified.code, 0, verified.out + verified.err)
  })

  await t.test('5. planned work: announced, begun and completed by people, and told everywhere', async () => {
    const board = async (...args: readonly string[]): Promise<string> => {
      const done = await it.holdfast.cli('board', ...args, '--as', 'ada', '--json')
      assert.equal(done.code, 0, done.out + done.err)
      return (JSON.parse(done.out) as { id: string }).id
    }
    const active = async (): Promise<unknown[]> => (JSON.parse((await it.get('/api/v2/scheduled-maintenances/active.json')).body) as { scheduled_maintenances: unknown[] }).scheduled_maintenances
    const id = await board('announce', '--title', 'A new switch', '--component', 'API', '--from', '3d', '--until', '1h', '-m', 'Requests may take longer.')
    await until('the board and its copy tell it', 60_000, async () => (await it.get('/')).body.includes('A new switch') && readFileSync(path.join(it.folder, 'public', 'calendar.ics'), 'utf8').includes(id))
    assert.deepEqual(await active(), [])
    await board('begin', id)
    await until('API is under maintenance', 5000, async () => (await active()).length === 1 && (await it.get('/')).body.includes('API: under maintenance'))
    await board('complete', id, '-m', 'The switch is in its place.')
    await until('all operational', 60_000, async () => (await active()).length === 0 && JSON.stringify(await states(it)) === JSON.stringify(operational))
  })
}

// Holdfast survives itself: every process is killed in turn while an incident is open and nobody has it; the keeper stands
// still; its memory is overwritten. Pages go on within seconds, none is lost, none comes more than twice. Invariants X-2,
// X-8, P-1, P-3, P-4, W-8, L-2.
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync, readFileSync, openSync, writeSync, closeSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { acme, operational, states, type Acme } from './acme.ts'
import { sleep, until, type Mail } from './world.ts'

async function outage(name: string): Promise<Acme> {
  const it = await acme({ name })
  await until('the board answers', 60_000, () => it.get('/').then((reply) => reply.status === 200, () => false))
  await until('the job can be pinged', 60_000, () => it.keepPinging().then(() => true, () => false))
  await until('all operational', 60_000, async () => JSON.stringify(await states(it)) === JSON.stringify(operational))
  await it.database(false)
  await until('ada gets a mail', 12_000, () => it.mails.some((mail) => mail.to === 'ada@acme.example'))
  return it
}

const down = (mails: readonly Mail[], from = 0): Mail[] => mails.filter((mail) => /db is down/.test(mail.subject) && mail.at >= from)

/** How often each page went out; a page is its Message-ID. */
function doubled(mails: readonly Mail[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const mail of mails) counts.set(mail.id, (counts.get(mail.id) ?? 0) + 1)
  return counts
}

test('5. kill -9 of each process while an incident is open: no page is lost, none comes more than twice', { timeout: 400_000 }, async (t) => {
  const it = await outage('kills')
  t.after(() => it.end())
  await until('the last step rings', 30_000, () => down(it.mails).some((mail) => mail.to === 'bo@acme.example') && down(it.mails).length >= 4)
  for (const name of ['keeper', 'ringer', 'prober', 'web', 'all'] as const) {
    const pids = it.holdfast.pids()
    const at = Date.now()
    if (name === 'all') {
      for (const pid of Object.values(pids)) process.kill(pid, 'SIGKILL')
      await sleep(200)
      it.restart()
    } else {
      assert.ok(pids[name], `${name} runs: ${JSON.stringify(pids)}`)
      process.kill(pids[name] ?? 0, 'SIGKILL')
    }
    // The step repeats every 10 s: the next round comes at its time, or at most 5 s late.
    const next = await until(`a page after the death of ${name}`, 17_000, () => down(it.mails, at).length > 0 && down(it.mails, at)[0])
    t.diagnostic(`${name} killed: next page after ${next.at - at} ms`)
    await until(`${name} is back`, 12_000, async () => {
      const now = it.holdfast.pids()
      return ['keeper', 'ringer', 'prober', 'web'].every((process_) => now[process_] !== undefined) && (await it.get('/healthz').then((reply) => reply.status === 200, () => false))
    })
    await sleep(1500)
  }
  const counts = [...doubled(it.mails).values()]
  assert.ok(Math.max(...counts) <= 2, `a page came ${Math.max(...counts)} times`)
  t.diagnostic(`${counts.length} pages, ${counts.filter((count) => count === 2).length} of them doubled`)
  assert.equal((await it.holdfast.cli('incidents', 'list', '--json').then((reply) => JSON.parse(reply.out) as { incidents: unknown[] })).incidents.length, 1)
  assert.equal((await it.holdfast.cli('ledger', 'verify')).code, 0)
})

test('7a. the keeper stands still: the ringer goes on, says so, takes an acknowledgement, hands both over', { timeout: 400_000 }, async (t) => {
  const it = await outage('frozen')
  t.after(() => it.end())
  await until('the last step rings', 30_000, () => down(it.mails).length >= 4)
  const pid = it.holdfast.pids()['keeper'] ?? 0
  process.kill(pid, 'SIGSTOP')
  const at = Date.now()
  await until('the ringer says that the keeper is stuck', 18_000, () => it.mails.some((mail) => mail.at > at && /stuck/i.test(mail.subject + mail.text)))
  t.diagnostic(`said so after ${Date.now() - at} ms`)
  await until('the ringer rings by itself', 15_000, () => down(it.mails, at + 11_000).length > 0)
  const ack = it.hooks.filter((hook) => hook.body.ack_url !== undefined).at(-1)?.body.ack_url ?? ''
  const taken = await fetch(ack, { method: 'POST' })
  assert.equal(taken.status, 202)
  assert.match(await taken.text(), /not yet recorded/i)
  process.kill(pid, 'SIGCONT')
  await until('the acknowledgement is in the ledger', 60_000, async () => {
    const list = await it.holdfast.cli('incidents', 'list', '--json')
    return list.code === 0 && (JSON.parse(list.out) as { incidents: { heldBy: string | null }[] }).incidents[0]?.heldBy === 'ada'
  })
  const held = Date.now()
  await sleep(12_000)
  assert.equal(down(it.mails, held + 500).length, 0, 'it rang although ada has it')
  const counts = [...doubled(it.mails).values()]
  assert.ok(Math.max(...counts) <= 2)
  assert.equal((await it.holdfast.cli('ledger', 'verify')).code, 0)
})

test('7b. the database file is overwritten by garbage: new memory, the old file kept, people are told, paging goes on', { timeout: 400_000 }, async (t) => {
  const it = await outage('garbage')
  t.after(() => it.end())
  const data = path.join(it.folder, 'data')
  const file = openSync(path.join(data, 'holdfast.db'), 'r+')
  writeSync(file, Buffer.alloc(64 * 1024, 0xa5), 0, 64 * 1024, 0)
  closeSync(file)
  const at = Date.now()
  await until('"my memory is damaged" is paged', 30_000, () => it.mails.some((mail) => mail.at > at && /memory is damaged/i.test(mail.subject + mail.text)))
  await until('the old file is kept', 60_000, () => readdirSync(data).some((name) => name.startsWith('holdfast.db.damaged-') && !name.endsWith('-wal') && !name.endsWith('-shm')))
  await until('paging for db goes on', 25_000, () => down(it.mails, at + 2000).length > 0)
  assert.equal((await it.holdfast.cli('ledger', 'verify')).code, 0)
})

test('8. a bad configuration: refused at the start with every finding; in a running Holdfast the old one stays in force', { timeout: 400_000 }, async (t) => {
  const it = await acme({ name: 'config' })
  t.after(() => it.end())
  await until('all operational or unknown only for the job', 60_000, () => states(it).then((now) => now['API'] === 'operational', () => false))
  const file = path.join(it.folder, 'holdfast.yaml')
  const good = readFileSync(file, 'utf8')
  writeFileSync(file, good.replace('http: "http://127.0.0.1', 'htp: "http://127.0.0.1').replace('hold: 5s', 'hold: 5 parsecs'))
  const mail = await until('a page says that the file was refused', 15_000, () => it.mails.find((found) => /configuration/i.test(found.subject + found.text)))
  t.diagnostic(mail.subject)
  assert.equal((await it.holdfast.cli('validate')).code, 2)
  assert.equal((await states(it))['API'], 'operational')
  await sleep(4000)
  assert.equal(it.mails.filter((found) => found.to === 'ada@acme.example' && /configuration/i.test(found.subject + found.text)).length, 1, 'it says so once')
  writeFileSync(file, good)
})

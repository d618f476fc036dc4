// The longer half of what has happened to others (the other half: accidents.lab.test.ts): listings that lie,
// another bucket of the same name, other credentials, a configuration that is edited, rows that dwindle, and hours in which nothing ran.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { sleep, until } from '../test/story/world.ts'
import { armed, edit, entries, lists, refused, ROWS, wait, type Armed } from './accidents.ts'
import { plainly } from './front.ts'
import { JOB, keysOf, PREFIX, well } from './nodecraft.ts'

let it: Armed
before(async () => {
  it = await armed()
}, { timeout: 500_000 })
after(() => it?.close())

test('G-8 all of Holdfast is stopped in the middle of its acts, for longer than it may act: what got its row meanwhile stays (Kopia)', { timeout: 300_000 }, async () => {
  const rest = (await it.live(`${PREFIX}t1/lost-`)).slice(1)
  let stopped = false
  it.front.between = async (asked, pass) => {
    const answer = await pass()
    if (stopped || asked.who !== 'AKHAND' || asked.method !== 'DELETE' || !asked.path.includes(PREFIX)) return answer
    stopped = true
    const pids = Object.values(it.holdfast.pids())
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    it.sql(`insert into backups (object_key, locked, tenant) values ${rest.map((key) => `('${key}', false, 't1')`).join(', ')}`)
    // Its lease is twenty seconds, by the clock that goes on.
    await sleep(25_000)
    for (const pid of pids) process.kill(pid, 'SIGCONT')
    return answer
  }
  try {
    await it.plan()
    await until('it is stopped, and goes on', 90_000, () => stopped)
    await until('nothing is left to do', 200_000, async () => {
      const plan = await it.plan().catch(() => undefined)
      return plan?.code === 0 && plan.reasons.length === 0
    })
  } finally {
    it.front.between = plainly
  }
  assert.deepEqual(await it.live(`${PREFIX}t1/lost-`), rest)
  await wait(it, [`${PREFIX}t1/later-a`, `${PREFIX}t1/later-b`])
})

test('G-10 a listing that ends early, reorders, repeats its cursor or comes in half is none', { timeout: 400_000 }, async () => {
  await refused(it, 'listing', /objects, and \d+ were there|whole/, lists((text) => entries(text).slice(ROWS / 2).reduce((left, one) => left.replace(one, ''), text)))
  await refused(it, 'listing', /.+/, lists((text) => {
    const [one = '', two = ''] = entries(text)
    return text.replace(one, '<!>').replace(two, one).replace('<!>', two)
  }))
  await refused(it, 'listing', /.+/, lists((text) => {
    const first = /<Key>([^<]*)<\/Key>/.exec(text)?.[1] ?? ''
    const version = /<VersionId>([^<]*)<\/VersionId>/.exec(text)?.[1] ?? ''
    return text.replace('<IsTruncated>false</IsTruncated>', `<IsTruncated>true</IsTruncated><NextKeyMarker>${first}</NextKeyMarker><NextVersionIdMarker>${version}</NextVersionIdMarker>`)
  }))
  await refused(it, 'listing', /.+/, lists((text) => text.slice(0, text.length / 2)))
})

test('G-16 another bucket of the same name, an empty one, other credentials: refused, and what was armed is not (rclone, Velero)', { timeout: 180_000 }, async () => {
  const was = readFileSync(path.join(it.folder, 'holdfast.yaml'), 'utf8')
  await well(it.wire('elsewhere'), { method: 'PUT', headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  await it.allow('elsewhere')
  await edit(it, (text) => text.replace('bucket: game-backups,', 'bucket: elsewhere,'))
  await refused(it, 'identity', /the store is the bucket elsewhere/)
  await it.put(keysOf(1, ROWS), 'elsewhere')
  await refused(it, 'identity', /the store is the bucket elsewhere/)
  assert.equal((await it.shown()).armed_by, null)
  await edit(it, () => was.replace('read: "${secret:s3-read}", delete', 'read: "${secret:s3-other}", delete'))
  const plan = await it.plan()
  assert.equal(plan.code, 5, plan.text)
  assert.match(plan.text + (await it.cli('show', JOB)).out, /SignatureDoesNotMatch|the secret is not the one of that key/)
  await edit(it, () => was)
  assert.deepEqual([(await it.plan()).reasons, (await it.shown()).armed_by], [[], null], 'it is armed by people, never by coming back')
})

test('G-16 a configuration that is edited after arming disarms', { timeout: 120_000 }, async () => {
  for (let n = 0; n < 3; n++) assert.deepEqual((await it.plan()).reasons, [])
  await it.agree('arm', JOB)
  assert.equal((await it.plan()).mode, 'armed')
  await edit(it, (text) => text.replace('    lock_column: locked', '    lock_column: locked\n    least: 30'))
  const plan = await it.plan()
  assert.deepEqual([plan.mode === 'armed', (await it.shown()).armed_by], [false, null], plan.text)
})

test('G-18 a tenth fewer rows every run, eight runs long: nothing is ever put aside', { timeout: 180_000 }, async () => {
  for (let n = 0; n < 3; n++) await it.plan()
  const stands = await it.objects()
  for (let run = 1; run <= 8; run++) {
    it.sql("delete from backups where tenant <> 'own' and id in (select id from backups where tenant <> 'own' order by id desc limit (select count(*) / 10 from backups))")
    const plan = await it.plan()
    assert.equal(plan.code, 5, plan.text)
    assert(plan.reasons.some(({ id }) => id === (run === 1 ? 'limit:new-bytes' : 'floor')), plan.text)
  }
  assert.equal(await it.objects(), stands)
})

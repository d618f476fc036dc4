// The drill of a bucket that is itself the copy, in a cell of this machine: from the files of a folder, and from Ceph's gateway with versions and delete markers. What it restores, what
// it finds, and that nothing is left.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, test } from 'node:test'
import { days, hours, instantOf } from '../src/core/time.ts'
import s3 from '../src/plugins/stores/s3.ts'
import { createWire, readCredential } from '../src/plugins/stores/s3/wire.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { random } from '../src/ports/world/random.ts'
import { perform } from '../src/processes/guard/drill.ts'
import type { DrillReport } from '../src/rooms/guard/drills/report.ts'
import { drilling } from './drilling.ts'
import { rgw } from './rgw.ts'

const it = drilling('objects')
after(() => it.close())
mkdirSync(it.nas('media', 'sub'), { recursive: true })
mkdirSync(it.nas('mirror', 'sub'), { recursive: true })
mkdirSync(path.join(it.folder, 'kept'))
const LONG_AGO = new Date(Date.now() - days(9))
const put = (name: string, text: string): void => {
  for (const place of ['media', 'mirror']) {
    writeFileSync(it.nas(place, name), text)
    utimesSync(it.nas(place, name), LONG_AGO, LONG_AGO)
  }
}
for (let n = 0; n < 40; n++) put(n % 2 === 0 ? `${n}` : `sub/a name with \n and ü ${n}`, `object ${n}`)
const sum = createHash('sha256').update('object 6').digest('hex')

async function drill(more: { readonly planted?: true; readonly atMost?: number } = {}): Promise<DrillReport> {
  return it.drill('media/0', {
    engine: 'objects', assertions: [{ is: 'file', file: '6', sha256: sum }], ...more,
    objects: { prefix: 'media/', identity: await it.identity(), seed: 's', again: [], folder: path.join(it.folder, 'kept'), others: [{ store: 'nas', prefix: 'mirror/' }], every: days(1), grace: hours(1) },
  })
}
const brief = ({ verdict, rung, says }: DrillReport): string => `${verdict} L${rung}: ${says}`

test('G-2 G-26 objects are restored into a cell and looked over there, all of them or a part, and one that rotted is found', { timeout: 60_000 }, async () => {
  assert.equal(brief(await drill()), 'passed L6: ')
  const part = await drill({ atMost: 100 })
  assert.match(brief(part), /^passed L1: 1[0-2] of 40 objects, \d+ B of \d+ B \(2\d %\): what was not drawn is proven by nothing here$/)
  assert.match(brief(await drill({ planted: true })), /^failed L4: “.*other bytes lie under its name in “nas”/)
  writeFileSync(it.nas('media', '8'), 'objecT 8')
  utimesSync(it.nas('media', '8'), LONG_AGO, LONG_AGO)
  const rotten = await drill()
  assert.match(brief(rotten), /^failed L4: “media\/8”: other bytes lie under its name in “nas”, and both have had their time/)
  assert.deepEqual(rotten.sample?.wrong, ['media/8'])
})

test('G-2 G-26 a bucket of a real S3 is drilled as it stands: its newest versions, nothing that was deleted, and a spoilt object is found', { timeout: 300_000 }, async (t) => {
  const gateway = await rgw()
  t.after(() => gateway.close())
  const clock = createClock()
  const around = { egress: egressWith(), now: () => clock.now(), random, folder: '/' }
  const soon = (): AbortSignal => AbortSignal.timeout(120_000)
  const credential = readCredential(gateway.hand) ?? assert.fail()
  const open = async (bucket: string) => {
    const wire = createWire({ url: gateway.url, bucket, region: 'us-east-1', credential }, around)
    const well = async (ask: Parameters<typeof wire.ask>[0]): Promise<void> => {
      const { status, code } = await wire.ask(ask, soon())
      assert(status < 300, `${ask.method} ${ask.key ?? bucket}: ${status} ${code}`)
    }
    await well({ method: 'PUT' })
    await well({ method: 'PUT', query: { versioning: '' }, body: '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>' })
    const put = (key: string, body: string): Promise<void> => well({ method: 'PUT', key, body, headers: { 'content-md5': createHash('md5').update(body).digest('base64') } })
    for (let n = 0; n < 24; n++) await put(n % 2 === 0 ? `media/${n}` : `media/sub/a name with ü & + ${n}`, `object ${n}`)
    await put('media/6', 'an older version, and then this: object 6')
    await put('media/6', 'object 6')
    await put('media/gone', 'nobody wants it')
    await well({ method: 'DELETE', key: 'media/gone' })
    await put('other/1', 'nothing of it')
    return s3.reading(s3.config.parse({ s3: gateway.url, bucket, read: gateway.hand }), around)
  }
  const stores = new Map([['media', await open('media')], ['offsite', await open('offsite')]])
  const reading = (store: string) => stores.get(store) ?? assert.fail(store)
  const drillIt = async (file: string, more: { readonly planted?: true } = {}): Promise<DrillReport> => {
    const root = mkdtempSync(path.join(it.folder, 'drill', 'x'))
    const copy = await reading('media').head({ key: 'media/0' }, soon())
    assert(copy.is === 'version')
    const { id: identity } = await reading('media').identify(soon())
    const report = await perform({
      set: 'media', store: 'media', copy, at: instantOf(Date.now()), engine: 'objects', assert: [{ is: 'file', file, sha256: sum }], ...more,
      objects: { prefix: 'media/', identity, seed: 's', again: [], folder: mkdtempSync(path.join(it.folder, 'kept', 'x')), others: [{ store: 'offsite', prefix: 'media/' }], every: days(1), grace: hours(1) },
    }, { reading, now: () => clock.now(), folder: root, say: () => undefined }, soon())
    assert.deepEqual([report.torn_down, readdirSync(root)], [true, []], report.says)
    return report
  }
  const whole = await drillIt('6')
  assert.equal(brief(whole), 'passed L6: ')
  assert.equal(whole.bytes, Array.from({ length: 24 }, (_, n) => `object ${n}`.length).reduce((sum, one) => sum + one, 0), 'the newest of each, and nothing that is gone')
  assert.match(brief(await drillIt('gone')), /^failed .*gone/)
  assert.match(brief(await drillIt('6', { planted: true })), /^failed L4: /)
})

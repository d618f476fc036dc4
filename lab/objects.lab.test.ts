// The drill of a bucket that is itself the copy, in a cell of this machine and from the files of a folder: what it restores, what it finds, and that nothing is left.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, test } from 'node:test'
import { days, hours } from '../src/core/time.ts'
import type { DrillReport } from '../src/rooms/guard/drills/report.ts'
import { drilling } from './drilling.ts'

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

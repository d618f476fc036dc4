// What lies aside and is not there any more: whose deed it was.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf, ms } from '../../../core/time.ts'
import { isFree, step, type Aside, type Life } from './life.ts'

const at = { wall: instantOf(1000), lived: ms(1000) }
const aside = (more: Partial<Aside> = {}): Aside => ({ version: '', etag: 'e', since: at, storeSince: instantOf(900), bytes: 3, token: 't', ...more })

test('G-21 what somebody took by hand out of a folder’s quarantine is told as that, and is no store that lies; a version that vanished is', () => {
  for (const act of ['returning', 'removing'] as const) {
    const lifeOf = (it: Aside): Life => (act === 'returning' ? { is: act, aside: it, begun: at } : { is: act, aside: it, begun: at, agreement: 'agr_1' })
    const absent = { is: 'refused', why: 'absent', says: 'not in the corner any more' } as const
    const folder = step(lifeOf(aside()), absent).life
    assert.deepEqual([folder.is, isFree(folder)], ['taken', true], act)
    assert.equal(step(lifeOf(aside({ versionId: 'v1' })), absent).life.is, 'lost', act)
    assert.equal(step(lifeOf(aside()), { ...absent, why: 'unable' }).life.is, 'aside', 'what could not be done has changed nothing')
  }
  const looked = (it: Aside): string => step({ is: 'returning', aside: it, begun: at }, { is: 'looked', found: { is: 'gone' }, at }).life.is
  assert.deepEqual([looked(aside()), looked(aside({ versionId: 'v1' }))], ['taken', 'lost'])
})

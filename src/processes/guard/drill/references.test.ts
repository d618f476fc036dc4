// What a restored database refers to, held against a store that answers as the test says.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Headed, Reading } from '../../../ports/store.ts'
import { instantOf } from '../../../core/time.ts'
import { resolveIn } from './resolve.ts'
import { Fault } from '../../../core/fault.ts'
import { DRAWN, judgeReferences } from '../../../ports/backup/asked/references.ts'
import type { Resolve } from '../../../ports/backup/copy.ts'

const hex = (...keys: string[]): string => keys.map((key) => `${Buffer.from(key).toString('hex')}\n`).join('')
const there: Resolve = () => Promise.resolve({ is: 'looked', missing: [] })
const gone = (...missing: string[]): Resolve => () => Promise.resolve({ is: 'looked', missing })
const says = async (...given: Parameters<typeof judgeReferences>): Promise<string> => {
  const step = await judgeReferences(...given)
  return `${step.is}: ${step.is === 'pass' ? (step.said ?? '') : step.says}`
}

test('L6 every reference that was drawn lies in the other place, or it is said which do not, of how many', async () => {
  assert.equal(await says('2\n', hex('a', 'b'), 'offsite', there), 'pass: all of 2 references lead to something in offsite')
  assert.equal(await says('2', hex('a', 'b'), 'offsite', gone('b')), 'fail: 1 of 2 references leads to nothing in offsite: “b”')
  const many = Array.from({ length: DRAWN }, (_, n) => `k/${n}`)
  assert.equal(await says('120331', hex(...many), 'offsite', gone('k/1', 'k/2', 'k/3', 'k/4', 'k/5')), 'fail: 5 of 1000 references that were drawn at random, of 120331, lead to nothing in offsite: “k/1”, “k/2”, “k/3” and 2 more')
  assert.match(await says('0', '', 'offsite', there), /^fail: the query names nothing/, 'nothing proves nothing')
})

test('L6 what was cut short, garbled, or not answered is unknown, and accuses no copy', async () => {
  for (const [count, drawn, resolve] of [['', '', there], ['two', hex('a'), there], ['3', hex('a', 'b'), there], ['1', 'zz\n', there], ['1', 'abc\n', there], ['1', hex('a'), undefined], [String(DRAWN + 1), hex('a'), there]] as const) {
    assert.match(await says(count, drawn, 'offsite', resolve), /^unknown: /, `${count} ${drawn}`)
  }
  assert.equal(await says('1', hex('a'), 'offsite', () => Promise.resolve({ is: 'unknown', says: 'connection refused' })), 'unknown: offsite does not say whether they are there: connection refused')
})

test('L6 a key is missing only where the store says so twice; one that cannot be asked for, or is not answered, is not known', async () => {
  const version = (key: string): Headed => ({ is: 'version', key, latest: true, etag: 'e', bytes: 1, modifiedAt: instantOf(0) })
  const absent: Headed = { is: 'absent', marker: false }
  const absently = (): never => assert.fail('a look is all that is asked for')
  const over = (head: (key: string, n: number) => Promise<Headed>): Resolve => {
    const asked = new Map<string, number>()
    const reading: Reading = {
      identify: absently, declared: absently, clock: absently, page: absently, uploads: absently, read: absently, lock: absently, tags: absently,
      head({ key }) {
        asked.set(key, (asked.get(key) ?? 0) + 1)
        return head(key, asked.get(key) ?? 0)
      },
    }
    return resolveIn(() => reading, new AbortController().signal)
  }
  const keys = Array.from({ length: 40 }, (_, n) => `k/${n}`)
  assert.deepEqual(await over((key) => Promise.resolve(key === 'k/7' ? absent : version(key)))('offsite', keys), { is: 'looked', missing: ['k/7'] })
  assert.deepEqual(await over((key, n) => Promise.resolve(key === 'k/7' && n === 1 ? absent : version(key)))('offsite', keys), { is: 'looked', missing: [] })
  for (const resolve of [over((key) => (key === 'k/7' ? Promise.reject(new Fault('connection reset', 'later')) : Promise.resolve(version(key)))), over((key) => Promise.resolve(key === 'k/7' ? { is: 'unknown', says: 'denied' } : absent))]) {
    assert.equal((await resolve('offsite', keys)).is, 'unknown')
  }
  assert.match(JSON.stringify(await over((key) => Promise.resolve(version(key)))('offsite', ['a/../b'])), /cannot be asked for/)
  const nowhere = resolveIn(() => { throw new Fault('no store is called “offsite”', 'never') }, new AbortController().signal)
  assert.match(JSON.stringify(await nowhere('offsite', ['a'])), /no store is called/)
})

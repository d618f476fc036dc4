// A part of a bucket on its way into a cell, and looked over there: the store is in memory, the cell a folder without walls, the programs are this machine's own.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { Fault } from '../../../core/fault.ts'
import { days, hours, instantOf, tickOf } from '../../../core/time.ts'
import { open, sayAssertion, type Assertion, type Ran } from '../../../ports/backup.ts'
import type { Reading } from '../../../ports/store.ts'
import { compareKeys } from '../../../ports/store/key.ts'
import { climb, type Judgement } from '../../../rooms/guard/drills/ladder.ts'
import type { OpenCell } from '../cell/cell.ts'
import { flipOne } from '../drill/spoil.ts'
import { bringObjects, ofPart, type Bringing, type Brought } from './drill.ts'

const NOW = 1_790_000_000_000
const never = new AbortController().signal
const md5 = (bytes: string): string => createHash('md5').update(bytes).digest('hex')
const sha256 = (bytes: string): string => createHash('sha256').update(bytes).digest('hex')

interface Kept { bytes: string; etag?: string; md5?: string; at?: number; reads?: string; gone?: 'listed' | 'went'; /** Shown, and not given so often. */ refused?: number; /** What a look shows, and not the listing. */ shows?: string }

const storeOf = (objects: Map<string, Kept>): Reading => {
  const absent = (): never => assert.fail('nobody asks for it')
  const etagOf = (key: string): string => objects.get(key)?.etag ?? `e ${objects.get(key)?.bytes}`
  const version = (key: string, it: Kept): { is: 'version'; key: string; latest: true; etag: string; bytes: number; modifiedAt: ReturnType<typeof instantOf> } => ({ is: 'version', key, latest: true, etag: etagOf(key), bytes: it.bytes.length, modifiedAt: instantOf(it.at ?? NOW - days(9)) })
  return {
    identify: () => Promise.resolve({ kind: 'memory', id: 'one', says: 'one' }), declared: absent, clock: absent, uploads: absent, lock: absent, tags: absent,
    page({ prefix, cursor, after, most }) {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && !(objects.get(key)?.gone === 'went' && prefix === key) && compareKeys(key, cursor ?? after ?? '') > 0).sort(compareKeys)
      const items = keys.slice(0, most).flatMap((key) => { const it = objects.get(key); return it ? [version(key, it)] : [] })
      return Promise.resolve({ items })
    },
    head({ key }) {
      const it = objects.get(key)
      return Promise.resolve(!it || it.gone ? { is: 'absent', marker: false } : { ...version(key, it), ...(it.md5 === undefined ? {} : { md5: it.md5 }), ...(it.shows === undefined ? {} : { etag: it.shows }) })
    },
    read({ key, etag, from, bytes }) {
      const it = objects.get(key)
      if (it?.refused !== undefined && it.refused-- > 0) return Promise.resolve({ is: 'absent', says: 'not there' })
      if (it?.reads === 'fails') return Promise.reject(new Fault('connection reset', 'later'))
      return Promise.resolve(it && etagOf(key) === etag ? { is: 'read', bytes: Buffer.from(it.reads ?? it.bytes).subarray(from, from + bytes) } : { is: 'absent', says: 'not there' })
    },
  }
}

interface World {
  readonly objects: Map<string, Kept>
  readonly other: Map<string, Kept>
  readonly folder: string
  bring(more?: Partial<Omit<Bringing, 'wants'>> & { readonly again?: readonly string[]; readonly unnamed?: number }): Promise<Brought>
  drill(more?: Parameters<World['bring']>[0] & { readonly spoilt?: typeof flipOne }): Promise<Judgement>
}

function world(t: TestContext): World {
  const folder = mkdtempSync(path.join(tmpdir(), 'objects-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const copy = path.join(folder, 'copy')
  const run = (argv: readonly string[], { take }: { take?: (chunk: Buffer) => void | Promise<void> }): Promise<Ran> => new Promise((resolve) => {
    const [file = '', ...args] = argv
    execFile(file, args, { encoding: 'buffer' }, (cause, out, err) => {
      void take?.(out)
      resolve({ exit: cause ? 1 : 0, out: '', err: err.toString() })
    })
  })
  const cell = { cell: { copy, run }, takeIn: () => Promise.resolve(copy), room: () => Promise.resolve(1e12) } as unknown as OpenCell
  const it: World = {
    objects: new Map(), other: new Map(), folder,
    bring({ again = [], unnamed, ...more } = {}) {
      rmSync(copy, { recursive: true, force: true })
      return bringObjects({
        store: 'offsite', reading: (store) => storeOf(store === 'offsite' ? it.objects : it.other), assert: [], most: 1e9, cell, now: () => ({ wall: instantOf(NOW), tick: tickOf(0), boot: 'b' }), say: () => undefined,
        wants: { prefix: 'media/', identity: 'one', seed: 's', again, ...(unnamed === undefined ? {} : { more: unnamed }), folder, others: [{ store: 'nas', prefix: 'copy/' }], every: days(1), grace: hours(1) }, ...more,
      }, never)
    },
    async drill({ spoilt, ...more } = {}) {
      const brought = await it.bring(more)
      if (spoilt) await brought.spoil(spoilt)
      return ofPart(await climb(brought.restoring, more.assert ?? [], () => 0), brought.drawn)
    },
  }
  for (let n = 0; n < 12; n++) it.objects.set(`media/${n}`, { bytes: `object ${n}`, md5: md5(`object ${n}`) })
  return it
}
const brief = ({ verdict, rung, says }: Judgement): readonly unknown[] => [verdict, rung, says]

test('L6 all of a small bucket is restored and proven, with what is asked of it', async (t) => {
  const it = world(t)
  it.objects.set('media/empty', { bytes: '', md5: md5('') })
  const asked: Assertion = { is: 'file', file: '3', sha256: sha256('object 3') }
  assert.deepEqual(brief(await it.drill({ assert: [asked] })), ['passed', 6, ''])
  const other = await it.drill({ assert: [{ ...asked, sha256: 'f'.repeat(64) }] })
  assert.deepEqual([other.verdict, /it has sha256/.test(other.says)], ['failed', true])
  assert.match((await it.drill({ assert: [{ ...asked, file: 'nowhere' }] })).says, /there is no such object/)
  assert.deepEqual((await it.bring()).found(), { objects: 13, bytes: 98, of: { objects: 13, bytes: 98 }, seed: 's', wrong: [] })
})

test('G-2 a part that is well proves no rung of the whole, and says how large it is', async (t) => {
  const it = world(t)
  const part = await it.drill({ most: 30 })
  assert.deepEqual([part.verdict, part.rung], ['passed', 1])
  assert.match(part.says, /^3 of 12 objects, 25 B of 98 B \(26 %\): what was not drawn is proven by nothing here$/)
})

test('G-2 bytes that rotted fail: by what the rounds know, by what the store vouches for, by size, by another place', async (t) => {
  const it = world(t)
  const says = async (): Promise<string> => {
    const { verdict, says: why } = await it.drill()
    return `${verdict}: ${why}`
  }
  it.objects.set('media/5', { bytes: 'object 5', md5: md5('object 5'), reads: 'Object 5' })
  assert.match(await says(), /failed: “media\/5”: its bytes are not those that its store vouches for/)
  it.objects.set('media/5', { bytes: 'object 5', reads: 'obj' })
  assert.match(await says(), /failed: “media\/5”: it has 3 bytes where 8 are listed/)
  it.objects.set('media/5', { bytes: 'object 5', etag: 'e5' })
  writeFileSync(path.join(it.folder, 'state'), JSON.stringify({ round: 1, length: 0 }))
  writeFileSync(path.join(it.folder, 'sums.1'), `${JSON.stringify(['media/5', 'e5', sha256('before')])}\n${JSON.stringify(['media/6', 'another', sha256('x')])}\n`)
  assert.match(await says(), /failed: “media\/5”: its bytes are not those of when it was first read/)
  it.objects.delete('media/5')
  it.other.set('copy/7', { bytes: 'objecT 7' })
  assert.match(await says(), /failed: “media\/7”: other bytes lie under its name in “nas”/)
  it.other.set('copy/7', { bytes: 'objecT 7', at: NOW })
  assert.match(await says(), /passed/)
})

test('X-9 nothing to hold it against, a store that fails, another store: unknown, and no object is accused', async (t) => {
  const it = world(t)
  for (const [key, kept] of it.objects) it.objects.set(key, { bytes: kept.bytes })
  assert.deepEqual((await it.drill()).verdict, 'unknown')
  it.other.set('copy/7', { bytes: 'object 7' })
  assert.deepEqual((await it.drill()).verdict, 'passed')
  it.objects.set('media/5', { bytes: 'object 5', reads: 'fails' })
  await assert.rejects(it.bring(), /connection reset/)
  it.objects.set('media/5', { bytes: 'object 5', gone: 'went' })
  const left = await it.bring()
  assert.deepEqual([left.drawn.objects.length, left.drawn.whole, readdirSync(path.join(it.folder, 'copy')).length], [11, false, 11], 'what went meanwhile is left aside, and what is left is a part')
  const judged = ofPart(await climb(left.restoring, [], () => 0), left.drawn)
  assert.deepEqual([judged.verdict, judged.asserts.at(-1)?.text], ['passed', '1 object gone or written anew before being read, and proven by nothing here'])
  for (const n of [1, 2]) it.objects.set(`media/${n}`, { bytes: `object ${n}`, gone: 'went' })
  const few = await it.drill()
  assert.deepEqual([few.verdict, few.says], ['unknown', '3 objects gone or written anew before being read, and proven by nothing here: that is more than a fifth of what was drawn'], 'a sample that lost its objects is no pass')
})

test('G-2 what is listed, and still listed when it is not there, fails, is drawn again and no reason to call others lost', async (t) => {
  const it = world(t)
  it.objects.set('media/5', { bytes: 'object 5', gone: 'listed' })
  it.objects.set('media/6', { bytes: 'object 6', gone: 'went' })
  const brought = await it.bring()
  const judged = ofPart(await climb(brought.restoring, [], () => 0), brought.drawn)
  assert.deepEqual([judged.verdict, judged.says, brought.found().wrong], ['failed', '“media/5”: it is listed, also when it is asked for again, and its store does not give it, of 10 of 12 objects, 82 B of 98 B (84 %)', ['media/5']])
})

test('X-9 an object that is asked for and has no room is not called missing, nor one that went', async (t) => {
  const it = world(t)
  it.objects.set('media/big', { bytes: 'x'.repeat(500), md5: md5('x'.repeat(500)) })
  const asked: Assertion = { is: 'file', file: 'big', sha256: sha256('x'.repeat(500)) }
  assert.deepEqual(brief(await it.drill({ most: 100, assert: [asked] })), ['unknown', 1, `${sayAssertion(asked)}: “media/big” has 500 B, more than a drill has room for: raise drill.at_most`])
  it.objects.set('media/big', { bytes: 'x', gone: 'went' })
  const went = await it.drill({ assert: [asked] })
  assert.deepEqual([went.verdict, /it went or was written anew/.test(went.says)], ['unknown', true])
  it.objects.set('media/big', { bytes: 'x'.repeat(500), md5: 'f' })
  const before = await it.bring({ most: 200, again: ['media/big'] })
  assert.deepEqual([ofPart(await climb(before.restoring, [], () => 0), before.drawn).verdict, before.found().wrong], ['unknown', ['media/big']], 'what failed before and was not looked at again has not become right')
})

test('G-2 a drill of a bucket is proven able to fail: half of what can be found out is spoilt, and is found', async (t) => {
  const it = world(t)
  const spoilt = await it.drill({ spoilt: flipOne })
  assert.deepEqual([spoilt.verdict, spoilt.says.includes('and 5 more, of all 12 objects')], ['failed', true])
  const brought = await it.bring()
  await brought.spoil(flipOne)
  await climb(brought.restoring, [], () => 0)
  assert.equal(brought.found().wrong.length, 6)
  for (const [key, kept] of it.objects) it.objects.set(key, { bytes: kept.bytes })
  await assert.rejects(it.drill({ spoilt: flipOne }), /nothing that is spoilt could be found out yet: all was written too lately, or has nothing/)
  for (const n of [0, 1]) it.other.set(`copy/${n}`, { bytes: `object ${n}`, at: NOW })
  it.other.set('copy/10', { bytes: 'object 10' })
  const one = await it.drill({ spoilt: flipOne })
  assert.deepEqual([one.verdict, one.says.startsWith('“media/10”')], ['failed', true], 'what may be on its way to another place cannot be measured, and is left whole')
})

test('G-2 what is listed still did not go: not given it is lost, given as something else it is not known, and given at last it is looked at', async (t) => {
  const it = world(t)
  const at = (key: string, more: Partial<Kept>): void => void it.objects.set(key, { bytes: `object ${key.slice(6)}`, md5: md5(`object ${key.slice(6)}`), ...more })
  at('media/5', { refused: 99 })
  const lost = await it.bring()
  const judged = ofPart(await climb(lost.restoring, [], () => 0), lost.drawn)
  assert.deepEqual([judged.verdict, judged.says.startsWith('“media/5”: it is listed'), lost.found().wrong], ['failed', true, ['media/5']], 'shown and not given')
  at('media/5', { shows: 'e2' })
  const other = await it.bring()
  const unsure = ofPart(await climb(other.restoring, [], () => 0), other.drawn)
  assert.deepEqual([unsure.verdict, other.found().wrong], ['unknown', ['media/5']], 'X-9 listed as it was, and shown as another')
  assert.match(unsure.says, /“media\/5”: its store lists it as before, and gives something else/)
  const looks: string[] = []
  const all = new Map([...it.objects].map(([key, kept]): [string, Kept] => [key, { ...kept, gone: 'went' }]))
  const store = storeOf(all)
  const none = await it.bring({ reading: () => ({ ...store, page: (want, signal) => (looks.push(want.prefix), store.page(want, signal)) }) })
  assert.deepEqual([none.drawn.went.length, looks.filter((prefix) => prefix !== 'media/')], [12, ['media/0', 'media/1', 'media/10']], 'more than a fifth went: nothing hangs on the rest, and no folder is listed for it')
  at('media/5', { refused: 2 })
  assert.deepEqual(brief(await it.drill()), ['passed', 6, ''], 'given when it is asked for once more')
})

test('G-2, X-9 what failed before and went, is gone, or has nothing to be held against has not become right', async (t) => {
  const it = world(t)
  const again = ['media/5']
  const drill = async (more: { readonly sees?: false } = {}): Promise<readonly unknown[]> => {
    const brought = await it.bring({ again })
    const judged = ofPart(await climb(more.sees === false ? { ...brought.restoring, integrity: () => Promise.resolve(open('not now')) } : brought.restoring, [], () => 0), brought.drawn)
    return [judged.verdict, judged.says, brought.found().wrong]
  }
  assert.deepEqual(await drill(), ['passed', '', []], 'it is right')
  assert.deepEqual((await drill({ sees: false })).slice(2), [['media/5']], 'nothing was compared')
  it.objects.set('media/5', { bytes: 'object 5', gone: 'went' })
  assert.deepEqual(await drill(), ['unknown', '1 object that failed before: “media/5”: it went or was written anew before it was read', ['media/5']])
  const unnamed = await it.bring({ unnamed: 7 })
  assert.deepEqual([unnamed.found().wrong, unnamed.found().more], [['media/5'], 7], 'of those that were not named it may be one')
  await climb(unnamed.restoring, [], () => 0)
  assert.deepEqual([unnamed.found().wrong, unnamed.found().more], [['media/5'], undefined])
  it.objects.set('media/5', { bytes: 'object 5' })
  assert.match(JSON.stringify(await drill()), /^\["unknown","1 object that failed before: “media\/5”: it had nothing to be held against: let the objects be read by rounds.*",\["media\/5"\]\]$/)
  it.objects.delete('media/5')
  assert.deepEqual(await drill(), ['unknown', '1 object that failed before and is gone now: “media/5”: what became of that nobody looked at here; it is said once', []], 'once')
  assert.deepEqual((await drill({ sees: false })).slice(2), [['media/5']], 'or as often as it takes until it is said')
})

test('G-2 a spoilt drill fails only by what was spoilt', async (t) => {
  const it = world(t)
  it.objects.set('media/5', { bytes: 'object 5', gone: 'listed' })
  it.objects.set('media/6', { bytes: 'object 6', md5: md5('object 6'), reads: 'obj' })
  const asked: Assertion = { is: 'file', file: '5', sha256: sha256('object 5') }
  assert.deepEqual((await it.drill({ assert: [asked] })).verdict, 'failed')
  assert.deepEqual((await it.drill({ spoilt: flipOne, assert: [asked] })).verdict, 'failed')
  const blind = await it.drill({ spoilt: () => Promise.resolve(true), assert: [asked] })
  assert.deepEqual(blind.verdict, 'passed', 'nothing of what is called spoilt was found: drills are not to be believed')
})

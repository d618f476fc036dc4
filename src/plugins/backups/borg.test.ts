// The engine of Borg over a cell that only plays: where the passphrase goes, and what a lock or a warning makes of a finding.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf } from '../../core/time.ts'
import type { Cell, CopyGiven, Ran, Step } from '../../ports/backup.ts'
import borg, { readArchive } from './borg.ts'

const LIST = JSON.stringify({ archives: [{ name: 'panel-1', time: '2026-11-21T02:15:00.000000' }] })
const given: CopyGiven = { at: instantOf(0), bytes: 1, name: 'index.9', password: 's3cr3t' }

function play(answers: Readonly<Record<string, Partial<Ran>>>): { cell: Cell; asked: string[] } {
  const asked: string[] = []
  const cell: Cell = {
    id: '0123456789abcdef', copy: '/given/copy', work: '/work', look: async () => ['borg'], put: async (name) => assert.fail(name), start: async () => assert.fail('started'),
    async run(argv, { input, take }) {
      const text = argv.join(' ')
      asked.push(text)
      if (input) for await (const chunk of input) assert.equal(Buffer.from(chunk).toString(), 's3cr3t\n')
      const defaults = { 'ls -d': { exit: 2 }, 'borg list': { out: LIST } }
      const found = { exit: 0, out: '', err: '', ...Object.entries({ ...defaults, ...answers }).filter(([part]) => text.includes(part)).toSorted(([a], [b]) => b.length - a.length)[0]?.[1] }
      await take?.(Buffer.from(found.out))
      return found
    },
  }
  return { cell, asked }
}

async function climbed(answers: Readonly<Record<string, Partial<Ran>>>): Promise<Step['is']> {
  const it = borg.open({}, play(answers).cell, given)
  const structure = await it.structure()
  if (structure.is !== 'pass') return structure.is
  const restored = await it.restore()
  return restored.is === 'pass' ? (await it.integrity()).is : restored.is
}

test('the passphrase is typed in, and the newest archive is restored', async () => {
  const { cell, asked } = play({})
  const it = borg.open({}, cell, given)
  for (const step of [it.structure, it.restore, it.integrity]) assert.equal((await step()).is, 'pass')
  assert.doesNotMatch(asked.join(), /s3cr3t/)
  assert(asked.some((text) => text.endsWith('/repository::panel-1')))
  assert.deepEqual(it.held?.(), { at: instantOf(Date.parse('2026-11-21T02:15:00Z')), of: 'the archive panel-1' })
})

test('X-3 what is bad fails, and is unknown while a lock lies there; what only root may make is no damage', async () => {
  const damaged = { 'check --repository-only': { exit: 1, err: 'Data integrity error' } }
  assert.equal(await climbed(damaged), 'fail')
  assert.equal(await climbed({ ...damaged, 'ls -d': { exit: 0 } }), 'unknown')
  assert.equal(await climbed({ 'borg extract': { exit: 1, err: 'dev/null: Operation not permitted\n' } }), 'pass')
  assert.equal(await climbed({ 'borg extract': { exit: 1, err: '' } }), 'fail')
  assert.equal(await climbed({ '--verify-data': { exit: 1, err: 'decompressed data integrity error' } }), 'fail')
  assert.equal(await climbed({ 'borg list': { out: '{"archives":[]}' } }), 'fail')
  assert.equal(readArchive('nothing'), undefined)
})

test('G-27 of an archive only the files that are wanted come, by their whole names', async () => {
  const listed = [{ type: 'd', path: 'srv/live' }, { type: '-', path: 'srv/live/re:a' }].map((it) => JSON.stringify(it)).join('\n')
  const { cell, asked } = play({ '--json-lines': { out: `${listed}\n` }, 'borg extract': { exit: 1, err: "Include pattern 'srv/live/re:a' never matched.\n" } })
  const it = borg.open({}, cell, given)
  await it.structure()
  const some = await it.some?.(['re:a'], 'srv/live')
  assert(some && 'found' in some && some.found.get('re:a')?.at === `${cell.work}/restored/srv/live/re:a`)
  assert(asked.at(-1)?.endsWith('::panel-1 pf:srv/live/re:a'))
  await it.part?.(['/srv/live'])
  assert(asked.at(-1)?.endsWith('::panel-1 pp:srv/live'))
})

// The journal of deeds, over real files: made once, readable after any crash, never in the way of a name.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { instantOf } from '../../core/time.ts'
import { journalIn, tidyJournal, type Beginning } from './journal.ts'

const of = { run: 'run-1', token: 3 }
const beginning: Beginning = { ...of, step: 'stop', back: false, driver: 'fake', rehearse: false, identity: 'host a', at: instantOf(1) }
const folderFor = (t: TestContext): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-journal-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('C-4 of many that begin one number one does, and everybody else finds it begun', async (t) => {
  const folder = path.join(folderFor(t), 'doing')
  assert.deepEqual(await journalIn(folder).read(of), { is: 'none' })
  const began = await Promise.all(Array.from({ length: 8 }, () => journalIn(folder).begin(beginning)))
  assert.deepEqual(began.toSorted(), ['begun', ...Array.from({ length: 7 }, () => 'there')])
  const file = path.join(folder, 'run-1.3.json')
  assert.deepEqual([readdirSync(folder), statSync(file).mode & 0o777, statSync(folder).mode & 0o777], [['run-1.3.json'], 0o600, 0o700])
  assert.deepEqual(await journalIn(folder).read(of), { is: 'begun' })
  await journalIn(folder).end(of, { is: 'done', says: 'did it' })
  assert.deepEqual(await journalIn(folder).read(of), { is: 'begun', acted: { is: 'done', says: 'did it' } })
  assert.deepEqual(readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown), [{ begun: beginning }, { ended: { is: 'done', says: 'did it' } }])
  assert.equal(await journalIn(folder).begin(beginning), 'there', 'nothing is written over')
  assert.equal(await journalIn(folder).begin({ ...beginning, token: 4 }), 'begun')
})

test('C-4 a journal that was cut short anywhere says that it was begun, and no more', async (t) => {
  const folder = folderFor(t)
  const journal = journalIn(folder)
  await journal.begin(beginning)
  await journal.end(of, { is: 'done', says: 'did it' })
  const file = path.join(folder, 'run-1.3.json')
  const whole = readFileSync(file, 'utf8')
  for (let length = 0; length < whole.trimEnd().length; length++) {
    writeFileSync(file, whole.slice(0, length))
    assert.deepEqual(await journal.read(of), { is: 'begun' }, whole.slice(0, length))
  }
  writeFileSync(file, '{}\n{"ended":{"is":"splendid"}}\n')
  assert.deepEqual(await journal.read(of), { is: 'begun' })
})

test('a name leads nowhere else', async (t) => {
  const journal = journalIn(folderFor(t))
  for (const run of ['../run', '', '.', 'a/b', '-x', 'a'.repeat(200)]) await assert.rejects(journal.read({ run, token: 1 }), /cannot be called/)
  await assert.rejects(journal.begin({ ...beginning, token: 1.5 }), /cannot be called/)
})

test('of very many journals the oldest are taken away', async (t) => {
  const folder = folderFor(t)
  for (let n = 0; n < 5; n++) {
    writeFileSync(path.join(folder, `run-${n}.1.json`), '')
    utimesSync(path.join(folder, `run-${n}.1.json`), 0, 1000 - n)
  }
  await tidyJournal(folder, 3)
  assert.deepEqual(readdirSync(folder).toSorted(), ['run-0.1.json', 'run-1.1.json', 'run-2.1.json'])
  await tidyJournal(path.join(folder, 'none'))
})

// One window at work, without threads: what is asked for again, and what is believed of what was read before.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, lstatSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { RangeRead, Settled } from '../../rooms/guard/scan/journal.ts'
import type { Seen } from '../../rooms/guard/scan/judge.ts'
import { createGate, type Asked, type Said } from './gate.ts'
import { fileOf, type WalkedFile } from './walk.ts'
import { keyOf, runWindow } from './window.ts'

const root = mkdtempSync(path.join(tmpdir(), 'holdfast-window-'))
test.after(() => rmSync(root, { recursive: true, force: true }))

function written(name: string, text: string): WalkedFile {
  writeFileSync(path.join(root, name), text)
  return fileOf(name, lstatSync(path.join(root, name), { bigint: true }))
}

const sum = (n: number): string => n.toString(16).padStart(64, '0')

/** Runs a window; `see` says what each reading of a file gives. */
function ran(files: readonly WalkedFile[], see: (file: Asked['files'][number], n: number) => Seen, known: readonly RangeRead[] = []): { settled: Settled[]; asked: string[]; journal: RangeRead[] } {
  const asked: string[] = []
  const journal: RangeRead[] = []
  let ids = 0
  const run = runWindow({ items: files.map((file) => ({ is: 'file', file, former: undefined })), odd: 0 }, {
    root, whole: false, known: new Map(known.map((it) => [keyOf(it.path, it.n), it])), nextId: () => ++ids, journal: (it) => void journal.push(it), settle: () => undefined,
  })
  for (let piece = run.next(); piece !== undefined; piece = run.next()) {
    const { id } = piece
    run.said({ id, took: 1, cpu: 1, seen: piece.files.map((it) => see(it, asked.push(it.path))) }, piece)
  }
  assert(run.over)
  return { settled: run.settled(), asked, journal }
}

test('what was read before a scan was broken off is taken over for the very same file alone', () => {
  const [same, later, other] = [written('same', 'abc'), written('later', 'abc'), written('other', 'abc')]
  const first = ran([later, other, same], () => ({ is: 'read', sum: sum(1) }))
  assert.equal(first.journal.length, 3)
  utimesSync(path.join(root, 'later'), 1, 1)
  const now = fileOf('later', lstatSync(path.join(root, 'later'), { bigint: true }))
  const second = ran([now, { ...other, ino: other.ino + 1n }, same], () => ({ is: 'read', sum: sum(2) }), first.journal)
  assert.deepEqual(second.asked, ['later', 'other'])
  assert.deepEqual(second.settled.map(({ entry }) => entry?.sums), [[sum(2)], [sum(2)], [sum(1)]])
})

test('what fails is read a second time, once, and after everything else', () => {
  const files = [written('bad', 'x'), written('good', 'x'), written('once', 'x')]
  const failed: Seen = { is: 'failed', says: 'the disk failed to read it (EIO)' }
  const { settled, asked } = ran(files, ({ path: at }, n) => (at === 'bad' || (at === 'once' && n <= 3) ? failed : { is: 'read', sum: sum(1) }))
  assert.deepEqual(asked, ['bad', 'good', 'once', 'bad', 'once'])
  assert.deepEqual(settled.map(({ verdict, flickered }) => [verdict, flickered]), [['unreadable', false], ['new', false], ['new', true]])
})

test('a file that went away, or became a link, is not read as something else', () => {
  const file = written('goes', 'x')
  rmSync(path.join(root, 'goes'))
  assert.deepEqual(ran([file], () => ({ is: 'gone' })).settled.map(({ verdict }) => verdict), ['gone'])
})

test('a file that is not the one that was walked past is nobody’s: a thread reads it and says so', async () => {
  const file = written('grows', 'x'.repeat(5000))
  writeFileSync(path.join(root, 'grows'), 'y'.repeat(6000))
  const worker = new Worker(new URL('./reader.ts', import.meta.url), { workerData: { root, gate: free() } })
  const said = new Promise<Said>((resolve) => void worker.once('message', resolve))
  worker.postMessage({ id: 1, files: [file, { ...file, path: 'no' }], from: 0 } satisfies Asked)
  const { seen } = await said
  await worker.terminate()
  assert.deepEqual(seen, [{ is: 'moved' }, { is: 'gone' }])
})

function free(): SharedArrayBuffer {
  const gate = createGate()
  gate.grant(Number.POSITIVE_INFINITY)
  return gate.memory
}

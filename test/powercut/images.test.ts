// The explorer's model, on small hand-made traces: what is synced stays, what is not may stay in any part, names too. And a
// recorded piece of a log is read as it was meant. The explorer itself runs in the lab, where strace is.
import assert from 'node:assert/strict'
import test from 'node:test'
import { diceOf, images, type Image } from './images.ts'
import { readTrace, type Op } from './trace.ts'

const write = (file: string, at: number, text: string): Op => ({ is: 'write', file, at, bytes: Buffer.from(text) })
const last = (ops: readonly Op[], random = 40): Image[] => [...images(ops, diceOf(3), random)].filter((image) => image.at === ops.length)
const contents = (found: readonly Image[], file: string): Set<string | undefined> => new Set(found.map((image) => image.files.get(file)?.toString('latin1')))

test('what was synced, with its name, is in every image', () => {
  const ops: Op[] = [{ is: 'create', file: 'a' }, write('a', 0, 'one'), { is: 'sync', file: 'a' }, { is: 'syncFolder', folder: '' }, { is: 'ack', n: 1 }]
  assert.deepEqual(contents(last(ops), 'a'), new Set(['one']))
  assert(last(ops).every((image) => image.acked === 1))
})

test('a name that was not synced may be missing, though its content was', () => {
  const ops: Op[] = [{ is: 'create', file: 'a' }, write('a', 0, 'one'), { is: 'sync', file: 'a' }]
  assert.deepEqual(contents(last(ops), 'a'), new Set(['one', undefined]))
})

test('of unsynced writes any part may be there, in any combination', () => {
  const ops: Op[] = [{ is: 'create', file: 'a' }, write('a', 0, '000'), { is: 'sync', file: 'a' }, { is: 'syncFolder', folder: '' }, write('a', 0, '1'), write('a', 1, '2'), write('a', 2, '3')]
  assert.deepEqual([...contents(last(ops, 200), 'a')].map(String).sort(), ['000', '003', '020', '023', '100', '103', '120', '123'])
})

test('a write may be torn at sectors, never within one', () => {
  const ops: Op[] = [{ is: 'create', file: 'a' }, write('a', 0, '0'.repeat(1300)), { is: 'sync', file: 'a' }, { is: 'syncFolder', folder: '' }, write('a', 100, '1'.repeat(1200))]
  const found = contents(last(ops, 300), 'a')
  const cut = (text = ''): string => [...text].map((c, i, all) => (i > 0 && c !== all[i - 1] ? i : '')).filter((i) => i !== '').join(',')
  assert(found.size >= 7, `${found.size} images`)
  for (const text of found) for (const at of cut(text).split(',').filter(Boolean)) assert([100, 512, 1024].includes(Number(at)), `torn at ${at}`)
})

test('truncated, set aside and renamed: before or after, and what was written meanwhile', () => {
  const synced: Op[] = [{ is: 'create', file: 'a' }, write('a', 0, 'abcdef'), { is: 'sync', file: 'a' }, { is: 'syncFolder', folder: '' }]
  assert.deepEqual(contents(last([...synced, { is: 'truncate', file: 'a', size: 2 }]), 'a'), new Set(['abcdef', 'ab']))
  assert.deepEqual(contents(last([...synced, { is: 'extend', file: 'a', size: 8 }]), 'a'), new Set(['abcdef', 'abcdef\0\0']))
  const moved = last([...synced, { is: 'rename', from: 'a', to: 'b' }])
  assert(moved.every((image) => image.files.size === 1))
  assert.equal(new Set(moved.map((image) => [...image.files.keys()].join())).size, 2)
  assert.deepEqual(contents(last([...synced, { is: 'unlink', file: 'a' }]), 'a'), new Set(['abcdef', undefined]))
  // A file that was moved before it was synced may be there without its content: the bug that the dance with fsync avoids.
  const careless = last([{ is: 'create', file: 'x' }, write('x', 0, 'key'), { is: 'rename', from: 'x', to: 'y' }, { is: 'syncFolder', folder: '' }])
  assert(contents(careless, 'y').has(''))
})

test('the same seed gives the same images', () => {
  const ops: Op[] = [{ is: 'create', file: 'a' }, write('a', 0, 'x'.repeat(2000)), write('a', 700, 'y'.repeat(2000))]
  const run = (seed: number): string => [...images(ops, diceOf(seed), 10)].map((image) => image.files.get('a')?.toString('base64') ?? '-').join()
  assert.equal(run(5), run(5))
  assert.notEqual(run(5), run(6))
})

test('a log of strace is read: threads that interrupt each other, descriptors, confirmations, what failed', () => {
  const hex = (text: string): string => [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  const log = [
    `12 openat(AT_FDCWD<${hex('/w')}>, "${hex('/d/a')}", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 5<${hex('/d/a')}>`,
    `12 openat(AT_FDCWD<${hex('/w')}>, "${hex('/d/none')}", O_RDONLY) = -1 ENOENT (No such file or directory)`,
    `12 pwrite64(5<${hex('/d/a')}>, "${hex('hello')}", 5, 10 <unfinished ...>`,
    `13 pwrite64(6<${hex('/d/a-shm')}>, "${hex('x')}", 1, 0) = 1`,
    `12 <... pwrite64 resumed>) = 5`,
    `12 write(5<${hex('/d/a')}>, "${hex('AB')}", 2) = 2`,
    `12 write(5<${hex('/d/a')}>, "${hex('C')}", 1) = 1`,
    `12 fsync(5<${hex('/d/a')}>) = 0`,
    `12 fsync(7<${hex('/d')}>) = 0`,
    `12 write(1<${hex('pipe:[1]')}>, "${hex('ack 7\n')}", 6) = 6`,
    `12 pwrite64(9<${hex('/other')}>, "${hex('x')}", 1, 0) = 1`,
    `12 unlink("${hex('/d/a')}") = 0`,
    '12 +++ exited with 0 +++',
  ].join('\n')
  assert.deepEqual(readTrace(log, '/d', (file) => file.endsWith('-shm')), [
    { is: 'create', file: 'a' }, write('a', 10, 'hello'), write('a', 0, 'AB'), write('a', 2, 'C'),
    { is: 'sync', file: 'a' }, { is: 'syncFolder', folder: '' }, { is: 'ack', n: 7 }, { is: 'unlink', file: 'a' },
  ])
  assert.throws(() => readTrace(`12 copy_file_range(5<${hex('/d/a')}>, NULL, 6<${hex('/d/b')}>, NULL, 9, 0) = 9`, '/d', () => false), /the model does not know/)
  assert.throws(() => readTrace(`12 pwrite64(5<${hex('/d/a')}>, "${hex('x')}"..., 5000, 0) = 5000`, '/d', () => false), /raise strace -s/)
})

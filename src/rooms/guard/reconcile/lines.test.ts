// Where a line ends, and where it does not.
import assert from 'node:assert/strict'
import test from 'node:test'
import { linesOf } from './lines.ts'

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}
const read = async (text: string, size: number): Promise<string[]> => {
  const all: string[] = []
  for await (const line of linesOf(cut(Buffer.from(text), size))) all.push(line)
  return all
}

test('a line ends at a line feed and nowhere else, however it comes in pieces', async () => {
  const items = ['a\u2028b', 'a\u2029b', 'a\u0085b', 'a\rb', 'a\nb', 'café', '😀', ''].map((key) => JSON.stringify({ key }))
  const text = items.map((it) => `${it}\n`).join('')
  for (const size of [1, 2, 3, 7, 1000]) {
    assert.deepEqual(await read(text, size), items, `pieces of ${size}`)
    assert.deepEqual(await read(text.slice(0, -1), size), items, 'the last one need not end')
  }
  assert.deepEqual(await read('', 5), [])
  assert.deepEqual(await read('\n\nx', 1), ['', '', 'x'])
})

test('a line that does not end fills no memory', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield await Promise.resolve(Buffer.alloc(1024 * 1024, 'x'))
  }
  await assert.rejects(async () => { for await (const line of linesOf(endless())) assert.fail(line.slice(0, 10)) }, /longer than/)
})

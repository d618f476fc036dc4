// Hostile and unlucky files: each gets a clear finding at the right place, costs bounded time, and gives no half-read tree.
import assert from 'node:assert/strict'
import test from 'node:test'
import { decode, mergeFiles } from './files.ts'
import { brief } from './fixtures/ask.ts'
import type { Finding } from './finding.ts'
import { notebook } from './notes.ts'

interface Result {
  readonly value: unknown
  readonly found: string[]
  readonly findings: Finding[]
}

function read(...texts: (string | Uint8Array)[]): Result {
  const notes = notebook()
  const sources = texts.flatMap((text, n) => decode(Buffer.from(text), n === 0 ? 'holdfast.yaml' : `conf.d/${n}.yaml`, notes.error) ?? [])
  const root = sources.length === texts.length ? mergeFiles(sources, notes.error) : undefined
  const findings = notes.findings('error')
  return { value: root?.value, findings, found: findings.map((f) => `${f.file === 'holdfast.yaml' ? '' : `${f.file} `}${brief(f)}`) }
}

test('anchors repeat, and maps can be merged', () => {
  const { value, found } = read('a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }\nc: [*a]\nd: { <<: [*a, { z: 4 }] }\n')
  assert.deepEqual(found, [])
  assert.deepEqual(value, { a: { x: 1, y: 2 }, b: { y: 3, x: 1 }, c: [{ x: 1, y: 2 }], d: { x: 1, y: 2, z: 4 } })
})

test('a bomb of anchors is one finding, at once', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]', ...Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(', ')}]`)].join('\n')
  const { found, findings } = read(bomb)
  assert.deepEqual(found.map((line) => line.split(' ')[0]), ['HF108'])
  assert.match(findings[0]?.says ?? '', /more than 200,000 values/)
})

test('an alias that stands inside what it repeats, or that repeats nothing, is pointed at', () => {
  assert.deepEqual(read('a: &a [1, *a]\n').found, ['HF102 1:11 a[1]'])
  assert.deepEqual(read('a: *b\n').found, ['HF102 1:4 a'])
})

test('nesting without end is refused', () => {
  assert.deepEqual(read(`a: ${'['.repeat(60)}${']'.repeat(60)}`).found.map((l) => l.slice(0, 5)), ['HF108'])
  assert.deepEqual(read(`a: ${'{b: '.repeat(20_000)}`).found.map((l) => l.slice(0, 5)), ['HF108'])
})

test('what stands twice is found in both of its places', () => {
  const { found, findings } = read('checks:\n  www: 1\n  db: 2\n  www: 3\n')
  assert.deepEqual(found, ['HF103 4:3 checks.www'])
  assert.equal(findings[0]?.help, 'the first one is in line 2; remove or rename one of them')
  const many = read(Array.from({ length: 50_000 }, (_, n) => `k${n}: 1`).join('\n'))
  assert.deepEqual(many.found, [])
})

test('tabs, quotes that are left open, two documents, tags: the place and the cure', () => {
  assert.deepEqual(read('a:\n\tb: 1\n').found, ['HF102 2:1 '])
  assert.deepEqual(read('a: "x\nb: 1\n').found.length, 1)
  assert.deepEqual(read('a: 1\n---\nb: 2\n').found, ['HF102 2:1 '])
  assert.deepEqual(read('a: !!js/function "x"\n').found, ['HF102 1:4 '])
  assert.deepEqual(read('a: b: c\n').found, ['HF102 1:4 '])
  assert.deepEqual(read('a: [1, 2\nb: 3\n').value, undefined)
})

test('a slip on one line does not hide what is wrong on others', () => {
  assert.deepEqual(read('a:\n\tb: 1\nc: 1\nc: 2\nd: @x\n').found, ['HF102 2:1 ', 'HF103 4:1 c', 'HF102 5:4 '])
})

test('names that YAML reads as something else are refused, and __proto__ is nobody', () => {
  const { found, value } = read('checks: { 123: 1, true: 2, ~: 3, "456": 4, 0x1F: 5, ? [a] : 6, __proto__: { polluted: 1 }, no: 7, constructor: 8 }\n')
  assert.deepEqual(found.map((line) => line.split(' ')[0]), ['HF107', 'HF107', 'HF107', 'HF107', 'HF107', 'HF107'])
  assert.deepEqual(value, { checks: { '456': 4, no: 7, constructor: 8 } })
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  assert.deepEqual(read('a: { <<: { __proto__: { x: 1 } } }\n').found, ['HF107 1:12 a'])
})

test('Windows line ends and a byte order mark change nothing, positions included', () => {
  const plain = 'checks:\n  www: 1\n  www: 2\n'
  assert.deepEqual(read(`\ufeff${plain.replaceAll('\n', '\r\n')}`), read(plain))
})

test('bytes that are no UTF-8 text are refused with the cure', () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('version: 1', 'utf16le')])
  assert.match(read(utf16).findings[0]?.says ?? '', /is UTF-16/)
  assert.deepEqual(read('a: 1\nb: \u0000\n').found, ['HF100 2:4 '])
  assert.deepEqual(read(Buffer.from([0x61, 0x3a, 0x20, 0xc3, 0x28])).found, ['HF100 1:4 '])
  assert.deepEqual(read('a'.repeat(10 * 1024 * 1024)).found, ['HF108 0:0 '])
})

test('numbers that cannot be counted with are refused', () => {
  assert.deepEqual(read('a: .inf\nb: .nan\nc: 1e400\n').found, ['HF104 1:4 a', 'HF104 2:4 b', 'HF104 3:4 c'])
})

test('files are joined by name, and everything keeps the place it came from', () => {
  const { value, found } = read('version: 1\nchecks: { a: 1 }\n', 'version: 1\nchecks: { b: 2 }\npeople: { ada: 3 }\n')
  assert.deepEqual(found, [])
  assert.deepEqual(value, { version: 1, checks: { a: 1, b: 2 }, people: { ada: 3 } })
  const twice = read('checks:\n  a: 1\nfallback: [x]\n', '\nchecks:\n  a: 2\nfallback: [y]\n')
  assert.deepEqual(twice.found, ['conf.d/1.yaml HF103 3:3 checks.a', 'conf.d/1.yaml HF103 4:1 fallback'])
  assert.equal(twice.findings[0]?.help, 'holdfast.yaml:2 has it already; remove or rename one of them')
})

test('an empty file is an empty configuration; a list or a word is none', () => {
  assert.deepEqual(read('').value, {})
  assert.deepEqual(read('# nothing\n', 'checks: { a: 1 }').value, { checks: { a: 1 } })
  assert.deepEqual(read('- a\n').found, ['HF104 1:1 '])
  assert.deepEqual(read('hello\n').found, ['HF104 1:1 '])
})

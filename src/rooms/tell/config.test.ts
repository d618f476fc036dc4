// Status pages out of the file: they show what is named and nothing else, in the order of the file.
import assert from 'node:assert/strict'
import test from 'node:test'
import { ask } from '../../config/fixtures/ask.ts'
import { readTell, type BoardConfig } from './config.ts'

function read(text: string, checks: readonly string[] = ['www', 'db']): { boards: BoardConfig[]; errors: string[]; warnings: string[] } {
  const asked = ask(`checks: { ${checks.map((name) => `${name}: 1`).join(', ')} }\nstatus_pages:${text}\n`)
  const boards = readTell(asked.reading, { file: '/etc/holdfast/holdfast.yaml', siteName: 'Acme', checks, data: '/var/lib/holdfast' })
  return { boards, errors: asked.errors(), warnings: asked.warnings() }
}

test('a page says where it is, what it shows, and how long it waits', () => {
  const { boards, errors } = read(' { Public: { address: "https://status.acme.example/", publish: ["dir:./public", "dir:/srv/board"], hold: 5s, components: { Website: [www], "42": db, E-mail: [db, db] } } }')
  assert.deepEqual(errors, [])
  const [board] = boards
  assert.deepEqual({ ...board, components: board?.components.map(({ name, checks }) => [name, checks]) }, {
    slug: 'public', name: 'Acme', address: 'https://status.acme.example', publish: ['/etc/holdfast/public', '/srv/board'], hold: 5000,
    components: [['Website', ['www']], ['42', ['db']], ['E-mail', ['db']]],
  })
})

test('ids of components last as long as their names', () => {
  const ids = (text: string): string[] => read(text).boards.flatMap(({ components }) => components.map(({ id }) => id))
  const [a, b] = ids(' { p: { components: { A: www, B: db } } }')
  assert.deepEqual(ids(' { p: { hold: 1m, components: { B: [db, www], A: db } } }'), [b, a])
  assert.notEqual(ids(' { q: { components: { A: www } } }')[0], a)
})

test('the order of pages is that of the file; an empty one is a page too', () => {
  assert.deepEqual(read('\n  z: ~\n  a: { title: Ops, components: {} }\n').boards.map(({ slug, name, hold, components }) => [slug, name, hold, components]),
    [['z', 'Acme', 180_000, []], ['a', 'Ops', 180_000, []]])
  assert.deepEqual(read('').boards, [])
})

test('components show checks that exist', () => {
  assert.deepEqual(read(' { p: { components: { A: [wwww], B: [], C: ~, D: [1], "": www, E: dbb } } }').errors, ['HF111 wwww', 'HF104 []', 'HF104 ~', 'HF104 1', 'HF107 ""', 'HF111 dbb'])
  assert.deepEqual(read(' { p: { components: [www] } }').errors, ['HF104 [www]'])
  assert.deepEqual(read(' { p: { component: { A: www } } }').errors, ['HF101 component'])
})

test('a folder around the configuration or its secrets is never published into', () => {
  for (const place of ['dir:.', 'dir:/', 'dir:/etc', 'dir:..', 'dir:./secrets', 'dir:conf.d', 'dir:./x/..']) {
    assert.deepEqual(read(` { p: { publish: ["${place}"] } }`).errors, [`HF122 "${place}"`])
  }
  for (const place of ['dir:/var/lib/holdfast', 'dir:/var/lib/holdfast/public', 'dir:/var/lib', 'dir:../../var/lib/holdfast/x/..']) assert.deepEqual(read(` { p: { publish: ["${place}"] } }`).errors, [`HF122 "${place}"`])
  assert.deepEqual(read(' { p: { publish: "dir:/var/lib/holdfast-board" } }').errors, [])
  for (const place of ['s3:bucket', 'dir:', './public', 'https://x.example']) assert.deepEqual(read(` { p: { publish: "${place}" } }`).errors, [`HF122 "${place}"`])
  assert.deepEqual(read(' { p: { publish: "dir:a" }, q: { publish: ["dir:./b/../a/"] } }').errors, ['HF121 "dir:./b/../a/"'])
})

test('two pages with one address are told; checks that no page shows are pointed out', () => {
  assert.deepEqual(read(' { a: { components: { A: [www, db] } }, A: {} }').errors, ['HF121 A'])
  assert.deepEqual(read(' { a: { components: { A: www } } }').warnings, ['HF151 db'])
  assert.deepEqual(read(' { a: {} }', Array.from({ length: 500 }, (_, n) => `c${n}`)).warnings.length, 1)
})

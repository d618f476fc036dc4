// Every code that is given somewhere can be explained, and nothing is explained that is never given.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { codes, explain } from './explain.ts'

const root = join(import.meta.dirname, '..')
const places = [...readdirSync(join(root, 'config')).map((name) => `config/${name}`), 'rooms/watch/config.ts', 'rooms/page/config.ts', 'rooms/tell/config.ts', 'rooms/change/config.ts', 'rooms/change/runbook-config.ts', 'views/accepted.ts']
const texts = places.filter((at) => at.endsWith('.ts') && !/(explain|\.test)\.ts$/.test(at)).map((at) => readFileSync(join(root, at), 'utf8'))
const given = new Set(texts.flatMap((text) => [...text.matchAll(/'(HF\d{3})'/g)].map(([, code]) => code ?? '')))

test('each code has a paragraph, each paragraph a code', () => {
  assert.deepEqual([...given].sort(), codes().sort())
})

test('codes are found in any case, other words are not', () => {
  assert.match(explain('hf101') ?? '', /^HF101: Unknown setting\n\n/)
  for (const word of ['HF999', '', 'constructor', '__proto__']) assert.equal(explain(word), undefined)
})

// The zoo fits the sources as they are: each mutant's text stands exactly once, its killer is there, and its name is its own.
// Whether the killers still find them takes longer: `npm run zoo`.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { MUTANTS } from './mutants.ts'

const root = path.dirname(path.dirname(import.meta.dirname))
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')

test('every mutant can be made, and has a killer', () => {
  const wrong: string[] = []
  for (const { name, changes, killer } of MUTANTS) {
    for (const { file, find, put } of changes) {
      const times = read(file).split(find).length - 1
      if (times !== 1 || find === put) wrong.push(`${name}: its text stands ${times} times in ${file}; rewrite it in sim/zoo/mutants.ts so that it breaks the same promise`)
    }
    if (killer.is === 'test' && !read(killer.file).includes(killer.name)) wrong.push(`${name}: ${killer.file} has no test “${killer.name}”`)
  }
  assert.deepEqual(wrong, [])
  assert.equal(new Set(MUTANTS.map((it) => it.name)).size, MUTANTS.length)
  assert(MUTANTS.length >= 12)
})

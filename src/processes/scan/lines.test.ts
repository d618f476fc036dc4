// What is read as lines is a plain file of ours, or refused in words.
import assert from 'node:assert/strict'
import test from 'node:test'
import { linesOf } from './lines.ts'

test('a device or a folder is no manifest, and is not read for ever', () => {
  for (const file of ['/dev/full', '/dev/zero', '/']) assert.throws(() => [...linesOf(file)], new RegExp(`^Fault: ${file} is no plain file`))
})

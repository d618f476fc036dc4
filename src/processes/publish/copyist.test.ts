// A reader of the target sees the old version or the new one, whole, at whatever step the writer ends.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { copied, writeBundle, type Copy } from './copyist.ts'

function folder(t: TestContext): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-copyist-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}
const files = (mark: string): Copy['files'] => [['api/v2/status.json', mark], ['history.atom', mark], ['index.html', mark]]
const copy = (target: string, version: string, mark = version): Copy => ({ is: 'copy', target, version, files: files(mark) })
const read = (target: string): string[] => ['api/v2/status.json', 'history.atom', 'index.html'].map((name) => fs.readFileSync(path.join(target, name), 'utf8'))

test('a version is a folder beside the target, and the target a link to it', (t) => {
  const at = folder(t)
  const target = path.join(at, 'public')
  writeBundle(copy(target, 'v-1'))
  assert.equal(fs.readlinkSync(target), path.join('.public.versions', 'v-1'))
  assert.deepEqual(read(target), ['v-1', 'v-1', 'v-1'])
  assert.equal(fs.statSync(path.join(target, 'index.html')).mode & 0o777, 0o644)
  assert.equal(fs.statSync(path.join(target, 'api/v2')).mode & 0o777, 0o755)
})

test('two versions are kept, whatever else was left behind goes', (t) => {
  const at = folder(t)
  const target = path.join(at, 'public')
  for (const version of ['v-1', 'v-2', 'v-3', 'v-4']) writeBundle(copy(target, version))
  assert.deepEqual(fs.readdirSync(path.join(at, '.public.versions')).sort(), ['v-3', 'v-4'])
  assert.deepEqual(fs.readdirSync(at).sort(), ['.public.versions', 'public'])
})

test('wherever it ends, readers have one whole version, and the next try succeeds', (t) => {
  const at = folder(t)
  let steps = 0
  writeBundle(copy(path.join(at, 'count'), 'v-1'), () => void steps++)
  assert.ok(steps >= 8)
  for (let end = 1; end <= steps; end++) {
    const target = path.join(at, `public-${end}`)
    writeBundle(copy(target, 'v-1'))
    let step = 0
    assert.throws(() => writeBundle(copy(target, 'v-2'), () => {
      if (++step === end) throw new Error('the power went')
    }))
    const seen = read(target)
    assert.equal(new Set(seen).size, 1, `torn at step ${end}: ${seen.join()}`)
    writeBundle(copy(target, 'v-3'))
    assert.deepEqual(read(target), ['v-3', 'v-3', 'v-3'])
    assert.equal(fs.readdirSync(path.join(at, `.public-${end}.versions`)).length, 2)
  }
})

test('into a folder of somebody else: file by file, the front page last, nothing of theirs touched', (t) => {
  const target = path.join(folder(t), 'www')
  fs.mkdirSync(target)
  fs.writeFileSync(path.join(target, 'robots.txt'), 'theirs')
  const order: string[] = []
  writeBundle(copy(target, 'v-1'), (what) => order.push(what))
  assert.equal(order.at(-1), 'rename index.html')
  assert.deepEqual(read(target), ['v-1', 'v-1', 'v-1'])
  assert.deepEqual(fs.readdirSync(target).sort(), ['api', 'history.atom', 'index.html', 'robots.txt'])
  assert.equal(fs.readFileSync(path.join(target, 'robots.txt'), 'utf8'), 'theirs')
  writeBundle(copy(target, 'v-2'))
  assert.deepEqual(read(target), ['v-2', 'v-2', 'v-2'])
})

test('a link that somebody else made is followed, not replaced', (t) => {
  const at = folder(t)
  fs.mkdirSync(path.join(at, 'real'))
  fs.symlinkSync('real', path.join(at, 'public'))
  writeBundle(copy(path.join(at, 'public'), 'v-1'))
  assert.equal(fs.readlinkSync(path.join(at, 'public')), 'real')
  assert.deepEqual(read(path.join(at, 'real')), ['v-1', 'v-1', 'v-1'])
})

test('what cannot be written says what, why and what next, and leaves the old version', (t) => {
  const at = folder(t)
  fs.writeFileSync(path.join(at, 'file'), '')
  assert.match(copied(copy(path.join(at, 'file'), 'v-1')).says, /The board could not be written to .*file is not a folder/)
  const missing = copied(copy(path.join(at, 'no', 'public'), 'v-1'))
  assert.equal(missing.outcome, 'failed')
  assert.match(missing.says, /the folder .*\/no does not exist: create it, or mount what belongs there/)
  assert.ok(!fs.existsSync(path.join(at, 'no')), 'no folder is made where a missing mount would be')
  const target = path.join(at, 'public')
  writeBundle(copy(target, 'v-1'))
  assert.equal(copied({ ...copy(target, 'v-2'), files: [['../escaped', 'x']] }).outcome, 'failed')
  assert.ok(!fs.existsSync(path.join(at, '.public.versions', 'escaped')))
  assert.deepEqual(read(target), ['v-1', 'v-1', 'v-1'])
})

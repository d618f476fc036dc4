import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { codeFolder, runtimeFolder, runtimeFolders } from './runtime-folder.ts'

test('the runtime folder is ours alone, and server and CLI find the same one', (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'hf-runtime-'))
  t.after(() => rmSync(place, { recursive: true }))
  const env = { XDG_RUNTIME_DIR: place }
  const folder = runtimeFolder('/srv/data', env)
  assert.match(path.basename(folder), /^holdfast-[0-9a-f]{12}$/)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(runtimeFolder('/srv/../srv/data/', env), folder)
  assert.equal(runtimeFolders('/srv/data', env)[0], folder)
  assert.notEqual(runtimeFolder('/srv/other', env), folder)
})

test('a service has it where the service manager made room, and a shell without that environment finds it', (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'hf-runtime-'))
  t.after(() => rmSync(place, { recursive: true }))
  const folder = runtimeFolder('/srv/data', { RUNTIME_DIRECTORY: place, XDG_RUNTIME_DIR: '/nowhere' })
  assert.equal(path.dirname(folder), place)
  assert.ok(runtimeFolders('/srv/data', {}).includes(`/run/holdfast/${path.basename(folder)}`))
})

test('without XDG_RUNTIME_DIR it lies in /tmp, and the CLI looks there too', (t) => {
  const data = `/nowhere/${process.pid}`
  const folder = runtimeFolder(data, {})
  t.after(() => rmSync(folder, { recursive: true }))
  assert.match(folder, /^\/tmp\/holdfast-\d+-[0-9a-f]{12}$/)
  assert.ok(runtimeFolders(data, { XDG_RUNTIME_DIR: '/run/user/4711' }).includes(folder))
})

test('a folder that others may look into, or a link laid in its place, is refused', (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'hf-runtime-'))
  t.after(() => rmSync(place, { recursive: true }))
  const env = { XDG_RUNTIME_DIR: place }
  const folder = runtimeFolder('/srv/data', env)
  chmodSync(folder, 0o755)
  assert.throws(() => runtimeFolder('/srv/data', env), /mode 0700/)
  rmSync(folder, { recursive: true })
  symlinkSync('/tmp', folder)
  assert.throws(() => runtimeFolder('/srv/data', env), /not ours alone/)
})

test('compiled code lies in a folder that is ours alone, or nowhere', (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'hf-runtime-'))
  t.after(() => rmSync(place, { recursive: true }))
  const env = { XDG_RUNTIME_DIR: place }
  const folder = codeFolder(env)
  assert.equal(folder, path.join(place, 'holdfast-code'))
  assert.equal(statSync(folder ?? '').mode & 0o777, 0o700)
  chmodSync(folder ?? '', 0o770)
  assert.equal(codeFolder(env), undefined)
  rmSync(folder ?? '', { recursive: true })
  symlinkSync('/tmp', folder ?? '')
  assert.equal(codeFolder(env), undefined)
})

// The keeper process as its parent meets it: what it says when its place is taken, and by whom.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { openSql } from '../db/sql.ts'

/** Starts a keeper on a folder whose lock is held; gives what it tells its parent last, and how it ended. */
async function blocked(data: string, beside?: readonly number[]): Promise<{ said: unknown; code: number | null }> {
  const child = fork(path.join(import.meta.dirname, 'keeper.ts'), [], { execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const said: { is: string }[] = []
  child.on('message', (message: { is: string }) => void said.push(message))
  const ended = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  child.send({ is: 'init', runtime: data, data, key: '', config: {}, ...(beside && { beside }) })
  const code = await ended
  return { said: said.find(({ is }) => is === 'fatal'), code }
}

test('a keeper whose place is held by one that cannot be ended names that one, who pages meanwhile, and what to do', async (t) => {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-keeper-'))
  const lock = openSql(path.join(data, 'lock.db'))
  lock.exec('pragma locking_mode = exclusive; begin exclusive')
  t.after(() => {
    lock.close()
    fs.rmSync(data, { recursive: true })
  })
  assert.deepEqual(await blocked(data), { said: { is: 'fatal', says: `the data folder ${data} is in use by another Holdfast`, exit: 1 }, code: 1 })
  const { said, code } = await blocked(data, [4711])
  assert.equal(code, 1)
  assert.match((said as { says: string }).says, /^A former keeper \(process 4711\) cannot be ended and still holds the data folder .*The ringer goes on paging from memory.*Look at the disk; when that process ends, a new keeper starts at once\./)
})

test('what is no store of Holdfast’s is left alone, and it is said what it is', async (t) => {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-keeper-'))
  t.after(() => fs.rmSync(data, { recursive: true }))
  const file = path.join(data, 'holdfast.db')
  fs.mkdirSync(file)
  assert.deepEqual(await blocked(data), { said: { is: 'fatal', says: `${file} is a folder, not a database. Move it away, or name another data folder with --data.`, exit: 1 }, code: 1 })
  fs.rmdirSync(file)
  const other = openSql(file)
  other.exec('create table invoice (id integer primary key, amount integer)')
  other.close()
  const before = fs.readFileSync(file)
  assert.deepEqual(await blocked(data), { said: { is: 'fatal', says: `${file} is a database of something else (its tables: invoice). Move it away, or name another data folder with --data.`, exit: 1 }, code: 1 })
  assert.deepEqual(fs.readFileSync(file), before)
})

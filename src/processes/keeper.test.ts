// The keeper process as its parent meets it: what it says when its place is taken, and by whom.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { configOf } from '../../test/keeper-world.ts'
import { ms, seconds, tickOf } from '../core/time.ts'
import { openSql } from '../db/sql.ts'
import { advances, judge, newCare, type CareEvent } from './supervise.ts'
import { foldingTo } from './keeper/folding.ts'

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

/** Starts a keeper on a store that an older Holdfast wrote, with so many entries; gives what it tells its parent until it works. */
async function foldsAnew(t: { after(fn: () => void): void }, entries: number): Promise<{ is: string; progress?: number; line?: string }[]> {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-keeper-'))
  const start = (): ReturnType<typeof fork> => fork(path.join(import.meta.dirname, 'keeper.ts'), [], { execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const said: { is: string; progress?: number; line?: string }[] = []
  const runs = async (): Promise<void> => {
    const child = start()
    const ended = new Promise((resolve) => void child.once('exit', resolve))
    await new Promise<void>((resolve) => {
      child.on('message', (message: { is: string; progress?: number }) => {
        said.push(message)
        if (message.is === 'ready') resolve()
      })
      child.once('exit', () => resolve())
      child.send({ is: 'init', runtime: data, data, key: Buffer.alloc(32, 7).toString('base64'), config: configOf([]) })
    })
    child.kill('SIGKILL')
    await ended
  }
  t.after(() => fs.rmSync(data, { recursive: true, force: true }))
  await runs()
  const sql = openSql(path.join(data, 'holdfast.db'))
  const { seq } = sql.get<{ seq: number }>('select max(seq) as seq from entry') ?? assert.fail('nothing was written')
  sql.run(`with recursive more(n) as (select ? union all select n + 1 from more where n < ?) insert into entry (seq, node, at, hlc, is_, stream, body, prev, hash)
    select n, 'n', 1800000000000 + n, (1800000000000 + n) * 1000, 'guard.ended', 'obj:' || n, json_object('reconcile', 'r', 'key', printf('%08x', n), 'life', json_object('is', 'unmarked'), 'plan', 'p', 'ended', 'done', 'act', 'quarantine', 'at', 1800000000000 + n, 'lived', n), 'x', 'y' from more`, seq + 1, seq + entries)
  sql.exec('pragma user_version = 3')
  sql.close()
  said.length = 0
  await runs()
  return said
}

test('X-8 a keeper that folds anew what an older Holdfast wrote says so, and that it gets forward, before it works', async (t) => {
  const said = await foldsAnew(t, 12_000)
  const progress = said.slice(0, said.findIndex(({ is }) => is === 'ready')).flatMap((it) => (it.is === 'alive' ? [it.progress ?? 0] : []))
  assert.match(said.find(({ is }) => is === 'say')?.line ?? '', /^! An older Holdfast wrote these data: their 1\d{4} entries are folded anew\. Nothing new is judged/)
  assert(progress.length > 0 && (progress[0] ?? 0) < 0, `it said ${JSON.stringify(said)}`)
  assert(progress.every((it, n) => n === 0 || it > (progress[n - 1] ?? 0)), 'each report is greater than the one before, also where its work begins')
  assert(said.some(({ is }) => is === 'ready'))
})

test('X-8 however long it folds, its watchdog waits while it gets forward; a folding that stands still is replaced, and one that goes on is not taken for work', () => {
  let care = newCare({ name: 'keeper', patience: seconds(2), mostAbandoned: 2 }, tickOf(0))
  let at = 0
  const starts: number[] = []
  const take = (event: CareEvent): void => {
    const judged = judge(care, event, tickOf(at))
    care = judged.care
    for (const move of judged.moves) {
      if (move.is === 'start') {
        starts.push(at)
        take({ is: 'started', pid: starts.length })
      } else if (move.is === 'kill') take({ is: 'exited', pid: move.pid, how: 'SIGKILL' })
    }
  }
  const folding = foldingTo((message) => void (message.is === 'alive' && take(message)), () => tickOf(at))
  const pass = (span: number, act?: () => void): void => {
    for (const end = at + span; at < end; at += 100) {
      take({ is: 'tick' })
      act?.()
    }
  }
  pass(150_000, () => folding(1, 2))
  assert.deepEqual([starts, advances(care, tickOf(at), ms(5000)), care.wasWell], [[0], false, false], 'nobody outside is told that all is well')
  take({ is: 'alive', progress: 0 })
  assert.equal(advances(care, tickOf(at), ms(5000)), true)
  pass(3000)
  assert.equal(starts.length, 2)
})

// The engine of restic over a cell that only plays: what it asks, what it makes of the answers, and where the password goes.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Fault } from '../../core/fault.ts'
import { instantOf, minutes } from '../../core/time.ts'
import type { Cell, CopyGiven, Ran, Step } from '../../ports/backup.ts'
import restic, { literally, readSnapshots } from './restic.ts'

const ID = 'ab'.repeat(32)
const LOCK = 'cd'.repeat(32)
const NOW = Date.parse('2026-11-21T12:00:00Z')
const SNAPSHOT = JSON.stringify([{ id: ID, time: '2026-11-21T02:15:00.123456789Z', hostname: 'panel-1', paths: ['/etc', '/srv'] }])
const fine = (out = ''): Ran => ({ exit: 0, out, err: 'reading repository password from stdin\n' })
const wrong = (err: string, out = ''): Ran => ({ exit: 1, out, err: `reading repository password from stdin\n${err}` })

interface Played {
  readonly cell: Cell
  readonly asked: string[]
  readonly typed: string[]
}

/** Answers by what a command begins with; what is not played is fine. */
function play(answers: Readonly<Record<string, Ran>>): Played {
  const asked: string[] = []
  const typed: string[] = []
  const cell: Cell = {
    id: '0123456789abcdef', copy: '/given/copy', work: '/work',
    look: async () => ['restic'],
    put: async (name) => assert.fail(`${name} is written into a file`),
    start: async () => assert.fail('started'),
    async run(argv, { input, take }) {
      const text = argv.filter((it) => !['/usr/bin/restic', '--repo', '/given/copy', '--no-cache'].includes(it)).join(' ')
      asked.push(argv.join(' '))
      if (input) for await (const chunk of input) typed.push(Buffer.from(chunk).toString())
      const defaults: Record<string, Ran> = { '--no-lock snapshots': fine(SNAPSHOT), '/bin/sh': fine() }
      const found = Object.entries({ ...defaults, ...answers }).filter(([begins]) => text.startsWith(begins)).toSorted(([a], [b]) => b.length - a.length)[0]?.[1] ?? fine()
      if (!take) return found
      await take(Buffer.from(found.out))
      return { ...found, out: '' }
    },
  }
  return { cell, asked, typed }
}

const given: CopyGiven = { at: instantOf(NOW), readAt: instantOf(NOW), bytes: 100, name: `snapshots/${ID}`, password: 's3cr3t' }

async function climbed(answers: Readonly<Record<string, Ran>>, copy: CopyGiven = given): Promise<Step> {
  const restoring = restic.open({}, play(answers).cell, copy)
  const structure = await restoring.structure()
  if (structure.is !== 'pass') return structure
  const restored = await restoring.restore()
  return restored.is === 'pass' ? restoring.integrity() : restored
}
const say = (step: Step): string => (step.is === 'pass' ? 'pass' : `${step.is}: ${step.says} | ${step.said ?? ''}`)

test('a copy belongs to the repository that its name says', () => {
  assert.deepEqual(restic.repository?.place(`some/where/snapshots/${ID}`), { root: 'some/where/', name: `snapshots/${ID}` })
  assert.deepEqual(restic.repository?.place(`snapshots/${ID}`), { root: '', name: `snapshots/${ID}` })
  for (const key of ['some/where/data/ab', 'snapshots/a/b', 'mysnapshots/a']) assert.equal(restic.repository?.place(key), undefined, key)
})

test('the password is typed in, and is no argument, no file and no word of any answer', async () => {
  const { cell, asked, typed } = play({})
  const restoring = restic.open({}, cell, given)
  for (const step of [restoring.structure, restoring.restore, restoring.integrity]) assert.equal((await step()).is, 'pass')
  assert(asked.length >= 4)
  assert.doesNotMatch(asked.join('\n'), /s3cr3t/)
  assert(typed.length >= 4 && typed.every((it) => it === 's3cr3t\n'))
  assert(asked.filter((it) => it.includes('restic')).every((it) => it.includes('--no-lock') && it.includes('--no-cache')), 'nothing of the repository is written')
  assert(asked.some((it) => it.includes(`restore ${ID} --target /work/`)), 'the snapshot that is drilled is restored, and no other')
  assert.deepEqual(restoring.held?.(), { at: instantOf(Date.parse('2026-11-21T02:15:00.123Z')), of: '/etc, /srv of panel-1' })
})

test('X-3 without a password, or without restic, nothing is said of the copy', async () => {
  const without: CopyGiven = { at: given.at, bytes: given.bytes, name: `snapshots/${ID}` }
  await assert.rejects(climbed({}, without), (cause) => cause instanceof Fault && /password of the repository is not configured/.test(cause.message))
  await assert.rejects(restic.open({}, { ...play({}).cell, look: async () => [] }, given).structure(), /restic is not installed here/)
})

test('what is wrong with a repository is told in restic’s own words', async () => {
  const cases: readonly (readonly [Readonly<Record<string, Ran>>, RegExp])[] = [
    [{ '--no-lock snapshots': wrong('Fatal: wrong password or no key found') }, /^fail: the password that is configured does not open .* \| Fatal: wrong password/],
    [{ '--no-lock snapshots': wrong('Fatal: unable to open config file: stat /given/copy/config: no such file or directory\nIs there a repository') }, /^fail: there is no repository of restic.* \| Fatal: unable to open config file/],
    [{ '--no-lock snapshots': fine('[]') }, /^fail: the repository holds no snapshot/],
    [{ '--no-lock snapshots': fine('[]'), '--no-lock list snapshots': fine(`${ID}\n`) }, /^fail: restic cannot read the snapshot abababab/],
    [{ '--no-lock check': wrong('pack 12: does not exist\nFatal: repository contains errors', 'load indexes\ncheck all packs\n') }, /^fail: restic finds the repository damaged \| pack 12: does not exist\nFatal: repository contains errors$/],
    [{ '--no-lock restore': wrong('ignoring error for /a: ciphertext verification failed\nFatal: There were 1 errors') }, /^fail: the snapshot cannot be restored \| ignoring error for \/a: ciphertext/],
    [{ '--no-lock check --read-data': wrong('Pack ID does not match, want 12, got 34\nFatal: repository contains errors') }, /^fail: restic finds packs that are not what they were \| Pack ID does not match/],
  ]
  for (const [answers, pattern] of cases) assert.match(say(await climbed(answers)), pattern)
})

test('what only root may make is no damage; a file that is missing beside it is', async () => {
  const device = 'ignoring error for /dev/null: operation not permitted\n'
  assert.equal(say(await climbed({ '--no-lock restore': wrong(`${device}Fatal: There were 1 errors`) })), 'pass')
  assert.match(say(await climbed({ '--no-lock restore': wrong(`${device}ignoring error for /a: StreamPack: no such file or directory\nFatal: There were 2 errors`) })), /^fail/)
  assert.match(say(await climbed({ '--no-lock restore': wrong(`${device}Fatal: There were 9 errors`) })), /^fail/)
})

test('X-3 a lock that is held makes a bad finding unknown; one that was left behind is a finding', async () => {
  const lock = (age: number, exclusive = true): Readonly<Record<string, Ran>> => ({
    '/bin/sh': fine(`${LOCK}\n`), 'snapshots': wrong('unable to create lock in backend: repository is already locked exclusively by PID 7 on panel-1\nlock was created at 2026-11-21 11:00:00'),
    [`--no-lock cat lock ${LOCK}`]: fine(JSON.stringify({ time: new Date(NOW - age).toISOString(), exclusive, hostname: 'panel-1', username: 'root', pid: 7 })),
  })
  const damaged = { '--no-lock check': wrong('pack 12: does not exist\nFatal: repository contains errors') }
  assert.equal(say(await climbed(lock(minutes(5)))), 'pass')
  assert.match(say(await climbed({ ...lock(minutes(5)), ...damaged })), /^unknown: restic finds the repository damaged, while somebody worked on the repository: it is drilled again \| pack 12: does not exist.*already locked exclusively by PID 7/s)
  assert.match(say(await climbed(lock(minutes(31)))), /^fail: a lock that nobody holds any more refuses .*“restic unlock” \| .*already locked exclusively by PID 7/s)
  assert.match(say(await climbed({ ...lock(minutes(31)), ...damaged })), /^fail: restic finds the repository damaged/)
  assert.equal(say(await climbed(lock(minutes(31), false))), 'pass')
})

test('what is no list of snapshots holds none', () => {
  for (const text of ['', 'null', '{}', '[{"id":"x"}]', `[{"id":"${ID}","time":"never"}]`, '[1,']) assert.deepEqual(readSnapshots(text), [], text)
})

test('G-27 a name is no pattern: what is restored is that file alone, and it is read again', async () => {
  assert.equal(literally('etc/a[1]*?\\.conf'), String.raw`/etc/a\[1\]\*\?\\.conf`)
  const nodes = ['/srv/live/a*', '/srv/live/ab', '/etc/b'].map((path) => JSON.stringify({ type: 'file', path })).join('\n')
  const { cell, asked } = play({ '--no-lock ls': fine(`${nodes}\n`) })
  const restoring = restic.open({}, cell, given)
  await restoring.structure()
  const some = await restoring.some?.(['a*', 'gone'], undefined)
  assert(some && 'found' in some)
  assert.deepEqual([...some.found], [['a*', { name: 'srv/live/a*', at: `${cell.work}/restored/srv/live/a*` }]])
  assert(asked.at(-1)?.endsWith(String.raw`restore ${ID} --verify --target ${cell.work}/restored --include /srv/live/a\*`), asked.at(-1))
})

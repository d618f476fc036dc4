// What is kept of a scan by pieces, so that it goes on where it was; and how pieces wait for their turn.
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { openPieces } from './pieces.ts'
import { createTurns } from './turns.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-pieces-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => path.join(folder, name)
const DAY = 86_400_000
const given = { of: 'pages of /a', against: 'one', now: 10 * DAY }

test('X-1 what was found well is not looked at again; what a crash tore off, or is of another scan, is', () => {
  const file = at('journal')
  const first = openPieces(file, given)
  assert.throws(() => openPieces(file, given), /Another scan is under way/)
  first.well('a', 7)
  first.well('b')
  first.close()
  appendFileSync(file, '0badc0de {"well":"')
  const second = openPieces(file, { ...given, now: given.now + DAY })
  assert.deepEqual([second.resumed, second.known('a'), second.known('b'), second.known('c'), second.began], [true, 7, 0, undefined, new Date(given.now).toISOString()])
  second.well('c')
  second.close()
  const third = openPieces(file, given)
  assert.equal(third.known('c'), 0, 'it stands behind what was torn')
  third.close()
  for (const other of [{ ...given, against: 'two' }, { ...given, of: 'pages of /b' }, { ...given, now: given.now + 8 * DAY }, { ...given, now: given.now - DAY }]) {
    const kept = readFileSync(file)
    const it = openPieces(file, other)
    assert.deepEqual([it.resumed, it.known('a')], [false, undefined], JSON.stringify(other))
    it.close()
    writeFileSync(file, kept)
  }
  const last = openPieces(file, given)
  last.remove()
  assert(!existsSync(file) && !existsSync(`${file}.lock`))
})

test('a file that is no journal is not written over, and a line that was changed ends what is believed', () => {
  for (const text of ['mine\nand mine\n', 'mine']) {
    writeFileSync(at('mine'), text)
    assert.throws(() => openPieces(at('mine'), given), /is no journal of a scan: name another file, or remove it/)
    assert.equal(readFileSync(at('mine'), 'utf8'), text)
  }
  const it = openPieces(at('changed'), given)
  for (const key of ['a', 'b', 'c']) it.well(key)
  it.close()
  const lines = readFileSync(at('changed'), 'utf8').split('\n')
  writeFileSync(at('changed'), lines.map((line, n) => (n === 2 ? line.replace('"noted":0', '"noted":1') : line)).join('\n'))
  const again = openPieces(at('changed'), given)
  assert.deepEqual(['a', 'b', 'c'].map((key) => again.known(key)), [0, undefined, undefined])
  again.close()
  truncateSync(at('changed'), 0)
  openPieces(at('changed'), given).remove()
})

test('pieces of any size wait for their turn, so that a rate is kept over time, and who is stopped waits no longer', async () => {
  let now = 0
  const stop = new AbortController()
  const turns = createTurns({ rate: 1000, yields: false, signal: stop.signal, now: () => now })
  const at: number[] = []
  const all = [10_000, 100, 100, 5000, 1].map((bytes) => turns.turn(bytes).then((on) => on && at.push(now)))
  // The beats of its timer are real; the time that they see is turned.
  while (at.length < 5) {
    now += 100
    await new Promise((resolve) => void setTimeout(resolve, 21))
  }
  assert.equal((await Promise.all(all)).length, 5)
  const [first = -1, second = 0, , fourth = 0, fifth = 0] = at
  assert(first <= 100 && second >= 10_000 && second <= 10_400 && fourth >= 10_200 && fifth >= 15_200 && fifth <= 16_000, at.join())
  const never = turns.turn(1_000_000).then(() => turns.turn(1))
  stop.abort()
  assert.equal(await never, false)
  assert.equal(await turns.turn(1), false)
  turns.close()
})

// One host under a clock that the test turns: what is late, stalled, endless or gone is never news.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turnedClock } from '../../../test/turned-clock.ts'
import { createHostLine, type PipeEars } from './host-line.ts'

const BOOT = '58c1dbd2-296e-4f28-bb18-25fae3b55a7b'
const answer = (n: number, carrier = 1): string => `boot ${n} ${BOOT} 1795287404\nlink eth0 ${carrier} 0 1000 0\nend ${n}\n`

function host(mayDial: () => boolean = () => true) {
  const clock = turnedClock()
  const asked: string[] = []
  const heard: { question: number; asked: number; at: number }[] = []
  const silent: string[] = []
  const pipes: { ears: PipeEars; ended: boolean }[] = []
  let answers: ((question: string, ears: PipeEars) => void) | undefined = (question, ears) => ears.said(answer(Number(question)))
  const line = createHostLine({
    world: clock, mayDial,
    open(ears) {
      const pipe = { ears, ended: false }
      pipes.push(pipe)
      return { write: (text) => {
        asked.push(text)
        answers?.(text.trim(), ears)
      }, end: () => void (pipe.ended = true) }
    },
    heard: (account, at) => void heard.push({ question: account.question, asked: at.tick, at: clock.now().tick }),
    silent: (says) => void silent.push(says),
  })
  return { clock, asked, heard, silent, pipes, line, answer: (how: typeof answers): void => void (answers = how) }
}

test('it is asked each second over one connection, and an answer counts from the moment of its question', async () => {
  const it = host()
  await it.clock.turn(4500)
  assert.deepEqual(it.heard.map(({ question }) => question), [1, 2, 3, 4, 5])
  assert.deepEqual([it.pipes.length, it.silent], [1, []])
  it.line.close()
  assert.equal(it.pipes[0]?.ended, true)
  await it.clock.turn(5000)
  assert.equal(it.asked.length, 5)
  assert.equal(it.clock.armed, 0)
})

test('C-2 C-12 what lay in a stalled connection is as old as its question, and nothing piles up behind it', async () => {
  const it = host()
  let ears: PipeEars | undefined
  it.answer((_, them) => void (ears = them))
  await it.clock.turn(6500)
  assert.deepEqual(it.asked, ['1\n', '2\n'], 'one question is open at most')
  assert.deepEqual(it.silent, ['it does not answer'])
  ears?.said(answer(2))
  assert.deepEqual(it.heard.map(({ asked, at }) => at - asked), [0, 5500])
  // The same late answer once more, or one that was never asked for, ends the conversation.
  it.answer((question, them) => them.said(answer(Number(question) + 1)))
  await it.clock.turn(1000)
  assert.equal(it.pipes[0]?.ended, true)
  assert.equal(it.silent.at(-1), 'it answers what it was not asked')
})

test('X-9 a host that stays away is dialled anew, ever more seldom, and is heard again when it is back', async () => {
  const it = host()
  it.answer(undefined)
  await it.clock.turn(120_000)
  assert.ok(it.pipes.length >= 4 && it.pipes.length <= 9, String(it.pipes.length))
  assert.ok(it.pipes.slice(0, -1).every(({ ended }) => ended), 'one connection at a time')
  assert.deepEqual(it.silent, ['it does not answer'])
  it.answer((question, ears) => ears.said(answer(Number(question))))
  const before = it.heard.length
  await it.clock.turn(45_000)
  assert.ok(it.heard.length > before + 5)
})

test('a connection that ends says why, once for each reason; words in pieces are put together; what has no end is cut off', async () => {
  const it = host()
  it.answer((question, ears) => answer(Number(question)).split('').forEach((letter) => ears.said(letter)))
  await it.clock.turn(1500)
  assert.equal(it.heard.length, 2)
  it.answer((_, ears) => ears.over('Permission denied (publickey).'))
  await it.clock.turn(10_000)
  assert.deepEqual(it.silent.length, 1)
  assert.match(it.silent[0] ?? '', /Permission denied/)
  it.answer((_, ears) => ears.said('x'.repeat(200_000)))
  await it.clock.turn(40_000)
  assert.match(it.silent.at(-1) ?? '', /comes to no end/)
  it.answer((question, ears) => ears.said(answer(Number(question)).replace('boot', 'motd')))
  await it.clock.turn(40_000)
  assert.match(it.silent.at(-1) ?? '', /does not begin/)
})

test('X-5 it is dialled only when its turn comes, so that a hundred that begin at once do not hold each other up', async () => {
  let turns = 0
  const it = host(() => ++turns > 3)
  await it.clock.turn(2500)
  assert.equal(it.pipes.length, 0)
  await it.clock.turn(1000)
  assert.deepEqual([it.pipes.length, it.heard.length], [1, 1])
  await it.clock.turn(5000)
  assert.equal(turns, 4, 'one that is kept asks for no turn')
})

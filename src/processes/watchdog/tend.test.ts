// What the runtime folder lost is made again, by whoever made it. Invariant X-8.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { tend } from './tend.ts'

function world(t: { after(fn: () => void): void }) {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-tend-'))
  t.after(() => fs.rmSync(place, { recursive: true }))
  const first = path.join(place, 'first')
  const did: string[] = []
  const it = { place, first, did, makes: first, listens: ['ringer', 'keeper'] }
  const touch = (runtime: string, name: string): void => fs.writeFileSync(path.join(runtime, name), '')
  const make = (): string => {
    fs.mkdirSync(it.makes)
    did.push(`make ${path.basename(it.makes)}`)
    return it.makes
  }
  const take = (runtime: string, lockIsGone: boolean): Promise<boolean> => {
    for (const name of lockIsGone ? ['watchdog.db', 'watchdog.sock'] : ['watchdog.sock']) touch(runtime, name)
    did.push(lockIsGone ? 'take' : 'answer')
    return Promise.resolve(true)
  }
  make()
  void take(first, true)
  for (const name of it.listens) touch(first, `${name}.sock`)
  did.length = 0
  const tending = tend(first, {
    make, take, listeners: () => it.listens, moved: (runtime) => did.push(`moved ${path.basename(runtime)}`), say: (line) => did.push(line.includes('removed') ? 'said' : 'said that it cannot'),
    listenAgain(name, runtime) {
      touch(runtime, `${name}.sock`)
      did.push(`listen ${name}`)
    },
  })
  const turn = async (): Promise<string[]> => {
    await tending.turn()
    return did.splice(0)
  }
  return { ...it, turn, set: (to: Partial<typeof it>) => Object.assign(it, to) }
}

test('X-8 a runtime folder that is removed is made again: lock, socket of the watchdog, sockets of those who listen', async (t) => {
  const { first, turn } = world(t)
  assert.deepEqual(await turn(), [])
  fs.rmSync(first, { recursive: true })
  assert.deepEqual(await turn(), ['make first', 'take', 'said', 'listen ringer', 'listen keeper'])
  assert.deepEqual(await turn(), [])
})

test('X-8 one file that a cleaner took is made again; a socket that is just being made is left alone', async (t) => {
  const { first, turn } = world(t)
  fs.rmSync(path.join(first, 'watchdog.sock'))
  assert.deepEqual(await turn(), ['answer', 'said'])
  fs.rmSync(path.join(first, 'keeper.sock'))
  assert.deepEqual(await turn(), [])
  assert.deepEqual(await turn(), ['listen keeper'])
  fs.rmSync(path.join(first, 'watchdog.db'))
  assert.deepEqual(await turn(), ['take', 'said'])
})

test('X-8 where the place itself is gone (its user logged out) another is taken, and whoever dials learns it; until there is one it is said once', async (t) => {
  const { place, first, turn, set } = world(t)
  fs.rmSync(first, { recursive: true })
  set({ makes: path.join(place, 'no/where') })
  assert.deepEqual(await turn(), ['said that it cannot'])
  assert.deepEqual(await turn(), [])
  set({ makes: path.join(place, 'second') })
  assert.deepEqual(await turn(), ['make second', 'take', 'said', 'listen ringer', 'listen keeper', 'moved second'])
  assert.deepEqual(await turn(), [])
})

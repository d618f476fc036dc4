import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { askAll, listen, stayConnected, type Wire } from './wire.ts'

test('siblings hear each other, also one that only listens, and find each other again', { timeout: 10_000 }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hf-wire-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const at = path.join(folder, 'a.sock')
  const heard: Wire[] = []
  const open = (): Promise<{ close(): void }> => listen(at, {
    onMessage(message) {
      heard.push(message)
      return { is: 'pong', big: 'x'.repeat(Number(message['size'] ?? 0)) }
    },
  })
  const server = await open()
  let opened = 0
  let again = (): void => undefined
  const connection = stayConnected(at, {
    onMessage: () => undefined,
    onOpen() {
      opened++
      again()
    },
  })
  await new Promise<void>((resolve) => (again = resolve))
  const pong = await connection.link?.ask({ is: 'ping', size: 300_000 }, 2000)
  assert.equal(pong?.['big'], 'x'.repeat(300_000))
  const lost = connection.link?.ask({ is: 'ping' }, 2000)
  server.close()
  await assert.rejects(async () => lost, /lost/)
  const back = new Promise<void>((resolve) => (again = resolve))
  const second = await open()
  await back
  assert.equal(opened, 2)
  connection.link?.send({ is: 'told' })
  assert.equal((await connection.link?.ask({ is: 'ping' }, 2000))?.is, 'pong')
  assert(heard.some((message) => message.is === 'told'))
  connection.close()
  second.close()
})

test('all have answered when each of every kind has: one that is silent, gone or not there at all has not', async () => {
  const says = (is: string): { ask(): Promise<Wire> } => ({ ask: () => Promise.resolve({ is }) })
  const gone = { ask: (): Promise<Wire> => Promise.reject(new Error('no reply within 2000 ms')) }
  const all = (...kinds: readonly (readonly ReturnType<typeof says>[])[]): Promise<boolean> => askAll(kinds.map((links) => new Set(links)), { is: 'forget-names' }, 2000)
  assert.deepEqual([await all([says('ok')]), await all([says('ok'), says('ok')], [says('ok')])], [true, true])
  for (const kinds of [[[]], [[says('ok')], []], [[says('ok'), gone]], [[says('ok')], [gone]], [[says('error')]]]) assert.equal(await all(...kinds), false)
})

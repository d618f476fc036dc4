// People who are asked by a command that waits for them: the command as its own process, the links as they were sent, and what each person says behind theirs.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { root, until, type Hook, type Running } from '../test/story/world.ts'
import { nextCode, type Authenticator } from './authenticators.ts'

/** A command that asked people, and waits for them. */
export interface Asking {
  /** What is asked, as it is printed at once. */
  readonly id: string
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

/** Runs a command that asks two people, up to where it waits. */
export async function asking({ folder }: Pick<Running, 'folder'>, ...args: readonly string[]): Promise<Asking> {
  const child = spawn(path.join(root, 'bin/holdfast'), [...args, '--data', path.join(folder, 'data')], { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err, isOver] = ['', '', false]
  child.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()))
  const ended = new Promise<Awaited<Asking['ended']>>((resolve) => void child.once('close', (code) => {
    isOver = true
    resolve({ code, out, err })
  }))
  const id = await until(`${args.join(' ')} says whom it waits for`, 30_000, () => {
    const said = /(\S+) is asked of .*Waiting until both have said it/.exec(err)?.[1]
    assert(said !== undefined || !isOver, `it did not wait: ${out}${err}`)
    return said
  })
  return { id, ended }
}

/** Says something behind the link that a person was sent. */
export async function says(hooks: readonly Hook[], id: string, who: string, keys: readonly Authenticator[] | undefined, act: 'yes' | 'no' = 'yes', typed?: string): Promise<void> {
  const told = await until(`${who} is asked`, 20_000, () => hooks.map(({ body }) => body as unknown as { schema: string; id: string; person: string; url: string; hash: string }).find((one) => one.schema === 'holdfast.approve/1' && one.id === id && one.person === who))
  assert(keys)
  const reply = await fetch(told.url, { method: 'POST', body: new URLSearchParams({ hash: told.hash, act, ...(act === 'yes' ? { totp: await nextCode(keys) } : {}), ...(typed === undefined ? {} : { typed }) }) })
  const text = await reply.text()
  assert.equal(reply.status, 200, /Not done[^<]*/.exec(text)?.[0] ?? text)
}

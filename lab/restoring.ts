// Whole copies of servers restored to live, out of the store of a drilling test: what the command does for whoever restores, and a server that is then
// started on what it left, as the next lines of its report say.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { instantOf } from '../src/core/time.ts'
import { openReading } from '../src/processes/restore/fetch.ts'
import { restoreTools } from '../src/processes/restore/tools.ts'
import type { RestoreReport } from '../src/rooms/guard/restore/report.ts'
import type { StorePlace } from '../src/rooms/guard/config.ts'
import type { RestoreBegunAnswer } from '../src/views/restore/restores.ts'
import type { WholeWants } from '../src/views/restore/restoring.ts'
import type { Drilling } from './drilling.ts'

export type RestoreGiven = Partial<Omit<WholeWants, 'begun' | 'to'>> & { readonly engine: string; readonly begun?: Partial<RestoreBegunAnswer> }

/** What the server would answer for a verified copy, and all else that a restore to a folder wants. */
export async function wantsOf({ nas, folder }: Pick<Drilling, 'nas' | 'folder'>, key: string, to: string, { engine, begun, ...more }: RestoreGiven): Promise<WholeWants> {
  const store: StorePlace = { name: 'nas', kind: 'dir', settings: { dir: nas(), marker: '.holdfast-store' } }
  const { reading, close } = openReading(store, '/', true)
  try {
    const found = await reading.head({ key }, new AbortController().signal)
    assert(found.is === 'version', `${key} is not there`)
    return {
      store, home: '/', lab: true, scratch: `${folder}/scratch`, say: () => undefined, signal: new AbortController().signal, to: { is: 'folder', folder: to }, ...more,
      begun: {
        schema: 'holdfast.restore-begun/1', id: `restore_${randomBytes(16).toString('hex')}`, set: 'shop', engine, store: 'nas', copy: { key, version_id: null, etag: found.etag, bytes: found.bytes, modified_at: found.modifiedAt },
        at: instantOf(Date.now()), rung: 6, proven_at: null, verified: true, says: '', sha256: null, parts: [], manifest: null, ...begun,
      },
    }
  } finally {
    close()
  }
}

export const restored = async (it: Pick<Drilling, 'nas' | 'folder'>, key: string, to: string, more: RestoreGiven): Promise<RestoreReport> => restoreTools.whole(await wantsOf(it, key, to, more))

/** Runs a server as an account of this machine until `act` has ended. */
export async function serving<T>(account: string, [file = '', ...args]: readonly string[], ready: RegExp, act: () => T): Promise<T> {
  const child = spawn('setpriv', [`--reuid=${account}`, `--regid=${account}`, '--init-groups', file, ...args], { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let said = ''
  try {
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => ready.test(said += chunk.toString()) && resolve())
      void ended.then(() => reject(new Error(`it did not start: ${said.slice(-2000)}`)))
    })
    return act()
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

// A keeper of straw for tests of the prober: it listens where the keeper would, hands out a timetable, and collects what
// comes. The prober beside it is the real program, started as the watchdog would start it.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ms } from '../src/core/time.ts'
import { listen, type Link } from '../src/ports/wire.ts'
import type { Check } from '../src/rooms/watch/check.ts'
import type { Looked, ToKeeper, ToProber } from '../src/rooms/watch/protocol.ts'

export interface FakeKeeper {
  readonly runtime: string
  /** Everything that came, in order. */
  readonly heard: ToKeeper[]
  readonly looked: Looked[]
  dropped: number
  send(message: ToProber): void
  timetable(checks: readonly Check[]): void
  /** Goes away; the prober loses its link. */
  leave(): void
  /** Comes (back), knowing nothing. */
  come(): Promise<void>
  end(): void
}

export async function fakeKeeper(): Promise<FakeKeeper> {
  const runtime = mkdtempSync(path.join(tmpdir(), 'holdfast-prober-'))
  let link: Link | undefined
  let server: { close(): void } | undefined
  let told: readonly Check[] = []
  const keeper: FakeKeeper = {
    runtime, heard: [], looked: [], dropped: 0,
    send: (message) => void link?.send(message),
    timetable(checks) {
      told = checks
      keeper.send({ is: 'timetable', version: '1', checks })
    },
    leave() {
      server?.close()
      server = undefined
    },
    async come() {
      server = await listen(path.join(runtime, 'keeper.sock'), {
        onLost: () => void (link = undefined),
        onMessage(message, from) {
          const it = message as unknown as ToKeeper
          keeper.heard.push(it)
          if (it.is === 'looked') {
            keeper.looked.push(...it.results)
            keeper.dropped += it.dropped
          }
          if (it.is !== 'hello') return
          link = from
          if (told.length > 0) keeper.timetable(told)
        },
      })
    },
    end() {
      keeper.leave()
      rmSync(runtime, { recursive: true, force: true })
    },
  }
  await keeper.come()
  return keeper
}

/** Starts the real prober and hands it its beginnings; with few descriptors, if so many are named. */
export function startProber(runtime: string, descriptors?: number): { readonly process: ChildProcess; progress(): number; end(): Promise<void> } {
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors}; `
  const program = fileURLToPath(new URL('../src/processes/prober.ts', import.meta.url))
  const child = spawn('/bin/sh', ['-c', `${limit}exec "$0" "$@"`, process.execPath, '--disable-warning=ExperimentalWarning', program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  let progress = 0
  child.on('message', (message: { is: string; progress?: number }) => void (progress = message.progress ?? progress))
  child.send({ is: 'init', runtime, name: 'prober-1' })
  return {
    process: child,
    progress: () => progress,
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const over = once(child, 'exit')
      child.kill('SIGKILL')
      await over
    },
  }
}

/** A web server on loopback that says "ok". */
export async function webServer(answer: http.RequestListener = (_, reply) => reply.end('ok')): Promise<{ readonly port: number; close(): void }> {
  const server = http.createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

export const checkOf = (name: string, kind: string, settings: unknown, more: Partial<Check> = {}): Check => ({
  name, kind, settings, every: ms(2_000), timeout: ms(1_000), failAfter: 2, recoverAfter: 2, seenFrom: 1, unknownAfter: ms(120_000), dependsOn: [],
  escalate: 'default', loopback: true, from: 'holdfast.yaml:1', ...more,
})

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean, within = 60_000): Promise<void> {
  const limit = performance.now() + within
  while (!holds()) {
    if (performance.now() > limit) throw new Error(`not within ${within} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The value below which so many of a hundred lie. */
export const percentile = (values: readonly number[], of: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil((values.length * of) / 100) - 1)] ?? 0

// A real ringer for tests: the process itself, its socket in a folder of its own, and a scripted keeper at the other end.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { stayConnected, type Link } from '../../src/ports/wire.ts'
import type { Plan } from '../../src/rooms/page/plan.ts'
import type { AskRinger, FromRinger, RingerSays, ToRinger } from '../../src/rooms/page/protocol.ts'

const PROGRAM = fileURLToPath(new URL('../../src/processes/ringer.ts', import.meta.url))

export interface RingerWant {
  readonly runtime?: string
  readonly key?: Uint8Array
  readonly plan?: Plan
  readonly silence?: number
  readonly confirm?: number
  readonly sending?: number
}

export interface RingerProcess {
  readonly child: ChildProcess
  readonly runtime: string
  readonly socket: string
  readonly reports: { readonly is: string; readonly [field: string]: unknown }[]
  say(message: Record<string, unknown>): void
  /** Ends it by force and takes its folder away. */
  end(): Promise<void>
}

export async function startRinger(want: RingerWant = {}): Promise<RingerProcess> {
  const runtime = want.runtime ?? mkdtempSync(path.join(os.tmpdir(), 'holdfast-ringer-'))
  const child = fork(PROGRAM, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const reports: RingerProcess['reports'] = []
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: RingerProcess['reports'][number]) => {
      if (reports.length < 1000) reports.push(message)
      if (message.is === 'ready') resolve()
      if (message.is === 'fatal') reject(new Error(String(message['says'])))
    })
    child.once('exit', (code, signal) => reject(new Error(`the ringer ended: ${code ?? signal}`)))
  })
  const { key, plan, silence, confirm, sending } = want
  child.send({ is: 'init', plan, silence, confirm, sending, runtime, ...(key ? { key: Buffer.from(key).toString('base64') } : {}) })
  await ready
  return {
    child, runtime, reports, socket: path.join(runtime, 'ringer.sock'),
    say: (message) => void child.send(message),
    async end() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      if (want.runtime === undefined) rmSync(runtime, { recursive: true, force: true })
    },
  }
}

export interface ScriptedKeeper {
  readonly heard: FromRinger[]
  send(message: ToRinger): void
  /** Beats every `every` ms while `beating`. */
  beating: boolean
  until<Is extends FromRinger['is']>(is: Is, matches?: (message: FromRinger & { is: Is }) => boolean): Promise<FromRinger & { is: Is }>
  close(): void
}

/** Connects to a ringer as its keeper would; what it says is up to the test. */
export function scriptedKeeper(socket: string, every: number): ScriptedKeeper {
  const heard: FromRinger[] = []
  const watchers = new Set<() => void>()
  const early: ToRinger[] = []
  const connection = stayConnected(socket, {
    onOpen: (link) => early.splice(0).forEach((message) => link.send(message)),
    onMessage(message) {
      heard.push(message as unknown as FromRinger)
      for (const look of [...watchers]) look()
    },
  })
  const timer = setInterval(() => {
    if (keeper.beating) keeper.send({ is: 'beat' })
  }, every)
  const keeper: ScriptedKeeper = {
    heard, beating: true,
    send(message) {
      if (connection.link) connection.link.send(message)
      else if (message.is !== 'beat') early.push(message)
    },
    until(is, matches = () => true) {
      return new Promise((resolve) => {
        const look = (): void => {
          const found = heard.find((message): message is FromRinger & { is: typeof is } => message.is === is && matches(message as FromRinger & { is: typeof is }))
          if (!found) return
          watchers.delete(look)
          resolve(found)
        }
        watchers.add(look)
        look()
      })
    },
    close() {
      clearInterval(timer)
      connection.close()
    },
  }
  return keeper
}

/** Asks a ringer as the web would. */
export async function askRinger(socket: string, question: AskRinger, within = 5000): Promise<RingerSays> {
  const connected = Promise.withResolvers<Link>()
  const connection = stayConnected(socket, { onOpen: (link) => connected.resolve(link), onMessage: () => undefined })
  try {
    return (await (await connected.promise).ask(question, within)) as unknown as RingerSays
  } finally {
    connection.close()
  }
}

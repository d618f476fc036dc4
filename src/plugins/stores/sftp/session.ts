// One conversation with an SFTP server over two pipes: questions are numbered, answers find theirs, and whatever fits no question ends it. A question
// that its signal gives up ends the conversation too: what an answer that comes later belongs to is nobody's guess. The next call begins anew.
import { coded, Fault, sentence, silence } from '../../../core/fault.ts'
import type { Spoken } from '../../../ports/store.ts'
import { whyGone } from '../../../ports/world/ssh.ts'
import { ASK, helloFrom, malformed, MOST_PACKET, packet, replyFrom, u32, type Hello, type Reply } from './packet.ts'

const MOST_ASKED = 64

export interface Session {
  /** What else the server can do, by name. */
  readonly extensions: ReadonlyMap<string, string>
  ask(type: number, parts: readonly Buffer[], signal: AbortSignal): Promise<Reply>
}

export interface Line {
  /** The conversation that there is, or a new one. */
  session(signal: AbortSignal): Promise<Session>
}

interface Waiting {
  resolve(reply: Reply): void
  reject(cause: Fault): void
}

/** Opens conversations one after another: another as soon as one has ended. `start` starts the program, or rejects where that may not lead there. */
export function createLine(start: () => Promise<Spoken>, where: string): Line {
  let live: { readonly opened: Promise<Session>; readonly isOver: () => boolean } | undefined
  const begin = (): NonNullable<typeof live> => {
    let begun: ReturnType<typeof open> | undefined
    let failed = false
    const opened = start().then((program) => (begun = open(program, where)).opened)
    opened.catch(() => (failed = true))
    return { opened, isOver: () => failed || begun?.isOver() === true }
  }
  return {
    async session(signal) {
      if (signal.aborted) throw silence(`no answer of ${where}`)
      if (!live || live.isOver()) live = begin()
      const at = live
      const { promise, reject } = Promise.withResolvers<never>()
      const giveUp = (): void => reject(silence(`no answer of ${where}`))
      signal.addEventListener('abort', giveUp, { once: true })
      try {
        return await Promise.race([at.opened, promise])
      } finally {
        signal.removeEventListener('abort', giveUp)
      }
    },
  }
}

function open(program: Spoken, where: string): { opened: Promise<Session>; isOver: () => boolean } {
  const waiting = new Map<number, Waiting>()
  const hello = Promise.withResolvers<Hello>()
  hello.promise.catch(() => undefined)
  let greeted = false
  let over: Fault | undefined
  let asked = 0

  const end = (cause: Fault): void => {
    if (over) return
    over = cause
    program.kill()
    hello.reject(cause)
    for (const { reject } of waiting.values()) reject(cause)
    waiting.clear()
  }
  const take = (body: Buffer): void => {
    if (!greeted) {
      greeted = true
      return hello.resolve(helloFrom(body))
    }
    const { id, reply } = replyFrom(body)
    const one = waiting.get(id)
    if (!one) throw malformed('it answers what nobody asked')
    waiting.delete(id)
    one.resolve(reply)
  }
  listen(program, take, end, where)
  program.input.write(packet(ASK.init, u32(3)))

  const session = (extensions: Hello['extensions']): Session => ({
    extensions,
    async ask(type, parts, signal) {
      if (over) throw over
      if (signal.aborted) throw silence(`no answer of ${where}`)
      if (waiting.size >= MOST_ASKED) throw new Fault(`${where} leaves more than ${MOST_ASKED} questions without an answer`, 'later')
      asked = (asked + 1) >>> 0
      const id = asked
      const { promise, resolve, reject } = Promise.withResolvers<Reply>()
      waiting.set(id, { resolve, reject })
      const giveUp = (): void => end(silence(`no answer of ${where}`))
      signal.addEventListener('abort', giveUp, { once: true })
      program.input.write(packet(type, u32(id), ...parts))
      try {
        return await promise
      } finally {
        signal.removeEventListener('abort', giveUp)
      }
    },
  })
  const opened = hello.promise.then(({ version, extensions }) => {
    if (version === 3) return session(extensions)
    const cause = new Fault(`${where} speaks SFTP version ${version}, and only 3 is understood`, 'never')
    end(cause)
    throw cause
  })
  opened.catch(() => undefined)
  return { opened, isOver: () => over !== undefined }
}

/** Cuts what comes into packets; memory is one packet and one chunk. */
function listen({ input, output, said }: Spoken, take: (body: Buffer) => void, end: (cause: Fault) => void, where: string): void {
  let held: Buffer = Buffer.alloc(0)
  let begun = false
  output.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    try {
      for (;;) {
        if (held.length < 4) return
        const length = held.readUInt32BE()
        if (length < 1 || length > MOST_PACKET) throw malformed(begun ? 'a packet is longer than any' : 'what it says first is no packet; does its shell print something at login?')
        if (held.length < 4 + length) return
        begun = true
        const body = held.subarray(4, 4 + length)
        held = held.subarray(4 + length)
        take(body)
      }
    } catch (cause) {
      held = Buffer.alloc(0)
      end(cause instanceof Fault ? cause : new Fault(sentence(cause), 'later', cause))
    }
  })
  const gone = (): void => end(farewell(said(), where))
  output.on('end', gone)
  output.on('error', gone)
  output.on('close', gone)
  input.on('error', gone)
}

/** What ssh says when it goes, for people. */
function farewell(said: string, where: string): Fault {
  const { is, says } = whyGone(said, where)
  return is === 'stranger' ? coded('EHOSTKEY', `${says}, or into \`host_key\``, 'never') : is === 'refused' ? coded('EAUTH', says, 'never') : coded('ECONNRESET', says)
}

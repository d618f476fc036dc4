// Files over there: the few verbs of SFTP that a store needs, each with an answer of three kinds: it is so, there is no such thing, or a Fault. What the
// server says is bounded and looked at: a folder that never ends, a name that is a path, more bytes than were asked for are refused.
import { coded, Fault, sentence } from '../../../core/fault.ts'
import { sayKey } from '../../../ports/store/key.ts'
import { ASK, malformed, modeAttrs, NO_ATTRS, OPEN, sized, STATUS, u32, u64, type Attrs, type Entry, type Reply } from './packet.ts'
import type { Line, Session } from './session.ts'

const MOST_NAMES = 1_000_000
/** Servers give at least this much at once. */
const STEP = 32 * 1024
const AT_ONCE = 16
const FSYNC = 'fsync@openssh.com'

export interface Remote {
  realpath(path: string): Promise<string>
  /** `undefined`: nothing is there. */
  lstat(path: string): Promise<Attrs | undefined>
  /** Everything in a folder but itself and the one above. */
  names(path: string): Promise<readonly Entry[]>
  /** Opens a file, gives its attributes and a way to read it, and closes it; `undefined`: nothing is there. */
  reading<T>(path: string, act: (attrs: Attrs, range: (from: number, bytes: number) => Promise<Buffer>) => Promise<T>): Promise<T | undefined>
  /** Writes a small file that was not there. */
  write(path: string, text: string): Promise<void>
  mkdir(path: string): Promise<void>
  /** Fails where something stands at `to`. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  rmdir(path: string): Promise<void>
}

/** What the server refused, with the code of its status. */
export const refusedBy = (cause: unknown): number | undefined => (cause instanceof Fault && 'status' in cause && typeof cause.status === 'number' ? cause.status : undefined)

/** The verbs, all under one signal. */
export function createRemote(line: Line, signal: AbortSignal): Remote {
  const ask = async (type: number, ...parts: readonly Buffer[]): Promise<Reply> => (await line.session(signal)).ask(type, parts, signal)
  const plainly = async (what: string, path: string, type: number, ...parts: readonly Buffer[]): Promise<void> => {
    const reply = await ask(type, ...parts)
    if (reply.is !== 'status') throw malformed('it answers something else than was asked')
    if (reply.code !== STATUS.ok) throw declined(what, path, reply)
  }
  const handled = async <T>(session: Session, handle: Buffer, act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } finally {
      // After a conversation that broke there is nothing to close.
      await session.ask(ASK.close, [sized(handle)], signal).catch(() => undefined)
    }
  }
  const attrsOf = (reply: Reply, path: string): Attrs | undefined => {
    if (reply.is === 'status' && reply.code === STATUS.absent) return undefined
    if (reply.is === 'status' && reply.code !== STATUS.ok) throw declined('looked at', path, reply)
    if (reply.is !== 'attrs') throw malformed('it answers something else than was asked')
    return reply.attrs ?? incomplete(path)
  }
  return {
    async realpath(path) {
      const reply = await ask(ASK.realpath, sized(path))
      if (reply.is === 'status') throw declined('found', path, reply)
      const [only] = reply.is === 'name' ? reply.entries : []
      const text = only?.name.toString() ?? ''
      if (!text.startsWith('/') || text.includes('\0') || text.includes('\ufffd')) throw malformed('a path of its own is none')
      return text
    },
    lstat: async (path) => attrsOf(await ask(ASK.lstat, sized(path)), path),
    async names(path) {
      const session = await line.session(signal)
      const opened = await session.ask(ASK.opendir, [sized(path)], signal)
      if (opened.is === 'status') throw declined('read', path, opened)
      if (opened.is !== 'handle') throw malformed('it answers something else than was asked')
      return handled(session, opened.bytes, () => namesFrom(session, opened.bytes, path, signal))
    },
    async reading(path, act) {
      const session = await line.session(signal)
      const opened = await session.ask(ASK.open, [sized(path), u32(OPEN.read), NO_ATTRS], signal)
      if (opened.is === 'status' && opened.code === STATUS.absent) return undefined
      if (opened.is === 'status') throw declined('read', path, opened)
      if (opened.is !== 'handle') throw malformed('it answers something else than was asked')
      return handled(session, opened.bytes, async () => {
        const attrs = attrsOf(await session.ask(ASK.fstat, [sized(opened.bytes)], signal), path) ?? incomplete(path)
        return act(attrs, (from, bytes) => rangeFrom(session, opened.bytes, { from, bytes }, signal))
      })
    },
    async write(path, text) {
      const session = await line.session(signal)
      const opened = await session.ask(ASK.open, [sized(path), u32(OPEN.write | OPEN.create | OPEN.exclusive), modeAttrs(0o600)], signal)
      if (opened.is === 'status') throw declined('written', path, opened)
      if (opened.is !== 'handle') throw malformed('it answers something else than was asked')
      await handled(session, opened.bytes, async () => {
        const reply = await session.ask(ASK.write, [sized(opened.bytes), u64(0), sized(text)], signal)
        if (reply.is !== 'status' || reply.code !== STATUS.ok) throw declined('written', path, reply)
        if (session.extensions.has(FSYNC)) await session.ask(ASK.extended, [sized(FSYNC), sized(opened.bytes)], signal)
      })
    },
    mkdir: (path) => plainly('made', path, ASK.mkdir, sized(path), modeAttrs(0o700)),
    rename: (from, to) => plainly('moved', from, ASK.rename, sized(from), sized(to)),
    remove: (path) => plainly('removed', path, ASK.remove, sized(path)),
    rmdir: (path) => plainly('removed', path, ASK.rmdir, sized(path)),
  }
}

const incomplete = (path: string): never => {
  throw new Fault(`the server does not say size, owner, mode and time of “${sayKey(path)}”: nothing can be judged by it`, 'never')
}

function declined(what: string, path: string, reply: Reply): Fault {
  const [code, says] = reply.is === 'status' ? [reply.code, reply.says] : [-1, '']
  const why = code === STATUS.absent ? 'there is no such thing' : code === STATUS.denied ? 'permission denied' : sentence(says === '' ? `status ${code}` : says)
  return Object.assign(coded('ESFTP', `“${sayKey(path)}” cannot be ${what} (${why})`), { status: code })
}

async function namesFrom(session: Session, handle: Buffer, path: string, signal: AbortSignal): Promise<readonly Entry[]> {
  const all: Entry[] = []
  const seen = new Set<string>()
  for (;;) {
    const reply = await session.ask(ASK.readdir, [sized(handle)], signal)
    if (reply.is === 'status' && reply.code === STATUS.eof) return all
    if (reply.is === 'status') throw declined('read', path, reply)
    if (reply.is !== 'name' || reply.entries.length === 0) throw malformed('a folder goes on and gives nothing')
    for (const entry of reply.entries) {
      const name = entry.name.toString('latin1')
      if (name === '.' || name === '..') continue
      if (name === '' || name.includes('/') || name.includes('\0')) throw malformed('a name in a folder is no name')
      if (seen.has(name)) throw malformed('a folder gives one name twice')
      seen.add(name)
      all.push(entry)
    }
    if (all.length > MOST_NAMES) throw new Fault(`“${sayKey(path)}” holds more than ${MOST_NAMES} names; so many in one folder are not listed: spread them over folders`, 'never')
  }
}

/** So many bytes, or all up to the end of the file; several questions at a time. */
async function rangeFrom(session: Session, handle: Buffer, { from, bytes }: { from: number; bytes: number }, signal: AbortSignal): Promise<Buffer> {
  const whole = Buffer.alloc(bytes)
  const piece = async (at: number, length: number): Promise<number> => {
    let got = 0
    while (got < length) {
      const reply = await session.ask(ASK.read, [sized(handle), u64(from + at + got), u32(length - got)], signal)
      if (reply.is === 'status' && reply.code === STATUS.eof) return got
      if (reply.is === 'status') throw declined('read', 'it', reply)
      if (reply.is !== 'data' || reply.bytes.length === 0 || reply.bytes.length > length - got) throw malformed('it gives other bytes than were asked for')
      reply.bytes.copy(whole, at + got)
      got += reply.bytes.length
    }
    return got
  }
  for (let at = 0; at < bytes; at += STEP * AT_ONCE) {
    const steps = Array.from({ length: Math.min(AT_ONCE, Math.ceil((bytes - at) / STEP)) }, (_, n) => at + n * STEP)
    const got = await Promise.all(steps.map((start) => piece(start, Math.min(STEP, bytes - start))))
    const short = steps.findIndex((start, n) => got[n] !== Math.min(STEP, bytes - start))
    if (short >= 0) return whole.subarray(0, (steps[short] ?? 0) + (got[short] ?? 0))
  }
  return whole
}

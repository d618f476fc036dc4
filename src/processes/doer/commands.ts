// Programs for drivers: on this machine, or on a host of the configuration by the system's ssh. A program that must run once is begun by a script on its
// target (target-script.ts), which is told how long the beginning is good, counted from its own hello: whatever stood in between, a connection that
// stalled or a doer that was frozen, makes it late, and nothing is begun. Once the word to begin was sent, whoever loses sight of it says
// `unknown`, and may ask the marker later. Here nothing is kept of what a program writes but its beginning and its end.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { codeOf, Fault, sentence, silence } from '../../core/fault.ts'
import type { Span } from '../../core/time.ts'
import { blot } from '../../ports/driver/blot.ts'
import { HALTED, type Command, type Commands, type Once, type Output, type Ran, type Recalled } from '../../ports/driver/commands.ts'
import { quoted, sshArgv, whyGone } from '../../ports/world/ssh.ts'
import type { Clock, Timers } from '../../ports/world.ts'
import type { Door } from '../../rooms/change/topology.ts'
import { environment } from '../alone.ts'
import { HEAD, scriptAt, TAIL } from './target-script.ts'

export interface CommandsWants {
  /** How hosts are reached, by name. */
  readonly doors: Readonly<Record<string, Door>>
  readonly world: Clock & Timers
  /** Another place to remember in what was begun; absent but for tests. */
  readonly markers?: string
}

const LOCAL = 'local'
/** No system takes a longer word, and the whole of a remote command is one. */
const MOST_WORDS = 100_000
const MOST_HEARD = HEAD + TAIL + 65_536
const MOST_SAID = 16_384
const NAME = /^[A-Za-z0-9_-]{1,80}(?:\.[A-Za-z0-9_-]{1,80})*$/
/** A look at what is there, and the last word to what is to be killed. */
const SOON: Span = 20_000 as Span
const KILL_WITHIN: Span = 800 as Span

type Wanted = 'hello' | 'begin' | 'recall' | 'kill'

/** A conversation with the script on a target. */
interface Talk {
  /** The next line of the script's own; `undefined` when it has ended. */
  line(): Promise<readonly string[] | undefined>
  /** So many bytes, of what the command wrote. */
  bytes(many: number): Promise<Buffer | undefined>
  say(text: string): void
  /** Why it ended. */
  why(): { readonly is: 'unreachable' | 'stranger'; readonly says: string }
  /** What ssh said of the key of the host. */
  hostKey(): string
  close(): void
}

/** Runs programs where the doors lead. */
export function createCommands({ doors, world, markers }: CommandsWants): Commands {
  const script = scriptAt(markers)
  const open = (on: string, wanted: Wanted, { name, of = '-' }: Pick<Once, 'name' | 'of'>, argv: readonly string[]): Talk => {
    const nonce = `hf-${randomBytes(9).toString('hex')}`
    const words = ['/bin/sh', '-c', script, 'holdfast', nonce, wanted, name, wordOf(of), ...argv] as const
    if (on === LOCAL) return talkWith(start([...words]), { nonce, where: 'this machine', isSsh: false })
    const door = Object.hasOwn(doors, on) ? doors[on] : undefined
    if (!door) throw new Fault(`no way is known to reach ${on}: the configuration gives it no ssh`, 'never')
    return talkWith(start(loud(sshArgv(door, { command: `exec ${asked(door, words)}` }))), { nonce, where: on, isSsh: true, via: door.via })
  }
  const within = (span: Span, signal: AbortSignal, act: () => void): (() => void) => {
    const cancel = world.after(span, act)
    signal.addEventListener('abort', act, { once: true })
    return () => {
      cancel()
      signal.removeEventListener('abort', act)
    }
  }
  /** It is waited for only so long, and goes on to its end beyond that: what is half killed stands still. */
  const kill = (on: string, once: Once): Promise<void> => {
    const talk = open(on, 'kill', once, [])
    const { promise, resolve } = Promise.withResolvers<void>()
    const soon = world.after(KILL_WITHIN, resolve)
    const giveUp = world.after(SOON, () => talk.close())
    const heard = async (): Promise<void> => {
      while (await talk.line());
      giveUp()
      soon()
      talk.close()
      resolve()
    }
    void heard()
    return promise
  }

  const begin = async (command: Command, signal: AbortSignal): Promise<Ran> => {
    const { once, on, argv, onHalt } = command
    if (!once || !NAME.test(once.name)) throw new Fault('a command that runs once has a name', 'never')
    if (argv.reduce((sum, word) => sum + word.length + 4, 0) > MOST_WORDS) throw new Fault(`a command has at most ${MOST_WORDS} bytes`, 'never')
    if (argv.some((word) => word.includes('\0'))) throw new Fault('a word of a command holds no NUL', 'never')
    if (signal.aborted) return LATE
    const talk = open(on, 'begin', once, argv)
    let over = false
    const end = within(command.within, signal, () => {
      over = true
      talk.close()
    })
    try {
      const hello = await talk.line()
      const { tick, boot } = world.now()
      if (over) return LATE
      if (hello?.[0] !== 'hello') return { is: 'refused', why: talk.why().is, says: talk.why().says }
      // Counted from when its hello came, and so from later than it was said: its own clock gives it less, never more.
      const left = boot === once.notAfter.boot ? Math.floor((once.notAfter.tick - tick) / 10) : -1
      if (left < 0) return LATE
      if (once.mayLeave?.() === false) return HALTED_BEFORE
      talk.say(`go ${left} ${[once.step ?? '-', ...(once.beside ?? [])].map(wordOf).join(' ')}\n`)
      const ran = await follow(talk, once.name)
      if (ran.is === 'unknown' && over && onHalt === 'kill' && signal.reason === HALTED) await kill(on, once)
      return ran
    } finally {
      end()
      talk.close()
    }
  }

  return {
    run: (command, signal) => (command.once ? begin(command, signal) : look(command, signal, { doors, world })),
    async recall(once, on, signal) {
      if (!NAME.test(once.name)) throw new Fault('that is no name of a beginning', 'never')
      const talk = open(on, 'recall', once, [])
      const end = within(SOON, signal, () => talk.close())
      try {
        if ((await talk.line())?.[0] !== 'hello') throw new Fault(talk.why().says)
        return await recalled(talk)
      } finally {
        end()
        talk.close()
      }
    },
    async identify(on, signal) {
      if (signal.aborted) throw silence(`no answer from ${on}`)
      const talk = open(on, 'hello', { name: 'none' }, [])
      const end = within(SOON, signal, () => talk.close())
      try {
        const [word, , boot, name] = (await talk.line()) ?? []
        if (word !== 'hello' || boot === undefined) throw new Fault(talk.why().says)
        return on === LOCAL ? `this machine, ${hostname()}, boot ${boot}` : `${sentence(name ?? '?')}, host key ${talk.hostKey()}, boot ${boot}`
      } finally {
        end()
        talk.close()
      }
    },
  }
}

const HALTED_BEFORE: Ran = { is: 'refused', why: 'late', says: 'the run was halted before the word to begin was sent; nothing was begun' }
const LATE: Ran = { is: 'refused', why: 'late', says: 'the time in which it could be begun is over; nothing was begun' }

/** After the word to begin was sent: what is not proven to have been refused may have been begun. */
async function follow(talk: Talk, name: string): Promise<Ran> {
  const unseen = (says: string): Ran => ({ is: 'unknown', says })
  for (let begun = false; ;) {
    const [word, ...rest] = (await talk.line()) ?? []
    if (word === undefined) return unseen(`${begun ? 'it was begun' : 'the word to begin was sent'}, and then the connection was lost; whether it goes on is not known`)
    if (word === 'late') return LATE
    // Not a refusal: what was begun under that name may be at work.
    if (word === 'there') return unseen(`${name} was begun or called off there before, and is not begun twice; what became of it is not known`)
    if (word === 'foreign') return { is: 'refused', why: 'busy', says: `another Holdfast has begun ${name} there, and this one nothing: is one of the two a copy of the other?` }
    if (word === 'busy') return { is: 'refused', why: 'busy', says: sayBusy(rest) }
    if (word === 'broken') return { is: 'refused', why: 'unreachable', says: `nothing can be begun there: ${sentence(rest.join(' '))}` }
    if (word === 'gone') return unseen('it was begun, and it was killed: nobody knows how far it came')
    if (word === 'end') {
      const output = await outputOf(talk, rest)
      return output ? { is: 'ended', output } : unseen('it ended, and the connection was lost before that could be read')
    }
    begun ||= word === 'begun'
  }
}

/** What goes on there, of which run and step, and how it comes to an end. */
function sayBusy([name = '?', session = '-', step = '-', whose]: readonly string[]): string {
  const said = `${whose === 'foreign' ? 'of another Holdfast, ' : ''}${sentence(name)}${step === '-' ? '' : ` (step ${sentence(step)})`} still goes on there, and nothing begins beside it: nobody has seen its end`
  return /^\d{1,10}$/.test(session) ? `${said}. Look what it does, and let it end or end it on that machine: pkill -KILL -s ${session}` : said
}

/** One word on a line of words. */
const wordOf = (text: string): string => text.replaceAll(/[^\w./-]/g, '_').slice(0, 120) || '-'

async function recalled(talk: Talk): Promise<Recalled> {
  const [word, ...rest] = (await talk.line()) ?? []
  const output = word === 'end' ? await outputOf(talk, rest) : undefined
  if (output) return { is: 'ended', output }
  if (word === 'going' || word === 'gone' || word === 'none') return { is: word }
  throw new Fault(word === 'broken' ? sentence(rest.join(' ')) : `the marker could not be read: ${talk.why().says}`)
}

async function outputOf(talk: Talk, numbers: readonly string[]): Promise<(Output & { readonly exit: number }) | undefined> {
  if (!/^\d{1,3}$/.test(numbers[0] ?? '')) return undefined
  const [exit = Number.NaN, head = Number.NaN, more = Number.NaN, tail = Number.NaN] = numbers.map(Number)
  if (![exit, head, more, tail].every(Number.isInteger) || head > HEAD || tail > TAIL) return undefined
  const [beginning, end] = [await talk.bytes(head), await talk.bytes(tail)]
  if (!beginning || !end) return undefined
  const missing = more - tail
  return { exit, bytes: head + more, tail: blot(`${beginning.toString('utf8')}${missing > 0 ? `\n… ${missing} bytes left out …\n` : ''}${end.toString('utf8')}`) }
}

/** It only looks, and is ended with its time; may be run any number of times. */
function look({ argv, on, within }: Command, signal: AbortSignal, { doors, world }: CommandsWants): Promise<Ran> {
  const door = Object.hasOwn(doors, on) ? doors[on] : undefined
  if (on !== LOCAL && !door) throw new Fault(`no way is known to reach ${on}: the configuration gives it no ssh`, 'never')
  const child = start(door && on !== LOCAL ? [...sshArgv(door, { command: `exec ${asked(door, argv)} </dev/null` })] : [...argv])
  child.stdin?.end()
  const { promise, resolve } = Promise.withResolvers<Ran>()
  const kept = createTail()
  let said = ''
  const done = (ran: Ran): void => {
    cancel()
    signal.removeEventListener('abort', onAbort)
    end(child)
    resolve(ran)
  }
  const onAbort = (): void => done({ is: 'unknown', says: 'it did not end in time', output: kept.output() })
  const cancel = world.after(within, onAbort)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  child.stdout?.on('data', kept.take)
  child.stderr?.on('data', (part: Buffer) => {
    said = (said + part.toString()).slice(-MOST_SAID)
    if (!door) kept.take(part)
  })
  child.on('error', (cause) => done({ is: 'refused', why: 'unreachable', says: codeOf(cause) === 'ENOENT' ? `${argv[0]} is not installed on this machine` : sentence(cause) }))
  child.on('close', (code) => {
    const gone = door && code === 255 ? whyGone(said, on, door.via) : undefined
    done(gone ? { is: 'refused', why: gone.is === 'stranger' ? 'stranger' : 'unreachable', says: gone.says } : { is: 'ended', output: { ...kept.output(), exit: code ?? 255 } })
  })
  return promise
}

function createTail(): { take(part: Buffer): void; output(): Output } {
  let parts: Buffer[] = []
  let held = 0
  let bytes = 0
  return {
    take(part) {
      bytes += part.length
      held += part.length
      parts.push(part)
      if (held <= TAIL * 2) return
      const end = Buffer.concat(parts).subarray(-TAIL)
      parts = [Buffer.from(end)]
      held = end.length
    },
    output: () => ({ bytes, tail: blot(Buffer.concat(parts).subarray(-TAIL).toString('utf8')) }),
  }
}

/** Ours alone is our environment: no secret of Holdfast reaches a program. In a session of its own, so that ending it takes along what it started. */
function start([program = '', ...args]: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/', env: { ...environment(), LC_ALL: 'C' }, detached: true })
  child.stdin.on('error', () => undefined)
  return child
}

function end(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

/** As the other side's shell reads it. */
const asked = ({ sudo }: Door, words: readonly string[]): string => [...(sudo ? ['sudo', '-n', '--'] : []), ...words].map(quoted).join(' ')

/** The same, and ssh says by which key the host proved itself. */
const loud = (argv: readonly string[]): readonly string[] => argv.map((word) => (word === 'LogLevel=ERROR' ? 'LogLevel=DEBUG1' : word))

function talkWith(child: ChildProcess, { nonce, where, isSsh, via }: { readonly nonce: string; readonly where: string; readonly isSsh: boolean; readonly via?: Door['via'] | undefined }): Talk {
  let held = Buffer.alloc(0)
  let heard = 0
  let over = false
  let said = ''
  let hostKey = 'not told'
  let failed: string | undefined
  let wake = (): void => undefined
  const finish = (): void => {
    over = true
    wake()
  }
  child.stdout?.on('data', (part: Buffer) => {
    heard += part.length
    if (heard > MOST_HEARD) {
      failed = `${where} says more than ${MOST_HEARD} bytes`
      end(child)
      finish()
    } else held = Buffer.concat([held, part])
    wake()
  })
  child.stderr?.on('data', (part: Buffer) => {
    said = (said + part.toString()).slice(-MOST_SAID)
    hostKey = said.match(/Server host key: (?:\S+ )?(SHA256:\S+)/)?.[1] ?? hostKey
  })
  child.on('error', (cause) => {
    failed = codeOf(cause) === 'ENOENT' ? `${isSsh ? 'ssh' : '/bin/sh'} is not installed on this machine` : sentence(cause)
    finish()
  })
  child.on('close', finish)
  const more = (): Promise<void> => new Promise((resolve) => {
    wake = resolve
  })
  return {
    async line() {
      for (;;) {
        const at = held.indexOf('\n')
        if (at >= 0) {
          const text = held.subarray(0, at).toString('utf8')
          held = held.subarray(at + 1)
          // What a login says before is nobody's business.
          if (text.startsWith(`${nonce} `)) return text.slice(nonce.length + 1).split(' ')
        } else if (over) return undefined
        else await more()
      }
    },
    async bytes(many) {
      while (held.length < many && !over) await more()
      if (held.length < many) return undefined
      const part = held.subarray(0, many)
      held = held.subarray(many)
      return part
    },
    say: (text) => void child.stdin?.write(text),
    why() {
      if (failed !== undefined) return { is: 'unreachable', says: failed }
      if (!isSsh) return { is: 'unreachable', says: `this machine did not begin it: ${sentence(said || 'no reason given')}` }
      const gone = whyGone(said.split('\n').filter((line) => !/^debug\d: |^Authenticat|^OpenSSH_/.test(line)).join('\n'), where, via)
      return { is: gone.is === 'stranger' ? 'stranger' : 'unreachable', says: gone.says }
    },
    hostKey: () => hostKey,
    close() {
      // The connection ends, and what was begun over it goes on: it has a session of its own.
      end(child)
      finish()
    },
  }
}

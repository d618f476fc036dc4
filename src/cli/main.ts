// The command line: reads what was written, loads the command, and turns whatever it meets into an exit code and one sentence. It
// never asks questions. `up` runs a server here; everything else speaks to one, or works without.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import path from 'node:path'
import { CommanderError, type Command as Verb } from 'commander'
import { sentence } from '../core/fault.ts'
import { instantOf, parseSpan } from '../core/time.ts'
import { serverAt } from './client.ts'
import { EXIT, Failure, usage } from './failure.ts'
import { outputFor, plain, type Out, type Stream } from './output.ts'
import { programFor } from './program.ts'
import { standard } from './standard.ts'
import { textOption, type Environment, type Options, type Outside, type Session } from './session.ts'

export type { Outside, UpWants } from './session.ts'

export interface Streams {
  readonly stdout: Stream
  readonly stderr: Stream
  /** All of stdin, for `-m -`. */
  readonly stdin: () => string
}

const standardStreams = (): Streams => ({ stdout: standard(process.stdout), stderr: standard(process.stderr), stdin: () => readFileSync(0, 'utf8') })

/** The keeper says "not now" after ten seconds; this is a little longer. */
const TIMEOUT = 15_000
/** What may rightly take longer: a look, the whole ledger. */
const LONGEST = 130_000
const SLOW: readonly string[] = ['checks run', 'ledger verify', 'ledger rebuild']
/** Here `--timeout` says how long the whole is waited for, not one question. */
const WAITING: readonly string[] = ['oncall test', 'ping', 'approvals ask', 'backups verify', 'backups drill', 'backups apply', 'backups look', 'reconcile apply']

const colorOf = (options: Options): 'auto' | 'always' | 'never' => (options['color'] === 'always' || options['color'] === 'never' ? options['color'] : 'auto')

function timeoutOf(options: Options): number | undefined {
  const written = textOption(options, 'timeout')
  if (written === undefined) return undefined
  const span = parseSpan(/^\d+$/.test(written) ? `${written}s` : written)
  if (span === undefined || span <= 0 || span > 86_400_000) throw usage(`“${written}” is not a time to wait.`, 'Write it with its unit: 10s, 5m.')
  return span
}

function personOf(options: Options, env: Environment): Session['person'] {
  const said = textOption(options, 'as') ?? env['HOLDFAST_PERSON']
  return said !== undefined && said !== '' ? { name: said, said: true } : { name: env['SUDO_USER'] ?? userName(), said: false }
}

/** Containers often run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? ''}`.trim()
  }
}

const questionOf = (named: string, timeout: number | undefined): number =>
  timeout !== undefined && !WAITING.some((it) => named.startsWith(it)) ? timeout : SLOW.some((it) => named.startsWith(it)) ? LONGEST : TIMEOUT

interface Given {
  readonly options: Options
  readonly named: string
  readonly env: Environment
  readonly outside: Outside
  readonly out: Out
  readonly streams: Streams
}

function sessionFor({ options, named, env, outside, out, streams }: Given): Session {
  const data = path.resolve(textOption(options, 'data') ?? env['HOLDFAST_DATA'] ?? 'holdfast-data')
  const timeout = timeoutOf(options)
  const [server, tokenFile] = [textOption(options, 'server'), textOption(options, 'tokenFile')]
  return {
    out, env, data, outside, timeout,
    config: textOption(options, 'config') ?? 'holdfast.yaml',
    server: serverAt({
      data, env, timeout: questionOf(named, timeout), warn: (line) => out.complain(line),
      ...(server === undefined ? {} : { server }), ...(tokenFile === undefined ? {} : { tokenFile }),
    }),
    now: () => Date.now(),
    person: personOf(options, env),
    message: (given) => (given === '-' ? streams.stdin() : given),
  }
}

function tell(cause: Failure, out: Out): number {
  const error = { code: cause.code, message: cause.message, ...(cause.help === undefined ? {} : { help: cause.help }) }
  if (out.json) out.data(JSON.stringify({ error }))
  else {
    out.complain(`${out.paint('down', 'error')}[${cause.code}]: ${plain(cause.message)}`)
    if (cause.help !== undefined) out.complain(`  = help: ${plain(cause.help)}`)
  }
  return cause.exit
}

/** Runs one command line (without the program's name) and resolves with its exit code. */
export async function runCli(argv: readonly string[], env: Environment, outside: Outside, streams: Streams = standardStreams()): Promise<number> {
  let exit: number = EXIT.fine
  // What stands behind a lone -- is another program's.
  const ours = argv.includes('--') ? argv.indexOf('--') : argv.length
  const wants = argv.map((it, i) => (i < ours && it === '--json=lines' ? '--json-lines' : it))
  const outFor = (options: Options): Out => outputFor({
    stdout: streams.stdout, stderr: streams.stderr, json: options['json'] === true || options['jsonLines'] === true, lines: options['jsonLines'] === true,
    quiet: options['quiet'] === true, color: colorOf(options), env, now: () => instantOf(Date.now()),
  })
  let out = outFor({ json: wants.slice(0, ours).some((it) => it === '--json' || it === '--json-lines') })
  const program = programFor(outside.version, async (named, load, args, options) => {
    out = outFor(options)
    const command = await load()
    exit = await command(sessionFor({ options, named, env, outside, out, streams }), args, options)
  }, async (urls, options) => {
    const [port, host] = [textOption(options, 'port'), textOption(options, 'host')]
    if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536)) throw usage(`“${port}” is not a port: 1 to 65535.`)
    const lab = labOf(options)
    exit = await outside.up({
      urls, config: textOption(options, 'config'), data: path.resolve(textOption(options, 'data') ?? env['HOLDFAST_DATA'] ?? 'holdfast-data'),
      port: port === undefined ? undefined : Number(port), quiet: options['quiet'] === true,
      ...(host === undefined ? {} : { host }), ...(lab ? { lab } : {}),
    })
  })
  const said: string[] = []
  for (const it of [program, ...program.commands, ...program.commands.flatMap((noun) => noun.commands)]) {
    it.exitOverride().configureOutput({ writeOut: (text) => void streams.stdout.write(text), writeErr: (text) => void said.push(text) })
  }
  try {
    await program.parseAsync(wants, { from: 'user' })
    return exit
  } catch (cause) {
    if (cause instanceof CommanderError) return endOf({ cause, said: said.join(''), help: helpFor(program, wants) }, out, streams)
    // Wrong usage always says where the right one stands.
    if (cause instanceof Failure) return tell(cause.exit === EXIT.usage && cause.help === undefined ? new Failure(cause.message, { exit: cause.exit, code: cause.code, help: helpFor(program, wants) }) : cause, out)
    return tell(new Failure(sentence(cause), { exit: EXIT.failed, code: 'HF-C001', help: 'This is a defect of Holdfast, or of this machine.' }), out)
  }
}

/** `--lab --shrink 86400`: both, or neither. */
function labOf(options: Options): { readonly shrink: number } | undefined {
  const shrink = textOption(options, 'shrink')
  if (options['lab'] !== true) {
    if (shrink !== undefined) throw usage('--shrink is for a lab alone.', 'holdfast up --lab --shrink 86400')
    return undefined
  }
  if (shrink === undefined || !/^[1-9]\d{0,7}$/.test(shrink)) throw usage(`A lab needs --shrink: a whole number from 1 to 99999999${shrink === undefined ? '' : `, not “${shrink}”`}.`, 'holdfast up --lab --shrink 86400')
  return { shrink: Number(shrink) }
}

/** What commander ended with: help and version are fine, everything else is wrong usage. */
function endOf({ cause, said, help }: { readonly cause: CommanderError; readonly said: string; readonly help: string }, out: Out, streams: Streams): number {
  if (cause.exitCode === 0) return EXIT.fine
  // `holdfast checks` alone: its help is the answer, and yet nothing was asked.
  if (cause.code === 'commander.help') {
    streams.stderr.write(said)
    return EXIT.usage
  }
  const [first = '', ...more] = said.replace(/^error: /, '').trim().split('\n')
  const hint = more.join(' ').trim().replace(/^\(Did (.*)\)$/, 'did $1')
  return tell(usage(first === '' ? cause.message : first, hint === '' ? help : hint), out)
}

/** The help of the command that was meant, as far as its name was right. */
function helpFor(program: Verb, words: readonly string[]): string {
  const path = ['holdfast']
  let at: Verb | undefined = program
  for (const word of words.filter((it) => !it.startsWith('-'))) {
    at = at.commands.find((it) => it.name() === word)
    if (!at) break
    path.push(word)
  }
  return `${path.join(' ')} --help`
}

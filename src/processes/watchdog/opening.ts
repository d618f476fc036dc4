// How Holdfast starts, step by step, before any child exists: the configuration is read and judged first, then it is made sure
// that no other Holdfast has the data and that the port can be had, then come the folders and the node's key. Each step that
// fails ends the start with a sentence. One does not: a data folder that does not answer, since pages must go out nevertheless.
import fs from 'node:fs/promises'
import path from 'node:path'
import { renderFindings } from '../../config/finding.ts'
import { readGiven, starter, type Given } from '../../config/starter.ts'
import { codeOf, sentence } from '../../core/fault.ts'
import { catalogues, channels, drivers, probes, stores } from '../../plugins/list.gen.ts'
import { runtimeFolder, runtimeFolders } from '../../ports/runtime-folder.ts'
import { loadConfig, type Accepted, type Loaded } from '../../views/accepted.ts'
import { whyNotOpen } from '../port.ts'
import { askWho, endFormerKin, takeOver, type Kin } from './control.ts'
import { openFolder } from './folder.ts'
import { markOf } from './reload.ts'

export interface UpWants {
  readonly urls: readonly string[]
  /** As given; `holdfast.yaml` when nothing was. */
  readonly config: string | undefined
  readonly data: string
  readonly port: number | undefined
  readonly host?: string
  readonly quiet: boolean
  /** A lab: the waits of a clean-up are divided by `shrink`, and only private addresses are reached. */
  readonly lab?: { readonly shrink: number }
}

/** The same, with what was not given. */
export interface Wants extends UpWants {
  readonly port: number
  readonly host: string
}

export const wantsOf = (given: UpWants): Wants => ({ ...given, port: given.port ?? 7400, host: given.host ?? '127.0.0.1' })

export interface Opened {
  readonly is: 'opened'
  readonly config: Accepted
  readonly file: string
  /** What the files looked like when they were read. */
  readonly mark: string
  /** How many lines were written, where there was no file. */
  readonly wrote: number | undefined
  readonly runtime: string
  readonly data: string
  readonly key: Buffer
  /** The data folder did not answer in time: the key is one for the moment. Resolves with the true one when it does. */
  readonly laterKey: Promise<Buffer> | undefined
  /** What a former Holdfast left behind and cannot be ended. */
  readonly former: readonly Kin[]
}

export interface NotOpened {
  readonly is: 'refused'
  readonly exit: number
  readonly says: string
}

/** A path as a person would write it here: "./holdfast-data". */
export function nearby(at: string): string {
  const relative = path.relative(process.cwd(), at)
  return relative === '' ? '.' : relative.startsWith('..') ? at : `./${relative}`
}

const DISK_DEADLINE = 5000
const FORMER_DEADLINE = 2000
const no = (exit: number, says: string): NotOpened => ({ is: 'refused', exit, says })

/** Goes through all steps; nothing of it is undone when one fails, since nothing of it harms. */
export async function open(wants: Wants): Promise<Opened | NotOpened> {
  const file = wants.config ?? 'holdfast.yaml'
  const wrote = wants.config === undefined ? await writeStarter(file, wants) : undefined
  if (typeof wrote === 'object') return wrote
  const mark = await markOf(file)
  const loaded = await load(file, wants)
  if (loaded.is === 'refused') return no(2, renderFindings(loaded.findings, 'Holdfast did not start.'))
  const data = path.resolve(wants.data)
  const taken = await takeRuntime(data)
  if (taken.is === 'refused') return taken
  const closed = await whyNotOpen(wants)
  if (closed !== undefined) return no(1, closed)
  const former = await endFormerKin(taken.runtime, FORMER_DEADLINE)
  const folder = await openFolder({ folder: data, lab: wants.lab !== undefined }, DISK_DEADLINE)
  if (folder.is === 'refused') return no(1, folder.says)
  return { is: 'opened', config: loaded.config, file, mark, wrote, runtime: taken.runtime, data, key: folder.key, laterKey: folder.later, former }
}

/** Reads the configuration as `open` did; what the command line names counts as written in it. */
export const load = (file: string, wants: Wants): Promise<Loaded> =>
  loadConfig({ file, urls: wants.urls, env: process.env, port: wants.port, data: wants.data, probes, channels, stores, catalogues, drivers })

/** Writes the first configuration where there is none; gives the number of its lines. */
async function writeStarter(file: string, wants: Wants): Promise<number | undefined | NotOpened> {
  const there = await fs.lstat(file).then(() => true, (cause: unknown) => codeOf(cause) !== 'ENOENT')
  if (there) return undefined
  const given: Given[] = []
  for (const text of wants.urls) {
    const one = readGiven(text, new Set(given.map(({ name }) => name)))
    if ('says' in one) return no(2, `holdfast up ${text}: ${one.says}`)
    given.push(one)
  }
  const text = starter({ given, port: wants.port, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC' })
  try {
    await fs.writeFile(file, text, { flag: 'wx', mode: 0o644 })
  } catch (cause) {
    return no(2, `There is no ${file} here, and none could be written (${codeOf(cause) ?? sentence(cause)}). Name another file with --config, or change into a folder that you may write to.`)
  }
  return text.trimEnd().split('\n').length
}

async function takeRuntime(data: string): Promise<{ readonly is: 'taken'; readonly runtime: string } | NotOpened> {
  const running = (pid: number | undefined): NotOpened =>
    no(1, `Holdfast is already running${pid === undefined ? '' : `, pid ${pid}`}, on the data in ${nearby(data)}. Stop it first, or name other data with --data.`)
  try {
    const runtime = runtimeFolder(data)
    const taken = await takeOver(runtime)
    if (taken.is === 'held') return running(taken.pid)
    // One that was started with another environment has its runtime folder elsewhere.
    for (const other of runtimeFolders(data)) {
      const pid = other === runtime ? undefined : await askWho(other)
      if (pid !== undefined) return running(pid)
    }
    return { is: 'taken', runtime }
  } catch (cause) {
    return no(1, sentence(cause))
  }
}

// What a doer writes down beside its deed: a file for each beginning, made with O_EXCL and on the disk before anything is sent, and what came of it after
// that. Whoever finds the file knows that the deed was begun; whoever finds no outcome in it knows that nobody knows what became of it. A file is
// never written over, and only very old ones are ever taken away.
import type { FileHandle } from 'node:fs/promises'
import fs from 'node:fs/promises'
import path from 'node:path'
import { codeOf, Fault } from '../../core/fault.ts'
import type { Instant } from '../../core/time.ts'
import type { Acted } from '../../ports/driver/driver.ts'

/** Under which number something is begun. */
export interface Numbered {
  readonly run: string
  readonly token: number
}

/** What is known before anything is sent. */
export interface Beginning extends Numbered {
  readonly step: string
  readonly back: boolean
  readonly driver: string
  readonly rehearse: boolean
  /** Which thing it was found to be. */
  readonly identity: string
  readonly at: Instant
}

export type Former =
  | { readonly is: 'none' }
  /** It was begun; `acted`: what came of it, where that was written down. */
  | { readonly is: 'begun'; readonly acted?: Acted }

export interface Journal {
  read(of: Numbered): Promise<Former>
  /** On the disk when it resolves; `there`: somebody began it before. */
  begin(beginning: Beginning): Promise<'begun' | 'there'>
  end(of: Numbered, acted: Acted): Promise<void>
}

/** What is older than this many others is of no use to anybody: the oldest are taken away. */
const MOST_KEPT = 2000
const MOST_BYTES = 1024 * 1024
/** A run is named by letters, digits, “-”, “_” and “.”, and so is its file. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/

/** `folder`: where the journals lie; made when the first one is. */
export function journalIn(folder: string): Journal {
  const fileOf = ({ run, token }: Numbered): string => {
    if (!NAME.test(run) || !Number.isSafeInteger(token)) throw new Fault(`a run cannot be called “${run}”`, 'never')
    return path.join(folder, `${run}.${token}.json`)
  }
  return {
    async read(of) {
      const file = fileOf(of)
      try {
        return formerIn((await fs.readFile(file)).subarray(0, MOST_BYTES).toString())
      } catch (cause) {
        if (codeOf(cause) === 'ENOENT') return { is: 'none' }
        throw cause
      }
    },
    async begin(beginning) {
      const file = fileOf(beginning)
      await makeFolder(folder)
      let handle: FileHandle
      try {
        handle = await fs.open(file, 'wx', 0o600)
      } catch (cause) {
        if (codeOf(cause) === 'EEXIST') return 'there'
        throw cause
      }
      await writeThrough(handle, { begun: beginning })
      await syncFolder(folder)
      return 'begun'
    },
    end: async (of, acted) => writeThrough(await fs.open(fileOf(of), 'a'), { ended: acted }),
  }
}

/** Takes the oldest away, where there are too many. Never fails: it is no more than tidiness. */
export async function tidyJournal(folder: string, most = MOST_KEPT): Promise<void> {
  const names = await fs.readdir(folder).catch(() => [])
  if (names.length <= most) return
  const known = await Promise.all(names.map(async (name) => ({ name, at: await fs.stat(path.join(folder, name)).then((it) => it.mtimeMs, () => Number.POSITIVE_INFINITY) })))
  const oldest = known.toSorted((one, other) => one.at - other.at).slice(0, names.length - most)
  for (const { name } of oldest) await fs.unlink(path.join(folder, name)).catch(() => undefined)
}

/** A line that was cut short by a crash says nothing. */
function formerIn(text: string): Former {
  const [, second] = text.split('\n')
  try {
    const { ended } = JSON.parse(second ?? '') as { readonly ended?: Acted }
    return ended && ['done', 'failed', 'unknown'].includes(ended.is) ? { is: 'begun', acted: ended } : { is: 'begun' }
  } catch {
    return { is: 'begun' }
  }
}

async function writeThrough(handle: FileHandle, line: unknown): Promise<void> {
  try {
    await handle.write(`${JSON.stringify(line)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function makeFolder(folder: string): Promise<void> {
  if ((await fs.mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(path.dirname(folder))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

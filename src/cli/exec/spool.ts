// Reports that could not be sent yet, each in a file of its own beside the data folder, or in the working folder where nobody may write there. A folder that
// belongs to somebody else is neither written nor believed. At most a hundred wait; then the oldest go. What the server refuses for good is set
// aside under another name, so that it is not tried for ever.
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { sha256 } from '../../core/id.ts'
import type { RunReport } from '../../rooms/guard/sets/manifest.ts'

export interface Waiting {
  readonly set: string
  readonly report: RunReport
}

export interface Spooled extends Waiting {
  readonly file: string
}

const MOST_WAITING = 100
const MOST_BYTES = 512 * 1024

/** Where they may wait, the first that can be written. */
export const spoolFolders = (data: string, cwd: string): readonly string[] => [...new Set([`${path.resolve(data)}-spool`, path.join(cwd, 'holdfast-spool')])]

/** Keeps one; gives its file. Throws when no folder takes it. */
export async function keepReport(folders: readonly string[], waiting: Waiting): Promise<string> {
  let last: unknown = new Error('there is no folder')
  for (const folder of folders) {
    try {
      await mkdir(folder, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'EEXIST') throw cause
      })
      if (!(await isOurs(folder))) throw new Error(`${folder} belongs to somebody else`)
      return await write(folder, waiting)
    } catch (cause) {
      last = cause
    }
  }
  throw last
}

async function write(folder: string, waiting: Waiting): Promise<string> {
  const text = JSON.stringify(waiting)
  const name = `${String(waiting.report.from).padStart(15, '0')}-${sha256(text).slice(0, 12)}.json`
  const names = await namesIn(folder)
  for (const old of names.slice(0, Math.max(0, names.length - MOST_WAITING + 1))) await rm(path.join(folder, old), { force: true })
  const temporary = path.join(folder, `${name}.part`)
  const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path.join(folder, name))
  return path.join(folder, name)
}

/** What waits, the oldest first; files that are none of ours, or broken, are passed over. */
export async function waitingIn(folders: readonly string[]): Promise<readonly Spooled[]> {
  const found: Spooled[] = []
  for (const folder of folders) {
    if (!(await isOurs(folder))) continue
    for (const name of (await namesIn(folder)).slice(0, MOST_WAITING)) {
      const file = path.join(folder, name)
      const waiting = await read(file).catch(() => undefined)
      if (waiting) found.push({ ...waiting, file })
    }
  }
  return found.toSorted((a, b) => a.report.from - b.report.from)
}

async function read(at: string): Promise<Waiting | undefined> {
  const file = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = await file.stat()
    if (!stat.isFile() || stat.size > MOST_BYTES) return undefined
    const parsed = JSON.parse(await file.readFile('utf8')) as Partial<Waiting>
    // The server judges what stands in it.
    return typeof parsed.set === 'string' && typeof parsed.report === 'object' && typeof parsed.report.from === 'number' ? { set: parsed.set, report: parsed.report } : undefined
  } finally {
    await file.close()
  }
}

export const dropReport = (file: string): Promise<void> => rm(file, { force: true })
export const setAside = (file: string): Promise<void> => rename(file, `${file}.refused`)

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch((): string[] => [])).filter((name) => /^\d+-[0-9a-f]{12}\.json$/.test(name)).toSorted()
}

async function isOurs(folder: string): Promise<boolean> {
  const stat = await lstat(folder).catch(() => undefined)
  return stat?.isDirectory() === true && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0
}

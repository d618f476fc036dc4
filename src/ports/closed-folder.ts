// Whose a folder is that this user may not use: the one sentence that somebody needs who ran a command as another user than
// Holdfast itself. It only looks, and it asks the disk, so whoever calls it sets a bound.
import { constants } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'

/** What stands in the way, and who could pass. */
export interface Closed {
  /** The folder itself, or the one above it that may not be passed. */
  readonly at: string
  readonly owner: string
  readonly me: string
}

/** The user who runs this; the number alone is sure to be there, since containers often have no name for it. */
export const ownUid = (): number => process.getuid?.() ?? -1

async function nameOf(uid: number): Promise<string> {
  try {
    const line = (await fs.readFile('/etc/passwd', 'utf8')).split('\n').find((it) => it.split(':')[2] === String(uid))
    return line?.split(':')[0] ?? `user ${uid}`
  } catch {
    return `user ${uid}`
  }
}

/** To make files in a folder, and to find them again. */
export const TO_WRITE_IN = constants.R_OK | constants.W_OK | constants.X_OK

/** Who keeps `folder` closed to this user; `undefined` when it is open, or not there at all. */
export async function closedTo(folder: string, wants = constants.R_OK | constants.X_OK): Promise<Closed | undefined> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    try {
      const { uid } = await fs.stat(at)
      return await mayUse(at, wants) ? undefined : { at, owner: await nameOf(uid), me: await nameOf(ownUid()) }
    } catch (cause) {
      const { code } = cause as { code?: string }
      if ((code !== 'EACCES' && code !== 'ENOENT') || at === '/') return undefined
    }
  }
}

/** The first of the data's own files that this user may not write; somebody else ran a command on them once. */
export async function closedFileIn(folder: string): Promise<Closed | undefined> {
  for (const name of await fs.readdir(folder)) {
    const closed = OWN_FILES.test(name) ? await closedTo(path.join(folder, name), WRITE) : undefined
    if (closed) return closed
  }
  return undefined
}

const OWN_FILES = /^(holdfast|samples|lock)\.db(-wal|-shm|-journal)?$/
const WRITE = constants.R_OK | constants.W_OK

const mayUse = (at: string, wants: number): Promise<boolean> => fs.access(at, wants).then(() => true, () => false)

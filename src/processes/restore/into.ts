// Where a whole copy may go: into a folder that is not there yet, or is empty, and can be put in place by a rename. Nothing that exists is written over.
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'

/** What may be said before anything is begun: nothing may stand there. */
export async function whyNotInto(folder: string): Promise<string | undefined> {
  const found = await lstat(folder).catch(() => undefined)
  if (!found) return undefined
  if (!found.isDirectory()) return `${folder} is there already, and is no folder`
  const around = await lstat(path.dirname(folder))
  if (around.dev !== found.dev) return `${folder} is a file system of its own, and gets its name by a rename: name a new folder in it`
  const inside = await readdir(folder)
  return inside.length === 0 ? undefined : `${folder} is not empty: a restore writes over nothing`
}

/** What restores to here left that were killed, or still run. Nothing of that is whole. */
export async function leftOf(folder: string): Promise<readonly string[]> {
  const around = path.dirname(folder)
  const names = await readdir(around).catch(() => [])
  return names.filter((name) => name.startsWith(`.${path.basename(folder)}.restore_`)).map((name) => path.join(around, name))
}

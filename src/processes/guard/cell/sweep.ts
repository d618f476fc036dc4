// The end of a cell's folder, and of those that a killed Holdfast left behind. Only what lies directly below the drill root, is a real folder,
// has a drill's name and bears the mark of that name is removed; anything else stays, since it is not ours. Programs of a killed
// Holdfast die within moments of it, but may still write meanwhile: so a removal that finds a folder filled again tries once more.
import { lstat, readFile, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { sentence } from '../../../core/fault.ts'

const TRIES = 20
const PAUSE = 100

/** Removes the leftovers below `root` but for those in use; gives how many there were. */
export async function sweep(root: string, inUse: ReadonlySet<string>): Promise<number> {
  let swept = 0
  for (const name of await readdir(root).catch(() => [])) {
    const folder = path.join(root, name)
    if (!/^[0-9a-f]{16}$/.test(name) || inUse.has(folder) || !(await isLeftover(folder, name))) continue
    if ((await remove(folder)) === undefined) swept++
  }
  return swept
}

async function isLeftover(folder: string, name: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined)
  if (!found?.isDirectory()) return false
  const mark = await readFile(path.join(folder, 'mark'), 'utf8').catch(() => undefined)
  // Killed between making the folder and marking it: it is empty but for folders.
  if (mark === undefined) return (await readdir(folder).catch(() => ['?'])).every((it) => ['given', 'work', 'tmp', 'root'].includes(it))
  return mark === `${name}\n` || mark === ''
}

/** Removes a cell's folder, its mark last, so that half a removal is found again. `undefined`: it is gone; else why not. */
export async function remove(folder: string): Promise<string | undefined> {
  let why: string | undefined
  for (let i = 0; i < TRIES; i++) {
    try {
      for (const name of ['root', 'work', 'tmp', 'given']) await rm(path.join(folder, name), { recursive: true, force: true })
      await rm(folder, { recursive: true, force: true })
      return undefined
    } catch (cause) {
      why = `${folder} could not be removed: ${sentence(cause)}`
      await new Promise((resolve) => setTimeout(resolve, PAUSE))
    }
  }
  return why
}

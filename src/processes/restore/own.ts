// A data folder that was restored, given to whoever will run a server on it: every folder and plain file in it, and nothing else may be in it. Owners and
// rights are set on what is open, so that no link leads elsewhere, and all of it is on the disk before it gets its name.
import { constants, readFileSync, type Dirent } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../core/fault.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Who will own it: whoever owns the folder that was made for it, or the one around it; else the account of such servers here. `undefined`: whoever restores. */
export async function ownerFor(to: string, account: string): Promise<Owner | undefined> {
  if (process.geteuid?.() !== 0) return undefined
  for (const at of [to, path.dirname(to)]) {
    const found = await lstat(at).catch(() => undefined)
    if (found && found.uid !== 0) return { uid: found.uid, gid: found.gid }
  }
  return accountOf(readFileSync('/etc/passwd', 'utf8'), account)
}

/** Its ids, by the lines of `/etc/passwd`. */
export function accountOf(passwd: string, account: string): Owner | undefined {
  const [, , uid, gid] = passwd.split('\n').map((line) => line.split(':')).find(([name]) => name === account) ?? []
  return /^\d+$/.test(uid ?? '') && /^\d+$/.test(gid ?? '') ? { uid: Number(uid), gid: Number(gid) } : undefined
}

/** Folders 0700, files 0600, all synced. Throws a `Fault` for anything that is neither, and leaves that as it is. */
export async function own(folder: string, owner: Owner | undefined): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries) {
    const at = path.join(folder, entry.name)
    if (entry.isDirectory()) await own(at, owner)
    else await settle(at, entry, owner)
  }
  await settle(folder, undefined, owner)
}

/** `entry`: none for a folder. */
async function settle(at: string, entry: Dirent | undefined, owner: Owner | undefined): Promise<void> {
  if (entry && !entry.isFile()) throw new Fault(`${at} is no plain file: a server that is restored has none of those`, 'never')
  const opened = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | (entry ? 0 : constants.O_DIRECTORY))
  try {
    const found = await opened.stat()
    if (entry && (!found.isFile() || found.nlink !== 1)) throw new Fault(`${at} has another name: nothing is given away by it`, 'never')
    if (owner) await opened.chown(owner.uid, owner.gid)
    await opened.chmod(entry ? 0o600 : 0o700)
    await opened.sync()
  } finally {
    await opened.close()
  }
}

// The node's key: 32 random bytes in `node.key` beside the database, mode 0600. Links already sent and ping addresses are
// HMACs under it, so it is made once and never again: complete on the disk under its name, or not there at all. A file of
// another size is never replaced by itself: with a new key every link that was sent would be void without a word.
import { constants } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { codeOf, Fault } from '../core/fault.ts'
import { random } from '../ports/world/random.ts'

const SIZE = 32
const READ = constants.O_RDONLY | constants.O_NOFOLLOW

/** The key of the node whose data lies in `folder`; makes it at the first start. Throws a Fault when what is there is no key. */
export async function loadNodeKey(folder: string): Promise<Buffer> {
  const file = path.join(folder, 'node.key')
  return (await read(file)) ?? make(folder, file)
}

async function read(file: string): Promise<Buffer | undefined> {
  const handle = await fs.open(file, READ).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw new Fault(`${file} cannot be read (${codeOf(cause) ?? 'unknown'}). It holds the key under which links and ping addresses were made: give it back to the user who runs Holdfast.`, 'later', cause)
  })
  if (!handle) return undefined
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SIZE + 1), 0, SIZE + 1, 0)
    const { mode } = await handle.stat()
    if ((mode & 0o077) !== 0) await handle.chmod(0o600).catch(() => undefined)
    if (bytesRead === SIZE) return buffer.subarray(0, SIZE)
    throw new Fault(`${file} has ${bytesRead > SIZE ? 'more than ' : ''}${Math.min(bytesRead, SIZE)} bytes; the node's key has ${SIZE}. Put the one from your backup back, or remove the file: then a new key is made, and links already sent and ping addresses no longer work.`, 'never')
  } finally {
    await handle.close()
  }
}

/** Complete and synced under another name first; the last name is given once, and only if nobody else gave it meanwhile. */
async function make(folder: string, file: string): Promise<Buffer> {
  const key = Buffer.from(random(SIZE))
  const draft = `${file}.${process.pid}`
  await fs.rm(draft, { force: true })
  const handle = await fs.open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    await handle.write(key, 0, SIZE, 0)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await fs.link(draft, file)
  } catch (cause) {
    // Some file systems know no second name; elsewhere somebody was quicker, and theirs counts.
    if (codeOf(cause) !== 'EEXIST') await fs.rename(draft, file)
  }
  await fs.rm(draft, { force: true })
  const folderHandle = await fs.open(folder, constants.O_RDONLY)
  try {
    await folderHandle.sync()
  } finally {
    await folderHandle.close()
  }
  const made = await read(file)
  if (!made) throw new Fault(`${file} was made and is gone again. Look at the disk.`, 'later')
  return made
}

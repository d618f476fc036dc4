// Opens the data folder for the watchdog: makes it where it is not there, and loads the node's key. A process of its own, because
// a disk that hangs holds whoever asks it, beyond SIGKILL, and the watchdog must stay free. It answers once and ends.
import fs from 'node:fs/promises'
import path from 'node:path'
import { codeOf, Fault, sentence } from '../../core/fault.ts'
import { closedFileIn, closedTo, TO_WRITE_IN, type Closed } from '../../ports/closed-folder.ts'
import { LAB_MARK } from '../../ports/world/lab/mark.ts'
import { loadNodeKey } from '../node-key.ts'
import { endNow } from '../parent.ts'

export type FolderSays = { readonly is: 'key'; readonly key: string } | { readonly is: 'no'; readonly says: string }

const folder = process.argv[2] ?? ''
const isLab = process.argv[3] === 'lab'

/** The mark of a lab is for ever: in a lab waits are short, and what they let through must never be taken for real. */
async function whyNotLab(): Promise<string | undefined> {
  const has = async (name: string): Promise<boolean> => fs.lstat(path.join(folder, name)).then(() => true, (cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return false
    throw cause
  })
  if (await has(LAB_MARK)) return isLab ? undefined : `The data in ${folder} are those of a lab, and stay that: start with --lab again, or name other data with --data.`
  if (!isLab) return undefined
  if (await has('holdfast.db')) return `The data in ${folder} are not those of a lab: name other data with --data.`
  await fs.writeFile(path.join(folder, LAB_MARK), 'These data are of a lab (holdfast up --lab): its waits are shortened. They are never used for anything else.\n', { mode: 0o600 })
  return undefined
}

const whose = ({ at, owner, me }: Closed): string => `${at} ${owner === me ? `is closed to ${me}.` : `belongs to ${owner}, and this runs as ${me}.`}`

async function open(): Promise<FolderSays> {
  try {
    await fs.mkdir(folder, { recursive: true, mode: 0o700 })
    const closed = await closedFileIn(folder)
    if (closed) return { is: 'no', says: `The data cannot be used: ${whose(closed)} Give it back: chown ${closed.me} ${closed.at}` }
    const notLab = await whyNotLab()
    if (notLab !== undefined) return { is: 'no', says: notLab }
    return { is: 'key', key: (await loadNodeKey(folder)).toString('base64') }
  } catch (cause) {
    const closed = await closedTo(folder, TO_WRITE_IN)
    if (closed) return { is: 'no', says: `The data folder ${folder} cannot be used: ${whose(closed)} Run Holdfast as ${closed.owner}, give it to ${closed.me} (chown), or name another with --data.` }
    if (cause instanceof Fault) return { is: 'no', says: sentence(cause) }
    return { is: 'no', says: `The data folder ${folder} cannot be used (${codeOf(cause) ?? sentence(cause)}). Give it to the user who runs Holdfast, or name another with --data.` }
  }
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('disconnect', endNow)
  const says = await open()
  process.send?.(says, undefined, {}, endNow)
}

// The mark of a lab in a data folder: whoever is given such a folder reaches no public address for it, whatever program they are.
import { lstatSync } from 'node:fs'
import path from 'node:path'
import { codeOf, Fault, sentence } from '../../../core/fault.ts'

/** The file in a data folder that says that its data are a lab's. */
export const LAB_MARK = 'lab'

/** Whether the data in this folder are a lab's. Throws a Fault where nobody can say: a lab's data taken for real ones would lead out of the lab. */
export function isLabFolder(data: string): boolean {
  try {
    lstatSync(path.join(data, LAB_MARK))
    return true
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause) ?? '')) return false
    throw new Fault(`whether the data in ${data} are a lab’s cannot be read: ${sentence(cause)}`, 'later', cause)
  }
}

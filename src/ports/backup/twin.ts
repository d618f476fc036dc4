// What was restored to live is not started to be looked over: a copy of it is, since starting changes what it starts on. Where the file system can, that
// copy shares its blocks; where there is too little room for another one nothing is started, and nothing is said of the copy.
import { Fault } from '../../core/fault.ts'
import { hours, type Span } from '../../core/time.ts'
import { open, type Cell, type Step } from '../backup.ts'
import { gist } from './words.ts'

const LONGEST: Span = hours(24)
/** Said where it does not fit; no program of a copy ends with it. */
const TOO_LITTLE = 77

/** Sizes in KiB; half a GiB stays free. */
const SCRIPT = `set -e
need=$(du -sk -- "$1" | cut -f1)
free=$(($(stat -f -c '%a' -- "$1") * $(stat -f -c '%S' -- "$1") / 1024))
[ "$free" -gt $((need + 524288)) ] || { echo "$need $free"; exit ${TOO_LITTLE}; }
exec cp -a --reflink=auto -- "$1" "$2"`

/** Copies a folder of a cell to another one there. `undefined`: it is there. Throws a `Fault` where there is too little room. */
export async function twinOf(cell: Cell, from: string, to: string): Promise<Step | undefined> {
  const ran = await cell.run(['/bin/sh', '-c', SCRIPT, 'sh', from, to], { within: LONGEST })
  const mib = (n: 0 | 1): number => Math.ceil(Number(ran.out.split(' ')[n]) / 1024)
  if (ran.exit === TOO_LITTLE) throw new Fault(`there is too little room: what was restored has ${mib(0)} MiB and is looked over in a copy of it, and ${mib(1)} MiB are free there`, 'later')
  return ran.exit === 0 ? undefined : open('what was restored could not be copied to be looked over', gist(ran))
}

// Where a restore works: a folder of its own beside where it leads, that only its owner may look into. Programs run as whoever restores, with nothing of the
// surroundings but a path, and end with us. Unlike a drill's cell it has no walls: what is restored here is meant to live, with its owners and rights, and a
// database of the user's has to be reached. So only programs of this machine run in it, and nothing that a copy brought along.
import { constants } from 'node:fs'
import { mkdir, open, readdir, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { Fault, sentence } from '../../core/fault.ts'
import type { Cell } from '../../ports/backup.ts'
import { BEGAN, SETPRIV } from '../guard/cell/cage.ts'
import { follow, type ChildWant, type Following } from '../guard/cell/child.ts'

export interface Place {
  readonly cell: Cell
  readonly folder: string
  /** Where the copy is to be written. */
  takeIn(): Promise<string>
  /** Bytes that can still be written. */
  room(): Promise<number>
  /** Ends everything in it and removes it. `undefined`: nothing is left; else what is, and why. */
  close(): Promise<string | undefined>
}

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
/** Says that it began where `follow` listens for it, and becomes the program. */
const START = `echo ${BEGAN} >&4; exec "$@" 3<&- 4>&-`

/** Makes it; throws a `Fault` where something stands there. */
export async function openPlace(folder: string, id: string, signal: AbortSignal): Promise<Place> {
  await mkdir(folder, { mode: 0o700 }).catch((cause: unknown) => {
    throw new Fault(`no folder to restore in can be made: ${sentence(cause)}`, 'never', cause)
  })
  for (const name of ['given', 'work']) await mkdir(path.join(folder, name), { mode: 0o700 })
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  const running = new Set<Following>()
  return {
    folder,
    cell: cellOf({ folder, id, signal: both, running }),
    takeIn: () => Promise.resolve(path.join(folder, 'given', 'copy')),
    async room() {
      const { bavail, bsize } = await statfs(folder)
      return bavail * bsize
    },
    async close() {
      over.abort()
      for (const one of running) one.kill()
      await Promise.allSettled([...running].map(({ ended }) => ended))
      return rm(folder, { recursive: true, force: true }).then(() => undefined, (cause: unknown) => `${folder} could not be removed: ${sentence(cause)}`)
    },
  }
}

function cellOf({ folder, id, signal, running }: { readonly folder: string; readonly id: string; readonly signal: AbortSignal; readonly running: Set<Following> }): Cell {
  const work = path.join(folder, 'work')
  const launch = (argv: readonly string[], want: Omit<ChildWant, 'signal' | 'work'>): Following => {
    if (signal.aborted) throw new Fault('the restore was ended before it was through', 'later')
    const around = ['/usr/bin/env', '-i', `--chdir=${work}`, `HOME=${work}`, 'LC_ALL=C.UTF-8', 'TZ=UTC', `PATH=${PATH}`, '/bin/sh', '-c', START, 'place']
    const one = follow([SETPRIV, '--pdeathsig', 'KILL', ...around, ...argv], { ...want, work: 'restore', signal })
    running.add(one)
    const drop = (): void => void running.delete(one)
    one.ended.then(drop, drop)
    return one
  }
  return {
    id, copy: path.join(folder, 'given', 'copy'), work,
    look: (at) => readdir(at).catch(() => []),
    async put(name, text) {
      if (!/^[a-z][a-z0-9.-]{0,60}$/.test(name) || name === 'copy') throw new Fault(`“${name}” is no name for a file`, 'never')
      const at = path.join(folder, 'given', name)
      const file = await open(at, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600)
      try {
        await file.writeFile(text)
      } finally {
        await file.close()
      }
      return at
    },
    run: async (argv, want) => launch(argv, want).ended,
    start: () => Promise.reject(new Fault('a server is only started in a cell', 'never')),
  }
}

// A cell from its making to its end. Its folder lies below the drill root, is marked with the drill's id, and is proven to be ours before each
// write: the same folder, no link, our mark, below the root. Programs may write into `work` and `tmp` alone, where we never write; we
// write into `given`, which they can only read. Closing ends everything in it and removes the folder, and says so truthfully. Where
// no namespaces can be had there is no cell, and therefore no drill.
import { randomBytes } from 'node:crypto'
import { constants, readFileSync, readlinkSync } from 'node:fs'
import { chmod, chown, lstat, mkdir, open, readFile, readdir, realpath, rename, statfs, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Fault, sentence } from '../../../core/fault.ts'
import { seconds } from '../../../core/time.ts'
import type { Cell, Ran } from '../../../ports/backup.ts'
import { caged, type Cage } from './cage.ts'
import { follow, type Following, type Work } from './child.ts'
import { remove, sweep } from './sweep.ts'

/** User ids that nobody hands out (systemd's table of ids leaves 1879048192 to 2147352575 to nobody). */
const FIRST_UID = 1_879_048_192
const UIDS = 2 ** 24
const TRIES = seconds(20)

export interface OpenCell {
  readonly cell: Cell
  /** Where the copy is to be written, as we see it. Proves first that the cell is ours. */
  takeIn(): Promise<string>
  /** Bytes that can still be written. */
  room(): Promise<number>
  /** Ends everything in it, and gives a folder of its `work` another name on the same disk, out of it. Nothing runs in it afterwards. */
  takeOut(inside: string, to: string): Promise<void>
  /** Ends everything in it and removes it. `undefined`: nothing is left; else what is, and why. */
  close(): Promise<string | undefined>
}

export interface CellWants {
  /** A folder of this machine that is seen in it, read-only. */
  readonly sees?: string | undefined
  /** What it is for; a drill where nothing is said. */
  readonly work?: Work
}

/**
 * Makes a cell below `root`, after removing whatever a former, killed Holdfast left there. Throws a `Fault` that says what is missing where
 * this machine gives no namespaces. Everything in it ends with `signal`.
 */
export async function openCell(root: string, signal: AbortSignal, { sees, work = 'drill' }: CellWants = {}): Promise<OpenCell> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  const real = await realpath(root)
  await sweep(real, IN_USE)
  const beside = await seen(sees, real)
  const id = randomBytes(8).toString('hex')
  IN_USE.add(path.join(real, id))
  const cage: Cage = { ...await make(real, id), sees: beside }
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  const running = new Set<Following>()
  const end = async (): Promise<void> => {
    over.abort()
    for (const one of running) one.kill()
    await Promise.allSettled([...running].map(({ ended }) => ended))
  }
  const opened: OpenCell = {
    cell: cellOf({ cage, root: real, signal: both, running, work }),
    async takeIn() {
      await prove(cage, real)
      return path.join(cage.folder, 'given', 'copy')
    },
    room: () => roomOf(cage.folder),
    async takeOut(inside, to) {
      await end()
      await prove(cage, real)
      const [, name] = /^\/work\/([a-z]+)$/.exec(inside) ?? []
      const at = path.join(cage.folder, 'work', name ?? '')
      if (name === undefined || !(await lstat(at)).isDirectory()) throw new Fault(`${inside} is no folder of the cell`, 'never')
      await rename(at, to)
    },
    async close() {
      await end()
      const left = await remove(cage.folder)
      IN_USE.delete(cage.folder)
      return left
    },
  }
  try {
    const { exit, err } = await opened.cell.run(['/bin/true'], { within: TRIES })
    if (exit !== 0) throw new Fault(`no cell can be had here: ${sentence(err)}`, 'never')
  } catch (cause) {
    await opened.close()
    throw cause
  }
  return opened
}

/** A folder of this machine that is to be seen in a cell; not ours, and not led to by a link. What lies below `/usr` is seen anyway. */
async function seen(sees: string | undefined, root: string): Promise<string> {
  if (sees === undefined) return ''
  const real = await realpath(sees).catch(() => undefined)
  if (real !== sees || !(await lstat(sees)).isDirectory()) throw new Fault(`${sees} is ${real === undefined ? 'not there' : 'no folder, or a link leads to it'}: the application cannot be started`, 'never')
  if (`${root}/`.startsWith(`${sees}/`) || `${sees}/`.startsWith(`${path.dirname(path.dirname(root))}/`)) throw new Fault(`${sees} holds what is Holdfast's own: it is not seen in a cell`, 'never')
  return sees.startsWith('/usr/') ? '' : sees
}

/** The cells of this process: what a sweep leaves alone. */
const IN_USE = new Set<string>()

async function make(root: string, id: string): Promise<Omit<Cage, 'sees'>> {
  const folder = path.join(root, id)
  const means = process.geteuid?.() === 0 ? 'root' : 'mapped'
  const uid = unusedUid()
  await mkdir(folder, { mode: 0o700 })
  for (const name of ['given', 'work', 'tmp', 'root']) {
    const at = path.join(folder, name)
    await mkdir(at)
    await chmod(at, name === 'work' || name === 'tmp' ? 0o700 : 0o755)
    if (means === 'root' && (name === 'work' || name === 'tmp')) await chown(at, uid, uid)
  }
  await writeFile(path.join(folder, 'mark'), `${id}\n`, { mode: 0o644, flag: 'wx' })
  return { means, folder, id, uid, ours: { net: namespace('net'), pid: namespace('pid'), mnt: namespace('mnt'), ipc: namespace('ipc') } }
}

function namespace(name: string): string {
  try {
    return readlinkSync(`/proc/self/ns/${name}`)
  } catch (cause) {
    throw new Fault(`no cell can be had here: this machine shows no namespaces (${sentence(cause)})`, 'never', cause)
  }
}

function unusedUid(): number {
  let known = ''
  try {
    known = readFileSync('/etc/passwd', 'utf8')
  } catch {
    // Without it nobody has a name here, and no id of that range is anybody's.
  }
  for (;;) {
    const uid = FIRST_UID + (randomBytes(4).readUInt32BE() % UIDS)
    if (!known.includes(`:${uid}:`)) return uid
  }
}

/** Right before each write: it is where it was made, no link leads elsewhere, and it bears our mark. */
async function prove({ folder, id }: Cage, root: string): Promise<void> {
  const wrong = (why: string): Fault => new Fault(`${folder} is not this drill's own any more (${why}): nothing is written`, 'never')
  if (path.dirname(folder) !== root) throw wrong('it lies outside the drill root')
  for (const name of ['', 'given', 'work', 'tmp', 'root']) {
    const at = path.join(folder, name)
    const found = await lstat(at).catch(() => undefined)
    if (!found?.isDirectory()) throw wrong(`${name || 'the folder'} is gone, or no folder`)
    if ((await realpath(at)) !== at) throw wrong(`${name || 'the folder'} leads elsewhere`)
  }
  const mark = await readFile(path.join(folder, 'mark'), 'utf8').catch(() => '')
  if (mark !== `${id}\n`) throw wrong('its mark differs')
}

async function roomOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

interface CellParts {
  readonly cage: Cage
  readonly root: string
  readonly signal: AbortSignal
  readonly running: Set<Following>
  readonly work: Work
}

function cellOf({ cage, root, signal, running, work }: CellParts): Cell {
  const launch = async (argv: readonly string[], want: Omit<Parameters<typeof follow>[1], 'signal' | 'work'>): Promise<Following> => {
    if (signal.aborted) throw new Fault(`the ${work} was ended before it was through`, 'later')
    await prove(cage, root)
    const one = follow(caged(cage, argv), { ...want, work, signal })
    running.add(one)
    const drop = (): void => void running.delete(one)
    one.ended.then(drop, drop)
    return one
  }
  return {
    id: cage.id, copy: '/given/copy', work: '/work',
    async look(folder) {
      if (!/^\/(usr|bin|sbin|lib)[\w/.+-]*$/.test(folder) || folder.includes('..')) throw new Fault(`${folder} holds no programs: nothing of it is seen in a cell`, 'never')
      return readdir(folder).catch(() => [])
    },
    async put(name, text) {
      if (!/^[a-z][a-z0-9.-]{0,60}$/.test(name) || name === 'copy') throw new Fault(`“${name}” is no name for a file in a cell`, 'never')
      await prove(cage, root)
      const file = await open(path.join(cage.folder, 'given', name), constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o644)
      try {
        await file.writeFile(text)
        await file.chmod(0o644)
      } finally {
        await file.close()
      }
      return `/given/${name}`
    },
    run: async (argv, want): Promise<Ran> => (await launch(argv, want)).ended,
    async start(argv, { ready, within }) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const one = await launch(argv, { within, hear: (all) => (ready.test(all) ? resolve() : undefined) })
      await Promise.race([promise, one.ended.then(() => undefined)])
      one.stay()
      return { alive: one.alive, said: one.said }
    },
  }
}


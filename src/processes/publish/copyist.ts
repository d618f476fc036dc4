// Writes one version of a board into one folder, then ends: a process of its own, because a folder may lie on a disk that
// hangs, and only a process can be given up. A reader sees the old version or the new one, whole: a new folder beside the
// target, and one rename of a symbolic link. Where the target is a folder that somebody made, each file is renamed into
// place, the front page last. What is not ours is never removed, and no folder is made where a missing mount would be.
import fs from 'node:fs'
import path from 'node:path'
import { codeOf, sentence } from '../../core/fault.ts'

/** `files`: path below the target to text; the front page last. `version` names the new folder: letters, digits, dashes. */
export interface Copy {
  readonly is: 'copy'
  readonly target: string
  readonly version: string
  readonly files: readonly (readonly [string, string])[]
}

export interface Copied {
  readonly is: 'copied'
  readonly outcome: 'done' | 'failed'
  readonly says: string
}

/** Versions kept: the one that is shown, and the one before it for readers that are just at it. */
const KEPT = 2

/** Writes it; throws what the system says. `step` is called before each change, for tests that end it there. */
export function writeBundle({ target, version, files }: Copy, step: (what: string) => void = () => undefined): void {
  const place = path.resolve(target)
  const standing = fs.lstatSync(place, { throwIfNoEntry: false })
  const shelf = path.join(path.dirname(place), `.${path.basename(place)}.versions`)
  const ours = standing === undefined || (standing.isSymbolicLink() && path.dirname(path.resolve(path.dirname(place), fs.readlinkSync(place))) === shelf)
  if (ours) return swap(place, shelf, { version, files, step })
  if (!fs.statSync(place).isDirectory()) throw new Error(`${place} is not a folder`)
  fill(place, files, step)
}

interface Work {
  readonly version: string
  readonly files: Copy['files']
  readonly step: (what: string) => void
}

function swap(place: string, shelf: string, { version, files, step }: Work): void {
  const parent = path.dirname(place)
  if (!fs.statSync(parent, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`the folder ${parent} does not exist: create it, or mount what belongs there`)
  const before = fs.lstatSync(place, { throwIfNoEntry: false }) === undefined ? undefined : path.basename(fs.readlinkSync(place))
  folder(shelf, step)
  const fresh = path.join(shelf, version)
  step('clear')
  fs.rmSync(fresh, { recursive: true, force: true })
  folder(fresh, step)
  const folders = new Set([fresh])
  for (const [name, text] of files) {
    const file = within(fresh, name)
    for (let at = path.dirname(file); !folders.has(at); at = path.dirname(at)) folders.add(at)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    write(file, text, step)
  }
  for (const at of folders) {
    fs.chmodSync(at, 0o755)
    sync(at)
  }
  sync(shelf)
  const link = path.join(shelf, 'next')
  step('link')
  fs.rmSync(link, { force: true })
  // Relative to where the link will stand, so that the whole may be moved or mounted elsewhere.
  fs.symlinkSync(path.join(path.basename(shelf), version), link)
  step('swap')
  fs.renameSync(link, place)
  sync(parent)
  step('clean')
  clean(shelf, [version, before])
}

/** Only what this program made lies in the shelf; the newest beyond those in use go too. */
function clean(shelf: string, inUse: readonly (string | undefined)[]): void {
  const kept = inUse.filter((name) => name !== undefined).slice(0, KEPT)
  for (const name of fs.readdirSync(shelf)) if (!kept.includes(name)) fs.rmSync(path.join(shelf, name), { recursive: true, force: true })
}

/** Into a folder that is there already: file by file, each whole. */
function fill(place: string, files: Copy['files'], step: (what: string) => void): void {
  const folders = new Set<string>()
  for (const [name, text] of files) {
    const file = within(place, name)
    const at = path.dirname(file)
    if (!fs.existsSync(at)) fs.mkdirSync(at, { recursive: true, mode: 0o755 })
    folders.add(at)
    const beside = path.join(at, `.${path.basename(file)}.next`)
    fs.rmSync(beside, { force: true })
    write(beside, text, step)
    step(`rename ${name}`)
    fs.renameSync(beside, file)
  }
  for (const at of folders) sync(at)
}

function write(file: string, text: string, step: (what: string) => void): void {
  step(`write ${file}`)
  const handle = fs.openSync(file, 'wx', 0o644)
  try {
    fs.writeFileSync(handle, text)
    // The umask of the service does not decide who may read a public page.
    fs.fchmodSync(handle, 0o644)
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
}

function folder(at: string, step: (what: string) => void): void {
  step(`folder ${at}`)
  fs.mkdirSync(at, { recursive: true })
  fs.chmodSync(at, 0o755)
}

function sync(at: string): void {
  const handle = fs.openSync(at, 'r')
  try {
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
}

/** Names are constants of ours; one that led out of the folder would be a bug that must not write. */
function within(place: string, name: string): string {
  const file = path.resolve(place, name)
  if (!file.startsWith(place + path.sep)) throw new Error(`${name} lies outside of ${place}`)
  return file
}

const CURES: Readonly<Record<string, string>> = {
  EACCES: 'Give the user that runs Holdfast the right to write there.', EPERM: 'Give the user that runs Holdfast the right to write there.',
  EROFS: 'The disk is mounted read-only.', ENOSPC: 'Make room on that disk.', EDQUOT: 'Make room within the quota.',
}

/** Writes, and says what came of it. */
export function copied(copy: Copy): Copied {
  try {
    writeBundle(copy)
    return { is: 'copied', outcome: 'done', says: `${copy.files.length} files are in ${copy.target}` }
  } catch (cause) {
    const cure = CURES[codeOf(cause) ?? ''] ?? ''
    return { is: 'copied', outcome: 'failed', says: `The board could not be written to ${copy.target}: ${sentence(cause)}. ${cure}`.trim() }
  }
}

if (process.argv[1] === import.meta.filename && process.send) {
  // The terminal's signals are for the watchdog alone.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('disconnect', () => process.exit(0))
  process.once('message', (copy: Copy) => process.send?.(copied(copy), () => process.exit(0)))
}

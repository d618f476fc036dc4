// Damaged files: unpacked beside, on the same disk; held against the manifest of the scan, which says what each has to be, and against that of the copy; and put in
// place by a link and a rename: the name is never without a file, and the damaged one stays under a dated name. A file that is not as it was seen, or that is
// reached through a link, is left alone.
import { createHash } from 'node:crypto'
import { chmod, chown, link, lstat, mkdir, open, realpath, rename, rm, rmdir, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { Fault, codeOf, sentence } from '../../core/fault.ts'
import type { Checked } from '../../ports/backup/live.ts'
import { hashIn } from '../../ports/backup/tree.ts'
import { manifestReader, named, rangeOf, sayPath, type Entry } from '../../rooms/guard/scan/manifest.ts'
import type { Swap, SwapUnit } from '../../rooms/guard/restore/swap.ts'
import type { DamagedWants, SwapReport } from '../../views/restore/restoring.ts'
import { linesOf } from '../scan/lines.ts'
import { engineOf, givenOf } from './given.ts'
import type { Place } from './place.ts'
import { stampOf, type Restored } from './restored.ts'

const PIECE = 4 * 1024 * 1024

export async function filesBeside(it: DamagedWants, place: Place, root: string): Promise<Restored> {
  const engine = engineOf(it.begun.engine)
  const config: unknown = engine.config.parse({})
  const restoring = engine.open(config, place.cell, givenOf(it, engine))
  if (!restoring.some) throw new Fault(`single files cannot be taken out of a copy made by ${engine.kind} yet: restore it into a new folder with --to, and take them from there`, 'never')
  const real = await realpath(root)
  const structure = await restoring.structure()
  if (structure.is !== 'pass') throw new Fault(`${structure.says}${structure.said === undefined ? '' : `: ${structure.said}`}`, structure.is === 'fail' ? 'never' : 'later')
  const texts = it.units.flatMap((unit) => {
    const read = unit.is === 'file' ? named(unit.path) : { path64: '' }
    return 'path' in read ? [read.path] : []
  })
  const others = texts.length === it.units.length ? [] : [`${it.units.length - texts.length} have names that are no text: take them from a restore of the whole`]
  const some = await restoring.some(texts, it.below)
  if (!('found' in some)) throw new Fault(`${some.is === 'pass' ? 'nothing was restored' : some.says}${some.said === undefined ? '' : `: ${some.said}`}`, 'never')
  const former = formerOf(it.manifest, texts)
  const units: SwapUnit[] = []
  const failed: string[] = []
  const checks: Checked[] = []
  const stamp = stampOf(new Date())
  await mkdir(path.join(place.folder, 'side'), { mode: 0o700 })
  for (const [n, name] of texts.entries()) {
    const found = some.found.get(name)
    if (found === undefined) {
      failed.push(`${sayPath(Buffer.from(name).toString('latin1'))} is not in ${it.begun.copy.key}: names are those in the copy (restic ls, borg list, tar -t show them), which need not be those on disk; or look into an older or newer copy with --copy`)
      continue
    }
    const side = path.join(place.folder, 'side', `${n}`)
    await rename(found.at, side)
    const made = await unitOf({ it, real, name, side, member: found.name, former: former.get(name), stamp })
    if (typeof made === 'string') failed.push(`${name} is not put in place: ${made}`)
    else {
      units.push(made.unit)
      checks.push(made.check)
    }
  }
  for (const name of ['given', 'work']) await rm(path.join(place.folder, name), { recursive: true, force: true })
  const { dev, ino } = await lstat(real, { bigint: true })
  return { place: real, placeId: `${dev}:${ino}`, units, checks, others, failed }
}

interface Making {
  readonly it: DamagedWants
  readonly real: string
  readonly name: string
  readonly side: string
  readonly member: string
  readonly former: Entry | undefined
  readonly stamp: string
}

async function unitOf({ it, real, name, side, member, former, stamp }: Making): Promise<{ readonly unit: SwapUnit; readonly check: Checked } | string> {
  const restored = await lstat(side)
  if (!restored.isFile()) return 'in the copy it is no plain file'
  const live = await seen(real, name)
  if (live.is === 'refused') return live.says
  const aside = `${name}.damaged-${stamp}`
  if ((await seen(real, aside)).is !== 'absent') return `${aside} is there already`
  const { sha256, sums } = await hashesOf(side, former?.sums.length === 1 ? Math.max(1, restored.size) : rangeOf(restored.size, false))
  const wanted = hashIn(it.begun.manifest ?? undefined, member)
  if (wanted !== undefined && wanted !== sha256) return `what the copy holds is not what was there when it was made (${sha256.slice(0, 12)}…, where ${wanted.slice(0, 12)}… is wanted)`
  const same = former !== undefined && former.size === restored.size && former.sums.length === sums.length && former.sums.every((sum, i) => sum === sums[i])
  const checked = same ? 'it is byte for byte what the scan knew' : former === undefined ? (wanted === undefined ? 'no hash of it is known' : 'it is what was there when the copy was made') : 'it is not what the scan knew: the copy holds another state of it'
  const mtime = live.is === 'file' ? live.mtime : former === undefined ? undefined : Number(BigInt(former.mtime) / 1_000_000n)
  const lost = same ? '' : mtime === undefined ? 'nobody can say what was written since the copy' : mtime > it.begun.at ? `it was last written at ${new Date(mtime).toISOString()}, and the copy is of ${new Date(it.begun.at).toISOString()}: what was written since is only in the damaged one` : ''
  const unit: SwapUnit = { name, side, aside: live.is === 'file' ? aside : 'nothing: it is missing', was: live.is === 'file' ? live.was : 'absent', digest: sha256, checked, lost }
  return { unit, check: { text: name, found: same || wanted !== undefined ? 'pass' : 'unknown', ...(same ? {} : { says: checked }) } }
}

type Seen =
  | { readonly is: 'file'; readonly was: string; readonly mtime: number; readonly mode: number; readonly uid: number; readonly gid: number }
  | { readonly is: 'absent' }
  | { readonly is: 'refused'; readonly says: string }

/** A plain file below the root that no link leads to, as it is now. */
async function seen(root: string, name: string): Promise<Seen> {
  const parts = name.split('/')
  let at = root
  for (const [n, part] of parts.entries()) {
    at = path.join(at, part)
    const found = await lstat(at, { bigint: true }).catch((cause: unknown) => (codeOf(cause) === 'ENOENT' ? undefined : sentence(cause)))
    if (typeof found === 'string') return { is: 'refused', says: found }
    const last = n === parts.length - 1
    if (!found) return last ? { is: 'absent' } : { is: 'refused', says: 'the folder that it lay in is gone: make it, or restore the whole' }
    if (!last && !found.isDirectory()) return { is: 'refused', says: `${part} is a link or no folder: nothing is written through it` }
    if (!last) continue
    if (!found.isFile()) return { is: 'refused', says: 'what lives there is no plain file' }
    return { is: 'file', was: `${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`, mtime: Number(found.mtimeMs), mode: Number(found.mode) & 0o7777, uid: Number(found.uid), gid: Number(found.gid) }
  }
  return { is: 'absent' }
}

/** The whole, and each range. */
async function hashesOf(file: string, range: number): Promise<{ readonly sha256: string; readonly sums: readonly string[] }> {
  const opened = await open(file, 'r')
  try {
    const whole = createHash('sha256')
    const sums: string[] = []
    const { size } = await opened.stat()
    for (let from = 0; from < Math.max(1, size); from += range) sums.push(await rangeSum(opened, { from, bytes: Math.min(range, size - from) }, whole))
    return { sha256: whole.digest('hex'), sums }
  } finally {
    await opened.close()
  }
}

async function rangeSum(opened: FileHandle, { from, bytes }: { readonly from: number; readonly bytes: number }, whole: ReturnType<typeof createHash>): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(Math.min(PIECE, Math.max(1, bytes)))
  for (let at = from; at < from + bytes;) {
    const { bytesRead } = await opened.read(buffer, 0, Math.min(buffer.length, from + bytes - at), at)
    if (bytesRead === 0) throw new Fault('what was restored became shorter while it was read', 'later')
    hash.update(buffer.subarray(0, bytesRead))
    whole.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
  return hash.digest('hex')
}

/** What the manifest of the scan says of them; nothing where there is none. One that is cut or altered is a `Fault`. */
function formerOf(manifest: string | undefined, wanted: readonly string[]): ReadonlyMap<string, Entry> {
  const found = new Map<string, Entry>()
  if (manifest === undefined) return found
  const names = new Map(wanted.map((name) => [Buffer.from(name).toString('latin1'), name]))
  const reader = manifestReader(manifest)
  for (const { text } of linesOf(manifest)) {
    const entry = reader.take(text)
    const name = entry && names.get(entry.path)
    if (entry && name !== undefined) found.set(name, entry)
  }
  reader.end()
  return found
}

/** All are looked at before the first is touched; each is put in place in one step of the file system. */
export async function swapFiles(swap: Swap): Promise<SwapReport> {
  const no = (says: string, swapped: readonly string[] = []): SwapReport => ({ verdict: swapped.length === 0 ? 'refused' : 'failed', says, swapped, engine_said: '' })
  const { dev, ino } = await lstat(swap.place, { bigint: true })
  if (`${dev}:${ino}` !== swap.place_id) return no(`${swap.place} is another folder than the one that was agreed on`)
  for (const unit of swap.units) {
    const why = await whyNot(swap.place, unit)
    if (why !== undefined) return no(`${unit.name}: ${why}`)
  }
  const swapped: string[] = []
  for (const unit of swap.units) {
    try {
      await putInPlace(swap.place, unit)
      swapped.push(unit.name)
    } catch (cause) {
      return no(`${unit.name}: ${sentence(cause)}`, swapped)
    }
  }
  const places = new Set(swap.units.map(({ side }) => path.dirname(side)))
  for (const side of places) await rmdir(side).then(() => rmdir(path.dirname(side))).catch(() => undefined)
  return { verdict: 'swapped', says: '', swapped, engine_said: '' }
}

/** Why it is not put in place: what lives, or what was restored, is not what was agreed on. */
async function whyNot(root: string, unit: SwapUnit): Promise<string | undefined> {
  const live = await seen(root, unit.name)
  if (live.is === 'refused') return live.says
  if ((live.is === 'file' ? live.was : 'absent') !== unit.was) return 'it is not what it was when people were asked: somebody wrote to it. Scan again'
  if (live.is === 'file' && (await seen(root, unit.aside)).is !== 'absent') return `${unit.aside} is there already`
  const { sha256 } = await hashesOf(unit.side, PIECE)
  return sha256 === unit.digest ? undefined : 'what was restored beside is not what was agreed on'
}

async function putInPlace(root: string, { name, side, aside, was }: SwapUnit): Promise<void> {
  const at = path.join(root, name)
  const live = await seen(root, name)
  if (live.is === 'absent' && was === 'absent') {
    await synced(side)
    // A link never replaces what came into being meanwhile.
    await link(side, at)
    await synced(path.dirname(at))
    return rm(side)
  }
  if (live.is !== 'file' || live.was !== was) throw new Fault('it was written to just now', 'never')
  await chown(side, live.uid, live.gid)
  await chmod(side, live.mode)
  await synced(side)
  await link(at, path.join(root, aside))
  await rename(side, at)
  await synced(path.dirname(at))
}

async function synced(at: string): Promise<void> {
  const opened = await open(at, 'r')
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}

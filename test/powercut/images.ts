// What may be on the disk after the power went: every byte that was synced, and of everything after the last sync of its file
// any part, torn at sectors, in any combination; and of every name that came or went since the folder was last synced, or
// not. Nothing here is likely, all of it is legal: a store that survives all of it does not lean on luck.
import type { Op } from './trace.ts'

const SECTOR = 512

/** Numbers from 0 to 1. */
export type Dice = () => number

export interface Image {
  /** The power went after this many operations. */
  readonly at: number
  /** The highest number that the writer had confirmed by then. */
  readonly acked: number
  readonly how: string
  readonly files: ReadonlyMap<string, Buffer>
}

interface Inode {
  durable: Buffer
  pending: DataOp[]
}

type DataOp = Extract<Op, { is: 'write' | 'truncate' | 'extend' }>
type NameOp = { readonly is: 'name'; readonly file: string; readonly inode: Inode } | { readonly is: 'gone'; readonly file: string } | { readonly is: 'move'; readonly from: string; readonly to: string; readonly inode: Inode }

/** How a part of what was not synced is chosen. */
interface Choice {
  readonly how: string
  /** Whether an operation reached the disk: `rank` counts from the newest, 0. */
  readonly keeps: (rank: number, of: number) => boolean
  readonly tears: boolean
}

/** A repeatable source of dice (mulberry32). */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function choices(dice: Dice, random: number): Choice[] {
  const fixed: Choice[] = [
    { how: 'nothing unsynced', keeps: () => false, tears: false },
    { how: 'everything', keeps: () => true, tears: false },
    { how: 'only the newest', keeps: (rank) => rank === 0, tears: false },
    { how: 'all but the oldest', keeps: (rank, of) => rank !== of - 1, tears: false },
    { how: 'everything, torn', keeps: () => true, tears: true },
  ]
  for (let n = 0; n < random; n++) {
    const share = [0.15, 0.5, 0.85][Math.floor(dice() * 3)] ?? 0.5
    const tears = dice() < 0.4
    fixed.push({ how: `${Math.round(share * 100)} %${tears ? ', torn' : ''}`, keeps: () => dice() < share, tears })
  }
  return fixed
}

function apply(content: Buffer, op: DataOp, dice: Dice, tears: boolean): Buffer {
  if (op.is === 'truncate') return op.size <= content.length ? Buffer.from(content.subarray(0, op.size)) : grown(content, op.size)
  if (op.is === 'extend') return op.size <= content.length ? content : grown(content, op.size)
  const out = op.at + op.bytes.length > content.length ? grown(content, op.at + op.bytes.length) : content
  if (!tears) {
    op.bytes.copy(out, op.at)
    return out
  }
  for (let from = 0; from < op.bytes.length;) {
    const to = Math.min(op.bytes.length, (Math.floor((op.at + from) / SECTOR) + 1) * SECTOR - op.at)
    if (dice() < 0.5) op.bytes.copy(out, op.at + from, from, to)
    from = to
  }
  return out
}

const grown = (content: Buffer, size: number): Buffer => {
  const out = Buffer.alloc(size)
  content.copy(out)
  return out
}

/** The state of the folder: what is there for the living, and what survives. */
interface Disk {
  readonly live: Map<string, Inode>
  readonly durable: Map<string, Inode>
  readonly names: NameOp[]
}

function take(disk: Disk, op: Op, dice: Dice): void {
  const { live, durable, names } = disk
  switch (op.is) {
    case 'create': {
      const inode: Inode = { durable: Buffer.alloc(0), pending: [] }
      live.set(op.file, inode)
      names.push({ is: 'name', file: op.file, inode })
      return
    }
    case 'write':
    case 'truncate':
    case 'extend': return void live.get(op.file)?.pending.push(op)
    case 'sync': {
      const inode = live.get(op.file)
      if (!inode) return
      inode.durable = inode.pending.reduce<Buffer>((content, it) => apply(content, it, dice, false), Buffer.from(inode.durable))
      inode.pending = []
      return
    }
    case 'syncFolder':
      for (const name of names.splice(0)) rename(durable, name)
      return
    case 'unlink':
      live.delete(op.file)
      names.push({ is: 'gone', file: op.file })
      return
    case 'link':
    case 'rename': {
      const inode = live.get(op.from)
      if (!inode) return
      live.set(op.to, inode)
      if (op.is === 'rename') live.delete(op.from)
      names.push(op.is === 'link' ? { is: 'name', file: op.to, inode } : { is: 'move', from: op.from, to: op.to, inode })
      return
    }
    case 'ack': return
  }
}

function rename(names: Map<string, Inode>, op: NameOp): void {
  if (op.is === 'gone') names.delete(op.file)
  else if (op.is === 'name') names.set(op.file, op.inode)
  else {
    names.delete(op.from)
    names.set(op.to, op.inode)
  }
}

/** Every crash point, each with the fixed choices and `random` further ones. */
export function* images(ops: readonly Op[], dice: Dice, random: number): IterableIterator<Image> {
  const disk: Disk = { live: new Map(), durable: new Map(), names: [] }
  let acked = 0
  for (const [index, op] of ops.entries()) {
    take(disk, op, dice)
    if (op.is === 'ack') acked = Math.max(acked, op.n)
    for (const choice of choices(dice, random)) yield { at: index + 1, acked, how: choice.how, files: imageOf(disk, choice, dice) }
  }
}

function imageOf(disk: Disk, choice: Choice, dice: Dice): Map<string, Buffer> {
  const names = new Map(disk.durable)
  const of = disk.names.length
  for (const [at, op] of disk.names.entries()) if (choice.keeps(of - 1 - at, of)) rename(names, op)
  const files = new Map<string, Buffer>()
  for (const [file, inode] of names) {
    const { length } = inode.pending
    let content: Buffer = Buffer.from(inode.durable)
    for (const [at, op] of inode.pending.entries()) if (choice.keeps(length - 1 - at, length)) content = apply(content, op, dice, choice.tears)
    files.set(file, content)
  }
  return files
}

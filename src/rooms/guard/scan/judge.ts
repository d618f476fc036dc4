// What became of a file since its manifest. The same time and other bytes is damage: nobody who writes leaves the time as it was. Whatever
// fails, or differs in that way, is read a second time before it is said, so that a passing fault is told from one that stays. A file that could
// not be seen is never called missing, and one that changed under our hands is never called damaged.
import type { Entry } from './manifest.ts'

/** What one reading of one range gave. */
export type Seen =
  | { readonly is: 'read'; readonly sum: string }
  /** It is another file by now, or grew, or was written meanwhile. */
  | { readonly is: 'moved' }
  | { readonly is: 'gone' }
  | { readonly is: 'failed'; readonly says: string }

/**
 * `touched`: only its time differs. `unsteady`: written while it was read, twice. `gone`: listed, and not there when it was read; it stood in no
 * manifest. `unseen`: in the manifest, and where it lay could not be looked into.
 */
export const VERDICTS = ['same', 'new', 'touched', 'changed', 'gone', 'damaged', 'missing', 'unreadable', 'unsteady', 'unseen'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What nobody may sleep over: damage, loss, or not known. */
export const isTrouble = (verdict: Verdict): boolean => ['damaged', 'missing', 'unreadable', 'unsteady', 'unseen'].includes(verdict)

export interface Judgement {
  readonly verdict: Verdict
  /** The first reading failed or differed, the second did not: the file is well, and what it lies on is not. */
  readonly flickered: boolean
  readonly says?: string
  /** Of a damaged file: which ranges differ. */
  readonly ranges?: readonly number[]
}

/** The file at the time of one reading, range by range. */
export interface Try {
  readonly size: number
  readonly mtime: string
  readonly seen: readonly Seen[]
}

const worst = (seen: readonly Seen[]): Exclude<Seen, { is: 'read' }> | undefined => {
  const bad = seen.filter((it) => it.is !== 'read')
  return bad.find((it) => it.is === 'gone') ?? bad.find((it) => it.is === 'moved') ?? bad[0]
}

/** The ranges whose bytes differ though nothing says that anybody wrote; all of them where the size does. */
export function differing({ size, mtime, seen }: Try, former: Entry | undefined): number[] {
  if (former === undefined || former.mtime !== mtime) return []
  return seen.flatMap((it, n) => (it.is === 'read' && (former.size !== size || it.sum !== former.sums[n]) ? [n] : []))
}

/** The ranges that have to be read once more before anything is said of the file. */
export const inDoubt = (it: Try, former: Entry | undefined): number[] => {
  const differ = new Set(differing(it, former))
  return it.seen.flatMap((seen, n) => (seen.is !== 'read' || differ.has(n) ? [n] : []))
}

/** Of one reading, or two where the first left doubt; the second is whole again (`first` is only looked at for what it failed in). */
export function judge({ first, second, former }: { readonly first: Try; readonly second?: Try; readonly former: Entry | undefined }): Judgement {
  const last = second ?? first
  const trouble = worst(last.seen)
  const flickered = second !== undefined && second.size === first.size && second.mtime === first.mtime && first.seen.some((it, n) => it.is === 'failed' || (it.is === 'read' && differing(first, former).includes(n)))
  if (trouble?.is === 'gone') return { verdict: former ? 'missing' : 'gone', flickered: false }
  if (trouble?.is === 'moved') return { verdict: 'unsteady', flickered: false, says: 'it was written while it was read, twice' }
  if (trouble?.is === 'failed') return { verdict: 'unreadable', flickered: false, says: trouble.says }
  const differ = differing(last, former)
  if (differ.length > 0) {
    const unlike = second !== undefined && differ.some((n) => sumOf(first, n) !== undefined && sumOf(first, n) !== sumOf(second, n))
    return { verdict: 'damaged', flickered: false, ranges: differ, says: unlike ? 'its bytes read differently each time' : former?.size === last.size ? 'its bytes differ, and nothing says that anybody wrote' : `it had ${former?.size} bytes and has ${last.size}, and nothing says that anybody wrote` }
  }
  if (former === undefined) return { verdict: 'new', flickered }
  const same = former.size === last.size && last.seen.every((it, n) => it.is === 'read' && it.sum === former.sums[n])
  if (!same) return { verdict: 'changed', flickered }
  return { verdict: former.mtime === last.mtime ? 'same' : 'touched', flickered }
}

const sumOf = ({ seen }: Try, n: number): string | undefined => {
  const it = seen[n]
  return it?.is === 'read' ? it.sum : undefined
}

/** How often each verdict was given. */
export type Tally = Readonly<Record<Verdict, number>>

export const emptyTally = (): Record<Verdict, number> => ({ same: 0, new: 0, touched: 0, changed: 0, gone: 0, damaged: 0, missing: 0, unreadable: 0, unsteady: 0, unseen: 0 })

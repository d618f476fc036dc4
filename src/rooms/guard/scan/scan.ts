// What a scan is asked and what it answers: the words between whoever wants one (the command line, the guard process) and the threads that read.
import type { Tally } from './judge.ts'
import type { Settled } from './journal.ts'
import type { BadPage } from './pages.ts'
import type { Progress } from './pace.ts'

export interface ScanWants {
  readonly folder: string
  /** Compared with where it exists, else made. Without a name it is only found out what can be read. */
  readonly manifest?: string | undefined
  /** Take over what is new, changed and gone; never what is damaged. */
  readonly update?: boolean
  /** One sum for each file, however large; what a manifest says stands. */
  readonly whole?: boolean
  /** Bytes a second at most. */
  readonly rate?: number | undefined
  /** Gives way when reading becomes slow. */
  readonly yields?: boolean
  readonly signal: AbortSignal
  readonly progress?: (it: Progress) => void
  /** Each path that is not as it was, in tree order; where there is nothing to compare with, what is in trouble. */
  readonly found?: (it: Settled) => void
}

export interface ScanReport {
  /** `halted`: nothing could be said, and `says` why. */
  readonly is: 'ended' | 'stopped' | 'halted'
  readonly says?: string
  readonly root: string
  readonly manifest: string | undefined
  /** What became of the manifest. */
  readonly wrote: 'made' | 'updated' | 'nothing'
  readonly compared: boolean
  readonly resumed: boolean
  readonly files: number
  readonly bytes: number
  /** Bytes that were read this time. */
  readonly read: number
  readonly tally: Tally
  readonly flickered: number
  /** Links, sockets and the like, which were not followed. */
  readonly odd: number
  readonly tookMs: number
}

/** A look at the pages of a database server at rest. */
export type PagesWants = Pick<ScanWants, 'folder' | 'rate' | 'yields' | 'signal' | 'progress'> & {
  /** Where what was found well is kept, so that a scan that was broken off goes on; outside of the folder. */
  readonly journal?: string | undefined
}

/** What the pages of a PostgreSQL cluster say. */
export interface PagesReport {
  readonly is: 'ended' | 'stopped'
  readonly root: string
  readonly files: number
  readonly pages: number
  /** Whether the cluster keeps checksums; without them only headers were judged. */
  readonly checksums: boolean
  readonly bytes: number
  readonly bad: readonly ({ readonly path: string } & BadPage)[]
  /** What could not be looked at. */
  readonly unread: readonly { readonly path: string; readonly says: string }[]
  /** Ranges that read wrong once, and right the second time. */
  readonly flickered: number
  /** It went on where one that was broken off had been. */
  readonly resumed: boolean
  readonly tookMs: number
}

// Folders on several devices are scanned side by side, and those on one device one after another: two readers of one disk hold each other up, two disks do not. And how
// far all of them are together. Pure.
import type { Progress, Total } from './pace.ts'

/** What lies on one device stays together, in the order in which it was given. Where nobody knows the device, it is one of its own kind: `undefined`. */
export const lanesOf = <Of>(all: readonly Of[], deviceOf: (it: Of) => bigint | undefined): readonly (readonly Of[])[] => [...Map.groupBy(all, deviceOf).values()]

const SURE: readonly Total['is'][] = ['known', 'as last time', 'at least']

/** How far scans that run at once are together: what is known of all is as sure as what is known of the least sure, and it takes as long as the longest. */
export function together(all: readonly Progress[]): Progress {
  const sum = (of: (it: Progress) => number): number => all.reduce((whole, it) => whole + of(it), 0)
  const lefts = all.map(({ left }) => left)
  const left = lefts.every((it) => it !== undefined) ? lefts.toSorted((a, b) => (b ?? 0) - (a ?? 0))[0] : undefined
  const is = SURE[Math.max(0, ...all.map(({ total }) => SURE.indexOf(total.is)))] ?? 'at least'
  return { files: sum(({ files }) => files), bytes: sum(({ bytes }) => bytes), total: { is, bytes: sum(({ total }) => total.bytes), files: sum(({ total }) => total.files) }, speed: sum(({ speed }) => speed), ...(left === undefined ? {} : { left }) }
}

// The machine and its accounts: what a tree of processes has spent and holds, from /proc. Figures of different runs differ by the
// machine's mood, so every line of a benchmark names it, with its load.
import { readdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'

/** Clock ticks of the kernel's accounts: a hundredth of a second. */
const JIFFY = 10

export const machine = (): string => `${cpus()[0]?.model.trim() ?? '?'} × ${cpus().length} cores, Node ${process.version}, Linux ${release()}`

export const load = (): string => `load ${loadavg().map((it) => it.toFixed(1)).join(' ')}`

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // It ended meanwhile.
    return ''
  }
}

const childrenOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number))
  } catch {
    return []
  }
}

/** A process and everything below it. */
export const treeOf = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(treeOf)]

/** What a process is: the file that it runs. */
export function nameOf(pid: number): string {
  const line = read(`/proc/${pid}/cmdline`)
  if (line.startsWith('holdfast resolver')) return 'resolver'
  return /processes\/([\w-]+)\.ts/.exec(line)?.[1] ?? 'watchdog'
}

/** CPU time in ms of one process, all threads. */
export function cpuOf(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * JIFFY
}

/** CPU time in ms by process id. */
export const accountsOf = (pids: readonly number[]): Map<number, number> => new Map(pids.map((pid) => [pid, cpuOf(pid)]))

/** What was spent since, in ms, by name; processes that began meanwhile included. */
export function spentSince(before: ReadonlyMap<number, number>, root: number): { readonly all: number; readonly by: Map<string, number> } {
  const by = new Map<string, number>()
  let all = 0
  for (const pid of treeOf(root)) {
    const spent = cpuOf(pid) - (before.get(pid) ?? 0)
    all += spent
    by.set(nameOf(pid), (by.get(nameOf(pid)) ?? 0) + spent)
  }
  return { all, by }
}

const MB = 1024

/** The same by name; processes of one name together. */
export function pssBy(pids: readonly number[]): Map<string, number> {
  const by = new Map<string, number>()
  for (const pid of pids) by.set(nameOf(pid), (by.get(nameOf(pid)) ?? 0) + pssOf(pid))
  return by
}

/** Proportional share of a process, in MB. What it shares with programs outside the tree counts in part only. */
export const pssOf = (pid: number): number => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / MB

/** What the tree would hold if no other program on the machine ran the same Node: what is private, and each shared file once. */
export function aloneOf(pids: readonly number[]): number {
  const shared = new Map<string, number>()
  let own = 0
  for (const pid of pids) {
    for (const mapping of read(`/proc/${pid}/smaps`).split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
      const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(mapping)?.[1] ?? 0)
      own += field('Private_Clean') + field('Private_Dirty')
      const [, offset = '', , , file = ''] = (mapping.split('\n', 1)[0] ?? '').split(/\s+/).slice(1)
      const key = `${file} ${offset} ${field('Size')}`
      shared.set(key, Math.max(shared.get(key) ?? 0, field('Shared_Clean') + field('Shared_Dirty')))
    }
  }
  return (own + [...shared.values()].reduce((sum, it) => sum + it, 0)) / MB
}

export const sayBy = (by: ReadonlyMap<string, number>, digits = 0): string =>
  [...by].sort(([, a], [, b]) => b - a).map(([name, value]) => `${name} ${value.toFixed(digits)}`).join(', ')

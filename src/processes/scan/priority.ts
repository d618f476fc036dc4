// Lets everybody else on this machine go first: the lowest priority for the processor, and the disk only when nobody else wants it, where `ionice` is
// there to say so. Threads that are made later inherit both. Nothing fails for it: a scan that could not step back still scans.
import { spawnSync } from 'node:child_process'
import { setPriority } from 'node:os'

const LOWEST = 19

/** For this process and the threads that it will make. */
export function giveWay(): void {
  try {
    setPriority(LOWEST)
  } catch {
    // Not allowed here.
  }
  spawnSync('ionice', ['-c', '3', '-p', String(process.pid)], { stdio: 'ignore', timeout: 2000 })
}

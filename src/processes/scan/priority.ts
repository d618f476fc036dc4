// Lets everybody else on this machine go first: the lowest priority for the processor, and the disk only when nobody else wants it, where `ionice` is
// there to say so. Threads that are made later inherit both. A child in a session of its own needs more: Linux shares the processor out among sessions
// first, and there the low claim that it inherits says nothing. Nothing fails for any of it: whoever could not step back still does its work.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

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

/** The system takes no two of these within a tenth of a second. */
const AGAIN = 150

/** Gives the session of a child that has one of its own the low claim of this process (`sched_autogroup`, see sched(7)); without a low claim, nothing. */
export function stepBehind(pid: number | undefined, tries = 2): void {
  const claim = getPriority()
  if (pid === undefined || claim <= 0) return
  try {
    // One that is ours as well stays as it is: looks and pages would be held up with it.
    const group = groupOf(pid)
    if (group === undefined || group === groupOf('self')) return
    writeFileSync(`/proc/${pid}/autogroup`, String(claim))
  } catch (cause) {
    const later = tries > 1 && cause instanceof Error && 'code' in cause && cause.code === 'EAGAIN'
    if (later) setTimeout(() => stepBehind(pid, tries - 1), AGAIN).unref()
  }
}

/** The session's group, such as `/autogroup-12`; nothing where there are none. */
function groupOf(pid: number | 'self'): string | undefined {
  const [name = ''] = readFileSync(`/proc/${pid}/autogroup`, 'latin1').split(' ')
  return name.startsWith('/autogroup-') ? name : undefined
}

// What it costs to ask a hundred hosts every second how they are: a real Holdfast, with a stand-in for ssh that runs the loop of each host on this machine. What
// ssh itself costs (a cipher over some hundred bytes a second and host) is therefore not measured, and neither is what a hundred real ones take to begin; the
// loops of the hosts are spent elsewhere in a real network, and are shown beside the goal, not in it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { folderFor, removeFolder } from '../test/story/world.ts'
import { accountsOf, cpuOf, sayBy } from './machine.ts'
import { holdfast, sleep, until, type Measurement } from './rig.ts'

const HOSTS = 100
const SETTLED = 10_000
const MEASURED = 20_000

/** The name of an interface that this machine has, so that there is something to be said of it. */
const cable = (): string => /^\d+: (?!lo)([\w.-]+?)[@:]/m.exec(execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }))?.[1] ?? 'eth0'

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // It ended meanwhile.
    return ''
  }
}

/** A program that is called as ssh is, and runs here what it should run there. */
function standIn(): string {
  const folder = folderFor('bench-ssh')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'ssh'), '#!/bin/sh\nfor last; do :; done\nexec /bin/sh -c "$last"\n', { mode: 0o755 })
  return folder
}

const measurement: Measurement = {
  about: `evidence of ${HOSTS} hosts, each asked every second (a stand-in for ssh: its own cost is not in it)`,
  async measure() {
    const folder = standIn()
    const before = process.env['PATH']
    process.env['PATH'] = `${folder}:${before ?? ''}`
    const hosts = Array.from({ length: HOSTS }, (_, n) => `  h-${n}: { ssh: "root@10.77.0.${n + 1}", links: { ${cable()}: {} } }`)
    const rig = await holdfast('evidence', (port) => `version: 1\nsite: { name: Evidence, url: "http://127.0.0.1:${port}" }\nchecks: { job: { heartbeat: true, every: 1h } }\nhosts:\n${hosts.join('\n')}\n`)
    process.env['PATH'] = before
    try {
      const loops = (): number[] => rig.tree().filter((pid) => commandOf(pid).startsWith('/bin/sh'))
      await until(`${HOSTS} hosts are asked`, 90_000, () => Promise.resolve(loops().length >= HOSTS))
      await sleep(SETTLED)
      const theirs = new Set(loops())
      const pids = rig.tree().filter((pid) => !theirs.has(pid) && commandOf(pid).includes('processes/') || pid === rig.pid('watchdog'))
      const [accounts, began] = [accountsOf([...pids, ...theirs]), performance.now()]
      await sleep(MEASURED)
      const seconds = (performance.now() - began) / 1000
      const spent = (of: Iterable<number>): number => [...of].reduce((sum, pid) => sum + cpuOf(pid) - (accounts.get(pid) ?? 0), 0) / seconds
      const share = (ms: number): string => `${(ms / 10).toFixed(1)} % of a core`
      const all = spent(pids)
      const by = new Map(pids.map((pid) => [/processes\/([\w/-]+)\.ts/.exec(commandOf(pid))?.[1] ?? 'watchdog', spent([pid])]))
      return [
        { what: 'all of Holdfast', is: share(all), goal: '≤ 30 % of a core', met: all <= 300 },
        { what: 'by process, ms a second', is: sayBy(by, 1) },
        { what: `the loops of ${theirs.size} hosts, here`, is: `${share(spent(theirs))}, their \`date\` apart (not in the goal)` },
      ]
    } finally {
      await rig.end()
      removeFolder(folder)
    }
  },
}

export default measurement

// What Holdfast holds in memory, from the watchdog down: proportional shares (PSS), idle with a small configuration and with
// 5,000 checks. Other programs on the machine that run the same Node make PSS look smaller; the figure "alone" counts what
// they share in full, and is the one to be held to.
import { aloneOf, pssBy, pssOf, sayBy } from './machine.ts'
import { CHECKS, fleet } from './fleet.ts'
import { holdfast, sleep, target, type Measurement } from './rig.ts'

/** Time for what a start leaves behind to be given back. */
const SETTLED = 20_000

const small = (web: number, smtp: number) => (port: number): string => `version: 1
site: { name: Idle, url: "http://127.0.0.1:${port}" }
channels:
  email: { smtp: "smtp://127.0.0.1:${smtp}", from: "holdfast@idle.example" }
people:
  ada: { email: ada@idle.example, reach: [email] }
checks:
  www: { http: "http://127.0.0.1:${web}/c1" }
  job: { heartbeat: true, every: 1h }
status_pages:
  public:
    components: { Website: [www] }
`

const measurement: Measurement = {
  about: 'memory of all processes from the watchdog down',
  async measure() {
    const at = await target()
    const rig = await holdfast('idle', small(at.web, at.smtp))
    try {
      await sleep(SETTLED)
      const pids = rig.tree()
      const [pss, alone] = [pids.reduce((sum, pid) => sum + pssOf(pid), 0), aloneOf(pids)]
      const by = pssBy(pids)
      const { memory } = await fleet()
      return [
        { what: 'idle', is: `${pss.toFixed(0)} MB PSS, ${alone.toFixed(0)} MB alone`, goal: '≤ 300 MB', met: Math.max(pss, alone) <= 300 },
        { what: 'idle, PSS by process', is: sayBy(by) },
        { what: `at ${CHECKS} checks`, is: `${memory.pss.toFixed(0)} MB PSS, ${memory.alone.toFixed(0)} MB alone`, goal: '≤ 400 MB', met: Math.max(memory.pss, memory.alone) <= 400 },
        { what: `at ${CHECKS} checks, PSS by process`, is: sayBy(memory.by) },
      ]
    } finally {
      await rig.end()
      at.end()
    }
  },
}
export default measurement

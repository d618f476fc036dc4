// What looks cost: CPU of all processes of Holdfast per look, beside a bare loop that does only the same `http.get` at the same
// pace, at the same time.
import { sayBy } from './machine.ts'
import { CHECKS, EVERY, fleet, WINDOW } from './fleet.ts'
import type { Measurement } from './rig.ts'

const measurement: Measurement = {
  about: `${CHECKS} http checks every ${EVERY / 1000} s, a new connection each, CPU of all processes over ${WINDOW / 1000} s`,
  async measure() {
    const { looks, notPassed, cpu, bare } = await fleet()
    const perLook = cpu.all / looks
    const bareLook = bare.cpu / bare.looks
    const ratio = perLook / bareLook
    return [
      { what: 'looks', is: `${looks} (${notPassed} not passed); bare loop ${bare.looks}` },
      { what: 'CPU a look, all processes', is: `${perLook.toFixed(3)} ms`, goal: '≤ 0.4 ms', met: perLook <= 0.4 },
      { what: 'beside the bare loop', is: `${ratio.toFixed(2)} × its ${bareLook.toFixed(3)} ms`, goal: '≤ 1.2 ×', met: ratio <= 1.2 },
      { what: 'CPU in ms by process', is: sayBy(cpu.by) },
    ]
  },
}
export default measurement

// How punctual looks are, as the target sees it: when each request came in, against the grid of its check on the monotonic clock
// that all processes share. The way there (connecting, the server's own queue) counts as late too.
import { CHECKS, EVERY, fleet } from './fleet.ts'
import { percentile, type Measurement } from './rig.ts'

const measurement: Measurement = {
  about: `${CHECKS} http checks every ${EVERY / 1000} s, seen from the target`,
  async measure() {
    const { late, allAfter } = await fleet()
    const p99 = percentile(late, 99)
    return [
      { what: 'late, p50', is: `${percentile(late, 50).toFixed(1)} ms` },
      { what: 'late, p99', is: `${p99.toFixed(1)} ms (most ${percentile(late, 100).toFixed(1)} ms, of ${late.length})`, goal: '≤ 25 ms', met: p99 <= 25 },
      { what: 'all looked at once', is: `${(allAfter / 1000).toFixed(1)} s after the command`, goal: '≤ 30 s', met: allAfter <= 30_000 },
    ]
  },
}
export default measurement

// A drill in a process of its own, for the test that kills it: says so when it begins, and goes on drilling until it is killed; `once`: it prints
// its report and ends. The last argument is more of what a drill wants.
import { instantOf } from '../src/core/time.ts'
import dir from '../src/plugins/stores/dir.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { random } from '../src/ports/world/random.ts'
import { perform } from '../src/processes/guard/drill.ts'
import type { Copy } from '../src/rooms/guard/sets/judge.ts'

const [nas = '', folder = '', copy = '', times, more = '{}'] = process.argv.slice(2)
const clock = createClock()
const reading = dir.reading(dir.config.parse({ dir: nas }), { egress: egressWith(), now: () => clock.now(), random, folder: '/' })
process.stdout.write('begins\n')
for (;;) {
  const report = await perform({ set: 'shop', store: 'nas', engine: 'postgres', copy: JSON.parse(copy) as Copy, at: instantOf(Date.now()), assert: [], ...(JSON.parse(more) as object) }, { reading: () => reading, now: () => clock.now(), folder, say: () => undefined }, new AbortController().signal)
  if (times === 'once') {
    process.stdout.write(`${JSON.stringify(report)}\n`)
    break
  }
}

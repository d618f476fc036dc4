// The reconciling side of `reconcile.ts`, in a process of its own so that its memory is its own: a whole run of the guard's task, sentinels and spools and
// merge and plan, against a bucket over HTTP and a catalogue whose rows are made as they are read. It says what it found, what each step took, and the
// most memory that it ever held.
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { z } from 'zod'
import { days, dueIn, hours, instantOf, minutes, ms } from '../src/core/time.ts'
import { catalogue, orderly } from '../src/ports/catalogue.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { random } from '../src/ports/world/random.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import s3 from '../src/plugins/stores/s3.ts'
import { perform } from '../src/processes/guard/reconcile.ts'
import { isOrphan, keyOf, PREFIX } from './keys.ts'

// As the guard does it.
setFlagsFromString('--optimize-for-size')
setFlagsFromString('--heap-growing-percent=200')
const [url = '', folder = '', count = '0', each = '0'] = process.argv.slice(2)
const [keys, every] = [Number(count), Number(each)]
const clock = createClock()
const egress = egressWith()
const PLANTED = 8
/** Rows without an object, and objects without a row, that are our own. */
const GAP = `${PREFIX}000000/gap`
const planted = [
  ...Array.from({ length: PLANTED }, (_, n) => ({ key: keyOf(Math.floor((n * keys) / PLANTED)), is: 'row' })), { key: keyOf(every - 1), is: 'orphan' }, { key: GAP, is: 'gap' },
].map((it) => JSON.stringify(it)).join('\n')

/** Rows as a database gives them: a part at a time, waiting for each to be taken. */
const rows = catalogue({
  kind: 'rows', title: 'Rows', does: 'Rows that are made as they are read.', config: z.strictObject({}), examples: [{}],
  async read(_settings, want, take) {
    const given = orderly((part) => take.rows(part), 'the rows')
    let all = 1
    const gap = Buffer.from(GAP)
    for (let n = 0; n < keys; n++) {
      if (n === 1000) given.add({ key: gap, lock: 'free', tenant: undefined })
      if (isOrphan(n, every)) continue
      given.add({ key: Buffer.from(keyOf(n)), lock: 'free', tenant: n % 3 === 0 ? 'three' : 'others' })
      if (++all % 20_000 === 0) await new Promise((resolve) => void setImmediate(resolve))
    }
    if (keys <= 1000) given.add({ key: gap, lock: 'free', tenant: undefined })
    given.end({ rows: all, keys: all })
    const { wall } = clock.now()
    return {
      system: '7012', timeline: 1, database: 'games', oids: 'o', position: BigInt(wall), primary: true, rowSecurity: false, columns: ['public.backups.object_key text'], lockColumn: want.lockColumn === 'locked',
      rows: { rows: all, keys: all }, intents: { rows: 0, keys: 0 }, ahead: { least: -1, most: 1 }, at: instantOf(wall),
    }
  },
})

const steps: { says: string; at: number }[] = []
const say = (says: string): void => {
  const step = says.replace(/:? ?\d+ objects.*$/, '')
  if (steps.at(-1)?.says !== step) steps.push({ says: step, at: performance.now() })
}
const reading = s3.reading(s3.config.parse({ s3: url, bucket: 'many', read: 'READER:secret' }), { egress, now: () => clock.now(), random, folder })
mkdirSync(folder, { recursive: true })
const result = await perform({
  config: {
    name: 'many', store: 'main', prefix: PREFIX, catalogue: 'games', rows: 'select …', intents: 'select …', lockColumn: 'locked', every: hours(3), least: 20, retention: days(14), escalate: 'default', from: 'holdfast.yaml:1',
    sentinels: { plant: ['printf', '%s\n', planted, '{"counter":1}'], remove: ['true'] },
  },
  knows: {
    number: 1, runs: [], former: 'none', columns: 'none', memory: 'none', newest: 'none', since: [], breaker: { is: 'closed' }, follows: 0, epochLatched: false, arming: 'none', accepted: { shrink: undefined, goneGroups: [] },
    way: 'none', actsToday: 0, lastBatch: { tried: 0, failed: 0, preconditions: 0 }, shrink: 1, lease: dueIn(clock.now(), hours(2)), lived: days(400),
  },
}, {
  reading: () => reading, now: () => clock.now(), timers: createTimers(), folder: path.join(folder, 'scratch'), say, egress, home: folder, observer: 'guard', kept: () => path.join(folder, 'kept'), password: () => undefined,
  limits: { connect: ms(1000), statement: minutes(20), lock: ms(1000) }, catalogue: (name) => ({ name, settings: {}, plugin: rows }),
}, new AbortController().signal)
if (result.is !== 'judged') throw new Error(result.says)
const ended = performance.now()
console.log(JSON.stringify({
  result, message: Buffer.byteLength(JSON.stringify(result)), took: Object.fromEntries(steps.map(({ says, at }, n) => [says, (steps[n + 1]?.at ?? ended) - at])),
  cpu: process.cpuUsage(), peak: Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024,
}))
process.exit(0)

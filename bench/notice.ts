// From notice to page: the time between the moment at which the deciding answer left the target and the moment at which the relay
// had the mail, over many outages, one after the other; and the same while the board serves 2,000 requests a second. Each
// check pages a person of its own, so that nothing of it is a storm.
import { holdfast, monotonic, percentile, play, sleep, target, type Figure, type Measurement, type Target } from './rig.ts'
import type { Seen } from './target.ts'
import type { Said } from './traffic.ts'

export const CHECKS = 200
export const EVERY = 2000
const FAIL_AFTER = 2
/** Outages begin so far apart. */
const APART = 100
const ROUND_ENDS = EVERY * (FAIL_AFTER + 2)
const BOARD_RATE = 2000

export const yaml = (web: number, smtp: number) => (port: number): string => {
  const each = (line: (n: number) => string): string => Array.from({ length: CHECKS }, (_, n) => line(n)).join('\n')
  return `version: 1
site: { name: Notice, url: "http://127.0.0.1:${port}", timezone: Europe/Berlin }
channels:
  email: { smtp: "smtp://127.0.0.1:${smtp}", from: "holdfast@notice.example" }
people:
${each((n) => `  p${n}: { email: p${n}@notice.example, reach: [email] }`)}
defaults:
  check: { every: ${EVERY / 1000}s, timeout: 1s, fail_after: ${FAIL_AFTER}, recover_after: 2 }
checks:
${each((n) => `  c${n}: { http: "http://127.0.0.1:${web}/c${n}", escalate: e${n} }`)}
escalation:
${each((n) => `  e${n}:\n    - { page: [p${n}], repeat: 10m }`)}
status_pages:
  public:
    components: { All: [${Array.from({ length: CHECKS }, (_, n) => `c${n}`).join(', ')}] }
`
}

export interface Round {
  /** From the deciding answer to the mail, ms. */
  readonly took: readonly number[]
  readonly missing: number
  /** By how much each look came later after the one before it than it should, ms. */
  readonly late: readonly number[]
}

/** Takes every check down once, one after the other. */
export async function round(at: Target): Promise<Round> {
  await at.take()
  const down: number[] = []
  const order = Array.from({ length: CHECKS }, (_, i) => (i * 77) % CHECKS)
  for (const n of order) {
    down.push(n)
    const next = monotonic() + APART
    await at.fail(down)
    await sleep(Math.max(0, next - monotonic()))
  }
  await sleep(ROUND_ENDS)
  const { seen, mails } = await at.take()
  const took: number[] = []
  for (const n of order) {
    const deciding = seen.filter((it) => it.n === n && it.failed)[FAIL_AFTER - 1]
    const mail = mails.find((it) => it.to === `p${n}@notice.example`)
    if (deciding && mail) took.push(mail.at - deciding.left)
  }
  await at.fail([])
  await sleep(ROUND_ENDS)
  return { took, missing: CHECKS - took.length, late: lateOf(seen) }
}

function lateOf(seen: readonly Seen[]): number[] {
  const last = new Map<number, number>()
  return seen.flatMap(({ n, came }) => {
    const before = last.get(n)
    last.set(n, came)
    return before === undefined ? [] : [Math.max(0, came - before - EVERY)]
  })
}

export const figures = (what: string, { took, missing }: Round, goals: readonly [number | undefined, number]): Figure[] => {
  const [p50, p99] = [percentile(took, 50), percentile(took, 99)]
  return [
    { what: `${what}, p50`, is: `${p50.toFixed(1)} ms`, ...(goals[0] === undefined ? {} : { goal: `≤ ${goals[0]} ms`, met: p50 <= goals[0] }) },
    { what: `${what}, p99`, is: `${p99.toFixed(1)} ms (most ${percentile(took, 100).toFixed(1)} ms, of ${took.length}; ${missing} missing)`, goal: `≤ ${goals[1]} ms`, met: p99 <= goals[1] && missing === 0 },
  ]
}

const measurement: Measurement = {
  about: `${CHECKS} checks fail one after the other: from the deciding answer to the mail at the relay`,
  async measure() {
    const at = await target()
    const rig = await holdfast('notice', yaml(at.web, at.smtp))
    const board = (): ReturnType<typeof play<object, Said>> => play<object, Said>('./traffic.ts', ['board', String(rig.port), '32', String(BOARD_RATE)])
    let traffic: ReturnType<typeof board> | undefined
    try {
      await sleep(2 * EVERY)
      await at.note(true)
      const calm = await round(at)
      traffic = board()
      await sleep(2000)
      const before = await traffic.ask({})
      const busy = await round(at)
      const after = await traffic.ask({})
      const served = ((after.done - before.done) * 1000) / (after.to - before.to)
      return [
        ...figures('notice to page', calm, [20, 100]),
        { what: 'board beside it', is: `${served.toFixed(0)} requests/s served of ${BOARD_RATE} asked` },
        ...figures('the same beside it', busy, [undefined, 1000]),
      ]
    } finally {
      traffic?.end()
      await rig.end()
      at.end()
    }
  },
}
export default measurement

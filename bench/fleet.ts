// The run that several measurements share: a whole Holdfast that looks at 5,000 addresses every 10 s, each over a new connection,
// beside a bare Node loop that does only the same `http.get` at the same pace, against one web server. Accounts are taken
// over 60 s, after everything was looked at once and 40 s more.
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { phaseOf } from '../src/rooms/watch/timetable.ts'
import { ms } from '../src/core/time.ts'
import { accountsOf, aloneOf, cpuOf, pssBy, pssOf, spentSince } from './machine.ts'
import { holdfast, play, sleep, target, until, type Rig, type Target } from './rig.ts'

export const CHECKS = 5000
export const EVERY = 10_000
const WARM = 40_000
export const WINDOW = 60_000

export interface Fleet {
  /** From the command until the last of all checks was looked at for the first time, ms. */
  readonly allAfter: number
  readonly looks: number
  readonly notPassed: number
  readonly cpu: { readonly all: number; readonly by: ReadonlyMap<string, number> }
  readonly bare: { readonly looks: number; readonly cpu: number }
  /** How late each look of the window came in at the target, against the grid of its check, ms. */
  readonly late: readonly number[]
  readonly memory: { readonly pss: number; readonly alone: number; readonly by: ReadonlyMap<string, number> }
  /** Bytes by which the ledger's file grew in the window. */
  readonly ledgerGrew: number
  readonly dataGrew: number
}

const yaml = (web: number, smtp: number) => (port: number): string => `version: 1
site: { name: Fleet, url: "http://127.0.0.1:${port}", timezone: Europe/Berlin }
channels:
  email: { smtp: "smtp://127.0.0.1:${smtp}", from: "holdfast@fleet.example" }
people:
  ada: { email: ada@fleet.example, reach: [email] }
defaults:
  check: { every: ${EVERY / 1000}s, timeout: 5s }
checks:
${Array.from({ length: CHECKS }, (_, n) => `  site-${n}: { http: "http://127.0.0.1:${web}/c${n}" }`).join('\n')}
escalation:
  default:
    - { page: [ada], repeat: 10m }
status_pages:
  public:
    components:
${Array.from({ length: 20 }, (_, part) => `      Part ${part}: [${Array.from({ length: CHECKS / 20 }, (_it, i) => `site-${part * (CHECKS / 20) + i}`).join(', ')}]`).join('\n')}
`

/** Bytes of the files in the data folder whose name begins so; the reserve is no growth. */
function bytesIn(folder: string, beginning = ''): number {
  return readdirSync(folder).filter((name) => name.startsWith(beginning) && name !== 'reserve').reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0)
}

async function firstPass(rig: Rig, at: Target): Promise<number> {
  const seen = new Map<number, number>()
  await until('every check was looked at once', 120_000, async () => {
    for (const { n, came } of (await at.take()).seen) if (!seen.has(n)) seen.set(n, came)
    if (seen.size < CHECKS) await sleep(200)
    return seen.size === CHECKS
  })
  return Math.max(...seen.values()) - rig.startedAt
}

function latenessOf(n: number, came: number): number {
  const past = (came - phaseOf(`site-${n}`, ms(EVERY))) % EVERY
  return past > EVERY / 2 ? past - EVERY : past
}

async function run(): Promise<Fleet> {
  const at = await target()
  await at.note(true)
  const rig = await holdfast('fleet', yaml(at.web, at.smtp), false)
  let loop: ReturnType<typeof play<object, { looks: number; failed: number }>> | undefined
  try {
    const allAfter = await firstPass(rig, at)
    loop = play<object, { looks: number; failed: number }>('./bare.ts', ['paced', String(at.web), String((CHECKS * 1000) / EVERY)])
    await sleep(WARM)

    const data = path.join(rig.folder, 'data')
    const grew = { ledger: bytesIn(data, 'holdfast.db'), all: bytesIn(data) }
    const bareBefore = { cpu: cpuOf(loop.pid), looks: (await loop.ask({})).looks }
    await at.take()
    const before = accountsOf(rig.tree())
    await sleep(WINDOW)
    const cpu = spentSince(before, rig.running.child.pid ?? 0)
    const { seen } = await at.take()
    const bare = { cpu: cpuOf(loop.pid) - bareBefore.cpu, looks: (await loop.ask({})).looks - bareBefore.looks }
    // The bare loop looks at /c0 beside the check that does.
    const ours = seen.filter(({ n }) => n !== 0)
    const looks = Math.round((ours.length * CHECKS) / (CHECKS - 1))
    const pids = rig.tree()
    return {
      allAfter, looks, notPassed: ours.filter(({ failed }) => failed).length, cpu, bare, late: ours.map(({ n, came }) => latenessOf(n, came)),
      memory: { pss: pids.reduce((sum, pid) => sum + pssOf(pid), 0), alone: aloneOf(pids), by: pssBy(pids) },
      ledgerGrew: bytesIn(data, 'holdfast.db') - grew.ledger, dataGrew: bytesIn(data) - grew.all,
    }
  } finally {
    await rig.end()
    loop?.end()
    at.end()
  }
}

let shared: Promise<Fleet> | undefined

/** The run, made once however many measurements ask for it. */
export function fleet(): Promise<Fleet> {
  shared ??= run()
  return shared
}

export async function endFleet(): Promise<void> {
  await shared?.catch(() => undefined)
}

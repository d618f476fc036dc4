// Alerts of other systems by `/v2/enqueue`, over 64 connections, each answered when it is durable: how many a second; and 10,000 at
// once: whether the ledger has every one, when the first digest reached each person, and whether what people were told adds
// up to exactly that.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { openSql } from '../src/db/sql.ts'
import { accountsOf, sayBy, spentSince } from './machine.ts'
import { holdfast, monotonic, percentile, play, sleep, target, until, type Measurement, type Rig, type Target } from './rig.ts'
import type { Mailed } from './target.ts'
import type { Said } from './traffic.ts'

const CONNECTIONS = 64
const STORM = 10_000
const STEADY = 8000
const PEOPLE = ['ada', 'bo'] as const

const yaml = (smtp: number) => (port: number): string => `version: 1
site: { name: Triggers, url: "http://127.0.0.1:${port}", timezone: Europe/Berlin }
channels:
  email: { smtp: "smtp://127.0.0.1:${smtp}", from: "holdfast@storm.example" }
people:
${PEOPLE.map((name) => `  ${name}: { email: ${name}@storm.example, reach: [email] }`).join('\n')}
checks: {}
ingest:
  pagerduty: { key: "\${secret:bench}", escalate: default }
escalation:
  default:
    - { page: [${PEOPLE.join(', ')}], repeat: 10m }
`

/** What durability costs on this disk now: a batch is one such write. */
function fsyncTakes(folder: string): number {
  const file = path.join(folder, 'fsync')
  const handle = openSync(file, 'w')
  const took: number[] = []
  for (let i = 0; i < 60; i++) {
    writeSync(handle, Buffer.alloc(128 * 1024, i))
    const from = monotonic()
    fsyncSync(handle)
    took.push(monotonic() - from)
  }
  closeSync(handle)
  rmSync(file)
  return percentile(took, 50)
}

/** What the ledger holds, read beside the keeper. */
function incidentsIn(rig: Rig): number {
  const sql = openSql(path.join(rig.folder, 'data/holdfast.db'), { readOnly: true })
  try {
    return sql.get<{ n: number }>("select count(*) as n from entry where is_ = 'incident.opened'")?.n ?? 0
  } finally {
    sql.close()
  }
}

/** How many pages a mail tells of. */
const pagesIn = ({ subject }: Mailed): number => Number(/^(\d+) pages? at once/.exec(subject)?.[1] ?? 1)

async function storm(rig: Rig, at: Target): Promise<{ said: Said; opened: number; mails: readonly Mailed[] }> {
  const mails: Mailed[] = []
  const traffic = play<object, Said>('./traffic.ts', ['triggers', String(rig.port), String(CONNECTIONS), String(STORM), 'storm'])
  try {
    await until('every alert was answered', 60_000, async () => (await traffic.ask({})).done === STORM)
    const said = await traffic.ask({})
    const told = (): number => mails.reduce((sum, mail) => sum + pagesIn(mail), 0)
    const end = monotonic() + 45_000
    while (told() < STORM * PEOPLE.length && monotonic() < end) {
      mails.push(...(await at.take()).mails)
      await sleep(250)
    }
    return { said, opened: incidentsIn(rig), mails }
  } finally {
    traffic.end()
  }
}

async function steady(rig: Rig): Promise<{ rate: number; failed: number; lost: number; cpu: string }> {
  const before = incidentsIn(rig)
  const accounts = accountsOf(rig.tree())
  let cpu = ''
  const traffic = play<object, Said>('./traffic.ts', ['triggers', String(rig.port), String(CONNECTIONS), '0', 'steady'])
  let said: Said
  try {
    await sleep(STEADY)
    said = await traffic.ask({})
    const { by } = spentSince(accounts, rig.running.child.pid ?? 0)
    cpu = sayBy(new Map([...by].map(([name, ms]) => [name, ms / said.done])), 3)
  } finally {
    traffic.end()
  }
  return { cpu, rate: (said.done * 1000) / (said.to - said.from), failed: said.failed, lost: Math.max(0, before + said.done - said.failed - incidentsIn(rig)) }
}

const measurement: Measurement = {
  about: `alerts by /v2/enqueue over ${CONNECTIONS} connections`,
  async measure() {
    const at = await target()
    try {
      const first = await holdfast('storm', yaml(at.smtp))
      const { said, opened, mails } = await storm(first, at).finally(() => first.end())
      const told = PEOPLE.map((name) => mails.filter(({ to }) => to === `${name}@storm.example`).reduce((sum, mail) => sum + pagesIn(mail), 0))
      const digests = PEOPLE.map((name) => (mails.find(({ to, subject }) => to === `${name}@storm.example` && /at once/.test(subject))?.at ?? Infinity) - said.from)
      const second = await holdfast('steady', yaml(at.smtp))
      const fsync = fsyncTakes(second.folder)
      const { rate, failed, lost, cpu } = await steady(second).finally(() => second.end())
      const worst = Math.max(...digests)
      return [
        { what: 'durable a second', is: `${rate.toFixed(0)}/s over ${STEADY / 1000} s (${failed} refused, ${lost} confirmed and lost)`, goal: '≥ 2,000/s', met: rate >= 2000 && failed === 0 && lost === 0 },
        { what: 'CPU an alert in ms, by process', is: cpu },
        { what: 'fsync of 128 kB here', is: `${fsync.toFixed(2)} ms, p50` },
        { what: `${STORM} at once`, is: `all answered after ${((said.to - said.from) / 1000).toFixed(1)} s, ${said.failed} refused, ${opened} in the ledger`, goal: 'none lost', met: said.failed === 0 && opened === STORM },
        { what: 'first digest, per person', is: `${(worst / 1000).toFixed(1)} s after the first alert`, goal: '≤ 10 s', met: worst <= 10_000 },
        { what: 'told, singles and digests', is: `${PEOPLE.map((name, i) => `${name} ${told[i]}`).join(', ')} in ${mails.length} mails`, goal: `exactly ${STORM} each`, met: told.every((count) => count === STORM) },
      ]
    } finally {
      at.end()
    }
  },
}
export default measurement

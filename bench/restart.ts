// Back to paging: Holdfast has 100,000 entries in its ledger and an incident that nobody took; everything is killed at once and
// started again. Measured is the time from the command to the next mail at the relay. The entries are made by the real
// triggers' way in, through the real engine.
import path from 'node:path'
import { openSql } from '../src/db/sql.ts'
import { holdfast, monotonic, play, sleep, target, until, type Measurement, type Rig, type Target } from './rig.ts'
import type { Said } from './traffic.ts'

const ENTRIES = 100_000
const TRIES = 3
const REPEAT = 10_000

const yaml = (web: number, smtp: number) => (port: number): string => `version: 1
site: { name: Restart, url: "http://127.0.0.1:${port}", timezone: Europe/Berlin }
channels:
  email: { smtp: "smtp://127.0.0.1:${smtp}", from: "holdfast@restart.example" }
people:
  ada: { email: ada@restart.example, reach: [email] }
  bo: { email: bo@restart.example, reach: [email] }
checks:
  www: { http: "http://127.0.0.1:${web}/c1", every: 2s, timeout: 1s, fail_after: 1 }
ingest:
  pagerduty: { key: "\${secret:bench}", escalate: bulk }
escalation:
  default:
    - { page: [ada], repeat: ${REPEAT / 1000}s }
  bulk:
    - { page: [bo], repeat: 10m }
status_pages:
  public:
    components: { Website: [www] }
`

function entriesIn(rig: Rig): number {
  const sql = openSql(path.join(rig.folder, 'data/holdfast.db'), { readOnly: true })
  try {
    return sql.get<{ n: number }>('select max(seq) as n from entry')?.n ?? 0
  } finally {
    sql.close()
  }
}

/** Alerts come and go until the ledger is long enough. */
async function grow(rig: Rig): Promise<void> {
  const traffic = play<object, Said>('./traffic.ts', ['cycle', String(rig.port), '64', '0', 'grow'])
  try {
    await until(`${ENTRIES} entries`, 180_000, async () => {
      await sleep(250)
      return entriesIn(rig) >= ENTRIES
    })
  } finally {
    traffic.end()
  }
}

async function killAndStart(rig: Rig, at: Target): Promise<number> {
  for (const pid of rig.tree()) process.kill(pid, 'SIGKILL')
  // What repeats is due by the time it starts again, so that the wait for it is not counted.
  await sleep(REPEAT + 500)
  await at.take()
  rig.restart()
  return until('a page after the restart', 60_000, async () => {
    const mail = (await at.take()).mails.find(({ to }) => to === 'ada@restart.example')
    return mail && mail.at - rig.startedAt
  })
}

const measurement: Measurement = {
  about: `kill -9 of all processes with ${ENTRIES} ledger entries and an open incident, ${TRIES} times`,
  async measure() {
    const at = await target()
    const rig = await holdfast('restart', yaml(at.web, at.smtp))
    try {
      const began = monotonic()
      await grow(rig)
      const grown = monotonic() - began
      await at.note(true)
      await at.fail([1])
      await sleep(6000)
      const entries = entriesIn(rig)
      const took: number[] = []
      for (let i = 0; i < TRIES; i++) {
        took.push(await killAndStart(rig, at))
        await sleep(2000)
      }
      const worst = Math.max(...took)
      return [
        { what: 'ledger', is: `${entries} entries, made through the engine in ${(grown / 1000).toFixed(0)} s` },
        { what: 'command to page', is: `${took.map((it) => (it / 1000).toFixed(2)).join(', ')} s`, goal: '≤ 5 s', met: worst <= 5000 },
      ]
    } finally {
      await rig.end()
      at.end()
    }
  },
}
export default measurement

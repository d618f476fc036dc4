// What must hold after every schedule, judged from outside and on the ledger. Each check names the invariant; it gives
// sentences, none when all is well.
import { entries } from '../src/db/store.ts'
import { rebuildOver, verifyLedger } from '../src/db/verify.ts'
import type { Entry } from '../src/core/ledger.ts'
import type { Paging } from '../src/rooms/page/paging.ts'
import { ACCOUNTS } from './accounts.ts'
import { giveDisk, prepareDisk, takeDisk } from './disk.ts'
import { GUARDED } from './guarded.ts'
import { START } from './scenario.ts'
import { CALM_ALERT, type World } from './schedule.ts'

type Check = (world: World, ledger: readonly Entry[]) => string[]

interface Known { readonly id: string; readonly subject: string; readonly openedAt: number; readonly resolved: boolean; readonly paging: Paging | undefined }

const incidents = (world: World): Known[] =>
  world.keeper.sql.all<{ id: string; subject: string; since: number; state: string; paging: string | null }>(
    'select id, subject, since, state, paging from page_incident')
    .map((row) => ({ id: row.id, subject: row.subject, openedAt: row.since - START, resolved: row.state === 'resolved', paging: row.paging === null ? undefined : (JSON.parse(row.paging) as Paging) }))

const pagesOf = (world: World, incident: string): World['attempts'] => world.attempts.filter((it) => it.incident === incident && (it.event === 'page' || it.event === 'digest'))

/** P-1, P-10: what is open at the end and held by nobody was rung again lately, and accepted. */
const paged: Check = (world) => incidents(world).filter((it) => !it.resolved && it.paging?.phase.is === 'ringing').flatMap((it) => {
  const lately = world.attempts.filter((at) => (at.incident === it.id || at.event === 'digest') && at.accepted && at.at > world.end - 45_000 && (at.event === 'page' || at.event === 'digest'))
  // A digest that is about to leave holds it for at most ten seconds.
  const waits = world.keeper.sql.get(`select 1 as one from page_gathering where incident = ? and at > ?`, it.id, Number(world.time.now().wall) - 11_000) !== undefined
  // What fell due in the last moment before the end is on its way.
  const onItsWay = it.paging?.rings.some((ring) => ring.is === 'sent' && ring.due.tick > world.end - 2000) ?? false
  return lately.length > 0 || waits || onItsWay ? [] : [`P-10: ${it.subject} is open, nobody has it, and nobody was rung in the last 45 s`]
})

/** P-1: an alert that was confirmed has an incident, and somebody was rung for it or it was taken or ended. */
const triggered: Check = (world) => {
  const known = incidents(world)
  return world.triggers.filter((it) => it.ok).flatMap((it) => {
    const incident = known.find((row) => row.subject === `service:pagerduty/main/${it.key}`)
    if (!incident) return [`X-1: the alert ${it.key} was confirmed and is in no ledger`]
    const rung = world.attempts.some((at) => (at.incident === incident.id || at.event === 'digest') && at.accepted)
    const taken = world.acks.some((ack) => ack.incident === incident.id && ack.recorded !== undefined)
    return rung || taken ? [] : [`P-1: nobody was ever rung for the alert ${it.key}`]
  })
}

/** P-2: with everything well, an alert is confirmed, and a page for it is with a provider within 30 s. */
const prompt: Check = (world) => world.triggers.filter((it) => it.key === CALM_ALERT).flatMap((it) => {
  if (!it.ok) return ['P-2: an alert was refused although everything was well']
  const incident = incidents(world).find((row) => row.subject === `service:pagerduty/main/${it.key}`)
  const rung = world.attempts.some((at) => at.accepted && at.at >= it.at && at.at <= it.at + 30_000 && (at.event === 'digest' || (at.event === 'page' && at.incident === incident?.id)))
  return rung ? [] : ['P-2: everything was well, and nobody was rung within 30 s of an alert']
})

/** P-4 across the seam of keeper and ringer: the same rung of the same round never has two names. */
const named: Check = (world) => {
  const names = new Map<string, Set<string>>()
  for (const it of world.attempts.filter((at) => at.event === 'page' && at.accepted)) {
    const key = `${it.incident} ${it.person} ${it.channel} ${Math.floor(it.at / 2000)}`
    names.set(key, (names.get(key) ?? new Set()).add(it.page))
  }
  const most = Math.max(0, ...[...names.values()].map((set) => set.size))
  return most <= 2 ? [] : [`P-4: one person was rung ${most} times by different pages of one incident within 2 s`]
}

/** L-1: nothing leaves under the keeper's lead before its intent is durable. */
const intended: Check = (world) => world.attempts.filter((it) => !it.alone && !it.intended && (it.event === 'page' || it.event === 'digest')).map((it) => `L-1: the page ${it.page} (${it.event}) left without a durable intent`).slice(0, 3)

/** X-1, P-6: an acknowledgement that was confirmed is in the ledger; one that was taken is too, unless the ringer died meanwhile. */
const recorded: Check = (world, ledger) => world.acks.filter((it) => it.recorded !== undefined).flatMap((it) => {
  const entry = ledger.find((row) => row.is === 'page.acked' && row.stream === it.incident && row.body['by'] === it.person)
  const held = ledger.some((row) => row.is === 'page.acked' && row.stream === it.incident)
  if (entry || held) return []
  const over = incidents(world).some((row) => row.id === it.incident && row.resolved)
  if (it.recorded === false && ((world.happened.get('ringer-crash') ?? 0) + (world.happened.get('both-crash') ?? 0) > 0)) return []
  return over ? [] : [`X-1: ${it.person} was told to have ${it.incident} (recorded: ${it.recorded}) and the ledger does not know`]
})

/** P-7: who has it is not rung any more, until the acknowledgement lapses, somebody gives it back, or something else is found of it. */
const quiet: Check = (world, ledger) => ledger.filter((it) => it.is === 'page.acked').flatMap((it) => {
  // A clock that steps lapses it early: allowed. A ringer that died may repeat what was on its way.
  const { phase } = (it.body as unknown as { paging: Paging }).paging
  if (world.happened.has('clock') || phase.is !== 'held') return []
  const from = it.at - START + 5000
  // What the ringer saw of it may come in behind: the earliest end that was written while it was held counts.
  const ends = [phase.lapsesAt.wall]
  for (const after of ledger.slice(ledger.indexOf(it) + 1).filter((entry) => entry.stream === it.stream)) {
    const { paging, paged } = after.body as { paging?: Paging; paged?: readonly string[] }
    if (after.is === 'incident.found' && paged !== undefined && paged.length > 0) {
      ends.push(after.at)
      break
    }
    const now = paging?.phase
    if (now !== undefined && now.is !== 'held') break
    if (now) ends.push(now.lapsesAt.wall)
  }
  const until = Math.min(Math.min(...ends) - START - 1000, world.end)
  const faults = ['ringer-crash', 'both-crash', 'keeper-freeze', 'cut'] as const
  const allowed = faults.reduce((sum, fault) => sum + (world.happened.get(fault) ?? 0), 0)
  const loud = pagesOf(world, it.stream).filter((at) => at.at > from && at.at < until && at.event === 'page')
  return loud.length > allowed ? [`P-7: ${it.stream} was rung ${loud.length} times after ${phase.by} took it`] : []
})

/** Everything passes in the tail: nothing that is watched stays open, and what failed for long was an incident. */
const closed: Check = (world) => incidents(world).filter((it) => !it.resolved && it.subject.startsWith('check:')).map((it) => `W-10: ${it.subject} still has an open incident although it passed for minutes`)

/** W-8, L-2: the chain is whole, and the projections are the fold of the ledger. */
const whole: Check = (world) => {
  const verdict = verifyLedger(world.keeper.sql)
  if (verdict.broken) return [`L-2: entry ${verdict.broken.seq}: ${verdict.broken.says}`]
  const { keeper, rooms } = world.keeper
  if (!keeper || !rooms) return ['X-8: the keeper is not running at the end']
  const fresh = takeDisk()
  prepareDisk(fresh, keeper.store.rooms)
  const { differed } = rebuildOver(fresh, world.keeper.sql, keeper.store.rooms, { replace: false })
  giveDisk(fresh)
  return differed.length > 0 ? [`W-8: a rebuild gives other rows in ${differed.join(', ')}`] : []
}

/** W-7: one open incident per subject. */
const single: Check = (world) => {
  const open = incidents(world).filter((it) => !it.resolved).map((it) => it.subject)
  return new Set(open).size === open.length ? [] : [`W-7: two open incidents of one subject`]
}

/** P-3: nothing intended is left lying. */
const settled: Check = (world) => {
  const left = world.keeper.sql.get<{ n: number }>(`select count(*) as n from deed where is_ = 'intended' and at < ?`, Number(world.time.now().wall) - 60_000)?.n ?? 0
  return left > 0 && !world.happened.has('clock') ? [`P-3: ${left} pages were intended and never settled`] : []
}

export const CHECKS: Readonly<Record<string, Check>> = { ...ACCOUNTS, ...GUARDED, paged, triggered, prompt, named, intended, recorded, quiet, closed, whole, single, settled }

/** Everything that does not hold. */
export function judge(world: World): string[] {
  // Nothing else can be judged of a node that decides again and again at one moment.
  if (!world.rested) return ['X-5: it went round and round without rest']
  const ledger = [...entries(world.keeper.sql)]
  return Object.values(CHECKS).flatMap((check) => check(world, ledger))
}

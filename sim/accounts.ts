// What the ledger says, held against what was seen from outside: looks that came back, pings that were confirmed, people who
// pressed a link, pages that left. Each check names the invariant; it gives sentences, none when all is well.
import type { Entry } from '../src/core/ledger.ts'
import type { Paging } from '../src/rooms/page/paging.ts'
import { isOutage } from '../src/rooms/tell/components.ts'
import type { ComponentStatus } from '../src/rooms/tell/board.ts'
import { START } from './scenario.ts'
import type { Attempt, Look, World } from './schedule.ts'

type Check = (world: World, ledger: readonly Entry[]) => string[]

const pagingOf = (entry: Entry): Paging | undefined => (entry.body as { paging?: Paging }).paging

/** The looks of a check up to each of those that came in at a moment: a keeper that thaws takes many in at once. */
function seenAt(world: World, check: string, at: number): Look[][] {
  const all = world.looks.filter((look) => look.check === check)
  return all.flatMap((look, i) => (Math.abs(look.at - at) <= 1.5 ? [all.slice(0, i + 1)] : []))
}

const isPass = (look: Look): boolean => look.is === 'pass'
const isFail = (look: Look): boolean => look.is === 'fail'
const lastFail = (seen: readonly Look[], n: number): boolean => seen.filter((look) => look.is !== 'unknown').slice(-n).every(isFail)
const lastPass = (seen: readonly Look[], n: number): boolean => seen.slice(-n).every(isPass)

/** W-2: a turn to down rests on two failures in a row; W-10: a turn to up on two passes in a row; unknown is neither. */
const evidenced: Check = (world, ledger) => world.happened.has('clock') ? [] : ledger.filter((it) => it.is === 'watch.turned' && it.body['check'] !== 'job').flatMap((it) => {
  const { check, to, from, at } = it.body as { check: string; to: string; from: string; at: number }
  const moments = seenAt(world, check, at - START)
  if (to === 'down' && !moments.some((seen) => seen.filter(isFail).length >= 2 && lastFail(seen, 2))) return [`W-2: ${check} turned down without two failures in a row`]
  if (to === 'up' && !moments.some((seen) => lastPass(seen, from === 'new' ? 1 : 2))) return [`W-10: ${check} turned up without two passes in a row`]
  return []
})

/** The deadline of the job, and the time around it in which the door must be open for it to count. */
const DEADLINE = 22_000
const DOOR = 5000
const SLACK = 7000

/** W-3: a job that falls silent is noticed at its deadline, also when the keeper began anew in between. */
const missed: Check = (world, ledger) => world.happened.has('clock') ? [] : world.pings.filter((it) => it.ok && it.signal === 'success').flatMap(({ sent }) => {
  const due = sent + DEADLINE
  if (due + SLACK > world.end || world.pings.some((it) => it.signal === 'success' && it.sent > sent && it.sent < due + SLACK)) return []
  const closed = world.keeper.away.some((it) => it.from < due + SLACK && it.to > due - DOOR) || world.keeper.away.some((it) => it.from <= sent + 2000 && it.to > sent)
  const noticed = ledger.some((it) => it.is === 'watch.turned' && it.body['check'] === 'job' && it.body['to'] !== 'up' && it.at > START + sent && it.at <= START + due + SLACK)
  return closed || noticed ? [] : [`W-3: the job is silent since ${sent} and nobody noticed by ${due + SLACK}`]
})

/** A run that begins has the grace of the scenario to end. */
const RUN = 2000

/** W-3: a run that began and did not end is noticed when its grace is over, long before the period is. */
const unended: Check = (world, ledger) => world.happened.has('clock') ? [] : world.pings.filter((it) => it.ok && it.signal === 'start').flatMap(({ sent }) => {
  const due = sent + RUN
  if (due + SLACK > world.end || world.pings.some((it) => it.signal === 'success' && it.sent > sent && it.sent < due + SLACK)) return []
  const closed = world.keeper.away.some((it) => it.from < due + SLACK && it.to > sent - DOOR)
  const before = ledger.findLast((it) => it.is === 'watch.turned' && it.body['check'] === 'job' && it.at <= START + sent)
  const noticed = before?.body['to'] === 'down' || ledger.some((it) => it.is === 'watch.turned' && it.body['check'] === 'job' && it.body['to'] !== 'up' && it.at > START + sent && it.at <= START + due + SLACK)
  return closed || noticed ? [] : [`W-3: a run of the job began at ${sent}, did not end, and nobody noticed by ${due + SLACK}`]
})

/** P-5: whoever has it pressed its link: no look, no scanner and no receipt of a provider takes anything. */
const pressed: Check = (world, ledger) => ledger.filter((it) => it.is === 'page.acked').flatMap((it) => {
  const by = String(it.body['by'])
  const before = world.happened.has('clock') ? Number.POSITIVE_INFINITY : it.at - START + 1
  return world.acks.some((ack) => ack.incident === it.stream && ack.person === by && ack.asked <= before) ? [] : [`P-5: ${by} has ${it.stream} and never pressed its link`]
})

/** An acknowledgement of the scenario, and as long as it may take to be recorded. */
const LASTS = 120_000 + 65_000

/** whoever heard "recorded" heard it when it stood in the ledger, and not before. */
const confirmed: Check = (world) => world.acks.filter((it) => it.recorded === true && !it.durable).map((it) => `X-1: ${it.person} heard that ${it.incident} is recorded, and it was not`)

/** P-6: every episode has a name of its own, so that what is done about one is not done about the next. */
const episodes: Check = (_world, ledger) => {
  const names = ledger.filter((it) => it.is === 'incident.opened').map((it) => it.stream)
  return names.length === new Set(names).size ? [] : ['P-6: two episodes have one name']
}

/** P-4: a page that a provider has taken goes out again only when the ringer died since, and cannot know. */
const once: Check = (world) => {
  const newest = new Map<string, Attempt>()
  return world.attempts.flatMap((it) => {
    const before = newest.get(it.page)
    newest.set(it.page, it)
    const excused = before === undefined || !before.sure || world.ringerDeaths.some((at) => at >= before.at && at <= it.at)
    return excused ? [] : [`P-4: ${it.page} had been accepted and went out again`]
  }).slice(0, 3)
}

/** P-7, X-7: nobody has anything longer than an acknowledgement lasts, whatever the clock does. */
const lapsed: Check = (world) => world.keeper.sql.all<{ paging: string }>(`select paging from page_incident where state = 'open' and paging is not null`).flatMap((row) => {
  const { phase, incident } = JSON.parse(row.paging) as Paging
  const newest = Math.max(...world.acks.filter((it) => it.incident === incident).map((it) => it.asked))
  return phase.is === 'held' && newest < world.end - LASTS ? [`P-7: ${phase.by} has ${incident} for longer than an acknowledgement lasts`] : []
})

/** P-13: every ring that was decided is in exactly one single or one digest, or was spared. */
const counted: Check = (world, ledger) => {
  const rung = new Set(ledger.flatMap((it) => pagingOf(it)?.rings ?? []).filter((ring) => ring.is !== 'waiting').map((ring) => ring.page as string))
  const known = new Set<string>(world.attempts.map((it) => it.page))
  const together = new Set<string>()
  const says: string[] = []
  for (const deed of world.keeper.sql.all<{ key: string; what: string; body: string }>('select key, what, body from deed')) {
    known.add(deed.key)
    if (deed.what !== 'page.digest') continue
    for (const { page } of (JSON.parse(deed.body) as { rings: { page: string }[] }).rings) {
      if (together.has(page)) says.push(`P-13: ${page} is in two digests`)
      together.add(page)
    }
  }
  for (const row of world.keeper.sql.all<{ page: string }>('select page from page_gathering')) known.add(row.page)
  for (const it of ledger) {
    if (typeof it.body['page'] === 'string') known.add(it.body['page'])
    if (it.is === 'page.spared') for (const page of it.body['pages'] as string[]) known.add(page)
  }
  for (const page of rung) if (!known.has(page) && !together.has(page)) says.push(`P-13: ${page} was decided and is in no single and no digest`)
  return says.slice(0, 3)
}

/** T-7: what the machine publishes by itself was an outage when it did so. */
const told: Check = (_world, ledger) => {
  const now = new Map<string, ComponentStatus>()
  const about = new Map<string, readonly string[]>()
  return ledger.flatMap((it) => {
    if (it.is === 'tell.turned') now.set(String(it.body['component']), it.body['to'] as ComponentStatus)
    if (it.is === 'tell.proposed') about.set(it.stream, it.body['components'] as string[])
    if (it.is !== 'tell.ruled' || it.body['ruling'] !== 'open') return []
    return (about.get(it.stream) ?? []).some((id) => isOutage(now.get(id) ?? 'operational')) ? [] : [`T-7: ${it.stream} was published and nothing of it was out`]
  })
}

export const ACCOUNTS: Readonly<Record<string, Check>> = { evidenced, missed, unended, pressed, confirmed, episodes, once, lapsed, counted, told }

// The people of a simulated run, who look every second at how it stands: they press as they should, twice, with a word of an earlier step, behind the other's
// link, again what they pressed long ago; they say no, stop it, go on after a halt, go back, and say what became of a step by looking at the
// target's own log. One of the two hands over to a third one, and then presses what is not theirs any more. What they did is written down as it was, whatever
// the keeper makes of it.
import { minutes, tickOf } from '../../src/core/time.ts'
import type { Proof } from '../../src/core/authority/agreement.ts'
import { answer } from '../../src/engine/calls.ts'
import { loadGoingRollings, loadRolling, type RollingRow } from '../../src/rooms/change/rolling/record.ts'
import type { RunRow } from '../../src/rooms/change/runs/record.ts'
import { loadGoing, loadRun } from '../../src/rooms/change/runs/rows.ts'
import { legsOf } from '../../src/rooms/change/runs/run.ts'
import { loadAgreement } from '../../src/rooms/people/agreement-rows.ts'
import type { Chance, Time } from '../clock.ts'
import type { KeeperHost } from '../keeper-host.ts'
import { HOST, PEOPLE, type HostName, type Kind, type PersonName } from './book.ts'
import type { Ground } from './ground.ts'

/** `by` is who really did it; `as`, behind whose link. */
export interface Press { readonly at: number; readonly by: PersonName; readonly as: PersonName; readonly agreement: string; readonly purpose: string; readonly hash: string; readonly act: 'go' | 'no' | 'stop'; taken: boolean; refused: boolean }

export interface People {
  readonly presses: readonly Press[]
  /** Codes that were answered to a second run of the same cluster. */
  readonly seconds: readonly number[]
  /** Who ended a run by a call, which anybody may who may write. */
  readonly aborts: readonly { readonly at: number; readonly by: PersonName }[]
  /** When somebody had halted a run by hand, and had heard that it is. */
  readonly halts: readonly { readonly at: number; readonly run: string }[]
  /** The runs that they lead, as they stood when they looked last; several where hosts are worked on together, the one that is over where none is left. */
  readonly rows: readonly RunRow[]
  /** The rolling run that it is of. */
  readonly rolling: RollingRow | undefined
  begin(): void
  look(): void
  /** Somebody tries a second run of the cluster. */
  again(): void
  halt(): void
  abort(): void
  /** One of the two asks the third one to take over. */
  handOver(): void
  /** The next who would press is late: first this happens. */
  dawdle(meanwhile: () => void): void
  /** From now on they do no more than is needed to come to an end. */
  hurry(): void
}

export interface PeopleWants {
  readonly time: Time
  readonly dice: Chance
  readonly host: KeeperHost
  readonly ground: Ground
  /** So many entries the ledger has. */
  readonly written: () => number
  /** They make no mistake. */
  readonly careful: boolean
  readonly kind: Kind
}

const ACCEPT = ['tolerance.drain', 'tolerance.stop', 'tolerance.start', 'tolerance.memory']
const LONG = minutes(60 * 24 * 9)
export const factorOf = (person: string): string => `totp-${person}`

export function peopleOf({ time, dice, host, ground, careful, written, kind }: PeopleWants): People {
  const presses: Press[] = []
  const seconds: number[] = []
  const aborts: People['aborts'][number][] = []
  const halts: People['halts'][number][] = []
  const done = new Set<string>()
  let rows: readonly RunRow[] = []
  let rolling: RollingRow | undefined
  let meanwhile: (() => void) | undefined
  let hurried = false
  const tries = new Map<string, number>()
  let stops = 0
  let heads = -1
  const call = (name: string, args: object, then: (status: number, body: unknown) => void = () => undefined): void =>
    host.deliver((keeper) => void answer({ keeper, random: dice.bytes, pingUrl: () => '' }, name, args, { is: 'socket' }).then(({ status, body }) => then(status, body), () => undefined))
  const soon = (act: () => void): void => void time.after(100 + dice.int(900), act)

  const press = (it: Omit<Press, 'at' | 'taken' | 'refused'>): void => {
    const made: Press = { ...it, at: time.at, taken: false, refused: false }
    presses.push(made)
    host.deliver((keeper) => {
      const { agreement: id, as: person, hash, by, act } = it
      const row_ = loadAgreement(keeper.store.sql, id)
      if (!row_ || (act === 'go' && keeper.runs.mayPress(id) !== undefined)) return void (made.refused = true)
      const { asks, typed } = row_.agreement.terms
      // Behind a link of the other one nobody has a proof of the other one.
      const proof: Proof | undefined = by === person ? { means: 'totp', factor: factorOf(person), factorAge: LONG, personAge: LONG, at: { tick: tickOf(time.at), boot: time.now().boot }, hash } : undefined
      void keeper.engine.turn('press', (tx) => keeper.rooms.people.agreements.press(tx, { id, person, act: act === 'go' ? asks : act, hash, prove: () => proof, ...(typed === undefined ? {} : { typed }) }))
        .then((pressed) => void (pressed?.verdict.is === 'taken' ? (made.taken = true) : (made.refused = true)), () => undefined)
    })
  }

  /** What somebody makes of being asked. */
  const meet = (person: PersonName, { asked }: RunRow): void => {
    if (!asked) return
    const { agreement, purpose } = asked
    const hash = loadAgreement(host.sql, agreement)?.agreement.terms.hash ?? ''
    const other = partiesOf(agreement).find((it) => it !== person) ?? person
    const right = { by: person, as: person, agreement, purpose, hash, act: 'go' } as const
    const former = presses.findLast((it) => it.agreement !== agreement)
    if (meanwhile) {
      const act = meanwhile
      meanwhile = undefined
      time.after(50 + dice.int(400), act)
      return void time.after(500 + dice.int(3500), () => press(right))
    }
    const way = careful || hurried ? 1 : dice.next()
    if (way < 0.04) soon(() => press({ ...right, as: other }))
    else if (way < 0.08 && former) soon(() => press({ ...former, by: person, as: person }))
    else if (way < 0.11 && former) soon(() => press({ ...right, hash: former.hash }))
    else if (way < 0.125) return soon(() => press({ ...right, act: 'no' }))
    else if (way < 0.14) return soon(() => press({ ...right, act: 'stop' }))
    else if (way < 0.2) soon(() => press(right))
    // After a slip of the fingers they do it right.
    soon(() => press(right))
  }

  /** What the target itself says of a deed; undefined while it goes on. */
  const became = ({ plan: { id } }: RunRow, token: number): 'done' | 'not-done' | undefined => {
    const begun = ground.log.find(({ name }) => name === `${id}.${token}`)
    return begun === undefined ? 'not-done' : begun.ended === undefined ? undefined : begun.exit === 0 ? 'done' : 'not-done'
  }
  /** Who is asked. */
  const partiesOf = (agreement: string): readonly PersonName[] => (loadAgreement(host.sql, agreement)?.agreement.terms.parties ?? []).map(({ identity }) => identity.person as PersonName)
  const leadersOf = ({ plan: { does, checks } }: { readonly plan: Pick<RunRow['plan'], 'does' | 'checks'> }): readonly PersonName[] => [does as PersonName, checks as PersonName]
  const personOf = (it: { readonly plan: Pick<RunRow['plan'], 'does' | 'checks'> }): PersonName => dice.pick(leadersOf(it))
  const any = (): RunRow | undefined => (rows.length > 1 ? dice.pick(rows) : rows[0])
  const abort = (it: RunRow, by = personOf(it)): void => {
    aborts.push({ at: time.at, by })
    call('runs.abort', { run: it.plan.id, person: by })
  }
  /** Who has handed over does what they would have done: presses what they were asked for before, stops it, presses what the others are asked for now. */
  const stray = (id: string, who: PersonName): void => {
    for (let n = 1 + dice.int(3); n > 0; n--) {
      time.after(300 + dice.int(9000), () => {
        const former = presses.findLast((it) => it.as === who && it.purpose === 'step')
        const asked = rows.find(({ plan }) => plan.id === id)?.asked
        const way = dice.next()
        if (way < 0.4 && former) press({ ...former, by: who, as: who, act: 'go' })
        else if (way < 0.7 && former) press({ ...former, by: who, as: who, act: 'stop' })
        else if (asked) press({ by: who, as: who, agreement: asked.agreement, purpose: asked.purpose, hash: loadAgreement(host.sql, asked.agreement)?.agreement.terms.hash ?? '', act: 'go' })
      })
    }
  }
  const handOver = (again: boolean): void => {
    const it = any()
    if (!it || it.run.phase.is === 'over') return
    const [from, to] = [personOf(it), PEOPLE.find((one) => !leadersOf(it).includes(one))]
    if (to === undefined) return
    call('runs.handOver', { run: it.plan.id, from, to, reason: 'their shift is over', person: dice.pick([from, to]) }, (status) => void (status === 200 && stray(it.plan.id, from)))
    if (again && dice.yes(0.3)) time.after(2000 + dice.int(12_000), () => handOver(false))
  }
  /** What both pressed, and the keeper would not take, again and again: they give it up. */
  const isStuck = (agreement: string): boolean => presses.filter((it) => it.agreement === agreement && it.refused && it.by === it.as && it.act === 'go').length > 5
  /** A step of theirs that takes longer than it may: they look, and say what became of it. */
  const isLate = ({ phase }: RunRow['run']): boolean => phase.is === 'running' && time.at - phase.way.begun.tick > 42_000
  const decide = (it: RunRow): void => {
    const { run } = it
    const { phase } = run
    const way = phase.is === 'running' || phase.is === 'unknown' ? phase.way : undefined
    const as = way && became(it, way.token)
    const args = { run: it.plan.id, person: personOf(it) }
    const tried = (tries.get(it.plan.id) ?? 0) + 1
    tries.set(it.plan.id, tried)
    if (tried > (hurried ? 8 : 30)) return abort(it, args.person)
    // Of one that may be done twice nobody has to look.
    const mayRepeat = way !== undefined && !way.back && run.steps[way.step]?.idempotent === true
    if (mayRepeat && (phase.is === 'unknown' || isLate(run)) && dice.yes(0.7)) return call('runs.resume', { ...args, as: 'unknown' })
    if (phase.is === 'unknown' || isLate(run)) return as && call('runs.resume', { ...args, as })
    if (phase.is === 'running') return dice.yes(0.5) ? call('runs.resume', args) : undefined
    const back = legsOf(run).some((leg) => leg.back)
    const raising = run.halt && legsOf(run).find((leg) => !leg.back)
    if (raising && dice.yes(0.4)) return call('runs.resume', { ...args, step: run.steps[raising.step]?.id })
    if (back && dice.yes(0.5)) return call('runs.undo', args)
    if (!careful && dice.yes(0.05)) return abort(it, args.person)
    call('runs.resume', args)
  }
  /** A step that people do: the host goes down, gets its memory, and comes back. */
  const work = (it: RunRow): void => {
    const { phase } = it.run
    if (phase.is !== 'running' || phase.way.back || it.plan.rehearse || it.plan.runbook.steps[phase.way.step]?.act.is !== 'manual' || done.has(`work ${it.plan.id} ${phase.way.token}`)) return
    done.add(`work ${it.plan.id} ${phase.way.token}`)
    soon(() => {
      const on = it.plan.host as HostName
      ground.shutDown(on)
      time.after(1500 + dice.int(3000), () => ground.powerOn(on))
    })
  }

  /** Between two hosts: to go on takes one of them, and so does the end. */
  const decideRolling = ({ plan, rolling: { over, halt } }: RollingRow): void => {
    if (over !== undefined || halt === undefined || !dice.yes(0.4)) return
    call(++stops > (hurried ? 6 : 15) ? 'rollings.abort' : 'rollings.resume', { rolling: plan.id, person: personOf({ plan }) })
  }
  const lookUp = (): void => {
    const [before] = rows
    const going = loadGoing(host.sql)
    // By when they began nobody knows which is the newest: the clock may be set.
    const last = before && going.length === 0 ? loadRun(host.sql, before.plan.id) : undefined
    rows = last ? [last] : going
    if (kind.rolling) rolling = rolling ? loadRolling(host.sql, rolling.plan.id) : loadGoingRollings(host.sql)[0]
  }

  return {
    presses, seconds, aborts, halts,
    get rows() {
      return rows
    },
    get rolling() {
      return rolling
    },
    begin: () => {
      const accept = ACCEPT.map((code) => ({ code, reason: 'three are enough for a minute' }))
      const of = { runbook: 'grow', ...(kind.rolling ? {} : { host: HOST }) }
      call(kind.rolling ? 'rollings.plan' : 'runbooks.plan', of, (_status, body) => {
        const needed = ((body as { accept?: readonly { code: string }[] }).accept ?? []).map(({ code }) => code)
        call(kind.rolling ? 'rollings.begin' : 'runs.begin', { ...of, person: 'ada', accept: accept.filter(({ code }) => needed.includes(code)), ...(kind.rehearse ? { rehearse: true } : {}), ...(kind.alone ? { unattended: true } : {}) })
      })
    },
    again: () => {
      host.deliver(() => {
        const [first] = loadGoing(host.sql)
        if (first) call('runs.begin', { runbook: 'grow', host: 'db-2', person: 'bo', accept: first.plan.accepted }, (status) => void seconds.push(status))
      })
    },
    halt: () => {
      const it = any()
      if (it && rolling && kind.batch && dice.yes(0.5)) call('rollings.halt', { rolling: rolling.plan.id, person: personOf(it) })
      else if (it) call('runs.halt', { run: it.plan.id, person: personOf(it) }, (status) => void (status === 200 && halts.push({ at: time.at, run: it.plan.id })))
    },
    abort: () => {
      const it = any()
      if (it) abort(it)
    },
    handOver: () => handOver(true),
    dawdle: (act) => void (meanwhile = act),
    hurry: () => {
      hurried = true
      tries.clear()
      stops = 0
    },
    look() {
      if (!host.alive || host.frozen) return
      if (heads !== written()) lookUp()
      heads = written()
      if (rolling) decideRolling(rolling)
      for (const row of rows) if (row.run.phase.is !== 'over') lead(row)
    },
  }

  function lead(row: RunRow): void {
    work(row)
    const { run } = row
    // What both were asked for has lapsed: the phase says so before the word is taken back.
    const asked = row.asked?.purpose === 'step' && run.phase.is === 'waiting' ? undefined : row.asked
    if (asked && isStuck(asked.agreement)) return abort(row)
    if (asked && asked.agreedAt === undefined) {
      for (const who of partiesOf(asked.agreement)) {
        const key = `${asked.agreement} ${who}`
        if (!done.has(key) || dice.yes(0.3)) meet(who, row)
        done.add(key)
      }
    } else if (run.trust !== undefined && !hurried && dice.yes(0.995)) return
    else if (!asked && (run.halt !== undefined || run.phase.is === 'waiting' || run.phase.is === 'unknown' || isLate(run)) && dice.yes(0.5)) decide(row)
  }
}

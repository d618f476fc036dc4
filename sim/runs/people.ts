// The two people of a simulated run, who look every second at how it stands: they press as they should, twice, with a word of an earlier step, behind the other's
// link, again what they pressed long ago; they say no, stop it, go on after a halt, go back, and say what became of a step by looking at the
// target's own log. What they did is written down as it was, whatever the keeper makes of it.
import { minutes, tickOf } from '../../src/core/time.ts'
import type { Proof } from '../../src/core/authority/agreement.ts'
import { answer } from '../../src/engine/calls.ts'
import type { RunRow } from '../../src/rooms/change/runs/record.ts'
import { loadGoing, loadRuns } from '../../src/rooms/change/runs/rows.ts'
import { legsOf } from '../../src/rooms/change/runs/run.ts'
import { loadAgreement } from '../../src/rooms/people/agreement-rows.ts'
import type { Chance, Time } from '../clock.ts'
import type { KeeperHost } from '../keeper-host.ts'
import { HOST, PEOPLE, type PersonName } from './book.ts'
import type { Ground } from './ground.ts'

/** `by` is who really did it; `as`, behind whose link. */
export interface Press { readonly at: number; readonly by: PersonName; readonly as: PersonName; readonly agreement: string; readonly purpose: string; readonly hash: string; readonly act: 'go' | 'no' | 'stop'; taken: boolean; refused: boolean }

export interface People {
  readonly presses: readonly Press[]
  /** Codes that were answered to a second run of the same cluster. */
  readonly seconds: readonly number[]
  /** The run that they lead, as it stood when they looked last. */
  readonly row: RunRow | undefined
  begin(): void
  look(): void
  /** Somebody tries a second run of the cluster. */
  again(): void
  halt(): void
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
}

const ACCEPT = ['tolerance.stop', 'tolerance.start', 'tolerance.memory']
const LONG = minutes(60 * 24 * 9)
export const factorOf = (person: string): string => `totp-${person}`

export function peopleOf({ time, dice, host, ground, careful, written }: PeopleWants): People {
  const presses: Press[] = []
  const seconds: number[] = []
  const done = new Set<string>()
  let row: RunRow | undefined
  let hurried = false
  let tries = 0
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
      const proof: Proof | undefined = by === person ? { means: 'totp', factor: factorOf(person), factorAge: LONG, personAge: LONG, at: { tick: tickOf(time.at), boot: 'sim' }, hash } : undefined
      void keeper.engine.turn('press', (tx) => keeper.rooms.people.agreements.press(tx, { id, person, act: act === 'go' ? asks : act, hash, prove: () => proof, ...(typed === undefined ? {} : { typed }) }))
        .then((pressed) => void (pressed?.verdict.is === 'taken' ? (made.taken = true) : (made.refused = true)), () => undefined)
    })
  }

  /** What somebody makes of being asked. */
  const meet = (person: PersonName, { asked }: RunRow): void => {
    if (!asked) return
    const { agreement, purpose } = asked
    const hash = loadAgreement(host.sql, agreement)?.agreement.terms.hash ?? ''
    const other: PersonName = person === 'ada' ? 'bo' : 'ada'
    const right = { by: person, as: person, agreement, purpose, hash, act: 'go' } as const
    const former = presses.findLast((it) => it.agreement !== agreement)
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
  const became = (token: number): 'done' | 'not-done' | undefined => {
    const begun = ground.log.find(({ name }) => name === `${row?.plan.id}.${token}`)
    return begun === undefined ? 'not-done' : begun.ended === undefined ? undefined : begun.exit === 0 ? 'done' : 'not-done'
  }
  const person = (): PersonName => dice.pick(PEOPLE)
  /** What both pressed, and the keeper would not take, again and again: they give it up. */
  const isStuck = (agreement: string): boolean => presses.filter((it) => it.agreement === agreement && it.refused && it.by === it.as && it.act === 'go').length > 5
  const decide = (it: RunRow): void => {
    const { run } = it
    const { phase } = run
    const way = phase.is === 'running' || phase.is === 'unknown' ? phase.way : undefined
    const as = way && became(way.token)
    const args = { run: it.plan.id, person: person() }
    if (++tries > (hurried ? 8 : 30)) return call('runs.abort', args)
    if (phase.is === 'unknown' || (way && run.halt && time.at - way.begun.tick > 42_000)) return as && call('runs.resume', { ...args, as })
    if (phase.is === 'running') return dice.yes(0.5) ? call('runs.resume', args) : undefined
    const back = legsOf(run).some((leg) => leg.back)
    const raising = run.halt && legsOf(run).find((leg) => !leg.back)
    if (raising && dice.yes(0.4)) return call('runs.resume', { ...args, step: run.steps[raising.step]?.id })
    if (back && dice.yes(0.5)) return call('runs.undo', args)
    if (!careful && dice.yes(0.05)) return call('runs.abort', args)
    call('runs.resume', args)
  }
  /** A step that people do: the host goes down, gets its memory, and comes back. */
  const work = (it: RunRow): void => {
    const { phase } = it.run
    if (phase.is !== 'running' || phase.way.back || it.plan.runbook.steps[phase.way.step]?.act.is !== 'manual' || done.has(`work ${phase.way.token}`)) return
    done.add(`work ${phase.way.token}`)
    soon(() => {
      ground.shutDown(HOST)
      time.after(1500 + dice.int(3000), () => ground.powerOn(HOST))
    })
  }

  return {
    presses, seconds,
    get row() {
      return row
    },
    begin: () => {
      const accept = ACCEPT.map((code) => ({ code, reason: 'three are enough for a minute' }))
      const args = { runbook: 'grow', host: HOST, person: 'ada' }
      call('runbooks.plan', { runbook: 'grow', host: HOST }, (_status, body) => {
        const needed = ((body as { accept?: readonly { code: string }[] }).accept ?? []).map(({ code }) => code)
        call('runs.begin', { ...args, accept: accept.filter(({ code }) => needed.includes(code)) })
      })
    },
    again: () => {
      host.deliver(() => {
        const [first] = loadGoing(host.sql)
        if (first) call('runs.begin', { runbook: 'grow', host: 'db-2', person: 'bo', accept: first.plan.accepted }, (status) => void seconds.push(status))
      })
    },
    halt: () => row && call('runs.halt', { run: row.plan.id, person: person() }),
    hurry: () => {
      hurried = true
      tries = 0
    },
    look() {
      if (!host.alive || host.frozen) return
      if (heads !== written()) row = loadRuns(host.sql, 1)[0]
      heads = written()
      if (!row || row.run.phase.is === 'over') return
      work(row)
      const { asked, run } = row
      if (asked && isStuck(asked.agreement)) return call('runs.abort', { run: row.plan.id, person: person() })
      if (asked && asked.agreedAt === undefined) {
        for (const who of PEOPLE) {
          const key = `${asked.agreement} ${who}`
          if (!done.has(key) || dice.yes(0.3)) meet(who, row)
          done.add(key)
        }
      } else if (!asked && (run.halt !== undefined || run.phase.is === 'waiting' || run.phase.is === 'unknown') && dice.yes(0.5)) decide(row)
    },
  }
}

// What must hold of who leads a run: that it changes only by the words of the two who lead it afterwards, that nothing begins while it is not known, that every word that
// counts is of those who lead it then, that who has left ends nothing any more, and that who has come is paged for what is open.
import { begins, overlaps, rungBy, type Check, type Moved, type Story } from './invariants.ts'
import { askedBefore, handedIn, leadersAt } from './truth.ts'

const pressedOn = ({ world }: Story, agreement: string | undefined, at: number): ReadonlySet<string> =>
  new Set(world.people.presses.filter((it) => it.agreement === agreement && it.act === 'go' && it.by === it.as && !it.refused && it.at <= at).map(({ by }) => by))

/** C-5, C-17: whoever leads it afterwards, both of them, have said so. */
const handed: Check = (story) => handedIn(story).flatMap((it) => {
  const said = pressedOn(story, it.agreement, it.at)
  const after = leadersAt(story, it.seq + 1)
  return [
    ...(after.every((one) => said.has(one)) ? [] : [`C-17: ${it.hands.from} handed over to ${it.hands.to} at ${it.at} on the word of ${[...said].join() || 'nobody'}`]),
    ...(new Set(after).size === 2 ? [] : [`C-17: ${after.join(' and ')} lead it since ${it.at}`]),
  ]
})

/** C-5: from the moment that it is asked for until it is known who leads it, nothing begins. */
const waits: Check = (story) => begins(story).flatMap((it) => (askedBefore(story, it)?.purpose === 'hand-over' ? [`C-5: step ${it.way.step + 1} began at ${it.at}, and a hand-over was waited for`] : []))

/** C-5, C-15: it goes on, and what became of a step is settled, by the words of both who lead it then. */
const decided: Check = (story) => story.moves.flatMap((it) => {
  if (it.event !== 'resumed' && it.event !== 'decided') return []
  const purpose = it.event === 'resumed' ? 'resume' : 'decide'
  const asked = story.moves.findLast((one) => one.seq < it.seq && one.asked?.purpose === purpose)?.asked
  const said = pressedOn(story, asked?.agreement, it.at)
  return leadersAt(story, it.seq).every((one) => said.has(one)) ? [] : [`C-5: it was ${it.event} at ${it.at} on the word of ${[...said].join() || 'nobody'}`]
})

const byIn = ({ told }: Moved): string | undefined => told.find(({ by }) => by !== undefined)?.by

/** C-17: by a link only those who lead it, or are to, end it; by a call anybody may. */
const stopped: Check = (story) => story.moves.flatMap((it) => {
  const by = it.event === 'stopped' ? byIn(it) : undefined
  const may = [...leadersAt(story, it.seq), askedBefore(story, it)?.hands?.to]
  const called = story.world.people.aborts.some((one) => one.by === by && one.at <= it.at)
  // Whoever leads a host beside it ends that by its own link, and with it all that is worked on together.
  const beside = story.ledger.some(({ seq, is, stream, body }) => seq < it.seq && is === 'change.moved' && stream !== `run:${story.plan?.id}` && body['event'] === 'stopped' && (body['told'] as Moved['told']).some((one) => one.by === by))
  return by === undefined || may.includes(by) || called || beside ? [] : [`C-17: ${by}, who had handed over, ended it at ${it.at}`]
})

/** C-8: who takes over a run that stands halted hears of it; of what the rolling run was stopped by hear its own two, and who takes over one host of it by what they agree to. */
const newcomer: Check = (story) => handedIn(story).flatMap(({ at, after, hands: { to } }) => {
  const { world, moves } = story
  const by = at + 10_000
  const isCalm = by <= world.end && !overlaps(world.host.away, at - 1000, by) && moves.filter((it) => it.at > at && it.at <= by).every((it) => it.after.halt !== undefined && it.after.phase.is !== 'over')
  return after.halt === undefined || after.halt.subject === story.plan?.rolling || !isCalm || rungBy(story, by).has(to) ? [] : [`C-8: ${to} took over a halted run at ${at}, and was not paged by ${by}`]
})

const CHECKS: readonly Check[] = [handed, waits, decided, stopped, newcomer]

/** What did not hold of who leads it, in sentences. */
export const judgeHanded = (story: Story): string[] => CHECKS.flatMap((check) => check(story))

// One drill, rung by rung: structure (L3), restored (L4), looked over by its engine (L5), asserted (L6). The rung that is proven is the highest
// below which nothing is missing. Failed means that the copy itself did wrong, in the engine's own words; whatever this machine lacked
// leaves the verdict unknown, and so does an assertion that nobody could ask. Nothing is passed because nothing was heard.
import { Fault, sentence } from '../../../core/fault.ts'
import type { Instant } from '../../../core/time.ts'
import { sayAssertion, type Assertion, type Restoring, type Step } from '../../../ports/backup.ts'
import { oursIn } from '../../../ports/backup/words.ts'

export type Verdict = 'passed' | 'failed' | 'unknown'

export interface Phase {
  readonly name: string
  readonly ms: number
}

export interface Asserted {
  readonly text: string
  readonly found: Step['is']
  readonly says?: string
  /** The newest row's time, where that was asked for. */
  readonly at?: Instant
}

export interface Judgement {
  readonly verdict: Verdict
  /** 0 to 7 by the climb itself: see `docs/use/drills.md`. 1: the copy was there and whole, as far as its store says. */
  readonly rung: number
  /** A sentence for people: what failed, or what could not be known, and why. Empty when all passed. */
  readonly says: string
  readonly phases: readonly Phase[]
  readonly asserts: readonly Asserted[]
  readonly engineSaid: string
  /** It is unknown, and will be until a person changes what it says: another version, a package, rights. */
  readonly refused?: true
}

/** What is proven of a copy that was read to its end as its store lists it. */
export const FETCHED = 1

const RUNGS = [
  { name: 'structure', rung: 3, ask: (it: Restoring) => it.structure(), needed: true },
  { name: 'restore', rung: 4, ask: (it: Restoring) => it.restore(), needed: true },
  { name: 'integrity', rung: 5, ask: (it: Restoring) => it.integrity(), needed: false },
] as const

/** Starts an application on what was restored, asks it, and ends it. */
export type AskApplication = () => Promise<readonly { readonly text: string; readonly step: Step }[]>

/** Climbs as far as the copy carries. `tick` gives milliseconds of a clock that never goes back. */
export async function climb(it: Restoring, assertions: readonly Assertion[], tick: () => number, application?: AskApplication): Promise<Judgement> {
  const phases: Phase[] = []
  const asserts: Asserted[] = []
  const said: string[] = []
  const open: string[] = []
  let rung = FETCHED
  const timed = async <T>(name: string, act: () => Promise<T>): Promise<T> => {
    const began = tick()
    try {
      return await act()
    } finally {
      phases.push({ name, ms: Math.max(0, Math.round(tick() - began)) })
    }
  }
  const judgement = (verdict: Verdict, says: string): Judgement => ({ verdict, rung, says, phases, asserts, engineSaid: said.join('\n').slice(0, 4_000) })
  for (const step of RUNGS) {
    const found = await timed(step.name, () => taken(() => step.ask(it)))
    if (found.said !== undefined && found.is !== 'pass') said.push(found.said)
    if (found.is === 'fail') return judgement('failed', found.says)
    if (found.is === 'unknown' && step.needed) return { ...judgement('unknown', found.says), ...(found.refused && { refused: true }) }
    if (found.is === 'unknown') open.push(found.says)
    else if (open.length === 0) rung = step.rung
  }
  await timed('assertions', async () => {
    for (const { text, step } of await listed(it, assertions)) {
      if (step.said !== undefined && step.is !== 'pass') said.push(step.said)
      asserts.push({ text, found: step.is, ...(step.is === 'pass' ? {} : { says: step.says }), ...(step.at === undefined ? {} : { at: step.at }) })
    }
  })
  const wrong = asserts.find(({ found }) => found === 'fail')
  if (wrong) return judgement('failed', `${wrong.text}: ${wrong.says}`)
  const unclear = asserts.find(({ found }) => found === 'unknown')
  if (unclear) return judgement('unknown', `${unclear.text}: ${unclear.says}`)
  if (asserts.length > 0 && open.length === 0) rung = 6
  if (!application) return judgement('passed', open.join('; '))
  const answers = await timed('application', () => answered(application))
  for (const { text, step } of answers) {
    if (step.said !== undefined && step.is !== 'pass') said.push(step.said)
    asserts.push({ text, found: step.is, ...(step.is === 'pass' ? {} : { says: step.says }) })
  }
  const bad = answers.find(({ step }) => step.is === 'fail') ?? answers.find(({ step }) => step.is === 'unknown')
  if (bad && bad.step.is !== 'pass') return judgement(bad.step.is === 'fail' ? 'failed' : 'unknown', `${bad.text}: ${bad.step.says}`)
  // An answer alone may come without a look at what was restored.
  if (rung === 6 && answers.length > 0) rung = 7
  return judgement('passed', open.join('; '))
}

async function listed(it: Restoring, assertions: readonly Assertion[]): Promise<readonly { readonly text: string; readonly step: Step }[]> {
  const found: { readonly text: string; readonly step: Step }[] = []
  for (const assertion of assertions) found.push({ text: sayAssertion(assertion), step: await taken(() => it.prove(assertion)) })
  try {
    return [...found, ...(await it.manifest())]
  } catch (cause) {
    return [...found, { text: 'what the manifest says', step: { is: 'unknown', says: sentence(cause) } }]
  }
}

async function answered(application: AskApplication): Promise<Awaited<ReturnType<AskApplication>>> {
  try {
    return await Promise.all((await application()).map(async ({ text, step }) => ({ text, step: await taken(() => Promise.resolve(step)) })))
  } catch (cause) {
    if (cause instanceof Fault) return [{ text: 'the application', step: { is: 'unknown', says: cause.message } }]
    throw cause
  }
}

/** What a step says, but for what speaks of our own machine: a fault, a full disk, no memory. */
async function taken(ask: () => Promise<Step>): Promise<Step> {
  try {
    const step = await ask()
    const ours = step.is === 'fail' ? oursIn(`${step.says}\n${step.said ?? ''}`) : undefined
    return ours === undefined ? step : { is: 'unknown', says: ours, ...(step.said === undefined ? {} : { said: step.said }) }
  } catch (cause) {
    if (cause instanceof Fault) return { is: 'unknown', says: cause.message, ...(cause.retry === 'never' && { refused: true }) }
    throw cause
  }
}

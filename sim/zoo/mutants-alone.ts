// The part of the zoo about runs that go by themselves, or their ways back: ways in which they did more than both had agreed to.
import type { Mutant } from './mutant.ts'

const RUNS = 'src/engine/change/runs.ts'
const OFFERS = 'src/engine/change/asking/offers.ts'
const alone = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/asking/unattended.test.ts', name })
const RUN = 'src/rooms/change/runs/run.ts'

export const goingAlone: readonly Mutant[] = [
  {
    name: 'a surprise after a boot begins the ways back by themselves', breaks: ['C-6'], killer: { is: 'test', file: 'src/rooms/change/runs/run.test.ts', name: 'C-6 C-15 what is gone back by itself' },
    changes: [{ file: RUN, find: ' && trust.until.boot === now.boot', put: '' }],
  },
  {
    name: 'the trust in a run outlives a surprise', breaks: ['C-14', 'C-15'], killer: alone('C-14 C-15 the first surprise halts it'),
    changes: [{ file: RUN, find: ': distrusted(run)), halt }', put: ': run), halt }' }],
  },
  {
    name: 'by itself it begins by what was seen before', breaks: ['C-12'], killer: alone('C-5 C-12 C-18 agreed to once'),
    changes: [{ file: RUN, find: "{ is: 'pressed', leg, at: stampOf(now), lapsesAt })", put: "{ is: 'pressed', leg, at: { ...stampOf(now), tick: 0 as typeof now.tick }, lapsesAt })" }],
  },
  {
    name: 'a hand that halts does not keep a run from going back by itself', breaks: ['C-15'], killer: alone('C-15 where that was agreed on'),
    changes: [{ file: RUN, find: 'trust?.undoes === true && halt.byHand !== true', put: 'trust?.undoes === true' }, { file: RUN, find: 'if (turn.byHand === true && run.halt !== undefined) return', put: "if (turn.byHand === true && run.id === '') return" }],
  },
  {
    name: 'what is to go by itself cannot be halted before its time', breaks: ['C-6'], killer: alone('C-6 C-15 what both have agreed to'),
    changes: [{ file: RUN, find: 'turn.byHand === true && !run.guarded && run.trust !== undefined', put: "turn.byHand === true && !run.guarded && run.trust !== undefined && run.id === ''" }],
  },
  {
    name: 'a hand stops no way back that has begun by itself', breaks: ['C-6'], killer: alone('C-6 C-15 a hand stops the way back'),
    changes: [{ file: RUN, find: 'return against === undefined ? run : to(', put: 'return against === true ? run : to(' }],
  },
  {
    name: 'the links of what is to go by itself end with the hour', breaks: ['C-6'], killer: alone('C-6 the link by which'),
    changes: [{ file: 'src/engine/change/asking/unattended.ts', find: 'lapses: ms(Math.max(AGREED_WITHIN, ', put: 'lapses: ms(Math.min(AGREED_WITHIN, ' }],
  },
  {
    name: 'ways back are gone by themselves for ever', breaks: ['C-6'], killer: alone('C-6 C-15 ways back are gone'),
    changes: [{ file: RUN, find: 'const BACK_WITHIN = hours(1)', put: 'const BACK_WITHIN = hours(24)' }],
  },
  {
    name: 'a way back goes by itself beside what both are asked', breaks: ['C-15'], killer: alone('C-6 C-15 ways back are gone'),
    changes: [{ file: OFFERS, find: "disarm(keeper, tx, plan.id, { says: LED }", put: "if (by === '') disarm(keeper, tx, plan.id, { says: LED }" }],
  },
  {
    name: 'what leaves no further failure goes by itself', breaks: ['C-1'], killer: alone('C-1 C-18 what is not fit'),
    changes: [{ file: 'src/rooms/change/runs/unattended.ts', find: "tolerance < 1 ? ['no further", put: "tolerance < 0 ? ['no further" }],
  },
  {
    name: 'a way back goes by itself in a cluster that has too few left', breaks: ['C-1'], killer: alone('C-1 C-15 with too few left'),
    changes: [{ file: RUNS, find: '(goesBack && !ruling.isBarred) || isAgainst', put: 'goesBack || isAgainst' }],
  },
  {
    name: 'a way back that goes by itself takes what the runbook keeps', breaks: ['C-1'], killer: { is: 'test', file: 'src/rooms/change/runs/unattended.test.ts', name: 'C-1 a way back goes by itself' },
    changes: [{ file: 'src/rooms/change/runs/unattended.ts', find: 'after < (keep?.tolerate ?? 0)', put: 'after < 0' }],
  },
  {
    name: 'it goes by itself when the wall clock alone says that its time has come', breaks: ['C-6', 'X-7'], killer: { is: 'test', file: 'src/rooms/change/runs/run.test.ts', name: 'C-6 X-7 what goes by itself waits for both clocks' },
    changes: [{ file: RUN, find: '!isDueOnBoth(trust.from, now)', put: '!isDue(trust.from, now)' }],
  },
  {
    name: 'the ways back go by themselves long after the time that both agreed to', breaks: ['C-6'], killer: { is: 'test', file: 'src/rooms/change/runs/run.test.ts', name: 'C-6 C-15 what is gone back by itself ends an hour after the time' },
    changes: [{ file: RUN, find: 'earliest(dueIn(now, BACK_WITHIN), dueAfter(trust.until, BACK_WITHIN))', put: 'dueIn(now, BACK_WITHIN)' }],
  },
  {
    name: 'nobody hears that the ways back do not go by themselves any more', breaks: ['C-15'], killer: alone('C-15 C-17 both hear that it does not go its ways back'),
    changes: [{ file: OFFERS, find: '!isHeard) pageAlone', put: '!isHeard && trust.isBack !== true) pageAlone' }],
  },
  {
    name: 'both agree to all of it after the hour in which they had to', breaks: ['C-5'], killer: alone('C-6 the link by which'),
    changes: [{ file: RUNS, find: 'if (row && isTooLate(row, keeper.now())) return', put: "if (row?.plan.id === '') return" }],
  },
  {
    name: 'what goes by itself begins after its time', breaks: ['C-6'], killer: { is: 'test', file: 'src/rooms/change/runs/run.test.ts', name: 'C-6 a step whose turn came in the time' },
    changes: [{ file: RUN, find: 'if (run.trust !== undefined && ((', put: "if (run.trust !== undefined && run.id === '' && ((" }],
  },
  {
    name: 'what both agreed to leaves no room for ways back', breaks: ['C-15'], killer: alone('C-15 what both have agreed to as a whole'),
    changes: [{ file: 'src/rooms/people/agreement-rows.ts', find: `where ended_at is null and phase_is = 'open'`, put: 'where ended_at is null' }],
  },
  {
    name: 'who says no on a page of before, when it has begun, lets it go on', breaks: ['C-6'], killer: alone('C-6 C-15 whoever says no to'),
    changes: [{ file: 'src/rooms/change/index.ts', find: "(act === 'no' && was === 'agreed' && row", put: "(act === 'no' && was === 'lapsed' && row" }],
  },
  {
    name: 'a way back that goes by itself takes the majority of another cluster', breaks: ['C-1'], killer: { is: 'test', file: 'src/rooms/change/runs/unattended.test.ts', name: 'C-1 a way back that goes by itself leaves' },
    changes: [{ file: 'src/rooms/change/runs/unattended.ts', find: "typeof left === 'number' && left < 0)", put: "typeof left === 'number' && left < -1)" }],
  },
]

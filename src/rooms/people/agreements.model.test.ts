// C-5, C-17, X-1, X-7: agreements over a store, by a model: all interleavings of presses (with proofs that are good, old, another's, for
// another thing), edits, refusals, going alone, what becomes known of people, time by both clocks together or apart, crashes before
// the commit, and a second keeper that judged an older version. The ledger is the witness: what it says must hold by itself.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { FRESH, SEASONED, type Identity, type Proof } from '../../core/authority/agreement.ts'
import { instantOf, minutes, ms, tickOf, type Now } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import { entries, Moved } from '../../db/store.ts'
import { rebuildLedger } from '../../db/verify.ts'
import { loadAgreement } from './agreement-rows.ts'
import { agreementsOf, type Judged } from './agreements.ts'
import { roomWorld } from '../../../test/room-world.ts'

const LAPSES = minutes(10)
const PEOPLE = ['ada', 'bo', 'chen'] as const
type Who = (typeof PEOPLE)[number]

type Step =
  | { readonly is: 'press'; readonly who: Who; readonly act: 'yes' | 'ready' | 'no' | 'stop'; readonly proof: 'good' | 'none' | 'old' | 'of-another' | 'for-another' | 'young'; readonly hash: 'seen' | 'other' }
  | { readonly is: 'alone'; readonly who: Who; readonly reason: boolean }
  | { readonly is: 'edit' | 'same' | 'crash' | 'due' }
  | { readonly is: 'pass' | 'set'; readonly by: number }
  | { readonly is: 'known'; readonly who: Who; readonly shares: 'address' | 'phone' | 'nothing' }
  /** The second keeper judges now, and writes after the next step. */
  | { readonly is: 'second'; readonly who: Who }

const who = fc.constantFrom(...PEOPLE)
const stepArb: fc.Arbitrary<Step> = fc.oneof(
  // Two presses that count are rare among those that do not: without these, hardly any sequence comes to an agreement.
  { weight: 4, arbitrary: fc.record({ is: fc.constant('press' as const), who: fc.constantFrom('ada' as const, 'bo' as const), act: fc.constant('yes' as const), proof: fc.constant('good' as const), hash: fc.constant('seen' as const) }) },
  { weight: 8, arbitrary: fc.record({ is: fc.constant('press' as const), who, act: fc.constantFrom('yes' as const, 'yes' as const, 'yes' as const, 'ready' as const, 'no' as const, 'stop' as const), proof: fc.constantFrom('good' as const, 'good' as const, 'good' as const, 'none' as const, 'old' as const, 'of-another' as const, 'for-another' as const, 'young' as const), hash: fc.constantFrom('seen' as const, 'seen' as const, 'seen' as const, 'other' as const) }) },
  fc.record({ is: fc.constant('alone' as const), who, reason: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ is: fc.constantFrom('edit' as const, 'same' as const, 'same' as const, 'crash' as const, 'due' as const) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constantFrom('pass' as const, 'set' as const), by: fc.constantFrom(1000, 60_000, 4 * 60_000, 11 * 60_000) }) },
  fc.record({ is: fc.constant('set' as const), by: fc.constantFrom(-60_000, -3_600_000, -90_000_000) }),
  fc.record({ is: fc.constant('known' as const), who, shares: fc.constantFrom('address' as const, 'phone' as const, 'nothing' as const) }),
  fc.record({ is: fc.constant('second' as const), who }),
)

class Crash extends Error {}

function world(alone: 'never' | 'with-reason') {
  let [at, set] = [1_000_000, 0]
  const now = (): Now => ({ wall: instantOf(1_795_000_000_000 + at + set), tick: tickOf(at), boot: 'boot' })
  const people = new Map<Who, Identity>(PEOPLE.map((name) => [name, { person: name, addresses: [`${name}@acme.example`], phones: [`+49 ${name.length}${name.charCodeAt(0)}`], subjects: [], factors: [`key-${name}`] }]))
  const context = { key: new Uint8Array(32).fill(3), random: (n: number): Uint8Array => randomBytes(n), identityOf: (_: unknown, name: string): Identity => people.get(name as Who) ?? assert.fail(name), rolesOf: () => ['approver' as const], ladderOf: () => [] }
  const room = { name: 'people', ...agreementsOf(context) }
  const { sql, store, turn } = roomWorld(room, now)
  const wished = turn((tx) => room.ask(tx, { what: 'plain', title: 'Promote', text: 'db2', asks: 'yes', parties: [{ person: 'ada', as: 'approves' }, { person: 'bo', as: 'checks' }], lapses: LAPSES, alone, by: 'chen' }))
  assert(wished.is === 'asked')
  return { sql, room, store, turn, now, people, second: agreementsOf(context), id: wished.id, pass: (by: number) => void (at += by), set: (by: number) => void (set += by) }
}
type World = ReturnType<typeof world>

function proofFor({ now }: World, name: Who, kind: Extract<Step, { is: 'press' }>['proof'], hash: string): Proof | undefined {
  if (kind === 'none') return undefined
  const { tick, boot } = now()
  return {
    means: 'totp', factor: kind === 'of-another' ? `key-${PEOPLE[(PEOPLE.indexOf(name) + 1) % 3]}` : `key-${name}`, factorAge: kind === 'young' ? ms(SEASONED - 1) : SEASONED, personAge: SEASONED,
    at: { tick: tickOf(kind === 'old' ? tick - FRESH - 1 : tick), boot }, hash: kind === 'for-another' ? 'another' : hash,
  }
}

/** What anybody may expect, from what was told and when: written without a look at how it is done. */
interface Expected { said: Set<string>; over: string | undefined; readonly dueTick: number; readonly dueWall: number; shares: Map<Who, Set<string>> }

const marksOf = ({ people }: World, name: Who): string[] => [...(people.get(name)?.addresses ?? []), ...(people.get(name)?.phones ?? [])]

function expect(it: World, model: Expected, step: Step): void {
  // Nobody looks at the clock in it.
  if (step.is === 'crash') return
  const { tick, wall } = it.now()
  if (model.over === undefined || model.over === 'agreed') if (tick >= model.dueTick || wall >= model.dueWall) model.over = 'lapsed'
  const goes = model.over === undefined || model.over === 'agreed'
  if (step.is === 'edit' && goes) model.over = 'changed'
  const isParty = step.is === 'press' || step.is === 'alone' ? step.who !== 'chen' : false
  if (step.is === 'alone' && isParty && step.reason && model.over === undefined && loadAgreement(it.sql, it.id)?.asked.alone === 'with-reason') model.over = 'alone'
  if (step.is !== 'press' || !isParty || !goes) return
  if (step.act === 'no' || step.act === 'stop') model.over = step.act === 'no' ? 'refused' : 'stopped'
  else if (step.act === 'yes' && step.proof === 'good' && step.hash === 'seen' && model.over === undefined) {
    const mine = new Set(marksOf(it, step.who))
    const isSame = [...model.said].some((other) => other !== step.who && [...(model.shares.get(other as Who) ?? []), ...marksOf(it, other as Who)].some((mark) => mine.has(mark)))
    if (isSame) return
    // Saying it again adds nothing to what was said.
    if (!model.said.has(step.who)) model.shares.set(step.who, mine)
    model.said.add(step.who)
    if (model.said.has('ada') && model.said.has('bo')) model.over = 'agreed'
  }
}

function take(it: World, step: Step, isCrash: boolean): void {
  const hash = loadAgreement(it.sql, it.id)?.asked.hash ?? ''
  const act = (tx: Tx): void => {
    if (step.is === 'press') {
      const seen = step.hash === 'seen' ? hash : 'other'
      it.room.press(tx, { id: it.id, person: step.who, act: step.act, hash: seen, prove: () => proofFor(it, step.who, step.proof, seen) })
    } else if (step.is === 'alone') it.room.press(tx, { id: it.id, person: step.who, act: 'alone', hash, reason: step.reason ? 'nobody else answers here' : 'x', prove: () => proofFor(it, step.who, 'good', hash) })
    else if (step.is === 'edit') it.room.seen(tx, it.id, 'edited')
    else if (step.is === 'same') it.room.seen(tx, it.id, hash)
    else if (step.is === 'due') it.room.due['agreement.lapse']?.(tx, it.id)
    if (isCrash) throw new Crash()
  }
  if (isCrash) assert.throws(() => it.turn(act), Crash)
  else it.turn(act)
}

/** The ledger by itself: no hole, nobody twice, nothing after an end, and agreed only when all said it for this hash, in time. */
function witness(it: World): void {
  const stream = [...entries(it.sql, it.id)]
  assert.deepEqual(stream.map(({ follows }) => follows), stream.map((_, n) => n), 'a strict stream has no hole and no fork')
  const said = new Map<string, string>()
  let over = false
  for (const { is, body } of stream) {
    const b = body as { person?: string; act?: string; factor?: string; seen?: string; phase?: { is: string }; hash?: string; assents?: { identity: Identity; factor: string }[] }
    if (is === 'agreement.asked') continue
    assert.ok(!over, 'nothing follows an end')
    over = b.phase?.is !== 'open' && b.phase?.is !== 'agreed'
    if (b.act === 'yes') said.set(b.person ?? '', b.factor ?? '')
    const assents = b.assents ?? []
    assert.equal(new Set(assents.map(({ identity }) => identity.person)).size, assents.length, 'nobody twice')
    assert.equal(new Set(assents.map(({ factor }) => factor)).size, assents.length, 'no factor twice')
    if (over && b.phase?.is !== 'alone') assert.equal(assents.length, 0, 'no word survives an end')
    if (b.phase?.is === 'agreed') assert.deepEqual([[...said.keys()].sort(), new Set(said.values()).size], [['ada', 'bo'], 2])
  }
}

/** The same word said again, while two share an address for a moment: it is the first word that counts. */
const SAID_AGAIN: Step[] = [
  { is: 'press', who: 'ada', act: 'yes', proof: 'good', hash: 'seen' }, { is: 'known', who: 'ada', shares: 'address' }, { is: 'press', who: 'ada', act: 'yes', proof: 'good', hash: 'seen' },
  { is: 'known', who: 'ada', shares: 'nothing' }, { is: 'press', who: 'bo', act: 'yes', proof: 'good', hash: 'seen' },
]

/** A wall clock that was ahead while nobody looked ended nothing; the other clock ends it. */
const UNSEEN: Step[] = [{ is: 'set', by: 660_000 }, { is: 'crash' }, { is: 'set', by: -90_000_000 }, { is: 'press', who: 'ada', act: 'yes', proof: 'good', hash: 'seen' }]

test('whatever happens in whatever order, with crashes and two keepers', () => {
  let moved = 0
  let agreed = 0
  fc.assert(fc.property(fc.array(stepArb, { minLength: 4, maxLength: 30 }), fc.boolean(), (steps, alone) => {
    const it = world(alone ? 'with-reason' : 'never')
    try {
      const asked = loadAgreement(it.sql, it.id)?.asked ?? assert.fail()
      const model: Expected = { said: new Set(), over: undefined, dueTick: asked.lapsesAt.tick, dueWall: asked.lapsesAt.wall, shares: new Map() }
      let stale: Judged | undefined
      for (const [n, step] of steps.entries()) {
        if (step.is === 'pass') it.pass(step.by)
        else if (step.is === 'set') it.set(step.by)
        else if (step.is === 'known') {
          const old = it.people.get(step.who) ?? assert.fail()
          const other = it.people.get(step.who === 'ada' ? 'bo' : 'ada') ?? assert.fail()
          const own = { addresses: [`${step.who}@acme.example`], phones: [`+49 ${step.who.length}${step.who.charCodeAt(0)}`] }
          it.people.set(step.who, { ...old, addresses: step.shares === 'address' ? other.addresses : own.addresses, phones: step.shares === 'phone' ? other.phones : own.phones })
        } else if (step.is === 'second') {
          const proof = proofFor(it, step.who, 'good', asked.hash)
          stale = it.second.judge(it.sql, it.id, { is: 'pressed', press: { act: 'yes', identity: it.people.get(step.who) ?? assert.fail(), hash: asked.hash, proof } }, it.now())
        } else {
          const isCrash = step.is !== 'crash' && steps[n + 1]?.is === 'crash'
          const before = [...entries(it.sql, it.id)].length
          if (!isCrash) expect(it, model, step)
          take(it, step, isCrash)
          if (stale && stale.step.agreement !== stale.row.agreement && [...entries(it.sql, it.id)].length > before) {
            const late = stale
            assert.throws(() => it.turn((tx) => it.second.record(tx, late)), Moved)
            moved++
          }
          stale = undefined
        }
        witness(it)
        const phase = it.room.judge(it.sql, it.id, { is: 'time' }, it.now())?.step.agreement.phase.is
        const { tick, wall } = it.now()
        const goes = model.over === undefined || model.over === 'agreed'
        assert.equal(phase, goes && (tick >= model.dueTick || wall >= model.dueWall) ? 'lapsed' : (model.over ?? 'open'))
        if (phase === 'agreed') agreed++
      }
      assert.deepEqual(rebuildLedger(it.sql, [it.room], { replace: false }).differed, [])
    } finally {
      it.sql.close()
    }
  }), { numRuns: 400, examples: [[SAID_AGAIN, false], [UNSEEN, false]] })
  assert.ok(moved > 5 && agreed > 5, `it met ${moved} second keepers and ${agreed} agreements`)
})

test('of two keepers that judged the same version, the second is refused, and judges anew', () => {
  const it = world('never')
  const { hash } = loadAgreement(it.sql, it.id)?.asked ?? assert.fail()
  const judge = (keeper: Pick<World['room'], 'judge'>, name: Who): Judged => keeper.judge(it.sql, it.id, { is: 'pressed', press: { act: 'yes', identity: it.people.get(name) ?? assert.fail(), hash, proof: proofFor(it, name, 'good', hash) } }, it.now()) ?? assert.fail()
  const [first, second] = [judge(it.room, 'ada'), judge(it.second, 'bo')]
  assert.equal(it.turn((tx) => it.room.record(tx, first)).is, 'taken')
  assert.throws(() => it.turn((tx) => it.second.record(tx, second)), Moved)
  assert.equal(loadAgreement(it.sql, it.id)?.agreement.assents.length, 1)
  assert.equal(it.turn((tx) => it.second.record(tx, judge(it.second, 'bo'))).is, 'taken')
  assert.equal(loadAgreement(it.sql, it.id)?.agreement.phase.is, 'agreed')
  it.sql.close()
})

test('an agreement that nobody asked for is none', () => {
  const it = world('never')
  assert.equal(it.room.judge(it.sql, 'agr_0', { is: 'time' }, it.now()), undefined)
  it.sql.close()
})

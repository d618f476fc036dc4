// C-5, C-17: two people agree on one thing, or nothing happens. By table, and by a model of all interleavings: presses, edits,
// refusals, time by both clocks, crashes (what is not appended is lost), and two keepers at one strict stream.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { begin, FRESH, sameness, SEASONED, step, type Agreement, type Event, type Identity, type Press, type Proof, type Refusal, type Terms, type Verdict } from './agreement.ts'
import { dueIn, hours, instantOf, minutes, ms, tickOf, type Now } from '../time.ts'

const START: Now = { wall: instantOf(1_795_000_000_000), tick: tickOf(1_000_000), boot: 'a' }
const after = (span: number, wall = span): Now => ({ ...START, tick: tickOf(START.tick + span), wall: instantOf(START.wall + wall) })

const who = (person: string, over: Partial<Identity> = {}): Identity => ({ person, addresses: [`${person}@acme.example`], phones: [`+49 30 ${person.length}${person.charCodeAt(0)}`], subjects: [`https://id.example ${person}`], factors: [`key-${person}`], ...over })
const ada = who('ada')
const bo = who('bo')
const chen = who('chen')
const terms = (over: Partial<Terms> = {}): Terms => ({ id: 'agr_1', what: 'change.step', hash: 'h1', asks: 'ready', parties: [{ as: 'does', identity: ada }, { as: 'checks', identity: bo }], lapsesAt: dueIn(START, minutes(5)), alone: 'never', ...over })
const open = (over: Partial<Terms> = {}): Agreement => {
  const it = begin(terms(over))
  assert.ok('terms' in it)
  return it
}
const proof = (person: string, over: Partial<Proof> = {}): Proof => ({ means: 'passkey', factor: `key-${person}`, factorAge: SEASONED, personAge: SEASONED, at: START, hash: 'h1', session: `session-${person}`, ...over })
const pressed = (identity: Identity, over: Partial<Press> = {}): Event => ({ is: 'pressed', press: { act: 'ready', identity, hash: 'h1', proof: proof(identity.person), ...over } })
const give = (agreement: Agreement, events: readonly Event[], now = START): { agreement: Agreement; verdicts: Verdict[] } => {
  const verdicts: Verdict[] = []
  let it = agreement
  for (const event of events) {
    const stepped = step(it, event, now)
    it = stepped.agreement
    verdicts.push(stepped.verdict)
  }
  return { agreement: it, verdicts }
}
const whyOf = (verdict: Verdict | undefined): Refusal | 'taken' | 'again' | 'looked' => (verdict?.is === 'refused' ? verdict.why : (verdict?.is ?? 'looked'))

test('two people who both say it have agreed; one alone has not; a repeat changes nothing', () => {
  const one = give(open(), [pressed(ada), pressed(ada)])
  assert.deepEqual([one.agreement.phase.is, one.verdicts.map(whyOf)], ['open', ['taken', 'again']])
  const two = give(one.agreement, [pressed(bo), pressed(bo)])
  assert.deepEqual([two.agreement.phase.is, two.verdicts.map(whyOf)], ['agreed', ['taken', 'again']])
})

test('C-17 the same person never counts twice', () => {
  const cases: readonly [string, Identity, Partial<Proof>][] = [
    ['an address, written otherwise', who('bo', { addresses: [' ADA@acme.example'] }), {}],
    ['a phone, written otherwise', who('bo', { phones: [(ada.phones[0] ?? '').replaceAll(' ', '-')] }), {}],
    ['a name at the provider', who('bo', { subjects: ada.subjects }), {}],
    ['a factor that both have', who('bo', { factors: ['key-bo', 'key-ada'] }), {}],
    ['one session', bo, { session: 'session-ada' }],
  ]
  for (const [says, identity, over] of cases) {
    const { agreement, verdicts } = give(open(), [pressed(ada), pressed(identity, { proof: proof('bo', over) })])
    assert.deepEqual([says, agreement.phase.is, whyOf(verdicts[1])], [says, 'open', 'same-person'])
  }
  assert.equal(sameness(who('ada', { addresses: [''], phones: ['-'], subjects: [], factors: [] }), who('bo', { addresses: [''], phones: ['+'], subjects: [], factors: [] })), undefined, 'what nobody has is not shared')
  assert.ok(sameness(ada, { ...who('x'), person: 'ADA' }))
})

test('C-17 names within one mailbox are one address', () => {
  const of = (person: string, ...addresses: string[]) => ({ person, addresses, phones: [], subjects: [], factors: [] })
  for (const [a, b, same] of [
    ['ada@acme.example', 'Ada+two@ACME.example', true], ['ada+one@acme.example', 'ada+two@acme.example', true], ['ada+one@acme.example', 'ada@other.example', false], ['ada@acme.example', 'adam@acme.example', false],
    ['+ada@acme.example', '+bo@acme.example', false],
  ] as const) assert.equal(sameness(of('ada', a), of('bo', b)) !== undefined, same, `${a} ${b}`)
})

test('C-17 parties that are not two people are refused at the start, and nobody but a party presses', () => {
  const same = begin(terms({ parties: [{ as: 'does', identity: ada }, { as: 'checks', identity: who('bo', { phones: ada.phones }) }] }))
  assert.ok('says' in same)
  assert.match(same.says, /share a phone/)
  assert.ok('says' in begin(terms({ parties: [] })))
  assert.equal(whyOf(give(open(), [pressed(chen)]).verdicts[0]), 'not-a-party')
  assert.equal(whyOf(give(open(), [pressed(chen, { act: 'stop' })]).verdicts[0]), 'not-a-party')
})

test('a press rests on a fresh, seasoned proof that is the person’s own and for this very thing', () => {
  const cases: readonly [Refusal, Partial<Press>][] = [
    ['not-proven', { proof: undefined }],
    ['not-proven', { proof: proof('ada', { hash: 'h2' }) }],
    ['not-proven', { proof: proof('ada', { factor: 'key-bo' }) }],
    ['not-fresh', { proof: proof('ada', { at: { tick: tickOf(START.tick - FRESH - 1), boot: 'a' } }) }],
    ['not-fresh', { proof: proof('ada', { at: { tick: START.tick, boot: 'before' } }) }],
    ['not-fresh', { proof: proof('ada', { at: { tick: tickOf(START.tick + 1000), boot: 'a' } }) }],
    ['too-young', { proof: proof('ada', { factorAge: ms(SEASONED - 1) }) }],
    ['too-young', { proof: proof('ada', { personAge: ms(SEASONED - 1) }) }],
    ['changed', { hash: 'h2' }],
    ['not-asked', { act: 'yes' }],
  ]
  for (const [why, over] of cases) {
    const { agreement, verdicts } = give(open(), [pressed(ada, over)])
    assert.deepEqual([whyOf(verdicts[0]), agreement.assents.length], [why, 0])
  }
  const typed = open({ typed: 'db-1' })
  assert.equal(whyOf(give(typed, [pressed(ada)]).verdicts[0]), 'not-typed')
  assert.equal(whyOf(give(typed, [pressed(ada, { typed: 'db-2' })]).verdicts[0]), 'not-typed')
  assert.equal(whyOf(give(typed, [pressed(ada, { typed: ' db-1 ' })]).verdicts[0]), 'taken')
})

test('C-5 an edit voids all words; a refusal and a stop end it; what is over stays over', () => {
  const half = give(open(), [pressed(ada)]).agreement
  for (const [event, phase, why] of [
    [{ is: 'seen', hash: 'h2' }, 'changed', 'changed'],
    [pressed(bo, { act: 'no', proof: undefined }), 'refused', 'over'],
    [pressed(bo, { act: 'stop', proof: undefined }), 'stopped', 'over'],
  ] as const) {
    const ended = give(half, [event, pressed(bo), pressed(ada), { is: 'seen', hash: 'h1' }, pressed(bo)])
    assert.deepEqual([ended.agreement.phase.is, ended.agreement.assents.length, whyOf(ended.verdicts[1])], [phase, 0, why])
  }
  const agreed = give(half, [pressed(bo)]).agreement
  assert.equal(step(agreed, { is: 'seen', hash: 'h2' }, START).agreement.phase.is, 'changed', 'also what was agreed and has not begun')
  assert.equal(step(agreed, pressed(bo, { act: 'stop', proof: undefined }), START).agreement.phase.is, 'stopped')
})

test('X-7 it lapses by whichever clock comes first, and by a reboot', () => {
  const half = give(open(), [pressed(ada)]).agreement
  const late = (now: Now): string => step(half, pressed(bo, { proof: proof('bo', { at: now }) }), now).agreement.phase.is
  assert.equal(late(after(minutes(5) - 1)), 'agreed')
  assert.equal(late(after(minutes(5))), 'lapsed')
  assert.equal(late(after(minutes(6), ms(-90_000_000))), 'lapsed', 'a wall clock that was set back keeps nothing alive')
  assert.equal(late(after(1000, hours(25))), 'lapsed', 'one that was set forward ends it early')
  assert.equal(late({ ...after(1000), boot: 'b' }), 'lapsed', 'nobody knows how long the machine was away')
  const agreed = give(open(), [pressed(ada), pressed(bo)]).agreement
  assert.equal(step(agreed, { is: 'time' }, after(minutes(5))).agreement.phase.is, 'lapsed', 'an old word is no word')
})

test('alone only where the terms allow it, by a party, with a proof and a reason', () => {
  const alone = (over: Partial<Press> = {}, reason = 'the data centre is on fire', identity = ada): Event => ({ is: 'alone', reason, press: { act: 'yes', identity, hash: 'h1', proof: proof(identity.person), ...over } })
  assert.equal(whyOf(give(open(), [alone()]).verdicts[0]), 'not-alone')
  const may = open({ alone: 'with-reason' })
  assert.equal(whyOf(give(may, [alone({}, 'because')]).verdicts[0]), 'no-reason')
  assert.equal(whyOf(give(may, [alone({ proof: undefined })]).verdicts[0]), 'not-proven')
  assert.equal(whyOf(give(may, [alone({ hash: 'h2' })]).verdicts[0]), 'changed')
  assert.equal(whyOf(give(may, [alone({}, undefined, chen)]).verdicts[0]), 'not-a-party')
  const went = give(may, [alone(), alone(), pressed(bo)])
  assert.deepEqual([went.agreement.phase, went.verdicts.map(whyOf)], [{ is: 'alone', by: 'ada', reason: 'the data centre is on fire' }, ['taken', 'again', 'over']])
})

/** What a model needs to know of a press to say whether it may count. */
interface Drawn { readonly person: string; readonly act: Press['act']; readonly hash: string; readonly proofHash: string; readonly own: boolean; readonly age: number; readonly seasoned: boolean; readonly session: string; readonly alias: boolean }

test('C-5, C-17 whatever comes in whatever order at two keepers: what is agreed was said by two people, fresh, on this very thing', () => {
  const people = ['ada', 'bo', 'chen']
  const drawn: fc.Arbitrary<Drawn> = fc.record({
    person: fc.constantFrom(...people, 'eve'), act: fc.oneof({ weight: 12, arbitrary: fc.constant('ready' as const) }, { weight: 1, arbitrary: fc.constantFrom('yes' as const, 'no' as const, 'stop' as const) }),
    hash: fc.oneof({ weight: 9, arbitrary: fc.constant('h1') }, { weight: 1, arbitrary: fc.constant('h2') }), proofHash: fc.oneof({ weight: 9, arbitrary: fc.constant('h1') }, { weight: 1, arbitrary: fc.constant('h2') }),
    own: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }), age: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: FRESH }) }, { weight: 1, arbitrary: fc.integer({ min: -1000, max: FRESH * 2 }) }),
    seasoned: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }), session: fc.constantFrom('s1', 's2', 's3'),
    alias: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  })
  const happening = fc.oneof(
    { weight: 12, arbitrary: fc.record({ is: fc.constant('press' as const), drawn, keeper: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ is: fc.constant('edit' as const), hash: fc.constantFrom('h1', 'h2'), keeper: fc.nat(1) }) },
    { weight: 2, arbitrary: fc.record({ is: fc.constant('pass' as const), span: fc.integer({ min: 0, max: 90_000 }), set: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -90_000_000, max: 90_000_000 }) }) }) },
    { weight: 1, arbitrary: fc.record({ is: fc.constant('crash' as const), keeper: fc.nat(1) }) },
  )
  let [agreements, ends, lost] = [0, 0, 0]
  fc.assert(fc.property(fc.array(happening, { minLength: 5, maxLength: 40 }), fc.constantFrom(2, 3), (all, parties) => {
    const start = open({ parties: people.slice(0, parties).map((name) => ({ as: name, identity: who(name) })) })
    // The strict stream: an append names the version that it judged, and fails when that moved on.
    const stream: Agreement[] = [start]
    const keepers = [{ seen: 0 }, { seen: 0 }]
    const counted: { drawn: Drawn; at: number }[] = []
    let [tick, wall] = [0, 0]
    const now = (): Now => after(tick, wall)
    const put = (keeper: number, event: Event): Verdict | undefined => {
      const it = keepers[keeper] ?? { seen: 0 }
      const had = stream[it.seen] ?? start
      const { agreement, verdict } = step(had, event, now())
      if (agreement === had) return verdict
      if (it.seen !== stream.length - 1) {
        lost++
        it.seen = stream.length - 1
        return undefined
      }
      stream.push(JSON.parse(JSON.stringify(agreement)) as Agreement)
      it.seen++
      return verdict
    }
    for (const it of all) {
      const before = stream.at(-1)?.phase.is
      if (it.is === 'pass') {
        tick += it.span
        wall += it.span + it.set
      } else if (it.is === 'crash') keepers[it.keeper] = { seen: stream.length - 1 }
      else if (it.is === 'edit') put(it.keeper, { is: 'seen', hash: it.hash })
      else {
        const { person, act, hash, proofHash, own, age, seasoned, session, alias } = it.drawn
        const identity = who(person, alias ? { phones: ['0'] } : {})
        const verdict = put(it.keeper, { is: 'pressed', press: {
          act, identity, hash, proof: proof(person, { hash: proofHash, factor: own ? `key-${person}` : 'key-other', at: { tick: tickOf(START.tick + tick - age), boot: 'a' }, factorAge: ms(seasoned ? SEASONED : 1), session }),
        } })
        if (verdict?.is === 'taken' && act === 'ready') counted.push({ drawn: it.drawn, at: tick })
      }
      const current = stream.at(-1)
      const is = current?.phase.is
      if (before !== 'open' && before !== 'agreed') assert.equal(is, before, 'what is over stays over')
      if (is !== 'open' && is !== 'agreed') assert.equal(current?.assents.length, 0)
      if (is === 'agreed' && before === 'open') agreements++
      if (is === 'agreed') {
        assert.ok(tick < minutes(5) || before === 'agreed', 'nobody agrees after it lapsed')
        const theirs = people.slice(0, parties).map((name) => counted.find(({ drawn: { person } }) => person === name))
        for (const word of theirs) {
          assert.ok(word, 'everybody said it')
          const { hash, proofHash, own, age, seasoned } = word.drawn
          assert.ok(hash === 'h1' && proofHash === 'h1' && own && age >= 0 && age <= FRESH && seasoned)
        }
        const sessions = theirs.map((word) => word?.drawn.session)
        assert.equal(new Set(sessions).size, sessions.length, 'each by a session of their own')
        assert.ok(theirs.filter((word) => word?.drawn.alias).length <= 1, 'nobody twice by another name')
      }
    }
    if (!['open', 'agreed'].includes(stream.at(-1)?.phase.is ?? '')) ends++
  }), { numRuns: 3000, seed: 17 })
  assert.ok(agreements > 100 && ends > 100 && lost > 100, `the model saw ${agreements} agreements, ${ends} ends, ${lost} lost races`)
})

test('X-9 a proof that is missing never makes an agreement', () => {
  fc.assert(fc.property(fc.subarray(['does', 'checks'], { minLength: 1 }), (blurred) => {
    const events = [ada, bo].map((identity, n) => pressed(identity, blurred.includes(n === 0 ? 'does' : 'checks') ? { proof: undefined } : {}))
    assert.notEqual(give(open(), events).agreement.phase.is, 'agreed')
  }))
})

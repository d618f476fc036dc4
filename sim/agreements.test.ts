// Agreements in the simulator: the production keeper, people with authenticators, and faults drawn from the seed: deaths, COMMITs that fail
// before or after they took effect, a loop that stands still, a wall clock that jumps. What must hold is read from the ledger: nobody
// counts twice, no yes survives an edit, nothing follows an end, and whoever heard "taken" stands in it (C-5, C-17, X-1, X-7).
import assert from 'node:assert/strict'
import test from 'node:test'
import { codeAt, periodOf } from '../src/core/totp.ts'
import { hours } from '../src/core/time.ts'
import type { Entry } from '../src/core/ledger.ts'
import { entries } from '../src/db/store.ts'
import { rebuildLedger } from '../src/db/verify.ts'
import { answer } from '../src/engine/calls.ts'
import type { Asked } from '../src/rooms/people/agreement-rows.ts'
import type { ApprovalAnswer } from '../src/views/agreements.ts'
import type { Asker } from '../src/views/answers.ts'
import type { TotpAnswer } from '../src/views/people.ts'
import { chance, virtualTime } from './clock.ts'
import { giveDisk } from './disk.ts'
import { keeperHost } from './keeper-host.ts'
import { scenario, START } from './scenario.ts'

const PEOPLE = ['ada', 'bo'] as const
const config = { ...scenario, checks: [], boards: [], plan: { ...scenario.plan, people: Object.fromEntries(Object.entries(scenario.plan.people).map(([name, it]) => [name, { ...it, roles: ['approver' as const] }])) } }
const END = 30 * 60_000

interface Heard { readonly stream: string; readonly person: string; readonly status: number; readonly at: number; readonly durable: boolean }

const bytesOf = (text: string): Uint8Array => Uint8Array.from(([...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))

async function schedule(seed: number): Promise<{ streams: Map<string, Entry[]>; heard: Heard[]; differed: readonly string[] }> {
  const dice = chance(seed)
  const time = virtualTime(START)
  const host = keeperHost({
    time, config, onDeath: () => void time.after(300 + dice.int(3000), () => host.start()),
    ports: { toRinger: () => false, toProbers: () => undefined, toWeb: () => undefined, toWorkers: () => undefined, boardsWanted: () => false, say: () => undefined, freeReserve: () => false, render: () => '', renderDigest: () => '' },
  })
  const call = (name: string, args: unknown, asker: Asker, then: (status: number, body: unknown) => void): void =>
    host.deliver((keeper) => void answer({ keeper, random: dice.bytes, pingUrl: () => '' }, name, args, asker).then(({ status, body }) => then(status, body), () => undefined))
  const secrets = new Map<string, Uint8Array>()
  const known: ApprovalAnswer[] = []
  const heard: Heard[] = []
  const codeOf = (who: string): string => codeAt(secrets.get(who) ?? new Uint8Array(20), periodOf(time.now().wall))
  const ask = (instead?: string): void => call('approvals.ask', { title: `Act ${dice.int(5)}`, text: '', of: [...PEOPLE], lapses: dice.pick(['1m', '5m', '20m']), ...(instead === undefined ? {} : { instead }) }, { is: 'socket' }, (status, body) => void (status === 200 && known.push(body as ApprovalAnswer)))
  const press = (): void => {
    const it = dice.yes(0.7) ? known.at(-1) : known[dice.int(Math.max(1, known.length))]
    if (!it) return
    const person = dice.pick(PEOPLE)
    const act = dice.yes(0.9) ? 'yes' : dice.pick(['no', 'stop'] as const)
    host.deliver((keeper) => {
      const token = keeper.linkFor({ is: 'approve', agreement: it.id as never, person })
      const args = { token, act, hash: dice.yes(0.9) ? it.hash : (known[0]?.hash ?? ''), totp: dice.yes(0.95) ? codeOf(person) : codeOf('nobody'), from: { origin: '203.0.113.9', agent: '' } }
      void answer({ keeper, random: dice.bytes, pingUrl: () => '' }, 'approvals.press', args, { is: 'open' }).then(({ status }) => {
        const durable = [...entries(host.sql, it.id)].some(({ is, body }) => is === 'agreement.pressed' && body['person'] === person && body['act'] === act)
        if (act === 'yes') heard.push({ stream: it.id, person, status, at: time.at, durable })
      }, () => undefined)
    })
  }
  const strike = (): void => {
    const fault = dice.int(4)
    if (fault === 0) {
      host.crash()
      time.after(200 + dice.int(2000), () => host.start())
    } else if (fault === 1) host.failCommit(dice.pick(['before', 'after']))
    else if (fault === 2) {
      host.freeze()
      time.after(1000 + dice.int(90_000), () => host.thaw())
    } else time.step(dice.pick([40_000, 400_000, -30_000]))
    time.after(20_000 + dice.int(120_000), strike)
  }
  const goOn = (): void => {
    if (known.length === 0 || dice.yes(0.12)) ask()
    else if (dice.yes(0.08)) ask(known.at(-1)?.id)
    else press()
    time.after(3000 + dice.int(20_000), goOn)
  }
  host.start()
  for (const [n, who] of PEOPLE.entries()) {
    time.after(1000 + n * 1000, () => call('people.enrol', { who }, { is: 'socket' }, (_, body) => {
      secrets.set(who, bytesOf((body as TotpAnswer).secret))
      call('people.enrol', { who, code: codeOf(who) }, { is: 'socket' }, () => undefined)
    }))
  }
  // They are known for four days.
  time.after(20_000, () => {
    host.crash()
    host.sql.run(`insert into meta (key, value) values ('lived', ?) on conflict (key) do update set value = excluded.value`, String(hours(96)))
    host.start()
  })
  time.after(60_000, goOn)
  time.after(90_000, strike)
  while (time.next(END)) for (let n = 0; n < 6; n++) await Promise.resolve()
  const streams = new Map<string, Entry[]>()
  for (const entry of entries(host.sql)) if (entry.stream.startsWith('agr_')) streams.set(entry.stream, [...(streams.get(entry.stream) ?? []), entry])
  const differed = host.keeper ? rebuildLedger(host.sql, host.keeper.store.rooms, { replace: false }).differed : []
  host.crash()
  giveDisk(host.sql)
  return { streams, heard, differed }
}

/** What is wrong with one agreement, by the ledger alone. */
function wrongIn(stream: readonly Entry[]): string | undefined {
  const [first] = stream
  if (!first) return undefined
  const asked = first.body as unknown as Asked
  const said = new Map<string, string>()
  let over = false
  for (const [n, { is, follows, body, at }] of stream.entries()) {
    if (follows !== n) return `entry ${n} follows ${follows}`
    if (is === 'agreement.asked') continue
    if (over) return 'something follows its end'
    const { phase, person, act, seen, factor } = body as { phase: { is: string }; person?: string; act?: string; seen?: string; factor?: string }
    if (act === 'yes') {
      if (seen !== asked.hash) return 'a yes to another hash'
      if (said.has(person ?? '')) return `${person} counted twice`
      if ([...said.values()].includes(factor ?? '')) return 'a factor counted twice'
      if (at >= asked.lapsesAt.wall) return 'a yes after it lapsed'
      said.set(person ?? '', factor ?? '')
    }
    if (phase.is === 'agreed' && said.size !== PEOPLE.length) return 'agreed by fewer than all'
    over = phase.is !== 'open' && phase.is !== 'agreed'
  }
  return undefined
}

test('C-5 C-17 X-1 agreements under deaths, failing disks, frozen loops and jumping clocks', async () => {
  const phases = new Map<string, number>()
  for (let seed = 1; seed <= 12; seed++) {
    const { streams, heard, differed } = await schedule(seed)
    assert.deepEqual(differed, [], `seed ${seed}`)
    for (const [id, stream] of streams) {
      assert.equal(wrongIn(stream), undefined, `seed ${seed}: ${id}`)
      const [first] = stream
      assert(first)
      const last = (stream.at(-1)?.body['phase'] as { is: string } | undefined)?.is ?? 'open'
      phases.set(last, (phases.get(last) ?? 0) + 1)
      if (stream.some(({ body }) => (body['phase'] as { is?: string } | undefined)?.is === 'agreed')) phases.set('agreed', (phases.get('agreed') ?? 0) + 1)
      const { tick } = (first.body as unknown as Asked).lapsesAt
      for (const it of heard.filter((one) => one.stream === id && one.status === 200)) {
        assert.ok(it.durable, `seed ${seed}: ${it.person} heard that ${id} has their word, and it has not (X-1)`)
        assert.ok(it.at <= tick + 1000, `seed ${seed}: a word was taken after the running time was over (X-7)`)
      }
    }
  }
  for (const phase of ['agreed', 'lapsed', 'changed', 'refused']) assert.ok((phases.get(phase) ?? 0) >= 2, `${phase}: ${JSON.stringify(Object.fromEntries(phases))}`)
})

// What the command line says of backups and their clean-ups, and which code a script gets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOW } from '../web-world.ts'
import { ago, fakes, plainly, run } from './world.ts'

test('verify calls nothing read that nobody has read, and says why what it waits for cannot be', async (t) => {
  plainly(t)
  const reading = { all_within: 1, parts: 6, due: 0, bytes_due: 0, damaged: 0, oldest_unread: ago(60_000), never_read: 6, failing: null as string | null }
  fakes.call = () => ({ is: 'answered', status: 200, body: { schema: 'holdfast.backup-set/1', set: 'repo', state: 'ok', places: [{ store: 'nas', state: 'ok', says: '', reading }] } })
  const never = await run('backups verify repo')
  assert.match(never.out, /6 of 6 parts were never read/)
  assert.doesNotMatch(never.out, /every byte/)
  reading.never_read = 0
  assert.match((await run('backups verify repo')).out, /every byte read within the last/)
  Object.assign(reading, { due: 3, bytes_due: 803, failing: '/nas holds no .holdfast-store' })
  reading.due = 0
  assert.equal((await run('backups verify repo')).exit, 3, 'what could not be read is not known, also when it is not due')
  reading.due = 3
  const stuck = await run('backups verify repo --timeout 10ms')
  assert.equal(stuck.exit, 3)
  assert.match(stuck.err, /still to be read; what was tried could not be: \/nas holds no .holdfast-store/)
})

test('look waits until every store was listed or could not be, and says how the set stands then', async (t) => {
  plainly(t)
  const set = { schema: 'holdfast.backup-set/1', set: 'shop', state: 'ok', places: [{ store: 'nas', state: 'ok', says: '', unseen: null, newest: null, copies: 3, counted: 3 }] }
  const states = ['waiting', 'listing', 'listed']
  let end = 'listed'
  fakes.call = (name) => {
    if (name === 'backups.show') return { is: 'answered', status: 200, body: set }
    if (name === 'backups.list') return { is: 'answered', status: 200, body: { schema: 'holdfast.backups/1', sets: [set] } }
    const state = states.shift() ?? end
    return { is: 'answered', status: 200, body: { schema: 'holdfast.look/1', set: 'shop', look: 1, over: state === end && end !== 'never', places: [{ store: 'nas', state: state === 'never' ? 'listing' : state, says: state === 'waiting' ? 'it was listed 20 s ago, and is again in 40 s' : '' }] } }
  }
  const { exit, out, err, asked } = await run('backups look shop')
  assert.deepEqual([exit, asked.map(([name]) => name)], [0, ['backups.look', 'backups.looked', 'backups.looked', 'backups.show']])
  assert.deepEqual(asked.slice(1, 3).map(([, args]) => (args as { look?: number }).look), [1, 1], 'it is their own that they hear of')
  assert.match(err, /shop in nas: it was listed 20 s ago, and is again in 40 s/)
  assert.match(out, /shop +nas +ok +3 of 3/)
  end = 'not-listed'
  assert.equal((await run('backups look')).exit, 3, 'what cannot be listed is not known')
  end = 'never'
  const over = await run('backups look shop --timeout 1ms')
  assert.deepEqual([over.exit, /shop in nas is not listed yet/.test(over.err)], [3, true], `a time to wait is for all of it, and not for one question: ${over.err}`)
})

test('release takes as many names as are said, of objects and of copies', async (t) => {
  plainly(t)
  fakes.call = (name) => (name === 'reconcile.release' || name === 'backups.release' ? { is: 'answered', status: 200, body: { schema: 'holdfast.release/1', reconcile: 'uploads', set: 'shop', wanted: 2, missing: [], plan: '', plans: [], acts: [] } } : undefined)
  for (const [line, names] of [['reconcile release uploads u/1 u/2', { keys: ['u/1', 'u/2'] }], ['backups release shop pg/1.dump pg/2.dump', { copies: ['pg/1.dump', 'pg/2.dump'] }]] as const) {
    const { asked, err } = await run(line)
    assert.deepEqual(Object.fromEntries(Object.entries(asked[0]?.[1] ?? {}).filter(([name]) => name in names)), names, err)
  }
})

test('release says what came back, what waits and what was held, and exits by it', async (t) => {
  plainly(t)
  const acts = { schema: 'holdfast.acts/1', plan: 'by-hand:uploads', hash: '', reconcile: 'uploads', mode: 'report', totals: { purge: 0, release: 1, quarantine: 0 }, agreement: null, waiting: 0, under_way: 0, over: 0, held: [] as object[], waits: [] as object[], refusals: [] }
  let missing: string[] = []
  fakes.call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.acts' ? acts : { schema: 'holdfast.release/1', reconcile: 'uploads', wanted: 1, missing, plan: 'by-hand:uploads' } })
  acts.over = 1
  const back = await run('reconcile release uploads u/1')
  assert.deepEqual([back.exit, back.out.trim()], [0, '1 brought back, 0 to come back still, 0 held'])
  assert.match(back.err, /1 object is to come back/)
  Object.assign(acts, { over: 0, waiting: 1, waits: [{ act: 'release', key: 'u/1', says: 'connection refused' }] })
  const waits = await run('reconcile release uploads u/1 --no-wait')
  assert.equal(waits.exit, 4)
  assert.match(waits.out, /0 brought back, 1 to come back still, 0 held[^]*u\/1.*connection refused/)
  Object.assign(acts, { waiting: 0, waits: [], held: [{ act: 'release', key: 'u/1', says: 'it was written since' }] })
  const held = await run('reconcile release uploads u/1')
  assert.equal(held.exit, 3)
  assert.match(held.out, /1 held[^]*u\/1.*it was written since[^]*→/)
  Object.assign(acts, { over: 1, held: [] })
  missing = ['u/2']
  const some = await run('reconcile release uploads u/1 u/2')
  assert.equal(some.exit, 1)
  assert.match(some.err, /u\/2 does not lie aside/)
})

test('an apply that is refused says of each reason what was found and who saw it, also where nobody knew', async (t) => {
  plainly(t)
  const reason = { id: 'schema', found: 'unknown', text: 'it was not read', evidence: [{ subject: 'catalogue games', observer: 'guard', at: 1 }], cure: 'see why' }
  fakes.call = (name) => (name === 'reconcile.acts' ? { is: 'answered', status: 200, body: { schema: 'holdfast.acts/1', plan: 'plan_1', hash: '', reconcile: 'uploads', mode: 'report', totals: { purge: 0, release: 0 }, agreement: null, waiting: 0, under_way: 0, over: 0, held: [], waits: [], refusals: [reason] } } : undefined)
  const { exit, out } = await run('reconcile apply uploads --json')
  assert.equal(exit, 5)
  assert.deepEqual((JSON.parse(out) as { reasons: unknown }).reasons, [reason])
})

test('apply of a plan that is superseded is refused, also where some of it came back', async (t) => {
  plainly(t)
  const reason = { id: 'over', found: 'fail', text: 'it is superseded by plan_2', evidence: [], cure: 'see the latest' }
  fakes.call = (name) => (name === 'reconcile.acts' ? { is: 'answered', status: 200, body: { schema: 'holdfast.acts/1', plan: 'plan_1', hash: '', reconcile: 'uploads', mode: 'armed', totals: { purge: 0, quarantine: 2, release: 1 }, agreement: null, waiting: 0, under_way: 0, over: 1, held: [], waits: [], refusals: [reason] } } : undefined)
  const { exit, out } = await run('reconcile apply plan_1')
  assert.equal(exit, 5)
  assert.match(out, /Refused: it is superseded by plan_2\n +→ see the latest/)
})

test('a run that is refused before it begins is a refusal on stdout, and what stays in force is said', async (t) => {
  plainly(t)
  fakes.call = (name) => (name === 'reconcile.run' ? { is: 'refused', status: 409, error: { code: 'HF490', message: 'db is down: nothing is compared with a database that does not answer', help: 'nothing was touched' } } : { is: 'answered', status: 200, body: { schema: 'holdfast.reconcile/1', latest: null, running: null } })
  const asJson = await run('reconcile plan uploads --json')
  const { schema, code, reasons: [reason] } = JSON.parse(asJson.out) as { schema: string; code: string; reasons: readonly { found: string; text: string; evidence: unknown; cure: string }[] }
  assert.deepEqual([asJson.exit, schema, code, reason?.found, reason?.evidence], [5, 'holdfast.refusal/1', 'HF490', 'unknown', []])
  assert.match(reason?.text ?? '', /^db is down/)
  const { exit, out } = await run('reconcile plan uploads')
  assert.equal(exit, 5)
  assert.match(out, /Refused: db is down[^]*nothing was touched[^]*stays armed/)
})

test('a plan of which all is done plans nothing any more: 0, and how much of it was done', async (t) => {
  plainly(t)
  const plan = { id: 'plan_1', hash: 'ab', mode: 'armed', reconcile: 'uploads', binding: 'b', checks: [], refusals: [], totals: { purge: 0, quarantine: 2, release: 0, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 10 } }
  const shown = { schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, from: 'x:1', running: null, breaker: { is: 'closed' }, armed_by: ['ada', 'bo'], clean_runs: 3, causes: [], acceptable: [], accepted: [], returning: [], latest: { at: NOW, healthy: true, plan, path: null, summary: null, objects: null, rows: null, columns: {}, said: [] } }
  let waiting = 1
  fakes.call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.acts' ? { schema: 'holdfast.acts/1', plan: 'plan_1', refusals: [], totals: plan.totals, agreement: null, waiting, under_way: 0, over: 2 - waiting, held: [], waits: [] } : shown })
  assert.equal((await run('reconcile show uploads')).exit, 4)
  waiting = 0
  const { exit, err } = await run('reconcile show uploads')
  assert.equal(exit, 0)
  assert.match(err, /2 are done, 0 still wait, 0 were held/)
})

test('apply of what waits for two people alone is planned, not done: 4', async (t) => {
  plainly(t)
  const acts = { schema: 'holdfast.acts/1', plan: 'plan_1', hash: '', reconcile: 'uploads', mode: 'armed', totals: { purge: 2, release: 0, quarantine: 0 }, agreement: null as string | null, waiting: 0, under_way: 0, over: 0, held: [], waits: [], refusals: [] }
  const kept = { schema: 'holdfast.retention.acts/1', plan: 'plan_2', hash: '', set: 'shop', store: 'nas', permitted_by: [], waiting: 1, under_way: 0, done: 0, held: 0, stopped: null, waits_for: null, acts: [{ act: 'purge', copy: 'a.dump', bytes: 1, state: 'waiting', says: 'two people remove it' }] }
  fakes.call = (name) => ({ is: 'answered', status: 200, body: name === 'backups.apply' ? kept : acts })
  const { exit, out } = await run('reconcile apply uploads')
  assert.equal(exit, 4)
  assert.match(out, /2 wait for two people: holdfast reconcile purge plan_1/)
  assert.equal((await run('backups apply plan_2')).exit, 4)
  acts.agreement = 'agr_1'
  assert.equal((await run('reconcile apply uploads')).exit, 0, 'they have said it, and nothing of it waits')
})

test('apply waits for a store that is away, says so once, and what still waits in the end is planned: 4', async (t) => {
  plainly(t)
  const act = (state: string): object => ({ act: 'quarantine', copy: 'a.dump', bytes: 1, state, says: '' })
  const kept = { schema: 'holdfast.retention.acts/1', plan: 'plan_2', hash: '', set: 'shop', store: 'nas', permitted_by: ['ada'], waiting: 1, under_way: 0, done: 0, held: 0, stopped: null, waits_for: 'nas does not answer' as string | null, acts: [act('waiting')] }
  let asked = 0
  fakes.call = () => {
    if (++asked === 3) Object.assign(kept, { waiting: 0, done: 1, waits_for: null, acts: [act('done')] })
    return { is: 'answered', status: 200, body: kept }
  }
  const { exit, err } = await run('backups apply plan_1')
  assert.deepEqual([exit, asked, err.split('nas does not answer').length - 1], [0, 3, 1])
  Object.assign(kept, { waiting: 1, done: 0, waits_for: 'nas does not answer', acts: [act('waiting')] })
  for (const how of ['--no-wait', '--timeout 1ms']) {
    const waits = await run(`backups apply plan_1 ${how}`)
    assert.equal(waits.exit, 4, how)
    assert.match(waits.out, /0 done, 0 under way, 1 waiting, 0 held\nWaits for its store: nas does not answer/)
  }
  Object.assign(kept, { held: 1 })
  assert.equal((await run('backups apply plan_1 --no-wait')).exit, 3)
})

test('a run that is older than was promised is not known, in shape, words and exit code', async (t) => {
  plainly(t)
  const plan = { id: 'plan_1', hash: 'ab', mode: 'armed', reconcile: 'uploads', binding: 'b', checks: [], refusals: [], totals: { purge: 0, quarantine: 0, release: 0, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 0 } }
  const shown = { schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, late: false, from: 'x:1', running: null, breaker: { is: 'closed' }, armed_by: ['ada', 'bo'], clean_runs: 3, causes: [], acceptable: [], accepted: [], returning: [], latest: { at: ago(4 * 3_600_000), healthy: true, plan, path: null, summary: null, objects: null, rows: null, columns: {}, said: [] } }
  fakes.call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.acts' ? { schema: 'holdfast.acts/1', plan: 'plan_1', refusals: [], totals: plan.totals, agreement: null, waiting: 0, under_way: 0, over: 0, held: [], waits: [] } : name === 'reconcile.list' ? { schema: 'holdfast.reconciles/1', reconciles: [shown] } : shown })
  assert.equal((await run('reconcile show uploads')).exit, 0)
  const young = (await run('reconcile show')).out
  shown.late = true
  const { exit, out } = await run('reconcile show uploads')
  assert.equal(exit, 3)
  assert.match(out, /How it stands is not known: the last run is 4 h old, and one is due every 1 h/)
  const { out: old, exit: all } = await run('reconcile show')
  assert.equal(all, 3, 'the list is worth no more')
  assert.match(old, /4 h ago.*not known now: one is due every 1 h/)
  assert.notEqual(old.split('\n')[1]?.trim()[0], young.split('\n')[1]?.trim()[0], 'another shape')
  const lines = await run('reconcile show uploads --json=lines')
  assert.deepEqual([lines.exit, lines.out, /How it stands is not known: the last run is 4 h old/.test(lines.err)], [3, '', true], 'what stands there is as old')
})

test('the items of a plan whose file cannot be opened here are asked for, page by page', async (t) => {
  plainly(t)
  const totals = { purge: 0, quarantine: 0, release: 0, keep: 3, gaps: 0, never: 0, gone: 0, bytes: 0 }
  const shown = { schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, late: false, from: 'x:1', running: null, breaker: { is: 'closed' }, armed_by: null, clean_runs: 1, causes: [], acceptable: [], accepted: [], returning: [],
    latest: { at: ago(60_000), healthy: true, plan: { id: 'plan_1', hash: 'ab', mode: 'report', reconcile: 'uploads', binding: 'b', checks: [], refusals: [], totals }, path: '/nowhere/plan_1.jsonl', summary: null, objects: 3, rows: 3, columns: { added: [], removed: [] }, odd: { count: 0, shown: [] }, said: [] } }
  const asked: unknown[] = []
  const item = (n: number): object => ({ act: 'keep', key: `u/${n}`, bytes: 1, why: 'young', first_flagged: null })
  const pages: Record<string, object> = { 0: { items: [item(1), item(2)], next: 70 }, 70: { items: [item(3)], next: null } }
  fakes.call = (name, args) => {
    if (name !== 'reconcile.items') return { is: 'answered', status: 200, body: shown }
    asked.push(args)
    return { is: 'answered', status: 200, body: { schema: 'holdfast.reconcile.items/1', reconcile: 'uploads', plan: 'plan_1', ...pages[String((args as { from: number }).from)] } }
  }
  const { out, exit, err } = await run('reconcile show uploads --json=lines')
  assert.deepEqual([out, exit], [[1, 2, 3].map((n) => `${JSON.stringify(item(n))}\n`).join(''), 0], err)
  assert.deepEqual(asked, [{ reconcile: 'uploads', plan: 'plan_1', from: 0 }, { reconcile: 'uploads', plan: 'plan_1', from: 70 }])
  assert.match((await run('reconcile show uploads')).out, /u\/3/, 'and drawn for people')
  pages['70'] = {}
  fakes.call = (name) => (name === 'reconcile.items' ? { is: 'refused', status: 404, error: { code: 'HF404', message: 'the items of plan_1 are not kept', help: 'the next run writes one' } } : { is: 'answered', status: 200, body: shown })
  const gone = await run('reconcile show uploads --json=lines')
  assert.notEqual(gone.exit, 0)
  assert.match(gone.out + gone.err, /are not kept/)
})

test('reconcile show exits by the worst of all; what was refused or is still to be done is that also where the last run is old', async (t) => {
  plainly(t)
  const totals = { purge: 0, quarantine: 0, release: 0, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 0 }
  const refusal = { id: 'schema', found: 'unknown', text: 'it was not read', evidence: [], cure: 'see why' }
  const it = ({ late = false, refusals = [], aside = 0, breaker = 'closed', mode = 'report', ran = true }: { late?: boolean; refusals?: readonly object[]; aside?: number; breaker?: string; mode?: string; ran?: boolean }): object => ({
    schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, late, from: 'x:1', running: null, breaker: { is: breaker, because: ['one was lost'] }, armed_by: null, clean_runs: 3, causes: [], acceptable: [], accepted: [], returning: [],
    latest: ran ? { at: ago(4 * 3_600_000), healthy: true, plan: { id: 'plan_1', hash: 'ab', mode, reconcile: 'uploads', binding: 'b', checks: [], refusals, totals: { ...totals, quarantine: aside } }, path: null, summary: null, objects: null, rows: null, columns: {}, said: [] } : null,
  })
  const [fine, old, planned, refused, latched, none] = [it({}), it({ late: true }), it({ late: true, aside: 2 }), it({ late: true, refusals: [refusal] }), it({ breaker: 'open' }), it({ ran: false })]
  let shown: readonly object[] = []
  let waiting = 2
  fakes.call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.acts' ? { schema: 'holdfast.acts/1', plan: 'plan_1', refusals: [], totals, agreement: null, waiting, under_way: 0, over: 2 - waiting, held: [], waits: [] } : name === 'reconcile.list' ? { schema: 'holdfast.reconciles/1', reconciles: shown } : shown[0] ?? {} })
  for (const [name, of, exit] of [['fine', fine, 0], ['old', old, 3], ['planned, and old', planned, 4], ['refused, and old', refused, 5], ['latched', latched, 5], ['never ran', none, 3], ['armed, and waits', it({ mode: 'armed', aside: 2 }), 4]] as const) {
    shown = [of]
    assert.deepEqual([(await run('reconcile show uploads')).exit, (await run('reconcile show')).exit], [exit, exit], name)
  }
  for (const [all, exit] of [[[], 0], [[fine, planned], 4], [[fine, planned, old], 3], [[old, refused, planned], 5]] as const) {
    shown = all
    assert.equal((await run('reconcile show')).exit, exit)
  }
  shown = [it({ mode: 'armed', aside: 2 })]
  waiting = 0
  const done = await run('reconcile show')
  assert.deepEqual([done.exit, done.err], [0, ''], 'all of it is done, and only the one that is asked for says so')
})

test('reconcile show lists what is to come back and has not: 3 where something is held, 4 where it waits', async (t) => {
  plainly(t)
  const shown = { schema: 'holdfast.reconcile/1', reconcile: 'uploads', store: 'main', prefix: 'u/', catalogue: 'games', every: 3_600_000, late: false, from: 'x:1', running: null, breaker: { is: 'closed' }, armed_by: null, clean_runs: 1, causes: [], acceptable: [], accepted: [], returning: [] as object[],
    latest: { at: ago(60_000), healthy: true, plan: { id: 'plan_1', hash: 'ab', mode: 'report', reconcile: 'uploads', binding: 'b', checks: [], refusals: [] as object[], totals: { purge: 0, quarantine: 0, release: 0, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 0 } }, path: null, summary: null, objects: null, rows: null, columns: {}, said: [] } }
  fakes.call = (name) => ({ is: 'answered', status: 200, body: name === 'reconcile.list' ? { schema: 'holdfast.reconciles/1', reconciles: [shown] } : shown })
  shown.returning = [{ key: 'u/1', by: 'ada', state: 'waiting', says: 'connection refused' }]
  const waits = await run('reconcile show uploads')
  assert.equal(waits.exit, 4)
  assert.match(waits.out, /waiting, to be brought back: u\/1, ada wants it: connection refused/)
  shown.returning.push({ key: 'u/2', by: null, state: 'held', says: 'it was written since' })
  const held = await run('reconcile show uploads')
  assert.deepEqual([held.exit, (await run('reconcile show')).exit], [3, 3])
  assert.match(held.out, /1 clean run in a row/)
  const seen = (at: number, subject = 'catalogue games'): object => ({ subject, observer: 'guard', at: NOW + at })
  shown.latest.plan.refusals = [{ id: 'schema', found: 'fail', text: 'it is another one', evidence: [seen(0), seen(0, 'store main'), seen(60_000)], cure: 'see why' }]
  const refused = await run('reconcile show uploads')
  assert.equal(refused.exit, 5)
  assert.match(refused.out, /games by guard, look 1 of 2, [^]*store main by guard, \d[^]*games by guard, look 2 of 2, /)
  assert.match(held.out, /held, to be brought back: u\/2, its row is back: it was written since\n +→ /)
})

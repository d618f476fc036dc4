// The board's bytes: drawn once, true to their age (T-1), the same for everybody (T-2, T-5), cheap to ask for again (T-9).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { NOW, pushAll, sampleBoard, webWorld, type World } from '../../../test/web-world.ts'
import { instantOf, tickOf } from '../../core/time.ts'
import type { Board } from '../../rooms/tell/board.ts'
import { boardsOf, cspOf, type Drawing } from './boards.ts'

const ready = (): World => {
  const world = webWorld()
  pushAll(world)
  return world
}

const PATHS = ['/', '/?reload', '/api/v2/summary.json', '/api/v2/status.json', '/api/v2/components.json', '/api/v2/incidents.json', '/api/v2/incidents/unresolved.json',
  '/api/v2/scheduled-maintenances.json', '/api/v2/scheduled-maintenances/upcoming.json', '/api/v2/scheduled-maintenances/active.json', '/history.atom', '/history.rss', '/calendar.ics']

test('the first status page stands at the root, every one below its name, and nothing else does', async () => {
  const world = ready()
  world.kit.boards.push('intern', false, sampleBoard(NOW, 'Second'))
  for (const path of PATHS) {
    for (const at of [path, `/s/public${path}`, `/s/intern${path}`]) {
      const reply = await world.get(at)
      assert.equal(reply.status, 200, at)
      const body = await reply.text()
      if (path.endsWith('.json')) assert.equal((JSON.parse(body) as { page: { name: string } }).page.name, at.startsWith('/s/intern') ? 'Second' : 'Acme Hosting')
    }
  }
  assert.equal((await world.get('/s/public')).status, 200)
  assert.equal((await world.get('/s/intern')).status, 200)
  assert.match(await (await world.get('/s/intern')).text(), /href="\/s\/intern\/history.atom"/)
  for (const path of ['/s/', '/s/none', '/api/v2/other.json', '/index.html', '/s/public/x', '/S/public']) assert.equal((await world.get(path)).status, 404, path)
  world.kit.boards.keep(['public'])
  assert.equal((await world.get('/s/intern')).status, 404)
  world.kit.boards.push('intern', true, sampleBoard(NOW, 'Second'))
  assert.match(await (await world.get('/')).text(), /Second/)
  assert.equal((await world.get('/s/public')).status, 200)
})

test('ETag and 304, HEAD, compressed and not, CORS for what programs read', async () => {
  const world = ready()
  for (const path of PATHS) {
    const whole = await world.get(path)
    const etag = whole.headers.get('etag') ?? ''
    assert.match(etag, /^W\/"[\w-]{22}"$/)
    assert.equal(whole.headers.get('cache-control'), 'no-cache')
    const body = Buffer.from(await whole.arrayBuffer())
    for (const asked of [etag, etag.slice(2), `"x", ${etag}`, '*']) {
      const again = await world.get(path, { headers: { 'if-none-match': asked } })
      assert.equal(again.status, 304, `${path} ${asked}`)
      assert.equal((await again.arrayBuffer()).byteLength, 0)
      assert.equal(again.headers.get('etag'), etag)
    }
    assert.equal((await world.get(path, { headers: { 'if-none-match': '"x"' } })).status, 200)
    const head = await world.get(path, { method: 'HEAD' })
    assert.equal(head.headers.get('etag'), etag)
    assert.equal((await head.arrayBuffer()).byteLength, 0)
    const small = await world.get(path, { headers: { 'accept-encoding': 'br, gzip' } })
    const packed = Buffer.from(await small.arrayBuffer())
    if (small.headers.get('content-encoding') === 'gzip') assert(gunzipSync(packed).equals(body))
    assert.equal((await world.get(path, { headers: { 'accept-encoding': 'gzip;q=0' } })).headers.get('content-encoding'), null)
    assert.equal(whole.headers.get('access-control-allow-origin'), /^\/(api|history|calendar)/.test(path) ? '*' : null)
  }
})

test('T-4 the page runs under a policy without unsafe-inline, and its style is the one that the policy names', async () => {
  const world = ready()
  const reply = await world.get('/')
  const csp = reply.headers.get('content-security-policy') ?? ''
  const page = await reply.text()
  assert.match(csp, /^default-src 'none'/)
  assert.match(csp, /frame-ancestors 'none'/)
  assert.doesNotMatch(csp, /unsafe|https?:|\*/)
  assert.equal(csp, cspOf(page))
  assert.doesNotMatch(page, /<script|\sstyle="|\son\w+="/i)
})

test('T-1 an old board says so by itself: "not known" after five minutes, without a push', async () => {
  const world = ready()
  const fresh = await (await world.get('/api/v2/status.json')).text()
  const first = (await world.get('/')).headers.get('etag')
  world.turn(9_000)
  assert.equal((await world.get('/')).headers.get('etag'), first)
  world.turn(60_000)
  assert.notEqual((await world.get('/')).headers.get('etag'), first)
  assert.equal((JSON.parse(fresh) as { status: { indicator: string } }).status.indicator, 'none')
  world.turn(231_001)
  const old = JSON.parse(await (await world.get('/api/v2/status.json')).text()) as { status: { indicator: string; holdfast_state?: string } }
  assert.equal(old.status.holdfast_state, 'unknown')
  assert.notEqual(old.status.indicator, 'none')
})

test('T-1 X-7 a clock that is set back makes no old board young again, and a successor knows it too', async () => {
  const world = ready()
  const state = async (it: typeof world): Promise<string | undefined> => (JSON.parse(await (await it.get('/api/v2/status.json')).text()) as { status: { holdfast_state?: string } }).status.holdfast_state
  world.turn(301_000)
  assert.equal(await state(world), 'unknown')
  world.stepClock(-240_000)
  world.turn(1000)
  assert.equal(await state(world), 'unknown', 'nothing was heard since')
  const [kept] = world.kit.boards.snapshot()
  assert(kept)
  world.kit.boards.keep([])
  world.kit.boards.push(kept.slug, kept.first, kept.board, kept.heardAt)
  assert.equal(await state(world), 'unknown', 'the next process of its kind')
})

test('T-1 before anything was heard the answer is "not known", never an empty page and never "all well"', async () => {
  const world = webWorld()
  for (const path of ['/', '/s/any', '/api/v2/status.json', '/history.rss']) {
    const reply = await world.get(path)
    assert.equal(reply.status, 503, path)
    assert.doesNotMatch(await reply.text(), /operational/i)
  }
  world.kit.boards.keep([])
  const none = await world.get('/', { headers: { accept: 'text/html' } })
  assert.equal(none.status, 404)
  assert.match(await none.text(), /No status page is configured/)
})

test('T-9 a board is drawn once per push and age, and only what is asked for', () => {
  let drawn = 0
  const drawing: Drawing = { paths: ['', 'x'], type: () => 'text/html', draw: (board: Board) => {
    drawn++
    return [board.name, 'x']
  } }
  const after = (span: number) => ({ wall: instantOf(NOW + span), tick: tickOf(span) })
  const boards = boardsOf([drawing], after(1))
  boards.push('a', true, sampleBoard())
  assert.equal(drawn, 0)
  for (let i = 0; i < 1000; i++) assert(boards.find('/') && boards.find('/x'))
  assert.equal(drawn, 1)
  boards.push('a', true, sampleBoard())
  boards.push('a', true, sampleBoard())
  assert.equal(boards.find('/')?.body.toString(), 'Acme Hosting')
  assert.equal(drawn, 2)
  boards.turn(after(1000))
  assert(boards.find('/'))
  assert.equal(drawn, 2)
  boards.turn(after(10_001))
  assert(boards.find('/'))
  assert.equal(drawn, 3)
  assert.equal(boards.find('/?utm=1'), undefined)
  assert.equal(boards.find('/__proto__'), undefined)
})

// The routes, mounted. One choke point: whatever the route, its policy is judged before anything of the request is read, every
// answer carries the security headers, and what no route answers is "not found", however it was asked.
import assert from 'node:assert/strict'
import { Hono } from 'hono'
import { isScope, needsOf, POLICIES, rightFor, type Door, type Visit } from './access.ts'
import { renderError, renderNotFound, SCREEN_POLICY } from '../rooms/page/screen.ts'
import { page, problem, SECURITY, wantsPage } from './problem.ts'
import { renderRefusal, CONSOLE_POLICY } from './console/frame.ts'
import type { Ask, Kit, Route } from './route.ts'
import { endCookie, isFromHere, secretIn, visit, type Visited } from './session.ts'
import type { Asker } from '../views/answers.ts'

export type App = Hono<{ Bindings: Door }>

/** Throws when a route does not say who may call it, or stands there twice: the program then does not start. */
export function assertRoutes(routes: readonly Route[]): void {
  const seen = new Set<string>()
  for (const { method, path, who, says, answer } of routes) {
    const name = `${method} ${path}`
    assert(POLICIES.includes(who), `${name} does not say who may call it`)
    assert(!seen.has(name), `${name} stands there twice`)
    assert(says.length > 0 && typeof answer === 'function', `${name} is not complete`)
    assert(!path.startsWith('/api/v1/') || path === '/api/v1/openapi.json' || !['open', 'link', 'ping', 'key', 'loopback', 'door'].includes(who), `${name} is a call of our own API and must need a scope`)
    seen.add(name)
  }
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\/:(\w+)/g, '/[^/]+')}$`)

/** Methods under which a path can be called at all. */
function methodsOf(routes: readonly Route[]): (path: string) => readonly string[] {
  const patterns = routes.map(({ method, path }) => ({ method, pattern: patternOf(path) }))
  return (path) => {
    const found = new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method as string))
    if (found.has('GET')) found.add('HEAD')
    return [...found]
  }
}

type Entered = { readonly is: 'in'; readonly asker: Asker; readonly visit?: Visit } | { readonly is: 'out'; readonly answer: Response }

/** Judges the policy of a route: by the session where it wants one, or where a call of the API came with a cookie and no token. */
async function enter({ who, method, fresh }: Route, ask: Ask, kit: Kit): Promise<Entered> {
  const { headers } = ask.req.raw
  const byCookie = isScope(who) && ask.env.via === 'tcp' && !headers.has('authorization') && secretIn(headers, kit.pushed.site) !== undefined
  const needs = byCookie ? rightFor(who) : needsOf(who)
  if (needs !== undefined) {
    const visited = await visit({ needs, fresh: fresh ?? (needs === 'admin' && method !== 'GET') }, ask, kit)
    if (visited.is === 'out') return { is: 'out', answer: refuse(visited, ask, kit) }
    const { session } = visited.visit
    return { is: 'in', asker: { is: 'person', person: session.person, session: session.id, rights: session.rights }, visit: visited.visit }
  }
  if (who === 'door' && method !== 'GET' && !isFromHere(headers, kit.pushed.site)) {
    return { is: 'out', answer: refuse({ is: 'out', why: 'forged', status: 403, says: 'This was sent from a page of somebody else. Nothing was changed. Open the address of Holdfast itself.' }, ask, kit) }
  }
  const entrance = kit.access.enter(who, ask.env, headers, kit.clock.now().wall)
  if (entrance.is === 'in') return entrance
  return { is: 'out', answer: problem({ status: entrance.status, detail: entrance.says, ...(entrance.status === 401 ? { headers: { 'www-authenticate': 'Bearer realm="holdfast"' } } : {}) }) }
}

/** People are shown where to sign in, and come back from there; programs get a problem. A session that has ended takes its cookie along. */
function refuse(it: Extract<Visited, { is: 'out' }>, ask: Ask, kit: Kit): Response {
  const ended = it.why === 'nobody' && secretIn(ask.req.raw.headers, kit.pushed.site) !== undefined ? { 'set-cookie': endCookie(kit.pushed.site) } : {}
  if (!wantsPage(ask.req.raw.headers)) return problem({ status: it.status, detail: it.says, code: `HF-${it.why}`, headers: ended })
  const { pathname, search } = new URL(ask.req.url)
  const isLook = ask.req.method === 'GET'
  const signIn = isLook ? `/sign-in?next=${encodeURIComponent(pathname + search)}` : '/sign-in'
  if (it.why === 'nobody' && isLook) return page('', CONSOLE_POLICY, 303, { ...ended, location: signIn })
  return page(renderRefusal({ why: it.why, says: it.says, signIn }), CONSOLE_POLICY, it.status, { ...ended, ...(it.status === 503 ? { 'retry-after': '5' } : {}) })
}

async function answer(route: Route, ask: Ask, kit: Kit): Promise<Response> {
  const entered = await enter(route, ask, kit)
  return entered.is === 'out' ? entered.answer : route.answer(ask, kit, entered.asker, entered.visit)
}

export function appOf(routes: readonly Route[], kit: Kit): App {
  assertRoutes(routes)
  const app: App = new Hono({ strict: true })
  const allowed = methodsOf(routes)
  for (const route of routes) app.on(route.method, route.path, (ask) => answer(route, ask, kit))
  app.notFound((ask) => {
    const methods = allowed(new URL(ask.req.url).pathname)
    if (methods.length === 0) return wantsPage(ask.req.raw.headers) ? page(renderNotFound(), SCREEN_POLICY, 404) : problem({ status: 404, detail: 'There is nothing here.' })
    const allow = [...methods, 'OPTIONS'].join(', ')
    // OPTIONS tells what could be asked and does nothing; nothing but public reading is open to other origins.
    if (ask.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { ...SECURITY, allow } })
    return problem({ status: 405, detail: `${ask.req.method.slice(0, 20)} is not possible here.`, headers: { allow } })
  })
  app.onError((cause, ask) => {
    // A defect of ours: said to whoever runs it, never to whoever asked (T-2).
    process.stderr.write(`web: ${cause.stack ?? String(cause)}\n`)
    return wantsPage(ask.req.raw.headers) ? page(renderError('It failed here; what went wrong stands in the log.'), SCREEN_POLICY, 500)
      : problem({ status: 500, detail: 'This failed here. Try again; what went wrong stands in the log.' })
  })
  return app
}

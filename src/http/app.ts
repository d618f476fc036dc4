// The routes, mounted. One choke point: whatever the route, its policy is judged before anything of the request is read, every
// answer carries the security headers, and what no route answers is "not found", however it was asked.
import assert from 'node:assert/strict'
import { Hono } from 'hono'
import { POLICIES, type Door } from './access.ts'
import { renderError, renderNotFound, SCREEN_POLICY } from '../rooms/page/screen.ts'
import { page, problem, SECURITY, wantsPage } from './problem.ts'
import type { Ask, Kit, Route } from './route.ts'

export type App = Hono<{ Bindings: Door }>

/** Throws when a route does not say who may call it, or stands there twice: the program then does not start. */
export function assertRoutes(routes: readonly Route[]): void {
  const seen = new Set<string>()
  for (const { method, path, who, says, answer } of routes) {
    const name = `${method} ${path}`
    assert(POLICIES.includes(who), `${name} does not say who may call it`)
    assert(!seen.has(name), `${name} stands there twice`)
    assert(says.length > 0 && typeof answer === 'function', `${name} is not complete`)
    assert(!path.startsWith('/api/v1/') || path === '/api/v1/openapi.json' || !['open', 'link', 'ping', 'key', 'loopback'].includes(who), `${name} is a call of our own API and must need a scope`)
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

async function answer(route: Route, ask: Ask, kit: Kit): Promise<Response> {
  const entrance = kit.access.enter(route.who, ask.env, ask.req.raw.headers, kit.clock.now().wall)
  if (entrance.is === 'out') {
    return problem({ status: entrance.status, detail: entrance.says, ...(entrance.status === 401 ? { headers: { 'www-authenticate': 'Bearer realm="holdfast"' } } : {}) })
  }
  return route.answer(ask, kit, entrance.asker)
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

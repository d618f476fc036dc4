// What Holdfast says of itself without being asked who asks: whether delivery advances, what its API is; and to this machine
// alone, its metrics. Health is what the keeper said of itself at most ten seconds ago; silence is not health.
import { renderOpenApi } from './openapi.ts'
import { json, problem, text } from './problem.ts'
import type { Kit, Route } from './route.ts'

const FRESH = 10_000

function health(kit: Kit): Response {
  const { health: said } = kit.pushed
  const age = said === undefined ? undefined : kit.clock.now().tick - said.heardAt
  const no = (says: string): Response => text(`not well: ${says}\n`, 503, { 'retry-after': '5' })
  if (said === undefined || age === undefined) return no('the keeper has not been heard of yet')
  if (age > FRESH) return no(`the keeper was last heard of ${Math.round(age / 1000)} s ago`)
  return said.ok ? text('ok\n') : no(said.says.slice(0, 200))
}

export const openRoutes = (all: () => readonly Route[]): readonly Route[] => {
  let drawn: unknown
  return [
    { method: 'GET', path: '/healthz', who: 'open', says: '200 while delivery advances, else 503 and why.', gives: 'text/plain', answer: (_ask, kit) => health(kit) },
    {
      method: 'GET', path: '/api/v1/openapi.json', who: 'open', says: 'This document.', gives: 'application/json',
      answer: () => json(drawn ??= renderOpenApi(all()), 200, { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin', 'cache-control': 'public, max-age=300' }),
    },
    {
      method: 'GET', path: '/metrics', who: 'loopback', says: "Prometheus' text format; from this machine only.", gives: 'text/plain',
      answer: (_ask, kit) => kit.pushed.metrics === undefined
        ? problem({ status: 503, detail: 'The keeper has not been heard of yet.' })
        : text(kit.pushed.metrics, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
    },
  ]
}

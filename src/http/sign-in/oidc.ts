// Sign-in by an identity provider, as the browser goes: from a link of ours to the provider, and back with what the provider gave it.
// Where it goes comes from the configuration by way of the keeper, never from a request. It has to come back in the browser that was
// sent; the session that was there before is ended.
import { englishProvider as words } from '../../words/provider.ts'
import type { ProviderAnswer } from '../../views/people.ts'
import { notice } from '../console/frame.ts'
import { begun, signInPage } from '../console/door.ts'
import { page, QUIET_CSP } from '../problem.ts'
import type { Ask, Kit, Route } from '../route.ts'
import { fromOf } from '../session.ts'
import type { Answered } from '../siblings.ts'
import { browserIn, browserOf } from './browser.ts'

/** Longer ones are no provider's. */
const LONGEST_QUERY = 8000

const fail = (kit: Kit, status: number, code: string): Promise<Response> => signInPage({ kit, next: '/account', problem: notice('down', words.refused[code] ?? words.other), status })

const refused = (kit: Kit, answered: Exclude<Answered<unknown>, { is: 'answered' }>): Promise<Response> =>
  fail(kit, answered.is === 'away' ? 503 : answered.status, answered.is === 'away' ? '' : answered.error.code)

async function go(ask: Ask, kit: Kit): Promise<Response> {
  const browser = browserOf(ask, kit)
  // A HEAD is a look, not a sign-in that begins.
  if (!browser || ask.req.method !== 'GET') return fail(kit, 409, '')
  const answered: Answered<ProviderAnswer> = await kit.keeper.call('people.beginOidc', { before: browser.secret, from: fromOf(ask.env, ask.req.raw.headers) }, { is: 'open' })
  return answered.is === 'answered' ? page('', QUIET_CSP, 303, { ...browser.sets, location: answered.body.url }) : refused(kit, answered)
}

async function back(ask: Ask, kit: Kit): Promise<Response> {
  const query = new URL(ask.req.url).search.slice(1)
  const before = browserIn(ask, kit)
  if (before === undefined || query.length > LONGEST_QUERY || ask.req.method !== 'GET') return fail(kit, 400, 'HF456')
  const answered = await kit.keeper.call('people.enterByOidc', { before, query, from: fromOf(ask.env, ask.req.raw.headers) }, { is: 'open' })
  return answered.is === 'answered' ? begun(ask, kit, answered.body.secret, '/account') : refused(kit, answered)
}

export const providerRoutes: readonly Route[] = [
  { method: 'GET', path: '/sign-in/oidc', who: 'open', says: 'Sends the browser to the identity provider that the configuration names.', gives: 'text/html', answer: go },
  { method: 'GET', path: '/sign-in/oidc/back', who: 'open', says: 'Where the identity provider sends the browser back to. Signs in what was begun in this browser.', gives: 'text/html', answer: back },
]

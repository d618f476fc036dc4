// The pages of the console over a real keeper, and a browser as simple as can be: it keeps cookies, follows redirects, and sends forms
// as they stand in the page. What it cannot find in the page, it does not send.
import assert from 'node:assert/strict'
import { codeAt, periodOf } from '../src/core/totp.ts'
import { appOf } from '../src/http/app.ts'
import type { Kit } from '../src/http/route.ts'
import { routes } from '../src/http/routes.ts'
import type { Answered } from '../src/http/siblings.ts'
import { firstOwnerLink } from '../src/engine/people.ts'
import type { ErrorAnswer } from '../src/views/answers.ts'
import { configOf, keeperWorld, plan, type KeeperWorld } from './keeper-world.ts'
import { pushAll, webWorld } from './web-world.ts'
import { fromBase32 } from './base32.ts'

export const SITE = 'https://hold.acme.example'

const config = {
  ...configOf([]), site: { ...plan.site, url: SITE, name: 'Acme Hosting', timezone: 'Europe/Berlin' },
  plan: { ...plan, people: { ...plan.people, ada: { name: 'ada', email: 'ada@acme.example', reach: plan.people['ada']?.reach ?? [], roles: ['approver' as const] } } },
}

export interface Form { readonly action: string; readonly method: string; readonly fields: ReadonlyMap<string, string>; readonly button: string }

export interface Browser {
  readonly status: number
  readonly text: string
  readonly path: string
  readonly headers: Headers
  readonly cookies: Map<string, string>
  open(path: string): Promise<Browser>
  /** Sends the form of the page that goes there, with what was filled in. */
  send(action: string, fill?: Readonly<Record<string, string | readonly string[]>>): Promise<Browser>
  forms(): Form[]
  has(cookie: string): string | undefined
}

export interface ConsoleWorld {
  readonly keeper: KeeperWorld
  readonly kit: Kit
  browser(address?: string): Browser
  fetch(path: string, init?: RequestInit): Promise<Response>
  pump<T>(work: Promise<T>): Promise<T>
  ownerLink(): Promise<string>
  /** The code that an authenticator shows. */
  code(secret: string, by?: number): string
}

const unescaped = (text: string): string => text.replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
const attribute = (tag: string, name: string): string | undefined => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return found === undefined ? undefined : unescaped(found)
}

/** The forms of a page, with what is filled in already. */
export const formsOf = (text: string): Form[] => [...text.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head = '', body = '']) => ({
  action: attribute(` ${head}`, 'action') ?? '', method: attribute(` ${head}`, 'method') ?? 'get', button: /<button[^>]*>(.*?)<\/button>/.exec(body)?.[1] ?? '',
  fields: new Map([...body.matchAll(/<input\b[^>]*>/g)].map(([tag]) => tag)
    .filter((tag) => !/type="(checkbox|radio)"/.test(tag) || / checked/.test(tag))
    .map((tag) => [attribute(tag, 'name') ?? '', attribute(tag, 'value') ?? ''])),
}))

export async function consoleWorld(t: { after(act: () => void): void }): Promise<ConsoleWorld> {
  const keeper = await keeperWorld(t, config)
  const pump = async <T>(work: Promise<T>): Promise<T> => {
    let over = false
    const watched = work.finally(() => void (over = true))
    while (!over) {
      await keeper.settle()
      await new Promise((go) => setImmediate(go))
    }
    return watched
  }
  const made = webWorld({
    async call(name, args, asker): Promise<Answered<unknown>> {
      const { status, body } = await keeper.ask(name, args, asker)
      return status < 400 ? { is: 'answered', status, body } : { is: 'refused', status, error: (body as ErrorAnswer).error }
    },
  })
  pushAll(made)
  made.kit.pushed.site = { name: config.site.name, url: SITE, timezone: config.site.timezone }
  const kit: Kit = { ...made.kit, clock: { now: () => keeper.keeper.now() } }
  const app = appOf(routes, kit)
  const fetch = (path: string, init: RequestInit = {}, address = '198.51.100.7'): Promise<Response> => pump(Promise.resolve(app.request(`${SITE}${path}`, init, { via: 'tcp', address })))
  return {
    keeper, kit, pump, fetch: (path, init) => fetch(path, init),
    browser: (address) => browser((path, init) => fetch(path, init, address)),
    ownerLink: async () => new URL((await pump(firstOwnerLink(keeper.keeper))) ?? SITE).pathname,
    code: (secret, by = 0) => codeAt(fromBase32(secret.replaceAll(' ', '')), periodOf(keeper.keeper.now().wall) + by),
  }
}

function browser(fetch: (path: string, init: RequestInit) => Promise<Response>): Browser {
  const cookies = new Map<string, string>()
  const now = { status: 0, text: '', path: '', headers: new Headers() }
  const go = async (path: string, init: RequestInit): Promise<Browser> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const reply = await fetch(path, { ...init, headers: { accept: 'text/html', 'user-agent': 'Mozilla/5.0 (Android 15) Firefox/140.0', ...(init.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) } })
    for (const written of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(written) ?? []
      if (/Max-Age=0/.test(written)) cookies.delete(name)
      else cookies.set(name, value)
    }
    const to = reply.headers.get('location')
    if (to !== null) {
      assert.match(to, /^\/(?!\/)/, 'a redirect leads to a path of ours')
      return go(to, { method: 'GET' })
    }
    Object.assign(now, { status: reply.status, text: await reply.text(), path, headers: reply.headers })
    return it
  }
  const it: Browser = {
    get status() {
      return now.status
    },
    get text() {
      return now.text
    },
    get path() {
      return now.path
    },
    get headers() {
      return now.headers
    },
    cookies,
    open: (path) => go(path, { method: 'GET' }),
    forms: () => formsOf(now.text),
    has: (name) => cookies.get(name),
    async send(action, fill = {}) {
      const form = it.forms().find((one) => one.action === action && Object.entries(fill).every(([name, value]) => typeof value !== 'string' || !one.fields.get(name) || name !== 'session' || one.fields.get(name) === value))
      assert(form, `no form goes to ${action} in:\n${now.text.replace(/<style>.*?<\/style>/s, '')}`)
      const body = new URLSearchParams([...form.fields].filter(([name]) => !(name in fill)))
      for (const [name, value] of Object.entries(fill)) for (const one of typeof value === 'string' ? [value] : value) body.append(name, one)
      if (form.method === 'get') return go(`${form.action}?${body.toString()}`, { method: 'GET' })
      return go(form.action, { method: 'POST', body: body.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', origin: 'null' } })
    },
  }
  return it
}

// The company of the stories: Acme Hosting, its configuration, its programs, its people. `npm test` looks at its database by
// http; the lab puts a real MariaDB in its place.
import { hookSink, program, smtpSink, startHoldfast, folderFor, freePorts, removeFolder, sleep, writeConfig, type Running } from './world.ts'

export interface Acme {
  readonly ports: { readonly holdfast: number; readonly smtp: number; readonly hook: number; readonly www: number; readonly api: number; readonly db: number }
  readonly folder: string
  readonly mails: Awaited<ReturnType<typeof smtpSink>>['mails']
  readonly hooks: Awaited<ReturnType<typeof hookSink>>['hooks']
  readonly env: Record<string, string>
  holdfast: Running
  /** Stops or starts the database for real. */
  database(up: boolean): Promise<void>
  restart(): void
  /** Pings the heartbeat until the end. */
  keepPinging(): Promise<void>
  get(path: string): Promise<{ status: number; body: string; headers: Headers }>
  json(path: string): Promise<Record<string, unknown>>
  end(): Promise<void>
}

export interface AcmeOptions {
  readonly name: string
  readonly extra?: string
  readonly db?: { readonly check: string; readonly env: Record<string, string>; set(up: boolean): Promise<void> }
}

const config = (p: Acme['ports'], db: string, extra: string): string => `version: 1
site: { name: Acme Hosting, url: "http://127.0.0.1:${p.holdfast}", timezone: Europe/Berlin }
channels:
  email: { smtp: "smtp://127.0.0.1:${p.smtp}", from: "holdfast@acme.example" }
  hook:  { webhook: "http://127.0.0.1:${p.hook}/page" }
people:
  ada: { email: ada@acme.example, reach: [email, "hook after 4s"] }
  bo:  { email: bo@acme.example, reach: [email] }
defaults:
  check: { every: 2s, timeout: 1s, fail_after: 2, recover_after: 2 }
checks:
  www: { http: "http://127.0.0.1:${p.www}/healthz", expect: { status: 200, body: ok } }
  db:  ${db}
  api: { http: "http://127.0.0.1:${p.api}/ping", expect: { status: [200, 204] }, depends_on: [db] }
  job: { heartbeat: true, every: 20s, grace: 5s }
oncall:
  primary: { rotate: weekly, handoff: Mon 09:00, people: [ada] }
escalation:
  default:
    - { page: oncall.primary, wait: 6s }
    - { page: [bo], wait: 6s }
    - { page: [ada, bo], repeat: 10s }
status_pages:
  public:
    publish: ["dir:./public"]
    hold: 5s
    components: { Website: [www], API: [api, db], Jobs: [job] }
${extra}`

/** Sets Acme up and starts Holdfast for it. */
export async function acme(options: AcmeOptions): Promise<Acme> {
  const [holdfast = 0, smtp = 0, hook = 0, www = 0, api = 0, db = 0] = await freePorts(6)
  const ports = { holdfast, smtp, hook, www, api, db }
  const folder = folderFor(options.name)
  const sink = await smtpSink(smtp)
  const hooks = await hookSink(hook)
  let up = true
  const site = await program(www, () => ({ status: 200, body: 'ok' }))
  const base = options.db ? undefined : await program(db, () => ({ status: 200, body: 'ok' }))
  const api_ = await program(api, () => (up ? { status: 204, body: '' } : { status: 500, body: 'database is away' }))
  writeConfig(folder, config(ports, options.db?.check ?? `{ http: "http://127.0.0.1:${db}/" }`, options.extra ?? ''))
  const env = { ...options.db?.env }
  let pinging = true
  const it: Acme = {
    ports, folder, mails: sink.mails, hooks: hooks.hooks, env, holdfast: startHoldfast(folder, holdfast, env),
    restart() {
      it.holdfast = startHoldfast(folder, holdfast, env)
    },
    async database(on) {
      up = on
      if (options.db) await options.db.set(on)
      else if (on) await base?.open()
      else await base?.close()
    },
    async keepPinging() {
      const shown = JSON.parse((await it.holdfast.cli('checks', 'show', 'job', '--json')).out) as { pingUrl: string }
      void (async () => {
        while (pinging) {
          await fetch(shown.pingUrl).catch(() => undefined)
          await sleep(2000)
        }
      })()
    },
    async get(path) {
      const reply = await fetch(`http://127.0.0.1:${holdfast}${path}`)
      return { status: reply.status, body: await reply.text(), headers: reply.headers }
    },
    async json(path) {
      return JSON.parse((await it.get(path)).body) as Record<string, unknown>
    },
    async end() {
      pinging = false
      await it.holdfast.stop()
      sink.close()
      hooks.close()
      await site.close()
      await api_.close()
      if (up) await base?.close()
      removeFolder(folder)
    },
  }
  return it
}

/** The public states, by component name. */
export async function states(it: Acme): Promise<Record<string, string>> {
  const { components } = (await it.json('/api/v2/components.json')) as { components: { name: string; status: string }[] }
  return Object.fromEntries(components.map((component) => [component.name, component.status]))
}

export const operational = { Website: 'operational', API: 'operational', Jobs: 'operational' }

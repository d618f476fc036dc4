// The configuration that simulated nodes run under: three checks (one leans on another) and a heartbeat, two people, an escalation with three
// steps whose last repeats. Short times, so that a schedule of minutes holds many decisions.
import { instantOf, minutes, seconds } from '../src/core/time.ts'
import type { InForce } from '../src/engine/keeper.ts'
import type { BackupSet } from '../src/rooms/guard/sets/set.ts'
import type { Plan } from '../src/rooms/page/plan.ts'
import type { Check } from '../src/rooms/watch/check.ts'

const check = (name: string, dependsOn: string[] = []): Check => ({
  name, kind: 'http', settings: { http: `http://${name}.test/` }, every: seconds(5), timeout: seconds(1), failAfter: 2, recoverAfter: 2, seenFrom: 1,
  unknownAfter: seconds(60), dependsOn, escalate: 'default', loopback: true, from: 'sim',
})

/** A job that pings every 20 s. */
const job: Check = { ...check('job'), kind: 'heartbeat', settings: { heartbeat: true }, every: seconds(20), grace: seconds(2) }

const plan: Plan = {
  version: 'sim-1',
  people: {
    ada: { name: 'ada', email: 'ada@acme.example', reach: [{ channel: 'mail', after: seconds(0) }, { channel: 'hook', after: seconds(4) }] },
    bo: { name: 'bo', email: 'bo@acme.example', reach: [{ channel: 'mail', after: seconds(0) }] },
  },
  channels: { mail: { kind: 'smtp', config: {} }, hook: { kind: 'webhook', config: {} } },
  rotations: {
    primary: { name: 'primary', rotate: { every: 'week', times: 1 }, handoff: { weekday: 1, hour: 9, minute: 0 }, timezone: 'Europe/Berlin', people: ['ada', 'bo'], starts: '2024-01-01' },
  },
  covers: [],
  policies: {
    default: {
      name: 'default', steps: [
        { page: [{ is: 'rotation', name: 'primary' }], wait: seconds(20) }, { page: [{ is: 'person', name: 'bo' }], wait: seconds(20) },
        { page: [{ is: 'person', name: 'ada' }, { is: 'person', name: 'bo' }], wait: seconds(30) },
      ],
    },
  },
  fallback: ['ada', 'bo'], ackLapses: minutes(2), site: { name: 'Sim', url: 'http://127.0.0.1:7400', timezone: 'Europe/Berlin' }, communications: [],
}

/** A job that leaves a copy every half a minute. */
export const nightly: BackupSet = {
  name: 'nightly', engine: 'files', in: [{ store: 'nas', pattern: { text: 'nightly-{day}T{time}', prefix: 'nightly-' } }], every: seconds(40), grace: seconds(20), escalate: 'default', from: 'sim',
}

export const START = instantOf(Date.UTC(2026, 2, 28, 22, 0))

export const scenario: InForce = {
  version: 'sim-1', canonical: {}, site: plan.site, checks: [check('www'), check('db'), check('api', ['db']), job], plan,
  boards: [{ slug: 'public', name: 'Sim', hold: 20_000, components: [{ id: 'cmp_web', name: 'Website', checks: ['www'] }, { id: 'cmp_api', name: 'API', checks: ['api', 'db'] }] }],
  horizon: { anchors: [] }, ingest: [{ via: 'pagerduty', name: 'main', key: 'k'.repeat(32), escalate: 'default' }], backups: [nightly],
}

// The doors through which others report: ping ids of heartbeats and keys of integrations. Both are looked up by what was sent,
// in one step, so that the time says nothing. Until the keeper pushed them nobody is turned away as unknown: a ping that came
// while Holdfast starts is answered "not now", and is sent again.
import { pingId } from '../../core/link.ts'
import { sha256 } from '../../core/id.ts'
import type { ToWeb } from '../../views/answers.ts'

type Pushed = Extract<ToWeb, { is: 'doors' }>

export interface Doors {
  learn(pushed: Pushed): void
  readonly known: boolean
  /** The check behind a ping id. */
  heartbeat(id: string): string | undefined
  /** The integration behind a key. */
  integration(via: string, key: string): string | undefined
}

export function doorsOf(key: Uint8Array): Doors {
  let heartbeats: ReadonlyMap<string, string> | undefined
  let integrations: ReadonlyMap<string, string> = new Map()
  return {
    learn(pushed) {
      const before = heartbeats
      const known = new Map([...(before ?? [])].map(([id, name]) => [name, id]))
      heartbeats = new Map(pushed.heartbeats.map((name) => [known.get(name) ?? pingId(key, name), name]))
      integrations = new Map(pushed.integrations.map((it) => [`${it.via} ${sha256(it.key)}`, it.name]))
    },
    get known() {
      return heartbeats !== undefined
    },
    heartbeat: (id) => heartbeats?.get(id.toLowerCase()),
    integration: (via, written) => integrations.get(`${via} ${sha256(written)}`),
  }
}

// A store of versions in memory, for tests that crash and step clocks: it keeps what it is told, hides beneath delete markers, and never forgets which
// version was removed when. Its clock is the truth's; it may be told to pretend that all clocks agree.
import type { Instant } from '../../src/core/time.ts'
import type { Found } from '../../src/core/evidence.ts'
import { done, refusal, type Capability, type Deleting, type Judged, type Marker, type Reading, type SetAside, type Version } from '../../src/ports/store.ts'

export interface MemoryStore {
  readonly reading: Reading
  readonly deleting: Deleting
  readonly stacks: Map<string, (Version | Marker)[]>
  /** What happened to it: `aside`, `back`, `gone`. */
  readonly events: { readonly is: 'aside' | 'back' | 'gone'; readonly key: string; readonly versionId: string; readonly at: Instant }[]
  put(key: string): Version
  identity: string
  capabilities: Partial<Record<Capability, Found>>
}

const pass: Found = { is: 'pass' }

export function memoryStore(clock: () => Instant, wall: () => Instant): MemoryStore {
  let n = 0
  const stacks: MemoryStore['stacks'] = new Map()
  const events: MemoryStore['events'] = []
  const push = (key: string, it: Version | Marker): void => void stacks.set(key, [it, ...(stacks.get(key) ?? []).map((old) => ({ ...old, latest: false }))])
  const keep = (key: string, stack: readonly (Version | Marker)[]): void => {
    if (stack.length === 0) stacks.delete(key)
    else stacks.set(key, stack.map((it, i) => ({ ...it, latest: i === 0 })))
  }
  const same = (it: Version | Marker | undefined, what: Judged): boolean => it?.is === 'version' && it.versionId === what.versionId && it.etag === what.etag && it.bytes === what.bytes
  const store: MemoryStore = {
    stacks, events, identity: 'store-1', capabilities: {},
    put(key) {
      n++
      const version: Version = { is: 'version', key, versionId: `v${n}`, etag: `e${n}`, bytes: 10, latest: true, modifiedAt: clock() }
      push(key, version)
      return version
    },
    reading: {
      identify: () => Promise.resolve({ kind: 'memory', id: store.identity, says: store.identity }),
      declared: () => Promise.resolve({ versioning: 'enabled', lock: 'off', noncurrent: { is: 'for ever' } }),
      clock: () => Promise.resolve({ is: 'read', at: clock(), ahead: { least: 0, most: 0 } }),
      page: ({ prefix }) => Promise.resolve({ items: [...stacks].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, stack]) => stack) }),
      uploads: () => Promise.resolve({ uploads: [] }),
      head: ({ key }) => Promise.resolve(stacks.get(key)?.[0]?.is === 'version' ? (stacks.get(key)?.[0] as Version) : { is: 'absent', marker: stacks.has(key) }),
      read: () => Promise.resolve({ is: 'absent', says: 'nothing is read here' }),
      lock: () => Promise.resolve({ is: 'free' }),
      tags: () => Promise.resolve({ is: 'read', tags: [] }),
    },
    deleting: {
      identify: () => Promise.resolve({ kind: 'memory', id: store.identity, says: store.identity }),
      probe() {
        const off = clock() - wall()
        const honest: Found = Math.abs(off) > 300_000 ? { is: 'fail', says: 'its clock is not ours' } : pass
        const capabilities = { versions: pass, sets_aside: pass, brings_back: pass, conditional_delete: pass, lock: pass, hold: pass, read_only: pass, clock: honest, purges: pass, ...store.capabilities }
        return Promise.resolve({ capabilities, clock: { is: 'read', at: clock(), ahead: { least: off, most: off } } })
      },
      quarantine(what) {
        const stack = stacks.get(what.key) ?? []
        if (stack[0]?.is !== 'version') return Promise.resolve(refusal('absent', 'it is not there'))
        if (!same(stack[0], what)) return Promise.resolve(refusal('changed', 'it was written since'))
        const token = `m${++n}`
        push(what.key, { is: 'marker', key: what.key, versionId: token, latest: true, modifiedAt: clock() })
        events.push({ is: 'aside', key: what.key, versionId: what.versionId ?? '', at: clock() })
        return Promise.resolve(done<SetAside>({ ...what, token }))
      },
      release(what) {
        const stack = stacks.get(what.key) ?? []
        if (same(stack[0], what)) return Promise.resolve(done<Judged>(what))
        if (!stack.some((it) => same(it, what))) return Promise.resolve(refusal('absent', 'it is not there any more'))
        if (stack[0]?.is !== 'marker' || stack[0].versionId !== what.token) return Promise.resolve(refusal('changed', 'something else stands there'))
        keep(what.key, stack.slice(1))
        events.push({ is: 'back', key: what.key, versionId: what.versionId ?? '', at: clock() })
        return Promise.resolve(done<Judged>(what))
      },
      purge(what) {
        const stack = stacks.get(what.key) ?? []
        if (!stack.some((it) => same(it, what))) return Promise.resolve(refusal('absent', 'it is not there any more'))
        if (stack[0]?.is !== 'marker' || stack[0].versionId !== what.token || !same(stack[1], what)) return Promise.resolve(refusal('changed', 'its delete marker does not stand right above it'))
        keep(what.key, stack.length === 2 ? [] : [stack[0], ...stack.slice(2)])
        events.push({ is: 'gone', key: what.key, versionId: what.versionId ?? '', at: clock() })
        return Promise.resolve(done<Judged>(what))
      },
    },
  }
  return store
}

// Kinds: a check or a channel says what it is by the key that stands in it (`{ tcp: "db:5432" }`). This finds the plugin that is
// meant, with one clear finding where none or several are named, and gives the plugin its own settings and nothing else.
import { z } from 'zod'
import { unknownKey } from './issue.ts'
import type { Reading } from './reading.ts'
import { suggest } from './suggest.ts'
import type { Path } from './yaml.ts'

/** What probes and channels have in common here. */
export interface Kinded {
  readonly kind: string
  readonly title: string
  readonly does: string
  readonly config: z.ZodObject
}

export interface KindWants<Plugin extends Kinded> {
  readonly plugins: readonly Plugin[]
  /** Settings that stand beside the plugin's own. */
  readonly beside: (plugin: Plugin | undefined) => readonly string[]
  /** `check`, `channel`. */
  readonly noun: string
  /** What the kind says: `what it looks at`. */
  readonly asks: string
  /** Settings that are not read here: they stay as they are written. */
  readonly sealed?: readonly string[]
}

/** The plugin of the thing at `path` and its settings (`undefined` where they are findings); nothing when no plugin is meant. */
export function readKind<Plugin extends Kinded>(reading: Reading, path: Path, wants: KindWants<Plugin>): { plugin: Plugin; settings: unknown } | undefined {
  const spot = reading.spot(path)
  if (!spot?.below || Array.isArray(spot.value)) {
    reading.error('HF104', path, `${path.join('.')} wants a map of settings`, { help: `write { ${wants.plugins[0]?.kind ?? 'kind'}: … }` })
    return undefined
  }
  const keys = [...spot.below.keys()].map(String)
  const present = wants.plugins.filter(({ kind }) => keys.includes(kind))
  // A setting of one plugin may be called as another kind.
  const named = present
    .filter((one) => !present.some((other) => other !== one && one.kind in other.config.shape))
    .sort((a, b) => keys.indexOf(a.kind) - keys.indexOf(b.kind))
  const [plugin, second] = named
  if (!plugin) return missingKind(reading, path, keys, wants)
  if (second) {
    const help = `one ${wants.noun} has one kind; write a ${wants.noun} of its own for “${second.kind}”`
    return reading.error('HF110', [...path, second.kind], `${path.join('.')} says twice ${wants.asks}: “${plugin.kind}” and “${second.kind}”`, { help, on: 'key' })
  }
  const own = Object.keys(plugin.config.shape)
  reading.onlyKnown(path, [...own, ...wants.beside(plugin)])
  return { plugin, settings: reading.secretShape(plugin.config, path, own.filter((key) => wants.sealed?.includes(key) !== true)) }
}

function missingKind<Plugin extends Kinded>(reading: Reading, path: Path, keys: readonly string[], wants: KindWants<Plugin>): undefined {
  const kinds = wants.plugins.map(({ kind }) => kind)
  const beside = wants.beside(undefined)
  const odd = keys.filter((key) => !beside.includes(key))
  for (const key of odd) {
    const meant = wants.plugins.find(({ kind }) => kind === suggest(key, kinds))
    if (!meant) continue
    // A slip in the kind: the other settings are judged as if it had been written well.
    const known = [...Object.keys(meant.config.shape), ...wants.beside(meant)]
    for (const other of keys.filter((k) => !known.includes(k))) {
      const complaint = unknownKey(other, path, other === key ? kinds : known)
      reading.error(complaint.code, complaint.path, complaint.says, complaint)
    }
    return
  }
  const help = `add one of: ${kinds.join(', ')}`
  const stranger = odd.find((key) => wants.plugins.every(({ config }) => !(key in config.shape)))
  if (stranger !== undefined && !suggest(stranger, beside)) {
    reading.error('HF110', [...path, stranger], `“${stranger}” is no kind of ${wants.noun}`, { on: 'key', help })
  } else reading.error('HF110', path, `${path.join('.')} does not say ${wants.asks}`, { on: 'key', help })
}

/** The schema of a thing with kinds, for editors: one strict object per plugin. */
export function kindsSchema<Plugin extends Kinded>(plugins: readonly Plugin[], beside: (plugin: Plugin) => z.ZodRawShape): z.ZodType {
  const each = plugins.map((plugin) => z.strictObject({ ...beside(plugin), ...plugin.config.shape }).meta({ title: plugin.title, description: plugin.does }))
  return each.length === 0 ? z.never() : z.union(each)
}

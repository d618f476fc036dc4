// The credentials that delete, read by the hand and by nobody else: whoever else loads the configuration sees that they are there, and their names
// (G-15). The watchdog tells the hand where to look: in the folder of the configuration, and in what the environment holds for just these stores.
import { loadSecrets, putSecretsIn, secretsIn, type SecretPlaces } from '../../config/secret.ts'
import { stores as plugins } from '../../plugins/list.gen.ts'
import type { StorePlace } from '../../rooms/guard/config.ts'

/** A store with what deletes in it; `lacks`: why that could not be had. */
export type Given = StorePlace & { readonly lacks?: string }

/** Reads what deletes. Never throws: a store whose credential is gone, or is none, says so when it is opened, and no value of it. */
export const withDeleting = (stores: readonly StorePlace[], places: SecretPlaces): Promise<readonly Given[]> => Promise.all(stores.map(async (place): Promise<Given> => {
  const { name, kind, settings, deletes } = place
  if (deletes === undefined) return place
  const found = await loadSecrets(secretsIn(deletes), places)
  for (const secret of found.values()) if (secret.is === 'missing' || secret.is === 'unusable') return { ...place, lacks: `stores.${name}.delete: ${secret.says}; ${secret.help}` }
  const full = { ...settings, delete: putSecretsIn(deletes, found) }
  const read = plugins.find((it) => it.kind === kind)?.config.safeParse(full)
  if (read?.success !== true) return { ...place, lacks: `stores.${name}.delete: ${read?.error.issues[0]?.message ?? 'its store is not known'}` }
  return { name, kind, settings: full }
}))

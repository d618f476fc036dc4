// The engine that made a copy, and what it is given of it.
import { Fault } from '../../core/fault.ts'
import { backups as engines } from '../../plugins/list.gen.ts'
import type { AnyEngine, CopyGiven, Repository } from '../../ports/backup.ts'
import type { Restoring } from '../../views/restore/restoring.ts'

export const engineOf = (kind: string): AnyEngine => {
  const engine = engines.find((it) => it.kind === kind)
  if (!engine) throw new Fault(`a copy made by ${kind} cannot be restored by Holdfast yet; these can: ${engines.map((it) => it.kind).join(', ')}`, 'never')
  return engine
}

export function givenOf({ begun, password }: Pick<Restoring, 'begun' | 'password'>, engine: AnyEngine): CopyGiven {
  const name = gatheredBy(engine, begun.copy.key)?.place(begun.copy.key)?.name
  return {
    at: begun.at, bytes: begun.copy.bytes, lives: true, ...(begun.manifest ? { manifest: begun.manifest } : {}), ...(name === undefined ? {} : { name }), ...(password === undefined ? {} : { password }),
  }
}

/** How the files of a copy are found that is more than one; `undefined` where it is one. */
export const gatheredBy = ({ repository, folders }: AnyEngine, key: string): Repository | undefined => repository ?? (folders?.place(key) ? folders : undefined)

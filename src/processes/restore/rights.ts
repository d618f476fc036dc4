// By whose rights a copy is run in a server that lives: what a dump says is done there with the rights of whoever the address names. With those of a superuser that
// reaches the machine below the server, so it is refused before anything is fetched, unless somebody said that it is meant. What cannot be known is refused too.
import { Fault, sentence } from '../../core/fault.ts'
import type { Live } from '../../ports/backup/live.ts'
import type { Restoring, Target } from '../../views/restore/restoring.ts'
import type { Outcome } from './outcome.ts'

const CURE = 'name a role that owns what is restored and is no superuser, or say --as-superuser if you trust whoever wrote the copy with that machine'
// A server that does not answer is no reason to let everything through: here nobody is told of --as-superuser.
const ASK = 'nothing was fetched; see that the address has the right host, port, user and password (a file that is named by @file keeps it out of lists of processes), and that the role may read its own rights'

/** Why nothing is restored by that role; `undefined`: it may be. `into`: a database that is made, or the one that lives there. */
export async function whyNotBy({ asSuperuser }: Pick<Restoring, 'asSuperuser'>, { says }: Pick<Target & { is: 'database' }, 'says'>, live: Pick<Live, 'rights'> | undefined, into: 'new' | 'living'): Promise<Outcome | undefined> {
  if (!live || asSuperuser === true) return undefined
  const why = await live.rights(into).then(
    ({ who, beyond }) => (beyond.length === 0 ? undefined : `${who} ${beyond.join(' and ')}, so what the dump says could run commands or touch files on the machine of ${says}: ${CURE}`),
    (cause: unknown) => {
      if (!(cause instanceof Fault)) throw cause
      return `${says} did not say by whose rights the dump would run there (${sentence(cause)}), and it could be those of a superuser: ${ASK}`
    },
  )
  return why === undefined ? undefined : { verdict: 'refused', says: why, checks: [], engine_said: '' }
}

// Calls about backups: what there is, and what was proven of it.
import { z } from 'zod'
import { viewBackups, viewBackupSet, type BackupCalls } from '../../views/backups.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import { setsIn } from '../in-force.ts'
import type { Keeper } from '../keeper.ts'

const name = z.string().min(1).max(200)

const BACKUP_ARGS = {
  'backups.list': z.strictObject({}),
  'backups.show': z.strictObject({ set: name }),
} satisfies Record<keyof BackupCalls, z.ZodType>

type Args<Name extends keyof BackupCalls> = z.output<(typeof BACKUP_ARGS)[Name]>
type Call<Name extends keyof BackupCalls> = (keeper: Keeper, args: Args<Name>) => Answer | Promise<Answer>

const BACKUP_CALLS: { [Name in keyof BackupCalls]: Call<Name> } = {
  'backups.list': (keeper) => ok(viewBackups(keeper.store.sql, setsIn(keeper.config).values(), keeper.now())),
  'backups.show': (keeper, args) => {
    const sets = setsIn(keeper.config)
    const set = sets.get(args.set)
    if (!set) return no(404, 'HF404', `no set of backups is called “${args.set}”`, `known: ${[...sets.keys()].slice(0, 20).join(', ') || 'none'}`)
    return ok(viewBackupSet(keeper.store.sql, set, keeper.now(), true))
  },
}

export const isAboutBackups = (called: string): called is keyof BackupCalls => Object.hasOwn(BACKUP_CALLS, called)

/** As `answer` does it for the others. */
export async function answerBackups(keeper: Keeper, called: keyof BackupCalls, args: unknown): Promise<Answer> {
  const parsed = BACKUP_ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  try {
    return await (BACKUP_CALLS[called] as Call<keyof BackupCalls>)(keeper, parsed.data)
  } catch (cause) {
    return notDurable(cause)
  }
}

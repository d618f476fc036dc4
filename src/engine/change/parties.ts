// The two people of a run: one of those who do it, another one of those who check it, as the runbook names them and as the rotations stand now.
import { may } from '../../core/authority/role.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import { onCall } from '../../rooms/page/oncall.ts'
import type { Keeper } from '../keeper.ts'

/** What helps where they are not found. */
export const NAME_THEM = 'name them: --does ada --checks bo; holdfast people list shows who has which role'

/** Who of those that a runbook names for a part may take it now: people, and whoever is on call in a rotation. */
export function peopleFor({ plan, rooms, store, now }: Keeper, names: readonly string[], as: 'run' | 'approve'): string[] {
  const people = names.flatMap((it) => {
    const rotation = it.startsWith('oncall.') ? plan.rotations[it.slice(7)] : undefined
    return rotation ? (onCall(rotation, plan.covers, now().wall)?.person ?? []) : it.startsWith('oncall.') ? [] : it
  })
  return [...new Set(people)].filter((it) => rooms.people.isKnown(store.sql, it) && may(rooms.people.rolesOf(store.sql, it), as))
}

/** The two of a run: never one person twice, whoever the rotations name (C-17). */
export function partiesOf(keeper: Keeper, { people }: Runbook, wanted: { readonly does?: string | undefined; readonly checks?: string | undefined; readonly asker: string }): { readonly does: string; readonly checks: string } | string {
  const [doing, checking] = [peopleFor(keeper, people.does, 'run'), peopleFor(keeper, people.checks, 'approve')]
  const does = wanted.does ?? (doing.includes(wanted.asker) ? wanted.asker : doing[0])
  if (does === undefined || !doing.includes(does)) return `nobody who may run it is named for doing it now: ${doing.join(', ') || people.does.join(', ')}`
  const checks = wanted.checks ?? checking.find((it) => it !== does)
  if (checks === undefined || !checking.includes(checks) || checks === does) return `nobody but ${does} is there to check it: ${checking.join(', ') || people.checks.join(', ')}`
  return { does, checks }
}

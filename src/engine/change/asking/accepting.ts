// Who may take upon themselves what a plan needs accepted: that a step leaves too little, that it lies outside its window, that nobody was told. It is a person's
// word, with a reason, and it stands under their name before both who press.
import type { Accepted } from '../../../rooms/change/plan.ts'
import type { Asker } from '../../../views/answers.ts'
import { no, type Answer } from '../../answer.ts'
import { whyNotAccept } from '../../guard/act-calls.ts'
import type { Keeper } from '../../keeper.ts'

/** Why nothing can be accepted by whoever begins: it is a person's word, and stands under their name before both who press. */
export function whyNotTaken(keeper: Keeper, accepted: readonly Accepted[] | undefined, by: string, asker: Asker): Answer | undefined {
  if (accepted === undefined || accepted.length === 0) return undefined
  if (asker.is === 'person' && !asker.rights.includes('run')) return no(403, 'HF475', 'You may not accept what a plan needs accepted: that takes the right to run.', 'have somebody begin it who may: an operator, or an owner')
  return whyNotAccept(keeper, by, asker)
}

// What both people of a run are still asked for when somebody ends it: by a call it is known what that is, and by a link of before, which stops the run as any other, it may be something else than
// what the link was for. Nobody is asked, or rung, for a run that is over.
import type { Room } from '../../../db/room.ts'
import type { MovedBody } from '../../../rooms/change/runs/rows.ts'
import { agreementsOf } from '../../../rooms/change/runs/rows.ts'
import type { ToPeople } from './offers.ts'

/** Voids every word that is open for a run in the transaction in which it was stopped. */
export const voidingRoom = ({ people }: Pick<ToPeople['rooms'], 'people'>): Room => ({
  name: 'voiding', tables: '', projections: [], apply: {},
  on: {
    'change.moved'(tx, { body }) {
      const { id, event } = body as unknown as MovedBody & { readonly event: string }
      if (event === 'stopped') for (const agreement of agreementsOf(tx.sql, id)) people.agreements.seen(tx, agreement, 'aborted')
    },
  },
})

// What both people of a run are still asked for when somebody ends it: by a call it is known what that is, and by a link of before, which stops the run as any other, it may be something else than
// what the link was for. Nobody is asked, or rung, for a run that is over; and what both agreed to as a whole, which is good to the end of its time, ends with its run.
import type { Room } from '../../../db/room.ts'
import type { MovedBody } from '../../../rooms/change/runs/rows.ts'
import { agreementsOf } from '../../../rooms/change/runs/rows.ts'
import { loadAgreement } from '../../../rooms/people/agreement-rows.ts'
import { WHOLE } from '../words.ts'
import type { ToPeople } from './offers.ts'

/** Voids, in the transaction in which a run ends, every word that is open for it, and the one for all of it; where somebody ended it, every word. */
export const voidingRoom = ({ people }: Pick<ToPeople['rooms'], 'people'>): Room => ({
  name: 'voiding', tables: '', projections: [], apply: {},
  on: {
    'change.moved'(tx, { body }) {
      const { id, event, stands } = body as unknown as MovedBody & { readonly event: string }
      if (stands.run.phase.is !== 'over') return
      for (const agreement of agreementsOf(tx.sql, id)) {
        const row = event === 'stopped' ? undefined : loadAgreement(tx.sql, agreement)
        // The word for a step that was done stays what it was.
        if (!row || row.agreement.phase.is === 'open' || row.asked.what === WHOLE) people.agreements.seen(tx, agreement, event === 'stopped' ? 'aborted' : 'over')
      }
    },
  },
})

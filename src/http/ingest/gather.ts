// Alerts gathered on their way to the keeper: while one batch is under way, what comes in waits for the next, so that a flood
// costs the keeper few turns and every sender still waits for the commit of its own alert. The queue has a bound; beyond
// it an alert is refused with "try again", never dropped in silence.
import type { Trigger } from '../../views/answers.ts'
import type { Keeper } from '../siblings.ts'

const MOST_WAITING = 20_000
const MOST_IN_BATCH = 1000

export type Taken = { readonly is: 'taken' } | { readonly is: 'away'; readonly says: string }

export interface Gathering {
  /** Resolves when the alert is durable, or when it is known that it may not be. */
  add(trigger: Trigger): Promise<Taken>
}

export function gatherFor(keeper: Keeper): Gathering {
  let waiting: { readonly trigger: Trigger; readonly settle: (taken: Taken) => void }[] = []
  let underWay = false
  const send = async (): Promise<void> => {
    underWay = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_IN_BATCH)
      waiting = waiting.slice(MOST_IN_BATCH)
      const answered = await keeper.call('triggers', { events: batch.map((it) => it.trigger) }, { is: 'open' })
      const taken: Taken = answered.is === 'answered' ? { is: 'taken' }
        : { is: 'away', says: answered.is === 'away' ? answered.says : `Not recorded: ${answered.error.message}` }
      for (const it of batch) it.settle(taken)
      // A keeper that is away stays so for the others too: they learn it now, not after ten seconds more each.
      if (answered.is === 'away') for (const it of waiting.splice(0)) it.settle(taken)
    }
    underWay = false
  }
  return {
    add(trigger) {
      if (waiting.length >= MOST_WAITING) return Promise.resolve({ is: 'away', says: `Not recorded: ${MOST_WAITING} alerts wait already. Send it again in a few seconds.` })
      return new Promise((settle) => {
        waiting.push({ trigger, settle })
        if (!underWay) void send()
      })
    },
  }
}

// The keeper's end of the line to the ringer. It rings nothing before the ringer's journal is durable: at a start, after a gap
// in its own loop, and whenever the ringer refuses it. Deeds that are intended wait for that, and go out again, under the
// same key, when the line was lost.
import type { Deed, Outcome } from '../core/deed.ts'
import type { Now } from '../core/time.ts'
import type { Store } from '../db/store.ts'
import type { Message } from '../ports/channel.ts'
import type { DigestDeed, RingDeed } from '../rooms/page/delivery.ts'
import type { Mirror, PageRoom } from '../rooms/page/index.ts'
import type { Plan } from '../rooms/page/plan.ts'
import type { FromRinger, Journaled, Led, ToRinger } from '../rooms/page/protocol.ts'
import { incidentOf, loadOpen, pagingOf } from '../rooms/page/rows.ts'
import type { Engine } from './engine.ts'

/** How long what is due waits for the ringer's journal before it runs without. */
const PATIENCE = 5000

export interface RingerLine {
  readonly ready: boolean
  /** What is due waits: the ringer may know something that must come first. */
  readonly holding: boolean
  opened(): void
  lost(): void
  /** The keeper's own loop stood still: the ringer may have gone on alone. */
  wasAway(): void
  hear(message: FromRinger): void
  perform(deed: Deed): void
  /** An incident changed and is durable; `as` it stands now, else that is looked up. */
  changed(id: string, as?: Mirror): void
  /** Plan and open incidents, to a ringer that follows. */
  refresh(): void
  tick(): void
}

export interface RingerLineOptions {
  readonly now: () => Now
  readonly send: (message: ToRinger) => boolean
  /** A sentence where it is not to be sent. */
  readonly message: (deed: Deed) => Message | string
  readonly store: () => Store
  readonly engine: () => Engine
  readonly page: () => PageRoom
  readonly plan: () => Plan
  /** Planned work that somebody has pressed for. */
  readonly led: () => readonly Led[]
  /** Names this memory; another name tells the ringer that it is a new one. */
  readonly memory: () => string
}

const asOutcome = (message: FromRinger & { is: 'settled' }): Outcome =>
  message.outcome === 'accepted' ? { is: 'done', receipt: message.says }
    : message.outcome === 'failed' ? { is: 'failed', retry: 'later', says: message.says } : { is: 'unknown', says: message.says }

export function createRingerLine(options: RingerLineOptions): RingerLine {
  const { now, send, store, engine, page } = options
  let ready = false
  let term = 0
  let askedAt: number = now().tick
  let lostAt: number = now().tick

  const lose = (): void => {
    if (ready) lostAt = now().tick
    ready = false
  }
  const hello = (): void => {
    lose()
    askedAt = now().tick
    send({ is: 'hello', store: options.memory(), pid: process.pid })
  }
  const takeIn = (journal: readonly Journaled[], before: Parameters<Engine['turn']>[1] = () => undefined): Promise<boolean> =>
    engine().turn('page.journal', (tx) => {
      before(tx)
      page().journal(tx, journal)
    }).then(() => {
      const last = journal.at(-1)?.n
      if (last !== undefined) send({ is: 'taken', n: last })
      return true
      // It could not be made durable: nothing is confirmed, and the ringer is asked again.
    }, () => false)
  const refresh = (): void => {
    const { sql } = store()
    send({ is: 'plan', plan: options.plan() })
    const open = loadOpen(sql).flatMap((row) => {
      const paging = pagingOf(row)
      return paging ? [{ incident: incidentOf(row), paging }] : []
    })
    send({ is: 'mirror', open })
    tellLed(true)
  }
  let told = '[]'
  /** Where it is another than it was; a ringer that says hello may know nothing. */
  const tellLed = (anew: boolean): void => {
    const led = options.led()
    const text = JSON.stringify(led)
    if ((anew || text !== told) && send({ is: 'led', led })) told = text
  }
  const welcome = async (message: FromRinger & { is: 'welcome' }): Promise<void> => {
    const taken = await takeIn(message.journal, (tx) => {
      if (message.store !== undefined && message.store !== options.memory()) page().adopt(tx, message.open)
    })
    if (!taken) return
    ready = true
    term = message.term
    refresh()
    for (const deed of engine().unsettled()) perform(deed)
  }
  const settle = (deed: Deed, outcome: Outcome): void => void engine().settle(deed, outcome).catch(() => undefined)
  const settled = (message: FromRinger & { is: 'settled' }): void => {
    const row = store().sql.get<{ what: string; body: string; repeatable: number }>('select what, body, repeatable from deed where key = ?', message.page)
    if (row) settle({ key: message.page, what: row.what, body: JSON.parse(row.body) as unknown, repeatable: row.repeatable === 1 }, asOutcome(message))
  }
  function perform(deed: Deed): void {
    if (!ready) return
    const message = options.message(deed)
    if (typeof message === 'string') {
      settle(deed, { is: 'failed', retry: 'never', says: message })
      return
    }
    const body = deed.body as RingDeed & Partial<DigestDeed>
    const carries = body.rings ? { carries: body.rings.map((it) => it.page) } : {}
    if (!send({ is: 'ring', term, rings: [{ incident: (body.incident ?? deed.key) as never, channel: body.channel, message, ...carries }] })) lose()
  }

  return {
    get ready() {
      return ready
    },
    get holding() {
      return !ready && now().tick - lostAt < PATIENCE
    },
    opened: hello,
    lost: lose,
    wasAway() {
      ready = true
      hello()
    },
    hear(message) {
      if (message.is === 'welcome') void welcome(message)
      else if (message.is === 'journal') void takeIn(message.events)
      else if (message.is === 'settled') settled(message)
      // One hello is enough, however many rings came back: while it is on its way nothing else is asked.
      else if (ready && message.term >= term) hello()
    },
    perform,
    changed(id, as) {
      const it = as ?? page().mirrored(store().sql, id)
      if (it) send({ is: 'changed', mirrored: it.mirrored, closed: it.closed })
    },
    refresh: () => void (ready && refresh()),
    tick() {
      if (!ready && now().tick - askedAt > PATIENCE) hello()
      if (engine().broken === undefined) send({ is: 'beat' })
      if (ready) tellLed(false)
    },
  }
}

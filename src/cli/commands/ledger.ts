// `holdfast ledger`: proof that the memory is whole. Asked of the server that runs; of the data folder where none does.
import type { LedgerAnswer } from '../../views/answers.ts'
import { NOT_YOURS } from '../client.ts'
import { EXIT, Failure } from '../failure.ts'
import { plain } from '../output.ts'
import { ask, type Command, type Session } from '../session.ts'

async function judge(session: Session, verb: 'verify' | 'rebuild'): Promise<LedgerAnswer> {
  try {
    return await ask<LedgerAnswer>(session, 'POST', `/ledger/${verb}`)
  } catch (cause) {
    const isElsewhere = session.server.where !== session.data
    if (!(cause instanceof Failure) || cause.exit !== EXIT.unreachable || cause.code === NOT_YOURS || isElsewhere) throw cause
    session.out.talk(`No server answers: looking at ${plain(session.data)} itself.`)
    const offline = await import('../offline.ts')
    return verb === 'verify' ? offline.verifyOffline(session.data) : offline.rebuildOffline(session.data)
  }
}

const command = (verb: 'verify' | 'rebuild'): Command => async (session) => {
  const { out } = session
  const it = await judge(session, verb)
  out.answer(it, () => {
    if (it.broken) return out.data(out.paint('down', `✕ The ledger is broken${it.broken.seq > 0 ? ` at entry ${it.broken.seq}` : ''}: ${plain(it.broken.says)}`))
    out.data(`${out.paint('ok', '●')} ${it.entries} entries, unbroken. Head ${it.head.slice(0, 16)}`)
    if (verb !== 'rebuild') return
    const differed = it.differed ?? []
    out.data(differed.length === 0 ? 'Every table is what the ledger says.' : `Put right: ${plain(differed.join(', '))}.`)
  })
  return it.broken ? EXIT.down : EXIT.fine
}

export const verify: Command = command('verify')
export const rebuild: Command = command('rebuild')

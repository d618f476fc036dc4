// `holdfast people`: who is who, on the machine itself. Links and authenticators are secrets: they are printed once, alone on stdout,
// for the one who hands them on. Nothing here approves anything: that is done by people who signed in, not by a terminal.
import { isRole, ROLES } from '../../core/authority/role.ts'
import type { DoneAnswer } from '../../views/answers.ts'
import type { AuditAnswer, LinkAnswer, PeopleAnswer, PersonAnswer, TotpAnswer } from '../../views/people.ts'
import { EXIT, usage } from '../failure.ts'
import { plain, type Cell } from '../output.ts'
import { ask, segment, textOption, type Command, type Session } from '../session.ts'

const by = ({ person }: Session): { person: string } => ({ person: person.name })

/** What somebody could sign in with. */
function waysOf({ factors, hasPassword }: PersonAnswer): Cell {
  const ways = [...(hasPassword ? ['password'] : []), ...(factors > 0 ? [`${factors} factor${factors === 1 ? '' : 's'}`] : [])]
  return ways.length === 0 ? ['soft', 'no way in yet'] : ways.join(', ')
}

export const list: Command = async (session) => {
  const { out } = session
  const body = await ask<PeopleAnswer>(session, 'GET', '/people')
  out.answer(body, () => {
    if (body.people.length === 0) return out.talk('There is nobody yet: add people to the configuration.')
    out.table(body.people.map((it): Cell[] => [
      it.person, it.roles.length === 0 ? ['soft', 'no role'] : it.roles.map((role) => (it.granted.includes(role) && !it.configured.includes(role) ? `${role} (granted)` : role)).join(', '),
      waysOf(it), it.sessions === 0 ? '' : `${it.sessions} session${it.sessions === 1 ? '' : 's'}`, it.seen === null ? '' : `seen ${out.moment(it.seen)}`,
    ]))
  })
  return EXIT.fine
}

function tellLink({ out }: Session, body: LinkAnswer, says: string): number {
  out.answer(body, () => {
    out.data(plain(body.url))
    out.talk(`${says} It works once, until ${out.moment(body.until)}; a newer one voids it.`)
  })
  return EXIT.fine
}

const handsOut = (what: 'invite' | 'recover', says: (who: string) => string): Command => async (session, [who = '']) =>
  tellLink(session, await ask<LinkAnswer>(session, 'POST', `/people/${segment(who)}/${what}`, by(session)), says(plain(who)))

export const invite = handsOut('invite', (who) => `Hand this link to ${who}, and to nobody else.`)
export const recover = handsOut('recover', (who) => `Make sure that it is ${who} who asks, then hand this link to them.`)

export const firstOwner: Command = async (session) =>
  tellLink(session, await ask<LinkAnswer>(session, 'POST', '/people/first-owner', {}), 'Whoever opens this link owns this Holdfast.')

export const enrol: Command = async (session, [who = ''], options) => {
  const { out } = session
  const code = textOption(options, 'code')
  const body = await ask<TotpAnswer | DoneAnswer>(session, 'POST', `/people/${segment(who)}/enrol`, { ...by(session), ...(code === undefined ? {} : { code }) })
  if (body.schema === 'holdfast.done/1') {
    out.answer(body, () => out.data(plain(body.says)))
    return EXIT.fine
  }
  const { renderUnicodeCompact } = await import('uqr')
  out.answer(body, () => {
    out.data(body.uri)
    out.data()
    // Dark on light whatever the terminal's colours are: some cameras read nothing else.
    for (const line of renderUnicodeCompact(body.uri, { border: 2 }).split('\n')) out.data(out.paint('inverse', line))
    out.data()
    out.talk(`Let the authenticator of ${plain(who)} read this; it is shown once. Then confirm it with the code that it shows:`)
    out.talk(`  holdfast people enrol ${plain(who)} --code 123456`)
  })
  return EXIT.fine
}

export const grant: Command = async (session, [who = '', ...roles], options) => {
  const none = options['none'] === true
  if (none === roles.length > 0) throw usage('Say which roles, or --none.', `holdfast people grant ${plain(who)} responder; the roles are ${ROLES.join(', ')}`)
  const unknown = roles.find((role) => !isRole(role))
  if (unknown !== undefined) throw usage(`“${plain(unknown)}” is no role.`, `It is one of ${ROLES.join(', ')}.`)
  const done = await ask<DoneAnswer>(session, 'POST', `/people/${segment(who)}/grant`, { ...by(session), roles })
  session.out.answer(done, () => session.out.data(plain(done.says)))
  return EXIT.fine
}

export const signOut: Command = async (session, [who = '']) => {
  const done = await ask<DoneAnswer>(session, 'POST', `/people/${segment(who)}/sign-out`, by(session))
  session.out.answer(done, () => session.out.data(plain(done.says)))
  return EXIT.fine
}

export const audit: Command = async (session, _args, options) => {
  const { out } = session
  const query = new URLSearchParams()
  for (const [key, name] of [['who', 'person'], ['since', 'since']] as const) {
    const given = textOption(options, name)
    if (given !== undefined) query.set(key, given)
  }
  const body = await ask<AuditAnswer>(session, 'GET', query.size === 0 ? '/audit' : `/audit?${query.toString()}`)
  out.answer(body, () => {
    if (body.entries.length === 0) return out.talk('Nothing was recorded in that time.')
    out.table(body.entries.map((it): Cell[] => [['soft', String(it.seq)], out.exact(it.at), it.says]))
    out.talk(`Times are in ${out.timezone}.`)
  })
  return EXIT.fine
}

// `holdfast tokens`: the keys of programs. A new one's secret is printed alone on stdout, once, so that it can go into a file.
import type { DoneAnswer, TokensAnswer } from '../../views/answers.ts'
import { EXIT, usage } from '../failure.ts'
import { plain } from '../output.ts'
import { ask, segment, textOption, type Command } from '../session.ts'

export const create: Command = async (session, [name = ''], options) => {
  const { out } = session
  const scopes = Array.isArray(options['scope']) ? (options['scope'] as unknown[]).map(String) : []
  if (scopes.length === 0) throw usage('A token needs a scope: what it may do.', 'holdfast tokens create ci --scope read')
  const from = Array.isArray(options['from']) ? (options['from'] as unknown[]).map(String) : []
  const expires = textOption(options, 'expires')
  const body = await ask<TokensAnswer>(session, 'POST', '/tokens', { name, scopes, ...(expires === undefined ? {} : { expires }), ...(from.length === 0 ? {} : { from }), person: session.person.name })
  out.answer(body, () => {
    out.data(body.secret ?? '')
    if (expires === undefined) out.talk('It has no end: --expires 90d gives it one.')
    out.talk('This is shown once. Keep it in a file of mode 0600, and name the file with --token-file.')
  })
  return EXIT.fine
}

export const list: Command = async (session) => {
  const { out } = session
  const body = await ask<TokensAnswer>(session, 'GET', '/tokens')
  out.answer(body, () => {
    if (body.tokens.length === 0) return out.talk('There is no token.')
    out.table(body.tokens.map((it) => [
      it.id, it.name, it.scopes.join(' '), `made ${out.moment(it.createdAt)}`, it.expiresAt === null ? 'without an end' : `until ${out.moment(it.expiresAt)}`,
      it.from.length === 0 ? 'from anywhere' : `from ${it.from.join(' ')}`, it.lastUsedAt === null ? 'never used' : `last used ${out.moment(it.lastUsedAt)}`,
    ]))
  })
  return EXIT.fine
}

export const revoke: Command = async (session, [id = '']) => {
  const done = await ask<DoneAnswer>(session, 'DELETE', `/tokens/${segment(id)}`, { person: session.person.name })
  session.out.answer(done, () => session.out.data(plain(done.says)))
  return EXIT.fine
}

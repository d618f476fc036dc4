// A page as a mail: plain text and a small HTML part that say the same. No field can hold a line break, whatever stands in it;
// headers say that a machine wrote it, so that out-of-office replies stay away, and tie mails of one incident together.
import MailComposer from 'nodemailer/lib/mail-composer'
import { Fault } from '../../../core/fault.ts'
import type { Instant } from '../../../core/time.ts'
import type { Message, PageBody } from '../../../ports/channel.ts'

export interface Mail {
  readonly from: string
  readonly to: string
  readonly content: Buffer
}

interface Mailbox {
  readonly name: string
  readonly address: string
}

// RFC 5321 in the form that people have: no quoted local parts, no comments, nothing that a header or a command could end on.
const ADDRESS = /^[^\s<>@"(),:;\\[\]\p{Cc}]{1,64}@(?:[^\s<>@"(),:;\\[\]\p{Cc}]{1,253}|\[[0-9a-fA-F.:]{2,45}\])$/u

/** "name@host" or "Name <name@host>"; `undefined` when it is neither. */
export function readSender(text: string): Mailbox | undefined {
  const split = /^([^<>\p{Cc}]*)<([^<>\p{Cc}]+)>$/u.exec(text.trim())
  const [name, address] = split ? [(split[1] ?? '').trim().replace(/^"(.*)"$/, '$1'), split[2] ?? ''] : ['', text.trim()]
  return ADDRESS.test(address) ? { name, address } : undefined
}

/** The mail, ready to be sent. Throws a Fault when an address is none. */
export async function compose(message: Message, sender: string, now: Instant): Promise<Mail> {
  const from = readSender(sender)
  if (!from) throw new Fault('the sender of the channel is not a mail address', 'never')
  const address = message.to.email?.trim() ?? ''
  if (!ADDRESS.test(address)) throw new Fault(`${oneLine(message.to.name)} has no mail address that can be used`, 'never')
  const { body } = message
  const thread = `<${token(message.thread)}@${hostOf(body)}>`
  const content = await new MailComposer({
    from, to: { name: oneLine(message.to.name), address }, subject: oneLine(message.title), date: new Date(now),
    messageId: `<${token(message.key)}@${hostOf(body)}>`, references: thread, inReplyTo: thread,
    headers: {
      'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All', 'X-Holdfast-Page': token(message.key),
      'X-Holdfast-Incident': String(body.incident.number), ...(['page', 'digest', 'approve'].includes(body.event) ? { Importance: 'high', 'X-Priority': '1' } : {}),
    },
    text: textOf(body), html: htmlOf(message.title, body), disableFileAccess: true, disableUrlAccess: true, newline: 'windows',
  }).compile().build()
  return { from: from.address, to: address, content }
}

function linksOf(body: PageBody): (readonly [string, string])[] {
  const links: (readonly [string, string])[] = []
  if (body.ack_url !== undefined) links.push([ACK[body.event] ?? 'I have it', body.ack_url])
  if (body.pass_url !== undefined) links.push(['Pass it on', body.pass_url])
  if (body.incident.url !== '') links.push([body.event === 'approve' ? 'Look and decide' : 'Incident', body.incident.url])
  return links
}

const ACK: Record<string, string> = { test: 'It reached me', reminder: 'Still on it' }

const textOf = (body: PageBody): string => [body.text.long, '', ...linksOf(body).map(([name, url]) => `${name}: ${url}`), '', `${body.id} · sent ${body.sent_at}`, ''].join('\n')

function htmlOf(title: string, body: PageBody): string {
  const lines = body.text.long.split('\n').map((line) => `<p style="margin:0 0 12px">${escape(line)}</p>`).join('')
  const buttons = linksOf(body)
    .map(([name, url]) => `<a href="${escape(url)}" style="display:inline-block;margin:0 8px 8px 0;padding:12px 20px;border:1px solid #4a4e57;border-radius:6px;color:#0e4ca1">${escape(name)}</a>`)
    .join('')
  return `<!doctype html><html lang="en"><meta charset="utf-8"><body style="font:16px/1.5 system-ui,sans-serif;margin:16px;max-width:36em"><h1 style="font-size:20px;margin:0 0 12px">${escape(oneLine(title))}</h1>${lines}<p style="margin:16px 0">${buttons}</p><p style="font-size:12px;color:#4a4e57;margin:0">${escape(body.id)} · sent ${escape(body.sent_at)}</p></body></html>`
}

/** The host of the site, as the right side of a Message-ID. */
function hostOf(body: PageBody): string {
  return URL.canParse(body.incident.url) ? new URL(body.incident.url).hostname : 'holdfast.invalid'
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (raw: string): string => raw.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter)
const oneLine = (raw: string): string => raw.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
const token = (raw: string): string => raw.replace(/[^\w.-]/g, '_')

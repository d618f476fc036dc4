// What a party reads behind their link, in English: what it is about, what their word is bound to, who has said it, and what each
// button does. Nothing is called agreed before it is.
import { joined, person } from './notification.ts'

const PARTS: Readonly<Record<string, string>> = { does: 'do it', checks: 'check it', approves: 'approve it' }

export const englishApproval = {
  askedBy: (by: string, at: string): string => `${person(by)} asked for this at ${at}.`,
  lapses: (at: string, left: string): string => `It lapses at ${at}, in ${left}; then nothing happens.`,
  stoppable: (at: string, left: string): string => `It can be stopped here until ${at}, for ${left}.`,
  youAre: (who: string, as: string): string => `You are ${person(who)}, asked to ${PARTS[as] ?? 'agree to it'}. This link is yours alone: do not hand it on.`,
  compare: 'The code: two words for exactly this',
  compareSays: 'Say them to each other. Whoever reads other words has another thing before them: refuse it then.',
  bound: 'Your word is bound to this text, these people and nothing else. Any change voids it. Its hash:',
  parties: 'Who is asked',
  said: 'has said it',
  notYet: 'has not said it yet',
  typed: (what: string): string => `Type “${what}”, to be sure:`,
  code: 'The code of your authenticator',
  codeSays: 'Six digits. Each counts once.',
  passkeyFirst: 'Or by the code of your authenticator:',
  noWay: 'You have neither a passkey nor an authenticator, so you cannot agree. Add one to your account; it approves from 72 hours on. You can refuse without.',
  yes: { yes: 'Yes, I agree', ready: 'I am ready' },
  byPasskey: { yes: 'Yes, I agree: with my passkey', ready: 'I am ready: with my passkey' },
  no: 'No, I refuse',
  stop: 'Stop it here',
  noSays: 'One refusal ends it. It takes no code.',
  alone: 'In an emergency: go alone',
  aloneSays: 'Every owner is paged at once and reads your reason. It stands in the ledger for ever.',
  reason: 'Why? In a sentence:',
  goAlone: 'I go alone',
  aloneByPasskey: 'I go alone: with my passkey',
  states: {
    open: 'You are asked to agree', waiting: 'Your word is taken', agreed: 'Agreed', refused: 'Refused', stopped: 'Stopped', changed: 'It was changed', lapsed: 'It has lapsed', alone: 'Somebody went alone',
  },
  /** Where what it was asked for has gone on without it. */
  over: 'It is over',
  halted: 'It is halted',
  says: {
    waiting: (others: readonly string[]): string => `Waiting for ${joined(others)}. Until then you can still stop it.`,
    agreed: 'All who were asked have said it.',
    refused: (by: string): string => `${person(by)} refused it. Nothing happens.`,
    stopped: (by: string): string => `${person(by)} stopped it. Nothing more happens.`,
    ended: (by: string): string => `${person(by)} wanted it stopped.`,
    changed: 'What was to be agreed on is another thing now, so every word that was given is void. Where it is still wanted, a new link comes.',
    lapsed: 'Its time is over, so it is void. Where it is still wanted, somebody asks anew.',
    alone: (by: string, reason: string): string => `${person(by)} went alone: “${reason}”. All owners were paged.`,
  },
  unknown: { title: 'This link is not known', says: 'It is incomplete, or it belongs to another installation. Open the whole link, from the newest message.' },
  away: 'This cannot be shown now',
  notDone: 'Not done',
}

// What the paged person reads behind a link, in English. Each answer names its effect: who has it, who is not paged, when it
// rings again. Nothing is called taken before it is; what is taken but not yet written down says so. Late is not an error.
import { integrationOf } from '../core/subject.ts'
import { hasItSince, joined, person } from './notification.ts'

export interface ScreenWords {
  readonly language: string
  readonly take: string
  readonly takeAfterAll: string
  readonly keep: string
  readonly passOn: string
  readonly tryAgain: string
  readonly since: (moment: string, running: string) => string
  readonly incident: (number: number) => string
  readonly nextPaged: (people: readonly string[], moment: string) => string
  readonly youHaveIt: string
  readonly haveItSince: (who: string, moment: string) => string
  readonly notPaged: (people: readonly string[]) => string
  readonly askAgain: (moment: string) => string
  readonly lapses: (who: string, moment: string) => string
  readonly passedOn: string
  readonly pagedNow: (people: readonly string[]) => string
  readonly nobodyElse: string
  readonly notRecorded: { readonly ack: string; readonly pass: string }
  readonly recordedSoon: { readonly ack: string; readonly pass: string }
  readonly over: string
  readonly overSays: string
  readonly actsAs: (who: string) => string
  readonly zone: (name: string) => string
  readonly notConfirmed: string
  readonly notConfirmedNext: string
  readonly unknownLink: { readonly title: string; readonly says: string; readonly next: string }
  readonly closedLink: { readonly title: string; readonly says: string; readonly next: string }
  readonly notFound: { readonly title: string; readonly says: string; readonly next: string }
  readonly incidentPlace: { readonly title: string; readonly says: string; readonly next: string; readonly board: string }
  readonly notHeard: { readonly title: string; readonly says: string; readonly next: string }
  readonly again: string
  readonly broken: { readonly title: string; readonly next: string }
  readonly noBoard: { readonly title: string; readonly says: string; readonly next: string; readonly example: string }
}

export const englishScreen: ScreenWords = {
  language: 'en',
  take: 'I have it — stop paging',
  takeAfterAll: 'I have it after all — stop paging',
  keep: 'I am still on it',
  passOn: 'I cannot — pass it on now',
  tryAgain: 'Show me how it stands now',
  since: (moment, running) => `Since ${moment}, for ${running}`,
  incident: (number) => `Incident ${number}`,
  nextPaged: (people, moment) => `Next: ${joined(people)} at ${moment}`,
  youHaveIt: 'You have it',
  haveItSince: hasItSince,
  notPaged: (people) => (people.length === 0 ? 'Nobody else is paged.' : `${joined(people)} will not be paged.`),
  askAgain: (moment) => `I ask again at ${moment}.`,
  lapses: (who, moment) => (integrationOf(who) === undefined ? `If ${person(who)} does not confirm it by ${moment}, it rings again.` : `If that is not confirmed by ${moment}, it rings again.`),
  passedOn: 'You passed it on',
  pagedNow: (people) => (people.length === 0 ? 'The next step is paged now.' : `${joined(people)} ${people.length === 1 ? 'is' : 'are'} paged now.`),
  nobodyElse: 'There is nobody else to page: it rings you again.',
  notRecorded: { ack: 'Taken, not yet recorded', pass: 'Passed on, not yet recorded' },
  recordedSoon: { ack: 'You have it and paging has stopped. It is written down as soon as the memory of Holdfast answers.', pass: 'It is written down as soon as the memory of Holdfast answers.' },
  over: 'It is over',
  overSays: 'Nobody is paged for it any more. There is nothing for you to do.',
  actsAs: (who) => `This link acts as ${person(who)}, for this incident only. Do not hand it on.`,
  zone: (name) => `Times are in ${name}.`,
  notConfirmed: 'Not confirmed',
  notConfirmedNext: 'Count on it that paging goes on. Look how it stands and press once more; if that does not help, tell your colleagues by telephone.',
  unknownLink: { title: 'This link is not known', says: 'It is incomplete, or it belongs to another installation.', next: 'Open the whole link from the page that you received, or use the newest one. Paging goes on until somebody takes it.' },
  closedLink: { title: 'This link has ended', says: 'The incident that it belongs to is over.', next: 'If something is wrong again, another page with a link of its own comes.' },
  notFound: { title: 'Not found', says: 'There is nothing at this address.', next: 'The status page, where there is one, stands at the root of this address.' },
  incidentPlace: {
    title: 'Incidents are not shown here yet', says: 'What Holdfast knows of an incident is for the people who run this site, and has no page here yet.',
    next: 'The link “I have it” in the page that you received shows it. On the machine that Holdfast runs on, this does too:', board: 'Public status page',
  },
  notHeard: { title: 'Not known yet', says: 'This status page has only just started and has heard nothing so far. That says neither that all is well nor that something is wrong.', next: 'It takes a few seconds.' },
  again: 'Load it again',
  broken: { title: 'This did not work', next: 'Try again in a moment. What was confirmed to you before is kept.' },
  noBoard: {
    title: 'No status page is configured yet', says: 'Holdfast runs. It shows the public nothing until its file says what.', next: 'Add this to holdfast.yaml; it is taken up within seconds:',
    example: 'status_pages:\n  public:\n    components:\n      Website: [www]',
  },
}

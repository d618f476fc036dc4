// What people read on the pages that they sign in for, in English: plain, without blame, and always with the next step.
import { person } from './notification.ts'

export const englishConsole = {
  language: 'en',
  navigation: 'Places',
  places: { account: 'My account', people: 'People', tokens: 'Tokens', audit: 'Audit' },
  signedInAs: (who: string): string => `Signed in as ${person(who)}`,
  signOut: 'Sign out',
  toAccount: 'Go to my account',
  signIn: { title: 'Sign in' },
  refused: {
    nobody: 'Sign in first', incomplete: 'One more thing is needed', 'may-not': 'You may not do this', stale: 'Sign in again for this', forged: 'Not done', unreadable: 'Not understood', away: 'Not now',
  },
}

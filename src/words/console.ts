// What people read on the pages that they sign in for, in English: plain, without blame, and always with the next step.
import { SEASONED } from '../core/agreement.ts'
import { sayTime } from '../core/time.ts'
import { person } from './notification.ts'

const several = (n: number, one: string, many: string): string => (n === 1 ? `one ${one}` : `${n === 0 ? 'no' : n} ${many}`)

export const englishConsole = {
  language: 'en',
  navigation: 'Places',
  places: { account: 'Account', people: 'People', tokens: 'Tokens', audit: 'Audit' },
  signedInAs: (who: string): string => `Signed in as ${person(who)}`,
  signOut: 'Sign out',
  toAccount: 'Go to my account',
  cancel: 'Go back',
  times: (zone: string): string => `Times are in ${zone}.`,
  refused: {
    nobody: 'Sign in first', incomplete: 'One more thing is needed', 'may-not': 'You may not do this', stale: 'Sign in again for this', forged: 'Not done', unreadable: 'Not understood', away: 'Not now',
  },
  /** What was done, by the mark in the address. */
  done: {
    welcome: 'You are in. Finish these steps, and next time you come in by yourself.',
    password: 'Your password is set. Your other sessions have ended.',
    totp: 'Your authenticator works. Your other sessions have ended.',
    removed: 'It is removed. Your other sessions have ended.',
    ended: 'That session has ended.',
    others: 'All other sessions have ended.',
    out: 'You are signed out.',
    roles: 'The roles are changed. Their sessions have ended.',
    'signed-out': 'All their sessions have ended.',
    revoked: 'The token is revoked: it opens nothing any more.',
  } as Readonly<Record<string, string>>,
  signIn: {
    title: 'Sign in', named: 'Name or mail address', password: 'Password', code: 'Code',
    codeHelp: 'Six digits of your authenticator, or a recovery code. Leave it empty if you have none.', go: 'Sign in',
    acknowledging: 'To take an incident you need no sign-in: press the link in the page that you received.',
    lost: 'Lost your way in?', lostHelp: 'An owner can make a new link for you (People). On the machine that Holdfast runs on, this does too:',
    lostCommand: 'holdfast people recover NAME',
    ownerless: 'Nobody owns this Holdfast yet', ownerlessHelp: 'Open the link that was printed when it started. On the machine, “holdfast people first-owner” prints a new one.',
    readable: { title: 'Nobody can sign in here', says: 'This Holdfast is reached by plain http from other machines. A password would travel readable to all between.', next: 'Put https in front of it and write that address under site.url in holdfast.yaml. On the machine itself, http://localhost works.' },
    again: 'Sign in again', badNext: '/account',
  },
  welcome: {
    owner: 'Become the owner', ownerSays: (site: string): string => `You are the first here. The owner of ${site} says who may do what. This link works once.`,
    who: 'Who are you?', name: 'Your name', nameHelp: 'Short, as colleagues call you: letters, digits, “-”, “_” and “.”.',
    hello: (who: string): string => `Hello, ${person(who)}`,
    invited: 'You are invited. This link signs you in once; then you choose how you come in from now on.',
    recover: 'This link signs you in once, so that you can set a new password or add a new passkey or authenticator.',
    go: (who: string): string => `Go on as ${person(who)}`, goOwner: 'Become the owner', notYou: (who: string): string => `You are not ${person(who)}? Then do not go on: the link is theirs.`,
    gone: { title: 'This link is not good any more', next: 'Ask an owner for a new one. On the machine that Holdfast runs on, “holdfast people invite NAME” makes one.' },
  },
  account: {
    title: 'My account', noRole: 'You have no role yet: an owner can give you one.', roles: 'Roles',
    setUp: (who: string): string => `Welcome, ${person(who)}`, setUpSays: (needsFactor: boolean): string => (needsFactor ? 'Your role can change a lot, so you come in by a passkey, or by a password and a code from your phone.' : 'Choose how you come in by yourself from now on.'),
    steps: { password: 'Set a password', totp: 'Add an authenticator', totpOptional: 'Add an authenticator (recommended)', recovery: 'Keep recovery codes', signIn: 'Sign in with it' },
    orSteps: (needsFactor: boolean): string => (needsFactor ? 'Or a password and an authenticator' : 'Or a password'), stepDone: ': done', signInSays: 'This proves that it works.', signInWaits: 'When the steps above are done.',
    password: 'Password', hasPassword: 'You have a password.', noPassword: 'You have no password.', newPassword: 'New password', again: 'The same once more',
    passwordHelp: 'At least 12 characters. Four words that have nothing to do with each other are good, and easy to type.', setPassword: 'Set the password', changePassword: 'Change the password',
    differ: 'The two passwords are not the same.', differHelp: 'Type the same one twice. Nothing was changed.',
    factors: 'Passkeys and authenticators', noFactors: 'None yet. With one, a stolen password is not enough to come in.',
    kinds: { passkey: 'Passkey', totp: 'Authenticator' }, seasoned: 'may approve', notSeasoned: `new: may approve when it is ${sayTime(SEASONED)} old`, since: 'since', remove: 'Remove', addTotp: 'Add an authenticator',
    label: 'What you call it', labelValue: 'my phone',
    scan: 'Scan this', scanSays: 'With any authenticator app (such as Aegis, 2FAS, Google or Microsoft Authenticator). It is shown only now.', onThisPhone: 'Open it in an app on this phone', byHand: 'Or type it in', qr: 'QR code for your authenticator app',
    codeNow: 'The code that it shows now', confirm: 'Confirm', confirmTitle: 'Give the code', confirmHelp: 'The app shows six digits, which change every half minute.', startOver: 'Start over with a new QR code',
    recovery: 'Recovery codes', recoveryLeft: (n: number): string => (n === 0 ? 'You have none. Each stands in once for a code when your phone is lost.' : `You have ${several(n, 'code', 'codes')} left. Each stands in once for a code when your phone is lost.`),
    makeRecovery: 'Make recovery codes', remakeRecovery: 'Make new ones', remakeHelp: 'The former ones are void then.',
    codesTitle: 'Your recovery codes', codesSays: 'Write them down or print them, and keep them away from your phone. They are shown only now; each works once, and former ones are void.', codesKept: 'I have kept them',
    devices: 'Where you are signed in', here: 'this one', seen: 'last used', begun: 'signed in', end: 'End', endOthers: 'End all others', unknownDevice: 'A program',
    means: { passkey: 'by passkey', password: 'by password', 'password+totp': 'by password and code', 'password+recovery': 'by password and recovery code', oidc: 'by identity provider', 'oidc+totp': 'by identity provider and code', link: 'by a one-time link' } as Readonly<Record<string, string>>,
    test: 'Test my phone', testSays: 'Sends a page that says that it is a test. Press the link in it: then it is known that pages reach you.', testBy: (channel: string): string => `Test ${channel}`, noChannels: 'You are not paged: no way to reach you stands in the configuration.',
    tested: 'What became of it', look: 'Look again', noTests: 'No test page was sent to you lately.', testing: 'A test page is on its way. Press the link in it, then look again here.',
    received: 'Received and answered', outcome: { accepted: 'Sent; its link was not pressed yet', failed: 'Failed', unknown: 'Not known', waiting: 'On its way' },
    stale: 'To change how you come in, sign in again: it is longer than 15 minutes ago.',
  },
  people: {
    title: 'People', says: 'Who is who, and who may what. People and their addresses stand in the configuration; roles can be given here too.',
    add: 'Add somebody', addHelp: 'Somebody who only signs in. Whoever is to be paged belongs into the configuration.', name: 'Name', addGo: 'Add',
    never: 'never signed in', seen: (when: string): string => `here ${when}`, noRole: 'no role', configured: 'Configured', granted: 'Roles given here', grantedHelp: 'What is added to those in the configuration. Changing them ends their sessions.',
    give: 'Change the roles', invite: 'Invite', inviteSays: 'Makes a link by which they come in once and choose their password or passkey. It is good for 7 days.', inviteGo: 'Make an invitation link',
    recover: 'Help them back in', recoverSays: 'For somebody who lost password and phone. Make sure that it is really them before you hand it over. It is good for 24 hours.', recoverGo: 'Make a recovery link',
    out: 'Sign out everywhere', outSays: 'Ends all their sessions at once. Links in pages go on working, so that they can still take incidents.', outGo: 'End all their sessions',
    linkTitle: (who: string): string => `A link for ${person(who)}`, linkSays: (until: string): string => `Hand it to them in person or by a way that only they read. It works once, until ${until}. It is shown only now; a newer one makes it void.`, back: (who: string): string => `Back to ${person(who)}`,
    factors: (n: number): string => several(n, 'second factor', 'second factors'), password: 'a password', noPassword: 'no password', sessions: (n: number): string => several(n, 'session', 'sessions'), waysIn: 'Ways in', lastSeen: 'Last seen', mail: 'Mail', all: 'All people', unknown: 'Nobody is called so',
  },
  roles: {
    viewer: 'reads what Holdfast knows', responder: 'takes incidents, pages people', editor: 'silences, covers, tells the public', operator: 'begins what changes or destroys, once agreed', approver: 'agrees to what changes or destroys', owner: 'everything, and says who may what',
  },
  tokens: {
    title: 'Tokens', says: 'For programs. A token never approves anything.', none: 'There are no tokens.', made: 'made', used: 'last used', unused: 'never used', expires: 'until', forever: 'without an end', revoke: 'Revoke',
    make: 'Make a token', name: 'What it is for', nameHelp: 'Such as “dashboard” or “deploy pipeline”.', scope: 'What it may',
    scopes: { read: 'reads what Holdfast knows', ack: 'takes incidents and passes them on', write: 'reads and takes, silences, covers, tells the public', admin: 'everything an interface can, tokens included' },
    ends: 'How long', endsIn: { '30d': '30 days', '90d': '90 days', '365d': 'a year', '': 'without an end' } as Readonly<Record<string, string>>, makeGo: 'Make it',
    shownTitle: (name: string): string => `The token “${name}”`, shownSays: 'Keep it where your program reads it. It is shown only now; Holdfast itself keeps no more than its hash.', kept: 'I have kept it', use: 'It is sent like this:',
  },
  audit: {
    title: 'Audit', says: 'What was done about people and by them: from the ledger, newest first.', who: 'Person', everybody: 'Everybody', since: 'How far back', show: 'Show',
    spans: { '24h': 'a day', '7d': 'a week', '30d': 'a month', '365d': 'a year' } as Readonly<Record<string, string>>, none: 'Nothing in this time.', entry: (seq: number): string => `entry ${seq}`, most: (n: number): string => `Only the newest ${n} are shown.`,
  },
}

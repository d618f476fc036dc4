// What people read about passkeys, in English: what happens now, what went wrong, and what to do instead.

export const englishPasskey = {
  label: 'passkey', enter: 'Sign in with a passkey', make: 'Add a passkey', waits: 'Your device asks you now.',
  gone: 'Nothing was done: it was ended on the device, or took too long. Try again.', known: 'This device has a passkey for you here already: sign in with it.',
  quickest: 'The quickest way: a passkey',
  quickestSays: 'Your phone, computer or security key signs you in by finger, face or PIN. Nothing to remember, nothing to type. Then you are done here.',
  codeFirst: 'Give your code', codeFirstSays: 'You came in without the authenticator that you have. With its code everything is open that your roles open.', codeGo: 'Go on',
  /** At the door, where nothing is said that a stranger may not read. */
  refused: {
    HF435: 'Too many tries from here. Wait a minute.',
    HF445: 'Passkeys do not work at this address: it has to be https and a name. Sign in with your password.',
    HF446: 'That passkey was not taken. It may have been removed, or it is for another address. Try again, or sign in another way.',
    HF447: 'This passkey was not taken: a copy of it seems to be in use. Sign in another way, remove it, and tell an owner.',
  } as Readonly<Record<string, string>>,
  other: 'That did not work. Try again, or sign in another way.',
}

// What people read where they come in by an identity provider, in English. Nothing that a stranger may not read.

export const englishProvider = {
  go: (name: string): string => `Sign in with ${name}`,
  refused: {
    HF435: 'Too many tries from here. Wait a minute.',
    HF455: 'The identity provider does not answer. Sign in by your passkey or password, or try again in a minute.',
    HF456: 'That sign-in was not taken: it was begun in another browser, ended before, or took too long. Try again from here.',
    HF457: 'The identity provider knows you, and Holdfast does not. Your mail address, verified there, has to stand in its configuration: ask an owner.',
    HF458: 'Another account at the identity provider is yours here. If that was changed on purpose, ask an owner for a recovery link.',
  } as Readonly<Record<string, string>>,
  other: 'That did not work. Try again, or sign in another way.',
}

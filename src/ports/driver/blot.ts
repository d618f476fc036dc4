// What a program or a server writes is shown to people and kept for good: what looks like a secret is blotted out of it first, and nothing in it steers a
// terminal. It looks at forms (a word after “password=”, a key between its lines, a user's part of an address), so it is a net and no wall; what is known
// to be a secret is taken out by name.

const FORMS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '*** private key ***'],
  [/(:\/\/[^\s/@:"']*:)[^\s@/"']+(?=@)/g, '$1***'],
  [/\b((?:[\w-]{0,40}(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key))["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi, '$1***'],
  [/\b(authorization["']?\s*:\s*["']?(?:\w+ )?)[^\s"',]+/gi, '$1***'],
  [/\b(bearer\s+)[\w.~+/=-]{8,}/gi, '$1***'],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, '***'],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '***'],
]

/** The text without what looks like a secret, without those that are known, and without what steers a terminal. */
export function blot(text: string, known: readonly string[] = []): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  let left = text.toWellFormed().replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '')
  for (const secret of known) if (secret.length > 2) left = left.replaceAll(secret, '***')
  for (const [form, put] of FORMS) left = left.replace(form, put)
  return left
}

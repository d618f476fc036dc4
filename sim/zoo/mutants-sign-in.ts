// Animals of signing in: each a way in which somebody else's sign-in was once fooled.
import type { Mutant } from './mutant.ts'

const CHALLENGES = 'src/rooms/people/challenges.ts'
const FACTORS = 'src/rooms/people/factors.ts'
const OIDC = 'src/engine/sign-in/oidc.ts'
const passkey = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/sign-in/passkey.test.ts', name })
const oidc = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/sign-in/oidc.test.ts', name })

const story = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/people.test.ts', name })

export const signingIn: readonly Mutant[] = [
  {
    name: 'another port is another address', breaks: ['guessing'], killer: { is: 'test', file: 'src/rooms/people/people.test.ts', name: 'a network counts as one' },
    changes: [{ file: 'src/rooms/people/limits.ts', find: `:\\d{1,5}$/, '$1')`, put: `:\\d{1,5}$/, '$&')` }],
  },
  {
    name: 'a right password without its code forgives wrong codes', breaks: ['guessing'], killer: story('who knows the password guesses codes no faster'),
    changes: [{ file: 'src/rooms/people/limits.ts', find: 'left: Math.min(tries, bucket.left + 1)', put: 'left: tries' }],
  },
  {
    name: 'guessed passwords keep passkeys out', breaks: ['guessing'], killer: story('a passkey is asked for also'),
    changes: [{ file: 'src/engine/sign-in/entry.ts', find: 'take(keeper, `passkey ${networkOf(origin)}`, PASSKEY_ASKS)', put: 'take(keeper, `address ${networkOf(origin)}`, PER_ADDRESS)' }],
  },
  {
    name: 'a challenge is good twice', breaks: ['X-8'], killer: passkey('a challenge is good once'),
    changes: [{ file: CHALLENGES, find: '  challenges.delete(challenge)\n  const age', put: '  const age' }],
  },
  {
    name: 'a challenge of another session or browser is accepted', breaks: ['X-8'], killer: passkey('a passkey is added by its own session alone'),
    changes: [{ file: CHALLENGES, find: ' && found.bound === asked.bound', put: '' }],
  },
  {
    name: 'what was signed to sign in approves', breaks: ['C-17'], killer: passkey('C-17 a proof is for one hash'),
    changes: [{ file: CHALLENGES, find: ' && found.purpose === asked.purpose', put: '' }],
  },
  {
    name: 'a challenge never grows old', breaks: ['X-8'], killer: passkey('a challenge is good once'),
    changes: [{ file: CHALLENGES, find: ' && age < CHALLENGE_LASTS', put: '' }],
  },
  {
    name: 'a proof for another hash is accepted', breaks: ['C-17'], killer: passkey('C-17 a proof is for one hash'),
    changes: [{ file: 'src/rooms/people/proofs.ts', find: ' || found.proof.hash !== it.hash', put: '' }],
  },
  {
    name: 'the counter of a passkey may go back', breaks: ['X-8'], killer: passkey('a counter that went back'),
    changes: [{ file: FACTORS, find: '(counter !== 0 && counter <= (row.used ?? 0))', put: '(counter !== 0 && counter < 0)' }],
  },
  {
    name: 'a password alone puts a passkey beside the one that is there', breaks: ['C-17'], killer: passkey('a password alone puts no further factor'),
    changes: [{ file: 'src/engine/sign-in/entry.ts', find: '.some(({ at }) => at <= session.at) ? FACTOR_FIRST : session', put: '.some(({ at }) => at <= session.at && session.means === \'link\') ? FACTOR_FIRST : session' }],
  },
  {
    name: 'an address that the provider never verified counts', breaks: ['X-8'], killer: oidc('an address that is not verified'),
    changes: [{ file: OIDC, find: ' && verified === true', put: '' }],
  },
  {
    name: 'a sign-in ends in another browser than it began in', breaks: ['X-8'], killer: oidc('what was begun is ended once'),
    changes: [{ file: OIDC, find: ' && found.before === before', put: '' }],
  },
  {
    name: 'an address that was given to somebody new opens the account', breaks: ['C-17'], killer: oidc('an address that is given to somebody new'),
    changes: [{ file: OIDC, find: 'if (others.length > 0 || !people', put: 'if (!people' }],
  },
]

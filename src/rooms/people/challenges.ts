// Challenges: random bytes that a passkey is to sign, made and remembered here, never taken from whoever answers (the mistake of
// others). One is good once, for one purpose, for the session or browser that asked, for two minutes by the clock that nobody
// sets. An answer uses it up, whether it is right or not. In memory: a restart costs one more touch.
import { ageOf, seconds, stampOf, type Now, type Span, type Stamp } from '../../core/time.ts'
import type { Random } from '../../ports/world.ts'

/** As long as one may take to look at the phone. */
export const CHALLENGE_LASTS: Span = seconds(120)
const MOST_CHALLENGES = 10_000
/** So many of one session or browser at a time: two tabs, and some that were given up. */
const MOST_OF_ONE = 5

export interface Asked {
  /** What is answered by it: "register", "sign-in", "prove <hash>". */
  readonly purpose: string
  /** Who may answer: a session, a browser before its sign-in, a link. */
  readonly bound: string
}
interface Waiting extends Asked { readonly at: Stamp }
/** By the challenge, oldest first. */
export type Challenges = Map<string, Waiting>

/** A new challenge, in base64url. Too many make the oldest go, first those of the same asker. */
export function newChallenge(challenges: Challenges, random: Random, asked: Asked, now: Now): string {
  const own = [...challenges].filter(([, it]) => it.bound === asked.bound).map(([key]) => key)
  for (const old of own.slice(0, Math.max(0, own.length - MOST_OF_ONE + 1))) challenges.delete(old)
  const challenge = Buffer.from(random(32)).toString('base64url')
  challenges.set(challenge, { ...asked, at: stampOf(now) })
  for (const old of challenges.keys()) {
    if (challenges.size <= MOST_CHALLENGES) break
    challenges.delete(old)
  }
  return challenge
}

/** Uses it up. True when it was asked for this, by this one, and lately. */
export function takeChallenge(challenges: Challenges, challenge: string, asked: Asked, now: Now): boolean {
  const found = challenges.get(challenge)
  challenges.delete(challenge)
  const age = found && ageOf(found.at, now)
  return found !== undefined && age !== undefined && age < CHALLENGE_LASTS && found.purpose === asked.purpose && found.bound === asked.bound
}

// What every way in has in common: whose session it is now, how one is opened, how a refusal is recorded, how guessing is slowed.
// Whoever wants to change what an account hangs on does so in a recent session, and where they have a passkey or an authenticator,
// in one that was begun with it: a password alone, or an identity provider alone, never puts another factor beside the first.
import { rightsOf } from '../../core/authority/role.ts'
import { minutes, sayTime, type Now, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import { PASSKEY_ASKS, PER_ACCOUNT, PER_ADDRESS, giveBack, networkOf, takeTry } from '../../rooms/people/limits.ts'
import { loadFactors } from '../../rooms/people/rows.ts'
import { isStrong, isToTouch, look, open, touch, type Means, type Session } from '../../rooms/people/sessions.ts'
import type { Asker, DoneAnswer } from '../../views/answers.ts'
import type { From, SessionAnswer } from '../../views/people.ts'
import { no, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'

/** A session this young may change what the account hangs on; an older one signs in anew. */
const RECENT: Span = minutes(15)

export interface Asking { readonly by: string; readonly asker: Asker }
export type Call<Args> = (keeper: Keeper, args: Args, asking: Asking) => Answer | Promise<Answer>

export const done = (says: string): Answer => ok({ schema: 'holdfast.done/1', says } satisfies DoneAnswer)
export const SIGN_IN_AGAIN = no(401, 'HF430', 'This session has ended.', 'sign in again')
export const WRONG = no(401, 'HF432', 'That is not right.', 'look at the name, the password and the code; "holdfast people recover" on the machine helps whoever lost them')
const NOT_RECENT = no(403, 'HF433', 'This changes what your account hangs on: sign in again first.', `a session may do it in its first ${sayTime(RECENT)}`)
const FACTOR_FIRST = no(403, 'HF453', 'You have a passkey or an authenticator: this takes a session that was begun with it.', 'sign in with the passkey, or give the code of the authenticator; a recovery code or a link of an owner helps whoever lost both')

export const momentOf = (keeper: Keeper): { now: Now; lived: Span } => ({ now: keeper.now(), lived: keeper.lived() })
const strongIn = (keeper: Keeper) => (who: string): boolean => keeper.rooms.people.isStrong(keeper.store.sql, who)

/** Whose session this is, now. Its use is written down at most once a minute, without waiting for it. */
export function sessionIn(keeper: Keeper, given: string): Session | undefined {
  const moment = momentOf(keeper)
  const session = look(keeper.store.sql, given, strongIn(keeper), moment)
  if (!session || !keeper.rooms.people.isKnown(keeper.store.sql, session.person)) return undefined
  if (isToTouch(session, moment)) void keeper.engine.turn('session seen', (tx) => touch(tx, session.id, keeper.lived())).catch(() => undefined)
  return session
}

/** The same within a turn, after something was waited for. */
export const isStillIn = (keeper: Keeper, tx: Tx, given: string): boolean => look(tx.sql, given, strongIn(keeper), momentOf(keeper)) !== undefined

export function isRecent(keeper: Keeper, session: Session): boolean {
  const age = keeper.now().wall - session.at
  return age >= 0 && age < RECENT
}

/** Begun without what their roles want, whatever they have by now: they sign in again with it. A link alone opens nothing else. */
export const isIncomplete = (keeper: Keeper, session: Session): boolean =>
  session.means === 'link' || (keeper.rooms.people.isStrong(keeper.store.sql, session.person) && !isStrong(session.means))

export function describe(keeper: Keeper, session: Session): SessionAnswer {
  const roleList = keeper.rooms.people.rolesOf(keeper.store.sql, session.person)
  const incomplete = isIncomplete(keeper, session)
  return { schema: 'holdfast.session/1', id: session.id, person: session.person, roles: roleList, rights: incomplete ? [] : [...rightsOf(roleList)], incomplete, recent: isRecent(keeper, session) }
}

/** Whether this session may change what the account hangs on; the answer where it may not. */
export function recentIn(keeper: Keeper, given: string): Session | Answer {
  const session = sessionIn(keeper, given)
  if (!session) return SIGN_IN_AGAIN
  if (!isRecent(keeper, session)) return NOT_RECENT
  const withoutIt = session.means === 'oidc' || session.means === 'password'
  // One that was added in this very session was shown in it.
  return withoutIt && loadFactors(keeper.store.sql, session.person).some(({ at }) => at <= session.at) ? FACTOR_FIRST : session
}

/** Changes what an account hangs on. */
export async function inRecent(keeper: Keeper, given: string, act: (tx: Tx, session: Session) => Answer): Promise<Answer> {
  const session = recentIn(keeper, given)
  return 'status' in session ? session : keeper.engine.turn('account', (tx) => act(tx, session))
}

export const signInTurn = (keeper: Keeper, act: (tx: Tx) => Answer): Promise<Answer> => keeper.engine.turn('sign in', act)

export interface Entering { readonly person: string; readonly means: Means; readonly factor?: string; readonly from: From }

export function enter(tx: Tx, keeper: Keeper, it: Entering): Answer {
  // An owner of the configuration who comes in owns it: the first owner's link is good for nobody any more.
  keeper.rooms.people.settle(tx, it.person)
  const opened = open(tx, keeper.random, keeper.lived(), { person: it.person, means: it.means, ...(it.factor === undefined ? {} : { factor: it.factor }), agent: it.from.agent, origin: it.from.origin })
  return ok({ schema: 'holdfast.signed-in/1', person: it.person, session: opened.id, secret: opened.secret })
}

/** The same, after tries of this account were counted: that was no guess. */
export function entered(keeper: Keeper, tx: Tx, account: string, it: Entering): Answer {
  giveBack(keeper.signIns.buckets, `account ${account}`)
  return enter(tx, keeper, it)
}

export const refuse = (keeper: Keeper, who: string | undefined, why: string, { origin }: From, answer: Answer): Promise<Answer> =>
  keeper.engine.turn('sign-in refused', (tx) => keeper.rooms.people.refused(tx, { person: who, why, origin })).then(() => answer)

const late = (wait: Span): Answer => no(429, 'HF435', `Too many tries: the next one in ${sayTime(wait)}.`, 'a passkey needs none; links in pages go on working')

/** One more try of this account from this address; the answer where there is none left for now. */
export function slow(keeper: Keeper, who: string, origin: string): Answer | undefined {
  return slowAddress(keeper, origin) ?? take(keeper, `account ${who}`, PER_ACCOUNT)
}

/** The same for what guesses nothing, and yet costs us something. */
export const slowAddress = (keeper: Keeper, origin: string): Answer | undefined => take(keeper, `address ${networkOf(origin)}`, PER_ADDRESS)

/** A passkey is asked for however many passwords were guessed from there. */
export const slowPasskey = (keeper: Keeper, origin: string): Answer | undefined => take(keeper, `passkey ${networkOf(origin)}`, PASSKEY_ASKS)

function take(keeper: Keeper, key: string, allowance: typeof PER_ACCOUNT): Answer | undefined {
  const taken = takeTry(keeper.signIns.buckets, key, allowance, keeper.now())
  return taken.is === 'wait' ? late(taken.for) : undefined
}

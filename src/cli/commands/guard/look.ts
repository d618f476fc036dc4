// `holdfast backups look`: a set is listed in all its stores now, for whoever knows of a copy that came just now. Waits until each store was listed, or could not be, and then says how
// the sets stand.
import type { BackupsAnswer, BackupSetAnswer } from '../../../views/backups.ts'
import type { LookAnswer } from '../../../views/drills.ts'
import { EXIT, Failure } from '../../failure.ts'
import { plain } from '../../output.ts'
import { ask, segment, type Command, type Session } from '../../session.ts'
import { exitOf, placeRow } from '../backups.ts'

const PAUSE = 500
/** A listing may take an hour. */
const LONGEST = 2 * 3_600_000

/** Until each place of it was listed or could not be; says what it waits for, and that a store does not answer. */
async function listed(session: Session, asked: LookAnswer, until: number): Promise<LookAnswer> {
  let told = ''
  for (let look = asked; ; look = await ask<LookAnswer>(session, 'GET', `/backups/${segment(asked.set)}/look?look=${asked.look}`)) {
    if (look.look < asked.look) throw new Failure(`Holdfast started anew before ${asked.set} was listed.`, { exit: EXIT.down, code: 'HF-C043', help: 'ask again' })
    if (look.over) return look
    const waits = look.places.find(({ state }) => state === 'waiting' || state === 'listing')
    if (session.now() > until) throw new Failure(`${asked.set} in ${waits?.store ?? ''} is not listed yet${waits?.says ? `: ${plain(waits.says)}` : ''}.`, { exit: EXIT.down, code: 'HF-C043', help: `It goes on: holdfast backups show ${asked.set} says how it stands.` })
    // Why it waits changes by the second; what a listing says is said as it comes.
    const what = waits === undefined ? '' : `${waits.store} ${waits.state === 'waiting' ? 'waits' : waits.says}`
    if (waits && waits.says !== '' && what !== told) {
      told = what
      session.out.talk(`${asked.set} in ${waits.store}: ${plain(waits.says)}`)
    }
    await new Promise((resolve) => void setTimeout(resolve, PAUSE))
  }
}

const look: Command = async (session, [name], options) => {
  const { out } = session
  const until = session.now() + (session.timeout ?? LONGEST)
  const names = name === undefined ? (await ask<BackupsAnswer>(session, 'GET', '/backups')).sets.map(({ set }) => set) : [name]
  const asked: LookAnswer[] = []
  for (const set of names) asked.push(await ask<LookAnswer>(session, 'POST', `/backups/${segment(set)}/look`))
  const looks: LookAnswer[] = []
  if (options['wait'] !== false) for (const one of asked) looks.push(await listed(session, one, until))
  const body = name === undefined ? await ask<BackupsAnswer>(session, 'GET', '/backups') : await ask<BackupSetAnswer>(session, 'GET', `/backups/${segment(name)}`)
  const sets = 'sets' in body ? body.sets : [body]
  out.answer(body, () => {
    out.table(sets.flatMap((set) => set.places.map((place) => placeRow(session, set.set, place))), ['', 'Set', 'Store', 'State', 'Newest', 'Proven', 'Count', ''])
    if (options['wait'] === false) out.talk('They are listed as soon as may be; this is how they stood before.')
  })
  // What could not be listed is not known, however it stood before.
  return looks.some(({ places }) => places.some(({ state }) => state === 'not-listed')) ? EXIT.down : exitOf(sets)
}

export { look }

// What the guard states becomes incidents: a set of backups that is not as it should be, a clean-up that is refused or stopped, something that only a person
// ends. One cause is one incident (G-28); another cause, or a worse one, is told in it and reaches whoever has it.
import type { Entry } from '../../../core/ledger.ts'
import type { Room, Tx } from '../../../db/room.ts'
import { leave, leaveUnseen, resolve, type Lifecycle } from '../incidents.ts'
import { loadOpenBySubject, loadOpenWith } from '../rows.ts'
import { renamed, tell, type Finding } from './findings.ts'

/** What each statement of the guard does to incidents. */
export const fromGuard = (life: Lifecycle): NonNullable<Room['on']> => ({
  'guard.turned': (tx, entry) => considerBackup(tx, life, entry),
  'guard.missed': (tx, entry) => considerMissed(tx, life, entry),
  'guard.alarmed': (tx, entry) => considerAlarm(tx, life, entry),
  'guard.left': (tx, entry) => considerBackupLeft(tx, life, entry),
  'guard.caused': (tx, entry) => considerCaused(tx, life, entry),
  'guard.reconcileLeft': (tx, entry) => considerReconcileLeft(tx, life, entry),
})

/** How urgent what is wrong with a set is, and what its incident is called. */
const BACKUPS: Readonly<Record<string, readonly [number, string]>> = {
  missing: [4, 'no backup'], unreadable: [3, 'backup cannot be restored'], shrunken: [2, 'backup shrunken'], late: [1, 'backup late'], unproven: [1, 'backups unproven'], slow: [1, 'a restore takes too long'], unknown: [1, 'backups not known'],
}

/** A set of backups turned in one store: what it lies in belongs to one incident, under the check it is a copy of where that is down. */
function considerBackup(tx: Tx, life: Lifecycle, entry: Entry): void {
  const b = entry.body as { set: string; store: string; to: string; says: string; root: string; escalate: string; findings?: readonly { side: string; says: string }[] }
  const member = `backup:${b.set}@${b.store}`
  if (b.to === 'ok') return leaveWell(tx, life, member, 'a good copy was seen')
  const findings = (b.findings ?? [{ side: b.to, says: b.says }]).map(({ side, says }): Finding => {
    const [weight, called] = BACKUPS[side] ?? [1, side]
    return { cause: side, weight, title: `${b.set}: ${called}`, says: `in ${b.store}: ${says}` }
  })
  tell(tx, life, { subject: `backup:${b.set}`, member, findings, escalate: b.escalate, ...(b.root === '' ? {} : { root: b.root }) })
}

/** Copies went away that nobody took by a rule: told with whatever else is wrong with the set, until they are back or a person says that it was meant. */
function considerMissed(tx: Tx, life: Lifecycle, entry: Entry): void {
  const { set, store, to, says, key, escalate } = entry.body as { set: string; store: string; to: string; says: string; key: string; escalate: string }
  const member = missedOf(set, store)
  if (to === 'over') return leaveWell(tx, life, member, says)
  tell(tx, life, { subject: `backup:${set}`, member, findings: [{ cause: `vanished ${key}`, weight: 3, title: `${set}: backups vanished`, says: `in ${store}: ${says}` }], escalate })
}

/** `vanished:` and not `backup:`, so that a person may end it. */
const missedOf = (set: string, store: string): string => `vanished:${set}@${store}`

/** Somebody has to look: one subject, one incident. It ends by what is seen later where the guard says by which name, or with the configuration; else only a person ends it. */
function considerAlarm(tx: Tx, life: Lifecycle, entry: Entry): void {
  const { subject, title, says, escalate = 'default', cause = plain(says), weight = 2, member, to, by } = entry.body as { subject: string; title: string; says: string; escalate?: string; cause?: string; weight?: number; member?: string; to?: 'over'; by?: string }
  if (member !== undefined && to === 'over') {
    endNameless(tx, life, member)
    return by === undefined ? leaveWell(tx, life, member, says) : leaveUnseen(tx, life, member, '', says, by)
  }
  tell(tx, life, { subject, ...(member === undefined ? {} : { member }), findings: [{ cause, weight, title, says }], escalate })
}

/** An older Holdfast opened incidents of the same subject with nothing in them that could leave: what is over is over of them too. */
function endNameless(tx: Tx, life: Lifecycle, subject: string): void {
  const row = loadOpenBySubject(tx.sql, subject)
  if (row?.members === '[]') resolve(tx, life, row)
}

/** The same but for its figures is the same cause. */
const plain = (says: string): string => says.replaceAll(/\d+/g, '#').slice(0, 200)

const CAUSES: Readonly<Record<string, readonly [number, string]>> = { refused: [1, 'clean-up refused'], breaker: [3, 'breaker open'], gap: [2, 'objects missing'], gone: [4, 'locked objects gone'] }

/** A cause for which a clean-up touches nothing, or is stopped: one incident for each, under the check of its database where that is down. */
function considerCaused(tx: Tx, life: Lifecycle, entry: Entry): void {
  const { reconcile, cause, to, says, root, escalate, because = [] } = entry.body as { reconcile: string; cause: string; to: string; says: string; root: string; escalate: string; because?: readonly string[] }
  const member = `reconcile:${reconcile}@${cause}`
  if (to === 'over') return leaveWell(tx, life, member, says)
  const [weight, called] = CAUSES[cause] ?? [1, cause]
  const title = `${reconcile}: ${called}`
  const findings = because.length === 0 ? [{ cause, weight, title, says }] : because.map((why) => ({ cause: `${cause} ${why}`, weight, title, says }))
  tell(tx, life, { subject: `reconcile:${reconcile}/${cause}`, member, findings, escalate, ...(root === '' ? {} : { root }) })
}

/** It was taken out of the configuration. */
function considerReconcileLeft(tx: Tx, life: Lifecycle, entry: Entry): void {
  const { reconcile } = entry.body as { reconcile: string }
  for (const cause of Object.keys(CAUSES)) leaveUnseen(tx, life, `reconcile:${reconcile}@${cause}`, reconcile, 'was taken out of the configuration', 'the configuration')
}

/** It was taken out of the configuration. */
function considerBackupLeft(tx: Tx, life: Lifecycle, entry: Entry): void {
  const { set, store } = entry.body as { set: string; store: string }
  leaveUnseen(tx, life, `backup:${set}@${store}`, `${set} in ${store}`, 'was taken out of the configuration', 'the configuration')
  for (const member of [missedOf(set, store), `retention:${set}@${store}`, `latched:keep:${set}@${store}`]) leaveUnseen(tx, life, member, `${set} in ${store}`, 'was taken out of the configuration', 'the configuration')
}

function leaveWell(tx: Tx, life: Lifecycle, member: string, says: string): void {
  const from = loadOpenWith(tx.sql, member)
  leave(tx, life, member, says, from)
  for (const { id } of from) renamed(tx, life, id)
}

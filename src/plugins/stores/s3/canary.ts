// What an S3 really does, tried out on canaries of one's own: every act that the guard relies on is done to an object that nobody needs,
// and what came of it is looked at, not what was said of it. A store that takes a lock and then deletes, ignores a condition, or deletes
// without a marker is found out here, before anything else of it is touched. Everything stays beneath the reserved prefix.
import { createHash } from 'node:crypto'
import { coded, sentence } from '../../../core/fault.ts'
import type { Found } from '../../../core/evidence.ts'
import { sayTime, ms, type Instant } from '../../../core/time.ts'
import { MOST_ITEMS, MOST_SKEW, OWN_PREFIX, type Headed, type Probed, type StoreClock, type StoreContext } from '../../../ports/store.ts'
import { clockFrom } from '../../../ports/store/listing.ts'
import { head, versioning } from './look.ts'
import { readPage } from './pages.ts'
import type { Ask, Told, Wire } from './wire.ts'

const CANARIES = `${OWN_PREFIX}canary/`
/** A canary that another run may still need is younger than this. */
const YOUNG = 3_600_000
const LOCKED_FOR = 60_000

interface Cage {
  readonly wire: Wire
  readonly signal: AbortSignal
  readonly name: string
  ask(it: Ask & { readonly key: string }): Promise<Told>
}

const pass: Found = { is: 'pass' }
const fail = (says: string): Found => ({ is: 'fail', says })
const unknown = (says: string): Found => ({ is: 'unknown', says })

export async function tryOut(wire: Wire, reader: Wire | undefined, { now, random }: Pick<StoreContext, 'now' | 'random'>, signal: AbortSignal): Promise<Probed> {
  const cage: Cage = {
    wire, signal, name: `${CANARIES}${Buffer.from(random(16)).toString('hex')}`,
    ask(it) {
      if (!it.key.startsWith(CANARIES)) throw coded('EINVAL', 'only canaries are tried out', 'never')
      return wire.ask(it, signal)
    },
  }
  await sweep(cage, undefined)
  const before = now().wall
  const first = await put(cage, cage.name, 'one')
  const after = now().wall
  const clock = await clockOf(cage, before, after)
  try {
    const found = { ...(await aside(cage, first)), ...(await locks(cage, clock)), read_only: await readOnly(cage, reader), clock: judged(clock) }
    return { clock, capabilities: found }
  } finally {
    await sweep(cage, cage.name)
  }
}

async function put(cage: Cage, key: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
  const told = await cage.ask({ method: 'PUT', key, body, headers: { 'content-type': 'text/plain', 'content-md5': createHash('md5').update(body).digest('base64'), ...headers } })
  if (told.status >= 300 && Object.keys(headers).length === 0) throw cage.wire.faultOf(told, 'a canary, by which it is found out what it does (s3:PutObject below .holdfast/)')
  return told
}

/** By the time that it gave to something just written: the same clock by which it dates backups. */
async function clockOf(cage: Cage, before: Instant, after: Instant): Promise<StoreClock> {
  const found = await head(cage.wire, { key: cage.name }, cage.signal)
  return found.is === 'version' ? clockFrom(found.modifiedAt, 1000, before, after) : { is: 'unknown', says: 'what was just written has no date' }
}

function judged(clock: StoreClock): Found {
  if (clock.is === 'unknown') return unknown(clock.says)
  const { least, most } = clock.ahead
  if (least > MOST_SKEW || most < -MOST_SKEW) return fail(`its clock is ${sayTime(ms(least > 0 ? least : Math.abs(most)))} ${least > 0 ? 'ahead of' : 'behind'} ours: set the clocks right; until then nothing is deleted`)
  return least < -MOST_SKEW || most > MOST_SKEW ? unknown('its clock could not be read closely enough') : pass
}

const textAt = async (cage: Cage, versionId: string): Promise<string> => (await cage.ask({ method: 'GET', key: cage.name, query: { versionId } })).body.toString('utf8')

/** Versions, conditional delete, the delete marker and its removal, a purge by version: one after another on one canary. */
async function aside(cage: Cage, first: Told): Promise<Record<'versions' | 'sets_aside' | 'brings_back' | 'conditional_delete' | 'purges', Found>> {
  const state = await versioning(cage.wire, cage.signal)
  const second = await put(cage, cage.name, 'two')
  const conditional_delete = await conditional(cage)
  const [one, two] = [first.headers['x-amz-version-id'], second.headers['x-amz-version-id']]
  const none = fail('it keeps no versions: nothing can be set aside, so it is only reported on; enable versioning')
  if (state !== 'enabled' || one === undefined || two === undefined) return { versions: none, sets_aside: none, brings_back: none, purges: none, conditional_delete }
  const kept = one !== two && (await textAt(cage, one)) === 'one' && (await textAt(cage, two)) === 'two'
  if (!kept) {
    const wrong = fail('it says that it keeps versions, and what was overwritten is not there')
    return { versions: wrong, sets_aside: wrong, brings_back: wrong, purges: wrong, conditional_delete }
  }
  const gone = await cage.ask({ method: 'DELETE', key: cage.name })
  const marker = gone.headers['x-amz-version-id']
  const hidden = await look(cage)
  const sets_aside = gone.headers['x-amz-delete-marker'] !== 'true' || marker === undefined ? fail('it deletes without a delete marker: what is deleted is gone')
    : (await textAt(cage, two)) !== 'two' ? fail('beneath its delete marker the version is gone')
      : hidden.is !== 'absent' ? fail('it leaves a delete marker, and the object is still seen') : pass
  if (sets_aside.is !== 'pass' || marker === undefined) return { versions: pass, sets_aside, brings_back: sets_aside, purges: sets_aside, conditional_delete }
  await cage.ask({ method: 'DELETE', key: cage.name, query: { versionId: marker } })
  const back = await look(cage)
  const brings_back = back.is === 'version' && back.versionId === two ? pass : fail('the delete marker was removed, and the object did not come back')
  await cage.ask({ method: 'DELETE', key: cage.name, query: { versionId: one } })
  const purges = (await textAt(cage, one)) !== 'one' && (await textAt(cage, two)) === 'two' ? pass : fail('told to remove one version it removed another, or none')
  return { versions: pass, sets_aside, brings_back, purges, conditional_delete }
}

const look = (cage: Cage): Promise<Headed> => head(cage.wire, { key: cage.name }, cage.signal)

async function conditional(cage: Cage): Promise<Found> {
  const told = await cage.ask({ method: 'DELETE', key: cage.name, headers: { 'if-match': '"00000000000000000000000000000000"' } })
  const found = await look(cage)
  if (found.is === 'absent') {
    const marker = told.headers['x-amz-version-id']
    if (marker !== undefined && told.headers['x-amz-delete-marker'] === 'true') await cage.ask({ method: 'DELETE', key: cage.name, query: { versionId: marker } })
    else await put(cage, cage.name, 'two')
    return fail('it ignores conditions: told to delete only a certain version it deleted another; it is looked at before and after instead')
  }
  if (found.is !== 'version') return unknown(found.says)
  return told.status === 412 ? pass : fail(`it refuses deletes with a condition (${told.status}${told.code === '' ? '' : ` ${told.code}`})`)
}

/** A lock that is accepted must be kept: the delete of a locked canary has to be refused. */
async function locks(cage: Cage, clock: StoreClock): Promise<Record<'lock' | 'hold', Found>> {
  if (clock.is === 'unknown') return { lock: unknown(clock.says), hold: unknown(clock.says) }
  // By its own clock: it would refuse a lock that ends in what it takes for the past.
  const until = new Date(clock.at + LOCKED_FOR).toISOString()
  const lock = await refusesToDelete(cage, `${cage.name}.locked`, { 'x-amz-object-lock-mode': 'COMPLIANCE', 'x-amz-object-lock-retain-until-date': until })
  const held = `${cage.name}.held`
  const hold = await refusesToDelete(cage, held, { 'x-amz-object-lock-legal-hold': 'ON' })
  return { lock, hold }
}

async function refusesToDelete(cage: Cage, key: string, headers: Readonly<Record<string, string>>): Promise<Found> {
  const told = await put(cage, key, 'locked', headers)
  if (told.status >= 500) return unknown(`it did not take a locked canary (${told.status})`)
  if (told.status >= 300) return fail(`it does not lock (${told.status} ${told.code}): make the bucket with Object Lock`)
  const versionId = told.headers['x-amz-version-id']
  if (versionId === undefined) return fail('it takes a lock on what has no version: that locks nothing')
  const gone = await cage.ask({ method: 'DELETE', key, query: { versionId } })
  const found = await head(cage.wire, { key, versionId }, cage.signal)
  if (headers['x-amz-object-lock-legal-hold'] === 'ON' && found.is === 'version') {
    const off = '<LegalHold xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>OFF</Status></LegalHold>'
    await cage.ask({ method: 'PUT', key, query: { 'legal-hold': '', versionId }, body: off, headers: { 'content-md5': createHash('md5').update(off).digest('base64') } })
  }
  if (found.is === 'absent') return fail('it accepted a lock and then deleted what was locked: its locks protect nothing')
  if (found.is !== 'version') return unknown(found.says)
  return gone.status === 403 ? pass : fail(`it did not delete what was locked, and did not say why (${gone.status})`)
}

/** The credential that judges must not be able to delete (G-15): it is tried, on a canary. */
async function readOnly(cage: Cage, reader: Wire | undefined): Promise<Found> {
  if (!reader) return unknown('the credential that reads is not known here')
  const found = await look(cage)
  if (found.is !== 'version') return unknown('the canary is not there')
  try {
    const gone = await reader.ask({ method: 'DELETE', key: cage.name, query: found.versionId === undefined ? {} : { versionId: found.versionId } }, cage.signal)
    const wrote = await reader.ask({ method: 'PUT', key: `${cage.name}.read`, body: 'x', headers: { 'content-type': 'text/plain' } }, cage.signal)
    if ((await look(cage)).is === 'absent' || gone.status < 300) return fail('the credential that reads can delete: give it the rights to list and to read, and no others')
    if (wrote.status < 300) return fail('the credential that reads can write: give it the rights to list and to read, and no others')
    return gone.status === 403 && wrote.status === 403 ? pass : unknown(`it answered ${gone.status} to a delete with the credential that reads`)
  } catch (cause) {
    return unknown(sentence(cause))
  }
}

/** Removes canaries: of this run, or of runs long past. What is locked stays until it is not. */
async function sweep(cage: Cage, name: string | undefined): Promise<void> {
  const prefix = name ?? CANARIES
  const state = await versioning(cage.wire, cage.signal)
  const told = await cage.wire.ask({ method: 'GET', query: state === 'off' ? { 'list-type': '2', 'max-keys': String(MOST_ITEMS), prefix } : { versions: '', 'max-keys': String(MOST_ITEMS), prefix } }, cage.signal)
  if (told.status !== 200) throw cage.wire.faultOf(told, 'the listing of canaries')
  for (const item of readPage(told.body, { bucket: cage.wire.bucket, prefix, most: MOST_ITEMS }).items) {
    if (item.is === 'odd') continue
    if (name === undefined && (told.at === undefined || told.at - item.modifiedAt < YOUNG)) continue
    await cage.ask({ method: 'DELETE', key: item.key, query: item.versionId === undefined ? {} : { versionId: item.versionId } })
  }
}


// The half of an S3 that looks: nothing but GET and HEAD leaves here. A bucket whose versioning is on, or was, is listed by versions, so that
// delete markers and what lies beneath them are seen. Where a credential may not see something, that is unknown, never absent or free.
import { coded, Fault } from '../../../core/fault.ts'
import { days, type Instant } from '../../../core/time.ts'
import { createHash } from 'node:crypto'
import { MOST_CHUNK, MOST_ITEMS, type Chunk, type Declared, type Headed, type Keeps, type Lock, type Page, type PageWant, type Place, type Reading, type ReadWant, type StoreContext, type Tags } from '../../../ports/store.ts'
import { sayKey } from '../../../ports/store/key.ts'
import { clockFrom } from '../../../ports/store/listing.ts'
import { bare, queryOf, readPage, readUploads } from './pages.ts'
import { dateOf, isoOf, type Told, type Wire } from './wire.ts'
import { readXml, textIn } from './xml.ts'

export const at = ({ versionId }: Place): Record<string, string> => (versionId === undefined ? {} : { versionId })

export function createLook(wire: Wire, { now }: Pick<StoreContext, 'now'>): Reading {
  return {
    async identify(signal) {
      const told = await wire.ask({ method: 'HEAD' }, signal)
      // An answer to HEAD has no body: what must be asked anyway says why, or that only HEAD is not allowed.
      if (told.status !== 200) await versioning(wire, signal)
      return { kind: 's3', id: createHash('sha256').update(JSON.stringify(['s3', wire.host, wire.bucket])).digest('hex'), says: `the bucket ${wire.bucket} at ${wire.host}` }
    },
    declared: (signal) => declared(wire, signal),
    async clock(signal) {
      const before = now().wall
      const { at: said } = await wire.ask({ method: 'HEAD' }, signal)
      return said === undefined ? { is: 'unknown', says: `${wire.host} does not say what time it is` } : clockFrom(said, 1000, before, now().wall)
    },
    page: (want, signal) => page(wire, want, signal),
    async uploads({ prefix, cursor }, signal) {
      const [key, id] = cursor === undefined ? [] : (JSON.parse(cursor) as string[])
      const told = await wire.ask({ method: 'GET', query: { uploads: '', prefix, 'max-uploads': String(MOST_ITEMS), ...(key !== undefined && { 'key-marker': key }), ...(id !== undefined && id !== '' && { 'upload-id-marker': id }) } }, signal)
      if (told.status !== 200) throw wire.faultOf(told, 'the listing of uploads')
      return readUploads(told.body, { bucket: wire.bucket, prefix })
    },
    head: (place, signal) => head(wire, place, signal),
    read: (want, signal) => read(wire, want, signal),
    lock: (place, signal) => lockOf(wire, place, signal),
    tags: (place, signal) => tagsOf(wire, place, signal),
  }
}

async function page(wire: Wire, want: PageWant, signal: AbortSignal): Promise<Page> {
  const most = Math.min(want.most, MOST_ITEMS)
  const versions = want.cursor === undefined && (await versioning(wire, signal)) !== 'off'
  const told = await wire.ask({ method: 'GET', query: queryOf({ ...want, most }, versions) }, signal)
  if (told.status !== 200) throw wire.faultOf(told, 'the listing')
  const length = told.headers['content-length']
  if (length !== undefined && Number(length) !== told.body.length) throw new Fault(`${wire.host} broke off in the middle of a page`, 'later')
  return readPage(told.body, { bucket: wire.bucket, prefix: want.prefix, most })
}

export async function versioning(wire: Wire, signal: AbortSignal): Promise<'enabled' | 'suspended' | 'off'> {
  const told = await wire.ask({ method: 'GET', query: { versioning: '' } }, signal)
  if (isMissing(told, 'NotImplemented')) return 'off'
  if (told.status !== 200) throw wire.faultOf(told, 'to say whether it keeps versions (s3:GetBucketVersioning)')
  const status = textIn(readXml(told.body, ['VersioningConfiguration']), 'Status')
  if (status === undefined || status === '') return 'off'
  if (status === 'Enabled') return 'enabled'
  if (status === 'Suspended') return 'suspended'
  throw new Fault(`${wire.host} says that versioning is “${status.slice(0, 20)}”, which is none of its states`, 'never')
}

const isMissing = ({ status, code }: Told, ...codes: readonly string[]): boolean => status >= 400 && codes.includes(code)

async function declared(wire: Wire, signal: AbortSignal): Promise<Declared> {
  return { versioning: await versioning(wire, signal), lock: await locking(wire, signal), noncurrent: await lifecycle(wire, signal) }
}

async function locking(wire: Wire, signal: AbortSignal): Promise<Declared['lock']> {
  const told = await wire.ask({ method: 'GET', query: { 'object-lock': '' } }, signal)
  if (isMissing(told, 'ObjectLockConfigurationNotFoundError', 'NotImplemented')) return 'off'
  if (told.status >= 500) throw wire.faultOf(told, 'to say whether it locks')
  if (told.status !== 200) return 'unknown'
  return textIn(readXml(told.body, ['ObjectLockConfiguration']), 'ObjectLockEnabled') === 'Enabled' ? 'enabled' : 'off'
}

/** The shortest that any rule in force keeps what is no longer current; whose prefix it has is left aside, on the safe side. */
async function lifecycle(wire: Wire, signal: AbortSignal): Promise<Keeps> {
  const told = await wire.ask({ method: 'GET', query: { lifecycle: '' } }, signal)
  if (isMissing(told, 'NoSuchLifecycleConfiguration', 'NotImplemented')) return { is: 'for ever' }
  if (told.status >= 500) throw wire.faultOf(told, 'to show its lifecycle')
  if (told.status !== 200) return { is: 'unknown', says: wire.faultOf(told, 'to show its lifecycle (s3:GetLifecycleConfiguration)').message }
  let shortest: number | undefined
  for (const rule of readXml(told.body, ['LifecycleConfiguration']).children) {
    if (rule.name !== 'Rule' || textIn(rule, 'Status') === 'Disabled') continue
    for (const part of rule.children) {
      if (part.name !== 'NoncurrentVersionExpiration') continue
      const said = textIn(part, 'NoncurrentDays') ?? ''
      if (!/^\d{1,6}$/.test(said)) return { is: 'unknown', says: 'a rule of its lifecycle removes old versions after a time that cannot be read' }
      shortest = Math.min(shortest ?? Number(said), Number(said))
    }
  }
  return shortest === undefined ? { is: 'for ever' } : { is: 'for', span: days(shortest) }
}

/** `latest` is true only where no version was asked for. */
export async function head(wire: Wire, place: Place, signal: AbortSignal): Promise<Headed> {
  const { status, headers } = await wire.ask({ method: 'HEAD', key: place.key, query: at(place) }, signal)
  if (status === 404 || status === 405) return { is: 'absent', marker: headers['x-amz-delete-marker'] === 'true' }
  if (status >= 500 || status === 429) throw wire.faultOf({ status, headers, body: Buffer.alloc(0), code: '', at: undefined }, `a look at “${sayKey(place.key)}”`)
  if (status !== 200) return { is: 'unknown', says: `${wire.host} does not show “${sayKey(place.key)}” (${status})` }
  const modifiedAt = dateOf(headers['last-modified'])
  const bytes = headers['content-length'] ?? ''
  const etag = headers['etag']
  if (modifiedAt === undefined || etag === undefined || !/^\d{1,16}$/.test(bytes)) return { is: 'unknown', says: `${wire.host} shows “${sayKey(place.key)}” without its date, size or etag` }
  const versionId = headers['x-amz-version-id'] ?? place.versionId
  if (place.versionId !== undefined && versionId !== place.versionId) return { is: 'unknown', says: `${wire.host} shows another version of “${sayKey(place.key)}” than was asked for` }
  return { is: 'version', key: place.key, ...(versionId !== undefined && { versionId }), latest: place.versionId === undefined, etag: bare(etag), bytes: Number(bytes), modifiedAt, ...md5Of(bare(etag), headers) }
}

/** An etag is the MD5 of the bytes unless they came in parts, or are encrypted with a key of their own (S3's reference, “Object”, ETag). */
const md5Of = (etag: string, headers: Told['headers']): { readonly md5?: string } =>
  /^[0-9a-f]{32}$/.test(etag) && ['AES256', undefined].includes(headers['x-amz-server-side-encryption']) && headers['x-amz-server-side-encryption-customer-algorithm'] === undefined ? { md5: etag } : {}

async function read(wire: Wire, want: ReadWant, signal: AbortSignal): Promise<Chunk> {
  const { key, etag, from, bytes } = want
  if (!(bytes > 0 && bytes <= MOST_CHUNK && from >= 0)) throw new Fault(`a range has 1 to ${MOST_CHUNK} bytes`, 'never')
  const told = await wire.ask({ method: 'GET', key, query: at(want), headers: { range: `bytes=${from}-${from + bytes - 1}`, 'if-match': `"${etag}"` }, mostBytes: Math.max(bytes, 64 * 1024) }, signal)
  if (told.status === 412) return { is: 'changed', says: `“${sayKey(key)}” was written since it was listed` }
  if (told.status === 404 || told.status === 405) return { is: 'absent', says: `“${sayKey(key)}” is not there` }
  if (told.status === 416) return { is: 'read', bytes: Buffer.alloc(0) }
  if (told.status !== 206 && told.status !== 200) throw wire.faultOf(told, `to give “${sayKey(key)}”`)
  if (bare(told.headers['etag'] ?? '') !== etag) return { is: 'changed', says: `“${sayKey(key)}” was written since it was listed` }
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(told.headers['content-range'] ?? '')
  const [first, last, size] = told.status === 200 ? [0, told.body.length - 1, told.body.length] : (range?.slice(1).map(Number) ?? [])
  const until = Math.min(from + bytes, size ?? -1) - 1
  if (first !== from || last !== until || told.body.length !== until - from + 1) throw coded('ERANGE', `${wire.host} gave other bytes of “${sayKey(key)}” than were asked for`, 'later')
  return { is: 'read', bytes: told.body }
}

/** Whether the store itself protects a version; what cannot be read is unknown. */
export async function lockOf(wire: Wire, place: Place, signal: AbortSignal): Promise<Lock> {
  const kept = await locking(wire, signal)
  if (kept === 'off') return { is: 'free' }
  const unknown = (told: Told): Lock => ({ is: 'unknown', says: wire.faultOf(told, `to say whether “${sayKey(place.key)}” is locked`).message })
  const retention = await wire.ask({ method: 'GET', key: place.key, query: { retention: '', ...at(place) } }, signal)
  const hold = await wire.ask({ method: 'GET', key: place.key, query: { 'legal-hold': '', ...at(place) } }, signal)
  const held = heldBy(hold)
  const until = retainedBy(retention)
  const retained = typeof until === 'number' && (retention.at === undefined || until > retention.at) ? { until, ...(isSealed(retention) && { sealed: true as const }) } : undefined
  if (held === true) return { is: 'locked', hold: true, ...retained, says: 'it is under legal hold' }
  if (retained) return { is: 'locked', hold: false, ...retained, says: `it is locked until ${new Date(retained.until).toISOString()}` }
  if (until === 'unknown') return unknown(retention)
  if (held === 'unknown' || kept === 'unknown') return unknown(hold)
  return { is: 'free' }
}

/** A gateway that knows no tags has none to show. */
async function tagsOf(wire: Wire, place: Place, signal: AbortSignal): Promise<Tags> {
  const told = await wire.ask({ method: 'GET', key: place.key, query: { tagging: '', ...at(place) } }, signal)
  if (isMissing(told, 'NotImplemented', 'NoSuchTagSet')) return { is: 'read', tags: [] }
  if (told.status !== 200) return { is: 'unknown', says: wire.faultOf(told, `to say how “${sayKey(place.key)}” is tagged (s3:GetObjectTagging)`).message }
  const sets = readXml(told.body, ['Tagging']).children.filter(({ name }) => name === 'TagSet')
  const tags = sets.flatMap((set) => set.children.filter(({ name }) => name === 'Tag').flatMap((tag) => [textIn(tag, 'Key') ?? '', `${textIn(tag, 'Key') ?? ''}:${textIn(tag, 'Value') ?? ''}`]))
  return { is: 'read', tags }
}

const NO_LOCK = ['NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError']

function retainedBy(told: Told): Instant | 'unknown' | undefined {
  if (isMissing(told, ...NO_LOCK)) return undefined
  if (told.status !== 200) return 'unknown'
  return isoOf(textIn(readXml(told.body, ['Retention']), 'RetainUntilDate')) ?? 'unknown'
}

/** Governance mode is lifted by whoever may bypass it (s3:BypassGovernanceRetention). */
const isSealed = (told: Told): boolean => textIn(readXml(told.body, ['Retention']), 'Mode') === 'COMPLIANCE'

function heldBy(told: Told): boolean | 'unknown' {
  if (isMissing(told, ...NO_LOCK)) return false
  if (told.status !== 200) return 'unknown'
  const status = textIn(readXml(told.body, ['LegalHold']), 'Status')
  return status === 'ON' ? true : status === 'OFF' ? false : 'unknown'
}

// Pages of listings as S3 writes them, read strictly: what must be there is there, what was asked for is what is answered, and an
// entry without a size or a date ends the listing instead of being guessed at.
import type { Listed, Page, PageWant, Upload, UploadPage } from '../../../ports/store.ts'
import { oddKey, sayKey } from '../../../ports/store/key.ts'
import { unsound } from '../../../ports/store/listing.ts'
import { readXml, textIn, type Element } from './xml.ts'
import { isoOf } from './wire.ts'

/** Where a listing goes on: by versions, or by objects where the bucket keeps none. */
type Cursor = { readonly by: 'versions'; readonly key: string; readonly version: string } | { readonly by: 'objects'; readonly token: string }

export function readCursor(text: string): Cursor {
  const [by, a, b] = JSON.parse(text) as readonly string[]
  if (by === 'versions' && a !== undefined && b !== undefined) return { by, key: a, version: b }
  if (by === 'objects' && a !== undefined) return { by, token: a }
  throw unsound('the place where it should go on cannot be read')
}

/** What a listing is asked for. The entries' names come as they are: an address' encoding would leave open what a plus is. */
export function queryOf({ prefix, cursor, after, afterVersion, most }: PageWant, versions: boolean): Record<string, string> {
  const at = cursor === undefined ? undefined : readCursor(cursor)
  const count = { 'max-keys': String(most), prefix }
  if (at ? at.by === 'versions' : versions) {
    const key = at?.by === 'versions' ? at.key : after
    const version = at?.by === 'versions' ? at.version : afterVersion
    return { versions: '', ...count, ...(key !== undefined && { 'key-marker': key }), ...(version !== undefined && version !== '' && { 'version-id-marker': version }) }
  }
  return { 'list-type': '2', ...count, ...(at?.by === 'objects' ? { 'continuation-token': at.token } : after !== undefined && { 'start-after': after }) }
}

const VERSIONS = 'ListVersionsResult'

/** Reads an answer to it. */
export function readPage(body: Buffer, { bucket, prefix, most }: { bucket: string; prefix: string; most: number }): Page {
  const items: Listed[] = []
  // Entry by entry, so that a page is never there as a tree: a thousand of them would outlive what is made to be forgotten.
  const root = readXml(body, [VERSIONS, 'ListBucketResult'], (child, name) => {
    if (child.name === 'CommonPrefixes') throw unsound('it folds names together that were asked for one by one')
    if (child.name === 'Version' || child.name === 'Contents') items.push(versionOf(child, name === VERSIONS))
    else if (child.name === 'DeleteMarker') items.push(markerOf(child))
    else return false
    return true
  })
  const versions = root.name === VERSIONS
  answers(root, bucket, prefix)
  const said = textIn(root, 'KeyCount')
  if (said !== undefined && Number(said) !== items.length) throw unsound(`a page says that it holds ${said.slice(0, 12)} entries and holds ${items.length}`)
  if (items.length > most) throw unsound(`a page holds ${items.length} entries where at most ${most} were asked for`)
  if (!isTruncated(root)) return { items }
  if (versions) return { items, next: JSON.stringify(['versions', wanted(root, 'NextKeyMarker'), textIn(root, 'NextVersionIdMarker') ?? '']) }
  return { items, next: JSON.stringify(['objects', wanted(root, 'NextContinuationToken')]) }
}

export function readUploads(body: Buffer, { bucket, prefix }: { bucket: string; prefix: string }): UploadPage {
  const root = readXml(body, ['ListMultipartUploadsResult'])
  answers(root, bucket, prefix)
  const uploads = root.children.filter(({ name }) => name === 'Upload').map((child): Upload => ({ key: wanted(child, 'Key'), id: wanted(child, 'UploadId'), startedAt: dated(child, 'Initiated') }))
  return { uploads, ...(isTruncated(root) && { next: JSON.stringify([wanted(root, 'NextKeyMarker'), textIn(root, 'NextUploadIdMarker') ?? '']) }) }
}

/** It is an answer to what was asked: of this bucket, and of this prefix. */
function answers(root: Element, bucket: string, prefix: string): void {
  const name = textIn(root, 'Name') ?? textIn(root, 'Bucket')
  if (name !== bucket) throw unsound(`it is a listing of bucket “${sayKey(name ?? '')}” where ${bucket} was asked for`)
  const said = textIn(root, 'Prefix') ?? ''
  if (said !== prefix) throw unsound(`it is a listing of “${sayKey(said)}” where “${sayKey(prefix)}” was asked for`)
}

function isTruncated(root: Element): boolean {
  const said = textIn(root, 'IsTruncated')
  if (said !== 'true' && said !== 'false') throw unsound('a page does not say whether more follows')
  return said === 'true'
}

function versionOf(element: Element, versions: boolean): Listed {
  const key = wanted(element, 'Key')
  const modifiedAt = dated(element, 'LastModified')
  const bytes = wanted(element, 'Size')
  const etag = bare(wanted(element, 'ETag'))
  if (!/^\d{1,16}$/.test(bytes)) throw unsound(`“${sayKey(key)}” has a size that is none`)
  const odd = oddKey(key)
  if (odd !== undefined) return { is: 'odd', key: sayKey(key), why: odd }
  if (!versions) return { is: 'version', key, latest: true, etag, bytes: Number(bytes), modifiedAt }
  return { is: 'version', key, versionId: wanted(element, 'VersionId'), latest: isLatest(element), etag, bytes: Number(bytes), modifiedAt }
}

function markerOf(element: Element): Listed {
  const key = wanted(element, 'Key')
  const odd = oddKey(key)
  if (odd !== undefined) return { is: 'odd', key: sayKey(key), why: odd }
  return { is: 'marker', key, versionId: wanted(element, 'VersionId'), latest: isLatest(element), modifiedAt: dated(element, 'LastModified') }
}

function isLatest(element: Element): boolean {
  const said = wanted(element, 'IsLatest')
  if (said !== 'true' && said !== 'false') throw unsound('an entry does not say whether it is the newest')
  return said === 'true'
}

export const bare = (etag: string): string => (etag.length > 1 && etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag)

function wanted(element: Element, name: string): string {
  const text = textIn(element, name)
  if (text === undefined || text === '') throw unsound(`a <${element.name}> has no <${name}>`)
  return text
}

function dated(element: Element, name: string): ReturnType<typeof isoOf> & number {
  const at = isoOf(wanted(element, name))
  if (at === undefined) throw unsound(`a <${element.name}> has a <${name}> that is no date`)
  return at
}

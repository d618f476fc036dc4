// An S3 for tests, after AWS's API reference: versions, delete markers, Object Lock, legal holds, conditional deletes, listings of versions,
// objects and uploads, signatures in headers and in addresses, checked by code of its own. It can be told to lie in one of the
// ways in which stores have lied. It keeps everything in memory and dies with its test.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface Kept {
  readonly versionId: string
  readonly marker: boolean
  readonly etag: string
  readonly body: string
  readonly at: number
  retainUntil?: number
  /** Its lock can be lifted by who has the right to. */
  governance?: boolean
  hold?: boolean
  tags?: Record<string, string>
}

export type Lie =
  | 'repeats-cursor' | 'ends-early' | 'reorders' | 'half-a-page' | 'half-a-page-with-length' | 'repeats-page' | 'skips-a-page' | 'other-bucket' | 'ignores-prefix' | 'says-it-is-done' | 'wrong-count'
  | 'lock-then-delete' | 'ignores-if-match' | 'no-marker' | 'marker-eats-version' | 'purges-all' | 'deletes-nothing' | 'reader-deletes' | 'ignores-range' | 'other-bytes'
  | 'dies-after-delete' | 'write-in-between' | 'no-date' | 'unavailable' | 'denies-lock' | 'no-lock-api'

export interface FakeS3 {
  readonly url: string
  readonly objects: Map<string, Kept[]>
  readonly uploads: { key: string; id: string; at: number }[]
  readonly lies: Set<Lie>
  /** What was asked, such as `DELETE /b/k?versionId=1`. */
  readonly asked: string[]
  versioning: 'Enabled' | 'Suspended' | 'off'
  objectLock: boolean
  lifecycle: string | undefined
  /** How far its clock is ahead, in ms. */
  ahead: number
  put(key: string, text: string): Kept
}

export const BUCKET = 'game-backups'
export const KEYS = { READER: 'reader-secret', HAND: 'hand-secret' } as const
const NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

interface Asked {
  readonly method: string
  readonly path: string
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  readonly who: string
}

interface Reply {
  readonly status: number
  readonly body?: string
  readonly headers?: Record<string, string>
  /** The connection dies instead of an answer. */
  readonly dies?: true
  readonly cut?: 'closed' | 'lengthless'
}

export async function fakeS3(t: TestContext): Promise<FakeS3> {
  const objects = new Map<string, Kept[]>()
  const fake: FakeS3 = {
    url: '', objects, uploads: [], lies: new Set(), asked: [], versioning: 'Enabled', objectLock: true, lifecycle: undefined, ahead: 0,
    put: (key, text) => write(fake, key, text),
  }
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => send(fake, request, response, Buffer.concat(chunks).toString('utf8')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

const timeOf = (fake: FakeS3): number => Date.now() + fake.ahead
const iso = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}.000Z`
// oxlint-disable-next-line no-control-regex -- a character that XML does not hold is written by its number, as AWS does
const xml = (text: string): string => text.replace(/[&<>"\u0000-\u001f]/g, (it) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[it] ?? `&#${it.charCodeAt(0)};`)
const tag = (name: string, text: string | number | boolean): string => `<${name}>${xml(String(text))}</${name}>`
const error = (status: number, code: string, headers: Record<string, string> = {}): Reply => ({ status, headers, body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${tag('Code', code)}${tag('Message', `It is ${code}.`)}</Error>` })

function send(fake: FakeS3, request: http.IncomingMessage, response: http.ServerResponse, body: string): void {
  const { method = '', url = '', headers } = request
  fake.asked.push(`${method} ${url.replace(/X-Amz-[^&]*&?/g, '').replace(/[?&]$/, '')}`)
  const split = url.indexOf('?')
  const path = split < 0 ? url : url.slice(0, split)
  const query = new URLSearchParams(split < 0 ? '' : url.slice(split + 1))
  const who = signerOf(fake, { method, path, query, headers, body })
  const key = path.startsWith(`/${BUCKET}/`) ? decodeURIComponent(path.slice(BUCKET.length + 2)) : ''
  const reply = fake.lies.has('unavailable') ? error(503, 'SlowDown')
    : typeof who !== 'string' ? who
      : path !== `/${BUCKET}` && !path.startsWith(`/${BUCKET}/`) ? error(404, 'NoSuchBucket')
        : key === '' ? ofBucket(fake, { method, path, key, query, headers, body, who }) : ofObject(fake, { method, path, key, query, headers, body, who })
  if (reply.dies) return void request.socket.destroy()
  const bytes = Buffer.from(method === 'HEAD' ? '' : (reply.body ?? ''))
  const date = fake.lies.has('no-date') ? {} : { date: new Date(timeOf(fake)).toUTCString() }
  response.sendDate = false
  response.writeHead(reply.status, { ...date, ...(reply.cut === 'lengthless' ? {} : method === 'HEAD' || reply.status === 204 ? {} : { 'content-length': bytes.length }), ...reply.headers })
  if (reply.cut === undefined) return void response.end(bytes)
  response.write(bytes.subarray(0, bytes.length / 2), () => (reply.cut === 'closed' ? request.socket.destroy() : response.end()))
}

/** Signature Version 4, from its description; the key's name, or why not. */
function signerOf(fake: FakeS3, { method, path, query, headers, body }: Omit<Asked, 'key' | 'who'>): string | Reply {
  const inQuery = query.has('X-Amz-Signature')
  const header = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')
  const [id = '', day = '', region = '', service = '', end = ''] = ((inQuery ? query.get('X-Amz-Credential') : header?.[1]) ?? '').split('/')
  const names = ((inQuery ? query.get('X-Amz-SignedHeaders') : header?.[2]) ?? '').split(';')
  const given = inQuery ? query.get('X-Amz-Signature') : header?.[3]
  const secret = (KEYS as Record<string, string>)[id]
  if (secret === undefined) return error(403, 'InvalidAccessKeyId')
  const date = (inQuery ? query.get('X-Amz-Date') : headers['x-amz-date']?.toString()) ?? ''
  const strict = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`)
  const search = [...query].filter(([name]) => name !== 'X-Amz-Signature').map(([name, value]) => `${strict(name)}=${strict(value)}`).sort().join('&')
  const payload = inQuery ? 'UNSIGNED-PAYLOAD' : (headers['x-amz-content-sha256']?.toString() ?? '')
  if (!inQuery && payload !== createHash('sha256').update(body).digest('hex')) return error(400, 'XAmzContentSHA256Mismatch')
  const canonical = [method, path, search, ...names.map((name) => `${name}:${String(headers[name] ?? '').trim()}`), '', names.join(';'), payload].join('\n')
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const signing = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), end)
  const wanted = hmac(signing, ['AWS4-HMAC-SHA256', date, [day, region, service, end].join('/'), createHash('sha256').update(canonical).digest('hex')].join('\n')).toString('hex')
  if (wanted !== given) return error(403, 'SignatureDoesNotMatch')
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (inQuery ? timeOf(fake) > at + Number(query.get('X-Amz-Expires')) * 1000 : false) return error(403, 'AccessDenied')
  // A day's difference is let pass, so that it can be told that it was seen; AWS refuses a quarter of an hour.
  return id
}

function ofBucket(fake: FakeS3, it: Asked): Reply {
  const { query, method } = it
  if (method === 'HEAD') return { status: 200, headers: { 'x-amz-bucket-region': 'us-east-1' } }
  if (query.has('versioning')) return { status: 200, body: `<VersioningConfiguration ${NS}>${fake.versioning === 'off' ? '' : tag('Status', fake.versioning)}</VersioningConfiguration>` }
  if (query.has('object-lock')) {
    if (fake.lies.has('no-lock-api')) return error(501, 'NotImplemented')
    return fake.objectLock ? { status: 200, body: `<ObjectLockConfiguration ${NS}>${tag('ObjectLockEnabled', 'Enabled')}</ObjectLockConfiguration>` } : error(404, 'ObjectLockConfigurationNotFoundError')
  }
  if (query.has('lifecycle')) return fake.lifecycle === undefined ? error(404, 'NoSuchLifecycleConfiguration') : { status: 200, body: `<LifecycleConfiguration ${NS}>${fake.lifecycle}</LifecycleConfiguration>` }
  if (query.has('uploads')) return uploads(fake, query)
  if (query.has('versions') || query.get('list-type') === '2') return listing(fake, query)
  return error(501, 'NotImplemented')
}

function uploads(fake: FakeS3, query: URLSearchParams): Reply {
  const most = Number(query.get('max-uploads') ?? 1000)
  const prefix = query.get('prefix') ?? ''
  const all = fake.uploads.filter(({ key }) => key.startsWith(prefix)).toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.at - b.at)
  const from = query.has('key-marker') ? all.findIndex(({ key, id }) => key === query.get('key-marker') && id === query.get('upload-id-marker')) + 1 : 0
  const page = all.slice(from, from + most)
  const more = all.length > from + most
  const last = page.at(-1)
  return { status: 200, body: `<ListMultipartUploadsResult ${NS}>${tag('Bucket', BUCKET)}${tag('Prefix', prefix)}${more && last ? tag('NextKeyMarker', last.key) + tag('NextUploadIdMarker', last.id) : ''}${tag('IsTruncated', more)}${page.map(({ key, id, at }) => `<Upload>${tag('Key', key)}${tag('UploadId', id)}${tag('Initiated', iso(at))}</Upload>`).join('')}</ListMultipartUploadsResult>` }
}

interface Row {
  readonly key: string
  readonly kept: Kept
  readonly latest: boolean
}

function listing(fake: FakeS3, query: URLSearchParams): Reply {
  const { lies } = fake
  const versions = query.has('versions')
  const prefix = query.get('prefix') ?? ''
  const most = Math.min(Number(query.get('max-keys') ?? 1000), 1000)
  const rows: Row[] = [...fake.objects].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .flatMap(([key, stack]) => stack.map((kept, n): Row => ({ key, kept, latest: n === 0 })))
    .filter(({ key, kept, latest }) => (lies.has('ignores-prefix') || key.startsWith(prefix)) && (versions || (latest && !kept.marker)))
  const after = versions ? query.get('key-marker') : (query.get('start-after') ?? query.get('continuation-token')?.slice(2) ?? null)
  const version = query.get('version-id-marker')
  const behind = after === null ? 0 : rows.findIndex(({ key, kept }) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0 || (version !== null && key === after && indexIn(fake, key, kept) > indexIn(fake, key, undefined, version)))
  // A lie that begins on the second page, so that a first look would find nothing.
  const later = after !== null
  let from = behind < 0 ? rows.length : behind
  if (lies.has('repeats-page') && later) from = Math.max(0, from - 1)
  if (lies.has('skips-a-page') && later) from = Math.min(rows.length, from + 1)
  let page = rows.slice(from, from + most)
  let more = rows.length > from + most
  const last = page.at(-1)
  if (lies.has('reorders')) page = page.toReversed()
  if (lies.has('ends-early') && !later) more = false
  if (lies.has('says-it-is-done') && later) more = false
  const next = lies.has('repeats-cursor') && later ? { key: after, version } : { key: last?.key ?? '', version: last?.kept.versionId ?? '' }
  const markers = !more ? '' : versions ? tag('NextKeyMarker', next.key) + tag('NextVersionIdMarker', next.version ?? '') : tag('NextContinuationToken', `t-${next.key}`)
  const head = `${tag('Name', lies.has('other-bucket') ? 'another' : BUCKET)}${tag('Prefix', prefix)}${tag('MaxKeys', most)}${tag('IsTruncated', more)}${markers}${versions ? '' : tag('KeyCount', page.length + (lies.has('wrong-count') ? 1 : 0))}`
  const root = versions ? 'ListVersionsResult' : 'ListBucketResult'
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<${root} ${NS}>${head}${page.map((row) => entry(row, versions)).join('')}</${root}>`
  if (lies.has('half-a-page')) return { status: 200, body: body.slice(0, body.lastIndexOf('<Key>')) }
  return { status: 200, body, ...(lies.has('half-a-page-with-length') && { cut: 'closed' as const }) }
}

const indexIn = (fake: FakeS3, key: string, kept: Kept | undefined, version?: string): number => (fake.objects.get(key) ?? []).findIndex((it) => it === kept || it.versionId === version)

function entry({ key, kept, latest }: Row, versions: boolean): string {
  const owner = `<Owner>${tag('ID', 'o')}${tag('DisplayName', 'o')}</Owner>`
  const id = versions ? tag('VersionId', kept.versionId) + tag('IsLatest', latest) : ''
  if (kept.marker) return `<DeleteMarker>${owner}${tag('Key', key)}${id}${tag('LastModified', iso(kept.at))}</DeleteMarker>`
  const name = versions ? 'Version' : 'Contents'
  return `<${name}>${tag('Key', key)}${id}${tag('LastModified', iso(kept.at))}${tag('ETag', `"${kept.etag}"`)}${tag('Size', Buffer.byteLength(kept.body))}${tag('StorageClass', 'STANDARD')}${owner}</${name}>`
}

function write(fake: FakeS3, key: string, body: string, more: Partial<Kept> = {}): Kept {
  const kept: Kept = { versionId: fake.versioning === 'Enabled' ? randomBytes(12).toString('base64url') : 'null', marker: false, etag: createHash('md5').update(body).digest('hex'), body, at: timeOf(fake), ...more }
  const stack = fake.objects.get(key) ?? []
  fake.objects.set(key, [kept, ...(fake.versioning === 'Enabled' ? stack : stack.filter((it) => it.versionId !== 'null'))])
  return kept
}

function ofObject(fake: FakeS3, it: Asked): Reply {
  const { method, key, query, who } = it
  const stack = fake.objects.get(key) ?? []
  const wanted = query.get('versionId')
  const kept = wanted === null ? stack[0] : stack.find(({ versionId }) => versionId === wanted)
  if (method === 'PUT' || method === 'DELETE') {
    if (who !== 'HAND' && !fake.lies.has('reader-deletes')) return error(403, 'AccessDenied')
    if (method === 'DELETE') return remove(fake, it, stack)
    return query.has('legal-hold') ? hold(it, kept) : create(fake, it)
  }
  if (query.has('retention') || query.has('legal-hold')) return lockOf(fake, it, kept)
  if (query.has('tagging')) return !kept ? error(404, 'NoSuchKey') : { status: 200, body: `<Tagging ${NS}><TagSet>${Object.entries(kept.tags ?? {}).map(([name, value]) => `<Tag>${tag('Key', name)}${tag('Value', value)}</Tag>`).join('')}</TagSet></Tagging>` }
  if (!kept || kept.marker) {
    const marked = kept ? { 'x-amz-delete-marker': 'true', 'x-amz-version-id': kept.versionId } : undefined
    return kept && wanted !== null ? error(405, 'MethodNotAllowed', marked) : error(404, 'NoSuchKey', marked)
  }
  return give(fake, it, kept)
}

function give(fake: FakeS3, { method, headers }: Asked, kept: Kept): Reply {
  const etag = `"${kept.etag}"`
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag) return error(412, 'PreconditionFailed')
  const bytes = Buffer.from(kept.body)
  const common = { etag, 'last-modified': new Date(kept.at).toUTCString(), 'content-type': 'application/octet-stream', ...(fake.versioning !== 'off' && { 'x-amz-version-id': kept.versionId }) }
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '')
  if (method === 'HEAD') return { status: 200, headers: { ...common, 'content-length': String(bytes.length) } }
  if (!range || fake.lies.has('ignores-range')) return { status: 200, headers: common, body: kept.body }
  const [from = 0, last = 0] = range.slice(1).map(Number)
  if (from >= bytes.length) return error(416, 'InvalidRange')
  const until = Math.min(last, bytes.length - 1)
  const part = bytes.subarray(from, until + 1).toString()
  return { status: 206, headers: { ...common, 'content-range': `bytes ${from}-${until}/${bytes.length}` }, body: fake.lies.has('other-bytes') ? part.slice(1) : part }
}

function create(fake: FakeS3, { key, headers, body }: Asked): Reply {
  const until = headers['x-amz-object-lock-retain-until-date']?.toString()
  const held = headers['x-amz-object-lock-legal-hold'] === 'ON'
  const md5 = headers['content-md5']
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) return error(400, 'BadDigest')
  if ((until !== undefined || held) && !fake.objectLock) return error(400, 'InvalidRequest')
  if (until !== undefined && Date.parse(until) <= timeOf(fake)) return error(400, 'InvalidArgument')
  const kept = write(fake, key, body, { ...(until !== undefined && { retainUntil: Date.parse(until) }), ...(held && { hold: true }) })
  return { status: 200, headers: { etag: `"${kept.etag}"`, ...(fake.versioning !== 'off' && { 'x-amz-version-id': kept.versionId }) } }
}

function hold({ body }: Asked, kept: Kept | undefined): Reply {
  if (!kept) return error(404, 'NoSuchKey')
  kept.hold = body.includes('<Status>ON</Status>')
  return { status: 200 }
}

function lockOf(fake: FakeS3, { query }: Asked, kept: Kept | undefined): Reply {
  if (fake.lies.has('denies-lock')) return error(403, 'AccessDenied')
  if (!kept) return error(404, 'NoSuchKey')
  if (!fake.objectLock) return error(400, 'InvalidRequest')
  if (query.has('legal-hold')) return kept.hold === undefined ? error(404, 'NoSuchObjectLockConfiguration') : { status: 200, body: `<LegalHold ${NS}>${tag('Status', kept.hold ? 'ON' : 'OFF')}</LegalHold>` }
  return kept.retainUntil === undefined ? error(404, 'NoSuchObjectLockConfiguration') : { status: 200, body: `<Retention ${NS}>${tag('Mode', kept.governance === true ? 'GOVERNANCE' : 'COMPLIANCE')}${tag('RetainUntilDate', iso(kept.retainUntil))}</Retention>` }
}

function remove(fake: FakeS3, { key, query, headers }: Asked, stack: Kept[]): Reply {
  const { lies } = fake
  const wanted = query.get('versionId')
  const match = headers['if-match']
  if (match !== undefined && !lies.has('ignores-if-match') && (!stack[0] || stack[0].marker || `"${stack[0].etag}"` !== match)) return error(412, 'PreconditionFailed')
  if (lies.has('deletes-nothing')) return { status: 204 }
  if (wanted !== null) {
    const kept = stack.find(({ versionId }) => versionId === wanted)
    if (!kept) return { status: 204 }
    if ((kept.hold === true || (kept.retainUntil ?? 0) > timeOf(fake)) && !lies.has('lock-then-delete')) return error(403, 'AccessDenied')
    keep(fake, key, lies.has('purges-all') ? [] : stack.filter((it) => it !== kept))
    if (lies.has('dies-after-delete')) return { status: 0, dies: true }
    return { status: 204, headers: { 'x-amz-version-id': kept.versionId, ...(kept.marker && { 'x-amz-delete-marker': 'true' }) } }
  }
  if (fake.versioning === 'off' || lies.has('no-marker')) {
    keep(fake, key, stack.slice(1))
    return lies.has('dies-after-delete') ? { status: 0, dies: true } : { status: 204 }
  }
  if (lies.has('write-in-between') && !key.startsWith('.holdfast/')) write(fake, key, 'written in that very moment')
  if (lies.has('marker-eats-version')) keep(fake, key, (fake.objects.get(key) ?? []).slice(1))
  const marker = write(fake, key, '', { marker: true })
  if (lies.has('dies-after-delete')) return { status: 0, dies: true }
  return { status: 204, headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker.versionId } }
}

function keep(fake: FakeS3, key: string, stack: Kept[]): void {
  if (stack.length === 0) fake.objects.delete(key)
  else fake.objects.set(key, stack)
}

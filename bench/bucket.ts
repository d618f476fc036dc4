// A bucket over HTTP that holds as many objects as it is told to and none in memory: its pages are made as they are asked for, as an S3 with versions
// writes them. Who signs is not looked at. It says its port to its parent and ends with it.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { keyOf, numberOf } from './keys.ts'

const KEYS = Number(process.argv[2])
const NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

function page(query: URLSearchParams): string {
  const most = Number(query.get('max-keys') ?? 1000)
  const from = query.has('key-marker') ? numberOf(query.get('key-marker') ?? '') + 1 : 0
  const to = Math.min(KEYS, from + most)
  const parts = [`${HEAD}<ListVersionsResult ${NS}><Name>many</Name><Prefix>${query.get('prefix') ?? ''}</Prefix><MaxKeys>${most}</MaxKeys><IsTruncated>${to < KEYS}</IsTruncated>`]
  if (to < KEYS) parts.push(`<NextKeyMarker>${keyOf(to - 1)}</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>`)
  for (let n = from; n < to; n++) parts.push(`<Version><Key>${keyOf(n)}</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"0123456789abcdef0123456789abcdef"</ETag><Size>1000</Size><StorageClass>STANDARD</StorageClass></Version>`)
  parts.push('</ListVersionsResult>')
  return parts.join('')
}

function answer(query: URLSearchParams): readonly [status: number, body: string] {
  if (query.has('versions')) return [200, page(query)]
  if (query.has('versioning')) return [200, `${HEAD}<VersioningConfiguration ${NS}><Status>Enabled</Status></VersioningConfiguration>`]
  if (query.has('uploads')) return [200, `${HEAD}<ListMultipartUploadsResult ${NS}><Bucket>many</Bucket><Prefix>${query.get('prefix') ?? ''}</Prefix><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`]
  if (query.has('tagging')) return [200, `${HEAD}<Tagging ${NS}><TagSet></TagSet></Tagging>`]
  if (query.has('object-lock')) return [404, `${HEAD}<Error><Code>ObjectLockConfigurationNotFoundError</Code></Error>`]
  if (query.has('lifecycle')) return [404, `${HEAD}<Error><Code>NoSuchLifecycleConfiguration</Code></Error>`]
  return [501, `${HEAD}<Error><Code>NotImplemented</Code></Error>`]
}

const server = http.createServer((request, response) => {
  const [status, body] = request.method === 'HEAD' ? [200, ''] as const : answer(new URL(request.url ?? '/', 'http://bucket').searchParams)
  response.writeHead(status, { 'content-length': Buffer.byteLength(body) })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit(0))

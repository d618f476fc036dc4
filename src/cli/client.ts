// The client of our own server: over the Unix socket on the same machine, else over HTTPS with a token from a file. A server that
// cannot be reached, or does not permit it, is one kind of failure (7); what the keeper refuses keeps its own sentence. Nothing
// is read without a bound, no redirect is followed, and a token never goes over an open line.
import { readFileSync, statSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import path from 'node:path'
import { closedTo, type Closed } from '../ports/closed-folder.ts'
import { runtimeFolders } from '../ports/runtime-folder.ts'
import { EXIT, Failure, usage } from './failure.ts'

export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly timezone: string | undefined
}

export interface Server {
  /** Where it is, for people. */
  readonly where: string
  /** Rejects with a Failure (7) when there is no answer in time. */
  send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object | string): Promise<Reply>
}

export interface Where {
  readonly data: string
  readonly server?: string
  readonly tokenFile?: string
  /** Milliseconds for one request. */
  readonly timeout: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly warn: (line: string) => void
}

const MOST_BYTES = 64 * 1024 * 1024

const unreachable = (message: string, help: string, code = 'HF-C007'): Failure => new Failure(message, { exit: EXIT.unreachable, code, help })

/** The data belong to another user. */
export const NOT_YOURS = 'HF-C008'

interface Door {
  readonly where: string
  readonly options: http.RequestOptions
  readonly secure: boolean
}

function ask(door: Door, method: string, at: string, body: object | string | undefined, timeout: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    const headers = { ...door.options.headers, accept: 'application/json', ...(bytes ? { 'content-type': 'application/json', 'content-length': bytes.length } : {}) }
    const request = (door.secure ? https : http).request({ ...door.options, method, path: at, headers, agent: false }, (reply) => {
      const chunks: Buffer[] = []
      let size = 0
      reply.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MOST_BYTES) reply.destroy(new Error('the answer is too long'))
        else chunks.push(chunk)
      })
      reply.on('error', reject)
      reply.on('end', () => {
        clearTimeout(timer)
        const text = Buffer.concat(chunks).toString('utf8')
        const timezone = reply.headers['holdfast-timezone']
        resolve({ status: reply.statusCode ?? 0, body: parsed(text), timezone: typeof timezone === 'string' ? timezone : undefined })
      })
    })
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeout / 1000} s`)), timeout)
    request.on('error', (cause) => {
      clearTimeout(timer)
      reject(cause)
    })
    request.end(bytes)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || host.startsWith('127.')

function readToken({ tokenFile, env, warn }: Where): string | undefined {
  const file = tokenFile ?? env['HOLDFAST_TOKEN_FILE']
  if (file === undefined) return env['HOLDFAST_TOKEN']?.trim()
  try {
    // 0 is stdin: `… | holdfast --token-file - status`.
    if (file !== '-' && (statSync(file).mode & 0o077) !== 0) warn(`${file} can be read by others of this machine: chmod 600 ${file}`)
    return readFileSync(file === '-' ? 0 : file, 'utf8').trim()
  } catch (cause) {
    throw usage(`The token cannot be read from ${file}: ${(cause as Error).message}`, 'Make one with "holdfast tokens create", and write it into a file of mode 0600.')
  }
}

function doorTo(url: string, where: Where): Door {
  const parsedUrl = URL.parse(url.includes('://') ? url : `https://${url}`)
  if (!parsedUrl || !['http:', 'https:'].includes(parsedUrl.protocol)) throw usage(`“${url}” is not the address of a server.`, 'Write it as in https://hold.acme.example')
  const secure = parsedUrl.protocol === 'https:'
  const token = readToken(where)
  if (!secure && token !== undefined && !isLoopback(parsedUrl.hostname)) {
    throw usage(`${url} is not encrypted: the token is not sent over an open line.`, 'Use https://, or the Unix socket on the machine itself.')
  }
  const base = parsedUrl.pathname === '/' ? '' : parsedUrl.pathname
  if (base !== '') throw usage(`“${url}” has a path: Holdfast answers at the root of an address.`)
  return {
    where: parsedUrl.origin, secure,
    options: { host: parsedUrl.hostname.replace(/^\[|\]$/g, ''), port: parsedUrl.port || (secure ? 443 : 80), headers: token === undefined ? {} : { authorization: `Bearer ${token}` } },
  }
}

const isAbsent = (cause: unknown): boolean => ['ENOENT', 'ECONNREFUSED', 'EACCES', 'ENOTDIR'].includes((cause as { code?: string }).code ?? '')

/** The server that the options name: an address, or whatever runs on the data folder. */
export function serverAt(where: Where): Server {
  const url = where.server ?? where.env['HOLDFAST_SERVER']
  const folders = runtimeFolders(where.data, where.env)
  let doors: readonly Door[] | undefined
  const places = (): readonly Door[] => doors ??= url === undefined
    ? folders.map((folder): Door => ({ where: path.join(folder, 'web.sock'), secure: false, options: { socketPath: path.join(folder, 'web.sock'), headers: { host: 'holdfast' } } }))
    : [doorTo(url, where)]
  return {
    where: url ?? where.data,
    async send(method, at, body) {
      let last: unknown
      for (const door of places()) {
        try {
          const reply = await ask(door, method, at, body, where.timeout)
          doors = [door]
          return reply
        } catch (cause) {
          last = cause
          if (url !== undefined || !isAbsent(cause)) break
        }
      }
      const why = last instanceof Error ? last.message : String(last)
      if (url !== undefined) throw unreachable(`${url} cannot be reached: ${why}`, 'Is it the right address, and is Holdfast running there?')
      const closed = isAbsent(last) ? await whoseFolder(where.data) : undefined
      if (closed) throw unreachable(`${closed.at} belongs to ${closed.owner}, and this runs as ${closed.me}: the Holdfast on it cannot be asked from here.`, `Ask as that user (sudo -u ${closed.owner} holdfast …), or by its address and a token (--server, --token-file).`, NOT_YOURS)
      if (isAbsent(last)) throw unreachable(`No Holdfast answers for the data in ${where.data}.`, 'Start it with "holdfast up", name its folder with --data, or its address with --server.')
      throw unreachable(`Holdfast does not answer: ${why}`, 'Look at its log. Links in pages, and "holdfast ack", work while its memory does not.')
    },
  }
}

/** Within a second: the disk may be what is ill. */
async function whoseFolder(data: string): Promise<Closed | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), 1000)))
  try {
    return await Promise.race([closedTo(data).catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}

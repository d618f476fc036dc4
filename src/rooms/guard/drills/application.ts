// What a set says of its application: how it is started on a restored copy, and what it has to answer. Plain data, read from the configuration.
import type { Span } from '../../../core/time.ts'

export interface Application {
  /** A program of this machine and its words, or one in `folder`; `{{port}}`, `{{url}}`, `{{folder}}` stand for what is there when it runs. */
  readonly run: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Seen in the cell where it stands, and read-only there. */
  readonly folder?: string
  /** So long it may take until it takes connections. */
  readonly ready: Span
}

export interface HttpAsk {
  /** On 127.0.0.1, with `{{port}}` in it. */
  readonly http: string
  readonly status: number
  /** What its answer has to hold. */
  readonly body?: string
}

/** In a line, for people. */
export const sayAsk = ({ http, status, body }: HttpAsk): string => `${http} answers ${status}${body === undefined ? '' : ` with ${JSON.stringify(body.slice(0, 80))}`}`

/** The folders that a cell never sees, nor anything above them: what is there is this machine's own. */
const CLOSED = ['/', '/bin', '/boot', '/dev', '/etc', '/home', '/lib', '/lib64', '/proc', '/root', '/run', '/sbin', '/sys', '/tmp', '/usr', '/var', '/var/lib']

/** Why this folder is not seen in a cell; nothing where it may be. */
export function wrongFolder(folder: string): string | undefined {
  if (!/^(?:\/[\w.@+-]+)+$/.test(folder) || /\/\.{1,2}(?:\/|$)/.test(folder)) return 'write the folder from the root on, such as /opt/shop'
  if (CLOSED.includes(folder)) return `${folder} holds more than an application: name the folder that it is installed in, such as /opt/shop`
  const top = folder.split('/')[1] ?? ''
  return ['proc', 'sys', 'dev', 'run', 'etc', 'root', 'tmp', 'given', 'work'].includes(top) ? `nothing below /${top} is seen in a cell` : undefined
}

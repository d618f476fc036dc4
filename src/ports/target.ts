// Targets: what a person may write as the place to look at or to send to. Whatever two parsers could read in two ways (user
// names, backslashes, control characters, sockets, ports that are none) is refused here, once, for every plugin and for
// egress, with a sentence that says what to write instead. A host comes out as the network will see it: IDN in its ASCII
// form, old IPv4 notations in the usual one.

export type Target = { readonly is: 'target'; readonly host: string; readonly port: number }
/** `authority` is what the Host header says, `path` what is asked for; both as the WHATWG's rules write them. */
export type HttpTarget = Target & { readonly url: URL; readonly secure: boolean; readonly authority: string; readonly path: string }
export type Refused = { readonly is: 'refused'; readonly says: string }

const MOST_URL = 8192
const MOST_HOST = 253

const refuse = (says: string): Refused => ({ is: 'refused', says })

/** Reads an address for http: absolute, http or https, no user name in it. */
export function readHttp(text: string): HttpTarget | Refused {
  const odd = oddIn(text)
  if (odd) return odd
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  if (scheme !== 'http' && scheme !== 'https') {
    return refuse(scheme ? `“${scheme}:” is not http or https` : 'an address starts with http:// or https://')
  }
  if (!/^https?:\/\/[^/]/i.test(text)) return refuse('an address starts with http:// or https:// and a host')
  if (!URL.canParse(text)) return refuse('this is not an address that can be read; write it like https://example.com/healthz')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '' || authorityOf(text).includes('@')) {
    return refuse('an address carries no user name or password; send them in a header')
  }
  const host = trimmed(url.hostname)
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port)
  return problemOf(host, port) ?? { is: 'target', url, host, port, secure: scheme === 'https', authority: url.host, path: url.pathname + url.search }
}

/** Reads "host:port" or "[address]:port". */
export function readHostPort(text: string): Target | Refused {
  const odd = oddIn(text)
  if (odd) return odd
  const split = /^(\[[^\]]+\]|[^:[\]/?#@]+):([0-9]{1,5})$/.exec(text)
  if (!split) return refuse('write it as host:port, an IPv6 address in brackets, such as db.internal:5432 or [2001:db8::1]:25')
  const host = readHost(split[1] ?? '')
  if (host === undefined) return refuse(`“${split[1]}” is not the name or address of a host`)
  const port = Number(split[2])
  return problemOf(host, port) ?? { is: 'target', host, port }
}

/** A host as the network sees it: no brackets, IDN in ASCII, old IPv4 notations read; `undefined` when it is none. */
export function readHost(text: string): string | undefined {
  if (text === '' || /[/?#@\\%\s]/.test(text) || !URL.canParse(`http://${text}/`)) return undefined
  const host = new URL(`http://${text}/`).hostname
  return host === '' ? undefined : trimmed(host)
}

/** What makes two parsers read the same text in two ways. */
function oddIn(text: string): Refused | undefined {
  if (text.length > MOST_URL) return refuse(`an address has at most ${MOST_URL} characters; this one has ${text.length}`)
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(text)) return refuse('an address contains no spaces, tabs or line breaks')
  if (text.includes('\\')) return refuse('an address contains no backslashes')
  return undefined
}

const authorityOf = (text: string): string => /^[a-z]+:\/\/([^/?#]*)/i.exec(text)?.[1] ?? ''

function trimmed(hostname: string): string {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return bare.endsWith('.') ? bare.slice(0, -1) : bare
}

function problemOf(host: string, port: number): Refused | undefined {
  if (host === '') return refuse('the host is missing')
  if (host.length > MOST_HOST) return refuse(`a host has at most ${MOST_HOST} characters; this one has ${host.length}`)
  if (host.split('.').some((label) => label === '' || label.length > 63)) return refuse(`“${host.slice(0, 80)}” is not the name of a host`)
  if (!(port >= 1 && port <= 65_535)) return refuse(`${port} is not a port; ports are 1 to 65535`)
  return undefined
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** What is wrong with a header that somebody wants sent; `undefined` when nothing is. Keeps one header from becoming two. */
export function oddHeader(name: string, value: string): string | undefined {
  if (!TOKEN.test(name)) return `“${name.slice(0, 40)}” is not the name of a header`
  if (/^(connection|content-length|transfer-encoding|upgrade|te|trailer|expect|keep-alive|proxy-connection)$/i.test(name)) return `the header “${name}” is set by Holdfast itself`
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/.test(value)) return `the header “${name}” holds a character that no header may hold`
  return undefined
}

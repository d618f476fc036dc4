// As whom this site stands before a browser that is asked for a passkey: the name that the key is bound to, and the address that
// the browser must be at. Both come from the configuration, never from a request.

export interface Site { readonly id: string; readonly origin: string }

/** `undefined` where browsers know no passkeys: an address in numbers, or one that can be read on the way. */
export function siteFor(address: string): Site | undefined {
  const url = URL.parse(address)
  if (!url || /^[\d.]+$|^\[/.test(url.hostname)) return undefined
  const isLocal = url.hostname === 'localhost' || url.hostname.endsWith('.localhost')
  return url.protocol === 'https:' || isLocal ? { id: url.hostname, origin: url.origin } : undefined
}

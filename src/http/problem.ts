// Errors as answers: RFC 9457 problem documents that say what, why and what to do next. They carry nothing that the asker did
// not send or may not know (T-2): texts come from here and from the keeper's own words, never from a stack.

/** Sent with everything that is not a page for people. */
export const QUIET_CSP = "default-src 'none'; frame-ancestors 'none'"

/** On every answer of every route. */
export const SECURITY: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
}

/** What no other site may take into its own page, whatever cookies go along. */
const OURS = { 'cross-origin-resource-policy': 'same-origin' } as const

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request', 401: 'Not signed in', 403: 'Not allowed', 404: 'Not found', 405: 'Method not allowed', 409: 'Refused', 410: 'Over', 413: 'Too large',
  415: 'Not understood', 422: 'Not possible', 429: 'Too many', 500: 'Failed', 503: 'Not available now', 504: 'Not available now',
}

export interface Problem {
  readonly status: number
  readonly detail: string
  /** Stable, for machines: `HF-W404`. */
  readonly code?: string
  readonly help?: string
  readonly errors?: readonly { readonly at: string; readonly says: string }[]
  readonly headers?: Readonly<Record<string, string>>
}

/** A problem document (RFC 9457). 503 always says when to come back. */
export function problem({ status, detail, code, help, errors, headers }: Problem): Response {
  const body = { type: 'about:blank', title: TITLES[status] ?? 'Failed', status, detail, code: code ?? `HF-W${status}`, help, errors }
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...SECURITY, 'content-type': 'application/problem+json; charset=utf-8', 'content-security-policy': QUIET_CSP, 'cache-control': 'no-store', ...OURS,
      ...(status === 503 ? { 'retry-after': '5' } : {}), ...headers,
    },
  })
}

/** A JSON answer that nobody keeps. */
export const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { ...SECURITY, 'content-type': 'application/json; charset=utf-8', 'content-security-policy': QUIET_CSP, 'cache-control': 'no-store', ...OURS, ...headers },
  })

/** A page of ours, under the policy that names its style. */
export const page = (body: string, policy: string, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(body, {
    status,
    headers: { ...SECURITY, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, 'cache-control': 'no-store', ...OURS, ...headers },
  })

/** True for a browser: a person is to read the answer. */
export const wantsPage = (headers: Headers): boolean => /\btext\/html\b/i.test(headers.get('accept') ?? '')

export const text = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(body, {
    status,
    headers: { ...SECURITY, 'content-type': 'text/plain; charset=utf-8', 'content-security-policy': QUIET_CSP, 'cache-control': 'no-store', ...headers },
  })

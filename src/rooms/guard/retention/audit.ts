// What people have said about copies of a set, in a sentence each, for the audit.
import type { Entry } from '../../../core/ledger.ts'

interface Said { readonly set: string; readonly store?: string; readonly key?: string; readonly by?: string; readonly most?: number; readonly names?: readonly string[] }

/** An entry of a hold, or of something that was accepted. */
export function sayKept({ is, body }: Entry): string {
  const { set, store = '', key = '', by = 'somebody', most = 0, names = [] } = body as unknown as Said
  switch (is) {
    case 'guard.held': return `${by} holds ${key} of ${set}: no rule makes it go`
    case 'guard.holdEnded': return `${by} ended the hold of ${key} of ${set}`
    case 'guard.goneAccepted': return `${by} accepted that ${names.length} ${names.length === 1 ? 'copy' : 'copies'} of ${set} went from ${store}`
    default: return `${by} accepted that up to ${most} copies of ${set} may go at once in ${store}, for a day`
  }
}

// Deeds: acts on the world. A deed is bracketed: intended (durable), attempted, then done, failed or unknown. Its key is
// the same at every try, so that whoever performs it can tell a repeat from a new one. `repeatable` deeds (a page) are
// tried again when nobody knows; others wait for a person.
export type Outcome =
  | { readonly is: 'done'; readonly receipt: string }
  | { readonly is: 'failed'; readonly retry: 'later' | 'never'; readonly says: string }
  | { readonly is: 'unknown'; readonly says: string }

export interface Deed<Body = unknown> {
  /** The same for every try of the same act. */
  readonly key: string
  /** Who performs it: `page.ring`, `tell.publish`. */
  readonly what: string
  readonly body: Body
  readonly repeatable: boolean
}

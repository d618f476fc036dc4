// What a store was seen to do, when the hand tried it out on canaries.

/** `unknown`: nobody has tried that out within the last minutes, or it could not be told. */
export interface TriedAnswer {
  readonly found: 'pass' | 'fail' | 'unknown'
  readonly says: string
}

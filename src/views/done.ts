// What every call may answer: that it was done, or what was wrong, with a code and what to do.
export interface DoneAnswer { readonly schema: 'holdfast.done/1'; readonly says: string; readonly id?: string }

export interface ErrorAnswer { readonly error: { readonly code: string; readonly message: string; readonly help?: string } }

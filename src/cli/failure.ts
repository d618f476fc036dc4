// How a command ends when it does not end well: an exit code that scripts can rely on, one sentence, and the next thing to try.

/** What every exit code means (docs/use); 130 and 141 are the shell's own, for an interrupt and for a pipe that nobody reads. */
export const EXIT = { fine: 0, failed: 1, usage: 2, down: 3, pending: 4, refused: 5, nobody: 6, unreachable: 7, interrupted: 130, unread: 141 } as const

export interface Facts {
  readonly exit: number
  readonly code: string
  readonly help?: string
}

/** Thrown by whatever a command meets; printed once, by the one who started the command. */
export class Failure extends Error {
  readonly exit: number
  readonly code: string
  readonly help: string | undefined
  constructor(message: string, { exit, code, help }: Facts) {
    super(message)
    this.name = 'Failure'
    this.exit = exit
    this.code = code
    this.help = help
  }
}

export const usage = (message: string, help?: string): Failure =>
  new Failure(message, { exit: EXIT.usage, code: 'HF-C002', ...(help === undefined ? {} : { help }) })

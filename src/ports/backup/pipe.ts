// The output of a program in a cell as a stream that is read as fast as its reader likes, with its end to be judged afterwards: a stream that
// stops is not yet one that was whole.
import { Fault } from '../../core/fault.ts'
import type { Span } from '../../core/time.ts'
import type { Cell, Ran } from '../backup.ts'

export interface Piped {
  /** Ends when the program's output does; throws what `run` throws. */
  readonly bytes: AsyncIterable<Buffer>
  /** After the stream has ended. */
  readonly ended: Promise<Ran>
  /** Nobody reads on: the program is ended. Without an effect after the end. */
  stop(): void
}

export function piped(cell: Pick<Cell, 'run'>, argv: readonly string[], within: Span): Piped {
  let given: Buffer | undefined
  let over = false
  let stopped = false
  let wakeReader: () => void = () => undefined
  let wakeWriter: () => void = () => undefined
  const ended = cell.run(argv, {
    within,
    async take(chunk) {
      if (stopped) throw new Fault('nobody reads on', 'later')
      given = chunk
      wakeReader()
      await new Promise<void>((resolve) => {
        wakeWriter = resolve
        if (stopped || given === undefined) resolve()
      })
      if (stopped) throw new Fault('nobody reads on', 'later')
    },
  })
  const end = (): void => {
    over = true
    wakeReader()
  }
  ended.then(end, end)
  async function* bytes(): AsyncGenerator<Buffer> {
    for (;;) {
      if (given !== undefined) {
        const chunk = given
        given = undefined
        yield chunk
        wakeWriter()
      } else if (over) {
        await ended
        return
      } else {
        await new Promise<void>((resolve) => {
          wakeReader = resolve
          if (given !== undefined || over) resolve()
        })
      }
    }
  }
  return {
    bytes: bytes(), ended,
    stop() {
      stopped = true
      wakeWriter()
    },
  }
}

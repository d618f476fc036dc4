// stdout and stderr, whose readers may go before all was said: `holdfast status | head -1`. What nobody reads any more is not written, and that is no
// failure: the command goes on to its end and exits by what it found. Only who follows something for others asks whether anybody is left.
import type { Stream } from './output.ts'

/** A stream of this process. What goes wrong with it in any other way than by its reader's leaving is thrown. */
export function standard(stream: NodeJS.WriteStream): Stream {
  let unread = false
  stream.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EPIPE' && !unread) throw cause
    unread = true
  })
  return { write: (text) => void (unread || stream.write(text)), isTTY: stream.isTTY, isUnread: () => unread }
}

// Files of lines: read in blocks, so that a file of any size takes the memory of a block and its longest line; written in blocks, and on the disk
// when `sync` says so.
import { closeSync, fdatasyncSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { Fault } from '../../core/fault.ts'

const BLOCK = 256 * 1024
const LONGEST = 4 * 1024 * 1024

export interface Line {
  readonly text: string
  /** Where the next one begins. */
  readonly end: number
}

/** The lines of a file that have an end; a last one without is left out. */
export function* linesOf(file: string): Generator<Line> {
  // A device never ends, and a pipe is never had twice.
  if (!statSync(file).isFile()) throw new Fault(`${file} is no plain file: name one that this scan may write anew`, 'never')
  const fd = openSync(file, 'r')
  try {
    const block = Buffer.allocUnsafe(BLOCK)
    let rest = Buffer.alloc(0)
    let at = 0
    for (let got = readSync(fd, block); got > 0; got = readSync(fd, block)) {
      const bytes = rest.length === 0 ? block.subarray(0, got) : Buffer.concat([rest, block.subarray(0, got)])
      let from = 0
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
        at += end + 1 - from
        yield { text: bytes.toString('utf8', from, end), end: at }
        from = end + 1
      }
      rest = Buffer.from(bytes.subarray(from))
      if (rest.length > LONGEST) throw new Fault(`${file} has a line of more than ${LONGEST} bytes: it is no file of ours`, 'never')
    }
  } finally {
    closeSync(fd)
  }
}

export interface LineWriter {
  write(line: string): void
  /** What was written so far can be read by others. */
  flush(): void
  /** And is on the disk. */
  sync(): void
  close(): void
}

export function lineWriter(file: string, how: 'w' | 'a' | 'wx'): LineWriter {
  const fd = openSync(file, how, 0o600)
  let held: string[] = []
  let size = 0
  const flush = (): void => {
    if (held.length === 0) return
    const bytes = Buffer.from(held.join(''))
    held = []
    size = 0
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
  }
  return {
    flush,
    write(line) {
      held.push(line)
      size += line.length
      if (size > BLOCK) flush()
    },
    sync() {
      flush()
      fdatasyncSync(fd)
    },
    close() {
      flush()
      closeSync(fd)
    },
  }
}

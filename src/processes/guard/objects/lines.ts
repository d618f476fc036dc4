// Files of lines, each one JSON value, read and written in pieces: a listing of millions of objects, and the sums of what was read of them. A line is
// bounded; a file that ends in the middle of a line was being written when its writer died, and ends before that line.
import { createReadStream } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

const PIECE = 256 * 1024
/** A key has 1,024 bytes at most, and each may take six in JSON. */
const LONGEST = 64 * 1024

/** The values of a file in their order; nothing where there is no file. */
export async function* readLines<T>(path: string): AsyncGenerator<T> {
  let rest = ''
  try {
    for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: PIECE }) as AsyncIterable<string>) {
      const lines = (rest + piece).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LONGEST) throw new Error(`${path} is no file of lines`)
      for (const line of lines) yield JSON.parse(line) as T
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
  }
}

export interface LineWriter {
  add(value: unknown): Promise<void>
  /** Everything so far is on the disk; gives how long the file is. */
  settle(): Promise<number>
  close(): Promise<void>
}

/** Goes on with a file behind its first so many bytes. */
export async function writeLines(path: string, from = 0): Promise<LineWriter> {
  const file: FileHandle = await open(path, from === 0 ? 'w' : 'r+', 0o600)
  await file.truncate(from)
  let length = from
  let waiting: string[] = []
  let size = 0
  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(waiting.join(''))
    ;[waiting, size] = [[], 0]
    for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at, bytes.length - at, length + at)).bytesWritten
    length += bytes.length
  }
  return {
    async add(value) {
      const line = `${JSON.stringify(value)}\n`
      waiting.push(line)
      size += line.length
      if (size >= PIECE) await flush()
    },
    async settle() {
      await flush()
      await file.sync()
      return length
    },
    close: () => file.close(),
  }
}

/** Walks through sorted values beside another sorted walk: gives the one of just that key, or nothing. Keys must be asked for in ascending order. */
export function beside<T>(values: AsyncGenerator<T>, keyOf: (value: T) => string, compare: (a: string, b: string) => number): { at(key: string): Promise<T | undefined>; end(): Promise<void> } {
  let next: IteratorResult<T> | undefined
  return {
    async at(key) {
      next ??= await values.next()
      while (next.done !== true && compare(keyOf(next.value), key) < 0) next = await values.next()
      return next.done !== true && keyOf(next.value) === key ? next.value : undefined
    },
    end: async () => void (await values.return(undefined)),
  }
}

// What a program prints, as it is: not shortened and not cleaned, for answers that are read by us and never shown. Bounded all the same.
import { Fault } from '../../core/fault.ts'
import type { Cell, Ran, RunWant } from '../backup.ts'

const MOST = 16 * 1024 * 1024

export async function printed(cell: Pick<Cell, 'run'>, argv: readonly string[], want: Omit<RunWant, 'take'>): Promise<Ran> {
  const chunks: Buffer[] = []
  let bytes = 0
  const ran = await cell.run(argv, {
    ...want,
    take(chunk) {
      bytes += chunk.length
      if (bytes > MOST) throw new Fault('it answers with more than can be read', 'never')
      chunks.push(chunk)
    },
  })
  return { ...ran, out: Buffer.concat(chunks).toString('utf8') }
}

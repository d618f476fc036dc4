// Notices that the configuration changed: the file, and `conf.d/*.yaml`, `runbooks/*.yaml` and `secrets/` beside it. It asks the disk without
// waiting for it (a disk that hangs costs one question, no more), and lets a change settle for one further look, so that a file
// that is being written is not read in the middle.
import fs from 'node:fs/promises'
import path from 'node:path'

/** What the files look like from outside; changes when one of them does. */
export async function markOf(file: string): Promise<string> {
  const folder = path.dirname(file)
  const parts = [await markOne(file)]
  for (const [name, wanted] of [['conf.d', /\.yaml$/], ['runbooks', /\.yaml$/], ['secrets', /^[^.]/]] as const) {
    const names = (await fs.readdir(path.join(folder, name)).catch(() => [])).filter((it) => wanted.test(it)).sort().slice(0, 500)
    for (const it of names) parts.push(`${name}/${it} ${await markOne(path.join(folder, name, it))}`)
  }
  return parts.join('\n')
}

const markOne = (file: string): Promise<string> =>
  fs.stat(file, { bigint: true }).then((it) => `${it.ino} ${it.size} ${it.mtimeNs} ${it.ctimeNs}`, () => 'absent')

export interface Lookout {
  /** Call it about once a second; never waits. */
  turn(): void
}

/** Calls `onChange` once for each change against `known` (a mark), when it has settled. `mark` is for tests. */
export function lookoutFor(file: string, known: string, onChange: () => void, mark: (file: string) => Promise<string> = markOf): Lookout {
  let accepted = known
  let last = known
  let asking = false
  return {
    turn() {
      if (asking) return
      asking = true
      void mark(file).then((seen) => {
        asking = false
        const settled = seen === last
        last = seen
        if (!settled || seen === accepted) return
        accepted = seen
        onChange()
      })
    },
  }
}

/** Never two at once: what is asked for meanwhile is done once more afterwards, so that the last word is the newest file's. */
export function inTurn(work: () => Promise<void>): () => void {
  let [busy, again] = [false, false]
  const run = (): void => {
    if (busy) {
      again = true
      return
    }
    busy = true
    void work().finally(() => {
      busy = false
      if (!again) return
      again = false
      run()
    })
  }
  return run
}

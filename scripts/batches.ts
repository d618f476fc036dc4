// Starting a process and reading the sources costs more than most test files test. Those that touch nothing but values, folders of
// their own and ports share a process with their neighbours. Whoever starts programs, turns a clock, listens, or has to do with what belongs
// to a whole process (its environment, its signals, hooks around all of its tests) has one of its own.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ALONE = /child_process|node:(?:cluster|worker_threads|net|http|https|tls|dns|dgram|v8|vm)\b|\bprocess\.(?!hrtime|execPath|platform|arch|version|pid|getuid|memoryUsage)|globalThis|\bmock\b|^(?:before|after|beforeEach|afterEach)\(|\blisten\(|\bsetInterval\(|\bgc\(|\btrust\w*\(|\/proc\//m
/** So many in one process: few enough that a crash names few, and that both cores have something to do until the end. */
const MOST = 16

export interface Batches {
  /** What is to be run: files as they are, and files that import several. */
  readonly files: string[]
  /** Whose tests are in one of `files`. */
  of(file: string): readonly string[]
}

/** Puts together what may share a process. `isLong` names what is long enough to have its own. */
export function batchesOf(all: readonly string[], isLong: (name: string) => boolean): Batches {
  const together = all.filter((name) => !isLong(name) && !ALONE.test(readFileSync(name, 'utf8')))
  const alone = all.filter((name) => !together.includes(name))
  const count = Math.ceil(together.length / MOST)
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-tests-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const parts = new Map<string, readonly string[]>()
  for (let n = 0; n < count; n++) {
    const part = together.slice(Math.floor((n * together.length) / count), Math.floor(((n + 1) * together.length) / count))
    const file = path.join(folder, `${n + 1}-of-${count}.mjs`)
    writeFileSync(file, part.map((name) => `import ${JSON.stringify(pathToFileURL(name).href)}\n`).join(''))
    parts.set(file, part)
  }
  return { files: [...alone, ...parts.keys()], of: (file) => parts.get(file.startsWith('file:') ? fileURLToPath(file) : file) ?? [file] }
}

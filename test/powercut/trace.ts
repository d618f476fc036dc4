// Reads what `strace -f -y -xx` saw of a writer and turns it into the operations that matter to a disk: writes, truncations,
// syncs of files and folders, names that come and go, and the writer's own "ack N" on standard output. A call on the folder
// that the model does not know is an error here: an explorer that overlooks a call proves nothing.

export type Op =
  | { readonly is: 'create'; readonly file: string }
  | { readonly is: 'write'; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly is: 'truncate'; readonly file: string; readonly size: number }
  /** Room is set aside: the file reads as zeros there. */
  | { readonly is: 'extend'; readonly file: string; readonly size: number }
  | { readonly is: 'sync'; readonly file: string }
  | { readonly is: 'syncFolder'; readonly folder: string }
  | { readonly is: 'unlink'; readonly file: string }
  | { readonly is: 'rename'; readonly from: string; readonly to: string }
  | { readonly is: 'link'; readonly from: string; readonly to: string }
  | { readonly is: 'ack'; readonly n: number }

/** What strace must be told to watch. */
export const WATCHED = [
  'openat', 'open', 'creat', 'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'sendfile', 'copy_file_range', 'fsync', 'fdatasync',
  'sync_file_range', 'ftruncate', 'truncate', 'fallocate', 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2', 'link', 'linkat', 'lseek', 'mmap',
] as const

interface Call {
  readonly name: string
  readonly args: string
  readonly result: string
}

/** The operations on files under `folder`, in the order in which they ended. `ignored` names files that a restart makes anew. */
export function readTrace(log: string, folder: string, ignored: (file: string) => boolean): Op[] {
  const ops: Op[] = []
  const known = new Set<string>()
  const offsets = new Map<string, number>()
  for (const call of callsOf(log)) {
    if (call.result.startsWith('-')) continue
    for (const op of opsOf(call, folder, known, offsets)) {
      const file = 'file' in op ? op.file : 'to' in op ? op.to : undefined
      if (file !== undefined && ignored(file)) continue
      ops.push(op)
    }
  }
  return ops
}

/** Calls, with those put together again that other threads interrupted in the log. */
function* callsOf(log: string): IterableIterator<Call> {
  const begun = new Map<string, string>()
  for (const line of log.split('\n')) {
    const whole = /^(?:(\d+)\s+)?(.*)$/.exec(line)
    const [pid, rest] = [whole?.[1] ?? '', whole?.[2] ?? '']
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(pid, rest.slice(0, -'<unfinished ...>'.length).trimEnd())
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest)
    const text = resumed ? `${begun.get(pid) ?? ''}${resumed[1] ?? ''}` : rest
    begun.delete(pid)
    const call = /^(\w+)\((.*)\)\s+=\s+(\S.*)$/s.exec(text)
    if (call) yield { name: call[1] ?? '', args: call[2] ?? '', result: call[3] ?? '' }
  }
}

const unhex = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex')
const STRING = '"((?:\\\\x[0-9a-f]{2})*)"(\\.\\.\\.)?'
const textOf = (hex: string | undefined): string => unhex(hex ?? '').toString()

/** The path behind the first descriptor of the arguments: `21<\x2f…>`. */
function fileOf(args: string): { fd: string; path: string } | undefined {
  const hit = /^(\d+)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?/.exec(args)
  if (!hit || hit[3]) return undefined
  const path = textOf(hit[2])
  return path.endsWith(' (deleted)') ? undefined : { fd: hit[1] ?? '', path }
}

function opsOf({ name, args, result }: Call, folder: string, known: Set<string>, offsets: Map<string, number>): Op[] {
  const inside = (path: string): boolean => path === folder || path.startsWith(`${folder}/`)
  const relative = (path: string): string => path.slice(folder.length + 1)
  const strings = [...args.matchAll(new RegExp(STRING, 'g'))].map((hit) => textOf(hit[1]))
  const on = fileOf(args)
  const unknown = (): never => {
    throw new Error(`the model does not know ${name}(${args.slice(0, 200)}): teach it, or keep the writer from it`)
  }
  if (name === 'openat' || name === 'open' || name === 'creat') {
    const path = /<((?:\\x[0-9a-f]{2})*)>$/.exec(result)
    const at = textOf(path?.[1])
    if (!path || !inside(at) || at === folder) return []
    offsets.set(/^\d+/.exec(result)?.[0] ?? '', 0)
    if (args.includes('O_APPEND')) return unknown()
    const file = relative(at)
    if (!known.has(file) && (args.includes('O_CREAT') || name === 'creat')) return known.add(file), [{ is: 'create', file }]
    return args.includes('O_TRUNC') ? [{ is: 'truncate', file, size: 0 }] : []
  }
  if (name === 'write' && on?.fd === '1') {
    const text = strings.join('')
    return [...text.matchAll(/^ack (\d+)$/gm)].map((hit) => ({ is: 'ack', n: Number(hit[1]) }))
  }
  if (['unlink', 'unlinkat', 'rename', 'renameat', 'renameat2', 'link', 'linkat'].includes(name)) return namesOf(name, strings, { inside, relative, known, unknown })
  if (!on || !inside(on.path)) return []
  const file = relative(on.path)
  switch (name) {
    case 'pwrite64': return [{ is: 'write', file, at: Number(/, (\d+)$/.exec(args)?.[1]), bytes: whole(args, Number(result)) }]
    case 'write': {
      const at = offsets.get(on.fd) ?? 0
      offsets.set(on.fd, at + Number(result))
      return [{ is: 'write', file, at, bytes: whole(args, Number(result)) }]
    }
    case 'lseek': return offsets.set(on.fd, Number(result)), []
    case 'fsync':
    case 'fdatasync': return [on.path === folder ? { is: 'syncFolder', folder: '' } : { is: 'sync', file }]
    case 'ftruncate': return [{ is: 'truncate', file, size: Number(/, (\d+)$/.exec(args)?.[1]) }]
    case 'fallocate': {
      const size = /, (\w+), (\d+), (\d+)$/.exec(args)
      if (!size || !['0', 'FALLOC_FL_KEEP_SIZE'].includes(size[1] ?? '')) return unknown()
      return size[1] === '0' ? [{ is: 'extend', file, size: Number(size[2]) + Number(size[3]) }] : []
    }
    // Shared memory beside the database is made anew after a crash; a mapped file that is not ignored would be missed here.
    case 'mmap': return args.includes('MAP_SHARED') && args.includes('PROT_WRITE') && !file.endsWith('-shm') ? unknown() : []
    default: return unknown()
  }
}

function whole(args: string, written: number): Buffer {
  const hit = new RegExp(STRING).exec(args)
  if (!hit || hit[2]) throw new Error('a write was cut short in the log: raise strace -s')
  return unhex(hit[1] ?? '').subarray(0, written)
}

interface Names {
  readonly inside: (path: string) => boolean
  readonly relative: (path: string) => string
  readonly known: Set<string>
  readonly unknown: () => never
}

function namesOf(name: string, [first = '', second = '']: readonly string[], it: Names): Op[] {
  const { inside, relative, known } = it
  if (name.startsWith('unlink')) {
    if (!inside(first)) return []
    known.delete(relative(first))
    return [{ is: 'unlink', file: relative(first) }]
  }
  if (!inside(first) && !inside(second)) return []
  if (!inside(first) || !inside(second)) return it.unknown()
  known.add(relative(second))
  if (name.startsWith('link')) return [{ is: 'link', from: relative(first), to: relative(second) }]
  known.delete(relative(first))
  return [{ is: 'rename', from: relative(first), to: relative(second) }]
}

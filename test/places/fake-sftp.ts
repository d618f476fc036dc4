// An SFTP server of version 3 over a folder, in this process, as far as a store asks: for tests that have no ssh. It answers as OpenSSH does (a rename
// never overwrites, a link is not followed by lstat), and can be told to answer as nobody should.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import type { Spoken } from '../../src/ports/store.ts'

/** Answers a question in another way: its type, the request's body behind the id; `undefined` leaves it to the folder. */
export type Twist = (type: number, id: number, body: Buffer) => Buffer | 'silence' | undefined

const u32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(n >>> 0)
  return bytes
}
const u64 = (n: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(n))
  return bytes
}
const sized = (it: string | Buffer): Buffer => {
  const bytes = Buffer.from(it as string)
  return Buffer.concat([u32(bytes.length), bytes])
}
/** One answer as it goes over the line. */
export const answer = (type: number, id: number, ...parts: readonly Buffer[]): Buffer => sized(Buffer.concat([Buffer.from([type]), u32(id), ...parts]))
export const status = (id: number, code: number, says = ''): Buffer => answer(101, id, u32(code), sized(says), sized(''))
export const nameAnswer = (id: number, names: readonly (string | Buffer)[], attrs: Buffer = plainAttrs): Buffer => answer(104, id, u32(names.length), ...names.flatMap((name) => [sized(name), sized('long'), attrs]))

/** A folder that gives this answer, and then its end. */
export function once(first: (id: number) => Buffer): Twist {
  let given = false
  return (type, id) => {
    if (type !== 12) return undefined
    const was = given
    given = !given
    return was ? status(id, 1) : first(id)
  }
}

const attrsOf = (stat: fs.Stats): Buffer => Buffer.concat([u32(0xf), u64(stat.size), u32(stat.uid), u32(stat.gid), u32(stat.mode), u32(Math.floor(stat.atimeMs / 1000)), u32(Math.floor(stat.mtimeMs / 1000))])
const plainAttrs = Buffer.concat([u32(0xf), u64(1), u32(0), u32(0), u32(0o100644), u32(1), u32(1)])

type Handle = { readonly fd: number } | { readonly names: readonly Buffer[]; readonly folder: string; at: number }

/** Serves everything below /; what it is asked is what the folders of this machine say. */
export function fakeSftp(twist: Twist = () => undefined, hello: Buffer = Buffer.concat([u32(3), sized('fsync@openssh.com'), sized('1')])): Spoken & { readonly killed: () => boolean } {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const handles = new Map<string, Handle>()
  let held = Buffer.alloc(0)
  let killed = false
  let handed = 0
  const give = (handle: Handle): Buffer => {
    const name = createHash('sha1').update(String(++handed)).digest('hex')
    handles.set(name, handle)
    return sized(name)
  }
  const take = (type: number, body: Buffer): void => {
    if (type === 1) return void output.write(sized(Buffer.concat([Buffer.from([2]), hello])))
    const id = body.readUInt32BE()
    const rest = body.subarray(4)
    const other = twist(type, id, rest)
    if (other === 'silence') return
    try {
      output.write(other ?? serve(type, id, rest, handles, give))
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? ''
      output.write(status(id, ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code) ? 2 : ['EACCES', 'EPERM'].includes(code) ? 3 : 4, code))
    }
  }
  input.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE()) {
      const length = held.readUInt32BE()
      const body = held.subarray(5, 4 + length)
      const type = held[4] ?? 0
      held = held.subarray(4 + length)
      take(type, body)
    }
  })
  return {
    input, output, said: () => 'the fake has gone', killed: () => killed,
    kill() {
      killed = true
      for (const handle of handles.values()) if ('fd' in handle) fs.closeSync(handle.fd)
      handles.clear()
      output.end()
    },
  }
}

function serve(type: number, id: number, body: Buffer, handles: Map<string, Handle>, give: (handle: Handle) => Buffer): Buffer {
  let at = 0
  const word = (): number => body.readUInt32BE((at += 4) - 4)
  const long = (): number => Number(body.readBigUInt64BE((at += 8) - 8))
  const bytes = (): Buffer => {
    const length = word()
    return body.subarray(at, (at += length))
  }
  const ok = status(id, 0)
  const held = (): Handle => {
    const handle = handles.get(bytes().toString())
    if (!handle) throw Object.assign(new Error('no handle'), { code: 'EBADF' })
    return handle
  }
  switch (type) {
    case 3: {
      const [name, flags] = [bytes(), word()]
      const how = (flags & 2) === 0 ? fs.constants.O_RDONLY : fs.constants.O_WRONLY | ((flags & 8) === 0 ? 0 : fs.constants.O_CREAT) | ((flags & 32) === 0 ? 0 : fs.constants.O_EXCL)
      return answer(102, id, give({ fd: fs.openSync(name, how, 0o600) }))
    }
    case 4: {
      const name = bytes().toString()
      const handle = handles.get(name)
      handles.delete(name)
      if (handle && 'fd' in handle) fs.closeSync(handle.fd)
      return ok
    }
    case 5: {
      const [handle, from, length] = [held(), long(), word()]
      const buffer = Buffer.alloc(length)
      const got = 'fd' in handle ? fs.readSync(handle.fd, buffer, 0, length, from) : 0
      return got === 0 ? status(id, 1) : answer(103, id, sized(buffer.subarray(0, got)))
    }
    case 6: {
      const [handle, from, what] = [held(), long(), bytes()]
      if ('fd' in handle) fs.writeSync(handle.fd, what, 0, what.length, from)
      return ok
    }
    case 7: return answer(105, id, attrsOf(fs.lstatSync(bytes())))
    case 8: {
      const handle = held()
      return 'fd' in handle ? answer(105, id, attrsOf(fs.fstatSync(handle.fd))) : status(id, 4)
    }
    case 11: {
      const folder = bytes().toString()
      return answer(102, id, give({ folder, at: 0, names: fs.readdirSync(folder, { encoding: 'buffer' }) }))
    }
    case 12: {
      const handle = held()
      if (!('names' in handle)) return status(id, 4)
      const some = handle.names.slice(handle.at, (handle.at += 3))
      if (some.length === 0) return status(id, 1)
      return answer(104, id, u32(some.length), ...some.flatMap((name) => [sized(name), sized('long'), attrsOf(fs.lstatSync(Buffer.concat([Buffer.from(`${handle.folder}/`), name])))]))
    }
    case 13: fs.unlinkSync(bytes()); return ok
    case 14: fs.mkdirSync(bytes(), { mode: 0o700 }); return ok
    case 15: fs.rmdirSync(bytes()); return ok
    case 16: return nameAnswer(id, [path.resolve('/', fs.existsSync(bytes()) ? fs.realpathSync(body.subarray(4)) : body.subarray(4).toString())])
    case 18: {
      const [from, to] = [bytes(), bytes()]
      fs.linkSync(from, to)
      fs.unlinkSync(from)
      return ok
    }
    case 200: return ok
    default: return status(id, 8)
  }
}

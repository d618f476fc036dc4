// The world of the stories: a real Holdfast (all its processes) in a folder of its own, a real SMTP sink and webhook sink, the
// programs that it watches. Everything stands on loopback on ports that were free, and is stopped by process id.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../..')

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

/** Waits until `look` gives something; fails with what was waited for. */
export async function until<T>(what: string, within: number, look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + within
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) assert.fail(`did not happen within ${within} ms: ${what}`)
    await sleep(40)
  }
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<net.Server>((resolve) => {
    const server = net.createServer()
    server.listen(0, '127.0.0.1', () => resolve(server))
  })))
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => void server.close(resolve))))
  return ports
}

export interface Mail { readonly at: number; readonly to: string; readonly subject: string; readonly id: string; readonly text: string }
export interface Hook { readonly at: number; readonly body: Record<string, unknown> & { ack_url?: string; pass_url?: string; person: string; event: string; step: number; round: number; incident: { id: string; number: number; title: string; url: string } } }

/** A small SMTP server that takes everything and keeps it. */
export function smtpSink(port: number): Promise<{ mails: Mail[]; close(): void }> {
  const mails: Mail[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let buffer = ''
    let to = ''
    let data: string | undefined
    socket.write('220 sink ESMTP\r\n')
    socket.on('data', (chunk) => {
      buffer += chunk.toString('utf8')
      for (;;) {
        if (data !== undefined) {
          const end = buffer.indexOf('\r\n.\r\n')
          if (end < 0) return
          data = buffer.slice(0, end)
          buffer = buffer.slice(end + 5)
          mails.push(readMail(data, to))
          data = undefined
          socket.write('250 2.0.0 kept\r\n')
          continue
        }
        const end = buffer.indexOf('\r\n')
        if (end < 0) return
        const line = buffer.slice(0, end)
        buffer = buffer.slice(end + 2)
        const verb = line.slice(0, 4).toUpperCase()
        if (verb === 'RCPT') to = /<([^>]*)>/.exec(line)?.[1] ?? ''
        if (verb === 'DATA') data = ''
        socket.write(verb === 'DATA' ? '354 go on\r\n' : verb === 'EHLO' ? '250-sink\r\n250 8BITMIME\r\n' : verb === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n')
        if (verb === 'QUIT') socket.end()
      }
    })
  })
  return new Promise((resolve) => void server.listen(port, '127.0.0.1', () => resolve({
    mails,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  })))
}

function readMail(raw: string, to: string): Mail {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ')
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''
  const text = raw.replace(/^\.\./gm, '.').replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return { at: Date.now(), to, subject: field('Subject'), id: field('Message-ID'), text }
}

/** Takes webhooks and keeps them. */
export function hookSink(port: number, host = '127.0.0.1'): Promise<{ hooks: Hook[]; close(): void }> {
  const hooks: Hook[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()))
    request.on('end', () => {
      hooks.push({ at: Date.now(), body: JSON.parse(body) as Hook['body'] })
      response.end('ok')
    })
  })
  return new Promise((resolve) => void server.listen(port, host, () => resolve({
    hooks,
    close() {
      server.close()
      server.closeAllConnections()
    },
  })))
}

/** A program that answers what it is told to. */
export function program(port: number, answer: () => { status: number; body: string }): Promise<{ close(): Promise<void>; open(): Promise<void> }> {
  let server: http.Server | undefined
  const open = (): Promise<void> => new Promise((resolve) => {
    server = http.createServer((_, response) => {
      const it = answer()
      response.writeHead(it.status, { connection: 'close' })
      response.end(it.body)
    })
    server.listen(port, '127.0.0.1', () => resolve())
  })
  const close = (): Promise<void> => new Promise((resolve) => {
    server?.closeAllConnections()
    server?.close(() => resolve())
  })
  return open().then(() => ({ open, close }))
}

export interface Running {
  readonly folder: string
  readonly child: ChildProcess
  output(): string
  /** Process ids by what they run: watchdog, keeper, ringer, prober, web. */
  pids(): Record<string, number>
  stop(): Promise<number | null>
  /** The command line on this installation. */
  cli(...args: string[]): Promise<{ code: number | null; out: string; err: string }>
}

export const folderFor = (name: string): string => mkdtempSync(path.join(tmpdir(), `holdfast-${name}-`))
/** A worker that writes a board may end a moment after its Holdfast: nobody waits for a disk. */
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
export const writeConfig = (folder: string, yaml: string): void => writeFileSync(path.join(folder, 'holdfast.yaml'), yaml)

/** Child processes of a process, by the name of the file that they run. */
export function childrenOf(pid: number): Record<string, number> {
  const found: Record<string, number> = { watchdog: pid }
  const list = (of: number): number[] => {
    try {
      return readFileSync(`/proc/${of}/task/${of}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    } catch {
      return []
    }
  }
  for (const child of list(pid)) {
    try {
      const name = /processes\/([a-z-]+)\.ts/.exec(readFileSync(`/proc/${child}/cmdline`, 'utf8'))?.[1]
      if (name !== undefined) found[name] = child
    } catch {
      // It ended meanwhile.
    }
  }
  return found
}

/** Starts `holdfast up` in a folder that holds its configuration; `by`: a command that becomes what stands behind it. */
export function startHoldfast(folder: string, port: number, env: Record<string, string> = {}, more: readonly string[] = [], by: readonly string[] = []): Running {
  const [file = '', ...args] = [...by, path.join(root, 'bin/holdfast'), 'up', '--port', String(port), '--data', path.join(folder, 'data'), ...more]
  const child = spawn(file, args, {
    cwd: folder, env: { ...process.env, ...env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  return {
    folder, child, output: () => output, pids: () => childrenOf(child.pid ?? 0),
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
      const code = await ended
      clearTimeout(timer)
      return code
    },
    cli: (...args) => runCli(folder, env, args),
  }
}

/** Runs `holdfast <args>` on the installation in a folder. */
export function runCli(folder: string, env: Record<string, string>, args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(path.join(root, 'bin/holdfast'), [...args, '--data', path.join(folder, 'data')], { cwd: folder, env: { ...process.env, ...env, NO_COLOR: '1' } })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()))
    child.once('exit', (code) => resolve({ code, out, err }))
  })
}

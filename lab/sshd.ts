// A real sshd for the lab, on loopback, with keys of its own in a folder of its own: root acts, `nobody` reads. It serves nothing but SFTP, and is
// gone after the test. Proves itself by a key that nothing else on this machine knows.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { freePort } from './servers.ts'

export interface Sshd {
  readonly port: number
  /** Where the keys lie: `hand.key` of root, `reader.key` of nobody, `stranger.key` of no one. */
  readonly folder: string
  /** As it stands in a .pub file, without its comment. */
  readonly hostKey: string
  /** A key of the same kind that is not this host's. */
  readonly otherKey: string
  readonly pid: () => number | undefined
  close(): Promise<void>
}

const KEYS = ['host', 'other', 'hand', 'reader', 'stranger'] as const
const WITHIN = 10_000

export async function sshd(): Promise<Sshd> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-sshd-'))
  const port = await freePort()
  let child: ChildProcess | undefined
  const close = async (): Promise<void> => {
    if (child && child.exitCode === null && child.signalCode === null) {
      const over = new Promise((resolve) => child?.once('exit', resolve))
      child.kill('SIGTERM')
      await over
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    chmodSync(folder, 0o755)
    for (const name of KEYS) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path.join(folder, `${name}.key`)])
    mkdirSync(path.join(folder, 'let-in'), { mode: 0o755 })
    copyFileSync(path.join(folder, 'hand.key.pub'), path.join(folder, 'let-in', 'root'))
    copyFileSync(path.join(folder, 'reader.key.pub'), path.join(folder, 'let-in', 'nobody'))
    // Its parting of privileges wants an empty folder that the package's service would make.
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    const conf = path.join(folder, 'sshd.conf')
    writeFileSync(conf, [
      `ListenAddress 127.0.0.1:${port}`, `HostKey ${folder}/host.key`, 'PidFile none', `AuthorizedKeysFile ${folder}/let-in/%u`, 'PermitRootLogin prohibit-password', 'AllowUsers root nobody',
      'UsePAM no', 'StrictModes no', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'Subsystem sftp internal-sftp', 'ForceCommand internal-sftp', 'AllowTcpForwarding no', '',
    ].join('\n'))
    const errors: string[] = []
    // Under its full name: it starts itself anew for each connection.
    child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', conf], { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
    await listening(port, () => child?.exitCode !== null || child.signalCode !== null, errors)
  } catch (cause) {
    await close()
    throw new Error(`sshd did not start; is the Debian package openssh-server installed (${existsSync('/usr/sbin/sshd') ? 'it is' : 'it is not'})? ${cause instanceof Error ? cause.message.slice(-800) : String(cause)}`, { cause })
  }
  const key = (name: string): string => readFileSync(path.join(folder, `${name}.key.pub`), 'utf8').trim().split(' ').slice(0, 2).join(' ')
  return { port, folder, hostKey: key('host'), otherKey: key('other'), pid: () => child?.pid, close }
}

async function listening(port: number, isOver: () => boolean, errors: readonly string[]): Promise<void> {
  for (const end = Date.now() + WITHIN; Date.now() < end;) {
    if (isOver()) throw new Error(errors.join(''))
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing listens after ${WITHIN} ms: ${errors.join('')}`)
}

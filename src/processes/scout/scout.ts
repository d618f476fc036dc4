// The scout: asks each configured host every second how it is, over one kept connection of the system's ssh each, and tells the keeper. It judges
// nothing and changes nothing: what hosts are asked to run is one constant loop that reads. Its ssh takes the keys that the user of
// this process has.
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { sshArgv, whyGone } from '../../ports/world/ssh.ts'
import { stayConnected } from '../../ports/wire.ts'
import { createClock } from '../../ports/world/clock.ts'
import { createTimers } from '../../ports/world/timers.ts'
import type { Asked, FromScout } from '../../rooms/change/protocol.ts'
import { attachParent, toParent } from '../parent.ts'
import { speak } from '../stores/speak.ts'
import { createHostLine, type Pipe, type PipeEars } from './host-line.ts'
import { tellingOf } from './telling.ts'

interface Init {
  readonly runtime: string
  readonly hosts: readonly Asked[]
}

const world = { ...createClock(), ...createTimers() }
const lines = new Map<string, { readonly asked: string; close(): void }>()
/** The newest of each host: a keeper that comes back hears them all. */
const last = new Map<string, FromScout>()
let connection: ReturnType<typeof stayConnected> | undefined

function sshPipe({ door }: Asked, ears: PipeEars): Pipe {
  const it = speak(sshArgv(door, { command: tellingOf() }))
  let isOver = false
  const over = (): void => {
    if (isOver) return
    isOver = true
    ears.over(whyGone(it.said(), door.host).says)
  }
  it.output.setEncoding('utf8')
  it.output.on('data', (chunk: string) => ears.said(chunk))
  for (const event of ['end', 'error', 'close']) it.output.on(event, over)
  it.input.on('error', over)
  return {
    write: (text) => void it.input.write(text),
    end() {
      isOver = true
      it.kill()
    },
  }
}

function tell(message: FromScout): void {
  last.set(message.host, message)
  connection?.link?.send({ ...message })
}

/** Hosts that are new, or reached in another way, are dialled; those that are gone are left. */
function ask(hosts: readonly Asked[]): void {
  for (const [name, line] of lines) {
    if (hosts.some((it) => it.host === name && JSON.stringify(it) === line.asked)) continue
    line.close()
    lines.delete(name)
    last.delete(name)
  }
  for (const it of hosts) {
    if (lines.has(it.host)) continue
    const line = createHostLine({
      world, open: (ears) => sshPipe(it, ears),
      heard: ({ links, ...rest }, asked) => tell({ is: 'account', host: it.host, asked, account: { ...rest, links: [...links] } }),
      silent(says) {
        const { tick, boot } = world.now()
        tell({ is: 'silent', host: it.host, at: { tick, boot }, says })
      },
    })
    lines.set(it.host, { asked: JSON.stringify(it), close: line.close })
  }
}

setFlagsFromString('--optimize-for-size')
attachParent({
  onMessage(message) {
    if (message.is !== 'init' && message.is !== 'config') return
    const { runtime, hosts } = message as unknown as Init
    if (message.is === 'init') {
      connection?.close()
      connection = stayConnected(path.join(runtime, 'keeper.sock'), {
        onOpen(link) {
          link.send({ is: 'hello', scout: true })
          for (const known of last.values()) link.send({ ...known })
        },
        onMessage: () => undefined,
      })
    }
    ask(hosts)
    if (message.is === 'init') toParent({ is: 'ready' })
  },
  onStop() {
    for (const line of lines.values()) line.close()
    connection?.close()
  },
})

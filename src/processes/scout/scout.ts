// The scout: asks each configured host every second how it is, over one kept connection of the system's ssh each, and each member of a cluster in the
// language of its kind, and tells the keeper. It judges nothing. What hosts are asked to run is one constant loop that reads; into a cluster it
// writes one row, where the configuration names the table. Its ssh takes the keys that the user of this process has; the credentials for members
// of clusters are given to it and to no other process.
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { sshArgv, whyGone } from '../../ports/world/ssh.ts'
import { stayConnected } from '../../ports/wire.ts'
import { createClock } from '../../ports/world/clock.ts'
import { createEgress } from '../../ports/world/egress.ts'
import { createResolver } from '../../ports/world/resolver.ts'
import { createTimers } from '../../ports/world/timers.ts'
import type { Asked, AskedMember, FromScout, OfHost, ToScout } from '../../rooms/change/heard/protocol.ts'
import { attachParent, toParent } from '../parent.ts'
import { speak } from '../stores/speak.ts'
import { createHostLine, type Pipe, type PipeEars } from './host-line.ts'
import { createMembers, type Members } from './members.ts'
import { tellingOf } from './telling.ts'

interface Init {
  readonly runtime: string
  readonly hosts: readonly Asked[]
  readonly members: readonly AskedMember[]
  /** The ports that Holdfast itself listens on. */
  readonly ports: readonly number[]
  readonly lab: boolean
}

const world = { ...createClock(), ...createTimers() }
const lines = new Map<string, { readonly asked: string; close(): void }>()
/** The newest of each host: a keeper that comes back hears them all. */
const last = new Map<string, OfHost>()
let connection: ReturnType<typeof stayConnected> | undefined
let members: Members | undefined
const resolver = createResolver({ clock: world, timers: world })

/** So many conversations are begun in a second: each costs tens of ms here, and those that all begin at once would all be late. */
const DIALS = 20
const dials = { second: 0, begun: 0 }
function mayDial(): boolean {
  const second = Math.floor(world.now().tick / 1000)
  if (dials.second !== second) Object.assign(dials, { second, begun: 0 })
  return ++dials.begun <= DIALS
}

function sshPipe({ door }: Asked, ears: PipeEars): Pipe {
  const it = speak(sshArgv(door, { command: tellingOf() }))
  let isOver = false
  const over = (): void => {
    if (isOver) return
    isOver = true
    ears.over(whyGone(it.said(), door.host, door.via).says)
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

const send = (message: FromScout): void => void connection?.link?.send({ ...message })

function tell(message: OfHost): void {
  last.set(message.host, message)
  send(message)
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
      world, mayDial, open: (ears) => sshPipe(it, ears),
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
    const { runtime, hosts, members: asked, ports, lab } = message as unknown as Init
    if (message.is === 'init') {
      connection?.close()
      connection = stayConnected(path.join(runtime, 'keeper.sock'), {
        onOpen(link) {
          // What it missed may have been that names lead elsewhere now.
          resolver.forget()
          link.send({ is: 'hello', scout: true })
          for (const known of [...last.values(), ...(members?.last ?? [])]) link.send({ ...known })
        },
        onMessage(message) {
          const told = message as unknown as ToScout
          if (told.is === 'canary') members?.write(told.cluster)
          else resolver.forget()
        },
      })
      members?.close()
      members = createMembers({ world, egress: createEgress({ clock: world, timers: world, resolver, ownPorts: ports, lab }), tell: send })
    }
    ask(hosts)
    members?.ask(asked)
    if (message.is === 'init') toParent({ is: 'ready' })
  },
  onStop() {
    for (const line of lines.values()) line.close()
    members?.close()
    resolver.close()
    connection?.close()
  },
})

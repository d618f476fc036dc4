// The doer: the process that does one risky deed of one run, and is there for no other. The watchdog makes it when the keeper names the deed, gives it what
// that needs, and ends it afterwards. It decides nothing: what it does was agreed on by two people and ruled on by the keeper a moment ago.
import { createClock } from '../../ports/world/clock.ts'
import { createEgress } from '../../ports/world/egress.ts'
import { createResolver } from '../../ports/world/resolver.ts'
import { sshFrom } from '../../ports/world/ssh.ts'
import { createTimers } from '../../ports/world/timers.ts'
import { drivers } from '../../plugins/list.gen.ts'
import { createCommands } from './commands.ts'
import { liveAsDoer } from './life.ts'
import { tellLocally } from './local-socket.ts'

const clock = createClock()
const timers = createTimers()
const resolver = createResolver({ clock, timers })

liveAsDoer({
  now: () => clock.now(), timers, drivers,
  contextOf({ folder, ports = [], lab = false, target }) {
    const egress = createEgress({ clock, timers, resolver, ownPorts: ports, lab })
    return ({ doors }, signal) => ({
      egress, timers, now: () => clock.now(), local: tellLocally, signal, ...(target === undefined ? {} : { target }),
      // Files of keys lie beside the configuration.
      commands: createCommands({ doors: Object.fromEntries(Object.entries(doors).map(([name, door]) => [name, sshFrom(folder, door)])), world: { ...clock, ...timers } }),
    })
  },
  close: () => resolver.close(),
})

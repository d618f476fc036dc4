// A TCP port: passes when a connection to it opens, with TLS where that is asked for (then the certificate has to hold as well).
// Nothing is sent and nothing is read.
import { z } from 'zod'
import { between, type Instant } from '../../core/time.ts'
import { fail, pass, probe } from '../../ports/probe.ts'
import { refusal, within } from '../../ports/refusal.ts'
import { hostPortText } from '../../ports/setting.ts'
import { readHostPort } from '../../ports/target.ts'
import type { Certificate } from '../../ports/world.ts'

const config = z.strictObject({
  tcp: hostPortText('Host and port'),
  tls: z.boolean().optional().meta({ title: 'Speak TLS', description: 'The certificate has to hold' }),
})

export default probe({
  kind: 'tcp',
  title: 'TCP port',
  does: 'Passes when a connection to the port opens.',
  runs: 'shared',
  config,
  examples: [{ tcp: 'db.internal:5432' }, { tcp: 'mail.example.com:465', tls: true }, { tcp: '[2001:db8::1]:22' }],

  async look({ tcp, tls }, { egress, signal, timeout, now }) {
    const target = readHostPort(tcp)
    if (target.is === 'refused') throw new Error(target.says)
    try {
      const { host, port } = target
      const { socket, phases, certificate } = await egress.connect({ host, port, signal, ...(tls && { tls: {} }) })
      socket.destroy()
      return pass({ phases, ...(certificate && { certDaysLeft: daysLeft(certificate, now().wall) }) })
    } catch (cause) {
      const says = refusal(cause)
      if (says !== undefined) return fail(says)
      throw within(cause, timeout)
    }
  },
})

const daysLeft = ({ validTo }: Certificate, now: Instant): number => Math.floor(between(now, validTo) / 86_400_000)

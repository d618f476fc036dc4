// A heartbeat: others report, by calling an address of their own (/ping/…) every so often or by a calendar. Nobody looks: the watch
// room judges by when the last ping came and when the next one is due. Its period (`every`), `grace` and `timezone` are settings
// that all checks share.
import { Cron } from 'croner'
import { z } from 'zod'
import { probe } from '../../ports/probe.ts'

const config = z.strictObject({
  heartbeat: z.literal(true).meta({ title: 'Heartbeat', description: 'Waits for pings instead of looking' }),
  schedule: z
    .string()
    .max(200)
    .refine(isCron, 'write a cron expression of five fields, such as "15 2 * * *" (minute, hour, day, month, weekday)')
    .optional()
    .meta({ title: 'Schedule', description: 'When pings are due, as a cron expression; otherwise they are due every `every`', examples: ['15 2 * * *'] }),
})

export default probe({
  kind: 'heartbeat',
  title: 'Heartbeat',
  does: 'Passes while pings come when they are due.',
  runs: 'passive',
  config,
  examples: [{ heartbeat: true }, { heartbeat: true, schedule: '15 2 * * *' }],

  look() {
    return Promise.reject(new Error('a heartbeat is never looked at: others report'))
  },
})

function isCron(text: string): boolean {
  try {
    // Paused: it is read, never run.
    new Cron(text, { paused: true, mode: '5-part' })
    return true
  } catch {
    return false
  }
}

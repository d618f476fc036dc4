// The scanning side of `scan.ts`, in a process of its own, from its start to its end, with the code cache that the command uses.
import { goOnWarm } from '../src/processes/watchdog/warm.ts'

goOnWarm()
const { scan } = await import('../src/processes/scan/scan.ts')
const [folder = '', manifest = ''] = process.argv.slice(2)
const { is, tally } = await scan({ folder, manifest, signal: new AbortController().signal })
if (is !== 'ended' || tally.unreadable > 0) throw new Error(`${is}: ${JSON.stringify(tally)}`)

// What restores, put together for the command line: it runs on the machine and with the rights of whoever calls, and not in a process of the server.
import type { RestoreTools } from '../../views/restore/restoring.ts'
import { restoreBeside } from './beside.ts'
import { whyNotInto } from './into.ts'
import { swapIn } from './swap.ts'
import { restoreWhole } from './whole.ts'

export const restoreTools: RestoreTools = { whyNotInto, whole: restoreWhole, beside: restoreBeside, swap: swapIn }

// Loads the programs without running them, so that the runtime keeps their code in its cache, and ends. What they set up when
// they are loaded (listeners, timers) ends with it.
import { flushCompileCache } from 'node:module'
import { endNow } from '../parent.ts'

for (const url of JSON.parse(process.env['HOLDFAST_WARM'] ?? '[]') as string[]) await import(url)
flushCompileCache()
process.send?.({ is: 'warm' }, undefined, {}, endNow)

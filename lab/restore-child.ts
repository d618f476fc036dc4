// A restore in a process of its own, for the test that kills it. The one argument is what it wants, as JSON.
import type { WholeWants } from '../src/views/restore/restoring.ts'
import { restoreTools } from '../src/processes/restore/tools.ts'

process.stdout.write('begins\n')
const wants = JSON.parse(process.argv[2] ?? '') as Omit<WholeWants, 'say' | 'signal'>
const report = await restoreTools.whole({ ...wants, say: (text) => void process.stdout.write(`${text}\n`), signal: new AbortController().signal })
process.stdout.write(`${JSON.stringify(report)}\n`)

// The simulator as a command: `npm run sim -- --schedules 2000 --seed 1 [--runs 500] [--alone] [--most 20]`. Runs of planned changes have schedules of their own; without a
// number there are as many as of the others, and 2,000 at most; `--alone`: only of those that go by themselves. It stops after so many failures. Prints what failed with its seed, how
// often each kind of fault happened, and how fast it went. Exit code 1 when anything did not hold.
import { parseArgs } from 'node:util'
import { runMany } from './many.ts'
import { runManyRuns } from './runs/many.ts'

const { values } = parseArgs({ options: { schedules: { type: 'string', default: '2000' }, runs: { type: 'string' }, alone: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' }, most: { type: 'string', default: '200' } } })
const many = await runMany({ from: Number(values.seed), count: Number(values.schedules), most: Number(values.most) })
for (const failure of many.failures.slice(0, 20)) console.log(`seed ${failure.seed}: ${failure.says}`)
console.log(`${many.ran} schedules, ${many.failures.length} failures, ${many.entries} ledger entries, ${many.attempts} pages, ${many.acks} acknowledgements, ${Math.round(many.ran / many.seconds)} schedules/s`)
for (const [name, n] of Object.entries(many.sometimes)) console.log(`  sometimes ${name}: ${n}`)
const runs = await runManyRuns({ from: Number(values.seed), count: Number(values.runs ?? Math.min(2000, Number(values.schedules))), most: Number(values.most), alone: values.alone })
for (const failure of runs.failures.slice(0, 20)) console.log(`run of seed ${failure.seed}: ${failure.says}`)
console.log(`${runs.ran} runs, ${runs.failures.length} failures, ${runs.deeds} deeds, ${runs.presses} presses, ${Math.round(runs.ran / runs.seconds)} runs/s`)
for (const [name, n] of Object.entries(runs.sometimes)) console.log(`  sometimes ${name}: ${n}`)
const never = [...(many.ran > 0 ? many.never : []), ...(runs.ran > 0 ? runs.never : [])]
for (const name of never) console.log(`  NEVER happened: ${name}`)
process.exitCode = many.failures.length + runs.failures.length + never.length > 0 ? 1 : 0

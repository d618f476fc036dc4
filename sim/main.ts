// The simulator as a command: `npm run sim -- --schedules 2000 --seed 1 [--most 20]`. It stops after so many failures. Prints what failed with its seed, how
// often each kind of fault happened, and how fast it went. Exit code 1 when anything did not hold.
import { parseArgs } from 'node:util'
import { runMany } from './many.ts'

const { values } = parseArgs({ options: { schedules: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' }, most: { type: 'string', default: '200' } } })
const many = await runMany({ from: Number(values.seed), count: Number(values.schedules), most: Number(values.most) })
for (const failure of many.failures.slice(0, 20)) console.log(`seed ${failure.seed}: ${failure.says}`)
console.log(`${many.ran} schedules, ${many.failures.length} failures, ${many.entries} ledger entries, ${many.attempts} pages, ${many.acks} acknowledgements, ${Math.round(many.ran / many.seconds)} schedules/s`)
for (const [name, n] of Object.entries(many.sometimes)) console.log(`  sometimes ${name}: ${n}`)
for (const name of many.never) console.log(`  NEVER happened: ${name}`)
process.exitCode = many.failures.length > 0 || many.never.length > 0 ? 1 : 0

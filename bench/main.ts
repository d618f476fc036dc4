// `npm run bench`: how fast, how punctual, how small. Each measurement stands in a file of its own and prints its figures beside
// their goals; nothing here is a test, since a machine that is busy with something else is no fault of the code. Compare
// figures only within one run; where a goal is a ratio, both sides are measured side by side in it.
//
//   npm run bench                     all of them, in about twenty-three minutes
//   npm run bench -- looks board      only these
//   npm run bench -- reconcile merge --keys 10000000    of so many keys (otherwise 1 M for a whole run, 10 M for the merge alone), and as much longer
//
// Every goal is printed with what came of it: met, MISSED, or NOT MEASURED where what it is compared with is not on this machine.
import { load, machine } from './machine.ts'
import { sweep, type Figure, type Measurement } from './rig.ts'

/** In this order: the first four share one run of 5,000 checks. */
const FILES = ['looks', 'lateness', 'memory', 'disk', 'flat', 'notice', 'triggers', 'board', 'restart', 'merge', 'reconcile', 'scan', 'beside', 'evidence', 'halts'] as const
/** Minutes of one measurement; a whole run takes three for each million keys, at most. */
const longest = (): number => Number(process.env['HOLDFAST_BENCH_MINUTES'] ?? Math.max(5, Math.ceil((3 * Number(process.env['HOLDFAST_BENCH_KEYS'] ?? 0)) / 1e6)))
const VERDICTS = { met: '  met', missed: '  MISSED', unknown: '  NOT MEASURED' } as const

const say = (figure: Figure): string => {
  const verdict = figure.met === undefined ? '' : VERDICTS[figure.met === 'unknown' ? 'unknown' : figure.met ? 'met' : 'missed']
  return `  ${figure.what.padEnd(34)} ${figure.is}${figure.goal === undefined ? '' : `   (goal: ${figure.goal})${verdict}`}`
}

const within = async <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${longest()} minutes`)), longest() * 60_000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

async function run(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !FILES.some((it) => it === name))
  if (unknown.length > 0) {
    console.error(`no measurement is called ${unknown.join(', ')}; there are: ${FILES.join(', ')}`)
    return 2
  }
  console.log(`${machine()}; ${load()} at the start`)
  const missed: string[] = []
  const open: string[] = []
  let failed = 0
  for (const name of FILES.filter((it) => names.length === 0 || names.includes(it))) {
    const { default: measurement } = (await import(`./${name}.ts`)) as { default: Measurement }
    console.log(`\n${name}: ${measurement.about}`)
    try {
      for (const figure of await within(measurement.measure())) {
        console.log(say(figure))
        if (figure.met === false) missed.push(`${name}: ${figure.what} ${figure.is}, goal ${figure.goal}`)
        if (figure.met === 'unknown') open.push(`${name}: ${figure.what}, ${figure.is}; goal ${figure.goal}`)
      }
    } catch (cause) {
      failed++
      console.log(`  could not be measured: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
    console.log(`  ${load()}`)
  }
  if (failed > 0) console.log(`\n${failed} could not be measured.`)
  if (open.length > 0) console.log(`\nNot measured:\n${open.map((it) => `  ${it}`).join('\n')}`)
  console.log(missed.length === 0 ? '\nEvery goal that was measured is met.' : `\nMissed:\n${missed.map((it) => `  ${it}`).join('\n')}`)
  return failed > 0 ? 1 : 0
}

/** The names that are wanted; `--keys` is for all of them. */
function namesIn(args: readonly string[]): readonly string[] | string {
  const at = args.indexOf('--keys')
  if (at < 0) return args
  const keys = Number(args[at + 1])
  // A run needs some rows to be believed, and names of keys have nine digits.
  if (!Number.isSafeInteger(keys) || keys < 100_000 || keys > 100_000_000) return '--keys wants a number from 100000 to 100000000'
  process.env['HOLDFAST_BENCH_KEYS'] = String(keys)
  return args.toSpliced(at, 2)
}

async function main(args: readonly string[]): Promise<number> {
  const names = namesIn(args)
  if (typeof names !== 'string') return run(names)
  console.error(names)
  return 2
}

process.exitCode = await main(process.argv.slice(2)).finally(async () => {
  const { endFleet } = await import('./fleet.ts')
  await endFleet()
  sweep()
})

// `npm run bench`: how fast, how punctual, how small. Each measurement stands in a file of its own and prints its figures beside
// their goals; nothing here is a test, since a machine that is busy with something else is no fault of the code. Compare
// figures only within one run; where a goal is a ratio, both sides are measured side by side in it.
//
//   npm run bench                     all of them, in about twenty-three minutes
//   npm run bench -- looks board      only these
import { load, machine } from './machine.ts'
import { sweep, type Figure, type Measurement } from './rig.ts'

/** In this order: the first four share one run of 5,000 checks. */
const FILES = ['looks', 'lateness', 'memory', 'disk', 'flat', 'notice', 'triggers', 'board', 'restart', 'merge', 'reconcile', 'scan', 'beside', 'evidence', 'halts'] as const
const LONGEST = Number(process.env['HOLDFAST_BENCH_MINUTES'] ?? 5) * 60_000

const say = (figure: Figure): string => {
  const verdict = figure.met === undefined ? '' : figure.met ? '  met' : '  MISSED'
  return `  ${figure.what.padEnd(34)} ${figure.is}${figure.goal === undefined ? '' : `   (goal: ${figure.goal})${verdict}`}`
}

const within = async <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${LONGEST / 60_000} minutes`)), LONGEST)
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
  let failed = 0
  for (const name of FILES.filter((it) => names.length === 0 || names.includes(it))) {
    const { default: measurement } = (await import(`./${name}.ts`)) as { default: Measurement }
    console.log(`\n${name}: ${measurement.about}`)
    try {
      for (const figure of await within(measurement.measure())) {
        console.log(say(figure))
        if (figure.met === false) missed.push(`${name}: ${figure.what} ${figure.is}, goal ${figure.goal}`)
      }
    } catch (cause) {
      failed++
      console.log(`  could not be measured: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
    console.log(`  ${load()}`)
  }
  if (failed > 0) console.log(`\n${failed} could not be measured.`)
  console.log(missed.length === 0 ? '\nEvery goal that was measured is met.' : `\nMissed:\n${missed.map((it) => `  ${it}`).join('\n')}`)
  return failed > 0 ? 1 : 0
}

process.exitCode = await run(process.argv.slice(2)).finally(async () => {
  const { endFleet } = await import('./fleet.ts')
  await endFleet()
  sweep()
})

// Runs the bug zoo: `npm run zoo [-- --lab] [-- --only words] [-- --part 1/2]`. Every killer must first pass on the sources as they are; then each
// mutant is made in a copy of them, and its killer must fail, and fail for its reason: the named test, or an invariant that the
// mutant breaks. Anything else (a file that does not load, a text that is not there, a killer that takes too long) is not
// found. Exit code 1 when any is not found.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { MUTANTS, type Killer, type Mutant } from './zoo/mutants.ts'

const root = path.dirname(import.meta.dirname)
const SOURCES = ['bin', 'src', 'sim', 'test', 'lab', 'scripts', 'package.json', 'tsconfig.json']
// Twice what the longest takes on two cores that have other work.
const LONGEST = 300_000
const LONGEST_IN_LAB = 900_000
const AT_ONCE = 2

interface Ran { readonly code: number | null; readonly said: string; readonly seconds: number; readonly late: boolean }
interface Verdict { readonly found: boolean; readonly says: string; readonly seconds: number }

const copyTo = (from: string, to: string): void => {
  for (const name of SOURCES) cpSync(path.join(from, name), path.join(to, name), { recursive: true })
  symlinkSync(path.join(root, 'node_modules'), path.join(to, 'node_modules'))
}

const argsOf = (killer: Killer): string[] => killer.is === 'sim'
  ? ['sim/main.ts', '--schedules', killer.runs ? '0' : String(killer.schedules), '--runs', killer.runs ? String(killer.schedules) : '0', '--seed', String(killer.seed), ...(killer.alone ? ['--alone'] : []), '--most', '1']
  : ['--test', '--test-reporter=tap', `--test-name-pattern=${killer.name}`, killer.file]

const sayKiller = (killer: Killer): string => (killer.is === 'sim' ? `sim --${killer.runs ? 'runs' : 'schedules'} ${killer.schedules} --seed ${killer.seed}${killer.alone ? ' --alone' : ''}` : `${killer.file} “${killer.name}”`)

function run(folder: string, killer: Killer, longest: number): Promise<Ran> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const env = { ...process.env, HOLDFAST_TEST_SEED: '1', HOLDFAST_TEST_IMAGES: '1200' }
    // A test run inside a test run reports to the outer one.
    delete (env as Record<string, unknown>)['NODE_TEST_CONTEXT']
    const child = spawn(path.join(folder, 'bin/node'), ['--disable-warning=ExperimentalWarning', ...argsOf(killer)], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let said = ''
    let late = false
    const hear = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-400_000))
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const timer = setTimeout(() => {
      late = true
      // Its own group: what it has started ends with it.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, longest)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, said, seconds: (performance.now() - started) / 1000, late })
    })
  })
}

/** The invariant or test by which a run failed; undefined when it did not fail in that way. */
function failureOf({ killer, breaks }: Mutant, ran: Ran): string | undefined {
  if (killer.is === 'sim') {
    const failures = ran.said.match(/^(?:run of )?seed \d+: .*$/gm) ?? []
    return failures.find((line) => breaks.some((name) => line.includes(`: ${name}: `))) ?? failures[0]
  }
  // Without TAP's own words: that a mutant failed a test is no failed test of whoever reads this run's output.
  return ran.said.split('\n').map((line) => /^\s*not ok \d+ - (.*)$/.exec(line)?.[1] ?? '').find((name) => name.includes(killer.name))
}

const passed = (killer: Killer, ran: Ran): boolean => !ran.late && (killer.is === 'sim'
  ? ran.said.includes(`${killer.schedules} ${killer.runs ? 'runs' : 'schedules'}, 0 failures`)
  : ran.code === 0 && /^# pass [1-9]/m.test(ran.said) && /^# fail 0$/m.test(ran.said))

const last = (text: string): string => text.trim().split('\n').slice(-15).join('\n')

/** Makes the mutant's changes; says what is wrong when a text is not there exactly once. */
function change(folder: string, mutant: Mutant): string | undefined {
  for (const { file, find, put } of mutant.changes) {
    const at = path.join(folder, file)
    const text = readFileSync(at, 'utf8')
    const times = text.split(find).length - 1
    if (times !== 1) return `its text stands ${times} times in ${file}: make it fit again`
    writeFileSync(at, text.replace(find, () => put))
  }
  return undefined
}

async function hunt(clean: string, mutant: Mutant): Promise<Verdict> {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-zoo-'))
  try {
    copyTo(clean, folder)
    const wrong = change(folder, mutant)
    if (wrong !== undefined) return { found: false, says: wrong, seconds: 0 }
    const ran = await run(folder, mutant.killer, mutant.lab ? LONGEST_IN_LAB : LONGEST)
    const failure = failureOf(mutant, ran)
    if (ran.late) return { found: false, says: 'its killer did not end in time', seconds: ran.seconds }
    if (failure === undefined) return { found: false, says: `nothing noticed it (exit code ${ran.code})\n${last(ran.said)}`, seconds: ran.seconds }
    const meant = mutant.killer.is === 'test' || mutant.breaks.some((name) => failure.includes(`: ${name}: `))
    return { found: meant, says: meant ? failure : `something else failed: ${failure}`, seconds: ran.seconds }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Works a list off, a few at a time. */
async function inTurn<T>(list: readonly T[], work: (it: T) => Promise<void>): Promise<void> {
  const waiting = [...list]
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let it = waiting.shift(); it !== undefined; it = waiting.shift()) await work(it)
  }))
}

const { values } = parseArgs({ options: { lab: { type: 'boolean', default: false }, only: { type: 'string', default: '' }, part: { type: 'string', default: '1/1' } } })
// One of so many parts: what has no time for all takes another each day.
const [part = 1, of = 1] = values.part.split('/').map(Number)
const chosen = MUTANTS.filter((it, n) => (values.lab || !it.lab) && it.name.includes(values.only) && n % of === part - 1)
const clean = mkdtempSync(path.join(tmpdir(), 'holdfast-zoo-'))
const started = performance.now()
let missed = chosen.length === 0 ? 1 : 0
const escaped: string[] = []
try {
  copyTo(root, clean)
  const killers = [...new Map(chosen.map((it) => [argsOf(it.killer).join(' '), it] as const)).values()]
  await inTurn(killers, async ({ killer, lab }) => {
    const ran = await run(clean, killer, lab ? LONGEST_IN_LAB : LONGEST)
    if (passed(killer, ran)) return
    missed++
    console.log(`BROKEN    without any mutant ${sayKiller(killer)} does not pass:\n${last(ran.said)}`)
  })
  if (missed === 0) {
    console.log(`${killers.length} killers pass on the sources as they are (${((performance.now() - started) / 1000).toFixed(1)} s)`)
    await inTurn(chosen, async (mutant) => {
      const verdict = await hunt(clean, mutant)
      const line = `${verdict.found ? 'found    ' : 'NOT FOUND'} ${verdict.seconds.toFixed(1).padStart(5)} s  ${mutant.name} [${mutant.breaks.join(', ')}]\n                   ${verdict.says}`
      console.log(line)
      if (verdict.found) return
      missed++
      escaped.push(line)
    })
  }
} finally {
  rmSync(clean, { recursive: true, force: true })
}
// Once more at the end, where whoever reads a long run looks first.
for (const line of escaped) console.log(line)
console.log(`${chosen.length} mutants, ${missed} not found, ${((performance.now() - started) / 1000).toFixed(0)} s`)
process.exitCode = missed > 0 ? 1 : 0

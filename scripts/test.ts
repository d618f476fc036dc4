// Runs the tests: `npm test` everything that needs no system package (src, test, sim), `npm run test:lab` what needs real
// servers (lab/*.lab.test.ts, one file at a time, and beside them, one at a time too, those of the guard and those that mostly wait), `npm run lab:long` all of these, and whole where that takes longer
// than every change can wait for (lab/*.long.test.ts). It fails when no test ran at all, and when one was skipped: a test that does not run
// proves nothing and looks like one that does. Names of files as arguments run only those whose path contains one of them.
import { globSync } from 'node:fs'
import path from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { batchesOf } from './batches.ts'

const root = path.dirname(import.meta.dirname)
/** Which files, how many of them at once, and how long one may take. */
const kinds = {
  all: { files: '{src,test,sim}/**/*.test.ts', atOnce: 2, within: 600_000 },
  lab: { files: 'lab/**/*.lab.test.ts', atOnce: 1, within: 900_000 },
  long: { files: 'lab/**/*.{lab,long}.test.ts', atOnce: 1, within: 3_600_000 },
}
const [first = '', ...others] = process.argv.slice(2)
const kind = first === 'lab' || first === 'long' ? first : 'all'
const wanted = (kind === 'all' ? process.argv.slice(2) : others).filter((word) => !word.startsWith('-'))
const { files: pattern, atOnce, within } = kinds[kind]

const files = globSync(pattern, { cwd: root })
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .sort()
  .map((name) => path.join(root, name))

if (files.length === 0) {
  console.error(`No test file ${wanted.length > 0 ? `has ${wanted.join(' or ')} in its path` : 'was found'}: nothing was tested.`)
  process.exit(1)
}

// What a person has set for their own Holdfast must not reach the tests.
for (const name of Object.keys(process.env)) {
  if (name.startsWith('HOLDFAST_') && name !== 'HOLDFAST_NODE' && !name.startsWith('HOLDFAST_TEST_')) delete process.env[name]
}
// Two hundred processes read the same sources: what one has compiled the next need not. Said to them by an argument, since an
// environment would reach what they start, and a program under test is to start as it does everywhere.
const compiled = path.join(root, 'node_modules/.cache/compiled')
const once = `data:text/javascript,${encodeURIComponent(`import { enableCompileCache } from 'node:module'; enableCompileCache(${JSON.stringify(compiled)})`)}`

// Stories of whole processes mostly wait for clocks and other processes: they go one after the other beside the rest, which wants both cores.
// In the lab those go beside the rest that make no network of their own, and hold nothing to the second: what the guard does, and what waits for a disk.
const BESIDE = [
  'accidents', 'base-backups', 'damage', 'disk-full', 'disk-hang', 'drills', 'exec', 'file-wedge', 'hand', 'innodb', 'keeping', 'mariadb-backup', 'nodecraft', 'objects', 'outage', 'pgbackrest', 'publish-hang', 'purge-page', 'reconcile',
  'relations', 'repositories', 'retention',
]
const WAITING = BESIDE.map((name) => path.join(root, `lab/${name}.lab.test.ts`))
const isWaiting = (name: string): boolean => (kind === 'all' ? name.startsWith(path.join(root, 'test/story') + path.sep) : WAITING.includes(name))
const isSchedules = (name: string): boolean => name.startsWith(path.join(root, 'sim') + path.sep)
const rest = files.filter((name) => !isWaiting(name))
const batches = batchesOf(kind === 'all' ? rest : [], isSchedules)
const lanes = [
  { files: kind === 'all' ? batches.files : rest, atOnce },
  { files: files.filter(isWaiting), atOnce: 1 },
].filter((lane) => lane.files.length > 0)

const counted = { tests: 0, passed: 0, skipped: 0, todo: 0 }
async function runLane(lane: (typeof lanes)[number], out: (text: string) => void): Promise<void> {
  const stream = run({ files: lane.files, cwd: root, concurrency: lane.atOnce, timeout: within, execArgv: ['--disable-warning=ExperimentalWarning', `--import=${once}`] })
  stream.on('test:fail', (event) => {
    if (event.todo === undefined || event.todo === false) process.exitCode = 1
    const together = batches.of(event.name)
    if (together.length > 1) out(`${event.name} did not end by itself; it holds ${together.map((name) => path.relative(root, name)).join(' ')}\n`)
  })
  stream.on('test:summary', (summary) => {
    if (summary.file !== undefined) return
    for (const name of ['tests', 'passed', 'skipped', 'todo'] as const) counted[name] += summary.counts[name]
    if (!summary.success) process.exitCode = 1
  })
  for await (const text of stream.compose(new spec())) out(String(text))
}

// The first lane is shown as it goes, the others when all are done.
const later: string[] = []
await Promise.all(lanes.map((lane, at) => runLane(lane, (text) => void (at === 0 ? process.stdout.write(text) : later.push(text)))))
process.stdout.write(later.join(''))
if (lanes.length > 1) console.log(`\nIn all ${counted.tests} tests, ${counted.passed} of them passed.`)
if (counted.tests === 0 || counted.skipped + counted.todo > 0) {
  console.error(counted.tests === 0 ? 'Not one test ran.' : `${counted.skipped + counted.todo} tests did not run: a skipped test proves nothing. Mend it or take it out.`)
  process.exitCode = 1
}

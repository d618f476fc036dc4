// Runs the tests: `npm test` everything that needs no system package (src, test, sim), `npm run test:lab` what needs real
// servers (lab, one file at a time). It fails when no test ran at all, and when one was skipped: a test that does not run
// proves nothing and looks like one that does. Names of files as arguments run only those whose path contains one of them.
import { globSync } from 'node:fs'
import path from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const root = path.dirname(import.meta.dirname)
const [kind, ...rest] = process.argv[2] === 'lab' ? ['lab', ...process.argv.slice(3)] : ['all', ...process.argv.slice(2)]
const wanted = rest.filter((word) => !word.startsWith('-'))
const lab = kind === 'lab'

const found = lab
  ? globSync('lab/**/*.lab.test.ts', { cwd: root })
  : globSync('{src,test,sim}/**/*.test.ts', { cwd: root }).filter((name) => !name.endsWith('.lab.test.ts'))
const files = found
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

let counted = { tests: 0, skipped: 0, todo: 0 }
const stream = run({ files, cwd: root, concurrency: lab ? 1 : 2, timeout: lab ? 900_000 : 600_000, execArgv: ['--disable-warning=ExperimentalWarning'] })
stream.on('test:fail', (event) => {
  if (event.todo === undefined || event.todo === false) process.exitCode = 1
})
stream.on('test:summary', (summary) => {
  if (summary.file !== undefined) return
  counted = summary.counts
  if (!summary.success) process.exitCode = 1
})
stream.on('end', () => {
  if (counted.tests > 0 && counted.skipped + counted.todo === 0) return
  console.error(counted.tests === 0 ? 'Not one test ran.' : `${counted.skipped + counted.todo} tests did not run: a skipped test proves nothing. Mend it or take it out.`)
  process.exitCode = 1
})
stream.compose(new spec()).pipe(process.stdout)

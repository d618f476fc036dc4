import assert from 'node:assert/strict'
import test from 'node:test'
import { seconds } from '../../../core/time.ts'
import { fakeCell, type FakeRun } from '../../../ports/backup/fixtures/cell.ts'
import { wrongFolder, type Application } from '../../../rooms/guard/drills/application.ts'
import { askApplication } from './application.ts'

const SHOP: Application = { run: ['/usr/bin/shop', '--port={{port}}'], env: { DATABASE_URL: '{{url}}' }, ready: seconds(10) }
const ASK = { http: 'http://127.0.0.1:{{port}}/health?deep=1', status: 200, body: 'rows' }
const answers = (text: string) => (): { out: string } => ({ out: `ask 0 ${Buffer.from(text).toString('base64')}\n` })
const found = async (answer: (run: FakeRun) => { out?: string; err?: string }, application = SHOP, values: Record<string, string> = { url: 'postgresql:///drill' }): Promise<string> => {
  const [it] = await askApplication(fakeCell({ answers: answer }), application, [ASK], values)
  assert(it)
  assert.equal(it.text, 'http://127.0.0.1:{{port}}/health?deep=1 answers 200 with "rows"')
  return `${it.step.is}: ${it.step.is === 'pass' ? '' : it.step.says}`
}

test('G-26 the application is started by its words, with what stands for the restored database, and asked where it runs', async () => {
  const cell = fakeCell({ answers: answers('HTTP/1.0 200 OK\r\nX: y\r\n\r\n3 rows') })
  assert.deepEqual(await askApplication(cell, SHOP, [ASK], { url: 'postgresql:///drill; touch /x' }).then((all) => all.map(({ step }) => step.is)), ['pass'])
  const [run] = cell.runs
  assert.deepEqual([run?.program, run?.args.slice(0, 1), run?.args.slice(-3)], ['bash', ['-c'], ['DATABASE_URL=postgresql:///drill; touch /x', '/usr/bin/shop', '--port=18080']])
  assert.doesNotMatch(run?.args[1] ?? '', /touch/, 'no shell reads a word of it')
  assert.equal(cell.files.get('asks'), '0 18080 /health?deep=1 127.0.0.1:18080\n')
})

test('what the application does wrong is failed, and what this machine lacks unknown', async () => {
  assert.equal(await found(answers('HTTP/1.1 500 No\r\n\r\nboom')), 'fail: it answers 500, and 200 is wanted')
  assert.equal(await found(answers('HTTP/1.1 200 OK\r\nrows: 1\r\n\r\nnothing')), 'fail: its answer does not hold "rows"')
  assert.equal(await found(answers('SSH-2.0-x')), 'fail: what the application answers is no HTTP')
  assert.equal(await found(() => ({ out: 'ask 0 \n' })), 'fail: the application gave no answer')
  assert.equal(await found(() => ({ out: 'ended 1\n', err: 'panic' })), 'fail: the application ended with 1 before it answered')
  assert.match(await found(() => ({ out: 'ended 127\n' })), /^unknown: \/usr\/bin\/shop cannot be run in a cell/)
  assert.equal(await found(() => ({})), 'unknown: the application did not answer within 10 s')
  assert.match(await found(() => assert.fail('started'), { ...SHOP, env: { AT: '{{folder}}' } }), /^unknown: \{\{folder\}\} stands for nothing here; these do: url, port, work/)
})

test('a folder of this machine is seen in a cell only where an application is installed', () => {
  for (const folder of ['/opt/shop', '/srv/shop-2/bin', '/var/www/shop', '/usr/local/shop']) assert.equal(wrongFolder(folder), undefined, folder)
  for (const folder of ['/', '/etc', '/etc/shop', '/run/x', '/var', '/var/lib', '/home', '/usr', 'opt', '/opt/../etc', '/opt/', '/opt//x', '/proc/1', '/opt/a b', '/tmp', '/opt/$(x)']) assert.notEqual(wrongFolder(folder), undefined, folder)
})

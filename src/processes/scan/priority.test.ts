// The low claim on the processor reaches the children that have a session of their own, and nobody else.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'

const PROGRAM = `
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { stepBehind } from ${JSON.stringify(new URL('./priority.ts', import.meta.url).href)}
const claim = (pid) => { try { return readFileSync('/proc/' + pid + '/autogroup', 'utf8').trim().replace(/.*nice /, '') } catch { return 'none' } }
setPriority(10)
const [alone, beside] = [true, false].map((detached) => spawn('sleep', ['20'], { detached, stdio: 'ignore' }))
const before = claim('self')
stepBehind(alone.pid)
stepBehind(beside.pid)
// The system takes no two of these within a tenth of a second, whoever writes them.
for (let n = 0; n < 1000 && claim(alone.pid) !== '10' && before !== 'none'; n++) await new Promise((resolve) => setTimeout(resolve, 50))
console.log(JSON.stringify([before === 'none' || claim(alone.pid) === '10', claim('self') === before, claim(beside.pid) === before]))
alone.kill()
beside.kill()
`

test('what is read in a session of its own goes behind looks and pages, and takes nobody else along', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', PROGRAM], { encoding: 'utf8', timeout: 60_000 })
  assert.equal(stdout.trim(), '[true,true,true]', stderr)
})

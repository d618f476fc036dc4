// The command that plants sentinels, as a program of its own: what it prints, and what is left of it when it hangs.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { plant, type SentinelCommand } from './sentinels.ts'

const command = (argv: readonly string[], more: Partial<SentinelCommand> = {}): SentinelCommand => ({ argv, folder: '/', reconcile: 'uploads', prefix: 'u/', signal: new AbortController().signal, ...more })
const shell = (script: string, more?: Partial<SentinelCommand>): SentinelCommand => command(['/bin/sh', '-c', script], more)

/** Gone, or dead and not buried yet. */
function isGone(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return true
  }
}

test('what a sentinel’s command started ends with it when it hangs: nothing is left behind at each run', async () => {
  for (const how of ['time', 'the run is ended', 'it prints without end']) {
    const control = new AbortController()
    const script = how === 'it prints without end' ? 'yes >&2 & echo $! >&2; yes & wait' : 'sleep 3333 & echo $! >&2; wait'
    const asked = plant(shell(script, how === 'time' ? { within: 700 } : { signal: control.signal }))
    if (how === 'the run is ended') setTimeout(() => control.abort(), 300)
    const { sentinels, says = '' } = await asked
    assert.deepEqual(sentinels, [])
    assert.match(says, how === 'time' ? /took longer than 700 ms: \d+$/ : how === 'the run is ended' ? /was ended with the run: \d+$/ : /printed more than 1048576 bytes/)
    const [pid] = /\d+$/.exec(says) ?? []
    if (how !== 'it prints without end') assert(pid !== undefined && await gone(Number(pid)), `${how}: ${says}`)
  }
})

test('what leaves the group of a sentinel’s command and keeps its output open is not waited for', async () => {
  const began = performance.now()
  const { says = '' } = await plant(shell('setsid sleep 60 & echo $! >&2; wait', { within: 700 }))
  const [pid] = /\d+$/.exec(says) ?? []
  if (pid !== undefined && !isGone(Number(pid))) process.kill(Number(pid))
  assert.match(says, /took longer than 700 ms/)
  assert(performance.now() - began < 20_000)
})

test('a sentinel’s command ends with the process that began it, whatever ends that', async () => {
  const script = `import { plant } from ${JSON.stringify(new URL('sentinels.ts', import.meta.url).href)}; await plant({ argv: ['/bin/sh', '-c', 'echo $$ >&3; exec sleep 3333'.replace('>&3', '> ' + process.argv[1])], folder: '/', reconcile: 'uploads', prefix: 'u/', signal: new AbortController().signal })`
  const folder = mkdtempSync(path.join(tmpdir(), 'hf-sentinel-'))
  const at = path.join(folder, 'pid')
  const parent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, at], { stdio: 'ignore' })
  const read = (): number => {
    try {
      return Number(readFileSync(at, 'utf8'))
    } catch {
      return 0
    }
  }
  for (let n = 0; n < 2000 && read() === 0; n++) await new Promise((resolve) => setTimeout(resolve, 10))
  const pid = read()
  assert(pid > 0 && !isGone(pid))
  parent.kill('SIGKILL')
  assert(await gone(pid))
  rmSync(folder, { recursive: true })
})

/** Killed is not yet gone: whoever inherits it buries it in a moment. */
async function gone(pid: number): Promise<boolean> {
  for (let n = 0; n < 200 && !isGone(pid); n++) await new Promise((resolve) => setTimeout(resolve, 10))
  return isGone(pid)
}

test('a command tells what it planted, or why it could not', async () => {
  assert.deepEqual((await plant(shell('echo \'{"key": "u/1", "is": "row"}\'; echo \'{"counter": 3}\'; printf "$HOLDFAST_RECONCILE $HOLDFAST_PREFIX" >&2'))), { sentinels: [{ key: Buffer.from('u/1'), is: 'row' }], counter: 3 })
  assert.match((await plant(command(['/nowhere/sentinel']))).says ?? '', /\/nowhere\/sentinel, is not there$/)
  assert.match((await plant(command(['']))).says ?? '', /no command for sentinels is given/)
  assert.match((await plant(shell('echo no >&2; exit 3'))).says ?? '', /failed \(3\): no$/)
  assert.match((await plant(shell('kill -9 $$'))).says ?? '', /failed \(SIGKILL\)$/)
  assert.match((await plant(shell('true', { signal: AbortSignal.abort() }))).says ?? '', /was not begun/)
})

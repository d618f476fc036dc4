// Drills that are killed at random moments, by the dozen: of a base backup, whose drill goes through all that a cell does (fetching, unpacking, recovering,
// a server that stays). Nothing is left of any: no process, no mount, and no file after the next start.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { openCell } from '../src/processes/guard/cell/cell.ts'
import { archiving } from './archiving.ts'
import { drilling } from './drilling.ts'
import type { LabServer } from './servers.ts'

const KILLS = 24
const it = drilling('drills-long')
const cells = path.join(it.folder, 'cells')
let shop: LabServer | undefined
before(async () => {
  shop = await archiving(it)
  mkdirSync(cells)
}, { timeout: 120_000 })
after(async () => {
  await shop?.close()
  it.close()
})

test('G-26 nothing outlives a drill that is killed at any moment: no process, no mount, no file', { timeout: 900_000 }, async () => {
  const { size, mtimeMs } = statSync(it.nas('base.tar'))
  const copy = JSON.stringify({ key: 'base.tar', etag: await etagOf('base.tar'), bytes: size, modifiedAt: Math.floor(mtimeMs) })
  let longest = 4_000
  for (let n = 0; n < KILLS; n++) {
    const moment = Math.round(Math.random() * longest)
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'drill-child.ts'), it.nas(), cells, copy, 'many', JSON.stringify({ wal: 'wal/' })], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await new Promise((resolve) => setTimeout(resolve, moment))
    const began = inCells()
    const over = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await over
    for (const end = performance.now() + 20_000; inCells().length > 0; await new Promise((resolve) => setTimeout(resolve, 20))) assert(performance.now() < end, `still there after a kill at ${moment} ms: ${inCells().join(', ')} of ${began.join(', ')}`)
    assert(!readFileSync('/proc/self/mountinfo', 'utf8').includes(cells), `a mount is left after a kill at ${moment} ms`)
    longest = Math.min(20_000, longest + 500)
  }
  const next = await openCell(cells, new AbortController().signal)
  assert.equal(readdirSync(cells).length, 1, 'what the killed ones left went at the next start')
  assert.equal(await next.close(), undefined)
  assert.deepEqual(readdirSync(cells), [])
})

/** As the store names the version. */
async function etagOf(key: string): Promise<string> {
  const report = await it.drill(key, { engine: 'nobody’s' })
  return report.etag
}

/** Processes that make cells in this test's folder, or whose folder lies there. */
function inCells(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
      const isOurs = !/^State:\sZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) && !command.includes('drill-child') && (command.includes(cells) || mounts.includes(cells))
      return isOurs ? [`${pid} ${command.slice(0, 80)}`] : []
    } catch {
      return []
    }
  })
}

// What looks and pages are like while backups are read at full speed: a scan of a folder, whole reconcile runs against a bucket over HTTP, and their merge
// over many keys, again and again, each as the guard runs it (with a low claim on the processor), beside outages that have to be told.
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { folderFor } from '../test/story/world.ts'
import { EVERY, figures, round, yaml } from './notice.ts'
import { holdfast, ours, percentile, sleep, target, type Measurement } from './rig.ts'

const FILES = 32
const EACH = 32 * 1024 * 1024
const KEYS = 2_000_000
/** Of the whole runs. */
const OBJECTS = 100_000

interface Loop {
  readonly rounds: () => number
  end(): void
}

/** Runs a program of this folder again and again, as the guard would, until it is ended. */
function again(program: string, args: readonly string[]): Loop {
  let rounds = 0
  let child: ChildProcess | undefined
  let ended = false
  const go = (): void => {
    if (ended) return
    child = spawn('nice', ['-n', '10', process.execPath, '--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, program), ...args], { stdio: 'ignore' })
    child.on('exit', (code) => {
      if (code === 0) rounds++
      go()
    })
  }
  go()
  return {
    rounds: () => rounds,
    end() {
      ended = true
      child?.kill('SIGKILL')
    },
  }
}

function fill(folder: string): string {
  const block = Buffer.alloc(EACH, 'holdfast')
  for (let n = 0; n < FILES; n++) {
    block.writeUInt32LE(n, 0)
    const fd = openSync(path.join(folder, `f${n}`), 'w')
    writeSync(fd, block)
    closeSync(fd)
  }
  const spool = path.join(folder, 'keys.spool')
  const fd = openSync(spool, 'w')
  for (let from = 0; from < KEYS; from += 100_000) {
    let spooled = ''
    for (let n = from; n < from + 100_000; n++) {
      const key = `customers/${String(n).padStart(9, '0')}.tar.zst`
      spooled += String.fromCharCode(key.length) + key
    }
    writeSync(fd, spooled, null, 'latin1')
  }
  closeSync(fd)
  return spool
}

const measurement: Measurement = {
  about: 'scans and whole reconcile runs at full speed, beside outages that have to be told',
  async measure() {
    const folder = folderFor('bench-beside')
    const at = await target()
    const rig = await holdfast('beside', yaml(at.web, at.smtp))
    const loops: Loop[] = []
    const bucket = ours(fork(path.join(import.meta.dirname, 'bucket.ts'), [String(OBJECTS)], { execArgv: ['--disable-warning=ExperimentalWarning'] }))
    try {
      const [{ port }] = (await once(bucket, 'message')) as [{ port: number }]
      const spool = fill(folder)
      await sleep(2 * EVERY)
      await at.note(true)
      // What else the machine does meets this round too: only beside it the other one says something.
      const alone = await round(at)
      const runs = ['reconciling.ts', [`http://127.0.0.1:${port}`, `${folder}.run`, String(OBJECTS), '10007']] as const
      loops.push(again('scanning.ts', [folder, `${folder}.manifest`]), again('merging.ts', [spool, spool, String(KEYS), String(KEYS)]), again(...runs))
      await sleep(1000)
      const busy = await round(at)
      const [scans = 0, merges = 0, whole = 0] = loops.map((it) => it.rounds())
      const p99 = percentile(busy.late, 99)
      return [
        { what: 'alone, before', is: `looks late, p99 ${percentile(alone.late, 99).toFixed(1)} ms; notice to page, p99 ${percentile(alone.took, 99).toFixed(1)} ms (${alone.missing} missing)` },
        ...figures('notice to page beside them', busy, [undefined, 1000]),
        { what: 'looks beside them, late, p99', is: `${p99.toFixed(1)} ms (most ${percentile(busy.late, 100).toFixed(1)} ms, of ${busy.late.length})`, goal: '≤ 1000 ms', met: p99 <= 1000 },
        { what: 'meanwhile', is: `${scans} scans of ${FILES * EACH / 2 ** 30} GiB, ${whole} reconcile runs over ${OBJECTS / 1000} thousand keys, ${merges} merges of ${KEYS / 1e6} M keys` },
      ]
    } finally {
      for (const loop of loops) loop.end()
      bucket.kill('SIGKILL')
      await rig.end()
      at.end()
      for (const at of [folder, `${folder}.run`, `${folder}.manifest`]) rmSync(at, { recursive: true, force: true })
    }
  },
}
export default measurement

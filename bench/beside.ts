// What pages are like while backups are read at full speed: a scan of a folder and the merge of a clean-up, again and again, each as the guard runs
// it (with the lowest claim on the processor), beside outages that have to be told.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { folderFor } from '../test/story/world.ts'
import { EVERY, figures, round, yaml } from './notice.ts'
import { holdfast, sleep, target, type Measurement } from './rig.ts'

const FILES = 32
const EACH = 32 * 1024 * 1024
const KEYS = 2_000_000

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
  about: 'a scan and the merge of a clean-up at full speed, beside outages that have to be told',
  async measure() {
    const folder = folderFor('bench-beside')
    const at = await target()
    const rig = await holdfast('beside', yaml(at.web, at.smtp))
    const loops: Loop[] = []
    try {
      const spool = fill(folder)
      await sleep(2 * EVERY)
      await at.note(true)
      loops.push(again('scanning.ts', [folder, `${folder}.manifest`]), again('merging.ts', [spool, spool, String(KEYS), String(KEYS)]))
      await sleep(1000)
      const busy = await round(at)
      const [scans = 0, merges = 0] = loops.map((it) => it.rounds())
      return [...figures('notice to page beside them', busy, [undefined, 1000]), { what: 'meanwhile', is: `${scans} scans of ${FILES * EACH / 2 ** 30} GiB, ${merges} merges of ${KEYS / 1e6} M keys` }]
    } finally {
      for (const loop of loops) loop.end()
      await rig.end()
      at.end()
      rmSync(folder, { recursive: true, force: true })
      rmSync(`${folder}.manifest`, { force: true })
    }
  },
}
export default measurement

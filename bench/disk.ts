// What a look leaves on the disk. The samples of an hour are written by the very code of the keeper, by a clock that is turned (an
// hour of 5,000 checks takes seconds so); what the ledger grows by is taken from the live run and multiplied. The reserve is
// not counted, files are counted whole, logs included.
import { readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { instantOf, ms } from '../src/core/time.ts'
import { openSamples } from '../src/db/samples.ts'
import { folderFor } from '../test/story/world.ts'
import { CHECKS, EVERY, fleet, WINDOW } from './fleet.ts'
import type { Measurement } from './rig.ts'

const HOUR = 3_600_000
/** Looks of one check are spread over its period as the timetable does it. */
const spread = (n: number): number => (n * 7919) % EVERY

/** Bytes after an hour of samples, as the keeper flushes them: 250 roll-ups a second. */
function hourOfSamples(): number {
  const folder = folderFor('bench-samples')
  try {
    const samples = openSamples(path.join(folder, 'samples.db'))
    const began = Math.floor(Date.now() / HOUR) * HOUR
    const order = Array.from({ length: CHECKS }, (_, n) => n).sort((a, b) => spread(a) - spread(b))
    for (let second = 0; second < HOUR / 1000; second++) {
      const from = (second * 1000) % EVERY
      for (const n of order) {
        const at = spread(n)
        if (at < from || at >= from + 1000) continue
        samples.add(`site-${n}`, instantOf(began + second * 1000 + (at - from)), ms(1 + ((n * 31 + second) % 40)), 'pass', undefined)
      }
      samples.flush(instantOf(began + second * 1000 + 999), 250)
    }
    samples.close()
    return readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const measurement: Measurement = {
  about: `bytes on the disk per look, ${CHECKS} checks every ${EVERY / 1000} s, an hour`,
  async measure() {
    const looks = (CHECKS * HOUR) / EVERY
    const samples = hourOfSamples()
    const { ledgerGrew, dataGrew, looks: live } = await fleet()
    const ledger = (ledgerGrew * HOUR) / WINDOW
    const perLook = (samples + ledger) / looks
    return [
      { what: 'samples of an hour', is: `${(samples / 1e6).toFixed(1)} MB for ${(looks / 1e6).toFixed(1)} M looks, from an empty file, by a turned clock` },
      { what: 'ledger', is: `grew by ${ledgerGrew} B in ${WINDOW / 1000} s of the live run, ${(ledger / 1e6).toFixed(1)} MB an hour` },
      { what: 'disk a look', is: `${perLook.toFixed(1)} B`, goal: '≤ 20 B', met: perLook <= 20 },
      { what: 'the live run alone', is: `${(dataGrew / live).toFixed(1)} B a look over ${WINDOW / 1000} s, logs included (too short to judge by)` },
    ]
  },
}
export default measurement

// A store in a folder and drills of what lies in it, for tests with the real programs: what the guard process does with a copy, without the rest of it.
// Each drill is asserted to have left nothing behind.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { instantOf, seconds, type Instant } from '../src/core/time.ts'
import dir from '../src/plugins/stores/dir.ts'
import type { Assertion } from '../src/ports/backup.ts'
import type { Reading } from '../src/ports/store.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { random } from '../src/ports/world/random.ts'
import { perform, type DrillWants } from '../src/processes/guard/drill.ts'
import type { DrillReport } from '../src/rooms/guard/drills/report.ts'

export interface Drilling {
  /** Everything of the test lies in it. */
  readonly folder: string
  nas(...names: string[]): string
  /** Which store it is. */
  identity(): Promise<string>
  drill(key: string, how: { readonly engine: string; readonly assertions?: readonly Assertion[]; readonly when?: Instant; readonly password?: string } & Partial<Omit<DrillWants, 'assert'>>): Promise<DrillReport>
  close(): void
}

export function drilling(name: string): Drilling {
  const clock = createClock()
  const folder = mkdtempSync(path.join(os.tmpdir(), `holdfast-${name}-`))
  chmodSync(folder, 0o755)
  for (const one of ['nas', 'drill']) mkdirSync(path.join(folder, one))
  const nas = (...names: string[]): string => path.join(folder, 'nas', ...names)
  writeFileSync(nas('.holdfast-store'), '')
  const reading = (): Reading => dir.reading(dir.config.parse({ dir: nas() }), { egress: egressWith(), now: () => clock.now(), random, folder: '/' })
  return {
    folder, nas, identity: async () => (await reading().identify(new AbortController().signal)).id,
    async drill(key, { assertions = [], when = instantOf(Date.now()), password, ...more }) {
      const soon = new AbortController().signal
      const found = await reading().head({ key }, soon)
      assert(found.is === 'version', `${key} is not there`)
      const root = mkdtempSync(path.join(folder, 'drill', 'x'))
      const report = await perform({ set: 'shop', store: 'nas', copy: found, at: when, assert: assertions, ...more }, { reading, now: () => clock.now(), folder: root, say: () => undefined, ...(password === undefined ? {} : { password: () => password }) }, soon)
      assert.equal(report.torn_down, true, report.says)
      assert.deepEqual(readdirSync(root), [])
      return report
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** An application that answers what a client of its database says, with the words of a drill's configuration. */
export const askedBy = (client: readonly string[], body: string): Pick<DrillWants, 'application' | 'http'> => ({
  application: { run: ['/usr/bin/perl', '-MIO::Socket::INET', '-e', ANSWERS, '{{port}}', ...client], env: {}, ready: seconds(20) },
  http: [{ http: 'http://127.0.0.1:{{port}}/health', status: 200, body }],
})
const ANSWERS = `my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => shift, Listen => 5) or die;
while (my $c = $l->accept) { my $asked = <$c>; open(my $p, '-|', @ARGV) or die; my @said = <$p>; print $c "HTTP/1.1 200 OK\\r\\n\\r\\n@said"; close $c; }`

export const brief = ({ verdict, rung, says, engine_said }: DrillReport): string => `${verdict} L${rung}: ${says} | ${engine_said}`

/** One bit of a file is another one. */
export function flip(file: string, share: number): void {
  chmodSync(file, 0o644)
  const bytes = readFileSync(file)
  const where = Math.floor(bytes.length * share)
  bytes.writeUInt8((bytes[where] ?? 0) ^ 0x10, where)
  writeFileSync(file, bytes)
}

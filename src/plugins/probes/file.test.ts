import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { z } from 'zod'
import { hours, instantOf, ms, tickOf, type Now } from '../../core/time.ts'
import type { Seen } from '../../ports/probe.ts'
import type { Egress } from '../../ports/world.ts'
import file, { parseSize } from './file.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-file-'))
after(() => rmSync(folder, { recursive: true }))

const WALL = 1_800_000_000_000
const now = (): Now => ({ wall: instantOf(WALL), tick: tickOf(1), boot: 'b' })
const egress: Egress = { resolve: () => assert.fail(), connect: () => assert.fail(), request: () => assert.fail() }

function make(name: string, { old = 0, bytes = 5 } = {}): string {
  const at = path.join(folder, name)
  writeFileSync(at, '')
  truncateSync(at, bytes)
  utimesSync(at, (WALL - old) / 1000, (WALL - old) / 1000)
  return at
}
const look = (settings: z.input<typeof file.config>, signal = new AbortController().signal): Promise<Seen> =>
  file.look(file.config.parse(settings), { egress, signal, timeout: ms(1000), now })
async function gives(settings: z.input<typeof file.config>, is: Seen['is'], says: RegExp): Promise<void> {
  const seen = await look(settings)
  assert.equal(seen.is, is, JSON.stringify(seen))
  assert.match(seen.says ?? '', says)
}

describe('what it finds', () => {
  test('a file that is there passes, and says how it is', async () => {
    await gives({ file: make('a', { old: hours(2), bytes: 3_200_000 }) }, 'pass', /3\.2 MB, written 2 h ago/)
    await gives({ file: folder }, 'pass', /written .* ago/)
  })

  test('a missing file fails, also where a part of its path is a file, or it points to itself', async () => {
    await gives({ file: path.join(folder, 'none') }, 'fail', /none is not there$/)
    await gives({ file: path.join(make('b'), 'below') }, 'fail', /ENOTDIR/)
    symlinkSync(path.join(folder, 'loop'), path.join(folder, 'loop'))
    await gives({ file: path.join(folder, 'loop') }, 'fail', /ELOOP/)
    symlinkSync(path.join(folder, 'gone'), path.join(folder, 'dangling'))
    await gives({ file: path.join(folder, 'dangling') }, 'fail', /not there/)
  })

  test('exists: false turns it round', async () => {
    await gives({ file: path.join(folder, 'none'), exists: false }, 'pass', /not there/)
    await gives({ file: make('lock'), exists: false }, 'fail', /is there and must not be/)
  })

  test('age', async () => {
    const at = make('backup', { old: hours(27) })
    await gives({ file: at, younger_than: '28h' }, 'pass', /27|1 d/)
    await gives({ file: at, younger_than: '26h' }, 'fail', /written 1 d 3 h ago, on 2027-01-14 05:00:00 UTC; it must be younger than 26h/)
    await gives({ file: at, older_than: '1d' }, 'pass', /./)
    await gives({ file: at, older_than: '2d' }, 'fail', /must be older than 2d/)
  })

  test('a file from the future has no age: unknown, but a clock that goes ahead a little is forgiven', async () => {
    await gives({ file: make('future', { old: 0 - hours(3) }), younger_than: '26h' }, 'unknown', /dated in the future/)
    await gives({ file: make('ahead', { old: -30_000 }), younger_than: '26h' }, 'pass', /./)
    await gives({ file: make('far', { old: 0 - hours(24 * 365 * 70) }), younger_than: '26h' }, 'unknown', /dated in the future/)
  })

  test('size', async () => {
    const at = make('dump', { bytes: 10_000_000 })
    await gives({ file: at, larger_than: '9.9 MB', smaller_than: '1 GiB' }, 'pass', /10\.0 MB/)
    await gives({ file: at, larger_than: '10 MB' }, 'fail', /has 10\.0 MB; it must be larger than 10 MB/)
    await gives({ file: at, smaller_than: '1 MiB' }, 'fail', /must be smaller than 1 MiB/)
    await gives({ file: make('empty', { bytes: 0 }), larger_than: '0 B' }, 'fail', /has 0 B/)
    mkdirSync(path.join(folder, 'folder'))
    await gives({ file: path.join(folder, 'folder'), larger_than: '0 B' }, 'unknown', /no plain file/)
  })

  test('it ends with its signal', async () => {
    const abort = new AbortController()
    const seen = look({ file: folder }, abort.signal)
    abort.abort(new Error('told to end'))
    await assert.rejects(seen, /told to end/)
  })
})

describe('what may be written', () => {
  const refused = (settings: unknown): string => {
    const read = file.config.safeParse(settings)
    assert(!read.success)
    return read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  }

  test('its examples, and they parse to themselves', () => {
    for (const example of file.examples) assert.deepEqual(file.config.parse(file.config.parse(example)), example)
    assert(JSON.stringify(z.toJSONSchema(file.config)).includes('younger_than'))
  })

  test('mistakes are told, each at its place', () => {
    assert.match(refused({ file: 'relative/path' }), /file: write the whole path/)
    assert.match(refused({ file: '/with\0nul' }), /file: write the whole path/)
    assert.match(refused({ file: `/${'x'.repeat(5000)}` }), /file: /)
    assert.match(refused({ file: '/a', younger_than: '26' }), /younger_than: write a time with its unit/)
    assert.match(refused({ file: '/a', larger_than: 10 }), /larger_than: /)
    assert.match(refused({ file: '/a', larger_than: '10' }), /larger_than: write a size with its unit/)
    assert.match(refused({ file: '/a', exists: false, younger_than: '1h' }), /exists: a file that must not be there/)
    assert.match(refused({ file: '/a', younger_than: '1h', older_than: '2h' }), /older_than: no file is older/)
    assert.match(refused({ file: '/a', smaller_than: '1 MB', larger_than: '1 GB' }), /larger_than: no file is larger/)
    assert.match(refused({ file: '/a', older: '1h' }), /older/i)
  })

  test('sizes', () => {
    const sizes: [string, number | undefined][] = [
      ['0 B', 0], ['1kB', 1000], ['1 KiB', 1024], ['1.5 GB', 1.5e9], ['2TiB', 2 * 2 ** 40], ['10', undefined], ['-1 B', undefined], ['1 XB', undefined],
      ['9007199254740993 B', undefined], ['', undefined], ['1e3 MB', undefined],
    ]
    for (const [text, bytes] of sizes) assert.equal(parseSize(text), bytes, text)
  })
})

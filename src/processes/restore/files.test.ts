// Damaged files put in the place of what lives, on a real file system: what is damaged stays beside, all else keeps its bytes, and whatever is not as it was
// agreed on is left alone.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Swap } from '../../rooms/guard/restore/swap.ts'
import { swapFiles } from './files.ts'

const sha = (text: string): string => createHash('sha256').update(text).digest('hex')

function bench(t: TestContext): { root: string; at: (name: string) => string; swap: (names?: readonly string[]) => Swap } {
  const root = mkdtempSync(path.join(tmpdir(), 'hf-swap-'))
  t.after(() => rmSync(root, { recursive: true }))
  const at = (name: string): string => path.join(root, name)
  mkdirSync(at('sub'))
  mkdirSync(at('.side/side'), { recursive: true })
  for (const name of ['sub/a', 'sub/b', 'c']) writeFileSync(at(name), `rotten ${name}`, { mode: 0o640 })
  const was = (name: string): string => {
    const { ino, size, mtimeNs, ctimeNs } = lstatSync(at(name), { bigint: true })
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`
  }
  const { dev, ino } = statSync(root, { bigint: true })
  return {
    root, at,
    swap: (names = ['sub/a']) => ({
      schema: 'holdfast.swap/1', restore: 'r', set: 's', store: 'nas', copy: 'c', etag: 'e', verified: true, place: root, place_id: `${dev}:${ino}`,
      units: names.map((name, n) => {
        writeFileSync(at(`.side/side/${n}`), `good ${name}`)
        return { name, side: at(`.side/side/${n}`), aside: `${name}.damaged-20261121_143000`, was: name === 'gone' ? 'absent' : was(name), digest: sha(`good ${name}`), checked: '', lost: '' }
      }),
    }),
  }
}

test('G-27 only what is damaged is replaced: by renames, and the damaged one stays under a dated name', async (t) => {
  const { at, swap, root } = bench(t)
  const done = await swapFiles(swap(['sub/a', 'gone']))
  assert.deepEqual(done, { verdict: 'swapped', says: '', swapped: ['sub/a', 'gone'], engine_said: '' })
  assert.deepEqual(['sub/a', 'sub/a.damaged-20261121_143000', 'sub/b', 'c', 'gone'].map((name) => readFileSync(at(name), 'utf8')), ['good sub/a', 'rotten sub/a', 'rotten sub/b', 'rotten c', 'good gone'])
  assert.equal(statSync(at('sub/a')).mode & 0o777, 0o640, 'it may be read by whom it could be read by before')
  assert.deepEqual(readdirSync(root).toSorted(), ['c', 'gone', 'sub'], 'nothing of the work is left')
})

test('G-27 what is not as it was agreed on is refused before anything is touched', async (t) => {
  const tricks: readonly [RegExp, (it: ReturnType<typeof bench>, swap: Swap) => Swap | void][] = [
    [/somebody wrote to it/, ({ at }) => writeFileSync(at('sub/b'), 'newer sub/b')],
    [/somebody wrote to it/, ({ at }) => rmSync(at('sub/b'))],
    [/somebody wrote to it/, ({ at }) => (writeFileSync(at('x'), 'rotten sub/b'), renameSync(at('x'), at('sub/b')))],
    [/is not what was agreed on/, ({ at }) => writeFileSync(at('.side/side/1'), 'evil')],
    [/is there already/, ({ at }) => writeFileSync(at('sub/b.damaged-20261121_143000'), 'mine')],
    [/is a link or no folder/, ({ at }) => (renameSync(at('sub'), at('other')), symlinkSync('other', at('sub')))],
    [/another folder than the one/, (_, swap) => ({ ...swap, place_id: '1:1' })],
    [/no plain file/, ({ at }) => (rmSync(at('sub/b')), mkdirSync(at('sub/b')))],
  ]
  for (const [says, trick] of tricks) {
    const it = bench(t)
    const agreed = it.swap(['sub/a', 'sub/b'])
    const changed = trick(it, agreed) ?? agreed
    const done = await swapFiles(changed)
    assert.deepEqual([done.verdict, done.swapped], ['refused', []], says.source)
    assert.match(done.says, says)
    assert.equal(readFileSync(it.at('sub/a'), 'utf8'), 'rotten sub/a')
  }
})

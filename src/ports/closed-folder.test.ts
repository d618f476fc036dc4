// A folder that this user may not use is named with its owner. Root may use every folder, so the look is made as another user.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { closedFileIn, closedTo, ownUid } from './closed-folder.ts'

/** What a user without rights sees: a program that was started as root becomes that user first, another one is such a user. */
function seenBy(folder: string, look = 'closedTo'): unknown {
  const script = `
    import { ${look} as look } from ${JSON.stringify(path.join(import.meta.dirname, 'closed-folder.ts'))}
    if (process.getuid() === 0) { process.setgroups([]); process.setgid(54321); process.setuid(54321) }
    console.log(JSON.stringify(await look(${JSON.stringify(folder)}) ?? null))`
  const ran = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], { encoding: 'utf8' })
  return JSON.parse(ran.stdout || JSON.stringify(ran.stderr))
}

test('what is closed is named with its owner, also where a folder above it is; what is open or absent is not', async (t) => {
  const base = mkdtempSync(path.join(tmpdir(), 'hf-closed-'))
  const closed = path.join(base, 'closed')
  const open = path.join(base, 'open')
  t.after(() => {
    chmodSync(closed, 0o700)
    rmSync(base, { recursive: true })
  })
  chmodSync(base, 0o755)
  mkdirSync(closed)
  mkdirSync(open)
  chmodSync(open, 0o755)
  chmodSync(closed, 0)
  const owner = ownUid() === 0 ? 'root' : undefined
  for (const folder of [closed, path.join(closed, 'data'), path.join(closed, 'a/b')]) {
    const seen = seenBy(folder) as { at: string; owner: string; me: string }
    assert.equal(seen.at, closed, folder)
    if (owner !== undefined) assert.deepEqual([seen.owner, seen.me], [owner, 'user 54321'])
  }
  for (const folder of [open, path.join(open, 'not/there')]) assert.equal(seenBy(folder), null)
  assert.equal(await closedTo(open), undefined)
  assert.equal(await closedFileIn(open), undefined)
  for (const name of ['note.txt', 'holdfast.db']) writeFileSync(path.join(open, name), '', { mode: 0o400 })
  assert.equal((seenBy(open, 'closedFileIn') as { at: string } | null)?.at, path.join(open, 'holdfast.db'))
})

// What a person says of copies that vanished, as they do it: asked what is missing, told what names just that, and only then said.
import assert from 'node:assert/strict'
import type { KeeperWorld } from '../keeper-world.ts'

export async function acceptGone(it: Pick<KeeperWorld, 'ask'>, reason: string): Promise<Awaited<ReturnType<KeeperWorld['ask']>>> {
  const about = { set: 'shop', store: 'nas', reason, person: 'ada' }
  const told = await it.ask('backups.acceptGone', about)
  const [, seen = ''] = / nas ([0-9a-f]{8}) -m /.exec(JSON.stringify(told.body)) ?? []
  assert.deepEqual([told.status, (await it.ask('backups.acceptGone', { ...about, seen: '00000000' })).status], [409, 409])
  return it.ask('backups.acceptGone', { ...about, seen })
}

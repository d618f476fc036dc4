// Mistakes about the places where backups lie: believing a listing, a lock, a mount, or what a delete said of itself.
import type { Killer, Mutant } from './mutant.ts'

const killer = (file: string, name: string): Killer => ({ is: 'test', file, name })

const LISTING = 'src/ports/store/listing.ts'
const LISTING_TEST = 'src/ports/store/listing.test.ts'
const KEY = 'src/ports/store/key.ts'
const HAND = 'src/plugins/stores/s3/hand.ts'
const LOOK = 'src/plugins/stores/s3/look.ts'
const XML = 'src/plugins/stores/s3/xml.ts'
const CANARY = 'src/plugins/stores/s3/canary.ts'
const S3_TEST = 'src/plugins/stores/s3.test.ts'
const DIR_HAND = 'src/plugins/stores/dir/hand.ts'
const GROUND = 'src/plugins/stores/dir/ground.ts'
const DIR_TEST = 'src/plugins/stores/dir.test.ts'

export const storing: readonly Mutant[] = [
  {
    name: 'what is closed is taken for what was likely', breaks: ['G-10'], killer: killer(S3_TEST, 'G-10 a page is read the same'),
    changes: [{ file: XML, find: 'return next > 0 && closesAt(text, next, likely)', put: 'return next > 0 && text.charCodeAt(next + 1) === SLASH' }],
  },
  {
    name: 'a listing that ends early is whole', breaks: ['G-10'], killer: killer(LISTING_TEST, 'G-10 a listing that lies'),
    changes: [{ file: LISTING, find: '  await confirm(reading, it, {', put: '  if (sum.items < 0) await confirm(reading, it, {' }],
  },
  {
    name: 'a cursor may come twice', breaks: ['G-10'], killer: killer(LISTING_TEST, 'a circle of cursors'),
    changes: [{ file: LISTING, find: 'if (cursor === kept || cursor === former) throw', put: 'if (cursor === kept && cursor === former) throw' }],
  },
  {
    name: 'a listing may go backwards', breaks: ['G-10'], killer: killer(LISTING_TEST, 'G-10 a listing that lies'),
    changes: [{ file: LISTING, find: 'if (step < 0) throw', put: 'if (step < -1e9) throw' }, { file: LISTING, find: 'if (step > 0) {', put: 'if (step !== 0) {' }],
  },
  {
    name: 'keys are sorted as JavaScript sorts them', breaks: ['G-20'], killer: killer(LISTING_TEST, 'keys are ordered as their bytes are'),
    changes: [{ file: KEY, find: '(unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit)', put: '(unit >= 0xd800 && unit <= 0xdfff ? unit : unit)' }],
  },
  {
    name: 'a key with dot segments is asked for', breaks: ['G-13'], killer: killer(LISTING_TEST, 'G-13 a key that an address would fold'),
    changes: [{ file: KEY, find: 'DOTS.test(key)', put: 'DOTS.test(`${key}x`)' }],
  },
  {
    name: 'a bucket whose versioning is suspended is cleaned up', breaks: ['G-21'], killer: killer(S3_TEST, 'G-21 a bucket whose versioning'),
    changes: [{ file: HAND, find: "if (state !== 'enabled') return", put: "if (state === 'off') return" }],
  },
  {
    name: 'a lock that cannot be read is no lock', breaks: ['G-17'], killer: killer(S3_TEST, 'what may not be seen is unknown'),
    changes: [{ file: LOOK, find: "  if (until === 'unknown') return unknown(retention)\n  if (held === 'unknown' || kept === 'unknown') return unknown(hold)\n", put: "  if (kept === 'unknown') return unknown(hold)\n" }],
  },
  {
    name: 'what the store locks is set aside', breaks: ['G-17'], killer: killer(S3_TEST, 'G-17 what the store itself locks'),
    changes: [{ file: HAND, find: "  const protection = await lockOf(wire, { key, versionId }, signal)\n  if (protection.is !== 'free') return refusal('locked', `“${sayKey(key)}” stays: ${protection.says}`)\n  const { stack: before, at } = await stackOf", put: '  const { stack: before, at } = await stackOf' }],
  },
  {
    name: 'a newer version stays hidden beneath the delete marker', breaks: ['G-21'], killer: killer(S3_TEST, 'G-21 what is written in that very moment'),
    changes: [{ file: HAND, find: 'if (own === 0 && beneath && isSame(beneath, what)) return', put: 'if (own === 0 && beneath) return' }],
  },
  {
    name: 'a delete is believed to have left a marker', breaks: ['G-21'], killer: killer(S3_TEST, 'a delete that destroyed is called lost'),
    changes: [{ file: HAND, find: '  if (!after.some((it) => isSame(it, what))) return lost(', put: '  if (!after.some((it) => isSame(it, what))) return inDoubt(' }],
  },
  {
    name: 'a delete is good for a day', breaks: ['G-22'], killer: killer(S3_TEST, 'G-22 every delete lapses'),
    changes: [{ file: HAND, find: 'const LAPSES_AFTER = 30', put: 'const LAPSES_AFTER = 86_400' }],
  },
  {
    name: 'a lock that was accepted counts as a lock', breaks: ['G-15'], killer: killer(S3_TEST, 'G-15 trying it out'),
    changes: [{ file: CANARY, find: "  if (found.is === 'absent') return fail('it accepted a lock", put: "  if (found.is === 'absent' && gone.status === 403) return fail('it accepted a lock" }, { file: CANARY, find: "  if (found.is !== 'version') return unknown(found.says)\n  return gone.status === 403", put: "  if (found.is === 'unknown') return unknown(found.says)\n  return gone.status > 0" }],
  },
  {
    name: 'an empty mount point is an empty store', breaks: ['G-10'], killer: killer(DIR_TEST, 'an empty mount point holds no store'),
    changes: [{ file: GROUND, find: "  const at = path.join(root, marker)\n", put: "  const at = path.join(root, marker)\n  if ((await lstat(at).catch(() => undefined)) === undefined) return { root, device: ground.dev, identity: { kind: 'dir', id: root, says: root }, proof: root }\n" }],
  },
  {
    name: 'a link in a folder is followed', breaks: ['G-13'], killer: killer(DIR_TEST, 'G-13 no link is followed'),
    changes: [{ file: GROUND, find: "const stat = await lstat(here, { bigint: true })", put: "const stat = await (await import('node:fs/promises')).stat(here, { bigint: true })" }],
  },
  {
    name: 'a store is accused of our own slowness', breaks: ['X-3'], killer: killer('src/processes/stores/lone.test.ts', 'X-3 our own slowness accuses no store'),
    changes: [{ file: 'src/processes/stores/lone.ts', find: 'if (begun === undefined) return tooLate(', put: 'if (begun === null) return tooLate(' }],
  },
  {
    name: 'an act that was cut off did nothing', breaks: ['X-1'], killer: killer('src/processes/stores/lone.test.ts', 'what hangs is given up in time'),
    changes: [{ file: 'src/processes/stores/lone.ts', find: "return inDoubt(`${cause.message}; nobody", put: "return refusal('unable', `${cause.message}; nobody" }, { file: 'src/processes/stores/lone.ts', find: 'import { inDoubt, type', put: 'import { refusal, type' }],
  },
  {
    name: 'whoever judges a folder may purge it', breaks: ['G-21'], killer: killer(DIR_TEST, 'G-21 a folder is never purged'),
    changes: [{ file: DIR_HAND, find: "purges: none(NEVER),", put: "purges: NEVER === '' ? none(NEVER) : { is: 'pass' }," }],
  },
  {
    name: 'what may not be looked at in a folder is gone', breaks: ['X-1'], killer: killer(DIR_TEST, 'what may not be looked at is not known'),
    changes: [{ file: DIR_HAND, find: "    if (codeOf(cause) === 'ENOENT') return undefined\n    throw new Fault(`${at} cannot be looked at", put: "    if (codeOf(cause) !== '') return undefined\n    throw new Fault(`${at} cannot be looked at" }],
  },
]

// A folder on another machine, over the system's ssh: a NAS, a storage box, any server that lets in by key. A marker file proves that it is mounted over
// there; the host is proven by its key, or nothing is done. It runs in a child of its own, with the ssh that it speaks to. Two users: one that lists
// and reads, one that sets aside; what is set aside is moved into a corner of the same folder, and can be moved back by hand.
import path from 'node:path'
import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { MOST_CHUNK, store, type Chunk, type Reading, type ReadWant, type StoreContext } from '../../ports/store.ts'
import { sayKey } from '../../ports/store/key.ts'
import { HOST_KEY } from '../../ports/world/ssh.ts'
import { etagOf, grounded, locate, stand, versionOf, type Ground, type Site } from './sftp/ground.ts'
import { createHand, NOT_APART } from './sftp/hand.ts'
import { createRemote } from './sftp/remote.ts'
import { createLine, type Line } from './sftp/session.ts'
import { argvOf, placeOf, readAddress, readCredential } from './sftp/ssh.ts'
import { createPages } from './sftp/walk.ts'

const credential = (title: string): z.ZodString =>
  z.string().max(1_100).refine((text) => readCredential(text) !== undefined, 'write it as USER:KEYFILE, a private key without a passphrase that Holdfast’s user may read').meta({ title, examples: ['reader:/etc/holdfast/reader.key'] })

const config = z.strictObject({
  sftp: z.string().max(1_300).refine((text) => readAddress(text) !== undefined, 'write it as sftp://host/folder, or sftp://host:port/folder').meta({ title: 'Address' }),
  read: credential('User that lists and reads, and its key'),
  delete: credential('User that sets aside and removes, and its key').optional(),
  host_key: z.string().regex(HOST_KEY, 'as it stands in the host’s .pub file: ssh-ed25519 AAAA…').optional().meta({ title: 'Key of the host', description: 'without it the system’s known_hosts has to hold one' }),
  marker: z.string().regex(/^(?!\.{1,2}$)[^/\p{Cc}]{1,200}$/u, 'the name of one file, such as .holdfast-store').default('.holdfast-store').meta({ title: 'Marker', description: 'a file in it that proves that it is mounted' }),
})

type Settings = z.output<typeof config>

export default store({
  kind: 'sftp',
  title: 'Folder over SFTP',
  does: 'Backups in a folder of another machine, over the system’s ssh; a marker file proves that it is mounted.',
  runs: 'alone',
  config,
  examples: [
    { sftp: 'sftp://vault.example.com/srv/backups', read: 'reader:/etc/holdfast/reader.key' },
    { sftp: 'sftp://10.0.0.7:2222/backups', read: 'reader:reader.key', delete: 'hand:hand.key', host_key: `ssh-ed25519 ${'A'.repeat(68)}` },
  ],
  reading: (settings, context) => readingOf(siteOf(settings), lineOf(settings, settings.read, context)),
  neverRemoves: (settings) => (settings.delete === undefined || isApart(settings) ? undefined : NOT_APART),
  deleting(settings, context) {
    if (settings.delete === undefined) throw new Fault(`${settings.sftp} has no user to delete with: it is only reported on`, 'never')
    return createHand({ site: siteOf(settings), line: lineOf(settings, settings.delete, context), apart: isApart(settings) }, context)
  },
})

/** Whoever acts is another user than the one who reads. */
const isApart = ({ read, delete: acts }: Settings): boolean => acts !== undefined && readCredential(read)?.user !== readCredential(acts)?.user

function siteOf({ sftp, marker }: Settings): Site {
  const address = readAddress(sftp)
  if (!address) throw new Fault(`“${sayKey(sftp)}” is no address of the form sftp://host/folder`, 'never')
  return { address, marker }
}

function lineOf(settings: Settings, text: string, { speak, led, folder }: StoreContext): Line {
  const { address } = siteOf(settings)
  const read = readCredential(text)
  if (!read) throw new Fault('a user and key are not of the form USER:KEYFILE', 'never')
  if (!speak) throw new Fault('a store over SFTP runs in a child of its own, and this is none', 'never')
  const place = placeOf(address, { ...read, key: path.resolve(folder, read.key) }, settings.host_key)
  return createLine(async () => speak(argvOf(led ? await led(place) : place)), address.host)
}

function readingOf(site: Site, line: Line): Reading {
  const on = <T>(signal: AbortSignal, act: (ground: Ground) => Promise<T>): Promise<T> => grounded(createRemote(line, signal), site, act)
  const page = createPages()
  return {
    identify: async (signal) => (await stand(createRemote(line, signal), site)).identity,
    declared: (signal) => on(signal, async () => ({ versioning: 'none', lock: 'off', noncurrent: { is: 'for ever' } })),
    clock: async () => ({ is: 'unknown', says: 'a folder tells its time only to who writes into it', untold: true }),
    page: (want, signal) => on(signal, (ground) => page(ground, want)),
    uploads: (_want, signal) => on(signal, async () => ({ uploads: [] })),
    head: ({ key, versionId }, signal) => on(signal, async (ground) => {
      const found = await locate(ground, key)
      if (found.is === 'odd') return { is: 'unknown', says: found.says }
      return found.is === 'absent' || versionId !== undefined ? { is: 'absent', marker: false } : versionOf(key, found.attrs)
    }),
    read: (want, signal) => on(signal, (ground) => rangeOf(ground, want)),
    lock: (_place, signal) => on(signal, async () => ({ is: 'free' })),
    tags: (_place, signal) => on(signal, async () => ({ is: 'read', tags: [] })),
  }
}

async function rangeOf(ground: Ground, { key, versionId, etag, from, bytes }: ReadWant): Promise<Chunk> {
  if (!(bytes > 0 && bytes <= MOST_CHUNK && from >= 0)) throw new Fault(`a range has 1 to ${MOST_CHUNK} bytes`, 'never')
  const found = await locate(ground, key)
  const absent: Chunk = { is: 'absent', says: found.is === 'odd' ? found.says : `“${sayKey(key)}” is not there` }
  const changed: Chunk = { is: 'changed', says: `“${sayKey(key)}” was written since it was listed` }
  if (found.is !== 'file' || versionId !== undefined) return absent
  const chunk = await ground.remote.reading(found.at, async (attrs, range): Promise<Chunk> => {
    if (etagOf(attrs) !== etag) return changed
    const wanted = Math.max(0, Math.min(bytes, attrs.bytes - from))
    const got = await range(from, wanted)
    const after = await ground.remote.lstat(found.at)
    // Of a file that somebody wrote to meanwhile nobody knows what was read.
    return got.length === wanted && after && etagOf(after) === etag ? { is: 'read', bytes: got } : changed
  })
  return chunk ?? absent
}

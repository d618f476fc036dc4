// Any S3: AWS, Ceph, MinIO and whatever else speaks it. Two credentials: one that lists and reads, one that sets aside and removes, which
// only the process that acts is given. What it can do is tried out, never believed; a bucket without versions is only reported on.
import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { httpText } from '../../ports/setting.ts'
import { store, type StoreContext } from '../../ports/store.ts'
import { createHand } from './s3/hand.ts'
import { createLook } from './s3/look.ts'
import { createWire, readCredential, type Wire } from './s3/wire.ts'

const credential = (title: string): z.ZodString =>
  z.string().max(700).refine((text) => readCredential(text) !== undefined, 'write it as KEYID:SECRET').meta({ title, secret: true })

const config = z.strictObject({
  s3: httpText('Address').refine((text) => URL.canParse(text) && new URL(text).pathname === '/' && new URL(text).search === '', 'an address without a path: the bucket has a setting of its own'),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket has 3 to 63 letters, digits, dots and dashes').meta({ title: 'Bucket' }),
  region: z.string().regex(/^[a-z0-9-]{1,40}$/, 'such as us-east-1').default('us-east-1').meta({ title: 'Region' }),
  read: credential('Credential that lists and reads'),
  delete: credential('Credential that sets aside and removes').optional(),
})

type Settings = z.output<typeof config>

export default store({
  kind: 's3',
  title: 'S3',
  does: 'Backups in a bucket of any S3; what it can do is tried out, not believed.',
  runs: 'shared',
  config,
  examples: [
    { s3: 'https://s3.eu-central-1.amazonaws.com', bucket: 'acme-backups', region: 'eu-central-1', read: 'AKIAREAD:some-secret' },
    { s3: 'http://127.0.0.1:18300', bucket: 'game-backups', read: 'READ:some-secret', delete: 'DELETE:other-secret' },
  ],
  reading: (settings, context) => createLook(wireOf(settings, settings.read, context), context),
  deleting(settings, context) {
    if (settings.delete === undefined) throw new Fault(`the bucket ${settings.bucket} has no credential to delete with: it is only reported on`, 'never')
    return createHand(wireOf(settings, settings.delete, context), wireOf(settings, settings.read, context), context)
  },
})

function wireOf({ s3, bucket, region }: Settings, text: string, context: StoreContext): Wire {
  const read = readCredential(text)
  if (!read) throw new Fault(`the credential of bucket ${bucket} is not of the form KEYID:SECRET`, 'never')
  return createWire({ url: s3, bucket, region, credential: read }, context)
}

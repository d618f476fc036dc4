// An authenticator in software: makes passkeys and signs with them as a device would, and, where a test says so, as one would not.
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import type { PasskeyMade, PasskeyShown } from '../src/views/people.ts'

interface Options { readonly challenge: string; readonly rpId?: string; readonly rp?: { readonly id: string }; readonly user?: { readonly id: string } }
interface Key { readonly id: Buffer; readonly privateKey: KeyObject; readonly handle: string; count: number }

/** What a dishonest or mistaken browser does otherwise. */
export interface Twist { readonly origin?: string; readonly type?: string; readonly challenge?: string; readonly rpId?: string; readonly flags?: number; readonly handle?: string | null; readonly count?: number }

const PRESENT = 0x01
const VERIFIED = 0x04
const ATTESTED = 0x40
const sha = (it: string | Buffer): Buffer => createHash('sha256').update(it).digest()
const b64 = (it: string | Buffer): string => Buffer.from(it).toString('base64url')

/** The little of CBOR that is needed: a byte string, a text, a map of pairs that are encoded already. */
const head = (major: number, n: number): Buffer => (n < 24 ? Buffer.from([(major << 5) | n]) : n < 256 ? Buffer.from([(major << 5) | 24, n]) : Buffer.from([(major << 5) | 25, n >> 8, n & 255]))
const bytes = (it: Buffer): Buffer => Buffer.concat([head(2, it.length), it])
const text = (it: string): Buffer => Buffer.concat([head(3, it.length), Buffer.from(it)])
const number = (n: number): Buffer => (n >= 0 ? head(0, n) : head(1, -1 - n))
const map = (...pairs: readonly Buffer[]): Buffer => Buffer.concat([head(5, pairs.length / 2), ...pairs])

export function authenticator(origin: string) {
  const keys: Key[] = []
  const clientOf = (type: string, { challenge }: Options, twist: Twist): string =>
    b64(JSON.stringify({ type: twist.type ?? type, challenge: twist.challenge ?? challenge, origin: twist.origin ?? origin, crossOrigin: false }))
  const headOf = (rpId: string, flags: number, count: number): Buffer => {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(count)
    return Buffer.concat([sha(rpId), Buffer.from([flags]), counter])
  }
  return {
    keys,
    make(given: object, twist: Twist = {}): PasskeyMade {
      const options = given as Options
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const jwk = publicKey.export({ format: 'jwk' })
      const cose = map(number(1), number(2), number(3), number(-7), number(-1), number(1), number(-2), bytes(Buffer.from(jwk.x ?? '', 'base64url')), number(-3), bytes(Buffer.from(jwk.y ?? '', 'base64url')))
      const id = randomBytes(16)
      keys.push({ id, privateKey, handle: options.user?.id ?? '', count: 0 })
      const data = Buffer.concat([headOf(twist.rpId ?? options.rp?.id ?? '', twist.flags ?? PRESENT | VERIFIED | ATTESTED, 0), Buffer.alloc(16), Buffer.from([0, id.length]), id, cose])
      const attestation = map(text('fmt'), text('none'), text('attStmt'), map(), text('authData'), bytes(data))
      return { id: b64(id), type: 'public-key', response: { clientDataJSON: clientOf('webauthn.create', options, twist), attestationObject: b64(attestation), transports: ['internal'] } }
    },
    show(given: object, twist: Twist = {}, key = keys[0]): PasskeyShown {
      const options = given as Options
      if (!key) throw new Error('there is no passkey yet')
      key.count = twist.count ?? key.count + 1
      const data = headOf(twist.rpId ?? options.rpId ?? '', twist.flags ?? PRESENT | VERIFIED, key.count)
      const client = clientOf('webauthn.get', options, twist)
      const signature = sign('sha256', Buffer.concat([data, sha(Buffer.from(client, 'base64url'))]), key.privateKey)
      return { id: b64(key.id), type: 'public-key', response: { clientDataJSON: client, authenticatorData: b64(data), signature: b64(signature), userHandle: twist.handle === undefined ? key.handle : twist.handle } }
    },
  }
}

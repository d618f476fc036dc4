// Codes of authenticators: the vectors of RFC 6238, appendix B (their last six digits), and RFC 4648 for the letters.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { instantOf } from './time.ts'
import { base32, codeAt, otpauthOf, periodOf, periodOfCode } from './totp.ts'

const SECRET = Buffer.from('12345678901234567890')

test('RFC 6238: the codes of the standard', () => {
  for (const [at, code] of [[59, '287082'], [1_111_111_109, '081804'], [1_111_111_111, '050471'], [1_234_567_890, '005924'], [2_000_000_000, '279037'], [20_000_000_000, '353130']] as const) {
    assert.equal(codeAt(SECRET, periodOf(instantOf(at * 1000))), code)
  }
})

test('RFC 4648: letters', () => {
  for (const [text, letters] of [['', ''], ['f', 'MY'], ['fo', 'MZXQ'], ['foo', 'MZXW6'], ['foob', 'MZXW6YQ'], ['fooba', 'MZXW6YTB'], ['foobar', 'MZXW6YTBOI']] as const) assert.equal(base32(Buffer.from(text)), letters)
  assert.equal(base32(SECRET), 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
})

test('one period to either side is taken, no more; each code counts once, and none before it', () => {
  const now = instantOf(1_795_000_000_000)
  const here = periodOf(now)
  for (const [by, taken] of [[-2, false], [-1, true], [0, true], [1, true], [2, false]] as const) {
    assert.equal(periodOfCode(SECRET, codeAt(SECRET, here + by), now, undefined), taken ? here + by : undefined)
  }
  assert.equal(periodOfCode(SECRET, codeAt(SECRET, here), now, here), undefined, 'the same again')
  assert.equal(periodOfCode(SECRET, codeAt(SECRET, here - 1), now, here), undefined, 'an older one')
  assert.equal(periodOfCode(SECRET, codeAt(SECRET, here + 1), now, here), here + 1)
  assert.equal(periodOfCode(SECRET, `${codeAt(SECRET, here).slice(0, 3)} ${codeAt(SECRET, here).slice(3)}`, now, undefined), here, 'as people write it')
})

test('what is no code is none', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('', '12345', '1234567', '٠١٢٣٤٥', '12345a', '-1', '0x1234')), fc.integer({ min: 0, max: 4e12 }), (code, at) => {
    const found = periodOfCode(SECRET, code, instantOf(at), undefined)
    if (found !== undefined) assert.equal(codeAt(SECRET, found), code.replaceAll(/[\s-]/g, ''))
  }))
})

test('names with anything in them stand in the address of a QR code', () => {
  assert.match(otpauthOf(SECRET, 'half \ud800 a sign', 'ada'), /^otpauth:\/\/totp\/half%20%EF%BF%BD%20a%20sign:ada\?/)
  assert.equal(otpauthOf(SECRET, 'Acme: Hosting', 'ada@acme.example'), 'otpauth://totp/Acme%3A%20Hosting:ada%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%3A%20Hosting&algorithm=SHA1&digits=6&period=30')
})

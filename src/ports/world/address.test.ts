import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AddressClass } from '../world.ts'
import { readHostPort, readHttp } from '../target.ts'
import { beyond, classOf, placeOf, readAddress } from './address.ts'

const CLASSES: readonly [written: string, address: string | undefined, kind: AddressClass | undefined][] = [
  ['http://[::ffff:127.0.0.1]', '127.0.0.1', 'loopback'],
  ['::ffff:127.0.0.1', '127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', '127.0.0.1', 'loopback'],
  ['::ffff:a9fe:a9fe', '169.254.169.254', 'blocked'],
  ['::127.0.0.1', '::7f00:1', 'loopback'],
  ['::ffff:0:127.0.0.1', '::ffff:0:7f00:1', 'loopback'],
  ['64:ff9b::7f00:1', '64:ff9b::7f00:1', 'loopback'],
  ['64:ff9b::169.254.169.254', '64:ff9b::a9fe:a9fe', 'blocked'],
  ['64:ff9b::8.8.8.8', '64:ff9b::808:808', 'public'],
  ['64:ff9b:1::8.8.8.8', '64:ff9b:1::808:808', 'private'],
  ['64:ff9b:1::7f00:1', '64:ff9b:1::7f00:1', 'loopback'],
  ['2002:7f00:1::', '2002:7f00:1::', 'loopback'],
  ['2002:a00:1::1', '2002:a00:1::1', 'private'],
  ['2002:808:808::1', '2002:808:808::1', 'public'],
  ['2001:0:808:808:0:0:80ff:fffe', '2001:0:808:808::80ff:fffe', 'loopback'],
  ['2001:0:7f00:1:0:0:f7f7:f7f7', '2001:0:7f00:1::f7f7:f7f7', 'loopback'],
  ['2001:0:808:808:0:0:f7f7:f7f7', '2001:0:808:808::f7f7:f7f7', 'public'],
  ['2a00:1450::200:5efe:a00:1', '2a00:1450::200:5efe:a00:1', 'private'],
  ['2001:db8::5efe:127.0.0.1', '2001:db8::5efe:7f00:1', 'loopback'],
  ['0x7f.1', '127.0.0.1', 'loopback'],
  ['0x7F.0.0.1', '127.0.0.1', 'loopback'],
  ['2130706433', '127.0.0.1', 'loopback'],
  ['0x7f000001', '127.0.0.1', 'loopback'],
  ['017700000001', '127.0.0.1', 'loopback'],
  ['0177.0.0.1', '127.0.0.1', 'loopback'],
  ['127.1', '127.0.0.1', 'loopback'],
  ['127.0.1', '127.0.0.1', 'loopback'],
  ['127.0.0.1.', '127.0.0.1', 'loopback'],
  ['2852039166', '169.254.169.254', 'blocked'],
  ['0', '0.0.0.0', 'blocked'],
  ['0.0.0.0', '0.0.0.0', 'blocked'],
  ['0.1.2.3', '0.1.2.3', 'blocked'],
  ['169.254.169.254', '169.254.169.254', 'blocked'],
  ['169.254.1.1', '169.254.1.1', 'blocked'],
  ['fd00:ec2::254', 'fd00:ec2::254', 'blocked'],
  ['FD00:0EC2:0::0254', 'fd00:ec2::254', 'blocked'],
  ['fd20:ce::254', 'fd20:ce::254', 'blocked'],
  ['100.100.100.200', '100.100.100.200', 'blocked'],
  ['168.63.129.16', '168.63.129.16', 'blocked'],
  ['224.0.0.1', '224.0.0.1', 'blocked'],
  ['239.255.255.255', '239.255.255.255', 'blocked'],
  ['255.255.255.255', '255.255.255.255', 'blocked'],
  ['240.0.0.1', '240.0.0.1', 'private'],
  ['::', '::', 'blocked'],
  ['::1', '::1', 'loopback'],
  ['::1%lo', '::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', '::1', 'loopback'],
  ['fe80::1%eth0', 'fe80::1', 'blocked'],
  ['febf::1', 'febf::1', 'blocked'],
  ['fec0::1', 'fec0::1', 'private'],
  ['ff02::1', 'ff02::1', 'blocked'],
  ['fc00::1', 'fc00::1', 'private'],
  ['fdff::1', 'fdff::1', 'private'],
  ['2001:db8::1', '2001:db8::1', 'private'],
  ['100::1', '100::1', 'private'],
  ['2606:4700::1111', '2606:4700::1111', 'public'],
  ['10.0.0.1', '10.0.0.1', 'private'],
  ['172.15.255.255', '172.15.255.255', 'public'],
  ['172.16.0.1', '172.16.0.1', 'private'],
  ['172.31.255.255', '172.31.255.255', 'private'],
  ['172.32.0.1', '172.32.0.1', 'public'],
  ['192.168.1.1', '192.168.1.1', 'private'],
  ['100.64.0.1', '100.64.0.1', 'private'],
  ['100.128.0.1', '100.128.0.1', 'public'],
  ['198.18.0.1', '198.18.0.1', 'private'],
  ['127.255.255.254', '127.255.255.254', 'loopback'],
  ['1.1.1.1', '1.1.1.1', 'public'],
  ['256.1.1.1', undefined, undefined],
  ['1.2.3.4.5', undefined, undefined],
  ['127.0.0.08', undefined, undefined],
  ['4294967296', undefined, undefined],
  ['1..1', undefined, undefined],
  ['db.internal', undefined, undefined],
  ['metadata.google.internal.', undefined, undefined],
  ['', undefined, undefined],
  [':::1', undefined, undefined],
]

test('W-5: every disguise of an address is taken off, and its class is that of what is underneath', () => {
  for (const [written, address, kind] of CLASSES) {
    const read = readAddress(written.replace(/^http:\/\//, ''))
    assert.equal(read?.address, address, written)
    if (read) assert.equal(classOf(read.address), kind, written)
  }
})

test('what is no address is blocked, should it ever be judged', () => {
  assert.equal(placeOf('db.internal').class, 'blocked')
  assert.equal(placeOf('').class, 'blocked')
})

test('every IPv4 address keeps its class in every notation and in every IPv6 coat', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 0xffffffff }), (n) => {
      const [a, b, c, d] = [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]
      const plain = `${a}.${b}.${c}.${d}`
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
      const kind = classOf(plain)
      const forms = [String(n), `0x${n.toString(16)}`, `0${n.toString(8)}`, `0x${a.toString(16)}.0${b.toString(8)}.${(c << 8) | d}`, `::ffff:${plain}`, `::ffff:${hex}`]
      for (const form of forms) assert.equal(readAddress(form)?.address, plain, form)
      for (const coat of [`64:ff9b::${hex}`, `2002:${hex}::1`, `::ffff:0:${plain}`, `::${hex}`]) {
        const read = readAddress(coat)
        assert(read, coat)
        assert.equal(classOf(read.address), kind, coat)
      }
    }),
  )
})

test('canonical addresses stay as they are', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const once = readAddress(text)
      assert(once)
      assert.deepEqual(readAddress(once.address), once)
    }),
  )
})

test('classes are ordered from open to closed', () => {
  assert(beyond('private', 'public') && beyond('loopback', 'private') && beyond('blocked', 'loopback'))
  assert(!beyond('public', 'private') && !beyond('private', 'private'))
})

const REFUSED: readonly [written: string, says: RegExp][] = [
  ['file:///etc/passwd', /“file:” is not http or https/],
  ['gopher://example.com/', /not http or https/],
  ['data:text/plain,ok', /not http or https/],
  ['javascript:alert(1)', /not http or https/],
  ['unix:/var/run/docker.sock', /not http or https/],
  ['http:example.com', /starts with http/],
  ['http:///example.com', /starts with http/],
  ['//example.com', /starts with http/],
  ['example.com', /starts with http/],
  ['', /starts with http/],
  ['http://a@b/', /no user name/],
  ['http://a:c@b/', /no user name/],
  ['http://@b/', /no user name/],
  ['http://example.com\\@evil.example/', /backslash/],
  ['http:\\\\example.com', /backslash/],
  ['http://exa\tmple.com/', /no spaces, tabs/],
  ['http://exa\nmple.com/', /no spaces, tabs/],
  ['http://example.com/a b', /no spaces, tabs/],
  ['http://exam\u0000ple.com/', /no spaces, tabs/],
  ['http://example.com:0/', /not a port/],
  ['http://example.com:65536/', /not an address that can be read/],
  ['http://256.1.1.1/', /not an address that can be read/],
  ['http://[::1/', /not an address that can be read/],
  ['http://[fe80::1%25eth0]/', /not an address that can be read/],
  [`http://${'a'.repeat(5000)}/`, /at most 253 characters/],
  [`http://${'a'.repeat(64)}.example/`, /not the name of a host/],
  [`http://example.com/${'a'.repeat(9000)}`, /at most 8192 characters/],
  ['http://a..b/', /not the name of a host/],
]

test('an address that can be read in two ways, or is none, is refused with a reason', () => {
  for (const [written, says] of REFUSED) {
    const read = readHttp(written)
    assert.equal(read.is, 'refused', written)
    if (read.is === 'refused') assert.match(read.says, says, written)
  }
})

test('an address comes out as the network sees it', () => {
  const cases: readonly [string, string, number, boolean][] = [
    ['http://example.com', 'example.com', 80, false],
    ['HTTPS://Example.COM:8443/x?y#z', 'example.com', 8443, true],
    ['https://example.com./', 'example.com', 443, true],
    ['http://0x7f.1/', '127.0.0.1', 80, false],
    ['http://2130706433/', '127.0.0.1', 80, false],
    ['http://[::ffff:127.0.0.1]:81/', '::ffff:7f00:1', 81, false],
    ['http://münchen.example/', 'xn--mnchen-3ya.example', 80, false],
    ['http://аpple.com/', 'xn--pple-43d.com', 80, false],
    ['http://metadata.google.internal./', 'metadata.google.internal', 80, false],
    ['http://example.com:22/', 'example.com', 22, false],
  ]
  for (const [written, host, port, secure] of cases) {
    const read = readHttp(written)
    assert(read.is === 'target', written)
    assert.deepEqual([read.host, read.port, read.secure], [host, port, secure], written)
  }
})

test('host:port is read the same way', () => {
  const good: readonly [string, string, number][] = [
    ['db.internal:5432', 'db.internal', 5432],
    ['[::1]:25', '::1', 25],
    ['0x7f.1:22', '127.0.0.1', 22],
    ['DB:1', 'db', 1],
  ]
  for (const [written, host, port] of good) {
    const read = readHostPort(written)
    assert.deepEqual(read, { is: 'target', host, port }, written)
  }
  for (const written of ['db', 'db:', ':25', 'db:0', 'db:65536', 'db:99999', 'db:1x', '::1:25', 'a@b:25', 'a/b:25', 'unix:/x', `${'a'.repeat(300)}:25`, 'd b:1', 'd\\b:1', '[fe80::1%eth0]:1', '[db]:1', 'a..b:1']) {
    assert.equal(readHostPort(written).is, 'refused', written)
  }
})

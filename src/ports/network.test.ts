// Networks: what lies in them, in every spelling of an address, and that what is no address lies in none.
import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import test from 'node:test'
import fc from 'fast-check'
import { contains, parseNetwork } from './network.ts'

const lies = (network: string, address: string): boolean => contains(parseNetwork(network) ?? assert.fail(network), address)

test('what lies in a network, and what does not', () => {
  for (const [network, inside, outside] of [
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3', '::ffff:a01:203'], ['11.0.0.0', '9.255.255.255', '::10.1.2.3', '2002:a01:203::', '64:ff9b::a01:203']],
    ['192.0.2.7', ['192.0.2.7', '::ffff:192.0.2.7'], ['192.0.2.8']], ['0.0.0.0/0', ['1.2.3.4', '255.255.255.255'], ['::1', '2001:db8::1']],
    ['2001:db8::/32', ['2001:db8::', '2001:DB8:ffff::1'], ['2001:db9::', '10.0.0.1']], ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['::2', '127.0.0.1']], ['::/0', ['::1'], ['127.0.0.1', '::ffff:127.0.0.1']],
  ] as const) {
    for (const address of inside) assert.equal(lies(network, address), true, `${address} in ${network}`)
    for (const address of [...outside, '', 'localhost', '10.0.0.1.', '10.0.0', '010.0.0.1', '0x0a.0.0.1', '167772161', '10.0.0.1%eth0', ' 10.0.0.1', '10.0.0.1, 10.0.0.2', '::ffff:10.0.0.1%1', ':', ':::', '1::2::3', '256.0.0.1', 'unknown']) assert.equal(lies(network, address), false, `${address} in ${network}`)
  }
})

test('what is not plainly a network is none', () => {
  for (const text of ['', '/', '10.0.0.0/', '/8', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/-1', '10.0.0.0/8/8', '10.1.2.3/8', '2001:db8::1/32', '::/129', '10.0/8', 'any', '*', '::ffff:10.0.0.0/104', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8', '1:2:3', 'g::', '1.2.3.4::', '__proto__']) assert.equal(parseNetwork(text), undefined, text)
})

test('it says what the system says, for any address and any prefix', () => {
  fc.assert(fc.property(fc.oneof(fc.tuple(fc.ipV4(), fc.nat(32)), fc.tuple(fc.ipV6(), fc.nat(128))), fc.oneof(fc.ipV4(), fc.ipV6()), ([base, bits], other) => {
    const family = isIP(base) === 4 ? 'ipv4' : 'ipv6'
    const network = parseNetwork(`${base}/${bits}`)
    if (!network) return
    const list = new BlockList()
    list.addSubnet(base, bits, family)
    for (const address of [base, other]) assert.equal(contains(network, address), isIP(address) === isIP(base) ? list.check(address, family) : false, `${address} in ${base}/${bits}`)
  }))
})

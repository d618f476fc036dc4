import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf, sentence } from '../../core/fault.ts'
import type { Address } from '../world.ts'
import { createJudge, type Terms } from './judge.ts'

const addresses = (...texts: string[]): Address[] => texts.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
const judgeOf = (): ((host: string, texts: string[], terms?: Terms) => string[] | string) & { forget: () => void } => {
  const judge = createJudge(new Set([7400]), () => new Set(['192.0.2.7']))
  const go = (host: string, texts: string[], terms: Terms = {}): string[] | string => {
    try {
      return judge.judge({ host, port: 80 }, addresses(...texts), terms).map((one) => one.address)
    } catch (cause) {
      assert.equal(codeOf(cause), 'EBLOCKED')
      return sentence(cause)
    }
  }
  return Object.assign(go, { forget: () => judge.forget() })
}

test('a target that the configuration names may be anywhere but in a blocked place', () => {
  const judge = judgeOf()
  assert.deepEqual(judge('a.example', ['1.1.1.1', '10.0.0.1', '127.0.0.1', '169.254.169.254', '::1']), ['1.1.1.1', '10.0.0.1', '127.0.0.1', '::1'])
  assert.match(String(judge('b.example', ['169.254.169.254'])), /^b\.example is at 169\.254\.169\.254: a link-local address, and Holdfast never connects to one$/)
  assert.equal(judge('127.0.0.1', ['127.0.0.1']).length, 1)
})

test('a name that led to public addresses never leads inside later, until a new configuration is accepted', () => {
  const judge = judgeOf()
  assert.equal(judge('a.example', ['1.1.1.1']).length, 1)
  assert.equal(judge('a.example', ['2606:4700::1']).length, 1)
  assert.match(String(judge('a.example', ['10.0.0.5'])), /before it was a public address; reload the configuration/)
  assert.deepEqual(judge('a.example', ['10.0.0.5', '1.0.0.1']), ['1.0.0.1'])
  judge.forget()
  assert.equal(judge('a.example', ['10.0.0.5']).length, 1)
  assert.equal(judge('a.example', ['1.1.1.1']).length, 1)
  assert.match(String(judge('a.example', ['127.0.0.1'])), /before it was a private address/)
})

test('a name that leads in and out from the start may go on doing so', () => {
  const judge = judgeOf()
  assert.equal(judge('a.example', ['1.1.1.1', 'fd00::1']).length, 2)
  assert.equal(judge('a.example', ['10.0.0.1']).length, 1)
  assert.equal(typeof judge('a.example', ['::1']), 'string')
})

test('strangers’ targets are public or nothing, and leave no trace in what names led to', () => {
  const judge = judgeOf()
  assert.equal(typeof judge('a.example', ['1.1.1.1', '10.0.0.1'], { trust: 'foreign' }), 'string')
  assert.equal(judge('a.example', ['1.1.1.1'], { trust: 'foreign' }).length, 1)
  assert.equal(judge('a.example', ['10.0.0.1']).length, 1)
})

test('a redirect never leads further inside', () => {
  const judge = judgeOf()
  const ways: [from: 'public' | 'private' | 'loopback', to: string, open: boolean][] = [
    ['public', '1.1.1.1', true], ['public', '10.0.0.1', false], ['public', '127.0.0.1', false],
    ['private', '1.1.1.1', true], ['private', '10.0.0.1', true], ['private', '127.0.0.1', false],
    ['loopback', '127.0.0.1', true], ['loopback', '169.254.169.254', false],
  ]
  for (const [from, to, open] of ways) assert.equal(Array.isArray(judge(to, [to], { notBeyond: from })), open, `${from} to ${to}`)
})

test('a lab reaches private addresses only', () => {
  const judge = createJudge(new Set(), () => new Set(), { lab: true })
  const ask = (address: string): readonly unknown[] => judge.judge({ host: address, port: 443 }, [{ address, family: 4 }], {})
  for (const address of ['127.0.0.1', '10.1.2.3', '192.168.0.9']) assert.equal(ask(address).length, 1, address)
  for (const address of ['9.9.9.9', '93.184.216.34']) assert.throws(() => ask(address), /is a lab/)
})

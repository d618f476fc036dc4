// The settings of the whole installation: version, site, outside switch, ways in.
import assert from 'node:assert/strict'
import test from 'node:test'
import { ask } from './fixtures/ask.ts'
import { readDeadMan, readIngest, readSignIn, readSite, readVersion } from './node.ts'
import type { Reading } from './reading.ts'

const KEY = '0123456789abcdef0123456789ABCDEF'
const OTHER = 'x'.repeat(32)
const STANDARD = { name: 'Holdfast', url: 'http://127.0.0.1:7400', timezone: 'UTC' }

function read<Of>(text: string, what: (reading: Reading) => Of): { got: Of; errors: string[] } {
  const asked = ask(text, { a: KEY, b: OTHER, c: KEY, short: 'abc' })
  return { got: what(asked.reading), errors: asked.errors() }
}

test('the version is 1, and is said', () => {
  assert.deepEqual(read('version: 1', readVersion).errors, [])
  assert.deepEqual(read('checks: {}', readVersion).errors, ['HF109'])
  for (const other of ['2', '"1"', 'one', '~', '[]']) assert.deepEqual(read(`version: ${other}`, readVersion).errors, [`HF109 ${other}`])
})

test('a site has a name, an address and a zone, each with a standard', () => {
  const site = (text: string): unknown => {
    const { got, errors } = read(text, (reading) => readSite(reading, STANDARD))
    return errors.length > 0 ? errors : got
  }
  assert.deepEqual(site('site: { name: Acme, url: "https://hold.acme.example/", timezone: Europe/Berlin }'), { name: 'Acme', url: 'https://hold.acme.example', timezone: 'Europe/Berlin' })
  assert.deepEqual(site(''), STANDARD)
  assert.deepEqual(site('site:'), STANDARD)
  assert.deepEqual(site('site: Acme'), ['HF104 Acme'])
  assert.deepEqual(site('site: { name: "", url: hold.acme.example, timezone: CET0, zone: x }'), ['HF104 ""', 'HF104 hold.acme.example', 'HF116 CET0', 'HF101 zone'])
  assert.deepEqual(site('site: { name: "${secret:a}" }'), ['HF119 "${secret:a}"'])
})

test('the outside switch is called every minute unless said otherwise', () => {
  assert.deepEqual(read('dead_man: { url: "https://hc.example/x" }', readDeadMan).got, { url: 'https://hc.example/x', every: 60_000 })
  assert.deepEqual(read('', readDeadMan).got, undefined)
  assert.deepEqual(read('dead_man: { url: x, every: 1s }', readDeadMan).errors, ['HF104 x', 'HF106 1s'])
  assert.deepEqual(read('dead_man: { every: 1m }', readDeadMan).errors, ['HF105 dead_man'])
})

test('an identity provider is reached by https, or on this machine; its secret is one', () => {
  const oidc = (issuer: string, more = ''): unknown => {
    const { got, errors } = read(`sign_in: { oidc: { issuer: "${issuer}", client_id: holdfast, client_secret: "\${secret:a}"${more} } }`, readSignIn)
    return errors.length > 0 ? errors : got
  }
  assert.deepEqual(oidc('https://id.acme.example/realms/acme', ', name: Acme'), { oidc: { issuer: 'https://id.acme.example/realms/acme', client_id: 'holdfast', client_secret: KEY, name: 'Acme' } })
  for (const good of ['http://localhost:3000', 'http://127.0.0.1:3000/x', 'https://id.acme.example/']) assert.equal(typeof (oidc(good) as { oidc: object }).oidc, 'object', good)
  for (const bad of ['http://id.acme.example', 'id.acme.example', 'https://id.acme.example?x=1', 'https://user@id.acme.example', 'ftp://localhost']) assert.deepEqual(oidc(bad), [`HF104 "${bad}"`])
  assert.deepEqual(oidc('https://id.acme.example', ', scope: x'), ['HF101 scope'])
  assert.deepEqual(read('sign_in: { oidc: { issuer: "https://x.example", client_id: a, client_secret: written-out-here } }', readSignIn).errors.map((it) => it.slice(0, 5)), ['HF119'])
  assert.deepEqual(read('sign_in: { oidc: {} }', readSignIn).errors.length > 0 || read('sign_in: { oidc: {} }', readSignIn).got === undefined, true)
  assert.deepEqual([read('', readSignIn).got, read('sign_in:', readSignIn).got, read('sign_in: { saml: {} }', readSignIn).errors], [undefined, undefined, ['HF101 saml']])
})

test('one integration or several; keys are secrets of 32 characters, each its own', () => {
  const ingest = (text: string): unknown => {
    const { got, errors } = read(`ingest: ${text}`, readIngest)
    return errors.length > 0 ? errors : got
  }
  assert.deepEqual(ingest('{ pagerduty: { key: "${secret:a}" } }'), [{ via: 'pagerduty', name: 'pagerduty', key: KEY, escalate: 'default' }])
  assert.deepEqual(ingest('{ pagerduty: { prom: { key: "${secret:a}", escalate: urgent }, zabbix: { key: "${secret:b}" } } }'),
    [{ via: 'pagerduty', name: 'prom', key: KEY, escalate: 'urgent' }, { via: 'pagerduty', name: 'zabbix', key: OTHER, escalate: 'default' }])
  assert.deepEqual(ingest('{ pagerduty: { prom: { key: "${secret:a}" }, zabbix: { key: "${secret:c}" } } }'), ['HF121 "${secret:c}"'])
  assert.deepEqual(ingest('{ pagerduty: { key: "${secret:short}" } }'), ['HF104 "${secret:short}"'])
  assert.deepEqual(ingest('{ pagerduty: {} }'), ['HF105 pagerduty'])
  assert.deepEqual(ingest('{ pagerdutty: { key: x } }'), ['HF101 pagerdutty'])
  assert.deepEqual(ingest('[]'), ['HF104 []'])
  assert.deepEqual(ingest('~'), [])
})

test('a key that is written out is a finding, and is masked in it', () => {
  const { errors } = read(`ingest: { pagerduty: { key: ${OTHER} } }`, readIngest)
  assert.deepEqual(errors, [`HF119 ${'*'.repeat(32)}`])
})

// Addresses of the command line: every one gets a name of its own, and none disturbs the file that it is written into.
import assert from 'node:assert/strict'
import test from 'node:test'
import { parse } from 'yaml'
import { readGiven, starter, type Given } from './starter.ts'

function give(...texts: string[]): Given[] {
  const given: Given[] = []
  for (const text of texts) {
    const read = readGiven(text, new Set(given.map(({ name }) => name)))
    if ('name' in read) given.push(read)
  }
  return given
}

test('names come from hosts and differ', () => {
  assert.deepEqual(give('https://example.com', 'example.com/a', 'http://www.example.com', 'https://10.0.0.1:8080/x', 'https://[::1]/', 'https://münchen.example').map(({ name }) => name),
    ['example-com', 'example-com-2', 'example-com-3', 'host-10-0-0-1', 'host-1', 'xn-mnchen-3ya-example'])
  assert.deepEqual(give('example.com').map(({ url }) => url), ['https://example.com'])
})

test('what is no address of the web is refused with a sentence', () => {
  for (const text of ['ftp://x.example', 'file:///etc/passwd', 'https://u:p@x.example', 'https://', 'a b', 'https://x\\y', '']) {
    assert.ok('says' in readGiven(text, new Set()), text)
  }
})

test('addresses are written as texts, whatever stands in them', () => {
  const text = starter({ given: give('https://example.com/a?b="c":{d}#e', 'https://example.com/b'), port: 7401, timezone: 'Europe/Berlin' })
  const { checks, site, status_pages } = parse(text) as { checks: unknown; site: unknown; status_pages: unknown }
  assert.deepEqual(checks, { 'example-com': { http: 'https://example.com/a?b="c":{d}#e' }, 'example-com-2': { http: 'https://example.com/b' } })
  assert.deepEqual(site, { name: 'My site', url: 'http://localhost:7401', timezone: 'Europe/Berlin' })
  assert.deepEqual(status_pages, { public: { components: { 'example.com': ['example-com'], 'example-com-2': ['example-com-2'] } } })
})

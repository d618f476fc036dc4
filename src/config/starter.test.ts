// The first file is valid as it stands, whatever addresses it is given; and every address gets a name of its own.
import assert from 'node:assert/strict'
import test from 'node:test'
import { loadConfig } from '../views/accepted.ts'
import { channels, probes } from './fixtures/plugins.ts'
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

test('the first file is accepted, with and without addresses, and says who is missing', async () => {
  for (const given of [[], give('https://example.com/a?b="c"#d', 'https://example.com/b', 'https://other.example')]) {
    const text = starter({ given, port: 7400, timezone: 'Europe/Berlin' })
    const loaded = await loadConfig({ text, env: {}, probes, channels })
    assert.ok(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
    assert.deepEqual(loaded.config.checks.map(({ name }) => name), given.map(({ name }) => name))
    assert.deepEqual(loaded.config.boards[0]?.components.map(({ checks }) => checks[0]), given.map(({ name }) => name))
    assert.deepEqual(loaded.config.warnings.map(({ code, says }) => [code, says]), [['HF150', 'Nobody would be paged yet: add people']])
    // An address that stands in the file already is not watched twice.
    const again = await loadConfig({ text, urls: given.map(({ url }) => url), env: {}, probes, channels })
    assert.ok(again.is === 'accepted' && again.config.version === loaded.config.version)
  }
})

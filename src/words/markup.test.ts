// T-4: whatever people write, nothing of it becomes active content, and nothing of it pretends.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { escaped, html, line, lines, webAddress } from './markup.ts'

test('every value in a template is escaped, in content and in attributes', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    const { markup } = html`<p title="${text}">${text}</p>`
    assert.match(markup, /^<p title="[^<>"]*">[^<>]*<\/p>$/s)
  }), { numRuns: 500 })
})

test('markup stays, falsehood leaves nothing, numbers and lists are written out', () => {
  assert.equal(html`${html`<b>${'&'}</b>`}${false}${undefined}${3}${[html`<i></i>`, html`<u></u>`]}`.markup, '<b>&amp;</b>3<i></i><u></u>')
  assert.equal(escaped(`<a href="x" onclick='y'>&`), '&lt;a href=&#34;x&#34; onclick=&#39;y&#39;&gt;&amp;')
})

test('a line is bounded, whole, and without what pretends', () => {
  // oxlint-disable-next-line no-control-regex -- what must not come out
  const pretends = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 80 }), (text, most) => {
    const said = line(text, most)
    assert.ok(said.length <= most)
    assert.ok(said.isWellFormed())
    assert.doesNotMatch(said, pretends)
    assert.doesNotMatch(said, /[\n\r]/)
    assert.ok(lines(text, most).length <= most)
    assert.doesNotMatch(lines(text, most), pretends)
  }), { numRuns: 500 })
  assert.equal(line('safe\u202egnp.exe\u2069 \u200b\ud800!', 40), 'safegnp.exe �!')
  assert.equal(line('a\nb\r\nc\td', 40), 'a b c d')
  assert.equal(line(`z${'\u0301'.repeat(100)}algo`, 40), `z${'\u0301'.repeat(4)}algo`)
  assert.equal(line('👩‍👩‍👧', 40), '👩‍👩‍👧', 'joiners stay')
})

test('a megabyte of title costs no more than a long one', () => {
  const said = line('x'.repeat(1_000_000), 200)
  assert.equal(said.length, 200)
  assert.ok(said.endsWith('…'))
  assert.equal(line(`${'x'.repeat(198)}👍👍`, 200), `${'x'.repeat(198)}…`, 'a pair is not cut in its middle')
})

test('lines keep their breaks, but no holes', () => {
  assert.equal(lines('one \r\n two\n\n\n\n\u2028three  four\n', 100), 'one\ntwo\n\nthree four')
})

test('only http and https addresses may be followed', () => {
  assert.equal(webAddress('https://status.acme.example'), 'https://status.acme.example/')
  for (const url of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'https://user@evil.example/', '//x', '', '\u0000http://x']) assert.ok(!webAddress(url).includes('@') && !/^(?!https?:)/.test(webAddress(url) || 'http:'), url)
})

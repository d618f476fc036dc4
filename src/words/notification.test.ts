// P-14, P-9, P-13: what people read. Every text fits its frame whatever stands in it, and says what, since, next.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { instantOf, minutes, seconds } from '../core/time.ts'
import { serviceBy } from '../core/subject.ts'
import * as words from './notification.ts'
import { englishScreen } from './screen.ts'

const since = instantOf(Date.UTC(2026, 10, 21, 1, 14))
const at = (min: number) => instantOf(since + min * 60_000)
const moment = (min: number): words.Moment => ({ now: at(min), timezone: 'Europe/Berlin' })
const db: words.Spoken = { number: 212, name: 'db', title: 'db is down', says: 'Connection refused from 2 of 3 places', since, under: ['api'] }
const next = { people: ['bo'], at: at(5) }

test('a page says what, seen from, since, consequence and who is next, in this order', () => {
  const { title, short, long } = words.pageText(db, { raisedAt: since, next }, moment(1))
  assert.equal(title, 'db is down')
  assert.equal(long, 'Connection refused from 2 of 3 places since 02:14 CET. api depends on it. Bo is paged at 02:19.')
  assert.equal(short, 'Holdfast 212: db is down since 02:14 (Connection refused from 2 of 3 places). Next Bo 02:19.')
})

test('P-14 a page older than five minutes says when it was raised', () => {
  assert.doesNotMatch(words.pageText(db, { raisedAt: since }, moment(5)).long, /Raised/)
  assert.match(words.pageText(db, { raisedAt: since }, moment(6)).long, /Raised at 02:14, 6 min ago\.$/)
  assert.match(words.pageText(db, { raisedAt: since }, moment(6)).short, /Raised 02:14/)
  assert.match(words.pageText(db, { raisedAt: since }, moment(24 * 60)).long, /Raised at Sat,? 21 Nov 02:14/)
})

test('P-9 the reason for the fallback stands in the text', () => {
  assert.match(words.pageText(db, { raisedAt: since, why: 'step 1 names nobody; the fallback is paged' }, moment(0)).long, /Step 1 names nobody; the fallback is paged\./)
})

test('what comes from memory says from when', () => {
  assert.match(words.pageText(db, { raisedAt: since, knownAt: at(2) }, moment(3)).long, /Holdfast is stuck: this is what it knew at 02:16; whether it still holds is not known\./)
})

test('what an integration did is said so, and never as if a person were called like it', () => {
  const main = serviceBy('pagerduty', 'main')
  assert.equal(words.acknowledgedText(db, main).long, 'The integration main acknowledged db (212). Nobody else is paged.')
  assert.equal(words.acknowledgedText(db, main).short, 'Holdfast: The integration main acknowledged db (212). Nobody else is paged.')
  assert.match(words.lapsedText(db, main).long, /^The integration main's acknowledgement of db \(212\) lapsed\./)
  assert.equal(words.hasItSince(main, '02:14'), 'The integration main acknowledged it at 02:14')
  assert.equal(words.hasItSince('ada', '02:14'), 'Ada has it since 02:14')
  assert.equal(englishScreen.lapses(main, '02:44'), 'If that is not confirmed by 02:44, it rings again.')
})

test('the short notices read as they should', () => {
  assert.equal(words.acknowledgedText(db, 'ada').long, 'Ada has db (212). Nobody else is paged.')
  assert.equal(words.recoveredText(db, moment(17)).title, 'db is back')
  assert.match(words.recoveredText(db, moment(17)).long, /^db is back after 17 min\./)
  const held = { takenAt: since, lapsesAt: at(35), next: ['bo'] }
  assert.equal(words.reminderText(db, held, moment(30)).short, 'Still on db? You took it 30 min ago. Take it again to keep it. Otherwise Bo in 5 min.')
  assert.match(words.stuckText([db], seconds(15)).long, /^Holdfast is stuck; open: db \(212\)\. No sign of life from its keeper for 15 s\./)
  assert.match(words.stuckText([], minutes(1)).long, /nothing was open/)
  assert.match(words.stuckText([db], seconds(15), ['Add memory, on db-1 (run_1)']).short, /^Holdfast is stuck; under way: Add memory, on db-1 \(run_1\); open: db \(212\)\./)
  assert.match(words.damagedText('holdfast.db.damaged-1').long, /memory is damaged.*kept: holdfast\.db\.damaged-1\.$/)
  assert.match(words.lapsedText(db, 'ada').long, /^Ada's acknowledgement of db \(212\) lapsed\./)
  assert.match(words.reassignedText(db, 'ada').long, /Ada handed db \(212\) over\.$/)
  assert.match(words.isolatedText(since, moment(1)).long, /No anchor answers since 02:14 CET/)
  assert.equal(words.resolvedText(db).title, 'db is resolved')
  assert.match(words.testText('ada', 'hook').long, /test page for Ada by hook/)
})

test('P-13 a digest carries the exact count and the first lines', () => {
  const many = Array.from({ length: 30 }, (_, i): words.Spoken => ({ ...db, number: i + 1, name: `web-${i}`, title: `web-${i} is down` }))
  const { title, short, long } = words.digestText(many, 30, 0, moment(1))
  assert.equal(title, '30 pages at once')
  assert.match(short, /^Holdfast: 30 pages at once: web-0, web-1, web-2 and 27 more\.$/)
  assert.equal(long.split('\n').length, 12)
  assert.match(long, /And 20 more\.$/)
  assert.match(words.digestText(many.slice(0, 2), 2, 1, moment(1)).title, /^2 pages at once$/)
})

test('names are joined as people say them, and days are named when they are not today', () => {
  assert.equal(words.joined(['ada']), 'Ada')
  assert.equal(words.joined(['ada', 'bo', 'cy']), 'Ada, Bo and Cy')
  assert.equal(words.joined([]), 'nobody')
  assert.equal(words.clock(since, moment(0)), '02:14')
  assert.match(words.clock(since, moment(60 * 24)), /^Sat,? 21 Nov 02:14$/)
})

test('whatever stands in it, a title has at most 40 characters and a short text is one SMS', () => {
  const gsm = /^[@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/
  const wild = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 300 }), fc.constantFrom('a\r\nBcc: x@y', '\u202egnp.exe', '€'.repeat(200), '{{constructor}}', '@everyone'))
  fc.assert(
    fc.property(wild, wild, wild, fc.integer({ min: 0, max: 100_000 }), (title, says, who, number) => {
      const it: words.Spoken = { ...db, title, says, name: who, number, under: [who, title, says, who] }
      const texts = [
        words.pageText(it, { raisedAt: since, next: { people: [who, title], at: at(5) }, why: says }, moment(9)),
        words.acknowledgedText(it, who), words.reminderText(it, { takenAt: since, lapsesAt: at(1), next: [who] }, moment(3)),
        words.recoveredText(it, moment(2)), words.lapsedText(it, who), words.reassignedText(it, who), words.digestText([it, it], 3, 2, moment(1)),
        words.stuckText([it], seconds(15)), words.testText(who, title), words.noticeText(title, says), words.damagedText(says),
      ]
      for (const text of texts) {
        assert.ok([...text.title].length <= 40)
        assert.match(text.short, gsm)
        assert.ok([...text.short].reduce((sum, letter) => sum + ('^{}\\[~]|€'.includes(letter) ? 2 : 1), 0) <= 160)
        assert.ok([...text.long].length <= 2000)
        // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
        assert.doesNotMatch(text.title + text.short, /[\u0000-\u001f\u007f\u202e]/)
        // oxlint-disable-next-line no-control-regex -- a digest has lines, nothing else of the kind
        assert.doesNotMatch(text.long, /[\u0000-\u0009\u000b-\u001f\u007f\u202e]/)
      }
    }),
    { numRuns: 300 },
  )
})

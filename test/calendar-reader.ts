// A reader of calendars that forgives nothing (RFC 5545): lines end in CR LF and have at most 75 octets, folds stand between letters, names are known, each property
// that an event must have is there once, texts are escaped as they must be, times are in UTC and the end comes after the beginning.
import assert from 'node:assert/strict'

export interface ReadCalendar {
  readonly name: string
  /** The properties of each event, by name, unescaped. */
  readonly events: readonly ReadonlyMap<string, string>[]
}

const NEEDED = ['UID', 'DTSTAMP', 'DTSTART', 'DTEND', 'SUMMARY', 'STATUS', 'SEQUENCE']
const TEXTS = ['UID', 'SUMMARY', 'DESCRIPTION', 'NAME', 'X-WR-CALNAME']
const KNOWN = [...NEEDED, 'LAST-MODIFIED', 'DESCRIPTION', 'TRANSP', 'URL']
const UTC = /^\d{8}T([01]\d|2[0-3])[0-5]\d[0-5]\dZ$/

function unfolded(file: string): string[] {
  assert.ok(file.endsWith('\r\n'))
  const raw = file.slice(0, -2).split('\r\n')
  for (const one of raw) {
    assert.ok(Buffer.byteLength(one) <= 75, `${Buffer.byteLength(one)} octets: ${one}`)
    // oxlint-disable-next-line no-control-regex -- what must not be there
    assert.doesNotMatch(one, /[\u0000-\u0008\u000a-\u001f\u007f]/)
    assert.ok(one.isWellFormed() && one !== '')
  }
  return raw.reduce<string[]>((all, one) => {
    if (!one.startsWith(' ')) return [...all, one]
    assert.ok(all.length > 0)
    return [...all.slice(0, -1), `${all.at(-1) ?? ''}${one.slice(1)}`]
  }, [])
}

function textOf(escaped: string): string {
  assert.match(escaped, /^(?:[^\\;,]|\\[\\;,nN])*$/, escaped)
  return escaped.replace(/\\([\\;,nN])/g, (_, it: string) => (it.toLowerCase() === 'n' ? '\n' : it))
}

export function parseCalendar(file: string): ReadCalendar {
  const open: string[] = []
  const events: Map<string, string>[] = []
  const own = new Map<string, string>()
  const inner = new Set<string>()
  for (const one of unfolded(file)) {
    const [, name = '', parameters = '', value = ''] = /^([A-Z][A-Z0-9-]*)((?:;[A-Z-]+=[A-Za-z0-9-]+)*):(.*)$/s.exec(one) ?? assert.fail(one)
    if (name === 'BEGIN') {
      assert.ok(open.length === 0 ? value === 'VCALENDAR' : open.at(-1) === 'VCALENDAR' ? ['VEVENT', 'VTIMEZONE'].includes(value) : open.at(-1) === 'VTIMEZONE' && value === 'STANDARD', `${value} in ${open.join(' ')}`)
      open.push(value)
      inner.add(value)
      if (value === 'VEVENT') events.push(new Map())
    } else if (name === 'END') {
      assert.equal(open.pop(), value)
    } else if (open.at(-1) === 'VEVENT') {
      const event = events.at(-1) as Map<string, string>
      assert.ok(KNOWN.includes(name) && parameters === '' && !event.has(name), one)
      if (/^DT|^LAST/.test(name)) assert.match(value, UTC)
      event.set(name, TEXTS.includes(name) ? textOf(value) : value)
    } else if (open.at(-1) === 'VCALENDAR') {
      assert.ok(!own.has(name) && inner.size === 1, one)
      own.set(name, TEXTS.includes(name) ? textOf(value) : value)
    }
  }
  assert.deepEqual(open, [])
  assert.ok(inner.size > 1, 'a calendar has at least one component')
  assert.deepEqual([own.get('VERSION'), typeof own.get('PRODID')], ['2.0', 'string'])
  for (const event of events) {
    for (const name of NEEDED) assert.ok(event.has(name), name)
    assert.ok((event.get('DTEND') ?? '') > (event.get('DTSTART') ?? ''))
    assert.match(event.get('STATUS') ?? '', /^(CONFIRMED|CANCELLED|TENTATIVE)$/)
    assert.match(event.get('SEQUENCE') ?? '', /^\d+$/)
  }
  return { name: own.get('NAME') ?? assert.fail('it has no name'), events }
}

// People, ladders, rotations and policies out of the file: whatever is accepted leads to somebody (P-12), and for ever (P-10).
import assert from 'node:assert/strict'
import test from 'node:test'
import { ask } from '../../config/fixtures/ask.ts'
import { channels } from '../../config/fixtures/plugins.ts'
import { readPage, type PageConfig } from './config.ts'

const CHANNELS = 'channels: { email: { smtp: "smtp://relay", from: a@b.example }, hook: { webhook: "http://h/" }, sms: { twilio: { account: A, token: "${secret:t}", from: "+4930000000" } } }\n'
const PEOPLE = 'people: { ada: { email: ada@acme.example }, bo: { email: bo@acme.example, phone: "+4915100000002" } }\n'

function read(text: string): PageConfig & { errors: string[]; warnings: string[] } {
  const asked = ask(text, { t: 'token' })
  const config = readPage(asked.reading, channels, 'Europe/Berlin')
  return { ...config, errors: asked.errors(), warnings: asked.warnings() }
}

const withPeople = (text: string): ReturnType<typeof read> => read(`${CHANNELS}${PEOPLE}${text}`)
const steps = (...lines: string[]): string => `escalation:\n  default:\n${lines.map((line) => `    - ${line}\n`).join('')}`

test('a ladder is read rung by rung', () => {
  const { people, errors } = read(`${CHANNELS}people: { ada: { email: a@b.example, reach: [email, "hook after 4s", "sms  after 1 m"], phone: "+4915100000001" } }`)
  assert.deepEqual(errors, [])
  assert.deepEqual(people['ada']?.reach, [{ channel: 'email', after: 0 }, { channel: 'hook', after: 4000 }, { channel: 'sms', after: 60_000 }])
  assert.deepEqual(read(`${CHANNELS}people: { ada: { email: a@b.example, reach: email } }`).people['ada']?.reach, [{ channel: 'email', after: 0 }])
})

test('who says nothing is reached by every channel that fits, in the order of the file', () => {
  const { people } = withPeople('')
  assert.deepEqual(people['ada']?.reach.map(({ channel }) => channel), ['email', 'hook'])
  assert.deepEqual(people['bo']?.reach.map(({ channel }) => channel), ['email', 'hook', 'sms'])
})

test('rungs that lead nowhere are told: unknown, unfit, twice, no time', () => {
  const ladder = (reach: string): string[] => read(`${CHANNELS}people: { ada: { email: a@b.example, reach: ${reach} } }`).errors
  assert.deepEqual(ladder('[emial]'), ['HF111 emial'])
  assert.deepEqual(ladder('[sms]'), ['HF113 sms'])
  assert.deepEqual(ladder('[email, "email after 1m"]'), ['HF121 "email after 1m"'])
  assert.deepEqual(ladder('["hook after soon", "email after 2d"]'), ['HF106 "hook after soon"', 'HF106 "email after 2d"'])
  assert.deepEqual(ladder('["hook in 4s"]'), ['HF111 "hook in 4s"'])
  assert.deepEqual(ladder('[toString]'), ['HF111 toString'])
})

test('addresses and numbers are judged', () => {
  const person = (settings: string): string[] => read(`${CHANNELS}people: { ada: { ${settings} } }`).errors
  assert.deepEqual(person('email: ada'), ['HF104 ada'])
  assert.deepEqual(person('email: "a@b.example\\r\\nBcc: c@d.example"'), ['HF104 "a@b.example\\r\\nBcc: c@d.example"'])
  assert.deepEqual(person('phone: 4915100000001'), ['HF104 4915100000001'])
  assert.deepEqual(person('phone: "0151 1"'), ['HF104 "0151 1"'])
  assert.deepEqual(person('mail: a@b.example'), ['HF101 mail'])
  assert.deepEqual(read('people: { oncall.bo: { email: a@b.example } }').errors, ['HF107 oncall.bo'])
})

test('rotations: every turn, hand-off and first day', () => {
  const rotation = (settings: string): unknown => {
    const { rotations, errors } = withPeople(`oncall: { primary: { people: [ada, bo], ${settings} } }\n`)
    const { rotate, handoff, starts, timezone } = rotations['primary'] ?? {}
    return errors.length > 0 ? errors : [rotate?.times, rotate?.every, handoff?.weekday, handoff?.hour, handoff?.minute, starts, timezone]
  }
  assert.deepEqual(rotation('rotate: weekly, handoff: Mon 09:00'), [1, 'week', 1, 9, 0, '2024-01-01', 'Europe/Berlin'])
  assert.deepEqual(rotation('rotate: weekly'), [1, 'week', 1, 9, 0, '2024-01-01', 'Europe/Berlin'])
  assert.deepEqual(rotation('rotate: "2 weeks", handoff: friday 17:30, timezone: Asia/Tokyo'), [2, 'week', 5, 17, 30, '2024-01-05', 'Asia/Tokyo'])
  assert.deepEqual(rotation('rotate: daily, handoff: "8:05", starts: 2026-03-04'), [1, 'day', 1, 8, 5, '2026-03-04', 'Europe/Berlin'])
  assert.deepEqual(rotation('rotate: 3 days'), [3, 'day', 1, 9, 0, '2024-01-01', 'Europe/Berlin'])
  assert.deepEqual(rotation('rotate: weekly, handoff: Wed 00:00, starts: 2026-03-04'), [1, 'week', 3, 0, 0, '2026-03-04', 'Europe/Berlin'])
  for (const [settings, at] of [
    ['rotate: weekyl', 'weekyl'], ['rotate: 53 weeks', '53 weeks'], ['rotate: 0 days', '0 days'], ['rotate: monthly', 'monthly'],
    ['rotate: weekly, handoff: "09:00"', '"09:00"'], ['rotate: daily, handoff: Mon 09:00', 'Mon 09:00'], ['rotate: weekly, handoff: Mon 24:00', 'Mon 24:00'],
    ['rotate: weekly, handoff: Mod 09:00', 'Mod 09:00'], ['rotate: weekly, starts: 2026-02-30', '2026-02-30'], ['rotate: weekly, starts: 2026-03-04', '2026-03-04'],
    ['rotate: daily, timezone: Europe/Berln', 'Europe/Berln'], ['rotate: daily, timezone: "+02:00"', '"+02:00"'],
  ] as const) assert.deepEqual(rotation(settings), [`HF116 ${at}`])
})

test('nobody on call, or somebody who does not exist, is told', () => {
  assert.deepEqual(withPeople('oncall: { primary: { rotate: daily, people: [] } }').errors, ['HF104 []'])
  assert.deepEqual(withPeople('oncall: { primary: { rotate: daily } }').errors, ['HF105 primary'])
  assert.deepEqual(withPeople('oncall: { primary: { rotate: daily, people: [ada, boo] } }').errors, ['HF111 boo'])
  assert.deepEqual(withPeople('fallback: [adda]').errors, ['HF111 adda'])
  assert.deepEqual(withPeople('communications: constructor').errors, ['HF111 constructor'])
})

test('P-10: the last step repeats without an end, and each other waits', () => {
  const policy = (...lines: string[]): unknown => {
    const { policies, errors } = withPeople(steps(...lines))
    return errors.length > 0 ? errors : policies['default']?.steps.map(({ wait }) => wait)
  }
  assert.deepEqual(policy('{ page: ada, wait: 6s }', '{ page: [ada, bo], repeat: 10s }'), [6000, 10_000])
  assert.deepEqual(policy('{ page: ada, wait: 6s }', '{ page: bo }'), [6000, 300_000])
  assert.deepEqual(policy('{ page: ada, wait: 7m }'), [420_000])
  assert.deepEqual(policy('{ wait: 1m }', '{ repeat: 1m }'), [60_000, 60_000])
  assert.deepEqual(policy('{ page: ada }', '{ page: bo }'), ['HF115 { page: ada }'])
  assert.deepEqual(policy('{ page: ada, repeat: 1m }', '{ page: bo }'), ['HF115 repeat'])
  assert.deepEqual(policy('{ page: ada, wait: 1m, repeat: 1m }'), ['HF115 wait'])
  assert.deepEqual(policy('{ page: ada, wait: 0s }', '{ page: bo, repeat: 25h }'), ['HF106 0s', 'HF106 25h'])
  assert.deepEqual(withPeople('escalation: { default: [] }').errors, ['HF104 []'])
  assert.deepEqual(withPeople('escalation: { default: { page: ada } }').errors, ['HF104 { page: ada }'])
})

test('targets exist; a rotation without its prefix is recognised', () => {
  const rotation = 'oncall: { primary: { rotate: daily, people: ada } }\n'
  const { policies } = withPeople(`${rotation}${steps('{ page: [oncall.primary, bo], repeat: 1m }')}`)
  assert.deepEqual(policies['default']?.steps[0]?.page, [{ is: 'rotation', name: 'primary' }, { is: 'person', name: 'bo' }])
  assert.deepEqual(withPeople(`${rotation}${steps('{ page: primary }')}`).errors, ['HF111 primary'])
  assert.deepEqual(withPeople(steps('{ page: [ada, oncall.primry, boo] }')).errors, ['HF111 oncall.primry', 'HF111 boo'])
})

test('P-12: a step whose people no channel reaches is refused', () => {
  const silent = 'channels: { email: { smtp: "smtp://relay", from: a@b.example } }\npeople: { ada: { email: a@b.example }, mute: {}, quiet: ~ }\n'
  assert.deepEqual(read(`${silent}${steps('{ page: [mute, quiet] }')}`).errors, ['HF114 [mute, quiet]'])
  assert.deepEqual(read(`${silent}oncall: { r: { rotate: daily, people: mute } }\n${steps('{ page: oncall.r }')}`).errors, ['HF114 oncall.r'])
  assert.deepEqual(read(`${silent}fallback: mute\n`).errors, ['HF114 mute'])
  assert.deepEqual(read(`${silent}${steps('{ page: [mute, ada] }')}`).errors, [])
  // One mistake is one finding: a ladder with a slip in it is taken to reach somebody.
  assert.deepEqual(read(`${CHANNELS}people: { ada: { email: x } }\n${steps('{ page: ada }')}`).errors, ['HF104 x'])
})

test('there is always a policy, a fallback and a lapse', () => {
  const { policies, fallback, ackLapses, communications, warnings } = withPeople('')
  assert.deepEqual(policies, { default: { name: 'default', steps: [{ page: [], wait: 300_000 }] } })
  assert.deepEqual([fallback, ackLapses, communications, warnings], [['ada', 'bo'], 1_800_000, [], []])
  const said = withPeople('fallback: bo\nack_lapses: 20s\ncommunications: [bo]\n')
  assert.deepEqual([said.fallback, said.ackLapses, said.communications], [['bo'], 20_000, ['bo']])
  assert.deepEqual(withPeople('ack_lapses: 2d').errors, ['HF106 2d'])
})

test('what leads nowhere without being wrong is a warning', () => {
  assert.deepEqual(read('').warnings, ['HF150'])
  assert.deepEqual(read('people: { ada: { email: a@b.example } }').warnings, ['HF150 people', 'HF156 ada'])
  const { warnings } = read(`${CHANNELS}people: { ada: { email: a@b.example }, bo: { reach: hook } }\noncall: { r: { rotate: daily, people: ada } }\n${steps('{ page: ada }')}`)
  assert.deepEqual(warnings, ['HF153 sms', 'HF152 bo', 'HF153 r'])
})

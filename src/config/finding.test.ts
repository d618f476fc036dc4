// Findings as people read them: the form is promised, and scripts and editors rely on its first two lines.
import assert from 'node:assert/strict'
import test from 'node:test'
import { excerptOf, renderFinding, renderFindings, type Finding } from './finding.ts'

const line17 = '  mail:     { tpc: "mail.acme.example:587", evry: 5 min }'
const finding: Finding = {
  code: 'HF101', severity: 'error', file: 'bad1.yaml', line: 17, column: 15, path: 'checks.mail.tpc',
  says: '“tpc” is not a setting of checks.mail', help: 'did you mean “tcp”?', excerpt: excerptOf(line17, 15, 3),
}

test('a finding names what, where, why and how to mend it, with a caret under the place', () => {
  assert.equal(renderFinding(finding), `error[HF101]: “tpc” is not a setting of checks.mail
   --> bad1.yaml:17:15   (checks.mail.tpc)
   |
17 |   mail:     { tpc: "mail.acme.example:587", evry: 5 min }
   |               ^^^
   = help: did you mean “tcp”?`)
})

test('the last line counts the problems and says what they do to the running system', () => {
  const other = { ...finding, file: 'conf.d/web.yaml', severity: 'warning' as const }
  assert.match(renderFindings([finding, finding, finding, finding]), /\n\n4 problems in bad1\.yaml\. Holdfast does not start with it; one that runs keeps the configuration that it has\.$/)
  assert.match(renderFindings([finding]), /\n1 problem in bad1\.yaml\. Holdfast does not/)
  assert.match(renderFindings([finding, other], 'Holdfast did not start.'), /\n1 problem and 1 warning in bad1\.yaml and conf\.d\/web\.yaml\. Holdfast did not start\.$/)
})

test('long lines are cut around the place, odd characters cannot disturb the terminal', () => {
  const long = excerptOf(`${'a'.repeat(50_000)}HERE${'b'.repeat(50_000)}`, 50_001, 4)
  assert.ok(long.text.length <= 125)
  assert.equal(long.text.slice(long.before, long.before + long.width), 'HERE')
  assert.equal(excerptOf('\ta: \u001b[31mred', 2, 1).text, ' a:  [31mred')
  assert.equal(renderFindings(Array.from({ length: 900 }, () => finding)).includes('… and 700 more.'), true)
  const { width } = excerptOf('abc', 3, 500)
  assert.equal(width, 1)
})

test('line numbers of any width keep the gutter straight', () => {
  const wide = renderFinding({ ...finding, line: 12345 }).split('\n')
  assert.deepEqual(wide.slice(1, 5).map((line) => line.search(/[-|]/)), [6, 6, 6, 6])
  assert.equal(renderFinding({ ...finding, line: 7 }).split('\n')[3], ` 7 | ${line17}`)
})

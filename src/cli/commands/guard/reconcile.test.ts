// The signs with which a plan is drawn, and the one line that says what they mean.
import assert from 'node:assert/strict'
import test from 'node:test'
import { LEGEND, SIGNS } from './reconcile.ts'

test('each act of a plan has a sign, and the legend says what every sign means', () => {
  const said = Object.fromEntries(LEGEND.split('   ').map((part) => [part[0] ?? '', part.slice(2)]))
  for (const [act, sign] of Object.entries(SIGNS)) {
    const words = act === 'gap' ? 'a row without its object' : act === 'never' ? 'never touched' : act
    assert(said[sign]?.includes(words), `${sign} ${act}`)
  }
  assert.deepEqual(Object.keys(said).sort(), [...new Set(Object.values(SIGNS))].sort())
  assert(said['+']?.startsWith('adopt'))
})

// Every way in which a clean-up refuses stands in the documents with its cure: the ten checks, the limits, the inputs, whatever else a plan can be refused
// for, and each want that an act is ruled on. What is said to people at night is looked up there word for word.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { instantOf, tickOf } from '../src/core/time.ts'
import { check } from '../src/rooms/guard/reconcile/checks.ts'
import { measure } from '../src/rooms/guard/reconcile/breaker.ts'
import type { Broken } from '../src/rooms/guard/reconcile/sandwich.ts'

const root = path.dirname(import.meta.dirname)
const textOf = (at: string): string => readFileSync(path.join(root, at), 'utf8')

interface Row { readonly says: string; readonly cure: string }

/** The rows of the table under a heading: what is refused, and what to do about it. */
function rowsOf(at: string, heading: string): Row[] {
  const [, section = assert.fail(`${at} has no heading ${heading}`)] = textOf(at).split(`\n## ${heading}\n`)
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| ')).map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()))
  return rows.slice(1).map((cells) => ({ says: cells[0] ?? '', cure: cells.at(-1) ?? '' }))
}

/** Inputs that no check speaks for. */
const INPUTS: Readonly<Record<Exclude<Broken['input'], 'listing' | 'catalogue'>, true>> = { intents: true, memory: true, sentinels: true }

test('each refusal of a run stands in docs/use/reconcile.md with its cure, and no other', () => {
  const now = { wall: instantOf(1_795_000_000_000), tick: tickOf(1), boot: 'boot' }
  const readings = { before: undefined, after: undefined, listing: undefined, former: undefined, newest: undefined, history: undefined, flagsBinding: undefined, sentinelCounter: undefined, epochLatched: undefined, lease: undefined, clocks: undefined, arming: undefined, way: undefined, accepted: undefined }
  const checks = check({ readings, merged: { is: 'refused', reasons: [] }, mixed: [], least: 1, now })
  assert(checks.length === 10 && checks.every(({ found, cure }) => found !== 'pass' && cure !== ''), 'what is not known does not pass, and has a cure')
  const limits = measure({ objects: Number.NaN, bytes: Number.NaN, newOrphans: 0, newBytes: undefined, flagged: 0, aside: 0, groups: [], acts: 0, actsToday: undefined, earlier: undefined, lastBatch: undefined, resurrected: 0, goneGroups: [] })
  const others = [...textOf('src/rooms/guard/reconcile/run.ts').matchAll(/\badd\('(\w+)'/g)].map(([, id = '']) => id)
  assert.deepEqual(others, ['breaker', 'watch', 'arming', 'way'])
  const rows = rowsOf('docs/use/reconcile.md', 'Why a run is refused, and what to do')
  const told = rows.flatMap(({ says }) => [...says.matchAll(/`([^`]+)`/g)].map(([, id]) => id))
  assert.deepEqual(told.toSorted(), [...checks.map(({ id }) => id), ...limits.map(({ id }) => `limit:${id}`), ...Object.keys(INPUTS).map((id) => `input:${id}`), ...others].toSorted())
  assert.deepEqual(rows.filter(({ cure }) => cure.length < 10), [])
})

/** Spans and counts, in the code and as people read them. */
const unfilled = (text: string): string => text.replace(/\$\{[^}]*\}/g, '…').replace(/\d+( d\b| h\b| min\b)?/g, '…')

/** What an act is ruled on, as it stands in the code. */
function wantsIn(files: readonly string[]): string[] {
  const found = files.flatMap((at) => [...textOf(at).matchAll(/wants: (?:'([^']+)'|`([^`]+)`)/g)].map(([, plain, filled]) => plain ?? filled ?? ''))
  const canaries = files.flatMap((at) => [...(/const SAID[^{]*\{([^}]*)\}/.exec(textOf(at))?.[1] ?? '').matchAll(/: '([^']+)'/g)].map(([, one = '']) => one))
  return [...new Set([...found, ...canaries].map(unfilled))].toSorted()
}

test('each want of an act stands in docs/use/reconcile-acts.md with its cure', () => {
  const wants = wantsIn(['src/rooms/guard/acts/rulings.ts', 'src/rooms/guard/reconcile/margins.ts', 'src/rooms/guard/reconcile/run.ts'])
  assert(wants.length > 25, wants.join('; '))
  const rows = rowsOf('docs/use/reconcile-acts.md', 'What stands in the way').map(({ says, cure }) => ({ says: unfilled(says).split(': ')[0] ?? '', cure }))
  assert.deepEqual(wants.filter((want) => !rows.some(({ says, cure }) => says.includes(want) && cure.length >= 10)), [])
})

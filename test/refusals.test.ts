// Every way in which a clean-up refuses stands in the documents with its cure: the ten checks, the limits, the inputs, whatever else a plan can be refused
// for, and each want that an act is ruled on; the same of backups, and of what a runbook wants. What is said to people at night is looked up there word for word.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { instantOf, tickOf } from '../src/core/time.ts'
import { check } from '../src/rooms/guard/reconcile/checks.ts'
import { measure } from '../src/rooms/guard/reconcile/breaker.ts'
import type { Broken } from '../src/rooms/guard/reconcile/sandwich.ts'
import type { Want } from '../src/rooms/change/runbook.ts'
import { WORST, type Side } from '../src/rooms/guard/sets/judge.ts'

const root = path.dirname(import.meta.dirname)
const textOf = (at: string): string => readFileSync(path.join(root, at), 'utf8')

interface Row { readonly says: string; readonly cure: string }

/** The rows of the first table after a place in a document: what is refused, and what to do about it. */
function rowsOf(at: string, after: string): Row[] {
  const [, rest = assert.fail(`${at} does not have ${after}`)] = textOf(at).split(`\n${after}\n`)
  const table = rest.slice(rest.startsWith('|') ? 0 : rest.indexOf('\n|') + 1).split('\n\n')[0] ?? ''
  return table.split('\n').filter((line) => !line.startsWith('|--')).slice(rest.startsWith('|') ? 0 : 1).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim())).map((cells) => ({ says: cells[0] ?? '', cure: cells.at(-1) ?? '' }))
}

const idsIn = (rows: readonly Row[]): string[] => rows.flatMap(({ says }) => [...says.matchAll(/`([^`]+)`/g)].map(([, id = '']) => id)).toSorted()

/** Inputs that no check speaks for. */
const INPUTS: Readonly<Record<Exclude<Broken['input'], 'listing' | 'catalogue'>, true>> = { intents: true, memory: true, sentinels: true }

test('each refusal of a run stands in docs/use/reconcile.md with its cure, and no other', () => {
  const now = { wall: instantOf(1_795_000_000_000), tick: tickOf(1), boot: 'boot' }
  const readings = { before: undefined, after: undefined, listing: undefined, former: undefined, newest: undefined, history: undefined, flagsBinding: undefined, sentinelCounter: undefined, epochLatched: undefined, lease: undefined, clocks: undefined, arming: undefined, way: undefined, accepted: undefined }
  const checks = check({ readings, merged: { is: 'refused', reasons: [] }, mixed: [], twins: [], least: 1, now })
  assert(checks.length === 10 && checks.every(({ found, cure }) => found !== 'pass' && cure !== ''), 'what is not known does not pass, and has a cure')
  const limits = measure({ objects: Number.NaN, bytes: Number.NaN, newOrphans: 0, newBytes: undefined, flagged: 0, aside: 0, groups: [], acts: 0, actsToday: undefined, earlier: undefined, lastBatch: undefined, resurrected: 0, goneGroups: [] })
  const others = [...textOf('src/rooms/guard/reconcile/run.ts').matchAll(/\badd\('(\w+)'/g)].map(([, id = '']) => id)
  assert.deepEqual(others, ['breaker', 'arming', 'way'])
  const rows = rowsOf('docs/use/reconcile.md', '## Why a run is refused, and what to do')
  assert.deepEqual(idsIn(rows), [...checks.map(({ id }) => id), ...limits.map(({ id }) => `limit:${id}`), ...Object.keys(INPUTS).map((id) => `input:${id}`), ...others].toSorted())
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
  const rows = rowsOf('docs/use/reconcile-acts.md', '## What stands in the way').map(({ says, cure }) => ({ says: unfilled(says).split(': ')[0] ?? '', cure }))
  assert.deepEqual(wants.filter((want) => !rows.some(({ says, cure }) => says.includes(want) && cure.length >= 10)), [])
})

/** What a runbook may want before the first step, and all the while. */
const WANTS: Readonly<Record<Want['is'], true>> = { links: true, healthy: true, members: true, server: true, record: true, incidents: true, checks: true, backup: true }

test('each want of a runbook stands in docs/use/runbooks.md with its cure, and no other', () => {
  const rows = rowsOf('docs/use/runbooks.md', '### When a gate does not pass')
  assert.deepEqual(idsIn(rows), Object.keys(WANTS).toSorted())
  assert.deepEqual(rows.filter(({ cure }) => cure.length < 10), [])
})

/** The sentences with which calls about runs are refused, as far as they are the same each time. */
function sentencesIn(files: readonly string[]): string[] {
  const found = files.flatMap((at) => [...textOf(at).matchAll(/(?:return|refusedFor\(|export const [A-Z_]+ =) ?(?:[^'`\n?]*\? )?(?:'([^'\n]{8,})'|`([^`\n]{8,})`)/g)].map(([, plain, filled]) => plain ?? filled ?? ''))
  return [...new Set(found.map((text) => text.replaceAll(/\$\{[^}]*\}/g, '…').split(/: |\. /)[0] ?? ''))]
}

test('each sentence with which a call about runs is refused stands in docs/use/runbooks.md with its cure, under its code', () => {
  const rows = rowsOf('docs/use/runbooks.md', '### When a call is refused')
  const sentences = sentencesIn(['run-calls.ts', 'parties.ts', 'beginning.ts', 'asking/hand-over.ts'].map((it) => `src/engine/change/${it}`)).filter((it) => !/^name them$|^there is no such run$/.test(it))
  const drawing = sentencesIn(['src/rooms/change/plan.ts']).filter((it) => it.includes('accepted'))
  const beginning = sentencesIn(['src/rooms/change/index.ts']).filter((it) => it.includes('under way there'))
  const stuck = sentencesIn(['src/rooms/change/runs/run.ts']).filter((it) => /^only a step|^nothing could follow/.test(it))
  assert.deepEqual([sentences.length > 15, drawing.length, beginning.length, stuck.length], [true, 3, 2, 2], JSON.stringify([sentences, drawing, beginning, stuck]))
  const lacks = (code: string, of: readonly string[]): string[] => of.filter((it) => !rows.some(({ says }) => says.startsWith(code) && says.includes(it)))
  assert.deepEqual([lacks('HF496', [...sentences, ...beginning, ...stuck]), lacks('HF495', drawing), lacks('HF497', ['this step cannot begin now'])], [[], [], []])
  assert.deepEqual(rows.filter(({ says, cure }) => !/^HF(?:49[567]|475|477) /.test(says) || cure.length < 10), [])
  assert(textOf('src/engine/agreement/calls.ts').includes('this step cannot begin now: $'))
})

test('each refusal of a retention, and each state of a set, stands in docs/use/backups.md with its cure', () => {
  const refusals = ['judge', 'purge', 'shelf'].flatMap((name) => [...textOf(`src/rooms/guard/retention/${name}.ts`).matchAll(/\{ id: '(\w+)'/g)].map(([, id = '']) => id))
  const rows = rowsOf('docs/use/backups.md', '| refused for | cure |')
  assert.deepEqual(idsIn(rows), [...new Set(refusals)].toSorted())
  const states = rowsOf('docs/use/backups.md', '| state | what it means | what to do |')
  assert.deepEqual(idsIn(states).filter((id) => WORST.includes(id as Side)), WORST.toSorted())
  for (const { says, cure } of [...rows, ...states]) assert(cure.length >= 10 || says === '`ok`', `${says}: ${cure}`)
})

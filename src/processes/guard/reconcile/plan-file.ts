// A plan as a file: one item a line as the run finds it, and last its seal. It is written beside its place and moved there when it is sealed, so that
// half a plan never has the name of one. Reading it counts its items and hashes them again: a plan whose seal does not fit is none.
import { closeSync, createReadStream, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { coded } from '../../../core/fault.ts'
import { linesOf } from '../../../rooms/guard/reconcile/lines.ts'
import { isDestructive, planWriter, type Item, type Plan } from '../../../rooms/guard/reconcile/plan.ts'
import type { Summary } from '../../../rooms/guard/reconcile/task.ts'

export const FORMAT = 'holdfast.reconcile.plan/1'

/** The last line of a plan's file. */
export interface Seal extends Plan {
  readonly schema: typeof FORMAT
  readonly run: number
  readonly summary: Summary
}

const BLOCK = 1 << 17
const TENANTS = 20
/** Tenants that are counted by themselves; the others are one. */
const MOST_TENANTS = 10_000
const REST = '(others)'

export interface PlanFile {
  readonly item: (item: Item) => void
  /** Moves it to its place, and gives that. */
  readonly seal: (plan: Plan, run: number) => { readonly path: string; readonly summary: Summary }
  readonly abandon: () => void
}

/** Writes a plan into `folder` as it comes. */
export function writePlan(folder: string): PlanFile {
  const at = path.join(folder, 'plan.part')
  let fd: number | undefined = openSync(at, 'w', 0o600)
  let held = ''
  const weigh = weights()
  const flush = (): void => {
    if (fd !== undefined && held !== '') writeSync(fd, held)
    held = ''
  }
  const close = (): void => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }
  return {
    item(item) {
      held += `${JSON.stringify(item)}\n`
      weigh.take(item)
      if (held.length > BLOCK) flush()
    },
    seal(plan, run) {
      const summary = weigh.summary()
      held += `${JSON.stringify({ schema: FORMAT, ...plan, run, summary } satisfies Seal)}\n`
      flush()
      close()
      const final = path.join(folder, `${plan.id}.jsonl`)
      renameSync(at, final)
      return { path: final, summary }
    },
    abandon() {
      close()
      rmSync(at, { force: true })
    },
  }
}

/** What a plan comes to, in bounded memory. */
function weights(): { take(item: Item): void; summary(): Summary } {
  const acts = new Map<string, { count: number; bytes: number }>()
  const tenants = new Map<string, { count: number; bytes: number }>()
  let oldest: Item['first_flagged'] = null
  const add = (into: Map<string, { count: number; bytes: number }>, name: string, bytes: number): void => {
    const had = into.get(name)
    if (had) {
      had.count++
      had.bytes += bytes
    } else into.set(name, { count: 1, bytes })
  }
  return {
    take({ act, bytes, tenant, first_flagged: flagged }) {
      add(acts, act, bytes ?? 0)
      if (!isDestructive(act) && act !== 'keep') return
      const name = tenant ?? '(unknown)'
      add(tenants, tenants.has(name) || tenants.size < MOST_TENANTS ? name : REST, bytes ?? 0)
      if (flagged !== null && (oldest === null || flagged < oldest)) oldest = flagged
    },
    summary() {
      const sorted = [...tenants].map(([tenant, weight]) => ({ tenant, ...weight })).sort((a, b) => b.count - a.count)
      const rest = sorted.slice(TENANTS).reduce((sum, it) => ({ count: sum.count + it.count, bytes: sum.bytes + it.bytes }), { count: 0, bytes: 0 })
      return { acts: Object.fromEntries(acts), tenants: [...sorted.slice(0, TENANTS), ...(rest.count > 0 ? [{ tenant: REST, ...rest }] : [])], oldest }
    },
  }
}

/** The items of a plan's file in their order, and at the end its seal; throws where the seal does not fit what came. */
export async function* readPlan(file: string): AsyncGenerator<Item, Seal> {
  const lines = linesOf(createReadStream(file, { highWaterMark: BLOCK }) as AsyncIterable<Uint8Array>)
  const writer = planWriter(() => undefined)
  let before: string | undefined
  for await (const line of lines) {
    if (before !== undefined) {
      const item = JSON.parse(before) as Item
      const { key, key_hex: hex, ...rest } = item
      writer.add(hex === undefined ? Buffer.from(key) : Buffer.from(hex, 'hex'), rest)
      yield item
    }
    before = line
  }
  const seal = JSON.parse(before ?? 'null') as Seal | null
  if (seal?.schema !== FORMAT) throw coded('EPLAN', `${path.basename(file)} has no seal: it is no plan`, 'never')
  const { run, reconcile, mode, binding, checks, refusals } = seal
  const again = writer.seal({ run, reconcile, mode, binding, checks, refusals })
  if (again.hash !== seal.hash || again.id !== seal.id) throw coded('EPLAN', `${path.basename(file)} was changed since it was sealed: it is no plan`, 'never')
  return seal
}

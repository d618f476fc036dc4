// Calls about restore reports: one is shown as it was signed, or held against its signature and the ledger.
import { checkReport, viewReport } from '../../views/reports.ts'
import { no, ok, type Answer } from '../answer.ts'
import { setsIn } from '../in-force.ts'
import type { Keeper } from '../keeper.ts'

export function showReport(keeper: Keeper, of: string | undefined): Answer {
  const report = viewReport(keeper.store.sql, of)
  if (report === 'gone') return no(410, 'HF410', 'the text of this report was taken out of the ledger', 'the entry of its drill is still there: holdfast ledger verify')
  if (report !== 'none') return ok(report)
  const known = [...setsIn(keeper.config).keys()]
  if (of === undefined || known.includes(of)) return no(404, 'HF404', `no drill${of === undefined ? '' : ` of ${of}`} has come to an end yet`, `holdfast backups drill ${of ?? '<set>'} begins one`)
  return no(404, 'HF404', `no set of backups and no drill is called “${of.slice(0, 200)}”`, `sets: ${known.slice(0, 20).join(', ') || 'none'}; a drill is called drill_…, as its report says`)
}

export const provenReport = (keeper: Keeper, report: string): Answer => ok(checkReport(keeper.store.sql, report, keeper.rooms.guard.signedBy()))

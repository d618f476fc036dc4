// When runbooks are permitted to go, as a calendar for those who may read it. A window permits and takes nobody's time; nothing starts because one opens (C-18).
import { CALENDAR_TYPE, renderCalendar } from '../../words/calendar/icalendar.ts'
import type { WindowsAnswer } from '../../views/board/work.ts'
import { problem, QUIET_CSP, SECURITY } from '../problem.ts'
import type { Route } from '../route.ts'

/** The file. */
export const drawWindows = ({ windows, since, version }: WindowsAnswer, site: string): string => renderCalendar({
  name: `${site}: windows of planned work`,
  events: windows.map(({ runbook, title, day, from, until }) => ({
    uid: `window-${runbook}-${day}@holdfast`, summary: `Window: ${title} (${runbook})`, description: `The runbook ${runbook} may be run. Nothing starts by itself.`, from, until, changedAt: since, sequence: version, cancelled: false, free: true,
  })),
})

export const windowRoutes: readonly Route[] = [{
  method: 'GET', path: '/api/v1/windows.ics', who: 'read', says: 'When runbooks are permitted to go in the next eight weeks, as a calendar (RFC 5545).', gives: 'text/calendar',
  async answer(_ask, kit, asker) {
    const answered = await kit.keeper.call('runbooks.windows', {}, asker)
    if (answered.is === 'away') return problem({ status: 503, detail: answered.says, code: 'HF-W503' })
    if (answered.is === 'refused') return problem({ status: answered.status, detail: answered.error.message, code: answered.error.code })
    return new Response(drawWindows(answered.body, kit.pushed.site.name), {
      headers: { ...SECURITY, 'content-type': CALENDAR_TYPE, 'content-security-policy': QUIET_CSP, 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' },
    })
  },
}]

// What incidents are called that a run pages: `run:ID`, and with an ending for what is another thing than its halt.

/** Both were asked, and did not press in time. */
export const LAPSED = '/lapsed'
/** It was to go by itself, and does not. */
export const ALONE = '/alone'
/** Who has handed over in the middle of a manual step is to let go of it; `/` and who that is follows. */
export const HANDED = '/handed'

/** The run that an incident is named after, and the ending; `undefined`: it is named after none. */
export function runOf(subject: string): { readonly run: string; readonly rest: string } | undefined {
  const [, run = '', rest = ''] = /^run:([^/]*)(.*)$/.exec(subject) ?? []
  return run === '' ? undefined : { run, rest }
}

/** Whether this run pages it; `endings`: and it ends so. */
export function isOfRun(subject: string, run: string, endings?: readonly string[]): boolean {
  const of = runOf(subject)
  return of?.run === run && (endings === undefined || endings.includes(of.rest))
}

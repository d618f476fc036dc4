// What people are shown of people: a name with its first letter large, and the program that somebody signed in with.
export { person } from './notification.ts'

const PROGRAMS = [['Edg', 'Edge'], ['OPR', 'Opera'], ['SamsungBrowser', 'Samsung Internet'], ['Firefox', 'Firefox'], ['FxiOS', 'Firefox'], ['CriOS', 'Chrome'], ['Chrome', 'Chrome'], ['Safari', 'Safari'], ['curl', 'curl']] as const
const SYSTEMS = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'], ['Mac OS X', 'Mac'], ['CrOS', 'ChromeOS'], ['Linux', 'Linux']] as const

/** "Firefox on Android"; `undefined` for what names nothing that people know. A help to recognise one's own, never a proof. */
export function sayClient(agent: string): string | undefined {
  const program = PROGRAMS.find(([mark]) => agent.includes(mark))?.[1]
  const system = SYSTEMS.find(([mark]) => agent.includes(mark))?.[1]
  return program && system ? `${program} on ${system}` : (program ?? system)
}

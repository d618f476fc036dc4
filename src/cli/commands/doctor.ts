// `holdfast doctor`: what is still missing before one may sleep. The server says what it knows; the rest is looked at here, each
// look within a bound, since the disk may be what is ill. Nothing is changed.
import fs from 'node:fs/promises'
import path from 'node:path'
import type { ChecksAnswer, OncallAnswer, StatusAnswer, TestAnswer, TokensAnswer } from '../../views/answers.ts'
import type { PeopleAnswer } from '../../views/people.ts'
import { loadConfig, type Accepted } from '../../views/accepted.ts'
import { missingIn } from '../../views/missing.ts'
import { unboundIn } from '../../views/reconciles.ts'
import { saySpan } from '../../words/moment.ts'
import { closedTo } from '../../ports/closed-folder.ts'
import { EXIT, Failure } from '../failure.ts'
import { plain, type Shape } from '../output.ts'
import { ask, configWants, type Command, type Session } from '../session.ts'

interface Finding {
  readonly tone: Shape
  readonly says: string
}

const TMPFS = 0x01021994
const RAMFS = 0x858458f6
const NFS = 0x6969
const LOOK = 2000
const LITTLE_SPACE = 256 * 1024 * 1024

const good = (says: string): Finding => ({ tone: 'ok', says })
const missing = (says: string): Finding => ({ tone: 'degraded', says })
const bad = (says: string): Finding => ({ tone: 'down', says })

/** The result of a look, or `late` when the disk does not answer. */
const within = async <T>(look: Promise<T>): Promise<T | 'late' | undefined> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, LOOK, 'late')))
  try {
    return await Promise.race([look.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}

function lookAtNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 18) ? good(`Node ${process.versions.node}`)
    : bad(`Node ${process.versions.node} is too old: 24.18 or newer is needed. Start by bin/holdfast, which picks the right one.`)
}

async function lookAtFolder(data: string): Promise<Finding[]> {
  const system = await within(fs.statfs(data))
  if (system === 'late') return [bad(`The disk under ${data} does not answer within 2 s: Holdfast pages from memory, and remembers nothing new.`)]
  if (system === undefined) return [missing(`There is no data folder at ${data}: "holdfast up" makes it, or name it with --data.`)]
  const closed = await within(closedTo(data))
  if (typeof closed === 'object') return [bad(`${closed.at} belongs to ${closed.owner}, and this runs as ${closed.me}: what is in it cannot be looked at.`)]
  const found: Finding[] = []
  if (system.type === TMPFS || system.type === RAMFS) found.push(bad(`${data} lies in memory (tmpfs): everything is forgotten at the next boot. Put it on a disk.`))
  if (system.type === NFS) found.push(bad(`${data} lies on NFS: SQLite's locks are not safe there. Put it on a disk of this machine.`))
  const free = system.bavail * system.bsize
  if (free < LITTLE_SPACE) found.push(missing(`Only ${Math.round(free / 1024 / 1024)} MB are free under ${data}.`))
  const key = await within(fs.stat(path.join(data, 'node.key')))
  if (key !== undefined && key !== 'late' && (key.mode & 0o077) !== 0) found.push(bad(`${path.join(data, 'node.key')} can be read by others: chmod 600. Links in pages are made with it.`))
  return found.length > 0 ? found : [good(`Data in ${data}`)]
}

/** Warnings that doctor says in its own words. */
const SAID: readonly string[] = ['HF150', 'HF154']

const isLoopback = (url: string): boolean => /^(localhost|127\.[\d.]+|\[::1\])$/.test(URL.parse(url)?.hostname ?? '')

/** What the configuration lacks, and what is only advisable. */
function lookAtConfig(config: Accepted): Finding[] {
  const { plan, horizon, deadMan, site, warnings } = config
  const hasPeople = Object.keys(plan.people).length > 0
  return [
    ...missingIn(config).map(missing),
    ...(deadMan === undefined ? [missing('Nobody watches Holdfast: set dead_man to the address of a dead man\'s switch elsewhere.')] : []),
    ...(horizon.anchors.length === 0 ? [missing('Isolation is not judged: name anchors under horizon, addresses that are always there.')] : []),
    ...(hasPeople && isLoopback(site.url) ? [onlyHere(site.url)] : []),
    ...unboundIn(config).map(missing),
    ...warnings.filter((it) => !SAID.includes(it.code)).map((it) => missing(`${it.file}:${it.line}: ${it.says} (${it.code})`)),
  ]
}

const onlyHere = (url: string): Finding => missing(`site.url is ${url}, this machine only: links in pages do not work on a phone.`)

/** Whoever paused a heartbeat meant to come back to it. */
const LONG_PAUSED = 7 * 86_400_000

async function lookAtPauses(session: Session): Promise<Finding[]> {
  const { checks } = await ask<ChecksAnswer>(session, 'GET', '/checks')
  const now = session.now()
  return checks.flatMap(({ name, heartbeat }) => {
    const paused = heartbeat?.paused ?? null
    return paused === null || now - paused.at < LONG_PAUSED ? []
      : [missing(`${name} is paused for ${saySpan(now - paused.at)} (by ${paused.by}): nobody would hear that it fails. If it runs again: holdfast checks resume ${name}`)]
  })
}

/** People who can be paged and have never pressed the link of a test page. */
async function lookAtTests(session: Session, config: Accepted | undefined): Promise<Finding[]> {
  const { tests } = await ask<TestAnswer>(session, 'GET', '/oncall/test')
  const people = new Set([...Object.values(config?.plan.people ?? {}).filter((it) => it.reach.length > 0).map((it) => it.name), ...tests.map((it) => it.person)])
  const pressed = new Set(tests.filter((it) => it.receivedAt !== null).map((it) => it.person))
  return [...people].filter((name) => !pressed.has(name)).map((name) => missing(`${name} has acknowledged no test page yet: holdfast oncall test ${name}`))
}

/** Who owns this, who could not sign in, and which keys never end. A token is not told of people: then nothing is said of them. */
async function lookAtAccess(session: Session): Promise<Finding[]> {
  try {
    const { people, ownerless } = await ask<PeopleAnswer>(session, 'GET', '/people')
    const { rotations } = await ask<OncallAnswer>(session, 'GET', '/oncall?days=14')
    const { tokens } = await ask<TokensAnswer>(session, 'GET', '/tokens')
    const oncall = new Set(rotations.flatMap((it) => it.shifts.map(({ person }) => person)))
    const shut = (it: PeopleAnswer['people'][number]): boolean => it.factors === 0 && !it.hasPassword
    const endless = tokens.filter((it) => it.expiresAt === null)
    return [
      ...(ownerless ? [missing('Nobody owns this Holdfast yet: "holdfast people first-owner", on its machine, prints the link that makes an owner.')] : []),
      ...people.filter((it) => it.roles.includes('owner') && it.factors === 0).map((it) => missing(`${plain(it.person)} is an owner without a second factor: let them add a passkey under /account, or "holdfast people enrol ${plain(it.person)}".`)),
      ...people.filter((it) => oncall.has(it.person) && shut(it) && !it.roles.includes('owner')).map((it) => missing(`${plain(it.person)} is on call and has no way to sign in (links in pages work without): holdfast people invite ${plain(it.person)}`)),
      ...endless.map((it) => missing(`The token ${plain(it.name)} (${it.id}) has no end: make one with --expires 90d, and revoke this one.`)),
    ]
  } catch (cause) {
    if (cause instanceof Failure && cause.exit === EXIT.unreachable) return []
    throw cause
  }
}

async function lookAtFile(session: Session): Promise<{ readonly findings: Finding[]; readonly config: Accepted | undefined }> {
  const exists = await within(fs.access(session.config).then(() => true))
  if (exists !== true) return { findings: [], config: undefined }
  const loaded = await loadConfig(await configWants(session, session.config))
  return loaded.is === 'accepted' ? { findings: [good(`${session.config} is valid`)], config: loaded.config }
    : { findings: [bad(`${session.config} has ${loaded.findings.length} problems: see "holdfast validate"`)], config: undefined }
}

async function lookAtServer(session: Session, config: Accepted | undefined): Promise<{ readonly findings: Finding[]; readonly running: boolean }> {
  try {
    const status = await ask<StatusAnswer>(session, 'GET', '/status')
    const tests = await lookAtTests(session, config)
    const pauses = await lookAtPauses(session)
    return { running: true, findings: [good(`Holdfast runs. ${status.says}`), ...status.missing.map(missing), ...(isLoopback(status.board) ? [onlyHere(status.board)] : []), ...tests, ...pauses, ...await lookAtAccess(session)] }
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause
    return { running: false, findings: [bad(`${cause.message}${cause.help === undefined ? '' : ` ${cause.help}`}`)] }
  }
}

export const doctor: Command = async (session) => {
  const { out } = session
  const isHere = session.server.where === session.data
  const file = isHere ? await lookAtFile(session) : { findings: [], config: undefined }
  const server = await lookAtServer(session, file.config)
  const all = [
    ...server.findings, ...(isHere ? [lookAtNode(), ...await lookAtFolder(session.data)] : []), ...file.findings, ...(file.config ? lookAtConfig(file.config) : []),
  ]
  // The server and the file may say the same.
  const findings = all.filter((it, i) => all.findIndex((other) => other.says === it.says) === i)
  const wrong = findings.filter((it) => it.tone !== 'ok')
  out.answer({ schema: 'holdfast.doctor/1', fine: wrong.length === 0, findings: findings.map(({ tone, says }) => ({ is: tone === 'ok' ? 'fine' : tone === 'down' ? 'wrong' : 'missing', says })) }, () => {
    out.table(findings.map((it) => [out.shape(it.tone), it.says]))
    out.data()
    out.data(wrong.length === 0 ? 'Nothing is missing.' : `${wrong.length} ${wrong.length === 1 ? 'thing is' : 'things are'} missing.`)
  })
  return wrong.length === 0 ? EXIT.fine : server.running ? EXIT.down : EXIT.unreachable
}

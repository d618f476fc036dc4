// `holdfast cluster show`: clusters as they are known, drawn with what fails together, and how many further failures each tolerates. What nobody has looked
// at is drawn as not known, and is no good news.
import type { ClusterAnswer, ClustersAnswer } from '../../../views/change/changes.ts'
import { EXIT, Failure } from '../../failure.ts'
import type { Cell, Shape } from '../../output.ts'
import { ask, type Command, type Session } from '../../session.ts'

const SHAPES: Readonly<Record<string, Shape>> = { pass: 'ok', fail: 'down', unknown: 'unknown' }
const WORDS: Readonly<Record<string, string>> = { pass: 'healthy', fail: 'not healthy', unknown: 'not known' }

const show: Command = async (session, [name]) => {
  const body = await ask<ClustersAnswer>(session, 'GET', '/clusters')
  const known = body.clusters.map(({ cluster }) => cluster)
  if (name !== undefined && !known.includes(name)) throw new Failure(`No cluster is called “${name}”.`, { exit: EXIT.failed, code: 'HF404', help: `known: ${known.slice(0, 20).join(', ') || 'none'}` })
  const shown = { ...body, clusters: body.clusters.filter(({ cluster }) => name === undefined || cluster === name) }
  session.out.answer(shown, () => {
    if (shown.clusters.length === 0) session.out.talk('There are no clusters: name them under “clusters” in the configuration (docs/use/runbooks.md).')
    for (const cluster of shown.clusters) draw(session, cluster)
  })
  return shown.clusters.every(({ tolerance, members }) => tolerance !== null && tolerance >= 0 && members.every(({ state }) => state === 'pass')) ? EXIT.fine : EXIT.down
}

const sayFailures = (failures: number | null): string => (failures === null ? 'not known' : failures < 0 ? 'too few are left' : failures === 1 ? '1 further failure' : `${failures === 0 ? 'no' : failures} further failures`)

function draw({ out }: Session, { cluster, kind, members, says, lacks, designed, shared, checks, from }: ClusterAnswer): void {
  out.data(`${out.paint('strong', cluster)}  ${kind}, ${members.length} ${members.length === 1 ? 'member' : 'members'}, ${from}`)
  out.table(members.map((it, at): Cell[] => [
    `${at === members.length - 1 ? '└─' : '├─'} ${it.host}`, out.shape(SHAPES[it.state] ?? 'unknown'), WORDS[it.state] ?? it.state, it.says, it.weight === 1 ? '' : `weighs ${it.weight}`,
    it.links.map(({ link, neighbour, damage }) => `${link}${neighbour === null ? '' : ` ── ${neighbour}`}${damage === null ? '' : ` (${damage})`}`).join(', '), it.fates.join(', '),
  ]))
  out.data(`   now: it ${says}`)
  if (lacks !== null) out.data(out.paint('soft', `   ${lacks}`))
  out.data(`   with every member well: ${sayFailures(designed)}`)
  for (const fate of shared) out.data(out.paint('degraded', `   all of it hangs on ${fate}: nothing tolerates the loss of that`))
  for (const it of checks) out.data(`   ${it.check} leans on ${it.on}: ${it.state}`)
  out.data()
}

export { show }

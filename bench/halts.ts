// How soon a surprise halts a run, and both of its people are paged; and how soon a step begins after the second press. A real Holdfast leads several runs at once,
// each on a host of its own, and all of them watch one more host, whose cable is pulled: a stand-in for ssh runs the loop of each host on this machine, over
// files in the place of the kernel's. A whole turn is in the figure: the look once a second, the commit, the page on its way to a web hook. What is
// not in it is ssh itself. Each pull gives as many figures as runs were halted by it.
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { randomUUID } from 'node:crypto'
import { enrol, type Authenticator } from '../lab/authenticators.ts'
import { leading, type Leading } from '../lab/leading.ts'
import { serverAt } from '../src/cli/client.ts'
import type { PlanAnswer } from '../src/views/change/changes.ts'
import type { RunAnswer } from '../src/views/change/runs.ts'
import { folderFor, freePorts, hookSink, removeFolder, startHoldfast, writeConfig, type Hook } from '../test/story/world.ts'
import { percentile, sleep, until, type Measurement } from './rig.ts'

const WANTED = 200
/** So many runs at once, each led by two people; they take turns, since codes come every half minute, and more than five pages a minute are gathered. */
const [LANES, PAIRS, CODES] = [Number(process.env['HOLDFAST_BENCH_RUNS'] ?? 5), 3, 3]
const SHARED = 'shared'
/** Random, and the same each time. */
const PULLED_WITHIN = 2000

const laneNames = Array.from({ length: LANES }, (_, n) => `h-${n}`)
const personOf = (part: 'does' | 'checks', lane: number, pair: number): string => `${part}-${lane}-${pair}`

/** Called as ssh is; runs here what it should run there, over the files of that host. */
const SSH = `#!/bin/sh
for it; do host=$last; last=$it; done
host=\${host##*@}
exec /bin/sh -c "$(printf %s "$last" | sed "s#/sys/class/net#$(dirname "$0")/$host/net#g; s#/proc/sys/kernel/random#$(dirname "$0")/$host#g")"
`

interface Kernel { pull(): void; plug(): void }

/** What the kernel of a host says of its one cable. */
function kernelOf(root: string, address: string): Kernel {
  const net = path.join(root, address, 'net/eth0')
  mkdirSync(path.join(net, 'statistics'), { recursive: true })
  const put = (name: string, text: string): void => {
    // As a whole, as the kernel says it.
    writeFileSync(`${net}/.new`, `${text}\n`)
    renameSync(`${net}/.new`, path.join(net, name))
  }
  let downs = 0
  writeFileSync(path.join(root, address, 'boot_id'), `${randomUUID()}\n`)
  for (const [name, text] of Object.entries({ flags: '0x1003', carrier: '1', carrier_down_count: '0', speed: '1000', 'statistics/rx_errors': '0', 'statistics/tx_errors': '0' })) put(name, text)
  return {
    pull() {
      put('carrier_down_count', String(++downs))
      put('carrier', '0')
    },
    plug: () => put('carrier', '1'),
  }
}

const yaml = (port: number, hook: number): string => {
  const people = laneNames.flatMap((_, lane) => Array.from({ length: PAIRS }, (__, pair) => [
    `  ${personOf('does', lane, pair)}: { email: "${personOf('does', lane, pair)}@acme.example", role: [operator, approver], reach: [hook] }`,
    `  ${personOf('checks', lane, pair)}: { email: "${personOf('checks', lane, pair)}@acme.example", role: approver, reach: [hook] }`,
  ].join('\n')))
  const all = (part: 'does' | 'checks', lane: number): string => Array.from({ length: PAIRS }, (_, pair) => personOf(part, lane, pair)).join(', ')
  return `version: 1
site: { name: Halts, url: "http://127.0.0.1:${port}" }
channels:
  hook: { webhook: "http://127.0.0.1:${hook}/page" }
people:
${people.join('\n')}
escalation:
  default: [ { page: [${personOf('does', 0, 0)}], wait: 1h } ]
hosts:
${[...laneNames, SHARED].map((host, n) => `  ${host}: { ssh: "root@10.77.0.${n + 1}", links: { eth0: {} } }`).join('\n')}
checks:
  job: { heartbeat: true, every: 1h }
runbooks:
${laneNames.map((host, lane) => `  lane-${lane}:
    title: Lane ${lane}
    people: { does: [${all('does', lane)}], checks: [${all('checks', lane)}] }
    hosts: { names: [${host}, ${SHARED}] }
    guard: [ links.up ]
    steps:
      - { id: work, manual: "Do it on {{host}}.", until: { links: "{{host}}" }, within: 5m }
      - { id: more, manual: "Do the rest on {{host}}.", until: { links: "{{host}}" }, within: 5m }`).join('\n')}
`
}

interface Measured { readonly ruled: number[]; readonly halted: number[]; readonly paged: number[]; /** Rulings that refused, since a host was not known for a moment. */ refused: number }

async function measureIn(folder: string, measured: Measured): Promise<void> {
  const [port = 0, hook = 0] = await freePorts(2)
  const root = path.join(folder, 'bin')
  const kernels = [...laneNames, SHARED].map((_, n) => kernelOf(root, `10.77.0.${n + 1}`))
  writeFileSync(path.join(root, 'ssh'), SSH, { mode: 0o755 })
  writeConfig(folder, yaml(port, hook))
  const sink = await hookSink(hook)
  const holdfast = startHoldfast(folder, port, { PATH: `${root}:${process.env['PATH'] ?? ''}` }, ['--lab', '--shrink', '86400'])
  try {
    await until('it answers', 90_000, () => fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.ok, () => false))
    const keys = new Map<string, Authenticator[]>()
    for (const lane of laneNames.keys()) for (let pair = 0; pair < PAIRS; pair++) for (const part of ['does', 'checks'] as const) keys.set(personOf(part, lane, pair), await enrol({ holdfast }, personOf(part, lane, pair), CODES))
    // Lab time: who is known for four seconds is known for four days.
    await sleep(4000)
    const server = serverAt({ data: path.join(folder, 'data'), timeout: 20_000, env: process.env, warn: () => undefined })
    const begin = (lane: number, pair: number): Promise<Leading> => until(`lane ${lane} begins`, 60_000, async () => {
      // On a machine that is busy a host may not be known for a moment.
      const plan = await server.send('POST', `/api/v1/runbooks/lane-${lane}/plan`, { host: `h-${lane}` })
      if (plan.status !== 200 || (plan.body as PlanAnswer).steps[0]?.gates.every(({ found }) => found === 'pass') !== true) return false
      const { status, body } = await server.send('POST', `/api/v1/runbooks/lane-${lane}/run`, { host: `h-${lane}`, does: personOf('does', lane, pair), checks: personOf('checks', lane, pair), person: personOf('does', lane, pair) })
      return status === 200 && leading({ holdfast, hooks: sink.hooks, keys, run: (body as RunAnswer).run })
    })
    const shared = kernels.at(-1) ?? assert.fail()
    for (let round = 0; measured.halted.length < WANTED; round++) {
      const pair = round % PAIRS
      const runs = await Promise.all(laneNames.map((_, lane) => begin(lane, pair)))
      await Promise.all(runs.map(async (it, lane) => {
        await it.press(personOf('does', lane, pair), personOf('checks', lane, pair))
        for (let tried = 0; tried < 3; tried++) {
          const { told } = await it.at('its step is ruled on', (one) => one.told.some(({ event }, n) => event === 'began' || (event === 'refused' && one.told.slice(n).every((later) => later.event === 'refused'))), 30_000)
          if (told.some(({ event }) => event === 'began')) break
          measured.refused++
          assert.equal((await server.send('POST', `/api/v1/runs/${it.run}/resume`, { person: personOf('does', lane, pair) })).status, 200)
          await it.press(personOf('does', lane, pair), personOf('checks', lane, pair))
        }
        const { told } = await it.at('its step has begun', (one) => one.told.some(({ event }) => event === 'began'), 30_000)
        const [pressed, began] = [told.findLast(({ event }) => event === 'pressed'), told.find(({ event }) => event === 'began')]
        measured.ruled.push(Date.parse(began?.at ?? '') - Date.parse(pressed?.at ?? ''))
      }))
      await sleep((round * 997) % PULLED_WITHIN)
      const at = Date.now()
      shared.pull()
      await Promise.all(runs.map(async (it, lane) => {
        await it.at('it is halted', ({ run }) => run.halt !== null, 30_000)
        const line = await it.line('halted')
        assert.equal(`${line?.cause?.subject} ${line?.cause?.claim}`, `link:${SHARED}/eth0 lost carrier`, 'by what was done here')
        measured.halted.push(Date.parse(line?.at ?? '') - at)
        const told = (person: string): Hook | undefined => sink.hooks.find((one) => one.at >= at && one.body.person === person && JSON.stringify(one.body).includes(`Stopped: Lane ${lane}`))
        const pages = await until('both are paged', 60_000, () => {
          const found = [told(personOf('does', lane, pair)), told(personOf('checks', lane, pair))]
          return found.every((one) => one !== undefined) && found
        })
        measured.paged.push(Math.max(...pages.map((one) => one?.at ?? 0)) - at)
        // What was under way is seen to its end, so that the host is free again.
        await it.at('its step is done', ({ run }) => run.steps[0]?.state === 'done', 30_000)
        await server.send('POST', `/api/v1/runs/${it.run}/abort`, { person: personOf('checks', lane, pair) })
      }))
      shared.plug()
    }
  } finally {
    await holdfast.stop()
    sink.close()
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
const shown = (all: readonly number[]): string => `p50 ${seconds(percentile(all, 50))}, p99 ${seconds(percentile(all, 99))}, most ${seconds(Math.max(...all))} of ${all.length}`

const measurement: Measurement = {
  about: `a pulled cable halts ${LANES} runs at once, again and again, and their people are paged (a stand-in for ssh: its own time is not in it)`,
  async measure() {
    const folder = folderFor('bench-halts')
    const measured: Measured = { ruled: [], halted: [], paged: [], refused: 0 }
    try {
      await measureIn(folder, measured)
    } finally {
      removeFolder(folder)
    }
    const { ruled, halted, paged, refused } = measured
    return [
      { what: 'surprise to halted', is: shown(halted), goal: 'p99 ≤ 3 s', met: percentile(halted, 99) <= 3000 },
      { what: 'surprise to both paged', is: shown(paged), goal: '≤ 10 s', met: Math.max(...paged) <= 10_000 },
      { what: 'second press to the step', is: `${shown(ruled)} (${refused} more were refused: a host was not known for a moment)`, goal: '≤ 3 s', met: Math.max(...ruled) <= 3000 },
    ]
  },
}

export default measurement

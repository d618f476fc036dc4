// The story of a run, told within the hub of a laid net (runs.lab.test.ts starts it there): Holdfast as processes of its own, two people with authenticators
// behind links of their own, a command on one host over ssh, a step that a person does, and a cable of another host that is pulled at a random
// moment of it: a spare one, and in a second run that over which the host is asked. Prints what it measured as a line of JSON.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { RunAnswer } from '../src/views/change/runs.ts'
import { freePorts, hookSink, sleep, startHoldfast, until, writeConfig } from '../test/story/world.ts'
import { enrol, type Authenticator } from './authenticators.ts'
import { cable } from './cables.ts'
import { headOf, leading, type Leading } from './leading.ts'

const [folder = '', hostKey = '', seed = '0'] = process.argv.slice(2)
const [port = 0, hook = 0] = await freePorts(2)
const HOSTS = ['db-1', 'db-2', 'db-3'] as const
const trace = path.join(folder, 'ran')
const go = path.join(folder, 'go')
writeConfig(folder, `${headOf({ port, hook })}hosts:
${HOSTS.map((name, n) => `  ${name}: { ssh: "root@10.77.0.${n + 1}", key: scout.key, host_key: "${hostKey}", links: { eth0: {}, eth1: {} } }`).join('\n')}
checks:
  memory: { file: ${go}, every: 1s, fail_after: 1, recover_after: 1 }
runbooks:
  grow:
    title: Add memory to a server
    people: { does: [ada], checks: [bo] }
    hosts: { names: [db-1, db-2, db-3] }
    guard: [ links.up ]
    steps:
      - { id: stop, run: [sh, -c, 'echo "$1" >> "$2"', sh, "{{host}}", ${trace}], on: "{{host}}", takes: ["{{host}}"], until: { links: "{{host}}" }, within: 1m, undo: { run: [rm, -f, ${trace}] } }
      - { id: memory, manual: "Add the memory to {{host}}.", takes: ["{{host}}"], until: { checks: [memory], links: "{{host}}" }, within: 5m }
`)
const pictures = process.env['HOLDFAST_LAB_PICTURES']
const sink = await hookSink(hook)

/** The page behind the newest link of somebody, as that person has it on a phone; `title`: of what is asked there. */
async function photograph(name: string, person: string, title = ''): Promise<void> {
  if (pictures === undefined) return
  const { chromium } = await import('playwright-core')
  const link = await until(`${person} has a link`, 20_000, () => sink.hooks.map(({ body }) => body as unknown as { url?: string; person: string; title?: string }).findLast((it) => it.person === person && it.url?.includes('/approve/') === true && JSON.stringify(it).includes(title)))
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } })
  const reply = await page.goto(link.url ?? '')
  console.error(`${name}: ${(await reply?.body())?.length} bytes`)
  await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true })
  await browser.close()
}

/** A run of db-1 in the middle of its last step, which waits for `go`. */
async function halfway(keys: ReadonlyMap<string, readonly Authenticator[]>): Promise<Leading> {
  rmSync(go, { force: true })
  // What is open before the first press halts nothing; what opens after it does.
  await until('it is seen that the memory is missing', 30_000, async () => (JSON.parse((await holdfast.cli('checks', 'show', 'memory', '--json')).out) as { readonly state?: string }).state === 'down')
  const begun = await until('a run begins', 60_000, async () => {
    const it = await holdfast.cli('runbooks', 'run', 'grow', '--host', 'db-1', '--does', 'ada', '--checks', 'bo', '--no-wait', '--as', 'ada', '--json')
    return it.code === 4 && it.out.startsWith('{') && it
  })
  const it = leading({ holdfast, hooks: sink.hooks, keys, run: (JSON.parse(begun.out) as RunAnswer).run })
  await it.press('ada', 'bo')
  await it.at('the command was run', ({ run }) => run.steps[0]?.state === 'done')
  await it.press('bo', 'ada')
  await it.at('the memory is being added', ({ run }) => run.steps[1]?.state === 'running')
  return it
}

/** The cable over which Holdfast itself asks a host: that one lost carrier nobody can say, and all the same it halts, and says of which host and of which cables. */
async function cutOff(keys: ReadonlyMap<string, readonly Authenticator[]>): Promise<object> {
  const it = await halfway(keys)
  await sleep(1000 + ((Number(seed) * 1009) % 2500))
  const before = sink.hooks.length
  const pulled = Date.now()
  cable(1, 0, 'down')
  await it.at('silence has halted it', ({ run }) => run.state === 'halted')
  const line = await it.line('halted')
  assert.equal(`${line?.cause?.subject} ${line?.cause?.claim}`, 'host:db-2 is not known any more: nothing is heard of db-2 (eth0, eth1)')
  const pages = await until('both are paged', 15_000, () => {
    const found = ['ada', 'bo'].map((who) => sink.hooks.slice(before).find(({ body }) => body.person === who && body.incident?.title === 'Stopped: Add memory to a server'))
    return found.every((one) => one !== undefined) && found
  })
  assert.match(JSON.stringify(pages[0]?.body), /host:db-2 is not known any more: nothing is heard of db-2 \(eth0, eth1\) .*after step 2 \(memory\) began/)
  cable(1, 0, 'up')
  const aborted = await holdfast.cli('runbooks', 'abort', it.run, '--as', 'ada')
  assert.ok((await it.told()).run.state === 'aborted', aborted.out + aborted.err)
  return { silent: Date.parse(line?.at ?? '') - pulled, silentPaged: Math.max(...pages.map((one) => one?.at ?? 0)) - pulled }
}

const holdfast = startHoldfast(folder, port, {}, ['--lab', '--shrink', '86400'])
let measured: object = {}
try {
  await until('it answers', 30_000, () => fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.ok, () => false))
  const keys = new Map<string, Authenticator[]>()
  for (const who of ['ada', 'bo']) keys.set(who, await enrol({ holdfast }, who))
  // Lab time: who is known for three seconds is known for three days.
  await sleep(4000)
  const planned = await until('all its cables are known', 60_000, async () => {
    const { code } = await holdfast.cli('runbooks', 'plan', 'grow', '--host', 'db-1')
    return code === 4
  })
  assert.ok(planned)
  const begun = await holdfast.cli('runbooks', 'run', 'grow', '--host', 'db-1', '--does', 'ada', '--checks', 'bo', '--no-wait', '--as', 'ada', '--json')
  assert.equal(begun.code, 4, begun.out + begun.err)
  const { run } = JSON.parse(begun.out) as RunAnswer
  const { told, at, press } = leading({ holdfast, hooks: sink.hooks, keys, run })
  await photograph('step-phone', 'ada')
  await press('ada')
  await photograph('step-pressed-phone', 'ada')
  await press('bo')
  const second = Date.now()
  await at('the command was run', (it) => it.run.steps[0]?.state === 'done')
  const began = Date.parse((await told()).told.find(({ event }) => event === 'began')?.at ?? '')
  assert.equal(readFileSync(trace, 'utf8'), 'db-1\n', 'once, on its host')
  await press('bo', 'ada')
  await at('the memory is being added', (it) => it.run.steps[1]?.state === 'running')
  await sleep(200 + ((Number(seed) * 997) % 2500))
  const pulled = Date.now()
  cable(1, 1, 'down')
  const halted = await at('the surprise has halted it', (it) => it.run.state === 'halted')
  const line = halted.told.find(({ event }) => event === 'halted')
  assert.match(`${line?.cause?.subject} ${line?.cause?.claim}`, /^link:db-2\/eth1 lost carrier$/)
  assert.equal(line?.cause?.after_step, 'memory')
  const pages = await until('both are paged', 15_000, () => {
    const found = ['ada', 'bo'].map((who) => sink.hooks.find(({ body }) => body.person === who && body.incident?.title === 'Stopped: Add memory to a server'))
    return found.every((it) => it !== undefined) && found
  })
  if (pictures !== undefined) writeFileSync(path.join(pictures, 'halted-run.txt'), (await holdfast.cli('runbooks', 'show', run)).out)
  await photograph('step-halted-phone', 'ada')
  assert.match(JSON.stringify(pages[0]?.body), /link:db-2\/eth1 lost carrier .*after step 2 \(memory\) began/)
  measured = { ruled: began - second, halted: Date.parse(line?.at ?? '') - pulled, paged: Math.max(...pages.map((it) => it?.at ?? 0)) - pulled }
  writeFileSync(go, 'done')
  const ended = await at('what was under way is seen to its end', (it) => it.run.steps[1]?.state === 'done')
  assert.equal(ended.run.state, 'halted', 'and the run stays where it is')
  cable(1, 1, 'up')
  await until('the cable carries again', 30_000, async () => (await holdfast.cli('runbooks', 'plan', 'grow', '--host', 'db-2')).code === 4)
  assert.equal((await holdfast.cli('runbooks', 'resume', run)).code, 4)
  await photograph('go-on-phone', 'bo', 'Go on')
  await press('ada', 'bo')
  await at('both have it go on, and it ends', (it) => it.run.state === 'done', 60_000)
  assert.equal(readFileSync(trace, 'utf8'), 'db-1\n')
  assert.ok(existsSync(go))
  measured = { ...measured, ...(await cutOff(keys)) }
  const verified = await holdfast.cli('ledger', 'verify')
  assert.equal(verified.code, 0, verified.out)
} finally {
  await holdfast.stop()
  sink.close()
}
console.log(JSON.stringify(measured))

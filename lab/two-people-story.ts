// One person, however often, is not two: told within the hub of a laid net (two-people.lab.test.ts starts it there), over a host with an sshd and Holdfast as its processes.
// By an override, a shared phone, a second token and a second authenticator, a forwarded link, a second place to press from, pressed twice, by a mail scanner, after an
// edit of the runbook, replayed, and (with `lapses`) after its time: nothing runs. What runs writes a line on its host, and in the end, when
// both have pressed what stands there then, there is one. Prints what it saw as a line of JSON.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import type { RunAnswer } from '../src/views/change/runs.ts'
import { freePorts, hookSink, sleep, startHoldfast, until, writeConfig } from '../test/story/world.ts'
import { enrol, nextCode, type Authenticator } from './authenticators.ts'
import { machines } from './cables.ts'
import { headOf, leading } from './leading.ts'
import { printStory } from './telling.ts'

export const HOSTS = ['db-1'] as const
/** What each try was answered. */
export interface Told { readonly tries: readonly string[] }

const [folder = '', lapses = ''] = process.argv.slice(2)
const at = (name: string): string => path.join(folder, name)
const trace = at('ran')
const ran = (): string => (existsSync(trace) ? readFileSync(trace, 'utf8') : '')
const tries: string[] = []

/** `word`: what the command writes; another one is another runbook. */
const yaml = (it: { readonly port: number; readonly hook: number; readonly hostKey: string; readonly word: string }): string => {
  const runbook = (name: string, checks: string): string => `  ${name}:
    title: Add memory to a server
    people: { does: [ada], checks: [${checks}] }
    hosts: { names: [db-1] }
    guard: [ links.up ]
    steps:
      - { id: note, run: [sh, -c, 'echo "$1" >>"$2"', sh, ${it.word}, ${trace}], on: "{{host}}", until: { exit: 0 }, within: 1m }
`
  return `${headOf(it).replace('ada@acme.example,', 'ada@acme.example, phone: "+4930111111",').replace('escalation:', '  chen: { email: chen@acme.example, phone: "+4930111111", role: approver, reach: [hook] }\nescalation:')}oncall:
  primary: { rotate: weekly, people: [bo] }
hosts:
  db-1: { ssh: "root@10.77.0.1", key: scout.key, host_key: "${it.hostKey}", links: { eth0: {}, eth1: {} } }
runbooks:
${runbook('grow', 'bo')}${runbook('covered', 'oncall.primary')}${runbook('shared', 'chen')}`
}

interface Link { readonly schema: string; readonly id: string; readonly run: string; readonly hash: string; readonly person: string; readonly url: string; readonly lapses_at: string }
interface Sent { readonly method?: string; readonly fields?: Readonly<Record<string, string>>; readonly from?: string; readonly headers?: Readonly<Record<string, string>> }

function send(url: string, { method = 'POST', fields = {}, from = '127.9.9.1', headers = {} }: Sent): Promise<number> {
  const body = method === 'POST' ? new URLSearchParams(fields).toString() : ''
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, localAddress: from, headers: { accept: 'application/json', ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) } : {}), ...headers } }, (reply) => {
      reply.resume()
      reply.on('end', () => resolve(reply.statusCode ?? 0))
    })
    request.on('error', reject)
    request.end(body)
  })
}

async function tell(t: { after(end: () => unknown): void }): Promise<Told> {
  const { hostKey } = machines(t, folder, HOSTS, at('bin'))
  const [port = 0, hook = 0] = await freePorts(2)
  writeConfig(folder, yaml({ port, hook, hostKey, word: 'once' }))
  const { hooks, close } = await hookSink(hook)
  t.after(close)
  const holdfast = startHoldfast(folder, port, {}, ['--lab', '--shrink', '86400'])
  t.after(() => holdfast.stop())
  await until('it answers', 120_000, () => (holdfast.child.exitCode === null ? fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.ok, () => false) : assert.fail('it has ended'))).catch((cause: unknown) => assert.fail(`${String(cause)} ${holdfast.output()}`))
  const keys = new Map<string, Authenticator[]>()
  await Promise.all(['ada', 'bo', 'chen'].map(async (who) => keys.set(who, await enrol({ holdfast }, who, 8))))
  // Lab time: who is known for four seconds is known for four days.
  await sleep(4000)
  const codeOf = (who: string): Promise<string> => nextCode(keys.get(who) ?? [])
  const cli = async (...args: string[]): Promise<{ readonly code: number | null; readonly said: string; readonly out: string }> => {
    const { code, out, err } = await holdfast.cli(...args)
    return { code, said: out + err, out }
  }
  const begin = (runbook: string, checks: string): ReturnType<typeof cli> => cli('runbooks', 'run', runbook, '--host', 'db-1', '--does', 'ada', '--checks', checks, '--no-wait', '--as', 'ada', '--json')

  // Before anything is offered: two who are one.
  let last = ''
  await until('its cables are known', 30_000, async () => {
    const { code, said } = await cli('runbooks', 'plan', 'grow', '--host', 'db-1')
    last = `${code} ${said}`
    return code === 4
  }).catch(() => assert.fail(`its cables are not known: ${last}`))
  const covered = await cli('oncall', 'cover', 'primary', 'ada', '--from', 'now', '--until', '8h')
  assert.equal(covered.code, 0, covered.said)
  for (const [what, runbook, checks, says] of [['an override', 'covered', 'ada', /ada/], ['a shared phone', 'shared', 'chen', /phone/], ['twice the same', 'grow', 'ada', /ada/]] as const) {
    const { code, said } = await begin(runbook, checks)
    assert.deepEqual([code, says.test(said)], [5, true], `${what}: ${code} ${said}`)
    tries.push(`${what}: refused before anything is offered`)
  }

  const begun = await begin('grow', 'bo')
  assert.equal(begun.code, 4, begun.said)
  const { run } = JSON.parse(begun.out) as RunAnswer
  const led = leading({ holdfast, hooks, keys, run })
  const offer = async (): Promise<{ readonly ada: Link; readonly bo: Link }> => {
    const { run: { asked } } = await led.at('both are asked', (it) => it.run.asked?.agreed === false)
    const of = (person: string): Promise<Link> => until(`${person} has a link`, 20_000, () => hooks.map(({ body }) => body as unknown as Link).findLast((it) => it.schema === 'holdfast.step/1' && it.id === asked?.agreement && it.person === person))
    return { ada: await of('ada'), bo: await of('bo') }
  }
  const first = await offer()
  const press = async ({ url, hash }: Link, totp: string, more: Sent = {}): Promise<number> => send(url, { ...more, fields: { hash, act: 'ready', typed: 'db-1', totp, ...more.fields } })
  const nothing = async (what: string, statuses: readonly number[], ...ok: readonly number[]): Promise<void> => {
    tries.push(`${what}: ${statuses.join(', ')}`)
    if (!statuses.every((status) => ok.includes(status))) assert.fail(`${what}: ${statuses.join(', ')}\n${JSON.stringify((await led.told()).told.slice(-4), null, 1)}`)
    await sleep(1500)
    const told = await led.told()
    assert.deepEqual([ran(), told.told.filter(({ event }) => event === 'began')], ['', []], what)
  }

  // A mail scanner: it opens what it finds, in each way, and presses what has a button.
  const opened = await Promise.all([first.ada, first.bo].flatMap(({ url }) => ['GET', 'HEAD', 'GET', 'OPTIONS'].map((method) => send(url, { method, from: '127.9.9.2' }))))
  await nothing('a mail scanner that opens it', opened, 200, 204)
  await nothing('a mail scanner that presses', [await send(first.ada.url, { fields: { hash: first.ada.hash, act: 'ready', typed: 'db-1' } }), await send(first.bo.url, { fields: { hash: first.bo.hash, act: 'ready', typed: 'db-1', totp: '' } })], 400, 403)

  const hers = await codeOf('ada')
  await nothing('ada, twice, from two phones', [await press(first.ada, hers), await press(first.ada, hers, { from: '127.9.9.3' })], 200, 403)
  await nothing('ada with her second authenticator', [await press(first.ada, await codeOf('ada'))], 200)
  // The link of bo was forwarded to her: she presses it with all that she has.
  await nothing('a forwarded link, by a code of hers that was used', [await press(first.bo, hers)], 403)
  await nothing('a forwarded link, by a new code of hers, from another place', [await press(first.bo, await codeOf('ada'), { from: '127.9.9.4', headers: { 'user-agent': 'another phone' } })], 403)
  const { out: made } = await cli('tokens', 'create', 'ada-2', '--scope', 'admin', '--json', '--as', 'ada')
  const { secret = '' } = JSON.parse(made === '' ? '{}' : made) as { secret?: string }
  assert.ok(secret.length > 10, made)
  const bearer = { authorization: `Bearer ${secret}` }
  await nothing('a second token, on a forwarded link', [await press(first.bo, await codeOf('ada'), { headers: bearer })], 403)
  const base = `http://127.0.0.1:${port}/api/v1`
  await nothing('a second token, by the API', await Promise.all([`${base}/approvals/${first.bo.id}`, `${base}/approvals/${first.bo.id}/press`, `${base}/runs/${run}/press`].map((url) => send(url, { fields: { act: 'ready', hash: first.bo.hash }, headers: bearer }))), 400, 403, 404, 405, 415)
  await nothing('another text than the one that stands there', [await press({ ...first.bo, hash: first.bo.hash.replace(/^./, (one) => (one === '0' ? '1' : '0')) }, await codeOf('bo'))], 409)

  // The command is edited after ada has pressed; then bo presses what stood there before.
  writeFileSync(path.join(folder, 'holdfast.yaml'), yaml({ port, hook, hostKey, word: 'edited' }))
  await until('the edit is in force', 30_000, async () => (await cli('runbooks', 'plan', 'grow', '--host', 'db-1')).said.includes('edited'))
  await nothing('bo, after an edit', [await press(first.bo, await codeOf('bo'))], 409, 410)
  assert.equal((await led.told()).run.state === 'running', false)
  await cli('runbooks', 'abort', run, '--as', 'ada')
  await led.at('it is over', ({ run: { state } }) => state === 'aborted')

  // What was pressed of the first is replayed, and says nothing of the second.
  const again = await begin('grow', 'bo')
  assert.equal(again.code, 4, again.said)
  const { run: next } = JSON.parse(again.out) as RunAnswer
  const ledAnew = leading({ holdfast, hooks, keys, run: next })
  await ledAnew.at('both are asked', (it) => it.run.asked?.agreed === false)
  await nothing('a press that is replayed, after the run is over', [await press(first.ada, hers), await press(first.bo, await codeOf('bo'))], 403, 409, 410)
  assert.deepEqual([(await ledAnew.told()).run.state, ran()], ['offered', ''])

  if (lapses === 'lapses') {
    assert.equal((await ledAnew.pressOnce('ada')).status, 200)
    const bo = await until('bo has a link', 20_000, () => hooks.map(({ body }) => body as unknown as Link).findLast((it) => it.schema === 'holdfast.step/1' && it.run === next && it.person === 'bo'))
    await sleep(Math.max(0, Date.parse(bo.lapses_at) - Date.now()) + 1000)
    await nothing('bo, after its time', [await press(bo, await codeOf('bo'))], 409, 410)
    // From the first press on whatever is not known halts it, and on a machine that is busy that may be a host, for a moment.
    const { run: { halt } } = await ledAnew.at('it waits, or was halted', (it) => it.run.state === 'waiting' || it.run.halt !== null)
    if (halt !== null) assert.match(halt.claim, /is not known any more/)
    assert.equal((await cli('runbooks', 'resume', next, '--as', 'ada')).code, 4)
    await ledAnew.at('both are asked anew', (it) => it.run.asked?.agreed === false)
    await nothing('the link of before, when both are asked anew', [await press(bo, await codeOf('bo'))], 409, 410)
    if (halt !== null) {
      await ledAnew.press('bo', 'ada')
      await ledAnew.at('both have it go on', (it) => it.run.halt === null)
    }
  }

  assert.equal(await ledAnew.press('ada', 'bo'), 200, 'two who are two')
  await ledAnew.at('it ran', ({ run: { state } }) => state === 'done')
  assert.equal(ran(), 'edited\n', 'once, as both had read it')
  const verified = await cli('ledger', 'verify')
  assert.equal(verified.code, 0, verified.said)
  return { tries }
}

if (import.meta.main) await printStory(tell)

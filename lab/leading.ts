// A run as two people lead it: each is asked behind a link of their own, and presses with an authenticator of their own. How it stands is asked over the
// socket of the installation, as the command line does.
import assert from 'node:assert/strict'
import http from 'node:http'
import path from 'node:path'
import { serverAt } from '../src/cli/client.ts'
import type { RunAnswer, RunLine, RunTold } from '../src/views/change/runs.ts'
import { until, type Hook, type Running } from '../test/story/world.ts'
import { nextCode, type Authenticator } from './authenticators.ts'

interface Asked { readonly schema: string; readonly id: string; readonly person: string; readonly url: string; readonly hash: string; readonly run?: string; readonly host?: string }
interface Given { readonly holdfast: Running; readonly hooks: readonly Hook[]; readonly keys: ReadonlyMap<string, readonly Authenticator[]>; readonly run: string; readonly from?: (person: string) => string }

export interface Leading {
  readonly run: string
  told(): Promise<RunTold>
  at(what: string, holds: (it: RunTold) => boolean, within?: number): Promise<RunTold>
  /** The newest line of what happened, of that kind. */
  line(event: RunLine['event'], step?: string): Promise<RunLine | undefined>
  /** Both are asked, and each presses in this order; gives the last answer. */
  press(...people: readonly string[]): Promise<number>
  /** What one of them is answered, without trying again. */
  pressOnce(who: string): Promise<{ readonly status: number; readonly said: string }>
}

/** How a configuration begins whose runs two people lead, each behind the links that come to one webhook. */
export const headOf = ({ port, hook, own = '127.0.0.1', hub = '127.0.0.1' }: { readonly port: number; readonly hook: number; readonly own?: string; readonly hub?: string }): string => `version: 1
site: { name: Acme, url: "http://${own}:${port}" }
channels:
  hook: { webhook: "http://${hub}:${hook}/page" }
people:
  ada: { email: ada@acme.example, role: [operator, approver], reach: [hook] }
  bo: { email: bo@acme.example, role: approver, reach: [hook] }
escalation:
  default: [ { page: [ada], wait: 1h } ]
`

/** Whatever else is pressed in a run says of which step. */
const OF_NO_STEP = ['hand-over', 'whole']

/** Each person has a phone of their own, at an address of its own: tries are counted by that too. */
function addressOf(person: string): string {
  const sum = [...person].reduce((all, letter) => (all * 31 + letter.charCodeAt(0)) % 64_000, 7)
  return `127.9.${Math.floor(sum / 250)}.${(sum % 250) + 1}`
}

const postFrom = (address: string, url: string, body: string): Promise<{ readonly status: number; readonly said: string }> => new Promise((resolve, reject) => {
  const request = http.request(url, { method: 'POST', localAddress: address, headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) } }, (reply) => {
    let said = ''
    reply.on('data', (chunk: Buffer) => void (said += chunk.toString()))
    reply.on('end', () => resolve({ status: reply.statusCode ?? 0, said }))
  })
  request.on('error', reject)
  request.end(body)
})

export function leading({ holdfast, hooks, keys, run, from = addressOf }: Given): Leading {
  const server = serverAt({ data: path.join(holdfast.folder, 'data'), timeout: 20_000, env: process.env, warn: () => undefined })
  const told = async (): Promise<RunTold> => (await server.send('GET', `/api/v1/runs/${run}`)).body as RunTold
  const at: Leading['at'] = async (what, holds, within = 60_000) => {
    let last: RunTold | undefined
    // A Holdfast that begins anew does not answer for a moment.
    const found = await until(what, within, async () => {
      const it = await told().catch(() => undefined)
      if (it?.run !== undefined) last = it
      return last !== undefined && holds(last) && last
    }).catch(() => assert.fail(`${what}: ${JSON.stringify(last, null, 1)}\n${holdfast.output().slice(-2000)}`))
    return found
  }
  const linkOf = (agreement: string, who: string, purpose: string): Promise<Asked> =>
    until(`${who} is asked`, 30_000, () => hooks.map(({ body }) => body as unknown as Asked).findLast((one) => (OF_NO_STEP.includes(purpose) || (one.schema === 'holdfast.step/1' && one.run === run)) && one.id === agreement && one.person === who && one.url.includes('/approve/')))
  const post = async (link: Asked, act: string): Promise<{ readonly status: number; readonly said: string }> => {
    const all = keys.get(link.person) ?? []
    const before = all.map(({ last }) => last)
    const reply = await postFrom(from(link.person), link.url, new URLSearchParams({ hash: link.hash, act, totp: await nextCode(all), typed: link.host ?? '' }).toString())
    // A press that was refused takes nothing, the code neither.
    if (reply.status === 409) for (const [n, one] of all.entries()) one.last = before[n] ?? 0
    return reply
  }
  const asked = async (): Promise<NonNullable<RunAnswer['asked']>> => (await at('both are asked', (it) => it.run.asked?.agreed === false)).run.asked ?? assert.fail()
  const actOf = (purpose: string): string => (purpose === 'step' ? 'ready' : 'yes')
  return {
    run, told, at,
    line: async (event, step) => (await told()).told.findLast((it) => it.event === event && (step === undefined || it.step === step)),
    async press(...people) {
      const { agreement, purpose } = await asked()
      let status = 0
      for (const who of people) {
        const link = await linkOf(agreement, who, purpose)
        // On a machine that is busy its cables may not be known for a moment: that is said, nothing is taken, and the person presses again.
        status = await until(`${who} presses`, 60_000, async () => {
          const it = await post(link, actOf(purpose))
          assert.ok(it.status === 200 || (it.status === 409 && it.said.includes('HF497')), it.said)
          return it.status === 200 && it.status
        })
      }
      return status
    },
    async pressOnce(who) {
      const { agreement, purpose } = await asked()
      return post(await linkOf(agreement, who, purpose), actOf(purpose))
    },
  }
}

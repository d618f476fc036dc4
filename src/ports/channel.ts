// The channel port: how a message reaches a person. `send` resolves when the other side took it ("accepted", which is not
// "read"), and throws a Fault that says whether trying again can help; `InDoubt` when the message may have gone out all the
// same. A repeat carries the same key; a channel whose other side recognises it declares `idempotent`.
import type { z } from 'zod'
import { Fault } from '../core/fault.ts'
import type { Now } from '../core/time.ts'
import type { Egress, Timers } from './world.ts'

/** What is sent to webhooks, and what other channels draw their text from. */
export interface PageBody {
  readonly schema: 'holdfast.page/1'
  readonly id: string
  readonly incident: {
    readonly id: string
    readonly number: number
    readonly title: string
    readonly since: string
    readonly state: 'open' | 'acknowledged' | 'resolved'
    readonly url: string
  }
  readonly subject: string
  readonly person: string
  readonly step: number
  readonly round: number
  readonly text: { readonly short: string; readonly long: string }
  readonly ack_url?: string
  readonly pass_url?: string
  /** What goes out together in a digest: at most the first 100. */
  readonly pages?: readonly { readonly id: string; readonly incident: { readonly id: string; readonly number: number; readonly title: string }; readonly event: string; readonly ack_url?: string }[]
  readonly raised_at: string
  readonly sent_at: string
  /** `page`, or what else it tells: `acknowledged`, `recovered`, `reminder`, `digest`, `test`, `notice`, `approve`. */
  readonly event: string
}

/** What a webhook gets instead where somebody is asked to agree to something. */
export interface ApproveBody {
  readonly schema: 'holdfast.approve/1'
  /** Of the agreement; the page id goes along as for every page. */
  readonly id: string
  readonly what: string
  readonly hash: string
  /** The hash, in two words, to be said on the phone. */
  readonly words: string
  readonly person: string
  readonly role: string
  readonly text: { readonly short: string; readonly long: string }
  /** Personal. GET shows; POST decides. */
  readonly url: string
  readonly lapses_at: string
}

/** The same for a step of a run, and for whether it goes on (`change.resume`) or what became of a step (`change.decide`): `what` says which is asked. */
export interface StepBody extends Omit<ApproveBody, 'schema'> {
  readonly schema: 'holdfast.step/1'
  readonly run: string
  readonly step: string
  readonly host: string
}

export interface Message {
  /** The page id: the same at every try. */
  readonly key: string
  /** Messages of one incident share it, so that mail clients thread them. */
  readonly thread: string
  readonly to: { readonly name: string; readonly email?: string; readonly phone?: string }
  /** At most 40 characters where it can be helped; no line breaks. */
  readonly title: string
  readonly body: PageBody
  /** For programs, in the place of `body`; what people read is the same. */
  readonly approve?: ApproveBody | StepBody
}

export interface SendContext {
  readonly egress: Egress
  /** Aborted at the time limit; a channel ends within 100 ms of it. */
  readonly signal: AbortSignal
  readonly now: () => Now
  readonly timers: Timers
}

/** The message left and no answer came: nobody knows. It is tried again with the same key, on another path first. */
export class InDoubt extends Fault {
  constructor(says: string, cause?: unknown) {
    super(says, 'later', cause)
    this.name = 'InDoubt'
  }
}

export interface Channel<Config extends z.ZodObject = z.ZodObject> {
  readonly kind: string
  readonly title: string
  readonly does: string
  readonly config: Config
  readonly examples: readonly z.input<Config>[]
  /** What a person must have in the configuration to be reached this way. */
  readonly needs: readonly ('email' | 'phone')[]
  readonly idempotent: boolean
  /** Hosts that a send will connect to: kept resolved in advance, so that a resolver that dies silences nobody. */
  hosts?(config: z.output<Config>): readonly string[]
  /** Resolves with the other side's receipt, such as its queue id. */
  send(message: Message, config: z.output<Config>, context: SendContext): Promise<string>
}

// oxlint-disable-next-line typescript/no-explicit-any -- a list holds channels of every configuration; each parses its own
export type AnyChannel = Channel<any>

/** The hosts that the messages of one configured channel are handed to; none where its settings cannot be read, or it is not known. */
export function leadsTo({ kind, config }: { readonly kind: string; readonly config: unknown }, known: readonly AnyChannel[]): readonly string[] {
  const found = known.find((it) => it.kind === kind)
  const settings = found?.config.safeParse(config)
  return found?.hosts && settings?.success ? found.hosts(settings.data as never) : []
}

/** Takes secrets (and what they look like in base64 or in an address) out of a sentence for people. */
export function withoutSecrets(says: string, secrets: readonly (string | undefined)[]): string {
  let out = says
  for (const secret of secrets) {
    if (secret === undefined || secret.length < 3) continue
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) out = out.replaceAll(form, '***')
  }
  return out
}

export const channel = <Config extends z.ZodObject>(it: Channel<Config>): Channel<Config> => it

// P-3: whatever a channel does, there is an outcome, in time, and it says no more than is known.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { Fault } from '../../../core/fault.ts'
import { ms } from '../../../core/time.ts'
import { channel, InDoubt, type AnyChannel, type SendContext } from '../../../ports/channel.ts'
import { sampleMessage } from '../../../ports/channel.contract.ts'
import { createClock } from '../../../ports/world/clock.ts'
import { createTimers } from '../../../ports/world/timers.ts'
import type { Egress } from '../../../ports/world.ts'
import { createCarrier, type Carried } from './carry.ts'

const shut = (): Promise<never> => Promise.reject(new Fault('no way out'))
const egress: Egress = { resolve: shut, connect: shut, request: shut }

const carry = (send: (context: SendContext) => Promise<string>, config: unknown = { test: 'x' }, kind = 'test'): Promise<Carried> => {
  const it: AnyChannel = channel({
    kind: 'test', title: 'Test', does: 'Tests.', config: z.strictObject({ test: z.string() }), examples: [], needs: [], idempotent: false,
    send: (_message, _config, context) => send(context),
  })
  const carrier = createCarrier([it], { clock: createClock(), timers: createTimers(), egress })
  return carrier({ is: 'send', page: 'pg', channel: 'c', kind, config, message: sampleMessage(), within: ms(60) })
}

test('a receipt is an acceptance', async () => {
  assert.deepEqual({ ...(await carry(() => Promise.resolve('queued as 1'))), took: 0 }, { outcome: 'accepted', says: 'queued as 1', took: 0 })
})

test('a fault that is sure is a failure; doubt, and anything unforeseen, is not known', async () => {
  assert.equal((await carry(() => Promise.reject(new Fault('refused', 'never')))).outcome, 'failed')
  assert.equal((await carry(() => Promise.reject(new InDoubt('it took the mail and fell silent')))).outcome, 'unknown')
  assert.equal((await carry(() => Promise.reject(new TypeError('x is undefined')))).outcome, 'unknown')
})

test('a kind that is not installed, or settings that do not fit, are failures', async () => {
  assert.match((await carry(() => Promise.resolve(''), {}, 'pigeon')).says, /no channel of the kind "pigeon"/)
  assert.notEqual((await carry(() => Promise.resolve('sent'), { wrong: 1 })).outcome, 'accepted')
})

test('the time limit is kept, also by a channel that does not listen to it', async () => {
  const obedient = await carry(({ signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))))
  assert.equal(obedient.outcome, 'failed')
  assert.ok(obedient.took >= 55 && obedient.took < 20_000, String(obedient.took))
  const deaf = await carry(() => new Promise(() => undefined))
  assert.deepEqual([deaf.outcome, deaf.says], ['unknown', 'the channel did not end in time'])
  assert.ok(deaf.took < 20_000)
})

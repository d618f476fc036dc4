// A command, on a host of the configuration or on the machine of Holdfast: word by word, no shell reads it, no terminal and no input. What it says and
// how it exits is shown and never taken for the truth: whether a step is done is seen by its `until`. What can be asked again afterwards is
// whether it ended, by the marker that it left where it ran.
import { z } from 'zod'
import type { Found } from '../../core/evidence.ts'
import { hours } from '../../core/time.ts'
import { driver, RUN, type Acted } from '../../ports/driver/driver.ts'
import type { Ran, Recalled } from '../../ports/driver/commands.ts'
import { spelled } from '../../ports/driver/word.ts'

/** One word of a command: no NUL ends it early. */
const word = z.string().min(1).max(4000).refine((it) => !it.includes('\0'), 'a word of a command holds no NUL')

const config = z.strictObject({
  run: z.array(word).min(1).max(100).refine(([program = '']) => !program.startsWith('-'), 'which program runs stands first, and is no option').meta({ description: 'A command, word by word; no shell reads it' }),
  on: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'a host of the file, or local').meta({ description: 'The host on which it runs, or local' }),
  on_halt: z.literal('kill').optional().meta({ description: 'kill: ended where it runs when the run is halted or aborted; otherwise it goes on to its end' }),
})

const acted = (ran: Ran): Acted => {
  if (ran.is === 'refused') return { is: 'failed', says: ran.says, begun: false }
  if (ran.is === 'unknown') return ran
  const { exit } = ran.output
  return { is: exit === 0 ? 'done' : 'failed', says: exit === 0 ? 'it ended with 0' : `it ended with ${exit}`, output: ran.output }
}

/** That a command ran is no proof of what it did. */
const PROOF: Found = { is: 'unknown', says: 'a command is no proof of what it did' }

function foundOf(recalled: Recalled, exit: number): Found {
  switch (recalled.is) {
    case 'going': return { is: 'fail', says: 'the command still runs' }
    case 'ended': return recalled.output.exit === exit ? { is: 'pass', says: `the command ended with ${exit}` } : { is: 'fail', says: `the command ended with ${recalled.output.exit}` }
    case 'gone': return { is: 'fail', says: 'the command was killed' }
    case 'none': return { is: 'unknown', says: 'nothing is remembered of it there: it was never begun, or the machine has booted since' }
  }
}

export default driver({
  kind: RUN,
  title: 'Command',
  does: 'Runs a command on a host, once.',
  config,
  claims: z.strictObject({ exit: z.int().min(0).max(255).optional().meta({ description: 'run: the command has ended, with this exit code' }) }),
  examples: [{ run: ['systemctl', 'stop', 'mariadb'], on: 'db-1' }, { run: ['/usr/local/bin/warm-up', 'a b'], on: 'local', on_halt: 'kill' }],
  say: ({ run, on }) => `run ${run.map((it) => spelled(it)).join(' ')} on ${on === 'local' ? 'the machine of Holdfast' : on}`,

  async observe({ on }, wanted, { commands, begun, now, signal }) {
    const { tick, boot } = now()
    const identity = await commands.identify(on, signal)
    const found = wanted?.exit === undefined ? PROOF : begun ? foundOf(await commands.recall(begun, on, signal), wanted.exit) : { is: 'unknown' as const, says: 'it is not known which beginning is meant' }
    return { identity, found, from: { tick, boot } }
  },

  async act({ run, on, on_halt: onHalt }, once, { commands, signal }) {
    return acted(await commands.run({ argv: run, on, within: hours(24), once, ...(onHalt ? { onHalt } : {}) }, signal))
  },
})

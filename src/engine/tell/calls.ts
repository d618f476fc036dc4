// Calls about planned work: announced to the public, begun, completed, cancelled; and when runbooks are permitted to go. Each is answered when it is durable.
import { z } from 'zod'
import { parseSpan } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Planned, Refusal } from '../../rooms/tell/maintenance/planned.ts'
import { loadMaintenance } from '../../rooms/tell/maintenance/rows.ts'
import { viewWindows } from '../../views/board/windows.ts'
import type { WorkCalls } from '../../views/board/work.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'
import { momentOf, sayMoment } from '../moments.ts'

const name = z.string().min(1).max(200)
const text = z.string().trim().min(1).max(20_000)
const moved = z.strictObject({ maintenance: name, text: text.optional(), person: name.optional() })
const WORK_ARGS = {
  'board.announce': z.strictObject({ board: name.optional(), runbook: name.optional(), title: z.string().trim().min(1).max(300).optional(), text, components: z.array(name).max(100).optional(), from: name, until: name, lead: name.optional(), person: name.optional() }),
  'board.begin': moved, 'board.complete': moved, 'board.cancel': moved, 'runbooks.windows': z.strictObject({}),
} satisfies Record<keyof WorkCalls, z.ZodType>

export const isAboutWork = (called: string): called is keyof WorkCalls => Object.hasOwn(WORK_ARGS, called)

/** As `answer` does it for the others. `whoOf`: in whose name it stands. */
export async function answerWork(keeper: Keeper, called: keyof WorkCalls, args: unknown, whoOf: (person: unknown) => string): Promise<Answer> {
  try {
    if (called === 'runbooks.windows') {
      const parsed = WORK_ARGS[called].safeParse(args ?? {})
      return parsed.success ? ok(viewWindows(keeper.config.change?.runbooks ?? [], keeper.store.sql, keeper.now().wall)) : misunderstood(called, parsed.error)
    }
    const parsed = WORK_ARGS[called].safeParse(args ?? {})
    if (!parsed.success) return misunderstood(called, parsed.error)
    return 'from' in parsed.data ? await announce(keeper, parsed.data, whoOf(parsed.data.person)) : await move(keeper, called as keyof typeof MOVES, parsed.data, whoOf(parsed.data.person))
  } catch (cause) {
    return notDurable(cause)
  }
}

const notATime = (written: string): Answer => no(400, 'HF414', `“${written.slice(0, 80)}” is not a time within 100 years`, 'write "2026-11-24 02:00", "Tue 02:00", or a span such as 3h')

async function announce(keeper: Keeper, args: z.output<(typeof WORK_ARGS)['board.announce']>, by: string): Promise<Answer> {
  const { site, boards } = keeper.config
  const from = momentOf(args.from, site.timezone, keeper.now().wall)
  if (from === undefined) return notATime(args.from)
  const until = momentOf(args.until, site.timezone, from)
  if (until === undefined) return notATime(args.until)
  const runbook = args.runbook === undefined ? undefined : keeper.config.change?.runbooks.find((it) => it.name === args.runbook)
  if (args.runbook !== undefined && !runbook?.announce) return no(404, 'HF404', `no runbook with “announce” is called “${args.runbook}”`, 'holdfast runbooks list shows those that there are')
  const title = args.title ?? runbook?.title
  if (title === undefined) return no(400, 'HF419', 'Planned work needs a title.', 'add --title "More memory", or name the runbook: --for')
  const lead = args.lead === undefined ? runbook?.announce?.lead : parseSpan(args.lead)
  if (args.lead !== undefined && (lead === undefined || lead <= 0)) return no(400, 'HF411', `“${args.lead.slice(0, 80)}” is not a time`, 'write it with units: 48h, 3d')
  const board = (args.board ?? runbook?.announce?.board)?.toLowerCase() ?? boards[0]?.slug ?? ''
  const said = await keeper.engine.turn('board.announce', (tx) => keeper.rooms.tell.planned.announce(tx, {
    board, title, text: args.text, components: args.components ?? runbook?.announce?.components ?? [], from, until, by, ...(lead === undefined ? {} : { lead }),
  }))
  if (said.is === 'announced') return ok({ schema: 'holdfast.done/1', says: `announced on ${board}, to begin at ${sayMoment(keeper, from)}; ${said.remind === undefined ? 'no reminder: it begins soon' : `a reminder follows at ${sayMoment(keeper, said.remind)}`}`, id: said.id })
  switch (said.why) {
    case 'board': return no(404, 'HF404', said.says, `known: ${boards.map(({ slug }) => slug).slice(0, 20).join(', ') || 'none'}`)
    case 'component': return no(404, 'HF404', said.says, said.help)
    case 'time': return no(400, 'HF415', said.says, `read as ${sayMoment(keeper, from)} until ${sayMoment(keeper, until)}; write "2026-11-24 02:00", or a span such as 3h`)
    case 'many': return no(409, 'HF495', said.says, said.help)
  }
}

type Move = (planned: Planned, tx: Tx, id: string, told: { readonly by: string; readonly text?: string }) => Refusal
const MOVES: Readonly<Record<'board.begin' | 'board.complete' | 'board.cancel', readonly [Move, string]>> = {
  'board.begin': [(planned, tx, id, told) => planned.begin(tx, id, told), 'the board says that it has begun'],
  'board.complete': [(planned, tx, id, told) => planned.complete(tx, id, told), 'the board says that it is completed'],
  'board.cancel': [(planned, tx, id, told) => planned.cancel(tx, id, told), 'the board says that it is cancelled'],
}

async function move(keeper: Keeper, called: keyof typeof MOVES, { maintenance, text: said }: z.output<typeof moved>, by: string): Promise<Answer> {
  const [act, says] = MOVES[called]
  const wrong = await keeper.engine.turn(called, (tx) => act(keeper.rooms.tell.planned, tx, maintenance, { by, ...(said === undefined ? {} : { text: said }) }))
  if (wrong === undefined) return ok({ schema: 'holdfast.done/1', says: loadMaintenance(keeper.store.sql, maintenance)?.state === 'ended_early' ? 'the board says that it ended early' : says, id: maintenance })
  return wrong.startsWith('no planned work') ? no(404, 'HF404', wrong, 'holdfast board show lists what is planned') : no(409, 'HF416', wrong, 'holdfast board show tells how it stands')
}

// Mistakes about people and about what they agree on: whose word counts, by what proof, for how long. Most of them let one do what takes
// two, and none of them would be noticed in use.
import type { Killer, Mutant } from './mutant.ts'

const test = (file: string, name: string): Killer => ({ is: 'test', file, name })

const CALLS = 'src/engine/agreement/calls.ts'
const STORIES = 'src/engine/agreement/calls.test.ts'
const ROOM = 'src/rooms/people/agreements.ts'
const MODEL = 'src/rooms/people/agreements.model.test.ts'

export const approving: readonly Mutant[] = [
  {
    name: 'nobody hears that no link reaches whom they ask', breaks: ['X-9'], killer: test('test/cli/people.test.ts', 'whoever asks people whom no channel reaches'),
    changes: [{ file: 'src/cli/commands/approvals.ts', find: '!said && channels.length === 0', put: 'said && channels.length === 0' }],
  },
  {
    name: 'one asker leaves no room for others', breaks: ['C-5'], killer: test(STORIES, 'asking is bounded, and the audit'),
    changes: [{ file: ROOM, find: 'countOpen(sql, wish.by) >= MOST_OF_ONE', put: 'countOpen(sql, wish.by) >= MOST_OPEN' }],
  },
  {
    name: 'a word said again forgives wrong codes', breaks: ['C-5'], killer: test(STORIES, 'guessing codes is slowed per person'),
    changes: [{ file: CALLS, find: "if (proves && verdict.is === 'taken') giveBack(", put: 'if (proves) giveBack(' }],
  },
  {
    name: 'two names within one mailbox are two people', breaks: ['C-17'], killer: test('src/core/authority/agreement.test.ts', 'C-17 names within one mailbox'),
    changes: [{ file: 'src/core/authority/agreement.ts', find: 'shared(a.addresses, b.addresses, mailboxOf)', put: 'shared(a.addresses, b.addresses, plain)' }],
  },
  {
    name: 'two people press in one browser', breaks: ['C-17'], killer: test('src/http/approval/approval.test.ts', 'C-17 two people do not press in one browser'),
    changes: [{ file: CALLS, find: 'args.browser === undefined ? {} : { session: `browser ${args.browser}` }', put: '{}' }],
  },
  {
    name: 'the only owner goes alone unseen', breaks: ['C-17'], killer: test(STORIES, 'alone: only where it may be'),
    changes: [{ file: CALLS, find: 'if (owners.every((it) => it === who)) page.open', put: 'if (owners.length === 0) page.open' }],
  },
  {
    name: 'a link of another person agrees', breaks: ['C-17', 'C-5'], killer: test(STORIES, 'C-17 a link speaks for its own person'),
    changes: [{ file: CALLS, find: 'return row && { id: permit.agreement, person: permit.person, row }', put: "return row && { id: permit.agreement, person: row.asked.parties.find(({ identity }) => identity.person === permit.person)?.identity.person ?? row.asked.parties[0]?.identity.person ?? '', row }" }],
  },
  {
    name: 'a link of another agreement agrees', breaks: ['C-5'], killer: test('src/core/link.test.ts', 'P-5 a token reads back as what it permits'),
    changes: [{ file: 'src/core/link.ts', find: "Buffer.from(id.slice(prefix.length + 1), 'hex'), person])", put: "Buffer.from(permit.is === 'approve' ? '00'.repeat(16) : id.slice(prefix.length + 1), 'hex'), person])" }],
  },
  {
    name: 'GET of a link agrees', breaks: ['P-5'], killer: test('src/http/approval/approval.test.ts', 'P-5 GET, HEAD and OPTIONS'),
    changes: [{ file: 'src/http/approval/routes.ts', find: "  const said = await look(ask, kit)\n  if (said.is !== 'answered') return nothing(ask, said)\n  return", put: "  if (ask.req.query('act') === 'yes') await kit.keeper.call('approvals.press', { token: tokenOf(ask), act: 'yes', hash: ask.req.query('hash') ?? '', totp: ask.req.query('totp') ?? '', from: fromOf(ask.env, ask.req.raw.headers) }, OPEN)\n  const said = await look(ask, kit)\n  if (said.is !== 'answered') return nothing(ask, said)\n  return" }],
  },
  {
    name: 'a recovery code is used again', breaks: ['C-5'], killer: test('src/rooms/people/people.test.ts', 'a recovery code is used once'),
    changes: [{ file: 'src/rooms/people/factors.ts', find: 'where hash = ? and person = ? and used is null', put: 'where hash = ? and person = ?' }],
  },
  {
    name: 'a recovery code agrees', breaks: ['C-5', 'C-17'], killer: test(STORIES, 'no token approves, nor a terminal'),
    changes: [
      { file: CALLS, find: 'takeCode(tx, keeper.rooms.people.place(), party.person, args.totp)', put: "takeCode(tx, keeper.rooms.people.place(), party.person, args.totp) ?? (takeRecovery(tx, party.person, args.totp) ? { factor: loadFactors(tx.sql, party.person)[0]?.id ?? '' } : undefined)" },
      { file: CALLS, find: 'import { takeCode } from', put: 'import { takeCode, takeRecovery } from' },
    ],
  },
  {
    name: 'a code agrees to two things', breaks: ['C-5'], killer: test(STORIES, 'C-17 a link speaks for its own person'),
    changes: [{ file: 'src/rooms/people/factors.ts', find: 'row.used ?? undefined)\n    if (period === undefined) continue', put: 'undefined)\n    if (period === undefined) continue' }],
  },
  {
    name: 'a terminal agrees', breaks: ['C-5'], killer: test(STORIES, 'no token approves, nor a terminal'),
    changes: [{ file: CALLS, find: "if (asker.is === 'token' || asker.is === 'socket')", put: "if (asker.is === 'token')" }],
  },
  {
    name: 'of two keepers both write', breaks: ['C-5', 'X-1'], killer: test(MODEL, 'of two keepers that judged the same version'),
    changes: [{ file: ROOM, find: 'stream: id, follows: row.version,', put: 'stream: id,' }],
  },
  {
    name: 'who somebody was at the start is who they are', breaks: ['C-17'], killer: test(STORIES, 'C-17 what became known meanwhile'),
    changes: [{ file: ROOM, find: 'identity: both(assent.identity, identity(sql, assent.identity.person))', put: 'identity: assent.identity' }],
  },
  {
    name: 'a role that is gone still approves', breaks: ['C-17'], killer: test(STORIES, 'C-17 what became known meanwhile'),
    changes: [{ file: ROOM, find: 'as === undefined || !mayBe(context.rolesOf(tx.sql, person), as)', put: 'as === undefined' }],
  },
  {
    name: 'an edit leaves the former one open', breaks: ['C-5'], killer: test(STORIES, 'C-5 no yes survives an edit'),
    changes: [{ file: ROOM, find: 'if (wish.instead !== undefined) agreements.seen(tx, wish.instead, hash)', put: 'if (wish.instead === hash) agreements.seen(tx, wish.instead, hash)' }],
  },
  {
    name: 'nobody hears that one went alone', breaks: ['C-17'], killer: test(STORIES, 'alone: only where it may be'),
    changes: [{ file: CALLS, find: 'for (const owner of owners) page.open', put: 'for (const owner of owners.slice(1)) page.open' }],
  },
  {
    name: 'mail addresses stand in the ledger', breaks: ['L-6'], killer: test(STORIES, 'asking is bounded, and the audit'),
    changes: [{ file: 'src/rooms/people/agreement-rows.ts', find: "filled(addresses, mailboxOf).map((it) => mark('address', it))", put: 'filled(addresses, mailboxOf)' }],
  },
]

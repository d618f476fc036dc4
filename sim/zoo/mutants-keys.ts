// The part of the zoo about keys that are handed out: tokens, the first owner's link, and whose roles went.
import type { Mutant } from './mutant.ts'

const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file, name })

export const keys: readonly Mutant[] = [
  {
    name: 'an invitation is a way back', breaks: ['links'], killer: killer('test/cross-purpose.test.ts', 'every secret × every place'),
    changes: [
      { file: 'src/rooms/people/links.ts', find: 'sha256(`${it.what} ${secret}`)', put: 'sha256(secret)' },
      { file: 'src/rooms/people/links.ts', find: 'where hash = ? and what = ?\', sha256(`${what} ${secret}`), what)', put: 'where hash = ?\', sha256(secret))' },
    ],
  },
  {
    name: 'two people differ in capitals alone', breaks: ['roles'], killer: killer('src/engine/people.test.ts', 'nobody is named as somebody else'),
    changes: [{ file: 'src/engine/people.ts', find: 'it.toLowerCase() === who.toLowerCase()', put: 'it === who' }],
  },
  {
    name: 'a token makes another that outlives it', breaks: ['tokens'], killer: killer('src/engine/access.test.ts', 'a token makes no token'),
    changes: [{ file: 'src/engine/calls.ts', find: `if (key === 'tokens.create' && asker.is === 'token') return`, put: `if (key === 'tokens.create' && asker.is === 'open') return` }],
  },
  {
    name: 'a token is taken from anywhere', breaks: ['tokens'], killer: killer('src/http/access.test.ts', 'a token is taken from its networks alone'),
    changes: [{ file: 'src/http/access.ts', find: 'if (!isFrom(token, origin)) {', put: `if (!isFrom(token, origin) && origin === '') {` }],
  },
  {
    name: 'a client says where it is', breaks: ['tokens'], killer: killer('src/http/access.test.ts', 'a token is taken from its networks alone'),
    changes: [{ file: 'src/http/access.ts', find: `const seen = isLoopback(address) ? headers.get('x-forwarded-for')?.split(',').at(-1)`, put: `const seen = isLoopback(address) ? headers.get('x-forwarded-for')?.split(',').at(0)` }],
  },
  {
    name: 'a token ends by the wall clock alone', breaks: ['X-7'], killer: killer('src/engine/access.test.ts', 'X-7 a token ends'),
    changes: [{ file: 'src/engine/access.ts', find: `  if (it.expiresAt !== null) tx.schedule(EXPIRE, id, dueIn(tx.now, ms(it.expiresAt - tx.now.wall)))\n`, put: '' }],
  },
  {
    name: 'the first owner’s link stays good beside an owner', breaks: ['first owner'], killer: killer('src/engine/people.test.ts', 'whoever is an owner by grant'),
    changes: [{ file: 'src/rooms/people/index.ts', find: `if (!room.hasOwner(tx.sql) && may(rolesOf(tx.sql, person), 'admin'))`, put: `if (!room.hasOwner(tx.sql) && may(rolesOf(tx.sql, person), 'admin') && person === '')` }],
  },
  {
    name: 'a role that goes leaves the session', breaks: ['sessions'], killer: killer('src/engine/people.test.ts', 'a role that changes in the configuration'),
    changes: [{ file: 'src/rooms/people/index.ts', find: `append(tx, 'people.configured', person, { roles })\n        closeAll(tx, person, 'the role changed')`, put: `append(tx, 'people.configured', person, { roles })` }],
  },
]

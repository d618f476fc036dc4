// The part of the zoo about coming in: cookies, proofs of forms, sessions and what they open.
import type { Mutant } from './mutant.ts'

const SESSION = 'src/http/session.ts'
const DOOR = 'src/http/console/door.ts'
const session = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/http/session.test.ts', name })
const walked = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/http/console/console.test.ts', name })

export const entering: readonly Mutant[] = [
  {
    name: 'a form is taken without the proof of its session', breaks: ['CSRF'], killer: session('CSRF: nothing that relies'),
    changes: [{ file: SESSION, find: `if (!isCsrf(secret, given ?? form.get('csrf') ?? '')) return`, put: `if (secret === '') return` }],
  },
  {
    name: 'a form of another site is taken', breaks: ['CSRF'], killer: session('CSRF: nothing that relies'),
    changes: [{ file: SESSION, find: `if (changes && !isFromHere(raw.headers, site)) return`, put: `if (changes && site.url === '') return` }],
  },
  {
    name: 'a session opens what no role of its person may', breaks: ['roles'], killer: session('every route that a cookie opens × every role'),
    changes: [{ file: SESSION, find: `if (needs !== 'account' && !session.rights.includes(needs)) return`, put: `if (needs === 'admin' && !session.rights.includes(needs)) return` }],
  },
  {
    name: 'who may what is changed in a session of last week', breaks: ['sessions'], killer: walked('who may do what is changed in a young session only'),
    changes: [{ file: SESSION, find: `if (fresh && !session.recent) return`, put: `if (fresh && session.person === '') return` }],
  },
  {
    name: 'of two cookies the first counts', breaks: ['sessions'], killer: session('the secret is read from one cookie'),
    changes: [{ file: SESSION, find: `SECRET.test(first) && found.every((it) => it === first) ? first : undefined`, put: `SECRET.test(first) ? first : undefined` }],
  },
  {
    name: 'whoever signs in keeps the session that the browser had', breaks: ['fixation'], killer: walked('fixation'),
    changes: [{ file: DOOR, find: `if (former !== undefined && former !== secret) await`, put: `if (former === secret) await` }],
  },
  {
    name: 'a session outlives the password it was begun with', breaks: ['sessions'], killer: walked('a change of password ends every other session'),
    changes: [{ file: 'src/rooms/people/index.ts', find: `closeAll(tx, person, 'the password changed', except)`, put: `void except` }],
  },
  {
    name: 'after signing in one is led wherever the address said', breaks: ['open redirect'], killer: walked('open redirect'),
    changes: [{ file: DOOR, find: `patternOf(route.path).test(path)) ? asked : own`, put: `patternOf(route.path).test(path)) ? asked : asked` }],
  },
  {
    name: 'whoever is signed in acts as whom they name', breaks: ['roles'], killer: session('who is signed in acts as themselves'),
    changes: [{ file: 'src/http/api.ts', find: `const by = asker.is === 'person' ? asker.person : named`, put: `const by = named ?? (asker.is === 'person' ? asker.person : undefined)` }],
  },
  {
    name: 'an open page names the installation', breaks: ['T-2'], killer: { is: 'test', file: 'src/http/app.test.ts', name: 'T-2 nothing private is in any byte' },
    changes: [{ file: DOOR, find: `return consolePage({ title: w.title, body, ...scriptFor(kit) }, status)`, put: `return consolePage({ title: w.title, site: kit.pushed.site.name, body, ...scriptFor(kit) }, status)` }],
  },
]

// The same, and until a word has lapsed: five minutes.
import { test } from 'node:test'
import { tellIn } from './backendless.ts'
import { HOSTS, type Told } from './two-people-story.ts'

test('C-5 C-17 one person is not two, and neither is one beside whose word lapsed: nothing runs after its time', { timeout: 900_000 }, async (t) => {
  const { tries } = await tellIn<Told>(t, { file: 'lab/two-people-story.ts', hosts: HOSTS, words: ['lapses'] })
  for (const it of tries) t.diagnostic(it)
})

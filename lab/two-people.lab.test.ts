// One person is not two, however often: over a real host, with Holdfast as its processes.
import { test } from 'node:test'
import { tellIn } from './backendless.ts'
import { HOSTS, type Told } from './two-people-story.ts'

test('C-5 C-17 P-5 one person by override, phone, token, authenticator and forwarded link; twice, by a mail scanner, after an edit, replayed: nothing runs', { timeout: 300_000 }, async (t) => {
  const { tries } = await tellIn<Told>(t, { file: 'lab/two-people-story.ts', hosts: HOSTS, words: [] })
  for (const it of tries) t.diagnostic(it)
})

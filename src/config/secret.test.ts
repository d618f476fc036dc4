// Secrets: the three places in their order, and what is missing, empty or odd is said without a value ever being shown.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { carriesCredentials, loadSecrets, nearlySecret, putSecretsIn, secretsIn, type Environment, type Secret } from './secret.ts'

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-secret-'))
  try {
    await mkdir(join(folder, 'secrets'))
    await mkdir(join(folder, 'credentials'))
    await act(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const one = async (name: string, folder: string | undefined, env: Environment = {}): Promise<Secret | undefined> => (await loadSecrets([name], { env, folder })).get(name)

test('the environment comes before the file, the file before the credential', async () => {
  await inFolder(async (folder) => {
    const credentials = { CREDENTIALS_DIRECTORY: join(folder, 'credentials') }
    assert.equal((await one('db-url', folder, credentials))?.is, 'missing')
    await writeFile(join(folder, 'credentials', 'db-url'), 'third\n')
    assert.deepEqual(await one('db-url', folder, credentials), { is: 'found', value: 'third' })
    await writeFile(join(folder, 'secrets', 'db-url'), 'second\r\n')
    assert.deepEqual(await one('db-url', folder, credentials), { is: 'found', value: 'second' })
    assert.deepEqual(await one('db-url', folder, { ...credentials, HOLDFAST_SECRET_DB_URL: 'first' }), { is: 'found', value: 'first' })
  })
})

test('empty is not unset: it is a mistake that is told, not passed over', async () => {
  await inFolder(async (folder) => {
    await writeFile(join(folder, 'secrets', 'key'), 'there')
    assert.equal((await one('key', folder, { HOLDFAST_SECRET_KEY: '' }))?.is, 'unusable')
    await writeFile(join(folder, 'secrets', 'key'), '\n')
    const empty = await one('key', folder)
    assert.ok(empty?.is === 'unusable' && empty.says.includes('is empty in'))
  })
})

test('one newline at the end is cut off, one inside is refused and not shown', async () => {
  await inFolder(async (folder) => {
    await writeFile(join(folder, 'secrets', 'a'), 'value\n')
    assert.deepEqual(await one('a', folder), { is: 'found', value: 'value' })
    for (const text of ['hunter\n2', 'hunter2\n\n', 'hunter\u00002']) {
      await writeFile(join(folder, 'secrets', 'a'), text)
      const odd = await one('a', folder)
      assert.equal(odd?.is, 'unusable')
      assert.doesNotMatch(JSON.stringify(odd), /hunter/)
    }
  })
})

test('names stay names: none leads out of the folder', async () => {
  await inFolder(async (folder) => {
    await writeFile(join(folder, 'outside'), 'x')
    for (const name of ['../outside', '', 'a/b', '.', 'a\u0000', 'a'.repeat(500)]) assert.equal((await one(name, folder))?.is, 'unusable')
    await mkdir(join(folder, 'secrets', 'folder'))
    assert.equal((await one('folder', folder))?.is, 'unusable')
    await writeFile(join(folder, 'secrets', 'large'), 'x'.repeat(70_000))
    assert.equal((await one('large', folder))?.is, 'unusable')
    assert.ok((await one('none', undefined))?.is === 'missing')
  })
})

test('a secret within the user part of an address is encoded, elsewhere it stands as it is', () => {
  const secrets = new Map<string, Secret>([['p', { is: 'found', value: 'p@ss/w:rd' }]])
  assert.equal(putSecretsIn('smtp://ada:${secret:p}@relay:587', secrets), 'smtp://ada:p%40ss%2Fw%3Ard@relay:587')
  assert.equal(putSecretsIn('${secret:p}', secrets), 'p@ss/w:rd')
  assert.equal(putSecretsIn('https://x.example/hook/${secret:p}', secrets), 'https://x.example/hook/p@ss/w:rd')
  assert.equal(putSecretsIn('Bearer ${secret:p} ${secret:other}', secrets), 'Bearer p@ss/w:rd ${secret:other}')
})

test('what was meant as a reference is recognised', () => {
  assert.deepEqual(secretsIn('a ${secret:x} ${secret:y-z}'), ['x', 'y-z'])
  for (const text of ['${env:DB}', '${ secret:x}', '${secret.x}', '$secret:x', '$(secret:x)', '${SECRET_X}', '${secret:x']) {
    assert.ok(nearlySecret(text) !== undefined || secretsIn(text).length > 0, text)
  }
  for (const text of ['${secret:x}', 'select ${x}', 'a $ b', '${environment}']) assert.equal(nearlySecret(text), undefined, text)
})

test('what carries credentials is told by its name or by what it looks like; the rest may be written out', () => {
  const carries: readonly [string, string][] = [
    ['Authorization', 'x'], ['proxy-authorization', 'x'], ['Cookie', 'a=b'], ['X-Api-Key', '1'], ['apikey', '1'], ['x-goog-api-key', '1'], ['Ocp-Apim-Subscription-Key', '1'],
    ['PRIVATE-TOKEN', 'x'], ['x-vault-token', 'x'], ['x-amz-security-token', 'x'], ['client_secret', 'x'], ['x-password', 'x'], ['X-Auth', 'x'], ['x-session-id', 'x'],
    ['x-hub-signature-256', 'x'], ['x-pass', 'x'], ['x-custom', 'Bearer 6f1d5a'], ['x-custom', 'Basic YWRhOng='], ['x-custom', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0xx.c2ln'],
    ['body', '{"user":"ada","password":"hunter2"}'], ['body', 'grant_type=x&client_secret=abc'], ['body', '{"apiKey": 5}'], ['body', '<Password>hunter2</Password>'],
    ['body', '{"access_token" : "x"}'], ['body', '-----BEGIN PRIVATE KEY-----'],
  ]
  const harmless: readonly [string, string][] = [
    ['accept', 'application/json'], ['Accept-Language', 'en'], ['User-Agent', 'holdfast'], ['Host', 'shop.example'], ['Cache-Control', 'no-cache'], ['x-forwarded-proto', 'https'],
    ['content-type', 'text/plain; charset=utf-8'], ['Idempotency-Key', 'a1'], ['origin', 'https://acme.example'], ['x-passenger-app', 'a'], ['x-author', 'ada'], ['x-plan', 'basic'],
    ['body', '{"dry":true}'], ['body', 'select 1'], ['body', '{"token": null, "password": ""}'], ['body', '<ping/>'], ['body', 'the basic plan'], ['body', '{"query":"{ shop { name } }"}'],
  ]
  for (const [name, text] of carries) assert.equal(carriesCredentials(name, text), true, `${name}: ${text}`)
  for (const [name, text] of harmless) assert.equal(carriesCredentials(name, text), false, `${name}: ${text}`)
})

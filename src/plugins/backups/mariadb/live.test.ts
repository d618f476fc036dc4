// What a MariaDB that lives refuses, by what it says of itself; the server is a fake that answers the questions by their words.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Cell } from '../../../ports/backup.ts'
import { instantOf } from '../../../core/time.ts'
import { liveOf } from './live.ts'

function server(answers: readonly (readonly [RegExp, string])[]): { cell: Cell; asked: string[] } {
  const asked: string[] = []
  const cell: Cell = {
    id: 'ab12', copy: '/given/copy', work: '/work', look: () => Promise.resolve(['mariadb']), put: (name) => Promise.resolve(`/given/${name}`),
    start: () => Promise.reject(new Error('nothing is started')),
    async run(_argv, { input, take }) {
      let sql = ''
      for await (const chunk of input ?? []) sql += Buffer.from(chunk).toString()
      asked.push(sql)
      await take?.(Buffer.from(answers.find(([pattern]) => pattern.test(sql))?.[1] ?? ''))
      return { exit: 0, out: '', err: '' }
    },
  }
  return { cell, asked }
}

const URL = 'mysql://ada:secret@127.0.0.1:3306/shop'
const unit = { name: 'orders', side: 'holdfast_restore_ab12.orders', aside: 'orders_damaged_1', was: 'x', digest: 'x' }

test('G-27 a member of a Galera cluster, a replica and a read-only server are refused, and nothing is made or renamed', async () => {
  for (const [variables, says] of [
    ['wsrep_on\tON\nread_only\tOFF\nwsrep_cluster_size\t3\n', /member of a Galera cluster/], ['wsrep_on\tOFF\nread_only\tOFF\nwsrep_cluster_size\t1\n', /member of a Galera cluster/],
    ['wsrep_on\tOFF\nread_only\tON\nwsrep_cluster_size\t0\n', /read-only/], ['wsrep_on\tOFF\nread_only\tOFF\nwsrep_cluster_size\t0\n\tSlave has read all\n', /follows another one/],
  ] as const) {
    const { cell, asked } = server([[/wsrep_on/, variables], [/table_type from/, 'BASE TABLE\n']])
    const live = liveOf(cell, URL)
    const made = await live.table('orders', { at: instantOf(1), bytes: 1 }, '1')
    assert('is' in made && made.is === 'fail')
    assert.match(made.says, says)
    const swapped = await live.swap([unit])
    assert(swapped.is === 'fail')
    assert.match(swapped.says, says)
    assert.ok(asked.every((sql) => !/\b(?:create|rename|drop|alter|insert|delete)\b/i.test(sql.replaceAll(/create_time/g, ''))), asked.join('\n'))
  }
})

test('G-27 foreign keys and triggers are refused in words', async () => {
  const { cell } = server([[/wsrep_on/, 'wsrep_on\tOFF\nread_only\tOFF\n'], [/table_type from/, 'BASE TABLE\n'], [/key_column_usage/, 'the foreign key k of lines holds on to it\n'], [/information_schema\.triggers/, 'the trigger t stands on it\n']])
  const made = await liveOf(cell, URL).table('orders', { at: instantOf(1), bytes: 1 }, '1')
  assert('is' in made && made.is === 'fail')
  assert.match(made.says, /cannot be replaced by a rename: the foreign key k of lines holds on to it; the trigger t stands on it/)
})

test('X-3 whether it follows another server has to be known: who may not ask that is refused', async () => {
  const { cell } = server([[/wsrep_on/, 'wsrep_on\tOFF\nread_only\tOFF\n'], [/table_type from/, 'BASE TABLE\n']])
  const denied: Cell = {
    ...cell,
    async run(argv, want) {
      let sql = ''
      for await (const chunk of want.input ?? []) sql += Buffer.from(chunk).toString()
      if (/slaves status/.test(sql)) return { exit: 1, out: '', err: 'ERROR 1227 (42000): Access denied; you need SLAVE MONITOR' }
      return cell.run(argv, { ...want, input: (async function* () { yield await Promise.resolve(Buffer.from(sql)) })() })
    },
  }
  const made = await liveOf(denied, URL).table('orders', { at: instantOf(1), bytes: 1 }, '1')
  assert('is' in made && made.is === 'fail')
  assert.match(made.says, /cannot be known whether this server follows another one: .* SLAVE MONITOR/)
})

// A dump is run with the rights of whoever the address names: not with those of a superuser, unless somebody said so.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Fault } from '../../core/fault.ts'
import type { Live } from '../../ports/backup/live.ts'
import { beyondOf as ofMariadb } from '../../plugins/backups/mariadb/live/rights.ts'
import { beyondOf as ofPostgres } from '../../plugins/backups/postgres/live/rights.ts'
import { whyNotBy } from './rights.ts'

const TO = { says: 'shop at db.internal:5432' }
const liveOf = (rights: Live['rights']): Pick<Live, 'rights'> => ({ rights })

test('G-13 a dump is run by no superuser, nor by a role that nobody knows, unless it was said', async () => {
  const of = (beyond: readonly string[]): Pick<Live, 'rights'> => liveOf(() => Promise.resolve({ who: 'ada', beyond }))
  const silent = liveOf(() => Promise.reject(new Fault('nobody answers', 'later')))
  assert.equal(await whyNotBy({}, TO, of([]), 'new'), undefined)
  const not = await whyNotBy({}, TO, of(['is a superuser']), 'new')
  assert.deepEqual([not?.verdict, not?.says], ['refused', 'ada is a superuser, so what the dump says could run commands or touch files on the machine of shop at db.internal:5432: name a role that owns what is restored and is no superuser, or say --as-superuser if you trust whoever wrote the copy with that machine'])
  const unknown = await whyNotBy({ asSuperuser: false }, TO, silent, 'living')
  assert.equal(unknown?.verdict, 'refused')
  assert.match(unknown.says, /^shop at db.internal:5432 did not say by whose rights.*\(nobody answers\).*: nothing was fetched; see that the address has the right host, port, user and password/)
  assert.doesNotMatch(unknown.says, /--as-superuser/, 'whoever has mistyped a port is not told to let everything through')
  for (const live of [of(['is a superuser']), silent]) assert.equal(await whyNotBy({ asSuperuser: true }, TO, live, 'new'), undefined)
  await assert.rejects(whyNotBy({}, TO, liveOf(() => Promise.reject(new TypeError('a bug'))), 'new'), TypeError)
})

test('X-3 what PostgreSQL did not say counts as no good news', () => {
  assert.deepEqual([ofPostgres('asked:'), ofPostgres('asked:may act as pg_read_server_files')], [[], ['may act as pg_read_server_files']])
  assert.throws(() => ofPostgres(''), Fault)
})

test('G-13 FILE, SUPER and whatever writes the tables of rights are told from ordinary grants of MariaDB', () => {
  const usage = 'GRANT USAGE ON *.* TO `ada`@`%` IDENTIFIED BY PASSWORD \'*X\''
  for (const line of ['GRANT ALL PRIVILEGES ON `shop`.* TO `ada`@`%`', 'GRANT ALL PRIVILEGES ON `my\\_shop`.* TO `ada`@`%`', 'GRANT ALL PRIVILEGES ON `holdfast\\_restore\\_%`.* TO `ada`@`%`', 'GRANT SELECT ON `mysql`.* TO `ada`@`%`', 'GRANT PROCESS, SLAVE MONITOR, SELECT ON *.* TO `ada`@`%`', 'GRANT `role` TO `ada`@`%`']) assert.deepEqual(ofMariadb([usage, line]), [], line)
  for (const line of ['GRANT ALL PRIVILEGES ON *.* TO `ada`@`%` WITH GRANT OPTION', 'GRANT SELECT, FILE ON *.* TO `ada`@`%`', 'GRANT SUPER ON *.* TO `role`', 'GRANT SET USER ON *.* TO `role`', 'GRANT INSERT ON *.* TO `role`', 'GRANT INSERT ON `mysql`.* TO `role`', 'GRANT SELECT, UPDATE ON `mysql`.`global_priv` TO `role`', 'GRANT ALL PRIVILEGES ON `%`.* TO `role`', 'GRANT ALL PRIVILEGES ON `my%`.* TO `role`']) assert.equal(ofMariadb([usage, line]).length, 1, line)
  assert.throws(() => ofMariadb([]), Fault)
})

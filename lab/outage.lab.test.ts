// The first story with a real MariaDB, stopped and started as an operator does it, by the configuration as it is written in the manual.
import test from 'node:test'
import { tellOutage, TITLE } from '../test/story/outage.ts'
import { mariadb } from './servers.ts'

test(`${TITLE} (MariaDB)`, { timeout: 300_000 }, async (t) => {
  const server = await mariadb()
  t.after(() => server.close())
  await tellOutage(t, {
    check: '{ mysql: "${secret:db-url}", query: "select 1" }',
    env: { HOLDFAST_SECRET_DB_URL: `mysql://app:app@127.0.0.1:${server.port}/shop` },
    set: (up) => (up ? server.start() : server.stop()),
  })
})

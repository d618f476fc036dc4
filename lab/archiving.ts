// A real PostgreSQL that archives, with base backups of it and the WAL behind them, in the store of a drilling test. It is set up as a production server
// that would go on archiving, following and shouting wherever it is started.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { hours } from '../src/core/time.ts'
import type { Assertion } from '../src/ports/backup.ts'
import type { Drilling } from './drilling.ts'
import { postgres, type LabServer } from './servers.ts'

export const bin = (name: string): string => path.join('/usr/lib/postgresql', readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a))[0] ?? '', 'bin', name)
/** As the system's postgres, and what it says. */
export const as = (argv: readonly string[], input?: string): Buffer => execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', ...argv], { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 1 << 29, ...(input === undefined ? {} : { input }) })

export const ASSERT: readonly Assertion[] = [{ is: 'sql', sql: 'select count(*) = 5000 from orders' }, { is: 'newest', sql: 'select max(created_at) from orders', within: hours(1) }]
/** What a production server would do, and a restored one must not. */
export const QUIET: Assertion = { is: 'sql', sql: `select current_setting('archive_mode') = 'off' and current_setting('archive_command') in ('', '(disabled)') and current_setting('primary_conninfo') = '' and current_setting('restore_command') = '' and current_setting('shared_preload_libraries') = '' and current_setting('max_logical_replication_workers') = '0' and not pg_is_in_recovery() and not exists (select from pg_event_trigger where evtenabled <> 'D')` }

/** `folder/` (without WAL), `base.tar` (with its own) and `wal/`: 3000 rows when they were made, 5000 at the end of the WAL. */
export async function archiving(it: Drilling): Promise<LabServer> {
  const shop = await postgres()
  try {
    await fill(it, shop)
    return shop
  } catch (cause) {
    await shop.close()
    throw cause
  }
}

async function fill({ nas }: Drilling, shop: LabServer): Promise<void> {
  const sql = (text: string): void => void as([bin('psql'), '-q', '-v', 'ON_ERROR_STOP=1', '-h', `${shop.folder}/run`, '-p', `${shop.port}`, '-U', 'postgres', '-d', 'shop'], text)
  const basebackup = (to: string, ...args: string[]): Buffer => as([bin('pg_basebackup'), '-h', `${shop.folder}/run`, '-p', `${shop.port}`, '-U', 'postgres', '--checkpoint=fast', '-D', to, ...args])
  for (const at of [nas('wal'), nas('folder')]) {
    mkdirSync(at)
    execFileSync('chown', ['postgres:', at])
  }
  appendFileSync(path.join(shop.folder, 'data/pg_hba.conf'), 'local replication postgres trust\n')
  sql(`alter system set archive_mode = always; alter system set archive_command = 'test ! -e ${nas('wal')}/%f && cp %p ${nas('wal')}/%f'; alter system set primary_conninfo = 'host=10.0.0.1 user=replicator';`)
  await shop.stop()
  await shop.start()
  sql(`create table orders (id serial primary key, created_at timestamptz not null default now(), note text); alter table orders owner to app; create index on orders (note);
    insert into orders (note) select repeat(md5(n::text), 10) from generate_series(1, 3000) n;
    create function loud() returns event_trigger language plpgsql as $_$ begin raise exception 'an event trigger ran'; end $_$; alter role app set statement_timeout = '1ms'; alter database shop set search_path = public;`)
  sql('create event trigger loud on ddl_command_start execute function loud()')
  basebackup(nas('folder'), '-X', 'none', '-Fp', '--no-sync')
  writeFileSync(nas('base.tar'), basebackup('-', '-Ft', '-X', 'fetch'))
  // Each in a segment of its own.
  for (let i = 0; i < 4; i++) sql(`insert into orders (note) select repeat(md5(n::text), 10) from generate_series(1, 500) n; select pg_switch_wal()`)
  for (const end = performance.now() + 20_000; readdirSync(path.join(shop.folder, 'data/pg_wal/archive_status')).some((name) => name.endsWith('.ready')); await new Promise((resolve) => setTimeout(resolve, 100))) assert(performance.now() < end, 'WAL was not archived')
  // So that a test may read and change what it holds.
  execFileSync('chmod', ['-R', 'a+rX', nas()])
}

/** Another copy that is like the good one but for what is done to it. */
export function like({ nas }: Drilling, good: string, name: string, change: (at: string) => void): string {
  cpSync(nas(good), nas(name), { recursive: true })
  change(nas(name))
  return name
}

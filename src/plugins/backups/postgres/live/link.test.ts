// How a PostgreSQL that lives is spoken to: by whom somebody names, who is mostly no superuser, and without a password in any argument.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Cell, Ran } from '../../../../ports/backup.ts'
import { linkTo } from './link.ts'

const NAMES = ['initdb', 'pg_amcheck', 'pg_checksums', 'pg_combinebackup', 'pg_controldata', 'pg_ctl', 'pg_dump', 'pg_restore', 'pg_verifybackup', 'pg_waldump', 'postgres', 'psql']

test('a session asks for nothing that only a superuser may set, and no argument holds the password', async () => {
  const ran: (readonly string[])[] = []
  const files: string[] = []
  const cell: Cell = {
    id: 'c', copy: '/given/copy', work: '/work',
    look: (folder) => Promise.resolve(folder === '/usr/lib/postgresql' ? ['15'] : folder.startsWith('/usr/lib/postgresql/15') ? NAMES : []),
    put: (name, text) => (files.push(text), Promise.resolve(`/given/${name}`)),
    run: (argv) => (ran.push(argv), Promise.resolve({ exit: 0, said: '', out: '' } as unknown as Ran)),
    start: () => Promise.reject(new Error('nothing is started')),
  }
  const link = await linkTo(cell, 'postgres://app:a:wo%5Crd@db.internal/shop?sslmode=verify-full')
  await link.run('select 1')
  assert.deepEqual(files, ['*:*:*:*:a\\:wo\\\\rd\n'])
  const [argv = []] = ran
  assert.ok(!argv.join(' ').includes('wo\\rd'))
  // Up to PostgreSQL 15 a session that asks for lc_messages is turned away, unless it is a superuser's.
  assert.deepEqual(argv.filter((it) => it.startsWith('PGOPTIONS=')), ['PGOPTIONS=-c standard_conforming_strings=on'])
})

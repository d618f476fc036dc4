// A room for the crash tests: one projection that counts entries, so that a rebuild has something to compare.
import type { Room } from '../../src/db/room.ts'

export const countRoom: Room = {
  name: 'count',
  tables: 'create table if not exists count_by_stream (stream text primary key, n integer not null, last integer not null) strict, without rowid;',
  projections: ['count_by_stream'],
  apply: {
    'count.counted': (sql, entry) => {
      sql.run(`insert into count_by_stream (stream, n, last) values (?, 1, ?)
        on conflict (stream) do update set n = n + 1, last = excluded.last`, entry.stream, entry.seq)
    },
  },
}

// What a role of PostgreSQL may do beyond its databases: run programs and touch files of the machine, by itself or as a role that it may become.
import { Fault } from '../../../../core/fault.ts'

const ASKED = 'asked:'

/** Names are of `pg_catalog`, so that nobody's own table or function answers. Up to PostgreSQL 15 whoever may make roles may give any role to themselves. */
export const RIGHTS = `select '${ASKED}' || case when (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = session_user) then 'is a superuser' else coalesce((
  select pg_catalog.string_agg(case when r.rolname = session_user then 'may give every role to itself' else 'may act as ' || r.rolname end, ', ' order by r.rolname) from pg_catalog.pg_roles r
  where pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') and (r.rolsuper or r.rolname in ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files')
    or (r.rolcreaterole and pg_catalog.current_setting('server_version_num')::int < 160000))), '') end`

/** Of what it answered; throws a `Fault` where that is no answer. */
export function beyondOf(out: string): readonly string[] {
  if (!out.startsWith(ASKED)) throw new Fault('PostgreSQL did not say what the role may do', 'never')
  const says = out.slice(ASKED.length)
  return says === '' ? [] : [says]
}

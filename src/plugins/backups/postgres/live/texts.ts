// The SQL by which a damaged table is replaced. Names are quoted here, once; nothing in it drops or truncates. What a rename would break is asked for
// by what PostgreSQL itself knows of the table's dependents; the swap asks again under its lock.
import { literal, quoted, sqlName, type TableName } from './section.ts'

const OID = (name: TableName): string => `to_regclass(${literal(sqlName(name))})`

/** A line for each reason why it cannot be replaced by a rename. */
export const whyNot = (name: TableName): string => `
  select 'there is no such table' where ${OID(name)} is null
  union all select 'this server follows another one: restore where it is written' where pg_is_in_recovery()
  union all select x.why from pg_class c cross join lateral (
    select 'it is no plain table' as why where c.relkind <> 'r' or c.relispartition or c.relpersistence <> 'p' or exists (select from pg_inherits where inhrelid = c.oid or inhparent = c.oid)
    union all select 'it has row security' where c.relrowsecurity or exists (select from pg_policy where polrelid = c.oid)
    union all select 'replication tells its rows apart in a way of its own' where c.relreplident not in ('d', 'n')
    union all select 'the foreign key ' || conname || ' of ' || conrelid::regclass || ' holds on to it' from pg_constraint where contype = 'f' and c.oid in (conrelid, confrelid)
    union all select 'the trigger ' || tgname || ' stands on it' from pg_trigger where tgrelid = c.oid and not tgisinternal
    union all select 'the rule ' || rulename || ' stands on it' from pg_rewrite where ev_class = c.oid
    union all select distinct 'the view ' || r.ev_class::regclass || ' holds on to it' from pg_depend d join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and r.ev_class <> c.oid
    union all select distinct 'the function ' || d.objid::regprocedure || ' holds on to it' from pg_depend d where d.classid = 'pg_proc'::regclass and ((d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid) or (d.refclassid = 'pg_type'::regclass and d.refobjid = c.reltype))
    union all select 'its rows are a type that something else uses' where exists (select from pg_depend where refclassid = 'pg_type'::regclass and refobjid in (c.reltype, (select typarray from pg_type where oid = c.reltype)) and deptype = 'n' and classid <> 'pg_proc'::regclass)
    union all select 'the publication ' || p.pubname || ' publishes it' from pg_publication_tables p join pg_namespace n on n.nspname = p.schemaname where n.oid = c.relnamespace and p.tablename = c.relname
    union all select 'it belongs to an extension' where exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
    union all select 'somebody has rights on single columns of it' where exists (select from pg_attribute where attrelid = c.oid and attacl is not null)
  ) x where c.oid = ${OID(name)}`

/** What the living one is, so that another under its name is noticed. */
export const wasOf = (name: TableName): string => `(select oid || ':' || relfilenode from pg_class where oid = ${OID(name)})`

/** Of all rows, in any order. */
export const digestOf = (name: TableName): string => `(select count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from ${sqlName(name)} t)`

/** An empty table like the living one, beside. */
export const sideOf = (live: TableName, side: TableName): string => `
begin;
create schema if not exists ${quoted(side[0])};
create table ${sqlName(side)} (like ${sqlName(live)} including all);
do $hf$ begin
  execute coalesce((select format('alter table %s set (%s)', ${literal(sqlName(side))}, array_to_string(reloptions, ', ')) from pg_class where oid = ${OID(live)} and reloptions is not null), 'select 1');
end $hf$;
commit;
`

/** Columns that rows are written into; generated ones are not. */
export const columnsOf = (name: TableName): string => `select attname from pg_attribute where attrelid = ${OID(name)} and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`

/** So many pages are read at once; fewer where one cannot be read. */
const PIECE = 1024

/**
 * What stands in the damaged one and not in the restored one: read piece by piece, and page by page where a piece fails, so that one bad page hides no other.
 * Prints rows, missing (empty: no key to tell by), the newest time, pages, unread pages, which, and the missing keys. Writes into temporary tables alone.
 */
export function lossOf(live: TableName, side: TableName, keys: readonly string[], times: readonly string[]): string {
  const newest = times.length === 0 ? 'null::timestamptz' : `greatest(${times.map((it) => `o.${quoted(it)}::timestamptz`).join(', ')})`
  const key = keys.length === 0 ? 'null::text' : `concat_ws(', ', ${keys.map((it) => `o.${quoted(it)}::text`).join(', ')})`
  const there = keys.length === 0 ? 'true' : `exists (select from ${sqlName(side)} s where ${keys.map((it) => `s.${quoted(it)} = o.${quoted(it)}`).join(' and ')})`
  return `
set enable_seqscan = off; set statement_timeout = 0; set timezone = 'UTC'; set client_min_messages = error;
create temp table hf_sum (n bigint, missing bigint, newest timestamptz, unread bigint, pages text);
insert into hf_sum values (0, 0, null, 0, '');
create temp table hf_keys (key text);
create function pg_temp.hf_look(a bigint, b bigint) returns void language plpgsql as $f$
declare x bigint; y bigint; t timestamptz; k text[];
begin
  begin
    select count(*), count(*) filter (where not there), max(newest), (array_agg(key) filter (where not there))[1:20] into x, y, t, k from (
      select ${key} as key, ${newest} as newest, ${there} as there from ${sqlName(live)} o where o.ctid >= format('(%s,0)', a)::tid and o.ctid < format('(%s,0)', b)::tid) q;
    update hf_sum set n = n + x, missing = missing + y, newest = greatest(hf_sum.newest, t);
    insert into hf_keys select unnest(k) limit greatest(0, 20 - (select count(*) from hf_keys));
  exception when others then
    if b - a <= 1 then update hf_sum set unread = unread + 1, pages = case when length(pages) < 200 then pages || case when pages = '' then '' else ', ' end || a else pages end;
    else
      perform pg_temp.hf_look(a, (a + b) / 2);
      perform pg_temp.hf_look((a + b) / 2, b);
    end if;
  end;
end $f$;
do $hf$ declare pages bigint := pg_relation_size(${literal(sqlName(live))}::regclass) / current_setting('block_size')::bigint; begin
  for n in 0 .. greatest(0, pages - 1) / ${PIECE} loop perform pg_temp.hf_look(n * ${PIECE}, least(pages, (n + 1) * ${PIECE})); end loop;
end $hf$;
select json_build_object('rows', n, 'missing', ${keys.length === 0 ? 'null::bigint' : 'missing'}, 'newest', to_char(newest, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'unread', unread, 'pages', pages,
  'all', pg_relation_size(${literal(sqlName(live))}::regclass) / current_setting('block_size')::bigint, 'keys', (select coalesce(json_agg(key), '[]') from hf_keys),
  'restored', (select to_char(max(${newest}), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from ${sqlName(side)} o)) from hf_sum;`
}

interface Swapped {
  readonly live: TableName
  readonly side: TableName
  readonly aside: TableName
  readonly was: string
  readonly digest: string
}

/** All of them in one transaction, or none. What was restored gets owner, rights, sequences and comment of what it replaces. */
export const swapOf = (units: readonly Swapped[]): string => `
begin;
set local lock_timeout = '30s';
set local client_min_messages = error;
${[...new Set(units.map(({ aside }) => aside[0]))].map((it) => `create schema if not exists ${quoted(it)};`).join('\n')}
${units.map(oneSwap).join('\n')}
commit;
`

const oneSwap = ({ live, side, aside, was, digest }: Swapped): string => `
lock table ${sqlName(live)}, ${sqlName(side)} in access exclusive mode;
do $hf$
#variable_conflict use_column
declare why text; old oid := ${OID(live)}; new oid := ${OID(side)}; owner name; it record; serials text[] := '{}'; one text; called boolean; last bigint;
begin
  if ${wasOf(live)} is distinct from ${literal(was)} then raise exception 'HF: it is another table by now'; end if;
  if ${digestOf(side)} is distinct from ${literal(digest)} then raise exception 'HF: what was restored beside is not what was agreed on'; end if;
  select string_agg(q.why, '; ') into why from (${whyNot(live)}) q(why);
  if why is not null then raise exception 'HF: %', why; end if;
  select pg_get_userbyid(relowner) into owner from pg_class where oid = old;
  for it in select d.objid::regclass::text as seq, a.attname from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S' join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = old and d.deptype = 'a' loop
    execute format('alter sequence %s owned by none', it.seq);
    serials := serials || format('alter sequence %s owned by %s.%I', it.seq, ${literal(sqlName(live))}, it.attname);
  end loop;
  for it in select attname from pg_attribute where attrelid = old and attidentity <> '' and not attisdropped loop
    execute format('select last_value, is_called from %s', pg_get_serial_sequence(${literal(sqlName(live))}, it.attname)) into last, called;
    perform setval(pg_get_serial_sequence(${literal(sqlName(side))}, it.attname), last, called);
  end loop;
  for it in select distinct case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as who from pg_class c, aclexplode(c.relacl) a where c.oid = new and a.grantee <> c.relowner loop
    execute format('revoke all on %s from %s', ${literal(sqlName(side))}, it.who);
  end loop;
  execute format('alter table %s owner to %I', ${literal(sqlName(side))}, owner);
  for it in select case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as who, a.privilege_type as what, a.is_grantable as on_ from pg_class c, aclexplode(c.relacl) a where c.oid = old loop
    execute format('grant %s on %s to %s%s', it.what, ${literal(sqlName(side))}, it.who, case when it.on_ then ' with grant option' else '' end);
  end loop;
  if obj_description(old, 'pg_class') is not null then execute format('comment on table %s is %L', ${literal(sqlName(side))}, obj_description(old, 'pg_class')); end if;
  execute format('alter table %s set schema %I', ${literal(sqlName(live))}, ${literal(aside[0])});
  execute format('alter table %s set schema %I', ${literal(sqlName(side))}, ${literal(live[0])});
  foreach one in array serials loop execute one; end loop;
end $hf$;`

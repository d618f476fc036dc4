// An archive of pg_dump (custom, tar, directory): its table of contents, read without restoring, and the list of what is restored of it. As with
// plain dumps, what concerns the server it came from is left out; extensions are made beforehand.

/** What `pg_restore --list` says. */
export interface Contents {
  readonly server: string | undefined
  readonly program: string | undefined
  readonly database: string | undefined
  readonly tables: number
  readonly entries: number
  readonly extensions: readonly string[]
  /** For `pg_restore --use-list`. */
  readonly list: string
  readonly leftOut: ReadonlyMap<string, number>
}

/** Why an archive is not one of the database that it should be, for people; nothing where one of the two names is not known. */
export const whyOther = ({ database }: Pick<Contents, 'database'>, wanted: string | undefined): string | undefined =>
  database === undefined || wanted === undefined || database === wanted ? undefined : `this is a dump of the database “${database}”, and the set is one of “${wanted}”: the job that makes it dumps another database, or the file lies in the wrong place`

const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/^EXTENSION /, 'extensions, which were made before'], [/^COMMENT - EXTENSION /, 'extensions, which were made before'],
  [/^EVENT TRIGGER /, 'event triggers'], [/^SUBSCRIPTION(?: TABLE)? /, 'subscriptions'], [/^PUBLICATION(?: TABLE| TABLES IN SCHEMA)? /, 'publications'],
  [/^(?:FOREIGN )?SERVER /, 'foreign servers'], [/^USER MAPPING /, 'foreign servers'], [/^(?:ACL|DEFAULT ACL) /, 'rights'],
  [/^SECURITY LABEL /, 'security labels'], [/^(?:DATABASE|DATABASE PROPERTIES) /, 'settings of the database'],
  [/^COMMENT - (?:EVENT TRIGGER|SUBSCRIPTION|PUBLICATION|SERVER|DATABASE) /, 'comments on them'],
]

export function readContents(text: string): Contents {
  const leftOut = new Map<string, number>()
  const list: string[] = []
  let [tables, entries] = [0, 0]
  const extensions: string[] = []
  for (const line of text.split('\n')) {
    // `dumpId; catalogue oid, oid, what, schema, name, owner`
    const what = /^\d+; \d+ \d+ (.+)$/.exec(line)?.[1]
    if (what === undefined) continue
    entries++
    const extension = /^EXTENSION - (.+?) ?$/.exec(what)?.[1]
    if (extension !== undefined) extensions.push(extension.trim())
    if (/^TABLE (?!DATA )/.test(what)) tables++
    const out = LEFT_OUT.find(([pattern]) => pattern.test(what))?.[1]
    if (out === undefined) list.push(line)
    else leftOut.set(out, (leftOut.get(out) ?? 0) + 1)
  }
  const headers = new Map([...text.matchAll(/^; +([^:\n]+): +(.+?) *$/gm)].toReversed().map(([, name = '', value = '']) => [name, value]))
  const header = (name: string): string | undefined => headers.get(name)
  return {
    server: header('Dumped from database version')?.split(' ')[0], program: header('Dumped by pg_dump version')?.split(' ')[0], database: header('dbname'),
    tables, entries, extensions, list: `${list.join('\n')}\n`, leftOut,
  }
}

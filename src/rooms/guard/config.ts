// The guard room's part of the configuration: stores (where backups lie, by their plugins' own settings) and sets of backups. Secrets stay in
// the settings of stores and of manifests, which the keeper is not given; a set is plain data. Every store that is named exists, and no name of a copy leads
// out of its store.
import { z } from 'zod'
import { readKind, kindsSchema } from '../../config/kind.ts'
import { nameKey, span } from '../../config/piece.ts'
import { everySpot, secretNames, type Reading } from '../../config/reading.ts'
import { secretsIn } from '../../config/secret.ts'
import { helpFor } from '../../config/suggest.ts'
import type { Path, Spot } from '../../config/yaml.ts'
import { isZone } from '../../core/calendar.ts'
import { days, hours, minutes, ms, seconds, type Span } from '../../core/time.ts'
import { databaseText, MYSQL, POSTGRES, readDatabase, tableText } from '../../ports/database.ts'
import type { AnyCatalogue } from '../../ports/catalogue.ts'
import type { AnyStore } from '../../ports/store.ts'
import { wrongFolder } from './drills/application.ts'
import { LONGEST_DRILL } from './drills/limit.ts'
import { readReconciles, reconcileShape, type ReconcileConfigs } from './reconcile/config.ts'
import { readPattern, type Pattern } from './sets/pattern.ts'
import { IN_FOLDER, type Assertion, type BackupSet, type Keep, type Lies } from './sets/set.ts'
import { clashesIn } from './territory.ts'

/** A store with its plugin's settings, credentials included: for the processes that open it. */
export interface StorePlace {
  readonly name: string
  readonly kind: string
  readonly settings: Readonly<Record<string, unknown>>
  /** The credential that deletes, as it is written: by the name of its secret, which the hand alone reads. */
  readonly deletes?: string
}

/** What `holdfast exec` writes down of a source while a copy of it is made, and where it is; with its credentials, for that command alone. */
export interface ManifestPlace {
  readonly set: string
  readonly database?: { readonly kind: 'postgres' | 'mysql'; readonly url: string }
  readonly tables?: readonly string[]
  readonly newest?: string
  /** As written: relative to where the command runs. */
  readonly files: readonly string[]
  /** So long all counting may take, each time. */
  readonly within: Span
}

export interface GuardConfig extends ReconcileConfigs {
  readonly sets: readonly BackupSet[]
  readonly stores: readonly StorePlace[]
  readonly manifests: readonly ManifestPlace[]
  /** Of repositories, by their sets' names; apart from the sets, which are shown and kept. */
  readonly passwords: Readonly<Record<string, string>>
  readonly breakGlass: BreakGlass
}

/** What is used when all else is lost, and by drills that prove that it suffices: credentials by stores, passwords of repositories by sets. */
export interface BreakGlass {
  readonly stores: Readonly<Record<string, string>>
  readonly sets: Readonly<Record<string, string>>
}

/** The key under which every store's settings hold the credential that deletes. */
const DELETING = 'delete'

/** A store that is opened with a credential, and was given none that deletes. */
const isReadOnly = ({ plugin, settings }: { readonly plugin: AnyStore; readonly settings: unknown }, deletes: string | undefined): boolean =>
  DELETING in plugin.config.shape && deletes === undefined && (settings as Readonly<Record<string, unknown>> | undefined)?.[DELETING] === undefined

/** The credential that deletes of a store, where it stands there by the name of a secret. */
function sealedIn(store: Spot | undefined): string | undefined {
  const written = store?.below?.get(DELETING)?.value
  return typeof written === 'string' && secretsIn(written).length > 0 ? written : undefined
}

/** Names of secrets that delete, and do nothing else in this configuration: only the hand reads them (G-15). */
export function sealedNames(root: Spot): ReadonlySet<string> {
  const stores = [...(root.below?.get('stores')?.below ?? [])]
  const sealed = new Set(stores.flatMap(([, store]) => secretsIn(sealedIn(store) ?? '')))
  const isSealed = (path: Path): boolean => path[0] === 'stores' && path[2] === DELETING && path.length === 3
  for (const [path, { value }] of everySpot(root)) if (typeof value === 'string' && !isSealed(path)) for (const name of secretsIn(value)) sealed.delete(name)
  return sealed
}

/** The same without what deletes: all that a process may have that only looks. */
export const forReading = ({ name, kind, settings }: StorePlace): StorePlace =>
  ({ name, kind, settings: Object.fromEntries(Object.entries(settings).filter(([key]) => key !== DELETING)) })

/** What makes copies. Those of a repository lie under its own names; the others are called as the configuration says. */
export const ENGINES = ['postgres', 'mariadb', 'files', 'objects', 'restic', 'pgbackrest', 'borg'] as const

/** The engine whose copy is what lies in a bucket. */
const OBJECTS = 'objects'
/** Whose copies may be those of a whole server. */
const SERVERS: readonly string[] = ['postgres', 'mariadb', 'pgbackrest']
/** Files that stand for the folder around them, which is the copy. */

/** Where in a repository something stands for each copy. */
const REPOSITORIES: Readonly<Record<string, string>> = { restic: 'snapshots/{any}', pgbackrest: 'backup/{any}/{any}/backup.manifest', borg: 'index.{any}' }

const LONGEST: Span = days(366)
const many = z.int().min(1).max(10_000)

const ASKED = /^http:\/\/(?:127\.0\.0\.1|localhost)(?::(?:\{\{port\}\}|[1-9]\d{0,4}))?(?:\/[!-~]*)?$/
// oxlint-disable-next-line no-control-regex -- no word of a command can hold it
const NO_NUL = /^[^\0]*$/

const assertion = z.union([
  z.strictObject({ sql: z.string().min(1).max(10_000).meta({ description: 'One value; true when all is well' }) }),
  z.strictObject({ newest: z.string().min(1).max(10_000).meta({ description: 'The time of the newest row' }), within: span(minutes(1), LONGEST) }),
  z.strictObject({ references: z.string().min(1).max(10_000).meta({ description: 'A query with a column `key`: what has to lie in that store' }), in: nameKey() }),
  z.strictObject({ file: z.string().min(1).max(1000), sha256: z.string().regex(/^(?:[0-9a-f]{64}|from-manifest)$/, '64 hex digits, or from-manifest') }),
  z.strictObject({
    http: z.string().max(1000).regex(ASKED, 'an address on 127.0.0.1, such as http://127.0.0.1:{{port}}/health').meta({ description: 'Asked of the application that is started on what was restored' }),
    status: z.int().min(100).max(599).default(200), body: z.string().min(1).max(1000).optional().meta({ description: 'What its answer has to hold' }),
  }),
])

const word = z.string().min(1).max(4000).regex(NO_NUL, 'text without NUL')
const application = z.strictObject({
  run: z.array(word).min(1).max(100).meta({ description: 'The command, word by word; {{port}}, {{url}} and {{folder}} stand for what is there then' }),
  env: z.record(z.string().regex(/^[A-Za-z_]\w{0,99}$/, 'a name of the environment'), word).default({}),
  folder: z.string().max(500).superRefine((folder, context) => {
    const message = wrongFolder(folder)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  }).optional().meta({ description: 'Where it is installed, when not below /usr' }),
  ready: span(seconds(1), minutes(30)).default(seconds(30)).meta({ description: 'So long it may take until it takes connections' }),
})

const manifestSetting = z.strictObject({
  postgres: databaseText('The database that is backed up', POSTGRES).optional(),
  mysql: databaseText('The database that is backed up', MYSQL).optional(),
  tables: z.array(tableText('Table')).min(1).max(1000).optional().meta({ description: 'Whose rows are counted; all when absent' }),
  newest: z.string().min(1).max(10_000).optional().meta({ description: 'A query for the time of the newest row', examples: ['select max(created_at) from orders'] }),
  files: z.array(z.string().min(1).max(1000)).max(1000).default([]).meta({ description: 'Whose SHA-256 is written down' }),
  within: span(seconds(1), hours(12)).default(minutes(5)).meta({ description: 'How long counting may take, each time' }),
})

const SIZES: Readonly<Record<string, number>> = { MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 }
const size = z.string().regex(/^[1-9]\d{0,5} ?(?:MiB|GiB|TiB)$/, 'a number with MiB, GiB or TiB, such as 64GiB')
  .transform((text) => Number.parseInt(text, 10) * (SIZES[text.slice(-3)] ?? 1)).meta({ description: 'A drill fetches no repository that is larger (64GiB)' })

const setSchema = z.strictObject({
  engine: z.enum(ENGINES).meta({ description: 'What makes the copies' }),
  of: nameKey().optional().meta({ description: 'What it is a copy of; the name of a check, where one is called so' }),
  database: z.string().min(1).max(63).optional().meta({ description: 'Of copies of a whole server: which of its databases `assert` asks; of archives of pg_dump: whose they are' }),
  wal: z.record(nameKey(), z.string().min(1).max(500)).optional().meta({ description: 'Of base backups: the folder where WAL is archived, by store', examples: [{ main: 'pg/wal' }] }),
  in: z.record(nameKey(), z.string()).meta({ description: 'What copies are called, by store', examples: [{ main: 'pg/shop-{date}.dump' }] }),
  every: span(minutes(1), LONGEST).meta({ description: 'How often a new copy is due' }),
  grace: span(minutes(1), LONGEST).optional().meta({ description: 'How much later it is late (a twelfth of `every`, at least 5m)' }),
  escalate: nameKey().default('default').meta({ description: 'The escalation policy' }),
  password: z.string().min(1).max(1000).optional().meta({ secret: true, description: 'Of a repository, by ${secret:…}' }),
  keep: z.strictObject({ last: many.optional(), daily: many.optional(), weekly: many.optional(), monthly: many.optional(), yearly: many.optional(), within: span(hours(1), days(3660)).optional() }).optional(),
  zone: z.string().refine(isZone, 'a zone of the tz database, such as Europe/Berlin').default('UTC').meta({ description: 'Whose days, weeks, months and years `keep` counts' }),
  keep_verified: z.int().min(1).max(1000).default(2).meta({ description: 'So many newer copies that were read whole remain before one may go' }),
  locations: z.int().min(1).max(20).default(1).meta({ description: 'In so many stores' }),
  verified_within: span(hours(1), LONGEST).default(days(30)).meta({ description: 'How old the proof of such a copy may be' }),
  rto: span(minutes(1), LONGEST).optional().meta({ description: 'So long a restore of today’s size may take, by the drills' }),
  drill: z.strictObject({
    every: span(minutes(10), LONGEST).default(days(7)), within: span(minutes(1), LONGEST_DRILL).optional().meta({ description: 'So long one drill may take (four times what the last ones took, at least 30m)' }), assert: z.array(assertion).max(50).default([]), at_most: size.optional(), application: application.optional(),
    from: nameKey().optional().meta({ description: 'The store that is read with its break_glass credential alone' }),
    secret: z.string().min(1).max(1000).optional().meta({ secret: true, description: 'Of a repository there, as it lies behind glass; by ${secret:…}' }),
  }).optional(),
  verify: z.strictObject({ all_within: span(hours(1), LONGEST) }).optional(),
  manifest: manifestSetting.optional(),
})

/** What a store cannot know of itself. */
const whereSchema = z.strictObject({
  offsite: z.boolean().optional().meta({ description: 'It stands somewhere else than what is backed up' }),
  domain: z.string().trim().min(1).max(100).optional().meta({ description: 'What fails together: a site, a provider, an account' }),
  break_glass: z.string().min(1).max(2000).optional().meta({ secret: true, description: 'The credential that lists and reads when all else is lost, in the form of `read`; for drills `from` here alone' }),
})
type Where = Pick<Lies, 'offsite' | 'domain' | 'readOnly' | 'neverRemoves'>

/** Top-level settings of this room, for editors. */
export const guardShape = (stores: readonly AnyStore[], catalogues: readonly AnyCatalogue[]): z.ZodRawShape => ({
  stores: z.record(nameKey(), kindsSchema(stores, ({ config }) => ('read' in config.shape ? whereSchema : whereSchema.omit({ break_glass: true })).shape)).optional(),
  backups: z.record(nameKey(), setSchema).optional(),
  ...reconcileShape(catalogues),
})

/** What the sections are read with. `folder`: of the configuration's file; absent where it is no file. */
export interface GuardWants {
  readonly stores: readonly AnyStore[]
  readonly catalogues: readonly AnyCatalogue[]
  readonly folder?: string
}

/** Reads the room's sections; what is wrong is noted in the reading, and left out of what is given back. */
export function readGuard(reading: Reading, { stores: plugins, catalogues, folder }: GuardWants): GuardConfig {
  const named = reading.named(['stores']).map(([name]) => name)
  const where = new Map<string, Where>()
  const glass = new Map<string, string>()
  const stores = named.flatMap((name): StorePlace[] => {
    const deletes = sealedIn(reading.spot(['stores', name]))
    const read = readKind(reading, ['stores', name], { plugins, beside: () => Object.keys(whereSchema.shape), noun: 'store', asks: 'what it is', ...(deletes !== undefined && { sealed: [DELETING] }) })
    const own = read && reading.secretShape(whereSchema, ['stores', name], Object.keys(whereSchema.shape))
    if (read && own?.break_glass !== undefined && glassFits(reading, name, read, own.break_glass)) glass.set(name, own.break_glass)
    const never = read?.settings === undefined ? undefined : read.plugin.neverRemoves?.({ ...read.settings, ...(deletes !== undefined && { [DELETING]: deletes }) })
    where.set(name, { ...(own?.offsite === undefined ? {} : { offsite: own.offsite }), ...(own?.domain === undefined ? {} : { domain: own.domain }), ...(read !== undefined && isReadOnly(read, deletes) ? { readOnly: true as const } : {}), ...(never === undefined ? {} : { neverRemoves: never }) })
    return read?.settings === undefined ? [] : [{ name, kind: read.plugin.kind, settings: read.settings as Readonly<Record<string, unknown>>, ...(deletes !== undefined && DELETING in read.plugin.config.shape ? { deletes } : {}) }]
  })
  const manifests: ManifestPlace[] = []
  const passwords = new Map<string, string>()
  const secrets = new Map<string, string>()
  const sets = reading.named(['backups']).flatMap(([name]) => readSet(reading, name, { stores: named, where, manifests, passwords, glass, secrets }) ?? [])
  const reconciling = withNever(readReconciles(reading, catalogues, named), where)
  for (const { at, says, help } of clashesIn({ stores, sets, reconciles: reconciling.reconciles, ...(folder !== undefined && { folder }) })) reading.error('HF104', at, says, { help })
  return { stores, sets, manifests, passwords: Object.fromEntries(passwords), breakGlass: { stores: Object.fromEntries(glass), sets: Object.fromEntries(secrets) }, ...reconciling }
}

/** A clean-up in a store where nothing is ever removed says so when it is asked. */
const withNever = (read: ReconcileConfigs, where: ReadonlyMap<string, Where>): ReconcileConfigs => ({
  ...read, reconciles: read.reconciles.map((it) => {
    const never = where.get(it.store)?.neverRemoves
    return never === undefined ? it : { ...it, neverRemoves: never }
  }),
})

function readManifest(reading: Reading, name: string, { postgres, mysql, tables, newest, files, within }: z.output<typeof manifestSetting>, watched: ManifestPlace['database']): ManifestPlace | undefined {
  const at = ['backups', name, 'manifest']
  const url = postgres ?? mysql
  if (postgres !== undefined && mysql !== undefined) return reading.error('HF104', at, `${at.join('.')} names two databases`, { help: 'write postgres or mysql' })
  if (url === undefined && (tables ?? newest) !== undefined && watched === undefined) return reading.error('HF104', at, `${at.join('.')} counts rows, and names no database`, { help: 'write its address: postgres: "${secret:…}", or mysql; or let the set be `of` a check of that database' })
  if (url === undefined && files.length === 0 && (watched === undefined || (tables ?? newest) === undefined)) return reading.error('HF104', at, `${at.join('.')} says nothing of what is to be written down`, { help: 'name a database (postgres, mysql), or files' })
  return {
    set: name, files, within, ...(url === undefined ? {} : { database: { kind: postgres === undefined ? 'mysql' : 'postgres', url } }),
    ...(tables === undefined ? {} : { tables }), ...(newest === undefined ? {} : { newest }),
  }
}

/** What makes copies of which kind of database. */
const SOURCES: Readonly<Record<string, 'postgres' | 'mysql'>> = { postgres: 'postgres', pgbackrest: 'postgres', mariadb: 'mysql' }

/**
 * The database of the check that a set is `of`: nobody has to write the address twice. One that names no database, or another than the one that is asked of a
 * copy, stands for none; nor does one whose secret is not here.
 */
function watchedBy(reading: Reading, { engine, of, database }: Pick<z.output<typeof setSchema>, 'engine' | 'of' | 'database'>): ManifestPlace['database'] {
  const kind = SOURCES[engine]
  if (kind === undefined || of === undefined || typeof reading.spot(['checks', of])?.below?.get(kind)?.value !== 'string') return undefined
  const url = reading.secretShape(z.looseObject({ [kind]: z.string() }), ['checks', of], [kind])?.[kind]
  if (typeof url !== 'string' || url.includes('${secret:')) return undefined
  const found = readDatabase(url, kind === 'postgres' ? POSTGRES : MYSQL)
  return typeof found === 'string' || found.name === '' || (database !== undefined && database !== found.name) ? undefined : { kind, url }
}

/** A file whose hash a drill wants `from-manifest` stands in the manifest, whether that names it or not. */
function withAsserted(place: ManifestPlace, asserts: Drill['assert']): readonly ManifestPlace[] {
  const files = [...new Set([...place.files, ...asserts.flatMap((it) => ('file' in it && it.sha256 === 'from-manifest' ? [it.file] : []))])]
  return files.length === 0 && !place.database ? [] : [{ ...place, files }]
}

/** What lies behind glass has to be another credential than the one that is used every day, of a store that has any. */
function glassFits(reading: Reading, name: string, { plugin, settings }: { readonly plugin: AnyStore; readonly settings: unknown }, glass: string): boolean {
  const at = ['stores', name, 'break_glass']
  const credential = (plugin.config.shape as Readonly<Record<string, z.ZodType>>)['read']
  if (!credential) return reading.error('HF104', at, `${at.join('.')}: a store of kind ${plugin.kind} has no credentials`, { help: 'leave it out' }) ?? false
  if (!credential.safeParse(glass).success) return reading.error('HF104', at, `${at.join('.')} has not the form of read`, { help: 'write it as read is written' }) ?? false
  if ((settings as { readonly read?: unknown } | undefined)?.read === glass) return reading.error('HF104', at, `${at.join('.')} is the credential that reads every day`, { help: 'it proves something only when it is another, kept apart' }) ?? false
  return true
}

type Drill = z.output<typeof setSchema>['drill'] & object
type Asked = Extract<Drill['assert'][number], { readonly http: string }>
const isAsked = (it: Drill['assert'][number]): it is Asked => 'http' in it

/** Why its drills cannot be as they are written; nothing where they can. */
function wrongDrill({ assert: asserts, application: run, from, secret }: Drill, { engine, lies, glass, stores }: { readonly stores: readonly string[]; readonly engine: string; readonly lies: readonly Lies[]; readonly glass: ReadonlyMap<string, string> }): readonly [key: string, says: string, help: string] | undefined {
  const elsewhere = asserts.find((it) => 'references' in it && !stores.includes(it.in))
  if (elsewhere && 'references' in elsewhere) return ['assert', `refers to “${elsewhere.in}”, and there is no such store`, helpFor(elsewhere.in, [...stores], 'store') ?? 'name a store']
  if (asserts.some((it) => 'references' in it) && !SERVERS.includes(engine)) return ['assert', `asks a copy made by ${engine} for references, and it holds no database`, `leave it out; it is for ${SERVERS.join(', ')}`]
  if (engine === OBJECTS && (run || asserts.some((it) => !('file' in it) || it.sha256 === 'from-manifest'))) return [run ? 'application' : 'assert', 'asks of a bucket what only files with a hash can be asked', 'such as { file: 2026/logo.png, sha256: … }, by its name below the folder']
  if (asserts.some(isAsked) && !run) return ['assert', 'asks an application by http, and none is started', 'say how it is started: application: { run: [/usr/bin/shop, --port, "{{port}}"] }']
  if (run && !asserts.some(isAsked)) return ['application', 'starts an application, and asks it nothing', 'ask it: assert: [ { http: "http://127.0.0.1:{{port}}/health" } ]']
  if (secret !== undefined && (from === undefined || !(engine in REPOSITORIES))) return ['secret', 'is the password of a repository in the store that drills come from', 'leave it out, or name that store: from']
  if (from === undefined) return undefined
  const place = lies.find(({ store }) => store === from)
  if (!place) return ['from', `names “${from}”, where no copy of the set lies`, 'name one of its stores']
  if (place.offsite !== true) return ['from', `names “${from}”, which is not off-site`, 'mark the store: offsite: true']
  return glass.has(from) ? undefined : ['from', `names “${from}”, which has no break_glass credential`, 'give the store one of its own: break_glass: "${secret:…}"']
}

const drillOf = ({ every, within, assert: asserts, at_most, application: run, from }: Drill): BackupSet['drill'] & object => ({
  every, ...(within === undefined ? {} : { within }), assert: asserts.flatMap((it) => (isAsked(it) ? [] : [assertionOf(it)])), ...(at_most === undefined ? {} : { atMost: at_most }), ...(from === undefined ? {} : { from }),
  ...(run ? { application: { run: run.run, env: run.env, ready: run.ready, ...(run.folder === undefined ? {} : { folder: run.folder }) }, http: asserts.filter(isAsked).map(({ http, status, body }) => ({ http, status, ...(body === undefined ? {} : { body }) })) } : {}),
})

interface SetWants {
  readonly stores: readonly string[]
  readonly where: ReadonlyMap<string, Where>
  readonly manifests: ManifestPlace[]
  readonly passwords: Map<string, string>
  readonly glass: ReadonlyMap<string, string>
  readonly secrets: Map<string, string>
}

function readSet(reading: Reading, name: string, { stores, where, manifests, passwords, glass, secrets }: SetWants): BackupSet | undefined {
  const path = ['backups', name]
  if (!reading.map(path)) return undefined
  const read = reading.secretShape(setSchema, path)
  if (!read) return undefined
  const lies = Object.entries(read.in).flatMap(([store, text]): Lies[] => {
    const at = [...path, 'in', store]
    if (!stores.includes(store)) return reading.error('HF111', at, `${path.join('.')} lies in “${store}”, and there is no such store`, { on: 'key', help: () => helpFor(store, [...stores], 'store') }) ?? []
    const pattern = patternOf(read.engine, text)
    if ('says' in pattern) return reading.error('HF104', at, `${at.join('.')}: ${pattern.says}`, { help: 'such as pg/shop-{date}.dump' }) ?? []
    if (read.engine === OBJECTS && read.keep) return reading.error('HF104', [...path, 'keep'], `${path.join('.')}.keep: what lies in “${store}” is one copy, and nothing of it goes by a rule`, { help: 'leave keep out; who writes there says what goes' }) ?? []
    if (IN_FOLDER.test(text) && read.keep) return reading.error('HF104', [...path, 'keep'], `${path.join('.')}.keep: its copies in “${store}” are folders, and of a folder nothing is removed`, { help: 'leave keep out, or keep each copy in one file: pg_basebackup -D - -Ft -X fetch' }) ?? []
    const wal = read.wal?.[store]
    return [{ store, pattern, ...where.get(store), ...(read.engine in REPOSITORIES && { repository: `${text.replace(/\/+$/, '')}/` }), ...(read.engine === OBJECTS && { objects: pattern.prefix }), ...(wal === undefined ? {} : { wal: `${wal.replace(/\/+$/, '')}/` }) }]
  })
  checkServer(reading, path, read)
  if (read.locations > Object.keys(read.in).length) return reading.error('HF104', [...path, 'locations'], `${path.join('.')} lies in ${Object.keys(read.in).length}, and wants copies in ${read.locations} stores: nothing could ever go`, { help: 'name more stores, or fewer locations' })
  const watched = watchedBy(reading, read)
  const place = read.manifest ? readManifest(reading, name, read.manifest, watched) : { set: name, files: [], within: minutes(5) }
  const source = place?.database ?? watched
  if (place) manifests.push(...withAsserted({ ...place, ...(source ? { database: source } : {}) }, read.drill?.assert ?? []))
  if (Object.keys(read.in).length === 0) return reading.error('HF104', [...path, 'in'], `${path.join('.')} lies nowhere`, { help: 'name a store, and what copies are called there: in: { main: "pg/shop-{date}.dump" }' })
  const asks = reading.spot([...path, 'drill', 'application'])
  if (asks && secretNames(asks).size > 0) return reading.error('HF104', [...path, 'drill', 'application'], `${path.join('.')}.drill.application names a secret: a copy that is restored could read it`, { help: 'in a cell it reaches nothing that would want one' })
  const wrong = read.drill && wrongDrill(read.drill, { engine: read.engine, lies, glass, stores })
  if (wrong) return reading.error('HF104', [...path, 'drill', wrong[0]], `${path.join('.')}.drill ${wrong[1]}`, { help: wrong[2] })
  const set: BackupSet = {
    name, engine: read.engine, in: lies, every: read.every, grace: read.grace ?? ms(Math.max(minutes(5), Math.floor(read.every / 12))), escalate: read.escalate, from: reading.place(path),
    ...(read.of === undefined ? {} : { of: read.of }), ...(read.database === undefined ? {} : { database: read.database }), ...(read.keep ? { keep: written(read.keep), retention: { zone: read.zone, keepVerified: read.keep_verified, locations: read.locations, verifiedWithin: read.verified_within } } : {}),
    ...(read.rto === undefined ? {} : { rto: read.rto }), ...(read.drill ? { drill: drillOf(read.drill) } : {}),
    ...(read.verify ? { verify: { allWithin: read.verify.all_within } } : {}),
  }
  if (read.password !== undefined) passwords.set(name, read.password)
  if (read.drill?.secret !== undefined) secrets.set(name, read.drill.secret)
  return set
}

function checkServer(reading: Reading, path: readonly string[], { engine, database, wal, in: lies }: z.output<typeof setSchema>): void {
  if (database !== undefined && !SERVERS.includes(engine)) reading.error('HF104', [...path, 'database'], `${path.join('.')}.database: a copy made by ${engine} holds no databases`, { help: `leave it out; it is for ${SERVERS.join(', ')}` })
  if (wal === undefined) return
  const at = [...path, 'wal']
  if (engine !== 'postgres') reading.error('HF104', at, `${at.join('.')}: WAL lies behind base backups of PostgreSQL alone`, { help: 'leave it out' })
  for (const [store, folder] of Object.entries(wal)) {
    if (!Object.hasOwn(lies, store)) reading.error('HF104', [...at, store], `${at.join('.')} names “${store}”, where no copy of this set lies`, { help: 'a copy is proven by what lies in its own store: name one of `in`' })
    if (/^\/|[{}\0\n\r]/.test(folder) || folder.split('/').some((part) => part === '.' || part === '..')) reading.error('HF104', [...at, store], `${at.join('.')}: “${folder}” is no folder in a store`, { help: 'such as pg/wal' })
  }
}

/** Without what was not written. */
const written = (keep: { readonly [Key in keyof Keep]?: Keep[Key] | undefined }): Keep => Object.fromEntries(Object.entries(keep).filter(([, value]) => value !== undefined))

const assertionOf = (it: Exclude<z.output<typeof assertion>, { http: string }>): Assertion =>
  'sql' in it ? { is: 'sql', sql: it.sql } : 'newest' in it ? { is: 'newest', sql: it.newest, within: it.within } : 'references' in it ? { is: 'references', sql: it.references, in: it.in } : { is: 'file', file: it.file, sha256: it.sha256 }

function patternOf(engine: string, text: string): Pattern | { readonly says: string } {
  if (engine === OBJECTS) {
    if (text === '/') return { text, prefix: '' }
    return text.includes('{') || !text.endsWith('/') ? { says: 'what is itself the copy is named by its folder, such as media/, or / for all that lies there' } : readPattern(text)
  }
  const inside = REPOSITORIES[engine]
  if (inside === undefined) return readPattern(text)
  if (text.includes('{')) return { says: `a repository of ${engine} is named by its folder alone` }
  return readPattern(`${text.replace(/\/+$/, '')}/${inside}`)
}

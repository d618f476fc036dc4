// The configuration as a whole: the files are read once, every room reads its own sections, references between rooms are judged
// here, and either all of it is accepted or none. What is accepted is plain data; its version is the hash of its canonical
// form, in which secrets stand as names. A secret that changes changes no version, so a reload hands everything over again.
import { resolve, dirname } from 'node:path'
import { COMMAND_LINE, decode, mergeFiles, readFiles } from '../config/files.ts'
import { renderFindings, type Finding } from '../config/finding.ts'
import { nodeShape, readDeadMan, readIngest, readSignIn, readSite, readVersion, type DeadMan, type Ingest, type Provider, type Site } from '../config/node.ts'
import { notebook, type Notes } from '../config/notes.ts'
import { readingOf, secretNames, type Reading } from '../config/reading.ts'
import { jsonSchemaOf } from '../config/schema.ts'
import { findSecrets, loadSecrets, type Environment } from '../config/secret.ts'
import { readGiven } from '../config/starter.ts'
import { helpFor, suggest } from '../config/suggest.ts'
import { plainOf, sourceOf, type Spot } from '../config/yaml.ts'
import { sha256 } from '../core/id.ts'
import { canonical as canonicalText } from '../core/ledger.ts'
import { leadsTo, type AnyChannel } from '../ports/channel.ts'
import type { AnyProbe } from '../ports/probe.ts'
import type { AnyCatalogue } from '../ports/catalogue.ts'
import type { AnyDriver } from '../ports/driver/driver.ts'
import type { AnyStore } from '../ports/store.ts'
import { changeShape, readChange, readWays, standingNames, type ChangeConfig } from '../rooms/change/config.ts'
import { readTargets, type TargetPlace } from '../rooms/change/targets.ts'
import type { Way } from '../rooms/change/heard/asking.ts'
import { guardShape, readGuard, sealedNames, type BreakGlass, type ManifestPlace, type StorePlace } from '../rooms/guard/config.ts'
import type { CataloguePlace } from '../rooms/guard/reconcile/config.ts'
import type { ReconcileConfig } from '../rooms/guard/reconcile/task.ts'
import type { BackupSet } from '../rooms/guard/sets/set.ts'
import { pageShape, readPage, type PageConfig } from '../rooms/page/config.ts'
import type { Plan } from '../rooms/page/plan.ts'
import { readTell, tellShape, type BoardConfig } from '../rooms/tell/config.ts'
import type { Check } from '../rooms/watch/check.ts'
import { looksAtItself, readWatch, watchShape, type Horizon } from '../rooms/watch/config.ts'

export interface Plugins {
  readonly probes: readonly AnyProbe[]
  readonly channels: readonly AnyChannel[]
  /** Where there are none, the configuration knows no stores. */
  readonly stores?: readonly AnyStore[]
  readonly catalogues?: readonly AnyCatalogue[]
  /** Where there are none, runbooks know no deed but a person's. */
  readonly drivers?: readonly AnyDriver[]
}

export interface Accepted {
  /** SHA-256 of the canonical form. */
  readonly version: string
  /** As written, files and command line put together, secrets as names; what depends on the order of the file is a list. */
  readonly canonical: unknown
  readonly site: Site
  readonly checks: readonly Check[]
  /** Without covers: those are not configuration. Secrets are resolved in it. */
  readonly plan: Plan
  /** In the order of the file; the first answers at the root. */
  readonly boards: readonly BoardConfig[]
  readonly horizon: Horizon
  readonly ingest: readonly Ingest[]
  readonly deadMan?: DeadMan
  readonly signIn?: { readonly oidc: Provider }
  /** Sets of backups, without a secret. */
  readonly backups: readonly BackupSet[]
  /** With their credentials: for the processes that open them, and for no other. */
  readonly stores: readonly StorePlace[]
  /** How `holdfast exec` reaches what is backed up, with credentials: for that command, and for no process. */
  readonly manifests: readonly ManifestPlace[]
  /** Buckets that are held against the rows of a database, without a secret. */
  readonly reconciles: readonly ReconcileConfig[]
  /** With their credentials, as the stores. */
  readonly catalogues: readonly CataloguePlace[]
  /** Of repositories, by their sets' names: for the guard process, and for no other. */
  readonly passwords: Readonly<Record<string, string>>
  /** What is used when all else is lost, and by drills from there. */
  readonly breakGlass: BreakGlass
  /** What drivers act on, with credentials: for the process that carries out a deed, and for no other. */
  readonly targets: readonly TargetPlace[]
  /** Hosts, clusters and runbooks, without a secret. */
  readonly change: ChangeConfig
  /** How members of clusters are asked, with credentials: for the scout, and for no other process. */
  readonly ways: Readonly<Record<string, Way>>
  /** By the name of each channel: the hosts that its messages are handed to. */
  readonly leads: Readonly<Record<string, readonly string[]>>
  readonly warnings: readonly Finding[]
}

/** The same for processes that open no store: without a credential of any, of what is backed up, and without passwords of repositories. */
export const withoutCredentials = (config: Accepted): Accepted => ({ ...config, stores: [], catalogues: [], targets: [], manifests: [], passwords: {}, ways: {}, breakGlass: { stores: {}, sets: {} } })

export type Loaded =
  | { readonly is: 'accepted'; readonly config: Accepted }
  | { readonly is: 'refused'; readonly findings: readonly Finding[]; readonly rendered: string }

export interface LoadWants extends Plugins {
  /** The file, with `conf.d/*.yaml` and `secrets/` beside it; findings name it as it is given here. */
  readonly file?: string
  /** Instead of reading files: their text. `file` then only names it, and says what folders are relative to. */
  readonly text?: string
  /** Addresses of the command line: they count as written in the configuration. */
  readonly urls?: readonly string[]
  readonly env: Environment
  /** Secrets are read of this set of backups alone; where others stand nothing is judged, and what needs them is left out. */
  readonly secretsOf?: string
  /** The data folder, where it is known: nothing is published into it. */
  readonly data?: string
  /** For `site.url` where the file has none; 7400 when absent. */
  readonly port?: number
}

/** Where secrets may stand: what is in these sections is never shown. */
const SECRET_SECTIONS = ['channels', 'checks', 'ingest', 'dead_man', 'sign_in', 'stores', 'backups', 'catalogues', 'clusters', 'targets']

/** Reads, judges and puts together the whole configuration. Never throws for what stands in it. */
export async function loadConfig(wants: LoadWants): Promise<Loaded> {
  const notes = notebook()
  const file = wants.file ?? 'holdfast.yaml'
  const text = wants.text === undefined ? undefined : decode(Buffer.from(wants.text), file, notes.error)
  const sources = wants.text === undefined ? await readFiles(file, notes.error, notes.warn) : text ? [text] : []
  const written = sources.length > 0 ? mergeFiles(sources, notes.error) : undefined
  if (!written) return refusal(notes)
  const root = withGiven(asMeant(written, Object.keys(shapeOf(wants))), wants.urls ?? [], notes)
  const folder = wants.file === undefined ? undefined : dirname(wants.file)
  const secrets = await secretsFor(root, wants.secretsOf, { env: wants.env, folder })
  const reading = readingOf({ root, notes, secrets, secretSections: SECRET_SECTIONS })
  const config = assemble(reading, root, { ...wants, file: resolve(file) })
  if (notes.findings('error').length > 0) return refusal(notes)
  return { is: 'accepted', config: { ...config, warnings: notes.findings('warning') } }
}

/** Of one set: its own, and those of the check that it is `of`, whose address may stand for its source; of the check only what is there. */
async function secretsFor(root: Spot, set: string | undefined, places: Parameters<typeof loadSecrets>[1]): Promise<Awaited<ReturnType<typeof loadSecrets>>> {
  if (set === undefined) {
    // What deletes is looked for and read by nobody but the hand (G-15).
    const sealed = [...sealedNames(root)]
    return new Map([...await findSecrets(sealed, places), ...await loadSecrets([...secretNames(root)].filter((name) => !sealed.includes(name)), places)])
  }
  const wanted = root.below?.get('backups')?.below?.get(set)
  const of = wanted?.below?.get('of')?.value
  const check = typeof of === 'string' ? root.below?.get('checks')?.below?.get(of) : undefined
  const own = await loadSecrets(wanted ? secretNames(wanted) : [], places)
  const others = await loadSecrets(check ? secretNames(check) : [], places)
  return new Map([...[...others].filter(([, secret]) => secret.is === 'found'), ...own])
}

/** The JSON Schema of the file with these plugins, for editors. */
export const fileSchema = (plugins: Plugins): Record<string, unknown> => jsonSchemaOf(shapeOf(plugins))

const shapeOf = ({ probes, channels, stores = [], catalogues = [], drivers = [] }: Plugins): Parameters<typeof jsonSchemaOf>[0] => ({
  ...nodeShape, ...watchShape(probes), ...pageShape(channels), ...tellShape, ...guardShape(stores, catalogues), ...changeShape(drivers),
})

function refusal(notes: Notes): Loaded {
  const findings = notes.findings('error')
  return { is: 'refused', findings, rendered: renderFindings(findings) }
}

function assemble(reading: Reading, root: Spot, wants: LoadWants & { readonly file: string }): Omit<Accepted, 'warnings'> {
  reading.onlyKnown([], Object.keys(shapeOf(wants)))
  readVersion(reading)
  const site = readSite(reading, { name: 'Holdfast', url: `http://localhost:${wants.port ?? 7400}`, timezone: 'UTC' })
  const watch = readWatch(reading, wants.probes, site.timezone, standingNames(reading))
  const page = readPage(reading, wants.channels, site.timezone)
  const boards = readTell(reading, { file: wants.file, siteName: site.name, checks: watch.names, ...(wants.data === undefined ? {} : { data: resolve(wants.data) }) })
  const ingest = readIngest(reading)
  const deadMan = readDeadMan(reading)
  const signIn = readSignIn(reading)
  const guard = readGuard(reading, { stores: wants.stores ?? [], catalogues: wants.catalogues ?? [], ...(wants.text === undefined && { folder: dirname(wants.file) }) })
  const change = readChange(reading, { checks: watch.names, timezone: site.timezone, ...namesFor(reading) }, wants.drivers ?? [])
  const targets = readTargets(reading, wants.drivers ?? [])
  judgePolicies(reading, watch.names, ingest)
  if (looksAtItself(site.url) && Object.keys(page.people).length > 0) {
    const help = 'set site.url to the address under which their phones reach Holdfast'
    reading.warn('HF154', ['site', 'url'], `links in pages would lead to ${site.url}, which is this machine only`, { help })
  }
  const canonical = canonicalOf(root, page)
  const version = sha256(canonicalText(canonical))
  const leads = Object.fromEntries(Object.entries(page.channels).map(([name, it]) => [name, leadsTo(it, wants.channels)]))
  const plan: Plan = { ...page, version, covers: [], site }
  return { version, canonical, site, checks: watch.checks, plan, boards, horizon: watch.horizon, ingest, backups: guard.sets, stores: guard.stores, reconciles: guard.reconciles, catalogues: guard.catalogues, passwords: guard.passwords, breakGlass: guard.breakGlass, manifests: guard.manifests, change, ways: readWays(reading, change.clusters), targets, leads, ...(deadMan ? { deadMan } : {}), ...(signIn ? { signIn } : {}) }
}

/** What runbooks name of other sections: those with findings included, so that one mistake is told once. */
function namesFor(reading: Reading): Pick<Parameters<typeof readChange>[1], 'backups' | 'people' | 'rotations' | 'boards'> {
  const names = (section: string): string[] => reading.named([section]).map(([name]) => name)
  const of = (value: unknown): string[] => (typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : [])
  const rotations = names('oncall').map((name) => [name, of(reading.spot(['oncall', name, 'people'])?.value)])
  const boards = names('status_pages').map((name) => [name, [...(reading.spot(['status_pages', name, 'components'])?.below?.keys() ?? [])].map(String)])
  return { backups: names('backups'), people: names('people'), rotations: Object.fromEntries(rotations) as Record<string, string[]>, boards: Object.fromEntries(boards) as Record<string, string[]> }
}

/** Every policy that something escalates to exists; one that nothing escalates to is pointed out. `default` always exists. */
function judgePolicies(reading: Reading, checks: readonly string[], ingest: readonly Ingest[]): void {
  const written = reading.named(['escalation']).map(([name]) => name)
  const policies = new Set([...written, 'default'])
  const used = new Set(['default'])
  const ways = [['ingest', 'pagerduty'], ...ingest.filter(({ name }) => name !== 'pagerduty').map(({ via, name }) => ['ingest', via, name])]
  for (const place of [['defaults', 'check'], ...checks.map((name) => ['checks', name]), ...reading.named(['backups']).map(([name]) => ['backups', name]), ...reading.named(['reconcile']).map(([name]) => ['reconcile', name]), ...ways]) {
    const path = [...place, 'escalate']
    const policy = reading.spot(path)?.value
    if (typeof policy !== 'string') continue
    used.add(policy)
    if (policies.has(policy)) continue
    reading.error('HF111', path, `${place.join('.')} escalates to “${policy.slice(0, 63)}”, and there is no such policy`, { help: () => helpFor(policy, [...policies], 'policy') })
  }
  for (const name of written) {
    if (!used.has(name)) reading.warn('HF153', ['escalation', name], `nothing escalates to “${name}”`, { on: 'key', help: 'write escalate: … at a check, or remove it' })
  }
}

/** A section with a slip in its name is judged as the one that was meant, so that one slip is one finding. */
function asMeant(root: Spot, known: readonly string[]): Spot {
  const below = new Map(root.below)
  for (const [name, spot] of root.below ?? []) {
    const meant = known.includes(String(name)) ? undefined : suggest(String(name), known)
    if (meant !== undefined && !below.has(meant)) below.set(meant, spot)
  }
  return { ...root, below }
}

/** The tree with the addresses of the command line as checks; one that a check looks at already is not doubled. */
function withGiven(root: Spot, urls: readonly string[], notes: Notes): Spot {
  const checks = root.below?.get('checks')
  if (urls.length === 0 || Array.isArray(checks?.value)) return root
  const below = new Map(checks?.below)
  for (const text of urls) {
    const source = sourceOf(COMMAND_LINE, text)
    const mark = { source, start: 0, end: text.length }
    const given = readGiven(text, new Set([...below.keys()].map(String)))
    if ('says' in given) {
      notes.error('HF123', mark, [], `${given.says}`, 'such as: holdfast up https://example.com')
      continue
    }
    const watched = [...below.values()].some((check) => sameAddress(check.below?.get('http')?.value, given.url))
    if (watched) continue
    const http: Spot = { key: mark, mark, value: given.url, below: undefined }
    const settings = new Map<string | number, Spot>([['http', http]])
    below.set(given.name, { key: mark, mark, value: plainOf(settings, true), below: settings })
  }
  const section: Spot = { key: checks?.key, mark: checks?.mark ?? root.mark, value: plainOf(below, true), below }
  const sections = new Map([...(root.below ?? []), ['checks', section] as const])
  return { ...root, value: plainOf(sections, true), below: sections }
}

const sameAddress = (written: unknown, url: string): boolean =>
  typeof written === 'string' && URL.canParse(written) && new URL(written).href === new URL(url).href

/** As written, empty sections left out; order that means something (pages, components, ladders by default) made explicit. */
function canonicalOf(root: Spot, { people }: PageConfig): unknown {
  const sections = [...(root.below ?? [])].filter(([, { value }]) => value !== null)
  return Object.fromEntries(sections.map(([name, spot]) => {
    if (name === 'people') return [name, Object.fromEntries([...(spot.below ?? [])].map(([person, at]) => [person, withReach(at.value, people[person])]))]
    if (name === 'status_pages') return [name, listOf(spot, (page) => partsOf(page))]
    return [name, spot.value]
  }))
}

const withReach = (written: unknown, person: PageConfig['people'][string] | undefined): unknown => {
  const settings = { ...(written as Record<string, unknown> | null) }
  return 'reach' in settings ? settings : { ...settings, reach: person?.reach.map(({ channel }) => channel) ?? [] }
}

const listOf = (spot: Spot, value: (inner: Spot) => unknown): unknown => [...(spot.below ?? [])].map(([name, inner]) => [name, value(inner)])

const partsOf = (page: Spot): unknown =>
  page.below ? Object.fromEntries([...page.below].map(([key, inner]) => [key, key === 'components' ? listOf(inner, ({ value }) => value) : inner.value])) : page.value

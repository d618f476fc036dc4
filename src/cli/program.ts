// The grammar: `holdfast <noun> <verb> [name…] [--flags]`, with short verbs for the night. Help shows examples first. Each command
// is loaded when it is called, and not before: `holdfast ack` needs no zod.
import { Command as Verb, InvalidArgumentError, Option } from 'commander'
import type { Command } from './session.ts'

type Load = () => Promise<Command>
type Perform = (named: string, load: Load, args: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<void>

interface Leaf {
  /** `show <name>` */
  readonly usage: string
  readonly says: string
  readonly examples: readonly string[]
  readonly load: Load
  readonly options?: readonly Option[]
}

const option = (flags: string, says: string): Option => new Option(flags, says)
const message = option('-m, --message <text>', 'the message; "-" reads it from stdin').makeOptionMandatory()
const SCOPES = ['read', 'ack', 'backup', 'write', 'admin']
function gatherScope(value: string, before: readonly string[]): readonly string[] {
  if (!SCOPES.includes(value)) throw new InvalidArgumentError(`It is one of ${SCOPES.join(', ')}.`)
  return [...before, value]
}

/** Loads one command of a file of commands. */
const from = <Name extends string>(load: () => Promise<Readonly<Record<Name, Command>>>, name: Name): Load => async () => (await load())[name]

const incidents = (name: 'list' | 'show' | 'ack' | 'pass' | 'update' | 'assign' | 'resolve' | 'page'): Load => from(() => import('./commands/incidents.ts'), name)
const checks = (name: 'list' | 'show' | 'run' | 'silence' | 'pause' | 'resume'): Load => from(() => import('./commands/checks.ts'), name)
const oncall = (name: 'now' | 'show' | 'cover' | 'test'): Load => from(() => import('./commands/oncall.ts'), name)
const board = (name: 'show' | 'post' | 'hold' | 'publish' | 'announce' | 'begin' | 'complete' | 'cancel'): Load => from(() => import('./commands/board.ts'), name)
const approvals = (name: 'list' | 'show' | 'ask'): Load => from(() => import('./commands/approvals.ts'), name)
const backups = (name: 'list' | 'show' | 'verify' | 'plan' | 'hold' | 'acceptGone' | 'acceptMost'): Load => from(() => import('./commands/backups.ts'), name)
const keep = (name: 'closeBreaker' | 'apply' | 'arm' | 'disarm' | 'purge' | 'release'): Load => from(() => import('./commands/guard/keep.ts'), name)
const reconcile = (name: 'plan' | 'show'): Load => from(() => import('./commands/guard/reconcile.ts'), name)
const acts = (name: 'accept' | 'apply' | 'arm' | 'closeBreaker' | 'disarm' | 'purge' | 'release'): Load => from(() => import('./commands/guard/acts.ts'), name)
const runbooks = (name: 'list' | 'plan'): Load => from(() => import('./commands/change/runbooks.ts'), name)
const runs = (name: 'run' | 'show' | 'halt' | 'abort' | 'undo' | 'resume' | 'handOver'): Load => from(() => import('./commands/change/runs.ts'), name)
const tokens = (name: 'create' | 'list' | 'revoke'): Load => from(() => import('./commands/tokens.ts'), name)
const people = (name: 'list' | 'invite' | 'recover' | 'firstOwner' | 'enrol' | 'grant' | 'signOut' | 'audit'): Load => from(() => import('./commands/people.ts'), name)
const ledger = (name: 'verify' | 'rebuild'): Load => from(() => import('./commands/ledger.ts'), name)
const configuration = (name: 'validate' | 'schema' | 'explain'): Load => from(() => import('./commands/configuration.ts'), name)

const gatherPerson = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value]
/** Who is asked, and for how long; whoever asks waits. */
const asking = (): Option[] => [
  option('--of <person>', 'one of the two who are asked; repeat it. Not needed where only two may approve').argParser(gatherPerson), option('--lapses <time>', 'after this time it is void: 30m, 4h, up to 24h (4h)'), option('--no-wait', 'print the id, and do not wait'),
]

const note = option('-m, --message <text>', 'a line for the timeline; "-" reads it from stdin')

const said = option('-m, --message <text>', 'what the public reads; "-" reads it from stdin')

const TOP: readonly Leaf[] = [
  { usage: 'status [check]', says: 'what is down and who has it; exit 3 when something is', examples: ['holdfast status', 'holdfast status db --json'], load: from(() => import('./commands/status.ts'), 'status') },
  { usage: 'ack [incident]', says: 'take an incident; without a name the only open one', examples: ['holdfast ack', 'holdfast ack 212 -m "Looking at the disk"', 'holdfast ack db --as ada'], load: incidents('ack'), options: [note] },
  { usage: 'page <who>', says: 'page a person', examples: ['holdfast page ada -m "The migration hangs; please call me"'], load: incidents('page'), options: [message] },
  {
    usage: 'ping <heartbeat>', says: 'report a run of a heartbeat, by its name, address or id', examples: ['holdfast ping invoices', './invoices.sh; holdfast ping invoices --exit $?', 'holdfast ping invoices --start'],
    load: from(() => import('./commands/ping.ts'), 'ping'),
    options: [option('--start', 'it began'), option('--fail', 'it failed'), option('--log', 'a line for its log, no verdict'), option('--exit <code>', 'its exit code: 0 is success'), option('--rid <uuid>', 'which run it was, where several overlap'), note],
  },
  {
    usage: 'exec <command...>', says: 'run a command that makes a backup, and take down what its source holds in the same moment; its exit code is ours',
    examples: ['holdfast exec --backup shop -- pg_dump --snapshot={{snapshot}} -Fc -f shop.dump shopdb', 'holdfast exec --backup panel -- tar -caf panel.tar.zst etc/panel.conf'],
    load: from(() => import('./exec/exec.ts'), 'exec'), options: [option('--backup <set>', 'the set of backups that it makes a copy of').makeOptionMandatory()],
  },
  {
    usage: 'audit', says: 'what was done about people and by them: sign-ins, refusals, roles, factors, approvals', examples: ['holdfast audit --person ada --since 7d', 'holdfast audit --json=lines'],
    load: people('audit'), options: [option('--person <person>', 'only what concerns them'), option('--since <time>', 'how far back (7d)')],
  },
  { usage: 'validate [file]', says: 'read the configuration and say everything that is wrong with it; exit 2 when something is', examples: ['holdfast validate', 'holdfast validate staging.yaml --json'], load: configuration('validate') },
  { usage: 'schema', says: 'the JSON Schema of the configuration, for editors', examples: ['holdfast schema > holdfast.schema.json'], load: configuration('schema') },
  { usage: 'explain <code>', says: 'what stands behind a code', examples: ['holdfast explain HF101'], load: configuration('explain') },
  { usage: 'doctor', says: 'what is still missing before one may sleep', examples: ['holdfast doctor'], load: from(() => import('./commands/doctor.ts'), 'doctor') },
]

const NOUNS: readonly { readonly noun: string; readonly says: string; readonly verbs: readonly Leaf[] }[] = [
  {
    noun: 'checks', says: 'what is watched',
    verbs: [
      { usage: 'list', says: 'all checks, failing ones first', examples: ['holdfast checks list', 'holdfast checks list --json=lines'], load: checks('list') },
      { usage: 'show <check>', says: 'one check, and why it is thought to be so', examples: ['holdfast checks show db', 'holdfast checks show job --pings 20'], load: checks('show'), options: [option('--pings <n>', 'of a heartbeat: so many of its newest pings (5)')] },
      { usage: 'run <check>', says: 'look now; exit 3 when it does not pass', examples: ['holdfast checks run db'], load: checks('run') },
      {
        usage: 'silence <check>', says: 'page nobody for it for a while; it is still watched and shown', examples: ['holdfast checks silence db --for 2h -m "Moving the disk"'],
        load: checks('silence'), options: [option('--for <time>', 'how long: 30m, 2h, 1d').makeOptionMandatory(), message],
      },
      {
        usage: 'pause <check>', says: 'judge a heartbeat no more, until it reports again or is resumed; exit 5 while an incident of it is open', examples: ['holdfast checks pause job -m "Moved to another host next week"', 'holdfast checks pause job --leave'],
        load: checks('pause'), options: [option('--leave', 'it leaves its open incidents: nobody is paged for it any more'), option('-m, --message <text>', 'why; "-" reads it from stdin')],
      },
      { usage: 'resume <check>', says: 'judge a paused heartbeat again, from now on', examples: ['holdfast checks resume job'], load: checks('resume') },
    ],
  },
  {
    noun: 'incidents', says: 'what is open, and what was',
    verbs: [
      { usage: 'list', says: 'open incidents', examples: ['holdfast incidents list', 'holdfast incidents list --all'], load: incidents('list'), options: [option('--all', 'also those that are over')] },
      { usage: 'show <incident>', says: 'one incident with its timeline', examples: ['holdfast incidents show 212'], load: incidents('show') },
      { usage: 'ack [incident]', says: 'take it', examples: ['holdfast incidents ack 212 -m "Looking at the disk"'], load: incidents('ack'), options: [note] },
      { usage: 'pass [incident]', says: 'pass it on: whoever is next is paged now', examples: ['holdfast incidents pass 212'], load: incidents('pass') },
      { usage: 'update <incident>', says: 'write a line into its timeline', examples: ['holdfast incidents update 212 -m "Failing over to db2"'], load: incidents('update'), options: [message] },
      { usage: 'assign <incident> <person>', says: 'hand it over: that person is paged now', examples: ['holdfast incidents assign 212 bo'], load: incidents('assign') },
      { usage: 'resolve <incident>', says: 'end one that no check can end; exit 5 while a check of it fails', examples: ['holdfast incidents resolve 212 -m "False alarm of the vendor"'], load: incidents('resolve'), options: [message] },
    ],
  },
  {
    noun: 'oncall', says: 'who is rung, and when',
    verbs: [
      { usage: 'now', says: 'who is on call now', examples: ['holdfast oncall now'], load: oncall('now') },
      { usage: 'show', says: 'the shifts to come', examples: ['holdfast oncall show --days 28'], load: oncall('show'), options: [option('--days <n>', 'how far to look (14)')] },
      {
        usage: 'cover <rotation> <person>', says: 'let somebody stand in', examples: ['holdfast oncall cover primary bo --until 8h', 'holdfast oncall cover primary bo --from "2026-11-24 09:00" --until "2026-11-25 09:00"'],
        load: oncall('cover'), options: [option('--from <time>', 'from when (now): 16:30, "Mon 09:00", "2026-11-24 09:00", 2h'), option('--until <time>', 'until when: a moment like that, or a span from the beginning').makeOptionMandatory()],
      },
      { usage: 'test [person]', says: 'send test pages and wait until they are acknowledged; exit 6 when somebody does not', examples: ['holdfast oncall test', 'holdfast oncall test ada --channel email --timeout 5m'], load: oncall('test'), options: [option('--channel <name>', 'only this channel')] },
    ],
  },
  {
    noun: 'board', says: 'the public status page',
    verbs: [
      { usage: 'show [board]', says: 'what visitors see, what will publish itself, and what is planned', examples: ['holdfast board show'], load: board('show') },
      {
        usage: 'post', says: 'publish a statement, or an update to one',
        examples: ['holdfast board post --title "Errors on API" -m "We are looking into it." --next 30m', 'holdfast board post --statement st_… --status resolved -m "It works again."'],
        load: board('post'),
        options: [
          message, option('--status <status>', 'investigating, identified, monitoring or resolved').choices(['investigating', 'identified', 'monitoring', 'resolved']).default('investigating'),
          option('--title <text>', 'the title of a new one'), option('--statement <id>', 'the statement that it updates'), option('--next <time>', 'when the next update is promised: 16:30, 30m'), option('--board <name>', 'which status page'),
        ],
      },
      { usage: 'hold <statement>', says: 'hold a draft: it does not publish itself', examples: ['holdfast board hold st_…'], load: board('hold') },
      { usage: 'publish <statement>', says: 'publish a draft now', examples: ['holdfast board publish st_…'], load: board('publish') },
      {
        usage: 'announce [board]', says: 'announce planned work; it begins when somebody says so, never by itself', load: board('announce'),
        examples: ['holdfast board announce public --title "More memory for the database" --component API --from "2026-11-24 02:00" --until 3h -m "Requests may take longer."', 'holdfast board announce --for grow-memory --from "Tue 02:00" --until 3h -m "Requests may take longer."'],
        options: [
          message, option('--title <text>', 'what is done'), option('--component <name>', 'what it is about; may be given several times').argParser(gatherPerson), option('--for <runbook>', 'for a run of it: board, title, components and lead are as it says'),
          option('--from <time>', 'when it begins: "2026-11-24 02:00", "Tue 02:00", 3d').makeOptionMandatory(), option('--until <time>', 'when it ends: a moment like that, or a span from its beginning').makeOptionMandatory(),
          option('--lead <time>', 'how long before the public is to know (48h): refused where it begins sooner'),
        ],
      },
      { usage: 'begin <maintenance>', says: 'say that planned work has begun', examples: ['holdfast board begin mnt_…'], load: board('begin'), options: [said] },
      { usage: 'complete <maintenance>', says: 'say that planned work is completed', examples: ['holdfast board complete mnt_… -m "It took ten minutes longer."'], load: board('complete'), options: [said] },
      { usage: 'cancel <maintenance>', says: 'say that planned work does not take place, or ended early', examples: ['holdfast board cancel mnt_… -m "The part did not arrive."'], load: board('cancel'), options: [said] },
    ],
  },
  {
    noun: 'backups', says: 'what copies there are, and what was proven of them',
    verbs: [
      { usage: 'list', says: 'all sets in all their stores, the worst first; exit 3 when one is not as it should be', examples: ['holdfast backups list', 'holdfast backups list --json=lines'], load: backups('list') },
      { usage: 'show <set>', says: 'one set with all its copies, and why one does not count', examples: ['holdfast backups show shop'], load: backups('show') },
      { usage: 'look [set]', says: 'list a set in all its stores now, or every set, and wait for it (--timeout, up to two hours); none that was listed within a minute, a bucket of objects a quarter of an hour; exit 3 when one cannot be listed, or is not as it should be', examples: ['holdfast backups look shop', 'holdfast backups look --timeout 5m'], load: from(() => import('./commands/guard/look.ts'), 'look'), options: [option('--no-wait', 'only ask for it')] },
      {
        usage: 'verify <set>', says: 'read what is due of a set now, and wait for it; exit 3 when it is damaged, or not known', examples: ['holdfast backups verify shop', 'holdfast backups verify shop --all'], load: backups('verify'),
        options: [option('--all', 'every byte of every copy'), option('--no-wait', 'only begin')],
      },
      {
        usage: 'scan <folder>', says: 'read every byte of a folder of this machine, or of a set that lies in one, and say what rotted since its manifest; of @file, with the address of a server in it, or a set with --tables: have it look over its tables (amcheck, CHECK TABLE); exit 3 for damage, loss, or what is not known',
        examples: ['holdfast backups scan /srv/customers --manifest /var/lib/holdfast/customers.manifest', 'holdfast backups scan shop --manifest shop.manifest --rate 50MB/s', 'holdfast backups scan @restored-url --journal restored.journal'], load: from(() => import('./commands/scan.ts'), 'scan'),
        options: [
          option('--manifest <file>', 'what it is compared with; made by the first scan'), option('--update', 'take over what is new, changed and gone; never what is damaged'), option('--whole', 'one sum for each file, however large; only when the manifest is made'),
          option('--rate <rate>', 'read no faster: 50MB/s'), option('--yield', 'give way as soon as reading becomes slow'), option('--pages', 'the pages of a PostgreSQL or MariaDB at rest, by their checksums'), option('--journal <file>', 'with --pages, and for servers: where it is kept how far it is; the same command then goes on where it was'),
          option('--tables', 'the database of the set, over connections: the server looks over its own tables and indexes'), option('--connections <n>', 'with --tables or an address: so many at once on each device (2)'), option('--may-mark', 'MariaDB: a table that CHECK TABLE finds damaged may be closed to everybody by that'),
          option('--tell <statement>', 'have the board say beneath this open statement how far it is'),
        ],
      },
      {
        usage: 'restore <set>', says: 'bring a copy back, the newest that is verified: --to something new, or only what is --damaged into what lives, agreed on by two people; exit 0 done, 3 failed or nobody could know, 5 refused, 6 lapsed',
        examples: ['holdfast backups restore panel --to /restored/panel', 'holdfast backups restore shop --to postgres://ada@db.internal/shop_restored', 'holdfast backups restore server --to /var/lib/postgresql/16/restored --until 2026-11-21T14:30:00Z', 'holdfast backups restore panel --damaged scan.json --of ada --of bo', 'holdfast backups restore shop --damaged pages.json --in @shop-url'],
        load: from(() => import('./commands/guard/restore.ts'), 'restore'),
        options: [
          option('--to <target>', 'a folder, or the address of a database, that is not there yet; @file holds the address'), option('--copy <key>', 'this copy, also where it is not verified'), option('--store <store>', 'from there'),
          option('--until <time>', 'of a whole server with its log: as of then, such as 2026-11-21T14:30:00Z'),
          option('--damaged <report>', 'only what this report of a scan (--json) names'), option('--table <table>', 'only this damaged table; repeat it').argParser(gatherPerson), option('--file <path>', 'only this file; --to a new folder also a folder, by its name in the copy; repeat it').argParser(gatherPerson), option('--in <target>', 'where they are damaged: a folder, or the address of a database'),
          option('--below <prefix>', 'under which name the scanned folder stands in the copy'), option('--as-superuser', 'run the dump though the address names a superuser: whoever wrote the copy can then run commands on the machine of that server; it is recorded'), option('--swap <file>', 'put in place what two people have agreed on meanwhile'), option('--tell <statement>', 'have the board say beneath this open statement how much of the copy has come'), ...asking(),
        ],
      },
      { usage: 'drill <set>', says: 'restore a copy into a throw-away cell and ask it; exit 3 when it failed or nobody could know', examples: ['holdfast backups drill shop', 'holdfast backups drill shop --store nas --copy pg/shop-2026-11-20.dump --json'], load: from(() => import('./commands/drills.ts'), 'drill'), options: [option('--store <store>', 'the copy there'), option('--copy <key>', 'this copy, not the newest'), option('--planted', 'spoil the newest that passed, in the cell: it has to fail, and exit is 0 when it does'), option('--cancel', 'end the drills of the set that wait or are at work')] },
      { usage: 'drills <set>', says: 'the reports of the last drills, and which are at work', examples: ['holdfast backups drills shop'], load: from(() => import('./commands/drills.ts'), 'drills') },
      {
        usage: 'report [of]', says: 'the signed report of a drill, or of the newest of a set or of all; --check holds one, or a file of one, against its signature and the ledger: exit 3 when it does not hold',
        examples: ['holdfast backups report shop', 'holdfast backups report shop --html shop.html', 'holdfast backups report drill_3f9a41c6b2d07e58 --check', 'holdfast backups report ./shop.json --check'],
        load: from(() => import('./commands/guard/report.ts'), 'report'), options: [option('--html <file>', 'write it as a page that stands by itself'), option('--check', 'is it what was signed, and does the ledger hold it?')],
      },
      { usage: 'plan <set>', says: 'what could go by the rules of a set, and why each copy stays; exit 4 when something could, 5 when the plan is refused', examples: ['holdfast backups plan shop', 'holdfast backups plan shop --store main --json'], load: backups('plan'), options: [option('--store <store>', 'only there')] },
      { usage: 'apply [plan]', says: 'set aside what a plan names, by its id; exit 0 done, 3 some were held or it was stopped, 4 some still wait, 5 refused. With a set, or nothing: show the plans', examples: ['holdfast backups apply shop', 'holdfast backups apply plan_3f9a… --json'], load: keep('apply'), options: [option('--no-wait', 'say how far it is, and do not wait')] },
      { usage: 'arm [set]', says: 'ask two people to let what no rule keeps be set aside on schedule; waits: exit 0 agreed, 5 refused, 6 lapsed', examples: ['holdfast backups arm shop --of ada --of bo', 'holdfast backups arm --all --no-wait'], load: keep('arm'), options: [option('--all', 'every set that has rules'), option('--store <store>', 'only there'), ...asking()] },
      { usage: 'disarm [set]', says: 'from now on it only reports; takes one, and is done at once', examples: ['holdfast backups disarm shop', 'holdfast backups disarm --all'], load: keep('disarm'), options: [option('--all', 'every set'), option('--store <store>', 'only there')] },
      { usage: 'purge <plan>', says: 'ask two people to remove for good what was set aside long enough ago; waits: exit 0 agreed, 5 refused, 6 lapsed', examples: ['holdfast backups purge plan_81c0… --of ada --of bo'], load: keep('purge'), options: asking() },
      { usage: 'close-breaker <set>', says: 'ask two people to close the breaker of a set, with a reason, after a healthy evaluation; waits: exit 0 agreed, 5 refused, 6 lapsed', examples: ['holdfast backups close-breaker shop -m "The copies of an old job were moved here"', 'holdfast backups close-breaker shop --store main -m "why" --of ada --of bo'], load: keep('closeBreaker'), options: [...asking(), option('--store <store>', 'there'), message] },
      { usage: 'release <set> [copy...]', says: 'bring back copies that were set aside, and hold them; takes one', examples: ['holdfast backups release shop pg/shop-2026-11-13.dump', 'holdfast backups release shop --all'], load: keep('release'), options: [option('--all', 'everything of the set that lies aside'), option('--store <store>', 'only there')] },
      { usage: 'hold <set> <copy>', says: 'hold a copy: no rule makes it go; --end lets go of it', examples: ['holdfast backups hold shop pg/shop-2026-11-20.dump -m "before the migration"', 'holdfast backups hold shop pg/shop-2026-11-20.dump --end'], load: backups('hold'), options: [option('-m, --message <text>', 'why; "-" reads it from stdin'), option('--end', 'nobody holds it any more')] },
      { usage: 'accept-gone <set> <store> [seen]', says: 'say that what vanished from a store was meant to; without what names it, it is told', examples: ['holdfast backups accept-gone shop main -m "why"', 'holdfast backups accept-gone shop main 3f9a41c6 -m "moved to the archive"'], load: backups('acceptGone'), options: [message] },
      { usage: 'accept-most <set> <store> <copies>', says: 'say that so many copies may go at once in a store, having seen the plan; for a day', examples: ['holdfast backups accept-most shop main 30 -m "keep is shorter from today on"'], load: backups('acceptMost'), options: [message] },
    ],
  },
  {
    noun: 'reconcile', says: 'a bucket held against the rows of a database',
    verbs: [
      { usage: 'plan <reconcile>', says: 'run now and print what would be done with each object, and why; exit 0 nothing, 3 no run came to its end, 4 acts planned, 5 refused', examples: ['holdfast reconcile plan customer-backups', 'holdfast reconcile plan customer-backups --json=lines'], load: reconcile('plan') },
      { usage: 'show [reconcile]', says: 'how they stand; of one, its last plan and why it was refused; --json=lines: the items of that plan', examples: ['holdfast reconcile show', 'holdfast reconcile show customer-backups --json=lines'], load: reconcile('show') },
      { usage: 'arm <reconcile>', says: 'ask two people to let it put objects aside on schedule; waits: exit 0 agreed, 5 refused, 6 lapsed', examples: ['holdfast reconcile arm customer-backups --of ada --of bo', 'holdfast reconcile arm customer-backups --no-wait'], load: acts('arm'), options: asking() },
      { usage: 'disarm <reconcile>', says: 'from now on it only reports; takes one', examples: ['holdfast reconcile disarm customer-backups'], load: acts('disarm') },
      { usage: 'apply <plan>', says: 'see an armed plan through; exit 0 done, 3 some were held, 4 some still wait, 5 refused', examples: ['holdfast reconcile apply customer-backups', 'holdfast reconcile apply plan_… --no-wait'], load: acts('apply'), options: [option('--no-wait', 'say how far it is, and do not wait')] },
      { usage: 'purge <plan>', says: 'ask two people to remove for good what a plan names; waits: exit 0 agreed, 5 refused, 6 lapsed', examples: ['holdfast reconcile purge plan_… --of ada --of bo'], load: acts('purge'), options: asking() },
      { usage: 'release <reconcile> [key...]', says: 'bring back what was put aside, and wait until it is back; takes one; exit 0 all is back, 1 some do not lie aside, 3 some were held, 4 some still wait', examples: ['holdfast reconcile release customer-backups customers/7/save.zip', 'holdfast reconcile release customer-backups --all'], load: acts('release'), options: [option('--all', 'everything that lies aside'), option('--no-wait', 'say how far it is, and do not wait')] },
      { usage: 'accept <reconcile> <what> <seen>', says: 'accept what a run saw: identity, epoch, schema, shrink, gone (a tenant), lost (a copy of the catalogue), gap or unlock (a key); holds for just that', examples: ['holdfast reconcile accept customer-backups schema 3f9a…', 'holdfast reconcile accept customer-backups gap customers/7/save.zip'], load: acts('accept'), options: [option('--undo', 'it is accepted no more')] },
      { usage: 'close-breaker <reconcile>', says: 'ask two people to close its breaker, with a reason, after a healthy run; waits: exit 0 agreed, 5 refused, 6 lapsed', examples: ['holdfast reconcile close-breaker customer-backups -m "A tenant of 400 objects left us"'], load: acts('closeBreaker'), options: [...asking(), option('-m, --message <text>', 'the reason; "-" reads it from stdin')] },
    ],
  },
  {
    noun: 'cluster', says: 'what forms one thing together, and how much of it may fail',
    verbs: [
      { usage: 'show [cluster]', says: 'draw it, with how many further failures it tolerates; exit 3 when it is not well, or nobody could know', examples: ['holdfast cluster show', 'holdfast cluster show shop-db --json'], load: from(() => import('./commands/change/cluster.ts'), 'show') },
    ],
  },
  {
    noun: 'runbooks', says: 'planned work, step by step, each agreed on by two people, stopped by the first surprise',
    verbs: [
      { usage: 'list', says: 'all runbooks, and whether their windows are open', examples: ['holdfast runbooks list'], load: runbooks('list') },
      {
        usage: 'plan <runbook>', says: 'what a run on a host would do, or on all of them batch after batch, step by step, and what every gate knows and lacks; exit 4 drawn, 5 refused. Nothing is done by it',
        examples: ['holdfast runbooks plan grow-memory --host db-1', 'holdfast runbooks plan grow-memory', 'holdfast runbooks plan grow-memory --host db-1 --accept "unannounced=The customers were told by mail" --json'], load: runbooks('plan'),
        options: [option('--host <host>', 'the host that it would run on; without it, all of them'), option('--accept <code=reason>', 'accept what the plan names by a code; repeat it').argParser(gatherPerson)],
      },
      {
        usage: 'run <runbook>', says: 'begin a run on a host, or on all of them batch after batch: asks its two people for each step, and follows it to its end; exit 0 done, 3 aborted, or not all done, 5 refused',
        examples: ['holdfast runbooks run grow-memory --host db-1 --accept "tolerance.stop=Agreed with the customer"', 'holdfast runbooks run grow-memory --host db-1 --rehearse', 'holdfast runbooks run update-kernel'], load: runs('run'),
        options: [
          option('--host <host>', 'the host that it runs on; without it, all of them'), option('--accept <code=reason>', 'accept what the plan names by a code; repeat it').argParser(gatherPerson),
          option('--does <person>', 'who does it; otherwise you, or the first who may'), option('--checks <person>', 'who checks it'), option('--rehearse', 'everything but the deeds'), option('--no-wait', 'begin it, and do not follow it'),
          option('--unattended', 'ask both once, for all of it: it goes by itself in its window, until the first surprise'),
        ],
      },
      { usage: 'show [run]', says: 'one run, or one over many hosts, and what happened; without a name the latest runs. Exit 3 halted, aborted or unknown, 4 under way', examples: ['holdfast runbooks show', 'holdfast runbooks show run_… --follow', 'holdfast runbooks show run_… --json=lines', 'holdfast runbooks show rol_…'], load: runs('show'), options: [option('--follow', 'print what happens until it is over')] },
      { usage: 'halt <run>', says: 'stop it where it is: nothing more begins, nothing is killed; takes one', examples: ['holdfast runbooks halt run_…'], load: runs('halt') },
      { usage: 'resume <run>', says: 'ask both to go on after a halt, or again for a step that lapsed; over many hosts: let the next one begin', examples: ['holdfast runbooks resume run_…', 'holdfast runbooks resume run_… --was not-done'], load: runs('resume'), options: [option('--was <what>', 'what became of a step of which nobody knows; unknown: it is idempotent, and may begin once more').choices(['done', 'not-done', 'unknown']), option('--step <step>', 'that step alone, against a halt: one that makes more failures tolerable')] },
      { usage: 'abort <run>', says: 'end it where it is; takes one', examples: ['holdfast runbooks abort run_…'], load: runs('abort') },
      {
        usage: 'hand-over <run>', says: 'one of its two people hands over: who takes over and who stays are asked; all that was offered is void', load: runs('handOver'),
        examples: ['holdfast runbooks hand-over run_… --from ada --to chen --reason "ada goes off call"'],
        options: [option('--from <person>', 'who leaves'), option('--to <person>', 'who takes over'), option('--reason <text>', 'why, in a sentence')],
      },
      { usage: 'undo <run>', says: 'ask both for the way back of the last step that began', examples: ['holdfast runbooks undo run_…'], load: runs('undo') },
    ],
  },
  {
    noun: 'people', says: 'who is who, and who may what; on the machine itself',
    verbs: [
      { usage: 'list', says: 'everybody, with their roles and whether they have a way in', examples: ['holdfast people list'], load: people('list') },
      { usage: 'first-owner', says: 'print the link of the first owner, while nobody owns this Holdfast; the former one is void', examples: ['holdfast people first-owner'], load: people('firstOwner') },
      { usage: 'invite <person>', says: 'print a link by which they set up their account', examples: ['holdfast people invite bo'], load: people('invite') },
      { usage: 'recover <person>', says: 'print a link for somebody who lost their way in', examples: ['holdfast people recover bo'], load: people('recover') },
      {
        usage: 'enrol <person>', says: 'give them an authenticator: prints what it reads, as a QR code too; --code confirms it', examples: ['holdfast people enrol ada', 'holdfast people enrol ada --code 123456'],
        load: people('enrol'), options: [option('--code <code>', 'the code that the authenticator shows now')],
      },
      {
        usage: 'grant <person> [role...]', says: 'say which roles they have beside those of the configuration; ends their sessions; exit 5 for the only owner', examples: ['holdfast people grant bo responder approver', 'holdfast people grant bo --none'],
        load: people('grant'), options: [option('--none', 'take all granted roles away')],
      },
      { usage: 'sign-out <person>', says: 'end all their sessions', examples: ['holdfast people sign-out bo'], load: people('signOut') },
    ],
  },
  {
    noun: 'approvals', says: 'what two people must agree to; a terminal asks and shows, and never approves',
    verbs: [
      { usage: 'list', says: 'what is open', examples: ['holdfast approvals list', 'holdfast approvals list --all'], load: approvals('list'), options: [option('--all', 'also those that are over')] },
      { usage: 'show <approval>', says: 'one of them; prints the link of whoever asks, where they are a party', examples: ['holdfast approvals show agr_…', 'holdfast approvals show agr_… --as ada'], load: approvals('show') },
      {
        usage: 'ask <title>', says: 'ask people to agree; each gets a link; with --wait exit 0 agreed, 5 refused, 6 lapsed',
        examples: ['holdfast approvals ask "Promote db2" --of ada --of bo:checks -m "db1 is gone; db2 is 3 s behind"', 'holdfast approvals ask "Drop the old table" --of ada --of bo --typed orders_2019 --lapses 30m --wait'], load: approvals('ask'),
        options: [
          option('--of <person>', 'who is asked, and in which part (ada, ada:checks, ada:does); at least twice').argParser((value: string, before: readonly string[]) => [...before, value]).default([]).makeOptionMandatory(),
          option('-m, --message <text>', 'what exactly; "-" reads it from stdin'), option('--lapses <time>', 'how long their word is waited for (15m)'), option('--typed <text>', 'what has to be typed, where it cannot be undone'),
          option('--ready', 'ask for “ready” instead of “yes”'), option('--alone', 'one may go alone, with a reason; all owners are paged then'), option('--instead <approval>', 'a former one, which is void by this'), option('--wait', 'wait for what comes of it'),
        ],
      },
    ],
  },
  {
    noun: 'tokens', says: 'the keys of programs',
    verbs: [
      {
        usage: 'create <name>', says: 'make one; its secret is printed once', examples: ['holdfast tokens create ci --scope read --expires 90d --from 10.0.0.0/8 > ci.token'], load: tokens('create'),
        options: [option('--scope <scope>', 'read, ack, backup, write or admin; may be given several times').argParser(gatherScope).default([]).makeOptionMandatory(), option('--expires <time>', 'how long it is valid: 90d'), option('--from <network>', 'where it is taken from: 10.0.0.0/8, or one address; may be given several times').argParser((value: string, before: readonly string[]) => [...before, value]).default([])],
      },
      { usage: 'list', says: 'all tokens, without their secrets', examples: ['holdfast tokens list'], load: tokens('list') },
      { usage: 'revoke <id>', says: 'revoke one at once', examples: ['holdfast tokens revoke tok_…'], load: tokens('revoke') },
    ],
  },
  {
    noun: 'ledger', says: 'the memory, and proof that it is whole',
    verbs: [
      { usage: 'verify', says: 'check the chain, entry by entry; exit 3 when it is broken', examples: ['holdfast ledger verify', 'holdfast ledger verify --data /var/lib/holdfast'], load: ledger('verify') },
      { usage: 'rebuild', says: 'make the tables anew from the ledger, and say which differed', examples: ['holdfast ledger rebuild'], load: ledger('rebuild') },
    ],
  },
]

const exampleText = (examples: readonly string[]): string => `Examples:\n${examples.map((it) => `  ${it}`).join('\n')}\n`

function addLeaf(parent: Verb, leaf: Leaf, perform: Perform): void {
  const named = `${parent.parent === null ? '' : `${parent.name()} `}${leaf.usage}`
  const verb = parent.command(leaf.usage).description(leaf.says).addHelpText('before', exampleText(leaf.examples)).allowExcessArguments(false)
  for (const it of leaf.options ?? []) verb.addOption(it)
  verb.action(async (...given: unknown[]) => {
    const args = verb.args.map(String)
    await perform(named, leaf.load, args, (given.at(-1) as Verb).optsWithGlobals())
  })
}

/** The whole grammar. `perform` carries a command out; `up` starts a server. */
export function programFor(version: string, perform: Perform, up: (urls: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<void>): Verb {
  const program = new Verb('holdfast')
    .description('Watches, pages until somebody takes it, tells the public the truth, and survives itself.')
    .version(version)
    .option('--json', 'the answer as JSON; --json=lines: one item per line')
    .addOption(option('--json-lines', 'one item per line').hideHelp())
    .option('--data <folder>', 'the data folder of the Holdfast on this machine (./holdfast-data)')
    .option('--config <file>', 'the configuration (./holdfast.yaml)')
    .option('--server <url>', 'a Holdfast elsewhere, over HTTPS')
    .option('--token-file <file>', 'a file with a token for --server; "-" reads stdin')
    .option('--as <person>', 'who acts: a person of the configuration (HOLDFAST_PERSON, or the name of the user)')
    .option('--timeout <time>', 'how long to wait: 10s, 5m')
    .addOption(option('--color <when>', 'when to colour').choices(['auto', 'always', 'never']).default('auto'))
    .option('--no-input', 'never ask (nothing here does)')
    .option('-q, --quiet', 'print data only')
    .addHelpText('before', exampleText(['holdfast up https://example.com', 'holdfast status', 'holdfast ack', 'holdfast oncall test']))
    .addHelpText('after', '\nExit codes: 0 fine, 1 failed, 2 usage or configuration, 3 something is down, 4 changes pending, 5 refused by a safety rule,\n6 nobody acknowledged, 7 server not reachable or not allowed, 130 interrupted, 141 nobody read it to its end.')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .allowExcessArguments(false)
  program.command('up [url...]').description('run Holdfast here, until it is stopped')
    .addHelpText('before', exampleText(['holdfast up', 'holdfast up https://example.com', 'holdfast up --config /etc/holdfast.yaml --data /var/lib/holdfast']))
    .option('--port <port>', 'the port to listen on (7400)')
    .option('--host <address>', 'the address to listen on (127.0.0.1)')
    .option('--lab', 'a lab: private addresses only; its data stay those of a lab for ever')
    .option('--shrink <n>', 'in a lab: what the waits of clean-ups are divided by')
    .action((urls: readonly string[], _own, verb: Verb) => up(urls, verb.optsWithGlobals()))
  for (const leaf of TOP) addLeaf(program, leaf, perform)
  for (const { noun, says, verbs } of NOUNS) {
    const parent = program.command(noun).description(says).addHelpText('before', exampleText(verbs.flatMap((it) => it.examples.slice(0, 1))))
    for (const leaf of verbs) addLeaf(parent, leaf, perform)
  }
  return program
}

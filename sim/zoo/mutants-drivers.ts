// The part of the zoo about drivers: commands that run twice, too late or as other words, records that are not everywhere, and what nobody knows told as a
// failure.
import type { Mutant } from './mutant.ts'

const SCRIPT = 'src/processes/doer/target-script.ts'
const COMMANDS = 'src/processes/doer/commands.ts'
const DRIVERS = 'src/plugins/drivers'
const SENDING = 'src/ports/driver/sending.ts'
const LAB = 'lab/drivers.lab.test.ts'
const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file, name })
const commands = (name: string): Mutant['killer'] => killer('src/processes/doer/commands.test.ts', name)
const drivers = (name: string): Mutant['killer'] => killer('src/processes/doer/drivers.test.ts', name)

export const driving: readonly Mutant[] = [
  {
    name: 'the words of a command are split once more', breaks: ['C-9'], killer: commands('C-9 every word of a command'),
    changes: [{ file: SCRIPT, find: `'{ (exec "$@") </dev/null 2>&1;`, put: `'{ (exec $*) </dev/null 2>&1;` }],
  },
  {
    name: 'a quotation mark ends a word of a remote command', breaks: ['C-9'], killer: commands('C-9 every word of a command'),
    changes: [{ file: 'src/ports/world/ssh.ts', find: "return `'${word.replaceAll(\"'\", `'\\\\''`)}'`", put: "return `'${word}'`" }],
  },
  {
    name: 'whoever comes makes the marker', breaks: ['C-16'], killer: commands('C-16 a beginning happens once'),
    changes: [{ file: SCRIPT, find: 'mkdir "$m" 2>/dev/null ||', put: 'mkdir -p "$m" 2>/dev/null ||' }],
  },
  {
    name: 'the target takes the doer’s word for the time', breaks: ['C-16'], killer: commands('C-16 past its not-after'),
    changes: [{ file: SCRIPT, find: 'late() { [ "$(($(up) - h))" -gt "$left" ]; }', put: 'late() { false; }' }],
  },
  {
    name: 'time is counted from the word to begin', breaks: ['C-16'], killer: commands('C-16 past its not-after'),
    changes: [{ file: SCRIPT, find: '[ "$word" = go ] || exit 0', put: '[ "$word" = go ] || exit 0; h=$(up)' }],
  },
  {
    name: 'a second one of the run begins beside the first', breaks: ['C-16'], killer: commands('C-16 C-4 who loses sight of it'),
    changes: [{ file: SCRIPT, find: '  if going "$o"; then', put: '  if ! going "$o"; then' }],
  },
  {
    name: 'a run that is over left nothing behind', breaks: ['C-16'], killer: commands('C-16 what a run that is over left behind'),
    changes: [{ file: SCRIPT, find: 'mine "$1" || foreign "$1" && return 1;', put: '! mine "$1"; return;' }],
  },
  {
    name: 'what another Holdfast has begun is ours', breaks: ['C-16'], killer: commands('C-16 a marker of another Holdfast'),
    changes: [{ file: SCRIPT, find: '[ "$x" != "$of" ] && [ "$of" != - ]; }', put: 'false; }' }],
  },
  {
    name: 'what a boot has ended goes on', breaks: ['C-16'], killer: commands('C-16 what a boot has ended'),
    changes: [{ file: SCRIPT, find: ' && ! booted "$1" || return 1', put: ' || return 1' }],
  },
  {
    name: 'of too many markers the oldest go, whosever they are', breaks: ['C-16'], killer: commands('C-16 an end that was seen is marked'),
    changes: [{ file: SCRIPT, find: '&& over "$o" && ! mine "$o" && ! beside "$o"; then rm', put: '&& over "$o"; then rm' }],
  },
  {
    name: 'every run stands beside every other one', breaks: ['C-16'], killer: { is: 'test', file: 'src/engine/change/doing/deeds.test.ts', name: 'C-16 a doer is told which other runs' },
    changes: [{ file: 'src/engine/change/doing/ears.ts', find: 'const beside = going().map(', put: 'const beside = loadRuns(keeper().store.sql, 50).map(' }, { file: 'src/engine/change/doing/ears.ts', find: 'import { loadGoing, loadRun }', put: 'import { loadGoing, loadRun, loadRuns }' }],
  },
  {
    name: 'a command whose connection was lost was not begun', breaks: ['C-4', 'C-16'], killer: commands('C-16 C-4 who loses sight of it'),
    changes: [{ file: COMMANDS, find: 'if (word === undefined) return unseen(`', put: 'if (word === undefined) return begun ? LATE : unseen(`' }],
  },
  {
    name: 'what is called off may begin yet', breaks: ['C-15'], killer: commands('C-15 what is killed before its beginning'),
    changes: [{ file: SCRIPT, find: 'if mkdir "$m" 2>/dev/null; then', put: 'if false; then' }],
  },
  {
    name: 'who is killed before it said which process it is goes on', breaks: ['C-15'], killer: commands('C-15 what is killed before its beginning'),
    changes: [{ file: SCRIPT, find: '[ "$i" -lt 100 ]; do sleep 0.1', put: 'false; do sleep 0.1' }],
  },
  {
    name: 'every halt kills', breaks: ['C-15'], killer: commands('C-16 C-4 who loses sight of it'),
    changes: [{ file: COMMANDS, find: "&& over && onHalt === 'kill' && signal.reason === HALTED)", put: '&& over)' }],
  },
  {
    name: 'secrets that a program writes are kept', breaks: ['X-9'], killer: commands('it has no input and no terminal'),
    changes: [{ file: 'src/ports/driver/blot.ts', find: 'for (const [form, put] of FORMS) left', put: 'for (const [form, put] of FORMS.slice(6)) left' }],
  },
  {
    name: 'a value is judged for one host of many', breaks: ['C-9'], killer: killer('src/rooms/change/config.test.ts', 'C-9 a value that does not fit where it is put in'),
    changes: [{ file: 'src/rooms/change/deed.ts', find: 'for (const host of hosts) {', put: 'for (const host of hosts.slice(0, 1)) {' }],
  },
  {
    name: 'a path leads out of the target', breaks: ['C-9'], killer: drivers('C-9 what is put in stays in its place'),
    changes: [{ file: `${DRIVERS}/http.ts`, find: "return url?.host === 'any' && `${url.pathname}${url.search}` === path", put: "return url?.host === 'any'" }],
  },
  {
    name: 'a server that still takes sessions is drained when it has none', breaks: ['C-12'], killer: drivers('haproxy: drained is what takes no new session'),
    changes: [{ file: `${DRIVERS}/haproxy.ts`, find: "<= wanted.sessions && is !== 'ready')", put: '<= wanted.sessions)' }],
  },
  {
    name: 'what waits for a server is no session', breaks: ['C-12'], killer: drivers('haproxy: drained is what takes no new session'),
    changes: [{ file: `${DRIVERS}/haproxy.ts`, find: 'Number(now) + Number(queued ?? 0)', put: 'Number(now)' }],
  },
  {
    name: 'the beginning of a file is the file', breaks: ['C-12'], killer: drivers('http: C-12 what is known by its hash'),
    changes: [{ file: `${DRIVERS}/http.ts`, find: "!truncated && createHash('sha256')", put: "createHash('sha256')" }],
  },
  {
    name: 'a known file is whatever lies where it lay', breaks: ['C-12'], killer: killer('src/plugins/probes/http.test.ts', 'C-12 a known file is known by its hash'),
    changes: [{ file: 'src/plugins/probes/http.ts', find: 'return found === wanted ? undefined :', put: 'return found === wanted || body.length > 0 ? undefined :' }],
  },
  {
    name: 'a server that failed while it did it did nothing', breaks: ['C-4'], killer: drivers('http: C-4 a refusal is a failure'),
    changes: [{ file: `${DRIVERS}/http.ts`, find: "reply.status >= 500 ? 'unknown' : 'failed'", put: "reply.status >= 600 ? 'unknown' : 'failed'" }],
  },
  {
    name: 'what broke off was never sent', breaks: ['C-4'], killer: drivers('http: C-4 a refusal is a failure'),
    changes: [{ file: SENDING, find: 'wasUnsent(cause) ? { is:', put: '!wasUnsent(undefined) ? { is:' }],
  },
  {
    name: 'a deed that is too late is sent', breaks: ['C-16', 'C-6'], killer: drivers('haproxy'),
    changes: [{ file: SENDING, find: 'signal.aborted || boot !== notAfter.boot || tick > notAfter.tick', put: 'signal.aborted || boot !== notAfter.boot' }],
  },
  {
    name: 'of two that lead the right one counts', breaks: ['X-9'], killer: drivers('patroni: two that lead'),
    changes: [{ file: `${DRIVERS}/patroni.ts`, find: 'if (primaries.length > 1)', put: 'if (primaries.length > 2)' }],
  },
  {
    name: 'one server that answers so is all of them', breaks: ['C-12'], killer: killer(LAB, 'dns: the old TTL is waited for'), lab: true,
    changes: [{ file: `${DRIVERS}/dns.ts`, find: "found.find((it) => it.is === 'fail') ??", put: "found.find((it) => it.is === 'pass') ?? found.find((it) => it.is === 'fail') ??" }],
  },
  {
    name: 'nobody remembers what a record said', breaks: ['C-12'], killer: killer(LAB, 'dns: the old TTL is waited for'), lab: true,
    changes: [{ file: `${DRIVERS}/dns.ts`, find: 'if (known.length > 0) return Math.max(...known)', put: 'if (known.length > 0) return 0' }],
  },
  {
    name: 'an answer of a server of names is read however many questions it repeats', breaks: ['X-9'], killer: { is: 'test', file: 'src/plugins/drivers/dns/message.test.ts', name: 'an answer to more questions' },
    changes: [{ file: 'src/plugins/drivers/dns/message.ts', find: 'if (bytes.readUInt16BE(4) > 1) throw', put: 'if (bytes.readUInt16BE(4) > 65_535) throw' }],
  },
]

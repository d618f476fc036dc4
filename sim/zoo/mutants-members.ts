// The part of the zoo about members of clusters: ways in which a cluster that was not well looked as if it were.
import type { Mutant } from './mutant.ts'

const ROOM = 'src/rooms/change'
const SIGHT = `${ROOM}/sight.ts`
const HEARD = `${ROOM}/heard/members-heard.ts`
const LINE = 'src/processes/scout/member-line.ts'
const WORDS = `${ROOM}/heard/words.ts`
const lineKiller = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file: `src/processes/scout/${file}.test.ts`, name })
const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/${file}.test.ts`, name })

export const clustered: readonly Mutant[] = [
  {
    name: 'what nobody heard accuses the cluster', breaks: ['W-2', 'X-9'], killer: { is: 'test', file: 'src/engine/change/leaning.test.ts', name: 'X-9 what is not known of a cluster' },
    changes: [{ file: 'src/engine/change/grounds.ts', find: 'healthy: [...sight.healthy, ...(sight.unheard ?? []), ', put: 'healthy: [...sight.healthy, ' }],
  },
  {
    name: 'whoever joins an incident of a cluster is rung for as the first one is', breaks: ['W-2', 'P-1'], killer: { is: 'test', file: 'src/engine/change/leaning.test.ts', name: 'W-2 P-1 whoever joins' },
    changes: [{ file: 'src/rooms/page/incidents.ts', find: 'has !== undefined && has.escalate !== escalate', put: 'has !== undefined && has.escalate === undefined' }],
  },
  {
    name: 'a cluster that is out is the work of whoever takes a host', breaks: ['C-8', 'C-13'], killer: { is: 'test', file: 'src/engine/change/surprises.test.ts', name: 'C-8 C-13 a cluster that is out' },
    changes: [{ file: 'src/engine/change/incidents/excused.ts', find: 'members.length > 0 && members.every((host)', put: 'members.length >= 0 || members.every((host)' }],
  },
  {
    name: 'a keeper that stands still once more is known', breaks: ['C-19'], killer: { is: 'test', file: 'src/rooms/page/ringer/ringer.test.ts', name: 'C-19 with planned work under way each silence' },
    changes: [{ file: 'src/rooms/page/ringer/alarm.ts', find: '(led.length > 0 || now.tick', put: '(led.length < 0 || now.tick' }],
  },
  {
    name: 'a cluster that fails is not known while nobody knows who decides for it', breaks: ['C-2', 'C-14'], killer: { is: 'test', file: 'src/engine/change/leaning.test.ts', name: 'C-2 C-14 a cluster that fails' },
    changes: [{ file: `${ROOM}/gates.ts`, find: ': worstOf([{ found: above.found, evidence: [above.evidence], ...(above.from ? { from: above.from } : {}) }, own]))', put: ': { found: above.found, evidence: [above.evidence] })' }],
  },
  {
    name: 'a server that is down stands as it was wanted', breaks: ['X-9'], killer: killer('heard/fronts', 'X-9 of a server that is down'),
    changes: [{ file: `${ROOM}/heard/fronts.ts`, find: "stands ? 'pass' : 'unknown'", put: "stands || mayStand ? 'pass' : 'unknown'" }],
  },
  {
    name: 'a cluster is healthy while nobody decides for it', breaks: ['C-2'], killer: { is: 'test', file: 'src/engine/change/leaning.test.ts', name: 'C-2 a cluster is no healthier' },
    changes: [{ file: `${ROOM}/gates.ts`, find: '(above === undefined || above.found', put: "(above === undefined || name !== '' || above.found" }],
  },
  {
    name: 'one HAProxy speaks for all', breaks: ['C-2'], killer: killer('heard/fronts', 'C-2 C-12 a server stands'),
    changes: [{ file: `${ROOM}/heard/fronts.ts`, find: 'each.some((one) => one.found === it)', put: 'each.slice(0, 1).some((one) => one.found === it)' }],
  },
  {
    name: 'a server that takes connections is drained when it has none', breaks: ['C-12'], killer: killer('heard/fronts', 'C-2 C-12 a server stands'),
    changes: [{ file: `${ROOM}/heard/fronts.ts`, find: "row.sessions <= sessions && row.state !== 'ready'", put: 'row.sessions <= sessions' }],
  },
  {
    name: 'servers of names that contradict each other are well', breaks: ['C-2'], killer: killer('heard/fronts', 'C-1 C-2 balancers'),
    changes: [{ file: SIGHT, find: 'new Set(saying.map(({ says }) => says)).size > 1', put: 'new Set(saying.map(({ says }) => says)).size > 9' }],
  },
  {
    name: 'a write that was committed once is committed for ever', breaks: ['C-12', 'C-2'], killer: killer('sight', 'C-2 C-12 where writes are tried'),
    changes: [{ file: SIGHT, find: "isWithin(wrote, now, WROTE_FRESH) ? 'pass'", put: "wrote !== undefined ? 'pass'" }],
  },
  {
    name: 'a write that hangs is no news while all variables are green', breaks: ['C-12'], killer: killer('sight', 'C-2 C-12 where writes are tried'),
    changes: [{ file: SIGHT, find: "return wrong !== undefined ? 'fail' :", put: 'return' }],
  },
  {
    name: 'a ruling does not rest on the writes', breaks: ['C-12'], killer: killer('sight', 'C-2 C-12 where writes are tried'),
    changes: [{ file: SIGHT, find: 'olderOf([...fresh.map(({ at }) => at), ...wrote])', put: 'olderOf([...fresh.map(({ at }) => at), ...wrote.slice(wrote.length)])' }],
  },
  {
    name: 'a leader that hands over is two', breaks: ['C-14'], killer: killer('sight', 'R-2 C-14 a view that changes is no split'),
    changes: [{ file: SIGHT, find: 'a.at.tick >= (b.since ?? a.at).tick && b.at.tick', put: 'a.at.tick >= 0 || b.at.tick' }],
  },
  {
    name: 'who fell silent is what it was', breaks: ['C-2', 'X-9'], killer: killer('heard/members-heard', 'C-2 a word is good for ten seconds'),
    changes: [{ file: HEARD, find: 'report && at && silent === undefined ? [{', put: 'report && at ? [{' }],
  },
  {
    name: 'silence is no turn', breaks: ['C-14'], killer: killer('heard/members-heard', 'C-14 what turned for the worse'),
    changes: [{ file: HEARD, find: "if (silent !== undefined) return bad(", put: 'if (silent !== undefined && report === undefined) return bad(' }],
  },
  {
    name: 'a scout that is gone is no turn', breaks: ['X-9', 'C-14'], killer: killer('heard/members-heard', 'X-9 C-14 nobody brings word'),
    changes: [{ file: HEARD, find: 'if (!isWithin(entry.at, now, UNHEARD_AFTER)) {', put: 'if (!isWithin(entry.at, now, UNHEARD_AFTER) && entry.report === undefined) {' }],
  },
  {
    name: 'a donor that dies is excused as a donor', breaks: ['C-13', 'C-14'], killer: killer('heard/members-heard', 'C-13 C-14 a donor says'),
    changes: [{ file: HEARD, find: 'after.level >= before.level', put: 'after.level >= before.level || before.level === 1' }],
  },
  {
    name: 'a write that fails is no turn', breaks: ['C-12', 'C-14'], killer: killer('heard/members-heard', 'C-12 C-14 a write that is not committed'),
    changes: [{ file: HEARD, find: 'return didWrite ? [turnOf(', put: 'return didWrite && wrong === undefined ? [turnOf(' }],
  },
  {
    name: 'two Primaries are no turn', breaks: ['R-2', 'C-14'], killer: killer('heard/members-heard', 'R-2 C-14 a split'),
    changes: [{ file: HEARD, find: "const isLong = seen.is === 'split' ||", put: 'const isLong =' }],
  },
  {
    name: 'silence proves that it is stopped', breaks: ['C-2', 'X-9'], killer: killer('heard/members-heard', 'C-2 that it is stopped'),
    changes: [{ file: HEARD, find: "if (!fresh) return { found: 'unknown', evidence: [witness(cluster, host, null", put: "if (!fresh) return { found: entry ? 'pass' : 'unknown', evidence: [witness(cluster, host, null" }],
  },
  {
    name: 'a look that hangs is waited for', breaks: ['X-9', 'C-14'], killer: lineKiller('member-line', 'X-9 C-14 a look that hangs'),
    changes: [{ file: LINE, find: "limit.abort()\n      failed('it does not answer')", put: 'limit.abort()' }],
  },
  {
    name: 'an answer that was given up is news', breaks: ['C-2', 'C-12'], killer: lineKiller('member-line', 'X-9 C-14 a look that hangs'),
    changes: [{ file: LINE, find: 'member.look(limit.signal).then((report) => {\n      if (looks.busy !== limit || closed) return', put: 'member.look(limit.signal).then((report) => {' }],
  },
  {
    name: 'writes that hang pile up', breaks: ['X-9', 'C-12'], killer: lineKiller('member-line', 'C-12 X-9 a write that hangs'),
    changes: [{ file: LINE, find: '!writes.busy && (writes.wanted', put: '(writes.wanted' }],
  },
  {
    name: 'a write that came late was begun when it came', breaks: ['C-12', 'C-2'], killer: lineKiller('member-line', 'C-12 X-9 a write that hangs'),
    changes: [{ file: LINE, find: 'writes.next = world.now().tick\n      options.wrote(asked)', put: 'writes.next = world.now().tick\n      options.wrote(stamp())' }],
  },
  {
    name: 'a server that closed an old connection does not answer', breaks: ['C-2'], killer: lineKiller('kept', 'C-2 one that broke meanwhile'),
    changes: [{ file: 'src/processes/scout/kept.ts', find: 'if (signal.aborted) throw cause', put: 'if (talk === undefined) throw cause' }],
  },
  {
    name: 'one silent source holds up the other for ever', breaks: ['X-9', 'C-14'], killer: lineKiller('kept', 'X-9 C-14 a part that is silent'),
    changes: [{ file: 'src/processes/scout/kept.ts', find: 'own.signal.aborted ? QUICK : LIMIT', put: 'LIMIT' }],
  },
  {
    name: 'Patroni says who takes writes', breaks: ['R-2', 'C-2'], killer: killer('heard/words', 'R-2 C-2 roles by server'),
    changes: [{ file: WORDS, find: "const leads = server.is === 'said' && !server.of.recovering && !server.of.readOnly", put: "const leads = patroni.is === 'said' && patroni.of.leads" }],
  },
  {
    name: 'one of two sources is enough', breaks: ['C-2'], killer: killer('heard/words', 'R-2 C-2 roles by server'),
    changes: [{ file: WORDS, find: "if (patroni.is !== 'said') return of(false,", put: "if (patroni.is !== 'said') return of(true," }],
  },
  {
    name: 'a donor is counted on', breaks: ['C-1', 'C-2'], killer: killer('heard/words', 'C-2 a Galera node is well'),
    changes: [{ file: WORDS, find: "synced: local === '4'", put: "synced: local === '4' || local === '2'" }],
  },
  {
    name: 'etcd without a leader is healthy', breaks: ['C-2'], killer: killer('heard/words', 'C-2 etcd is healthy with a leader'),
    changes: [{ file: WORDS, find: "healthy: isWell && leader !== '' && leader !== '0'", put: 'healthy: isWell' }],
  },
  {
    name: 'every process is told how members are asked', breaks: ['G-15'], killer: { is: 'test', file: 'src/views/accepted.test.ts', name: 'how members of clusters are asked' },
    changes: [{ file: 'src/views/accepted.ts', find: 'passwords: {}, ways: {},', put: 'passwords: {},' }],
  },
  {
    name: 'servers are well that follow one that is not known to commit', breaks: ['C-12'], killer: { is: 'test', file: 'src/rooms/change/sight.test.ts', name: 'R-2 two writable PostgreSQL primaries are two' },
    changes: [{ file: 'src/rooms/change/sight.ts', find: "healthy: isCommitting ? of('pass') : []", put: "healthy: of('pass').filter((host) => isCommitting || !leaders.some((it) => it.host === host))" }],
  },
  {
    name: 'who runs under Patroni follows', breaks: ['C-1', 'C-2'], killer: { is: 'test', file: 'src/rooms/change/sight.test.ts', name: 'C-1 C-2 a server that does not follow' },
    changes: [{ file: 'src/rooms/change/sight.ts', find: "it.report.leads ? 'pass' : followingOf(it, now)", put: "it.report.leads || followingOf(it, now) !== 'unknown' ? 'pass' : 'unknown'" }],
  },
  {
    name: 'a follower is held against what the leader writes meanwhile', breaks: ['C-14'], killer: killer('heard/members-heard', 'C-2 C-14 a gust of load is no lag'),
    changes: [{ file: 'src/rooms/change/heard/following.ts', find: 'led?.looks.findLast(({ at }) => at.boot === asked.boot && asked.tick - at.tick >= BEFORE', put: 'led?.looks.findLast(({ at }) => at.boot === asked.boot && asked.tick - at.tick >= 0' }],
  },
  {
    name: 'timelines are not held against each other', breaks: ['C-1'], killer: killer('heard/members-heard', 'C-1 C-2 C-14 a server that does not stream'),
    changes: [{ file: 'src/rooms/change/heard/following.ts', find: 'it.timeline !== led.timeline', put: 'it.timeline > led.timeline' }],
  },
  {
    name: 'a copy is there for as long as nobody looks', breaks: ['C-2', 'C-12'], killer: { is: 'test', file: 'src/engine/change/planning.test.ts', name: 'C-2 C-12 a copy was there when' },
    changes: [{ file: 'src/views/change/copied.ts', find: 'if (age > limit) return', put: 'if (age > limit * 1000) return' }],
  },
  {
    name: 'a store that cannot be listed holds what it held', breaks: ['C-2', 'C-12'], killer: { is: 'test', file: 'src/engine/change/planning.test.ts', name: 'C-2 C-12 a copy was there when' },
    changes: [{ file: 'src/views/change/copied.ts', find: 'if (unseen !== null) return', put: "if (unseen !== null && state === 'new') return" }],
  },
]

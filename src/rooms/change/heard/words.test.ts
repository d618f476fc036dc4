// What members say, in the words of real ones, read into one report: what is missing or odd is never read as good.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ofBoth, readEtcd, readGalera, readPatroni, type Part, type PatroniWord, type ServerWord } from './words.ts'

const NODE = { wsrep_cluster_status: 'Primary', wsrep_local_state: '4', wsrep_ready: 'ON', wsrep_cluster_state_uuid: '07d37499-e5fb-11f1-ba54-3733e01e750f', wsrep_cluster_conf_id: '3', wsrep_cluster_size: '3', wsrep_cluster_weight: '3', wsrep_desync_count: '0' }
const galera = (more: Record<string, string | undefined> = {}) => readGalera(new Map(Object.entries({ ...NODE, ...more }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))))

test('C-2 a Galera node is well only by every one of its variables', () => {
  const well = { is: 'galera', primary: true, synced: true, ready: true, state: NODE.wsrep_cluster_state_uuid, view: '3', size: 3, total: 3 }
  assert.deepEqual(galera(), well)
  assert.deepEqual(galera({ wsrep_local_state: '2', wsrep_desync_count: '1' }), { ...well, synced: false, donor: true })
  assert.deepEqual(galera({ wsrep_cluster_status: 'non-Primary', wsrep_local_state: '0', wsrep_ready: 'OFF', wsrep_cluster_conf_id: '18446744073709551615', wsrep_cluster_size: '1' }), { ...well, primary: false, synced: false, ready: false, view: '18446744073709551615', size: 1 })
  for (const status of ['Disconnected', 'primary', '']) assert.equal((galera({ wsrep_cluster_status: status }) as { primary: boolean }).primary, false, status)
  for (const state of ['1', '3', '5', '', undefined]) assert.equal((galera({ wsrep_local_state: state }) as { synced: boolean }).synced, false, state)
  // Out of a real one's options, shortened.
  const options = 'base_host = 127.0.0.1; gmcast.segment = 0; pc.wait_restored_prim_timeout = PT0S; pc.wait_prim = true; pc.weight = 0; protonet.backend = asio; socket.recv_buf_size = auto;'
  assert.deepEqual(galera({ wsrep_provider_options: options }), { ...well, weight: 0 })
  for (const none of ['', 'xpc.weight = 3;', 'pc.weight = ;', 'pc.weight = -1', 'pc.weight = many']) assert.deepEqual(galera({ wsrep_provider_options: none }), well, none)
  assert.equal((galera({ wsrep_ready: undefined }) as { ready: boolean }).ready, false)
  assert.equal((galera({ wsrep_cluster_weight: undefined }) as { total: number }).total, 3)
  for (const name of ['wsrep_cluster_status', 'wsrep_cluster_size', 'wsrep_cluster_conf_id', 'wsrep_cluster_state_uuid']) assert.equal(typeof galera({ [name]: undefined }), 'string', name)
  assert.equal(typeof galera({ wsrep_cluster_size: 'many' }), 'string')
})

const LEADER = '{"state": "running", "postmaster_start_time": "2026-11-21 20:00:00", "role": "master", "server_version": 150018, "timeline": 3, "replication": [{"application_name": "b", "state": "streaming", "sync_state": "sync", "sync_priority": 1}, {"application_name": "c", "state": "streaming", "sync_state": "async"}], "patroni": {"version": "3.0.2", "scope": "hf"}}'
const said = <Of>(of: Of): Part<Of> => ({ is: 'said', of })
const silent: Part<never> = { is: 'silent', says: 'does not answer' }
const refused: Part<never> = { is: 'refused', says: 'refused the connection' }
const leading: ServerWord = { recovering: false, readOnly: false, timeline: 3, position: 9000 }
const following: ServerWord = { recovering: true, readOnly: true, lag: 120, position: 8000, streams: false }
const patroni = (leads: boolean, running = true): PatroniWord => ({ running, leads, state: running ? 'running' : 'stopping', inStep: leads ? 1 : 0, timeline: 3 })

test('C-2 Patroni in its own words, and what is none of them', () => {
  assert.deepEqual(readPatroni(LEADER), { state: 'running', running: true, leads: true, inStep: 1, timeline: 3 })
  assert.deepEqual(readPatroni('{"state":"streaming","role":"replica"}'), { state: 'streaming', running: true, leads: false, inStep: 0 })
  for (const state of ['stopped', 'starting', 'start failed', 'crashed', 'stopping']) assert.equal((readPatroni(`{"state":"${state}","role":"replica"}`) as PatroniWord).running, false)
  for (const body of ['', '[]', '<html>', '{"state":"running"}', '{"state":1,"role":"master"}', 'null']) assert.equal(typeof readPatroni(body), 'string', body)
})

test('R-2 C-2 roles by server and Patroni: who takes writes is the server’s word, and a contradiction is told', () => {
  assert.deepEqual(ofBoth(said(leading), said(patroni(true))), { is: 'patroni', running: true, leads: true, timeline: 3, position: 9000, inStep: 1 })
  assert.deepEqual(ofBoth(said(following), said(patroni(false))), { is: 'patroni', running: true, leads: false, timeline: 3, position: 8000, streams: false, lag: 120 })
  const frozen = ofBoth(said(leading), silent)
  assert.deepEqual([frozen], [{ is: 'patroni', running: false, leads: true, timeline: 3, position: 9000, odd: 'Patroni does not answer, and the server takes writes' }])
  assert.match(JSON.stringify(ofBoth(said(leading), said(patroni(false)))), /"running":true,"leads":true.*Patroni says that it follows, and the server that it takes writes/)
  assert.match(JSON.stringify(ofBoth(said({ ...leading, readOnly: true }), said(patroni(true)))), /"leads":false.*takes none/)
  assert.match(JSON.stringify(ofBoth(said(leading), said(patroni(true, false)))), /"running":false,"leads":true/)
  for (const part of [silent, refused]) assert.match(JSON.stringify(ofBoth(part, said(patroni(true)))), /"running":false,"leads":false/)
  assert.deepEqual(ofBoth(refused, refused), { is: 'stopped', says: 'the server refused the connection, and so did Patroni' })
  for (const [a, b] of [[silent, silent], [silent, refused], [refused, silent]] as const) assert.equal(typeof ofBoth(a, b), 'string')
})

test('C-2 etcd is healthy with a leader only; who refuses is stopped, who is silent is not known', () => {
  const status = said('{"header":{"member_id":"1","raft_term":"4"},"version":"3.4.23","leader":"9372538179322589801","raftIndex":"12"}')
  const members = said('{"members":[{"ID":"1"},{"ID":"2"},{"ID":"3"}]}')
  assert.deepEqual(readEtcd(said('{"health":"true"}'), status, members), { is: 'etcd', healthy: true, leader: '9372538179322589801', size: 3 })
  for (const health of [said('{"health":"false"}'), said('no'), silent, refused]) assert.equal((readEtcd(health, status, silent) as { healthy: boolean }).healthy, false)
  for (const leader of ['{"leader":"0"}', '{}']) assert.equal((readEtcd(said('{"health":"true"}'), said(leader), members) as { healthy: boolean }).healthy, false, leader)
  assert.deepEqual(readEtcd(refused, refused, silent), { is: 'stopped', says: 'refused the connection' })
  for (const one of [silent, refused, said('<html>')]) assert.equal(typeof readEtcd(said('{"health":"true"}'), one, members), 'string')
})

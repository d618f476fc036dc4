// A recovered cluster on its way to a life of its own. It was the production server, and whoever starts it shall not find out that it still is: it archives
// nothing, follows nobody and takes nothing from a publisher until a person lets it. Nothing in its databases is changed for that: the last word in its
// settings says so, and what stood there before lies beside it.
import { minutes } from '../../../core/time.ts'
import { failed, open, type Settled, type Step } from '../../../ports/backup.ts'
import { gist } from '../../../ports/backup/words.ts'
import { FORMER_CONF, type Cluster } from './cluster.ts'

const ACCOUNT = 'postgres'

const QUIET = `# Restored from a copy: until you take these lines away, it archives nothing, follows nobody and subscribes to nothing.
# What stood here lies in ${FORMER_CONF}.
archive_mode = 'off'
archive_command = ''
restore_command = ''
primary_conninfo = ''
primary_slot_name = ''
max_logical_replication_workers = '0'
`

/** The settings are put in place, and what it is made of is looked at: which of its own settings lie in it. */
const SCRIPT = `set -e
cp -- "$2" "$1/postgresql.auto.conf"
cd -- "$1"
rm -f postmaster.pid postmaster.opts standby.signal recovery.signal
for at in postgresql.conf pg_hba.conf; do [ ! -f "$at" ] || echo "has $at"; done`

/** Ready to lie at `to`. Fails where it was not stopped in order. */
export async function settle({ cell, tools, at }: Cluster, to: string): Promise<Settled | Step> {
  const control = await cell.run([`${tools.folder}/pg_controldata`, at], { within: minutes(1) })
  if (control.exit !== 0 || !/^Database cluster state: +shut down$/m.test(control.out)) return failed('what was recovered was not stopped in order', gist(control))
  const conf = await cell.put('quiet.conf', QUIET)
  const ran = await cell.run(['/bin/sh', '-c', SCRIPT, 'sh', at, conf], { within: minutes(5) })
  if (ran.exit !== 0) return open('what was recovered could not be made ready', gist(ran))
  const own = ['postgresql.conf', 'pg_hba.conf'].every((name) => ran.out.includes(`has ${name}`))
  const starts = own
    ? [`look into ${to}/postgresql.conf: its port, its addresses and what it loads are those of the server that was backed up`, `start it: sudo -u ${ACCOUNT} ${tools.folder}/pg_ctl -D ${to} -l ${to}/restored.log start`]
    : [`its settings did not lie in its folder, and are not in the copy. On Debian: pg_createcluster ${tools.major} restored -d ${to}, then look into /etc/postgresql/${tools.major}/restored`, `start it: pg_ctlcluster ${tools.major} restored start`]
  return {
    folder: at, account: ACCOUNT,
    next: [
      ...starts, `until you take that away it archives nothing, follows nobody and subscribes to nothing: ${to}/postgresql.auto.conf (before: ${FORMER_CONF})`,
      'it stands on a new timeline, and has no replication slots: let it archive to a place of its own, and make a base backup of it at once',
    ],
  }
}

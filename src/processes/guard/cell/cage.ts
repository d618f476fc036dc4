// The walls of a cell: how one program is started so that it sees nothing of this machine but its programs, reaches nothing, and cannot
// outlive us. `unshare` gives it namespaces of its own; a fixed shell script, the first process in them, proves that they are not ours and
// that the folder is the drill's, builds a root of its own, and starts the program in it without rights. Two things end it when we are
// gone, whichever comes first: the death signal down the chain, and the end of a pipe that only we hold. The program's words
// travel as arguments and are never read by a shell.

/** How its user id becomes its own: given by root, or mapped by a user namespace where we are an ordinary user. */
export type Means = 'root' | 'mapped'

export interface Cage {
  readonly means: Means
  /** The cell's folder, from the root, without links. */
  readonly folder: string
  readonly id: string
  readonly uid: number
  /** A folder of this machine that is seen in it, read-only; empty: none. */
  readonly sees: string
  /** Our own namespaces, as `/proc/self/ns` names them: what the cell's must differ from. */
  readonly ours: { readonly net: string; readonly pid: string; readonly mnt: string; readonly ipc: string }
}

/** The script ends with this when it refused, and says why on its error output. What it started may end with it too; see `BEGAN`. */
export const REFUSED = 125
/** Said on the fourth descriptor right before the program: whatever ended before it accuses nobody but us. */
export const BEGAN = 'began'

export const SETPRIV = '/usr/bin/setpriv'
const UNSHARE = '/usr/bin/unshare'

/** The whole command for one program. Descriptor 3 is the pipe that says that we live, descriptor 4 where `BEGAN` is said. */
export function caged({ means, folder, id, uid, ours, sees }: Cage, argv: readonly string[]): readonly string[] {
  const mapped = means === 'mapped' ? ['--user', `--map-user=${uid}`, `--map-group=${uid}`, '--keep-caps'] : []
  return [
    SETPRIV, '--pdeathsig', 'KILL', UNSHARE, ...mapped, '--net', '--pid', '--mount', '--ipc', '--uts', '--fork', '--kill-child=KILL', '--propagation', 'private',
    '/bin/sh', '-c', SCRIPT, 'cell', means, `${uid}`, folder, id, ours.net, ours.pid, ours.mnt, ours.ipc, sees, ...argv,
  ]
}

// Every step that fails ends it (`set -e`). Mounts are private to the namespace and vanish with it. That the namespaces are not ours is proven before
// anything else: what ends the cell when we are gone ends every process that it can see.
const SCRIPT = `
set -eu
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
means=$1 uid=$2 here=$3 id=$4
refuse() { echo "$1" >&2; exit ${REFUSED}; }
own() { [ "$(readlink "/proc/self/ns/$1")" != "$2" ] || refuse "the $1 namespace is not its own"; }
own net "$5"; own pid "$6"; own mnt "$7"; own ipc "$8"
sees=$9
( read -r _ <&3 || :; kill -KILL -1 ) >/dev/null 2>&1 &
shift 9
for at in "$here" "$here/mark" "$here/given" "$here/work" "$here/root"; do
  if [ -L "$at" ] || [ ! -e "$at" ]; then refuse "$at is not what the drill made"; fi
done
[ "$(cat "$here/mark")" = "$id" ] || refuse "$here is not marked as this drill's"
ways=0
while read -r _; do ways=$((ways + 1)); done </proc/net/route
[ "$ways" -le 1 ] || refuse "a network can be reached from the cell"
ulimit -c 0
echo 1000 2>/dev/null >/proc/self/oom_score_adj || :
ip link set lo up 2>/dev/null || :
root=$here/root
mount -t tmpfs -o size=4m,mode=755,nosuid,nodev cell "$root"
cd "$root"
mkdir usr proc dev etc given work tmp dev/shm
bind() { mount -o "bind,nosuid,nodev$3" "$1" "$2"; }
bind /usr usr ,ro
for at in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$at" ]; then cp -P "/$at" .; elif [ -d "/$at" ]; then mkdir "$at"; bind "/$at" "$at" ,ro; fi
done
for at in null zero urandom; do : >"dev/$at"; mount --bind "/dev/$at" "dev/$at"; done
mount -t tmpfs -o size=256m,mode=1777,nosuid,nodev,noexec cell dev/shm
mount -t proc -o nosuid,nodev,noexec proc proc 2>/dev/null || :
echo "drill:x:$uid:$uid::/work:/bin/false" >etc/passwd
echo "drill:x:$uid:" >etc/group
echo "127.0.0.1 localhost" >etc/hosts
echo "hosts: files" >etc/nsswitch.conf
if [ -d /etc/alternatives ]; then cp -RP /etc/alternatives etc/; fi
if [ -f /etc/ld.so.cache ]; then cp /etc/ld.so.cache etc/; fi
bind "$here/given" given ,noexec,ro
if [ -n "$sees" ]; then mkdir -p ".$sees"; bind "$sees" ".$sees" ,ro; fi
bind "$here/work" work ,noexec
bind "$here/tmp" tmp ,noexec
mount -o remount,bind,ro,nosuid,nodev "$root"
if [ "$means" = root ]; then set -- --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs /usr/bin/env -i --chdir=/work HOME=/work USER=drill LC_ALL=C.UTF-8 TZ=UTC PATH="$PATH" "$@"
else set -- --inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs /usr/bin/env -i --chdir=/work HOME=/work USER=drill LC_ALL=C.UTF-8 TZ=UTC PATH="$PATH" "$@"; fi
echo ${BEGAN} >&4
set +e
chroot "$root" /usr/bin/nice -n 10 /usr/bin/setpriv "$@" 3<&- 4<&-
exit $?
`

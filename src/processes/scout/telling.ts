// What a host is asked to run: a loop in its plain shell that answers each question with what the kernel says. It asks for no rights, writes
// nothing, starts one program a question (`date`), and ends with the connection. The text is the same for every host: no name and no
// value of a configuration is ever in it (C-9).

/** The command, for a shell. `root` is another place for /sys and /proc, for tests. */
export const tellingOf = (root = ''): string => `exec /bin/sh -c '${loop(root)}'`

const loop = (root: string): string => `
PATH=/usr/sbin:/usr/bin:/sbin:/bin; LC_ALL=C; export PATH LC_ALL; set -f
of() { v=-; { read -r v <"$1"; } 2>/dev/null; v=\${v:--}; }
while read -r q; do
  case $q in ""|*[!0-9]*) exit 2;; esac
  of ${root}/proc/sys/kernel/random/boot_id
  echo "boot $q $v $(date +%s)"
  set +f; set -- ${root}/sys/class/net/*; set -f
  n=0
  for d in "$@"; do
    i=\${d##*/}
    case $i in lo|*[!A-Za-z0-9_.:-]*) continue;; esac
    [ -e "$d/carrier" ] || continue
    n=$((n + 1)); [ $n -le 512 ] || break
    of "$d/flags"; u=0; case $v in 0x*[13579bdfBDF]) u=1;; esac
    of "$d/carrier"; c=$v; [ $u = 1 ] || c=0
    of "$d/carrier_down_count"; w=$v
    of "$d/speed"; s=$v
    of "$d/statistics/rx_errors"; r=$v; of "$d/statistics/tx_errors"; t=$v
    e=-; case $r$t in *[!0-9]*) ;; *) e=$((r + t));; esac
    echo "link $i $c $w $s $e"
    if [ -e "$d/bonding/slaves" ]; then
      of "$d/bonding/slaves"; m=; for x in $v; do m=$m$x,; done
      of "$d/bonding/active_slave"; echo "bond $i $v \${m:--}"
    fi
  done
  echo "end $q"
done
`

// What runs on the target of a command: one constant script of POSIX sh. The words of the command reach it as arguments and are never read by a shell again.
//
// It says hello with its own clock, and waits to be told how long from then on the beginning is good; later than that it begins nothing (C-16). Then it makes
// a marker that nobody else can have made (mkdir), looks that no earlier one of the same run, and none of a run that is not under way any more, still goes on there, and starts the command in a session
// of its own, without input or terminal, so that it outlives the connection. A marker says of which Holdfast it is and in which boot it was made: one of another Holdfast is never answered for, and
// what a boot has ended does not go on. What the command writes is kept beside the marker, its beginning and
// its end, in bounds, and so is its exit code: who lost the connection can ask for both.
import { quoted } from '../../ports/world/ssh.ts'

/** Kept of what a command writes: so much of its beginning, and so much of its end. */
export const HEAD = 32_768
export const TAIL = 32_768

const RUNNER = [
  'm=$1; shift; read -r s <"/proc/$$/stat"; s=${s##*) }',
  'b() { shift 19; echo "$1"; }',
  'echo "$$ $(b $s)" >"$m/pid.new"; mv "$m/pid.new" "$m/pid"',
  'mkfifo "$m/pipe"',
  // exec: the program of that name, not a word of the shell's own.
  '{ (exec "$@") </dev/null 2>&1; echo "$?" >"$m/exit.new" && mv "$m/exit.new" "$m/exit"; } | {',
  `  head -c ${HEAD} >"$m/head"; tail -c ${TAIL} <"$m/pipe" >"$m/tail" & tee "$m/pipe" | wc -c >"$m/more.new"; wait; mv "$m/more.new" "$m/more"`,
  '}',
].join('\n')

/** Where what was begun is remembered on the target: of root where only a boot forgets it. */
const PLACE = 'if [ "$u" = 0 ]; then d=/run/holdfast-deeds; else d=/tmp/holdfast-deeds-$u; fi'

/** The same with another place to remember it in, which is a test's own. */
export const scriptAt = (markers: string | undefined): string => (markers === undefined ? SCRIPT : SCRIPT.replace(PLACE, () => `d=${quoted(markers)}`))

/** What is remembered of an end is kept so long, and of so many at the most; but never less than an hour, after which no word to begin can be on its way any more. */
const KEPT_DAYS = 90
export const MOST_KEPT = 500
const KEPT_MINUTES = 60

/** Arguments: a word that begins every line of its own, what is wanted (`hello`, `begin`, `recall`, `kill`), the marker's name, whose it is (`-`: nobody says), the command. */
export const SCRIPT = `
n=$1; want=$2; name=$3; of=$4; shift 4
say() { printf '%s %s\\n' "$n" "$*"; }
up() { read -r t _ </proc/uptime; t=\${t%.*}\${t#*.}; t=\${t#"\${t%%[!0]*}"}; echo "\${t:-0}"; }
start() { shift 19; echo "$1"; }
session() { echo "$4"; }
# Of another Holdfast. What says of none is ours.
foreign() { { read -r x <"$1/of"; } 2>/dev/null || return 1; [ "$x" != "$of" ] && [ "$of" != - ]; }
booted() { { read -r x <"$1/boot"; } 2>/dev/null || return 1; [ "$x" != "$boot" ]; }
over() { [ -e "$1/exit" ] || [ -e "$1/off" ] || [ -e "$1/gone" ]; }
# Whether anything of the session that a marker names still lives.
going() {
  [ ! -e "$1/off" ] && [ ! -e "$1/gone" ] && ! booted "$1" || return 1
  # Of a boot before, or so long ago that it was never begun, there is nothing.
  if [ ! -e "$1/pid" ]; then a=$(($(up) - $(cat "$1/at" 2>/dev/null || echo 0))); [ "$a" -ge 0 ] && [ "$a" -lt 6000 ]; return; fi
  read -r p at <"$1/pid"
  if { read -r s <"/proc/$p/stat"; } 2>/dev/null && [ "$(start \${s##*) })" != "$at" ]; then return 1; fi
  [ -n "$(members "$p")" ]
}
members() {
  for f in /proc/[0-9]*/stat; do
    { read -r s <"$f"; } 2>/dev/null || continue
    [ "$(session \${s##*) })" = "$1" ] || continue
    f=\${f%/stat}; case "\${s##*) }" in Z*) ;; *) echo "\${f#/proc/}" ;; esac
  done
}
size() { if [ -e "$1" ]; then wc -c <"$1"; else echo 0; fi; }
report() {
  i=0; while [ ! -e "$m/more" ] && [ "$i" -lt 10 ] && [ "$(size "$m/head")" -ge ${HEAD} ]; do sleep 0.1; i=$((i + 1)); done
  more=0; [ -e "$m/more" ] && read -r more <"$m/more"
  cp "$m/head" "$m/head.said"; h=$(size "$m/head.said"); t=0; [ -e "$m/more" ] && t=$(size "$m/tail")
  say end "$(cat "$m/exit")" "$((h))" "$((more))" "$((t))"
  cat "$m/head.said"; [ "$t" -gt 0 ] && cat "$m/tail"; rm -f "$m/head.said"
}
u=$(id -u)
${PLACE}
m=$d/$name
h=$(up); read -r boot </proc/sys/kernel/random/boot_id
say hello "$h" "$boot" "$(uname -n)"
[ "$want" = hello ] && exit 0
umask 077
mkdir "$d" 2>/dev/null
if [ ! -d "$d" ] || [ -L "$d" ] || [ ! -O "$d" ]; then say broken "$d is not a folder of its own"; exit 0; fi
chmod 700 "$d"
case $want in
  recall)
    if [ ! -d "$m" ] || [ -e "$m/off" ] || foreign "$m"; then say none; elif [ -e "$m/exit" ]; then report; elif going "$m"; then say going; else say gone; fi
    exit 0 ;;
  kill)
    # The word to begin may still be on its way: who comes first makes the marker, and what is called off here is never begun.
    if mkdir "$m" 2>/dev/null; then printf '%s\\n' "$of" >"$m/of"; : >"$m/off"; say killed; exit 0; fi
    if foreign "$m"; then say killed; exit 0; fi
    # Or it was begun this moment, and its process has not written down which one it is.
    i=0; while [ -d "$m" ] && [ ! -e "$m/off" ] && [ ! -e "$m/exit" ] && [ ! -e "$m/pid" ] && [ "$i" -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
    if [ -d "$m" ] && [ ! -e "$m/exit" ] && [ -e "$m/pid" ] && going "$m"; then
      read -r p _ <"$m/pid"; i=0; k=
      # What is stopped starts nothing more: first all of it stands still, then it is killed.
      while [ "$i" -lt 50 ]; do
        l=$k; k=$(members "$p"); i=$((i + 1)); [ -n "$k" ] || break
        if [ "$k" = "$l" ]; then kill -KILL $k 2>/dev/null; else kill -STOP $k 2>/dev/null; fi
      done
    fi
    say killed; exit 0 ;;
esac
command -v setsid >/dev/null || { say broken 'it has no setsid (util-linux)'; exit 0; }
read -r word left step beside || exit 0
[ "$word" = go ] || exit 0
late() { [ "$(($(up) - h))" -gt "$left" ]; }
if late; then say late; exit 0; fi
mkdir "$m" 2>/dev/null || { if foreign "$m"; then say foreign; elif [ -d "$m" ]; then say there; else say broken "$d cannot be written to"; fi; exit 0; }
up >"$m/at"; echo "\${step:--}" >"$m/step"; echo "$boot" >"$m/boot"; printf '%s\\n' "$of" >"$m/of"
# Runs that are under way beside this one claim nothing of what it does; what goes on of any other one was left behind.
mine() { w=\${1##*/}; [ "\${w%.*}" = "\${name%.*}" ]; }
beside() { mine "$1" || foreign "$1" && return 1; case " $beside " in *" \${w%.*} "*) return 0 ;; esac; return 1; }
for o in "$d"/*; do
  if [ ! -d "$o" ] || [ "$o" = "$m" ] || over "$o" || beside "$o"; then continue; fi
  if going "$o"; then
    rm -rf "$m"; p=-; s=-; [ ! -e "$o/pid" ] || read -r p _ <"$o/pid"; [ ! -e "$o/step" ] || read -r s <"$o/step"
    w=; foreign "$o" && w=foreign; say busy "\${o##*/}" "$p" "$s" $w; exit 0
  fi
  # Its end was seen, so nobody has to look again: what had a process has none any more, and what a boot has ended, or what was never begun long ago, begins no more.
  if [ -e "$o/pid" ] || booted "$o" || [ -n "$(find "$o" -maxdepth 0 -mmin +${KEPT_MINUTES})" ]; then : >"$o/gone"; fi
done
# Nobody asks for what ended so long ago, nor for the oldest of too many; of runs that are under way all is kept.
tidy() { while read -r o; do if [ "$o" != "$m" ] && over "$o" && ! mine "$o" && ! beside "$o"; then rm -rf "$o"; fi; done; }
find "$d" -mindepth 2 -maxdepth 2 '(' -name exit -o -name off -o -name gone ')' -mtime +${KEPT_DAYS} 2>/dev/null | sed 's,/[^/]*$,,' | tidy
ls -t "$d" | tail -n +${MOST_KEPT + 1} | while read -r o; do foreign "$d/$o" || find "$d/$o" -maxdepth 0 -mmin +${KEPT_MINUTES}; done | tidy
if late; then rm -rf "$m"; say late; exit 0; fi
setsid /bin/sh -c ${quoted(RUNNER)} holdfast "$m" "$@" </dev/null >/dev/null 2>&1 &
say begun; i=0
while [ ! -e "$m/exit" ]; do
  kill -0 "$PPID" 2>/dev/null || exit 0
  i=$((i + 1)); if [ "$((i % 10))" = 0 ] && ! going "$m" && [ ! -e "$m/exit" ]; then say gone; exit 0; fi
  sleep 0.1
done
report
`

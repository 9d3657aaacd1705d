/** Notes of sessions (./form.ts) that are there, and whether their sessions still live: asked by sh, which only looks. */
import { IS_NOTE, NOTE_WORDS } from './form.ts'

/** Seconds behind its deadline: by then a session is over, whatever its keeper had to wait for. */
const GRACE = 120

/**
 * sh. `nfwhy_notes` prints a line for each note, the newest first, since what was changed last is restored first:
 * `lives ID FILE`; `dead ID FILE` (of this network namespace); `elsewhere ID FILE PID` (of another one, that the process
 * is in, or `-`); `void ID FILE` (its namespace or its boot is over); `damaged - FILE`.
 * `nfwhy_shells [here]` prints the sessions whose shells run, in this network namespace.
 */
export const FIND_NOTES = `${NOTE_WORDS}${IS_NOTE}
nfwhy_shells() {
  nfwhy_owned=
  for one in /proc/[0-9]*; do
    # a name is easily taken; that of a process of ours is not
    ! [ -O /proc/self/stat ] || [ -O "$one" ] || continue
    [ -z "$1" ] || [ "$one/ns/net" -ef /proc/self/ns/net ] || continue
    nfwhy_owned="$nfwhy_owned $one/cmdline"
  done 2>/dev/null
  cat $nfwhy_owned 2>/dev/null | tr '\\000' '\\n' |
    awk 'b == "sh" && a == "-s" && /^nfwhy-[0-9]+$/ && !seen[$0]++ { print } { b = a; a = $0 }'
}
nfwhy_first_pidns() { [ "$(readlink /proc/self/ns/pid 2>/dev/null)" = 'pid:[4026531836]' ]; }
nfwhy_session_lives() { # ID FILE
  nfwhy_shells | grep -qx -e "$1" && return 0
  if [ "$(sed -n 's/^pidns //p' "$2")" = "$(readlink /proc/self/ns/pid 2>/dev/null)" ]; then
    sed -n 's/^process //p' "$2" | {
      while read -r pid born; do nfwhy_lives "$pid" "$born" && exit 0; done
      exit 1
    }
  else
    # its processes may not be seen from here
    ! nfwhy_first_pidns && [ "$(date +%s)" -lt $(($(sed -n 's/^until //p' "$2") + ${GRACE})) ]
  fi
}
# The number of a namespace that is gone is soon given to another. This one was there before the note: by a file that keeps
# it, or by a process in it
nfwhy_same_netns() { # FILE
  [ /proc/self/ns/net -ot "$1" ] && return 0
  noted=$(sed -n 's/^process [0-9]* //p' "$1" | sed -n 1p)
  [ -n "$noted" ] || return 0
  for one in /proc/[0-9]*; do
    [ "$one/ns/net" -ef /proc/self/ns/net ] && born=$(nfwhy_born "\${one#/proc/}") && [ "$born" -lt "$noted" ] && return 0
  done
  return 1
} 2>/dev/null
nfwhy_state() { # ID FILE
  if nfwhy_session_lives "$1" "$2"; then printf 'lives %s %s\\n' "$1" "$2"; return; fi
  boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null) netns=$(readlink /proc/self/ns/net 2>/dev/null)
  noted=$(sed -n 's/^netns //p' "$2")
  if ! grep -qx -e "boot \${boot:--}" "$2"; then printf 'void %s %s\\n' "$1" "$2"; return; fi
  if [ "$noted" = "\${netns:--}" ]; then
    if nfwhy_same_netns "$2"; then printf 'dead %s %s\\n' "$1" "$2"; else printf 'void %s %s\\n' "$1" "$2"; fi
    return
  fi
  pid=$(ls -l /proc/[0-9]*/ns/net 2>/dev/null | grep -F -e "-> $noted" | sed -n 's|.* /proc/\\([0-9]*\\)/ns/net -> .*|\\1|p' | sed -n 1p)
  if [ -n "$pid" ] || grep -qF -e "$noted" /proc/self/mountinfo 2>/dev/null || ! nfwhy_first_pidns; then
    printf 'elsewhere %s %s %s\\n' "$1" "$2" "\${pid:--}"
  else
    printf 'void %s %s\\n' "$1" "$2"
  fi
}
nfwhy_notes() {
  for folder in $nfwhy_folders; do
    nfwhy_is_private "$folder" || continue
    ls -At "$folder" 2>/dev/null | while read -r name; do
      id=\${name#.} file=$folder/$name
      case $id in
        *[!a-z0-9-]*) printf 'damaged - %s\\n' "$folder/\${name%%[!A-Za-z0-9._-]*}"; continue ;;
        nfwhy-*[!0-9]*) printf 'damaged - %s\\n' "$file"; continue ;;
      esac
      case $name in
        # killed as it was written: nothing had been changed
        .nfwhy-*) nfwhy_shells | grep -qx -e "$id" || printf 'void %s %s\\n' "$id" "$file" ;;
        *)
          if nfwhy_is_note "$file" "$id"; then nfwhy_state "$id" "$file"
          # it may have been removed just now
          elif [ -e "$file" ] || [ -L "$file" ]; then printf 'damaged - %s\\n' "$file"; fi ;;
      esac
    done
  done
}
`

/** Of a session that was killed together with all that would have restored what it changed. */
export interface KilledSession {
  /** Absent: the note cannot be read. */
  id?: string
  file: string
  /** Absent: its changes are in the network namespace that was asked. `pid`: a process in that other one. */
  elsewhere?: { pid?: number }
}

/** A line of `nfwhy_notes`; undefined where nothing is to be restored. */
export function killedSession(line: string): KilledSession | undefined {
  const [state, id, file = '', pid] = line.split(' ')
  if (state === 'damaged') return { file }
  if (id === undefined || !/^nfwhy-\d+$/.test(id)) return undefined
  if (state === 'dead') return { id, file }
  if (state !== 'elsewhere') return undefined
  return { id, file, elsewhere: /^\d+$/.test(pid ?? '') ? { pid: Number(pid) } : {} }
}

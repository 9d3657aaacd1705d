/**
 * What a session may have left that was killed together with all its shells: rules of iptables with its comment, a table
 * of its name that no process owned, and sysctls, by its note. Each is judged by itself, and what is not certainly of a
 * session that is over stays.
 */

import type { ScriptLimits } from './limits.ts'
import { FIND_NOTES } from './notes/find.ts'
import { LiveProblem } from './problem.ts'
import { runScript, type TraceHost } from './trace-host.ts'

export interface CleanedUp {
  removed: string[]
  failures: string[]
  /** Of sessions whose processes still run. */
  running: string[]
  /** Of sessions in other network namespaces: their names, and a process in that namespace. */
  elsewhere: { id: string; pid?: number }[]
  /** Settings that somebody has changed since, or uses. */
  stays: string[]
  /** Notes that are damaged, and folders that others may write into: nothing that stands there is done. */
  distrusted: string[]
  /** Without CAP_NET_ADMIN rules and tables cannot be seen. */
  blind: boolean
}

/** `only`: one session's. Throws LiveProblem where nobody answers. */
export async function cleanUp(place: TraceHost, only?: string, limits?: ScriptLimits): Promise<CleanedUp> {
  const { stdout, complaints, status } = await runScript(place, `only=${only ?? ''}\n${SCRIPT}`, limits)
  const lines = new TextDecoder().decode(stdout).split('\n')
  if (!lines.includes('done'))
    throw new LiveProblem(`${place.name}: cleaning up ended early (exit status ${status ?? 'none'}).`, complaints)
  const of = (word: string) => [
    ...new Set(lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))),
  ]
  return {
    removed: of('removed'),
    failures: of('failed'),
    running: of('running'),
    elsewhere: of('elsewhere').map((line) => {
      const [id = '', , pid = '-'] = line.split(' ')
      return /^\d+$/.test(pid) ? { id, pid: Number(pid) } : { id }
    }),
    stays: of('stays'),
    distrusted: of('distrusted'),
    blind: lines.includes('blind'),
  }
}

/** What a rule of ours is, as it is listed: nothing of it is quoted but a prefix that we made; so a comment of somebody else's cannot pass for it. */
const OWN_RULE =
  '^-A [A-Z]+ [^"]*-m comment --comment nfwhy-[0-9]+ -j (TRACE|LOG --log-prefix "nfwhy [a-z]+:[A-Z]+ [0-9]+: ?"|NFLOG --nflog-prefix "nfwhy [a-z]+:[A-Z]+ [0-9]+: ?")( --[a-z-]+ [0-9]+)*$'

/** A listing's words are quoted where they need it, so a rule is typed again as it is listed; only ours is taken for one. */
const SCRIPT = `${FIND_NOTES}
# CAP_NET_ADMIN is bit 12: in the fourth digit from the right
case $(sed -n 's/^CapEff:.*\\(.\\)...$/\\1/p' /proc/self/status 2>/dev/null) in [02468ace]) printf 'blind\\n' ;; esac
is_wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }
# asked after what it is about was seen, so that a session which has just begun is not overlooked
is_running() { { nfwhy_shells; nfwhy_notes | sed -n 's/^lives \\([^ ]*\\) .*/\\1/p'; } | grep -qx -e "$1"; }
sweep_rules() {
  for tool in iptables iptables-legacy iptables-nft ip6tables ip6tables-legacy ip6tables-nft; do
    command -v "$tool-save" >/dev/null 2>&1 || continue
    "$tool-save" 2>/dev/null | awk '/^[*]/ { table = substr($0, 2) } /${OWN_RULE}/ { print table, $0 }' | while read -r table add rule; do
      id=$(printf '%s\\n' "$rule" | sed -n 's/.*--comment \\(nfwhy-[0-9]*\\) .*/\\1/p')
      is_wanted "$id" || continue
      if is_running "$id"; then printf 'running %s\\n' "$id"; continue; fi
      if printf '%s\\n' "-D $rule" | xargs "$tool" -w 5 -t "$table" >/dev/null 2>&1; then
        printf 'removed %s -t %s -A %s\\n' "$tool" "$table" "$rule"
      else
        printf 'failed %s -t %s -A %s\\n' "$tool" "$table" "$rule"
      fi
    done
  done
}
sweep_tables() {
  command -v nft >/dev/null 2>&1 && { [ -d /sys/module/nf_tables ] || ! [ -s /proc/modules ]; } || return 0
  nft list tables inet 2>/dev/null | sed -n 's/^table inet \\(nfwhy-[0-9]*\\)\\(-log\\)*$/\\1\\2/p' | while read -r name; do
    id=\${name%-log}
    is_wanted "$id" || continue
    if is_running "$id"; then printf 'running %s\\n' "$id"
    elif nft delete table inet "$name" 2>/dev/null; then printf 'removed table inet %s\\n' "$name"
    else printf 'failed table inet %s\\n' "$name"; fi
  done
}
set_back() { # FILE BEFORE SET; fails where it is still to be done. Of one session alone, the reader is its own
  now=$(cat "/proc/sys/$1" 2>/dev/null)
  name=net.netfilter.nf_log.\${1##*/}
  case $now in
    "$2") return 0 ;;
    "$3") ;;
    *) printf 'stays %s = %s, which a session had set from %s to %s: somebody has changed it since\\n' "$name" "$now" "$2" "$3"; return 0 ;;
  esac
  if [ -z "$only" ] && { nfwhy_shells here | grep -qvx -e "$id" || { [ "$3" = nfnetlink_log ] && grep -q '^ *0 ' /proc/net/netfilter/nfnetlink_log; }; }; then
    printf 'stays %s = %s, which was %s: a running trace uses it; clean up again after that trace\\n' "$name" "$now" "$2"
    return 1
  fi
  if echo "$2" 2>/dev/null >"/proc/sys/$1" && [ "$(cat "/proc/sys/$1" 2>/dev/null)" = "$2" ]; then
    printf 'removed %s = %s; it is %s again\\n' "$name" "$3" "$2"
  else
    printf 'failed %s = %s, which was %s\\n' "$name" "$3" "$2"
    return 1
  fi
} 2>/dev/null
undo_note() { # ID FILE; all in it was found to be of the form that notes have
  id=$1
  sed -n 's/^sysctl //p' "$2" | {
    left=
    while read -r file before set; do set_back "$file" "$before" "$set" || left=1; done
    [ -z "$left" ]
  } || return
  sed -n 's/^rules //p' "$2" | {
    while read -r tool table; do
      command -v "$tool-save" >/dev/null 2>&1 || { printf 'failed table %s of %s, which is not here any more: %s\\n' "$table" "$tool" "$id"; exit 1; }
    done
  } || return
  printf '%s\\n' "$swept" | grep '^failed ' | grep -q -e "$id\\$" -e "$id[^0-9]" || rm -f "$2"
}
swept=$(sweep_rules; sweep_tables)
printf '%s\\n' "$swept"
nfwhy_notes | while read -r state id file pid; do
  is_wanted "$id" || continue
  case $state in
    lives) printf 'running %s\\n' "$id" ;;
    dead) undo_note "$id" "$file" ;;
    elsewhere) printf 'elsewhere %s %s %s\\n' "$id" "$file" "$pid" ;;
    void) rm -f "$file" ;;
    damaged) printf 'distrusted %s is not a complete session note\\n' "$file" ;;
  esac
done
for folder in $nfwhy_folders; do
  [ -d "$folder" ] || [ -L "$folder" ] || continue
  if nfwhy_is_private "$folder"; then rmdir "$folder" 2>/dev/null
  else printf 'distrusted %s is open to other users, or belongs to another user\\n' "$folder"
  fi
done
printf 'done\\n'
`

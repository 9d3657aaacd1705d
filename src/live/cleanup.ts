/**
 * What a session may have left that was killed together with its keeper: rules of iptables with its comment, a table of
 * its name that no process owned, a note of what to undo. Each is found by its name and removed by itself.
 */
import { NOTES_FOLDER } from './guard.ts'
import { type Place, runScript } from './place.ts'
import { LiveProblem } from './problem.ts'

export interface CleanedUp {
  removed: string[]
  failures: string[]
  /** Of sessions whose processes still run. */
  running: string[]
  /** Of sessions in other network namespaces. */
  elsewhere: string[]
  /** Without CAP_NET_ADMIN rules and tables cannot be seen. */
  blind: boolean
}

/** Throws LiveProblem where nobody answers. */
export async function cleanUp(place: Place): Promise<CleanedUp> {
  const { stdout, complaints, status } = await runScript(place, SCRIPT)
  const lines = new TextDecoder().decode(stdout).split('\n')
  if (!lines.includes('done'))
    throw new LiveProblem(`${place.name}: cleaning up ended early (exit status ${status ?? 'none'}).`, complaints)
  const of = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))
  return {
    removed: of('removed'),
    failures: of('failed'),
    running: of('running'),
    elsewhere: of('elsewhere'),
    blind: lines.includes('blind'),
  }
}

/** A listing's words are quoted where they need it, so a rule is typed again as it is listed; only ours is taken for one. */
const SCRIPT = `
is_somebodys() {
  inode=\${1#net:[}
  for one in /proc/[0-9]*/ns/net; do readlink "$one"; done 2>/dev/null | grep -qxF "$1" ||
    ls -Li /run/netns 2>/dev/null | grep -q "^ *\${inode%]} "
}
# CAP_NET_ADMIN is bit 12: in the fourth digit from the right
case $(sed -n 's/^CapEff:.*\\(.\\)...$/\\1/p' /proc/self/status 2>/dev/null) in [02468ace]) printf 'blind\\n' ;; esac
is_running() { pgrep -f "sh -s $1\\$" >/dev/null 2>&1; }
for note in ${NOTES_FOLDER}/nfwhy-*.sh; do
  [ -f "$note" ] && [ -O "$note" ] || continue
  id=\${note##*/}; id=\${id%.sh}
  if is_running "$id"; then printf 'running %s\\n' "$id"; continue; fi
  where=$(sed -n 's/^# in //p' "$note")
  if [ "$where" != "$(readlink /proc/self/ns/net 2>/dev/null)" ]; then
    if is_somebodys "$where"; then printf 'elsewhere %s\n' "$id"; else rm -f "$note"; fi
    continue
  fi
  if sh "$note" >/dev/null 2>&1 && rm -f "$note"; then printf 'removed what %s had set up\\n' "$id"; else printf 'failed %s\\n' "$note"; fi
done
rmdir ${NOTES_FOLDER} 2>/dev/null
for tool in iptables iptables-legacy iptables-nft ip6tables ip6tables-legacy ip6tables-nft; do
  command -v "$tool-save" >/dev/null 2>&1 || continue
  "$tool-save" 2>/dev/null | awk '/^[*]/ { table = substr($0, 2) }
    /^-A .*--comment nfwhy-[0-9]+ .*-j (TRACE|LOG|NFLOG)/ { print table, $0 }' | while read -r table add rule; do
    id=$(printf '%s\\n' "$rule" | sed -n 's/.*--comment \\(nfwhy-[0-9]*\\) .*/\\1/p')
    if is_running "$id"; then printf 'running %s\\n' "$id"; continue; fi
    if printf '%s\\n' "-D $rule" | xargs "$tool" -w 5 -t "$table" >/dev/null 2>&1; then
      printf 'removed %s -t %s -A %s\\n' "$tool" "$table" "$rule"
    else
      printf 'failed %s -t %s -A %s\\n' "$tool" "$table" "$rule"
    fi
  done
done
if command -v nft >/dev/null 2>&1 && { [ -d /sys/module/nf_tables ] || ! [ -s /proc/modules ]; }; then
  nft list tables inet 2>/dev/null | sed -n 's/^table inet \\(nfwhy-[0-9]*\\)\\(-log\\)*$/\\1\\2/p' | while read -r name; do
    id=\${name%-log}
    if is_running "$id"; then printf 'running %s\\n' "$id"
    elif nft delete table inet "$name" 2>/dev/null; then printf 'removed table inet %s\\n' "$name"
    else printf 'failed table inet %s\\n' "$name"; fi
  done
fi
printf 'done\\n'
`

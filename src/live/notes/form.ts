/**
 * A note: what a session is about to change that the kernel does not restore by itself, written on that machine before
 * the change. A process that is killed cannot write one any more. It is data, one fact a line, and is never run; whoever
 * reads it believes only these lines, in a folder and a file that are the reader's own and closed to everybody else.
 */
import { shellWord } from '../../model/command.ts'
import type { Leftover, Plan } from '../plan.ts'

/** Where notes are kept: the first of these that can be made. They outlive every process, and not a boot. */
const FOLDERS = `/run/nfwhy$([ /var/run -ef /run ] || echo ' /var/run/nfwhy') /dev/shm/nfwhy-$(id -u) /tmp/nfwhy-$(id -u)`

/** Loggers of the kernel, under all names that it has had for them (net/netfilter/nf_log.c and its users). */
export const LOGGERS = [
  ...['NONE', 'nfnetlink_log', 'nf_log_ipv4', 'nf_log_ipv6', 'nf_log_arp', 'nf_log_netdev', 'nf_log_bridge'],
  ...['nf_log_all', 'ipt_LOG', 'ip6t_LOG', 'ipt_ULOG', 'ebt_log', 'ebt_ulog', 'ebt_nflog'],
] as const

const FIRST = 'nfwhy-note 1'
const LAST = 'end'

/** Every line of a note, as an extended regular expression. */
const LINES = [
  FIRST,
  'session nfwhy-[0-9]+',
  'boot [0-9a-f-]+',
  String.raw`netns (net:\[[0-9]+\]|-)`,
  String.raw`pidns (pid:\[[0-9]+\]|-)`,
  'since [0-9]+',
  'until [0-9]+',
  'process [0-9]+ [0-9]+',
  `sysctl net/netfilter/nf_log/(2|10) (${LOGGERS.join('|')}) (${LOGGERS.join('|')})`,
  'rules ip6?tables(-legacy|-nft)? (raw|mangle|nat|filter)',
  'table inet nfwhy-[0-9]+(-log)?',
  LAST,
]

/** Bytes. */
const MOST_NOTE = 8192

const leftoverLine = (one: Leftover): string =>
  one.kind === 'sysctl'
    ? `sysctl ${one.path} ${one.before} ${one.set}`
    : one.kind === 'rules'
      ? `rules ${one.tool} ${one.table}`
      : `table inet ${one.name}`

/** What may stay, a line each. */
export function leftoverLines({ changes, table }: Pick<Plan, 'changes' | 'table'>): string[] {
  const left: Leftover[] = changes.flatMap(({ leftover }) => leftover ?? [])
  if (table && !table.owned) left.push({ kind: 'table', name: table.name })
  return [...new Set(left.map(leftoverLine))]
}

/**
 * sh. `nfwhy_is_private FOLDER`: is it ours, closed to all others, and is nobody else able to put another in its place?
 * `nfwhy_born PID`: when a process began, by the kernel's clock; fails where it has ended. `nfwhy_lives PID BORN`.
 */
export const NOTE_WORDS = `
nfwhy_folders="${FOLDERS}"
nfwhy_is_private() {
  [ -d "$1" ] && ! [ -L "$1" ] || return 1
  set -- "$1" $(ls -ldn "$1" 2>/dev/null)
  case $2 in drwx------ | drwx------.) ;; *) return 1 ;; esac
  [ "$4" = "$(id -u)" ] || return 1
  case $(ls -ldn "\${1%/*}/" 2>/dev/null) in d????-??-?* | d????????[tT]*) ;; *) return 1 ;; esac
}
nfwhy_born() {
  { read -r nfwhy_stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # the second field is a name in brackets, of any characters
  set -- \${nfwhy_stat##*) }
  case $1 in Z | X | '') return 1 ;; esac
  shift 19
  printf '%s\\n' "$1"
}
nfwhy_lives() { [ -n "$2" ] && [ "$(nfwhy_born "$1")" = "$2" ]; }
`

/** sh; `words`: the lines of what may stay, as words of sh. `nfwhy_write_note` fails where no folder would do; `nfwhy_drop_note` removes it. `$shells`: the session's. */
export const writeNote = (id: string, words: string): string => `
nfwhy_write_note() {
  boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
  netns=$(readlink /proc/self/ns/net 2>/dev/null) pidns=$(readlink /proc/self/ns/pid 2>/dev/null)
  for folder in $nfwhy_folders; do
    mkdir "$folder" 2>/dev/null
    nfwhy_is_private "$folder" || continue
    new=$folder/.${id}
    {
      printf '%s\\n' '${FIRST}' 'session ${id}' "boot \${boot:--}" "netns \${netns:--}" "pidns \${pidns:--}" "since $(date +%s)" "until $until"
      for one in $shells; do
        born=$(nfwhy_born "$one") && printf 'process %s %s\\n' "$one" "$born"
      done
      printf '%s\\n' ${words} ${LAST}
    } 2>/dev/null >"$new"
    # a disk may be full
    [ "$(tail -n 1 "$new" 2>/dev/null)" = ${LAST} ] && mv -f "$new" "$folder/${id}" 2>/dev/null && return 0
    rm -f "$new" 2>/dev/null
    rmdir "$folder" 2>/dev/null
  done
  return 1
}
nfwhy_drop_note() {
  for folder in $nfwhy_folders; do
    nfwhy_is_private "$folder" || continue
    rm -f "$folder/${id}" "$folder/.${id}"
    rmdir "$folder"
  done 2>/dev/null
}`

/** sh, a test of \`$1\`, the file, and \`$2\`, its session: is it a note, whole, and nobody's but ours? */
export const IS_NOTE = `
nfwhy_is_note() {
  [ -f "$1" ] && ! [ -L "$1" ] || return 1
  set -- "$1" "$2" $(ls -ln "$1" 2>/dev/null)
  case $3 in -rw------- | -rw-------.) ;; *) return 1 ;; esac
  [ "$5" = "$(id -u)" ] && [ "$7" -le ${MOST_NOTE} ] || return 1
  [ "$(sed -n 1p "$1")" = '${FIRST}' ] && [ "$(sed -n '$p' "$1")" = ${LAST} ] && grep -qx "session $2" "$1" || return 1
  grep -q '^boot ' "$1" && grep -q '^netns ' "$1" && ! grep -qvE ${shellWord(`^(${LINES.join('|')})$`)} "$1"
}`

/**
 * What of a machine decides how its packets can be traced, asked by a POSIX sh script that only looks: it reads files
 * and lists; it makes no table, loads no module, and sets nothing. One fact a line, `key value`.
 */

import { FIND_NOTES } from '../notes/find.ts'

/** Programs whose presence matters. */
const PROGRAMS = [
  'nft',
  'iptables',
  'ip6tables',
  'iptables-legacy',
  'ip6tables-legacy',
  'iptables-nft',
  'ip6tables-nft',
  'iptables-save',
  'iptables-legacy-save',
  'ip6tables-legacy-save',
  'xtables-monitor',
  'ip',
  'sysctl',
  'modprobe',
  'conntrack',
  'tcpdump',
  'dmesg',
  'journalctl',
  'logread',
  'timeout',
  'setsid',
  'ulogd',
  'ulogd2',
  'rsyslogd',
  'syslog-ng',
]

/** Files of one or a few lines; each line becomes `file PATH TEXT`, an unreadable one `unreadable PATH`. */
const FILES = [
  '/proc/net/ip_tables_names',
  '/proc/net/ip6_tables_names',
  '/proc/net/ip_tables_targets',
  '/proc/net/ip6_tables_targets',
  '/proc/net/ip_tables_matches',
  '/proc/net/netfilter/nf_log',
  '/proc/net/netfilter/nfnetlink_log',
  '/proc/sys/net/netfilter/nf_log/2',
  '/proc/sys/net/netfilter/nf_log/7',
  '/proc/sys/net/netfilter/nf_log/10',
  '/proc/sys/net/netfilter/nf_log_all_netns',
  '/proc/sys/net/bridge/bridge-nf-call-iptables',
  '/proc/sys/net/bridge/bridge-nf-call-ip6tables',
  '/proc/sys/kernel/dmesg_restrict',
  '/proc/sys/kernel/printk_ratelimit',
  '/proc/sys/kernel/random/boot_id',
  '/proc/self/uid_map',
]

/** The script; its output is for `readFacts`. */
export const PROBE = `${FIND_NOTES}
printf 'uid %s\\n' "$(id -u)"
printf 'shell-pid %s\\n' "$$"
printf 'kernel %s\\n' "$(uname -r)"
printf 'machine %s\\n' "$(uname -m)"
printf 'host %s\\n' "$(cat /proc/sys/kernel/hostname 2>/dev/null)"
printf 'seconds %s\\n' "$(date +%s)"
while read -r key value rest; do
  case $key in CapEff:) printf 'capabilities %s\\n' "$value" ;; esac
done </proc/self/status
printf 'namespace %s\\n' "$(readlink /proc/self/ns/net 2>/dev/null)"
printf 'first-namespace %s\\n' "$(readlink /proc/1/ns/net 2>/dev/null)"
printf 'user-namespace %s\\n' "$(readlink /proc/self/ns/user 2>/dev/null)"
for program in ${PROGRAMS.join(' ')}; do
  found=$(command -v "$program" 2>/dev/null) && printf 'program %s %s\\n' "$program" "$found"
done
for program in iptables ip6tables nft; do
  command -v "$program" >/dev/null 2>&1 && printf 'version %s %s\\n' "$program" "$("$program" -V 2>&1 | head -n 1)"
done
show_file() {
  [ -e "$1" ] || return 0
  if text=$(cat "$1" 2>/dev/null); then
    printf 'there %s\\n' "$1"
    printf '%s\\n' "$text" | while read -r line; do [ -n "$line" ] && printf 'file %s %s\\n' "$1" "$line"; done
  else
    printf 'unreadable %s\\n' "$1"
  fi
}
for file in ${FILES.join(' ')}; do show_file "$file"; done
legacy_save() { # iptables or ip6tables
  if command -v "$1-legacy-save" >/dev/null 2>&1; then echo "$1-legacy-save"
  elif command -v "$1-save" >/dev/null 2>&1; then
    case $("$1" -V 2>&1) in *nf_tables*) ;; *) echo "$1-save" ;; esac
  fi
}
# of tables that are there alone: one that is asked for is made. A session's own rules do not count
for family in ip ip6; do
  save=$(legacy_save "$family"tables)
  [ -n "$save" ] || continue
  while read -r table; do
    # a table ends with COMMIT
    first=$("$save" -t "$table" 2>/dev/null </dev/null | grep -v -e '--comment nfwhy-[0-9]' |
      grep -m 1 -e '^-A ' -e '^:[^ ]* [DQR]' -e '^COMMIT')
    [ "$first" != COMMIT ] || printf 'legacy-idle %s %s\\n' "$family" "$table"
  done <"/proc/net/\${family}_tables_names"
done 2>/dev/null
nft_works=
# asked for a list, nft would load the kernel's part
nf_tables_is_there() {
  [ -d /sys/module/nf_tables ] || ! [ -s /proc/modules ] ||
    grep -q '/nf_tables\\.' "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null
}
if command -v nft >/dev/null 2>&1; then
  if ! nf_tables_is_there; then
    printf 'nft-not-loaded yes\\n'
  elif text=$(nft list tables 2>&1); then
    nft_works=yes
    printf 'nft works\\n'
    printf '%s\\n' "$text" | while read -r line; do [ -n "$line" ] && printf 'nft-table %s\\n' "$line"; done
    # which chains hang where, and of whose tables
    nft list chains 2>/dev/null | sed -n 's/^table \\([^ ]* [^ ]*\\) {.*/table \\1/p; s/^[[:blank:]]*\\(type [a-z]* hook .*\\)/\\1/p' |
      while read -r key line; do
        if [ "$key" = table ]; then table=$line; else printf 'nft-hook %s %s\\n' "$table" "$line"; fi
      done
  else
    printf 'nft %s\\n' "$(printf '%s' "$text" | head -n 1)"
  fi
fi
for file in /dev/kmsg; do
  [ -r "$file" ] && ( : <"$file" ) 2>/dev/null && printf 'there %s\\n' "$file"
done
nfwhy_notes 2>/dev/null | sed 's/^/note /'
:
`

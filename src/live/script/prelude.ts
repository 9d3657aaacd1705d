/**
 * The words that sections are written in. Nothing but POSIX sh; what else is used is asked for first.
 *
 * Looking must not change the machine. iptables-legacy makes the table it is asked for, so only those are asked for that
 * /proc/net/ip_tables_names has. A netlink request to a part of the kernel that is not there makes the kernel load it
 * (net/netfilter/nfnetlink.c, net/core/sock_diag.c: request_module), so `there` is asked first: what is not loaded has
 * nothing to list.
 */
import { FIND_NOTES } from '../notes/find.ts'
import { ABSENT, REFUSED } from './section.ts'

/** Seconds for each command, where there is timeout(1). */
export const SECONDS = 30

export const PRELUDE = String.raw`
LC_ALL=C PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
export LC_ALL PATH
umask 077
# a grep that is coloured by an alias or an old variable is no use
unset GREP_OPTIONS GREP_COLOR
NEWLINE='
'
have() { command -v "$1" >/dev/null 2>&1; }
# nothing to ask: why
absent() { printf '%s\n' "$*" >&2; exit ${ABSENT}; }
# not allowed to: what it takes
refused() { printf '%s\n' "$*" >&2; exit ${REFUSED}; }
# BusyBox before 1.30 wants -t
LIMIT=
if have timeout; then
  if timeout 9 true 2>/dev/null; then LIMIT='timeout ${SECONDS}'
  elif timeout -t 9 true 2>/dev/null; then LIMIT='timeout -t ${SECONDS}'; fi
fi
run() {
  $LIMIT "$@"
  run_status=$?
  case $run_status in 124 | 143) [ -n "$LIMIT" ] && printf '%s\n' "it took longer than ${SECONDS} s: $*" >&2 ;; esac
  return $run_status
}
# CAP_NET_ADMIN is bit 12, CAP_NET_RAW 13: in the fourth digit from the right
ADMIN= RAW= UID_NOW=$(id -u 2>/dev/null)
CAPABILITIES=$(sed -n 's/^CapEff:[^0-9a-f]*//p' /proc/self/status 2>/dev/null)
digit=$(printf '%s' "$CAPABILITIES" | sed 's/...$//;s/.*\(.\)$/\1/')
case $digit in [13579bdf]) ADMIN=1 ;; esac
case $digit in [2367abef]) RAW=1 ;; esac
[ -z "$CAPABILITIES" ] && [ "$UID_NOW" = 0 ] && ADMIN=1 RAW=1
${FIND_NOTES}
section_about() {
  printf 'host %s\n' "$(uname -n)"
  printf 'boot %s\n' "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
  printf 'when %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  printf 'uid %s\n' "$UID_NOW"
  printf 'capabilities %s\n' "$CAPABILITIES"
  nfwhy_notes 2>/dev/null | sed 's/^/note /'
}
need_admin() { [ -n "$ADMIN" ] || refused "it takes CAP_NET_ADMIN (root)"; }
# Is this part of the kernel there? A module's name, and a function that it has where it is built in.
BUILT_IN=
if { [ -r /proc/modules ] || ! [ -r /proc/self/status ]; } && [ "$(cat /proc/sys/kernel/modules_disabled 2>/dev/null)" != 1 ]; then
  CAN_LOAD=1
  BUILT_IN=$(grep -E ' (nfnetlink_subsys_register|nft_do_chain|nf_tables_getrule|ctnetlink_dump_table|ip_set_add|tcp_diag_get_info|udp_diag_dump)$' /proc/kallsyms 2>/dev/null)$NEWLINE
else
  # nothing can be loaded
  CAN_LOAD=
fi
there() {
  [ -z "$CAN_LOAD" ] && return 0
  grep -q "^$1 " /proc/modules 2>/dev/null && return 0
  case $BUILT_IN in *" $2$NEWLINE"*) return 0 ;; esac
  grep -q "/$1\.ko" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null
}
nfnetlink_there() { there nfnetlink nfnetlink_subsys_register; }
# Which of the kernel's two packet filters a program of iptables' speaks to.
variant() {
  case $(readlink -f "$(command -v "$1")" 2>/dev/null) in
    *nft* | *compat*) echo nft; return ;;
    *legacy* | */xtables-multi | */iptables-multi*) echo legacy; return ;;
  esac
  case $1 in *-nft*) echo nft; return ;; *-legacy*) echo legacy; return ;; esac
  # that of nft opens a socket even to tell its version
  if nfnetlink_there; then
    case $("$(printf '%s' "$1" | sed 's/-save$//')" -V 2>/dev/null) in *nf_tables*) echo nft; return ;; esac
  fi
  echo legacy
}
# program_of VARIANT TOOL
program_of() {
  for program in "$2-$1-save" "$2-save"; do
    if have "$program" && [ "$(variant "$program")" = "$1" ]; then
      printf '%s\n' "$program"
      return 0
    fi
  done
  return 1
}
# legacy_save ip|ip6|arp TOOL OPTION…
legacy_save() {
  names=/proc/net/$1_tables_names tool=$2
  shift 2
  [ -e "$names" ] || absent "$tool of legacy is not in use: there is no $names"
  tables=$(cat "$names" 2>/dev/null) || refused "it takes root to read $names"
  [ -n "$tables" ] || return 0
  program=$(program_of legacy "$tool") || absent "there are legacy tables, but no $tool-legacy-save to list them:" $tables
  need_admin
  [ -n "$RAW" ] || refused "it takes CAP_NET_RAW besides CAP_NET_ADMIN"
  bad=0
  for table in $tables; do run "$program" "$@" -t "$table" || bad=$?; done
  return $bad
}
# nft_save FAMILY TOOL OPTION…: FAMILY as nft has it
nft_save() {
  family=$1 tool=$2
  shift 2
  program=$(program_of nft "$tool") || absent "there is no $tool-nft-save here"
  there nf_tables nft_do_chain || absent "nf_tables is not loaded, so it has no rules"
  need_admin
  # some releases print tables that are not there
  if have nft && tables=$(run nft list tables 2>/dev/null); then
    printf '%s\n' "$tables" | grep -qE "^table $family (filter|nat|mangle|raw|security|broute)\$" || return 0
  fi
  run "$program" "$@"
}
# ip_list ARGUMENT…: as JSON, where this ip can; it can all of it since it can rules (4.17). BusyBox' cannot. An empty
# list does not tell what it lists.
case $($LIMIT ip -j rule show 2>/dev/null) in '['*) IP='ip -j' ;; *) IP=ip ;; esac
ip_list() {
  have ip || absent "there is no ip here"
  run $IP "$@" | grep -v '^\[ *\]$'
  [ $? -le 1 ]
}
# first_bytes N: whole lines of at most so many bytes
first_bytes() {
  awk -v most="$1" '{ bytes += length($0) + 1; if (bytes > most) exit 3; print }'
  [ $? = 3 ] && printf 'cut: it is longer; these are the first %s bytes\n' "$1" >&2
  return 0
}
# sysctls of PATH…, below /proc/sys/net; a path may hold *. Thousands of interfaces make long lines, and their names hold
# anything but blanks: xargs makes words of them
sysctls() {
  have xargs || absent "there is no xargs here to read them with"
  for pattern in "$@"; do
    printf '%s\n' /proc/sys/net/$pattern
  done | sed 's/[^A-Za-z0-9]/\\&/g' | xargs grep -s . /dev/null 2>/dev/null
  return 0
}
`

/**
 * What the doctor asks besides the probe: the rules themselves, who listens, modules, interfaces, the log's daemons. It
 * stands behind the probe's script, uses its functions, and only looks too: it asks for no table that is not there,
 * and reads files where a tool would load a module. What a command prints comes as `text NAME LINE`, what it refused
 * as `refused NAME WHY`.
 */

/** Their own process names, cut after 15 characters as the kernel does. */
const PROCESSES = [
  ...['nft', 'xtables-monitor', 'xtables-nft-mul*', 'tcpdump', 'dumpcap', 'tshark', 'ulogd*', 'dmesg', 'journalctl'],
  ...['logread', 'rsyslogd', 'syslog-ng', 'syslogd', 'klogd', 'logd', 'systemd-journal'],
]

/** The modules that tracing hangs on, under all names that kernels have had for them. */
const MODULES = [
  ...['nf_tables', 'ip_tables', 'ip6_tables', 'iptable_raw', 'ip6table_raw', 'xt_TRACE'],
  ...['nf_log_syslog', 'nf_log_ipv4', 'nf_log_ipv6', 'ipt_LOG', 'nfnetlink_log', 'br_netfilter'],
]

/** Connections in the kernel's list, above which it is not searched: reading it takes long. */
const MOST_CONNECTIONS = 200_000

export const CLOSE_LOOK = `
show_text() { # NAME, standard input
  printf 'text %s\\n' "$1"
  sed "s|^|text $1 |"
}
show_command() { # NAME COMMAND…
  name=$1
  shift
  if text=$("$@" 2>/dev/null); then
    printf '%s\\n' "$text" | show_text "$name"
  else
    printf 'refused %s %s\\n' "$name" "$("$@" 2>&1 >/dev/null | head -n 1)"
  fi
}
for file in /proc/net/netlink /proc/net/dev /proc/sys/kernel/printk /proc/consoles; do show_file "$file"; done

# with -t, elements of sets are left out; nft before 0.9.3 does not know it
nft_tables=
if [ -n "$nft_works" ]; then
  if text=$(nft -a -t list ruleset 2>/dev/null) || text=$(nft -a list ruleset 2>/dev/null); then
    printf '%s\\n' "$text" | show_text nft
    nft_tables=$(printf '%s\\n' "$text" | grep '^table ')
  else printf 'refused nft %s\\n' "$(nft -a list ruleset 2>&1 >/dev/null | head -n 1)"; fi
fi
# of its own rules iptables-nft tells more than nft does, comments too; it makes no table to list them
nft_save() { # iptables or ip6tables
  if command -v "$1-nft-save" >/dev/null 2>&1; then echo "$1-nft-save"
  else case $("$1" -V 2>&1) in *nf_tables*) echo "$1-save" ;; esac; fi
}
# it asks the kernel which versions of matches it has, and that would load this module
nft_compat_is_there() {
  [ -d /sys/module/nft_compat ] || ! [ -s /proc/modules ] ||
    grep -q '/nft_compat\\.' "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null
}
for family in ip ip6; do
  nft_compat_is_there || continue
  if [ -n "$nft_works" ]; then printf '%s\\n' "$nft_tables" | grep -q "^table $family raw " || continue
  elif command -v nft >/dev/null 2>&1 || ! nf_tables_is_there; then continue; fi
  save=$(nft_save "$family"tables 2>/dev/null)
  [ -n "$save" ] && show_command "$family-nft-raw" "$save" -c -t raw
done
for family in ip ip6; do
  save=$(legacy_save "$family"tables)
  for table in raw filter; do
    # a table that is asked for is made
    grep -qx "$table" "/proc/net/\${family}_tables_names" 2>/dev/null || continue
    # of interest only for what takes flows past the rules
    [ "$table" = raw ] || grep -qx FLOWOFFLOAD "/proc/net/\${family}_tables_targets" 2>/dev/null || continue
    if [ -n "$save" ]; then show_command "$family-$table" "$save" -c -t "$table"
    else printf 'refused %s there is no iptables-legacy-save\\n' "$family-$table"; fi
  done
done

if command -v ip >/dev/null 2>&1; then
  if ip -d -o link >/dev/null 2>&1; then show_command link ip -d -o link; else show_command link ip -o link; fi
  show_command addr ip -o addr
fi
command -v tc >/dev/null 2>&1 && show_command qdisc tc qdisc show
if grep -q 'flowtable\\|FLOWOFFLOAD' /proc/net/ip_tables_targets /proc/net/ip6_tables_targets 2>/dev/null ||
  { [ -n "$nft_works" ] && nft list flowtables 2>/dev/null | grep -q flowtable; }; then
  count=$(cat /proc/sys/net/netfilter/nf_conntrack_count 2>/dev/null)
  if [ "\${count:-0}" -le ${MOST_CONNECTIONS} ] && [ -r /proc/net/nf_conntrack ]; then
    grep 'OFFLOAD\\]' /proc/net/nf_conntrack | head -n 20 | show_text offloaded
  else
    printf 'refused offloaded %s connections\\n' "\${count:-?}"
  fi
fi

show_process() { # WORDS
  there=$(readlink "$folder/ns/net" 2>/dev/null)
  printf 'process %s %s %s %s\\n' "\${folder#/proc/}" "$name" "\${there:--}" "$1"
}
for folder in /proc/[0-9]*; do
  { read -r name <"$folder/comm"; } 2>/dev/null || continue
  case $name in
  ${PROCESSES.join(' | ')})
    show_process "$(tr '\\000\\n' '  ' <"$folder/cmdline" 2>/dev/null)"
    ;;
  # what holds a session of nfwhy
  sh | ash | dash | bash | busybox)
    words=$(tr '\\000\\n' '  ' <"$folder/cmdline" 2>/dev/null)
    case $words in *'sh -s nfwhy-'*) show_process "$words" ;; esac
    ;;
  esac
done
# whose netfilter sockets (protocol 12) are there in this namespace
if command -v awk >/dev/null 2>&1; then
  inodes=$(awk '$2 == 12 && $3 != 0 { printf " %s", $10 }' /proc/net/netlink 2>/dev/null)
  [ -n "$inodes" ] && ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v inodes="$inodes" '
    BEGIN { count = split(inodes, list, " "); for (i = 1; i <= count; i++) wanted["socket:[" list[i] "]"] = list[i] }
    /^\\/proc\\// { split($0, part, "/"); process = part[3] }
    $NF in wanted && !(($NF, process) in seen) { seen[$NF, process] = 1; print wanted[$NF], process }
  ' | while read -r inode process; do
    name=
    { read -r name <"/proc/$process/comm"; } 2>/dev/null
    printf 'socket %s %s %s\\n' "$inode" "$process" "$name"
  done
fi

folder=/lib/modules/$(uname -r)
for module in ${MODULES.join(' ')}; do
  # a loaded one has a folder here; so has one that is built in and has parameters
  if [ -d "/sys/module/$module" ] || grep -q "^$module " /proc/modules 2>/dev/null; then state=there
  elif ! [ -e /proc/modules ]; then state=no-modules
  elif ! [ -e "$folder/modules.dep" ]; then state=unknown
  elif grep -q "/$module\\.ko" "$folder/modules.builtin" 2>/dev/null; then state=there
  elif grep -q "/$module\\.ko[^:]*:" "$folder/modules.dep"; then state=can-be-loaded
  else state=missing; fi
  printf 'module %s %s\\n' "$module" "$state"
done

if command -v dmesg >/dev/null 2>&1; then
  if text=$(dmesg 2>&1 >/dev/null); then printf 'text dmesg\\n'; else printf 'refused dmesg %s\\n' "$text"; fi
fi
config() { # NAME FILES…
  name=$1
  shift
  for file in "$@"; do
    [ -f "$file" ] && [ -r "$file" ] && printf 'text %s %s\\n' "$name" "# $file" &&
      grep -v '^[[:space:]]*\\(#\\|;\\|$\\)' "$file" | sed "s|^|text $name |"
  done
}
config rsyslog /etc/rsyslog.conf /etc/rsyslog.d/*.conf
config journald /usr/lib/systemd/journald.conf /usr/lib/systemd/journald.conf.d/*.conf \\
  /run/systemd/journald.conf.d/*.conf /etc/systemd/journald.conf /etc/systemd/journald.conf.d/*.conf
printf 'pid-namespace %s\\n' "$(readlink /proc/self/ns/pid 2>/dev/null)"
container=
[ -e /run/.containerenv ] && container=podman
[ -e /.dockerenv ] && container=docker
[ -n "$KUBERNETES_SERVICE_HOST" ] && container=kubernetes
printf 'container %s\\n' "$container"
:
`

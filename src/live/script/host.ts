/** Sections of host state, and what else a person would ask for. */
import { NOTES, type Section } from './section.ts'

/** Bytes of a connection tracking table that are taken: some 100,000 entries. A busy router has millions. */
export const MOST_CONNTRACK = 16_000_000

/** Below /proc/sys/net. Those that nfwhy asks for, and their neighbours that a person would. */
const SYSCTLS = [
  'netfilter/*',
  'netfilter/nf_log/*',
  'bridge/*',
  'core/somaxconn',
  'core/netdev_max_backlog',
  'ipv4/ip_forward',
  'ipv4/ip_default_ttl',
  'ipv4/ip_nonlocal_bind',
  'ipv4/ip_local_port_range',
  'ipv4/ip_local_reserved_ports',
  'ipv4/ip_unprivileged_port_start',
  'ipv4/ip_forward_update_priority',
  'ipv4/fwmark_reflect',
  'ipv4/tcp_fwmark_accept',
  'ipv4/tcp_syncookies',
  'ipv4/tcp_l3mdev_accept',
  'ipv4/udp_l3mdev_accept',
  'ipv4/icmp_*',
  'ipv4/fib_*',
  ...['forwarding', 'rp_filter', 'accept_local', 'route_localnet', 'src_valid_mark', 'log_martians']
    .concat(['accept_source_route', 'send_redirects', 'accept_redirects', 'arp_ignore', 'arp_announce', 'arp_filter'])
    .concat(['proxy_arp', 'proxy_arp_pvlan', 'mc_forwarding', 'ignore_routes_with_linkdown', 'disable_policy'])
    .map((name) => `ipv4/conf/*/${name}`),
  'ipv6/bindv6only',
  'ipv6/icmp/echo_*',
  'ipv6/ip_nonlocal_bind',
  'ipv6/fwmark_reflect',
  'ipv6/fib_*',
  ...[
    'forwarding',
    'disable_ipv6',
    'accept_ra',
    'accept_source_route',
    'accept_redirects',
    'proxy_ndp',
    'mc_forwarding',
  ]
    .concat(['ignore_routes_with_linkdown', 'accept_dad'])
    .map((name) => `ipv6/conf/*/${name}`),
]

const host = (id: string, file: string, what: string, why: string, sh: string): Section => ({
  id,
  file,
  what,
  why,
  tag: 'host',
  sh,
})

const note = (id: string, what: string, sh: string): Section =>
  host(id, NOTES, what, 'notes for people, which nfwhy does not use', sh)

export const HOST: readonly Section[] = [
  host('uname', 'uname.txt', 'uname -a', 'the kernel version, because kernels differ', 'run uname -a'),
  host(
    'versions',
    'versions.txt',
    'iptables -V, nft --version …',
    'whether iptables is the legacy or the nf_tables variant',
    `for tool in iptables ip6tables nft ipset conntrack ebtables arptables; do
  have $tool || continue
  # all but legacy's open a socket to tell their version, and that would load nfnetlink
  case $tool in *tables) [ "$(variant $tool)" = legacy ] || nfnetlink_there || continue ;; *) nfnetlink_there || continue ;; esac
  # ipset asks the kernel for its version as well
  case $tool in ipset) there ip_set ip_set_add || continue ;; esac
  run $tool -V 2>/dev/null
done
:`,
  ),
  host(
    'addresses',
    'ip-addr.txt',
    'ip -d addr',
    "the host's own addresses",
    // BusyBox' ip has no -d
    'case $IP in ip) ip_list addr ;; *) ip_list -d addr ;; esac',
  ),
  ...(['4', '6'] as const).flatMap((family) => [
    host(
      `routes${family}`,
      `ip-route${family}.txt`,
      `ip -${family} route show table all`,
      'the route of a packet after PREROUTING',
      `ip_list -${family} route show table all`,
    ),
    host(
      `rules${family}`,
      `ip-rule${family}.txt`,
      `ip -${family} rule`,
      'which routing table is used',
      `ip_list -${family} rule show`,
    ),
  ]),
  host('neighbours', 'ip-neigh.txt', 'ip neigh', 'the neighbours on each link', 'ip_list neigh show'),
  host(
    'sockets',
    'sockets.txt',
    'ss -lntup, ss -anup, netstat -lntup',
    'which program listens on which port',
    `all_listed() { printf '%s\\n' '# all listening sockets of tcp and udp'; }
# of UDP those too that are connected: each takes its peer's packets alone
connected() { ss -anup | sed -n 's/^ESTAB/udp ESTAB/p'; }
if have ss; then
  # options of sockets, as IP_TRANSPARENT is one; releases before 5.10 refuse to be asked
  options=-lntup
  ss -h 2>&1 | grep -q -e --inet-sockopt && options='-lntup --inet-sockopt'
  # asked by netlink, the kernel would load these; in /proc it stands as well, but for v6only
  if there tcp_diag tcp_diag_get_info && there udp_diag udp_diag_dump; then run ss $options && connected && all_listed
  else
    printf '%s\\n' "read from /proc, which does not tell whether sockets of IPv6 take IPv4 too" >&2
    PROC_ROOT=/proc run ss -lntup && PROC_ROOT=/proc connected && all_listed
  fi
elif have netstat; then
  # programs' names and long addresses are not for every build of BusyBox
  for options in -lntupW -lntup -lntu; do netstat $options >/dev/null 2>&1 && break; done
  listening=$(run netstat $options) || exit $?
  # as ss prints it, which is what is read
  printf '%s\\n' "$listening" | awk '
    BEGIN { print "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process" }
    $1 ~ /^(tcp|udp)6?$/ {
      netid = substr($1, 1, 3)
      if (netid == "tcp" && $6 != "LISTEN") next
      process = $NF; user = ""
      if (match(process, /^[0-9]+\\//)) {
        pid = substr(process, 1, RLENGTH - 1); name = substr(process, RLENGTH + 1)
        gsub(/["()]/, "", name)
        user = " users:((\\"" name "\\",pid=" pid ",fd=0))"
      }
      print netid, (netid == "tcp" ? "LISTEN" : "UNCONN"), $2, $3, $4, $5 user
    }'
  all_listed
else absent "there is neither ss nor netstat here"; fi
[ "$UID_NOW" = 0 ] || printf '%s\\n' "without root it does not name other users' programs" >&2`,
  ),
  host(
    'conntrack',
    'conntrack.txt',
    'conntrack -L, /proc/net/nf_conntrack',
    'addresses before NAT, marks and states of connections',
    `if have conntrack && there nf_conntrack_netlink ctnetlink_dump_table; then
  need_admin
  # older releases list one family at a time; how many there were is told on standard error, as what went wrong is
  {
    { run conntrack -L -f ipv4 && run conntrack -L -f ipv6; } 2>&1 1>&4 4>&- | grep -v 'entries have been shown' >&2
  } 4>&1 | first_bytes ${MOST_CONNTRACK}
else
  [ -e /proc/net/nf_conntrack ] || absent "connection tracking is not loaded, or there is no conntrack to list it"
  [ -r /proc/net/nf_conntrack ] || refused "it takes root to read /proc/net/nf_conntrack"
  run cat /proc/net/nf_conntrack | first_bytes ${MOST_CONNTRACK}
fi`,
  ),
  host(
    'conntrack-counters',
    'conntrack-counters.txt',
    'conntrack -S, /proc/net/stat/nf_conntrack',
    'what conntrack has dropped',
    `if have conntrack && there nf_conntrack_netlink ctnetlink_dump_table; then
  need_admin
  run conntrack -S
else
  [ -r /proc/net/stat/nf_conntrack ] || absent "connection tracking is not loaded"
  cat /proc/net/stat/nf_conntrack
fi`,
  ),
  host(
    'queues',
    'queues.txt',
    '/proc/net/netfilter/nfnetlink_queue',
    'which NFQUEUE queues have a program that reads them',
    `file=/proc/net/netfilter/nfnetlink_queue
[ -e $file ] || absent "nfnetlink_queue is not loaded"
text=$(cat $file 2>/dev/null) || refused "it takes root to read $file"
printf '==> %s <==\\n' $file
[ -z "$text" ] || printf '%s\\n' "$text"`,
  ),
  host(
    'ipsec',
    'ipsec.txt',
    'ip xfrm policy, ip xfrm state, /proc/net/xfrm_stat',
    'which packets must use IPsec, and whether IPsec can carry them',
    // its socket would load xfrm_user; and states show keys: only lines that are known to have none are taken
    `have ip || absent "there is no ip here"
there xfrm_user xfrm_dump_policy || absent "IPsec's policies are not loaded"
ip xfrm help 2>&1 | grep -q '^Usage: ip xfrm' || absent "this ip does not know xfrm"
need_admin
policies=$(run ip xfrm policy) || exit $?
states=$(run ip xfrm state | grep -E '^(src|[[:space:]]+proto) ')
printf '==> ip xfrm policy <==\n%s\n==> ip xfrm state <==\n%s\n' "$policies" "$states"
[ ! -r /proc/net/xfrm_stat ] || { printf '==> /proc/net/xfrm_stat <==\n'; cat /proc/net/xfrm_stat; }`,
  ),
  host(
    'sysctls',
    'sysctl.txt',
    'the settings below /proc/sys/net that affect packets',
    'why routing dropped a packet, whether conntrack is full, where TRACE goes',
    `sysctls ${SYSCTLS.map((path) => `'${path}'`).join(' ')}`,
  ),
  host(
    'modules',
    'modules.txt',
    '/proc/modules',
    'which netfilter modules are loaded',
    '[ -r /proc/modules ] || absent "this kernel has no modules"\ncat /proc/modules',
  ),
  note('namespaces', 'ip netns', 'have ip || absent "there is no ip here"\nrun ip netns list'),
  note(
    'nflog-readers',
    '/proc/net/netfilter/nfnetlink_log',
    `file=/proc/net/netfilter/nfnetlink_log
[ -e $file ] || absent "nfnetlink_log is not loaded"
cat $file 2>/dev/null || refused "it takes root to read $file"`,
  ),
  note('bridges', 'bridge link', 'have bridge || absent "there is no bridge here"\nrun bridge link'),
  note('uptime', '/proc/uptime', 'cat /proc/uptime'),
]

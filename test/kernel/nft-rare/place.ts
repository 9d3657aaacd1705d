/** The host that rows are played on: two networks it routes between, and a bridge with two ports. */
export const WIRES = {
  in0: '02:00:00:00:01:01',
  in1: '02:00:00:00:02:01',
  p0: '02:00:00:00:03:02',
  p1: '02:00:00:00:03:03',
}
export const BRIDGE = '02:00:00:00:03:01'
export type Wire = keyof typeof WIRES

/** On the bridge, each behind a port of its own. */
export const STATIONS = { p0: '02:00:00:00:03:a0', p1: '02:00:00:00:03:a1' }

const quiet = (name: string, mac: string) => [
  `ip link set ${name} address ${mac} addrgenmode none`,
  `ip link set ${name} ${name.startsWith('p') ? '' : 'arp off'} up`,
]

export const SET_UP = [
  'ip link set lo up',
  'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0',
  'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000 net.ipv6.icmp.ratelimit=0',
  'ip link add br0 type bridge mcast_snooping 0 && ip link set p0 master br0 && ip link set p1 master br0',
  ...Object.entries({ ...WIRES, br0: BRIDGE }).flatMap(([name, mac]) => quiet(name, mac)),
  ...['in0', 'in1', 'br0'].flatMap((name, i) => [
    `ip addr add 10.0.${i + 1}.1/24 brd + dev ${name}`,
    `ip addr add 2001:db8:${i + 1}::1/64 dev ${name} nodad`,
  ]),
  'ip route add 198.51.100.0/24 via 10.0.2.9 realm 5',
  'ip route add 203.0.113.0/24 dev in1',
  'ip -6 route add 2001:db8:51::/48 via 2001:db8:2::9',
  'ip route add blackhole 192.0.2.0/28; ip route add unreachable 192.0.2.16/28; ip route add prohibit 192.0.2.32/28',
  'ip rule add fwmark 0x13 lookup 100; ip route add 10.0.9.0/24 dev in1 table 100; ip route add 10.0.9.0/24 dev in0',
  'ip -6 rule add fwmark 0x13 lookup 100; ip -6 route add 2001:db8:9::/64 dev in1 table 100; ip -6 route add 2001:db8:9::/64 dev in0',
  // the last one that was added stands first
  'ip addr add 2001:db8:2::d/64 dev in1 nodad preferred_lft 0',
  // two ways to one network: one preferred, or equal ones
  'ip route add 10.0.77.0/24 dev in0 metric 100; ip route add 10.0.77.0/24 dev in1 metric 200',
  'ip -6 route add 2001:db8:77::/64 dev in0 metric 100; ip -6 route add 2001:db8:77::/64 dev in1 metric 200',
  'ip -6 route add 2001:db8:78::/64 dev in0 metric 100; ip -6 route append 2001:db8:78::/64 dev in1 metric 100',
  'ip -6 route add 2001:db8:79::/64 nexthop via 2001:db8:1::9 dev in0 nexthop via 2001:db8:2::9 dev in1',
  'ip -6 route add 2001:db8:7a::/64 nexthop via 2001:db8:1::9 dev in0 nexthop via 2001:db8:1::8 dev in0',
  `bridge fdb add ${STATIONS.p0} dev p0 master static; bridge fdb add ${STATIONS.p1} dev p1 master static`,
]

export const SHOWN = [
  'ip -d addr',
  'ip route show table all',
  'ip -6 route show table all',
  'ip rule',
  'ip -6 rule',
  'uname -r',
  'sysctl net 2> /dev/null',
  'ss -lntuH',
]

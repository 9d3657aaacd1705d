/** Protocols without ports, next hops that are objects, neighbour discovery's state, and counters of connections, from threads about iptables. */

import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksByGre, repliesByGre } from './raw-programs.ts'

export const BEYOND_PORTS_IPTABLES: Problem[] = [
  {
    name: 'linode-guide-accepts-icmpv6-that-is-new',
    thread: {
      title: 'Fix apparent mistake in IPv6 firewall rules',
      address: 'https://github.com/linode/docs/pull/387',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64', '192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64', '192.0.2.1/24'] },
        listeners: [...WEB, { protocol: 'tcp', port: 80, address: '::' }],
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT ! -i lo -s ::1/128 -j REJECT
-A INPUT -p icmpv6 -m state --state NEW -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -m state --state NEW -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m state --state NEW -j ACCEPT
-A INPUT -j REJECT
-A FORWARD -j REJECT
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:1' },
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'Neighbour discovery is not tracked: its state is never new. The rule for ICMPv6 does not match a solicitation, and the last one rejects it.',
      causes: [
        { rule: '-p ipv6-icmp -m state --state NEW', chain: 'filter INPUT' },
        { rule: '-j REJECT', chain: 'filter INPUT' },
        { code: 'neighbour-discovery-dropped' },
      ],
      status: ['dropped', 'rejected'],
    },
    mend: [['server', 'ip6tables -I INPUT -p icmpv6 -j ACCEPT']],
  },
  {
    name: 'pptp-container-has-the-port-and-not-the-tunnels-protocol',
    thread: {
      title: 'Perhaps a fix for the host mode only?',
      address: 'https://github.com/mobtitude/docker-vpn-pptp/issues/26',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 1723 -j DNAT --to-destination 172.17.0.2:1723
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 1723 -j ACCEPT
COMMIT
`,
        },
      },
      c1: {
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [{ protocol: 'tcp', port: 1723 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    setup: [
      ['c1', repliesByGre],
      ['client', asksByGre('192.0.2.1')],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'gre', dst: '192.0.2.1' },
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 1723 }, seen: 'answered' }],
    truth: {
      words:
        "Docker publishes a port of TCP; the tunnel's GRE has none, so no rule sends it to the container. It stays with the host, where nobody takes GRE, and the host says so.",
      causes: [
        { chain: 'nat DOCKER' },
        { code: 'missing-rule', words: ['gre'] },
        { code: 'refused-here', words: ['protocol unreachable', 'nat'] },
      ],
      status: ['refused', 'unanswered', 'lost'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -A DOCKER ! -i docker0 -p gre -j DNAT --to-destination 172.17.0.2; iptables -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p gre -j ACCEPT; conntrack -F',
      ],
    ],
  },
  {
    name: 'frr-rejects-a-prefix-by-a-next-hop-that-says-nothing',
    thread: {
      title: 'reject routes work like blackhole when kernel nexthops are enabled',
      address: 'https://github.com/FRRouting/frr/issues/6522',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64'] }, routes: ['default via 2001:db8:1::1'] },
      router: {
        addresses: { eth0: ['2001:db8:1::1/64'], eth1: ['2001:db8:2::1/64'] },
        routes: ['default via 2001:db8:2::2'],
        sysctls: FORWARDS,
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth0 -o eth1 -j ACCEPT
COMMIT
`,
        },
      },
      upstream: {
        addresses: { eth0: ['2001:db8:2::2/64'], lo: ['2001:db8:66::5/128', '2001:db8:77::5/128'] },
        routes: ['2001:db8:1::/64 via 2001:db8:2::1'],
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
      },
    },
    links: [
      ['client:eth0', 'router:eth0'],
      ['router:eth1', 'upstream:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 nexthop add id 34 blackhole proto zebra; ip -6 route add 2001:db8:66::/48 nhid 34 proto 196 metric 20',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:66::5', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '2001:db8:77::5', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'A route that was to reject the prefix has a next hop object, which knows blackholes alone: packets vanish, and no error says so.',
      causes: [{ code: 'vanished-no-route', words: ['2001:db8:66::/48'] }],
      status: ['lost'],
    },
    mend: [['router', 'ip -6 route del 2001:db8:66::/48']],
  },
  {
    name: 'merlin-qos-marks-a-large-connection-as-the-tunnels',
    thread: {
      title: 'Wrong QoS rules are being installed',
      address: 'https://github.com/RMerl/asuswrt-merlin/issues/451',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { br0: ['192.168.1.1/24'], wan: ['203.0.113.1/24'], tun11: ['10.8.0.6/24'] },
        routes: ['default via 203.0.113.9', 'default via 10.8.0.1 table 111'],
        sysctls: FORWARDS,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:QOSO - [0:0]
-A PREROUTING -i wan -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff
-A POSTROUTING -o wan -j QOSO
-A QOSO -s 192.168.1.0/24 -p udp -m connbytes --connbytes 1000:4294967295 --connbytes-mode bytes --connbytes-dir both -j CONNMARK --set-xmark 0x2/0xff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br0 -j ACCEPT
COMMIT
`,
        },
      },
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        listeners: [{ protocol: 'udp', port: 9000 }],
      },
      vpn: { addresses: { eth0: ['10.8.0.1/24'] } },
    },
    links: [
      ['pc:eth0', 'router:br0'],
      ['router:wan', 'remote:eth0'],
      ['router:tun11', 'vpn:eth0'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add pref 10011 fwmark 0x2/0xff lookup 111']],
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 9000, bytes: 1200 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 9000 }, seen: 'answered' }],
    truth: {
      words:
        'Beyond 1000 bytes the QoS rule gives the connection the mark that leads into the tunnel; the reply has it restored and is routed into the tunnel in place of the LAN.',
      causes: [
        { rule: 'connbytes', chain: 'mangle QOSO' },
        { rule: 'CONNMARK --restore-mark', chain: 'mangle PREROUTING' },
        { code: 'wrong-way-out', words: ['tun11'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['router', 'ip rule add pref 10000 to 192.168.1.0/24 lookup main']],
  },
  {
    name: 'pptp-script-accepts-the-port-and-not-gre',
    thread: {
      title: 'Add GRE protocol to iptables',
      address: 'https://github.com/MdNor/digital-ocean-pptp-vpn/pull/4',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [{ protocol: 'tcp', port: 1723 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 1723 -j ACCEPT
-A INPUT -p udp -m udp --dport 47 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    setup: [
      ['server', repliesByGre],
      ['client', asksByGre('192.0.2.1')],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'gre', dst: '192.0.2.1' },
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 1723 }, seen: 'answered' }],
    truth: {
      words:
        'The control connection is accepted, the tunnel itself is protocol 47 and not port 47: the policy of INPUT drops it.',
      causes: [{ policy: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -A INPUT -p gre -j ACCEPT']],
  },
]

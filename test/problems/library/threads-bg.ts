/** From threads: a routing rule for a client's uplink in front of the one for its tunnel, and a port that is misspelt. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const WEB = { protocol: 'tcp', port: 80 } as const

/** ASUSWRT's rules with two uplinks and an OpenVPN client, as its scripts print them. */
const ASUSWRT = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.0.0/24 -o tun11 -j MASQUERADE
-A POSTROUTING ! -s 203.0.113.1/32 -o eth0 -j MASQUERADE
-A POSTROUTING ! -s 198.51.100.1/32 -o eth3 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m state --state INVALID -j DROP
-A INPUT -i br0 -m state --state NEW -j ACCEPT
-A INPUT -i lo -m state --state NEW -j ACCEPT
-A INPUT -p icmp -m icmp ! --icmp-type 8 -j ACCEPT
-A INPUT -j DROP
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD ! -i br0 -o eth0 -j DROP
-A FORWARD ! -i br0 -o eth3 -j DROP
-A FORWARD -m state --state INVALID -j DROP
-A FORWARD -i br0 -o br0 -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -i br0 -j ACCEPT
COMMIT
`

/** NixOS's firewall as a host of exporters has it, with packets rejected that nothing accepts. */
const EXPORTERS = `table inet nixos-fw {
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4 client/server"
    fib saddr . mark . iif oif exists accept
    jump rpfilter-allow
  }
  chain rpfilter-allow {
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "trusted interfaces"
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }
    meta l4proto tcp reject with tcp reset
    reject
  }
  chain input-allow {
    tcp dport { 22, 80, 443 } accept
    icmp type echo-request accept comment "allow ping"
    icmpv6 type != { nd-redirect, 139 } accept comment "Accept all ICMPv6 messages except redirects and node information queries (type 139)."
    ip6 daddr fe80::/64 udp dport 546 accept comment "DHCPv6 client"
    ip6 saddr 2001:db8:5::9 tcp dport 9100 accept comment "node exporter"
    ip6 saddr 2001:db8:5::9 tcp dport 9300 accept comment "nixos exporter"
    ip6 saddr 2001:db8:5::9 tcp dport { 9190, 9199 } accept
  }
}
`

const on = (address: string, ...ports: number[]) => ports.map((port) => ({ protocol: 'tcp', address, port }) as const)

export const THREADS_BG: Problem[] = [
  {
    name: 'asuswrt-uplink-of-a-client-before-its-tunnel',
    thread: {
      title: 'Policy based routing fix for Dual WAN setups',
      address: 'https://github.com/RMerl/asuswrt-merlin/issues/1095',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['192.168.0.10/24'] }, routes: ['default via 192.168.0.1'], listeners: [WEB] },
      tv: { addresses: { eth0: ['192.168.0.20/24'] }, routes: ['default via 192.168.0.1'] },
      router: {
        addresses: {
          br0: ['192.168.0.1/24'],
          eth0: ['203.0.113.1/24'],
          eth3: ['198.51.100.1/24'],
          tun11: ['10.8.0.2/24'],
        },
        bridges: { br0: ['eth1', 'eth2'] },
        routes: ['default via 203.0.113.254'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: { v4: ASUSWRT },
      },
      // neither provider forwards what is meant for private addresses
      cable: { addresses: { eth0: ['203.0.113.254/24'], lo: ['192.0.2.9/32'] }, listeners: [HTTPS] },
      dsl: { addresses: { eth0: ['198.51.100.254/24'], lo: ['192.0.2.9/32'] }, listeners: [HTTPS] },
      office: {
        addresses: { eth0: ['10.8.0.1/24'], lo: ['172.20.1.5/32'] },
        routes: ['192.168.0.0/24 via 10.8.0.2 src 172.20.1.5'],
        listeners: [HTTPS],
      },
    },
    links: [
      ['pc:eth0', 'router:eth1'],
      ['tv:eth0', 'router:eth2'],
      ['router:eth0', 'cable:eth0'],
      ['router:eth3', 'dsl:eth0'],
      ['router:tun11', 'office:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        `ip route add default via 203.0.113.254 table 100; ip route add default via 198.51.100.254 table 200
for table in 100 200 111; do ip route add 192.168.0.0/24 dev br0 table $table; done
ip route add 172.20.1.0/24 via 10.8.0.1 table 111; ip route add default via 10.8.0.1 table 111
ip rule add pref 100 from 192.168.0.10 lookup 100; ip rule add pref 100 from 192.168.0.20 lookup 200
ip rule add pref 10301 from 192.168.0.10 to 172.20.1.0/24 lookup 111`,
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '172.20.1.5', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'tcp', to: '172.20.1.5', port: 443 }, seen: 'nothing' },
      { sending: { from: 'office', what: 'tcp', to: '192.168.0.10', port: 80 }, seen: 'nothing' },
      { sending: { from: 'cable', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The routing rule that gives this client its uplink has preference 100. The one for the tunnel, 10301, is never read, so the packet leaves by the uplink, whose provider has no such network.',
      // that a route is missing is not so: it is in table 111
      causes: [
        { code: 'wrong-way-out', words: ['10301'] },
        { code: 'wrong-way-out', words: ['table 111'] },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'ip rule add pref 90 from 192.168.0.10 to 172.20.1.0/24 lookup 111']],
  },
  {
    name: 'nixos-exporter-port-misspelt-in-its-set',
    thread: {
      title: 'Drop wireguard, source guard for Prometheus exporters',
      address: 'https://github.com/NixOS/infra/pull/852',
    },
    backend: 'nft',
    hosts: {
      monitor: { addresses: { eth0: ['2001:db8:5::9/64'] } },
      visitor: { addresses: { eth0: ['2001:db8:5::66/64'] } },
      net: {
        bridges: { ix0: ['p1', 'p2', 'p3'] },
        sysctls: { 'net.bridge.bridge-nf-call-ip6tables': '0' },
      },
      hydra: {
        addresses: { eth0: ['2001:db8:5::21/64'] },
        listeners: on('2001:db8:5::21', 22, 443, 5432, 9100, 9198, 9199, 9300),
        rules: { nft: EXPORTERS },
      },
    },
    links: [
      ['monitor:eth0', 'net:p1'],
      ['visitor:eth0', 'net:p2'],
      ['hydra:eth0', 'net:p3'],
    ],
    traced: 'hydra',
    fails: { from: 'monitor', what: 'tcp', to: '2001:db8:5::21', port: 9198 },
    seen: 'refused',
    others: [
      { sending: { from: 'monitor', what: 'tcp', to: '2001:db8:5::21', port: 9199 }, seen: 'answered' },
      { sending: { from: 'monitor', what: 'tcp', to: '2001:db8:5::21', port: 9100 }, seen: 'answered' },
      { sending: { from: 'visitor', what: 'tcp', to: '2001:db8:5::21', port: 443 }, seen: 'answered' },
      { sending: { from: 'visitor', what: 'tcp', to: '2001:db8:5::21', port: 9198 }, seen: 'refused' },
      { sending: { from: 'visitor', what: 'tcp', to: '2001:db8:5::21', port: 9199 }, seen: 'refused' },
      { sending: { from: 'monitor', what: 'tcp', to: '2001:db8:5::21', port: 5432 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The set of ports for the monitor has 9190 where the exporter listens on 9198, so the packet gets to the rule that rejects.',
      causes: [
        { rule: '{ 9190, 9199 }', chain: 'inet nixos-fw input-allow' },
        { chain: 'inet nixos-fw input-allow' },
        { rule: 'reject with tcp reset', chain: 'inet nixos-fw input' },
      ],
      status: ['rejected'],
    },
    mend: [['hydra', 'nft insert rule inet nixos-fw input-allow ip6 saddr 2001:db8:5::9 tcp dport 9198 accept']],
  },
]

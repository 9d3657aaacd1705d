/** From threads: a forward of an old Asus router to a server whose gateway is another router, old rules of ip6tables-legacy in front of a new table of nft, and a masquerade that iptables does not list and that works. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const AGENT = { protocol: 'tcp', port: 161 } as const
const SIX = { address: '::' } as const

/** As Merlin's firmware writes them for a router with OpenVPN off, with one forward of its page, and one of the owner's script. */
const MERLIN = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DNSFILTER - [0:0]
:LOCALSRV - [0:0]
:PCREDIRECT - [0:0]
:PUPNP - [0:0]
:VSERVER - [0:0]
:VUPNP - [0:0]
-A PREROUTING -d 203.0.113.1/32 -j VSERVER
-A PREROUTING -p tcp -m tcp --dport 161 -j DNAT --to-destination 192.168.1.4:161
-A POSTROUTING -o eth0 -j PUPNP
-A POSTROUTING ! -s 203.0.113.1/32 -o eth0 -j MASQUERADE
-A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.0/24 -o br0 -j MASQUERADE
-A VSERVER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.168.1.10:80
-A VSERVER -j VUPNP
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.1/32 ! -i eth0 -j MARK --set-xmark 0x8000/0x8000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:FUPNP - [0:0]
:INPUT_ICMP - [0:0]
:NSFW - [0:0]
:PControls - [0:0]
:SECURITY - [0:0]
:logaccept - [0:0]
:logdrop - [0:0]
-A INPUT -i eth0 -p icmp -m icmp --icmp-type 8 -j DROP
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m state --state INVALID -j DROP
-A INPUT ! -i br0 -j PControls
-A INPUT -i lo -m state --state NEW -j ACCEPT
-A INPUT -i br0 -m state --state NEW -j ACCEPT
-A INPUT -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A INPUT -p icmp -j INPUT_ICMP
-A INPUT -j DROP
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD ! -i br0 -o eth0 -j DROP
-A FORWARD -i br0 -o br0 -j ACCEPT
-A FORWARD -m state --state INVALID -j DROP
-A FORWARD -j NSFW
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -j FUPNP
-A FORWARD -i br0 -j ACCEPT
-A INPUT_ICMP -p icmp -m icmp --icmp-type 8 -j RETURN
-A INPUT_ICMP -p icmp -m icmp --icmp-type 13 -j RETURN
-A INPUT_ICMP -p icmp -j ACCEPT
-A PControls -j RETURN
-A logaccept -j ACCEPT
-A logdrop -j DROP
COMMIT
`

/** The fibre router drops what belongs to no connection that it knows. */
const FIBRE = `*nat
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
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -i lan -j ACCEPT
COMMIT
`

/** Of the machine's first years: what is open, and nothing else. */
const OLD_SIX = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A INPUT -p udp -m udp --dport 51820 -j ACCEPT
COMMIT
`

const NEW_TABLE = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state invalid drop
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 80, 443 } accept
    udp dport 51820 accept
    iifname "innernet" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
`

/** systemd-networkd's own table for IPMasquerade=. */
const NETWORKD = `table ip io.systemd.nat {
  set masq_saddr {
    type ipv4_addr
    flags interval
    elements = { 10.201.0.0/24 }
  }
  map map_port_ipport {
    type inet_proto . inet_service : ipv4_addr . inet_service
  }
  chain prerouting {
    type nat hook prerouting priority dstnat + 1; policy accept;
    fib daddr type local dnat ip to meta l4proto . th dport map @map_port_ipport
  }
  chain output {
    type nat hook output priority -99; policy accept;
    ip daddr != 127.0.0.0/8 oif "lo" dnat ip to meta l4proto . th dport map @map_port_ipport
  }
  chain postrouting {
    type nat hook postrouting priority srcnat + 1; policy accept;
    ip saddr @masq_saddr masquerade
  }
}
`

/** NixOS's firewall by iptables-nft, with an empty nat beside it. */
const NIXOS = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:nixos-fw-rpfilter - [0:0]
-A PREROUTING -j nixos-fw-rpfilter
-A nixos-fw-rpfilter -m rpfilter --validmark -j RETURN
-A nixos-fw-rpfilter -p udp -m udp --sport 67 --dport 68 -j RETURN
-A nixos-fw-rpfilter -s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -m udp --sport 68 --dport 67 -j RETURN
-A nixos-fw-rpfilter -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:nixos-fw - [0:0]
:nixos-fw-accept - [0:0]
:nixos-fw-log-refuse - [0:0]
:nixos-fw-refuse - [0:0]
-A INPUT -j nixos-fw
-A nixos-fw -i lo -j nixos-fw-accept
-A nixos-fw -m conntrack --ctstate RELATED,ESTABLISHED -j nixos-fw-accept
-A nixos-fw -p tcp -m tcp --dport 22 -j nixos-fw-accept
-A nixos-fw -p udp -m udp --dport 51820 -j nixos-fw-accept
-A nixos-fw -p icmp -m icmp --icmp-type 8 -j nixos-fw-accept
-A nixos-fw -j nixos-fw-log-refuse
-A nixos-fw-accept -j ACCEPT
-A nixos-fw-log-refuse -m pkttype ! --pkt-type unicast -j nixos-fw-refuse
-A nixos-fw-log-refuse -j nixos-fw-refuse
-A nixos-fw-refuse -j DROP
COMMIT
`

/** What is there once somebody has listed nat and filter with iptables-legacy. */
const EMPTY = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`

export const REPLIES_PAST_A_ROUTER_AND_TWO_BACKENDS: Problem[] = [
  {
    name: 'merlin-forwards-to-a-server-whose-gateway-is-the-fibre-router',
    thread: {
      title: 'ctf: broke iptables POSTROUTING MASQUERADE',
      address: 'https://github.com/RMerl/asuswrt-merlin.ng/issues/70',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'], eth1: ['198.51.100.9/24'] },
        listeners: WEB,
      },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], br0: ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: MERLIN },
      },
      switch: {
        bridges: { sw0: ['p1', 'p2', 'p3', 'p4'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
      },
      fibre: {
        addresses: { lan: ['192.168.1.254/24'], wan: ['198.51.100.1/24'] },
        routes: ['default via 198.51.100.9'],
        sysctls: FORWARDS,
        rules: { v4: FIBRE },
      },
      server: {
        addresses: { eth0: ['192.168.1.4/24'] },
        routes: ['default via 192.168.1.254'],
        listeners: [AGENT, SSH],
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: WEB },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['remote:eth1', 'fibre:wan'],
      ['router:br0', 'switch:p1'],
      ['fibre:lan', 'switch:p2'],
      ['server:eth0', 'switch:p3'],
      ['pc:eth0', 'switch:p4'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 161 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 161 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.4', port: 161 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The router forwards the request to the server with the internet's address as its source. The server's gateway is another router, so its reply goes there and never comes back here.",
      causes: [
        { code: 'not-masqueraded', words: ['192.168.1.4'] },
        { code: 'not-netfilter', words: ['192.168.1.4', 'gateway'] },
        { code: 'unanswered', words: ['192.168.1.4', 'route'] },
        { code: 'unanswered', words: ['192.168.1.4', 'gateway'] },
        { code: 'no-reply', words: ['192.168.1.4'] },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'iptables-legacy -t nat -A POSTROUTING -p tcp -d 192.168.1.4 --dport 161 -j MASQUERADE']],
  },
  {
    name: 'innernet-server-is-closed-by-old-rules-of-ip6tables-legacy',
    thread: {
      title: 'Innernet server not reachable to redeem invite',
      address: 'https://github.com/tonarino/innernet/issues/189',
    },
    backend: 'mixed',
    hosts: {
      laptop: { addresses: { innernet: ['fd3c:9a10:1::2/64'] } },
      remote: { addresses: { eth0: ['2001:db8:f::9/64'] } },
      server: {
        addresses: { innernet: ['fd3c:9a10:1::1/64'], eth0: ['2001:db8:f::1/64'] },
        listeners: [
          ...[22, 80, 443, 3306, 51820].map((port) => ({ protocol: 'tcp', port, ...SIX }) as const),
          { protocol: 'udp', port: 51820, ...SIX },
        ],
        rules: { nft: NEW_TABLE },
      },
    },
    links: [
      ['laptop:innernet', 'server:innernet'],
      ['remote:eth0', 'server:eth0'],
    ],
    traced: 'server',
    setup: [['server', `ip6tables-legacy-restore <<'EOF'\n${OLD_SIX}EOF`]],
    fails: { from: 'laptop', what: 'tcp', to: 'fd3c:9a10:1::1', port: 51820 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: 'fd3c:9a10:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'ping', to: 'fd3c:9a10:1::1' }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: 'fd3c:9a10:1::1', port: 3306 }, seen: 'nothing', either: true },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'udp', to: '2001:db8:f::1', port: 51820 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 51820 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 3306 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The new table of nft accepts all that comes from the tunnel. Old rules of ip6tables-legacy are still in force, accept only the ports of the web and of SSH, and their policy of INPUT drops the request.',
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
      alsoTrue: ['mixed-backends'],
    },
    mend: [['server', 'ip6tables-legacy -P INPUT ACCEPT; ip6tables-legacy -F; ip6tables-legacy -X']],
  },
  {
    name: 'healthy-networkd-masquerades-though-no-iptables-lists-it',
    thread: {
      title: 'Cannot see iptables masquerade rule set by systemd since 21.11',
      address: 'https://github.com/NixOS/nixpkgs/issues/156041',
    },
    backend: 'mixed',
    hosts: {
      peer: { addresses: { wg0: ['10.201.0.2/24'] }, routes: ['default via 10.201.0.1'] },
      host: {
        addresses: { wg0: ['10.201.0.1/24'], eth0: ['203.0.113.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [...WEB, SSH],
        rules: { nft: NETWORKD },
      },
      net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['peer:wg0', 'host:wg0'],
      ['host:eth0', 'net:eth0'],
    ],
    traced: 'host',
    setup: [
      ['host', `iptables-nft-restore <<'EOF'\n${NIXOS}EOF`],
      ['host', `iptables-legacy-restore <<'EOF'\n${EMPTY}EOF`],
    ],
    fails: { from: 'peer', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'peer', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '10.201.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'nothing' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'], alsoTrue: ['mixed-backends'] },
    mend: [['host', 'true']],
  },
]

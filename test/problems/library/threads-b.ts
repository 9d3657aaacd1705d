/** Spanning tree, marks that nothing routes, a hop limit that a socket wants, a prefix too wide, a proxy's plain socket, tunnels before the LAN. */
import { bridged, clientAndServer, FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { told } from './threads-a.ts'

const WEB6 = { protocol: 'tcp', address: '::', port: 80 } as const
const SSH6 = { protocol: 'tcp', address: '::', port: 22 } as const

const listens = (port: number) => `for i in $(seq 100); do ss -lnt | grep -q ':${port} ' && break; sleep .1; done`

export const THREADS_B: Problem[] = [
  {
    name: 'one-deploy-new-port-waits-for-the-spanning-tree',
    thread: {
      title: 'M #-: Create NetworkManager bridges with STP disabled',
      address: 'https://github.com/OpenNebula/one-deploy/pull/290',
    },
    backend: 'nft',
    ...bridged('br0', '10.0.5.1/24', {
      rules: {
        nft: `table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    oifname "br0" tcp dport { 22, 80 } accept
    iifname "br0" accept
  }
}
`,
      },
    }),
    setup: [
      [
        'host',
        'ip link set br0 type bridge stp_state 1 forward_delay 3000; ip link set veth1 down; ip link set veth1 up; ip neigh flush dev br0; sleep .5',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '10.0.5.2', port: 80 },
    seen: 'unreachable',
    others: [{ sending: { from: 'client', what: 'ping', to: '10.0.5.1' }, seen: 'answered' }],
    truth: {
      words:
        "The bridge does STP with a forward delay: the guest's new port is listening or learning for twice that long, and forwards nothing.",
      causes: told(
        ['neighbour-failed', 'kernel-drop', 'not-netfilter', 'vanished-link-down'],
        'listening',
        'learning',
        'spanning tree',
        'STP',
        'stp_state',
      ),
      status: ['lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      [
        'host',
        'ip link set br0 type bridge stp_state 0; ip link set veth1 down; ip link set veth1 up; ip neigh flush dev br0; sleep .5',
      ],
    ],
  },
  {
    name: 'mwan3-marks-connections-to-the-router-unreachable',
    thread: {
      title: 'mwan3: Router becomes unreachable from LAN is all WANs are down at the boot time',
      address: 'https://github.com/openwrt/packages/issues/20779',
    },
    backend: 'iptables-legacy',
    ...homeRouter({
      listeners: [{ protocol: 'tcp', port: 22 }],
      rules: {
        ipset: 'create mwan3_connected_ipv4 hash:net\nadd mwan3_connected_ipv4 224.0.0.0/3\n',
        v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:mwan3_connected_ipv4 - [0:0]
:mwan3_hook - [0:0]
:mwan3_iface_in_wan - [0:0]
:mwan3_ifaces_in - [0:0]
:mwan3_policy_wan_only - [0:0]
:mwan3_rules - [0:0]
-A PREROUTING -j mwan3_hook
-A OUTPUT -j mwan3_hook
-A mwan3_connected_ipv4 -m set --match-set mwan3_connected_ipv4 dst -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_hook -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_ifaces_in
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_connected_ipv4
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_rules
-A mwan3_hook -j CONNMARK --save-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_iface_in_wan -i wan -m set --match-set mwan3_connected_ipv4 src -m mark --mark 0x0/0x3f00 -m comment --comment default -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_iface_in_wan -i wan -m mark --mark 0x0/0x3f00 -m comment --comment wan -j MARK --set-xmark 0x100/0x3f00
-A mwan3_ifaces_in -m mark --mark 0x0/0x3f00 -j mwan3_iface_in_wan
-A mwan3_policy_wan_only -m mark --mark 0x0/0x3f00 -m comment --comment unreachable -j MARK --set-xmark 0x3e00/0x3f00
-A mwan3_rules -m mark --mark 0x0/0x3f00 -m comment --comment default_rule -j mwan3_policy_wan_only
COMMIT
`,
      },
    }),
    setup: [
      [
        'router',
        'ip link set wan down; ip rule add pref 2061 fwmark 0x3d00/0x3f00 blackhole; ip rule add pref 2062 fwmark 0x3e00/0x3f00 unreachable',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The set of connected networks lacks the LAN's: connections to the router itself get the mark of an unreachable policy, and a routing rule refuses the marked replies.",
      causes: [
        { rule: '--set-xmark 0x3e00/0x3f00', chain: 'mangle mwan3_policy_wan_only' },
        { rule: '--match-set mwan3_connected_ipv4 dst', chain: 'mangle mwan3_connected_ipv4' },
        { code: 'not-in-set', words: ['mwan3_connected_ipv4'] },
        ...told(['marked-astray', 'reply-dropped', 'vanished-no-route', 'kernel-drop'], '0x3e00'),
      ],
      status: ['reply-lost', 'lost', 'unanswered'],
    },
    mend: [['router', 'ipset add mwan3_connected_ipv4 192.168.1.0/24']],
  },
  {
    name: 'gobgp-listener-wants-hop-limit-255',
    thread: { title: 'server: Implement TTL security', address: 'https://github.com/osrg/gobgp/pull/1357' },
    backend: 'nft',
    ...clientAndServer({
      listeners: [SSH6],
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state invalid drop
    ct state established,related accept
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    ip6 saddr 2001:db8:1::2 tcp dport 179 accept
    tcp dport 22 accept
  }
}
`,
      },
    }),
    setup: [
      [
        'server',
        // IPV6_MINHOPCOUNT (73)
        `python3 -c "import socket
s=socket.socket(10,1); s.setsockopt(1,2,1); s.setsockopt(41,73,255); s.bind(('2001:db8:1::1',179)); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
${listens(179)}`,
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 179 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules accept it. The listener has TTL security on: the kernel drops what comes with a hop limit below 255, and this neighbour sends with 64.',
      causes: told(
        ['not-netfilter', 'kernel-drop', 'vanished-at-port', 'vanished-ttl'],
        'hop limit',
        'MINHOP',
        'TTL',
        'minttl',
      ),
      status: ['unanswered', 'lost', 'dropped'],
    },
    mend: [['client', 'sysctl -qw net.ipv6.conf.eth0.hop_limit=255']],
  },
  {
    name: 'server-has-a-prefix-wider-than-its-link',
    thread: {
      title: 'Misconfigured Servers and Proxy ARP',
      address: 'https://networkshenanigans.wordpress.com/category/layer-2/',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['10.20.30.9/24'] }, routes: ['default via 10.20.30.1'] },
      router: { addresses: { eth0: ['10.20.30.1/24'], eth1: ['10.20.1.1/24'] }, sysctls: FORWARDS },
      server: {
        addresses: { eth0: ['10.20.1.80/16'] },
        routes: ['default via 10.20.1.1'],
        listeners: WEB,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    ip protocol icmp accept
    tcp dport 80 accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'router:eth0'],
      ['router:eth1', 'server:eth0'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '10.20.1.80', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'router', what: 'tcp', to: '10.20.1.80', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        "The server's address has a prefix of 16 bits where its link has 24: it asks the link for the link address of a client that is behind the router.",
      causes: told(
        ['neighbour-failed', 'reply-dropped', 'wrong-way-out', 'not-netfilter', 'kernel-drop'],
        '10.20.0.0/16',
        '10.20.1.80/16',
      ),
      status: ['reply-lost', 'unanswered', 'lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      [
        'server',
        'ip addr add 10.20.1.80/24 dev eth0; ip addr del 10.20.1.80/16 dev eth0; ip route replace default via 10.20.1.1; ip neigh flush dev eth0',
      ],
    ],
  },
  {
    name: 'sslproxy-listens-without-being-transparent',
    thread: { title: 'Troubles with netfilter TPROXY', address: 'https://github.com/sonertari/SSLproxy/issues/24' },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        listeners: [{ protocol: 'tcp', port: 10443 }],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan -p tcp -m tcp --dport 443 -j TPROXY --on-port 10443 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
`,
        },
      },
      { remote: { listeners: [...WEB, { protocol: 'tcp', port: 443 }] } },
    ),
    setup: [['router', 'ip rule add fwmark 0x1/0x1 lookup 100; ip route add local default dev lo table 100']],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A proxy listens on the port that TPROXY names, and its socket is not transparent (IP_TRANSPARENT): the target drops what it cannot give to it.',
      causes: told(
        ['proxy-missing', 'not-netfilter', 'kernel-drop', 'dropped-by-rule', 'vanished-at-port'],
        'ransparent',
        'TRANSPARENT',
      ),
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        `python3 -c "import socket
s=socket.socket(2,1); s.setsockopt(0,19,1); s.bind(('0.0.0.0',10444)); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
${listens(10444)}
iptables -t mangle -R PREROUTING 1 -i lan -p tcp --dport 443 -j TPROXY --on-port 10444 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1`,
      ],
    ],
  },
  {
    name: 'networkd-tunnel-table-comes-before-the-lan',
    thread: {
      title: 'wireguard: automatically add routes to AllowedIPs=',
      address: 'https://github.com/systemd/systemd/issues/14176',
    },
    backend: 'nft',
    hosts: {
      laptop: { addresses: { eth0: ['2001:db8:1::9/64'] } },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'], wg0: ['fd00:8::2/64'] },
        listeners: [SSH6],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto ipv6-icmp accept
    iifname "eth0" tcp dport 22 accept
  }
}
`,
        },
      },
      vpn: { addresses: { eth0: ['fd00:8::1/64'] }, listeners: [WEB6] },
    },
    links: [
      ['laptop:eth0', 'server:eth0'],
      ['server:wg0', 'vpn:eth0'],
    ],
    traced: 'server',
    setup: [
      [
        'server',
        'ip -6 route add default via fd00:8::1 dev wg0 table 1000; ip -6 rule add pref 10 not fwmark 0x8888 lookup 1000',
      ],
    ],
    fails: { from: 'laptop', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'nothing',
    others: [{ sending: { from: 'server', what: 'tcp', to: 'fd00:8::1', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        "The tunnel's table has a default route alone and is asked before main for all that WireGuard does not send itself: replies to the LAN go into the tunnel.",
      causes: told(['wrong-way-out', 'reply-by-other-uplink', 'reply-dropped'], 'wg0'),
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'ip -6 rule add pref 3 to 2001:db8:1::/64 lookup main']],
  },
]

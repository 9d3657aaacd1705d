/** What a routing rule, a wider route or a missing one takes away, from threads: a switch's own addresses, a proxy with its clients' addresses, a resolver in a tunnel. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

/** Asks the upstream from its client's own address and port, as `proxy_bind $remote_addr transparent` does. */
const TRANSPARENT_PROXY = `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('192.0.2.1',514))
while True:
  d,who=s.recvfrom(2000)
  o=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); o.setsockopt(0,19,1); o.settimeout(1); o.bind(who)
  try: o.sendto(d,('10.0.0.5',514)); s.sendto(o.recv(2000),who)
  except OSError: pass
  o.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :514 && break; sleep .1; done`

export const ROUTING_ASIDES: Problem[] = [
  {
    name: 'frr-rule-looks-up-main-for-the-switchs-own-address',
    thread: {
      title: 'pbr - set VRF unchanged in default VRF to lookup local',
      address: 'https://github.com/FRRouting/frr/pull/8741',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['10.9.8.10/24'] }, routes: ['default via 10.9.8.254'] },
      switch: {
        addresses: { vlan998: ['10.9.8.254/24'], vlan999: ['10.9.9.254/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 179 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
  }
}
`,
        },
      },
      server: {
        addresses: { eth0: ['10.9.9.10/24'] },
        routes: ['default via 10.9.9.254'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['pc:eth0', 'switch:vlan998'],
      ['switch:vlan999', 'server:eth0'],
    ],
    traced: 'switch',
    setup: [
      [
        'switch',
        'ip rule add priority 32765 lookup local; ip rule del priority 0; ip rule add priority 309 from 10.9.8.0/24 to 10.9.9.0/24 iif vlan998 lookup main',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '10.9.9.254', port: 22 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '10.9.9.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '10.9.8.254', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '10.9.9.254', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule with priority 309 comes before the local table, which has been moved to 32765: what goes to the switch's other address is looked up in main, where its network lies on the wire, and the switch asks there for its own address.",
      causes: [
        { code: 'wrong-way-out', words: ['309'] },
        { code: 'neighbour-failed', words: ['309'] },
        { code: 'not-netfilter', words: ['309'] },
        { code: 'kernel-drop', words: ['309'] },
      ],
      status: ['lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['switch', 'ip rule add priority 308 lookup local']],
  },
  {
    name: 'sonic-source-rule-comes-before-the-local-table',
    thread: {
      title: 'mvrf_ip_rule_priority_change_to_32765: made changes to interfaces.j2 …',
      address: 'https://github.com/sonic-net/sonic-buildimage/pull/4058',
    },
    backend: 'iptables-nft',
    hosts: {
      gw: {
        addresses: { eth0: ['172.16.0.1/24'], lo: ['198.51.100.9/32'] },
        listeners: [HTTPS],
      },
      switch: {
        addresses: { eth0: ['172.16.0.10/24'] },
        routes: ['default via 172.16.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 127.0.0.1/32 -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -m ttl --ttl-lt 2 -j ACCEPT
-A INPUT -j DROP
COMMIT
`,
        },
      },
    },
    links: [['gw:eth0', 'switch:eth0']],
    traced: 'switch',
    setup: [
      [
        'switch',
        'ip rule add priority 1001 lookup local; ip rule del priority 0; ip route add default via 172.16.0.1 dev eth0 metric 202 table default; ip rule add priority 1000 from 172.16.0.10 lookup default',
      ],
    ],
    fails: { from: 'switch', what: 'tcp', to: '172.16.0.10', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gw', what: 'tcp', to: '172.16.0.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'switch', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'switch', what: 'tcp', to: '127.0.0.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule for eth0's address as source has priority 1000, and the local table 1001: what the switch sends to its own address leaves by the default route of table default.",
      causes: [
        { code: 'wrong-way-out', words: ['1000'] },
        { code: 'not-netfilter', words: ['1000'] },
        { code: 'unanswered', words: ['1000'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['switch', 'ip rule add priority 32765 from 172.16.0.10 lookup default; ip rule del priority 1000']],
  },
  {
    name: 'nginx-transparent-proxy-has-lost-its-local-route',
    thread: { title: 'nginx 的透明代理实现', address: 'https://github.com/vislee/leevis.com/issues/142' },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      proxy: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['10.0.0.1/24'] },
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 10.0.0.0/24 -p udp -m udp --sport 514 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m udp --dport 514 -j ACCEPT
COMMIT
`,
        },
      },
      upstream: {
        addresses: { eth0: ['10.0.0.5/24'] },
        routes: ['default via 10.0.0.1'],
        listeners: [{ protocol: 'udp', port: 514 }],
      },
    },
    links: [
      ['client:eth0', 'proxy:eth0'],
      ['proxy:eth1', 'upstream:eth0'],
    ],
    traced: 'proxy',
    setup: [
      ['proxy', 'ip rule add fwmark 1 lookup 100'],
      ['proxy', TRANSPARENT_PROXY],
    ],
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 514 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '10.0.0.5' },
    others: [
      { sending: { from: 'proxy', what: 'udp', to: '10.0.0.5', port: 514 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '10.0.0.5', port: 514 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The proxy asks from its client's address, so the reply has that address as destination. The rule with mark 1 leads it to table 100, where the local route that keeps it on this host is missing: it is looked up in main, and would have to be forwarded.",
      causes: [
        { code: 'proxy-missing', words: ['table 100'] },
        { code: 'proxy-missing', words: ['local'] },
        { code: 'wrong-way-out', words: ['table 100'] },
        { code: 'reply-dropped', words: ['table 100'] },
        { code: 'vanished-no-route', words: ['table 100'] },
        { code: 'not-netfilter', words: ['table 100'] },
      ],
      status: ['reply-lost', 'unanswered'],
      alsoTrue: ['reply-dropped'],
    },
    mend: [['proxy', 'ip route add local 0.0.0.0/0 dev lo table 100']],
  },
  {
    name: 'vpn-confinement-sends-its-resolver-to-the-lan',
    thread: {
      title: 'fix: force DNS traffic through WireGuard to avoid accessibleFrom route conflict',
      address: 'https://github.com/Maroka-chan/VPN-Confinement/pull/46',
    },
    backend: 'iptables-legacy',
    hosts: {
      vpn: {
        addresses: { wg0: ['10.2.0.2/32'], 'veth-wg': ['192.168.15.1/24'] },
        routes: [
          'default via 10.2.0.1 dev wg0 onlink src 10.2.0.2',
          '10.0.0.0/8 via 192.168.15.5',
          '192.168.0.0/16 via 192.168.15.5',
        ],
        listeners: [{ protocol: 'tcp', port: 9091 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:dns-fw - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 10.0.0.0/8 -i veth-wg -p tcp -m tcp --dport 9091 -j ACCEPT
-A INPUT -s 192.168.0.0/16 -i veth-wg -p tcp -m tcp --dport 9091 -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j dns-fw
-A OUTPUT -p tcp -m tcp --dport 53 -j dns-fw
-A dns-fw -d 10.2.0.1/32 -j ACCEPT
-A dns-fw -j DROP
COMMIT
`,
        },
      },
      provider: {
        addresses: { eth0: ['10.2.0.1/24'], lo: ['198.51.100.9/32'] },
        listeners: [{ ...DNS, address: '10.2.0.1' }, HTTPS],
      },
      host: {
        addresses: { 'wg-br': ['192.168.15.5/24'], eth0: ['10.0.0.1/24'] },
        routes: ['default via 10.0.0.254'],
        sysctls: FORWARDS,
      },
      lan: { addresses: { eth0: ['10.0.0.254/24'] }, routes: ['192.168.15.0/24 via 10.0.0.1'], listeners: [SSH] },
    },
    links: [
      ['vpn:wg0', 'provider:eth0'],
      ['vpn:veth-wg', 'host:wg-br'],
      ['host:eth0', 'lan:eth0'],
    ],
    traced: 'vpn',
    fails: { from: 'vpn', what: 'udp', to: '10.2.0.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vpn', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.168.15.1', port: 9091 }, seen: 'answered' },
      { sending: { from: 'vpn', what: 'tcp', to: '10.0.0.254', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The provider's resolver has an address of 10.0.0.0/8, which the route for networks that may reach the service takes to the host, not into the tunnel.",
      causes: [
        { code: 'wrong-way-out', words: ['10.0.0.0/8'] },
        { code: 'not-netfilter', words: ['10.0.0.0/8'] },
        { code: 'unanswered', words: ['10.0.0.0/8'] },
        { code: 'no-reply', words: ['10.0.0.0/8'] },
      ],
      status: ['unanswered'],
    },
    mend: [['vpn', 'ip route add 10.2.0.1/32 dev wg0 src 10.2.0.2']],
  },
  {
    name: 'mullvad-exclusion-marks-in-a-chain-that-does-not-reroute',
    thread: {
      title: 'systemd-resolved not supported as local DNS server in version 2021.1',
      address: 'https://github.com/mullvad/mullvadvpn-app/issues/2468',
    },
    backend: 'nft',
    hosts: {
      home: {
        addresses: { eth0: ['192.0.2.10/24'], 'wg0-mullvad': ['10.64.0.5/32'] },
        routes: ['default via 192.0.2.1'],
        listeners: [SSH],
        rules: {
          nft: `table inet excludeTraffic {
  chain allowIncoming {
    type filter hook input priority -30; policy accept;
    tcp dport 22 ct mark set 0x00000f41
  }
  chain allowOutgoing {
    type filter hook output priority -30; policy accept;
    udp dport 53 ct mark set 0x00000f41 meta mark set 0x6d6f6c65
    tcp dport 53 ct mark set 0x00000f41 meta mark set 0x6d6f6c65
  }
}
table inet mullvad {
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    ct mark 0x00000f41 accept
    udp sport 68 ip daddr 255.255.255.255 udp dport 67 accept
    ip daddr 203.0.113.77 udp dport 51820 meta mark 0x6d6f6c65 accept
    oifname "wg0-mullvad" udp dport 53 ip daddr 10.64.0.1 accept
    udp dport 53 reject
    tcp dport 53 reject with tcp reset
    oifname "wg0-mullvad" accept
    reject
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct mark 0x00000f41 accept
    ct state established accept
    iifname "wg0-mullvad" accept
  }
  chain mangle {
    type route hook output priority mangle; policy accept;
    oifname "wg0-mullvad" udp dport 53 ip daddr 10.64.0.1 accept
    meta cgroup 5087041 ct mark set 0x00000f41 meta mark set 0x6d6f6c65
  }
  chain nat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wg0-mullvad" ct mark 0x00000f41 drop
    oifname != "lo" ct mark 0x00000f41 masquerade
  }
}
`,
        },
      },
      gw: {
        addresses: { eth0: ['192.0.2.1/24'], lo: ['198.51.100.53/32'] },
        listeners: [{ ...DNS, address: '198.51.100.53' }],
      },
      relay: {
        addresses: { eth0: ['10.64.0.1/24'], lo: ['198.51.100.9/32'] },
        listeners: [{ ...DNS, address: '10.64.0.1' }, HTTPS],
      },
    },
    links: [
      ['home:eth0', 'gw:eth0'],
      ['home:wg0-mullvad', 'relay:eth0'],
    ],
    traced: 'home',
    setup: [
      [
        'home',
        'ip route add default via 10.64.0.1 dev wg0-mullvad onlink src 10.64.0.5 table 1836018789; ip rule add priority 100 not fwmark 0x6d6f6c65 lookup 1836018789; ip rule add priority 99 lookup main suppress_prefixlength 0',
      ],
    ],
    fails: { from: 'home', what: 'udp', to: '198.51.100.53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'home', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'gw', what: 'tcp', to: '192.0.2.10', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The mark is set in a chain of type filter, which does not route the packet anew: it goes into the tunnel all the same, and there what has the mark of excluded connections is dropped.',
      causes: [{ rule: 'meta mark set 0x6d6f6c65', chain: 'inet excludeTraffic allowOutgoing' }],
      status: ['dropped'],
    },
    mend: [
      [
        'home',
        "nft delete chain inet excludeTraffic allowOutgoing; nft 'add chain inet excludeTraffic allowOutgoing { type route hook output priority -30; }'; nft add rule inet excludeTraffic allowOutgoing udp dport 53 ct mark set 0xf41 meta mark set 0x6d6f6c65",
      ],
    ],
  },
]

/** From threads: a table without the one network that is left out of it, a port that floods nothing, one port for all, a destination read as an address; and a mark that spares the healthy one what would drop it. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** Connects, and keeps what it has got. Until the lab ends. */
const holds = (to: string, port: number) => `python3 -c "import socket,time
k=socket.create_connection(('${to}',${port}),3)
open('/dev/stdout','w').write('held'); time.sleep(600)" </dev/null >/tmp/held.$$ 2>&1 &
for i in $(seq 50); do grep -q held /tmp/held.$$ && break; sleep .1; done; grep held /tmp/held.$$; rm /tmp/held.$$`

const VM1 = '02:00:00:64:00:02'
const VM2 = '02:00:00:64:00:03'

export const PORTS_AND_MARKS_UNLIKE: Problem[] = [
  {
    name: 'tailscale-exit-node-table-does-not-leave-out-a-second-network-of-the-lan',
    thread: {
      title: 'non-accepted routes can block exit-node-allow-lan-access',
      address: 'https://github.com/tailscale/tailscale/issues/13263',
    },
    backend: 'nft',
    hosts: {
      node: {
        addresses: { ens18: ['192.168.70.206/24'], ens19: ['192.168.80.206/24'], tailscale0: ['100.64.0.5/24'] },
        routes: ['default via 192.168.70.1'],
        listeners: [SSH],
        rules: {
          nft: `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    counter jump ts-input
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    counter jump ts-forward
  }
  chain ts-input {
    iifname "lo" ip saddr 100.64.0.5 counter accept
    iifname != "tailscale0" ip saddr 100.115.92.0/23 counter return
    iifname != "tailscale0" ip saddr 100.64.0.0/10 counter drop
    iifname "tailscale0" counter accept
  }
  chain ts-forward {
    iifname "tailscale0" counter meta mark set meta mark & 0xff00ffff | 0x00040000
    meta mark & 0x00ff0000 == 0x00040000 counter accept
    oifname "tailscale0" ip saddr 100.64.0.0/10 counter drop
    oifname "tailscale0" counter accept
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter jump ts-postrouting
  }
  chain ts-postrouting {
    meta mark & 0x00ff0000 == 0x00040000 counter masquerade
  }
}
`,
        },
      },
      router: { addresses: { lan: ['192.168.70.1/24'] }, listeners: [HTTP] },
      storage: { addresses: { eth0: ['192.168.80.1/24'] }, listeners: [HTTP] },
      exit: {
        addresses: { tailscale0: ['100.64.0.1/24'], lo: ['203.0.113.9/32'] },
        sysctls: FORWARDS,
        listeners: [HTTPS],
      },
    },
    links: [
      ['node:ens18', 'router:lan'],
      ['node:ens19', 'storage:eth0'],
      ['node:tailscale0', 'exit:tailscale0'],
    ],
    traced: 'node',
    setup: [
      // whoever is beyond the exit node says nothing about private addresses
      ['exit', 'ip route add blackhole default'],
      [
        'node',
        'ip rule add pref 5210 fwmark 0x80000/0xff0000 lookup main; ip rule add pref 5230 fwmark 0x80000/0xff0000 lookup default; ip rule add pref 5250 fwmark 0x80000/0xff0000 unreachable; ip rule add pref 5270 lookup 52',
      ],
      [
        'node',
        'ip route add 100.64.0.0/24 dev tailscale0 table 52; ip route add throw 127.0.0.0/8 table 52; ip route add throw 192.168.70.0/24 table 52; ip route add default via 100.64.0.1 dev tailscale0 table 52',
      ],
    ],
    fails: { from: 'node', what: 'tcp', to: '192.168.80.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '192.168.70.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'storage', what: 'ping', to: '192.168.80.206' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "Table 52 comes before main and sends everything to the exit node but what a throw route leaves out. One of the LAN's networks has no such route, so its packets go to the exit node, too.",
      causes: [
        { code: 'wrong-way-out', words: ['192.168.80'] },
        { code: 'unanswered', words: ['table 52'] },
        { code: 'not-netfilter', words: ['table 52'] },
      ],
      status: ['unanswered', 'lost'],
      alsoTrue: ['unanswered', 'lost', 'not-netfilter'],
    },
    mend: [['node', 'ip route add throw 192.168.80.0/24 table 52']],
  },
  {
    name: 'hypeman-turns-flooding-off-at-a-port-where-nothing-is-pinned',
    thread: {
      title: 'Harden guest TAP bridge ports against cross-guest frame leakage',
      address: 'https://github.com/kernel/hypeman/pull/476',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      host: {
        addresses: { eth0: ['203.0.113.1/24'], vmbr0: ['10.100.0.1/24'] },
        bridges: { vmbr0: ['hype-a', 'hype-b'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${NAT}-A POSTROUTING -s 10.100.0.0/24 -o eth0 -m comment --comment hypeman-nat -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i vmbr0 -o eth0 -m conntrack --ctstate NEW,RELATED,ESTABLISHED -m comment --comment hypeman-fwd-out -j ACCEPT
-A FORWARD -i eth0 -o vmbr0 -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment hypeman-fwd-in -j ACCEPT
COMMIT
`,
        },
      },
      vm1: { addresses: { eth0: ['10.100.0.2/24'] }, routes: ['default via 10.100.0.1'], listeners: [HTTP] },
      vm2: { addresses: { eth0: ['10.100.0.3/24'] }, routes: ['default via 10.100.0.1'], listeners: [HTTP] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:hype-a', 'vm1:eth0'],
      ['host:hype-b', 'vm2:eth0'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'for p in hype-a hype-b; do bridge link set dev $p isolated on flood off learning off; done; sysctl -qw net.bridge.bridge-nf-call-iptables=0',
      ],
      // from now on with the addresses that the guests have got
      ['vm1', `ip link set eth0 address ${VM1}`],
      ['vm2', `ip link set eth0 address ${VM2}`],
      ['host', `bridge fdb replace ${VM2} dev hype-b master permanent`],
    ],
    fails: { from: 'host', what: 'tcp', to: '10.100.0.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.100.0.3', port: 80 }, seen: 'answered' },
      { sending: { from: 'vm2', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The port of the guest neither floods frames for addresses that the bridge does not know nor learns any, and no entry was pinned to it: the bridge has no port for what is sent to the guest, except for broadcasts, so ARP works.',
      causes: ['flood', 'fdb', 'learn'].flatMap((word) => [
        { code: 'vanished-at-port', words: [word] },
        { code: 'lost', words: [word] },
        { code: 'unanswered', words: [word] },
        { code: 'not-netfilter', words: [word] },
      ]),
      status: ['lost', 'unanswered'],
      alsoTrue: ['lost', 'unanswered', 'not-netfilter', 'kernel-drop'],
    },
    mend: [['host', `bridge fdb replace ${VM1} dev hype-a master permanent`]],
  },
  {
    name: 'fwknop-gives-all-clients-one-port-towards-the-same-server',
    thread: {
      title: 'iptables: Remove --to-ports from MASQUERADE rules',
      address: 'https://github.com/WaverleyLabs/fwknop/pull/9',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      first: { addresses: { eth0: ['198.51.100.2/24'] }, routes: ['default via 198.51.100.1'] },
      gateway: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'], lan: ['10.0.5.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${NAT}:FWKNOP_POSTROUTING - [0:0]
:FWKNOP_PREROUTING - [0:0]
-A PREROUTING -j FWKNOP_PREROUTING
-A POSTROUTING -j FWKNOP_POSTROUTING
-A FWKNOP_PREROUTING -s 198.51.100.2/32 -p tcp -m tcp --dport 5001 -m comment --comment _exp_1644796801 -j DNAT --to-destination 10.0.5.2:5000
-A FWKNOP_PREROUTING -s 192.0.2.2/32 -p tcp -m tcp --dport 5001 -m comment --comment _exp_1644796832 -j DNAT --to-destination 10.0.5.2:5000
-A FWKNOP_POSTROUTING -d 10.0.5.2/32 -p tcp -m tcp --dport 5000 -m comment --comment _exp_1644796832 -j MASQUERADE --to-ports 5001
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:FWKNOP_FORWARD - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j FWKNOP_FORWARD
-A FWKNOP_FORWARD -s 198.51.100.2/32 -d 10.0.5.2/32 -p tcp -m tcp --dport 5000 -m comment --comment _exp_1644796801 -j ACCEPT
-A FWKNOP_FORWARD -s 192.0.2.2/32 -d 10.0.5.2/32 -p tcp -m tcp --dport 5000 -m comment --comment _exp_1644796832 -j ACCEPT
COMMIT
`,
        },
      },
      controller: { addresses: { eth0: ['10.0.5.2/24'] }, listeners: [{ protocol: 'tcp', port: 5000 }] },
    },
    links: [
      ['client:eth0', 'gateway:eth0'],
      ['first:eth0', 'gateway:eth1'],
      ['gateway:lan', 'controller:eth0'],
    ],
    traced: 'gateway',
    setup: [['first', holds('192.0.2.1', 5001)]],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5001 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'controller', what: 'ping', to: '10.0.5.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule gives everyone who is sent on to the controller the address of the gateway and one single port. The first client still has it, so the second gets none, and its packet is dropped when its entry is to be made.',
      causes: [
        { rule: '-j MASQUERADE --to-ports 5001', chain: 'nat FWKNOP_POSTROUTING' },
        { code: 'snat-port-taken', words: ['5001'] },
      ],
      status: ['lost', 'dropped'],
      alsoTrue: ['lost', 'kernel-drop', 'snat-changed-source'],
    },
    mend: [
      [
        'gateway',
        'iptables -t nat -R FWKNOP_POSTROUTING 1 -d 10.0.5.2/32 -p tcp -m tcp --dport 5000 -m comment --comment _exp_1644796832 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'openvpn-client-writes-its-port-into-the-address-of-a-dnat',
    thread: {
      title: 'Fix blocked connections from vpnportforward',
      address: 'https://github.com/dperson/openvpn-client/pull/296',
    },
    backend: 'iptables-legacy',
    hosts: {
      lan: { addresses: { eth0: ['fd00:17::9/64'] } },
      vpn: {
        addresses: { eth0: ['fd00:17::2/64'], tun0: ['2001:db8:a::2/64'] },
        routes: ['default via 2001:db8:a::1'],
        listeners: [{ protocol: 'tcp', port: 8080, address: '::' }],
        rules: {
          v6: `*nat
${NAT}-A OUTPUT -p tcp -m tcp --dport 8080 -j DNAT --to-destination ::11:8080
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 8080 -j ACCEPT
COMMIT
`,
        },
      },
      provider: {
        addresses: { tun0: ['2001:db8:a::1/64'], lo: ['2001:db8:f::9/128'] },
        listeners: [
          { protocol: 'tcp', port: 8080, address: '::' },
          { protocol: 'tcp', port: 443, address: '::' },
        ],
      },
    },
    links: [
      ['lan:eth0', 'vpn:eth0'],
      ['vpn:tun0', 'provider:tun0'],
    ],
    traced: 'vpn',
    fails: { from: 'vpn', what: 'tcp', to: '2001:db8:f::9', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vpn', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'provider', what: 'tcp', to: '2001:db8:a::2', port: 8080 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: 'fd00:17::2', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A rule for a forwarded port stands where packets of its own are sent: whatever the container asks elsewhere at that port goes to ::11:8080, which without brackets is an address that nobody has.',
      causes: [
        // ::11:8080, as the tools print it
        { rule: '-j DNAT --to-destination ::0.17.128.128', chain: 'nat OUTPUT' },
        { code: 'dnat-changed-destination', words: ['::0.17.128.128'] },
        { code: 'dnat-of-others', words: ['::0.17.128.128'] },
      ],
      status: ['unanswered', 'lost'],
      // the provider does say that it has no route there
      alsoTrue: ['unanswered', 'lost', 'refused-there'],
    },
    mend: [['vpn', 'ip6tables -t nat -D OUTPUT -p tcp -m tcp --dport 8080 -j DNAT --to-destination ::11:8080']],
  },
  {
    name: 'healthy-docker-accepts-by-the-mark-of-another-table-what-it-does-not-publish',
    thread: { title: 'Add option --bridge-accept-fwmark', address: 'https://github.com/moby/moby/pull/50476' },
    backend: 'nft',
    hosts: {
      admin: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      stranger: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'], 'br-db': ['172.30.0.1/16'] },
        bridges: { 'br-db': ['veth1'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet own {
  set admins {
    type ipv4_addr
    flags interval
    elements = { 192.0.2.8-192.0.2.15, 203.0.113.0/29 }
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    ip saddr @admins oifname "br-db" meta mark set meta mark | 0x00000001
  }
}
table ip docker-bridges {
  map filter-forward-in-jumps {
    type ifname : verdict
    elements = { "br-db" : jump filter-forward-in__br-db }
  }
  map filter-forward-out-jumps {
    type ifname : verdict
    elements = { "br-db" : jump filter-forward-out__br-db }
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    meta mark & 0x00000001 == 0x00000001 counter accept comment "ALLOW FWMARK"
    oifname vmap @filter-forward-in-jumps
    iifname vmap @filter-forward-out-jumps
  }
  chain filter-forward-in__br-db {
    ct state established,related counter accept
    iifname "br-db" counter accept comment "ICC"
    ip daddr 172.30.0.2 tcp dport 80 counter accept
    counter drop comment "UNPUBLISHED PORT DROP"
  }
  chain filter-forward-out__br-db {
    ct state established,related counter accept
    counter accept comment "OUTGOING"
  }
}
`,
        },
      },
      db: {
        addresses: { eth0: ['172.30.0.2/16'] },
        routes: ['default via 172.30.0.1'],
        listeners: [HTTP, { protocol: 'tcp', port: 5432 }],
      },
    },
    links: [
      ['admin:eth0', 'host:eth0'],
      ['stranger:eth0', 'host:eth1'],
      ['host:veth1', 'db:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-iptables=0']],
    fails: { from: 'admin', what: 'tcp', to: '172.30.0.2', port: 5432 },
    seen: 'answered',
    others: [
      { sending: { from: 'stranger', what: 'tcp', to: '172.30.0.2', port: 5432 }, seen: 'nothing' },
      { sending: { from: 'stranger', what: 'tcp', to: '172.30.0.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nothing is wrong: the own table marks what the admins send, and Docker's chain accepts what has the mark in front of the rule that drops at unpublished ports.",
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
]

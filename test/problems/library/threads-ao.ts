/** Rules of nft from threads: a map without a key, a bridge's filter, hooks in front of connection tracking, routing rules in the wrong order. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksForLease, offersLeases } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const geoFilter = (priority: number) => `table inet geo-filter {
  set filter-v4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 198.51.100.0/24 }
  }
  chain filter-chain {
    type filter hook prerouting priority ${priority}; policy drop;
    ct state established,related accept
    ip saddr { 10.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 } accept
    meta protocol != ip accept
    ip saddr @filter-v4 counter accept
    counter
  }
}
`

export const THREADS_AO: Problem[] = [
  {
    name: 'foomuuri-forward-map-has-no-key-for-the-catch-all-zone',
    thread: {
      title: 'Combining catch-all and wildcards in zone definition ignores wildcard interfaces',
      address: 'https://github.com/FoobarOy/foomuuri/issues/238',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.168.44.1/24'] }, routes: ['172.20.0.0/16 via 192.168.44.2'] },
      host: {
        bridges: { 'br-369b1c957b39': ['veth1'] },
        addresses: { eth0: ['192.168.44.2/24'], 'br-369b1c957b39': ['172.20.0.1/16'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet foomuuri {
  map input_zones {
    type ifname : verdict
    flags interval
    elements = { "lo" : accept, "docker0" : jump docker-localhost, "br-*" : jump docker-localhost }
  }
  map forward_zones {
    type ifname . ifname : verdict
    flags interval
    elements = { "lo" . "lo" : accept,
           "docker0" . "docker0" : jump docker-docker, "docker0" . "br-*" : jump docker-docker,
           "br-*" . "docker0" : jump docker-docker, "br-*" . "br-*" : jump docker-docker }
  }
  chain docker-docker {
    accept
  }
  chain docker-localhost {
    ct state vmap { established : accept, related : accept, invalid : drop }
    udp dport 53 accept
    drop
  }
  chain public-localhost {
    ct state vmap { established : accept, related : accept, invalid : drop }
    icmp type echo-request accept
    tcp dport 22 accept
    drop
  }
  chain public-docker {
    ct state vmap { established : accept, related : accept, invalid : drop }
    tcp dport 80 accept
    drop
  }
  chain public-public {
    ct state vmap { established : accept, related : accept, invalid : drop }
    counter drop
  }
  chain input {
    type filter hook input priority filter + 5; policy accept;
    iifname vmap @input_zones
    jump public-localhost
    drop
  }
  chain forward {
    type filter hook forward priority filter + 5; policy accept;
    iifname . oifname vmap @forward_zones
    jump public-public
    drop
  }
}
`,
        },
      },
      app: {
        addresses: { eth0: ['172.20.0.3/16'] },
        routes: ['default via 172.20.0.1'],
        listeners: [...WEB, { protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'app:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '172.20.0.3', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.168.44.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.20.0.3', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'host', what: 'tcp', to: '172.20.0.3', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The zone of all other interfaces has no name to be a key of the map by, so no pair of it with a bridge of Docker is in the map, and what goes from one to the other is taken for traffic within that zone.',
      causes: [
        { rule: 'iifname . oifname vmap @forward_zones', chain: 'inet foomuuri forward' },
        { code: 'not-in-set', words: ['forward_zones'] },
      ],
      status: ['dropped'],
      // the chain of that pair is there, and nothing jumps to it
      alsoTrue: ['never-reached'],
    },
    mend: [['host', `nft add element inet foomuuri forward_zones '{ "eth0" . "br-*" : jump public-docker }'`]],
  },
  {
    name: 'incus-lets-a-discover-to-the-host-and-not-through-its-bridge',
    thread: {
      title:
        'security.ipv4_filtering` blocks DHCPv4 toward a DHCP server on the bridge (forward chain has no DISCOVER exception)',
      address: 'https://github.com/lxc/incus/issues/4027',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: [] } },
      host: {
        bridges: { br20: ['vm5', 'uplink'] },
        addresses: { br20: ['192.168.20.2/24'] },
        rules: {
          nft: `table bridge incus {
  chain in.vm5.eth0 {
    type filter hook input priority -200; policy accept;
    iifname "vm5" ether type ip ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp dport 67 accept
    iifname "vm5" arp saddr ip 192.168.20.5 accept
    iifname "vm5" ip saddr 192.168.20.5 accept
    iifname "vm5" ether type arp drop
    iifname "vm5" ether type ip drop
  }
  chain fwd.vm5.eth0 {
    type filter hook forward priority -200; policy accept;
    iifname "vm5" arp saddr ip 192.168.20.5 accept
    iifname "vm5" ip saddr 192.168.20.5 accept
    iifname "vm5" ether type arp drop
    iifname "vm5" ether type ip drop
  }
}
`,
        },
      },
      router: { addresses: { eth0: ['192.168.20.1/24'] } },
    },
    links: [
      ['client:eth0', 'host:vm5'],
      ['host:uplink', 'router:eth0'],
    ],
    traced: 'host',
    setup: [
      ['router', offersLeases('eth0')],
      ['client', asksForLease('eth0')],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '255.255.255.255' },
    others: [{ sending: { from: 'router', what: 'ping', to: '192.168.20.2' }, seen: 'answered' }],
    truth: {
      words:
        'What a guest sends to the host may come from no address where it asks for a lease; what it sends through the bridge may not, and the server of leases is behind the bridge.',
      causes: [{ rule: 'ether type ip drop', chain: 'bridge incus fwd.vm5.eth0' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'nft insert rule bridge incus fwd.vm5.eth0 iifname vm5 ether type ip ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp dport 67 accept',
      ],
    ],
  },
  {
    name: 'fail2ban-bans-at-the-ingress-hook',
    thread: { title: '[RFE]: nftables ingress hook', address: 'https://github.com/fail2ban/fail2ban/issues/3792' },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:f::9/64', '203.0.113.9/24'] } },
      server: {
        addresses: { eth0: ['2001:db8:f::1/64', '203.0.113.1/24'] },
        listeners: [SSH, { protocol: 'tcp', port: 22, address: '::' }, { protocol: 'tcp', port: 443, address: '::' }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 443 } accept
  }
}
table inet f2b-table {
  set addr-set-sshd {
    type ipv4_addr
    elements = { 198.51.100.23 }
  }
  set addr6-set-sshd {
    type ipv6_addr
    elements = { 2001:db8:77::1, 2001:db8:f::9 }
  }
  chain f2b-chain {
    type filter hook ingress device "eth0" priority filter - 1; policy accept;
    tcp dport 22 ip saddr @addr-set-sshd drop
    tcp dport 22 ip6 saddr @addr6-set-sshd drop
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:f::1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:f::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The operator's address is among the banned ones of IPv6, and they are dropped where frames come in, in front of every other rule.",
      causes: [{ rule: 'ip6 saddr @addr6-set-sshd drop', chain: 'inet f2b-table f2b-chain' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft delete element inet f2b-table addr6-set-sshd { 2001:db8:f::9 }']],
  },
  {
    name: 'geo-filter-at-the-priority-of-connection-tracking',
    thread: {
      title: 'Allow outgoing traffic to blocked IP ranges',
      address: 'https://github.com/rpthms/nft-geo-filter/issues/5',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'tcp', port: 443 }] },
      server: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [SSH],
        rules: {
          nft: `table inet my_table {
  chain my_input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state invalid drop
    ct state established,related accept
    icmp type echo-request accept
    tcp dport 22 accept
  }
}
${geoFilter(-200)}`,
        },
      },
      neighbour: { addresses: { eth0: ['198.51.100.9/24'] } },
    },
    links: [
      ['remote:eth0', 'server:eth0'],
      ['neighbour:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'neighbour', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'server', what: 'ping', to: '203.0.113.9' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The chain has the very priority of connection tracking and was made later, so it comes before it: its rule that accepts established connections finds no state on any reply.',
      causes: [
        { rule: 'ct state established,related accept', chain: 'inet geo-filter filter-chain' },
        { code: 'ambiguous-hook-order', words: ['filter-chain'] },
        { code: 'untracked', words: ['filter-chain', '-200'] },
      ],
      status: ['reply-lost'],
    },
    mend: [['server', `nft delete table inet geo-filter; nft -f - <<'EOT'\n${geoFilter(-190)}EOT`]],
  },
  {
    name: 'mwan3-looks-up-its-uplinks-table-before-tailscales',
    thread: {
      title: 'mwan3 with tailscale exit node not working.',
      address: 'https://github.com/tailscale/tailscale/issues/12667',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      second: { addresses: { eth0: ['198.51.100.9/24'] } },
      router: {
        addresses: {
          eth1: ['203.0.113.2/24'],
          eth2: ['198.51.100.2/24'],
          'br-lan': ['192.168.1.1/24'],
          tailscale0: ['100.64.0.1/32'],
        },
        routes: ['default via 203.0.113.9 dev eth1', 'default via 198.51.100.9 dev eth2 metric 20'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept }
    iifname { "br-lan", "tailscale0" } accept
    icmp type echo-request accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept }
    iifname "br-lan" oifname { "eth1", "eth2", "tailscale0" } accept
    iifname "tailscale0" oifname { "eth1", "eth2", "br-lan" } accept
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "eth1", "eth2" } masquerade
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      peer: {
        addresses: { eth0: ['100.64.0.9/32'] },
        routes: ['100.64.0.1/32 dev eth0', 'default via 100.64.0.1'],
      },
    },
    links: [
      ['remote:eth0', 'router:eth1'],
      ['second:eth0', 'router:eth2'],
      ['router:br-lan', 'pc:eth0'],
      ['router:tailscale0', 'peer:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip route add 192.168.1.0/24 dev br-lan table 1; ip route add default via 203.0.113.9 dev eth1 table 1; ip route add 192.168.1.0/24 dev br-lan table 3; ip route add default via 198.51.100.9 dev eth2 table 3; ip route add 100.64.0.9/32 dev tailscale0 table 52',
      ],
      [
        'router',
        'ip rule add pref 1001 iif eth1 lookup 1; ip rule add pref 1003 iif eth2 lookup 3; ip rule add pref 1310 fwmark 0x80000/0xff0000 lookup main; ip rule add pref 1370 lookup 52; ip rule add pref 2001 fwmark 0x100/0x3f00 lookup 1; ip rule add pref 2003 fwmark 0x300/0x3f00 lookup 3',
      ],
    ],
    fails: { from: 'peer', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '100.64.0.9' }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '203.0.113.9' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "What comes in by an uplink is looked up in that uplink's own table first, which knows no peers: replies to a peer leave by the uplink again.",
      causes: [
        { code: 'wrong-way-out', words: ['1001'] },
        { code: 'wrong-way-out', words: ['iif eth1'] },
        { code: 'wrong-way-out', words: ['table 1'] },
      ],
      status: ['reply-lost'],
      alsoTrue: ['wrong-way-out', 'reply-by-other-uplink'],
    },
    mend: [['router', 'ip rule add pref 1000 lookup 52']],
  },
]

/** Machines that are healthy though their set-up is rare: a table that sleeps, a next hop of IPv6 for IPv4, a prefix that is local, a queue that nobody reads, a lease behind a locked door. */

import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksForLease, offersLeases } from './raw-programs.ts'

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const

export const HEALTHY_ODDITIES: Problem[] = [
  {
    name: 'odd-table-that-drops-and-redirects-is-dormant',
    thread: {
      title: 'feature: add support for table flags',
      address: 'https://github.com/google/nftables/issues/316',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: WEB,
        rules: {
          nft: `table inet opensnitch {
  flags dormant
  chain filter_input {
    type filter hook input priority filter; policy drop;
    ct state established accept
    tcp dport 22 accept
  }
  chain to_proxy {
    type nat hook prerouting priority dstnat; policy accept;
    tcp dport 80 redirect to :8080
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    tcp dport { 22, 80 } accept
    ip protocol icmp accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'answered',
    others: [{ sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['server', 'true']],
  },
  {
    name: 'odd-next-hop-of-ipv6-for-ipv4',
    thread: {
      title: 'RFC8950 support',
      address: 'https://github.com/RIPE-NCC/ripe-atlas-software-probe/issues/151',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'], listeners: WEB },
      gateway: {
        addresses: { eth0: ['fe80::1/64'], eth1: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
      },
      probe: {
        addresses: { eth0: ['fe80::2/64'], lo: ['203.0.113.39/32'] },
        listeners: [{ protocol: 'tcp', port: 443, address: '203.0.113.39' }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    ip daddr 203.0.113.39 tcp dport 443 accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'gateway:eth1'],
      ['gateway:eth0', 'probe:eth0'],
    ],
    traced: 'probe',
    setup: [
      ['gateway', 'ip route add 203.0.113.39/32 via inet6 fe80::2 dev eth0'],
      ['probe', 'ip route add default src 203.0.113.39 metric 32 via inet6 fe80::1 dev eth0'],
    ],
    fails: { from: 'probe', what: 'tcp', to: '198.51.100.9', port: 80 },
    seen: 'answered',
    others: [{ sending: { from: 'client', what: 'tcp', to: '203.0.113.39', port: 443 }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['probe', 'true']],
  },
  {
    name: 'odd-discover-from-no-address-is-not-invalid',
    thread: {
      title: 'nnf-conntrack drops DHCP Discover from new clients (src=0.0.0.0 → ct state invalid)',
      address: 'https://github.com/thelegy/nixos-nftables-firewall/issues/28',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: [] } },
      router: {
        addresses: { 'br-lan': ['192.168.10.1/24'] },
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        rules: {
          nft: `table inet firewall {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    ct state invalid drop
    iifname "br-lan" udp dport { 53, 67 } accept
    iifname "br-lan" ip protocol icmp accept
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.10.20/24'] } },
    },
    links: [
      ['client:eth0', 'router:lan1'],
      ['pc:eth0', 'router:lan2'],
    ],
    traced: 'router',
    setup: [
      ['router', offersLeases('br-lan')],
      ['client', asksForLease('eth0')],
    ],
    fails: POKED,
    seen: 'answered',
    looksAt: { protocol: 'udp', dst: '255.255.255.255' },
    others: [{ sending: { from: 'pc', what: 'ping', to: '192.168.10.1' }, seen: 'answered' }],
    truth: {
      words:
        'A DHCPDISCOVER from 0.0.0.0 is new to connection tracking, and not invalid. The offer is a broadcast, whose copy for the router itself the policy drops: nobody on the router waits for it.',
      causes: [],
      status: ['answered', 'unanswered'],
    },
    mend: [['router', 'true']],
  },
  {
    name: 'odd-prefix-is-local-as-a-whole',
    thread: {
      title: 'support for AnyIP?',
      address: 'https://github.com/arno-iptables-firewall/aif/issues/82',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['default via 2001:db8:f::1'] },
      upstream: {
        addresses: { eth0: ['2001:db8:f::1/64'], eth1: ['2001:db8:1::1/64'] },
        routes: ['2001:db8:100::/64 via 2001:db8:1::2'],
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['2001:db8:1::2/64'] },
        routes: ['default via 2001:db8:1::1', 'local 2001:db8:100::/64 dev lo'],
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:HOST_BLOCK - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j HOST_BLOCK
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -i eth0 -d 2001:db8:100::/64 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'upstream:eth0'],
      ['upstream:eth1', 'server:eth0'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:100::77', port: 80 },
    seen: 'answered',
    others: [{ sending: { from: 'client', what: 'ping', to: '2001:db8:100::1234' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['server', 'true']],
  },
  {
    name: 'odd-queue-is-passed-by-where-nobody-reads-it',
    thread: {
      title: '[BUG] Политика исключения обработки "ломает" интерфейс',
      address: 'https://github.com/nfqws/nfqws2-keenetic/issues/56',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { br0: ['192.168.1.1/24'], eth3: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:nfqws_post - [0:0]
:nfqws_pre - [0:0]
-A PREROUTING -j nfqws_pre
-A POSTROUTING -j nfqws_post
-A nfqws_post -o eth3 -p tcp -m mark ! --mark 0x40000000/0x40000000 -m multiport --dports 80,443 -m connbytes --connbytes 1:15 --connbytes-mode packets --connbytes-dir original -j NFQUEUE --queue-num 300 --queue-bypass
-A nfqws_post -o eth3 -p tcp -m tcp --tcp-flags FIN FIN -j NFQUEUE --queue-num 300 --queue-bypass
-A nfqws_pre -i eth3 -p tcp -m multiport --sports 80,443 -m connbytes --connbytes 1:10 --connbytes-mode packets --connbytes-dir reply -j NFQUEUE --queue-num 300 --queue-bypass
-A nfqws_pre -i eth3 -p tcp -m multiport --sports 80,443 -m tcp --tcp-flags SYN,ACK SYN,ACK -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth3 -j MASQUERADE
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
      web: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'tcp', port: 443 }] },
    },
    links: [
      ['pc:eth0', 'router:br0'],
      ['router:eth3', 'web:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [{ sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
  {
    name: 'odd-lease-comes-past-a-policy-that-drops-it',
    thread: {
      title: 'dhcpcd bypasses firewall',
      address: 'https://github.com/NetworkConfiguration/dhcpcd/issues/195',
    },
    backend: 'iptables-nft',
    hosts: {
      dhcp: { addresses: { eth0: ['192.0.2.1/24'] } },
      host: {
        addresses: { eth0: [] },
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['dhcp:eth0', 'host:eth0']],
    traced: 'host',
    setup: [
      ['dhcp', offersLeases('eth0')],
      ['host', asksForLease('eth0')],
    ],
    fails: { ...POKED, from: 'host' },
    seen: 'answered',
    looksAt: { protocol: 'udp', dst: '255.255.255.255' },
    others: [],
    truth: {
      words:
        "The client's packet socket has the offer before any rule; the policy drops the copy that goes on to the stack, and that harms nobody.",
      causes: [{ policy: 'filter INPUT' }],
      status: ['dropped', 'answered'],
    },
    mend: [['host', 'true']],
  },
]

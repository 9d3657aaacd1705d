/** What is asked again and again, with nft: bridges not named, a family forgotten, an accept that is not the last word. */
import { bridged, clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const WEB6 = { protocol: 'tcp', address: '::', port: 80 } as const

export const THREADS_E: Problem[] = [
  {
    name: 'nftfw-forwards-docker0-and-no-bridge-of-compose',
    thread: {
      title: 'Problem with docker container and nftfw',
      address: 'https://github.com/pcollinson/nftfw/issues/11',
    },
    backend: 'nft',
    hosts: {
      c0: { addresses: { eth0: ['2001:db8:17::2/64'] }, routes: ['default via 2001:db8:17::1'] },
      c1: { addresses: { eth0: ['2001:db8:18::2/64'] }, routes: ['default via 2001:db8:18::1'] },
      host: {
        bridges: { docker0: ['veth0'], 'br-591ca8bdf81a': ['veth1'] },
        addresses: {
          docker0: ['2001:db8:17::1/64'],
          'br-591ca8bdf81a': ['2001:db8:18::1/64'],
          eth0: ['2001:db8:1::1/64'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "docker0" counter accept
  }
}
`,
        },
      },
      far: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        routes: ['2001:db8:17::/64 via 2001:db8:1::1', '2001:db8:18::/64 via 2001:db8:1::1'],
        listeners: [WEB6],
      },
    },
    links: [
      ['c0:eth0', 'host:veth0'],
      ['c1:eth0', 'host:veth1'],
      ['host:eth0', 'far:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '2001:db8:1::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c0', what: 'tcp', to: '2001:db8:1::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '2001:db8:18::1' }, seen: 'answered' },
      { sending: { from: 'far', what: 'ping', to: '2001:db8:18::2' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule of forward names docker0; the container of a compose project is at a bridge of its own, and the policy drops what it sends.',
      causes: [{ rule: 'iifname "docker0"', chain: 'inet filter forward' }, { policy: 'inet filter forward' }],
      status: ['dropped'],
    },
    mend: [['host', 'nft add rule inet filter forward iifname br-591ca8bdf81a accept']],
  },
  {
    name: 'ssh-limit-per-address-knows-ipv4-alone',
    thread: {
      title: 'How to Rate Limit Connections Per IP with nftables Meters',
      address: 'https://oneuptime.com/blog/post/2026-03-20-rate-limit-connections-nftables-meters/view',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [22, 443].flatMap((port) => [
        { protocol: 'tcp' as const, address: '192.0.2.1', port },
        { protocol: 'tcp' as const, address: '2001:db8:1::1', port },
      ]),
      rules: {
        nft: `table inet filter {
  set ssh_limit {
    type ipv4_addr
    size 65535
    flags dynamic
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    ct state invalid drop
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 ct state new add @ssh_limit { ip saddr limit rate 30/minute } accept
    tcp dport 443 accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'In a table for both families the rule that accepts SSH counts by the source in the IPv4 header: no packet of IPv6 matches it, and the policy drops it.',
      causes: [{ rule: 'limit rate 30/minute', chain: 'inet filter input' }, { policy: 'inet filter input' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft add rule inet filter input meta nfproto ipv6 tcp dport 22 ct state new accept']],
  },
  {
    name: 'startos-flow-is-older-than-its-forward6',
    thread: {
      title: "fix(start-os,start-tunnel): clear a port's conntrack entries when its forward comes up",
      address: 'https://github.com/Start9Labs/start-technologies/pull/4046',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { eth0: ['2001:db8:1::9/64'] } },
      host: {
        bridges: { lxcbr0: ['veth1'] },
        addresses: { eth0: ['2001:db8:1::1/64'], lxcbr0: ['fd00:3::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet startos {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd00:3::/64 oifname "eth0" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lxcbr0" accept
    ct status dnat accept
  }
}
`,
        },
      },
      relay: {
        addresses: { eth0: ['fd00:3::2/64'] },
        routes: ['default via fd00:3::1'],
        listeners: [{ protocol: 'udp', address: '::', port: 49737 }],
      },
    },
    links: [
      ['peer:eth0', 'host:eth0'],
      ['host:veth1', 'relay:eth0'],
    ],
    traced: 'host',
    earlier: {
      sendings: [{ from: 'peer', what: 'udp', to: '2001:db8:1::1', port: 49737, sport: 41737 }],
      change: [
        ['host', "nft add rule inet startos prerouting iifname eth0 udp dport 49737 dnat ip6 to '[fd00:3::2]:49737'"],
      ],
    },
    fails: { from: 'peer', what: 'udp', to: '2001:db8:1::1', port: 49737, sport: 41737 },
    seen: 'refused',
    others: [{ sending: { from: 'peer', what: 'udp', to: '2001:db8:1::1', port: 49737 }, seen: 'answered' }],
    truth: {
      words:
        "The flow's entry in connection tracking is from before the port was forwarded: it has no NAT, so the datagram is for the host itself, where nothing listens.",
      causes: [{ code: 'stale-conntrack' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['host', 'conntrack -f ipv6 -D -p udp --dport 49737']],
  },
  {
    name: 'libvirt-rejects-what-the-own-table-accepts',
    thread: {
      title: 'How to enable inbound/outbound traffic with no restrictions to a VM',
      address: 'https://github.com/dmacvicar/terraform-provider-libvirt/issues/1006',
    },
    backend: 'nft',
    ...bridged('virbr0', '192.168.122.1/24', {
      rules: {
        nft: `table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.122.0/24 iif "virbr0" counter accept
    iif "virbr0" counter reject
  }
  chain guest_input {
    oif "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept
    oif "virbr0" counter reject
  }
  chain guest_cross {
    iif "virbr0" oif "virbr0" counter accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
  }
}
table inet filter {
  chain forward {
    type filter hook forward priority filter - 5; policy drop;
    ct state established,related accept
    iifname "virbr0" accept
    ip saddr 192.0.2.0/24 oifname "virbr0" tcp dport { 22, 80 } accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.168.122.2', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.168.122.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.168.122.2' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The own table accepts it, which ends that chain alone: libvirt's chain in the same hook lets nothing new in to a guest behind NAT and rejects it.",
      causes: [{ rule: 'reject', chain: 'ip libvirt_network guest_input' }],
      status: ['rejected'],
    },
    mend: [
      ['host', 'nft insert rule ip libvirt_network guest_input oif virbr0 ip daddr 192.168.122.2 tcp dport 80 accept'],
    ],
  },
  {
    name: 'podman-published-port-from-its-own-network-in-ipv6',
    thread: {
      title: 'Containers cannot access published ports of other containers on same host',
      address: 'https://github.com/podman-container-tools/podman/issues/2886',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64'] } },
      host: {
        bridges: { podman1: ['veth1', 'veth2'] },
        addresses: { eth0: ['2001:db8:1::1/64'], podman1: ['fd00:88::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip6 nat {
  chain hostport_dnat {
    tcp dport 8080 dnat to [fd00:88::2]:80
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump hostport_dnat
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump hostport_dnat
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd00:88::/64 ip6 daddr != fd00:88::/64 masquerade
  }
}
`,
        },
      },
      c1: { addresses: { eth0: ['fd00:88::2/64'] }, routes: ['default via fd00:88::1'], listeners: [WEB6] },
      c2: { addresses: { eth0: ['fd00:88::3/64'] }, routes: ['default via fd00:88::1'] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
      ['host:veth2', 'c2:eth0'],
    ],
    traced: 'host',
    // with br_netfilter connection tracking would see the reply
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-ip6tables=0 2>/dev/null || true']],
    fails: { from: 'c2', what: 'tcp', to: '2001:db8:1::1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: 'fd00:88::2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The masquerade spares what stays in the network: the other container sees its neighbour as the source and answers it directly, from an address that was not asked.',
      causes: [
        { code: 'not-masqueraded' },
        { rule: 'ip6 daddr != fd00:88::/64 masquerade', chain: 'ip6 nat postrouting' },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      ['host', 'nft add rule ip6 nat postrouting ip6 saddr fd00:88::/64 ip6 daddr fd00:88::2 tcp dport 80 masquerade'],
    ],
  },
  {
    name: 'wireguard-forwards-ipv6-on-its-interfaces-alone',
    thread: { title: 'IPv6 setup is incomplete', address: 'https://github.com/pirate/wireguard-docs/issues/17' },
    backend: 'nft',
    hosts: {
      phone: {
        addresses: { wg0: ['10.8.0.2/24', 'fd42:42:42::2/64'] },
        routes: ['default via 10.8.0.1', 'default via fd42:42:42::1'],
      },
      server: {
        addresses: { wg0: ['10.8.0.1/24', 'fd42:42:42::1/64'], eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        sysctls: { 'net.ipv4.ip_forward': '1' },
        rules: {
          nft: `table inet wg {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "wg0" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    iifname "wg0" oifname "eth0" masquerade
  }
}
`,
        },
      },
      far: { addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] }, listeners: [...WEB, WEB6] },
    },
    links: [
      ['phone:wg0', 'server:wg0'],
      ['server:eth0', 'far:eth0'],
    ],
    traced: 'server',
    setup: [['server', 'sysctl -qw net.ipv6.conf.wg0.forwarding=1 net.ipv6.conf.eth0.forwarding=1']],
    fails: { from: 'phone', what: 'tcp', to: '2001:db8:1::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
      { sending: { from: 'phone', what: 'ping', to: 'fd42:42:42::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "Forwarding is on for the two interfaces and off for all: in IPv6 a packet is forwarded by net.ipv6.conf.all.forwarding alone; the interface's own makes it a router to its neighbours and forwards nothing.",
      causes: [{ code: 'vanished-forwarding-off', words: ['conf.all.forwarding'] }],
      status: ['lost'],
    },
    mend: [['server', 'sysctl -w net.ipv6.conf.all.forwarding=1']],
  },
]

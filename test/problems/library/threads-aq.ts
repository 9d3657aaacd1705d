/** Rules of nft from threads: a limit in a set that each lookup uses up, solicitations dropped where frames come in, a port forwarded from one side alone; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const GUEST = '10:66:6a:00:00:05'

/** As Incus has it for a guest with filters of IPv6, in the chain of one hook. */
const guestFilter = (hook: 'input' | 'forward') => `
    type filter hook ${hook} priority -200; policy accept;
    iifname "vm5" ether saddr != ${GUEST} drop
    iifname "vm5" ether type ip6 ip6 saddr fe80::/10 ip6 daddr ff02::2 icmpv6 type nd-router-solicit accept
    iifname "vm5" icmpv6 type nd-neighbor-advert @nh,384,128 != 0x20010db8002000000000000000000005 drop
    iifname "vm5" icmpv6 type nd-neighbor-advert @nh,528,48 != 0x10666a000005 drop
    iifname "vm5" icmpv6 type nd-router-advert drop
    iifname "vm5" ip6 saddr { 2001:db8:20::5, fe80::/10 } accept
    iifname "vm5" ether type ip6 drop
`

export const THREADS_AQ: Problem[] = [
  {
    name: 'ssh-audit-lookup-of-the-attackers-uses-up-their-limit',
    thread: {
      title: 'add nftables variant for dheat attack mitigation',
      address: 'https://github.com/jtesta/ssh-audit/issues/305',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      second: { addresses: { eth0: ['198.51.100.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [SSH],
        rules: {
          nft: `table ip filter {
  set attackers_ip4 {
    type ipv4_addr
    flags dynamic,timeout
    timeout 10m
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state new tcp dport 22 update @attackers_ip4 { ip saddr limit rate over 1/minute burst 25 packets }
    ip saddr @attackers_ip4 drop
    tcp dport 22 accept
    ct state established,related accept
    icmp type echo-request accept
    iif "lo" accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['second:eth0', 'server:eth1'],
    ],
    traced: 'server',
    setup: [
      // one connection, and what somebody sends who has it
      ['client', `python3 -c "import socket; socket.create_connection(('192.0.2.1',22)).close()"`],
      ['client', 'ping -q -c 40 -i 0.01 -W 1 192.0.2.1 >/dev/null; true'],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'second', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'second', what: 'ping', to: '198.51.100.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'Every new connection puts its source into the set with a limit of its own, and each lookup in the set is counted by that limit, so packets of any kind use it up: from then on whatever the host sends is dropped.',
      causes: [
        { rule: 'ip saddr @attackers_ip4 drop', chain: 'ip filter input' },
        { rule: 'update @attackers_ip4', chain: 'ip filter input' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'nft delete element ip filter attackers_ip4 { 192.0.2.2 }']],
  },
  {
    name: 'ovn-egress-address-stays-in-the-set-of-blocked-solicitations',
    thread: {
      title: 'EIP duplicate MAC race during node shutdown',
      address: 'https://github.com/ovn-kubernetes/ovn-kubernetes/pull/6238',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64', '192.0.2.2/24'] } },
      node: {
        addresses: { eth0: ['2001:db8:1::1/64', '2001:db8:1::200/128', '192.0.2.1/24', '192.0.2.200/32'] },
        listeners: [SSH, { protocol: 'tcp', port: 443, address: '::' }],
        rules: {
          nft: `table inet ovn-kubernetes {
  chain input {
    type filter hook input priority filter; policy accept;
    ct state invalid drop
  }
}
table netdev ovn-kubernetes-egressip {
  set egressip-arp-block-v4 {
    type ipv4_addr
    elements = { 192.0.2.201 }
  }
  set egressip-ndp-block-v6 {
    typeof @nh,384,128
    elements = { 0x20010db8000100000000000000000200, 0x20010db8000100000000000000000201 }
  }
  chain egressip-drop {
    type filter hook ingress device "eth0" priority filter; policy accept;
    arp operation request arp daddr ip @egressip-arp-block-v4 drop
    icmpv6 type nd-neighbor-solicit @nh,384,128 @egressip-ndp-block-v6 drop
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'node:eth0']],
    traced: 'node',
    // as who traces there sets it: what is dropped where frames come in comes by no other rule
    setup: [
      [
        'node',
        'nft "add table netdev tracing; add chain netdev tracing ingress { type filter hook ingress device eth0 priority -500; policy accept; }; add rule netdev tracing ingress meta nftrace set 1"',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::200', port: 443 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:200' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.200', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The egress address was blocked while the node went down, and is still in the set now that the node has it again: solicitations for it are dropped where frames come in, and nobody learns its link address.',
      causes: [
        { rule: '@egressip-ndp-block-v6 drop', chain: 'netdev ovn-kubernetes-egressip egressip-drop' },
        { code: 'neighbour-discovery-dropped', words: ['egressip-drop'] },
      ],
      status: ['dropped'],
      alsoTrue: ['neighbour-discovery-dropped'],
    },
    mend: [
      [
        'node',
        'nft delete element netdev ovn-kubernetes-egressip egressip-ndp-block-v6 { 0x20010db8000100000000000000000200 }',
      ],
    ],
  },
  {
    name: 'dfw-forwards-the-mail-port-for-the-wider-world-alone',
    thread: { title: 'Strange issue with nftables', address: 'https://github.com/pitkley/dfw/issues/135' },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], 'br-mail': ['172.18.0.1/16'] },
        bridges: { 'br-mail': ['veth1', 'veth2'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet custom {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state invalid drop
    ct state established,related accept
    iifname "lo" accept
    icmp type echo-request accept
    tcp dport 22 ct state new,established accept
  }
}
table inet dfw {
  chain forward {
    type filter hook forward priority -5; policy drop;
    ct state invalid drop
    ct state related,established accept
    meta mark and 0xdf == 0xdf accept
    iifname "br-mail" oifname "br-mail" meta mark set mark or 0xdf accept
    iifname "br-mail" oifname "eth0" meta mark set mark or 0xdf accept
  }
}
table ip dfw {
  chain prerouting {
    type nat hook prerouting priority -105; policy accept;
    iifname "eth0" tcp dport 993 meta mark set mark or 0xdf dnat to 172.18.0.2:993
  }
  chain postrouting {
    type nat hook postrouting priority 95; policy accept;
    oifname "eth0" meta mark set mark or 0xdf masquerade
  }
}
`,
        },
      },
      mail: {
        addresses: { eth0: ['172.18.0.2/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [{ protocol: 'tcp', port: 993 }],
      },
      webmail: { addresses: { eth0: ['172.18.0.3/16'] }, routes: ['default via 172.18.0.1'] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'mail:eth0'],
      ['host:veth2', 'webmail:eth0'],
    ],
    traced: 'host',
    fails: { from: 'webmail', what: 'tcp', to: '192.0.2.1', port: 993 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 993 }, seen: 'answered' },
      { sending: { from: 'webmail', what: 'tcp', to: '172.18.0.2', port: 993 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The port is forwarded where it comes in by eth0. A container that asks the host's public address comes in by its bridge, so its packet is for the host itself, whose policy drops it.",
      causes: [
        { rule: 'tcp dport 993', chain: 'ip dfw prerouting' },
        { chain: 'ip dfw prerouting' },
        { code: 'dnat-skipped', words: ['993'] },
      ],
      status: ['dropped'],
      alsoTrue: ['missing-rule'],
    },
    mend: [
      [
        'host',
        'nft insert rule ip dfw prerouting iifname br-mail ip daddr 192.0.2.1 tcp dport 993 dnat to 172.18.0.2:993; nft add rule ip dfw postrouting iifname br-mail oifname br-mail ct status dnat masquerade',
      ],
    ],
  },
  {
    name: 'healthy-incus-filters-ipv6-without-br-netfilter',
    thread: {
      title: '`security.ipv6_filtering` is refused without br_netfilter, but the nftables rules do not need it',
      address: 'https://github.com/lxc/incus/issues/4026',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:20::5/64'] } },
      host: {
        bridges: { br20: ['vm5', 'uplink'] },
        addresses: { br20: ['2001:db8:20::2/64'] },
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
        rules: {
          nft: `table bridge incus {
  chain in.vm5.eth0 {${guestFilter('input')}  }
  chain fwd.vm5.eth0 {${guestFilter('forward')}  }
}
table inet incus {
  chain fwd.br20 {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip6 saddr 2001:db8:30::/64 accept
  }
}
`,
        },
      },
      router: {
        addresses: { eth0: ['2001:db8:20::1/64'] },
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
      },
    },
    links: [
      ['client:eth0', 'host:vm5'],
      ['host:uplink', 'router:eth0'],
    ],
    traced: 'host',
    setup: [
      ['client', `ip link set eth0 address ${GUEST}`],
      ['host', 'sysctl -qw net.bridge.bridge-nf-call-ip6tables=0'],
      // bridged frames come by no chain of IP, and are traced where the bridge gets them
      [
        'host',
        'nft "add table bridge tracing; add chain bridge tracing prerouting { type filter hook prerouting priority -350; policy accept; }; add rule bridge tracing prerouting meta nftrace set 1"',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:20::1', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:20::2', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '2001:db8:20::5' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: the guest has the addresses that it may have, and the policy that drops is not asked about bridged frames.',
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
]

/** Near those of threads-bj-legacy.ts: a second uplink by nft and IPv6, and one whose replies may leave by either. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const APP = { protocol: 'tcp', port: 8080 } as const

const NFT = `table inet nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname { "eth0", "eth1" } tcp dport 8080 dnat ip6 to [fd00:18::2]:8080
    iifname { "eth0", "eth1" } tcp dport 8080 dnat ip to 172.18.0.2:8080
  }
}
table ip6 mangle {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "docker_gwbridge" udp dport 53 meta mark set meta mark | 0x00000001 accept
  }
}
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct status dnat accept
    iifname "docker_gwbridge" accept
  }
}
`

const hosts = (isStrict: boolean): Problem['hosts'] => ({
  client: {
    addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
    routes: ['default via 203.0.113.1', 'default via 2001:db8:f::1'],
    listeners: [{ ...APP, address: '::' }],
  },
  vpc: {
    addresses: {
      wan: ['203.0.113.1/24', '2001:db8:f::1/64'],
      net0: ['10.0.0.1/24', '2001:db8:0:1::1/64'],
      net1: ['10.0.1.1/24', '2001:db8:0:2::1/64'],
    },
    routes: ['fd00:18::/64 via 2001:db8:0:1::5'],
    sysctls: FORWARDS,
    rules: isStrict
      ? {
          nft: `table ip6 raw {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname "net0" ip6 saddr 2001:db8:0:2::/64 drop
    iifname "net1" ip6 saddr 2001:db8:0:1::/64 drop
  }
}
`,
        }
      : {},
  },
  host: {
    bridges: { docker_gwbridge: ['veth1'] },
    addresses: {
      eth0: ['10.0.0.5/24', '2001:db8:0:1::5/64'],
      eth1: ['10.0.1.5/24', '2001:db8:0:2::5/64'],
      docker_gwbridge: ['172.18.0.1/16', 'fd00:18::1/64'],
    },
    routes: ['default via 10.0.0.1', 'default via 2001:db8:0:1::1'],
    sysctls: FORWARDS,
    listeners: [{ ...SSH, address: '::' }],
    rules: { nft: NFT },
  },
  app: {
    addresses: { eth1: ['172.18.0.2/16', 'fd00:18::2/64'] },
    routes: ['default via 172.18.0.1', 'default via fd00:18::1'],
    listeners: [APP, { ...APP, address: '::' }, { ...SSH, address: '::' }],
  },
})

const LINKS: Problem['links'] = [
  ['client:eth0', 'vpc:wan'],
  ['vpc:net0', 'host:eth0'],
  ['vpc:net1', 'host:eth1'],
  ['host:veth1', 'app:eth1'],
]

const THREAD: Problem['thread'] = {
  title: 'Docker Swarm Host - dockerd w/ Multiple Interfaces (eth0 & eth1)',
  address: 'https://github.com/moby/libnetwork/issues/2395',
}

const OWN_TABLE =
  'ip -6 rule add pref 32765 from 2001:db8:0:2::5 lookup 10001; ip -6 route add default via 2001:db8:0:2::1 dev eth1 table 10001'

export const THREADS_BJ_NEAR: Problem[] = [
  {
    name: 'near-second-network-of-ipv6-beside-a-chain-that-marks',
    thread: THREAD,
    backend: 'nft',
    hosts: hosts(true),
    links: LINKS,
    traced: 'host',
    setup: [['host', OWN_TABLE]],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:0:2::5', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:0:1::5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.0.1.5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:0:2::5', port: 22 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '2001:db8:f::9', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00:18::2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The container's reply is routed with its own address, for which no routing rule is there: it leaves by eth0 with eth1's address, and the network drops that.",
      causes: [{ code: 'reply-by-other-uplink' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'host',
        'nft add rule ip6 mangle prerouting iifname eth1 ct state new ct mark set 2; nft add rule ip6 mangle prerouting iifname docker_gwbridge ct mark 2 meta mark set 2; ip -6 rule add fwmark 2 lookup 10001',
      ],
    ],
  },
  {
    name: 'near-second-network-whose-replies-may-leave-by-the-first',
    thread: THREAD,
    backend: 'nft',
    hosts: hosts(false),
    links: LINKS,
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:0:2::5', port: 8080 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:0:1::5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00:18::2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: 'Nothing is wrong: the reply leaves by the other uplink, and nothing there drops it.',
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
]

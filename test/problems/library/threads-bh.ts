/** Container hosts with rules of nft alone, from threads: a table that a reload took, a bridge in no zone, replies without a rule, a server that rejects by itself. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** What netavark writes for one network of IPv6 with one published port. */
const NETAVARK = `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip6 saddr fd42:89::/64 meta l4proto { tcp, udp } th dport 53 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    ip6 daddr fd42:89::/64 ct state established,related accept
    ip6 saddr fd42:89::/64 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd42:89::/64 ip6 daddr != fd42:89::/64 ip6 daddr != ff00::/8 masquerade
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain NETAVARK-HOSTPORT-DNAT {
    tcp dport 8080 dnat ip6 to [fd42:89::2]:80
  }
}
`

/** Debian's /etc/nftables.conf, a bit longer. */
const NFTABLES_CONF = `flush ruleset
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
`

/** firewalld with all interfaces in public, where ssh and dhcpv6-client are open; trusted has no interface. */
const FIREWALLD = `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_public
    goto filter_IN_public
  }
  chain filter_IN_public {
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public_allow {
    tcp dport 22 accept
    ip6 daddr fe80::/64 udp dport 546 accept
  }
  chain filter_IN_trusted {
    accept
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_ZONES {
    iifname "eth0" goto filter_FWD_public
    goto filter_FWD_public
  }
  chain filter_FWD_public {
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
}
`

const INCUS = `table inet incus {
  chain pstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.77.5.0/24 ip daddr != 10.77.5.0/24 masquerade
    ip6 saddr fd42:77:5::/64 ip6 daddr != fd42:77:5::/64 masquerade
  }
  chain fwd.incusbr0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "incusbr0" accept
    ip version 4 iifname "incusbr0" accept
    ip6 version 6 oifname "incusbr0" accept
    ip6 version 6 iifname "incusbr0" accept
  }
  chain in.incusbr0 {
    type filter hook input priority filter; policy accept;
    iifname "incusbr0" tcp dport 53 accept
    iifname "incusbr0" udp dport 53 accept
    iifname "incusbr0" icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept
    iifname "incusbr0" udp dport 547 accept
  }
  chain out.incusbr0 {
    type filter hook output priority filter; policy accept;
    oifname "incusbr0" tcp sport 53 accept
    oifname "incusbr0" udp sport 53 accept
  }
}
`

/** Docker's chains as iptables-nft wrote them, read and kept with nft. */
const dockerByNft = (net: string, bridge: string) => `table ip nat {
  chain DOCKER {
    iifname "${bridge}" counter return
    iifname != "${bridge}" meta l4proto tcp tcp dport 9443 counter dnat to ${net}.2:9443
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump DOCKER
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local counter jump DOCKER
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "${bridge}" ip saddr ${net}.0/24 counter masquerade
  }
}
`

export const THREADS_BH: Problem[] = [
  {
    name: 'nftables-reload-takes-netavarks-table-and-its-own-input-drops',
    thread: {
      title: 'Handle nftables reload/restart',
      address: 'https://github.com/containers/netavark/issues/1258',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64'] }, routes: ['default via 2001:db8:1::1'], listeners: [] },
      host: {
        bridges: { podman1: ['veth1'] },
        addresses: { eth0: ['2001:db8:1::1/64'], podman1: ['fd42:89::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '::' }],
        rules: { nft: NETAVARK },
      },
      c1: {
        addresses: { eth0: ['fd42:89::2/64'] },
        routes: ['default via fd42:89::1'],
        listeners: [
          { protocol: 'tcp', port: 80, address: '::' },
          { protocol: 'tcp', port: 5432, address: '::' },
        ],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    setup: [['host', `nft -f - <<'END'\n${NFTABLES_CONF}END`]],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 9090 }, seen: 'nothing' },
      { sending: { from: 'host', what: 'tcp', to: 'fd42:89::2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The reload flushed the whole ruleset, and netavark's table with it: nothing rewrites port 8080 to the container any more, so the packet is the host's own, and its input policy drops it. Opening the port would not help: nobody listens there.",
      causes: [{ policy: 'inet filter input' }, { code: 'closed-port' }],
      status: ['dropped'],
    },
    mend: [['host', `nft -f - <<'END'\n${NETAVARK}END`]],
  },
  {
    name: 'incus-accepts-dns-of-its-bridge-and-firewalld-has-the-bridge-in-public',
    thread: {
      title: 'feat: detect and fix Incus bridge not in firewalld trusted zone',
      address: 'https://github.com/mensfeld/code-on-incus/pull/228',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64'] }, routes: ['default via 2001:db8:1::1'] },
      host: {
        bridges: { incusbr0: ['veth1'] },
        addresses: { eth0: ['2001:db8:1::1/64'], incusbr0: ['10.77.5.1/24', 'fd42:77:5::1/64'] },
        sysctls: FORWARDS,
        listeners: [
          { ...SSH, address: '::' },
          { protocol: 'udp', port: 53, address: '::' },
          { protocol: 'tcp', port: 8443, address: '::' },
        ],
        rules: { nft: `${INCUS}${FIREWALLD}` },
      },
      c1: { addresses: { eth0: ['fd42:77:5::20/64'] }, routes: ['default via fd42:77:5::1'] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'udp', to: 'fd42:77:5::1', port: 53 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 53 }, seen: 'unreachable' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8443 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "Incus' own table accepts DNS of its bridge, but that ends only its own chain: firewalld has the bridge in no zone of its own, so in public, and rejects it later.",
      causes: [
        { rule: 'reject with icmpx admin-prohibited', chain: 'inet firewalld filter_IN_public' },
        { chain: 'inet firewalld filter_INPUT_ZONES' },
      ],
      status: ['rejected'],
    },
    mend: [['host', 'nft insert rule inet firewalld filter_INPUT_ZONES iifname incusbr0 goto filter_IN_trusted']],
  },
  {
    name: 'dfw-host-asks-its-container-and-input-has-no-rule-for-replies',
    thread: {
      title: 'World to host not working (& host to container)',
      address: 'https://github.com/pitkley/dfw/issues/705',
    },
    backend: 'nft',
    ...bridged(
      'br-portainer',
      '172.19.0.1/24',
      {
        listeners: [SSH, { protocol: 'tcp', port: 111 }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "eth0" oifname "br-portainer" ct status dnat accept
    iifname "br-portainer" oifname "eth0" accept
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
${dockerByNft('172.19.0', 'br-portainer')}`,
        },
      },
      { listeners: [{ protocol: 'tcp', port: 9443 }] },
    ),
    fails: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 9443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 9443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 111 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '172.19.0.1', port: 111 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The request of the host itself reaches the container, and the reply comes to input, which accepts SSH and nothing else: there is no rule for established connections, and the policy drops it.',
      causes: [{ policy: 'inet filter input' }],
      status: ['reply-lost'],
    },
    mend: [['host', 'nft insert rule inet filter input ct state established,related accept']],
  },
  {
    name: 'healthy-prometheus-in-a-container-is-rejected-by-the-server-it-asks',
    thread: {
      title: 'Context deadline exceeded',
      address: 'https://github.com/prometheus/prometheus/issues/1582',
    },
    backend: 'nft',
    hosts: {
      app: {
        addresses: { eth0: ['192.0.2.30/24'] },
        listeners: [SSH, { protocol: 'tcp', port: 9100 }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy accept;
    ct state established,related accept
    iifname "lo" accept
    tcp dport 22 accept
    reject with icmpx host-unreachable
  }
}
`,
        },
      },
      db: { addresses: { eth0: ['192.0.2.31/24'] }, listeners: [{ protocol: 'tcp', port: 9100 }] },
      lan: { bridges: { br0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "docker0" oifname "eth0" accept
    iifname "eth0" oifname "docker0" ct status dnat accept
    reject with icmpx admin-prohibited
  }
}
${dockerByNft('172.17.0', 'docker0')}`,
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/24'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
    },
    links: [
      ['app:eth0', 'lan:p1'],
      ['db:eth0', 'lan:p2'],
      ['host:eth0', 'lan:p3'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.30', port: 9100 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.31', port: 9100 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.30', port: 22 }, seen: 'answered' },
      { sending: { from: 'db', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'Nothing is wrong on this host: it forwards and masquerades the request. The server that is asked sends an ICMP error, by its own firewall.',
      causes: [{ code: 'refused-there' }],
      status: ['refused'],
    },
    mend: [['app', 'nft insert rule inet filter input ip saddr 192.0.2.1 tcp dport 9100 accept']],
  },
]

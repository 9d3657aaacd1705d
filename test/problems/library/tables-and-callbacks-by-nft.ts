/** From threads, by nft: two tables that both drop a container, replies without a rule at output, a callback, and a server without IPv6. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

/** Somebody's own table, and the one that a script writes for Docker: its rule for what leaves has the names the wrong way round. */
const OWN_AND_SCRIPT = `table ip filtrado {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ip saddr 192.168.0.0/24 tcp dport 22 accept
    udp sport { 53, 67, 68, 123 } accept
    tcp sport { 22, 25, 80, 143, 443, 993, 8443 } accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    tcp dport 2234-2240 accept
    iif "enp0s25" ip saddr 192.168.0.0/24 oif "wlan0" tcp dport { 22, 25, 80, 143, 443, 993, 8443 } accept
    iif "wlan0" oif "enp0s25" ip daddr 192.168.0.0/24 tcp sport { 22, 25, 80, 143, 443, 993, 8443 } accept
    iif "enp0s25" ip saddr 192.168.0.0/24 oif "wlan0" udp dport 53 accept
    iif "wlan0" oif "enp0s25" ip daddr 192.168.0.0/24 udp sport 53 accept
  }
  chain OUTPUT {
    type filter hook output priority filter; policy drop;
    oif "lo" accept
    ip daddr 192.168.0.0/24 tcp sport 22 accept
    udp dport { 53, 67, 68, 123 } accept
    tcp dport { 22, 25, 80, 143, 443, 993, 8443 } accept
  }
}
table inet docker {
  chain forward {
    type filter hook forward priority filter; policy drop;
    jump docker-user
    jump docker-isolation-stage-1
    oifname "docker0" ct state { established, related } counter accept
    oifname "docker0" jump docker
    oifname "docker0" iifname != "docker0" accept
    oifname "docker0" iifname "docker0" accept
  }
  chain docker {
  }
  chain docker-isolation-stage-1 {
    iifname "docker0" oifname != "docker0" jump docker-isolation-stage-2
    return
  }
  chain docker-isolation-stage-2 {
    oifname "docker0" drop
    return
  }
  chain docker-user {
    return
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "docker0" ip saddr 172.17.0.0/16 counter masquerade
  }
}
`

/** The tool accepts replies at input alone; at output it rejects whatever no rule accepts. */
const DENIES_BOTH_WAYS = `table inet mise {
  chain input {
    type filter hook input priority filter; policy accept;
    iif "lo" accept
    ct state established,related accept
    meta l4proto icmp accept
    meta l4proto ipv6-icmp accept
    tcp dport 22 accept
    reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept
    meta l4proto icmp accept
    meta l4proto ipv6-icmp accept
    udp dport 53 accept
    tcp dport 443 accept
    reject
  }
}
`

/** As Puppet's module writes them for a client of AFS: it may ask, and nobody may call it back. */
const AFS_CLIENT = `table inet filter {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    jump global
    jump default_in
    log prefix "[nftables] INPUT Rejected: " flags all counter
    reject with icmpx type port-unreachable
  }
  chain OUTPUT {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    jump global
    jump default_out
    log prefix "[nftables] OUTPUT Rejected: " flags all counter
    reject with icmpx type port-unreachable
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    jump global
    log prefix "[nftables] FORWARD Rejected: " flags all counter
    reject with icmpx type port-unreachable
  }
  chain global {
    ct state established,related accept
    ct state invalid drop
  }
  chain default_in {
    ip protocol icmp accept
    meta l4proto ipv6-icmp accept
    tcp dport 22 accept
  }
  chain default_out {
    ip protocol icmp accept
    meta l4proto ipv6-icmp accept
    udp dport 53 accept
    tcp dport { 80, 443 } accept
    udp dport { 7000, 7002, 7003 } accept
  }
}
`

/** Docker's tables of nft for one container with one published port. */
const published = (family: 'ip' | 'ip6', address: string, network: string) => `table ${family} docker-bridges {
  map filter-forward-in-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-in__docker0 }
  }
  map filter-forward-out-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-out__docker0 }
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    oifname vmap @filter-forward-in-jumps
    iifname vmap @filter-forward-out-jumps
  }
  chain nat-PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-OUTPUT {
    type nat hook output priority -100; policy accept;
    ${family === 'ip' ? 'ip daddr != 127.0.0.0/8' : 'ip6 daddr != ::1'} fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "docker0" ${family} saddr ${network} counter masquerade comment "MASQUERADE"
  }
  chain nat-prerouting-and-output {
    iifname != "docker0" udp dport 19132 counter dnat to ${family === 'ip' ? address : `[${address}]`}:19132 comment "DNAT"
  }
  chain filter-forward-in__docker0 {
    ct state established,related counter accept
    iifname "docker0" counter accept comment "ICC"
    ${family} daddr ${address} udp dport 19132 counter accept
    counter drop comment "UNPUBLISHED PORT DROP"
  }
  chain filter-forward-out__docker0 {
    ct state established,related counter accept
    counter accept comment "OUTGOING"
  }
}
`

export const TABLES_AND_CALLBACKS_BY_NFT: Problem[] = [
  {
    name: 'two-tables-drop-a-container-and-neither-has-its-replies',
    thread: {
      title: 'containers without internet access',
      address: 'https://github.com/oniGino/docker-nftables-scripts/issues/4',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['10.20.0.1/24'] },
        routes: ['172.17.0.0/16 via 10.20.0.2', '192.168.0.0/24 via 10.20.0.2'],
        listeners: [HTTPS, DNS, { protocol: 'tcp', port: 8080 }],
      },
      laptop: {
        bridges: { docker0: ['veth1'] },
        addresses: { wlan0: ['10.20.0.2/24'], enp0s25: ['192.168.0.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 8080 }],
        rules: { nft: OWN_AND_SCRIPT },
      },
      pc: { addresses: { eth0: ['192.168.0.7/24'] }, routes: ['default via 192.168.0.1'] },
      web: {
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['remote:eth0', 'laptop:wlan0'],
      ['laptop:enp0s25', 'pc:eth0'],
      ['laptop:veth1', 'web:eth0'],
    ],
    traced: 'laptop',
    fails: { from: 'web', what: 'tcp', to: '10.20.0.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '10.20.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '10.20.0.2', port: 8080 }, seen: 'nothing' },
      // the script's table drops what the LAN sends, too
      { sending: { from: 'pc', what: 'tcp', to: '10.20.0.1', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'pc', what: 'tcp', to: '10.20.0.1', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Two chains at the same hook drop by their policies. The script's accepts towards docker0 what is to come from there, and the other has no rule for the container at all, for its replies neither.",
      causes: [
        { policy: 'inet docker forward' },
        { policy: 'ip filtrado FORWARD' },
        { chain: 'inet docker forward' },
        { chain: 'ip filtrado FORWARD' },
      ],
      status: ['dropped'],
    },
    mend: [
      ['laptop', 'nft insert rule ip filtrado FORWARD iif docker0 oif wlan0 accept'],
      ['laptop', 'nft insert rule ip filtrado FORWARD oif docker0 ct state established,related accept'],
      ['laptop', 'nft add rule inet docker forward iifname docker0 oifname != docker0 accept'],
    ],
  },
  {
    name: 'tool-rejects-at-output-what-its-input-lets-be-asked',
    thread: {
      title: 'feat(bootstrap): manage Linux firewall rules',
      address: 'https://github.com/jdx/mise/pull/11694',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] }, listeners: [HTTPS, SSH, DNS] },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH, { protocol: 'tcp', port: 8080 }],
        rules: { nft: DENIES_BOTH_WAYS },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'udp', to: '192.0.2.2', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'refused' },
      // what the server may not ask
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words: 'The chain of output has no rule for replies, and its last rule rejects what the server answers.',
      causes: [{ rule: 'reject', chain: 'inet mise output' }, { chain: 'inet mise output' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'nft insert rule inet mise output ct state established,related accept']],
  },
  {
    name: 'afs-server-calls-back-a-client-that-may-only-ask',
    thread: {
      title: 'Add rules for afs3_callback in and out rules for kerberos and openafs.',
      address: 'https://github.com/voxpupuli/puppet-nftables/pull/6',
    },
    backend: 'nft',
    hosts: {
      fileserver: {
        addresses: { eth0: ['10.3.0.5/24'] },
        listeners: [{ protocol: 'udp', port: 7003 }],
      },
      client: {
        addresses: { eth0: ['10.3.0.20/24'], eth1: ['10.4.0.20/24'] },
        listeners: [SSH, { protocol: 'udp', port: 7001 }, { protocol: 'udp', port: 7010 }],
        rules: { nft: AFS_CLIENT },
      },
      other: { addresses: { eth0: ['10.4.0.9/24'] }, listeners: [{ protocol: 'tcp', port: 25 }] },
    },
    links: [
      ['fileserver:eth0', 'client:eth0'],
      ['other:eth0', 'client:eth1'],
    ],
    traced: 'client',
    fails: { from: 'fileserver', what: 'udp', to: '10.3.0.20', port: 7001, sport: 7000 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'udp', to: '10.3.0.5', port: 7003 }, seen: 'answered' },
      { sending: { from: 'fileserver', what: 'tcp', to: '10.3.0.20', port: 22 }, seen: 'answered' },
      { sending: { from: 'fileserver', what: 'udp', to: '10.3.0.20', port: 7010 }, seen: 'refused' },
      { sending: { from: 'other', what: 'udp', to: '10.4.0.20', port: 7010 }, seen: 'refused' },
      { sending: { from: 'other', what: 'udp', to: '10.4.0.20', port: 7001 }, seen: 'refused', either: true },
      { sending: { from: 'client', what: 'tcp', to: '10.4.0.9', port: 25 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The server begins a connection of its own, to the client's port of callbacks: no rule of input accepts that port, and the last one rejects it.",
      causes: [
        { rule: 'reject', chain: 'inet filter INPUT' },
        { chain: 'inet filter default_in' },
        { chain: 'inet filter INPUT' },
      ],
      status: ['rejected'],
    },
    mend: [['client', 'nft add rule inet filter default_in udp dport 7001 accept']],
  },
  {
    name: 'healthy-docker-forwards-ipv6-to-a-game-server-that-has-none-at-that-port',
    thread: {
      title: 'IPV6 not working even with `SERVER_PORT_V6`',
      address: 'https://github.com/itzg/docker-minecraft-bedrock-server/issues/518',
    },
    backend: 'nft',
    hosts: {
      player: {
        addresses: { eth0: ['192.0.2.9/24', '2001:db8:b::9/64'] },
        routes: ['fd00:17::/64 via 2001:db8:b::1'],
      },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: {
          eth0: ['192.0.2.1/24', '2001:db8:b::1/64'],
          docker0: ['172.17.0.1/16', 'fd00:17::1/64'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: published('ip', '172.17.0.2', '172.17.0.0/16') + published('ip6', 'fd00:17::2', 'fd00:17::/64'),
        },
      },
      bedrock: {
        addresses: { eth0: ['172.17.0.2/16', 'fd00:17::2/64'] },
        routes: ['default via 172.17.0.1', 'default via fd00:17::1'],
        listeners: [
          { protocol: 'udp', address: '0.0.0.0', port: 19132 },
          { protocol: 'udp', address: 'fd00:17::2', port: 19133 },
        ],
      },
    },
    links: [
      ['player:eth0', 'host:eth0'],
      ['host:veth1', 'bedrock:eth0'],
    ],
    traced: 'host',
    fails: { from: 'player', what: 'udp', to: '2001:db8:b::1', port: 19132 },
    seen: 'refused',
    others: [
      { sending: { from: 'player', what: 'udp', to: '192.0.2.1', port: 19132 }, seen: 'answered' },
      { sending: { from: 'host', what: 'udp', to: 'fd00:17::2', port: 19133 }, seen: 'answered' },
      { sending: { from: 'player', what: 'udp', to: 'fd00:17::2', port: 19133 }, seen: 'nothing' },
      { sending: { from: 'bedrock', what: 'ping', to: '2001:db8:b::9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules rewrite and forward what is asked by IPv6, too. In the container that port is of IPv4 alone: it refuses.',
      causes: [],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [
      [
        'bedrock',
        'setsid socat UDP6-LISTEN:19132,bind=[fd00:17::2],fork,reuseaddr EXEC:cat >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -6Hlun sport = :19132 | grep -q . && exit 0; sleep 0.1; done; exit 1',
      ],
    ],
  },
]

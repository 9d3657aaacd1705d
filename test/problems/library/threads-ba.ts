/** By nft, from threads: bans that are wider than meant, an allowlist that containers meet, and forwarding of IPv6. */
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SMTP6 = { protocol: 'tcp', port: 25, address: '::' } as const

/** A server's own table: what it serves, and what belongs to a connection. */
const serves = (ports: string) => `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { ${ports} } accept
  }
}
`

export const THREADS_BA: Problem[] = [
  {
    name: 'sshguard-blocks-the-network-of-one-attacker',
    thread: { title: 'Block ip ranges ?', address: 'https://github.com/SSHGuard/sshguard/issues/6' },
    backend: 'nft',
    hosts: {
      user: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      attacker: { addresses: { eth0: ['203.0.113.66/24'] }, routes: ['default via 203.0.113.1'] },
      isp: {
        addresses: { br0: ['203.0.113.1/24'], eth0: ['192.0.2.254/24'] },
        bridges: { br0: ['p1', 'p2'] },
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        listeners: [SSH, HTTPS],
        rules: {
          nft: `${serves('22, 443')}table ip sshguard {
  set attackers {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 198.51.100.7, 203.0.113.0/24 }
  }
  chain blacklist {
    type filter hook input priority filter - 10; policy accept;
    ip saddr @attackers drop
  }
}
table ip6 sshguard {
  set attackers {
    type ipv6_addr
    flags interval
    auto-merge
  }
  chain blacklist {
    type filter hook input priority filter - 10; policy accept;
    ip6 saddr @attackers drop
  }
}
`,
        },
      },
    },
    links: [
      ['user:eth0', 'isp:p1'],
      ['attacker:eth0', 'isp:p2'],
      ['isp:eth0', 'server:eth0'],
    ],
    traced: 'server',
    fails: { from: 'user', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'attacker', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'attacker', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
      { sending: { from: 'isp', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words: 'sshguard was set to block whole networks of 24 bits: the user is in that of an attacker.',
      causes: [{ rule: '@attackers drop', chain: 'ip sshguard blacklist' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft insert rule ip sshguard blacklist ip saddr 203.0.113.9 accept']],
  },
  {
    name: 'fail2ban-rejects-what-a-banned-mail-server-replies',
    thread: {
      title: 'Allow established traffic before fail2ban filters',
      address: 'https://github.com/fail2ban/fail2ban/issues/732',
    },
    backend: 'nft',
    hosts: {
      banned: { addresses: { eth0: ['2001:db8:1::2/64'] }, listeners: [SMTP6] },
      other: { addresses: { eth0: ['2001:db8:1::3/64'] }, listeners: [SMTP6] },
      switch: { bridges: { sw0: ['p1', 'p2', 'p3'] } },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        listeners: [SMTP6],
        rules: {
          nft: `${serves('22, 25, 443')}table inet f2b-table {
  set addr6-set-recidive {
    type ipv6_addr
    elements = { 2001:db8:1::2 }
  }
  chain f2b-chain {
    type filter hook input priority filter - 1; policy accept;
    meta l4proto tcp ip6 saddr @addr6-set-recidive reject
  }
}
`,
        },
      },
    },
    links: [
      ['banned:eth0', 'switch:p1'],
      ['other:eth0', 'switch:p2'],
      ['server:eth0', 'switch:p3'],
    ],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 25 },
    seen: 'nothing',
    others: [
      { sending: { from: 'banned', what: 'tcp', to: '2001:db8:1::1', port: 25 }, seen: 'refused' },
      { sending: { from: 'other', what: 'tcp', to: '2001:db8:1::1', port: 25 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::3', port: 25 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "fail2ban's chain comes before the one that accepts established connections: it also rejects what the banned server replies to mail that is delivered to it.",
      causes: [{ rule: '@addr6-set-recidive reject', chain: 'inet f2b-table f2b-chain' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'nft insert rule inet f2b-table f2b-chain ct state established ct direction reply accept']],
  },
  {
    name: 'nextcloud-asks-by-its-public-name-and-only-cloudflare-may',
    thread: {
      title: 'nextcloud container unable to reach itself using domain.tlk',
      address: 'https://github.com/nextcloud/all-in-one/issues/1814',
    },
    backend: 'nft',
    hosts: {
      cloudflare: {
        addresses: { eth0: ['173.245.48.5/20'] },
        routes: ['default via 173.245.48.1'],
        listeners: [HTTPS],
      },
      isp: { addresses: { eth0: ['203.0.113.254/24'], eth1: ['173.245.48.1/20'] }, sysctls: FORWARDS },
      host: {
        addresses: { eth0: ['203.0.113.1/24'], 'br-aio': ['172.18.0.1/16'] },
        bridges: { 'br-aio': ['veth1', 'veth2'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        // docker-proxy
        listeners: [SSH, HTTPS],
        rules: {
          nft: `table ip nat {
  chain DOCKER {
    iifname "br-aio" counter return
    iifname != "br-aio" tcp dport 443 counter dnat to 172.18.0.2:443
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
    ip saddr 172.18.0.0/16 oifname != "br-aio" counter masquerade
  }
}
table ip filter {
  chain DOCKER {
    ip daddr 172.18.0.2 iifname != "br-aio" oifname "br-aio" tcp dport 443 counter accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    oifname "br-aio" ct state established,related counter accept
    oifname "br-aio" counter jump DOCKER
    iifname "br-aio" oifname != "br-aio" counter accept
    iifname "br-aio" oifname "br-aio" counter accept
  }
}
table inet edge {
  set cloudflare4 {
    type ipv4_addr
    flags interval
    elements = { 103.21.244.0/22, 104.16.0.0/13, 162.158.0.0/15, 172.64.0.0/13, 173.245.48.0/20 }
  }
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iif "lo" accept
    tcp dport { 80, 443 } fib daddr type local ip saddr != @cloudflare4 counter drop
  }
}
`,
        },
      },
      apache: {
        addresses: { eth0: ['172.18.0.2/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [HTTPS],
      },
      nextcloud: { addresses: { eth0: ['172.18.0.3/16'] }, routes: ['default via 172.18.0.1'] },
    },
    links: [
      ['cloudflare:eth0', 'isp:eth1'],
      ['isp:eth0', 'host:eth0'],
      ['host:veth1', 'apache:eth0'],
      ['host:veth2', 'nextcloud:eth0'],
    ],
    traced: 'host',
    fails: { from: 'nextcloud', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'cloudflare', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'nothing' },
      { sending: { from: 'nextcloud', what: 'tcp', to: '173.245.48.5', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that lets Cloudflare alone ask for the web site is for every interface: the container that asks by the public name is dropped, too.',
      causes: [
        { rule: '@cloudflare4', chain: 'inet edge prerouting' },
        { code: 'not-in-set', words: ['cloudflare4'] },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'nft insert rule inet edge prerouting iifname "br-aio" tcp dport { 80, 443 } accept']],
  },
  {
    name: 'healthy-ipv6-is-forwarded-though-each-interface-says-0',
    thread: {
      title: 'man: mention that per-interface IPv6Forwarding= setting should be used only when disabling the feature',
      address: 'https://github.com/systemd/systemd/pull/33457',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "lan" oifname "wan" accept
    meta l4proto ipv6-icmp icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
  }
}
`,
        },
      },
      {
        remote: { listeners: [{ ...HTTPS, address: '::' }] },
        pc: { listeners: [{ ...SSH, address: '::' }] },
      },
    ),
    setup: [['router', 'sysctl -qw net.ipv6.conf.wan.forwarding=0 net.ipv6.conf.lan.forwarding=0']],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: whether IPv6 is forwarded, net.ipv6.conf.all.forwarding alone says. What an interface has there is for its role in neighbour discovery.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]

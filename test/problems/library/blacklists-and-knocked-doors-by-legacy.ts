/** From threads, by iptables-legacy: a list of networks in front of the replies, and a door that is closed more often than opened. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

/** A country's networks, as they are fetched each night. */
const NETWORKS = [
  '5.39.0.0/17',
  '37.58.128.0/17',
  '51.68.0.0/16',
  '62.210.0.0/16',
  '90.0.0.0/9',
  '92.128.0.0/10',
  '163.172.0.0/16',
  '176.31.0.0/16',
  '203.0.113.0/24',
  '212.27.32.0/19',
]

export const BLACKLISTS_AND_KNOCKED_DOORS_BY_LEGACY: Problem[] = [
  {
    name: 'blacklist-of-a-country-drops-what-its-servers-reply',
    thread: {
      title: 'Enhancement: Excluding a list of addresses from the blacklist',
      address: 'https://github.com/trick77/nftables-blacklist/issues/100',
    },
    backend: 'iptables-legacy',
    hosts: {
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        listeners: [SSH, HTTP],
        rules: {
          ipset: `create ip-blacklist hash:net family inet hashsize 16384 maxelem 65536\n${NETWORKS.map((net) => `add ip-blacklist ${net}\n`).join('')}`,
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set ip-blacklist src -j DROP
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT
COMMIT
`,
        },
      },
      net: {
        bridges: { fr: ['fr1', 'fr2'] },
        addresses: { eth0: ['192.0.2.254/24'], fr: ['203.0.113.1/24'], de: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
      },
      packages: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [HTTPS],
      },
      attacker: { addresses: { eth0: ['203.0.113.66/24'] }, routes: ['default via 203.0.113.1'] },
      visitor: {
        addresses: { eth0: ['198.51.100.9/24'] },
        routes: ['default via 198.51.100.1'],
        listeners: [HTTPS],
      },
    },
    links: [
      ['server:eth0', 'net:eth0'],
      ['net:fr1', 'packages:eth0'],
      ['net:fr2', 'attacker:eth0'],
      ['net:de', 'visitor:eth0'],
    ],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'attacker', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
      { sending: { from: 'packages', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing', either: true },
      { sending: { from: 'visitor', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The list is asked in front of the rule for replies, and one of its networks holds the server of packages: what it replies is dropped.',
      causes: [{ rule: '--match-set ip-blacklist src', chain: 'filter INPUT' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'ipset add ip-blacklist 203.0.113.9 nomatch']],
  },
  {
    name: 'knockd-closes-three-times-and-opens-once',
    thread: {
      title: 'Rules applied 3 times and incoherent state when spamming open/close',
      address: 'https://github.com/jvinet/knock/issues/70',
    },
    backend: 'iptables-legacy',
    hosts: {
      admin: { addresses: { eth0: ['192.0.2.2/24'] }, listeners: [HTTPS] },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH, HTTP, { protocol: 'tcp', port: 3306 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j DROP
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
        },
      },
    },
    links: [['admin:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 3306 }, seen: 'unreachable' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The knock that closes was heard three times, and added a rule each time. The knock that opens took one of them away: two more drop what a later rule accepts.',
      causes: [{ rule: '--dport 22 -j DROP', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'while iptables -D INPUT -p tcp --dport 22 -j DROP 2>/dev/null; do :; done']],
  },
]

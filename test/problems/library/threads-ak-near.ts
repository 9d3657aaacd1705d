/** Beside those of threads-ak: the same machines with one thing other, healthy ones among them. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { THREADS_AK } from './threads-ak.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const [XRAY, NDPPD, SSLH, HAIRPIN] = THREADS_AK as [Problem, Problem, Problem, Problem]

/** The same with other rules on the machine in question. */
const withRules = (one: Problem, change: (rules: string) => string): Problem['hosts'] => {
  const host = one.hosts[one.traced]!
  const rules = Object.fromEntries(Object.entries(host.rules ?? {}).map(([key, text]) => [key, change(text as string)]))
  return { ...one.hosts, [one.traced]: { ...host, rules } }
}

const withoutLook = ({ looksAt: _, ...one }: Problem): Problem => one

export const THREADS_AK_NEAR: Problem[] = [
  {
    ...XRAY,
    name: 'near-xray-of-a-nas-with-the-fix-appended-in-vain',
    hosts: withRules(XRAY, (rules) =>
      rules.replace(
        '-A XRAY -p udp',
        '-A XRAY -s 172.17.0.2/32 -d 203.0.113.9/32 -i docker0 -p tcp -m tcp --sport 8096 -j ACCEPT\n-A XRAY -p udp',
      ),
    ),
  },
  {
    ...XRAY,
    name: 'near-xray-of-a-nas-with-a-mark-alone',
    hosts: withRules(XRAY, (rules) =>
      rules.replace(
        '-A XRAY -p tcp -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x1/0xffffffff',
        '-A XRAY -i docker0 -p tcp -j MARK --set-xmark 0x1/0xffffffff',
      ),
    ),
    others: XRAY.others.slice(0, 4),
    truth: { ...XRAY.truth, causes: [{ rule: '-p tcp -j MARK', chain: 'mangle XRAY' }] },
  },
  {
    ...NDPPD,
    name: 'near-ndppd-with-a-local-route-of-another-table',
    setup: [
      ['router', 'ip -6 route add local 2001:db8:101::/48 dev lo table 100; ip -6 rule add pref 10 iif wan lookup 100'],
    ],
    others: NDPPD.others.slice(0, 2),
    mend: [['router', 'ip -6 rule del pref 10']],
  },
  {
    ...NDPPD,
    name: 'near-ndppd-with-a-local-route-and-udp',
    fails: { from: 'guest', what: 'udp', to: '2001:db8:f::9', port: 53 },
  },
  {
    ...NDPPD,
    name: 'near-ndppd-a-router-that-is-any-address-itself',
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:101:77::5', port: 22 },
    seen: 'answered',
    others: NDPPD.others.slice(0, 2),
    truth: { words: 'Any address of the range is this router.', causes: [], status: ['answered'] },
    mend: [['router', 'true']],
  },
  {
    ...SSLH,
    name: 'near-sslh-with-iptables',
    backend: 'iptables-nft',
    hosts: {
      ...SSLH.hosts,
      proxy: {
        ...SSLH.hosts.proxy,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:SSLH - [0:0]
-A PREROUTING -i lan -p tcp -m tcp --sport 4444 -j SSLH
-A SSLH -j MARK --set-xmark 0x1/0xffffffff
-A SSLH -j ACCEPT
COMMIT
`,
        },
      },
    },
  },
  {
    ...HAIRPIN,
    name: 'near-kube-proxy-hairpin-set-holds-this-endpoint',
    hosts: withRules(HAIRPIN, (rules) =>
      rules.replace('fd00:10:244:1::3 . fd00:10:244:1::3', 'fd00:10:244:1::2 . fd00:10:244:1::2'),
    ),
    seen: 'answered',
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['node', 'true']],
  },
  {
    name: 'wireguard-install-appends-behind-a-reject-twice',
    thread: {
      title: 'iptable rules should not append to the end',
      address: 'https://github.com/l-n-s/wireguard-install/issues/55',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'tcp', port: 443 }] },
      server: {
        addresses: { eth0: ['203.0.113.1/24'], wg0: ['10.9.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -p icmp -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -i wg0 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wg0 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      peer: { addresses: { eth0: ['10.9.0.2/24'] }, routes: ['default via 10.9.0.1'] },
    },
    links: [
      ['remote:eth0', 'server:eth0'],
      ['server:wg0', 'peer:eth0'],
    ],
    traced: 'server',
    fails: { from: 'peer', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'peer', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Whatever is forwarded meets the REJECT before the rules that the tunnel has appended, and they stand there once more for each start.',
      causes: [{ rule: '-j REJECT --reject-with icmp-host-prohibited', chain: 'filter FORWARD' }],
      status: ['rejected'],
    },
    mend: [
      [
        'server',
        'iptables -I FORWARD 1 -i wg0 -j ACCEPT; iptables -I FORWARD 1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
    ],
  },
  {
    ...HAIRPIN,
    name: 'near-kube-proxy-hairpin-of-ipv4-holds-this-endpoint',
    hosts: JSON.parse(
      JSON.stringify(HAIRPIN.hosts)
        .replaceAll('fd00:10:244:1::3 . fd00:10:244:1::3', 'fd00:10:244:1::2 . fd00:10:244:1::2')
        .replaceAll('[fd00:10:244:1::2]', '10.244.1.2')
        .replaceAll('fd00:10:244:1::', '10.244.1.')
        .replaceAll('fd00.10.244.1..2', '10.244.1.2')
        .replaceAll('fd00:10:96::20', '10.96.0.20')
        .replaceAll('fd00:10:244::/56', '10.244.0.0/16')
        .replaceAll('2001:db8:f::', '192.0.2.')
        .replaceAll('/128', '/32')
        .replaceAll('/64', '/24')
        .replaceAll('ipv6_addr', 'ipv4_addr')
        .replaceAll('ip6 ', 'ip ')
        .replaceAll('!= ::1', '!= 127.0.0.1')
        .replaceAll('"address":"::"', '"address":"0.0.0.0"'),
    ),
    fails: { from: 'pod', what: 'tcp', to: '10.96.0.20', port: 80 },
    seen: 'answered',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' }],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['node', 'true']],
  },
  {
    ...withoutLook(SSLH),
    name: 'near-sslh-and-who-asks-its-server-directly',
    hosts: withRules(SSLH, (rules) => rules.replace('iifname "lan" accept', 'iifname { "lan", "wan" } accept')),
    fails: { from: 'client', what: 'tcp', to: '192.168.1.222', port: 4444 },
    seen: 'nothing',
    others: [
      ...SSLH.others,
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The mark is meant for what the server replies to the proxy; what it replies to a client that asked it directly gets it, too, and stays on the router.',
      causes: [{ rule: 'tcp sport 4444 meta mark set', chain: 'ip sslh prerouting' }],
      status: ['reply-lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [
      [
        'proxy',
        'nft flush chain ip sslh prerouting; nft add rule ip sslh prerouting iifname lan tcp sport 4444 socket transparent 1 meta mark set 1',
      ],
    ],
  },
  {
    ...SSLH,
    name: 'near-sslh-with-a-rule-of-its-sockets',
    hosts: withRules(SSLH, (rules) => rules.replace('meta mark set', 'socket transparent 1 meta mark set')),
  },
]

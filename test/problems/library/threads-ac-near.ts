/** A filter that knows the first bytes of one version, from a thread; and what lies near the problems of threads-ac.ts and is healthy: a loose filter, a rule for the right port, an element that spares, a copy to a monitor. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { THREADS_AC } from './threads-ac.ts'
import { THREADS_AC_MORE } from './threads-ac-more.ts'

const of = (start: string): Problem =>
  [...THREADS_AC, ...THREADS_AC_MORE].find(({ name }) => name.startsWith(start)) as Problem
const GROUP = of('gerbera')
const SET = of('kube-set')
const OPENVPN = of('netifd')
const SSH = { protocol: 'tcp', port: 22 } as const

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const

const GTP = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 2123 -j TEE --gateway 192.168.100.101
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p udp -m udp --dport 2123 -j ACCEPT
COMMIT
`

export const THREADS_AC_NEAR: Problem[] = [
  {
    name: 'scpsl-filter-knows-the-first-datagram-of-one-version',
    thread: {
      title: '[OVH Game Request] SCP: Secret Laboratory DDoS Protection',
      address: 'https://github.com/ovh/infrastructure-roadmap/issues/180',
    },
    backend: 'iptables-legacy',
    hosts: {
      player: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      host: {
        addresses: { ens5: ['203.0.113.1/24'], vmbr0: ['10.0.0.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:SL-Filter - [0:0]
:SL-PreAuth - [0:0]
-A FORWARD -i ens5 -p udp -m udp --dport 7000 -j SL-Filter
-A FORWARD -i ens5 -p udp -m udp --dport 7001 -j SL-Filter
-A SL-Filter -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A SL-Filter -m conntrack --ctstate NEW -j SL-PreAuth
-A SL-Filter -m recent --set --name blacklist --mask 255.255.255.255 --rsource -j DROP
-A SL-PreAuth -m recent --rcheck --seconds 300 --hitcount 10 --name blacklist --mask 255.255.255.255 --rsource -j DROP
-A SL-PreAuth -m string ! --hex-string "|050d000000|" --algo bm -j RETURN
-A SL-PreAuth -m string --string "@steam" --algo bm -j ACCEPT
-A SL-PreAuth -m string --string "@northwood" --algo bm -j ACCEPT
COMMIT
`,
        },
      },
      game: {
        addresses: { eth0: ['10.0.0.7/24'] },
        routes: ['default via 10.0.0.1'],
        listeners: [
          { protocol: 'udp', port: 7000 },
          { protocol: 'udp', port: 7777 },
        ],
      },
    },
    links: [
      ['player:eth0', 'host:ens5'],
      ['host:vmbr0', 'game:eth0'],
    ],
    traced: 'host',
    fails: { from: 'player', what: 'udp', to: '10.0.0.7', port: 7000 },
    seen: 'nothing',
    others: [
      { sending: { from: 'player', what: 'udp', to: '10.0.0.7', port: 7777 }, seen: 'answered' },
      { sending: { from: 'host', what: 'udp', to: '10.0.0.7', port: 7000 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The player's first datagram lacks the five bytes that the filter looks for: SL-PreAuth returns, and what comes behind it in SL-Filter blacklists the address and drops.",
      causes: [
        { rule: '--hex-string', chain: 'filter SL-PreAuth' },
        { rule: '--set --name blacklist', chain: 'filter SL-Filter' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -I SL-PreAuth 1 -p udp -m string --string nfwhy --algo bm -j ACCEPT']],
  },
  {
    ...GROUP,
    name: 'near-group-comes-in-past-a-loose-filter',
    setup: [...(GROUP.setup ?? []), ['nas', 'sysctl -qw net.ipv4.conf.wlan0.rp_filter=2']],
    seen: 'answered',
    truth: HEALTHY,
    mend: [['nas', 'true']],
  },
  {
    ...OPENVPN,
    setup: [
      [
        'router',
        'ip rule add pref 100 from 192.168.9.23 ipproto udp sport 1294 lookup main; ip rule add pref 200 from 192.168.9.23 lookup 100',
      ],
    ],
    name: 'near-rule-asks-for-the-port-inside',
    seen: 'answered',
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
  {
    ...SET,
    name: 'near-set-of-networks-spares-one-of-them',
    hosts: {
      client: { addresses: { eth0: ['10.0.5.9/24'] } },
      server: {
        addresses: { eth0: ['10.0.5.1/24'] },
        listeners: [SSH, { protocol: 'tcp', port: 30080 }],
        rules: {
          ipset: 'create private hash:net family inet\nadd private 10.0.0.0/8\nadd private 10.0.5.0/24 nomatch\n',
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m set --match-set private src -j DROP
-A INPUT -p tcp -m tcp --dport 30080 -j ACCEPT
COMMIT
`,
        },
      },
    },
    fails: { from: 'client', what: 'tcp', to: '10.0.5.1', port: 30080 },
    seen: 'answered',
    others: [{ sending: { from: 'client', what: 'tcp', to: '10.0.5.1', port: 22 }, seen: 'nothing' }],
    truth: HEALTHY,
    mend: [['server', 'true']],
  },
  {
    name: 'near-requests-are-copied-to-a-monitor',
    thread: {
      title: 'Does pf_ring support iptables TEE rule?',
      address: 'https://github.com/ntop/PF_RING/issues/960',
    },
    backend: 'iptables-nft',
    hosts: {
      mme: { addresses: { eth0: ['192.0.2.9/24'] } },
      gateway: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['192.168.100.1/24'] },
        rules: { v4: GTP },
        listeners: [{ protocol: 'udp', port: 2123 }],
      },
      // listens on its interface, and replies to nobody
      monitor: { addresses: { eth0: ['192.168.100.101/24'] } },
    },
    links: [
      ['mme:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'monitor:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'mme', what: 'udp', to: '192.0.2.1', port: 2123 },
    seen: 'answered',
    others: [{ sending: { from: 'mme', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['gateway', 'true']],
  },
]

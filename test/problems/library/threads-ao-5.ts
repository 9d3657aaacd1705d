/** From threads: a set that is asked for the wrong side's port, an option that is dropped; and two healthy ones whose drops are for others. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksByMultipath } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const

export const THREADS_AO_5: Problem[] = [
  {
    name: 'set-of-destinations-with-ports-is-asked-for-the-port-of-the-source',
    thread: {
      title: "Iptables module doesn't support all valid options",
      address: 'https://github.com/ansible/ansible/issues/81281',
    },
    backend: 'iptables-legacy',
    hosts: {
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH],
        rules: {
          ipset: `create egress hash:ip,port family inet hashsize 1024 maxelem 65536
add egress 192.0.2.53,tcp:53
add egress 192.0.2.53,udp:53
add egress 192.0.2.53,tcp:443
`,
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A OUTPUT -m set --match-set egress dst,src -j ACCEPT
COMMIT
`,
        },
      },
      resolver: {
        addresses: { eth0: ['192.0.2.53/24'] },
        listeners: [
          { protocol: 'tcp', port: 53 },
          { protocol: 'tcp', port: 80 },
        ],
      },
    },
    links: [['server:eth0', 'resolver:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '192.0.2.53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'ping', to: '192.0.2.53' }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.53', port: 80 }, seen: 'nothing' },
      { sending: { from: 'resolver', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The set has destinations with their ports, and the rule asks it for the address of the destination with the port of the source.',
      causes: [
        { rule: '--match-set egress dst,src', chain: 'filter OUTPUT' },
        { code: 'not-in-set', words: ['egress'] },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -A OUTPUT -m set --match-set egress dst,dst -j ACCEPT']],
  },
  {
    name: 'middlebox-drops-the-option-of-multipath-tcp',
    thread: {
      title: 'Client: fallback to TCP after X MPC',
      address: 'https://github.com/multipath-tcp/mptcp_net-next/issues/477',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      router: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -p tcp -m tcp --tcp-option 30 -j DROP
-A FORWARD -i eth0 -o eth1 -j ACCEPT
COMMIT
`,
        },
      },
      server: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'router:eth0'],
      ['router:eth1', 'server:eth0'],
    ],
    traced: 'router',
    setup: [['client', asksByMultipath('203.0.113.9', 80)]],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'tcp', dst: '203.0.113.9' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
    ],
    truth: {
      words: 'A first packet with the option of multipath TCP is dropped, where one without it goes on.',
      causes: [{ rule: '--tcp-option 30 -j DROP', chain: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -D FORWARD -p tcp --tcp-option 30 -j DROP']],
  },
  {
    name: 'healthy-options-that-nobody-sends-are-dropped',
    thread: {
      title: 'removed: Get rid of the BAD_TCP_FLAGS setting, which in fact always w…',
      address: 'https://github.com/arno-iptables-firewall/aif/pull/58',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:VALID_CHK - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth0 -j VALID_CHK
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A VALID_CHK -p tcp -m tcp --tcp-option 64 -j DROP
-A VALID_CHK -p tcp -m tcp --tcp-option 128 -j DROP
-A VALID_CHK -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP
-A VALID_CHK -m conntrack --ctstate INVALID -j DROP
-A VALID_CHK -f -j DROP
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'answered',
    others: [{ sending: { from: 'server', what: 'ping', to: '192.0.2.2' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['server', 'true']],
  },
  {
    name: 'healthy-drop-for-a-port-of-the-bridge-that-routed-packets-do-not-come-in-by',
    thread: {
      title: 'Disable Internet for Guest Network',
      address: 'https://github.com/RMerl/asuswrt-merlin/pull/910',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      router: {
        bridges: { br0: ['eth1', 'wl0.1'] },
        addresses: { eth0: ['203.0.113.1/24'], br0: ['192.168.1.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING ! -s 203.0.113.1/32 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i wl0.1 -j DROP
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m state --state INVALID -j DROP
-A FORWARD -i br0 -j ACCEPT
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      guest: { addresses: { eth0: ['192.168.1.77/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth1', 'pc:eth0'],
      ['router:wl0.1', 'guest:eth0'],
    ],
    traced: 'router',
    fails: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'answered',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
]

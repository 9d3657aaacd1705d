/** From threads, by iptables-legacy: a schedule that is an hour off, a flood that uses up everybody's share, a helper in the wrong chain, and a healthy tunnel that is not tracked. */
import type { Problem } from '../problem.ts'
import { asks, POKED } from './groups-asked.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

const MAC = '02:00:00:00:00:10'

/** As the firmware writes it for a device that has a schedule: its hours, and what holds outside them. */
const SCHEDULE = (from: string, to: string) =>
  `-i br0 -m time --timestart $(date -u -d '${from}' +%H:%M) --timestop $(date -u -d '${to}' +%H:%M) --kerneltz -m mac --mac-source ${MAC} -j PControls`

const vxlan = (own: string, peer: string, last: [string, string]) =>
  `ip link add ppvxlan1 address 02:00:00:00:0a:0${last[0]} type vxlan id 555001 dstport 4789 local ${own} remote ${peer} dev eth0; ip link set ppvxlan1 up; ip addr add 10.132.2.${last[0]}/24 dev ppvxlan1; ip neigh add 10.132.2.${last[1]} lladdr 02:00:00:00:0a:0${last[1]} dev ppvxlan1`

/** What carries the tunnel goes to 4789 both ways, from a port that is a hash. */
const tunnel = (name: string, more: Partial<Problem> = {}): Problem => ({
  name,
  thread: {
    title: 'podnetwork: Disable connection tracking of VXLAN UDP packets',
    address: 'https://github.com/confidential-containers/cloud-api-adaptor/pull/2023',
  },
  backend: 'iptables-legacy',
  hosts: {
    worker: {
      addresses: { eth0: ['192.168.122.1/24'] },
      listeners: [SSH],
      rules: {
        v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:peerpod-OUTPUT - [0:0]
:peerpod-PREROUTING - [0:0]
-A PREROUTING -j peerpod-PREROUTING
-A OUTPUT -j peerpod-OUTPUT
-A peerpod-OUTPUT -d 192.168.122.181/32 -p udp -m comment --comment "peerpod [vni:555001]" -m udp --dport 4789 -j NOTRACK
-A peerpod-PREROUTING -s 192.168.122.181/32 -p udp -m comment --comment "peerpod [vni:555001]" -m udp --dport 4789 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.168.122.0/24 -p udp -m udp --dport 4789 -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      },
    },
    podvm: { addresses: { eth0: ['192.168.122.181/24'] }, listeners: [{ protocol: 'tcp', port: 15150 }] },
  },
  links: [['worker:eth0', 'podvm:eth0']],
  traced: 'worker',
  setup: [
    ['worker', vxlan('192.168.122.1', '192.168.122.181', ['1', '2'])],
    ['podvm', vxlan('192.168.122.181', '192.168.122.1', ['2', '1'])],
  ],
  fails: { from: 'worker', what: 'tcp', to: '10.132.2.2', port: 15150 },
  seen: 'answered',
  others: [
    { sending: { from: 'podvm', what: 'tcp', to: '192.168.122.1', port: 22 }, seen: 'answered' },
    { sending: { from: 'podvm', what: 'tcp', to: '10.132.2.1', port: 22 }, seen: 'nothing' },
  ],
  truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
  mend: [['worker', 'true']],
  ...more,
})

export const SCHEDULES_FLOODS_AND_HELPERS_BY_LEGACY: Problem[] = [
  {
    name: 'asus-schedule-does-not-follow-summer-time',
    thread: {
      title: 'Parent control time scheduling does not take into account DST',
      address: 'https://github.com/RMerl/asuswrt-merlin.ng/issues/464',
    },
    backend: 'iptables-legacy',
    hosts: {
      net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        bridges: { br0: ['eth1', 'eth2'] },
        addresses: { eth0: ['203.0.113.1/24'], br0: ['192.168.50.1/24'] },
        sysctls: { 'net.ipv4.ip_forward': '1', 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [DNS],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING ! -s 203.0.113.1/32 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:PControls - [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m state --state INVALID -j DROP
-A INPUT -i br0 -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD ! -i br0 -o eth0 -j DROP
-A FORWARD -m state --state INVALID -j DROP
-A FORWARD -i br0 -o br0 -j ACCEPT
-A FORWARD -i br0 -j ACCEPT
-A PControls -j ACCEPT
COMMIT
`,
        },
      },
      tablet: { addresses: { eth0: ['192.168.50.10/24'] }, routes: ['default via 192.168.50.1'] },
      pc: { addresses: { eth0: ['192.168.50.11/24'] }, routes: ['default via 192.168.50.1'] },
    },
    links: [
      ['net:eth0', 'router:eth0'],
      ['tablet:eth0', 'router:eth1'],
      ['pc:eth0', 'router:eth2'],
    ],
    traced: 'router',
    setup: [
      [
        'tablet',
        `ip link set eth0 down; ip link set eth0 address ${MAC}; ip link set eth0 up; ip route replace default via 192.168.50.1`,
      ],
      // the hour that is meant is the one that the clocks on the wall show
      ['router', `iptables -I FORWARD 2 ${SCHEDULE('+30 minutes', '+90 minutes')}`],
      ['router', `iptables -I FORWARD 3 -i br0 -m mac --mac-source ${MAC} -j DROP`],
    ],
    fails: { from: 'tablet', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'tablet', what: 'udp', to: '192.168.50.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'net', what: 'udp', to: '203.0.113.1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The kernel's time does not follow summer time: by it, the allowed hour has not begun, the rule with the hours does not match, and the next one drops the device.",
      causes: [{ rule: '--timestart', chain: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [['router', `iptables -R FORWARD 2 ${SCHEDULE('-30 minutes', '+30 minutes')}`]],
  },
  {
    name: 'udp-flood-rule-counts-all-clients-as-one',
    thread: {
      title: 'Add rules against DNS Amplification Attacks to iptables',
      address: 'https://github.com/smurfmonitor/dns-iptables-rules/issues/27',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      noisy: { addresses: { eth0: ['192.0.2.66/24'] } },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] }, addresses: {} },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [DNS, SSH, { protocol: 'tcp', port: 53 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DNSAMPLY - [0:0]
:udp-flood - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth0 -p udp -j udp-flood
-A INPUT -i eth0 -f -j DROP
-A INPUT -p udp -m udp --dport 53 -j DNSAMPLY
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 53 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A DNSAMPLY -p udp -m state --state NEW -m udp --dport 53 -j ACCEPT
-A DNSAMPLY -p udp -m udp --dport 53 -m hashlimit --hashlimit-upto 30/min --hashlimit-burst 10 --hashlimit-mode srcip --hashlimit-name DNSTHROTTLE --hashlimit-srcmask 24 -j ACCEPT
-A DNSAMPLY -p udp -m udp --dport 53 -j DROP
-A udp-flood -m limit --limit 4/min --limit-burst 4 -j RETURN
-A udp-flood -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'switch:p1'],
      ['noisy:eth0', 'switch:p2'],
      ['server:eth0', 'switch:p3'],
    ],
    traced: 'server',
    setup: [
      // the thread has four a second: of four a minute so few packets use up all
      [
        'noisy',
        `setsid python3 -c "import socket,time
s=socket.socket(2,2); s.bind(('192.0.2.66',4000))
while True:
  try: s.sendto(b'q',('192.0.2.1',53))
  except OSError: pass
  time.sleep(.3)" >/dev/null 2>&1 </dev/null &
sleep 2`,
      ],
    ],
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "Four UDP packets a minute may go on, whoever sent them: another host's flood uses them up, and the client's query goes to the DROP behind.",
      causes: [
        { rule: '--limit 4/min', chain: 'filter udp-flood' },
        { rule: '-A udp-flood -j DROP', chain: 'filter udp-flood' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'iptables -R udp-flood 1 -m hashlimit --hashlimit-upto 4/min --hashlimit-burst 4 --hashlimit-mode srcip --hashlimit-name udpflood -j RETURN',
      ],
    ],
  },
  {
    name: 'firewalld-has-the-tftp-helper-for-others-alone',
    thread: {
      title: 'RFE: Support client side conntrack helpers',
      address: 'https://github.com/firewalld/firewalld/issues/185',
    },
    backend: 'iptables-legacy',
    hosts: {
      server: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [HTTPS] },
      client: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:OUTPUT_direct - [0:0]
:PREROUTING_ZONES - [0:0]
:PREROUTING_direct - [0:0]
:PRE_FedoraWorkstation - [0:0]
:PRE_FedoraWorkstation_allow - [0:0]
-A PREROUTING -j PREROUTING_direct
-A PREROUTING -j PREROUTING_ZONES
-A OUTPUT -j OUTPUT_direct
-A PREROUTING_ZONES -g PRE_FedoraWorkstation
-A PRE_FedoraWorkstation -j PRE_FedoraWorkstation_allow
-A PRE_FedoraWorkstation_allow -p udp -m udp --dport 69 -j CT --helper tftp
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:INPUT_ZONES - [0:0]
:INPUT_direct - [0:0]
:IN_FedoraWorkstation - [0:0]
:IN_FedoraWorkstation_allow - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -j INPUT_direct
-A INPUT -j INPUT_ZONES
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A INPUT_ZONES -g IN_FedoraWorkstation
-A IN_FedoraWorkstation -j IN_FedoraWorkstation_allow
-A IN_FedoraWorkstation -p icmp -j ACCEPT
-A IN_FedoraWorkstation_allow -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'client',
    setup: [
      [
        'server',
        `setsid python3 -c "import socket
s=socket.socket(2,2); s.bind(('192.0.2.9',69))
while True:
  d,who=s.recvfrom(2000); n=socket.socket(2,2); n.bind(('192.0.2.9',0)); n.sendto(bytes([0,3,0,1])+b'boot',who); n.close()" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnu | grep -q :69 && break; sleep .1; done`,
      ],
      [
        'client',
        asks(
          'AF_INET',
          "o.sendto(bytes([0,1])+b'boot'+bytes(1)+b'octet'+bytes(1),('192.0.2.9',69)); d,w=o.recvfrom(2000); s.sendto(d,who)",
        ),
      ],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '192.0.2.9', dport: 69 },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'udp', to: '192.0.2.1', port: 4000 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The helper is assigned to what comes in, and the request goes out by OUTPUT without one: what the server sends from a port of its own is a new flow, which INPUT rejects.',
      causes: [
        { code: 'helper-missing', words: ['tftp'] },
        { rule: '-j CT --helper tftp', chain: 'raw PRE_FedoraWorkstation_allow' },
      ],
      status: ['unanswered', 'reply-lost', 'rejected'],
      alsoTrue: ['rejected-by-rule'],
    },
    mend: [['client', 'iptables -t raw -A OUTPUT -p udp -m udp --dport 69 -j CT --helper tftp']],
  },
  tunnel('healthy-tunnel-of-a-peer-pod-is-not-tracked'),
  tunnel('healthy-tunnel-of-a-peer-pod-replies-by-no-port-of-its-packets', {
    looksAt: { protocol: 'udp', dst: '192.168.122.181', dport: 4789 },
  }),
]

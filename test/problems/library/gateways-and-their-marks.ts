/** Gateways of tunnels and proxies: a kill switch for a device that is no more, a routing rule that networkd took away, a tunnel without an address, replies that know no mark. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const
const ACCEPTS = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]'
const NAT = '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]'
const MANGLE = `*mangle\n:PREROUTING ACCEPT [0:0]\n${ACCEPTS}\n:POSTROUTING ACCEPT [0:0]`
const WEB_AT = '198.51.100.80'

const killSwitch = (name: string, mark: string, devices: readonly string[]) =>
  devices
    .map(
      (dev) => `-A ${name}KILLSWITCH ! -o ${dev} -m mark --mark ${mark} -j REJECT --reject-with icmp-port-unreachable`,
    )
    .join('\n')

export const GATEWAYS_AND_THEIR_MARKS: Problem[] = [
  {
    name: 'split-vpn-kill-switch-still-knows-the-default-device',
    thread: {
      title: 'Killswitch with multiple tun devices.',
      address: 'https://github.com/peacey/split-vpn/issues/8',
    },
    backend: 'iptables-legacy',
    hosts: {
      swiss: { addresses: { eth0: ['192.168.10.5/24'] }, routes: ['default via 192.168.10.1'] },
      german: { addresses: { eth0: ['192.168.20.5/24'] }, routes: ['default via 192.168.20.1'] },
      plain: { addresses: { eth0: ['192.168.30.5/24'] }, routes: ['default via 192.168.30.1'] },
      router: {
        addresses: {
          br10: ['192.168.10.1/24'],
          br20: ['192.168.20.1/24'],
          br30: ['192.168.30.1/24'],
          ppp0: ['203.0.113.1/24'],
          tun102: ['10.8.3.2/24'],
        },
        routes: [
          'default via 203.0.113.9',
          '0.0.0.0/1 via 10.8.3.1 dev tun102 table 101',
          '128.0.0.0/1 via 10.8.3.1 dev tun102 table 101',
        ],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `${MANGLE}
:VPN_CH_PREROUTING - [0:0]
:VPN_CH_FORWARD - [0:0]
:VPN_GN_PREROUTING - [0:0]
:VPN_GN_FORWARD - [0:0]
-A PREROUTING -j VPN_CH_PREROUTING
-A PREROUTING -j VPN_GN_PREROUTING
-A FORWARD -j VPN_CH_FORWARD
-A FORWARD -j VPN_GN_FORWARD
-A VPN_CH_PREROUTING -i br10 -j MARK --set-xmark 0x8/0xffffffff
-A VPN_CH_PREROUTING ! -i tun102 -d 192.168.0.0/16 -m mark --mark 0x8 -j MARK --set-xmark 0x0/0xffffffff
-A VPN_GN_PREROUTING -i br20 -j MARK --set-xmark 0x9/0xffffffff
-A VPN_GN_PREROUTING ! -i tun101 -d 192.168.0.0/16 -m mark --mark 0x9 -j MARK --set-xmark 0x0/0xffffffff
COMMIT
${NAT}
:UBIOS_POSTROUTING_JUMP - [0:0]
:UBIOS_POSTROUTING_USER_HOOK - [0:0]
:VPN_CH_POSTROUTING - [0:0]
:VPN_GN_POSTROUTING - [0:0]
-A POSTROUTING -j UBIOS_POSTROUTING_JUMP
-A POSTROUTING -j VPN_CH_POSTROUTING
-A POSTROUTING -j VPN_GN_POSTROUTING
-A UBIOS_POSTROUTING_JUMP -j UBIOS_POSTROUTING_USER_HOOK
-A UBIOS_POSTROUTING_USER_HOOK -o ppp0 -m comment --comment 00000001095216663481 -j MASQUERADE
-A VPN_CH_POSTROUTING -o tun0 -j MASQUERADE
-A VPN_CH_POSTROUTING -o tun102 -j MASQUERADE
-A VPN_GN_POSTROUTING -o tun0 -j MASQUERADE
-A VPN_GN_POSTROUTING -o tun101 -j MASQUERADE
COMMIT
*filter
${ACCEPTS}
:UBIOS_FORWARD_JUMP - [0:0]
:UBIOS_FORWARD_USER_HOOK - [0:0]
:VPN_CH_FORWARD - [0:0]
:VPN_CH_KILLSWITCH - [0:0]
:VPN_GN_FORWARD - [0:0]
:VPN_GN_KILLSWITCH - [0:0]
-A FORWARD -j UBIOS_FORWARD_JUMP
-A FORWARD -j VPN_CH_KILLSWITCH
-A FORWARD -j VPN_CH_FORWARD
-A FORWARD -j VPN_GN_KILLSWITCH
-A FORWARD -j VPN_GN_FORWARD
-A OUTPUT -j VPN_CH_KILLSWITCH
-A OUTPUT -j VPN_GN_KILLSWITCH
-A UBIOS_FORWARD_JUMP -j UBIOS_FORWARD_USER_HOOK
-A UBIOS_FORWARD_USER_HOOK -i ppp0 -m conntrack --ctstate NEW -m comment --comment 00000001095216663482 -j DROP
${killSwitch('VPN_CH_', '0x8', ['tun0', 'tun102'])}
${killSwitch('VPN_GN_', '0x9', ['tun0', 'tun101'])}
COMMIT
`,
        },
      },
      vpn: {
        addresses: { eth0: ['10.8.3.1/24'], lo: [`${WEB_AT}/32`] },
        listeners: [HTTPS],
      },
      isp: { addresses: { eth0: ['203.0.113.9/24'], lo: [`${WEB_AT}/32`] }, listeners: [HTTPS] },
    },
    links: [
      ['swiss:eth0', 'router:br10'],
      ['german:eth0', 'router:br20'],
      ['plain:eth0', 'router:br30'],
      ['router:tun102', 'vpn:eth0'],
      ['router:ppp0', 'isp:eth0'],
    ],
    setup: [['router', 'ip rule add pref 97 fwmark 0x8 lookup 101; ip rule add pref 98 fwmark 0x9 lookup 102']],
    traced: 'router',
    fails: { from: 'swiss', what: 'tcp', to: WEB_AT, port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'plain', what: 'tcp', to: WEB_AT, port: 443 }, seen: 'answered' },
      // its tunnel is down: the kill switch is to hold
      { sending: { from: 'german', what: 'tcp', to: WEB_AT, port: 443 }, seen: 'refused' },
      { sending: { from: 'swiss', what: 'ping', to: '192.168.30.5' }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '192.168.10.5', port: 22 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The kill switch has a rule for tun0, which the script takes where it is told no device, beside the one for tun102: a packet cannot leave by both, so one of them rejects each.',
      causes: [{ rule: '! -o tun0 -m mark --mark 0x8', chain: 'filter VPN_CH_KILLSWITCH' }],
      status: ['rejected'],
    },
    mend: [
      [
        'router',
        'iptables -D VPN_CH_KILLSWITCH ! -o tun0 -m mark --mark 0x8 -j REJECT --reject-with icmp-port-unreachable',
      ],
    ],
  },
  {
    name: 'networkd-takes-away-the-rule-of-the-proxys-mark',
    thread: {
      title: 'systemd-networkd removes fwmark rules (created by iproute2 command) on restart',
      address: 'https://github.com/systemd/systemd/issues/19106',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.2'] },
      brix: {
        addresses: { lan: ['192.168.1.2/24'], wan: ['203.0.113.1/24'] },
        routes: ['default via 203.0.113.9', 'local 0.0.0.0/0 dev lo table 100'],
        sysctls: FORWARDS,
        listeners: [SSH, DNS],
        rules: {
          v4: `${MANGLE}
:CLASH - [0:0]
-A PREROUTING -j CLASH
-A CLASH -d 0.0.0.0/8 -j RETURN
-A CLASH -d 10.0.0.0/8 -j RETURN
-A CLASH -d 127.0.0.0/8 -j RETURN
-A CLASH -d 172.16.0.0/12 -j RETURN
-A CLASH -d 192.168.0.0/16 -j RETURN
-A CLASH -d 203.0.113.1/32 -j RETURN
-A CLASH -d 224.0.0.0/3 -j RETURN
-A CLASH -i lan -p tcp -j TPROXY --on-port 7893 --on-ip 0.0.0.0 --tproxy-mark 0x2333/0xffffffff
COMMIT
${NAT}
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
        },
      },
      net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS, DNS] },
    },
    links: [
      ['pc:eth0', 'brix:lan'],
      ['brix:wan', 'net:eth0'],
    ],
    setup: [
      [
        'brix',
        `python3 -c "import socket
s=socket.socket(2,1); s.setsockopt(0,19,1); s.bind(('0.0.0.0',7893)); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnt | grep -q ':7893 ' && break; sleep .1; done`,
      ],
    ],
    traced: 'brix',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'brix', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'No routing rule asks for mark 0x2333 any more, so what TPROXY gave to the proxy is not local but routed on, and the kernel drops it when it is forwarded.',
      causes: [
        { code: 'mark-missing', words: ['0x2333'] },
        { code: 'mark-without-rule', words: ['0x2333'] },
        { code: 'marked-astray', words: ['0x2333'] },
        { code: 'wrong-way-out', words: ['0x2333'] },
        { code: 'kernel-drop', words: ['0x2333'] },
        { code: 'not-netfilter', words: ['0x2333'] },
      ],
      status: ['lost'],
      alsoTrue: ['proxy-missing'],
    },
    mend: [['brix', 'ip rule add fwmark 0x2333 lookup 100']],
  },
  {
    name: 'tunnel-without-an-address-is-strict-though-it-says-loose',
    thread: {
      title: 'Race Condition on setting net.ipv4.conf.gwi-<eni>.rp_filter',
      address: 'https://github.com/aws-samples/aws-gateway-load-balancer-tunnel-handler/issues/3',
    },
    backend: 'iptables-nft',
    hosts: {
      balancer: {
        addresses: { gi: ['169.254.8.1/30'], go: ['169.254.9.1/30'], lo: ['10.20.1.5/32'] },
        routes: [`${WEB_AT} via 169.254.8.2 dev gi src 10.20.1.5`],
      },
      appliance: {
        addresses: { 'gwo-aaa': ['169.254.9.2/30'], ens5: ['203.0.113.1/24'] },
        routes: ['default via 203.0.113.9', '10.20.0.0/16 via 169.254.9.1 dev gwo-aaa'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '0' },
        listeners: [SSH],
        rules: {
          v4: `${NAT}
-A POSTROUTING -o ens5 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i gwi-aaa -o ens5 -j ACCEPT
COMMIT
`,
        },
      },
      net: {
        addresses: { eth0: ['203.0.113.9/24'], lo: [`${WEB_AT}/32`] },
        routes: ['10.20.0.0/16 via 203.0.113.1'],
        listeners: [HTTPS],
      },
    },
    links: [
      ['balancer:gi', 'appliance:gwi-aaa'],
      ['balancer:go', 'appliance:gwo-aaa'],
      ['appliance:ens5', 'net:eth0'],
    ],
    setup: [
      [
        'appliance',
        'ip link set gwi-aaa address 02:00:00:00:08:02; ip link set gwi-aaa up; sysctl -qw net.ipv4.conf.gwi-aaa.rp_filter=2 net.ipv4.conf.ens5.rp_filter=0',
      ],
      ['balancer', 'ip neigh replace 169.254.8.2 lladdr 02:00:00:00:08:02 dev gi'],
    ],
    traced: 'appliance',
    fails: { from: 'balancer', what: 'ping', to: WEB_AT },
    seen: 'nothing',
    others: [
      { sending: { from: 'balancer', what: 'tcp', to: WEB_AT, port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'appliance', what: 'ping', to: WEB_AT }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'net', what: 'ping', to: '10.20.1.5' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'gwi-aaa has no IPv4 address: there the loose filter of the way back accepts no more than the strict one, and the way back leaves by gwo-aaa.',
      causes: [{ code: 'vanished-rp-filter', words: ['gwi-aaa'] }],
      status: ['lost'],
    },
    mend: [['appliance', 'sysctl -w net.ipv4.conf.gwi-aaa.rp_filter=0']],
  },
  {
    name: 'softether-client-routes-by-its-address-and-the-namespace-has-another',
    thread: {
      title: 'softether-go: CONNMARK for replies of what is forwarded from the VPN',
      address:
        'https://git.sagar.ch/sagar/softether-go/commits/commit/1d919aafc5a14bd9c70481e59449acfd11b1b5c8/README.md',
    },
    backend: 'iptables-nft',
    hosts: {
      far: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['10.99.0.0/24 via 203.0.113.2'] },
      gate: { addresses: { eth0: ['203.0.113.2/24'], tap: ['10.99.0.1/24'] }, sysctls: FORWARDS },
      host: {
        addresses: { vpn_se: ['10.99.0.2/24'], eth0: ['198.51.100.1/24'], 'veth-app': ['10.200.1.1/24'] },
        routes: ['default via 198.51.100.9', 'default via 10.99.0.1 dev vpn_se table 200'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '2' },
        listeners: [SSH],
        rules: {
          v4: `${NAT}
-A PREROUTING -i vpn_se -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.200.1.2:80
-A POSTROUTING -s 10.200.1.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -i veth-app -o eth0 -j ACCEPT
COMMIT
`,
        },
      },
      app: { addresses: { eth0: ['10.200.1.2/24'] }, routes: ['default via 10.200.1.1'], listeners: [HTTP] },
      isp: {
        addresses: { eth0: ['198.51.100.9/24'] },
        listeners: [HTTPS],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING ! -s 198.51.100.0/24 -i eth0 -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['far:eth0', 'gate:eth0'],
      ['gate:tap', 'host:vpn_se'],
      ['host:veth-app', 'app:eth0'],
      ['host:eth0', 'isp:eth0'],
    ],
    setup: [['host', 'ip rule add pref 200 from 10.99.0.2 lookup 200']],
    traced: 'host',
    fails: { from: 'far', what: 'tcp', to: '10.99.0.2', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'far', what: 'tcp', to: '10.99.0.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'far', what: 'tcp', to: '10.99.0.2', port: 25 }, seen: 'nothing' },
      { sending: { from: 'app', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'host', what: 'ping', to: '10.200.1.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The routing rule asks for the address of the VPN. A reply of the namespace has its own address while it is routed, so it takes the default route, and leaves by eth0.',
      causes: [
        { code: 'reply-by-other-uplink', words: ['eth0'] },
        { code: 'wrong-way-out', words: ['eth0'] },
        { code: 'reply-lost', words: ['eth0'] },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [
      [
        'host',
        'iptables -t mangle -A PREROUTING -i vpn_se -m conntrack --ctstate NEW -j CONNMARK --set-mark 200; iptables -t mangle -A PREROUTING -i veth-app -m connmark --mark 200 -j CONNMARK --restore-mark; ip rule add pref 199 fwmark 200 lookup 200',
      ],
    ],
  },
]

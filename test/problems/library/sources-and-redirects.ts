/** The source that NAT gives by another uplink's rule; and a redirect wider than its service. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const DNS = { protocol: 'udp', port: 53 } as const
const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const RESOLVER = 'fd00::6b:2f5c'

/** As WireGuard does: it answers the peer it knows, and is silent to all others. */
const answersItsPeer = (port: number, peer: string) => `python3 -c "import socket
s=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM); s.bind(('::',${port}))
while True:
  d,who=s.recvfrom(2000)
  if who[0]=='${peer}': s.sendto(d,who)" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :${port} && break; sleep .1; done`

export const SOURCES_AND_REDIRECTS: Problem[] = [
  {
    name: 'cloudstack-second-uplink-has-the-source-of-the-first',
    thread: {
      title: 'Failed VR health check gateways_check.py on additional public IP range',
      address: 'https://github.com/apache/cloudstack/issues/9473',
    },
    backend: 'iptables-nft',
    hosts: {
      gw1: { addresses: { eth0: ['10.1.30.1/24'] }, listeners: [HTTPS] },
      gw2: {
        addresses: { eth0: ['10.1.40.1/24'] },
        routes: ['default via 10.1.40.7'],
        listeners: [HTTPS],
        // the switch lets no source through that is not of the network behind this interface
        rules: { v4: '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i eth0 ! -s 10.1.40.0/24 -j DROP\nCOMMIT\n' },
      },
      router: {
        addresses: {
          eth1: ['10.1.30.5/24'],
          eth2: ['10.1.40.7/24', '10.1.40.8/24'],
          eth3: ['10.10.1.1/24'],
        },
        routes: ['default via 10.1.30.1', 'default via 10.1.40.1 table 102', '10.10.1.0/24 dev eth3 table 102'],
        sysctls: FORWARDS,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ACL_OUTBOUND_eth3 - [0:0]
-A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A PREROUTING -s 10.10.1.20/32 -m conntrack --ctstate NEW -j MARK --set-xmark 0x2/0xffffffff
-A PREROUTING -s 10.10.1.20/32 -m conntrack --ctstate NEW -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A PREROUTING -s 10.10.1.0/24 ! -d 10.10.1.1/32 -i eth3 -m conntrack --ctstate NEW -j ACL_OUTBOUND_eth3
-A ACL_OUTBOUND_eth3 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.1.40.8/32 -j DNAT --to-destination 10.10.1.20
-A POSTROUTING -s 10.10.1.20/32 -o eth2 -j SNAT --to-source 10.1.40.8
-A POSTROUTING -o eth1 -j SNAT --to-source 10.1.30.5
-A POSTROUTING -o eth2 -j SNAT --to-source 10.1.30.5
-A POSTROUTING -s 10.10.1.0/24 -o eth3 -j SNAT --to-source 10.10.1.1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ACL_INBOUND_eth3 - [0:0]
:NETWORK_STATS - [0:0]
-A INPUT -j NETWORK_STATS
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -s 10.10.1.0/24 -i eth3 -p udp -m udp --dport 53 -j ACCEPT
-A FORWARD -j NETWORK_STATS
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 10.10.1.0/24 -o eth3 -j ACL_INBOUND_eth3
-A FORWARD -s 10.10.0.0/16 ! -d 10.10.0.0/16 -j ACCEPT
-A OUTPUT -j NETWORK_STATS
-A ACL_INBOUND_eth3 -p tcp -m tcp --dport 22 -j ACCEPT
-A ACL_INBOUND_eth3 -j DROP
-A NETWORK_STATS -i eth1 -o eth3
-A NETWORK_STATS -i eth3 -o eth1
COMMIT
`,
        },
      },
      vm: { addresses: { eth0: ['10.10.1.20/24'] }, routes: ['default via 10.10.1.1'], listeners: [SSH] },
      vm2: { addresses: { eth0: ['10.10.1.21/24'] }, routes: ['default via 10.10.1.1'] },
      tier: { bridges: { br0: ['p1', 'p2', 'p3'] } },
    },
    links: [
      ['router:eth1', 'gw1:eth0'],
      ['router:eth2', 'gw2:eth0'],
      ['router:eth3', 'tier:p1'],
      ['vm:eth0', 'tier:p2'],
      ['vm2:eth0', 'tier:p3'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add fwmark 0x2 lookup 102']],
    fails: { from: 'router', what: 'ping', to: '10.1.40.1' },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'ping', to: '10.1.30.1' }, seen: 'answered' },
      { sending: { from: 'vm2', what: 'tcp', to: '10.1.30.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'tcp', to: '10.1.40.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'gw2', what: 'tcp', to: '10.1.40.8', port: 22 }, seen: 'answered' },
      { sending: { from: 'vm2', what: 'tcp', to: '10.1.40.1', port: 443 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The second uplink's rule gives the address of the first to all that leaves there, even to what the router itself asks with its right address, and beyond the second uplink nobody takes that source.",
      causes: [
        { rule: '-o eth2 -j SNAT --to-source 10.1.30.5', chain: 'nat POSTROUTING' },
        { code: 'snat-changed-source', words: ['10.1.30.5'] },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'router',
        'iptables -t nat -D POSTROUTING -o eth2 -j SNAT --to-source 10.1.30.5; iptables -t nat -A POSTROUTING -o eth2 -j SNAT --to-source 10.1.40.7',
      ],
    ],
  },
  {
    name: 'algo-wireguard-at-port-53-takes-what-asks-the-resolver',
    thread: {
      title: 'Fix IPsec DNS when WireGuard uses port 53',
      address: 'https://github.com/trailofbits/algo/pull/1719',
    },
    backend: 'iptables-nft',
    hosts: {
      // what the server deciphers comes in by the same interface, with the address in the tunnel
      phone: { addresses: { eth0: ['2001:db8:4160::2/64'] }, routes: ['default via 2001:db8:4160::1'] },
      peer: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['default via 2001:db8:f::1'] },
      internet: {
        addresses: { p: ['2001:db8:4160::1/64'], q: ['2001:db8:f::1/64'], s: ['2001:db8:1::fe/64'] },
        routes: [`${RESOLVER}/128 via 2001:db8:1::1`],
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'], lo: [`${RESOLVER}/128`] },
        routes: ['default via 2001:db8:1::fe'],
        sysctls: FORWARDS,
        listeners: [
          { ...DNS, address: RESOLVER },
          { ...SSH, address: '::' },
        ],
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j REDIRECT --to-ports 51820
-A POSTROUTING -s 2001:db8:4160::/48 -m policy --dir out --pol none -j MASQUERADE
-A POSTROUTING -s 2001:db8:a160::/48 -m policy --dir out --pol none -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ICMPV6-CHECK - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p esp -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name icmp-echo-drop --hashlimit-srcmask 32 -j ACCEPT
-A INPUT -p udp -m multiport --dports 500,4500,53,51820 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 134 -m hl --hl-eq 255 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT
-A INPUT -d ${RESOLVER}/128 -p udp -m udp --dport 53 -j ACCEPT
-A FORWARD -j ICMPV6-CHECK
-A FORWARD -p tcp -m tcp --dport 445 -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 2001:db8:4160::/48 -m conntrack --ctstate NEW -m policy --dir in --pol ipsec -j ACCEPT
-A FORWARD -s 2001:db8:a160::/48 -m conntrack --ctstate NEW -m policy --dir in --pol none -j ACCEPT
-A ICMPV6-CHECK -p ipv6-icmp -m hl ! --hl-eq 255 -m icmp6 --icmpv6-type 133 -j DROP
-A ICMPV6-CHECK -p ipv6-icmp -m hl ! --hl-eq 255 -m icmp6 --icmpv6-type 135 -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['phone:eth0', 'internet:p'],
      ['peer:eth0', 'internet:q'],
      ['server:eth0', 'internet:s'],
    ],
    traced: 'server',
    setup: [['server', answersItsPeer(51820, '2001:db8:f::9')]],
    fails: { from: 'phone', what: 'udp', to: RESOLVER, port: 53 },
    seen: 'nothing',
    others: [
      // what the redirect is for
      { sending: { from: 'peer', what: 'udp', to: '2001:db8:1::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'udp', to: '2001:db8:1::1', port: 51820 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'ping', to: RESOLVER }, seen: 'answered' },
    ],
    truth: {
      words:
        "The redirect that lets WireGuard be reached at port 53 asks for no address: it also takes what IPsec clients ask the host's own resolver, and WireGuard is silent to them.",
      causes: [{ rule: '--dport 53 -j REDIRECT --to-ports 51820', chain: 'nat PREROUTING' }],
      status: ['unanswered'],
    },
    mend: [['server', 'ip6tables -t nat -I PREROUTING 1 -s 2001:db8:4160::/48 -p udp -m udp --dport 53 -j ACCEPT']],
  },
]

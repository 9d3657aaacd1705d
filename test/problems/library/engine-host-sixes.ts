/** Hosts of Docker with IPv6: policies that drop more than was meant. */
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const ENGINE_HOST_SIXES: Problem[] = [
  {
    name: 'mailcow-input-policy-drops-discovery',
    thread: {
      title: 'IPv6 not reachable if INPUT set to DROP',
      address: 'https://github.com/mailcow/mailcow-dockerized/issues/4237',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64', '192.0.2.9/24'] } },
      host: {
        bridges: { 'br-mailcow': ['veth1'] },
        addresses: {
          eth0: ['2001:db8:1::1/64', '192.0.2.1/24'],
          'br-mailcow': ['fd4d:6169:6c63:6f77::1/64', '172.22.1.1/24'],
        },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
          v6: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s fd4d:6169:6c63:6f77::/64 ! -o br-mailcow -j MASQUERADE
-A DOCKER ! -i br-mailcow -p tcp -m tcp --dport 993 -j DNAT --to-destination [fd4d:6169:6c63:6f77::9]:993
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -o br-mailcow -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-mailcow -j DOCKER
-A FORWARD -i br-mailcow ! -o br-mailcow -j ACCEPT
-A FORWARD -i br-mailcow -o br-mailcow -j ACCEPT
-A DOCKER -d fd4d:6169:6c63:6f77::9/128 ! -i br-mailcow -o br-mailcow -p tcp -m tcp --dport 993 -j ACCEPT
COMMIT
`,
        },
      },
      c1: {
        addresses: { eth0: ['fd4d:6169:6c63:6f77::9/64'] },
        routes: ['default via fd4d:6169:6c63:6f77::1'],
        listeners: [{ protocol: 'tcp', address: '::', port: 993 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 993 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:1' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words: "INPUT's policy drops the neighbour solicitation: nobody learns the host's link-layer address.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['host', 'ip6tables -A INPUT -p icmpv6 -j ACCEPT']],
  },
  {
    name: 'docker-ipv6-policy-drops-what-the-host-routes',
    thread: {
      title: 'Docker ip6tables: table ip6 filter FORWARD chain drop by default while ipv4 is accept?',
      address: 'https://github.com/moby/moby/issues/48392',
    },
    backend: 'iptables-nft',
    ...homeRouter({
      rules: {
        v4: `*nat
${NAT}-A POSTROUTING -s 192.168.1.0/24 -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
COMMIT
`,
        v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`,
      },
    }),
    fails: { from: 'pc', what: 'ping', to: '2001:db8:f::9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:1::10' }, seen: 'nothing', either: true },
    ],
    truth: {
      words: "Docker set ip6tables' policy of FORWARD to DROP, and no rule accepts what this host routes for its LAN.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter FORWARD' }, { chain: 'filter DOCKER-USER' }],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        'ip6tables -I DOCKER-USER -i lan -o wan -j ACCEPT; ip6tables -I DOCKER-USER -i wan -o lan -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
    ],
  },
]

/** From threads, by iptables-nft: a VPN server in a cloud with two things in the way, and mail that leaves by another address. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const SMTP = { protocol: 'tcp', port: 25 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** The image's own rules, with those of PostUp behind them, which were written for eth0. */
const POST_UP = `*nat
${NAT}-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:InstanceServices - [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p udp -m udp --sport 123 -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m udp --dport 60000 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -i eth0 -o wg0 -j ACCEPT
-A FORWARD -i wg0 -j ACCEPT
-A OUTPUT -d 169.254.0.0/16 -j InstanceServices
-A InstanceServices -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`

const MAILCOW = `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.22.1.0/24 ! -o br-mailcow -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.22.1.0/24 ! -d 172.22.1.0/24 -j SNAT --to-source 203.0.113.5
-A DOCKER -i br-mailcow -j RETURN
-A DOCKER ! -i br-mailcow -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.22.1.253:25
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:MAILCOW - [0:0]
-A INPUT -j MAILCOW
-A FORWARD -j MAILCOW
-A FORWARD -j DOCKER-USER
-A FORWARD -o br-mailcow -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-mailcow -j DOCKER
-A FORWARD -i br-mailcow ! -o br-mailcow -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 172.22.1.253/32 ! -i br-mailcow -o br-mailcow -p tcp -m tcp --dport 25 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`

export const THREADS_BK_IPTABLES: Problem[] = [
  {
    name: 'post-up-appends-behind-the-image-and-masquerades-at-eth0',
    thread: {
      title: 'not working on Oracle Free Cloud',
      address: 'https://github.com/angristan/wireguard-install/issues/321',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      vps: {
        addresses: { ens3: ['203.0.113.1/24'], ens4: ['10.0.1.1/24'], wg0: ['10.66.66.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: POST_UP },
      },
      phone: { addresses: { wg0: ['10.66.66.2/24'] }, routes: ['default via 10.66.66.1'] },
      db: { addresses: { eth0: ['10.0.1.5/24'] }, routes: ['default via 10.0.1.1'], listeners: [SSH] },
    },
    links: [
      ['remote:eth0', 'vps:ens3'],
      ['vps:ens4', 'db:eth0'],
      ['vps:wg0', 'phone:wg0'],
    ],
    traced: 'vps',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '10.66.66.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'db', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'unreachable' },
      { sending: { from: 'db', what: 'tcp', to: '10.66.66.2', port: 22 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The rules that accept the tunnel stand behind the REJECT of the image; and the masquerade is for eth0, which this machine has not: its uplink is ens3.',
      causes: [
        { rule: '-j REJECT', chain: 'filter FORWARD' },
        { code: 'not-masqueraded' },
        { rule: '-o eth0 -j MASQUERADE', chain: 'nat POSTROUTING' },
      ],
      status: ['rejected'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      [
        'vps',
        'iptables -I FORWARD -i wg0 -o ens3 -j ACCEPT; iptables -I FORWARD -i ens3 -o wg0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
      ['vps', 'iptables -t nat -A POSTROUTING -s 10.66.66.0/24 -o ens3 -j MASQUERADE'],
    ],
  },
  {
    name: 'mailcow-snat-to-the-mail-address-is-behind-dockers-masquerade',
    thread: {
      title: 'SNAT_TO_SOURCE is not respected',
      address: 'https://github.com/mailcow/mailcow-dockerized/issues/5029',
    },
    backend: 'iptables-nft',
    hosts: {
      mx: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['172.22.1.0/24 via 203.0.113.1'],
        listeners: [SMTP, HTTPS],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -s 203.0.113.5/32 -p tcp -m tcp --dport 25 -j DROP
COMMIT
`,
        },
      },
      host: {
        bridges: { 'br-mailcow': ['veth1'], docker0: ['veth2'] },
        addresses: {
          eth0: ['203.0.113.1/24', '203.0.113.5/24'],
          'br-mailcow': ['172.22.1.1/24'],
          docker0: ['172.17.0.1/16'],
        },
        sysctls: FORWARDS,
        rules: { v4: MAILCOW },
      },
      postfix: {
        addresses: { eth0: ['172.22.1.253/24'] },
        routes: ['default via 172.22.1.1'],
        listeners: [SMTP, { protocol: 'tcp', port: 588 }],
      },
      app: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
    },
    links: [
      ['mx:eth0', 'host:eth0'],
      ['host:veth1', 'postfix:eth0'],
      ['host:veth2', 'app:eth0'],
    ],
    traced: 'host',
    fails: { from: 'postfix', what: 'tcp', to: '203.0.113.9', port: 25 },
    seen: 'nothing',
    others: [
      { sending: { from: 'postfix', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'mx', what: 'tcp', to: '203.0.113.1', port: 25 }, seen: 'answered' },
      { sending: { from: 'mx', what: 'tcp', to: '172.22.1.253', port: 588 }, seen: 'nothing' },
      { sending: { from: 'app', what: 'tcp', to: '203.0.113.9', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Docker's MASQUERADE of the network stands before the rule that gives mail its own address, so that the other server sees the host's first address, from which it takes no mail.",
      causes: [
        { code: 'snat-skipped' },
        { rule: '-s 172.22.1.0/24 ! -o br-mailcow -j MASQUERADE', chain: 'nat POSTROUTING' },
        { rule: '--to-source 203.0.113.5', chain: 'nat POSTROUTING' },
      ],
      status: ['unanswered'],
    },
    mend: [
      ['host', 'iptables -t nat -I POSTROUTING -s 172.22.1.0/24 ! -d 172.22.1.0/24 -j SNAT --to-source 203.0.113.5'],
    ],
  },
]

/** From threads, by iptables-nft: a mail host whose rules are not at fault. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

const chains = (...names: string[]) => names.map((name) => `:${name} - [0:0]\n`).join('')

const MAILCOW = `*nat
${NAT}${chains('DOCKER')}-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.22.1.0/24 ! -o br-mailcow -j MASQUERADE
-A DOCKER -i br-mailcow -j RETURN
-A DOCKER ! -i br-mailcow -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.22.1.253:25
-A DOCKER ! -i br-mailcow -p tcp -m tcp --dport 587 -j DNAT --to-destination 172.22.1.253:587
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
${chains('DOCKER', 'DOCKER-ISOLATION', 'DOCKER-USER', 'MAILCOW', 'ufw-before-input', 'ufw-before-forward', 'ufw-user-input', 'ufw-user-forward')}-A INPUT -j MAILCOW
-A INPUT -j ufw-before-input
-A FORWARD -j MAILCOW
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION
-A FORWARD -o br-mailcow -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-mailcow -j DOCKER
-A FORWARD -i br-mailcow ! -o br-mailcow -j ACCEPT
-A FORWARD -i br-mailcow -o br-mailcow -j ACCEPT
-A FORWARD -j ufw-before-forward
-A DOCKER -d 172.22.1.253/32 ! -i br-mailcow -o br-mailcow -p tcp -m tcp --dport 25 -j ACCEPT
-A DOCKER -d 172.22.1.253/32 ! -i br-mailcow -o br-mailcow -p tcp -m tcp --dport 587 -j ACCEPT
-A DOCKER-ISOLATION -j RETURN
-A DOCKER-USER -j RETURN
-A MAILCOW -s 198.51.100.66/32 -j REJECT --reject-with icmp-port-unreachable
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`

const PROVIDER = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth0 -p tcp -m tcp --dport 25 -j DROP
COMMIT
`

export const THREADS_BJ_MAIL: Problem[] = [
  {
    name: 'healthy-mailcow-sends-to-port-25-and-its-provider-drops-that',
    thread: {
      title: 'Cannot send emails, postfix DNS issue',
      address: 'https://github.com/mailcow/mailcow-dockerized/issues/817',
    },
    backend: 'iptables-nft',
    hosts: {
      postfix: {
        addresses: { eth0: ['172.22.1.253/24'] },
        routes: ['default via 172.22.1.1'],
        listeners: [
          { protocol: 'tcp', port: 25 },
          { protocol: 'tcp', port: 587 },
        ],
      },
      mail: {
        bridges: { 'br-mailcow': ['veth1'] },
        addresses: { eth0: ['203.0.113.10/24'], 'br-mailcow': ['172.22.1.1/24'] },
        routes: ['default via 203.0.113.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: MAILCOW },
      },
      provider: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
        rules: { v4: PROVIDER },
      },
      mx: {
        addresses: { eth0: ['198.51.100.25/24', '198.51.100.66/24'] },
        routes: ['default via 198.51.100.1'],
        listeners: [
          { protocol: 'tcp', port: 25 },
          { protocol: 'tcp', port: 587 },
        ],
      },
    },
    links: [
      ['mail:veth1', 'postfix:eth0'],
      ['mail:eth0', 'provider:eth0'],
      ['provider:eth1', 'mx:eth0'],
    ],
    traced: 'mail',
    fails: { from: 'postfix', what: 'tcp', to: '198.51.100.25', port: 25 },
    seen: 'nothing',
    others: [
      { sending: { from: 'postfix', what: 'tcp', to: '198.51.100.25', port: 587 }, seen: 'answered' },
      { sending: { from: 'mx', what: 'tcp', to: '203.0.113.10', port: 25 }, seen: 'answered' },
      { sending: { from: 'mx', what: 'tcp', to: '203.0.113.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'mx', what: 'tcp', to: '203.0.113.10', port: 993 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rules of this host accept the request and masquerade it, and it leaves. No reply comes: the provider drops what goes to port 25.',
      causes: [{ code: 'not-netfilter', words: ['198.51.100.25'] }],
      status: ['unanswered'],
    },
    mend: [['provider', 'iptables -D FORWARD -i eth0 -p tcp -m tcp --dport 25 -j DROP']],
  },
]

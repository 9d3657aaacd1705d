/** By iptables-nft, from threads: a masquerade at the other network's interface, a container that serves another port than is published; and one that is healthy. */

import type { Rules } from '../../../src/demo/incident.ts'
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTPS6 = { ...HTTPS, address: '::' } as const

/** What wg-easy's hooks write, with the interface that they are told, and what docker writes in a container for its own resolver. */
const wgEasy = (masq: string): Rules => ({
  v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER_OUTPUT - [0:0]
:DOCKER_POSTROUTING - [0:0]
-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
-A POSTROUTING -d 127.0.0.11/32 -j DOCKER_POSTROUTING
-A POSTROUTING -s 10.8.0.0/24 -o ${masq} -j MASQUERADE
-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:36131
-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:48822
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p tcp -m tcp --sport 36131 -j SNAT --to-source :53
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p udp -m udp --sport 48822 -j SNAT --to-source :53
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 51820 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 51821 -j ACCEPT
-A FORWARD -i wg0 -j ACCEPT
-A FORWARD -o wg0 -j ACCEPT
COMMIT
`,
  v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s fdcc:ad94:bacf:61a4::cafe:0/112 -o ${masq} -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 51820 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 51821 -j ACCEPT
-A FORWARD -i wg0 -j ACCEPT
-A FORWARD -o wg0 -j ACCEPT
COMMIT
`,
})

/** The container of wg-easy in two networks of docker: that of the proxy, and its own, by which it reaches the internet. */
const wgEasyIn = (proxyAt: string, ownAt: string, masq: string): Pick<Problem, 'hosts' | 'links' | 'traced'> => ({
  hosts: {
    phone: {
      addresses: { wg0: ['10.8.0.2/24', 'fdcc:ad94:bacf:61a4::cafe:2/112'] },
      routes: ['default via 10.8.0.1', 'default via fdcc:ad94:bacf:61a4::cafe:1'],
    },
    wgeasy: {
      addresses: {
        wg0: ['10.8.0.1/24', 'fdcc:ad94:bacf:61a4::cafe:1/112'],
        [proxyAt]: ['172.18.0.3/16', 'fd4d:1::3/64'],
        [ownAt]: ['10.42.42.42/24', 'fdcc:ad94:bacf:61a3::2a/64'],
      },
      routes: ['default via 10.42.42.1', 'default via fdcc:ad94:bacf:61a3::1'],
      sysctls: { ...FORWARDS, 'net.ipv4.conf.all.src_valid_mark': '1' },
      listeners: [{ protocol: 'tcp', port: 51821, address: '::' }],
      rules: wgEasy(masq),
    },
    proxy: { addresses: { eth0: ['172.18.0.2/16', 'fd4d:1::2/64'] }, listeners: [HTTPS6] },
    internet: {
      addresses: { br0: ['10.42.42.1/24', 'fdcc:ad94:bacf:61a3::1/64'], lo: ['203.0.113.9/32', '2001:db8:f::9/128'] },
      listeners: [HTTPS, HTTPS6],
    },
  },
  links: [
    ['phone:wg0', 'wgeasy:wg0'],
    [`wgeasy:${proxyAt}`, 'proxy:eth0'],
    [`wgeasy:${ownAt}`, 'internet:br0'],
  ],
  traced: 'wgeasy',
})

const WG_EASY = {
  title: "[Bug]: Can't connect after restarting docker container",
  address: 'https://github.com/wg-easy/wg-easy/issues/2208',
}

export const THREADS_AU_IPTABLES: Problem[] = [
  {
    name: 'wg-easy-masquerades-at-the-network-of-the-proxy',
    thread: WG_EASY,
    backend: 'iptables-nft',
    ...wgEasyIn('eth0', 'eth1', 'eth0'),
    fails: { from: 'phone', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: 'fd4d:1::2', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: 'fdcc:ad94:bacf:61a4::cafe:1', port: 51821 }, seen: 'answered' },
      { sending: { from: 'wgeasy', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule masquerades what leaves by eth0, and after the restart that is the proxy's network: the way to the internet is eth1. The packet leaves with the peer's address, to which nobody has a route.",
      causes: [
        { code: 'not-masqueraded', words: ['fdcc:ad94:bacf:61a4::cafe:2'] },
        { rule: '-o eth0 -j MASQUERADE', chain: 'nat POSTROUTING' },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['wgeasy', 'ip6tables -t nat -A POSTROUTING -s fdcc:ad94:bacf:61a4::cafe:0/112 -o eth1 -j MASQUERADE']],
  },
  {
    name: 'healthy-wg-easy-has-its-own-network-at-eth0',
    thread: WG_EASY,
    backend: 'iptables-nft',
    ...wgEasyIn('eth1', 'eth0', 'eth0'),
    fails: { from: 'phone', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'wgeasy', what: 'tcp', to: 'fd4d:1::2', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: the names of the interfaces are fixed, and the rule masquerades by the one that it names.',
      causes: [],
      status: ['answered'],
    },
    mend: [['wgeasy', 'true']],
  },
  {
    name: 'ufw-docker-publishes-a-port-that-the-image-does-not-serve',
    thread: {
      title: 'Not able to connect to container through WAN',
      address: 'https://github.com/shinebayar-g/ufw-docker-automated/issues/16',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] } },
      host: {
        addresses: { ens3: ['203.0.113.1/24'], docker0: ['10.0.1.1/24'] },
        bridges: { docker0: ['veth0a1b2c3'] },
        sysctls: FORWARDS,
        routes: ['default via 203.0.113.9'],
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.0.1.0/24 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 10.0.1.2/32 -d 10.0.1.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 9999 -j DNAT --to-destination 10.0.1.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
:ufw-after-forward - [0:0]
:ufw-after-input - [0:0]
:ufw-before-forward - [0:0]
:ufw-before-input - [0:0]
:ufw-before-output - [0:0]
:ufw-docker-logging-deny - [0:0]
:ufw-logging-deny - [0:0]
:ufw-not-local - [0:0]
:ufw-reject-forward - [0:0]
:ufw-reject-input - [0:0]
:ufw-skip-to-policy-forward - [0:0]
:ufw-skip-to-policy-input - [0:0]
:ufw-track-output - [0:0]
:ufw-user-forward - [0:0]
:ufw-user-input - [0:0]
:ufw-user-output - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A INPUT -j ufw-reject-input
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -j ufw-before-forward
-A FORWARD -j ufw-after-forward
-A FORWARD -j ufw-reject-forward
-A OUTPUT -j ufw-before-output
-A OUTPUT -j ufw-track-output
-A DOCKER -d 10.0.1.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j ufw-user-forward
-A DOCKER-USER -s 10.0.0.0/8 -j RETURN
-A DOCKER-USER -s 172.16.0.0/12 -j RETURN
-A DOCKER-USER -s 192.168.0.0/16 -j RETURN
-A DOCKER-USER -p udp -m udp --sport 53 --dport 1024:65535 -j RETURN
-A DOCKER-USER -d 192.168.0.0/16 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ufw-docker-logging-deny
-A DOCKER-USER -d 10.0.0.0/8 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ufw-docker-logging-deny
-A DOCKER-USER -d 172.16.0.0/12 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ufw-docker-logging-deny
-A DOCKER-USER -d 10.0.0.0/8 -p udp -m udp --dport 0:32767 -j ufw-docker-logging-deny
-A DOCKER-USER -j RETURN
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-before-output -o lo -j ACCEPT
-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-output -j ufw-user-output
-A ufw-docker-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW DOCKER BLOCK] "
-A ufw-docker-logging-deny -j DROP
-A ufw-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-skip-to-policy-forward -j DROP
-A ufw-skip-to-policy-input -j DROP
-A ufw-track-output -p tcp -m conntrack --ctstate NEW -j ACCEPT
-A ufw-track-output -p udp -m conntrack --ctstate NEW -j ACCEPT
-A ufw-user-forward -d 10.0.1.2/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
      whoami: {
        addresses: { eth0: ['10.0.1.2/24'] },
        routes: ['default via 10.0.1.1'],
        listeners: [{ protocol: 'tcp', port: 8000 }],
      },
    },
    links: [
      ['client:eth0', 'host:ens3'],
      ['whoami:eth0', 'host:veth0a1b2c3'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 9999 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 8000 }, seen: 'nothing' },
      { sending: { from: 'host', what: 'tcp', to: '10.0.1.2', port: 8000 }, seen: 'answered' },
      { sending: { from: 'whoami', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
    ],
    truth: {
      words: 'The rules let it through to port 80 of the container, and the program there listens on 8000: it refuses.',
      causes: [
        { code: 'refused-there', words: ['10.0.1.2'] },
        { code: 'closed-port', words: ['10.0.1.2'] },
      ],
      status: ['refused'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -R DOCKER 2 ! -i docker0 -p tcp -m tcp --dport 9999 -j DNAT --to-destination 10.0.1.2:8000',
      ],
      ['host', 'iptables -I ufw-user-forward -d 10.0.1.2/32 -p tcp -m tcp --dport 8000 -j ACCEPT'],
      ['host', 'iptables -I DOCKER -d 10.0.1.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 8000 -j ACCEPT'],
    ],
  },
]

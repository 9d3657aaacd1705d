/** By iptables-nft, from a thread: docker's policy for IPv6, and a guest beside it. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH6 = { protocol: 'tcp', port: 22, address: '::' } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTPS6 = { protocol: 'tcp', port: 443, address: '::' } as const

export const THREADS_AU_IPTABLES_MORE: Problem[] = [
  {
    name: 'docker-sets-the-policy-for-ipv6-and-lxc-guests-have-no-rule',
    thread: {
      title: 'DOCKER-USER chain is not created with ip6tables enabled',
      address: 'https://github.com/docker/for-linux/issues/1248',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
        listeners: [HTTPS, HTTPS6],
      },
      host: {
        addresses: {
          eth0: ['203.0.113.1/24', '2001:db8:f::1/64'],
          lxcbr0: ['10.0.3.1/24', '2001:db8:1::1/64'],
          docker0: ['172.17.0.1/16', 'fd00:d0c::1/64'],
        },
        bridges: { lxcbr0: ['vethlxc'], docker0: ['vethdoc'] },
        sysctls: FORWARDS,
        listeners: [SSH6],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 10.0.3.0/24 ! -d 10.0.3.0/24 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 172.17.0.2:443
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i lxcbr0 -p tcp -m tcp --dport 53 -j ACCEPT
-A INPUT -i lxcbr0 -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -i lxcbr0 -p udp -m udp --dport 67 -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -o lxcbr0 -j ACCEPT
-A FORWARD -i lxcbr0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 443 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`,
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s fd00:d0c::/64 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s fd00:d0c::2/128 -d fd00:d0c::2/128 -p tcp -m tcp --dport 443 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination [fd00:d0c::2]:443
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d fd00:d0c::2/128 ! -i docker0 -o docker0 -p tcp -m tcp --dport 443 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
COMMIT
`,
        },
      },
      guest: {
        addresses: { eth0: ['10.0.3.10/24', '2001:db8:1::10/64'] },
        routes: ['default via 10.0.3.1', 'default via 2001:db8:1::1'],
        listeners: [HTTPS6, SSH6],
      },
      c1: {
        addresses: { eth0: ['172.17.0.2/16', 'fd00:d0c::2/64'] },
        routes: ['default via 172.17.0.1', 'default via fd00:d0c::1'],
        listeners: [HTTPS6],
      },
    },
    links: [
      ['remote:eth0', 'host:eth0'],
      ['guest:eth0', 'host:vethlxc'],
      ['c1:eth0', 'host:vethdoc'],
    ],
    traced: 'host',
    fails: { from: 'guest', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 8443 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'guest', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "docker sets the policy of ip6tables' FORWARD to DROP and accepts there what is its own. For IPv4 lxc has rules of its own, for IPv6 none: the policy drops what the guest sends.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [['host', 'ip6tables -P FORWARD ACCEPT']],
  },
]

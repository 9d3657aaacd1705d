/** REDIRECT and DNAT of iptables on a host: to an address that nobody listens on, for too little, for too much, too late. */
import { bridged, clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { docker } from './docker.ts'

export const REDIRECTS: Problem[] = [
  {
    name: 'hysteria-redirect-other-address',
    thread: {
      title: "The automatic configuration of Hysteria 2's port-hopping feature does not work with IPv6",
      address: 'https://github.com/HyNetworks/hysteria/issues/1590',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      // REDIRECT takes the address that was added last
      addresses: { eth0: ['2001:db8:1::3/64', '2001:db8:1::1/64'] },
      listeners: [{ protocol: 'udp', address: '2001:db8:1::3', port: 20000 }],
      rules: {
        v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 2001:db8:1::3/128 -p udp -m udp --dport 20001:50000 -j REDIRECT --to-ports 20000
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '2001:db8:1::3', port: 31234 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'udp', to: '2001:db8:1::3', port: 20000 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 20000 }, seen: 'refused' },
    ],
    truth: {
      words: 'REDIRECT sends it to another address of the interface, and the server listens on its own address alone.',
      causes: [{ rule: 'REDIRECT --to-ports 20000', chain: 'nat PREROUTING' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'server',
        'ip6tables -t nat -R PREROUTING 1 -d 2001:db8:1::3 -p udp --dport 20001:50000 -j DNAT --to-destination [2001:db8:1::3]:20000',
      ],
    ],
  },
  {
    name: 'redirect-not-for-localhost',
    thread: {
      title: 'firewall_forwarded_tcp_ports does not forward connections from localhost',
      address: 'https://github.com/geerlingguy/ansible-role-firewall/pull/4',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [{ protocol: 'tcp', port: 8080 }],
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'server', what: 'tcp', to: '127.0.0.1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words: "The port is redirected in PREROUTING, which the host's own packets never traverse: theirs is OUTPUT.",
      causes: [{ rule: 'REDIRECT --to-ports 8080', chain: 'nat PREROUTING' }, { chain: 'nat OUTPUT' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['server', 'iptables -t nat -A OUTPUT -o lo -p tcp --dport 80 -j REDIRECT --to-ports 8080']],
  },
  {
    name: 'redirect-takes-containers-requests',
    thread: {
      title: 'prerouting iptables rules interfere with docker container networking',
      address: 'https://github.com/ysbaddaden/prax/issues/102',
    },
    backend: 'iptables-legacy',
    ...bridged('docker0', '172.17.0.1/16', {
      listeners: [{ protocol: 'tcp', address: '127.0.0.1', port: 20559 }],
      rules: {
        v4: docker().replace(
          '-A OUTPUT ! -d',
          '-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 20559\n-A OUTPUT ! -d',
        ),
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that redirects port 80 to the proxy names no destination: it takes what containers send as well.',
      causes: [{ rule: 'REDIRECT --to-ports 20559', chain: 'nat PREROUTING' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['host', 'iptables -t nat -D PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 20559']],
  },
  {
    name: 'docker-ipv6nat-behind-reject',
    thread: { title: 'Firewall rule issue', address: 'https://github.com/robbertkl/docker-ipv6nat/issues/11' },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64'] }, routes: ['default via 2001:db8:1::1'] },
      host: {
        bridges: { docker1: ['veth1'] },
        addresses: { eth0: ['2001:db8:1::1/64'], docker1: ['fd00:17::1/64'] },
        sysctls: FORWARDS,
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s fd00:17::/64 ! -o docker1 -j MASQUERADE
-A DOCKER ! -i docker1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00:17::2]:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION - [0:0]
:FORWARD_direct - [0:0]
:FORWARD_IN_ZONES - [0:0]
-A FORWARD -j DOCKER-ISOLATION
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lo -j ACCEPT
-A FORWARD -j FORWARD_direct
-A FORWARD -j FORWARD_IN_ZONES
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -j REJECT --reject-with icmp6-adm-prohibited
-A FORWARD -o docker1 -j DOCKER
-A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker1 ! -o docker1 -j ACCEPT
-A FORWARD -i docker1 -o docker1 -j ACCEPT
-A DOCKER -d fd00:17::2/128 ! -i docker1 -o docker1 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION -j RETURN
COMMIT
`,
        },
      },
      c1: {
        addresses: { eth0: ['fd00:17::2/64'] },
        routes: ['default via fd00:17::1'],
        listeners: [{ protocol: 'tcp', address: 'fd00:17::2', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8080 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'host', what: 'tcp', to: 'fd00:17::2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00:17::2', port: 22 }, seen: 'unreachable' },
    ],
    truth: {
      words: "The container's rules were appended behind firewalld's reject.",
      causes: [
        { rule: 'REJECT --reject-with icmp6-adm-prohibited', chain: 'filter FORWARD' },
        { rule: '-o docker1 -j DOCKER', chain: 'filter FORWARD' },
        { rule: '--dport 80 -j ACCEPT', chain: 'filter DOCKER' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'host',
        'ip6tables -D FORWARD -j REJECT --reject-with icmp6-adm-prohibited; ip6tables -A FORWARD -j REJECT --reject-with icmp6-adm-prohibited',
      ],
    ],
  },
]

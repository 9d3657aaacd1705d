/** Bridges that a rule means or means no more, from threads: one that docker leaves out of its forwards, one that was made anew with another number. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

export const BRIDGES_RETURNED_AND_MADE_ANEW: Problem[] = [
  {
    name: 'docker-28-returns-a-routed-bridge-before-its-forwards',
    thread: {
      title: '28.0.0: host exposed ports cannot be accessed from other bridge network with `gateway_mode=routed`',
      address: 'https://github.com/moby/moby/issues/49509',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['192.168.50.0/24 via 192.0.2.1'],
        listeners: [HTTPS],
      },
      host: {
        bridges: { br0: ['veth1'], br_docker: ['veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], br0: ['192.168.50.1/24'], br_docker: ['172.18.0.1/16'] },
        routes: ['default via 192.0.2.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          ipset:
            'create docker-ext-bridges-v4 hash:net family inet\nadd docker-ext-bridges-v4 192.168.50.0/24\nadd docker-ext-bridges-v4 172.18.0.0/16\n',
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 172.18.0.2/32 ! -i br_docker -p tcp -m tcp --dport 80 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o br_docker -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o br_docker -j MASQUERADE
-A DOCKER -i br0 -j RETURN
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -m set --match-set docker-ext-bridges-v4 dst -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -m set --match-set docker-ext-bridges-v4 dst -j DOCKER
-A FORWARD -i br_docker -j ACCEPT
-A FORWARD -i br0 -j ACCEPT
-A DOCKER -d 172.18.0.2/32 ! -i br_docker -o br_docker -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER -d 192.168.50.2/32 ! -i br0 -o br0 -p tcp -m tcp --dport 443 -j ACCEPT
-A DOCKER ! -i br_docker -o br_docker -j DROP
-A DOCKER ! -i br0 -o br0 -p icmp -j ACCEPT
-A DOCKER ! -i br0 -o br0 -j DROP
-A DOCKER-ISOLATION-STAGE-1 -i br_docker ! -o br_docker -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i br0 ! -o br0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o br0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o br_docker -j DROP
-A DOCKER-USER -i br0 -o br_docker -p tcp -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
`,
        },
      },
      vm: {
        addresses: { eth0: ['192.168.50.2/24'] },
        routes: ['default via 192.168.50.1'],
        listeners: [HTTPS],
      },
      web: {
        addresses: { eth0: ['172.18.0.2/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'vm:eth0'],
      ['host:veth2', 'web:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.168.50.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.18.0.2', port: 80 }, seen: 'unreachable' },
      { sending: { from: 'vm', what: 'tcp', to: '172.18.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'web', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Docker's rule for its routed bridge returns before the rule of the published port, so the request stays with the host, where no proxy of docker listens.",
      causes: [{ rule: '-i br0 -j RETURN', chain: 'nat DOCKER' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['host', 'iptables -t nat -D DOCKER -i br0 -j RETURN']],
  },
  {
    name: 'nixos-counts-devices-that-networkd-made-anew',
    thread: {
      title: 'nftables: iif/oif startup problems',
      address: 'https://github.com/NixOS/nixpkgs/issues/71227',
    },
    backend: 'nft',
    hosts: {
      io: { addresses: { p0: ['2001:db8:a::2/64'] } },
      ganymede: { addresses: { p0: ['2001:db8:b::2/64'] } },
      lan: { addresses: { eth0: ['2001:db8:1::9/64', '192.0.2.9/24'] } },
      juno: {
        bridges: { 'wg-io': ['p1'], 'wg-ganymede': ['p2'] },
        addresses: {
          ens3: ['2001:db8:1::1/64', '192.0.2.1/24'],
          'wg-io': ['2001:db8:a::1/64'],
          'wg-ganymede': ['2001:db8:b::1/64'],
        },
        sysctls: { ...FORWARDS, 'net.ipv6.conf.all.accept_dad': '0', 'net.ipv6.conf.default.accept_dad': '0' },
        listeners: [
          { ...DNS, address: '::' },
          { protocol: 'tcp', port: 53, address: '::' },
          { ...SSH, address: '::' },
        ],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
    iif { "ens3", "wg-ganymede", "wg-io" } meta l4proto { udp, tcp } th dport 53 counter accept
    iifname { "ens3", "wg-ganymede" } udp dport 123 counter accept
    iif "wg-io" tcp dport 179 counter accept
    counter
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iif { "wg-ganymede", "wg-io" } oif "ens3" accept
  }
}
`,
        },
      },
    },
    links: [
      ['io:p0', 'juno:p1'],
      ['ganymede:p0', 'juno:p2'],
      ['lan:eth0', 'juno:ens3'],
    ],
    traced: 'juno',
    setup: [
      [
        'juno',
        'ip link del wg-io; ip link add wg-io type bridge; ip link set p1 master wg-io; ip addr add 2001:db8:a::1/64 dev wg-io nodad; ip link set wg-io up; sleep 1',
      ],
    ],
    fails: { from: 'io', what: 'udp', to: '2001:db8:a::1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'ganymede', what: 'udp', to: '2001:db8:b::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'udp', to: '2001:db8:1::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'io', what: 'tcp', to: '2001:db8:a::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'io', what: 'ping', to: '2001:db8:a::1' }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The set of the rule has the number that wg-io had when the rules were loaded. The device was made anew since, with another number.',
      causes: [{ rule: 'th dport 53', chain: 'inet filter input' }],
      status: ['dropped'],
    },
    mend: [
      [
        'juno',
        'nft insert rule inet filter input iifname { "ens3", "wg-ganymede", "wg-io" } meta l4proto { udp, tcp } th dport 53 counter accept',
      ],
    ],
  },
]

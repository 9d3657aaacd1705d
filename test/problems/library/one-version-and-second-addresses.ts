/** From threads: a bridge that Docker's policy closes for IPv4 alone, and a port of a container on a host's second address. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const

/** Docker without ip6tables: it forwards for its own bridge alone, and for IPv4 alone. */
const DOCKER = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
PUBLISHED_NAT
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
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
PUBLISHED
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`

/** LXD's own table: it accepts what its bridge forwards, which no other table has to follow. */
const LXD = `table inet lxd {
  chain pstrt.lxdbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.158.22.0/24 ip daddr != 10.158.22.0/24 masquerade
    ip6 saddr fd42:9c5e:17aa:4b8::/64 ip6 daddr != fd42:9c5e:17aa:4b8::/64 masquerade
  }
  chain fwd.lxdbr0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "lxdbr0" accept
    ip version 4 iifname "lxdbr0" accept
    ip6 version 6 oifname "lxdbr0" accept
    ip6 version 6 iifname "lxdbr0" accept
  }
  chain in.lxdbr0 {
    type filter hook input priority filter; policy accept;
    iifname "lxdbr0" tcp dport 53 accept
    iifname "lxdbr0" udp dport 53 accept
    iifname "lxdbr0" udp dport 67 accept
  }
}
`

const withoutPorts = DOCKER.replace('PUBLISHED_NAT\n', '').replace('PUBLISHED\n', '')
const withPort = DOCKER.replace(
  'PUBLISHED_NAT',
  '-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
).replace('PUBLISHED', '-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT')

export const ONE_VERSION_AND_SECOND_ADDRESSES: Problem[] = [
  {
    name: 'lxd-builder-without-ipv4-beside-docker',
    thread: {
      title: 'Base image build fails: LXD builder container cannot reach IPv4 on clean Ubuntu VPS without Docker',
      address: 'https://github.com/futrx-com/remote.futrx/issues/153',
    },
    backend: 'iptables-nft',
    hosts: {
      mirror: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        listeners: [HTTPS, { ...HTTPS, address: '2001:db8:f::9' }],
      },
      vps: {
        bridges: { lxdbr0: ['veth1'], docker0: ['veth2'] },
        addresses: {
          eth0: ['203.0.113.1/24', '2001:db8:f::1/64'],
          lxdbr0: ['10.158.22.1/24', 'fd42:9c5e:17aa:4b8::1/64'],
          docker0: ['172.17.0.1/16'],
        },
        sysctls: FORWARDS,
        rules: { v4: withoutPorts, nft: LXD },
      },
      builder: {
        addresses: { eth0: ['10.158.22.50/24', 'fd42:9c5e:17aa:4b8::50/64'] },
        routes: ['default via 10.158.22.1', 'default via fd42:9c5e:17aa:4b8::1'],
      },
      web: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
    },
    links: [
      ['mirror:eth0', 'vps:eth0'],
      ['vps:veth1', 'builder:eth0'],
      ['vps:veth2', 'web:eth0'],
    ],
    traced: 'vps',
    setup: [['mirror', 'ip route add 172.17.0.0/16 via 203.0.113.1']],
    fails: { from: 'builder', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'builder', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'builder', what: 'ping', to: '10.158.22.1' }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      // not published: it has to stay closed
      { sending: { from: 'mirror', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Docker's policy of FORWARD drops all IPv4 that is not for its own bridges; that LXD's table accepts it does not help. For IPv6 there are LXD's rules alone.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter DOCKER-USER' }, { chain: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [
      ['vps', 'iptables -I DOCKER-USER -i lxdbr0 -j ACCEPT'],
      ['vps', 'iptables -I DOCKER-USER -o lxdbr0 -j ACCEPT'],
    ],
  },
  {
    name: 'docker-port-on-the-second-address',
    thread: {
      title: 'docker container unreachable through a physical network interface which is not the default gateway',
      address: 'https://github.com/moby/moby/issues/17212',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['10.10.40.7/24'] }, routes: ['default via 10.10.40.1'] },
      router: {
        addresses: { lan40: ['10.10.40.1/24'], lan24: ['10.10.24.1/24'], lan26: ['10.10.26.129/25'] },
        sysctls: FORWARDS,
      },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eno1: ['10.10.24.157/24'], eno2: ['10.10.26.160/25'], docker0: ['172.17.0.1/16'] },
        routes: ['default via 10.10.24.1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: { v4: withPort },
      },
      web: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'router:lan40'],
      ['router:lan24', 'host:eno1'],
      ['router:lan26', 'host:eno2'],
      ['host:veth1', 'web:eth0'],
    ],
    traced: 'host',
    setup: [
      ['router', 'sysctl -qw net.ipv4.conf.lan24.rp_filter=1 net.ipv4.conf.lan26.rp_filter=1'],
      [
        'host',
        'ip route add default via 10.10.26.129 dev eno2 table 126; ip route add 10.10.26.128/25 dev eno2 table 126; ip rule add pref 32765 from 10.10.26.160 lookup 126',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '10.10.26.160', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.10.24.157', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.10.26.160', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '10.10.26.160' }, seen: 'answered' },
      { sending: { from: 'web', what: 'ping', to: '10.10.40.7' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.10.26.160', port: 8081 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The routing rule is for the host's second address, and a container's reply has the container's own address until it was routed: it leaves by the first interface, where the router's reverse path filter drops it.",
      causes: [
        { code: 'reply-by-other-uplink', words: ['eno1'] },
        { code: 'wrong-way-out', words: ['eno1'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      ['host', 'iptables -t mangle -A PREROUTING -i eno2 -m conntrack --ctstate NEW -j CONNMARK --set-mark 2'],
      ['host', 'iptables -t mangle -A PREROUTING -i docker0 -j CONNMARK --restore-mark'],
      ['host', 'ip rule add pref 32764 fwmark 2 lookup 126'],
    ],
  },
]

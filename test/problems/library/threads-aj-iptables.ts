/** Rules of iptables-nft from threads: a table in front of all others, a solicitation that may not leave, and a limit of each destination. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const CHAINS = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const THREADS_AJ_IPTABLES: Problem[] = [
  {
    name: 'docker-raw-drops-what-was-rewritten-in-front-of-the-host',
    thread: {
      title: 'docs: note unpublished-port filter vs pre-netfilter DNAT',
      address: 'https://github.com/docker/docs/pull/25760',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['default via 2001:db8:f::1'] },
      balancer: {
        addresses: { eth0: ['2001:db8:f::1/64'], eth1: ['2001:db8:1::1/64'] },
        routes: ['fd5b:823e:5b1a::/64 via 2001:db8:1::2'],
        sysctls: FORWARDS,
        rules: {
          v6: `*nat
${CHAINS}-A PREROUTING -d 2001:db8:88::1/128 -p tcp -m tcp --dport 443 -j DNAT --to-destination [fd5b:823e:5b1a::2]:443
COMMIT
`,
        },
      },
      host: {
        bridges: { 'br-3cdb1cb92a36': ['veth1'] },
        addresses: { eth0: ['2001:db8:1::2/64'], 'br-3cdb1cb92a36': ['fd5b:823e:5b1a::1/64'] },
        routes: ['default via 2001:db8:1::1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
        rules: {
          v6: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d fd5b:823e:5b1a::2/128 ! -i br-3cdb1cb92a36 -j DROP
COMMIT
*nat
${CHAINS}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s fd5b:823e:5b1a::/64 ! -o br-3cdb1cb92a36 -j MASQUERADE
-A DOCKER ! -i br-3cdb1cb92a36 -p tcp -m tcp --dport 8443 -j DNAT --to-destination [fd5b:823e:5b1a::2]:443
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d fd5b:823e:5b1a::2/128 ! -i br-3cdb1cb92a36 -o br-3cdb1cb92a36 -p tcp -m tcp --dport 443 -j ACCEPT
-A DOCKER ! -i br-3cdb1cb92a36 -o br-3cdb1cb92a36 -j DROP
-A DOCKER-BRIDGE -o br-3cdb1cb92a36 -j DOCKER
-A DOCKER-CT -o br-3cdb1cb92a36 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i br-3cdb1cb92a36 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i br-3cdb1cb92a36 ! -o br-3cdb1cb92a36 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o br-3cdb1cb92a36 -j DROP
-A DOCKER-USER -i eth0 -d fd5b:823e:5b1a::/64 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
        },
      },
      web: {
        addresses: { eth0: ['fd5b:823e:5b1a::2/64'] },
        routes: ['default via fd5b:823e:5b1a::1'],
        listeners: [{ protocol: 'tcp', port: 443, address: '::' }],
      },
    },
    links: [
      ['client:eth0', 'balancer:eth0'],
      ['balancer:eth1', 'host:eth0'],
      ['host:veth1', 'web:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:88::1', port: 443 },
    seen: 'nothing',
    looksAt: { protocol: 'tcp', dst: 'fd5b:823e:5b1a::2' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::2', port: 8443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::2', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: 'fd5b:823e:5b1a::2', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "What comes is for the container's own address already, since the balancer has rewritten it, and Docker's rule in raw drops that from everywhere but the bridge: DOCKER-USER, which accepts it, is never reached.",
      causes: [{ rule: '-d fd5b:823e:5b1a::2/128 ! -i br-3cdb1cb92a36 -j DROP', chain: 'raw PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['host', 'ip6tables -t raw -D PREROUTING -d fd5b:823e:5b1a::2/128 ! -i br-3cdb1cb92a36 -j DROP']],
  },
  {
    name: 'yunohost-vpnclient-lets-no-solicitation-of-a-link-local-address-out',
    thread: {
      title: 'Allow icmpv6 neighbor-solicitation',
      address: 'https://github.com/YunoHost-Apps/vpnclient_ynh/pull/91',
    },
    backend: 'iptables-nft',
    hosts: {
      yuno: {
        // its only address of the provider's is no neighbour's: what it asks its link for, it asks as fe80::
        addresses: { eth0: ['fe80::2/64'], lo: ['2001:db8:1::1/128'] },
        listeners: [{ protocol: 'tcp', port: 443, address: '::' }],
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:vpnclient_fwd - [0:0]
:vpnclient_in - [0:0]
:vpnclient_out - [0:0]
-A INPUT -i eth0 -j vpnclient_in
-A FORWARD -o eth0 -j vpnclient_fwd
-A OUTPUT -o eth0 -j vpnclient_out
-A vpnclient_fwd -j DROP
-A vpnclient_in -p ipv6-icmp -j ACCEPT
-A vpnclient_in -s fd00::/8 -j ACCEPT
-A vpnclient_in -s fe80::/10 -j ACCEPT
-A vpnclient_in -p tcp -m tcp --dport 22 -j ACCEPT
-A vpnclient_in -p tcp -m tcp --dport 443 -j ACCEPT
-A vpnclient_in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A vpnclient_in -j DROP
-A vpnclient_out -d fd00::/8 -j ACCEPT
-A vpnclient_out -d fe80::/10 -j ACCEPT
-A vpnclient_out -p ipv6-icmp -m icmp6 --icmpv6-type 133 -j ACCEPT
-A vpnclient_out -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A vpnclient_out -d 2001:db8:53::53/128 -p udp -m udp --dport 53 -j ACCEPT
-A vpnclient_out -d 2001:db8:f::9/128 -p udp -m udp --dport 1194 -j ACCEPT
-A vpnclient_out -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A vpnclient_out -j DROP
COMMIT
`,
        },
      },
      gateway: {
        addresses: { eth0: ['2001:db8:1::fffe/64', 'fe80::1/64'], eth1: ['2001:db8:f::1/64'] },
        routes: ['2001:db8:1::1/128 via fe80::2 dev eth0'],
        sysctls: FORWARDS,
      },
      vpn: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['default via 2001:db8:f::1'],
        listeners: [
          { protocol: 'udp', port: 1194, address: '::' },
          { protocol: 'tcp', port: 80, address: '::' },
        ],
      },
    },
    links: [
      ['yuno:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'vpn:eth0'],
    ],
    traced: 'yuno',
    setup: [
      ['yuno', 'ip -6 route add default via 2001:db8:1::fffe dev eth0 onlink src 2001:db8:1::1'],
      // so that it goes on asking while a fix is tried
      ['yuno', 'echo 30 > /proc/sys/net/ipv6/neigh/eth0/mcast_solicit'],
    ],
    fails: { from: 'yuno', what: 'udp', to: '2001:db8:f::9', port: 1194 },
    seen: 'nothing',
    others: [
      { sending: { from: 'yuno', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'nothing' },
      { sending: { from: 'yuno', what: 'ping', to: 'fe80::1%eth0' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "What goes to the VPN's server is accepted, but the host does not know its gateway's link address, and the solicitation that asks for it, from fe80:: to a group, meets the chain's last rule.",
      causes: [
        { rule: '-j DROP', chain: 'filter vpnclient_out' },
        { code: 'neighbour-discovery-dropped', words: ['vpnclient_out'] },
      ],
      status: ['lost', 'unanswered', 'dropped'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      ['yuno', 'ip6tables -I vpnclient_out 8 -s fe80::/10 -p ipv6-icmp --icmpv6-type neighbor-solicitation -j ACCEPT'],
    ],
  },
  {
    name: 'silk-limits-what-a-container-opens-to-each-destination',
    thread: {
      title: 'Introduce container outbound connection count rate limiting',
      address: 'https://github.com/cloudfoundry/silk-release/pull/31',
    },
    backend: 'iptables-nft',
    hosts: {
      app: { addresses: { eth0: ['10.255.77.3/24'] }, routes: ['default via 10.255.77.1'] },
      cell: {
        addresses: { 's-010255077003': ['10.255.77.1/24'], eth0: ['10.0.4.5/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${CHAINS}:netin--95d0-4a7b-6c21 - [0:0]
-A PREROUTING -j netin--95d0-4a7b-6c21
-A POSTROUTING -s 10.255.77.3/32 ! -o silk-vtep -m comment --comment "95d0-4a7b-6c21" -j MASQUERADE
-A netin--95d0-4a7b-6c21 -d 10.0.4.5/32 -p tcp -m tcp --dport 61001 -m comment --comment "dst:10.255.77.3:8080" -j DNAT --to-destination 10.255.77.3:8080
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:asg-00695d04a7b6c21 - [0:0]
:input--95d0-4a7b-6c21 - [0:0]
:netout--95d0-4a7b-6c21 - [0:0]
:netout--95d0-4a7b--rl-log - [0:0]
:overlay--95d0-4a7b-6c21 - [0:0]
:vpa--1764300000 - [0:0]
-A INPUT -s 10.255.77.3/32 -j input--95d0-4a7b-6c21
-A FORWARD -j vpa--1764300000
-A FORWARD -s 10.255.77.3/32 ! -o silk-vtep -j netout--95d0-4a7b-6c21
-A FORWARD -j overlay--95d0-4a7b-6c21
-A asg-00695d04a7b6c21 -m iprange --dst-range 0.0.0.0-9.255.255.255 -j ACCEPT
-A asg-00695d04a7b6c21 -m iprange --dst-range 10.0.11.0-10.0.11.255 -p tcp -m tcp --dport 3306 -j ACCEPT
-A asg-00695d04a7b6c21 -m iprange --dst-range 172.32.0.0-255.255.255.255 -j ACCEPT
-A input--95d0-4a7b-6c21 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A input--95d0-4a7b-6c21 -d 169.254.0.2/32 -p tcp -m tcp --dport 53 -j ACCEPT
-A input--95d0-4a7b-6c21 -d 169.254.0.2/32 -p udp -m udp --dport 53 -j ACCEPT
-A input--95d0-4a7b-6c21 -j REJECT --reject-with icmp-port-unreachable
-A netout--95d0-4a7b-6c21 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A netout--95d0-4a7b-6c21 -p tcp -m conntrack --ctstate INVALID,NEW -m hashlimit --hashlimit-above 6/hour --hashlimit-burst 3 --hashlimit-mode dstip,dstport --hashlimit-name 95d0-4a7b --hashlimit-htable-expire 3600000 -j netout--95d0-4a7b--rl-log
-A netout--95d0-4a7b-6c21 -j asg-00695d04a7b6c21
-A netout--95d0-4a7b-6c21 -j REJECT --reject-with icmp-port-unreachable
-A netout--95d0-4a7b--rl-log -j REJECT --reject-with icmp-port-unreachable
-A overlay--95d0-4a7b-6c21 -s 10.255.77.3/32 -o silk-vtep -j ACCEPT
-A overlay--95d0-4a7b-6c21 -d 10.255.77.3/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A overlay--95d0-4a7b-6c21 -d 10.255.77.3/32 -p tcp -m tcp --dport 8080 -j ACCEPT
-A overlay--95d0-4a7b-6c21 -d 10.255.77.3/32 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
        },
      },
      net: {
        addresses: { eth0: ['10.0.4.1/24'], lo: ['203.0.113.9/32', '203.0.113.10/32', '10.0.12.7/32'] },
        listeners: [...WEB, HTTPS],
      },
    },
    links: [
      ['app:eth0', 'cell:s-010255077003'],
      ['cell:eth0', 'net:eth0'],
    ],
    traced: 'cell',
    setup: [['cell', 'ip route add default via 10.0.4.1']],
    earlier: {
      sendings: [1, 2, 3].map(() => ({ from: 'app', what: 'tcp', to: '203.0.113.9', port: 443 }) as const),
      change: [],
    },
    fails: { from: 'app', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'app', what: 'tcp', to: '203.0.113.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '10.0.12.7', port: 443 }, seen: 'refused' },
      { sending: { from: 'net', what: 'tcp', to: '10.0.4.5', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Three connections to this address and port were opened just before, and the container may open six an hour to each: what the security groups behind it allow does not come into it.',
      causes: [
        { rule: '--hashlimit-above 6/hour', chain: 'filter netout--95d0-4a7b-6c21' },
        { rule: '-j REJECT', chain: 'filter netout--95d0-4a7b--rl-log' },
      ],
      status: ['rejected'],
    },
    mend: [['cell', 'iptables -D netout--95d0-4a7b-6c21 2']],
  },
]

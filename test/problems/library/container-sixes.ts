/** Containers and IPv6, tunnels between their hosts, and a host that replies from its bridge's address. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
/** VXLAN's network 0x1001, as Docker asks for it. */
const VNI = '-m bpf --bytecode "6,177 0 0 0,64 0 0 12,84 0 0 4294967040,21 1 0 1048832,6 0 0 0,6 0 0 4294967295"'

const nspawn = (family: 'ip' | 'ip6', local: string, saddr: string, ports: string) => `table ${family} io.systemd.nat {
  set masq_saddr {
    type ${family}v4_addr
    flags interval
    elements = { ${saddr} }
  }
  map map_port_ipport {
    type inet_proto . inet_service : ${family}v4_addr . inet_service
${ports}  }
  chain prerouting {
    type nat hook prerouting priority dstnat + 1; policy accept;
    fib daddr type local dnat ${family} to meta l4proto . th dport map @map_port_ipport
  }
  chain output {
    type nat hook output priority -99; policy accept;
    ${family} daddr != ${local} oif != "lo" fib daddr type local dnat ${family} to meta l4proto . th dport map @map_port_ipport
  }
  chain postrouting {
    type nat hook postrouting priority srcnat + 1; policy accept;
    ${family} saddr @masq_saddr masquerade
  }
}
`

export const CONTAINER_SIXES: Problem[] = [
  {
    name: 'nspawn-port-of-ipv4-alone',
    thread: {
      title: "Port mapping to containers doesn't work over IPv6",
      address: 'https://github.com/systemd/systemd/issues/30475',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] } },
      host: {
        addresses: {
          eth0: ['192.0.2.1/24', '2001:db8:1::1/64'],
          've-image': ['192.168.24.1/28', 'fd00:dead:beef::1/64'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: `${nspawn('ip', '127.0.0.0/8', '192.168.24.0/28', '    elements = { tcp . 23 : 192.168.24.2 . 23 }\n')}${nspawn('ip6', '::1', 'fd00:dead:beef::/64', '')}`.replaceAll(
            'ip6v4_addr',
            'ipv6_addr',
          ),
        },
      },
      image: {
        addresses: { host0: ['192.168.24.2/28', 'fd00:dead:beef::2/64'] },
        routes: ['default via 192.168.24.1', 'default via fd00:dead:beef::1'],
        listeners: [
          { protocol: 'tcp', port: 23 },
          { protocol: 'tcp', address: 'fd00:dead:beef::2', port: 23 },
        ],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:ve-image', 'image:host0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 23 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 23 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: 'fd00:dead:beef::2', port: 23 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The container's port is in the map of IPv4 alone: for IPv6 the map is empty, and the host itself is asked.",
      causes: [
        { rule: 'map @map_port_ipport', chain: 'ip6 io.systemd.nat prerouting' },
        { code: 'not-in-set', words: ['map_port_ipport'] },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['host', 'nft add element ip6 io.systemd.nat map_port_ipport { tcp . 23 : fd00:dead:beef::2 . 23 }']],
  },
  {
    name: 'docker-ipv6-without-neighbour-proxy',
    thread: {
      title: 'Please implement IPv6 NAT as an available alternative option when using docker with IPv6 enabled',
      address: 'https://github.com/moby/moby/issues/25407',
    },
    backend: 'iptables-nft',
    hosts: {
      c1: { addresses: { eth0: ['2001:db8:1:0:1::c009/80'] }, routes: ['default via 2001:db8:1:0:1::1'] },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { docker0: ['2001:db8:1:0:1::1/80'], eth0: ['2001:db8:1::2/64'] },
        routes: ['default via 2001:db8:1::1'],
        sysctls: FORWARDS,
        rules: {
          v6: '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i docker0 -j ACCEPT\n-A FORWARD -o docker0 -j ACCEPT\nCOMMIT\n',
        },
      },
      isp: { addresses: { eth0: ['2001:db8:1::1/64'], lo: ['2001:db8:f::9/128'] } },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['host:eth0', 'isp:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'ping', to: '2001:db8:f::9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
      { sending: { from: 'host', what: 'ping', to: '2001:db8:1:0:1::c009' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The container's address is out of the link's own prefix, and the host does not stand in for it: the router's solicitation for it has no reply.",
      causes: [
        { code: 'vanished-no-group', words: ['proxy'] },
        { code: 'not-masqueraded', words: ['proxy'] },
        { code: 'neighbour-failed', words: ['proxy'] },
        { code: 'not-netfilter', words: ['proxy'] },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [
      // else the first reply comes up to 0.8 seconds late
      ['host', 'sysctl -w net.ipv6.neigh.eth0.proxy_delay=0'],
      ['host', 'sysctl -w net.ipv6.conf.eth0.proxy_ndp=1'],
      ['host', 'ip -6 neigh add proxy 2001:db8:1:0:1::c009 dev eth0'],
      // the router has given up before
      ['isp', 'ip -6 neigh flush dev eth0; ping -6 -c 1 -W 3 2001:db8:1:0:1::c009 >/dev/null || true'],
    ],
  },
  {
    name: 'docker-ipv6-loses-advertised-route',
    thread: {
      title: "Enabling IPv6 Immediately breaks some host's IPv6 networking (accept_ra=1)",
      address: 'https://github.com/moby/moby/issues/43466',
    },
    backend: 'iptables-nft',
    hosts: {
      c1: {
        addresses: { eth0: ['2001:db8:c::2/64', '172.17.0.2/16'] },
        routes: ['default via 2001:db8:c::1', 'default via 172.17.0.1'],
      },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { docker0: ['2001:db8:c::1/64', '172.17.0.1/16'], eth0: ['2001:db8:1::2/64', '192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat\n${NAT}-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\nCOMMIT\n`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      isp: {
        addresses: { eth0: ['2001:db8:1::1/64', '192.0.2.254/24'], lo: ['2001:db8:f::9/128', '203.0.113.9/32'] },
        routes: ['2001:db8:c::/64 via 2001:db8:1::2'],
        sysctls: FORWARDS,
        listeners: [...WEB, { protocol: 'tcp', address: '2001:db8:f::9', port: 80 }],
      },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['host:eth0', 'isp:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Forwarding made the host ignore router advertisements: it has no default route for IPv6 any more, and a container has no way out.',
      causes: [{ code: 'vanished-no-route' }],
      status: ['lost'],
    },
    mend: [
      ['host', 'sysctl -w net.ipv6.conf.eth0.accept_ra=2'],
      ['host', 'ip -6 route add default via 2001:db8:1::1 dev eth0'],
    ],
  },
  {
    name: 'docker-encrypted-overlay-other-port',
    thread: {
      title: "Encrypted overlay networks don't work on ports other than 4789",
      address: 'https://github.com/moby/moby/issues/45635',
    },
    backend: 'iptables-nft',
    hosts: {
      node1: { addresses: { eth0: ['192.0.2.1/24'] } },
      node2: {
        addresses: { eth0: ['192.0.2.2/24'] },
        listeners: WEB,
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m policy --dir in --pol none -m udp --dport 4777 ${VNI} -j DROP
-A INPUT -p udp -m policy --dir in --pol ipsec -m udp --dport 4777 ${VNI} -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['node1:eth0', 'node2:eth0']],
    traced: 'node2',
    setup: [
      [
        'node1',
        'ip link add vx0 address 02:42:0a:00:01:01 type vxlan id 4097 dstport 4777 local 192.0.2.1 remote 192.0.2.2',
      ],
      [
        'node1',
        'ip addr add 10.0.1.1/24 dev vx0; ip link set vx0 up; ip neigh add 10.0.1.2 lladdr 02:42:0a:00:01:02 dev vx0',
      ],
      [
        'node2',
        'ip link add vx0 address 02:42:0a:00:01:02 type vxlan id 4097 dstport 4777 local 192.0.2.2 remote 192.0.2.1',
      ],
      [
        'node2',
        'ip addr add 10.0.1.2/24 dev vx0; ip link set vx0 up; ip neigh add 10.0.1.1 lladdr 02:42:0a:00:01:01 dev vx0',
      ],
    ],
    fails: { from: 'node1', what: 'tcp', to: '10.0.1.2', port: 80 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '192.0.2.2' },
    others: [
      { sending: { from: 'node1', what: 'ping', to: '192.0.2.2' }, seen: 'answered' },
      { sending: { from: 'node1', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The sender encrypts VXLAN on port 4789 alone, so on another port it comes as it is, and what is not encrypted is dropped.',
      causes: [{ rule: '--pol none', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    // a network that is not encrypted has no such rules
    mend: [['node2', 'iptables -D INPUT 1']],
  },
  {
    name: 'docker-host-replies-from-bridge',
    thread: {
      title: 'Cannot receive UDP traffic in Docker container in case of UDP server being located at Docker host',
      address: 'https://github.com/moby/moby/issues/15127',
    },
    backend: 'iptables-legacy',
    hosts: {
      c1: { addresses: { eth0: ['172.17.0.3/16'] }, routes: ['default via 172.17.0.1'] },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { docker0: ['172.17.0.1/16'], eth0: ['172.16.13.13/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 5151 }, ...WEB],
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['172.16.13.9/24'] } },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['host:eth0', 'far:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'udp', to: '172.16.13.13', port: 5151 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '172.16.13.13', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'udp', to: '172.17.0.1', port: 5151 }, seen: 'answered' },
      { sending: { from: 'far', what: 'udp', to: '172.16.13.13', port: 5151 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The server's socket is bound to no address: it replies from the address of docker0, which the container never asked.",
      causes: [
        { code: 'reply-from-other-address', words: ['172.17.0.1'] },
        { code: 'not-netfilter', words: ['172.17.0.1', '172.16.13.13'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['host', 'ip route replace 172.17.0.0/16 dev docker0 src 172.16.13.13']],
  },
]

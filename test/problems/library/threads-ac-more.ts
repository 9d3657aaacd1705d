/** Ways that a mark, a port or a class decides, from threads: DSCP that is set too late, a routing rule with the port outside, replies without their request's mark, tunnels and errors that a filter takes. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const OPENVPN: Problem = {
  name: 'netifd-rule-asks-for-the-port-outside',
  thread: { title: 'netifd: iprule add sport and dport', address: 'https://github.com/openwrt/netifd/pull/47' },
  backend: 'iptables-nft',
  hosts: {
    client: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.254'] },
    isp: {
      addresses: { eth0: ['198.51.100.254/24'], eth1: ['203.0.113.254/24'] },
      sysctls: FORWARDS,
      listeners: [SSH],
    },
    // its provider's network, which leads nowhere else here
    vpn: { addresses: { eth0: ['10.8.0.1/24'] } },
    router: {
      addresses: { wan: ['203.0.113.1/24'], tun0: ['10.8.0.2/24'], lan: ['192.168.9.1/24'] },
      routes: ['default via 203.0.113.254', 'default via 10.8.0.1 table 100'],
      sysctls: FORWARDS,
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan -p udp -m udp --dport 1194 -j DNAT --to-destination 192.168.9.23:1294
-A POSTROUTING -o wan -j MASQUERADE
-A POSTROUTING -o tun0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 192.168.9.23/32 -i wan -p udp -m udp --dport 1294 -j ACCEPT
-A FORWARD -i lan -j ACCEPT
COMMIT
`,
      },
    },
    server: {
      addresses: { eth0: ['192.168.9.23/24'] },
      routes: ['default via 192.168.9.1'],
      listeners: [{ protocol: 'udp', port: 1294 }],
    },
  },
  links: [
    ['client:eth0', 'isp:eth0'],
    ['isp:eth1', 'router:wan'],
    ['router:tun0', 'vpn:eth0'],
    ['router:lan', 'server:eth0'],
  ],
  traced: 'router',
  setup: [
    [
      'router',
      'ip rule add pref 100 from 192.168.9.23 ipproto udp sport 1194 lookup main; ip rule add pref 200 from 192.168.9.23 lookup 100',
    ],
  ],
  fails: { from: 'client', what: 'udp', to: '203.0.113.1', port: 1194 },
  seen: 'nothing',
  others: [
    { sending: { from: 'server', what: 'ping', to: '10.8.0.1' }, seen: 'answered' },
    { sending: { from: 'isp', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
  ],
  truth: {
    words:
      "All that the server sends goes into the VPN, but for what the routing rule spares by its source port. That is the forward's port outside; the reply still has the server's own when it is routed, and leaves by tun0.",
    causes: [{ code: 'reply-by-other-uplink', words: ['tun0', 'wan'] }],
    status: ['reply-lost', 'unanswered'],
  },
  mend: [['router', 'ip rule add pref 90 from 192.168.9.23 ipproto udp sport 1294 lookup main']],
}

export const THREADS_AC_MORE: Problem[] = [
  OPENVPN,
  {
    name: 'bogon-list-drops-the-errors-of-private-routers',
    thread: {
      title: 'The Problem of Path MTU Discovery and RFC-1918 Private Addresses',
      address:
        'https://stephen.kingston.name/2006/10/12/the-problem-of-path-mtu-discovery-and-rfc-1918-private-addresses/',
    },
    backend: 'nft',
    hosts: {
      vps: {
        addresses: { eth0: ['203.0.113.5/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [SSH],
        rules: {
          nft: `table ip raw {
  set bogons {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 }
  }
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname "eth0" ip saddr @bogons counter drop
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto icmp accept
    tcp dport 22 accept
  }
}
`,
        },
      },
      r1: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['10.255.0.1/30'] },
        routes: ['198.51.100.0/24 via 10.255.0.2'],
        sysctls: FORWARDS,
      },
      r2: {
        addresses: { eth0: ['10.255.0.2/30'], eth1: ['198.51.100.1/24'] },
        mtu: { eth1: 1400 },
        routes: ['203.0.113.0/24 via 10.255.0.1'],
        sysctls: FORWARDS,
      },
      peer: {
        addresses: { eth0: ['198.51.100.9/24'] },
        mtu: { eth0: 1400 },
        routes: ['default via 198.51.100.1'],
        listeners: [{ protocol: 'udp', port: 4500 }],
      },
    },
    links: [
      ['vps:eth0', 'r1:eth0'],
      ['r1:eth1', 'r2:eth0'],
      ['r2:eth1', 'peer:eth0'],
    ],
    traced: 'vps',
    fails: { from: 'vps', what: 'udp', to: '198.51.100.9', port: 4500, bytes: 1440, tries: 3 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vps', what: 'ping', to: '198.51.100.9' }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '203.0.113.5', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The link behind the second router is narrower. That router says so from its private address, and the list of bogons drops the error.',
      causes: [
        { rule: '@bogons', chain: 'ip raw prerouting' },
        { code: 'icmp-error-dropped', words: ['bogons'] },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['vps', 'nft insert rule ip raw prerouting icmp type destination-unreachable accept']],
  },
  {
    name: 'omr-dscp-is-set-behind-the-routing-decision',
    thread: {
      title: "DSCP isn't working in v0.61-rc3",
      address: 'https://github.com/Ysurac/openmptcprouter/issues/3586',
    },
    backend: 'iptables-nft',
    hosts: {
      phone: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { lan: ['192.168.1.1/24'], wan1: ['192.0.2.2/24'], wan2: ['203.0.113.2/24'] },
        routes: ['default via 192.0.2.1', 'default via 203.0.113.1 table 102'],
        sysctls: FORWARDS,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -i lan -p udp -m udp --dport 5060 -j DSCP --set-dscp 0x04
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan1 -j MASQUERADE
-A POSTROUTING -o wan2 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
COMMIT
`,
        },
      },
      // lets no telephony but its own through
      isp1: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['10.1.0.1/24'] },
        routes: ['198.51.100.9 via 10.1.0.9'],
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip own {\n  chain forward { type filter hook forward priority filter; policy accept; udp dport 5060 drop; }\n}\n',
        },
      },
      isp2: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['10.2.0.1/24'] },
        routes: ['198.51.100.9 via 10.2.0.9'],
        sysctls: FORWARDS,
      },
      sip: {
        addresses: { eth0: ['10.1.0.9/24'], eth1: ['10.2.0.9/24'], lo: ['198.51.100.9/32'] },
        routes: ['192.0.2.0/24 via 10.1.0.1', '203.0.113.0/24 via 10.2.0.1'],
        listeners: [
          { protocol: 'udp', address: '198.51.100.9', port: 5060 },
          { protocol: 'udp', address: '198.51.100.9', port: 123 },
        ],
      },
    },
    links: [
      ['phone:eth0', 'router:lan'],
      ['router:wan1', 'isp1:eth0'],
      ['router:wan2', 'isp2:eth0'],
      ['isp1:eth1', 'sip:eth0'],
      ['isp2:eth1', 'sip:eth1'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add tos 0x10 lookup 102']],
    fails: { from: 'phone', what: 'udp', to: '198.51.100.9', port: 5060 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'udp', to: '198.51.100.9', port: 123 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The routing rule for this class is asked before FORWARD, where the class is set: the packet goes out of wan1, whose provider drops it.',
      causes: [
        { rule: '-j DSCP', chain: 'mangle FORWARD' },
        { chain: 'mangle PREROUTING' },
        { code: 'wrong-way-out', words: ['wan1'] },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'iptables -t mangle -A PREROUTING -i lan -p udp --dport 5060 -j DSCP --set-dscp 0x04']],
  },
  {
    name: 'peer-pod-tunnel-comes-back-as-another-flow',
    thread: {
      title: 'Connection tracking of VXLAN UDP packets must be disabled',
      address: 'https://github.com/confidential-containers/cloud-api-adaptor/issues/2015',
    },
    backend: 'iptables-nft',
    hosts: {
      worker: {
        addresses: { eth0: ['192.168.122.185/24'] },
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -i vxlan1 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
      podvm: { addresses: { eth0: ['192.168.122.121/24'] } },
    },
    links: [['worker:eth0', 'podvm:eth0']],
    traced: 'worker',
    setup: [
      [
        'worker',
        'ip link add vxlan1 type vxlan id 555000 remote 192.168.122.121 dev eth0 dstport 4789; ip addr add 172.20.0.1/24 dev vxlan1; ip link set vxlan1 up',
      ],
      [
        'podvm',
        'ip link add vxlan1 type vxlan id 555000 remote 192.168.122.185 dev eth0 dstport 4789; ip addr add 172.20.0.2/24 dev vxlan1; ip link set vxlan1 up',
      ],
    ],
    fails: { from: 'worker', what: 'ping', to: '172.20.0.2' },
    seen: 'unreachable',
    others: [
      { sending: { from: 'worker', what: 'ping', to: '192.168.122.121' }, seen: 'answered' },
      { sending: { from: 'podvm', what: 'tcp', to: '192.168.122.185', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Each way of the tunnel is a flow of its own, so the peer's datagrams to port 4789 are new here: INPUT has no rule for them, its policy drops them, and with them what replies to ARP.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['lost', 'unanswered', 'reply-lost', 'rejected'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['worker', 'iptables -A INPUT -s 192.168.122.121 -p udp --dport 4789 -j ACCEPT']],
  },
  {
    name: 'mwan3-echo-reply-lacks-the-mark-of-its-request',
    thread: {
      title: 'mwan3: Ping echo reply going over the wrong WAN interface from external hosts',
      address: 'https://github.com/openwrt/packages/issues/13909',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:c::9/64'] }, routes: ['default via 2001:db8:c::1'] },
      isp2: { addresses: { eth0: ['2001:db8:c::1/64'], eth1: ['2001:db8:b::1/64'] }, sysctls: FORWARDS },
      // forwards nothing with a source of the other provider
      isp1: { addresses: { eth0: ['2001:db8:a::1/64'] } },
      router: {
        addresses: { wan: ['2001:db8:a::2/64'], wanb: ['2001:db8:b::2/64'] },
        routes: ['default via 2001:db8:a::1', 'default via 2001:db8:b::1 table 102'],
        sysctls: { 'net.ipv4.tcp_fwmark_accept': '1' },
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          nft: `table inet multiwan {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wanb" meta mark set 0x00000200
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto ipv6-icmp accept
    tcp dport 22 accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'isp2:eth0'],
      ['isp2:eth1', 'router:wanb'],
      ['isp1:eth0', 'router:wan'],
    ],
    traced: 'router',
    setup: [['router', 'ip -6 rule add fwmark 0x200/0xff00 lookup 102']],
    fails: { from: 'client', what: 'ping', to: '2001:db8:b::2' },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:b::2', port: 22 }, seen: 'answered' },
      { sending: { from: 'isp1', what: 'ping', to: '2001:db8:a::2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "What comes in on wanb gets a mark, and the mark leads back there. The kernel's echo reply takes no mark from its request unless fwmark_reflect is set, and leaves by wan.",
      causes: [
        { code: 'reply-by-other-uplink', words: ['wan'] },
        { code: 'mark-missing', words: ['0x200'] },
        { rule: 'meta mark set', chain: 'inet multiwan prerouting' },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['router', 'sysctl -w net.ipv6.fwmark_reflect=1']],
  },
]

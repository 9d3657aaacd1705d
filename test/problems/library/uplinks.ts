/** Hosts with several ways out, settings of single interfaces, and a queue that nobody reads. */
import { bridged, clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

export const UPLINKS: Problem[] = [
  {
    name: 'vpn-takes-replies',
    thread: {
      title:
        'After the openvpn client is started, the public ip address of the server changes and the connection fails',
      address: 'https://github.com/OpenVPN/openvpn/issues/570',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      isp: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.0.2.254/24'] },
        sysctls: FORWARDS,
      },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], tun0: ['10.8.0.6/24'] },
        routes: ['default via 192.0.2.254', '0.0.0.0/1 via 10.8.0.1', '128.0.0.0/1 via 10.8.0.1'],
        listeners: SSH,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    tcp dport 22 accept
  }
}
`,
        },
      },
      vpn: { addresses: { eth0: ['10.8.0.1/24'] }, listeners: WEB },
    },
    links: [
      ['client:eth0', 'isp:eth0'],
      ['isp:eth1', 'host:eth0'],
      ['host:tun0', 'vpn:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: '10.8.0.1', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'The request comes in on eth0, and the routes of the VPN send the reply out of tun0.',
      causes: [
        { code: 'wrong-way-out' },
        { code: 'reply-by-other-uplink' },
        { code: 'not-netfilter', words: ['tun0', 'eth0'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['host', 'ip route add default via 192.0.2.254 table 100; ip rule add from 192.0.2.1 lookup 100']],
  },
  {
    name: 'lxd-second-uplink',
    thread: {
      title: 'Port Forwarding with Multiple Network Interfaces',
      address: 'https://github.com/canonical/lxd/issues/1102',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.254'] },
      isp2: { addresses: { eth0: ['198.51.100.254/24'], eth1: ['203.0.113.254/24'] }, sysctls: FORWARDS },
      isp1: { addresses: { eth0: ['192.0.2.254/24'] }, sysctls: FORWARDS, listeners: WEB },
      host: {
        bridges: { lxcbr0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['203.0.113.1/24'], lxcbr0: ['10.0.3.1/24'] },
        routes: ['default via 192.0.2.254'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth+ -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.3.253:80
-A POSTROUTING -s 10.0.3.0/24 ! -d 10.0.3.0/24 -j MASQUERADE
COMMIT
`,
        },
      },
      c1: { addresses: { eth0: ['10.0.3.253/24'] }, routes: ['default via 10.0.3.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'isp2:eth0'],
      ['isp2:eth1', 'host:eth1'],
      ['isp1:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'isp1', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'It came in on eth1, and the default route sends the reply out of eth0, with an address of the other provider.',
      causes: [{ code: 'reply-by-other-uplink', words: ['eth0', 'eth1'] }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'host',
        'iptables -t mangle -A PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-mark 2; iptables -t mangle -A PREROUTING -i lxcbr0 -j CONNMARK --restore-mark; ip route add default via 203.0.113.254 table 2; ip rule add fwmark 2 lookup 2',
      ],
    ],
  },
  {
    name: 'rp-filter-secondary-network',
    thread: {
      title: 'Headless service with secondary IPs not working properly on Rocky 8/9 with latest kube-proxy',
      address: 'https://github.com/kubernetes/kubernetes/issues/124587',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['192.168.27.13/24'], ens5: ['10.87.87.201/24'] },
        routes: ['10.87.99.0/24 via 10.87.87.202 src 192.168.27.13'],
      },
      node: {
        addresses: { eth0: ['192.168.27.14/24'], ens5: ['10.87.87.202/24'], lo: ['10.87.99.1/32'] },
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1', 'net.ipv4.conf.default.rp_filter': '1' },
        listeners: WEB,
        rules: { nft: 'table inet filter {\n chain input { type filter hook input priority 0; policy accept; }\n}\n' },
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['client:ens5', 'node:ens5'],
    ],
    traced: 'node',
    setup: [['node', 'sysctl -qw net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.ens5.rp_filter=1']],
    fails: { from: 'client', what: 'tcp', to: '10.87.99.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.168.27.14', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.87.87.202', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'It comes in on ens5 with a source that eth0 leads back to: the strict rp_filter drops it.',
      causes: [{ code: 'vanished-rp-filter' }],
      status: ['lost'],
    },
    mend: [['node', 'sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.ens5.rp_filter=0']],
  },
  {
    name: 'networkd-interface-forwarding-off',
    thread: {
      title: 'No network access from container with 1.7 and Linux 4.0.5',
      address: 'https://github.com/moby/moby/issues/14185',
    },
    backend: 'iptables-legacy',
    ...bridged('docker0', '172.17.0.1/16', {
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
`,
      },
    }),
    setup: [['host', 'sysctl -qw net.ipv4.conf.docker0.forwarding=1 net.ipv4.conf.eth0.forwarding=0']],
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'Forwarding is off on eth0 alone: the request leaves, and the reply that comes in there is not forwarded.',
      causes: [
        { code: 'vanished-forwarding-off', words: ['eth0'] },
        { code: 'reply-dropped', words: ['forwarding is off', 'eth0'] },
      ],
      status: ['lost', 'reply-lost'],
    },
    mend: [['host', 'sysctl -w net.ipv4.conf.eth0.forwarding=1']],
  },
  {
    name: 'suricata-queue-without-reader',
    thread: {
      title: 'Add --queue-bypass to setting up iptable rules',
      address: 'https://github.com/OISF/suricata/pull/2883',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: SSH,
      rules: {
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -j NFQUEUE --queue-num 0
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [],
    truth: {
      words: 'No program reads the queue: the kernel drops what is handed to it.',
      causes: [{ rule: 'NFQUEUE', chain: 'filter INPUT' }],
      status: ['dropped', 'lost'],
    },
    mend: [['server', 'iptables -R INPUT 1 -j NFQUEUE --queue-num 0 --queue-bypass']],
  },
  {
    name: 'openwrt-mark-without-reroute',
    thread: {
      title: 'firewall4: marking in outgoing rules',
      address: 'https://github.com/openwrt/openwrt/issues/9955',
    },
    backend: 'nft',
    hosts: {
      router: {
        addresses: { wan: ['192.0.2.1/24'], wg0: ['10.8.0.1/24'] },
        routes: ['default via 192.0.2.254', '10.50.0.0/24 via 10.8.0.2 table 100'],
        rules: {
          nft: `table inet fw4 {
  set my_subnets {
    type ipv4_addr
    flags interval
    elements = { 10.50.0.0/24 }
  }
  chain mangle_output {
    type filter hook output priority mangle; policy accept;
    ip daddr @my_subnets counter meta mark set 0x00000001 comment "!fw4: Mark outgoing packets destined to my subnets"
  }
}
`,
        },
      },
      isp: { addresses: { eth0: ['192.0.2.254/24'] }, listeners: WEB },
      far: {
        addresses: { eth0: ['10.8.0.2/24'], lo: ['10.50.0.9/32'] },
        routes: ['192.0.2.0/24 via 10.8.0.1'],
        listeners: WEB,
      },
    },
    links: [
      ['router:wan', 'isp:eth0'],
      ['router:wg0', 'far:eth0'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add fwmark 1 lookup 100']],
    fails: { from: 'router', what: 'tcp', to: '10.50.0.9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'router', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'A chain of type filter sets the mark too late: only one of type route has the packet routed again.',
      causes: [{ rule: 'meta mark set 0x00000001', chain: 'inet fw4 mangle_output' }, { code: 'wrong-way-out' }],
      status: ['unanswered', 'lost'],
    },
    mend: [
      [
        'router',
        'nft "add chain inet fw4 route_output { type route hook output priority mangle; }"; nft add rule inet fw4 route_output ip daddr @my_subnets meta mark set 1',
      ],
    ],
  },
  {
    name: 'truenas-ipv6-forwarding-off',
    thread: {
      title: 'NAS-141468 / 27.0.0-BETA.1 / Enable IPv6 forwarding for the container bridge',
      address: 'https://github.com/truenas/middleware/pull/19257',
    },
    backend: 'nft',
    hosts: {
      ct: {
        addresses: { eth0: ['fd00:7::2/64', '10.47.0.2/24'] },
        routes: ['default via fd00:7::1', 'default via 10.47.0.1'],
      },
      nas: {
        bridges: { truenasbr0: ['veth1'] },
        addresses: { truenasbr0: ['fd00:7::1/64', '10.47.0.1/24'], eth0: ['2001:db8:1::1/64', '192.0.2.1/24'] },
        sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '0' },
        rules: {
          nft: `table inet truenas_containers {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "truenasbr0" accept
    oifname "truenasbr0" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.47.0.0/24 ip daddr != 10.47.0.0/24 masquerade
    ip6 saddr fd00:7::/64 ip6 daddr != fd00:7::/64 masquerade
  }
}
`,
        },
      },
      far: {
        addresses: { eth0: ['2001:db8:1::9/64', '192.0.2.9/24'] },
        listeners: [...WEB, { protocol: 'tcp', address: '2001:db8:1::9', port: 80 }],
      },
    },
    links: [
      ['ct:eth0', 'nas:veth1'],
      ['nas:eth0', 'far:eth0'],
    ],
    traced: 'nas',
    fails: { from: 'ct', what: 'tcp', to: '2001:db8:1::9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'ct', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'Rules for IPv6 are there, and forwarding is on for IPv4 alone.',
      causes: [{ code: 'vanished-forwarding-off' }],
      status: ['lost'],
    },
    mend: [['nas', 'sysctl -w net.ipv6.conf.all.forwarding=1']],
  },
]

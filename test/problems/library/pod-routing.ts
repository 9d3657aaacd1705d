/** Routing decides: a rule in front of the local table, a mark that source validation sees, a clash of two zones. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const POD_ROUTING: Problem[] = [
  {
    name: 'istio-probe-reply-before-local-table',
    thread: {
      title: 'fix kubelet probe failure with aws vpc cni security groups for pods',
      address: 'https://github.com/istio/istio/pull/59778',
    },
    backend: 'iptables-nft',
    hosts: {
      node: {
        addresses: { eth0: ['192.0.2.1/24'], 'vlan.eth.1': ['192.0.2.65/26'] },
        routes: ['default via 192.0.2.9', '192.0.2.70 dev vlan3f2a scope link'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 10250 }],
        rules: {
          ipset: 'create istio-inpod-probes-v4 hash:ip\nadd istio-inpod-probes-v4 192.0.2.70\n',
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ISTIO_POSTRT - [0:0]
-A POSTROUTING -j ISTIO_POSTRT
-A ISTIO_POSTRT -p tcp -m owner --socket-exists -m set --match-set istio-inpod-probes-v4 dst -j SNAT --to-source 169.254.7.127
COMMIT
`,
        },
      },
      vpc: { addresses: { eth0: ['192.0.2.9/24'], eth1: ['192.0.2.126/26'] }, sysctls: FORWARDS, listeners: WEB },
      pod: {
        addresses: { eth0: ['192.0.2.70/32'] },
        routes: ['169.254.1.1 dev eth0 scope link', 'default via 169.254.1.1 dev eth0'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['node:eth0', 'vpc:eth0'],
      ['node:vlan.eth.1', 'vpc:eth1'],
      ['node:vlan3f2a', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      ['node', 'sysctl -qw net.ipv4.conf.vlan3f2a.proxy_arp=1 net.ipv4.neigh.vlan3f2a.proxy_delay=0'],
      [
        'node',
        'ip route add 192.0.2.126 dev vlan.eth.1 table 101; ip route add default via 192.0.2.126 dev vlan.eth.1 table 101',
      ],
      // the plugin makes room: the table `local` is asked behind its own rules
      ['node', 'ip rule add pref 10 iif vlan3f2a lookup 101; ip rule add pref 20 lookup local; ip rule del pref 0'],
      ['vpc', 'ip route add 192.0.2.70/32 via 192.0.2.65 dev eth1'],
    ],
    fails: { from: 'node', what: 'tcp', to: '192.0.2.70', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'vpc', what: 'tcp', to: '192.0.2.1', port: 10250 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule for what comes from the pod's interface is asked before the table local, so the reply to the node's own probe is routed out to the VPC.",
      causes: [{ code: 'reply-dropped', words: ['table 101', 'before table local'] }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['node', 'ip rule add pref 9 iif vlan3f2a lookup local']],
  },
  {
    name: 'cilium-source-is-local-under-the-proxy-mark',
    thread: {
      title:
        'L7/FQDN proxy traffic is dropped with IP_LOCAL_SOURCE when src_valid_mark=1 interacts with to-proxy fwmark 0x200',
      address: 'https://github.com/cilium/cilium/issues/48706',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['default via 192.0.2.1'],
        listeners: [{ protocol: 'udp', port: 53 }, ...WEB],
      },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], lxc0: ['10.0.0.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CILIUM_PRE_mangle - [0:0]
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_mangle" -j CILIUM_PRE_mangle
-A CILIUM_PRE_mangle -i lxc0 -p udp -m udp --dport 53 -m comment --comment "cilium: TPROXY to host cilium-dns-egress proxy" -j TPROXY --on-port 37379 --on-ip 127.0.0.1 --tproxy-mark 0x200/0xffffffff
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CILIUM_INPUT - [0:0]
-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT
-A CILIUM_INPUT -m mark --mark 0x200/0xf00 -m comment --comment "cilium: ACCEPT for proxy traffic" -j ACCEPT
COMMIT
`,
        },
      },
      pod: { addresses: { eth0: ['10.0.0.5/24'] }, routes: ['default via 10.0.0.1'] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:lxc0', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      ['node', 'ip route add local default dev lo table 2004; ip rule add pref 9 fwmark 0x200/0xf00 lookup 2004'],
      ['node', 'sysctl -qw net.ipv4.conf.all.src_valid_mark=1'],
      [
        'node',
        `setsid python3 -c "
import socket,struct
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
s.setsockopt(0,19,1); s.setsockopt(0,20,1); s.setsockopt(1,2,1)
s.bind(('127.0.0.1',37379))
while True:
  d,a,f,p=s.recvmsg(2048,256)
  o=[c for l,t,c in a if t==20][0]
  r=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
  r.setsockopt(0,19,1); r.setsockopt(1,2,1)
  r.bind((socket.inet_ntoa(o[4:8]),struct.unpack('!H',o[2:4])[0]))
  r.sendto(d[:64],p); r.close()
" >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -Hlun sport = :37379 | grep -q . && exit 0; sleep 0.1; done; exit 1`,
      ],
    ],
    fails: { from: 'pod', what: 'udp', to: '192.0.2.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "src_valid_mark lets source validation look up the pod's address with the proxy mark, and there the table makes every address local: the kernel drops it as a spoofed source.",
      causes: [{ code: 'vanished-martian', words: ['src_valid_mark'] }],
      status: ['lost'],
    },
    mend: [['node', 'sysctl -qw net.ipv4.conf.all.src_valid_mark=0']],
  },
  {
    name: 'vyos-zones-of-two-vrfs-clash-in-the-reply',
    thread: {
      title: 'vrf: T6097: add the nat anchor conntrack zoning needs',
      address: 'https://github.com/vyos/vyos-1x/pull/5431',
    },
    backend: 'nft',
    hosts: {
      red: { addresses: { eth0: ['fd00:10::2/64'] }, routes: ['default via fd00:10::1'] },
      blue: { addresses: { eth0: ['fd00:10::2/64'] }, routes: ['default via fd00:10::1'] },
      router: {
        addresses: {
          eth1: ['fd00:10::1/64'],
          eth2: ['fd00:10::1/64'],
          eth0: ['2001:db8:1::1/64'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet vrf_zones {
  map ct_iface_map {
    typeof iifname : ct zone
    elements = { "eth1" : 101, "eth2" : 102 }
  }
  chain vrf_zones_ct_in {
    type filter hook prerouting priority raw; policy accept;
    ct original zone set iifname map @ct_iface_map
  }
}
table inet vrf_routes {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "eth1" ct mark set 0x101
    iifname "eth2" ct mark set 0x102
    iifname "eth0" meta mark set ct mark
  }
}
`,
        },
      },
      server: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [{ protocol: 'udp', address: '2001:db8:1::9', port: 53 }],
      },
    },
    links: [
      ['red:eth0', 'router:eth1'],
      ['blue:eth0', 'router:eth2'],
      ['router:eth0', 'server:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'for i in 1 2; do ip -6 route add fd00:10::/64 dev eth$i table 10$i; ip -6 rule add pref 10$i fwmark 0x10$i lookup 10$i; done',
      ],
    ],
    earlier: {
      sendings: [{ from: 'red', what: 'udp', to: '2001:db8:1::9', port: 53, sport: 5353 }],
      change: [],
    },
    fails: { from: 'blue', what: 'udp', to: '2001:db8:1::9', port: 53, sport: 5353 },
    seen: 'nothing',
    others: [
      { sending: { from: 'blue', what: 'udp', to: '2001:db8:1::9', port: 53 }, seen: 'answered' },
      { sending: { from: 'blue', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The zone is set for the original direction alone: the reply tuples of both flows lie in zone 0 and are the same, so the second entry cannot be inserted and its packet is dropped.',
      causes: [{ code: 'snat-port-taken', words: ['zone 102', 'zone 101'] }],
      status: ['lost'],
    },
    mend: [
      [
        'router',
        'nft "add table ip6 vrf_nat; add chain ip6 vrf_nat anchor { type nat hook postrouting priority srcnat; policy accept; }"',
      ],
    ],
  },
]

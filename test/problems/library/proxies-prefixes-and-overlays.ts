/** From threads: a proxy's socket that is not transparent, an overlay that firewalld does not know, and two that look wrong and are not: SYNPROXY, a prefix translated. */
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const QUIC = { protocol: 'udp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const

/** TCP's socket is transparent from the beginning; UDP's becomes so once told to on 127.0.0.1:9901. */
const PROXY = `setsid python3 -c "
import socket,struct,threading
t=socket.socket(); t.setsockopt(0,19,1); t.setsockopt(1,2,1); t.bind(('0.0.0.0',7895)); t.listen(9)
def tcp():
  while True: t.accept()[0].close()
u=socket.socket(2,2); u.setsockopt(0,20,1); u.bind(('0.0.0.0',7895))
def udp():
  while True:
    d,a,f,p=u.recvmsg(2048,256)
    o=[c for l,k,c in a if k==20][0]
    r=socket.socket(2,2); r.setsockopt(0,19,1); r.setsockopt(1,2,1)
    r.bind((socket.inet_ntoa(o[4:8]),struct.unpack('!H',o[2:4])[0])); r.sendto(d[:64],p); r.close()
for f in (tcp,udp): threading.Thread(target=f,daemon=True).start()
c=socket.socket(2,2); c.bind(('127.0.0.1',9901)); c.recv(9); u.setsockopt(0,19,1)
threading.Event().wait()
" >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -Hlun sport = :9901 | grep -q . && exit 0; sleep 0.1; done; exit 1`

const vxlan = (own: string, peer: string, last: [string, string]) =>
  `ip link add flannel.1 address 02:00:00:00:f1:0${last[0]} type vxlan id 1 dstport 8472 nolearning local ${own} remote ${peer} dev eth0; ip link set flannel.1 up; ip addr add 10.244.${last[0]}.0/32 dev flannel.1; ip neigh add 10.244.${last[1]}.0 lladdr 02:00:00:00:f1:0${last[1]} dev flannel.1; ip route add 10.244.${last[1]}.0/24 via 10.244.${last[1]}.0 dev flannel.1 onlink`

export const PROXIES_PREFIXES_AND_OVERLAYS: Problem[] = [
  {
    name: 'mihomo-listens-for-udp-without-a-transparent-socket',
    thread: {
      title: 'TPROXY UDP not working - IPv6 dual-stack socket missing IPV6_TRANSPARENT option',
      address: 'https://github.com/MetaCubeX/mihomo/issues/3098',
    },
    backend: 'nft',
    ...homeRouter(
      {
        routes: ['default via 203.0.113.9'],
        rules: {
          nft: `table inet mihomo {
  set reserved {
    type ipv4_addr
    flags interval
    elements = { 127.0.0.0/8, 192.168.0.0/16, 203.0.113.0/24, 224.0.0.0/4 }
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname != "lan" return
    ip daddr @reserved return
    meta l4proto { tcp, udp } ip daddr 198.18.0.0/16 tproxy ip to :7895 meta mark set 0x00000001 accept
  }
}
table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept }
    iifname "lan" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept }
    iifname "lan" oifname "wan" accept
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade
  }
}
`,
        },
      },
      { remote: { listeners: [HTTPS, QUIC] } },
    ),
    setup: [
      ['router', 'ip rule add fwmark 0x1 lookup 100; ip route add local default dev lo table 100'],
      ['router', PROXY],
    ],
    fails: { from: 'pc', what: 'udp', to: '198.18.0.5', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.18.0.5', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 7895 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The proxy's UDP socket does not have IP_TRANSPARENT: tproxy does not assign the packet to it, the rule ends there, and the packet for the invented address goes out unmarked.",
      causes: [
        { rule: 'tproxy ip to :7895', chain: 'inet mihomo prerouting' },
        { code: 'proxy-missing', words: ['7895'] },
      ],
      status: ['unanswered'],
    },
    mend: [['router', `python3 -c "import socket; socket.socket(2,2).sendto(b'on',('127.0.0.1',9901))"; sleep .3`]],
  },
  {
    name: 'healthy-synproxy-on-a-router-takes-each-handshake-itself',
    thread: { title: 'synproxy support', address: 'https://github.com/google/nftables/issues/190' },
    backend: 'nft',
    ...homeRouter(
      {
        sysctls: { 'net.netfilter.nf_conntrack_tcp_loose': '0', 'net.ipv4.tcp_timestamps': '1' },
        rules: {
          nft: `table ip raw {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname "wan" tcp dport 443 tcp flags & (fin | syn | rst | ack) == syn notrack
  }
}
table ip filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    ip protocol icmp accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "wan" tcp dport 443 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
    ct state invalid drop
    ct state established,related accept
    iifname "lan" accept
  }
}
`,
        },
      },
      {
        remote: { routes: ['192.168.1.0/24 via 203.0.113.1'] },
        pc: { listeners: [HTTPS, SSH] },
      },
    ),
    fails: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
    ],
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
  {
    name: 'healthy-prefix-of-a-lan-is-translated-one-to-one',
    thread: { title: 'support for NPTv6', address: 'https://github.com/FoobarOy/foomuuri/issues/99' },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:222:5555::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:f::9', port: 443 }],
        // takes nothing but this one host of the prefix, by its own last part
        rules: {
          nft: `table ip6 allowed {
  chain input {
    type filter hook input priority filter; policy accept;
    ip6 saddr 2001:db8:222:5555::/64 ip6 saddr != 2001:db8:222:5555::10 drop
  }
}
`,
        },
      },
      router: {
        addresses: { tun64: ['2001:db8:f::1/64'], lan: ['fc00:ffff:1111::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet foomuuri {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept }
    iifname "lo" accept
    meta l4proto ipv6-icmp accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept }
    iifname . oifname vmap { "lan" . "tun64" : jump localnet-public }
  }
  chain localnet-public {
    accept
  }
  chain nat_postrouting_srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fc00:ffff:1111::/64 snat ip6 prefix to 2001:db8:222:5555::/64
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['fc00:ffff:1111::10/64'] }, routes: ['default via fc00:ffff:1111::1'] },
    },
    links: [
      ['remote:eth0', 'router:tun64'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'answered',
    others: [{ sending: { from: 'pc', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
  {
    name: 'firewalld-rejects-what-comes-out-of-the-vxlan-of-flannel',
    thread: {
      title: 'firewalld blocks traffic on flannel network installed via kubeadm',
      address: 'https://github.com/flannel-io/flannel/issues/2055',
    },
    backend: 'iptables-nft',
    hosts: {
      node1: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], cni0: ['10.244.1.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.1.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
`,
          nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    goto filter_IN_public
  }
  chain filter_IN_public {
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public_allow {
    tcp dport 22 accept
    tcp dport 6443 accept
    tcp dport 10250 accept
    udp dport 8472 accept
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_ZONES {
    iifname "eth0" goto filter_FWD_public
    iifname "cni0" goto filter_FWD_trusted
    goto filter_FWD_public
  }
  chain filter_FWD_public {
    jump filter_FWD_public_allow
    reject with icmpx admin-prohibited
  }
  chain filter_FWD_public_allow {
    oifname "eth0" accept
  }
  chain filter_FWD_trusted {
    accept
  }
}
`,
        },
      },
      node2: {
        addresses: { eth0: ['192.0.2.2/24'] },
        listeners: [SSH],
      },
      coredns: {
        addresses: { eth0: ['10.244.1.2/24'] },
        routes: ['default via 10.244.1.1'],
        listeners: [DNS],
      },
    },
    links: [
      ['node1:eth0', 'node2:eth0'],
      ['node1:veth1', 'coredns:eth0'],
    ],
    traced: 'node1',
    setup: [
      ['node1', vxlan('192.0.2.1', '192.0.2.2', ['1', '2'])],
      ['node2', vxlan('192.0.2.2', '192.0.2.1', ['2', '1'])],
    ],
    fails: { from: 'node2', what: 'udp', to: '10.244.1.2', port: 53 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'node2', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'coredns', what: 'tcp', to: '192.0.2.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'node2', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'unreachable' },
      { sending: { from: 'node2', what: 'ping', to: '10.244.1.2' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "flannel.1 is in no zone, so firewalld's public zone rejects what comes out of the tunnel, after flannel's own rules accepted it.",
      causes: [
        { rule: 'reject with icmpx admin-prohibited', chain: 'inet firewalld filter_FWD_public' },
        { chain: 'inet firewalld filter_FORWARD_ZONES' },
      ],
      status: ['rejected'],
    },
    mend: [
      ['node1', 'nft insert rule inet firewalld filter_FORWARD_ZONES iifname "flannel.1" goto filter_FWD_trusted'],
    ],
  },
]

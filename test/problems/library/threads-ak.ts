/** Replies that a host keeps which should have gone on: by a mark of its proxy, by a route of its own; and a proxy that keeps them rightly. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** Takes connections in place of whoever was asked, until the lab ends. */
const transparentProxy = (port: number) => `python3 -c "import socket
s=socket.socket(); s.setsockopt(0,19,1); s.setsockopt(1,2,1); s.bind(('0.0.0.0',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

/** Asks another server with the address of whoever asked it, as sslh does, then lets go of both. */
const asksAsItsClient = (port: number, server: string, serverPort: number) => `python3 -c "import socket
s=socket.socket(); s.setsockopt(1,2,1); s.bind(('0.0.0.0',${port})); s.listen(9)
while True:
    c,a=s.accept(); b=socket.socket(); b.settimeout(3)
    b.setsockopt(0,19,1); b.bind((a[0],0))
    try: b.connect(('${server}',${serverPort})); c.sendall(b'ok')
    except OSError: pass
    b.close(); c.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

const LOCAL_TABLE = 'ip rule add fwmark 1 lookup 100; ip route add local 0.0.0.0/0 dev lo table 100'

export const THREADS_AK: Problem[] = [
  {
    name: 'xray-of-a-nas-takes-what-its-containers-reply',
    thread: {
      title: '透明代理按教程设置成功，成功后该机无法提供服务，从外网无法访问。如何配置？',
      address: 'https://github.com/XTLS/Xray-core/issues/747',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        listeners: [{ protocol: 'udp', port: 123 }],
      },
      gateway: { addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] }, sysctls: FORWARDS },
      nas: {
        addresses: { eth0: ['192.168.1.7/24'], docker0: ['172.17.0.1/16'] },
        routes: ['default via 192.168.1.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:XRAY - [0:0]
-A PREROUTING -j XRAY
-A XRAY -d 10.0.0.0/8 -j RETURN
-A XRAY -d 100.64.0.0/10 -j RETURN
-A XRAY -d 127.0.0.0/8 -j RETURN
-A XRAY -d 169.254.0.0/16 -j RETURN
-A XRAY -d 172.16.0.0/12 -j RETURN
-A XRAY -d 192.0.0.0/24 -j RETURN
-A XRAY -d 224.0.0.0/4 -j RETURN
-A XRAY -d 240.0.0.0/4 -j RETURN
-A XRAY -d 255.255.255.255/32 -j RETURN
-A XRAY -d 192.168.0.0/16 -p tcp -m tcp ! --dport 53 -j RETURN
-A XRAY -d 192.168.0.0/16 -p udp -m udp ! --dport 53 -j RETURN
-A XRAY -p tcp -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x1/0xffffffff
-A XRAY -p udp -m udp --dport 443 -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x1/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8096 -j DNAT --to-destination 172.17.0.2:8096
-A DOCKER ! -i docker0 -p udp -m udp --dport 7359 -j DNAT --to-destination 172.17.0.2:7359
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 8096 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp -m udp --dport 7359 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      jellyfin: {
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [
          { protocol: 'tcp', port: 8096 },
          { protocol: 'udp', port: 7359 },
        ],
      },
    },
    links: [
      ['remote:eth0', 'gateway:wan'],
      ['gateway:lan', 'nas:eth0'],
      ['nas:docker0', 'jellyfin:eth0'],
    ],
    traced: 'nas',
    setup: [
      ['nas', LOCAL_TABLE],
      ['nas', transparentProxy(12345)],
    ],
    fails: { from: 'remote', what: 'tcp', to: '192.168.1.7', port: 8096 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'udp', to: '192.168.1.7', port: 7359 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.7', port: 22 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '192.168.1.7', port: 8096 }, seen: 'answered' },
      { sending: { from: 'jellyfin', what: 'udp', to: '203.0.113.9', port: 123 }, seen: 'answered' },
      // the proxy answers in place of whoever was asked
      { sending: { from: 'jellyfin', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'What the container replies to an address of the internet is TCP like any other for XRAY: its TPROXY rule hands it to the proxy on this host, by a mark and a local route.',
      causes: [{ rule: '-p tcp -j TPROXY --on-port 12345', chain: 'mangle XRAY' }],
      status: ['reply-lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [['nas', 'iptables -t mangle -I XRAY 1 -m conntrack --ctdir REPLY -j RETURN']],
  },
  {
    name: 'near-ndppd-with-a-local-route-over-the-guests-network',
    thread: {
      title: 'ndppd: Respond to own subnet range',
      address: 'https://github.com/DanielAdolfsson/ndppd/issues/24',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:101::/48 via 2001:db8:f::1'],
        listeners: [
          { protocol: 'tcp', port: 80, address: '::' },
          { protocol: 'udp', port: 53, address: '::' },
        ],
      },
      router: {
        addresses: { wan: ['2001:db8:f::1/64'], h1: ['2001:db8:101::1/64'], h2: ['fd00:2::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
        rules: {
          nft: `table ip6 fw {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto ipv6-icmp accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname { "h1", "h2" } accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" ip6 saddr fd00:2::/64 masquerade
  }
}
`,
        },
      },
      guest: { addresses: { eth0: ['2001:db8:101::10/64'] }, routes: ['default via 2001:db8:101::1'] },
      inner: { addresses: { eth0: ['fd00:2::10/64'] }, routes: ['default via fd00:2::1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:h1', 'guest:eth0'],
      ['router:h2', 'inner:eth0'],
    ],
    traced: 'router',
    setup: [['router', 'ip -6 route add local 2001:db8:101::/48 dev lo']],
    fails: { from: 'guest', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'inner', what: 'udp', to: '2001:db8:f::9', port: 53 }, seen: 'answered' },
      // what the route is for: any address of the range answers
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:101:77::5' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:101:77::5', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The route that makes the whole range the router's own stands in the table that comes before all others, so replies to a guest within the range are delivered on the router instead of going to the guest.",
      causes: [{ code: 'wrong-way-out', words: ['2001:db8:101::/48'] }],
      status: ['reply-lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [['router', 'ip -6 route del local 2001:db8:101::/48 dev lo']],
  },
  {
    name: 'sslh-asks-another-server-with-its-clients-address',
    thread: {
      title: 'Transparent proxying to another server',
      address: 'https://github.com/yrutschle/sslh/issues/76',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['192.168.1.0/24 via 203.0.113.1'] },
      proxy: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip sslh {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "lan" ip saddr 192.168.1.222 tcp sport 4444 meta mark set 0x00000001 counter
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    icmp type echo-request accept
    tcp dport 443 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
}
`,
        },
      },
      server: {
        addresses: { eth0: ['192.168.1.222/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [{ protocol: 'tcp', port: 4444 }],
      },
    },
    links: [
      ['client:eth0', 'proxy:wan'],
      ['proxy:lan', 'server:eth0'],
    ],
    traced: 'proxy',
    setup: [
      ['proxy', LOCAL_TABLE],
      ['proxy', asksAsItsClient(443, '192.168.1.222', 4444)],
    ],
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'answered',
    looksAt: { protocol: 'tcp', dst: '192.168.1.222' },
    others: [
      { sending: { from: 'server', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: the proxy asks the server with the address of its client, and the mark brings what the server replies to that address to the proxy, which waits for it.',
      causes: [],
      status: ['answered'],
    },
    mend: [['proxy', 'true']],
  },
  {
    name: 'near-kube-proxy-hairpin-set-holds-another-endpoint',
    thread: {
      title: 'further nftables masquerading improvements',
      address: 'https://github.com/kubernetes/kubernetes/pull/136499',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['default via 2001:db8:f::1'] },
      node: {
        addresses: {
          eth0: ['2001:db8:f::1/64'],
          veth1: ['fd00:10:244:1::1/128'],
          veth2: ['fd00:10:244:1::1/128'],
        },
        routes: ['default via 2001:db8:f::9', 'fd00:10:244:1::2/128 dev veth1', 'fd00:10:244:1::3/128 dev veth2'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip6 kube-proxy {
  comment "rules for kube-proxy"
  set hairpin-connections {
    type ipv6_addr . ipv6_addr . inet_proto . inet_service
    elements = { fd00:10:244:1::3 . fd00:10:244:1::3 . tcp . 8080 }
  }
  set affinity-5OJB2KTY-default/web/tcp/http__fd00.10.244.1..2/8080 {
    type ipv6_addr
    flags dynamic,timeout
    timeout 3h
  }
  map service-ips {
    type ipv6_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { fd00:10:96::20 . tcp . 80 comment "default/web:http" : goto service-ULMVA6XW-default/web/tcp/http }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 30080 comment "default/web:http" : goto external-ULMVA6XW-default/web/tcp/http }
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    jump masquerading
  }
  chain services {
    ip6 daddr . meta l4proto . th dport vmap @service-ips
    fib daddr type local ip6 daddr != ::1 meta l4proto . th dport vmap @service-nodeports
  }
  chain masquerading {
    ip6 saddr . ip6 daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random
    meta mark & 0x00004000 == 0x00000000 return
    meta mark set meta mark ^ 0x00004000
    masquerade fully-random
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x00004000
  }
  chain external-ULMVA6XW-default/web/tcp/http {
    jump mark-for-masquerade
    goto service-ULMVA6XW-default/web/tcp/http
  }
  chain service-ULMVA6XW-default/web/tcp/http {
    ip6 daddr fd00:10:96::20 tcp dport 80 ip6 saddr != fd00:10:244::/56 jump mark-for-masquerade
    ip6 saddr @affinity-5OJB2KTY-default/web/tcp/http__fd00.10.244.1..2/8080 goto endpoint-5OJB2KTY-default/web/tcp/http__fd00.10.244.1..2/8080
    numgen random mod 1 vmap { 0 : goto endpoint-5OJB2KTY-default/web/tcp/http__fd00.10.244.1..2/8080 }
  }
  chain endpoint-5OJB2KTY-default/web/tcp/http__fd00.10.244.1..2/8080 {
    update @affinity-5OJB2KTY-default/web/tcp/http__fd00.10.244.1..2/8080 { ip6 saddr }
    meta l4proto tcp dnat to [fd00:10:244:1::2]:8080
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['fd00:10:244:1::2/128'] },
        routes: ['fd00:10:244:1::1/128 dev eth0', 'default via fd00:10:244:1::1'],
        listeners: [{ protocol: 'tcp', port: 8080, address: '::' }],
      },
      other: {
        addresses: { eth0: ['fd00:10:244:1::3/128'] },
        routes: ['fd00:10:244:1::1/128 dev eth0', 'default via fd00:10:244:1::1'],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
      ['node:veth2', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: 'fd00:10:96::20', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'other', what: 'tcp', to: 'fd00:10:96::20', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:f::1', port: 30080 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: 'fd00:10:96::20', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00:10:96::20', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The set of connections that a pod makes to itself lacks this service's endpoint, so the request comes back to the pod with its own address as the source: the pod answers itself and never the node.",
      causes: [
        { chain: 'ip6 kube-proxy masquerading' },
        { rule: '@hairpin-connections masquerade', chain: 'ip6 kube-proxy masquerading' },
        { code: 'not-masqueraded' },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [
      [
        'node',
        "nft add element ip6 kube-proxy hairpin-connections '{ fd00:10:244:1::2 . fd00:10:244:1::2 . tcp . 8080 }'",
      ],
    ],
  },
]

/** Rules of nft from threads: an element that an engine put into its set, a mark that takes replies of a forwarded port, two engines that each have a say; and two machines that are healthy though their rules look otherwise. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

/** Takes connections in place of whoever was asked, until the lab ends. */
const transparentProxy = (port: number) => `python3 -c "import socket
s=socket.socket(); s.setsockopt(0,19,1); s.setsockopt(1,2,1); s.bind(('0.0.0.0',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

export const THREADS_AJ: Problem[] = [
  {
    name: 'keepalived-holds-the-resolvers-address-among-those-not-accepted',
    thread: {
      title: 'if no_accept (or strict mode): wrong VIPs blocked?',
      address: 'https://github.com/acassen/keepalived/issues/1946',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:47::9/64'] } },
      router: {
        addresses: { ens192: ['2001:db8:47::2/64', '2001:db8:47::153/64', '2001:db8:47::155/64'] },
        listeners: [
          { protocol: 'udp', port: 53, address: '2001:db8:47::2' },
          { protocol: 'udp', port: 53, address: '2001:db8:47::155' },
          { protocol: 'tcp', port: 22, address: '2001:db8:47::2' },
        ],
        rules: {
          nft: `table ip keepalived {
  set vips {
    type ipv4_addr
    elements = { 192.168.47.153 }
  }
  chain out {
    type filter hook output priority filter - 1; policy accept;
    ip saddr @vips drop
  }
  chain in {
    type filter hook input priority filter - 1; policy accept;
    ip daddr @vips drop
  }
}
table ip6 keepalived {
  set vips {
    type ipv6_addr
    elements = { 2001:db8:47::153, 2001:db8:47::155 }
  }
  chain out {
    type filter hook output priority filter - 1; policy accept;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip6 saddr @vips drop
  }
  chain in {
    type filter hook input priority filter - 1; policy accept;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip6 daddr @vips drop
  }
}
table inet filter {
  set resolvers {
    type ipv6_addr
    elements = { 2001:db8:47::2, 2001:db8:47::155 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    ip protocol vrrp ip daddr 224.0.0.18 accept
    ip6 nexthdr vrrp ip6 daddr ff02::12 accept
    tcp dport 22 accept
    ip6 daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
    limit rate 5/minute counter
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'router:ens192']],
    traced: 'router',
    fails: { from: 'client', what: 'udp', to: '2001:db8:47::155', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '2001:db8:47::2', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:47::2', port: 22 }, seen: 'answered' },
      // the gateway's own address, of a VRRP instance that is not to accept
      { sending: { from: 'client', what: 'ping', to: '2001:db8:47::153' }, seen: 'nothing' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:47::155' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "keepalived has put the resolver's address into its set of addresses that this router has and must not accept packets for; its chain comes before the one that accepts DNS.",
      causes: [{ rule: 'ip6 daddr @vips drop', chain: 'ip6 keepalived in' }],
      status: ['dropped'],
    },
    mend: [['router', "nft delete element ip6 keepalived vips '{ 2001:db8:47::155 }'"]],
  },
  {
    name: 'podkop-takes-what-a-forwarded-port-replies',
    thread: {
      title: '[BUG] TCP Port Forwarding не работает',
      address: 'https://github.com/itdoginfo/podkop/issues/381',
    },
    backend: 'nft',
    ...homeRouter(
      {
        listeners: [SSH],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    iifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    ct status dnat accept comment "!fw4: Accept port redirections"
    jump handle_reject
  }
  chain forward_lan {
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
    ct status dnat accept comment "!fw4: Accept port forwards"
    oifname "lan" accept
  }
  chain forward_wan {
    ct status dnat accept comment "!fw4: Accept port forwards"
    jump handle_reject
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 8443 counter dnat ip to 192.168.1.10:443 comment "!fw4: nas"
    meta nfproto ipv4 udp dport 27015 counter dnat ip to 192.168.1.10:27015 comment "!fw4: game"
  }
}
table inet PodkopTable {
  set interfaces {
    type ifname
    elements = { "lan" }
  }
  set localv4 {
    type ipv4_addr
    flags interval
    elements = { 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3 }
  }
  set podkop_subnets {
    type ipv4_addr
    flags interval
    elements = { 91.108.4.0/22, 149.154.160.0/20, 203.0.113.0/26 }
  }
  chain mangle {
    type filter hook prerouting priority mangle; policy accept;
    iifname @interfaces ip daddr @podkop_subnets meta l4proto tcp meta mark set 0x00000105 counter
    iifname @interfaces ip daddr 198.18.0.0/15 meta l4proto tcp meta mark set 0x00000105 counter
    iifname @interfaces ip daddr 198.18.0.0/15 meta l4proto udp meta mark set 0x00000105 counter
  }
  chain mangle_output {
    type route hook output priority mangle; policy accept;
    ip daddr @localv4 return
    ip daddr 198.18.0.0/15 meta l4proto tcp meta mark set 0x00000105 counter
    ip daddr 198.18.0.0/15 meta l4proto udp meta mark set 0x00000105 counter
  }
  chain proxy {
    type filter hook prerouting priority dstnat; policy accept;
    meta mark 0x00000105 meta l4proto tcp tproxy ip to 127.0.0.1:1602 counter
    meta mark 0x00000105 meta l4proto udp tproxy ip to 127.0.0.1:1602 counter
  }
}
`,
        },
      },
      { pc: { listeners: [HTTPS, SSH, { protocol: 'udp', port: 27015 }] }, remote: { listeners: WEB } },
    ),
    setup: [
      ['router', 'ip rule add pref 105 fwmark 0x105 lookup 105; ip route add local 0.0.0.0/0 dev lo table 105'],
      ['router', transparentProxy(1602)],
    ],
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 27015 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The address that asks for the forwarded port is in a list of what is proxied, so what the server replies gets the mark as if it were a new connection, and tproxy and the routing rule hand it to the proxy on the router, which knows nothing of it.',
      causes: [
        { rule: 'ip daddr @podkop_subnets meta l4proto tcp meta mark set', chain: 'inet PodkopTable mangle' },
        { rule: 'meta l4proto tcp tproxy ip to 127.0.0.1:1602', chain: 'inet PodkopTable proxy' },
      ],
      status: ['reply-lost', 'unanswered', 'lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [['router', 'nft insert rule inet PodkopTable mangle ct status dnat return']],
  },
  {
    name: 'near-kube-proxy-asks-for-source-ranges-behind-dnat',
    thread: {
      title: 'kube-proxy: fix LoadBalancerSourceRanges not working for nftables mode',
      address: 'https://github.com/kubernetes/kubernetes/pull/122614',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['default via 2001:db8:f::1'] },
      node: {
        addresses: { eth0: ['2001:db8:f::1/64'], veth1: ['fd00:10:244:1::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 10250, address: '::' }],
        rules: {
          nft: `table ip6 kube-proxy {
  comment "rules for kube-proxy"
  map firewall-ips {
    type ipv6_addr . inet_proto . inet_service : verdict
    comment "destinations that are subject to LoadBalancerSourceRanges"
    elements = { 2001:db8:88::10 . tcp . 80 comment "default/web:http" : goto firewall-ULMVA6XW-default/web/tcp/http }
  }
  map no-endpoint-services {
    type ipv6_addr . inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to services with no endpoints"
    elements = { fd00:10:96::99 . tcp . 80 comment "default/gone:http" : goto reject-chain }
  }
  map no-endpoint-nodeports {
    type inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to service nodeports with no endpoints"
  }
  map service-ips {
    type ipv6_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { fd00:10:96::20 . tcp . 80 comment "default/web:http" : goto service-ULMVA6XW-default/web/tcp/http,
           2001:db8:88::10 . tcp . 80 comment "default/web:http" : goto external-ULMVA6XW-default/web/tcp/http }
  }
  chain filter-input {
    type filter hook input priority -101; policy accept;
    ct state new jump firewall-check
    ct state new jump endpoints-check
  }
  chain filter-forward {
    type filter hook forward priority -101; policy accept;
    ct state new jump firewall-check
    ct state new jump endpoints-check
  }
  chain filter-output {
    type filter hook output priority -101; policy accept;
    ct state new jump firewall-check
    ct state new jump endpoints-check
  }
  chain firewall-check {
    ip6 daddr . meta l4proto . th dport vmap @firewall-ips
  }
  chain firewall-ULMVA6XW-default/web/tcp/http {
    ip6 saddr != { 2001:db8:a::/64, 2001:db8:b::/64 } drop
  }
  chain endpoints-check {
    fib daddr type local meta l4proto . th dport vmap @no-endpoint-nodeports
    ip6 daddr . meta l4proto . th dport vmap @no-endpoint-services
  }
  chain reject-chain {
    reject
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
  }
  chain masquerading {
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
    numgen random mod 1 vmap { 0 : goto endpoint-5OJB2KTY-default/web/tcp/http__fd00.10.244.1..2/8080 }
  }
  chain endpoint-5OJB2KTY-default/web/tcp/http__fd00.10.244.1..2/8080 {
    ip6 saddr fd00:10:244:1::2 jump mark-for-masquerade
    meta l4proto tcp dnat to [fd00:10:244:1::2]:8080
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['fd00:10:244:1::2/64'] },
        routes: ['default via fd00:10:244:1::1'],
        listeners: [{ protocol: 'tcp', port: 8080, address: '::' }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:88::10', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:f::1', port: 10250 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:10:96::20', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:10:96::99', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "Nothing stops the client, though it is in none of the service's source ranges: the chains that ask for the service's address come behind DNAT, which has put the pod's in its place.",
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]

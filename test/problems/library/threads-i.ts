/** nft beside what older programs left, from threads: marks meant for IPv4, a policy of iptables, a verdict map without a port. */
import { bridged, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SCANNER = bridged('br-scan', '172.19.0.1/16', {
  rules: {
    nft: `table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump DOCKER
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "br-scan" ip saddr 172.19.0.0/16 counter masquerade
  }
  chain DOCKER {
    iifname "br-scan" counter return
    iifname != "br-scan" tcp dport 9000 counter dnat to 172.19.0.2:80
  }
}
table ip filter {
  map whalewall-container-addrs {
    type ipv4_addr : verdict
    elements = { 172.19.0.2 : jump whalewall-scanner-b332c42f4347, 172.19.0.3 : jump whalewall-wiki_db-9c20208483af }
  }
  map whalewall-scanner-out {
    type ipv4_addr . inet_proto . inet_service . ct_state : verdict
    elements = { 172.19.0.2 . tcp . 443 . new : accept, 172.19.0.2 . tcp . 443 . established : accept,
                 172.19.0.2 . udp . 53 . new : accept, 172.19.0.2 . udp . 53 . established : accept,
                 172.19.0.2 . tcp . 5432 . new : accept, 172.19.0.2 . tcp . 5432 . established : accept }
  }
  map whalewall-scanner-in {
    type ipv4_addr . inet_proto . inet_service . ct_state : verdict
    elements = { 172.19.0.2 . tcp . 443 . established : accept, 172.19.0.2 . udp . 53 . established : accept,
                 172.19.0.2 . tcp . 5432 . established : accept }
  }
  chain INPUT {
    type filter hook input priority filter; policy accept;
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    oifname "br-scan" ct state established,related counter accept
    oifname "br-scan" counter jump DOCKER
    iifname "br-scan" oifname != "br-scan" counter accept
    iifname "br-scan" oifname "br-scan" counter accept
  }
  chain DOCKER-USER {
    counter jump whalewall
    counter return
  }
  chain DOCKER {
    iifname != "br-scan" oifname "br-scan" ip daddr 172.19.0.2 tcp dport 80 counter accept
  }
  chain whalewall {
    ip daddr vmap @whalewall-container-addrs
    ip saddr vmap @whalewall-container-addrs
  }
  chain whalewall-scanner-b332c42f4347 {
    ip saddr . ip protocol . th dport . ct state vmap @whalewall-scanner-out
    ip daddr . ip protocol . th sport . ct state vmap @whalewall-scanner-in
    counter drop
  }
  chain whalewall-wiki_db-9c20208483af {
    counter drop
  }
}
`,
  },
})

export const THREADS_I: Problem[] = [
  {
    name: 'openclash-marks-ipv6-that-nobody-takes',
    thread: {
      title: '[Bug] nftables IPv6 tproxy规则无法添加，导致外部访问路由器IPv6端口的流量只进不出',
      address: 'https://github.com/vernesong/OpenClash/issues/3466',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw4 {
  set localnetwork {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8, 127.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 }
  }
  set china_ip_route {
    type ipv4_addr
    flags interval
    elements = { 203.0.113.0/24 }
  }
  set localnetwork6 {
    type ipv6_addr
    flags interval
    elements = { ::/127, fc00::/7, fe80::/10, ff00::/8 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags syn / fin,syn,rst,ack jump syn_flood comment "!fw4: Rate limit TCP syn packets"
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
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle outbound flows"
  }
  chain syn_flood {
    limit rate 25/second burst 50 packets return comment "!fw4: Accept SYN packets below rate-limit"
    drop comment "!fw4: Drop excess packets"
  }
  chain input_lan {
    accept
  }
  chain input_wan {
    meta nfproto ipv4 udp dport 68 counter accept comment "!fw4: Allow-DHCP-Renew"
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, nd-router-solicit, nd-router-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    icmpv6 type . icmpv6 code { packet-too-big . no-route, nd-neighbor-solicit . no-route, nd-neighbor-advert . no-route } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    jump reject_from_wan
  }
  chain forward_lan {
    oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
  }
  chain forward_wan {
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
    ip6 daddr 2001:db8:1::10 tcp dport 8000 counter accept comment "!fw4: jellyfin-v6"
    jump reject_to_wan
  }
  chain reject_from_wan {
    iifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    meta l4proto { tcp, udp } counter jump openclash_mangle
    meta nfproto ipv6 counter jump openclash_mangle_v6
  }
  chain openclash_mangle {
    meta nfproto ipv4 tcp sport 8000 counter return
    meta nfproto ipv4 udp sport 500 counter return
    meta nfproto ipv4 udp sport 68 counter return
    meta l4proto { tcp, udp } iifname "utun" counter return
    ip daddr @localnetwork counter return
    ip daddr @china_ip_route counter return
    meta l4proto { tcp, udp } th dport 0-65535 meta mark set 0x00000162 counter
  }
  chain openclash_mangle_v6 {
    meta nfproto ipv6 tcp sport 8000 counter return
    ip6 daddr @localnetwork6 counter return
  }
}
`,
        },
      },
      {
        pc: { listeners: [{ protocol: 'tcp', address: '2001:db8:1::10', port: 8000 }] },
        remote: { listeners: WEB },
      },
    ),
    setup: [
      [
        'router',
        'for f in -4 -6; do ip $f rule add fwmark 0x162 lookup 354; done; ip route add local default dev lo table 354; ip -6 route add local ::/0 dev lo table 354',
      ],
    ],
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 8000 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:1::10' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The last rule of the chain for IPv4 marks IPv6 as well; no tproxy rule takes it, and the mark's table has all addresses on this router, so a packet for a host of the LAN ends in the router's own input and is rejected.",
      causes: [
        { rule: 'mark set 0x00000162', chain: 'inet fw4 openclash_mangle' },
        { code: 'marked-astray', words: ['0x162'] },
      ],
      status: ['rejected'],
      alsoTrue: ['marked-astray'],
    },
    mend: [
      [
        'router',
        "nft delete rule inet fw4 openclash_mangle handle $(nft -a list chain inet fw4 openclash_mangle | sed -n 's/.*mark set.*# handle //p')",
      ],
    ],
  },
  {
    name: 'docker-nft-backend-finds-old-policy-and-no-forwarding',
    thread: {
      title: 'nftables: never enable IP forwarding on the host',
      address: 'https://github.com/moby/moby/pull/50646',
    },
    backend: 'nft',
    ...bridged('docker0', '172.17.0.1/16', {
      sysctls: { 'net.ipv4.ip_forward': '0' },
      listeners: [{ protocol: 'tcp', port: 22 }],
      rules: {
        nft: `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
  }
  chain OUTPUT {
    type filter hook output priority filter; policy accept;
  }
  chain DOCKER-USER {
    counter return
  }
}
table ip docker-bridges {
  map filter-forward-in-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-in__docker0 }
  }
  map filter-forward-out-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-out__docker0 }
  }
  map nat-postrouting-in-jumps {
    type ifname : verdict
    elements = { "docker0" : jump nat-postrouting-in__docker0 }
  }
  map nat-postrouting-out-jumps {
    type ifname : verdict
    elements = { "docker0" : jump nat-postrouting-out__docker0 }
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    oifname vmap @filter-forward-in-jumps
    iifname vmap @filter-forward-out-jumps
  }
  chain filter-forward-in__docker0 {
    ct state established,related counter accept
    iifname "docker0" counter accept comment "ICC"
    ip daddr 172.17.0.2 tcp dport 80 counter accept
    counter drop comment "UNPUBLISHED PORT DROP"
  }
  chain filter-forward-out__docker0 {
    ct state established,related counter accept
    counter accept comment "OUTGOING"
  }
  chain nat-OUTPUT {
    type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-prerouting-and-output {
    iifname != "docker0" tcp dport 8080 counter dnat to 172.17.0.2:80
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    iifname vmap @nat-postrouting-out-jumps
    oifname vmap @nat-postrouting-in-jumps
  }
  chain nat-postrouting-in__docker0 {
    fib saddr type local counter masquerade
  }
  chain nat-postrouting-out__docker0 {
    oifname != "docker0" ip saddr 172.17.0.0/16 counter masquerade
  }
  chain raw-PREROUTING {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 172.17.0.2 iifname != "docker0" counter drop comment "DROP DIRECT ACCESS"
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'With its nft backend docker does not switch forwarding on, so the packet is lost behind its DNAT; and the FORWARD policy DROP that the iptables backend set before is still there and would drop what docker-bridges accepts.',
      causes: [{ code: 'vanished-forwarding-off' }, { policy: 'ip filter FORWARD' }, { code: 'several-causes' }],
      status: ['lost'],
    },
    mend: [
      [
        'host',
        'sysctl -qw net.ipv4.ip_forward=1; nft "chain ip filter FORWARD { type filter hook forward priority filter; policy accept; }"',
      ],
    ],
  },
  {
    name: 'whalewall-map-has-no-entry-for-the-port',
    thread: {
      title: 'Permit all outbound connectivity',
      address: 'https://github.com/capnspacehook/whalewall/issues/99',
    },
    backend: 'nft',
    ...SCANNER,
    hosts: {
      ...SCANNER.hosts,
      client: { ...SCANNER.hosts.client, listeners: [443, 8443].map((port) => ({ protocol: 'tcp', port })) },
    },
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 8443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'nothing' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 8443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The container's verdict maps name every port that it may ask, and 8443 is in neither of them, for the request or for the reply: whatever no entry accepts is dropped.",
      causes: [
        { code: 'not-in-set', words: ['whalewall-scanner-out'] },
        { rule: '@whalewall-scanner-out', chain: 'ip filter whalewall-scanner-b332c42f4347' },
        { rule: 'drop', chain: 'ip filter whalewall-scanner-b332c42f4347' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'nft add element ip filter whalewall-scanner-out "{ 172.19.0.2 . tcp . 8443 . new : accept, 172.19.0.2 . tcp . 8443 . established : accept }"; nft add element ip filter whalewall-scanner-in "{ 172.19.0.2 . tcp . 8443 . established : accept }"',
      ],
    ],
  },
]

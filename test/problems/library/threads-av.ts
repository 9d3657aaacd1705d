/** By nft, from threads: datagrams to the router's own address that its proxy takes, a bridge in no zone. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** Forwards, and what is bridged is no business of its rules, as where br_netfilter is not loaded. */
const ROUTES = {
  ...FORWARDS,
  'net.bridge.bridge-nf-call-iptables': '0',
  'net.bridge.bridge-nf-call-ip6tables': '0',
}

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const DNS = { protocol: 'udp', port: 53 } as const

const RUSTDESK = [
  { protocol: 'tcp', port: 21116 },
  { protocol: 'udp', port: 21116 },
] as const

/** Takes datagrams in place of whoever was asked, and its upstream answers none of them. */
const transparentDatagrams = (port: number) => `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.setsockopt(0,19,1); s.bind(('0.0.0.0',${port}))
while True: s.recv(2000)" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :${port} && break; sleep .1; done`

const BRIDGE = 'br-9a41c2d7e0b3'

export const THREADS_AV: Problem[] = [
  {
    name: 'homeproxy-takes-datagrams-to-the-uplinks-address-before-they-are-reflected',
    thread: {
      title: 'UDP hairpin NAT is intercepted by TPROXY before firewall4 reflection DNAT',
      address: 'https://github.com/1andrevich/homeproxy-hiddify/issues/25',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] } },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['10.1.10.1/24'] },
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        sysctls: ROUTES,
        listeners: [DNS, SSH, { protocol: 'tcp', port: 5331 }],
        rules: {
          nft: `table inet fw4 {
  set homeproxy_localaddr_v4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3 }
  }
  set homeproxy_wan_proxy_addr_v4 {
    type ipv4_addr
    flags interval
    auto-merge
  }
  set homeproxy_wan_direct_addr_v4 {
    type ipv4_addr
    flags interval
    auto-merge
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags & (fin | syn | rst | ack) == syn jump syn_flood comment "!fw4: Rate limit TCP syn packets"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle outbound flows"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain syn_flood {
    limit rate 25/second burst 50 packets return comment "!fw4: Accept SYN packets below rate-limit"
    drop comment "!fw4: Drop excess packets"
  }
  chain input_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    meta nfproto ipv4 udp dport 68 counter accept comment "!fw4: Allow-DHCP-Renew"
    meta nfproto ipv4 icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    ct status dnat accept comment "!fw4: Accept port redirections"
    jump handle_reject
  }
  chain forward_lan {
    oifname "wan" counter accept comment "!fw4: Accept lan to wan forwarding"
    ct status dnat accept comment "!fw4: Accept port forwards"
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_wan {
    ct status dnat accept comment "!fw4: Accept port forwards"
    jump handle_reject
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "br-lan" jump dstnat_lan comment "!fw4: Handle lan IPv4/IPv6 dstnat traffic"
    iifname "wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
    meta nfproto ipv4 meta l4proto tcp jump homeproxy_redirect_lanac
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "br-lan" jump srcnat_lan comment "!fw4: Handle lan IPv4/IPv6 srcnat traffic"
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain dstnat_lan {
    ip saddr 10.1.10.0/24 ip daddr 203.0.113.1 tcp dport 21114-21119 dnat ip to 10.1.10.2 comment "!fw4: RustDesk (reflection)"
    ip saddr 10.1.10.0/24 ip daddr 203.0.113.1 udp dport 21114-21119 dnat ip to 10.1.10.2 comment "!fw4: RustDesk (reflection)"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 21114-21119 counter dnat ip to 10.1.10.2 comment "!fw4: RustDesk"
    meta nfproto ipv4 udp dport 21114-21119 counter dnat ip to 10.1.10.2 comment "!fw4: RustDesk"
  }
  chain srcnat_lan {
    ip saddr 10.1.10.0/24 ip daddr 10.1.10.2 tcp dport 21114-21119 snat ip to 10.1.10.1 comment "!fw4: RustDesk (reflection)"
    ip saddr 10.1.10.0/24 ip daddr 10.1.10.2 udp dport 21114-21119 snat ip to 10.1.10.1 comment "!fw4: RustDesk (reflection)"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    meta nfproto ipv4 meta l4proto udp jump homeproxy_mangle_lanac
  }
  chain homeproxy_redirect_lanac {
    iifname != "br-lan" counter return
    meta mark 0x00000064 counter return
    jump homeproxy_redirect_proxy
  }
  chain homeproxy_redirect_proxy {
    ip daddr @homeproxy_wan_proxy_addr_v4 counter goto homeproxy_redirect_proxy_port
    ip daddr @homeproxy_wan_direct_addr_v4 counter return
    ip daddr @homeproxy_localaddr_v4 counter return
    goto homeproxy_redirect_proxy_port
  }
  chain homeproxy_redirect_proxy_port {
    meta l4proto tcp counter redirect to :5331
  }
  chain homeproxy_mangle_lanac {
    iifname != "br-lan" counter return
    meta mark 0x00000064 counter return
    ct direction reply counter return
    jump homeproxy_mangle_tproxy
  }
  chain homeproxy_mangle_tproxy {
    ip daddr @homeproxy_wan_proxy_addr_v4 counter goto homeproxy_mangle_tproxy_port
    ip daddr @homeproxy_wan_direct_addr_v4 counter return
    ip daddr @homeproxy_localaddr_v4 counter return
    goto homeproxy_mangle_tproxy_port
  }
  chain homeproxy_mangle_tproxy_port {
    meta l4proto udp meta mark set 0x00000065 tproxy ip to 127.0.0.1:5332 counter accept
  }
}
`,
        },
      },
      server: { addresses: { eth0: ['10.1.10.2/24'] }, routes: ['default via 10.1.10.1'], listeners: RUSTDESK },
      pc: { addresses: { eth0: ['10.1.10.20/24'] }, routes: ['default via 10.1.10.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'server:eth0'],
      ['router:lan2', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', 'ip rule add fwmark 101 lookup 100; ip route add local 0.0.0.0/0 dev lo table 100'],
      ['router', transparentDatagrams(5332)],
    ],
    fails: { from: 'pc', what: 'udp', to: '203.0.113.1', port: 21116 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 21116 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 21116 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '10.1.10.1', port: 53 }, seen: 'answered' },
      // the proxy's upstream answers nobody
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 3478 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The uplink's own address is in none of the proxy's sets of direct addresses. Its TPROXY rule marks the datagram and gives it to the proxy. The reflection still rewrites the destination, and the mark leads it to this host all the same.",
      causes: [
        { rule: 'tproxy ip to 127.0.0.1:5332', chain: 'inet fw4 homeproxy_mangle_tproxy_port' },
        { chain: 'inet fw4 homeproxy_mangle_tproxy' },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'nft add element inet fw4 homeproxy_wan_direct_addr_v4 { 203.0.113.1 }']],
  },
  {
    name: 'openwrt-zone-of-docker-knows-the-default-bridge-alone',
    thread: {
      title:
        'in docker pakcege default openwrt firewall rules fails to match new docker briges , causing built-in dns resolver to fail',
      address: 'https://github.com/openwrt/packages/issues/26500',
    },
    backend: 'nft',
    hosts: {
      router: {
        addresses: {
          'br-lan': ['192.168.1.1/24'],
          wan: ['203.0.113.1/24'],
          docker0: ['172.17.0.1/16'],
          [BRIDGE]: ['172.18.0.1/16'],
        },
        bridges: { 'br-lan': ['lan1'], docker0: ['veth0'], [BRIDGE]: ['veth1'] },
        sysctls: ROUTES,
        listeners: [{ ...DNS, address: '192.168.1.1' }, SSH],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags & (fin | syn | rst | ack) == syn jump syn_flood comment "!fw4: Rate limit TCP syn packets"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    iifname "docker0" jump input_docker comment "!fw4: Handle docker IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    iifname "docker0" jump forward_docker comment "!fw4: Handle docker IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle outbound flows"
    oifname "br-lan" jump output_lan comment "!fw4: Handle lan IPv4/IPv6 output traffic"
    oifname "wan" jump output_wan comment "!fw4: Handle wan IPv4/IPv6 output traffic"
    oifname "docker0" jump output_docker comment "!fw4: Handle docker IPv4/IPv6 output traffic"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain syn_flood {
    limit rate 25/second burst 50 packets return comment "!fw4: Accept SYN packets below rate-limit"
    drop comment "!fw4: Drop excess packets"
  }
  chain input_lan {
    jump accept_from_lan
  }
  chain output_lan {
    jump accept_to_lan
  }
  chain forward_lan {
    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
    jump accept_to_docker comment "!fw4: Accept lan to docker forwarding"
    jump accept_to_lan
  }
  chain accept_from_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain accept_to_lan {
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    meta nfproto ipv4 udp dport 68 counter accept comment "!fw4: Allow-DHCP-Renew"
    meta nfproto ipv4 icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    jump reject_from_wan
  }
  chain output_wan {
    jump accept_to_wan
  }
  chain forward_wan {
    jump reject_to_wan
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname "wan" ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain reject_from_wan {
    iifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain input_docker {
    jump accept_from_docker
  }
  chain output_docker {
    jump accept_to_docker
  }
  chain forward_docker {
    jump accept_to_wan comment "!fw4: Accept docker to wan forwarding"
    jump accept_to_docker
  }
  chain accept_from_docker {
    iifname "docker0" counter accept comment "!fw4: accept docker IPv4/IPv6 traffic"
  }
  chain accept_to_docker {
    oifname "docker0" counter accept comment "!fw4: accept docker IPv4/IPv6 traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      old: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
      new: { addresses: { eth0: ['172.18.0.2/16'] }, routes: ['default via 172.18.0.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['pc:eth0', 'router:lan1'],
      ['old:eth0', 'router:veth0'],
      ['new:eth0', 'router:veth1'],
    ],
    traced: 'router',
    fails: { from: 'new', what: 'udp', to: '192.168.1.1', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'old', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'old', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'new', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 53 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The zone of the containers names docker0. The bridge of a network that was made later is in no zone: what comes in by it is rejected at the end of input.',
      causes: [
        { rule: 'jump handle_reject', chain: 'inet fw4 input' },
        { rule: 'reject', chain: 'inet fw4 handle_reject' },
        { rule: 'iifname "docker0" jump input_docker', chain: 'inet fw4 input' },
        { chain: 'inet fw4 input' },
      ],
      status: ['rejected', 'refused'],
    },
    mend: [['router', `nft insert rule inet fw4 input iifname ${BRIDGE} udp dport 53 accept`]],
  },
]

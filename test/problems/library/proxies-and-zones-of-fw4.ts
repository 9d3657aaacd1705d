/** OpenWrt's fw4 and a transparent proxy beside it, from threads: an exception below what it excepts, a zone that rejects what the proxy took, a drop that looks at the way out alone. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

/** Takes connections in place of whoever was asked, until the lab ends. */
const transparentProxy = (port: number) => `python3 -c "import socket
s=socket.socket(); s.setsockopt(0,19,1); s.setsockopt(1,2,1); s.bind(('0.0.0.0',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

const LOCAL_TABLE = 'ip rule add fwmark 0x00100000/0x00100000 lookup 105; ip route add local 0.0.0.0/0 dev lo table 105'

interface Fw4 {
  jumps: readonly string[]
  chains: string
  nat?: string
}

/** What fw4 prints, with the zones as `DEVICE ZONE`. */
const fw4 = ({ jumps, chains, nat = '' }: Fw4) => {
  const handled = (hook: string, interfaceName: string) =>
    jumps
      .map((jump) => jump.split(' ') as [string, string])
      .map(
        ([device, zone]) =>
          `    ${interfaceName} "${device}" jump ${hook}_${zone} comment "!fw4: Handle ${zone} IPv4/IPv6 ${hook} traffic"\n`,
      )
      .join('')
  return `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags syn / fin,syn,rst,ack jump syn_flood comment "!fw4: Rate limit TCP syn packets"
${handled('input', 'iifname')}    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
${handled('forward', 'iifname')}    jump handle_reject
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
${chains}  chain mangle_postrouting {
    type filter hook postrouting priority mangle; policy accept;
    oifname "wan" tcp flags syn / fin,syn,rst tcp option maxseg size set rt mtu comment "!fw4: Zone wan IPv4/IPv6 egress MTU fixing"
  }
${nat}}
`
}

const SRCNAT = `  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
`

const LAN_AND_WAN = `  chain input_lan {
    iifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    ct status dnat accept comment "!fw4: Accept port redirections"
    jump handle_reject
  }
  chain forward_lan {
    oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
    ct status dnat accept comment "!fw4: Accept port forwards"
    oifname "lan" accept
  }
`

const PODKOP_SETS = `  set interfaces {
    type ifname
    elements = { "lan", "br-guest" }
  }
  set localv4 {
    type ipv4_addr
    flags interval
    elements = { 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3 }
  }
  set podkop_subnets {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 91.108.4.0/22, 149.154.160.0/20, 198.51.100.0/24 }
  }
`

const PODKOP_PROXY = `  chain proxy {
    type filter hook prerouting priority dstnat; policy accept;
    meta mark & 0x00100000 == 0x00100000 meta l4proto tcp tproxy ip to 127.0.0.1:1602 counter
    meta mark & 0x00100000 == 0x00100000 meta l4proto udp tproxy ip to 127.0.0.1:1602 counter
  }
`

export const PROXIES_AND_ZONES_OF_FW4: Problem[] = [
  {
    name: 'podkop-excepts-forwarded-ports-below-its-marks',
    thread: {
      title: '[BUG] TCP Port Forwarding не работает при Fully Routed IPs',
      address: 'https://github.com/itdoginfo/podkop/issues/385',
    },
    backend: 'nft',
    ...homeRouter(
      {
        listeners: [SSH],
        rules: {
          nft: `${fw4({
            jumps: ['lan lan', 'wan wan'],
            chains: `${LAN_AND_WAN}  chain forward_wan {
    ct status dnat accept comment "!fw4: Accept port forwards"
    jump handle_reject
  }
`,
            nat: `  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 443 counter dnat ip to 192.168.1.10:443 comment "!fw4: nas"
  }
${SRCNAT}`,
          })}table inet PodkopTable {
${PODKOP_SETS}  chain mangle {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr @localv4 return
    iifname @interfaces ip saddr 192.168.1.0/24 meta l4proto udp meta mark set 0x00100000 counter
    iifname @interfaces ip saddr 192.168.1.0/24 meta l4proto tcp meta mark set 0x00100000 counter
    ct status dnat return
    iifname @interfaces ip daddr @podkop_subnets meta l4proto { tcp, udp } meta mark set 0x00100000 counter
    iifname @interfaces ip daddr 198.18.0.0/15 meta l4proto { tcp, udp } meta mark set 0x00100000 counter
  }
${PODKOP_PROXY}}
`,
        },
      },
      { pc: { listeners: [HTTPS] }, remote: { listeners: WEB } },
    ),
    setup: [
      ['router', LOCAL_TABLE],
      ['router', transparentProxy(1602)],
    ],
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      // the proxy answers in place of whoever was asked
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The reply of the forwarded port gets the proxy's mark before the rule that excepts forwarded ports: that one stands below. TPROXY then hands the reply to the proxy on the router.",
      causes: [
        { rule: 'meta l4proto tcp meta mark set 0x00100000', chain: 'inet PodkopTable mangle' },
        { rule: 'ct status dnat return', chain: 'inet PodkopTable mangle' },
        { rule: 'tproxy ip to 127.0.0.1:1602', chain: 'inet PodkopTable proxy' },
      ],
      status: ['reply-lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [['router', 'nft insert rule inet PodkopTable mangle ct status dnat counter return']],
  },
  {
    name: 'forkop-hands-guests-to-a-proxy-that-their-zone-rejects',
    thread: {
      title: 'Allow Forkop TPROXY traffic through fw4 input',
      address: 'https://github.com/ushan0v/forkop/pull/107',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [...WEB, HTTPS] },
      router: {
        bridges: { 'br-guest': ['lan4'] },
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'], 'br-guest': ['192.168.9.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, { protocol: 'udp', port: 53 }],
        rules: {
          nft: `${fw4({
            jumps: ['lan lan', 'wan wan', 'br-guest guest'],
            chains: `${LAN_AND_WAN}  chain forward_wan {
    jump handle_reject
  }
  chain input_guest {
    udp dport { 53, 67 } counter accept comment "!fw4: Allow-DNS-DHCP-Guest"
    iifname "br-guest" counter jump handle_reject comment "!fw4: reject guest IPv4/IPv6 traffic"
  }
  chain forward_guest {
    oifname "wan" accept comment "!fw4: Accept guest to wan forwarding"
    jump handle_reject
  }
`,
            nat: SRCNAT,
          })}table inet ForkopTable {
${PODKOP_SETS}  chain mangle {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr @localv4 return
    ct status dnat return
    iifname @interfaces ip daddr @podkop_subnets meta l4proto { tcp, udp } meta mark set 0x00100000 counter
    iifname @interfaces ip daddr 198.18.0.0/15 meta l4proto { tcp, udp } meta mark set 0x00100000 counter
  }
${PODKOP_PROXY}  chain accept_proxied {
    type filter hook input priority filter - 1; policy accept;
    meta mark & 0x00100000 == 0x00100000 meta l4proto { tcp, udp } counter accept
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      phone: { addresses: { eth0: ['192.168.9.20/24'] }, routes: ['default via 192.168.9.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
      ['router:lan4', 'phone:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', LOCAL_TABLE],
      ['router', transparentProxy(1602)],
    ],
    fails: { from: 'phone', what: 'tcp', to: '198.51.100.80', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.80', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'udp', to: '192.168.9.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.9.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "TPROXY makes the guest's connection one to the router itself, and the guests' zone rejects those. The accept of the proxy's own chain at input ends that chain alone.",
      causes: [
        { rule: 'jump handle_reject', chain: 'inet fw4 input_guest' },
        { rule: 'reject with tcp reset', chain: 'inet fw4 handle_reject' },
        { rule: 'jump input_guest', chain: 'inet fw4 input' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'router',
        'nft insert rule inet fw4 input meta mark and 0x00100000 == 0x00100000 meta l4proto { tcp, udp } counter accept',
      ],
    ],
  },
  {
    name: 'fw4-wan-drop-names-the-way-out-and-ipv6-is-rejected',
    thread: {
      title: 'wan DROP policy works for IPv4 but not for IPv6',
      address: 'https://github.com/openwrt/openwrt/issues/19814',
    },
    backend: 'nft',
    ...homeRouter(
      {
        listeners: [SSH, { ...SSH, address: '::' }],
        rules: {
          nft: fw4({
            jumps: ['lan lan', 'wan wan'],
            chains: `  chain input_lan {
    iifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    iifname "wan" counter drop comment "!fw4: drop wan IPv4/IPv6 traffic"
  }
  chain forward_lan {
    oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
    oifname "lan" accept
  }
  chain forward_wan {
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
    meta l4proto esp counter jump accept_to_lan comment "!fw4: Allow-IPSec-ESP"
    udp dport 500 counter jump accept_to_lan comment "!fw4: Allow-ISAKMP"
    ip6 daddr & ::ffff:ffff:ffff:ffff == ::10 tcp dport 8443 counter jump accept_to_lan comment "!fw4: nas"
    jump drop_to_wan
  }
  chain accept_to_lan {
    oifname "lan" accept
  }
  chain drop_to_wan {
    oifname "wan" counter drop comment "!fw4: drop wan IPv4/IPv6 traffic"
  }
`,
            nat: SRCNAT,
          }),
        },
      },
      {
        pc: {
          listeners: [
            { protocol: 'tcp', port: 113, address: '::' },
            { protocol: 'tcp', port: 8443, address: '::' },
          ],
        },
      },
    ),
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 113 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 8443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:1::10' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 113 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'No rule accepts the port. The drop of the zone is for what leaves by wan, and this one leaves by lan: it falls through to the reject at the end of forward, which tells whoever asked.',
      causes: [
        { rule: 'jump handle_reject', chain: 'inet fw4 forward' },
        { rule: 'reject with tcp reset', chain: 'inet fw4 handle_reject' },
        { rule: 'oifname "wan" counter', chain: 'inet fw4 drop_to_wan' },
      ],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet fw4 forward_wan ip6 daddr 2001:db8:1::10 tcp dport 113 counter accept']],
  },
]

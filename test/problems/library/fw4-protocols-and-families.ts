/** From threads, by nft: OpenWrt's rules for one protocol or family that lack the other, a redirect that has lost its port, and a country's list that sees ARP too. */
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const DNS = { protocol: 'udp', port: 53 } as const

interface Rules {
  input?: string
  forward?: string
  dstnat?: string
  srcnat?: string
  wan?: string
}

const fw4 = ({ input = '', forward = '', dstnat = '', srcnat = '', wan = 'wan' }: Rules) => `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "${wan}" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "${wan}" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    iifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_lan {
    oifname "${wan}" counter accept comment "!fw4: Accept lan to wan forwarding"
    oifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    icmpv6 type { echo-request, nd-router-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    icmpv6 type . icmpv6 code { packet-too-big . no-route, nd-neighbor-solicit . no-route, nd-neighbor-advert . no-route } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
${input}    iifname "${wan}" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain forward_wan {
${forward}    oifname "lan" counter jump handle_reject comment "!fw4: reject lan IPv4/IPv6 traffic"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "${wan}" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain dstnat_wan {
${dstnat}  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${wan}" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
${srcnat || '    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"\n'}  }
}
`

export const FW4_PROTOCOLS_AND_FAMILIES: Problem[] = [
  {
    name: 'fw4-maps-tcp-and-udp-to-the-shared-address-and-no-ping',
    thread: {
      title:
        'fw4: ubus-provided SNAT rules with proto icmp and a port range are silently dropped (breaks MAP-T/MAP-E ICMP)',
      address: 'https://github.com/openwrt/openwrt/issues/25191',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { lan: ['192.168.1.1/24'], wanmap: ['203.0.113.91/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: fw4({
            wan: 'wanmap',
            srcnat: `    meta nfproto ipv4 meta l4proto tcp counter snat ip to 203.0.113.91:16384-24575 comment "!fw4: ubus:wanmap[map] nat 1"
    meta nfproto ipv4 meta l4proto udp counter snat ip to 203.0.113.91:16384-24575 comment "!fw4: ubus:wanmap[map] nat 2"
`,
          }),
        },
      },
      // the internet knows no way to private addresses
      net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTP, DNS] },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wanmap', 'net:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'ping', to: '203.0.113.9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.91', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The translation to the shared address has a rule for TCP and one for UDP; the one for ICMP was left out. A ping leaves with the private address of the LAN, and nobody can reply to that.',
      causes: [{ code: 'not-masqueraded' }, { chain: 'inet fw4 srcnat_wan' }],
      status: ['unanswered'],
    },
    mend: [
      [
        'router',
        'nft add rule inet fw4 srcnat_wan meta nfproto ipv4 meta l4proto icmp counter snat ip to 203.0.113.91',
      ],
    ],
  },
  {
    name: 'fw4-redirect-for-all-protocols-takes-every-port-of-the-router',
    thread: {
      title: 'fw4: do not allow setting ports for non-TCP or -UDP rules and redirects',
      address: 'https://github.com/openwrt/firewall4/pull/42',
    },
    backend: 'nft',
    ...homeRouter(
      {
        routes: ['default via 203.0.113.9'],
        listeners: [SSH, { protocol: 'udp', port: 51820 }],
        rules: {
          nft: fw4({
            input: '    udp dport 51820 counter accept comment "!fw4: Allow-WireGuard"\n',
            forward: '    ct status dnat accept comment "!fw4: Accept port forwards"\n',
            dstnat: '    meta nfproto ipv4 counter dnat ip to 192.168.1.10 comment "!fw4: DNAT-Test"\n',
          }),
        },
      },
      { pc: { listeners: [SSH] }, remote: { listeners: [HTTP] } },
    ),
    fails: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 51820 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22222 }, seen: 'refused', either: true },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The redirect was made for all protocols, so its port was not written into the rule: whatever comes to the router from outside goes to the PC, also what its own tunnel listens for.',
      causes: [{ rule: 'dnat ip to 192.168.1.10', chain: 'inet fw4 dstnat_wan' }],
      status: ['refused'],
      alsoTrue: ['refused-there', 'closed-port'],
    },
    mend: [
      [
        'router',
        'nft flush chain inet fw4 dstnat_wan; nft add rule inet fw4 dstnat_wan meta nfproto ipv4 tcp dport 22222 counter dnat ip to 192.168.1.10:22',
      ],
    ],
  },
  {
    name: 'fw4-rule-for-ping-without-a-family-was-written-for-ipv4',
    thread: {
      title: 'firewall4: ICMP rule without specified family is only applied for IPv4',
      address: 'https://github.com/openwrt/openwrt/issues/9765',
    },
    backend: 'nft',
    ...homeRouter(
      {
        routes: ['default via 203.0.113.9'],
        rules: {
          nft: fw4({
            forward: `    icmp type echo-request counter accept comment "!fw4: Ping-Home"
    tcp dport 80 counter accept comment "!fw4: Web-Home"
`,
          }),
        },
      },
      {
        pc: { listeners: [SSH, { ...HTTP, address: '::' }] },
        remote: { routes: ['192.168.1.0/24 via 203.0.113.1'], listeners: [{ ...HTTP, address: '::' }] },
      },
    ),
    fails: { from: 'remote', what: 'ping', to: '2001:db8:1::10' },
    seen: 'unreachable',
    others: [
      { sending: { from: 'remote', what: 'ping', to: '192.168.1.10' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'refused' },
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that lets pings into the LAN names no family, and fw4 wrote it for ICMP of IPv4 alone. No rule accepts the echo request of IPv6, and the zone rejects it.',
      causes: [{ rule: 'Ping-Home', chain: 'inet fw4 forward_wan' }, { chain: 'inet fw4 forward_wan' }],
      status: ['rejected'],
    },
    mend: [
      [
        'router',
        'nft insert rule inet fw4 forward_wan icmpv6 type echo-request counter accept comment \'"!fw4: Ping-Home"\'',
      ],
    ],
  },
  {
    name: 'geo-filter-at-ingress-drops-arp-with-other-countries',
    thread: {
      title: 'Allow mode exceptions blocks traffic from private subnets',
      address: 'https://github.com/rpthms/nft-geo-filter/issues/4',
    },
    backend: 'nft',
    hosts: {
      web: {
        addresses: { enp1s0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [SSH, HTTP],
        rules: {
          nft: `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ct state established,related accept
    tcp dport { 22, 80 } accept
  }
}
table netdev AT-filter {
  set filter-v4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 198.51.100.0/25, 203.0.113.0/26 }
  }
  set filter-v6 {
    type ipv6_addr
    flags interval
    auto-merge
    elements = { 2001:db8:628::/48 }
  }
  chain filter-chain {
    type filter hook ingress device "enp1s0" priority -200; policy drop;
    ip6 saddr fe80::/10 accept
    ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } accept
    ip saddr @filter-v4 counter accept
    ip6 saddr @filter-v6 counter accept
  }
}
`,
        },
      },
      router: {
        addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24', '192.0.2.1/24'] },
        sysctls: FORWARDS,
        listeners: [HTTP, DNS],
      },
      austria: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
    },
    links: [
      ['web:enp1s0', 'router:lan'],
      ['austria:eth0', 'router:wan'],
    ],
    // the router still has the link address of the server
    setup: [
      ['web', 'ip link set enp1s0 address 02:00:00:00:00:10; ip route replace default via 192.168.1.1'],
      ['router', 'ip neigh replace 192.168.1.10 lladdr 02:00:00:00:00:10 dev lan nud permanent'],
      ['austria', 'ip addr add 192.0.2.9/32 dev lo'],
    ],
    traced: 'web',
    fails: { from: 'web', what: 'tcp', to: '192.168.1.1', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'web', what: 'tcp', to: '127.0.0.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'nothing', either: true },
      { sending: { from: 'austria', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'nothing', either: true },
      { sending: { from: 'web', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The policy of the chain where frames come in drops all that is neither of the allowed country nor of a private network, and ARP is neither. The host hears no reply to its own ARP requests, and can send to nobody.',
      causes: [{ policy: 'netdev AT-filter filter-chain' }, { chain: 'netdev AT-filter filter-chain' }],
      status: ['lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['web', "nft 'insert rule netdev AT-filter filter-chain meta protocol != { ip, ip6 } accept'"]],
  },
]

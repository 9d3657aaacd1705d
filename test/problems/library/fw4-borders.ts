/** OpenWrt's fw4 at the border of its uplink: private networks beyond it, a zone's policy that asks the other interface, the rules for a table of an uplink of its own. */
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const DNS = { protocol: 'udp', port: 53 } as const

interface Zones {
  /** How a packet ends that no zone takes. */
  forward?: 'drop' | 'accept'
  lan?: string
  wan?: string
  /** Verdict of the zone wan, in both directions. */
  refuses?: 'drop' | 'reject'
  zones?: string
  /** Calls of a further zone's chains. */
  input?: string
  srcnat?: string
}

const fw4 = ({
  forward = 'drop',
  lan = '',
  wan = '',
  refuses = 'reject',
  zones = '',
  input = '',
  srcnat = '',
}: Zones) => `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags syn / fin,syn,rst,ack jump syn_flood comment "!fw4: Rate limit TCP syn packets"
    iifname "lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
${input}    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy ${forward};
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
${forward === 'drop' ? '    jump handle_reject\n' : ''}  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle outbound flows"
    oifname "lan" jump output_lan comment "!fw4: Handle lan IPv4/IPv6 output traffic"
    oifname "wan" jump output_wan comment "!fw4: Handle wan IPv4/IPv6 output traffic"
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
    iifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain output_lan {
    oifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_lan {
${lan}    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
    oifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    meta nfproto ipv4 udp dport 68 counter accept comment "!fw4: Allow-DHCP-Renew"
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, nd-router-solicit, nd-router-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    icmpv6 type . icmpv6 code { packet-too-big . no-route, nd-neighbor-solicit . no-route, nd-neighbor-advert . no-route } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    iifname "wan" counter ${refuses === 'drop' ? 'drop' : 'jump handle_reject'} comment "!fw4: ${refuses} wan IPv4/IPv6 traffic"
  }
  chain output_wan {
    jump accept_to_wan
  }
  chain forward_wan {
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
${wan}    jump ${refuses}_to_wan
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname "wan" ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain drop_to_wan {
    oifname "wan" counter drop comment "!fw4: drop wan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
${zones}  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
${srcnat}  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`

export const FW4_BORDERS: Problem[] = [
  {
    name: 'tollgate-drops-private-networks-beyond-its-uplink-with-the-resolver',
    thread: {
      title: 'security: RFC 1918 isolation — block WiFi from upstream private networks',
      address: 'https://github.com/OpenTollGate/tollgate-module-basic-go/pull/217',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'tcp', port: 443 }] },
      home: {
        addresses: { eth0: ['203.0.113.1/24'], lan: ['192.168.8.1/24'] },
        routes: ['172.20.0.0/24 via 192.168.8.2'],
        sysctls: FORWARDS,
        listeners: [DNS, { protocol: 'tcp', port: 80 }],
        rules: {
          nft: `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" masquerade
  }
}
`,
        },
      },
      router: {
        addresses: { wan: ['192.168.8.2/24'], lan: ['172.20.0.1/24'] },
        routes: ['default via 192.168.8.1'],
        sysctls: FORWARDS,
        listeners: [DNS],
        rules: {
          nft: fw4({
            lan: ['192.168.0.0/16', '10.0.0.0/8', '172.16.0.0/12']
              .map(
                (net) =>
                  `    ip daddr ${net} counter jump drop_to_wan comment "!fw4: Block-WiFi-RFC1918-${net.split('.0')[0]}"\n`,
              )
              .join(''),
          }),
        },
      },
      phone: { addresses: { eth0: ['172.20.0.10/24'] }, routes: ['default via 172.20.0.1'] },
    },
    links: [
      ['remote:eth0', 'home:eth0'],
      ['home:lan', 'router:wan'],
      ['router:lan', 'phone:eth0'],
    ],
    traced: 'router',
    fails: { from: 'phone', what: 'udp', to: '192.168.8.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'udp', to: '172.20.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'router', what: 'udp', to: '192.168.8.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.8.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The guests are kept off all private networks beyond the uplink, and the resolver that they were given is the uplink's own router, which is in one of them.",
      causes: [{ rule: 'ip daddr 192.168.0.0/16', chain: 'inet fw4 forward_lan' }, { chain: 'inet fw4 drop_to_wan' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft insert rule inet fw4 forward_lan ip daddr 192.168.8.1 udp dport 53 counter accept']],
  },
  {
    name: 'fw4-forward-policy-of-wan-asks-what-leaves-by-it',
    thread: {
      title:
        '[BUG] Zone `forward` policy uses wrong direction (`_to_`/oifname instead of `_from_`/iifname) in `forward_{zone}` chain',
      address: 'https://github.com/openwrt/firewall4/issues/95',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: { nft: fw4({ forward: 'accept', refuses: 'drop' }) },
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
      },
      {
        pc: { listeners: [{ protocol: 'tcp', port: 8443, address: '::' }] },
        remote: { listeners: [{ protocol: 'udp', port: 123, address: '::' }] },
      },
    ),
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 8443 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '2001:db8:f::9', port: 123 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing stops it: what comes from wan meets a chain that drops what leaves by wan, and that is not this packet; the policy of the base chain accepts it.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
  {
    name: 'netifd-rule-for-the-uplinks-own-network-goes-round-the-tunnel',
    thread: {
      title: 'option to skip creating default rule to subnet when using ip4table / ip6table',
      address: 'https://github.com/openwrt/netifd/issues/12',
    },
    backend: 'nft',
    hosts: {
      tunnelend: {
        addresses: { eth0: ['2001:db8:99::1/64'], eth1: ['2001:db8:a::9/64'] },
        routes: ['2001:db8:f::50/128 via 2001:db8:a::50'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
      },
      router: {
        addresses: { wan: ['2001:db8:f::1/64'], vpn0: ['2001:db8:99::2/64'], lan: ['fd00:1::1/64'] },
        routes: ['default via 2001:db8:99::1'],
        sysctls: FORWARDS,
        rules: {
          nft: fw4({
            lan: '    oifname "vpn0" counter accept comment "!fw4: Accept lan to vpn forwarding"\n',
            input: '    iifname "vpn0" jump input_vpn comment "!fw4: Handle vpn IPv4/IPv6 input traffic"\n',
            zones: `  chain input_vpn {
    meta l4proto { icmp, ipv6-icmp } counter accept comment "!fw4: Allow-ICMP-vpn"
    iifname "vpn0" counter jump handle_reject comment "!fw4: reject vpn IPv4/IPv6 traffic"
  }
  chain srcnat_vpn {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 vpn traffic"
    meta nfproto ipv6 masquerade comment "!fw4: Masquerade IPv6 vpn traffic"
  }
`,
            srcnat: '    oifname "vpn0" jump srcnat_vpn comment "!fw4: Handle vpn IPv4/IPv6 srcnat traffic"\n',
          }),
        },
      },
      neighbour: {
        addresses: { eth0: ['2001:db8:f::50/64'], eth1: ['2001:db8:a::50/64'] },
        routes: ['2001:db8:99::/64 via 2001:db8:a::9'],
        listeners: [{ protocol: 'tcp', port: 443, address: '::' }],
      },
      pc: { addresses: { eth0: ['fd00:1::10/64'] }, routes: ['default via fd00:1::1'] },
    },
    links: [
      ['router:wan', 'neighbour:eth0'],
      ['router:vpn0', 'tunnelend:eth0'],
      ['tunnelend:eth1', 'neighbour:eth1'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 route add 2001:db8:f::/64 dev wan table 100; ip -6 route add default via 2001:db8:f::fe dev wan table 100; ip -6 route del 2001:db8:f::/64 dev wan',
      ],
      [
        'router',
        'ip -6 rule add pref 10000 from 2001:db8:f::1 lookup 100; ip -6 rule add pref 20000 to 2001:db8:f::1/64 lookup 100',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::50', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:a::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'neighbour', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::50', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "All of the LAN is to leave by the tunnel, which masquerades it; but for the uplink's own network netifd has added a rule that looks up the uplink's table: there it leaves by wan with its local address, to which nobody has a route.",
      causes: [
        { code: 'wrong-way-out', words: ['wan'] },
        { code: 'not-masqueraded', words: ['fd00:1::10'] },
        { code: 'not-netfilter', words: ['20000'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['router', 'ip -6 rule del pref 20000']],
  },
]

/** OpenWrt's fw4: connections older than its rules, DHCPv6, two uplinks. */
import type { HostSpec } from '../../../src/demo/incident.ts'
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** `wan`: interfaces of that zone. */
const fw4 = ({ wan = '"wan"', inputWan = '', dstnatWan = '' }) => `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname ${wan} jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname ${wan} jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain input_lan {
    ct status dnat accept comment "!fw4: Accept port redirections"
    accept
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
${inputWan}    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, nd-router-solicit, nd-router-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    icmpv6 type . icmpv6 code { packet-too-big . no-route, nd-neighbor-solicit . no-route, nd-neighbor-advert . no-route } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    ct status dnat accept comment "!fw4: Accept port redirections"
    jump reject_from_wan
  }
  chain forward_lan {
    oifname ${wan} accept comment "!fw4: Accept lan to wan forwarding"
  }
  chain forward_wan {
    ct status dnat accept comment "!fw4: Accept port forwards"
    jump reject_to_wan
  }
  chain reject_from_wan {
    iifname ${wan} counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname ${wan} counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname ${wan} jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain dstnat_wan {
${dstnatWan}  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname ${wan} jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`

const WIREGUARD = { protocol: 'udp', port: 50014 } as const

const noLinkLocal = (host: string): readonly [string, string] => [host, 'ip -6 addr flush dev eth0 scope link']

export const NFT_OPENWRT: Problem[] = [
  {
    name: 'nft-fw4-entry-older-than-rules',
    thread: {
      title:
        'fw4: race condition with dnat rules (config redirect) during boot, leading to such rules being persistently broken',
      address: 'https://github.com/openwrt/openwrt/issues/10749',
    },
    backend: 'nft',
    ...homeRouter(
      // connection tracking is there before fw4 is
      {
        rules: {
          nft: 'table inet boot {\n  chain input { type filter hook input priority filter; policy accept; ct state new accept; }\n}\n',
        },
      },
      { pc: { listeners: [WIREGUARD] } },
    ),
    earlier: {
      sendings: [{ from: 'remote', what: 'udp', to: '203.0.113.1', port: 50014, sport: 38817 }],
      change: [
        [
          'router',
          `nft -f - <<'END'
flush ruleset
${fw4({ dstnatWan: '    meta nfproto ipv4 udp dport 50000-50099 counter dnat ip to 192.168.1.10 comment "!fw4: wireguard-to-lan"\n' })}END`,
        ],
      ],
    },
    fails: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 50014, sport: 38817 },
    seen: 'refused',
    others: [{ sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 50014 }, seen: 'answered' }],
    truth: {
      words:
        "The connection's entry is from before the rule: it says to this host, nat is not asked again, and input rejects it.",
      causes: [{ code: 'stale-conntrack' }],
      status: ['rejected'],
    },
    mend: [['router', 'conntrack -D -p udp --orig-port-src 38817']],
  },
  {
    name: 'nft-fw4-dhcpv6-global-source',
    thread: {
      title: "Firewall: Default Allow-DHCPv6 rule option src_ip 'fc00::/6' prevents receiving ipv6 DHCP from ISP",
      address: 'https://github.com/openwrt/openwrt/issues/5066',
    },
    backend: 'nft',
    hosts: {
      isp: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        listeners: [{ protocol: 'tcp', address: '2001:db8:f::9', port: 80 }],
      },
      router: {
        addresses: { wan: ['fe80::1/64', '2001:db8:f::1/64'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', address: 'fe80::1%wan', port: 546 }],
        rules: {
          nft: fw4({
            inputWan:
              '    meta nfproto ipv6 ip6 saddr fc00::/6 ip6 daddr fc00::/6 udp dport 546 counter accept comment "!fw4: Allow-DHCPv6"\n',
          }),
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] } },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    // so that the server answers from its global address
    setup: [noLinkLocal('isp'), ['isp', 'ip -6 route add fe80::/64 dev eth0']],
    fails: { from: 'isp', what: 'udp', to: 'fe80::1%eth0', port: 546, sport: 547 },
    seen: 'refused',
    looksAt: { protocol: 'udp', dst: 'fe80::1' },
    others: [
      { sending: { from: 'isp', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: "The rule for DHCPv6 asks for a source in fc00::/6; this provider's server sends from a global address.",
      causes: [{ rule: 'ip6 saddr fc00::/6', chain: 'inet fw4 input_wan' }],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet fw4 input_wan ip6 daddr fe80::/10 udp dport 546 accept']],
  },
  {
    name: 'nft-fw4-ping-of-second-wan',
    thread: {
      title: 'firewall4: should enforce "strong host" model',
      address: 'https://github.com/openwrt/firewall4/issues/93',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.254'] },
      isp2: provider(['198.51.100.254/24'], ['203.0.113.254/24']),
      // takes no foreign sources
      isp1: {
        ...provider(['198.51.100.253/24'], ['192.0.2.254/24']),
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth1" ip saddr != 192.0.2.0/24 drop; }\n}\n',
        },
      },
      exchange: { bridges: { ix0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      router: {
        addresses: { wan: ['192.0.2.1/24'], wan2: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 192.0.2.254'],
        sysctls: FORWARDS,
        rules: { nft: fw4({ wan: '{ "wan", "wan2" }' }) },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'exchange:p1'],
      ['isp1:eth0', 'exchange:p2'],
      ['isp2:eth0', 'exchange:p3'],
      ['isp1:eth1', 'router:wan'],
      ['isp2:eth1', 'router:wan2'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [['remote', 'ip route add 192.0.2.0/24 via 198.51.100.253']],
    fails: { from: 'remote', what: 'ping', to: '203.0.113.1' },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '198.51.100.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'It comes in on wan2, and the only default route sends the reply out of wan, where the provider drops its source.',
      causes: [
        { code: 'wrong-way-out' },
        { code: 'reply-by-other-uplink' },
        { code: 'not-netfilter', words: ['wan', 'wan2'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['router', 'ip route add default via 203.0.113.254 table 2; ip rule add from 203.0.113.1 lookup 2']],
  },
]

function provider(outside: readonly string[], inside: readonly string[]): HostSpec {
  return { addresses: { eth0: outside, eth1: inside }, sysctls: FORWARDS }
}

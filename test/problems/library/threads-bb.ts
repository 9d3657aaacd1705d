/** From threads, by nft: zones of VyOS and of foomuuri. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const WEB = { protocol: 'tcp', port: 80 } as const

const SMB = { protocol: 'tcp', port: 445 } as const

/** Zones WAN (eth0), LAN (eth1) and DMZ (eth2): between DMZ and the router itself no rule set is assigned. */
const VYOS6 = `table ip6 vyos_filter {
  chain VYOS_IPV6_FORWARD_filter {
    type filter hook forward priority filter; policy accept;
    counter accept comment "FWD-filter default-action accept"
  }
  chain VYOS_IPV6_INPUT_filter {
    type filter hook input priority filter; policy accept;
    counter accept comment "INP-filter default-action accept"
  }
  chain VYOS_IPV6_OUTPUT_filter {
    type filter hook output priority filter; policy accept;
    counter accept comment "OUT-filter default-action accept"
  }
  chain VYOS_ZONE6_FORWARD {
    type filter hook forward priority filter + 1; policy accept;
    oifname "eth0" counter jump VZONE6_WAN
    oifname "eth1" counter jump VZONE6_LAN
    oifname "eth2" counter jump VZONE6_DMZ
  }
  chain VYOS_ZONE6_LOCAL {
    type filter hook input priority filter + 1; policy accept;
    counter jump VZONE6_LOCAL_IN
  }
  chain VYOS_ZONE6_OUTPUT {
    type filter hook output priority filter + 1; policy accept;
    counter jump VZONE6_LOCAL_OUT
  }
  chain NAME6_LAN_WAN {
    counter accept comment "LAN_WAN default-action accept"
  }
  chain NAME6_LAN_DMZ {
    ct state { established, related } counter accept comment "ipv6-NAM-LAN_DMZ-10"
    tcp dport { 80, 443 } counter accept comment "ipv6-NAM-LAN_DMZ-20"
    counter drop comment "LAN_DMZ default-action drop"
  }
  chain NAME6_BACK {
    ct state { established, related } counter accept comment "ipv6-NAM-BACK-10"
    counter drop comment "BACK default-action drop"
  }
  chain NAME6_ANY_LOCAL {
    ct state { established, related } counter accept comment "ipv6-NAM-ANY_LOCAL-10"
    meta l4proto ipv6-icmp counter accept comment "ipv6-NAM-ANY_LOCAL-20"
    iifname "eth1" tcp dport 22 counter accept comment "ipv6-NAM-ANY_LOCAL-30"
    counter drop comment "ANY_LOCAL default-action drop"
  }
  chain NAME6_LOCAL_ANY {
    counter accept comment "LOCAL_ANY default-action accept"
  }
  chain VZONE6_WAN {
    iifname "eth0" counter return
    iifname "eth1" counter jump NAME6_LAN_WAN
    iifname "eth1" counter return
    iifname "eth2" counter jump NAME6_BACK
    iifname "eth2" counter return
    counter drop comment "zone_WAN default-action drop"
  }
  chain VZONE6_LAN {
    iifname "eth1" counter return
    iifname "eth0" counter jump NAME6_BACK
    iifname "eth0" counter return
    iifname "eth2" counter jump NAME6_BACK
    iifname "eth2" counter return
    counter drop comment "zone_LAN default-action drop"
  }
  chain VZONE6_DMZ {
    iifname "eth2" counter return
    iifname "eth1" counter jump NAME6_LAN_DMZ
    iifname "eth1" counter return
    counter drop comment "zone_DMZ default-action drop"
  }
  chain VZONE6_LOCAL_IN {
    iifname "lo" counter return
    iifname "eth0" counter jump NAME6_ANY_LOCAL
    iifname "eth0" counter return
    iifname "eth1" counter jump NAME6_ANY_LOCAL
    iifname "eth1" counter return
    counter drop comment "zone_LOCAL default-action drop"
  }
  chain VZONE6_LOCAL_OUT {
    oifname "lo" counter return
    oifname "eth0" counter jump NAME6_LOCAL_ANY
    oifname "eth0" counter return
    oifname "eth1" counter jump NAME6_LOCAL_ANY
    oifname "eth1" counter return
    counter drop comment "zone_LOCAL default-action drop"
  }
}
`

/** Chains of foomuuri, which asks a map for the zone of an interface. */
const FOOMUURI = `table inet foomuuri {
  map input_zones {
    type ifname : verdict
    elements = { "lo" : accept, "eth1" : jump public-localhost }
  }
  map output_zones {
    type ifname : verdict
    elements = { "lo" : accept, "eth1" : jump localhost-public }
  }
  chain invalid_drop {
    drop
  }
  chain public-localhost {
    tcp dport 22 accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, echo-request } accept
    drop
  }
  chain localhost-public {
    tcp dport { 80, 443 } accept
    udp dport { 53, 123 } accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
  chain input {
    type filter hook input priority filter + 5; policy drop;
    ct state vmap { established : accept, related : accept, invalid : jump invalid_drop }
    iifname vmap @input_zones
    drop
  }
  chain output {
    type filter hook output priority filter + 5; policy accept;
    ct state vmap { established : accept, related : accept, invalid : jump invalid_drop }
    oifname vmap @output_zones
    ip protocol igmp ip daddr 224.0.0.22 accept
    ip6 saddr :: icmpv6 type mld2-listener-report accept
    reject with icmpx admin-prohibited
  }
}
`

const ROUTERS_LINK_ADDRESS = '02:00:00:00:02:01'

export const THREADS_BB: Problem[] = [
  {
    name: 'vyos-zone-of-servers-has-no-rule-set-with-the-router-itself',
    thread: {
      title: 'firewall: improve zone-based firewall docs',
      address: 'https://github.com/vyos/vyos-documentation/pull/1622',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['default via 2001:db8:f::1'],
        listeners: [{ ...HTTPS, address: '::' }],
      },
      router: {
        addresses: { eth0: ['2001:db8:f::1/64'], eth1: ['2001:db8:1::1/64'], eth2: ['2001:db8:2::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '::' }],
        rules: { nft: VYOS6 },
      },
      pc: { addresses: { eth0: ['2001:db8:1::10/64'] }, routes: ['default via 2001:db8:1::1'] },
      server: {
        addresses: { eth0: ['2001:db8:2::80/64'] },
        routes: ['default via 2001:db8:2::1'],
        listeners: [
          { ...HTTPS, address: '::' },
          { ...SSH, address: '::' },
        ],
      },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth1', 'pc:eth0'],
      ['router:eth2', 'server:eth0'],
    ],
    traced: 'router',
    // the server heard of the router when there were no zones
    setup: [
      ['router', `ip link set eth2 address ${ROUTERS_LINK_ADDRESS}`],
      ['server', `ip -6 neigh replace 2001:db8:2::1 lladdr ${ROUTERS_LINK_ADDRESS} dev eth0 nud permanent`],
    ],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:2::80', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:2::80', port: 22 }, seen: 'nothing' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:2::1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:2::80', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The rule set from LAN to DMZ accepts the request. Between DMZ and the router itself there is none: the zone's default action drops the router's own neighbour solicitation, and would drop the reply to it.",
      causes: [
        { rule: 'zone_LOCAL default-action drop', chain: 'ip6 vyos_filter VZONE6_LOCAL_OUT' },
        { rule: 'zone_LOCAL default-action drop', chain: 'ip6 vyos_filter VZONE6_LOCAL_IN' },
        { chain: 'ip6 vyos_filter VZONE6_LOCAL_OUT' },
      ],
      status: ['lost', 'dropped'],
      alsoTrue: ['neighbour-failed', 'neighbour-discovery-dropped'],
    },
    mend: [
      [
        'router',
        'nft insert rule ip6 vyos_filter VZONE6_LOCAL_OUT oifname eth2 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; nft insert rule ip6 vyos_filter VZONE6_LOCAL_IN iifname eth2 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
      ],
    ],
  },
  {
    name: 'healthy-foomuuri-rejects-router-solicitations-of-its-own',
    thread: {
      title: 'IPv6 Neighbor Discovery and Router Discovery messages - generate OUTPUT REJECT LOG LINES',
      address: 'https://github.com/FoobarOy/foomuuri/issues/107',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        listeners: [
          { ...HTTPS, address: '::' },
          { ...SMB, address: '::' },
        ],
      },
      host: {
        addresses: { eth1: ['2001:db8:f::1/64'] },
        listeners: [
          { ...SSH, address: '::' },
          { ...WEB, address: '::' },
        ],
        rules: { nft: FOOMUURI },
      },
    },
    links: [['remote:eth0', 'host:eth1']],
    traced: 'host',
    fails: { from: 'host', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 80 }, seen: 'nothing' },
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:f::9', port: 445 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'Nothing is wrong: the last rule rejects what no zone accepts, such as router solicitations, and not this.',
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
]

/** From threads, by nft: routers whose rulesets people wrote themselves, with maps, sets, zones and several tables. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SIX = { address: '::' } as const

const STATES = 'ct state vmap { established : accept, related : accept, invalid : drop }'

/** The map had a line for each server; the one for port 8443 is gone. */
const FORWARDS_BY_MAP = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ${STATES}
    iifname "lan" accept
    meta l4proto icmp limit rate 20/second accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ${STATES}
    iifname "lan" oifname "wan" accept
    ct status dnat accept
  }
}
table ip nat {
  map forwards {
    type ipv4_addr . inet_service : ipv4_addr . inet_service
    elements = { 203.0.113.1 . 8080 : 192.168.0.10 . 80 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    dnat ip to ip daddr . tcp dport map @forwards
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
    ip saddr 192.168.0.0/24 ip daddr 192.168.0.0/24 ct status dnat masquerade
  }
}
`

const ZONES = `table inet firewall {
  set wan_zone {
    type ifname
    elements = { "eth0" }
  }
  set lan_zone {
    type ifname
    elements = { "eth2", "eth3" }
  }
  set dmz_zone {
    type ifname
    elements = { "eth5" }
  }
  set guest_zone {
    type ifname
    elements = { "eth7" }
  }
  set web_ports {
    type inet_service
    elements = { 80, 443 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ${STATES}
    meta l4proto { icmp, ipv6-icmp } accept
    iifname @lan_zone accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ${STATES}
    meta l4proto { icmp, ipv6-icmp } accept
    iifname @lan_zone goto from_lan
    iifname @guest_zone goto from_guest
    iifname @dmz_zone goto from_dmz
    oifname @dmz_zone tcp dport @web_ports counter accept comment "the web servers, for everyone"
  }
  chain from_lan {
    oifname @wan_zone accept
    oifname @lan_zone accept
  }
  chain from_guest {
    oifname @wan_zone tcp dport { 53, 80, 443 } accept
    oifname @wan_zone udp dport { 53, 123, 443 } accept
  }
  chain from_dmz {
    oifname @wan_zone accept
  }
}
`

/** As its chains stand, but for the masquerade. */
const TAILSCALE = `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    counter jump ts-input
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    counter jump ts-forward
  }
  chain ts-input {
    iifname "lo*" ip saddr 100.64.0.1 counter accept
    iifname != "tailscale0*" ip saddr 100.115.92.0/23 counter return
    iifname != "tailscale0*" ip saddr 100.64.0.0/10 counter drop
    iifname "tailscale0*" counter accept
  }
  chain ts-forward {
    iifname "tailscale0*" counter meta mark set meta mark & 0xff00ffff | 0x00040000
    meta mark & 0x00ff0000 == 0x00040000 counter accept
    oifname "tailscale0*" ip saddr 100.64.0.0/10 counter drop
    oifname "tailscale0*" counter accept
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter jump ts-postrouting
  }
  chain ts-postrouting {
  }
}
table inet own {
  chain forward {
    type filter hook forward priority filter + 5; policy accept;
    iifname "tailscale0" tcp dport 22 counter drop
  }
}
`

export const THREADS_BK: Problem[] = [
  {
    name: 'map-of-forwards-has-lost-the-line-of-one-port',
    thread: { title: 'forwarding rules', address: 'https://github.com/voxpupuli/puppet-nftables/issues/236' },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.0.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: FORWARDS_BY_MAP },
      },
      server: {
        addresses: { eth0: ['192.168.0.10/24'] },
        routes: ['default via 192.168.0.1'],
        listeners: [SSH, HTTP, HTTPS],
      },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan', 'server:eth0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8444 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.0.10', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The map of forwarded ports has no element for port 8443, so nothing rewrites the destination, and the packet is for the router itself, which does not accept the port.',
      causes: [{ rule: 'map @forwards', chain: 'ip nat prerouting' }, { chain: 'ip nat prerouting' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft add element ip nat forwards { 203.0.113.1 . 8443 : 192.168.0.10 . 443 }']],
  },
  {
    name: 'zone-of-the-lan-is-left-by-goto-before-the-rule-for-everyone',
    thread: {
      title: 'Support for basic firewall, NAT, IP masquerading, port forwarding',
      address: 'https://github.com/kernelkit/infix/issues/448',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/48 via 2001:db8:f::1'],
        listeners: [{ ...HTTPS, ...SIX }],
      },
      router: {
        addresses: {
          eth0: ['2001:db8:f::1/64'],
          eth2: ['2001:db8:1:2::1/64'],
          eth5: ['2001:db8:1:5::1/64'],
          eth7: ['2001:db8:1:7::1/64'],
        },
        sysctls: FORWARDS,
        rules: { nft: ZONES },
      },
      pc: { addresses: { eth0: ['2001:db8:1:2::10/64'] }, routes: ['default via 2001:db8:1:2::1'] },
      guest: { addresses: { eth0: ['2001:db8:1:7::10/64'] }, routes: ['default via 2001:db8:1:7::1'] },
      web: {
        addresses: { eth0: ['2001:db8:1:5::10/64'] },
        routes: ['default via 2001:db8:1:5::1'],
        listeners: [
          { ...SSH, ...SIX },
          { ...HTTPS, ...SIX },
        ],
      },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth2', 'pc:eth0'],
      ['router:eth5', 'web:eth0'],
      ['router:eth7', 'guest:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:1:5::10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1:5::10', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1:5::10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'guest', what: 'tcp', to: '2001:db8:1:5::10', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'guest', what: 'tcp', to: '2001:db8:1:5::10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1:5::10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "What comes from the LAN goes to the zone's chain by goto, which does not come back: the rule that lets everyone ask the web servers is never evaluated, and the policy drops it.",
      causes: [
        { rule: 'goto from_lan', chain: 'inet firewall forward' },
        { rule: 'the web servers, for everyone', chain: 'inet firewall forward' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'nft add rule inet firewall from_lan oifname @dmz_zone tcp dport @web_ports accept']],
  },
  {
    name: 'tailscale-by-nft-marks-for-a-masquerade-that-is-not-there',
    thread: {
      title: 'TS_DEBUG_FIREWALL_MODE=nftables mode missing NAT masquerade rule, breaks subnet router and exit node',
      address: 'https://github.com/tailscale/tailscale/issues/15661',
    },
    backend: 'nft',
    hosts: {
      peer: {
        addresses: { tailscale0: ['100.64.0.2/10'] },
        routes: ['192.168.1.0/24 via 100.64.0.1'],
      },
      router: {
        addresses: { tailscale0: ['100.64.0.1/10'], eth0: ['192.168.1.2/24'] },
        routes: ['default via 192.168.1.254'],
        sysctls: FORWARDS,
        rules: { nft: TAILSCALE },
      },
      box: {
        bridges: { br0: ['p1', 'p2'] },
        addresses: { br0: ['192.168.1.254/24'] },
        listeners: [HTTP],
      },
      server: {
        addresses: { eth0: ['192.168.1.20/24'] },
        routes: ['default via 192.168.1.254'],
        listeners: [SSH, HTTP],
      },
    },
    links: [
      ['peer:tailscale0', 'router:tailscale0'],
      ['router:eth0', 'box:p1'],
      ['server:eth0', 'box:p2'],
    ],
    traced: 'router',
    fails: { from: 'peer', what: 'tcp', to: '192.168.1.20', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.168.1.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '192.168.1.20', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The chain that should masquerade what was marked has no rule: the server gets the address of the tailnet and replies by its default gateway.',
      causes: [
        { code: 'not-masqueraded' },
        { rule: 'jump ts-postrouting', chain: 'ip nat POSTROUTING' },
        { chain: 'ip nat ts-postrouting' },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'nft add rule ip nat ts-postrouting meta mark and 0x00ff0000 == 0x00040000 masquerade']],
  },
]

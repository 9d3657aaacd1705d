/** By nft, from threads: a bridge that translates by itself, a router's own IPv6, a zone without a policy to another. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const ROUTES = {
  ...FORWARDS,
  'net.bridge.bridge-nf-call-iptables': '0',
  'net.bridge.bridge-nf-call-ip6tables': '0',
}

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

/** fw4 with the zones lan and wan. `lan`: its interfaces; the others are lines. */
const fw4 = ({ lan = '"br-lan"', forwardLan = '', chains = '' }) => `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags & (fin | syn | rst | ack) == syn jump syn_flood comment "!fw4: Rate limit TCP syn packets"
    iifname ${lan} jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname ${lan} jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
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
    iifname ${lan} counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    meta nfproto ipv4 udp dport 68 counter accept comment "!fw4: Allow-DHCP-Renew"
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    meta nfproto ipv6 udp dport 546 counter accept comment "!fw4: Allow-DHCPv6"
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    ct status dnat accept comment "!fw4: Accept port redirections"
    jump handle_reject
  }
  chain forward_lan {
    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
    ct status dnat accept comment "!fw4: Accept port forwards"
${forwardLan}  }
  chain forward_wan {
    ct status dnat accept comment "!fw4: Accept port forwards"
    jump handle_reject
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname "wan" ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain accept_to_lan {
    oifname ${lan} counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain reject_to_lan {
    oifname ${lan} counter jump handle_reject comment "!fw4: reject lan IPv4/IPv6 traffic"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname ${lan} jump dstnat_lan comment "!fw4: Handle lan IPv4/IPv6 dstnat traffic"
    iifname "wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname ${lan} jump srcnat_lan comment "!fw4: Handle lan IPv4/IPv6 srcnat traffic"
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
${chains}}
`

const NO_FORWARDED_PORTS = '  chain dstnat_lan {\n  }\n  chain dstnat_wan {\n  }\n  chain srcnat_lan {\n  }\n'

const zone = (name: string, own: string) => `  chain filter_FWD_${name} {
    jump filter_FORWARD_POLICIES_pre
    jump filter_FWD_${name}_allow
    jump filter_FORWARD_POLICIES_post
    reject with icmpx admin-prohibited
  }
  chain filter_FWD_${name}_allow {
    oifname "${own}" accept
  }
`

/** What of firewalld decides: the zones internal (eth1), vpn (tun0) and public (eth0), and one policy. */
const FIREWALLD = `table inet firewalld {
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    jump nat_POSTROUTING_POLICIES_pre
    jump nat_POSTROUTING_ZONES
  }
  chain nat_POSTROUTING_POLICIES_pre {
    iifname "eth1" oifname "eth0" jump nat_POST_policy_int2pub
  }
  chain nat_POST_policy_int2pub {
    jump nat_POST_policy_int2pub_allow
  }
  chain nat_POST_policy_int2pub_allow {
    meta nfproto ipv4 oifname != "lo" masquerade
  }
  chain nat_POSTROUTING_ZONES {
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "eth1" goto filter_IN_internal
    iifname "tun0" goto filter_IN_vpn
    goto filter_IN_public
  }
  chain filter_IN_internal {
    tcp dport 22 accept
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_vpn {
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public {
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_ZONES {
    iifname "eth1" goto filter_FWD_internal
    iifname "tun0" goto filter_FWD_vpn
    goto filter_FWD_public
  }
  chain filter_FORWARD_POLICIES_pre {
    iifname "eth1" oifname "eth0" jump filter_FWD_policy_int2pub
  }
  chain filter_FWD_policy_int2pub {
    jump filter_FWD_policy_int2pub_allow
    accept
  }
  chain filter_FWD_policy_int2pub_allow {
  }
${zone('internal', 'eth1')}${zone('vpn', 'tun0')}${zone('public', 'eth0')}  chain filter_FORWARD_POLICIES_post {
  }
}
`

export const THREADS_AY: Problem[] = [
  {
    name: 'openwrt-docker-lets-the-bridge-reflect-and-the-port-is-the-same',
    thread: {
      title: 'dockerd: breaks nat loopback rooting',
      address: 'https://github.com/openwrt/packages/issues/21448',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        bridges: { 'br-lan': ['lan1'] },
        sysctls: { ...ROUTES, 'net.bridge.bridge-nf-call-iptables': '1', 'net.bridge.bridge-nf-call-ip6tables': '1' },
        listeners: [SSH],
        rules: {
          nft: fw4({
            forwardLan: '    jump accept_to_lan\n',
            chains: `  chain dstnat_lan {
    ip saddr 192.168.1.0/24 ip daddr 203.0.113.1 tcp dport 443 dnat ip to 192.168.1.20:443 comment "!fw4: Web (reflection)"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 443 counter dnat ip to 192.168.1.20:443 comment "!fw4: Web"
  }
  chain srcnat_lan {
    ip saddr 192.168.1.0/24 ip daddr 192.168.1.20 tcp dport 443 snat ip to 192.168.1.1 comment "!fw4: Web (reflection)"
  }
`,
          }),
        },
      },
      switch: {
        bridges: { sw0: ['p1', 'p2', 'p3'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0', 'net.bridge.bridge-nf-call-ip6tables': '0' },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      web: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'], listeners: [HTTPS] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'switch:p1'],
      ['switch:p2', 'pc:eth0'],
      ['switch:p3', 'web:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.20', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'bridge-nf-call-iptables is 1: the bridge translates the frame itself and bridges it to the server. The server is behind the port that the frame came in by, and a bridge sends nothing back by the same port.',
      causes: [{ code: 'bridge-nf-call' }, { code: 'vanished-at-port' }],
      status: ['lost', 'unanswered'],
    },
    mend: [
      ['router', 'sysctl -w net.bridge.bridge-nf-call-iptables=0'],
      // forgets what it learned wrong from reflected frames, where something was tried before
      ['switch', 'ip link set sw0 type bridge fdb_flush'],
    ],
  },
  {
    name: 'openbox-rejects-the-routers-own-solicit-of-a-prefix',
    thread: {
      title: '[Bug] IPv6 bypass mode rejects local IPv6 output and breaks DHCPv6-PD',
      address: 'https://github.com/liandu2024/Open-Box/issues/47',
    },
    backend: 'nft',
    hosts: {
      isp: {
        addresses: { eth0: ['203.0.113.9/24', 'fe80::9/64'] },
        listeners: [HTTPS, { protocol: 'udp', port: 547, address: 'fe80::9%eth0' }],
      },
      router: {
        addresses: { wan: ['203.0.113.1/24', 'fe80::1/64'], 'br-lan': ['192.168.1.1/24'] },
        bridges: { 'br-lan': ['lan1'] },
        sysctls: ROUTES,
        listeners: [SSH],
        rules: {
          nft: `${fw4({ forwardLan: '    jump accept_to_lan\n', chains: NO_FORWARDED_PORTS })}table inet sing-box {
  chain output {
    type filter hook output priority mangle; policy accept;
    meta mark 0x00002024 return
    oifname "lo" return
    ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } return
    meta nfproto ipv6 counter reject with icmpv6 no-route
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'router', what: 'udp', to: 'fe80::9%wan', port: 547, sport: 546 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: 'fe80::9', dport: 547 },
    others: [
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
      // there is no IPv6 yet: what leaves for it is to fail at once
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The proxy's rule rejects all IPv6 that this router itself sends, the link-local datagrams that ask for a prefix included.",
      causes: [{ rule: 'reject with icmpv6 no-route', chain: 'inet sing-box output' }],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet sing-box output ip6 daddr { fe80::/10, ff00::/8 } return']],
  },
  {
    name: 'firewalld-forwards-from-internal-to-public-and-not-to-vpn',
    thread: {
      title: 'forward from one zone to another with something other than direct rules?',
      address: 'https://github.com/firewalld/firewalld/issues/545',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      gateway: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.1.1/24'], tun0: ['10.8.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: FIREWALLD },
      },
      pc: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [HTTPS],
      },
      branch: {
        addresses: { tun0: ['10.8.0.9/24'] },
        routes: ['default via 10.8.0.1'],
        listeners: [HTTPS, SSH],
      },
    },
    links: [
      ['remote:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'pc:eth0'],
      ['gateway:tun0', 'branch:tun0'],
    ],
    traced: 'gateway',
    fails: { from: 'pc', what: 'tcp', to: '10.8.0.9', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'branch', what: 'ping', to: '10.8.0.1' }, seen: 'answered' },
      { sending: { from: 'branch', what: 'tcp', to: '192.168.1.10', port: 443 }, seen: 'unreachable' },
      { sending: { from: 'branch', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The only policy is for what comes in by eth1 and leaves by eth0. From the zone internal to the zone vpn nothing is accepted, and the end of the zone rejects it.',
      causes: [
        { rule: 'reject with icmpx admin-prohibited', chain: 'inet firewalld filter_FWD_internal' },
        { chain: 'inet firewalld filter_FWD_internal' },
        { chain: 'inet firewalld filter_FWD_internal_allow' },
        { chain: 'inet firewalld filter_FORWARD_POLICIES_pre' },
      ],
      status: ['rejected'],
    },
    mend: [['gateway', 'nft add rule inet firewalld filter_FWD_internal_allow oifname "tun0" accept']],
  },
  {
    name: 'healthy-lan-zone-rejects-its-own-forwards-and-still-reaches-the-wan',
    thread: {
      title:
        'luci-app-firewall: "Forward" drop-down has no effect, but is not grayed out, if "Allow forward to destination zones" is set',
      address: 'https://github.com/openwrt/luci/issues/6543',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'], 'br-media': ['192.168.2.1/24'] },
        bridges: { 'br-lan': ['lan1'], 'br-media': ['lan2'] },
        sysctls: ROUTES,
        listeners: [SSH],
        rules: {
          nft: fw4({
            lan: '{ "br-lan", "br-media" }',
            forwardLan: '    jump reject_to_lan\n',
            chains: NO_FORWARDED_PORTS,
          }),
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      tv: { addresses: { eth0: ['192.168.2.10/24'] }, routes: ['default via 192.168.2.1'], listeners: [HTTPS] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'tv:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.2.10', port: 443 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'Nothing is wrong: the forwarding from lan to wan accepts it before the zone rejects what is between its own interfaces.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]

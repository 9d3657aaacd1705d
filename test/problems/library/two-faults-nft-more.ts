/** By nft, as programs write it: two or three things are in the way at once, and each alone is enough to stop it. Set up by hand; each line of `mend` mends one. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { PUT_TOGETHER } from './two-faults-legacy.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS6 = { protocol: 'tcp', port: 443, address: '::' } as const

export const TWO_FAULTS_NFT_MORE: Problem[] = [
  {
    name: 'faults-openwrt-six-forwarding-off-old-prefix-and-a-rule-of-routing',
    thread: PUT_TOGETHER,
    backend: 'nft',
    ...homeRouter(
      {
        sysctls: { 'net.ipv6.conf.all.forwarding': '0' },
        listeners: [SSH],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept }
    meta l4proto ipv6-icmp accept
    iifname "lan" accept
    iifname "wan" meta nfproto ipv4 tcp dport 22 accept comment "!fw4: ssh"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain forward_lan {
    oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
  }
  chain forward_wan {
    icmpv6 type { echo-request, destination-unreachable, packet-too-big } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
    ip6 daddr 2001:db8:77::10 tcp dport 443 counter accept comment "!fw4: web"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
}
`,
        },
      },
      { pc: { listeners: [HTTPS6] } },
    ),
    setup: [
      [
        'router',
        'ip -6 route add unreachable default table 100; ip -6 rule add from 2001:db8:1::/64 lookup 100 pref 100',
      ],
    ],
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:1::10', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'IPv6 forwarding is off; the rule that accepts the port has an address of an old prefix; and a rule of routing makes the way back unreachable.',
      causes: [{ code: 'vanished-forwarding-off' }, { rule: '2001:db8:77::10', chain: 'inet fw4 forward_wan' }],
      status: ['dropped', 'rejected', 'lost'],
      alsoTrue: ['several-causes', 'reply-unroutable'],
    },
    mend: [
      ['router', 'sysctl -w net.ipv6.conf.all.forwarding=1'],
      ['router', 'nft insert rule inet fw4 forward_wan ip6 daddr 2001:db8:1::10 tcp dport 443 counter accept'],
      ['router', 'ip -6 rule del from 2001:db8:1::/64 lookup 100 pref 100'],
    ],
  },
  {
    name: 'faults-firewalld-zones-without-a-policy-and-masquerade-of-another-zone',
    thread: PUT_TOGETHER,
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      router: {
        addresses: { ens3: ['203.0.113.1/24'], ens4: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    ct state invalid drop
    tcp dport 22 accept
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_POLICIES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_POLICIES {
    iifname "ens4" oifname "ens4" jump filter_FWD_internal
    iifname "ens3" oifname "ens3" jump filter_FWD_public
  }
  chain filter_FWD_internal {
    oifname "ens4" accept
  }
  chain filter_FWD_public {
    oifname "ens3" accept
  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    iifname "ens4" oifname "ens3" jump nat_POST_public
    iifname "ens4" oifname "ppp0" jump nat_POST_external
  }
  chain nat_POST_public {
  }
  chain nat_POST_external {
    meta nfproto ipv4 oifname != "lo" masquerade
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: WEB },
    },
    links: [
      ['remote:eth0', 'router:ens3'],
      ['router:ens4', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'No policy accepts what goes from internal to public, and masquerade is on in the zone external alone.',
      causes: [
        { rule: 'admin-prohibited', chain: 'inet firewalld filter_FORWARD' },
        { rule: 'masquerade', chain: 'inet firewalld nat_POST_external' },
      ],
      status: ['rejected'],
      alsoTrue: ['several-causes', 'not-masqueraded'],
    },
    mend: [
      ['router', 'nft insert rule inet firewalld filter_FORWARD_POLICIES iifname ens4 oifname ens3 accept'],
      ['router', 'nft add rule inet firewalld nat_POST_public meta nfproto ipv4 masquerade'],
    ],
  },
  {
    name: 'faults-mark-of-another-interface-no-routing-rule-and-tunnel-not-accepted',
    thread: PUT_TOGETHER,
    backend: 'nft',
    hosts: {
      isp: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      vpn: {
        addresses: { tun0: ['10.8.0.2/24'], lo: ['10.99.0.9/32'] },
        routes: ['192.168.1.0/24 via 10.8.0.1'],
        listeners: WEB,
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], tun0: ['10.8.0.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.9', 'default via 10.8.0.2 dev tun0 table 100'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet vpn {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "br-lan" ip daddr 10.99.0.0/24 meta mark set 0x00000001 comment "work by the tunnel"
  }
}
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: WEB },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['vpn:tun0', 'router:tun0'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '10.99.0.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that marks what goes to the tunnel is for an interface that is not there; no rule of routing asks for the mark; and forward does not accept what leaves by the tunnel. So the request leaves by the uplink.',
      causes: [
        { rule: 'meta mark set', chain: 'inet vpn prerouting' },
        { code: 'unused-mark' },
        { code: 'mark-without-rule' },
        { policy: 'inet filter forward' },
      ],
      status: ['unanswered'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['router', 'nft insert rule inet vpn prerouting iifname lan ip daddr 10.99.0.0/24 meta mark set 1'],
      ['router', 'ip rule add fwmark 1 lookup 100'],
      ['router', 'nft add rule inet filter forward iifname lan oifname tun0 accept'],
    ],
  },
]

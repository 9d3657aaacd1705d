/** What IPsec's policies and the owners of sockets have to do with rules: a policy wider than its tunnel, a source rewritten in front of it, and a phone that resolves as root. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const DNS = { protocol: 'udp', port: 53 } as const

/** A gateway with a tunnel of eth1 and two networks of its own, as strongSwan leaves its policies. */
const GATEWAY = `table inet filter {
  set admin_ports {
    type inet_service
    elements = { 22, 443 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iif "lo" accept
    iifname "eth1" udp dport { 500, 4500 } accept comment "IKE"
    iifname "eth1" meta l4proto esp accept
    iifname { "eth2", "eth3" } tcp dport @admin_ports accept
    iifname { "eth2", "eth3" } udp dport { 53, 67 } accept
    icmp type { echo-request, destination-unreachable, time-exceeded } accept
    limit rate 5/minute log prefix "input drop: "
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname { "eth2", "eth3" } oifname "eth1" accept
    iifname "eth1" oifname { "eth2", "eth3" } meta ipsec exists accept comment "from the tunnel"
    iifname "eth2" oifname "eth3" accept comment "office to the consoles"
    limit rate 5/minute log prefix "forward drop: "
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth1" ip daddr 192.168.0.0/16 accept comment "what is for the tunnel keeps its source"
    oifname "eth1" masquerade
  }
}
`

const TUNNEL = 'tmpl src 203.0.113.1 dst 203.0.113.77 proto esp reqid 1 mode tunnel'
const BACK = 'tmpl src 203.0.113.77 dst 203.0.113.1 proto esp reqid 1 mode tunnel'
const POLICIES = `ip xfrm policy add src 192.168.20.0/24 dst 192.168.0.0/16 dir out priority 383615 ${TUNNEL}; ip xfrm policy add src 192.168.0.0/16 dst 192.168.20.0/24 dir fwd priority 383615 ${BACK}; ip xfrm policy add src 192.168.0.0/16 dst 192.168.20.0/24 dir in priority 383615 ${BACK}`
const BYPASS =
  'for dir in in fwd out; do ip xfrm policy add src 192.168.20.0/24 dst 192.168.100.0/24 dir $dir priority 175423; ip xfrm policy add src 192.168.100.0/24 dst 192.168.20.0/24 dir $dir priority 175423; done'

const NETS: Pick<Problem, 'backend' | 'hosts' | 'links' | 'traced'> = {
  backend: 'nft',
  hosts: {
    internet: {
      addresses: { eth0: ['203.0.113.9/24'] },
      listeners: [WEB],
    },
    gateway: {
      addresses: { eth1: ['203.0.113.1/24'], eth2: ['192.168.20.1/24'], eth3: ['192.168.100.1/24'] },
      routes: ['default via 203.0.113.9'],
      sysctls: FORWARDS,
      listeners: [SSH],
      rules: { nft: GATEWAY },
    },
    office: { addresses: { eth0: ['192.168.20.9/24'] }, routes: ['default via 192.168.20.1'] },
    console: {
      addresses: { eth0: ['192.168.100.9/24'] },
      routes: ['default via 192.168.100.1'],
      listeners: [SSH],
    },
  },
  links: [
    ['internet:eth0', 'gateway:eth1'],
    ['office:eth0', 'gateway:eth2'],
    ['console:eth0', 'gateway:eth3'],
  ],
  traced: 'gateway',
}

const PROBLEMS: Problem[] = [
  {
    name: 'strongswan-policy-for-all-of-192-168-takes-what-goes-to-the-second-card',
    thread: {
      title:
        'After an IPSEC tunnel is established on a device, the network card that establishes the tunnel will cause the other network card to be disconnected and unable to access',
      address: 'https://github.com/strongswan/strongswan/issues/2794',
    },
    ...NETS,
    setup: [['gateway', POLICIES]],
    fails: { from: 'office', what: 'tcp', to: '192.168.100.9', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'console', what: 'tcp', to: '192.168.100.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'office', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'console', what: 'tcp', to: '192.168.20.9', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The tunnel's policy is for all of 192.168.0.0/16. The network of the gateway's other card is a part of that, so the kernel wants to encrypt what is forwarded there.",
      causes: [{ code: 'ipsec-no-state', words: ['192.168.0.0/16'] }],
      status: ['lost'],
    },
    mend: [['gateway', BYPASS]],
  },
  {
    name: 'healthy-policy-that-passes-the-lan-is-in-front-of-the-one-of-the-tunnel',
    thread: {
      title: 'lan-passthrough is not working as expected',
      address: 'https://github.com/trailofbits/algo/issues/1263',
    },
    ...NETS,
    setup: [
      ['gateway', POLICIES],
      ['gateway', BYPASS],
    ],
    fails: { from: 'office', what: 'tcp', to: '192.168.100.9', port: 22 },
    seen: 'answered',
    others: [
      { sending: { from: 'office', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'office', what: 'tcp', to: '192.168.50.9', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words: 'Nothing is wrong: a policy with a smaller number lets both own networks pass in clear.',
      causes: [],
      status: ['answered'],
    },
    mend: [['gateway', 'true']],
  },
  {
    name: 'fw4-masquerades-in-front-of-the-policy-of-the-tunnel',
    thread: {
      title: 'Firewall is not working for IPSec NAT-T',
      address: 'https://github.com/openwrt/firewall4/issues/53',
    },
    backend: 'nft',
    hosts: {
      // the far gateway: takes from the tunnel's networks alone
      far: {
        addresses: { wan: ['203.0.113.77/24'], lan: ['192.168.2.1/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip saddr 192.168.1.0/24 accept
    iifname "lan" accept
  }
}
`,
        },
      },
      server: { addresses: { eth0: ['192.168.2.10/24'] }, routes: ['default via 192.168.2.1'], listeners: [WEB] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        bridges: { 'br-lan': ['lan1'] },
        routes: ['default via 203.0.113.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
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
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    jump accept_from_lan
  }
  chain accept_from_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname "wan" ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    udp dport { 500, 4500 } counter accept comment "!fw4: IPSec IKE/NAT-T"
    meta l4proto esp counter accept comment "!fw4: IPSec ESP"
    jump reject_from_wan
  }
  chain reject_from_wan {
    iifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain forward_lan {
    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
  }
  chain forward_wan {
    meta ipsec exists ip daddr 192.168.1.0/24 counter accept comment "!fw4: IPSec-to-LAN"
    jump reject_from_wan
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
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      internet: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [WEB] },
      isp: { bridges: { br0: ['p1', 'p2', 'p3'] } },
    },
    links: [
      ['isp:p1', 'router:wan'],
      ['isp:p2', 'far:wan'],
      ['isp:p3', 'internet:eth0'],
      ['far:lan', 'server:eth0'],
      ['router:lan1', 'pc:eth0'],
    ],
    traced: 'router',
    // optional, as if the tunnel were up: the kernel of the lab has no ESP
    setup: [
      [
        'router',
        `ip xfrm policy add src 192.168.1.0/24 dst 192.168.2.0/24 dir out priority 375423 tmpl proto esp reqid 1 mode transport level use; ip xfrm policy add src 192.168.2.0/24 dst 192.168.1.0/24 dir fwd priority 375423 ${BACK} level use; ip rule add pref 220 lookup 220; ip route add 192.168.2.0/24 via 203.0.113.77 dev wan src 192.168.1.1 table 220`,
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '192.168.2.10', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '192.168.2.1' }, seen: 'answered', either: true },
    ],
    truth: {
      words:
        "The wan zone masquerades before IPsec looks at its policies: with the router's own source no policy matches, so the packet leaves in clear, and the far gateway drops it.",
      causes: [{ rule: 'masquerade comment "!fw4: Masquerade IPv4 wan traffic"', chain: 'inet fw4 srcnat_wan' }],
      status: ['unanswered', 'lost'],
    },
    mend: [['router', 'nft insert rule inet fw4 srcnat_wan ip saddr 192.168.1.0/24 ip daddr 192.168.2.0/24 accept']],
  },
  {
    name: 'afwall-lets-apps-out-and-not-the-root-that-resolves-for-them',
    thread: {
      title: 'Wi-Fi-Hotspot not working while AFWall+ is enabled',
      address: 'https://github.com/ukanth/afwall/issues/344',
    },
    backend: 'iptables-legacy',
    hosts: {
      router: {
        addresses: { lan: ['192.168.178.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        listeners: [DNS, WEB],
      },
      internet: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.178.0/24 via 203.0.113.1'],
        listeners: [WEB],
      },
      phone: {
        addresses: { wlan0: ['192.168.178.102/24'] },
        routes: ['default via 192.168.178.1'],
        listeners: [{ protocol: 'tcp', port: 8022 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:afwall - [0:0]
:afwall-3g - [0:0]
:afwall-3g-fork - [0:0]
:afwall-3g-home - [0:0]
:afwall-3g-postcustom - [0:0]
:afwall-3g-roam - [0:0]
:afwall-3g-tether - [0:0]
:afwall-reject - [0:0]
:afwall-vpn - [0:0]
:afwall-wifi - [0:0]
:afwall-wifi-fork - [0:0]
:afwall-wifi-lan - [0:0]
:afwall-wifi-postcustom - [0:0]
:afwall-wifi-tether - [0:0]
:afwall-wifi-wan - [0:0]
-A OUTPUT -j afwall
-A afwall -m state --state ESTABLISHED -j RETURN
-A afwall -o lo -j RETURN
-A afwall -o rmnet+ -j afwall-3g
-A afwall -o ccmni+ -j afwall-3g
-A afwall -o ppp+ -j afwall-3g
-A afwall -o tun+ -j afwall-vpn
-A afwall -o wlan+ -j afwall-wifi
-A afwall -o eth+ -j afwall-wifi
-A afwall-3g -j afwall-3g-postcustom
-A afwall-3g-fork -j afwall-3g-home
-A afwall-3g-home -m owner --uid-owner 10069 -j RETURN
-A afwall-3g-home -j afwall-reject
-A afwall-3g-postcustom -j afwall-3g-fork
-A afwall-3g-roam -j afwall-reject
-A afwall-reject -m limit --limit 1000/min -j NFLOG --nflog-prefix "{AFL}" --nflog-group 40
-A afwall-reject -j REJECT --reject-with icmp-port-unreachable
-A afwall-vpn -j afwall-reject
-A afwall-wifi -j afwall-wifi-postcustom
-A afwall-wifi-fork -d 192.168.178.0/24 -j afwall-wifi-lan
-A afwall-wifi-fork ! -d 192.168.178.0/24 -j afwall-wifi-wan
-A afwall-wifi-lan -p udp -m owner --uid-owner 9999 -m udp --dport 53 -j RETURN
-A afwall-wifi-lan -m owner --uid-owner 10069 -j RETURN
-A afwall-wifi-lan -m owner --uid-owner 10070 -j RETURN
-A afwall-wifi-lan -j afwall-reject
-A afwall-wifi-postcustom -j afwall-wifi-fork
-A afwall-wifi-tether -p udp -m owner --uid-owner 1014 -m udp --sport 67 --dport 68 -j RETURN
-A afwall-wifi-wan -m owner --uid-owner 10069 -j RETURN
-A afwall-wifi-wan -m owner --uid-owner 10070 -j RETURN
-A afwall-wifi-wan -m owner --uid-owner 1021 -j RETURN
-A afwall-wifi-wan -j afwall-reject
COMMIT
`,
        },
      },
    },
    links: [
      ['phone:wlan0', 'router:lan'],
      ['router:wan', 'internet:eth0'],
    ],
    traced: 'phone',
    fails: { from: 'phone', what: 'udp', to: '192.168.178.1', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'internet', what: 'tcp', to: '192.168.178.102', port: 8022 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '192.168.178.102' }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'refused' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.178.1', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        'Apps may ask the network, and root, who resolves names for them, may not: its questions are owned by nobody whom a rule returns for, so the last rule rejects them.',
      causes: [
        { rule: '-j REJECT --reject-with icmp-port-unreachable', chain: 'filter afwall-reject' },
        { rule: '-j afwall-reject', chain: 'filter afwall-wifi-lan' },
        { rule: '--uid-owner 9999', chain: 'filter afwall-wifi-lan' },
      ],
      status: ['rejected'],
    },
    mend: [['phone', 'iptables -I afwall-wifi-lan 1 -p udp -m owner --uid-owner 0 -m udp --dport 53 -j RETURN']],
  },
]

const FW4 = PROBLEMS.find(({ name }) => name.startsWith('fw4-masquerades'))!

/** The other way: what the far site sends in clear, the router takes from the tunnel alone. */
const IN_CLEAR: Problem = {
  ...FW4,
  name: 'fw4-accepts-from-the-tunnel-alone-what-comes-in-clear',
  hosts: { ...FW4.hosts, pc: { ...FW4.hosts.pc, listeners: [SSH] } },
  fails: { from: 'server', what: 'tcp', to: '192.168.1.10', port: 22 },
  seen: 'refused',
  others: [
    { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    { sending: { from: 'internet', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
  ],
  truth: {
    words:
      'The rule accepts what was decrypted. This packet came in clear, as anybody on the wan could send it: the far gateway has to send it through the tunnel.',
    causes: [{ rule: 'meta ipsec exists', chain: 'inet fw4 forward_wan' }],
    status: ['rejected'],
  },
  // instead of the far gateway's tunnel: the kernel of the lab has no ESP
  mend: [['router', 'nft insert rule inet fw4 forward_wan ip saddr 192.168.2.10 ip daddr 192.168.1.10 accept']],
}

export const POLICIES_OF_IPSEC_AND_OWNERS: Problem[] = [...PROBLEMS, IN_CLEAR]

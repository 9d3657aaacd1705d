/** Routers by iptables: own addresses that belong to another bridge, a prefix on both sides, frames that bear a mark, a source that is rewritten before its own rule. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SMTP = { protocol: 'tcp', port: 25 } as const

export const ROUTERS_BY_IPTABLES: Problem[] = [
  {
    name: 'freshtomato-keeps-each-bridge-off-the-other-bridges-own-address',
    thread: {
      title: 'rc: firewall.c: prevent devices from accessing router services of oth…',
      address: 'https://github.com/FreshTomato-Project/freshtomato-arm/pull/109',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'tcp', port: 443 }] },
      router: {
        addresses: { vlan2: ['203.0.113.1/24'], br0: ['192.168.1.1/24'], br1: ['192.168.2.1/24'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'udp', port: 53, address: '192.168.1.1' },
          { protocol: 'udp', port: 53, address: '192.168.2.1' },
          ...WEB,
        ],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:WANPREROUTING - [0:0]
-A PREROUTING -d 203.0.113.1/32 -j WANPREROUTING
-A PREROUTING -d 192.168.1.0/24 -i vlan2 -j DNAT --to-destination 0.0.0.0
-A PREROUTING -d 192.168.2.0/24 -i vlan2 -j DNAT --to-destination 0.0.0.0
-A POSTROUTING -o vlan2 -j MASQUERADE
-A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.0/24 -o br0 -j SNAT --to-source 192.168.1.1
-A POSTROUTING -s 192.168.2.0/24 -d 192.168.2.0/24 -o br1 -j SNAT --to-source 192.168.2.1
-A WANPREROUTING -p icmp -j DNAT --to-destination 192.168.1.1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:shlimit - [0:0]
:wanin - [0:0]
:wanout - [0:0]
-A INPUT -m state --state INVALID -j DROP
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m state --state NEW -j shlimit
-A INPUT -i lo -j ACCEPT
-A INPUT -d 192.168.2.1/32 -i br0 -j DROP
-A INPUT -d 192.168.1.1/32 -i br1 -j DROP
-A INPUT -i br0 -j ACCEPT
-A INPUT -i br1 -j ACCEPT
-A INPUT -i vlan2 -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A INPUT -p icmp -m limit --limit 1/sec -j ACCEPT
-A FORWARD -i br0 -o br0 -j ACCEPT
-A FORWARD -i br1 -o br1 -j ACCEPT
-A FORWARD -m state --state INVALID -j DROP
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A FORWARD -i br0 -o br1 -j DROP
-A FORWARD -i br1 -o br0 -j DROP
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i vlan2 -j wanin
-A FORWARD -o vlan2 -j wanout
-A FORWARD -i br0 -j ACCEPT
-A FORWARD -i br1 -j ACCEPT
-A shlimit -m recent --set --name shlimit --rsource
-A shlimit -m recent --update --seconds 60 --hitcount 4 --name shlimit --rsource -j DROP
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      camera: { addresses: { eth0: ['192.168.2.20/24'] }, routes: ['default via 192.168.2.1'] },
    },
    links: [
      ['remote:eth0', 'router:vlan2'],
      ['router:br0', 'pc:eth0'],
      ['router:br1', 'camera:eth0'],
    ],
    traced: 'router',
    fails: { from: 'camera', what: 'udp', to: '192.168.1.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'camera', what: 'udp', to: '192.168.2.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'camera', what: 'tcp', to: '192.168.1.1', port: 80 }, seen: 'nothing' },
      { sending: { from: 'camera', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The camera asks the resolver at the router's address on the other bridge, and a rule drops what is for that from this bridge, in front of the one that accepts all of the bridge.",
      causes: [{ rule: '-d 192.168.1.1/32 -i br1 -j DROP', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -I INPUT 1 -d 192.168.1.1/32 -i br1 -p udp -m udp --dport 53 -j ACCEPT']],
  },
  {
    name: 'merlin-gives-its-uplink-an-address-with-the-prefix-of-the-lan',
    thread: {
      title: 'ipv6: routing and firewall issues',
      address: 'https://github.com/RMerl/asuswrt-merlin.ng/issues/65',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        listeners: WEB,
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:UPNP - [0:0]
:logaccept - [0:0]
:logdrop - [0:0]
-A INPUT -m rt --rt-type 0 -j DROP
-A INPUT -p ipv6-nonxt -m length --length 40 -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan -m state --state NEW -j ACCEPT
-A INPUT -i lo -m state --state NEW -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A INPUT -p udp -m udp --sport 547 --dport 546 -j ACCEPT
-A INPUT -j DROP
-A FORWARD -m rt --rt-type 0 -j DROP
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
-A FORWARD -i lan -o lan -j ACCEPT
-A FORWARD -p ipv6-nonxt -m length --length 40 -j ACCEPT
-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 1 -j ACCEPT
-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 2 -j ACCEPT
-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 3 -j ACCEPT
-A FORWARD -i wan -j UPNP
-A OUTPUT -m rt --rt-type 0 -j DROP
COMMIT
`,
        },
      },
      { remote: { listeners: [{ protocol: 'tcp', port: 443, address: '::' }] } },
    ),
    setup: [
      // the firmware sets up the uplink first
      [
        'router',
        'ip -6 addr del 2001:db8:1::1/64 dev lan; ip -6 addr add 2001:db8:1::2/64 dev wan nodad; ip -6 addr add 2001:db8:1::1/64 dev lan nodad',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The uplink's address came with the prefix of the LAN, and so with a route to it: what is replied to the PC is looked for beyond wan, where no neighbour has its address.",
      causes: [
        { code: 'wrong-way-out', words: ['wan'] },
        { code: 'neighbour-failed', words: ['2001:db8:1::10'] },
        { code: 'reply-dropped', words: ['wan'] },
      ],
      status: ['reply-lost', 'lost'],
      alsoTrue: ['reply-by-other-uplink'],
    },
    mend: [['router', 'ip -6 addr del 2001:db8:1::2/64 dev wan; ip -6 addr add 2001:db8:1::2/128 dev wan nodad']],
  },
  {
    name: 'libvirt-masquerades-in-front-of-the-guests-own-address',
    thread: {
      title: 'masquerade outgoing connections to public_ip',
      address: 'https://github.com/saschpe/libvirt-hook-qemu/pull/21',
    },
    backend: 'iptables-nft',
    hosts: {
      mx: {
        addresses: { eth0: ['203.0.113.9/24'] },
        listeners: [SMTP, ...WEB],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 203.0.113.11/32 -p tcp -m tcp --dport 25 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 25 -j DROP
COMMIT
`,
        },
      },
      host: {
        addresses: { eth0: ['203.0.113.10/24', '203.0.113.11/24'], virbr0: ['192.168.122.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DNAT-mail - [0:0]
:LIBVIRT_PRT - [0:0]
:SNAT-mail - [0:0]
-A PREROUTING -d 203.0.113.11/32 -j DNAT-mail
-A OUTPUT -d 203.0.113.11/32 -j DNAT-mail
-A POSTROUTING -j LIBVIRT_PRT
-A POSTROUTING -s 192.168.122.25/32 -d 192.168.122.25/32 -j SNAT-mail
-A POSTROUTING -s 192.168.122.25/32 ! -d 192.168.122.0/24 -j SNAT --to-source 203.0.113.11
-A DNAT-mail -p tcp -m tcp --dport 25 -j DNAT --to-destination 192.168.122.25:25
-A DNAT-mail -p tcp -m tcp --dport 587 -j DNAT --to-destination 192.168.122.25:587
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 255.255.255.255/32 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p udp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
-A SNAT-mail -p tcp -m tcp --dport 25 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FWD-mail - [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWX - [0:0]
:LIBVIRT_INP - [0:0]
-A INPUT -j LIBVIRT_INP
-A FORWARD -d 192.168.122.25/32 -o virbr0 -j FWD-mail
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A FWD-mail -p tcp -m tcp --dport 25 -j ACCEPT
-A FWD-mail -p tcp -m tcp --dport 587 -j ACCEPT
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 67 -j ACCEPT
COMMIT
`,
        },
      },
      mail: {
        addresses: { eth0: ['192.168.122.25/24'] },
        routes: ['default via 192.168.122.1'],
        listeners: [SMTP],
      },
    },
    links: [
      ['mx:eth0', 'host:eth0'],
      ['host:virbr0', 'mail:eth0'],
    ],
    traced: 'host',
    fails: { from: 'mail', what: 'tcp', to: '203.0.113.9', port: 25 },
    seen: 'nothing',
    others: [
      { sending: { from: 'mail', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'mx', what: 'tcp', to: '203.0.113.11', port: 25 }, seen: 'answered' },
      { sending: { from: 'mail', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "libvirt's chain masquerades first, with the host's own address, so the rule that gives the mail guest its second one is not asked; the other mail server takes mail from that one alone.",
      causes: [
        { rule: '-p tcp -j MASQUERADE --to-ports 1024-65535', chain: 'nat LIBVIRT_PRT' },
        { rule: '-j SNAT --to-source 203.0.113.11', chain: 'nat POSTROUTING' },
        { code: 'snat-changed-source', words: ['203.0.113.10'] },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -I POSTROUTING 1 -s 192.168.122.25/32 ! -d 192.168.122.0/24 -j SNAT --to-source 203.0.113.11',
      ],
    ],
  },
]

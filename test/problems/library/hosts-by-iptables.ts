/** From threads, by iptables-nft: a host of virtual machines, a router of Shorewall, a client of wg-quick, and a prefix that is only in part assigned. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SMB = { protocol: 'tcp', port: 445 } as const

/** pve-firewall with a guest whose IP filter is on. */
const PVE = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:PVEFW-FORWARD - [0:0]
:PVEFW-FWBR-IN - [0:0]
:PVEFW-FWBR-OUT - [0:0]
:PVEFW-Drop - [0:0]
:PVEFW-DropBroadcast - [0:0]
:PVEFW-SET-ACCEPT-MARK - [0:0]
:tap100i0-IN - [0:0]
:tap100i0-OUT - [0:0]
-A FORWARD -j PVEFW-FORWARD
-A PVEFW-FORWARD -m conntrack --ctstate INVALID -j DROP
-A PVEFW-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A PVEFW-FORWARD -m physdev --physdev-in fwln+ --physdev-is-bridged -j PVEFW-FWBR-IN
-A PVEFW-FORWARD -m physdev --physdev-out fwln+ --physdev-is-bridged -j PVEFW-FWBR-OUT
-A PVEFW-FWBR-IN -m physdev --physdev-out tap100i0 --physdev-is-bridged -j tap100i0-IN
-A PVEFW-FWBR-OUT -m physdev --physdev-in tap100i0 --physdev-is-bridged -j tap100i0-OUT
-A PVEFW-Drop -j PVEFW-DropBroadcast
-A PVEFW-Drop -p icmp -m icmp --icmp-type 3/4 -j ACCEPT
-A PVEFW-Drop -p icmp -m icmp --icmp-type 11 -j ACCEPT
-A PVEFW-Drop -m conntrack --ctstate INVALID -j DROP
-A PVEFW-Drop -p udp -m multiport --dports 135,445 -j DROP
-A PVEFW-Drop -p tcp -m multiport --dports 135,139,445 -j DROP
-A PVEFW-Drop -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
-A PVEFW-DropBroadcast -m addrtype --dst-type BROADCAST -j DROP
-A PVEFW-DropBroadcast -d 224.0.0.0/4 -j DROP
-A PVEFW-SET-ACCEPT-MARK -j MARK --set-xmark 0x80000000/0x80000000
-A tap100i0-IN -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A tap100i0-IN -p udp -m udp --dport 51820 -j ACCEPT
-A tap100i0-IN -j PVEFW-Drop
-A tap100i0-IN -j DROP
-A tap100i0-OUT -p udp -m udp --sport 68 --dport 67 -g PVEFW-SET-ACCEPT-MARK
-A tap100i0-OUT -m set ! --match-set PVEFW-100-ipfilter-net0-v4 src -j DROP
-A tap100i0-OUT -j MARK --set-xmark 0x0/0x80000000
-A tap100i0-OUT -g PVEFW-SET-ACCEPT-MARK
COMMIT
`

/** Shorewall's snat file has the uplink's address, as it was when the firewall started. */
const SHOREWALL = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:eth0_masq - [0:0]
-A POSTROUTING -o eth0 -j eth0_masq
-A eth0_masq -s 192.168.1.0/24 -j SNAT --to-source 203.0.113.7
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:loc-net - [0:0]
:loc-fw - [0:0]
:net-fw - [0:0]
:net-loc - [0:0]
-A INPUT -i eth0 -j net-fw
-A INPUT -i eth1 -j loc-fw
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -i eth0 -o eth1 -j net-loc
-A FORWARD -i eth1 -o eth0 -j loc-net
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
-A OUTPUT -j ACCEPT
-A loc-net -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A loc-net -j ACCEPT
-A loc-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A loc-fw -p tcp -m tcp --dport 22 -j ACCEPT
-A loc-fw -j REJECT --reject-with icmp-port-unreachable
-A net-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-fw -j DROP
-A net-loc -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-loc -j DROP
COMMIT
`

/** wg-quick's own, and ufw with ssh allowed on eth0. */
const WG_QUICK_AND_UFW = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d fd00:51::2/128 ! -i wg0 -m addrtype ! --src-type LOCAL -m comment --comment "wg-quick(8) rule for wg0" -j DROP
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m comment --comment "wg-quick(8) rule for wg0" -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A POSTROUTING -p udp -m mark --mark 0xca6c -m comment --comment "wg-quick(8) rule for wg0" -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw6-before-input - [0:0]
:ufw6-user-input - [0:0]
:ufw6-after-input - [0:0]
-A INPUT -j ufw6-before-input
-A INPUT -j ufw6-after-input
-A ufw6-before-input -i lo -j ACCEPT
-A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
-A ufw6-before-input -j ufw6-user-input
-A ufw6-user-input -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw6-after-input -p tcp -m tcp --dport 139 -j RETURN
COMMIT
`

/** The firewall of the thread: replies, and what the networks of the gateway send. */
const STATEFUL = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
COMMIT
`

export const HOSTS_BY_IPTABLES: Problem[] = [
  {
    name: 'proxmox-ip-filter-of-a-guest-that-routes-for-its-tunnel',
    thread: {
      title: 'pve-firewall(8): Standard IP set ipfilter-net*',
      address: 'https://pve.proxmox.com/pve-docs/pve-firewall.8.html',
    },
    backend: 'iptables-nft',
    hosts: {
      phone: { addresses: { wg0: ['10.8.0.2/24'] }, routes: ['192.168.1.0/24 via 10.8.0.1'] },
      other: { addresses: { eth0: ['10.66.0.2/24'] }, routes: ['192.168.1.0/24 via 10.66.0.1'] },
      guest: {
        addresses: { eth0: ['192.168.1.100/24'], wg0: ['10.8.0.1/24'], eth1: ['10.66.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
      },
      pve: {
        bridges: { vmbr0: ['eth0'], fwbr100i0: ['tap100i0'] },
        addresses: { vmbr0: ['192.168.1.2/24'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          ipset: `create PVEFW-100-ipfilter-net0-v4 hash:net family inet
add PVEFW-100-ipfilter-net0-v4 192.168.1.100
`,
          v4: PVE,
        },
      },
      nas: {
        addresses: { eth0: ['192.168.1.20/24'] },
        routes: ['10.8.0.0/24 via 192.168.1.100', '10.66.0.0/24 via 192.168.1.100'],
        listeners: [SMB],
      },
    },
    links: [
      ['phone:wg0', 'guest:wg0'],
      ['other:eth0', 'guest:eth1'],
      ['guest:eth0', 'pve:tap100i0'],
      ['pve:eth0', 'nas:eth0'],
    ],
    setup: [
      [
        'pve',
        'ip link add fwpr100p0 type veth peer name fwln100i0; ip link set fwpr100p0 master vmbr0; ip link set fwln100i0 master fwbr100i0; ip link set fwpr100p0 up; ip link set fwln100i0 up',
      ],
    ],
    traced: 'pve',
    fails: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 445 },
    seen: 'nothing',
    others: [
      { sending: { from: 'guest', what: 'tcp', to: '192.168.1.20', port: 445 }, seen: 'answered' },
      { sending: { from: 'nas', what: 'tcp', to: '192.168.1.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'nas', what: 'tcp', to: '192.168.1.100', port: 22 }, seen: 'nothing' },
      { sending: { from: 'other', what: 'tcp', to: '192.168.1.20', port: 445 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The guest routes for its tunnel, and its IP filter drops what has another source than the guest's own address.",
      causes: [
        { rule: '! --match-set PVEFW-100-ipfilter-net0-v4 src', chain: 'filter tap100i0-OUT' },
        { code: 'not-in-set', words: ['PVEFW-100-ipfilter-net0-v4'] },
      ],
      status: ['dropped'],
    },
    mend: [['pve', 'ipset add PVEFW-100-ipfilter-net0-v4 10.8.0.0/24']],
  },
  {
    name: 'shorewall-rewrites-to-the-address-that-the-uplink-had-before',
    thread: {
      title: 'SHOREWALL-MASQ(5)',
      address: 'https://manpages.debian.org/testing/shorewall/shorewall-masq.5.en.gz',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.20'],
        listeners: [HTTPS],
      },
      router: {
        addresses: { eth0: ['203.0.113.20/24'], eth1: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, WEB],
        rules: { v4: SHOREWALL },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: [SSH] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth1', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 80 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.20', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule rewrites the source to the address that the uplink had before. The router has it no more, so no reply comes back.',
      causes: [
        { rule: '--to-source 203.0.113.7', chain: 'nat eth0_masq' },
        { code: 'snat-changed-source', words: ['203.0.113.7'] },
      ],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['not-netfilter'],
    },
    mend: [['router', 'iptables -t nat -R eth0_masq 1 -s 192.168.1.0/24 -j MASQUERADE']],
  },
  {
    name: 'wg-quick-takes-the-replies-of-the-servers-own-ipv6-address',
    thread: {
      title: 'VPN + UFW/nftables: lockouts and fixes',
      address: 'https://cr0x.net/en/vpn-ufw-nftables-lockout-fixes',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:1::fffe/64'], lo: ['2001:db8:f::9/128'] },
        routes: ['2001:db8:1::1/128 dev eth0 src 2001:db8:f::9'],
      },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'], wg0: ['fd00:51::2/64'] },
        routes: ['default via 2001:db8:1::fffe', 'default via fd00:51::1 dev wg0 table 51820'],
        listeners: [
          { ...SSH, address: '::' },
          { ...WEB, address: '::' },
        ],
        rules: { v6: WG_QUICK_AND_UFW },
      },
      provider: {
        addresses: { wg0: ['fd00:51::1/64'], lo: ['2001:db8:9::9/128'] },
        listeners: [{ ...HTTPS, address: '::' }],
      },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['server:wg0', 'provider:wg0'],
    ],
    setup: [
      [
        'server',
        'ip -6 rule add not fwmark 0xca6c table 51820 priority 32765; ip -6 rule add table main suppress_prefixlength 0 priority 32764',
      ],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:9::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'nothing' },
      { sending: { from: 'provider', what: 'tcp', to: 'fd00:51::2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The request comes in by eth0 and is accepted. Its reply has no mark of the tunnel's own packets, so the rule of wg-quick routes it into the tunnel, with an address that the provider does not know.",
      causes: [{ code: 'reply-by-other-uplink' }, { code: 'wrong-way-out' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'ip -6 rule add from 2001:db8:1::1 lookup main priority 32000']],
  },
  {
    name: 'healthy-firewall-and-a-part-of-the-prefix-that-no-interface-has',
    thread: {
      title: 'DHCPv6-PD catch-all route should be configurable',
      address: 'https://github.com/systemd/systemd/issues/33929',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/56 via 2001:db8:f::1'],
        listeners: [{ ...HTTPS, address: '::' }],
      },
      gateway: {
        addresses: { wan: ['2001:db8:f::1/64'], lan: ['2001:db8:1::1/64'] },
        routes: ['unreachable 2001:db8:1::/56 dev lo metric 1024'],
        sysctls: FORWARDS,
        rules: { v6: STATEFUL },
      },
      pc: {
        addresses: { eth0: ['2001:db8:1::10/64'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [{ ...SSH, address: '::' }],
      },
      server: {
        addresses: { eth0: ['2001:db8:1:1::10/64'] },
        routes: ['default via 2001:db8:1:1::1'],
        listeners: [{ ...HTTPS, address: '::' }],
      },
    },
    links: [
      ['remote:eth0', 'gateway:wan'],
      ['gateway:lan', 'pc:eth0'],
      ['gateway:lan2', 'server:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:1:1::10', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'No rule has to do with it: the second network has no address on the gateway, so the route that catches the rest of the prefix sends the error, before FORWARD is reached.',
      causes: [{ code: 'vanished-no-route' }],
      status: ['lost', 'refused'],
    },
    mend: [['gateway', 'ip -6 addr add 2001:db8:1:1::1/64 dev lan2 nodad']],
  },
]

/** Small routers, a hypervisor and a VPS, from threads: NAT of loopback, SYNs nobody tracks, another card's address, replies by another uplink. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTP = { protocol: 'tcp', port: 80 } as const
const SSH = { protocol: 'tcp', port: 22 } as const

/** A small router of a Raspberry Pi: RaspAP masquerades without saying where. */
const RASPAP = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -j MASQUERADE
-A POSTROUTING -s 192.168.50.0/24 ! -d 192.168.50.0/24 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 127.0.0.0/8 -i lo -j ACCEPT
-A INPUT -s 127.0.0.0/8 ! -i lo -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -i wlan0 -p udp -m multiport --dports 53,67 -j ACCEPT
-A INPUT -i wlan0 -p tcp -m multiport --dports 22,53,80 -j ACCEPT
-A INPUT -p udp -m udp --dport 9993 -j ACCEPT
COMMIT
`

/** VyOS with zones' ancestors: rule sets by interface, and SYNs that raw does not track. */
const VYOS = `table ip raw {
  chain VYOS_TCP_MSS {
    type filter hook forward priority raw; policy accept;
    oifname "eth0" tcp flags syn tcp option maxseg size set rt mtu
  }
  chain vyos_synproxy {
    type filter hook prerouting priority raw; policy accept;
    iifname "eth0" ip daddr 203.0.113.10 tcp dport 443 tcp flags syn / fin,syn,rst,ack notrack
  }
}
table ip vyos_filter {
  set A_WEB {
    type ipv4_addr
    elements = { 203.0.113.10 }
  }
  chain VYOS_STATE_POLICY {
    ct state established counter accept
    ct state related counter accept
    return
  }
  chain VYOS_FORWARD_filter {
    type filter hook forward priority filter; policy accept;
    jump VYOS_STATE_POLICY
    iifname "eth0" counter jump NAME_WAN_IN comment "ipv4-FWD-filter-10"
    counter accept comment "FWD-filter default-action accept"
  }
  chain VYOS_INPUT_filter {
    type filter hook input priority filter; policy accept;
    jump VYOS_STATE_POLICY
    iifname "eth0" counter jump NAME_WAN_LOCAL comment "ipv4-INP-filter-10"
    counter accept comment "INP-filter default-action accept"
  }
  chain NAME_WAN_IN {
    ip daddr @A_WEB tcp dport 443 ct state new counter synproxy mss 1460 wscale 7 timestamp sack-perm comment "ipv4-NAM-WAN_IN-10"
    ip daddr @A_WEB tcp dport 80 ct state new counter accept comment "ipv4-NAM-WAN_IN-20"
    icmp type echo-request counter accept comment "ipv4-NAM-WAN_IN-30"
    counter drop comment "NAM-WAN_IN default-action drop"
  }
  chain NAME_WAN_LOCAL {
    icmp type echo-request counter accept comment "ipv4-NAM-WAN_LOCAL-10"
    counter drop comment "NAM-WAN_LOCAL default-action drop"
  }
}
`

const GUEST = (name: string, vif: string) => `-A BF-cloudbr0-IN -m physdev --physdev-in ${vif} -j ${name}-def
-A BF-cloudbr0-OUT -m physdev --physdev-out ${vif} -j ${name}-def
-A ${name}-def -m physdev --physdev-in ${vif} -m set ! --match-set ${name} src -j DROP
-A ${name}-def -p udp -m physdev --physdev-in ${vif} -m set --match-set ${name} src -m udp --dport 53 -j RETURN
-A ${name}-def -p tcp -m physdev --physdev-in ${vif} -m set --match-set ${name} src -m tcp --dport 53 -j RETURN
-A ${name}-def -m physdev --physdev-in ${vif} -m set --match-set ${name} src -j ${name}-eg
-A ${name}-def -m physdev --physdev-out ${vif} -j ${name}
-A ${name}-eg -j RETURN
-A ${name} -p icmp -m icmp --icmp-type any -j ACCEPT
-A ${name} -p tcp -m tcp --dport 1:65535 -m conntrack --ctstate NEW -j ACCEPT
-A ${name} -j DROP
`
/** CloudStack's security groups on KVM. */
const SECURITY_GROUPS = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:BF-cloudbr0 - [0:0]
:BF-cloudbr0-IN - [0:0]
:BF-cloudbr0-OUT - [0:0]
${['i-2-185-VM', 'i-2-90-VM'].map((name) => `:${name} - [0:0]\n:${name}-def - [0:0]\n:${name}-eg - [0:0]\n`).join('')}-A FORWARD -o cloudbr0 -m physdev --physdev-is-bridged -j BF-cloudbr0
-A FORWARD -i cloudbr0 -m physdev --physdev-is-bridged -j BF-cloudbr0
-A FORWARD -o cloudbr0 -j DROP
-A FORWARD -i cloudbr0 -j DROP
-A BF-cloudbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A BF-cloudbr0 -m physdev --physdev-is-in --physdev-is-bridged -j BF-cloudbr0-IN
-A BF-cloudbr0 -m physdev --physdev-is-out --physdev-is-bridged -j BF-cloudbr0-OUT
-A BF-cloudbr0 -m physdev --physdev-out eth0 --physdev-is-bridged -j ACCEPT
${GUEST('i-2-185-VM', 'vnet13')}${GUEST('i-2-90-VM', 'vnet14')}COMMIT
`

const WG_GAMING = `table inet wg_filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "wg0" } accept
    meta l4proto { icmp, ipv6-icmp } accept
    iifname "eth0" udp dport 51820 accept
    iifname "eth0" tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "wg0" oifname "eth0" accept
    iifname "eth0" oifname "wg0" ct status dnat accept
  }
}
table ip wg_nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" udp dport { 27015-27020 } dnat to 10.66.66.2
    iifname "eth0" tcp dport { 27015-27020 } dnat to 10.66.66.2
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    iifname "wg0" oifname "eth0" masquerade
  }
}
`

/** As wireguard-install writes it for one family: everything that leaves by eth0 gets its address. */
const WIREGUARD = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0 -p udp -m udp --dport 51820 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -i eth0 -p udp -m multiport --dports 500,4500 -j ACCEPT
ICMP-A FORWARD -i eth0 -o wg0 -j ACCEPT
-A FORWARD -i wg0 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth1 -o eth0 -j ACCEPT
COMMIT
`

export const THREADS_AA: Problem[] = [
  {
    name: 'raspap-masquerades-its-own-loopback',
    thread: {
      title: 'NAT MASQUERADE Conflicts with ZeroTier -- Solution provided, please implement.',
      address: 'https://github.com/RaspAP/raspap-webgui/issues/1270',
    },
    backend: 'iptables-nft',
    hosts: {
      web: { addresses: { eth0: ['172.30.3.1/24'] }, listeners: [HTTP] },
      pi: {
        addresses: { eth0: ['172.30.3.91/24'], wlan0: ['192.168.50.1/24'] },
        routes: ['default via 172.30.3.1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '127.0.0.1', port: 9993 }, SSH],
        rules: { v4: RASPAP },
      },
      laptop: { addresses: { wlan0: ['192.168.50.7/24'] }, routes: ['default via 192.168.50.1'] },
    },
    links: [
      ['web:eth0', 'pi:eth0'],
      ['pi:wlan0', 'laptop:wlan0'],
    ],
    traced: 'pi',
    fails: { from: 'pi', what: 'tcp', to: '127.0.0.1', port: 9993 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '172.30.3.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.50.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '172.30.3.91', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The MASQUERADE rule names no interface, so it also rewrites what the host sends to itself. The packet comes in on lo with eth0's address, and INPUT accepts only 127.0.0.0/8 there.",
      causes: [{ rule: '-j MASQUERADE', chain: 'nat POSTROUTING' }],
      status: ['dropped'],
    },
    mend: [['pi', 'iptables -t nat -I POSTROUTING 1 -o lo -j RETURN']],
  },
  {
    name: 'vyos-synproxy-waits-for-new',
    thread: {
      title: 'firewall: T5217: Synproxy bugfix and ct state conflict checking',
      address: 'https://github.com/vyos/vyos-1x/pull/2322',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      router: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['203.0.113.1/24'] },
        sysctls: { ...FORWARDS, 'net.netfilter.nf_conntrack_tcp_loose': '0' },
        rules: { nft: VYOS },
      },
      web: {
        addresses: { eth0: ['203.0.113.10/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [HTTP, { protocol: 'tcp', port: 443 }],
      },
    },
    links: [
      ['client:eth0', 'router:eth0'],
      ['router:eth1', 'web:eth0'],
    ],
    traced: 'router',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '203.0.113.10' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'raw does not track the SYN, so its state is untracked, and the rule with synproxy wants a new one: it matches nothing, and the default action drops.',
      causes: [
        { rule: 'synproxy', chain: 'ip vyos_filter NAME_WAN_IN' },
        { rule: 'notrack', chain: 'ip raw vyos_synproxy' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        'nft insert rule ip vyos_filter NAME_WAN_IN ip daddr @A_WEB tcp dport 443 ct state invalid,untracked counter synproxy mss 1460 wscale 7 timestamp sack-perm',
      ],
    ],
  },
  {
    name: 'cloudstack-group-knows-the-address-of-the-other-card',
    thread: {
      title: 'Security Groups are not properly applied on KVM with multiple NICs',
      address: 'https://github.com/apache/cloudstack/issues/3568',
    },
    backend: 'iptables-nft',
    hosts: {
      gw: { addresses: { eth0: ['10.0.2.1/24'] }, listeners: [HTTP] },
      kvm: {
        bridges: { cloudbr0: ['eth0', 'vnet13', 'vnet14'] },
        addresses: { cloudbr0: ['10.0.2.2/24'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          v4: SECURITY_GROUPS,
          ipset:
            'create i-2-185-VM hash:ip family inet\nadd i-2-185-VM 185.109.216.175\ncreate i-2-90-VM hash:ip family inet\nadd i-2-90-VM 10.0.2.90\n',
        },
      },
      vm: { addresses: { eth0: ['10.0.2.15/24'] } },
      vm2: { addresses: { eth0: ['10.0.2.90/24'] }, listeners: [HTTP] },
    },
    links: [
      ['gw:eth0', 'kvm:eth0'],
      ['vm:eth0', 'kvm:vnet13'],
      ['vm2:eth0', 'kvm:vnet14'],
    ],
    traced: 'kvm',
    fails: { from: 'vm', what: 'tcp', to: '10.0.2.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm2', what: 'tcp', to: '10.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'gw', what: 'tcp', to: '10.0.2.90', port: 80 }, seen: 'answered' },
      { sending: { from: 'gw', what: 'tcp', to: '10.0.2.2', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The set of the VM's addresses has the one of its second card, so what this card sends is taken for a forged source.",
      causes: [{ rule: 'i-2-185-VM src -j DROP', chain: 'filter i-2-185-VM-def' }],
      status: ['dropped'],
    },
    mend: [['kvm', 'ipset add i-2-185-VM 10.0.2.15']],
  },
  {
    name: 'wg-gaming-client-answers-by-its-own-uplink',
    thread: {
      title: 'Feature Request: Add masquerade rule for VPN subnet to fix port forwarding with split tunneling',
      address: 'https://github.com/xiahualiu/wg_gaming_installer/issues/55',
    },
    backend: 'nft',
    hosts: {
      player: { addresses: { eth0: ['203.0.113.9/24'] } },
      vps: {
        addresses: { eth0: ['203.0.113.1/24'], wg0: ['10.66.66.1/24'] },
        sysctls: FORWARDS,
        rules: { nft: WG_GAMING },
        listeners: [SSH],
      },
      pc: {
        addresses: { wg0: ['10.66.66.2/24'], eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [{ protocol: 'udp', port: 27015 }],
      },
      // takes no sources but those of its own network
      home: {
        addresses: { eth0: ['192.168.1.1/24'] },
        rules: {
          nft: 'table ip own {\n  chain input { type filter hook prerouting priority filter; policy accept; ip saddr != 192.168.1.0/24 drop; }\n}\n',
        },
      },
    },
    links: [
      ['player:eth0', 'vps:eth0'],
      ['vps:wg0', 'pc:wg0'],
      ['pc:eth0', 'home:eth0'],
    ],
    traced: 'vps',
    fails: { from: 'player', what: 'udp', to: '203.0.113.1', port: 27015 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '10.66.66.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'player', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'vps', what: 'udp', to: '10.66.66.2', port: 27015 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The forwarded packet keeps the player's address, and the peer has a route back for 10.66.66.0/24 alone: its reply leaves by its own uplink.",
      causes: [
        { rule: 'masquerade', chain: 'ip wg_nat postrouting' },
        { chain: 'ip wg_nat postrouting' },
        { code: 'not-netfilter', words: ['10.66.66.2', 'wg0'] },
      ],
      status: ['unanswered'],
    },
    mend: [['vps', 'nft add rule ip wg_nat postrouting iifname eth0 oifname wg0 masquerade']],
  },
  {
    name: 'wireguard-installer-masquerades-the-other-tunnel',
    thread: {
      title: 'Only do NAT if source address created by WireGuard',
      address: 'https://github.com/angristan/wireguard-install/issues/586',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['fd10:50::10/64'] }, routes: ['default via fd10:50::1'] },
      phone: { addresses: { wg0: ['fd42:42:42::2/64'] }, routes: ['default via fd42:42:42::1'] },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'], eth1: ['fd10:50::1/64'], wg0: ['fd42:42:42::1/64'] },
        routes: ['fd20:60::/64 via 2001:db8:1::9'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          v4: WIREGUARD.replace('ICMP', '-A INPUT -p icmp -j ACCEPT\n'),
          v6: WIREGUARD.replace('ICMP', '-A INPUT -p ipv6-icmp -j ACCEPT\n'),
        },
      },
      partner: {
        addresses: { eth0: ['2001:db8:1::9/64'], lo: ['fd20:60::5/128'] },
        routes: ['fd10:50::/64 via 2001:db8:1::1'],
        listeners: [
          { protocol: 'tcp', address: 'fd20:60::5', port: 443 },
          { protocol: 'tcp', address: '2001:db8:1::9', port: 80 },
        ],
        rules: {
          nft: 'table ip6 policies {\n  chain input { type filter hook input priority filter; policy accept; ip6 daddr fd20:60::/64 ip6 saddr != fd10:50::/64 drop; }\n}\n',
        },
      },
    },
    links: [
      ['pc:eth0', 'server:eth1'],
      ['phone:wg0', 'server:wg0'],
      ['server:eth0', 'partner:eth0'],
    ],
    traced: 'server',
    fails: { from: 'pc', what: 'tcp', to: 'fd20:60::5', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '2001:db8:1::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: 'fd10:50::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule for WireGuard's peers masquerades everything that leaves by eth0, also what goes to the partner's network, and the partner accepts only sources of fd10:50::/64 there.",
      causes: [{ rule: '-o eth0 -j MASQUERADE', chain: 'nat POSTROUTING' }],
      status: ['unanswered'],
    },
    mend: [['server', 'ip6tables -t nat -I POSTROUTING 1 -s fd10:50::/64 -d fd20:60::/64 -j ACCEPT']],
  },
]

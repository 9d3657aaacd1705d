/** EdgeOS and UniFi: a port that is opened for broken packets alone, a table for the tunnel that still has its black hole, a modem that the policy sends into the tunnel. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const SSH = { protocol: 'tcp', port: 22 } as const
const UNBRIDGED = { 'net.bridge.bridge-nf-call-iptables': '0' } as const

const EDGE_FILTER = (local: string) => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:UBNT_PFOR_FW_HOOK - [0:0]
:UBNT_VPN_IPSEC_FW_HOOK - [0:0]
:VYATTA_FW_IN_HOOK - [0:0]
:VYATTA_FW_LOCAL_HOOK - [0:0]
:VYATTA_FW_OUT_HOOK - [0:0]
:VYATTA_POST_FW_FWD_HOOK - [0:0]
:VYATTA_POST_FW_IN_HOOK - [0:0]
:VYATTA_POST_FW_OUT_HOOK - [0:0]
:WAN_IN - [0:0]
:WAN_LOCAL - [0:0]
-A INPUT -j UBNT_VPN_IPSEC_FW_HOOK
-A INPUT -j VYATTA_FW_LOCAL_HOOK
-A INPUT -j VYATTA_POST_FW_IN_HOOK
-A FORWARD -j UBNT_PFOR_FW_HOOK
-A FORWARD -j VYATTA_FW_IN_HOOK
-A FORWARD -j VYATTA_FW_OUT_HOOK
-A FORWARD -j VYATTA_POST_FW_FWD_HOOK
-A OUTPUT -j VYATTA_POST_FW_OUT_HOOK
-A VYATTA_FW_IN_HOOK -i eth0 -j WAN_IN
-A VYATTA_FW_LOCAL_HOOK -i eth0 -j WAN_LOCAL
-A VYATTA_POST_FW_FWD_HOOK -j ACCEPT
-A VYATTA_POST_FW_IN_HOOK -j ACCEPT
-A VYATTA_POST_FW_OUT_HOOK -j ACCEPT
-A WAN_IN -m comment --comment WAN_IN-10 -m state --state RELATED,ESTABLISHED -j RETURN
-A WAN_IN -m comment --comment WAN_IN-20 -m state --state INVALID -j DROP
-A WAN_IN -m comment --comment "WAN_IN-10000 default-action drop" -j DROP
-A WAN_LOCAL -m comment --comment WAN_LOCAL-10 -m state --state RELATED,ESTABLISHED -j RETURN
${local}-A WAN_LOCAL -m comment --comment WAN_LOCAL-30 -m state --state INVALID -j DROP
-A WAN_LOCAL -m comment --comment "WAN_LOCAL-10000 default-action drop" -j DROP
COMMIT
`

/** The internet, with a site at 198.51.100.9, behind the uplink and behind the tunnel. */
const TWO_WAYS = {
  net: {
    addresses: { eth0: ['203.0.113.9/24'], eth1: ['10.2.0.1/24'], lo: ['198.51.100.9/32'] },
    listeners: [HTTPS],
  },
} as const

export const EDGE_OS_AND_UNIFI: Problem[] = [
  {
    name: 'edgerouter-opens-the-port-of-wireguard-for-invalid-packets-alone',
    thread: {
      title: 'Following example config on ER-X leaves firewall rule allowing only invalid packets',
      address: 'https://github.com/WireGuard/wireguard-vyatta-ubnt/issues/93',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], switch0: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 51820 }, { protocol: 'udp', port: 53 }, SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -m comment --comment NAT-5010 -j MASQUERADE
COMMIT
${EDGE_FILTER('-A WAN_LOCAL -p udp -m comment --comment WAN_LOCAL-20 -m state --state INVALID -m udp --dport 51820 -j RETURN\n')}`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['phone:eth0', 'router:eth0'],
      ['router:switch0', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'phone', what: 'udp', to: '203.0.113.1', port: 51820 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'udp', to: '203.0.113.1', port: 53 }, seen: 'nothing' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule for the port of WireGuard lets invalid packets through and no others, so a new handshake ends at the default action, drop.',
      causes: [
        { rule: '--state INVALID -m udp --dport 51820 -j RETURN', chain: 'filter WAN_LOCAL' },
        { rule: 'WAN_LOCAL-10000 default-action drop', chain: 'filter WAN_LOCAL' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -I WAN_LOCAL 2 -p udp -m udp --dport 51820 -j RETURN']],
  },
  {
    name: 'split-vpn-has-only-the-black-hole-in-the-table-of-the-tunnel',
    thread: {
      title: 'breaks with AllowedIPs = 0.0.0.0/0',
      address: 'https://github.com/peacey/split-vpn/issues/184',
    },
    backend: 'iptables-legacy',
    hosts: {
      ...TWO_WAYS,
      udm: {
        bridges: { br0: ['lan1', 'lan2'] },
        addresses: { eth8: ['203.0.113.1/24'], wg2: ['10.2.0.2/24'], br0: ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.9', 'blackhole default table 102'],
        sysctls: { ...FORWARDS, ...UNBRIDGED },
        listeners: [HTTPS],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:VPN_FORWARD - [0:0]
:VPN_OUTPUT - [0:0]
:VPN_POSTROUTING - [0:0]
:VPN_PREROUTING - [0:0]
-A PREROUTING -j VPN_PREROUTING
-A FORWARD -j VPN_FORWARD
-A OUTPUT -j VPN_OUTPUT
-A POSTROUTING -j VPN_POSTROUTING
-A VPN_PREROUTING -s 192.168.1.10/32 -j MARK --set-xmark 0x169/0xffffffff
-A VPN_PREROUTING -d 192.168.0.0/16 ! -i wg2 -m mark --mark 0x169 -j MARK --set-xmark 0x0/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:UBIOS_POSTROUTING_JUMP - [0:0]
:UBIOS_POSTROUTING_USER_HOOK - [0:0]
:VPN_POSTROUTING - [0:0]
:VPN_PREROUTING - [0:0]
-A PREROUTING -j VPN_PREROUTING
-A POSTROUTING -j UBIOS_POSTROUTING_JUMP
-A POSTROUTING -j VPN_POSTROUTING
-A UBIOS_POSTROUTING_JUMP -j UBIOS_POSTROUTING_USER_HOOK
-A UBIOS_POSTROUTING_USER_HOOK -o eth8 -m comment --comment 00000001095216660481 -j MASQUERADE
-A VPN_POSTROUTING -o wg2 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:UBIOS_FORWARD_IN_USER - [0:0]
:UBIOS_FORWARD_JUMP - [0:0]
:UBIOS_FORWARD_USER_HOOK - [0:0]
:UBIOS_LAN_IN_USER - [0:0]
:UBIOS_WAN_IN_USER - [0:0]
:VPN_FORWARD - [0:0]
:VPN_INPUT - [0:0]
:VPN_KILLSWITCH - [0:0]
-A INPUT -j VPN_INPUT
-A FORWARD -j VPN_KILLSWITCH
-A FORWARD -j UBIOS_FORWARD_JUMP
-A FORWARD -j VPN_FORWARD
-A UBIOS_FORWARD_IN_USER -i eth8 -m comment --comment 00000001095216660481 -j UBIOS_WAN_IN_USER
-A UBIOS_FORWARD_IN_USER -i br0 -m comment --comment 00000001095216660482 -j UBIOS_LAN_IN_USER
-A UBIOS_FORWARD_JUMP -j UBIOS_FORWARD_USER_HOOK
-A UBIOS_FORWARD_USER_HOOK -m comment --comment 00000001095216663481 -j UBIOS_FORWARD_IN_USER
-A UBIOS_LAN_IN_USER -m comment --comment 00000001097364144127 -j RETURN
-A UBIOS_WAN_IN_USER -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment 00000001095216663481 -j RETURN
-A UBIOS_WAN_IN_USER -m conntrack --ctstate INVALID -m comment --comment 00000001095216663482 -j DROP
-A UBIOS_WAN_IN_USER -m comment --comment 00000001097364144127 -j DROP
-A VPN_KILLSWITCH ! -o wg2 -m mark --mark 0x169 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      tv: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['net:eth0', 'udm:eth8'],
      ['net:eth1', 'udm:wg2'],
      ['udm:lan1', 'pc:eth0'],
      ['udm:lan2', 'tv:eth0'],
    ],
    setup: [['udm', 'ip rule add pref 99 fwmark 0x169 lookup 102']],
    traced: 'udm',
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'tv', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'udm', what: 'ping', to: '198.51.100.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The tunnel's own default route could not be added beside the black hole that stands for it until it is up, so the table that marked packets are looked up in leads nowhere.",
      causes: [{ code: 'vanished-no-route', words: ['102'] }, { code: 'marked-astray' }, { code: 'kernel-drop' }],
      status: ['lost', 'dropped'],
    },
    mend: [['udm', 'ip route add 0.0.0.0/1 via 10.2.0.1 table 102; ip route add 128.0.0.0/1 via 10.2.0.1 table 102']],
  },
  {
    name: 'edgerouter-sends-what-is-for-the-modem-into-the-tunnel',
    thread: {
      title: 'ER-4 router using Wireguard seems to stop working after pc/laptop tries to connect next day.',
      address: 'https://github.com/WireGuard/wireguard-vyatta-ubnt/issues/160',
    },
    backend: 'iptables-nft',
    hosts: {
      modem: {
        addresses: { eth0: ['203.0.113.9/24', '192.168.100.1/24'] },
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
      vpn: {
        addresses: { wg0: ['10.2.0.1/24'], lo: ['198.51.100.9/32'] },
        routes: ['blackhole 192.168.0.0/16'],
        listeners: [HTTPS],
      },
      router: {
        bridges: { switch0: ['eth1', 'eth2'] },
        addresses: {
          eth0: ['203.0.113.1/24', '192.168.100.2/24'],
          wg0: ['10.2.0.2/24'],
          switch0: ['192.168.1.1/24'],
        },
        routes: ['default via 203.0.113.9', 'default via 10.2.0.1 table 1', 'blackhole default metric 255 table 1'],
        sysctls: { ...FORWARDS, ...UNBRIDGED },
        listeners: [SSH],
        rules: {
          ipset: `create LOCAL_VPN hash:net family inet hashsize 1024 maxelem 65536
add LOCAL_VPN 192.168.1.32/28
`,
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PBR_MODIFY - [0:0]
:VYATTA_FW_IN_HOOK - [0:0]
:VYATTA_FW_OUT_HOOK - [0:0]
:VYATTA_PBR_1 - [0:0]
-A PREROUTING -j VYATTA_FW_IN_HOOK
-A POSTROUTING -j VYATTA_FW_OUT_HOOK
-A PBR_MODIFY -m comment --comment PBR_MODIFY-200 -m set --match-set LOCAL_VPN src -j VYATTA_PBR_1
-A PBR_MODIFY -m comment --comment "PBR_MODIFY-10000 default-action accept" -j RETURN
-A VYATTA_FW_IN_HOOK -i switch0 -j PBR_MODIFY
-A VYATTA_PBR_1 -j MARK --set-xmark 0x80000000/0xffffffff
-A VYATTA_PBR_1 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wg0 -m comment --comment NAT-5000 -j MASQUERADE
-A POSTROUTING -o eth0 -m comment --comment NAT-5010 -j MASQUERADE
COMMIT
${EDGE_FILTER('')}`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.33/24'] }, routes: ['default via 192.168.1.1'] },
      tv: { addresses: { eth0: ['192.168.1.50/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['modem:eth0', 'router:eth0'],
      ['vpn:wg0', 'router:wg0'],
      ['router:eth1', 'pc:eth0'],
      ['router:eth2', 'tv:eth0'],
    ],
    setup: [['router', 'ip rule add pref 1 fwmark 0x80000000 lookup 1']],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '192.168.100.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'tv', what: 'tcp', to: '192.168.100.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '192.168.100.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "All that comes from the group gets the mark of the tunnel's table, and that has no route to the modem's network, so what is for the modem leaves by the tunnel, where nobody has that address.",
      causes: [
        { code: 'wrong-way-out', words: ['wg0'] },
        { code: 'marked-astray' },
        { rule: '--match-set LOCAL_VPN src -j VYATTA_PBR_1', chain: 'mangle PBR_MODIFY' },
        { rule: '-j MARK --set-xmark 0x80000000', chain: 'mangle VYATTA_PBR_1' },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'iptables -t mangle -I PBR_MODIFY 1 -d 192.168.100.1/32 -j RETURN']],
  },
]

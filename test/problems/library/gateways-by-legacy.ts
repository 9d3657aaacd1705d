/** From threads, by iptables-legacy: guests of a router of DD-WRT, a gateway of Ubiquiti, a VPS that forwards into a tunnel, and Skynet on a router of Asus. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** The script inserts its rules with -I, one after the other, so the last line of it comes first. */
const DD_WRT = `*nat
${NAT}-A POSTROUTING -o vlan2 -j SNAT --to-source 203.0.113.1
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:lan2wan - [0:0]
:logaccept - [0:0]
:logdrop - [0:0]
-A INPUT -i wl0.1 -m state --state NEW -j DROP
-A INPUT -i wl0.1 -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -i wl0.1 -p udp -m udp --dport 67 -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i vlan2 -p udp -m udp --dport 520 -j logdrop
-A INPUT -i vlan2 -p icmp -j logdrop
-A INPUT -p igmp -j logdrop
-A INPUT -i lo -m state --state NEW -j ACCEPT
-A INPUT -i br0 -m state --state NEW -j logaccept
-A INPUT -j logdrop
-A FORWARD -i wl0.1 -d 192.168.1.0/24 -m state --state NEW -j DROP
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j lan2wan
-A FORWARD -i br0 -m state --state NEW -j ACCEPT
-A FORWARD -i wl0.1 -o vlan2 -m state --state NEW -j ACCEPT
-A FORWARD -j logdrop
-A logaccept -j ACCEPT
-A logdrop -j DROP
COMMIT
`

/** The gateway masquerades the networks that its controller knows as corporate. */
const USG = `*nat
${NAT}:UBNT_VPN_IPSEC_SNAT_HOOK - [0:0]
:VYATTA_PRE_SNAT_HOOK - [0:0]
-A POSTROUTING -j UBNT_VPN_IPSEC_SNAT_HOOK
-A POSTROUTING -j VYATTA_PRE_SNAT_HOOK
-A POSTROUTING -o eth0 -m comment --comment NAT-6001 -m set --match-set corporate_network src -j MASQUERADE
-A POSTROUTING -o eth0 -m comment --comment NAT-6003 -m set --match-set guest_network src -j MASQUERADE
-A VYATTA_PRE_SNAT_HOOK -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:LAN_IN - [0:0]
:VYATTA_FW_IN_HOOK - [0:0]
:VYATTA_FW_LOCAL_HOOK - [0:0]
:VYATTA_POST_FW_FWD_HOOK - [0:0]
:WAN_IN - [0:0]
:WAN_LOCAL - [0:0]
-A INPUT -j VYATTA_FW_LOCAL_HOOK
-A FORWARD -j VYATTA_FW_IN_HOOK
-A FORWARD -j VYATTA_POST_FW_FWD_HOOK
-A LAN_IN -m comment --comment LAN_IN-6001 -m set --match-set corporate_network src -j RETURN
-A LAN_IN -m comment --comment "LAN_IN-10000 default-action accept" -j RETURN
-A VYATTA_FW_IN_HOOK -i eth0 -j WAN_IN
-A VYATTA_FW_IN_HOOK -i eth1 -j LAN_IN
-A VYATTA_FW_LOCAL_HOOK -i eth0 -j WAN_LOCAL
-A VYATTA_POST_FW_FWD_HOOK -j ACCEPT
-A WAN_IN -m comment --comment WAN_IN-3001 -m state --state RELATED,ESTABLISHED -j RETURN
-A WAN_IN -m comment --comment WAN_IN-3002 -m state --state INVALID -j DROP
-A WAN_IN -m comment --comment "WAN_IN-10000 default-action drop" -j DROP
-A WAN_LOCAL -m comment --comment WAN_LOCAL-3001 -m state --state RELATED,ESTABLISHED -j RETURN
-A WAN_LOCAL -m comment --comment "WAN_LOCAL-10000 default-action drop" -j DROP
COMMIT
`

/** A VPS that forwards a port to a machine at the other end of its tunnel, and keeps the clients' addresses. */
const START_TUNNEL = `*nat
${NAT}-A PREROUTING -d 203.0.113.1/32 -i eth0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.59.0.2:443
-A POSTROUTING -s 10.59.0.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m udp --dport 51820 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wg0 -o eth0 -j ACCEPT
-A FORWARD -d 10.59.0.2/32 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`

/** Skynet's lists in front of the firewall of Asuswrt-Merlin. */
const SKYNET = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i br+ -m set ! --match-set Skynet-MasterWL dst -m set --match-set Skynet-Master dst -j DROP
-A PREROUTING -i eth0 -m set ! --match-set Skynet-MasterWL src -m set --match-set Skynet-Master src -j DROP
-A OUTPUT -m set ! --match-set Skynet-MasterWL dst -m set --match-set Skynet-Master dst -j DROP
COMMIT
*nat
${NAT}:VSERVER - [0:0]
-A PREROUTING -d 203.0.113.1/32 -j VSERVER
-A POSTROUTING ! -s 203.0.113.1/32 -o eth0 -j MASQUERADE
-A VSERVER -p tcp -m tcp --dport 8443 -j DNAT --to-destination 192.168.1.20:443
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:INPUT_ICMP - [0:0]
:logdrop - [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m state --state INVALID -j logdrop
-A INPUT ! -i br0 -p icmp -j INPUT_ICMP
-A INPUT -i br0 -m state --state NEW -j ACCEPT
-A INPUT -i lo -m state --state NEW -j ACCEPT
-A INPUT -j logdrop
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD ! -i br0 -o eth0 -j logdrop
-A FORWARD -m state --state INVALID -j logdrop
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -i br0 -o eth0 -j ACCEPT
-A INPUT_ICMP -p icmp -m icmp --icmp-type 8 -j RETURN
-A INPUT_ICMP -p icmp -j ACCEPT
-A logdrop -m state --state NEW -j LOG --log-prefix "DROP " --log-tcp-sequence --log-tcp-options --log-ip-options
-A logdrop -m state --state INVALID -j LOG --log-prefix "[BLOCKED - INVALID] " --log-tcp-sequence --log-tcp-options --log-ip-options
-A logdrop -j DROP
COMMIT
`

export const GATEWAYS_BY_LEGACY: Problem[] = [
  {
    name: 'ddwrt-script-inserts-the-drop-of-guests-above-what-it-accepts',
    thread: {
      title: 'Guest WiFi + abuse control for beginners',
      address: 'https://forum.dd-wrt.com/wiki/index.php/Guest_WiFi_%2B_abuse_control_for_beginners',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: { vlan2: ['203.0.113.1/24'], br0: ['192.168.1.1/24'], 'wl0.1': ['192.168.10.1/24'] },
        sysctls: FORWARDS,
        listeners: [DNS, SSH, WEB],
        rules: { v4: DD_WRT },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: [WEB] },
      guest: { addresses: { eth0: ['192.168.10.20/24'] }, routes: ['default via 192.168.10.1'] },
    },
    links: [
      ['remote:eth0', 'router:vlan2'],
      ['router:br0', 'pc:eth0'],
      ['router:wl0.1', 'guest:eth0'],
    ],
    traced: 'router',
    fails: { from: 'guest', what: 'udp', to: '192.168.10.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '192.168.10.1', port: 80 }, seen: 'nothing' },
      { sending: { from: 'guest', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule that drops what guests begin with the router stands above the rules that accept their DNS and DHCP.',
      causes: [{ rule: '-i wl0.1 -m state --state NEW -j DROP', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -D INPUT 1; iptables -I INPUT 3 -i wl0.1 -m state --state NEW -j DROP']],
  },
  {
    name: 'usg-masquerades-corporate-networks-and-not-the-one-behind-the-tunnel',
    thread: {
      title: 'Split VPN set up with UniFi Site to site connection not working',
      address: 'https://github.com/peacey/split-vpn/issues/131',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      gateway: {
        addresses: {
          eth0: ['203.0.113.1/24'],
          eth1: ['192.168.1.1/24'],
          vti64: ['10.255.254.2/24'],
          eth2: ['10.66.0.1/24'],
        },
        routes: ['192.168.5.0/24 via 10.255.254.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          ipset: `create corporate_network hash:net family inet
add corporate_network 192.168.1.0/24
create guest_network hash:net family inet
`,
          v4: USG,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: [WEB] },
      branch: {
        addresses: { vti64: ['10.255.254.1/24'], lo: ['192.168.5.10/32'] },
        routes: ['default via 10.255.254.2 src 192.168.5.10'],
      },
      lab: { addresses: { eth0: ['10.66.0.10/24'] }, routes: ['default via 10.66.0.1'] },
    },
    links: [
      ['remote:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'pc:eth0'],
      ['gateway:vti64', 'branch:vti64'],
      ['gateway:eth2', 'lab:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'branch', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'branch', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'lab', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The network behind the tunnel is in neither set, so it leaves by the uplink with its own addresses, to which nobody can reply.',
      causes: [
        { code: 'not-masqueraded' },
        { code: 'not-in-set', words: ['corporate_network'] },
        { rule: '--match-set corporate_network src', chain: 'nat POSTROUTING' },
      ],
      status: ['unanswered'],
    },
    mend: [['gateway', 'ipset add corporate_network 192.168.5.0/24']],
  },
  {
    name: 'vps-forwards-into-the-tunnel-of-a-machine-with-another-gateway',
    thread: {
      title:
        '[bug]: Port forwarding from external clients fails — missing FORWARD ACCEPT and POSTROUTING MASQUERADE rules',
      address: 'https://github.com/Start9Labs/start-technologies/issues/3234',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['10.59.0.0/24 via 203.0.113.1'],
      },
      vps: {
        addresses: { eth0: ['203.0.113.1/24'], wg0: ['10.59.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: START_TUNNEL },
      },
      device: {
        addresses: { wg0: ['10.59.0.2/24'], eth0: ['192.168.1.20/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [HTTPS, SSH],
      },
      home: { addresses: { eth0: ['192.168.1.1/24'] }, sysctls: FORWARDS, listeners: [WEB] },
    },
    links: [
      ['client:eth0', 'vps:eth0'],
      ['vps:wg0', 'device:wg0'],
      ['device:eth0', 'home:eth0'],
    ],
    traced: 'vps',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vps', what: 'tcp', to: '10.59.0.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'device', what: 'tcp', to: '192.168.1.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 8443 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '10.59.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The VPS forwards the request, and all its chains accept it. The machine at the other end of the tunnel replies by the router at home, its own gateway, which knows nothing of the connection.',
      causes: [{ code: 'not-netfilter' }, { code: 'not-masqueraded' }, { code: 'unanswered' }],
      status: ['unanswered'],
    },
    mend: [['device', 'ip route add default via 10.59.0.1 table 100; ip rule add from 10.59.0.2 lookup 100']],
  },
  {
    name: 'healthy-skynet-drops-others-and-the-forwarded-port-is-answered',
    thread: {
      title: 'Is there something wrong with the iptables (log) rules?',
      address: 'https://github.com/Adamm00/IPSet_ASUS/issues/51',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      scanner: { addresses: { eth0: ['203.0.113.66/24'] }, listeners: [HTTPS] },
      isp: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], br0: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [WEB],
        rules: {
          ipset: `create Skynet-MasterWL hash:net family inet
add Skynet-MasterWL 192.168.1.0/24
create Skynet-Master hash:net family inet
add Skynet-Master 203.0.113.64/27
`,
          v4: SKYNET,
        },
      },
      nas: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'], listeners: [HTTPS] },
    },
    links: [
      ['remote:eth0', 'isp:p1'],
      ['scanner:eth0', 'isp:p2'],
      ['router:eth0', 'isp:p3'],
      ['router:br0', 'nas:eth0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8443 },
    seen: 'answered',
    others: [
      { sending: { from: 'scanner', what: 'tcp', to: '203.0.113.1', port: 8443 }, seen: 'nothing' },
      { sending: { from: 'nas', what: 'tcp', to: '203.0.113.66', port: 443 }, seen: 'nothing' },
      { sending: { from: 'nas', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the lines of the log are of other packets. The forwarded port is answered, and the lists drop those who are on them.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]

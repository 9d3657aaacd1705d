/** By iptables-legacy, from threads: a redirected port that a guest network may not ask, a repeater of mDNS behind a drop. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const DNS = { protocol: 'udp', port: 53 } as const

/** Joins the group of mDNS at an address of its own, and replies to whoever asked. */
const repeater = (address: string) => `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',5353))
s.setsockopt(0,35,socket.inet_aton('224.0.0.251')+socket.inet_aton('${address}'))
while True:
  d,who=s.recvfrom(2000); s.sendto(b'answer',who)" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :5353 && break; sleep .1; done`

/** Asks the group for whoever asks it, and hands back what is replied. */
const asker = (address: string) => `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('127.0.0.1',9900))
while True:
  d,who=s.recvfrom(2000)
  o=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); o.settimeout(1); o.bind(('${address}',0)); o.setsockopt(0,32,socket.inet_aton('${address}'))
  try: o.sendto(b'_googlecast._tcp.local',('224.0.0.251',5353)); s.sendto(o.recv(2000),who)
  except OSError: pass
  o.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :9900 && break; sleep .1; done`

export const THREADS_AV_LEGACY: Problem[] = [
  {
    name: 'udm-guests-may-ask-port-53-and-nextdns-redirects-them-to-another',
    thread: {
      title: 'Installation of CLI on UDM does not allow queries from Guest network',
      address: 'https://github.com/nextdns/nextdns/issues/457',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      udm: {
        addresses: { eth8: ['203.0.113.1/24'], br0: ['192.168.1.1/24'], br20: ['192.168.20.1/24'] },
        bridges: { br0: ['eth0'], br20: ['eth1'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [DNS, { protocol: 'udp', port: 5553 }, { protocol: 'udp', port: 67 }, HTTPS],
        rules: {
          ipset: `create UBIOS_ADDRv4_br0 hash:net family inet hashsize 1024 maxelem 65536
add UBIOS_ADDRv4_br0 192.168.1.1
create UBIOS_ADDRv4_br20 hash:net family inet hashsize 1024 maxelem 65536
add UBIOS_ADDRv4_br20 192.168.20.1
create UBIOS_corporate_network hash:net family inet hashsize 1024 maxelem 65536
add UBIOS_corporate_network 192.168.1.0/24
create UBIOS_guest_network hash:net family inet hashsize 1024 maxelem 65536
add UBIOS_guest_network 192.168.20.0/24
`,
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:NEXTDNS - [0:0]
:UBIOS_POSTROUTING_JUMP - [0:0]
:UBIOS_POSTROUTING_USER_HOOK - [0:0]
:UBIOS_PREROUTING_JUMP - [0:0]
-A PREROUTING -m set --match-set UBIOS_ADDRv4_br20 dst -j NEXTDNS
-A PREROUTING -m set --match-set UBIOS_ADDRv4_br0 dst -j NEXTDNS
-A PREROUTING -j UBIOS_PREROUTING_JUMP
-A POSTROUTING -j UBIOS_POSTROUTING_JUMP
-A NEXTDNS -p udp -m udp --dport 53 -j REDIRECT --to-ports 5553
-A NEXTDNS -p tcp -m tcp --dport 53 -j REDIRECT --to-ports 5553
-A UBIOS_POSTROUTING_JUMP -j UBIOS_POSTROUTING_USER_HOOK
-A UBIOS_POSTROUTING_USER_HOOK -o eth8 -m comment --comment 00000000004294967297 -m set --match-set UBIOS_corporate_network src -j MASQUERADE
-A UBIOS_POSTROUTING_USER_HOOK -o eth8 -m comment --comment 00000000004294967298 -m set --match-set UBIOS_guest_network src -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:UBIOS_FORWARD_IN_USER - [0:0]
:UBIOS_FORWARD_JUMP - [0:0]
:UBIOS_FORWARD_USER_HOOK - [0:0]
:UBIOS_GUEST_IN_USER - [0:0]
:UBIOS_GUEST_LOCAL_USER - [0:0]
:UBIOS_INPUT_JUMP - [0:0]
:UBIOS_INPUT_USER_HOOK - [0:0]
:UBIOS_LAN_IN_USER - [0:0]
:UBIOS_LAN_LOCAL_USER - [0:0]
:UBIOS_WAN_IN_USER - [0:0]
:UBIOS_WAN_LOCAL_USER - [0:0]
-A INPUT -j UBIOS_INPUT_JUMP
-A FORWARD -j UBIOS_FORWARD_JUMP
-A UBIOS_INPUT_JUMP -j UBIOS_INPUT_USER_HOOK
-A UBIOS_INPUT_USER_HOOK -i eth8 -m comment --comment 00000000004294967297 -j UBIOS_WAN_LOCAL_USER
-A UBIOS_INPUT_USER_HOOK -i br0 -m comment --comment 00000000004294967298 -j UBIOS_LAN_LOCAL_USER
-A UBIOS_INPUT_USER_HOOK -i br20 -m comment --comment 00000000004294967299 -j UBIOS_GUEST_LOCAL_USER
-A UBIOS_WAN_LOCAL_USER -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment 00000001095216663481 -j RETURN
-A UBIOS_WAN_LOCAL_USER -m conntrack --ctstate INVALID -m comment --comment 00000001095216663482 -j DROP
-A UBIOS_WAN_LOCAL_USER -m comment --comment 00000001097364144127 -j DROP
-A UBIOS_LAN_LOCAL_USER -m comment --comment 00000001097364144127 -j RETURN
-A UBIOS_GUEST_LOCAL_USER -p udp -m comment --comment 00000001095216663481 -m udp --dport 53 -j RETURN
-A UBIOS_GUEST_LOCAL_USER -p tcp -m comment --comment 00000001095216663481 -m tcp --dport 53 -j RETURN
-A UBIOS_GUEST_LOCAL_USER -p icmp -m comment --comment 00000001095216663482 -j RETURN
-A UBIOS_GUEST_LOCAL_USER -p udp -m comment --comment 00000001095216663483 -m udp --dport 67 -j RETURN
-A UBIOS_GUEST_LOCAL_USER -m comment --comment 00000001097364144127 -j DROP
-A UBIOS_FORWARD_JUMP -j UBIOS_FORWARD_USER_HOOK
-A UBIOS_FORWARD_USER_HOOK -i eth8 -m comment --comment 00000000004294967297 -j UBIOS_WAN_IN_USER
-A UBIOS_FORWARD_USER_HOOK -i br0 -m comment --comment 00000000004294967298 -j UBIOS_LAN_IN_USER
-A UBIOS_FORWARD_USER_HOOK -i br20 -m comment --comment 00000000004294967299 -j UBIOS_GUEST_IN_USER
-A UBIOS_WAN_IN_USER -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment 00000001095216663481 -j RETURN
-A UBIOS_WAN_IN_USER -m comment --comment 00000001097364144127 -j DROP
-A UBIOS_LAN_IN_USER -m comment --comment 00000001097364144127 -j RETURN
-A UBIOS_GUEST_IN_USER -m comment --comment 00000001095216663481 -m set --match-set UBIOS_corporate_network dst -j DROP
-A UBIOS_GUEST_IN_USER -m comment --comment 00000001097364144127 -j RETURN
COMMIT
`,
        },
      },
      guest: { addresses: { wlan0: ['192.168.20.50/24'] }, routes: ['default via 192.168.20.1'] },
      pc: { addresses: { eth0: ['192.168.1.50/24'] }, routes: ['default via 192.168.1.1'], listeners: [SSH] },
    },
    links: [
      ['remote:eth0', 'udm:eth8'],
      ['udm:eth0', 'pc:eth0'],
      ['udm:eth1', 'guest:wlan0'],
    ],
    traced: 'udm',
    fails: { from: 'guest', what: 'udp', to: '192.168.20.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'guest', what: 'udp', to: '192.168.20.1', port: 67 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'ping', to: '192.168.20.1' }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '192.168.20.1', port: 443 }, seen: 'nothing' },
      { sending: { from: 'guest', what: 'tcp', to: '192.168.1.50', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The guest network may ask port 53 of the gateway. NEXTDNS has redirected the question to port 5553 before INPUT is evaluated, and no rule of the guests accepts that port.',
      causes: [
        { rule: '-j DROP', chain: 'filter UBIOS_GUEST_LOCAL_USER' },
        { rule: '--dport 53', chain: 'filter UBIOS_GUEST_LOCAL_USER' },
        { rule: '-j REDIRECT --to-ports 5553', chain: 'nat NEXTDNS' },
      ],
      status: ['dropped'],
    },
    mend: [['udm', 'iptables -I UBIOS_GUEST_LOCAL_USER 1 -p udp -m udp --dport 5553 -j RETURN']],
  },
  {
    name: 'edgeos-repeats-mdns-and-drops-it-where-it-comes-in',
    thread: {
      title: 'Add mDNS port to VLAN LOCAL rulesets',
      address: 'https://github.com/mjp66/Ubiquiti/issues/47',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: {
          eth0: ['203.0.113.1/24'],
          switch0: ['192.168.3.1/24'],
          'switch0.7': ['192.168.7.1/24'],
        },
        sysctls: FORWARDS,
        listeners: [DNS, SSH, { protocol: 'udp', port: 67 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:UBNT_VPN_IPSEC_SNAT_HOOK - [0:0]
-A POSTROUTING -j UBNT_VPN_IPSEC_SNAT_HOOK
-A POSTROUTING -o eth0 -m comment --comment NAT-5010 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:HOME_OUT - [0:0]
:UBNT_VPN_IPSEC_FW_HOOK - [0:0]
:VYATTA_FW_IN_HOOK - [0:0]
:VYATTA_FW_LOCAL_HOOK - [0:0]
:VYATTA_FW_OUT_HOOK - [0:0]
:VYATTA_POST_FW_FWD_HOOK - [0:0]
:VYATTA_POST_FW_IN_HOOK - [0:0]
:VYATTA_POST_FW_OUT_HOOK - [0:0]
:WAN_IN - [0:0]
:WAN_LOCAL - [0:0]
:WIFI_IOT_LOCAL - [0:0]
-A INPUT -j UBNT_VPN_IPSEC_FW_HOOK
-A INPUT -j VYATTA_FW_LOCAL_HOOK
-A INPUT -j VYATTA_POST_FW_IN_HOOK
-A FORWARD -j UBNT_VPN_IPSEC_FW_HOOK
-A FORWARD -j VYATTA_FW_IN_HOOK
-A FORWARD -j VYATTA_FW_OUT_HOOK
-A FORWARD -j VYATTA_POST_FW_FWD_HOOK
-A OUTPUT -j VYATTA_POST_FW_OUT_HOOK
-A HOME_OUT -s 192.168.7.0/24 -m comment --comment HOME_OUT-10 -m state --state RELATED,ESTABLISHED -j RETURN
-A HOME_OUT -s 192.168.7.0/24 -m comment --comment HOME_OUT-50 -j DROP
-A HOME_OUT -m comment --comment "HOME_OUT-10000 default-action accept" -j RETURN
-A VYATTA_FW_IN_HOOK -i eth0 -j WAN_IN
-A VYATTA_FW_LOCAL_HOOK -i eth0 -j WAN_LOCAL
-A VYATTA_FW_LOCAL_HOOK -i switch0.7 -j WIFI_IOT_LOCAL
-A VYATTA_FW_OUT_HOOK -o switch0 -j HOME_OUT
-A VYATTA_POST_FW_FWD_HOOK -j ACCEPT
-A VYATTA_POST_FW_IN_HOOK -j ACCEPT
-A VYATTA_POST_FW_OUT_HOOK -j ACCEPT
-A WAN_IN -m comment --comment WAN_IN-10 -m state --state RELATED,ESTABLISHED -j RETURN
-A WAN_IN -m comment --comment WAN_IN-20 -m state --state INVALID -j DROP
-A WAN_IN -m comment --comment "WAN_IN-10000 default-action drop" -j DROP
-A WAN_LOCAL -m comment --comment WAN_LOCAL-10 -m state --state RELATED,ESTABLISHED -j RETURN
-A WAN_LOCAL -m comment --comment WAN_LOCAL-20 -m state --state INVALID -j DROP
-A WAN_LOCAL -m comment --comment "WAN_LOCAL-10000 default-action drop" -j DROP
-A WIFI_IOT_LOCAL -p udp -m comment --comment WIFI_IOT_LOCAL-10 -m udp --dport 53 -j RETURN
-A WIFI_IOT_LOCAL -p tcp -m comment --comment WIFI_IOT_LOCAL-10 -m tcp --dport 53 -j RETURN
-A WIFI_IOT_LOCAL -p udp -m comment --comment WIFI_IOT_LOCAL-20 -m udp --dport 67 -j RETURN
-A WIFI_IOT_LOCAL -m comment --comment "WIFI_IOT_LOCAL-10000 default-action drop" -j DROP
COMMIT
`,
        },
      },
      phone: { addresses: { wlan0: ['192.168.3.50/24'] }, routes: ['default via 192.168.3.1'], listeners: [SSH] },
      cast: { addresses: { wlan0: ['192.168.7.50/24'] }, routes: ['default via 192.168.7.1'] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:switch0', 'phone:wlan0'],
      ['router:switch0.7', 'cast:wlan0'],
    ],
    traced: 'router',
    setup: [
      ['router', repeater('192.168.7.1')],
      ['cast', asker('192.168.7.50')],
    ],
    fails: { from: 'cast', what: 'udp', to: '127.0.0.1', port: 9900 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '224.0.0.251' },
    others: [
      { sending: { from: 'cast', what: 'udp', to: '192.168.7.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'cast', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'cast', what: 'tcp', to: '192.168.7.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'cast', what: 'tcp', to: '192.168.3.50', port: 22 }, seen: 'nothing' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.3.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The router's repeater has joined the group, and the rules for what this network sends to the router accept DNS and DHCP alone: the default action drops what is sent to the group.",
      causes: [{ rule: 'default-action drop', chain: 'filter WIFI_IOT_LOCAL' }, { chain: 'filter WIFI_IOT_LOCAL' }],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -I WIFI_IOT_LOCAL 1 -p udp -m udp --dport 5353 -j RETURN']],
  },
]

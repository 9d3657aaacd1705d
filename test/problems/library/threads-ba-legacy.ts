/** By iptables-legacy, from threads: forwarded ports that take or lose others, a marked reply, a Thread border router. */
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const udp = (port: number) => ({ protocol: 'udp', port }) as const

export const THREADS_BA_LEGACY: Problem[] = [
  {
    name: 'vps-forwards-all-ports-but-the-one-that-wireguard-had',
    thread: {
      title: 'Possibility to port forward',
      address: 'https://github.com/complexorganizations/wireguard-manager/issues/107',
    },
    backend: 'iptables-legacy',
    hosts: {
      player: { addresses: { eth0: ['203.0.113.9/24'] } },
      switch: { bridges: { sw0: ['p1', 'p2', 'p3'] } },
      vps: {
        addresses: { eth0: ['203.0.113.1/24'], wg0: ['10.66.66.1/24'] },
        sysctls: FORWARDS,
        // WireGuard's own, since a network on the way let only this one pass
        listeners: [SSH, udp(443)],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp ! --dport 22 -j DNAT --to-destination 10.66.66.2
-A PREROUTING -i eth0 -p udp -m udp ! --dport 51820 -j DNAT --to-destination 10.66.66.2
-A POSTROUTING -o eth0 -j SNAT --to-source 203.0.113.1
-A POSTROUTING -o wg0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -i wg0 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m multiport --dports 443,51820 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth0 -o wg0 -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -i wg0 -o eth0 -j ACCEPT
COMMIT
`,
        },
      },
      home: {
        addresses: { eth0: ['203.0.113.20/24'], wg0: ['10.66.66.2/24'] },
        listeners: [udp(27015)],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i wg0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i wg0 -p udp -m udp --dport 27015 -j ACCEPT
-A INPUT -i wg0 -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['player:eth0', 'switch:p1'],
      ['vps:eth0', 'switch:p2'],
      ['home:eth0', 'switch:p3'],
      ['vps:wg0', 'home:wg0'],
    ],
    traced: 'vps',
    fails: { from: 'home', what: 'udp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'player', what: 'udp', to: '203.0.113.1', port: 27015 }, seen: 'answered' },
      { sending: { from: 'player', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'player', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'nothing' },
      { sending: { from: 'player', what: 'udp', to: '203.0.113.1', port: 51820 }, seen: 'refused' },
    ],
    truth: {
      words:
        'All UDP but the port that WireGuard had before is forwarded into the tunnel: what the peer sends to the port that WireGuard listens on now is, too.',
      causes: [{ rule: '! --dport 51820 -j DNAT', chain: 'nat PREROUTING' }],
      status: ['unanswered', 'lost'],
    },
    mend: [['vps', 'iptables -t nat -I PREROUTING -i eth0 -p udp --dport 443 -j ACCEPT']],
  },
  {
    name: 'jackett-replies-to-its-neighbour-by-the-gateway',
    thread: {
      title: 'Unable To Access Endpoint With VPN Enabled',
      address: 'https://github.com/DyonR/docker-Jackettvpn/issues/23',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      gateway: {
        addresses: { lan: ['192.168.1.1/24'], br0: ['172.20.0.1/16'] },
        bridges: { br0: ['p1', 'p2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
        },
      },
      proxy: { addresses: { eth0: ['172.20.0.3/16'] }, routes: ['default via 172.20.0.1'] },
      vpn: { addresses: { tun0: ['10.8.0.1/24'] }, listeners: [tcp(443)] },
      jackett: {
        addresses: { eth0: ['172.20.0.2/16'], tun0: ['10.8.0.2/24'] },
        routes: ['0.0.0.0/1 via 10.8.0.1', '128.0.0.0/1 via 10.8.0.1', 'default via 172.20.0.1'],
        listeners: [tcp(9117), SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --dport 9117 -j MARK --set-xmark 0x1/0xffffffff
-A OUTPUT -p tcp -m tcp --sport 9117 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i tun0 -j ACCEPT
-A INPUT -i eth0 -p udp -m udp --sport 1194 -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 9117 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 0 -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o tun0 -j ACCEPT
-A OUTPUT -o eth0 -p udp -m udp --dport 1194 -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --sport 9117 -j ACCEPT
-A OUTPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['pc:eth0', 'gateway:lan'],
      ['gateway:p1', 'jackett:eth0'],
      ['gateway:p2', 'proxy:eth0'],
      ['jackett:tun0', 'vpn:tun0'],
    ],
    traced: 'jackett',
    setup: [
      ['jackett', 'ip rule add fwmark 0x1 lookup 9117'],
      ['jackett', 'ip route add default via 172.20.0.1 table 9117'],
    ],
    fails: { from: 'proxy', what: 'tcp', to: '172.20.0.2', port: 9117 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '172.20.0.2', port: 9117 }, seen: 'answered' },
      { sending: { from: 'jackett', what: 'tcp', to: '10.8.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '172.20.0.2', port: 22 }, seen: 'nothing' },
      { sending: { from: 'proxy', what: 'tcp', to: '172.20.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'What the web interface replies is marked, and the table for that mark has a default route alone: the reply to a neighbour on the same link goes to the gateway, which has not seen the connection begin and drops it.',
      causes: [
        { rule: '--sport 9117 -j MARK', chain: 'mangle OUTPUT' },
        { code: 'wrong-way-out' },
        { code: 'marked-astray' },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['jackett', 'ip route add 172.20.0.0/16 dev eth0 table 9117']],
  },
  {
    name: 'asus-forwards-a-range-of-ports-to-its-first',
    thread: {
      title: 'Asus RT-N16 port forwarding problem',
      address: 'https://github.com/wl500g/wl500g/issues/258',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:VSERVER - [0:0]
-A PREROUTING -d 203.0.113.1/32 -j VSERVER
-A POSTROUTING ! -s 203.0.113.1/32 -o wan -j MASQUERADE
-A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.0/24 -o lan -j MASQUERADE
-A VSERVER -p tcp -m tcp --dport 7100:7110 -j DNAT --to-destination 192.168.1.10:7100
-A VSERVER -p tcp -m tcp --dport 8000 -j DNAT --to-destination 192.168.1.10:8000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -j DROP
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -j DROP
COMMIT
`,
        },
      },
      { pc: { listeners: [tcp(7105), tcp(8000), tcp(7120)] } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 7105 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8000 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 7120 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule for the range has one port to forward to: all of the range arrives at the first one, where nothing listens.',
      causes: [{ rule: '--dport 7100:7110 -j DNAT', chain: 'nat VSERVER' }],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [['router', 'iptables -t nat -R VSERVER 1 -p tcp --dport 7100:7110 -j DNAT --to-destination 192.168.1.10']],
  },
  {
    name: 'otbr-takes-the-prefix-of-the-lan-for-one-of-the-mesh',
    thread: {
      title: 'Unable to ping IPV6 computer from Thread device and vice versa',
      address: 'https://github.com/openthread/ot-br-posix/issues/2086',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: {
        addresses: { eth0: ['fd00:5::10/64'] },
        routes: ['default via fd00:5::1'],
        listeners: [{ ...tcp(443), address: '::' }],
      },
      spoofer: { addresses: { eth0: ['fdde:ad00:beef::66/64'] }, routes: ['default via fdde:ad00:beef::1'] },
      switch: { bridges: { sw0: ['p1', 'p2', 'p3'] } },
      border: {
        addresses: { eth0: ['fd00:5::1/64', 'fdde:ad00:beef::1/64'], wpan0: ['fd50:7::1/64', 'fd51:9::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '::' }],
        rules: {
          ipset: `create otbr-ingress-deny-src hash:net family inet6 hashsize 1024 maxelem 65536
add otbr-ingress-deny-src fdde:ad00:beef::/64
add otbr-ingress-deny-src fd50:7::/64
add otbr-ingress-deny-src fd00:5::/64
create otbr-ingress-allow-dst hash:net family inet6 hashsize 1024 maxelem 65536
add otbr-ingress-allow-dst fd50:7::/64
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:OTBR_FORWARD_EGRESS - [0:0]
:OTBR_FORWARD_INGRESS - [0:0]
-A FORWARD -o wpan0 -j OTBR_FORWARD_INGRESS
-A FORWARD -i wpan0 -j OTBR_FORWARD_EGRESS
-A OTBR_FORWARD_EGRESS -j ACCEPT
-A OTBR_FORWARD_INGRESS -i wpan0 -m pkttype --pkt-type unicast -j DROP
-A OTBR_FORWARD_INGRESS -m set --match-set otbr-ingress-deny-src src -j DROP
-A OTBR_FORWARD_INGRESS -m set --match-set otbr-ingress-allow-dst dst -j ACCEPT
-A OTBR_FORWARD_INGRESS -m pkttype --pkt-type unicast -j DROP
-A OTBR_FORWARD_INGRESS -j ACCEPT
COMMIT
`,
        },
      },
      bulb: {
        addresses: { eth0: ['fd50:7::2/64', 'fd51:9::2/64'] },
        routes: ['default via fd50:7::1'],
        listeners: [{ ...udp(5540), address: 'fd50:7::2' }],
      },
    },
    links: [
      ['pc:eth0', 'switch:p1'],
      ['spoofer:eth0', 'switch:p2'],
      ['border:eth0', 'switch:p3'],
      ['border:wpan0', 'bulb:eth0'],
    ],
    traced: 'border',
    fails: { from: 'pc', what: 'udp', to: 'fd50:7::2', port: 5540 },
    seen: 'nothing',
    others: [
      { sending: { from: 'spoofer', what: 'udp', to: 'fd50:7::2', port: 5540 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'ping', to: 'fd51:9::2' }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'tcp', to: 'fd00:5::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'border', what: 'udp', to: 'fd50:7::2', port: 5540 }, seen: 'answered' },
      // what the computer replies comes from the same prefix
      { sending: { from: 'bulb', what: 'tcp', to: 'fd00:5::10', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'pc', what: 'ping', to: 'fd50:7::2' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The set of prefixes that only the mesh may have as a source also holds the LAN's: what comes from there is dropped as if it were forged.",
      causes: [{ rule: 'otbr-ingress-deny-src src -j DROP', chain: 'filter OTBR_FORWARD_INGRESS' }],
      status: ['dropped'],
    },
    mend: [['border', 'ipset del otbr-ingress-deny-src fd00:5::/64']],
  },
]

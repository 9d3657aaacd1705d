/** Faults of a host that lie beside its rules or behind two of them: addresses, neighbours, sockets, routes, IPsec policies. */
import { clientAndServer, FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { transparent } from './nft-translated.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** A socket of one device (SO_BINDTODEVICE, 25), as dnsmasq's are that was told its interfaces: it answers each datagram. */
const boundTo = (device: string, port: number, address = ''): string =>
  `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.setsockopt(1,25,b'${device}\\0'); s.bind(('${address}',${port}))
while True:
  d,a=s.recvfrom(999); s.sendto(d,a)" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnu | grep -q :${port} && break; sleep .1; done`

export const HOST_WAYS: Problem[] = [
  {
    name: 'ufw-drops-what-tproxy-takes',
    thread: { title: 'UFW/防火墙的问题', address: 'https://github.com/zfl9/ss-tproxy/issues/199' },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:SSTP_PREROUTING - [0:0]
-A PREROUTING -j SSTP_PREROUTING
-A SSTP_PREROUTING -m addrtype --dst-type LOCAL -j RETURN
-A SSTP_PREROUTING -d 192.168.0.0/16 -j RETURN
-A SSTP_PREROUTING -i lan -p tcp -j TPROXY --on-port 60080 --on-ip 0.0.0.0 --tproxy-mark 0x2333
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-not-local - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-user-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-not-local -j DROP
-A ufw-user-input -i lan -j ACCEPT
COMMIT
`,
        },
      },
      { remote: { listeners: [{ protocol: 'tcp', port: 443 }] } },
    ),
    setup: [
      ['router', 'ip rule add fwmark 0x2333 lookup 233; ip route add local default dev lo table 233'],
      ['router', transparent(60080)],
    ],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "To ufw the destination is none of this host's: it drops what the proxy takes for others, before the rule that accepts the LAN.",
      causes: [{ chain: 'filter ufw-not-local' }],
      status: ['dropped'],
      alsoTrue: ['proxy-missing'],
    },
    mend: [['router', 'iptables -I ufw-not-local 1 -m mark --mark 0x2333 -j RETURN']],
  },
  {
    name: 'floating-address-on-no-interface',
    thread: {
      title: 'floating IP will have to be configured on the server too',
      address: 'https://github.com/TimDaub/hetzner-cloud-deploy-server-action/issues/7',
    },
    backend: 'nft',
    hosts: {
      gateway: { addresses: { eth0: ['2001:db8:1::2/64'] }, routes: ['2001:db8:5::/64 via 2001:db8:1::1'] },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        routes: ['default via 2001:db8:1::2'],
        listeners: [{ protocol: 'tcp', address: '::', port: 443 }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto ipv6-icmp accept
    tcp dport { 22, 80, 443 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
}
`,
        },
      },
    },
    links: [['gateway:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'gateway', what: 'tcp', to: '2001:db8:5::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '2001:db8:1::1', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The provider sends the floating address here, and no interface of the server has it: to the kernel the packet is for another host.',
      // forwarding is off, and should be: on, it would send the packet back where it came from
      causes: [
        { code: 'vanished-forwarding-off', words: ['2001:db8:5::1', 'address add'] },
        { code: 'not-netfilter', words: ['2001:db8:5::1', 'address add'] },
      ],
      status: ['lost'],
      alsoTrue: ['vanished-forwarding-off'],
    },
    mend: [['server', 'ip -6 address add 2001:db8:5::1/128 dev eth0 nodad']],
  },
  {
    name: 'killswitch-and-routes-take-ssh',
    thread: {
      title: "Can't use SSH after enabling dietpi-vpn killswitch setting",
      address: 'https://github.com/MichaIng/DietPi/issues/4447',
    },
    backend: 'iptables-legacy',
    hosts: {
      admin: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      gateway: { addresses: { eth0: ['198.51.100.1/24'], eth1: ['192.168.1.1/24'] }, sysctls: FORWARDS },
      pi: {
        addresses: { eth0: ['192.168.1.5/24'], tun0: ['10.8.0.2/24'] },
        routes: ['default via 192.168.1.1', '0.0.0.0/1 via 10.8.0.1', '128.0.0.0/1 via 10.8.0.1'],
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o tun0 -j ACCEPT
-A OUTPUT -d 192.168.1.0/24 -j ACCEPT
-A OUTPUT -d 203.0.113.77/32 -p udp -m udp --dport 1194 -j ACCEPT
COMMIT
`,
        },
      },
      vpn: { addresses: { tun0: ['10.8.0.1/24'] }, listeners: [{ protocol: 'tcp', port: 80 }] },
    },
    links: [
      ['admin:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'pi:eth0'],
      ['pi:tun0', 'vpn:tun0'],
    ],
    traced: 'pi',
    fails: { from: 'admin', what: 'tcp', to: '192.168.1.5', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '192.168.1.5', port: 22 }, seen: 'answered' },
      { sending: { from: 'pi', what: 'tcp', to: '10.8.0.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The VPN's routes send the reply into the tunnel; sent out of eth0, it would be dropped by the kill switch, which accepts the own network alone there.",
      causes: [
        { code: 'several-causes', words: ['OUTPUT', 'ip rule add'] },
        { code: 'reply-by-other-uplink', words: ['OUTPUT'] },
      ],
      status: ['reply-lost', 'unanswered'],
      alsoTrue: ['reply-by-other-uplink', 'wrong-way-out'],
    },
    mend: [
      ['pi', 'ip rule add from 192.168.1.5 lookup 128; ip route add default via 192.168.1.1 table 128'],
      ['pi', 'iptables -A OUTPUT -o eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    ],
  },
  {
    name: 'permanent-neighbour-of-older-node',
    thread: {
      title: 'remove ARP entries left from previous Cilium run',
      address: 'https://github.com/cilium/cilium/pull/16359',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [{ protocol: 'tcp', port: 6443 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -m multiport --dports 6443,10250 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
COMMIT
`,
      },
    }),
    setup: [['server', 'ip neigh replace 192.0.2.2 lladdr 52:54:00:12:34:56 dev eth0 nud permanent']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 6443 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'refused' }],
    truth: {
      words:
        'A permanent entry of the neighbour table has the link address of the node that had this address before: replies go to nobody.',
      causes: [
        { code: 'neighbour-failed', words: ['52:54:00:12:34:56'] },
        { code: 'neighbour-other-address', words: ['52:54:00:12:34:56'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['server', 'ip neigh del 192.0.2.2 dev eth0']],
  },
  {
    name: 'resolver-bound-to-lan-device',
    thread: {
      title: 'Unable to use USG DNS with WG client?',
      address: 'https://github.com/tusc/wireguard-kmod/issues/28',
    },
    backend: 'nft',
    hosts: {
      phone: { addresses: { wg0: ['172.16.201.6/24'] }, routes: ['default via 172.16.201.1'] },
      gateway: {
        addresses: { wg0: ['172.16.201.1/24'], br0: ['172.16.200.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "br0", "wg0" } accept
  }
}
`,
        },
      },
      lan: { addresses: { eth0: ['172.16.200.9/24'] }, routes: ['default via 172.16.200.1'] },
    },
    links: [
      ['phone:wg0', 'gateway:wg0'],
      ['gateway:br0', 'lan:eth0'],
    ],
    traced: 'gateway',
    setup: [['gateway', boundTo('br0', 53)]],
    fails: { from: 'phone', what: 'udp', to: '172.16.200.1', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'lan', what: 'udp', to: '172.16.200.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'ping', to: '172.16.200.1' }, seen: 'answered' },
    ],
    truth: {
      words: "The resolver's socket is bound to br0, and the query comes in on wg0.",
      causes: [{ code: 'closed-port', words: ['br0'] }],
      status: ['refused'],
      alsoTrue: ['refused-here'],
    },
    mend: [['gateway', boundTo('wg0', 53, '172.16.200.1').replace('grep -q :53', 'grep -q wg0:53')]],
  },
  {
    name: 'user-in-tunnel-with-other-source',
    thread: {
      title: 'Questions regarding few iptables rules',
      address: 'https://github.com/bendikro/deluge-vpn/issues/1',
    },
    backend: 'iptables-legacy',
    hosts: {
      box: {
        addresses: { eth0: ['192.168.1.5/24'], tun0: ['10.8.0.2/24'] },
        routes: ['default via 192.168.1.1'],
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1', 'net.ipv4.conf.default.rp_filter': '1' },
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT ! -d 192.168.1.0/24 -m owner --uid-owner 0 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i tun0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i tun0 -j REJECT --reject-with icmp-port-unreachable
-A OUTPUT ! -s 192.168.1.0/24 -o eth0 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
        },
      },
      gateway: { addresses: { eth0: ['192.168.1.1/24'] }, listeners: [{ protocol: 'tcp', port: 80 }] },
      vpn: {
        addresses: { tun0: ['10.8.0.1/24'], eth0: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
      },
      tracker: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['10.8.0.0/24 via 203.0.113.1'],
        listeners: [{ protocol: 'tcp', port: 443 }],
      },
    },
    links: [
      ['box:eth0', 'gateway:eth0'],
      ['box:tun0', 'vpn:tun0'],
      ['vpn:eth0', 'tracker:eth0'],
    ],
    traced: 'box',
    setup: [['box', 'ip rule add fwmark 1 lookup 100; ip route add default via 10.8.0.1 dev tun0 table 100']],
    fails: { from: 'box', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'box', what: 'tcp', to: '192.168.1.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'vpn', what: 'ping', to: '10.8.0.2' }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The source was chosen before the mark sent the packet into the tunnel, so it has the address of eth0 there, and nothing masquerades it. And the reply would be dropped on tun0 by the strict rp_filter, which asks for the way back without the mark.',
      causes: [{ code: 'not-masqueraded' }, { code: 'several-causes', words: ['MASQUERADE'] }],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['vanished-rp-filter', 'wrong-way-out'],
    },
    mend: [
      ['box', 'iptables -t nat -A POSTROUTING -o tun0 -j MASQUERADE'],
      ['box', 'sysctl -w net.ipv4.conf.all.rp_filter=2; sysctl -w net.ipv4.conf.tun0.rp_filter=2'],
    ],
  },
  {
    name: 'ipsec-policy-for-all-wants-no-clear-text',
    thread: {
      title:
        'After upgrading from kernel 4.19 to 6.12, incoming traffic is being dropped by the XFRM policy rule in a route-based VPN with a VTI interface.',
      address: 'https://github.com/strongswan/strongswan/issues/2647',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', address: '2001:db8:1::1', port: 22 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m multiport --dports 500,4500 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      },
    }),
    setup: [
      [
        'server',
        'ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir in priority 399999 tmpl src 198.51.100.7 dst 192.0.2.1 proto esp reqid 1 mode tunnel',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        "An inbound policy that is for all addresses asks that everything comes through the tunnel: what comes in clear is dropped behind INPUT's last rule.",
      causes: [
        { code: 'ipsec-no-state', words: ['dir in'] },
        { code: 'kernel-drop', words: ['dir in'] },
      ],
      status: ['lost', 'unanswered', 'dropped'],
    },
    mend: [['server', 'ip xfrm policy deleteall']],
  },
]

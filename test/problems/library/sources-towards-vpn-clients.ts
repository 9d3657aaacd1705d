/** By iptables: a server whose rule for the clients' sources takes its own packets to them as well, and a virtual address that is asked for by ARP in vain. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const

export const SOURCES_TOWARDS_VPN_CLIENTS: Problem[] = [
  {
    name: 'openvpn-role-gives-its-public-source-to-what-goes-to-a-client',
    thread: {
      title: 'Allow client-to-client to work with SNAT and masquerade',
      address: 'https://github.com/kyl191/ansible-role-openvpn/pull/179',
    },
    backend: 'iptables-nft',
    hosts: {
      server: {
        addresses: { eth0: ['203.0.113.1/24'], tun0: ['10.9.0.1/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.9.0.0/24 -m comment --comment "Perform NAT readdressing" -j SNAT --to-source 203.0.113.1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m udp --dport 1194 -m comment --comment "Allow inbound OpenVPN traffic" -j ACCEPT
-A INPUT -i tun0 -p udp -m udp --dport 53 -m comment --comment "Allow DNS from VPN clients" -j ACCEPT
-A FORWARD -i tun0 -o eth0 -m comment --comment "Allow VPN clients to the internet" -j ACCEPT
-A FORWARD -i eth0 -o tun0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i tun0 -o tun0 -m comment --comment "Allow clients to communicate" -j ACCEPT
COMMIT
`,
        },
      },
      // a provider takes no private source from its customers
      isp: {
        addresses: { srv: ['203.0.113.254/24'], home: ['198.51.100.254/24'], web: ['192.0.2.254/24'] },
        sysctls: FORWARDS,
      },
      web: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.254'], listeners: [WEB] },
      // reaches the server's public address by its own uplink, as the tunnel itself must
      laptop: {
        addresses: { wlan0: ['198.51.100.20/24'], tun0: ['10.9.0.10/24'] },
        routes: ['203.0.113.1 via 198.51.100.254 dev wlan0', 'default via 10.9.0.1 dev tun0'],
        listeners: [SSH],
      },
    },
    links: [
      ['server:eth0', 'isp:srv'],
      ['isp:home', 'laptop:wlan0'],
      ['isp:web', 'web:eth0'],
      ['server:tun0', 'laptop:tun0'],
    ],
    traced: 'server',
    setup: [['isp', 'sysctl -w net.ipv4.conf.home.rp_filter=1 net.ipv4.conf.srv.rp_filter=1']],
    fails: { from: 'server', what: 'tcp', to: '10.9.0.10', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '10.9.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule for the clients' network is for whatever has such a source, so what the server itself sends to a client gets the public address. The client replies to that by its own uplink, past the tunnel.",
      causes: [{ rule: '-s 10.9.0.0/24', chain: 'nat POSTROUTING' }],
      status: ['unanswered', 'lost', 'reply-lost'],
      alsoTrue: ['snat-elsewhere', 'snat-changed-source'],
    },
    mend: [['server', 'iptables -t nat -I POSTROUTING 1 -s 10.9.0.0/24 -d 10.9.0.0/24 -j ACCEPT']],
  },
]

/** Rules that look at the wrong address: of the frame that is still to be made, of an own resolver that is to stay, of an interface's second address behind a redirect. */
import { clientAndServer, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** Takes what is sent there, and says nothing: a tunnel whose far side does not know the name. */
const silent = (port: number) => `python3 -c "import socket,time
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('127.0.0.1',${port})); time.sleep(9999)" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :${port} && break; sleep .1; done`

export const OWN_REDIRECTS: Problem[] = [
  {
    name: 'sshuttle-takes-what-asks-the-hosts-own-resolver',
    thread: { title: 'adds an extraneous DNS NAT entry', address: 'https://github.com/sshuttle/sshuttle/issues/260' },
    backend: 'nft',
    ...(() => {
      const net = clientAndServer({
        listeners: [
          { protocol: 'udp', port: 53, address: '127.0.0.1' },
          { protocol: 'tcp', port: 53, address: '127.0.0.1' },
          { protocol: 'tcp', port: 12304, address: '127.0.0.1' },
          SSH,
        ],
        routes: ['default via 192.0.2.2'],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    udp dport { 53, 5353 } ip saddr 192.0.2.0/24 accept
    tcp dport { 22, 53 } accept
    limit rate 5/minute log prefix "in: "
    reject with icmpx admin-prohibited
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "lo" accept
    udp dport { 67, 123, 53 } accept
  }
}
table inet sshuttle-ipv4-12304 {
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    jump sshuttle-ipv4-12304
  }
  chain output {
    type nat hook output priority -100; policy accept;
    jump sshuttle-ipv4-12304
  }
  chain sshuttle-ipv4-12304 {
    ip ttl 63 return
    ip daddr 127.10.0.4 udp dport 53 redirect to :12299
    ip daddr 127.0.0.1 udp dport 53 redirect to :12299
    fib daddr type local return
    ip daddr 192.0.2.7 tcp dport 22 return
    meta l4proto tcp ip daddr 169.254.0.0/16 redirect to :12304
    meta l4proto tcp ip daddr 10.8.0.0/16 redirect to :12304
  }
}
`,
        },
      })
      const client = { ...net.hosts.client!, listeners: [{ protocol: 'udp', port: 53 }] as const }
      return { ...net, hosts: { ...net.hosts, client } }
    })(),
    setup: [['server', silent(12299)]],
    fails: { from: 'server', what: 'udp', to: '127.0.0.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '127.0.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'server', what: 'udp', to: '192.0.2.2', port: 53 }, seen: 'answered' },
      // the tunnel takes it
      { sending: { from: 'server', what: 'tcp', to: '10.8.4.4', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The resolver on this host is also in its list of name servers, so sshuttle redirects what is sent to it into the tunnel, whose far side has no answer.',
      causes: [
        { rule: 'ip daddr 127.0.0.1 udp dport 53 redirect', chain: 'inet sshuttle-ipv4-12304 sshuttle-ipv4-12304' },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'server',
        "c='inet sshuttle-ipv4-12304 sshuttle-ipv4-12304'; nft delete rule $c handle $(nft -a list chain $c | sed -n 's/.*daddr 127.0.0.1 udp.* handle //p')",
      ],
    ],
  },
  {
    name: 'forward-accepts-by-the-link-address-that-the-frame-will-have',
    thread: {
      title: 'Add Rate Limiting Feature with nftables Meter Support',
      address: 'https://github.com/hudra0/qosmate/pull/87',
    },
    backend: 'nft',
    ...homeRouter(
      {
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
        rules: {
          nft: `table inet home {
  set nas_ports {
    type inet_service
    elements = { 443, 8443, 51413 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lan" accept
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request } accept
    icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
    icmp type echo-request limit rate 10/second accept
    iifname "wan" udp dport { 68, 546 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lan" ether saddr 02:00:5e:00:53:66 counter drop
    iifname "lan" oifname "wan" accept
    iifname "wan" oifname "lan" jump from_wan
    counter
  }
  chain from_wan {
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request } accept
    ether daddr 02:00:5e:00:53:10 tcp dport @nas_ports counter accept
    ether daddr 02:00:5e:00:53:10 udp dport 51413 counter accept
    ct status dnat accept
    limit rate 5/minute log prefix "from wan: "
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta nfproto ipv4 oifname "wan" masquerade
  }
}
`,
        },
      },
      {
        pc: { listeners: [{ protocol: 'tcp', port: 443, address: '::' }] },
        remote: { listeners: [{ protocol: 'tcp', port: 80, address: '::' }] },
      },
    ),
    setup: [['pc', 'ip link set eth0 address 02:00:5e:00:53:10']],
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:1::10' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The rule asks for the PC's link address as the destination, but a packet in forward has the header of the frame that it came in, which was for the router: no rule accepts it, and the policy drops.",
      causes: [
        { rule: 'ether daddr 02:00:5e:00:53:10 tcp dport @nas_ports', chain: 'inet home from_wan' },
        { policy: 'inet home forward' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        "nft insert rule inet home from_wan 'ip6 daddr & ::ffff:ffff:ffff:ffff == ::10 tcp dport @nas_ports counter accept'",
      ],
    ],
  },
  {
    name: 'packetfence-asks-for-the-virtual-address-behind-its-own-redirect',
    thread: { title: 'iptables rules for parking', address: 'https://github.com/inverse-inc/packetfence/issues/1681' },
    backend: 'iptables-legacy',
    hosts: {
      parked: { addresses: { eth0: ['10.20.0.50/24'] }, routes: ['default via 10.20.0.1'] },
      server: {
        addresses: { eth1: ['10.20.0.2/24', '10.20.0.1/24'], eth0: ['192.0.2.1/24'] },
        listeners: [
          SSH,
          { protocol: 'tcp', port: 5252 },
          { protocol: 'tcp', port: 443 },
          { protocol: 'udp', port: 53, address: '10.20.0.1' },
        ],
        rules: {
          ipset: `create parking hash:ip family inet
add parking 10.20.0.50
`,
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:forward-internal-vlan-if - [0:0]
:input-highavailability-if - [0:0]
:input-internal-vlan-if - [0:0]
:input-management-if - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -i eth0 -j input-management-if
-A INPUT -d 224.0.0.0/8 -i eth1 -j ACCEPT
-A INPUT -i eth1 -p vrrp -j ACCEPT
-A INPUT -d 10.20.0.1/32 -i eth1 -j input-internal-vlan-if
-A INPUT -d 255.255.255.255/32 -i eth1 -j input-internal-vlan-if
-A FORWARD -i eth1 -j forward-internal-vlan-if
-A forward-internal-vlan-if -m set --match-set parking src -j DROP
-A input-internal-vlan-if -p udp -m udp --dport 67 -j ACCEPT
-A input-internal-vlan-if -p udp -m udp --dport 53 -j ACCEPT
-A input-internal-vlan-if -p tcp -m tcp --dport 53 -j ACCEPT
-A input-internal-vlan-if -p tcp -m tcp --dport 80 -j ACCEPT
-A input-internal-vlan-if -p tcp -m tcp --dport 443 -j ACCEPT
-A input-internal-vlan-if -p tcp -m tcp --dport 647 -j ACCEPT
-A input-internal-vlan-if -p tcp -m tcp --dport 5252 -j ACCEPT
-A input-management-if -p tcp -m tcp --dport 22 -j ACCEPT
-A input-management-if -p tcp -m tcp --dport 1443 -j ACCEPT
-A input-management-if -p udp -m udp --dport 1812:1813 -j ACCEPT
-A input-management-if -p udp -m udp --dport 162 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:prerouting-int-vlan-if - [0:0]
-A PREROUTING -i eth1 -j prerouting-int-vlan-if
-A prerouting-int-vlan-if -p tcp -m tcp --dport 80 -m set --match-set parking src -j REDIRECT --to-ports 5252
COMMIT
`,
        },
      },
      admin: { addresses: { eth0: ['192.0.2.9/24'] } },
    },
    links: [
      ['parked:eth0', 'server:eth1'],
      ['server:eth0', 'admin:eth0'],
    ],
    traced: 'server',
    fails: { from: 'parked', what: 'tcp', to: '10.20.0.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'parked', what: 'tcp', to: '10.20.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'parked', what: 'udp', to: '10.20.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'parked', what: 'udp', to: '10.20.0.2', port: 53 }, seen: 'nothing' },
      { sending: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The redirect leads to the interface's first address, and the chain that accepts the portal's port is asked only for what is for the second one, the virtual address: the policy drops it.",
      causes: [
        { rule: '-d 10.20.0.1/32 -i eth1 -j input-internal-vlan-if', chain: 'filter INPUT' },
        { rule: '-j REDIRECT --to-ports 5252', chain: 'nat prerouting-int-vlan-if' },
        { policy: 'filter INPUT' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -I INPUT -i eth1 -p tcp -m tcp --dport 5252 -j ACCEPT']],
  },
]

/** Rules that programs write for a network of their own, from threads: a second network of containers, a deprecated address, an order of nat, private resolvers. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_O: Problem[] = [
  {
    name: 'nomad-admin-chain-knows-its-own-bridge-alone',
    thread: {
      title: 'Automatically generate iptables forwarding rule for custom CNI bridges',
      address: 'https://github.com/hashicorp/nomad/issues/16456',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { nomad: ['veth1'], webnet: ['veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], nomad: ['172.26.64.1/20'], webnet: ['172.31.0.1/20'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-DN-5d0e6c1b - [0:0]
:CNI-DN-9f21ab77 - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -s 172.26.64.0/20 ! -o nomad -j MASQUERADE
-A POSTROUTING -s 172.31.0.0/20 ! -o webnet -j MASQUERADE
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"nomad\\"" -m multiport --dports 9090 -j CNI-DN-5d0e6c1b
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"webnet\\"" -m multiport --dports 8080 -j CNI-DN-9f21ab77
-A CNI-DN-5d0e6c1b -p tcp -m tcp --dport 9090 -j DNAT --to-destination 172.26.64.2:80
-A CNI-DN-9f21ab77 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.31.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:CNI-FORWARD - [0:0]
:DOCKER-USER - [0:0]
:NOMAD-ADMIN - [0:0]
-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
-A FORWARD -j DOCKER-USER
-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j NOMAD-ADMIN
-A CNI-FORWARD -d 172.26.64.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CNI-FORWARD -s 172.26.64.2/32 -j ACCEPT
-A DOCKER-USER -j RETURN
-A NOMAD-ADMIN -d 172.26.64.0/20 -o nomad -j ACCEPT
COMMIT
`,
        },
      },
      alloc: { addresses: { eth0: ['172.26.64.2/20'] }, routes: ['default via 172.26.64.1'], listeners: WEB },
      web: { addresses: { eth0: ['172.31.0.2/20'] }, routes: ['default via 172.31.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'alloc:eth0'],
      ['host:veth2', 'web:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 9090 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '172.31.0.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nomad's rule in NOMAD-ADMIN is for its own bridge; what is forwarded to the bridge of another CNI network, and from it, meets Docker's policy.",
      causes: [
        { policy: 'filter FORWARD' },
        { chain: 'filter NOMAD-ADMIN' },
        { rule: '-d 172.26.64.0/20 -o nomad', chain: 'filter NOMAD-ADMIN' },
      ],
      status: ['dropped'],
    },
    mend: [
      ['host', 'iptables -A NOMAD-ADMIN -d 172.31.0.0/20 -o webnet -j ACCEPT'],
      ['host', 'iptables -A NOMAD-ADMIN -s 172.31.0.0/20 -i webnet -j ACCEPT'],
    ],
  },
  {
    name: 'eblocker-redirects-to-an-address-that-it-no-longer-uses',
    thread: {
      title: 'IPv6: DNS NAT fails with privacy extensions enabled',
      address: 'https://github.com/eblocker/eblocker/issues/320',
    },
    backend: 'iptables-nft',
    hosts: {
      laptop: { addresses: { eth0: ['2001:db8:1::2/64'] }, routes: ['default via 2001:db8:1::10'] },
      eblocker: {
        addresses: { eth0: ['2001:db8:1::10/64'], eth1: ['fd00::10/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', address: '::', port: 5300 }],
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j REDIRECT --to-ports 5300
COMMIT
`,
        },
      },
      router: {
        addresses: { eth0: ['fd00::1/64'] },
        routes: ['default via fd00::10'],
        listeners: [{ protocol: 'tcp', address: '::', port: 443 }],
      },
    },
    links: [
      ['laptop:eth0', 'eblocker:eth0'],
      ['eblocker:eth1', 'router:eth0'],
    ],
    traced: 'eblocker',
    // the temporary address of the day before
    setup: [['eblocker', 'ip addr add 2001:db8:1::5c3a:91ff/64 dev eth0 nodad preferred_lft 0 valid_lft 3600']],
    fails: { from: 'laptop', what: 'udp', to: 'fd00::1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'udp', to: '2001:db8:1::10', port: 5300 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: 'fd00::1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'REDIRECT sends the query to a deprecated address of eth0, and the resolver replies from the other one: the reply does not belong to the connection, and keeps its source.',
      causes: [{ code: 'reply-from-other-address' }, { rule: '-j REDIRECT --to-ports 5300', chain: 'nat PREROUTING' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['eblocker', 'ip addr del 2001:db8:1::5c3a:91ff/64 dev eth0; conntrack -F']],
  },
  {
    name: 'cloudstack-static-nat-comes-before-the-exemption-of-the-vpn',
    thread: {
      title:
        "VPC VR: static-NAT SNAT rule can precede the site-to-site VPN NAT exemption, so a static-NAT VM's VPN traffic leaves with its public IP",
      address: 'https://github.com/apache/cloudstack/issues/14184',
    },
    backend: 'iptables-nft',
    hosts: {
      vm1: { addresses: { eth0: ['10.1.1.5/24'] }, routes: ['default via 10.1.1.1'] },
      vm2: { addresses: { eth0: ['10.1.1.6/24'] }, routes: ['default via 10.1.1.1'] },
      vr: {
        bridges: { eth2: ['p1', 'p2'] },
        addresses: { eth1: ['203.0.113.10/24', '203.0.113.20/32'], eth2: ['10.1.1.1/24'] },
        routes: ['10.2.0.0/16 via 203.0.113.50'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -s 10.1.1.0/24 -d 10.2.0.0/16 -j MARK --set-xmark 0x525/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.20/32 -i eth1 -j DNAT --to-destination 10.1.1.5
-A POSTROUTING -s 10.1.1.5/32 -o eth1 -j SNAT --to-source 203.0.113.20
-A POSTROUTING -o eth1 -m mark --mark 0x525 -j ACCEPT
-A POSTROUTING -s 10.1.1.0/24 -o eth1 -j SNAT --to-source 203.0.113.10
COMMIT
`,
        },
      },
      internet: {
        bridges: { br0: ['w1', 'w2', 'w3'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
      },
      remote: { addresses: { eth0: ['203.0.113.99/24'] }, listeners: [HTTPS] },
      gateway: {
        addresses: { wan: ['203.0.113.50/24'], lan: ['10.2.0.1/16'] },
        routes: ['10.1.1.0/24 via 203.0.113.10'],
        sysctls: FORWARDS,
        // what the tunnel's other end lets in
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD ! -s 10.1.1.0/24 -i wan -j DROP
COMMIT
`,
        },
      },
      office: { addresses: { eth0: ['10.2.0.5/16'] }, routes: ['default via 10.2.0.1'], listeners: [SSH] },
    },
    links: [
      ['vm1:eth0', 'vr:p1'],
      ['vm2:eth0', 'vr:p2'],
      ['vr:eth1', 'internet:w1'],
      ['remote:eth0', 'internet:w2'],
      ['gateway:wan', 'internet:w3'],
      ['gateway:lan', 'office:eth0'],
    ],
    traced: 'vr',
    fails: { from: 'vm1', what: 'tcp', to: '10.2.0.5', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm2', what: 'tcp', to: '10.2.0.5', port: 22 }, seen: 'answered' },
      { sending: { from: 'vm1', what: 'tcp', to: '203.0.113.99', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The static NAT of this VM stands in front of the rule that spares what is for the tunnel: the packet leaves with the public address, which the tunnel's other end does not let in.",
      causes: [{ rule: 'SNAT --to-source 203.0.113.20', chain: 'nat POSTROUTING' }],
      status: ['unanswered'],
    },
    mend: [
      [
        'vr',
        'iptables -t nat -D POSTROUTING -o eth1 -m mark --mark 0x525 -j ACCEPT; iptables -t nat -I POSTROUTING 1 -o eth1 -m mark --mark 0x525 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'nordvpn-drops-private-resolvers-of-listed-networks',
    thread: {
      title:
        'Firewall: `allowlist add subnet` does not exempt DNS (port 53) — `deny-private-dns` iptables rules block allow-listed subnets',
      address: 'https://github.com/NordSecurity/nordvpn-linux/issues/1374',
    },
    backend: 'iptables-nft',
    hosts: {
      workstation: {
        addresses: { eth0: ['10.0.1.100/24'], nordlynx: ['10.5.0.2/16'] },
        routes: ['default via 10.5.0.1', '10.0.2.0/24 via 10.0.1.1'],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -d 10.0.0.0/8 -p tcp -m tcp --dport 53 -m comment --comment nordvpn -m comment --comment deny-private-dns -j DROP
-A OUTPUT -d 10.0.0.0/8 -p udp -m udp --dport 53 -m comment --comment nordvpn -m comment --comment deny-private-dns -j DROP
-A OUTPUT -d 192.168.0.0/16 -p tcp -m tcp --dport 53 -m comment --comment nordvpn -m comment --comment deny-private-dns -j DROP
-A OUTPUT -d 192.168.0.0/16 -p udp -m udp --dport 53 -m comment --comment nordvpn -m comment --comment deny-private-dns -j DROP
-A OUTPUT -d 10.0.1.0/24 -o eth0 -m comment --comment nordvpn -m comment --comment allowlist-subnet -j ACCEPT
-A OUTPUT -d 10.0.2.0/24 -o eth0 -m comment --comment nordvpn -m comment --comment allowlist-subnet -j ACCEPT
COMMIT
`,
        },
      },
      gateway: {
        addresses: { eth0: ['10.0.1.1/24'], eth1: ['10.0.2.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 53 }],
      },
      files: { addresses: { eth0: ['10.0.2.15/24'] }, routes: ['default via 10.0.2.1'], listeners: [SSH] },
      vpn: {
        addresses: { wg0: ['10.5.0.1/16'], lo: ['203.0.113.53/32'] },
        listeners: [{ protocol: 'udp', address: '203.0.113.53', port: 53 }],
      },
    },
    links: [
      ['workstation:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'files:eth0'],
      ['workstation:nordlynx', 'vpn:wg0'],
    ],
    traced: 'workstation',
    fails: { from: 'workstation', what: 'udp', to: '10.0.1.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'workstation', what: 'tcp', to: '10.0.2.15', port: 22 }, seen: 'answered' },
      { sending: { from: 'workstation', what: 'udp', to: '203.0.113.53', port: 53 }, seen: 'answered' },
    ],
    truth: {
      words: 'The rules against private resolvers stand in front of those that accept the listed networks.',
      causes: [{ rule: '-d 10.0.0.0/8 -p udp -m udp --dport 53', chain: 'filter OUTPUT' }],
      status: ['dropped'],
    },
    mend: [['workstation', 'iptables -I OUTPUT 1 -d 10.0.1.0/24 -o eth0 -j ACCEPT']],
  },
]

/** From threads, by iptables-nft: a lease asked for from no address, a relay's source on another link, a router's advertisements, a boot file's second flow. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED } from './groups-asked.ts'
import { asksForLease } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const started = (program: string, look: string, ready: string) =>
  `setsid python3 -c "${program}" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ${look} | grep -q '${ready}' && break; sleep .1; done`

/** As dnsmasq does: a neighbour entry for the address that is offered, and the offer sent there. */
const OFFERS = `ip neigh replace 192.168.122.50 lladdr 52:54:00:00:00:50 dev virbr0
${started(
  `import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.setsockopt(1,6,1); s.setsockopt(1,25,b'virbr0'); s.bind(('',67))
while True:
  d,who=s.recvfrom(2000); s.sendto(b'DHCPOFFER',('192.168.122.50',68))`,
  'ss -lnu',
  ':67',
)}`

/** A router advertisement each half second, without a prefix: a default route for half an hour. */
const ADVERTISES = `setsid python3 -c "import socket,struct,time
n=socket.if_nametoindex('lan'); p=socket.socket(17,3); p.bind(('lan',0)); m=p.getsockname()[4]; s=socket.socket(socket.AF_INET6,socket.SOCK_RAW,58)
s.setsockopt(41,18,255); s.setsockopt(41,17,n)
while True:
  try: s.sendto(struct.pack('!BBHBBHIIBB',134,0,0,64,0,1800,0,0,1,1)+m,('ff02::1',0,0,n))
  except OSError: pass
  time.sleep(.5)" >/dev/null 2>&1 </dev/null &`

/** Answers each request from a port of its own. */
const TFTPD = started(
  `import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('0.0.0.0',69))
while True:
  d,who=s.recvfrom(2000); n=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); n.sendto(bytes([0,3,0,1])+b'boot',who); n.close()`,
  'ss -lnu',
  ':69',
)

/** Takes the file from the address that it asked, at whatever port. */
const GETS_FILE = asks(
  'AF_INET',
  "o.sendto(bytes([0,1])+b'boot'+bytes(1)+b'octet'+bytes(1),('198.51.100.69',69)); d,w=o.recvfrom(2000); w[0]=='198.51.100.69' and s.sendto(d,who)",
)

export const LEASES_ADVERTISEMENTS_AND_BOOT_FILES: Problem[] = [
  {
    name: 'ivpn-allows-the-lan-and-not-its-leases',
    thread: {
      title: '"Allow LAN traffic..." doesn\'t permit DHCP, breaking lease acquisition for LAN clients (VMs)',
      address: 'https://github.com/ivpn/desktop-app/issues/541',
    },
    backend: 'iptables-nft',
    hosts: {
      vm: { addresses: { eth0: [] } },
      vm2: { addresses: { eth0: ['192.168.122.20/24'] } },
      net: { addresses: { eth0: ['203.0.113.9/24'] } },
      laptop: {
        bridges: { virbr0: ['vnet0', 'vnet1'] },
        addresses: { virbr0: ['192.168.122.1/24'], wlan0: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        // its own lease of the network outside is renewed by 68
        listeners: [SSH, { protocol: 'udp', address: '203.0.113.1', port: 68 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
:IVPN-IN - [0:0]
:IVPN-IN-ICMP-EXP - [0:0]
:IVPN-IN-STAT-EXP - [0:0]
:IVPN-IN-VPN - [0:0]
:IVPN-OUT - [0:0]
:IVPN-OUT-ICMP-EXP - [0:0]
:IVPN-OUT-STAT-EXP - [0:0]
:IVPN-OUT-VPN - [0:0]
-A INPUT -j IVPN-IN
-A OUTPUT -j IVPN-OUT
-A IVPN-IN -i lo -j ACCEPT
-A IVPN-IN -p udp -m udp --dport 68 -j ACCEPT
-A IVPN-IN -j IVPN-IN-VPN
-A IVPN-IN -j IVPN-IN-STAT-EXP
-A IVPN-IN -j IVPN-IN-ICMP-EXP
-A IVPN-IN-STAT-EXP -s 10.0.0.0/8 -j ACCEPT
-A IVPN-IN-STAT-EXP -s 172.16.0.0/12 -j ACCEPT
-A IVPN-IN-STAT-EXP -s 192.168.0.0/16 -j ACCEPT
-A IVPN-IN-STAT-EXP -s 169.254.0.0/16 -j ACCEPT
-A IVPN-IN-VPN -i wgivpn -j ACCEPT
-A IVPN-OUT -o lo -j ACCEPT
-A IVPN-OUT -p udp -m udp --dport 67 -j ACCEPT
-A IVPN-OUT -j IVPN-OUT-VPN
-A IVPN-OUT -j IVPN-OUT-STAT-EXP
-A IVPN-OUT -j IVPN-OUT-ICMP-EXP
-A IVPN-OUT-STAT-EXP -d 10.0.0.0/8 -j ACCEPT
-A IVPN-OUT-STAT-EXP -d 172.16.0.0/12 -j ACCEPT
-A IVPN-OUT-STAT-EXP -d 192.168.0.0/16 -j ACCEPT
-A IVPN-OUT-STAT-EXP -d 169.254.0.0/16 -j ACCEPT
-A IVPN-OUT-VPN -o wgivpn -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['vm:eth0', 'laptop:vnet0'],
      ['vm2:eth0', 'laptop:vnet1'],
      ['net:eth0', 'laptop:wlan0'],
    ],
    traced: 'laptop',
    setup: [
      ['vm', `ip link set eth0 down; ip link set eth0 address 52:54:00:00:00:50; ip link set eth0 up`],
      ['laptop', OFFERS],
      ['vm', asksForLease('eth0')],
      [
        'net',
        asks('AF_INET', "o.bind(('203.0.113.9',67)); o.sendto(b'ack',('203.0.113.1',68)); s.sendto(o.recv(2000),who)"),
      ],
    ],
    fails: { ...POKED, from: 'vm' },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '255.255.255.255', dport: 67 },
    others: [
      { sending: { from: 'vm2', what: 'ping', to: '192.168.122.1' }, seen: 'answered' },
      { sending: { from: 'vm2', what: 'tcp', to: '192.168.122.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'net', what: 'udp', to: '203.0.113.1', port: 67 }, seen: 'nothing' },
      { sending: { ...POKED, from: 'net' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The LAN is allowed by its source, and whoever asks for a lease has 0.0.0.0 as its source: no exception matches, and INPUT's policy drops it.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter IVPN-IN-STAT-EXP' }, { chain: 'filter IVPN-IN' }],
      status: ['dropped'],
    },
    mend: [
      [
        'laptop',
        'iptables -I IVPN-IN-STAT-EXP -s 0.0.0.0/32 -d 255.255.255.255/32 -i virbr0 -p udp -m udp --sport 68 --dport 67 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'packetfence-is-asked-by-a-relay-from-its-management-address',
    thread: {
      title: "DHCP doesn't always answer to routed networks",
      address: 'https://github.com/inverse-inc/packetfence/issues/3407',
    },
    backend: 'iptables-nft',
    hosts: {
      relay: {
        addresses: { eth0: ['10.2.0.9/24'], eth1: ['172.16.0.5/24'] },
        routes: ['10.2.0.1/32 dev eth0 src 172.16.0.5'],
        sysctls: {
          'net.ipv4.conf.all.rp_filter': '0',
          'net.ipv4.conf.default.rp_filter': '0',
          // else pf does not even answer its ARP requests
          'net.ipv4.conf.all.arp_announce': '2',
        },
      },
      pf: {
        addresses: { eth1: ['10.2.0.1/24'], eth0: ['172.16.0.1/24'] },
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1', 'net.ipv4.conf.default.rp_filter': '1' },
        listeners: [SSH, { protocol: 'udp', address: '10.2.0.1', port: 67 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:input-internal-vlan-if - [0:0]
:input-management-if - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -d 10.2.0.1/32 -i eth1 -j input-internal-vlan-if
-A INPUT -d 255.255.255.255/32 -i eth1 -j input-internal-vlan-if
-A INPUT -i eth0 -j input-management-if
-A input-internal-vlan-if -p tcp -m tcp --dport 53 -j ACCEPT
-A input-internal-vlan-if -p udp -m udp --dport 53 -j ACCEPT
-A input-internal-vlan-if -p udp -m udp --dport 67 -j ACCEPT
-A input-internal-vlan-if -p tcp -m tcp --dport 67 -j ACCEPT
-A input-internal-vlan-if -p tcp -m tcp --dport 80 -j ACCEPT
-A input-internal-vlan-if -p tcp -m tcp --dport 443 -j ACCEPT
-A input-management-if -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A input-management-if -p tcp -m tcp --dport 1443 -j ACCEPT
COMMIT
`,
        },
      },
      host: { addresses: { eth0: ['10.2.0.20/24'] } },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] }, addresses: {} },
    },
    links: [
      ['relay:eth0', 'switch:p1'],
      ['pf:eth1', 'switch:p2'],
      ['host:eth0', 'switch:p3'],
      ['relay:eth1', 'pf:eth0'],
    ],
    traced: 'pf',
    fails: { from: 'relay', what: 'udp', to: '10.2.0.1', port: 67 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'udp', to: '10.2.0.1', port: 67 }, seen: 'answered' },
      { sending: { from: 'relay', what: 'tcp', to: '172.16.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.2.0.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The relay asks from the address of its management network, by the registration network. The route back is by the management link, so strict rp_filter drops it on eth1.',
      causes: [{ code: 'vanished-rp-filter' }, { code: 'kernel-drop', words: ['rp_filter'] }],
      status: ['lost'],
    },
    mend: [['pf', 'sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.eth1.rp_filter=2']],
  },
  {
    name: 'docker-forwards-and-the-server-has-no-route-for-its-replies',
    thread: {
      title: 'Docker sets forward=1 but not accept_ra=2 when enabling IPv6',
      address: 'https://github.com/docker/for-linux/issues/1373',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['default via 2001:db8:f::1'] },
      isp: { addresses: { wan: ['2001:db8:f::1/64'], lan: ['2001:db8:1::ffff/64'] }, sysctls: FORWARDS },
      server: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['2001:db8:1::10/64'], docker0: ['fd00:d0c::1/64'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', address: '::', port: 22 },
          { protocol: 'tcp', address: '::', port: 443 },
        ],
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s fd00:d0c::/64 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -s 2001:db8:1::/64 -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -o docker0 -j DOCKER
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
`,
        },
      },
      c1: { addresses: { eth0: ['fd00:d0c::2/64'] }, routes: ['default via fd00:d0c::1'] },
    },
    links: [
      ['remote:eth0', 'isp:wan'],
      ['isp:lan', 'server:eth0'],
      ['server:veth1', 'c1:eth0'],
    ],
    traced: 'server',
    setup: [['isp', ADVERTISES]],
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'isp', what: 'tcp', to: '2001:db8:1::10', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'ping', to: 'fd00:d0c::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Forwarding made the server ignore router advertisements (accept_ra is 1), so it has no default route, and its reply to somebody on another network has no route.',
      causes: ['vanished-no-route', 'reply-lost', 'reply-dropped', 'kernel-drop'].map((code) => ({
        code,
        words: ['route'],
      })),
      status: ['reply-lost', 'unanswered', 'lost'],
    },
    mend: [['server', 'sysctl -qw net.ipv6.conf.eth0.accept_ra=2']],
    showsAfter: 2,
  },
  {
    name: 'sapcc-rewrites-tftp-by-the-port-that-only-the-request-has',
    thread: {
      title: 'fix(metal-dhcp): TFTP SNAT by loading conntrack helper and matching RELATED flows',
      address: 'https://github.com/sapcc/helm-charts/pull/11755',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['default via 192.0.2.1'] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'udp', port: 67 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-EXT-7FGZ4WT2JX2O5XQZ - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-3QZ2XNLU7DPTB2QC - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVL-7FGZ4WT2JX2O5XQZ - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -p udp -m conntrack --ctorigdstport 69 -j SNAT --to-source 198.51.100.69
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-EXT-7FGZ4WT2JX2O5XQZ -m comment --comment "route LOCAL traffic for metal/dhcp:tftp external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-EXT-7FGZ4WT2JX2O5XQZ -j KUBE-SVL-7FGZ4WT2JX2O5XQZ
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-3QZ2XNLU7DPTB2QC -s 192.0.2.1/32 -m comment --comment "metal/dhcp:tftp" -j KUBE-MARK-MASQ
-A KUBE-SEP-3QZ2XNLU7DPTB2QC -p udp -m comment --comment "metal/dhcp:tftp" -m udp -j DNAT --to-destination 192.0.2.1:69
-A KUBE-SERVICES -d 198.51.100.69/32 -p udp -m comment --comment "metal/dhcp:tftp loadbalancer IP" -m udp --dport 69 -j KUBE-EXT-7FGZ4WT2JX2O5XQZ
-A KUBE-SVL-7FGZ4WT2JX2O5XQZ -m comment --comment "metal/dhcp:tftp -> 192.0.2.1:69" -j KUBE-SEP-3QZ2XNLU7DPTB2QC
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'node:eth0']],
    traced: 'node',
    setup: [
      ['node', TFTPD],
      ['client', GETS_FILE],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '198.51.100.69', dport: 69 },
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 67 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The file comes from a port of its own, as a flow of its own: no helper expects it, its original destination port is not 69, so the SNAT rule does not match, and it leaves with the node's address, which the client did not ask.",
      causes: [
        { code: 'helper-missing', words: ['tftp'] },
        { code: 'reply-from-other-address' },
        { rule: '--ctorigdstport 69', chain: 'nat POSTROUTING' },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'node',
        'iptables -t raw -A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp; iptables -t nat -I POSTROUTING -p udp -m conntrack --ctstate RELATED -j SNAT --to-source 198.51.100.69; conntrack -F',
      ],
    ],
  },
]

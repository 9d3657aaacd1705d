/** By iptables-legacy, from threads: a protocol of the other family, a list that broadcasts fill, a group that nobody forwards; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED, serves } from './groups-asked.ts'
import { routesGroup } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const GROUP = '224.3.2.6'

export const THREADS_AR_LEGACY: Problem[] = [
  {
    name: 'ansible-role-accepts-icmp-of-ipv4-in-ip6tables',
    thread: { title: 'Fixed ipv6 icmp', address: 'https://github.com/geerlingguy/ansible-role-firewall/pull/44' },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24', '2001:db8:1::2/64'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        listeners: [SSH, { protocol: 'tcp', port: 22, address: '2001:db8:1::1' }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j DROP
COMMIT
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j DROP
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:1' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 23 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'ip6tables takes icmp for protocol 1, which IPv6 does not have. What was meant is ipv6-icmp: solicitations are dropped, and nobody finds the server.',
      causes: [{ rule: '-p icmp -j ACCEPT', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -R INPUT 3 -p ipv6-icmp -j ACCEPT']],
  },
  {
    name: 'debops-lists-who-broadcasts-among-the-bad-guys',
    thread: {
      title: 'recent-badguys also triggers for broadcast and multicast.',
      address: 'https://github.com/debops/ansible-ferm/issues/47',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:filter-icmp - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m recent --update --seconds 7200 --name badguys --mask 255.255.255.255 --rsource -j DROP
-A INPUT -p icmp -m icmp --icmp-type 8 -j filter-icmp
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -m recent --set --name badguys --mask 255.255.255.255 --rsource -j DROP
-A filter-icmp -m hashlimit --hashlimit-upto 10/sec --hashlimit-burst 100 --hashlimit-mode srcip --hashlimit-name icmp -j ACCEPT
-A filter-icmp -j DROP
COMMIT
`,
        },
      },
      admin: { addresses: { eth0: ['198.51.100.2/24'] } },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['admin:eth0', 'server:eth1'],
    ],
    traced: 'server',
    setup: [
      [
        'client',
        `python3 -c "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.setsockopt(1,6,1); s.sendto(b'announce',('192.0.2.255',17500))"; sleep .2`,
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'admin', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'ping', to: '198.51.100.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Whatever no rule accepts puts its sender on the list of bad guys, broadcasts, too. Who is on the list is dropped, and each try keeps it there.',
      causes: [{ rule: '--update --seconds 7200 --name badguys', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'echo -192.0.2.2 > /proc/net/xt_recent/badguys']],
  },
  {
    name: 'igmpproxy-has-no-rule-that-forwards-its-groups',
    thread: {
      title: 'igmpproxy: not setting firewall rules',
      address: 'https://github.com/openwrt/packages/issues/10579',
    },
    backend: 'iptables-legacy',
    hosts: {
      provider: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['192.168.1.0/24 via 203.0.113.1'] },
      router: {
        addresses: { iptv: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        bridges: { 'br-lan': ['lan1'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:reject - [0:0]
:zone_iptv_forward - [0:0]
:zone_iptv_dest_ACCEPT - [0:0]
:zone_iptv_dest_REJECT - [0:0]
:zone_lan_forward - [0:0]
:zone_lan_dest_ACCEPT - [0:0]
:zone_iptv_input - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A INPUT -i iptv -m comment --comment "!fw3" -j zone_iptv_input
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i br-lan -m comment --comment "!fw3" -j zone_lan_forward
-A FORWARD -i iptv -m comment --comment "!fw3" -j zone_iptv_forward
-A FORWARD -m comment --comment "!fw3" -j reject
-A reject -p tcp -m comment --comment "!fw3" -j REJECT --reject-with tcp-reset
-A reject -m comment --comment "!fw3" -j REJECT --reject-with icmp-port-unreachable
-A zone_iptv_dest_ACCEPT -o iptv -m comment --comment "!fw3" -j ACCEPT
-A zone_iptv_dest_REJECT -o iptv -m comment --comment "!fw3" -j reject
-A zone_iptv_forward -p icmp -m icmp --icmp-type 8 -m comment --comment "!fw3: Allow-Ping" -j zone_lan_dest_ACCEPT
-A zone_iptv_forward -m comment --comment "!fw3" -j zone_iptv_dest_REJECT
-A zone_iptv_input -p igmp -m comment --comment "!fw3: ubus:igmpproxy[instance1] rule 0" -j ACCEPT
-A zone_iptv_input -p icmp -m comment --comment "!fw3: Allow-Ping" -j ACCEPT
-A zone_iptv_input -m comment --comment "!fw3" -j reject
-A zone_lan_dest_ACCEPT -o br-lan -m comment --comment "!fw3" -j ACCEPT
-A zone_lan_forward -m comment --comment "!fw3: Zone lan to iptv forwarding policy" -j zone_iptv_dest_ACCEPT
-A zone_lan_forward -m comment --comment "!fw3" -j zone_lan_dest_ACCEPT
COMMIT
`,
        },
      },
      box: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['provider:eth0', 'router:iptv'],
      ['box:eth0', 'router:lan1'],
    ],
    traced: 'router',
    setup: [
      ['router', routesGroup('203.0.113.9', GROUP, 'iptv', 'br-lan')],
      ['box', serves(GROUP, 8208, '192.168.1.10', 'who')],
      [
        'provider',
        asks(
          'AF_INET',
          `o.setsockopt(0,33,8); o.setsockopt(0,32,socket.inet_aton('203.0.113.9')); o.sendto(b'frame',('${GROUP}',8208)); s.sendto(o.recv(2000),who)`,
        ),
      ],
    ],
    fails: { ...POKED, from: 'provider' },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: GROUP },
    others: [
      { sending: { from: 'box', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'box', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'provider', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'igmpproxy has asked for the group, and the router has an entry for it. No rule forwards what comes in for it, so the reject at the end of FORWARD takes it.',
      causes: [
        { rule: '-j reject', chain: 'filter FORWARD' },
        { rule: '--reject-with icmp-port-unreachable', chain: 'filter reject' },
      ],
      status: ['rejected', 'dropped'],
    },
    mend: [['router', 'iptables -I zone_iptv_forward 1 -d 224.0.0.0/4 -p udp -j zone_lan_dest_ACCEPT']],
  },
  {
    name: 'healthy-pve-host-has-chains-of-drops-and-marks',
    thread: { title: 'firewall not working', address: 'https://github.com/jiangcuo/Proxmox-Arm64/issues/11' },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      host: {
        addresses: { vmbr0: ['192.0.2.1/24'] },
        bridges: { vmbr0: ['eth0'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [HTTPS, { protocol: 'tcp', port: 8006 }, { protocol: 'udp', port: 137 }],
        rules: {
          ipset: `create PVEFW-0-management-v4 hash:net family inet
add PVEFW-0-management-v4 192.0.2.0/24
`,
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:PVEFW-INPUT - [0:0]
:PVEFW-HOST-IN - [0:0]
:PVEFW-Drop - [0:0]
:PVEFW-DropBroadcast - [0:0]
:PVEFW-smurfs - [0:0]
:PVEFW-smurflog - [0:0]
:PVEFW-tcpflags - [0:0]
:PVEFW-logflags - [0:0]
:PVEFW-SET-ACCEPT-MARK - [0:0]
:GROUP-web-IN - [0:0]
-A INPUT -j PVEFW-INPUT
-A PVEFW-INPUT -j PVEFW-HOST-IN
-A PVEFW-HOST-IN -i lo -j ACCEPT
-A PVEFW-HOST-IN -m conntrack --ctstate INVALID -j DROP
-A PVEFW-HOST-IN -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A PVEFW-HOST-IN -m conntrack --ctstate INVALID,NEW -j PVEFW-smurfs
-A PVEFW-HOST-IN -p igmp -j RETURN
-A PVEFW-HOST-IN -p tcp -j PVEFW-tcpflags
-A PVEFW-HOST-IN -i vmbr0 -j GROUP-web-IN
-A PVEFW-HOST-IN -m mark --mark 0x80000000/0x80000000 -j ACCEPT
-A PVEFW-HOST-IN -p tcp -m set --match-set PVEFW-0-management-v4 src -m tcp --dport 8006 -j RETURN
-A PVEFW-HOST-IN -j PVEFW-Drop
-A PVEFW-HOST-IN -j DROP
-A PVEFW-Drop -j PVEFW-DropBroadcast
-A PVEFW-Drop -p icmp -m icmp --icmp-type 3/4 -j ACCEPT
-A PVEFW-Drop -m conntrack --ctstate INVALID -j DROP
-A PVEFW-Drop -p udp -m udp --dport 137:139 -j DROP
-A PVEFW-Drop -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
-A PVEFW-DropBroadcast -m addrtype --dst-type BROADCAST -j DROP
-A PVEFW-DropBroadcast -d 224.0.0.0/4 -j DROP
-A PVEFW-smurfs -s 0.0.0.0/32 -j RETURN
-A PVEFW-smurfs -m addrtype --src-type BROADCAST -g PVEFW-smurflog
-A PVEFW-smurfs -s 224.0.0.0/4 -g PVEFW-smurflog
-A PVEFW-smurflog -j DROP
-A PVEFW-tcpflags -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,PSH,URG -g PVEFW-logflags
-A PVEFW-tcpflags -p tcp -m tcp --sport 0 --tcp-flags FIN,SYN,RST,ACK SYN -g PVEFW-logflags
-A PVEFW-logflags -j DROP
-A PVEFW-SET-ACCEPT-MARK -j MARK --set-xmark 0x80000000/0x80000000
-A GROUP-web-IN -j MARK --set-xmark 0x0/0x80000000
-A GROUP-web-IN -p tcp -m tcp --dport 443 -g PVEFW-SET-ACCEPT-MARK
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'host:eth0']],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8006 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 137 }, seen: 'nothing' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['host', 'true']],
  },
]

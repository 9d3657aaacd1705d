/** Egress and calls that come in: what entries, sockets, queues and checksums do to what the rules accept. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const CLOSED = ':INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n'

const isBound = (port: number) => `for i in $(seq 100); do ss -lnu | grep -q :${port} && break; sleep .1; done`

/** Registers at the provider from its own port 5060, answers whatever comes, and registers anew when its own host says so. */
const PHONE = `python3 -c "import socket
s=socket.socket(2,2); s.bind(('0.0.0.0',5060)); p=('203.0.113.9',5060); s.sendto(b'REGISTER',p)
while True:
  d,a=s.recvfrom(999); s.sendto(d,p if a[0]=='127.0.0.1' else a)" >/dev/null 2>&1 </dev/null &
${isBound(5060)}`

/** Has a small queue, and never reads it. */
const DEAF = `python3 -c "import socket,time
s=socket.socket(2,2); s.setsockopt(1,8,2304); s.bind(('0.0.0.0',3702)); time.sleep(600)" >/dev/null 2>&1 </dev/null &
${isBound(3702)}`

const ECHO = `python3 -c "import socket
s=socket.socket(2,2); s.bind(('0.0.0.0',3702))
while True:
  d,a=s.recvfrom(999); s.sendto(d,a)" >/dev/null 2>&1 </dev/null &
${isBound(3702)}`

const endsSocket = (port: number) =>
  `kill $(awk '/^NSpid/ {print $NF}' /proc/$(ss -lnupH 'sport = ${port}' | grep -o 'pid=[0-9]*' | cut -d= -f2)/status); sleep .2`

/** Checksums are made in software (ETHTOOL_STXCSUM, 0x17), so that what leaves is complete. */
const NO_OFFLOAD = `python3 -c "import socket,fcntl,struct,ctypes
b=ctypes.create_string_buffer(struct.pack('II',0x17,0))
fcntl.ioctl(socket.socket(),0x8946,struct.pack('16sP',b'eth0',ctypes.addressof(b))+bytes(16))"`

const VXLAN = (own: string, other: string, inner: string, outer: string) =>
  `ip link add vxlan.calico address 66:00:00:00:00:${own} type vxlan id 4096 dstport 4789 udpcsum ${outer}; ip link set vxlan.calico up; ip addr add 10.244.0.${own}/24 dev vxlan.calico; ip neigh add 10.244.0.${other} lladdr 66:00:00:00:00:${other} dev vxlan.calico; ip route add ${inner} dev vxlan.calico`

const FELIX = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-INPUT - [0:0]
-A INPUT -j cali-INPUT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i vxlan.calico -j ACCEPT
-A cali-INPUT -p udp -m comment --comment "Allow IPv4 VXLAN packets from allowed hosts" -m multiport --dports 4789 -m set --match-set cali40all-vxlan-net src -m addrtype --dst-type LOCAL -j ACCEPT
-A cali-INPUT -p udp -m comment --comment "Drop IPv4 VXLAN packets from non-allowed hosts" -m multiport --dports 4789 -m addrtype --dst-type LOCAL -j DROP
COMMIT
`

export const EGRESS_WAYS: Problem[] = [
  {
    name: 'nethvoice-entry-of-the-trunk-has-run-out',
    thread: {
      title: 'Nethvoice Proxy: SIP Options not relayed causes inbound call failures',
      address: 'https://github.com/NethServer/dev/issues/7624',
    },
    backend: 'iptables-legacy',
    ...homeRouter({
      sysctls: {
        'net.netfilter.nf_conntrack_udp_timeout': '1',
        'net.netfilter.nf_conntrack_udp_timeout_stream': '1',
      },
      rules: {
        v4: `*nat
${NAT}-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
${CLOSED}-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
      },
    }),
    setup: [
      ['pc', PHONE],
      ['pc', 'sleep 2.5'],
    ],
    fails: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 5060, sport: 5060 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 5061 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The provider calls the address and port that the registration came from. The router's entry of that registration has run out, so nothing leads the call to the phone system: it is for the router itself, and dropped.",
      causes: [
        { policy: 'filter INPUT' },
        { code: 'stale-conntrack', words: ['5060'] },
        { code: 'not-netfilter', words: ['nf_conntrack_udp_timeout'] },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        'sleep 1.5; sysctl -qw net.netfilter.nf_conntrack_udp_timeout=300 net.netfilter.nf_conntrack_udp_timeout_stream=300',
      ],
      ['pc', `python3 -c "import socket; socket.socket(2,2).sendto(b'OPTIONS',('127.0.0.1',5060))"; sleep .2`],
    ],
  },
  {
    name: 'wsdd-does-not-read-its-socket',
    thread: {
      title: 'Receive queue on one UDP socket grows unbounded',
      address: 'https://github.com/gershnik/wsdd-native/issues/30',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['192.168.42.9/24'] } },
      nas: {
        addresses: { eth0: ['192.168.42.63/24'] },
        listeners: [{ protocol: 'tcp', port: 5357 }],
        rules: {
          v4: `*filter
${CLOSED}-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -s 192.168.42.0/24 -p udp -m udp --dport 3702 -j ACCEPT
-A INPUT -s 192.168.42.0/24 -p tcp -m tcp --dport 5357 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['pc:eth0', 'nas:eth0']],
    traced: 'nas',
    setup: [
      ['nas', DEAF],
      [
        'pc',
        `python3 -c "import socket
s=socket.socket(2,2)
for i in range(60): s.sendto(b'x'*900,('192.168.42.63',3702))"`,
      ],
    ],
    fails: { from: 'pc', what: 'udp', to: '192.168.42.63', port: 3702 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.42.63', port: 5357 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '192.168.42.63' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules accept it. The program has stopped reading this socket: its receive queue is full, and the kernel drops further datagrams.',
      causes: [
        { code: 'not-netfilter', words: ['3702', 'queue'] },
        { code: 'kernel-drop', words: ['queue'] },
        { code: 'vanished-at-port', words: ['3702', 'queue'] },
      ],
      status: ['unanswered', 'lost', 'dropped'],
    },
    mend: [
      ['nas', endsSocket(3702)],
      ['nas', ECHO],
    ],
  },
  {
    name: 'calico-offload-leaves-a-bad-checksum',
    thread: { title: 'bad udp cksum when using vxlan', address: 'https://github.com/projectcalico/calico/issues/4865' },
    backend: 'iptables-nft',
    hosts: {
      node1: {
        addresses: { eth0: ['10.0.10.14/24'] },
        routes: ['default via 10.0.10.1'],
      },
      // stands for the virtual switch, which completes the checksum wrongly
      switch: {
        addresses: { p1: ['10.0.10.1/24'], p2: ['10.0.20.1/24'] },
        sysctls: FORWARDS,
      },
      node2: {
        addresses: { eth0: ['10.0.20.10/24'] },
        routes: ['default via 10.0.20.1'],
        listeners: WEB,
        rules: {
          ipset:
            'create cali40all-vxlan-net hash:net family inet hashsize 1024 maxelem 1048576\nadd cali40all-vxlan-net 10.0.10.14\nadd cali40all-vxlan-net 10.0.20.10\n',
          v4: FELIX,
        },
      },
    },
    links: [
      ['node1:eth0', 'switch:p1'],
      ['switch:p2', 'node2:eth0'],
    ],
    traced: 'node2',
    setup: [
      ['node1', NO_OFFLOAD],
      ['node1', VXLAN('14', '10', '10.244.20.0/24', 'local 10.0.10.14 remote 10.0.20.10')],
      ['node2', NO_OFFLOAD],
      ['node2', VXLAN('10', '14', '10.244.10.0/24', 'local 10.0.20.10 remote 10.0.10.14')],
      [
        'switch',
        'nft "add table ip nic; add chain ip nic forward { type filter hook forward priority 0; }; add rule ip nic forward iifname p1 udp dport 4789 @th,48,16 set 0xbd67"',
      ],
    ],
    fails: { from: 'node1', what: 'tcp', to: '10.244.0.10', port: 80 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '10.0.20.10' },
    others: [{ sending: { from: 'node1', what: 'ping', to: '10.0.20.10' }, seen: 'answered' }],
    truth: {
      words:
        "The rules accept the tunnel's datagrams. Their UDP checksum is wrong, for the sender's device was to complete it and did not: the kernel drops them before the tunnel.",
      causes: [
        { code: 'not-netfilter', words: ['checksum'] },
        { code: 'kernel-drop', words: ['checksum'] },
        { code: 'vanished-at-port', words: ['checksum'] },
        { code: 'invalid-state', words: ['checksum'] },
      ],
      status: ['unanswered', 'lost', 'dropped'],
    },
    mend: [['switch', 'nft delete table ip nic']],
  },
  {
    name: 'pihole-on-macvlan-is-not-for-its-host',
    thread: {
      title: 'Pihole/Unbound not discoverable to host machine',
      address: 'https://github.com/mpgirro/docker-pihole-unbound/issues/10',
    },
    backend: 'iptables-nft',
    hosts: {
      nas: {
        addresses: { eth0: ['192.168.1.5/24'] },
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      laptop: { addresses: { eth0: ['192.168.1.20/24'] } },
    },
    links: [['laptop:eth0', 'nas:eth0']],
    traced: 'nas',
    setup: [
      [
        'nas',
        `ip link add pihole0 link eth0 type macvlan mode bridge
unshare -n sh -c 'for i in $(seq 50); do ip link show pihole0 && break; sleep .1; done
ip link set lo up; ip addr add 192.168.1.192/24 dev pihole0; ip link set pihole0 up
exec python3 -c "import socket
s=socket.socket(); s.setsockopt(1,2,1); s.bind((str(),80)); s.listen(9)
while True: s.accept()[0].close()"' >/dev/null 2>&1 </dev/null &
P=$!; sleep .5; ip link set pihole0 netns $P
for i in $(seq 100); do nsenter -t $P -n ss -ltnH | grep -q :80 && break; sleep .1; done`,
      ],
    ],
    fails: { from: 'nas', what: 'tcp', to: '192.168.1.192', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.1.192', port: 80 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'ping', to: '192.168.1.5' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The container has a macvlan device on eth0. Such a device and its parent exchange no frames, so nobody answers the ARP request of the host.',
      causes: [{ code: 'neighbour-failed', words: ['192.168.1.192'] }],
      status: ['lost', 'unanswered'],
    },
    mend: [
      [
        'nas',
        'ip link add shim link eth0 type macvlan mode bridge; ip addr add 192.168.1.191/32 dev shim; ip link set shim up; ip route add 192.168.1.192/32 dev shim; sleep .3',
      ],
    ],
  },
  {
    name: 'sqm-burst-is-smaller-than-a-packet',
    thread: { title: 'Ensure BURST100 is >= MTU', address: 'https://github.com/qosmio/sqm-scripts-nss/pull/1' },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept }
    iifname "lan" accept
    icmp type echo-request accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept }
    iifname "lan" oifname "wan" counter accept
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade
  }
}
`,
        },
      },
      {
        remote: {
          listeners: [
            { protocol: 'tcp', port: 80 },
            { protocol: 'udp', port: 443 },
          ],
        },
      },
    ),
    setup: [['router', 'tc qdisc add dev wan root tbf rate 8mbit burst 1214 latency 300ms']],
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 443, bytes: 1400 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 443, bytes: 400 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rules forward it. The shaper of wan has a burst of 1214 bytes, smaller than the device's MTU: it drops each packet that is larger.",
      causes: [
        { code: 'not-netfilter', words: ['wan', 'tbf'] },
        { code: 'kernel-drop', words: ['qdisc'] },
        { code: 'queue-drops', words: ['wan'] },
      ],
      status: ['unanswered', 'lost', 'dropped'],
    },
    mend: [['router', 'tc qdisc replace dev wan root tbf rate 8mbit burst 3000 latency 300ms']],
  },
]

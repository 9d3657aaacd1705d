/** Hosts that carry guests: what bridges, tables of routes and sockets do to what rules let through. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const FILTER = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'

/** Takes connections in place of whoever was asked, until the lab ends. */
const transparentProxy = (port: number) => `python3 -c "import socket
s=socket.socket(); s.setsockopt(0,19,1); s.setsockopt(1,2,1); s.bind(('0.0.0.0',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

/** Echoes what is for Docker's first bridge and comes in on one interface, until the lab ends. */
const echoOf = (device: string, port: number) => `python3 -c "import socket
s=socket.socket(2,2); s.setsockopt(1,25,b'${device}'); s.bind(('172.17.0.1',${port}))
while True:
  d,a=s.recvfrom(999); s.sendto(d,a)" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q '%${device}:${port}' && break; sleep .1; done`

export const CARRIERS: Problem[] = [
  {
    name: 'proxmox-guests-own-bridge-tracks-first',
    thread: {
      title: 'Masquerading (NAT) with iptables: conntrack zones for fwbr+',
      address: 'https://fliphtml5.com/qmaki/puet/pve-admin-guide/49',
    },
    backend: 'iptables-legacy',
    hosts: {
      ct: { addresses: { eth0: ['10.10.10.2/24'] }, routes: ['default via 10.10.10.1'] },
      pve: {
        bridges: { fwbr100i0: ['veth100i0', 'fwln100i0'], vmbr0: ['fwpr100p0'] },
        addresses: { vmbr0: ['10.10.10.1/24'], eno1: ['203.0.113.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        rules: {
          v4: `*nat
${NAT}-A POSTROUTING -s 10.10.10.0/24 -o eno1 -j MASQUERADE
COMMIT
*filter
${FILTER}:PVEFW-FORWARD - [0:0]
:PVEFW-FWBR-OUT - [0:0]
:veth100i0-OUT - [0:0]
-A FORWARD -j PVEFW-FORWARD
-A PVEFW-FORWARD -m conntrack --ctstate INVALID -j DROP
-A PVEFW-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A PVEFW-FORWARD -m physdev --physdev-out fwln+ --physdev-is-bridged -j PVEFW-FWBR-OUT
-A PVEFW-FWBR-OUT -m physdev --physdev-in veth100i0 --physdev-is-bridged -j veth100i0-OUT
-A veth100i0-OUT -j ACCEPT
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['ct:eth0', 'pve:veth100i0'],
      ['pve:fwln100i0', 'pve:fwpr100p0'],
      ['pve:eno1', 'far:eth0'],
    ],
    traced: 'pve',
    // the guest's bridge has no address, and answers for none
    setup: [['pve', 'sysctl -qw net.ipv4.conf.fwbr100i0.arp_ignore=1']],
    fails: { from: 'ct', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pve', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'ct', what: 'ping', to: '10.10.10.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "Crossing the guest's own bridge it is tracked and gets its entry without NAT; when it is routed, nat is no longer asked, so it leaves with its private source.",
      causes: [
        { rule: 'MASQUERADE', chain: 'nat POSTROUTING' },
        { code: 'bridge-nf-call' },
        { code: 'not-masqueraded', words: ['fwbr100i0'] },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [['pve', 'iptables -t raw -I PREROUTING -i fwbr+ -j CT --zone 1']],
  },
  {
    name: 'lxd-routed-container-in-no-table-of-its-uplink',
    thread: {
      title: 'Nictype: routed broken on multiple VLANs setup',
      address: 'https://github.com/canonical/lxd/issues/7152',
    },
    backend: 'iptables-nft',
    hosts: {
      c1: {
        addresses: { eth0: ['10.0.0.3/32'] },
        routes: ['169.254.0.1 dev eth0', 'default via 169.254.0.1'],
        listeners: WEB,
      },
      host: {
        addresses: { veth1: ['169.254.0.1/32'], vlan100: ['10.0.0.2/24'], eth0: ['192.168.1.109/24'] },
        routes: ['10.0.0.3 dev veth1', '10.0.0.0/24 dev vlan100 scope link table 100'],
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
${FILTER.replace('FORWARD ACCEPT', 'FORWARD DROP')}-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i veth1 -j ACCEPT
-A FORWARD -o veth1 -j ACCEPT
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['10.0.0.1/24'] }, listeners: WEB },
      lan: { addresses: { eth0: ['192.168.1.2/24'] }, routes: ['10.0.0.0/24 via 192.168.1.109'] },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['host:vlan100', 'far:eth0'],
      ['host:eth0', 'lan:eth0'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'sysctl -qw net.ipv4.conf.vlan100.proxy_arp=1 net.ipv4.conf.veth1.proxy_arp=1; ip rule add iif vlan100 lookup 100 prio 32765',
      ],
    ],
    fails: { from: 'c1', what: 'tcp', to: '10.0.0.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.0.0.3', port: 80 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '10.0.0.3', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.0.0.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'What comes in on vlan100 is routed by table 100, and that has no route to the container: nobody answers ARP for it there, and the reply would go back out of vlan100.',
      causes: [
        { code: 'wrong-way-out', words: ['100', '10.0.0.3'] },
        { code: 'reply-dropped', words: ['100', '10.0.0.3'] },
        { code: 'vanished-no-route', words: ['100', '10.0.0.3'] },
        { code: 'neighbour-failed', words: ['table 100', '10.0.0.3'] },
        { code: 'not-netfilter', words: ['table 100', '10.0.0.3'] },
      ],
      status: ['reply-lost', 'unanswered', 'lost'],
    },
    mend: [['host', 'ip route add 10.0.0.3 dev veth1 table 100']],
  },
  {
    name: 'docker-dns-of-one-bridge-alone',
    thread: {
      title: 'Listen only on docker0 interface',
      address: 'https://github.com/jderusse/docker-dns-gen/pull/24',
    },
    backend: 'iptables-legacy',
    hosts: {
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
      c2: { addresses: { eth0: ['172.18.0.2/16'] }, routes: ['default via 172.18.0.1'] },
      host: {
        bridges: { docker0: ['veth1'], 'br-5c1f': ['veth2'] },
        addresses: { docker0: ['172.17.0.1/16'], 'br-5c1f': ['172.18.0.1/16'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i docker0 -j ACCEPT
-A INPUT -i br-+ -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -i br-+ -p icmp -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['c2:eth0', 'host:veth2'],
    ],
    traced: 'host',
    setup: [['host', echoOf('docker0', 53)]],
    fails: { from: 'c2', what: 'udp', to: '172.17.0.1', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'c1', what: 'udp', to: '172.17.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'ping', to: '172.17.0.1' }, seen: 'answered' },
    ],
    truth: {
      words: 'The server listens, but its socket is bound to docker0, and the question came in on another bridge.',
      causes: [{ code: 'closed-port', words: ['docker0'] }],
      status: ['refused'],
      alsoTrue: ['refused-here'],
    },
    mend: [['host', echoOf('br-5c1f', 53)]],
  },
  {
    name: 'mihomo-tproxy-behind-calling-bridge',
    thread: {
      title: '[Bug] tproxy模式不支持网桥流量入站',
      address: 'https://github.com/MetaCubeX/mihomo/issues/1587',
    },
    backend: 'nft',
    ...bridged('br-lan', '192.168.1.1/24', {
      sysctls: { 'net.bridge.bridge-nf-call-iptables': '1' },
      rules: {
        nft: `table inet mihomo {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr { 10.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3 } return
    iifname "br-lan" meta l4proto tcp meta mark set 0x00000001 tproxy ip to :7894 accept
  }
}
`,
      },
    }),
    setup: [
      ['host', 'ip rule add fwmark 1 lookup 100; ip route add local default dev lo table 100'],
      ['host', transparentProxy(7894)],
    ],
    fails: { from: 'c1', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The bridge calls PREROUTING first, where TPROXY gives the packet a socket; on its way up to IP the bridge lets go of that, and the chain is not traversed again.',
      causes: [{ code: 'bridge-nf-call' }],
      status: ['refused', 'lost', 'dropped'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['host', 'sysctl -w net.bridge.bridge-nf-call-iptables=0']],
  },
  {
    name: 'stateless-forward-drops-later-fragments',
    thread: {
      title: '[VPP-682] acl-plugin: fix the non-initial fragmented packets handling to not drop',
      address: 'https://github.com/FDio/vpp/issues/2024',
    },
    backend: 'nft',
    hosts: {
      vm: { addresses: { eth0: ['10.20.0.2/24'] }, routes: ['default via 10.20.0.1'] },
      host: {
        addresses: { tap0: ['10.20.0.1/24'], eth0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip guard {
  chain forward {
    type filter hook forward priority filter; policy drop;
    icmp type { echo-request, echo-reply, destination-unreachable } accept
    udp dport 5060 accept
    udp sport 5060 accept
  }
}
`,
        },
      },
      far: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['10.20.0.0/24 via 192.0.2.1'],
        listeners: [{ protocol: 'udp', port: 5060 }],
      },
    },
    links: [
      ['vm:eth0', 'host:tap0'],
      ['host:eth0', 'far:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm', what: 'udp', to: '192.0.2.9', port: 5060, bytes: 2600 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'udp', to: '192.0.2.9', port: 5060 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    ],
    truth: {
      words: 'Only the first fragment has ports, and without connection tracking nobody puts them together.',
      causes: [{ policy: 'ip guard forward' }, { chain: 'ip guard forward' }],
      status: ['dropped', 'lost'],
    },
    mend: [['host', 'nft insert rule ip guard forward ip frag-off and 0x1fff != 0 accept']],
  },
  {
    name: 'vyos-virtual-router-has-its-own-interface',
    thread: {
      title: '[VRRP, firewall] T1185: Added hook for syncing firewall rules to VMAC…',
      address: 'https://github.com/vyos/vyos-1x/pull/87',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      router: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [{ protocol: 'tcp', port: 443 }],
        rules: {
          nft: `table ip vyos_filter {
  chain VYOS_INPUT_filter {
    type filter hook input priority filter; policy accept;
    ct state established,related counter accept
    iifname "lo" counter accept
    iifname "eth0" counter jump NAME_LAN-LOCAL
    counter drop comment "INP-filter default-action drop"
  }
  chain NAME_LAN-LOCAL {
    icmp type echo-request counter accept
    tcp dport { 22, 443 } counter accept comment "ipv4-NAM-LAN-LOCAL-10"
    counter drop comment "NAM-LAN-LOCAL default-action drop"
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'router:eth0']],
    traced: 'router',
    setup: [
      [
        'router',
        'ip link add eth0v10 link eth0 address 00:00:5e:00:01:0a type macvlan mode private; ip link set eth0v10 up; ip addr add 192.0.2.100/32 dev eth0v10; sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth0.arp_filter=1 net.ipv4.conf.eth0v10.accept_local=1 net.ipv4.conf.eth0v10.rp_filter=0',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.100', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.100' }, seen: 'nothing', either: true },
    ],
    truth: {
      words: 'What is for the virtual address comes in on eth0v10, and only eth0 leads to the chain that accepts it.',
      causes: [{ rule: 'iifname "eth0" counter jump NAME_LAN-LOCAL', chain: 'ip vyos_filter VYOS_INPUT_filter' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft insert rule ip vyos_filter VYOS_INPUT_filter iifname eth0v10 jump NAME_LAN-LOCAL']],
  },
]

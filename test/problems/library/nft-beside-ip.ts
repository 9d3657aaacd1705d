/** nft beside IP's own chains: ARP and neighbour discovery that are filtered, the loopback interface, a program's queue that is full. */
import { clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** A program that listens on 2542 with a short queue, and takes no connection from it before somebody calls its port 2543. */
const BUSY = `python3 -c "import socket
s=socket.socket(); s.bind(('',2542)); s.listen(1)
socket.create_server(('127.0.0.1',2543)).accept()
while True: c=s.accept()[0]; c.send(b'ready')" >/dev/null 2>&1 &
for i in $(seq 60); do ss -lnt | grep -q :2543 && break; sleep .1; done`

export const NFT_BESIDE_IP: Problem[] = [
  {
    name: 'ovn-egress-address-without-neighbour-discovery',
    thread: {
      title: 'Prevent duplicate MAC responses during egress IP failover with nftables',
      address: 'https://github.com/openshift/ovn-kubernetes/pull/3356',
    },
    backend: 'nft',
    hosts: {
      pod: { addresses: { eth0: ['fd00:10:244::2/64'] }, routes: ['default via fd00:10:244::1'] },
      node: {
        addresses: {
          'ovn-k8s-mp0': ['fd00:10:244::1/64'],
          'br-ex': ['2001:db8:1::1/64'],
        },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          nft: `table ip6 ovn-kubernetes {
  chain ovn-kube-egress-ip {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "br-ex" ip6 saddr fd00:10:244::2 tcp dport 80 counter snat to 2001:db8:1::100
    oifname "br-ex" ip6 saddr fd00:10:244::/64 counter masquerade
  }
}
table netdev ovn-kubernetes {
  set egressip-ndp-block-v6 {
    type ipv6_addr
    elements = { ff02::1:ff00:100 }
  }
  chain egressip-drop {
    type filter hook ingress device "br-ex" priority filter; policy accept;
    icmpv6 type nd-neighbor-solicit ip6 daddr @egressip-ndp-block-v6 drop
  }
}
table inet host-firewall {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "ovn-k8s-mp0" accept
  }
}
`,
        },
      },
      api: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        listeners: [
          { protocol: 'tcp', address: '::', port: 80 },
          { protocol: 'tcp', address: '::', port: 443 },
        ],
      },
    },
    links: [
      ['pod:eth0', 'node:ovn-k8s-mp0'],
      ['node:br-ex', 'api:eth0'],
    ],
    traced: 'node',
    setup: [['node', 'ip -6 address add 2001:db8:1::100/128 dev br-ex nodad preferred_lft 0']],
    fails: { from: 'pod', what: 'tcp', to: '2001:db8:1::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:1::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'api', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The node has the egress address now, and still drops neighbour solicitations for it at the device: the peer cannot send its replies.',
      causes: [
        { rule: 'drop', chain: 'netdev ovn-kubernetes egressip-drop' },
        { chain: 'netdev ovn-kubernetes egressip-drop' },
      ],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['snat-changed-source'],
    },
    mend: [['node', 'nft delete element netdev ovn-kubernetes egressip-ndp-block-v6 { ff02::1:ff00:100 }']],
  },
  {
    name: 'zos-arp-filter-has-the-older-link-address',
    thread: {
      title: "Proper host filtering and firewalling for vms with public IP's",
      address: 'https://github.com/threefoldtech/zos/issues/1102',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], 'pub-vm1': ['198.51.100.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    oifname "pub-vm1" ip daddr 198.51.100.2 tcp dport { 80, 443 } accept
    iifname "pub-vm1" ip saddr 198.51.100.2 accept
  }
}
table arp filter {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "pub-vm1" jump vm1
  }
  chain vm1 {
    arp operation reply arp saddr ip . arp saddr ether != { 198.51.100.2 . 54:43:83:1f:aa:01 } drop
  }
}
`,
        },
      },
      vm: { addresses: { eth0: ['198.51.100.2/24'] }, routes: ['default via 198.51.100.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:pub-vm1', 'vm:eth0'],
    ],
    traced: 'host',
    setup: [['vm', 'ip link set eth0 address 54:43:83:1f:aa:02']],
    fails: { from: 'client', what: 'tcp', to: '198.51.100.2', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '198.51.100.2', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words: "The VM has another link address than its ARP filter knows, so its ARP replies don't get in.",
      causes: [{ rule: 'arp saddr ip . arp saddr ether', chain: 'arp filter vm1' }],
      status: ['lost', 'unanswered'],
    },
    mend: [
      [
        'host',
        'nft flush chain arp filter vm1; nft add rule arp filter vm1 arp operation reply arp saddr ip . arp saddr ether != { 198.51.100.2 . 54:43:83:1f:aa:02 } drop; ip neigh flush dev pub-vm1',
      ],
    ],
  },
  {
    name: 'singbox-rejects-loopback-of-ipv6',
    thread: {
      title: 'fix(nftables): skip loopback interface in nftablesCreateUnreachable',
      address: 'https://github.com/SagerNet/sing-tun/pull/76',
    },
    backend: 'nft',
    hosts: {
      host: {
        addresses: { eth0: ['192.0.2.1/24'], tun0: ['172.19.0.1/30'] },
        routes: ['default via 192.0.2.2'],
        listeners: [
          { protocol: 'tcp', address: '::1', port: 8000 },
          { protocol: 'tcp', address: '127.0.0.1', port: 8000 },
        ],
        rules: {
          nft: `table inet sing-box {
  chain output {
    type filter hook output priority mangle; policy accept;
    oifname "tun0" counter accept
    meta mark 0x00002024 counter accept
    meta nfproto ipv6 counter reject with icmpv6 no-route
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    tcp dport 22 accept
  }
}
`,
        },
      },
      gateway: { addresses: { eth0: ['192.0.2.2/24'] }, listeners: WEB },
      tunnel: { addresses: { eth0: ['172.19.0.2/30'] } },
    },
    links: [
      ['host:eth0', 'gateway:eth0'],
      ['host:tun0', 'tunnel:eth0'],
    ],
    traced: 'host',
    fails: { from: 'host', what: 'tcp', to: '::1', port: 8000 },
    // the answer of the rejection is IPv6, too, and rejected
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '127.0.0.1', port: 8000 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'The rule that makes IPv6 unreachable takes what the host sends to itself as well.',
      causes: [{ rule: 'reject with icmpv6', chain: 'inet sing-box output' }],
      status: ['rejected'],
    },
    mend: [['host', 'nft insert rule inet sing-box output oifname lo accept']],
  },
  {
    name: 'listen-queue-full-behind-a-rate-limit',
    thread: { title: 'detect overflow of TCP LISTEN queue', address: 'https://github.com/netdata/netdata/issues/2855' },
    backend: 'nft',
    ...clientAndServer({
      listeners: [SSH],
      rules: {
        nft: `table inet filter {
  set flooders {
    type ipv4_addr
    size 1024
    flags dynamic,timeout
    timeout 1m
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { invalid : drop, established : accept, related : accept }
    iif "lo" accept
    meta l4proto ipv6-icmp accept
    ip saddr @flooders counter drop
    tcp dport 2542 ct state new add @flooders { ip saddr limit rate over 600/minute burst 100 packets } counter drop
    tcp dport { 22, 2542 } limit rate 200/second accept
  }
}
`,
      },
    }),
    setup: [
      ['server', BUSY],
      [
        'server',
        `python3 -c "import socket,time
cs=[socket.socket() for _ in range(4)]
for c in cs: c.setblocking(False); c.connect_ex(('127.0.0.1',2542))
time.sleep(300)" >/dev/null 2>&1 & for i in $(seq 100); do ss -ant | grep -q :2542 && break; sleep .1; done; sleep 1`,
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 2542 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Every rule accepts it. The program does not take connections from its queue, which is full, and the kernel drops new ones; the limits have nothing to do with it.',
      causes: [
        { code: 'accept-queue-full', words: ['queue'] },
        { code: 'kernel-drop', words: ['queue'] },
        { code: 'not-netfilter', words: ['queue'] },
        { code: 'kernel-drop', words: ['backlog'] },
        { code: 'not-netfilter', words: ['backlog'] },
        { code: 'accept-queue-full', words: ['2542'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['server', `python3 -c "import socket; socket.create_connection(('127.0.0.1',2543))"; sleep .5`]],
  },
]

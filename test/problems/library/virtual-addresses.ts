/** Addresses that move or are shared: virtual ones, a guest's second one, and what filters, neighbours and routes make of them. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const VIRTUAL_ADDRESSES: Problem[] = [
  {
    name: 'kube-vip-drops-replies-to-its-address',
    thread: {
      title: 'service VIP is not accessible from pods hosted on same node',
      address: 'https://github.com/kube-vip/kube-vip/issues/1086',
    },
    backend: 'iptables-legacy',
    hosts: {
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['192.168.114.7/24', '192.168.114.50/32'] },
        routes: [],
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 192.168.114.50/32 -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -d 192.168.114.50/32 -p udp -m udp --sport 68 --dport 67 -j ACCEPT
-A INPUT -d 192.168.114.50/32 -j DROP
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.42.5.169/24'] },
        routes: ['default via 10.42.5.1'],
        listeners: [{ protocol: 'tcp', port: 443 }],
      },
      lan: { addresses: { eth0: ['192.168.114.9/24'] } },
    },
    links: [
      ['node:veth1', 'pod:eth0'],
      ['node:eth0', 'lan:eth0'],
    ],
    traced: 'node',
    setup: [
      [
        'node',
        'ip addr add 10.42.5.1/24 dev cni0 noprefixroute; ip route add 10.42.5.0/24 dev cni0 src 192.168.114.50',
      ],
    ],
    fails: { from: 'node', what: 'tcp', to: '10.42.5.169', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'lan', what: 'ping', to: '192.168.114.7' }, seen: 'answered' }],
    truth: {
      words: 'What the node asks from the virtual address is answered to a port that only the last rule takes.',
      causes: [{ rule: '-d 192.168.114.50/32 -j DROP', chain: 'filter INPUT' }],
      status: ['reply-lost'],
    },
    mend: [['node', 'iptables -I INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'repmgr-asks-from-the-virtual-address',
    thread: {
      title: 'repmgr cluster show use virtual ipaddress from keepalived',
      address: 'https://github.com/EnterpriseDB/repmgr/issues/357',
    },
    backend: 'nft',
    hosts: {
      // the virtual address has the wider network, so it is taken for the source
      primary: {
        addresses: { eth0: ['10.233.60.170/32', '10.233.60.174/24'] },
      },
      standby: {
        addresses: { eth0: ['10.233.60.253/24'] },
        listeners: [{ protocol: 'tcp', port: 5432 }],
        rules: {
          nft: `table inet filter {
  set cluster {
    type ipv4_addr
    elements = { 10.233.60.170, 10.233.60.171 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol icmp accept
    tcp dport 22 accept
    ip saddr @cluster tcp dport 5432 accept
  }
}
`,
        },
      },
    },
    links: [['primary:eth0', 'standby:eth0']],
    traced: 'standby',
    fails: { from: 'primary', what: 'tcp', to: '10.233.60.253', port: 5432 },
    seen: 'nothing',
    others: [{ sending: { from: 'primary', what: 'ping', to: '10.233.60.253' }, seen: 'answered' }],
    truth: {
      words: 'It asks from the virtual address, and the set has those of the machines.',
      causes: [{ rule: '@cluster', chain: 'inet filter input' }, { code: 'not-in-set' }],
      status: ['dropped'],
    },
    mend: [['primary', 'ip route add 10.233.60.253 dev eth0 src 10.233.60.170']],
  },
  {
    name: 'incus-filters-the-address-of-the-lease',
    thread: {
      title: 'security.ipv4_filtering flag does not use the IP address provided via cloud-init',
      address: 'https://github.com/lxc/incus/issues/746',
    },
    backend: 'nft',
    hosts: {
      host: {
        bridges: { net1: ['vm5.vif0', 'vm6.vif0'] },
        addresses: { net1: ['10.18.218.1/24'] },
        rules: {
          nft: `table bridge incus {
  chain in.vm5.eth0 {
    type filter hook input priority filter; policy accept;
    iifname "vm5.vif0" arp saddr ip 10.18.218.2 accept
    iifname "vm5.vif0" ip saddr 10.18.218.2 accept
    iifname "vm5.vif0" ether type arp drop
    iifname "vm5.vif0" ether type ip drop
  }
  chain fwd.vm5.eth0 {
    type filter hook forward priority filter; policy accept;
    iifname "vm5.vif0" arp saddr ip 10.18.218.2 accept
    iifname "vm5.vif0" ip saddr 10.18.218.2 accept
    iifname "vm5.vif0" ether type arp drop
    iifname "vm5.vif0" ether type ip drop
  }
}
`,
        },
      },
      vm5: { addresses: { eth0: ['10.18.218.100/24'] }, listeners: WEB },
      vm6: { addresses: { eth0: ['10.18.218.6/24'] }, listeners: WEB },
    },
    links: [
      ['host:vm5.vif0', 'vm5:eth0'],
      ['host:vm6.vif0', 'vm6:eth0'],
    ],
    traced: 'host',
    fails: { from: 'host', what: 'tcp', to: '10.18.218.100', port: 80 },
    seen: 'unreachable',
    others: [{ sending: { from: 'host', what: 'tcp', to: '10.18.218.6', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'The filter of the bridge knows the address of the lease, and drops ARP from the one that the guest has.',
      causes: [
        { rule: 'ether type arp drop', chain: 'bridge incus in.vm5.eth0' },
        { code: 'neighbour-failed', words: ['in.vm5.eth0'] },
      ],
      status: ['lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      [
        'host',
        'nft insert rule bridge incus in.vm5.eth0 iifname vm5.vif0 arp saddr ip 10.18.218.100 accept; nft insert rule bridge incus in.vm5.eth0 iifname vm5.vif0 ip saddr 10.18.218.100 accept; ip neigh flush dev net1',
      ],
    ],
  },
  {
    name: 'guest-bridge-has-ipv6-switched-off',
    thread: {
      title: 'podman: IPv6 support',
      address: 'https://github.com/podman-container-tools/podman/issues/11999',
    },
    backend: 'nft',
    hosts: {
      far: {
        addresses: { eth0: ['2001:db8:f::9/64', '203.0.113.9/24'] },
        routes: ['2001:db8:c::/64 via 2001:db8:f::1'],
      },
      host: {
        bridges: { podman1: ['veth1'] },
        addresses: { podman1: ['10.89.0.1/24', '2001:db8:c::1/64'], eth0: ['2001:db8:f::1/64', '203.0.113.1/24'] },
        routes: ['default via 2001:db8:f::9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
  }
}
`,
        },
      },
      c1: {
        addresses: { eth0: ['2001:db8:c::2/64', '10.89.0.2/24'] },
        routes: ['default via 2001:db8:c::1', 'default via 10.89.0.1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:c::2', port: 80 }],
      },
    },
    links: [
      ['far:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'sysctl -qw net.ipv6.conf.podman1.disable_ipv6=1']],
    fails: { from: 'far', what: 'tcp', to: '2001:db8:c::2', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'ping', to: '10.89.0.2' }, seen: 'answered' }],
    truth: {
      words:
        'IPv6 is off on the bridge, which has lost its address and its route with that: the default route leads back.',
      causes: [
        { code: 'wrong-way-out', words: ['disable_ipv6'] },
        { code: 'vanished-no-route', words: ['disable_ipv6'] },
        { code: 'not-netfilter', words: ['disable_ipv6'] },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
      alsoTrue: ['wrong-way-out', 'vanished-ttl'],
    },
    mend: [
      [
        'host',
        'sysctl -qw net.ipv6.conf.podman1.disable_ipv6=0; ip -6 addr replace 2001:db8:c::1/64 dev podman1 nodad; sleep 1',
      ],
    ],
  },
  {
    name: 'metallb-address-on-the-other-network',
    thread: {
      title: 'Docs: design for announcing IP from specified interfaces for layer2',
      address: 'https://github.com/metallb/metallb/pull/1359',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['192.172.1.2/24'], eth1: ['192.168.1.2/24'] },
        routes: ['192.172.1.10 dev eth1 src 192.172.1.2'],
      },
      node: {
        addresses: { veth0: ['192.168.1.1/24'], veth1: ['192.172.1.1/24'], lo: ['192.172.1.10/32'] },
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1', 'net.ipv4.conf.default.rp_filter': '1' },
        listeners: WEB,
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i veth1 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'node:veth1'],
      ['client:eth1', 'node:veth0'],
    ],
    traced: 'node',
    setup: [
      [
        'node',
        'sysctl -qw net.ipv4.conf.veth0.rp_filter=1 net.ipv4.conf.veth1.rp_filter=1; ip link set veth0 address 02:00:00:00:00:01',
      ],
      // as the speaker announces it, whatever rp_filter makes of who asks
      ['client', 'ip neigh replace 192.172.1.10 lladdr 02:00:00:00:00:01 dev eth1 nud permanent'],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.172.1.10', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.172.1.1', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'It comes in on veth0 with a source that veth1 leads back to, so the strict rp_filter drops it; and INPUT accepts the port on veth1 alone.',
      causes: [{ code: 'vanished-rp-filter' }, { code: 'several-causes' }],
      status: ['lost', 'dropped'],
      alsoTrue: ['dropped-by-policy', 'near-miss'],
    },
    mend: [
      [
        'node',
        'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.veth0.rp_filter=0; iptables -A INPUT -i veth0 -d 192.172.1.10 -p tcp --dport 80 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'keepalived-client-knows-the-backups-link',
    thread: {
      title: 'Cannot reconnect immediately after server is re-elected',
      address: 'https://github.com/acassen/keepalived/issues/893',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      net: { bridges: { br0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      master: { addresses: { eth0: ['192.0.2.1/24', '192.0.2.100/32'] }, listeners: WEB },
      backup: {
        addresses: { eth0: ['192.0.2.2/24'] },
        listeners: WEB,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ip protocol icmp accept
    tcp dport { 22, 80 } accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'net:p1'],
      ['master:eth0', 'net:p2'],
      ['backup:eth0', 'net:p3'],
    ],
    traced: 'backup',
    setup: [
      ['backup', 'ip link set eth0 address 02:00:00:00:00:02'],
      ['client', 'ip neigh replace 192.0.2.100 lladdr 02:00:00:00:00:02 dev eth0 nud permanent'],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.100', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'The client still has the link address of the machine that had the virtual address before: it sends there what is for the other.',
      causes: [
        { code: 'vanished-forwarding-off', words: ['192.0.2.100', 'neighbour'] },
        { code: 'vanished-forwarding-off', words: ['192.0.2.100', 'ARP'] },
      ],
      status: ['lost'],
      alsoTrue: ['vanished-forwarding-off'],
    },
    mend: [['client', 'ip neigh del 192.0.2.100 dev eth0']],
  },
]

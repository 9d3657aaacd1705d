/** From threads, by nft: prefixes, gateways and addresses beside rules that accept. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const

/** What Docker writes for its default bridge, by nft. */
const dockerBridges = (family: 'ip' | 'ip6', network: string) => `table ${family} docker-bridges {
  map filter-forward-in-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-in__docker0 }
  }
  map filter-forward-out-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-out__docker0 }
  }
  map nat-postrouting-out-jumps {
    type ifname : verdict
    elements = { "docker0" : jump nat-postrouting-out__docker0 }
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    oifname vmap @filter-forward-in-jumps
    iifname vmap @filter-forward-out-jumps
  }
  chain nat-OUTPUT {
    type nat hook output priority -100; policy accept;
    ${family === 'ip' ? 'ip daddr != 127.0.0.0/8' : 'ip6 daddr != ::1'} fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    iifname vmap @nat-postrouting-out-jumps
  }
  chain nat-PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-prerouting-and-output {
  }
  chain filter-forward-in__docker0 {
    ct state established,related counter accept
    iifname "docker0" counter accept comment "ICC"
    counter drop comment "UNPUBLISHED PORT DROP"
  }
  chain filter-forward-out__docker0 {
    ct state established,related counter accept
    counter accept comment "OUTGOING"
  }
  chain nat-postrouting-out__docker0 {
    ${family === 'ip' ? `oifname != "docker0" ip saddr ${network} counter masquerade comment "MASQUERADE"` : ''}
  }
}
`

const FIREWALLD = `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_public
    goto filter_IN_public
  }
  chain filter_IN_public {
    jump filter_IN_public_deny
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain filter_IN_public_deny {
  }
  chain filter_IN_public_allow {
    tcp dport 22 ct state { new, untracked } accept
    ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
    tcp dport 9090 ct state { new, untracked } accept
  }
}
`

const GALERA = `table inet filter {
  set cluster_nodes {
    type ipv4_addr
    elements = { 10.0.0.1, 10.0.0.2, 10.0.0.3 }
  }
  set cluster_ports {
    type inet_service
    elements = { 3306, 4444, 4567, 4568 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
    ip saddr @cluster_nodes tcp dport @cluster_ports accept
  }
}
`

/** flanneld without --ip-masq, and the host's own filter. */
const FLANNEL = `table ip flannel-ipv4 {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ip saddr 10.244.0.0/16 accept
    ip daddr 10.244.0.0/16 accept
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    iifname { "cni0", "flannel.1" } accept
    tcp dport { 22, 6443 } accept
  }
}
`

export const DOCKER_HOSTS: Problem[] = [
  {
    name: 'docker-has-the-prefix-of-the-uplink-for-its-bridge',
    thread: { title: 'IPV6 not forwarded by default', address: 'https://github.com/docker/for-linux/issues/359' },
    backend: 'nft',
    hosts: {
      router: {
        addresses: { eth0: ['2001:db8:5000:20::1/64', '192.0.2.1/24'] },
        listeners: [{ protocol: 'tcp', address: '2001:db8:5000:20::1', port: 443 }],
      },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['2001:db8:5000:20::10/64', '192.0.2.10/24'] },
        routes: ['default via 2001:db8:5000:20::1', 'default via 192.0.2.1'],
        sysctls: FORWARDS,
        rules: { nft: `${dockerBridges('ip', '172.17.0.0/16')}${dockerBridges('ip6', '2001:db8:5000:20::/64')}` },
      },
      web: {
        addresses: { eth0: ['2001:db8:5000:20:0:242:ac11:2/64', '172.17.0.2/16'] },
        listeners: [...WEB, { protocol: 'tcp', address: '2001:db8:5000:20:0:242:ac11:2', port: 80 }],
      },
    },
    links: [
      ['router:eth0', 'host:eth0'],
      ['host:veth1', 'web:eth0'],
    ],
    traced: 'host',
    setup: [
      ['host', 'ip addr add 172.17.0.1/16 dev docker0; ip -6 addr add 2001:db8:5000:20::d0c:1/64 dev docker0 nodad'],
    ],
    fails: { from: 'host', what: 'tcp', to: '2001:db8:5000:20:0:242:ac11:2', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:5000:20::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:5000:20:0:242:ac11:2', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The bridge was given the uplink's own /64, so the host has two routes for it. The one by the uplink comes first, and there no neighbour has the container's address.",
      causes: [
        { code: 'neighbour-failed', words: ['2001:db8:5000:20:0:242:ac11:2'] },
        { code: 'wrong-way-out', words: ['docker0'] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [['host', 'ip -6 route add 2001:db8:5000:20:0:242:ac11:2/128 dev docker0']],
  },
  {
    name: 'guest-has-a-gateway-that-nobody-is',
    thread: {
      title: 'Advise - VM is created and can be access by network, but only from its local subnet',
      address: 'https://github.com/MonolithProjects/terraform-libvirt-vm/issues/24',
    },
    backend: 'nft',
    hosts: {
      admin: { addresses: { eth0: ['10.20.0.9/24'] }, routes: ['default via 10.20.0.1'] },
      router: {
        bridges: { br0: ['vnet0', 'vnet1'] },
        addresses: { eth0: ['10.20.0.1/24'], br0: ['10.94.13.254/24'] },
        sysctls: FORWARDS,
      },
      vm: {
        addresses: { eth0: ['10.94.13.180/24'] },
        routes: ['default via 10.94.13.1'],
        listeners: [tcp(22), tcp(8080)],
        rules: { nft: FIREWALLD },
      },
      older: {
        addresses: { eth0: ['10.94.13.20/24'] },
        routes: ['default via 10.94.13.254'],
        listeners: [tcp(22)],
      },
    },
    links: [
      ['admin:eth0', 'router:eth0'],
      ['router:vnet0', 'vm:eth0'],
      ['router:vnet1', 'older:eth0'],
    ],
    traced: 'vm',
    fails: { from: 'admin', what: 'tcp', to: '10.94.13.180', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'older', what: 'tcp', to: '10.94.13.180', port: 22 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '10.94.13.20', port: 22 }, seen: 'answered' },
      { sending: { from: 'older', what: 'tcp', to: '10.94.13.180', port: 8080 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The guest takes the request. Its reply needs the default gateway, and no machine has the address that the guest was given for it.',
      causes: [
        { code: 'neighbour-failed', words: ['10.94.13.1'] },
        { code: 'not-netfilter', words: ['10.94.13.1'] },
        { code: 'wrong-way-out', words: ['10.94.13.1'] },
      ],
      status: ['reply-lost', 'unanswered', 'lost'],
    },
    mend: [['vm', 'ip route replace default via 10.94.13.254']],
  },
  {
    name: 'healthy-galera-joiner-listens-at-the-address-of-its-name',
    thread: {
      title: 'New node cannot connect to existing cluster: State transfer failed: -111 (Connection refused)',
      address: 'https://github.com/bitnami/bitnami-docker-mariadb-galera/issues/84',
    },
    backend: 'nft',
    hosts: {
      donor: { addresses: { eth0: ['10.0.0.1/24'] } },
      joiner: {
        addresses: { eth0: ['10.0.0.2/24'], eth1: ['203.0.113.2/24'] },
        listeners: [tcp(22), tcp(4567), { protocol: 'tcp', address: '127.0.1.1', port: 4568 }],
        rules: { nft: GALERA },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] } },
    },
    links: [
      ['donor:eth0', 'joiner:eth0'],
      ['remote:eth0', 'joiner:eth1'],
    ],
    traced: 'joiner',
    fails: { from: 'donor', what: 'tcp', to: '10.0.0.2', port: 4568 },
    seen: 'refused',
    others: [
      { sending: { from: 'donor', what: 'tcp', to: '10.0.0.2', port: 4567 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.2', port: 4567 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rules accept the port from this node. The receiver listens at 127.0.1.1, which is what the hosts file has for the own name, and the donor asks 10.0.0.2.',
      causes: [
        { code: 'closed-port', words: ['127.0.1.1'] },
        { code: 'refused-here', words: ['127.0.1.1'] },
      ],
      status: ['refused'],
    },
    mend: [
      [
        'joiner',
        'setsid socat TCP4-LISTEN:4568,bind=10.0.0.2,fork,reuseaddr EXEC:cat >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -4Hltn src 10.0.0.2:4568 | grep -q . && exit 0; sleep 0.1; done; exit 1',
      ],
    ],
  },
  {
    name: 'flannel-route-has-the-public-address-as-its-source',
    thread: {
      title: 'VXLAN routing rules have incorrect src ip',
      address: 'https://github.com/flannel-io/flannel/issues/895',
    },
    backend: 'nft',
    hosts: {
      wan: { bridges: { br0: ['p1', 'p2'] }, addresses: { br0: ['203.0.113.9/24'] } },
      node1: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['203.0.113.7/24'], 'flannel.1': ['10.244.0.0/32'], cni0: ['10.244.0.1/24'] },
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [tcp(22), tcp(9100)],
        rules: { nft: FLANNEL },
      },
      node2: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['203.0.113.8/24'], 'flannel.1': ['10.244.1.0/32'], cni0: ['10.244.1.1/24'] },
        sysctls: FORWARDS,
      },
      client: { addresses: { eth0: ['10.244.0.5/24'] }, routes: ['default via 10.244.0.1'] },
      web: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'], listeners: WEB },
    },
    links: [
      ['wan:p1', 'node1:eth0'],
      ['wan:p2', 'node2:eth0'],
      ['node1:flannel.1', 'node2:flannel.1'],
      ['node1:veth1', 'client:eth0'],
      ['node2:veth1', 'web:eth0'],
    ],
    traced: 'node1',
    setup: [
      ['node1', 'ip route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink src 203.0.113.7'],
      ['node2', 'ip route add 10.244.0.0/24 via 10.244.0.0 dev flannel.1 onlink'],
    ],
    fails: { from: 'node1', what: 'tcp', to: '10.244.1.5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.244.1.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'wan', what: 'tcp', to: '203.0.113.7', port: 22 }, seen: 'answered' },
      { sending: { from: 'wan', what: 'tcp', to: '203.0.113.7', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The route to the other node's pods has the public address as source. The reply to it comes in by the public interface, where the reverse path filter drops what has a pod's address.",
      causes: [
        { code: 'vanished-rp-filter' },
        { code: 'wrong-way-out', words: ['203.0.113.7'] },
        { code: 'kernel-drop', words: ['rp_filter'] },
      ],
      status: ['reply-lost', 'unanswered', 'lost'],
    },
    mend: [['node1', 'ip route replace 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink']],
  },
]

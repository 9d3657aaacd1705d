/** By nft, from threads: an OUTPUT without states, a limit of each source, a container at two networks; and a hand-written DNAT that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_AX: Problem[] = [
  {
    name: 'docker-proxy-is-asked-and-output-has-no-states',
    thread: {
      title: 'nftables whitelisting docker',
      address: 'https://unix.stackexchange.com/questions/657545/nftables-whitelisting-docker',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      server: {
        addresses: { eno2: ['203.0.113.1/24'], docker0: ['172.17.0.1/16'] },
        bridges: { docker0: ['veth1'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, HTTP, { protocol: 'tcp', port: 6200 }, { protocol: 'tcp', port: 3306 }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    iif "eno2" icmp type echo-request accept
    iif "eno2" tcp dport 22 accept
    iif "eno2" tcp dport { 80, 443, 6200 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oif "lo" accept
    oif "eno2" icmp type echo-reply accept
    oif "eno2" tcp sport { 22, 80, 443 } accept
  }
}
`,
        },
      },
      container: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [HTTP] },
    },
    links: [
      ['client:eth0', 'server:eno2'],
      ['server:veth1', 'container:eth0'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 6200 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 3306 }, seen: 'nothing' },
      { sending: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'container', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Without rules of its own, Docker has a process that listens for the published port. The chain input accepts the request to it; the reply leaves by the chain output, whose rules name the ports by hand and not this one, and its policy drops it.',
      causes: [{ policy: 'inet filter output' }, { chain: 'inet filter output' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'nft insert rule inet filter output oif eno2 ct state established,related accept']],
  },
  {
    name: 'ssh-is-limited-for-each-source-and-a-script-used-it-up',
    thread: {
      title: 'feat(bootstrap): add firewall connection limiting',
      address: 'https://github.com/jdx/mise/pull/12669',
    },
    backend: 'nft',
    hosts: {
      ci: { addresses: { eth0: ['2001:db8:1::2/64'] } },
      admin: { addresses: { eth0: ['2001:db8:2::2/64'] }, routes: ['default via 2001:db8:2::1'] },
      server: {
        addresses: { ens3: ['2001:db8:1::1/64'], ens4: ['2001:db8:2::1/64'] },
        listeners: [
          { ...SSH, address: '::' },
          { ...HTTPS, address: '::' },
          { protocol: 'tcp', port: 5432, address: '::' },
        ],
        rules: {
          nft: `table inet bootstrap {
  set ssh_new4 {
    type ipv4_addr
    size 65535
    flags dynamic,timeout
    timeout 2h
  }
  set ssh_new6 {
    type ipv6_addr
    size 65535
    flags dynamic,timeout
    timeout 2h
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iif "lo" accept
    meta l4proto ipv6-icmp accept
    ct state new meta l4proto vmap { tcp : goto services }
  }
  chain services {
    tcp dport 443 accept
    tcp dport 22 update @ssh_new4 { ip saddr limit rate 1/hour burst 2 packets } accept
    tcp dport 22 update @ssh_new6 { ip6 saddr limit rate 1/hour burst 2 packets } accept
  }
}
`,
        },
      },
    },
    links: [
      ['ci:eth0', 'server:ens3'],
      ['admin:eth0', 'server:ens4'],
    ],
    traced: 'server',
    setup: [
      [
        'ci',
        'for i in 1 2; do python3 -c "import socket; socket.create_connection((\'2001:db8:1::1\', 22), 2).close()"; done',
      ],
    ],
    fails: { from: 'ci', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'admin', what: 'tcp', to: '2001:db8:2::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'ci', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'ci', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
      { sending: { from: 'ci', what: 'tcp', to: '2001:db8:1::1', port: 5432 }, seen: 'nothing' },
      { sending: { from: 'admin', what: 'tcp', to: '2001:db8:2::1', port: 5432 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'SSH is accepted while a source keeps below its limit. A script has connected as often as its burst allows, so the rule does not match any more, and the policy drops.',
      causes: [
        { rule: '@ssh_new6', chain: 'inet bootstrap services' },
        { policy: 'inet bootstrap input' },
        { chain: 'inet bootstrap services' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'nft flush set inet bootstrap ssh_new6']],
  },
  {
    name: 'podman-container-at-two-networks-replies-by-the-first',
    thread: {
      title: '[Bug]: Can not reach exposed port if container is attached to two networks',
      address: 'https://github.com/podman-container-tools/podman/issues/17432',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      host: {
        addresses: { eth0: ['203.0.113.1/24'], podman1: ['100.65.0.1/24'], podman2: ['100.65.3.1/24'] },
        bridges: { podman1: ['veth0'], podman2: ['veth1', 'veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          nft: `table inet netavark {
  chain NETAVARK-HOSTPORT-DNAT {
    tcp dport 8080 dnat ip to 100.65.3.2:80
    tcp dport 8081 dnat ip to 100.65.3.3:80
  }
  chain NETAVARK-HOSTPORT-SETMARK {
    meta mark set meta mark | 0x00002000
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00002000 == 0x00002000 masquerade
    ip saddr 100.65.0.0/24 jump nv_net0_nm24
    ip saddr 100.65.3.0/24 jump nv_net1_nm24
  }
  chain nv_net0_nm24 {
    ip daddr 100.65.0.0/24 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
  chain nv_net1_nm24 {
    ip daddr 100.65.3.0/24 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
  chain NETAVARK-ISOLATION-1 {
    iifname "podman1" oifname "podman2" drop
    iifname "podman2" oifname "podman1" drop
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    jump NETAVARK-ISOLATION-1
    ip daddr 100.65.0.0/24 ct state established,related accept
    ip saddr 100.65.0.0/24 accept
    ip daddr 100.65.3.0/24 ct state established,related accept
    ip saddr 100.65.3.0/24 accept
  }
}
`,
        },
      },
      web: {
        addresses: { eth0: ['100.65.0.2/24'], eth1: ['100.65.3.2/24'] },
        routes: ['default via 100.65.0.1'],
        listeners: [HTTP],
      },
      other: { addresses: { eth0: ['100.65.3.3/24'] }, routes: ['default via 100.65.3.1'], listeners: [HTTP] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth0', 'web:eth0'],
      ['host:veth1', 'web:eth1'],
      ['host:veth2', 'other:eth0'],
    ],
    traced: 'host',
    setup: [
      ['web', 'for i in all eth0 eth1; do sysctl -qw net.ipv4.conf.$i.rp_filter=2; done'],
      ['host', 'sysctl -qw net.ipv4.conf.all.rp_filter=0'],
      ['host', 'for i in podman1 podman2; do sysctl -qw net.ipv4.conf.$i.rp_filter=1; done'],
    ],
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 8081 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 8082 }, seen: 'refused' },
      { sending: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '100.65.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The port is rewritten to the address at the second network. The container replies by its default route, over the first one: the host finds the way back to that source over the second bridge, and its strict reverse path filter drops the reply.',
      causes: [{ code: 'vanished-rp-filter' }, { code: 'reply-dropped', words: ['rp_filter'] }],
      status: ['reply-lost', 'unanswered'],
      alsoTrue: ['reply-by-other-uplink'],
    },
    mend: [['host', 'sysctl -qw net.ipv4.conf.podman1.rp_filter=2']],
  },
  {
    name: 'healthy-two-chains-of-dnat-at-a-worker-of-calico',
    thread: {
      title: 'How to add a simple NAT rule without destroying Calico Nodes?',
      address: 'https://github.com/projectcalico/calico/issues/5651',
    },
    backend: 'nft',
    hosts: {
      user: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      worker: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['10.0.0.21/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    counter jump cali-PREROUTING
    counter jump KUBE-SERVICES
  }
  chain cali-PREROUTING {
    counter jump cali-fip-dnat
  }
  chain cali-fip-dnat {
  }
  chain KUBE-SERVICES {
    ip daddr 10.0.0.200 tcp dport 80 counter jump KUBE-EXT-TRAEFIK
  }
  chain KUBE-EXT-TRAEFIK {
    meta l4proto tcp counter dnat to 10.0.0.22:30080
  }
  chain prerouting-lb {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 203.0.113.1 tcp dport { 80 } counter dnat to 10.0.0.200:80
    ip daddr 203.0.113.1 tcp dport { 443 } counter dnat to 10.0.0.200:443
  }
  chain postrouting-lb {
    type nat hook postrouting priority srcnat; policy accept;
    ip daddr 10.0.0.200 counter masquerade
  }
}
table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    ct state { established, related } counter accept
    ct status dnat counter accept
    counter jump cali-FORWARD
  }
  chain cali-FORWARD {
    iifname "cali*" counter accept
  }
  chain INPUT {
    type filter hook input priority filter; policy drop;
    ct state { established, related } accept
    tcp dport 22 accept
  }
}
`,
        },
      },
      lb: { addresses: { eth0: ['10.0.0.200/24'] }, listeners: [HTTP, HTTPS] },
    },
    links: [
      ['user:eth0', 'worker:eth0'],
      ['worker:eth1', 'lb:eth0'],
    ],
    traced: 'worker',
    fails: { from: 'user', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'user', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'user', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'user', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the chain written by hand rewrites the public address to that of the load balancer at another node, and masquerades, so that the reply comes back.',
      causes: [],
      status: ['answered'],
    },
    mend: [['worker', 'true']],
  },
]

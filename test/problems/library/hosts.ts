/** Hosts with guests and containers: libvirt, ufw, firewalld, podman; IPv6 beside Docker. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

/** libvirt's NAT network, with `nat` in front. */
const libvirt = (nat: string, forward = '') => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:LIBVIRT_PRT - [0:0]
${nat}-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p udp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWX - [0:0]
${forward}-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
COMMIT
`

const ufwDocker = (allowed: string) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:ufw-docker-logging-deny - [0:0]
:ufw-user-forward - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j ufw-user-forward
-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A DOCKER-USER -i docker0 -j RETURN
-A DOCKER-USER -d 172.16.0.0/12 -m conntrack --ctstate NEW -j ufw-docker-logging-deny
-A DOCKER-USER -j RETURN
-A ufw-docker-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW DOCKER BLOCK] "
-A ufw-docker-logging-deny -j DROP
${allowed}COMMIT
`

/** Two bridges' worth of IPv6: `lan` and `vm` at one bridge of the host, wired by Docker's ip6tables. */
const V6_DROP = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`

export const HOSTS: Problem[] = [
  {
    name: 'libvirt-rejects-forwarded-port',
    thread: {
      title: 'port forwarding not working, trying to forward to a libvirtd VM',
      address: 'https://github.com/NixOS/nixpkgs/issues/248346',
    },
    backend: 'iptables-legacy',
    ...bridged(
      'virbr0',
      '192.168.122.1/24',
      {
        rules: {
          v4: libvirt(
            '-A PREROUTING -i eth0 -p udp -m udp --dport 2456 -j DNAT --to-destination 192.168.122.2:2456\n-A POSTROUTING -d 192.168.122.2/32 -p udp -m udp --dport 2456 -j MASQUERADE\n',
          ),
        },
      },
      { listeners: [{ protocol: 'udp', port: 2456 }, ...SSH] },
    ),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 2456 },
    seen: 'refused',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.168.122.2', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words: "libvirt's chain rejects new connections to its guests, forwarded ports as well.",
      causes: [{ rule: '-o virbr0 -j REJECT', chain: 'filter LIBVIRT_FWI' }],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -I FORWARD -o virbr0 -p udp -d 192.168.122.2 --dport 2456 -j ACCEPT']],
  },
  {
    name: 'libvirt-forward-rule-behind',
    thread: {
      title: 'Is it possible to config NAT port forwarding with virt-manager',
      address: 'https://github.com/virt-manager/virt-manager/issues/125',
    },
    backend: 'iptables-nft',
    ...bridged(
      'virbr0',
      '192.168.122.1/24',
      {
        rules: {
          v4: libvirt(
            '-A PREROUTING -i eth0 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.168.122.2:22\n',
          ).replace(
            '-A LIBVIRT_FWI -d',
            '-A FORWARD -d 192.168.122.2/32 -o virbr0 -p tcp -m tcp --dport 22 -j ACCEPT\n-A LIBVIRT_FWI -d',
          ),
        },
      },
      { listeners: [...SSH, ...WEB] },
    ),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 2222 },
    seen: 'refused',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.168.122.2', port: 80 }, seen: 'refused' }],
    truth: {
      words: "The rule that accepts it was appended, behind libvirt's chain that rejects.",
      causes: [
        { rule: '-o virbr0 -j REJECT', chain: 'filter LIBVIRT_FWI' },
        { rule: '--dport 22 -j ACCEPT', chain: 'filter FORWARD' },
      ],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -I FORWARD -d 192.168.122.2 -o virbr0 -p tcp --dport 22 -j ACCEPT']],
  },
  {
    name: 'ufw-docker-host-port-allowed',
    thread: { title: 'docker and ufw serious problems', address: 'https://github.com/moby/moby/issues/4737' },
    backend: 'iptables-nft',
    ...bridged('docker0', '172.17.0.1/16', {
      rules: { v4: ufwDocker('-A ufw-user-forward -p tcp -m tcp --dport 8080 -j ACCEPT\n') },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [{ sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' }],
    truth: {
      words: "The port of the host was allowed; behind nat the packet is for the container's port.",
      causes: [{ rule: '--dport 8080 -j ACCEPT', chain: 'filter ufw-user-forward' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A ufw-user-forward -p tcp --dport 80 -j ACCEPT']],
  },
  {
    name: 'firewalld-rejects-between-containers',
    thread: {
      title: 'docker: firewalld 1.0.0-1.1 breaks inter-container networking',
      address: 'https://github.com/firewalld/firewalld/issues/844',
    },
    backend: 'nft',
    ...bridged(
      'br-99b7cf9caaf9',
      '172.25.0.1/24',
      {
        listeners: SSH,
        rules: {
          nft: `table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_FORWARD_ZONES
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_ZONES {
    iifname "docker0" goto filter_FWD_docker
    goto filter_FWD_public
  }
  chain filter_FWD_docker {
    oifname "docker0" accept
  }
  chain filter_FWD_public {
    oifname "eth0" accept
    reject with icmpx admin-prohibited
  }
}
`,
        },
      },
      {},
    ),
    fails: { from: 'client', what: 'tcp', to: '172.25.0.2', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: "Docker's bridge is in no zone, so the default zone decides, and rejects.",
      causes: [{ rule: 'reject with icmpx', chain: 'inet firewalld filter_FWD_public' }],
      status: ['rejected'],
    },
    mend: [['host', 'nft insert rule inet firewalld filter_FORWARD_ZONES oifname br-99b7cf9caaf9 accept']],
  },
  {
    name: 'podman-rules-gone-after-reload',
    thread: {
      title: 'podman container not responding after reload firewalld',
      address: 'https://github.com/podman-container-tools/podman/issues/8048',
    },
    backend: 'nft',
    ...bridged('cni-podman0', '10.88.0.1/16', {
      rules: {
        nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    tcp dport { 22, 8200 } accept
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
}
table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump CNI-HOSTPORT-DNAT
  }
  chain CNI-HOSTPORT-DNAT {
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8200 },
    seen: 'refused',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8300 }, seen: 'unreachable' }],
    truth: {
      words: 'The chain of published ports is empty: the packet comes to the host, where nothing listens.',
      causes: [{ chain: 'ip nat CNI-HOSTPORT-DNAT' }, { rule: 'jump CNI-HOSTPORT-DNAT', chain: 'ip nat PREROUTING' }],
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [['host', 'nft add rule ip nat CNI-HOSTPORT-DNAT tcp dport 8200 dnat to 10.88.0.2:80']],
  },
  {
    name: 'openthread-ip6tables-forward-drop',
    thread: {
      title:
        "Docker image: IPv6 egress from the Thread interface is silently dropped when the host's ip6tables FORWARD policy is DROP",
      address: 'https://github.com/openthread/ot-br-posix/issues/3515',
    },
    backend: 'iptables-legacy',
    hosts: {
      thread: { addresses: { wpan0: ['2001:db8:7::2/64'] }, routes: ['default via 2001:db8:7::1'] },
      host: {
        addresses: { wpan0: ['2001:db8:7::1/64'], eth0: ['2001:db8:1::1/64', '192.0.2.1/24'] },
        sysctls: FORWARDS,
        rules: { v6: V6_DROP },
      },
      lan: {
        addresses: { eth0: ['2001:db8:1::9/64', '192.0.2.9/24'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [...WEB, { protocol: 'tcp', address: '2001:db8:1::9', port: 80 }],
      },
    },
    links: [
      ['thread:wpan0', 'host:wpan0'],
      ['host:eth0', 'lan:eth0'],
    ],
    traced: 'host',
    fails: { from: 'thread', what: 'tcp', to: '2001:db8:1::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:1::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'ping', to: '2001:db8:7::2' }, seen: 'nothing' },
    ],
    truth: {
      words: "The policy of ip6tables' FORWARD, which Docker set to DROP, and no rule for the interface.",
      causes: [{ policy: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'ip6tables -A FORWARD -i wpan0 -j ACCEPT; ip6tables -A FORWARD -o wpan0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
    ],
  },
  {
    name: 'docker-ip6tables-bridge-discovery',
    thread: {
      title: 'Docker IPv6 (ip6tables) support breakes unrelated bridges',
      address: 'https://github.com/moby/moby/issues/48365',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: { addresses: { eth0: ['2001:db8:1::9/64'] } },
      host: {
        bridges: { br0: ['eth0', 'vnet0'] },
        addresses: { br0: ['2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '2001:db8:1::1', port: 80 }],
        rules: { v6: V6_DROP },
      },
      vm: {
        addresses: { eth0: ['2001:db8:1::20/64'] },
        listeners: [{ protocol: 'tcp', address: '2001:db8:1::20', port: 80 }],
      },
    },
    links: [
      ['peer:eth0', 'host:eth0'],
      ['host:vnet0', 'vm:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-ip6tables=1']],
    fails: { from: 'peer', what: 'tcp', to: '2001:db8:1::20', port: 80 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:20' },
    others: [{ sending: { from: 'peer', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'br_netfilter hands neighbour discovery between ports of the bridge to FORWARD, whose policy is DROP.',
      causes: [{ policy: 'filter FORWARD' }, { code: 'bridge-nf-call' }],
      status: ['dropped'],
    },
    mend: [['host', 'sysctl -w net.bridge.bridge-nf-call-ip6tables=0']],
  },
]

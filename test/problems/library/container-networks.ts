/** Containers with two networks or with IPv6, and hosts whose own rules stand beside those of a container engine. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const DNS = [{ protocol: 'udp', port: 53 }] as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** `c1` (at the second address of its bridge's network), its `host` (192.0.2.1) and `far` (192.0.2.9), which knows of no such network. */
const behindBridge = (
  [bridge, gateway]: readonly [string, string],
  host: Problem['hosts'][string],
): Pick<Problem, 'hosts' | 'links' | 'traced'> => ({
  hosts: {
    c1: { addresses: { eth0: [gateway.replace(/1\//, '2/')] }, routes: [`default via ${gateway.split('/')[0]}`] },
    host: {
      ...host,
      bridges: { [bridge]: ['veth1'] },
      addresses: { [bridge]: [gateway], eth0: ['192.0.2.1/24'] },
      sysctls: FORWARDS,
    },
    far: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [...WEB, ...DNS] },
  },
  links: [
    ['c1:eth0', 'host:veth1'],
    ['host:eth0', 'far:eth0'],
  ],
  traced: 'host',
})

export const CONTAINER_NETWORKS: Problem[] = [
  {
    name: 'podman-forward-dropped-both-ways',
    thread: {
      title: 'Nftables conflicting with LME-2.1.0',
      address: 'https://github.com/cisagov/LME/issues/693',
    },
    backend: 'nft',
    ...behindBridge(['podman1', '10.89.4.1/24'], {
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "podman1" } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
}
table inet netavark {
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    jump NETAVARK_FORWARD
  }
  chain NETAVARK_FORWARD {
    ct state invalid drop
    ip daddr 10.89.4.0/24 ct state established,related accept
    ip saddr 10.89.4.0/24 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.89.4.0/24 jump nv_1c4ab0e2_10_89_4_0_nm24
  }
  chain nv_1c4ab0e2_10_89_4_0_nm24 {
    ip daddr 10.89.4.0/24 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
}
`,
      },
    }),
    fails: { from: 'c1', what: 'udp', to: '192.0.2.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'ping', to: '10.89.4.1' }, seen: 'answered' },
      { sending: { from: 'host', what: 'udp', to: '192.0.2.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'far', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: {
      words: "The host's own chain accepts neither what containers send nor the replies: both need a rule.",
      causes: [{ policy: 'inet filter forward' }, { chain: 'inet filter forward' }],
      status: ['dropped'],
    },
    mend: [
      ['host', 'nft add rule inet filter forward iifname podman1 oifname eth0 accept'],
      ['host', 'nft add rule inet filter forward iifname eth0 oifname podman1 ct state established,related accept'],
    ],
  },
  {
    name: 'docker-nft-scripts-beside-own-table',
    thread: {
      title: 'containers without internet access',
      address: 'https://github.com/oniGino/docker-nftables-scripts/issues/4',
    },
    backend: 'nft',
    ...behindBridge(['docker0', '172.17.0.1/16'], {
      rules: {
        nft: `table ip filtrado {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ip saddr 192.0.2.0/24 tcp dport 22 accept
    udp sport { 53, 67, 68, 123 } accept
    tcp sport { 22, 25, 80, 143, 443, 993, 8443 } accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    tcp dport 2234-2240 accept
    iifname "enp0s25" oifname "eth0" udp dport 53 accept
    iifname "eth0" oifname "enp0s25" udp sport 53 accept
  }
  chain OUTPUT {
    type filter hook output priority filter; policy drop;
    oif "lo" accept
    udp dport { 53, 67, 68, 123 } accept
    tcp dport { 22, 25, 80, 143, 443, 993, 8443 } accept
  }
}
table ip nat {
}
table inet docker {
  chain docker {
  }
  chain docker-user {
    return
  }
  chain docker-isolation-stage-1 {
    return
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    jump docker-user
    jump docker-isolation-stage-1
    oifname "docker0" ct state established,related counter accept
    oifname "docker0" jump docker
    oifname != "docker0" iifname "docker0" accept
    oifname "docker0" iifname "docker0" accept
  }
}
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'far', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The host's own FORWARD has no rule for docker0 and drops by its policy; and nat is empty, so that it would leave with the container's address.",
      causes: [
        { policy: 'ip filtrado FORWARD' },
        { chain: 'ip filtrado FORWARD' },
        { code: 'not-masqueraded', words: ['172.17.0.2'] },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'nft add rule ip filtrado FORWARD iifname docker0 accept; nft add rule ip filtrado FORWARD oifname docker0 ct state established,related accept',
      ],
      [
        'host',
        'nft "add chain ip nat POSTROUTING { type nat hook postrouting priority srcnat; }"; nft add rule ip nat POSTROUTING ip saddr 172.17.0.0/16 oifname != docker0 masquerade',
      ],
    ],
  },
  {
    name: 'docker-iptables-off-beside-ufw',
    thread: {
      title: "Docker's iptables=false option does not have the desired behavior",
      address: 'https://github.com/moby/moby/issues/15945',
    },
    backend: 'iptables-legacy',
    ...behindBridge(['docker0', '172.17.0.1/16'], {
      rules: {
        v4: `*nat
${NAT}COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-before-forward - [0:0]
:ufw-user-forward - [0:0]
:ufw-after-logging-forward - [0:0]
-A INPUT -j ufw-before-input
-A FORWARD -j ufw-before-forward
-A FORWARD -j ufw-after-logging-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 3 -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-after-logging-forward -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
COMMIT
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'far', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'Docker writes no rules: nothing accepts what the container sends, and nothing would masquerade it.',
      causes: [
        { policy: 'filter FORWARD' },
        { chain: 'filter ufw-user-forward' },
        { code: 'not-masqueraded', words: ['172.17.0.2'] },
      ],
      status: ['dropped'],
    },
    mend: [
      ['host', 'iptables -A ufw-user-forward -i docker0 -j ACCEPT'],
      ['host', 'iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE'],
    ],
  },
  {
    name: 'podman-second-network-replies',
    thread: {
      title: 'When container is joined to multiple networks, PublishedPort cannot be connected to from host.',
      address: 'https://github.com/podman-container-tools/podman/issues/26044',
    },
    backend: 'nft',
    hosts: {
      c1: {
        addresses: { eth0: ['10.89.0.5/24'], eth1: ['10.89.1.5/24'] },
        routes: ['default via 10.89.0.1'],
        listeners: WEB,
      },
      host: {
        bridges: { podman1: ['veth0'], podman2: ['veth1'] },
        addresses: { podman1: ['10.89.0.1/24'], podman2: ['10.89.1.1/24'], eth0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    jump NETAVARK_FORWARD
  }
  chain NETAVARK_FORWARD {
    ct state invalid drop
    ip daddr 10.89.0.0/24 ct state established,related accept
    ip saddr 10.89.0.0/24 accept
    ip daddr 10.89.1.0/24 ct state established,related accept
    ip saddr 10.89.1.0/24 accept
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
    ip saddr 10.89.1.0/24 ip daddr != 10.89.1.0/24 masquerade
    ip saddr 10.89.0.0/24 ip daddr != 10.89.0.0/24 masquerade
  }
  chain NETAVARK-HOSTPORT-SETMARK {
    meta mark set meta mark | 0x00002000
  }
  chain NETAVARK-HOSTPORT-DNAT {
    tcp dport 8080 jump nv_2f259bab_10_89_1_0_nm24_dnat
  }
  chain nv_2f259bab_10_89_1_0_nm24_dnat {
    ip saddr 10.89.1.0/24 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    ip saddr 127.0.0.1 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    tcp dport 8080 dnat ip to 10.89.1.5:80
  }
}
`,
        },
      },
      far: { addresses: { eth0: ['192.0.2.9/24'] } },
    },
    links: [
      ['c1:eth0', 'host:veth0'],
      ['c1:eth1', 'host:veth1'],
      ['host:eth0', 'far:eth0'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.podman1.rp_filter=1 net.ipv4.conf.podman2.rp_filter=1',
      ],
      ['c1', 'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0'],
    ],
    fails: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.89.1.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'far', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The container's default route is its other network's: the reply comes in on podman1, and its source belongs to podman2, so the strict rp_filter drops it.",
      causes: [{ code: 'vanished-rp-filter' }, { code: 'reply-dropped', words: ['rp_filter'] }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['host', 'sysctl -w net.ipv4.conf.podman1.rp_filter=2']],
  },
  {
    name: 'podman-internal-network-is-default',
    thread: {
      title: 'Default route for multiple networks',
      address: 'https://github.com/podman-container-tools/podman/issues/16233',
    },
    backend: 'nft',
    hosts: {
      c1: {
        addresses: { eth0: ['10.89.0.5/24'], eth1: ['10.89.1.5/24'] },
        routes: ['default via 10.89.1.1', 'default via 10.89.0.1 metric 100'],
      },
      host: {
        bridges: { podman1: ['veth0'], podman2: ['veth1'] },
        addresses: { podman1: ['10.89.0.1/24'], podman2: ['10.89.1.1/24'], eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet netavark {
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    jump NETAVARK_FORWARD
  }
  chain NETAVARK_FORWARD {
    ip daddr 10.89.0.0/24 ct state established,related accept
    ip saddr 10.89.0.0/24 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.89.0.0/24 jump nv_8a1f33c1_10_89_0_0_nm24
  }
  chain nv_8a1f33c1_10_89_0_0_nm24 {
    ip daddr 10.89.0.0/24 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
}
`,
        },
      },
      far: { addresses: { eth0: ['192.0.2.9/24'], lo: ['203.0.113.9/32'] } },
    },
    links: [
      ['c1:eth0', 'host:veth0'],
      ['c1:eth1', 'host:veth1'],
      ['host:eth0', 'far:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'ping', to: '203.0.113.9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '10.89.0.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The container sends by its internal network, which nothing masquerades: it leaves with an address that nobody has a route to.',
      causes: [
        { code: 'not-masqueraded', words: ['10.89.1.5'] },
        { rule: 'ip saddr 10.89.0.0/24', chain: 'inet netavark POSTROUTING' },
        { chain: 'inet netavark POSTROUTING' },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['c1', 'ip route del default via 10.89.1.1']],
  },
]

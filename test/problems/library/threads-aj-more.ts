/** More of the same: tenants with one address in zones of connection tracking, podman beside docker, and a limit of iptables-legacy that nothing meets. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const CHAINS = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const THREADS_AJ_MORE: Problem[] = [
  {
    name: 'near-two-tenants-have-one-address-in-directional-zones',
    thread: {
      title: 'expr: support directional conntrack zone assignment',
      address: 'https://github.com/google/nftables/pull/364',
    },
    backend: 'nft',
    hosts: {
      red: { addresses: { eth0: ['10.0.0.10/24'] }, routes: ['default via 10.0.0.1'] },
      blue: { addresses: { eth0: ['10.0.0.10/24'] }, routes: ['default via 10.0.0.1'] },
      router: {
        addresses: {
          red0: ['10.0.0.1/24'],
          blue0: ['10.0.0.1/24'],
          wan: ['203.0.113.1/24', '203.0.113.11/24', '203.0.113.12/24'],
        },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet tenants {
  chain zones {
    type filter hook prerouting priority raw; policy accept;
    iifname "red0" ct original zone set 1
    iifname "blue0" ct original zone set 2
  }
  chain marks {
    type filter hook prerouting priority mangle; policy accept;
    iifname "red0" ct state new ct mark set 0x00000001
    iifname "blue0" ct state new ct mark set 0x00000002
    iifname "wan" ct state established,related meta mark set ct mark
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    iifname "wan" tcp dport 22 accept
    icmp type echo-request accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname { "red0", "blue0" } oifname "wan" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" ct mark 0x00000001 snat ip to 203.0.113.11
    oifname "wan" ct mark 0x00000002 snat ip to 203.0.113.12
  }
}
`,
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [...WEB, { protocol: 'udp', port: 53 }] },
    },
    links: [
      ['red:eth0', 'router:red0'],
      ['blue:eth0', 'router:blue0'],
      ['router:wan', 'remote:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', 'ip rule add fwmark 1 lookup 101; ip route add 10.0.0.0/24 dev red0 table 101'],
      ['router', 'ip rule add fwmark 2 lookup 102; ip route add 10.0.0.0/24 dev blue0 table 102'],
    ],
    earlier: {
      sendings: [{ from: 'red', what: 'udp', to: '203.0.113.9', port: 53, sport: 40053 }],
      change: [],
    },
    fails: { from: 'blue', what: 'udp', to: '203.0.113.9', port: 53, sport: 40053 },
    seen: 'answered',
    others: [
      { sending: { from: 'red', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'blue', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.11', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Nothing is wrong: the zone of the original direction keeps two flows with the same addresses and ports apart, their replies differ by SNAT's address, and the connection's mark routes each to its tenant.",
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
  {
    name: 'podman-publishes-beside-a-docker-that-drops-what-it-does-not-know',
    thread: {
      title: 'rootful podman ipv6, only reachable from localhost',
      address: 'https://github.com/containers/netavark/issues/1231',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64', '192.0.2.9/24'] } },
      server: {
        bridges: { podman1: ['veth0'], docker0: ['veth1'] },
        addresses: {
          eth0: ['2001:db8:1::1/64', '192.0.2.1/24'],
          podman1: ['fd60:d3c5::1/64', '10.89.0.1/24'],
          docker0: ['fd61:d0c::1/64', '172.17.0.1/16'],
        },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 22, address: '::' }],
        rules: {
          nft: `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip saddr 10.89.0.0/24 meta l4proto { tcp, udp } th dport 53 accept
    ip6 saddr fd60:d3c5::/64 meta l4proto { tcp, udp } th dport 53 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    jump NETAVARK-ISOLATION-1
    ip daddr 10.89.0.0/24 ct state established,related accept
    ip saddr 10.89.0.0/24 accept
    ip6 daddr fd60:d3c5::/64 ct state established,related accept
    ip6 saddr fd60:d3c5::/64 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00002000 == 0x00002000 masquerade
    ip saddr 10.89.0.0/24 jump nv_53ce4390_10_89_0_0_nm24
    ip6 saddr fd60:d3c5::/64 jump nv_53ce4390_fd60-d3c5--_nm64
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain NETAVARK-HOSTPORT-DNAT {
    meta nfproto ipv4 tcp dport 8080 jump nv_53ce4390_10_89_0_0_nm24_dnat
    meta nfproto ipv6 tcp dport 8080 jump nv_53ce4390_fd60-d3c5--_nm64_dnat
  }
  chain NETAVARK-HOSTPORT-SETMARK {
    meta mark set meta mark | 0x00002000
  }
  chain NETAVARK-ISOLATION-1 {
  }
  chain NETAVARK-ISOLATION-2 {
  }
  chain NETAVARK-ISOLATION-3 {
    oifname "podman1" drop
    jump NETAVARK-ISOLATION-2
  }
  chain nv_53ce4390_10_89_0_0_nm24 {
    ip daddr 10.89.0.0/24 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
  chain nv_53ce4390_10_89_0_0_nm24_dnat {
    ip saddr 10.89.0.0/24 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    ip saddr 127.0.0.1 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    tcp dport 8080 dnat ip to 10.89.0.2:80
  }
  chain nv_53ce4390_fd60-d3c5--_nm64 {
    ip6 daddr fd60:d3c5::/64 accept
    ip6 daddr != ff00::/8 masquerade
  }
  chain nv_53ce4390_fd60-d3c5--_nm64_dnat {
    ip6 saddr fd60:d3c5::/64 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    ip6 saddr ::1 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    tcp dport 8080 dnat ip6 to [fd60:d3c5::2]:80
  }
}
table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    counter jump DOCKER-USER
    counter jump DOCKER-FORWARD
  }
  chain DOCKER {
    iifname != "docker0" oifname "docker0" counter drop
  }
  chain DOCKER-FORWARD {
    oifname "docker0" ct state related,established counter accept
    oifname "docker0" counter jump DOCKER
    iifname "docker0" counter accept
  }
  chain DOCKER-USER {
  }
}
table ip6 filter {
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    counter jump DOCKER-FORWARD
  }
  chain DOCKER {
    iifname != "docker0" oifname "docker0" counter drop
  }
  chain DOCKER-FORWARD {
    oifname "docker0" ct state related,established counter accept
    oifname "docker0" counter jump DOCKER
    iifname "docker0" counter accept
  }
  chain DOCKER-USER {
  }
}
`,
        },
      },
      web: {
        addresses: { eth0: ['fd60:d3c5::2/64', '10.89.0.2/24'] },
        routes: ['default via fd60:d3c5::1', 'default via 10.89.0.1'],
        listeners: [...WEB, { protocol: 'tcp', port: 80, address: '::' }],
      },
      idle: { addresses: { eth0: ['fd61:d0c::2/64', '172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['server:veth0', 'web:eth0'],
      ['server:veth1', 'idle:eth0'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Docker's chain for forwarded IPv6, in a table of its own, drops by default what it has no rule for: netavark accepts the connection in its table, and that counts there alone.",
      causes: [{ policy: 'ip6 filter FORWARD' }, { chain: 'ip6 filter DOCKER-USER' }],
      status: ['dropped'],
    },
    mend: [
      ['server', 'nft insert rule ip6 filter DOCKER-USER oifname podman1 accept'],
      ['server', 'nft insert rule ip6 filter DOCKER-USER iifname podman1 accept'],
    ],
  },
  {
    name: 'near-firehol-limits-ssh-where-nothing-for-the-guest-comes',
    thread: {
      title: 'NAT1:1 and accept with recent',
      address: 'https://github.com/firehol/firehol/issues/386',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        listeners: [SSH],
        rules: {
          v4: `*nat
${CHAINS}-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.168.1.10:22
-A POSTROUTING -d 192.168.1.10/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.1.1
-A POSTROUTING -s 192.168.1.0/24 -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:in_internet - [0:0]
:in_internet_ssh_s1 - [0:0]
:in_nat11 - [0:0]
:in_nat11_ssh_s1 - [0:0]
:in_lan2venet - [0:0]
:out_lan2venet - [0:0]
:RECENT_terminal - [0:0]
:RECENT_terminal2 - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 203.0.113.1/32 -i wan -j in_internet
-A INPUT -d 192.168.1.10/32 -i wan -j in_nat11
-A INPUT -i lan -j ACCEPT
-A INPUT -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wan -o lan -j in_lan2venet
-A FORWARD -i lan -o wan -j out_lan2venet
-A FORWARD -j DROP
-A in_internet -j in_internet_ssh_s1
-A in_internet -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A in_internet -j DROP
-A in_internet_ssh_s1 -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j RECENT_terminal
-A in_internet_ssh_s1 -p tcp -m tcp --dport 22 -j DROP
-A in_nat11 -j in_nat11_ssh_s1
-A in_nat11 -j DROP
-A in_nat11_ssh_s1 -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j RECENT_terminal2
-A in_nat11_ssh_s1 -p tcp -m tcp --dport 22 -j DROP
-A in_lan2venet -m conntrack --ctstate DNAT -j ACCEPT
-A in_lan2venet -j DROP
-A out_lan2venet -j ACCEPT
-A RECENT_terminal -m recent --set --name terminal --mask 255.255.255.255 --rsource
-A RECENT_terminal -m recent --update --seconds 300 --hitcount 5 --name terminal --mask 255.255.255.255 --rsource -j RETURN
-A RECENT_terminal -j ACCEPT
-A RECENT_terminal2 -m recent --set --name terminal2 --mask 255.255.255.255 --rsource
-A RECENT_terminal2 -m recent --update --seconds 300 --hitcount 5 --name terminal2 --mask 255.255.255.255 --rsource -j RETURN
-A RECENT_terminal2 -j ACCEPT
COMMIT
`,
        },
      },
      { pc: { listeners: [SSH] }, remote: { listeners: WEB } },
    ),
    earlier: {
      sendings: [
        ...[1, 2, 3, 4, 5, 6].map(() => ({ from: 'remote', what: 'tcp', to: '203.0.113.1', port: 2222 }) as const),
        ...[1, 2, 3, 4, 5].map(() => ({ from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }) as const),
      ],
      change: [],
    },
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 2222 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nothing stops the seventh connection to the guest: it is forwarded, and the rules with its limit are of INPUT, where nothing for the guest's address ever comes.",
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]

/** What nft's rules rewrite, or take for a request: hash buckets without a key, a prefix cut to an address, SYN-ACKs, a renamed uplink. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS6 = { protocol: 'tcp', address: '::', port: 443 } as const

export const NFT_REWRITTEN: Problem[] = [
  {
    name: 'balancer-hash-bucket-without-backend',
    thread: {
      title: 'nftables: implement native load balancing (numgen/jhash)',
      address: 'https://github.com/Linuxfabrik/firewallfabrik/issues/22',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64'] }, routes: ['default via 2001:db8:1::1'] },
      other: { addresses: { eth0: ['2001:db8:3::2/64'] }, routes: ['default via 2001:db8:3::1'] },
      balancer: {
        addresses: { eth0: ['2001:db8:1::1/64'], eth1: ['2001:db8:2::1/64'], eth2: ['2001:db8:3::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip6 nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    ip6 daddr 2001:db8:1::1 tcp dport 443 counter dnat to jhash ip6 saddr mod 3 seed 0x0 map { 0 : 2001:db8:2::10, 1 : 2001:db8:2::11 }
  }
}
table inet filter {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto ipv6-icmp accept
    tcp dport 22 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct status dnat accept
    meta l4proto ipv6-icmp accept
  }
}
`,
        },
      },
      backend: {
        addresses: { eth0: ['2001:db8:2::10/64', '2001:db8:2::11/64'] },
        routes: ['default via 2001:db8:2::1'],
        listeners: [HTTPS6],
      },
    },
    links: [
      ['client:eth0', 'balancer:eth0'],
      ['balancer:eth1', 'backend:eth0'],
      ['other:eth0', 'balancer:eth2'],
    ],
    traced: 'balancer',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'other', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The third backend was taken out of the map, and the hash still gives three values: who gets the third is not sent on.',
      causes: [{ rule: 'jhash ip6 saddr mod 3', chain: 'ip6 nat PREROUTING' }],
      status: ['dropped'],
    },
    mend: [
      [
        'balancer',
        'nft flush chain ip6 nat PREROUTING; nft "add rule ip6 nat PREROUTING ip6 daddr 2001:db8:1::1 tcp dport 443 dnat to jhash ip6 saddr mod 2 seed 0x0 map { 0 : 2001:db8:2::10, 1 : 2001:db8:2::11 }"',
      ],
    ],
  },
  {
    name: 'ovn-mcs-ports-reject-the-syn-ack',
    thread: {
      title: 'OCPBUGS-37541: Fix per-pod MCS/metadata blocking',
      address: 'https://github.com/openshift/ovn-kubernetes/pull/2240',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [HTTPS6],
        // whatever NAT is in front of it may choose these ports
        sysctls: {
          'net.netfilter.nf_conntrack_tcp_timeout_syn_sent': '1',
          'net.netfilter.nf_conntrack_tcp_timeout_time_wait': '1',
          'net.netfilter.nf_conntrack_tcp_timeout_close': '1',
        },
        rules: {
          nft: `table ip6 nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    tcp dport 80 masquerade to :22623-22624
  }
}
`,
        },
      },
      node: { addresses: { eth0: ['2001:db8:1::1/64'], pods: ['fd00:10:244::1/64'] }, sysctls: FORWARDS },
      pod: {
        addresses: { eth0: ['fd00:10:244::2/64'] },
        routes: ['default via fd00:10:244::1'],
        listeners: [{ protocol: 'tcp', address: '::', port: 80 }],
        rules: {
          nft: `table inet openshift-block-mcs-and-metadata {
  chain block {
    tcp dport { 22623, 22624 } tcp flags syn reject
    ip daddr 169.254.169.254 udp dport != 53 reject
    ip6 daddr fd69::2 tcp dport 80 reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    jump block
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    jump block
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:pods', 'pod:eth0'],
    ],
    traced: 'pod',
    fails: { from: 'client', what: 'tcp', to: 'fd00:10:244::2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: 'fd00:10:244::2', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:1::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:1::9', port: 22623 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The rule that keeps the pod from the ports 22623 and 22624 asks for SYN and not for the lack of ACK, so it rejects the SYN-ACK to who connects from such a port.',
      causes: [{ rule: 'tcp dport { 22623, 22624 }', chain: 'inet openshift-block-mcs-and-metadata block' }],
      status: ['reply-lost'],
    },
    mend: [
      [
        'pod',
        'nft insert rule inet openshift-block-mcs-and-metadata block tcp flags "&" "(syn|ack)" == "(syn|ack)" return',
      ],
    ],
  },
  {
    name: 'moodlebox-uplink-renamed-and-forwarding-off',
    thread: {
      title: "IP forwarding doesn't work on Buster",
      address: 'https://github.com/moodlebox/moodlebox/issues/133',
    },
    backend: 'nft',
    hosts: {
      student: { addresses: { wlan0: ['10.0.0.10/24'] }, routes: ['default via 10.0.0.1'] },
      box: {
        addresses: { uap0: ['10.0.0.1/24'], end0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        sysctls: { 'net.ipv4.ip_forward': '0' },
        listeners: WEB,
        rules: {
          nft: `table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" counter masquerade comment "MoodleBox masquerade"
  }
}
table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    iifname "eth0" oifname "uap0" ct state related,established counter accept comment "MoodleBox forwarding rules"
    iifname "uap0" oifname "eth0" counter accept comment "MoodleBox forwarding rules"
  }
}
`,
        },
      },
      isp: { addresses: { eth0: ['192.0.2.254/24'], lo: ['198.51.100.7/32'] }, listeners: WEB },
    },
    links: [
      ['student:wlan0', 'box:uap0'],
      ['box:end0', 'isp:eth0'],
    ],
    traced: 'box',
    fails: { from: 'student', what: 'tcp', to: '198.51.100.7', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'student', what: 'tcp', to: '10.0.0.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'box', what: 'tcp', to: '198.51.100.7', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Forwarding is off; and the rule that masquerades is for eth0, while the uplink is end0, so without it no reply finds back.',
      causes: [
        { code: 'vanished-forwarding-off' },
        { code: 'several-causes', words: ['ip_forward', 'masquerade'] },
        { rule: 'masquerade', chain: 'ip nat POSTROUTING' },
      ],
      status: ['lost'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [['box', 'sysctl -w net.ipv4.ip_forward=1; nft add rule ip nat POSTROUTING oifname end0 counter masquerade']],
  },
  {
    name: 'fw4-prefix-of-snat-cut-to-an-address',
    thread: { title: 'SNAT rewrite ip Pooling support', address: 'https://github.com/openwrt/firewall4/issues/71' },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.106.10/24'] }, routes: ['default via 192.168.106.1'] },
      router: {
        addresses: { 'br-lan': ['192.168.106.1/24'], vpn: ['10.99.0.2/30'] },
        routes: ['10.66.0.0/16 via 10.99.0.1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept comment "!fw4: Allow inbound established and related flows"
    iifname "br-lan" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept comment "!fw4: Allow forwarded established and related flows"
    iifname "br-lan" oifname "vpn" accept comment "!fw4: Accept lan to vpn forwarding"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "vpn" jump srcnat_vpn comment "!fw4: Handle vpn IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_vpn {
    ip saddr 192.168.106.0/24 ip daddr 10.66.0.0/16 counter snat ip to 10.254.1.0 comment "!fw4: SNAT"
  }
}
`,
        },
      },
      // takes the stations that it knows, each with its own address of the mapped network
      peer: {
        addresses: { eth0: ['10.99.0.1/30'], lo: ['10.66.0.7/32'] },
        routes: ['10.254.1.0/24 via 10.99.0.2'],
        listeners: WEB,
        rules: {
          nft: 'table ip site {\n  chain input { type filter hook input priority filter; policy accept; ip daddr 10.66.0.0/16 ip saddr != { 10.254.1.10, 10.99.0.2 } drop; }\n}\n',
        },
      },
    },
    links: [
      ['pc:eth0', 'router:br-lan'],
      ['router:vpn', 'peer:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '10.66.0.7', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '10.66.0.7', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '192.168.106.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The prefix that the network is to be mapped to was cut to its first address, so all stations have that as their source, which the other side does not know.',
      causes: [{ rule: 'snat ip to 10.254.1.0', chain: 'inet fw4 srcnat_vpn' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'router',
        'nft flush chain inet fw4 srcnat_vpn; nft "add rule inet fw4 srcnat_vpn snat ip prefix to ip saddr map { 192.168.106.0/24 : 10.254.1.0/24 }"; conntrack -F',
      ],
    ],
  },
]

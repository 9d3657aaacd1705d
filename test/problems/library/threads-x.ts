/** Routers and servers with several ways, from threads: a group of devices, a gateway without states, a second uplink, a wildcard. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_X: Problem[] = [
  {
    name: 'keepalived-makes-a-device-in-no-group',
    thread: {
      title: 'vrrp: For use_vmac and use_ipvlan, copy the group from the base interface',
      address: 'https://github.com/acassen/keepalived/pull/2390',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.100'] },
      router: {
        addresses: { eth1: ['192.0.2.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    iifgroup 10 icmp type echo-request accept
    iifgroup 10 tcp dport { 22, 53 } accept
    meta l4proto vrrp accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifgroup 10 oifname "wan" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['client:eth0', 'router:eth1'],
      ['router:wan', 'remote:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip link set eth1 group 10; ip link add vrrp.51 link eth1 address 00:00:5e:00:01:33 type macvlan mode private; ip link set vrrp.51 up; ip addr add 192.0.2.100/32 dev vrrp.51; sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth1.arp_filter=1 net.ipv4.conf.vrrp/51.accept_local=1 net.ipv4.conf.vrrp/51.rp_filter=0',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.100' }, seen: 'nothing', either: true },
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'What is for the virtual link address comes in on a device that keepalived made, which is in group 0; the rules accept what comes from group 10.',
      causes: [{ rule: 'iifgroup', chain: 'inet filter forward' }],
      status: ['dropped'],
    },
    mend: [['router', 'ip link set vrrp.51 group 10']],
  },
  {
    name: 'stateless-gateway-drops-what-answers-to-a-low-port',
    thread: {
      title: '[RFC] IPv6 Stateless Firewall on gateways',
      address: 'https://github.com/freifunk-berlin/bbb-configs/issues/1114',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:2::20/64'] },
        routes: ['default via 2001:db8:2::1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:2::20', port: 22 }],
      },
      gateway: {
        addresses: { mesh: ['2001:db8:2::1/64'], uplink: ['2001:db8:f::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip6 raw {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    notrack
  }
  chain output {
    type filter hook output priority raw; policy accept;
    notrack
  }
}
table ip6 filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "mesh" accept
    meta l4proto ipv6-icmp accept
    iifname "uplink" meta l4proto { tcp, udp } th dport 1024-65535 accept
    iifname "uplink" meta l4proto { esp, gre } accept
  }
}
`,
        },
      },
      ntp: {
        addresses: { eth0: ['2001:db8:f::123/64'] },
        routes: ['default via 2001:db8:f::1'],
        listeners: [
          { protocol: 'udp', address: '2001:db8:f::123', port: 123 },
          { protocol: 'tcp', address: '2001:db8:f::123', port: 443 },
        ],
      },
    },
    links: [
      ['client:eth0', 'gateway:mesh'],
      ['gateway:uplink', 'ntp:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'client', what: 'udp', to: '2001:db8:f::123', port: 123, sport: 123 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '2001:db8:f::123', port: 123 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:f::123', port: 443 }, seen: 'answered' },
      { sending: { from: 'ntp', what: 'tcp', to: '2001:db8:2::20', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is tracked: replies are known by their high port, and this client asks from port 123, so the policy drops what answers it.',
      causes: [{ rule: 'th dport 1024-65535', chain: 'ip6 filter forward' }, { policy: 'ip6 filter forward' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['gateway', 'nft add rule ip6 filter forward iifname uplink udp sport 123 udp dport 123 accept']],
  },
  {
    name: 'second-uplink-has-a-strict-filter-and-no-rule',
    thread: {
      title: 'A routing issue I cannot figure out. Any help appr',
      address: 'https://techresolve.blog/2026/03/04/a-routing-issue-i-cannot-figure-out-any-help-appr/',
    },
    backend: 'nft',
    hosts: {
      server: {
        addresses: { eth0: ['203.0.113.10/24'], eth1: ['198.51.100.10/24'] },
        routes: ['default via 203.0.113.1'],
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [HTTPS],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    icmp type echo-request accept
    tcp dport 443 accept
  }
}
`,
        },
      },
      isp1: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        // takes its own customers' addresses alone
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth0" ip saddr != 203.0.113.0/24 drop; }\n}\n',
        },
      },
      isp2: { addresses: { eth0: ['198.51.100.1/24'], eth1: ['192.0.2.2/24'] }, sysctls: FORWARDS },
      exchange: { bridges: { ix0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      remote: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['203.0.113.0/24 via 192.0.2.1', '198.51.100.0/24 via 192.0.2.2'],
        listeners: [HTTP],
      },
    },
    links: [
      ['server:eth0', 'isp1:eth0'],
      ['server:eth1', 'isp2:eth0'],
      ['isp1:eth1', 'exchange:p1'],
      ['isp2:eth1', 'exchange:p2'],
      ['remote:eth0', 'exchange:p3'],
    ],
    traced: 'server',
    fails: { from: 'remote', what: 'tcp', to: '198.51.100.10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.10', port: 443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'No rule sends what has the second address by the second uplink: so the strict reverse-path filter drops the request, and without the filter the reply would leave by the first, whose provider takes no such source.',
      causes: [{ code: 'vanished-rp-filter' }, { code: 'reply-by-other-uplink' }],
      status: ['lost'],
    },
    mend: [['server', 'ip route add default via 198.51.100.1 table 102; ip rule add from 198.51.100.10 lookup 102']],
  },
  {
    name: 'fw4-zone-of-a-wildcard-device-is-not-called',
    thread: {
      title: 'firewall4: regress? interface wildcard',
      address: 'https://github.com/openwrt/openwrt/issues/9847',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { tun0: ['192.168.3.2/24'] }, routes: ['192.168.1.0/24 via 192.168.3.1'] },
      router: {
        addresses: { 'br-lan': ['192.168.1.1/24'], wan: ['203.0.113.1/24'], tun0: ['192.168.3.1/24'] },
        bridges: { 'br-lan': ['lan1'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state established,related accept comment "!fw4: Allow inbound established and related flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept comment "!fw4: Allow forwarded established and related flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain input_lan {
    accept
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    jump handle_reject
  }
  chain input_vpn {
    jump reject_from_vpn
  }
  chain forward_lan {
    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
    jump accept_to_vpn comment "!fw4: Accept lan to vpn forwarding"
    jump accept_to_lan
  }
  chain forward_wan {
    jump handle_reject
  }
  chain forward_vpn {
    jump accept_to_lan comment "!fw4: Accept vpn to lan forwarding"
    jump reject_to_vpn
  }
  chain accept_to_lan {
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain accept_to_wan {
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain accept_to_vpn {
  }
  chain reject_from_vpn {
  }
  chain reject_to_vpn {
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      nas: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [HTTP],
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['peer:tun0', 'router:tun0'],
      ['router:lan1', 'nas:eth0'],
      ['router:wan', 'remote:eth0'],
    ],
    traced: 'router',
    fails: { from: 'peer', what: 'tcp', to: '192.168.1.10', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'nas', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The zone's device was given with a wildcard, and fw4 wrote no rule that leads to its chains: what comes from the tunnel is rejected at the end of forward.",
      causes: [
        { chain: 'inet fw4 forward_vpn' },
        { rule: 'jump handle_reject', chain: 'inet fw4 forward' },
        { rule: 'reject with tcp reset', chain: 'inet fw4 handle_reject' },
      ],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet fw4 forward iifname "tun*" jump forward_vpn']],
  },
]

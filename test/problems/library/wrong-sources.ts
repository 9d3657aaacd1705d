/** Routing rules and source addresses, from threads: tunnels over IPv6, the default route of another uplink, a proxy that takes what is for the host. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

export const WRONG_SOURCES: Problem[] = [
  {
    name: 'firewalld-reverse-path-of-the-tunnels-own-packets',
    thread: {
      title: 'IPv6_rpfilter=yes breaks WireGuard VPN over IPv6',
      address: 'https://github.com/firewalld/firewalld/issues/1203',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:1::2/64'], wg0: ['fd00:8::2/64'] },
        routes: ['default via 2001:db8:1::1', 'default via fd00:8::1 table 51820'],
        rules: {
          nft: `table inet firewalld {
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
}
`,
        },
      },
      gateway: {
        addresses: { eth0: ['2001:db8:1::1/64'], eth1: ['2001:db8:f::1/64'] },
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['2001:db8:f::9/64'], wg0: ['fd00:8::1/64'] },
        routes: ['default via 2001:db8:f::1'],
        listeners: [
          { protocol: 'udp', address: '2001:db8:f::9', port: 51820 },
          { ...HTTP, address: 'fd00:8::1' },
        ],
      },
    },
    links: [
      ['client:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'server:eth0'],
      ['client:wg0', 'server:wg0'],
    ],
    traced: 'client',
    setup: [
      [
        'client',
        // the first stands for the mark that WireGuard gives its own packets: no socket of ours has one
        'ip -6 rule add pref 30861 ipproto udp dport 51820 lookup main; ip -6 rule add pref 30862 lookup main suppress_prefixlength 0; ip -6 rule add pref 30863 not fwmark 0xcadd lookup 51820',
      ],
    ],
    fails: { from: 'client', what: 'udp', to: '2001:db8:f::9', port: 51820 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: 'fd00:8::1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '2001:db8:1::2', port: 22 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The tunnel has the default route of all packets without WireGuard's mark. The server's packet comes in by eth0 without it, so the way back to its source is wg0, and the reverse path filter drops it.",
      causes: [{ rule: 'fib saddr . mark . iif oif', chain: 'inet firewalld mangle_PREROUTING' }],
      status: ['reply-lost'],
    },
    mend: [
      [
        'client',
        'nft "add table ip6 wg-mark; add chain ip6 wg-mark mangle { type filter hook prerouting priority mangle; policy accept; }; add rule ip6 wg-mark mangle udp sport 51820 meta mark set 0xcadd"',
      ],
    ],
  },
  {
    name: 'startos-default-route-is-not-of-the-gateway-with-the-address',
    thread: {
      title: 'fix(net): pin outbound IPv6 to a v6-capable gateway under auto outbound',
      address: 'https://github.com/Start9Labs/start-technologies/pull/3549',
    },
    backend: 'nft',
    hosts: {
      server: {
        addresses: { eth0: ['fe80::20/64'], wg0: ['2001:db8:40::2/64'] },
        routes: ['default via fe80::1 dev eth0', 'default via 2001:db8:40::1 table 1005'],
        listeners: [{ ...SSH, address: '2001:db8:40::2' }],
        rules: {
          nft: `table ip6 startos {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wg0" ct state new ct mark set 1005
  }
  chain output {
    type route hook output priority mangle; policy accept;
    ct mark 1005 meta mark set ct mark
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto ipv6-icmp accept
    tcp dport { 22, 443 } accept
  }
}
`,
        },
      },
      router: {
        addresses: { lan: ['fe80::1/64', '2001:db8:1::1/64'], wan: ['2001:db8:e::1/64'] },
        routes: ['2001:db8:f::/64 via 2001:db8:e::9'],
        sysctls: FORWARDS,
        // forwards its own prefix alone
        rules: {
          nft: 'table ip6 edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "lan" ip6 saddr != 2001:db8:1::/64 drop; }\n}\n',
        },
      },
      vps: {
        addresses: { wg0: ['2001:db8:40::1/64'], eth0: ['2001:db8:f::1/64'] },
        sysctls: FORWARDS,
      },
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'], eth1: ['2001:db8:e::9/64'] },
        routes: ['2001:db8:40::/64 via 2001:db8:f::1'],
        listeners: [{ ...HTTPS, address: '2001:db8:f::9' }],
      },
    },
    links: [
      ['server:eth0', 'router:lan'],
      ['router:wan', 'remote:eth1'],
      ['server:wg0', 'vps:wg0'],
      ['vps:eth0', 'remote:eth0'],
    ],
    traced: 'server',
    setup: [
      [
        'server',
        'ip -6 rule add pref 50 lookup main suppress_prefixlength 0; ip -6 rule add pref 60 fwmark 1005 lookup 1005',
      ],
    ],
    fails: { from: 'server', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vps', what: 'tcp', to: '2001:db8:40::2', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'ping', to: '2001:db8:40::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The server's only global address is that of the tunnel, whose default route is in a table of its own. The default route of main leaves by the LAN, where the router drops a source that is not its own.",
      causes: [
        { code: 'wrong-way-out', words: ['eth0'] },
        { code: 'reply-by-other-uplink', words: ['wg0'] },
        { code: 'not-masqueraded', words: ['2001:db8:40::2'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['server', 'ip -6 rule add pref 75 lookup 1005']],
  },
  {
    name: 'singbox-redirects-the-hosts-own-service-to-a-closed-port',
    thread: {
      title: 'TUN中的auto_redirect选项破坏了系统防火墙的功能',
      address: 'https://github.com/SagerNet/sing-box/issues/3584',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [HTTPS, { protocol: 'tcp', port: 43889 }],
      rules: {
        nft: `table inet nixos-fw {
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 68 . 67, 67 . 68 } accept comment "DHCPv4 client/server"
    fib saddr . mark . iif oif exists accept
    jump rpfilter-allow
  }
  chain rpfilter-allow {
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "trusted interfaces"
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }
  }
  chain input-allow {
    tcp dport { 22, 443 } accept
    icmp type echo-request accept comment "allow ping"
    icmpv6 type != { nd-redirect, 139 } accept
  }
}
table inet sing-box {
  set inet4_local_address_set {
    type ipv4_addr
    flags interval
    elements = { 127.0.0.0/8, 172.19.0.0/30 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat + 1; policy accept;
    iifname "tun0" return
    ip daddr @inet4_local_address_set return
    meta nfproto ipv4 meta l4proto tcp counter redirect to :43889
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The proxy redirects every TCP connection that comes in to its own port, one to the host's open port 443 as well, and the firewall does not accept that port.",
      causes: [
        { rule: 'redirect to :43889', chain: 'inet sing-box prerouting' },
        { policy: 'inet nixos-fw input' },
        { chain: 'inet nixos-fw input-allow' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'nft insert rule inet sing-box prerouting fib daddr type local return']],
  },
  {
    name: 'singbox-sends-dns-to-a-tunnel-that-does-not-answer',
    thread: {
      title: 'Hardcoded DNS hijacking via nftables DNAT when using Tun with auto_redirect',
      address: 'https://github.com/SagerNet/sing-box/issues/3705',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['192.168.1.20/24', 'fd00:1::20/64'] },
        routes: ['default via 192.168.1.1', 'default via fd00:1::1'],
      },
      router: {
        addresses: { 'br-lan': ['192.168.1.1/24', 'fd00:1::1/64'], tun0: ['192.168.4.9/30', 'fd32:c735:db91::1/126'] },
        bridges: { 'br-lan': ['lan1'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [DNS, { ...DNS, address: 'fd00:1::1' }, { ...SSH, address: 'fd00:1::1' }],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    iifname { "br-lan", "tun0" } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "br-lan" oifname "tun0" accept
  }
}
table inet sing-box {
  set inet4_local_address_set {
    type ipv4_addr
    flags interval
    elements = { 127.0.0.0/8, 192.168.1.0/24, 192.168.4.8/30 }
  }
  set inet6_local_address_set {
    type ipv6_addr
    flags interval
    elements = { ::1, fd00:1::/64, fd32:c735:db91::/126, fe80::/10 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat + 1; policy accept;
    iifname "tun0" return
    ip saddr @inet4_local_address_set meta l4proto { tcp, udp } th dport 53 counter dnat ip to 192.168.4.10
    ip6 saddr @inet6_local_address_set meta l4proto { tcp, udp } th dport 53 counter dnat ip6 to fd32:c735:db91::2
    fib daddr type { local, broadcast, anycast, multicast } return
  }
}
`,
        },
      },
      singbox: {
        addresses: { tun0: ['192.168.4.10/30', 'fd32:c735:db91::2/126'] },
        routes: ['default via 192.168.4.9', 'default via fd32:c735:db91::1'],
        listeners: [DNS],
        rules: {
          nft: 'table ip6 quiet {\n  chain input { type filter hook input priority filter; policy accept; udp dport 53 drop; }\n}\n',
        },
      },
    },
    links: [
      ['client:eth0', 'router:lan1'],
      ['router:tun0', 'singbox:tun0'],
    ],
    traced: 'router',
    fails: { from: 'client', what: 'udp', to: 'fd00:1::1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00:1::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The proxy's rule sends every DNS query of the LAN into its tunnel, also one to the router's own resolver, and at the tunnel's IPv6 address nothing answers it.",
      causes: [{ rule: 'dnat ip6 to fd32:c735:db91::2', chain: 'inet sing-box prerouting' }],
      status: ['unanswered'],
    },
    mend: [['router', 'nft insert rule inet sing-box prerouting ip6 daddr fd00:1::1 udp dport 53 return']],
  },
]

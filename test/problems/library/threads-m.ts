/** Routers with two ways out, from threads: an own address behind the tunnel, a source of the other interface, a strict filter. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_M: Problem[] = [
  {
    name: 'netbird-accepts-the-network-and-not-its-own-address-there',
    thread: {
      title: 'Input chain rules on routing peers for subnet resources',
      address: 'https://github.com/netbirdio/netbird/issues/4417',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { wt0: ['100.90.0.5/16'] }, routes: ['192.168.0.0/16 via 100.90.0.1'] },
      node: {
        addresses: { wt0: ['100.90.0.1/16'], eth0: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, HTTPS],
        rules: {
          nft: `table ip netbird {
  set nb0000001 {
    type ipv4_addr
    flags dynamic
    elements = { 100.90.0.5, 100.90.0.6 }
  }
  set nb-a7c1 {
    type ipv4_addr
    flags interval
    elements = { 100.90.0.5 }
  }
  chain netbird-rt-fwd {
    ct state established,related counter accept
    ip saddr @nb-a7c1 ip daddr 192.168.0.0/16 counter accept
  }
  chain netbird-rt-postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    ip saddr 100.90.0.0/16 ip daddr 192.168.0.0/16 oifname "eth0" counter masquerade
  }
  chain netbird-acl-input-rules {
    ct state established,related counter accept
    ip saddr @nb0000001 tcp dport 22 counter accept
  }
  chain netbird-acl-input-filter {
    type filter hook input priority filter; policy accept;
    iifname "wt0" jump netbird-acl-input-rules
    iifname "wt0" counter drop
  }
  chain netbird-acl-forward-filter {
    type filter hook forward priority filter; policy accept;
    meta mark 0x0001bd20 accept
    iifname "wt0" jump netbird-rt-fwd
    iifname "wt0" counter drop
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "wt0" } accept
    icmp type echo-request accept
    tcp dport { 22, 443 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "wt0" oifname "eth0" accept
  }
}
`,
        },
      },
      nas: { addresses: { eth0: ['192.168.1.20/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['peer:wt0', 'node:wt0'],
      ['node:eth0', 'nas:eth0'],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'tcp', to: '192.168.1.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '192.168.1.20', port: 443 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '100.90.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '100.90.0.1', port: 443 }, seen: 'nothing' },
      { sending: { from: 'nas', what: 'tcp', to: '192.168.1.1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The access rule for the network stands among those for what is forwarded; the routing peer's own address in it is reached by input, where netbird drops what no rule of its own accepts.",
      causes: [
        { rule: 'iifname "wt0" counter drop', chain: 'ip netbird netbird-acl-input-filter' },
        { chain: 'ip netbird netbird-acl-input-rules' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'nft add rule ip netbird netbird-acl-input-rules ip saddr @nb-a7c1 ip daddr 192.168.0.0/16 counter accept',
      ],
    ],
  },
  {
    name: 'nat-rust-snat-has-the-address-of-the-other-interface',
    thread: {
      title: 'fix: 使用masquerade简化SNAT处理，特别是多网卡的情况下',
      address: 'https://github.com/arloor/nftables-nat-rust/pull/39',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] } },
      relay: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['10.0.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip self-nat {
  chain PREROUTING {
    type nat hook prerouting priority -110; policy accept;
    tcp dport 10022 counter dnat to 203.0.113.9:22 comment "20000,22,example.com"
    tcp dport 8443 counter dnat to 10.0.0.20:443 comment "8443,443,inner.example.com"
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip daddr 203.0.113.9 tcp dport 22 counter snat to 203.0.113.1
    ip daddr 10.0.0.20 tcp dport 443 counter snat to 203.0.113.1
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    oifname "eth1" counter masquerade
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    icmp type echo-request accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct status dnat accept
  }
}
`,
        },
      },
      inner: { addresses: { eth0: ['10.0.0.20/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['client:eth0', 'relay:eth0'],
      ['relay:eth1', 'inner:eth0'],
    ],
    traced: 'relay',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 8443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'relay', what: 'ping', to: '10.0.0.20' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The program writes the address of the machine's first interface as the source of all that it redirects; this leaves by the other one, to a machine that has no route to that address. The masquerade behind it comes too late.",
      causes: [
        { rule: 'ip daddr 10.0.0.20 tcp dport 443 counter snat to 203.0.113.1', chain: 'ip self-nat POSTROUTING' },
        { code: 'snat-changed-source', words: ['203.0.113.1'] },
      ],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['snat-changed-source'],
    },
    mend: [
      [
        'relay',
        'nft insert rule ip self-nat POSTROUTING ip daddr 10.0.0.20 tcp dport 443 oifname eth1 counter masquerade',
      ],
    ],
  },
  {
    name: 'vpn-policy-routing-strict-filter-takes-the-tunnels-replies',
    thread: {
      title: '[VPR] no WG traffic with kernel reverse-path strict filter enabled',
      address: 'https://github.com/stangri/source.openwrt.melmac.ca/issues/41',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.50/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], wg0: ['10.9.0.2/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.all.rp_filter': '1' },
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:VPR_PREROUTING - [0:0]
-A PREROUTING -m mark --mark 0x0/0xff0000 -j VPR_PREROUTING
-A FORWARD -o wg0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A VPR_PREROUTING -s 192.168.1.50/32 -p tcp -m multiport --dports 80,443 -m comment --comment Media -j MARK --set-xmark 0x20000/0xff0000
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:zone_wan_postrouting - [0:0]
:zone_wg_postrouting - [0:0]
-A POSTROUTING -o wan -j zone_wan_postrouting
-A POSTROUTING -o wg0 -j zone_wg_postrouting
-A zone_wan_postrouting -j MASQUERADE
-A zone_wg_postrouting -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
-A FORWARD -i lan -o wg0 -j ACCEPT
COMMIT
`,
        },
      },
      isp: {
        addresses: { eth1: ['203.0.113.254/24'], eth0: ['198.51.100.1/24'] },
        sysctls: { 'net.ipv4.ip_forward': '1' },
      },
      vpn: {
        addresses: { wg0: ['10.9.0.1/24'], eth0: ['198.51.100.2/24'] },
        sysctls: { 'net.ipv4.ip_forward': '1' },
      },
      exchange: { bridges: { ix0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      media: {
        addresses: { eth0: ['198.51.100.9/24'] },
        routes: ['203.0.113.0/24 via 198.51.100.1', '10.9.0.0/24 via 198.51.100.2'],
        listeners: [HTTPS, { protocol: 'tcp', port: 8080 }],
        // a service for the provider's own customers
        rules: {
          nft: 'table ip media {\n  chain input { type filter hook input priority filter; policy accept; tcp dport 8080 ip saddr != 203.0.113.0/24 drop; }\n}\n',
        },
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'isp:eth1'],
      ['router:wg0', 'vpn:wg0'],
      ['isp:eth0', 'exchange:p1'],
      ['vpn:eth0', 'exchange:p2'],
      ['media:eth0', 'exchange:p3'],
    ],
    traced: 'router',
    setup: [['router', 'ip route add default via 10.9.0.1 table 202; ip rule add fwmark 0x20000/0xff0000 lookup 202']],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 8080 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '10.9.0.1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '198.51.100.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The mark sends the request into the tunnel; its reply has none, so the strict reverse-path filter sees that the route to its source leaves by the uplink, and drops it.',
      causes: [{ code: 'vanished-rp-filter' }, { code: 'reply-dropped', words: ['rp_filter'] }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['router', 'sysctl -qw net.ipv4.conf.all.rp_filter=2']],
  },
]

/** From threads: a mark that the router has already, a prefix that nobody answers for; and healthy ones: translations that are wider than they need be, a mark that leads out elsewhere. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const
const CHAINS = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const MANGLE = CHAINS.replace(':OUTPUT', ':FORWARD ACCEPT [0:0]\n:OUTPUT')

export const THREADS_AO_3: Problem[] = [
  {
    name: 'split-vpn-mark-is-one-that-the-router-sets-itself',
    thread: {
      title: 'MARK=0x9 conflicts with UDMPro',
      address: 'https://github.com/peacey/split-vpn/issues/95',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      provider: {
        addresses: { eth0: ['10.9.0.2/24'], lo: ['198.51.100.9/32'] },
        listeners: WEB,
      },
      router: {
        addresses: {
          eth8: ['203.0.113.1/24'],
          wg0: ['10.9.0.1/24'],
          br0: ['192.168.1.1/24'],
          br6: ['192.168.6.1/24'],
          br40: ['192.168.40.1/24'],
        },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
${MANGLE}:UBIOS_PREROUTING_IPS - [0:0]
:VPN_PREROUTING - [0:0]
-A PREROUTING -j UBIOS_PREROUTING_IPS
-A PREROUTING -j VPN_PREROUTING
-A UBIOS_PREROUTING_IPS -i br0 -j MARK --set-xmark 0x9/0xffffffff
-A VPN_PREROUTING -i br6 -j MARK --set-xmark 0x9/0xffffffff
COMMIT
*nat
${CHAINS}:UBIOS_POSTROUTING_USER_HOOK - [0:0]
:VPN_POSTROUTING - [0:0]
-A POSTROUTING -j VPN_POSTROUTING
-A POSTROUTING -j UBIOS_POSTROUTING_USER_HOOK
-A UBIOS_POSTROUTING_USER_HOOK -o eth8 -j MASQUERADE
-A VPN_POSTROUTING -o wg0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:UBIOS_FORWARD_USER_HOOK - [0:0]
:VPN_FORWARD - [0:0]
-A FORWARD -j VPN_FORWARD
-A FORWARD -j UBIOS_FORWARD_USER_HOOK
-A UBIOS_FORWARD_USER_HOOK -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A UBIOS_FORWARD_USER_HOOK -i eth8 -j DROP
-A UBIOS_FORWARD_USER_HOOK -i br0 -o br40 -j RETURN
-A UBIOS_FORWARD_USER_HOOK -i br40 -o br0 -j DROP
-A VPN_FORWARD -i wg0 -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP
-A VPN_FORWARD -i br6 -o eth8 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      tv: { addresses: { eth0: ['192.168.6.10/24'] }, routes: ['default via 192.168.6.1'] },
      camera: { addresses: { eth0: ['192.168.40.10/24'] }, routes: ['default via 192.168.40.1'], listeners: WEB },
    },
    links: [
      ['remote:eth0', 'router:eth8'],
      ['provider:eth0', 'router:wg0'],
      ['router:br0', 'pc:eth0'],
      ['router:br6', 'tv:eth0'],
      ['router:br40', 'camera:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', 'ip route add default via 10.9.0.2 dev wg0 table 101; ip rule add pref 99 fwmark 0x9 lookup 101'],
    ],
    fails: { from: 'pc', what: 'tcp', to: '192.168.40.10', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'tv', what: 'tcp', to: '198.51.100.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '192.168.40.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The routing rule sends whatever has mark 0x9 to the table of the tunnel, and the router gives that very mark to all that comes from its first network.',
      causes: [
        { code: 'wrong-way-out', words: ['0x9'] },
        { rule: '-i br0 -j MARK --set-xmark 0x9', chain: 'mangle UBIOS_PREROUTING_IPS' },
      ],
      status: ['unanswered', 'lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [
      [
        'router',
        'iptables -t mangle -F VPN_PREROUTING; iptables -t mangle -A VPN_PREROUTING -i br6 -j MARK --set-xmark 0x696af100; ip rule add pref 99 fwmark 0x696af100 lookup 101; ip rule del pref 99 fwmark 0x9',
      ],
    ],
  },
  {
    name: 'netmap-of-ipv6-to-a-prefix-that-nobody-answers-for',
    thread: {
      title: 'NETMAP-style rewriting of solicitations and advertisements',
      address: 'https://github.com/DanielAdolfsson/ndppd/issues/53',
    },
    backend: 'iptables-legacy',
    hosts: {
      upstream: {
        addresses: { eth0: ['2001:db8:aaaa::1/64'], lo: ['2001:db8:f::9/128'] },
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
      },
      router: {
        addresses: { eth0: ['2001:db8:aaaa::2/64'], eth1: ['2001:db8:ffff::1/64'] },
        routes: ['default via 2001:db8:aaaa::1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
        rules: {
          v6: `*nat
${CHAINS}-A PREROUTING -d 2001:db8:aaaa::/64 -i eth0 -j NETMAP --to 2001:db8:ffff::/64
-A POSTROUTING -s 2001:db8:ffff::/64 -o eth0 -j NETMAP --to 2001:db8:aaaa::/64
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth1 -o eth0 -j ACCEPT
-A FORWARD -p ipv6-icmp -j ACCEPT
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['2001:db8:ffff::10/64'] }, routes: ['default via 2001:db8:ffff::1'] },
    },
    links: [
      ['upstream:eth0', 'router:eth0'],
      ['router:eth1', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:ffff::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:f::9' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The mapped address is of the network of the link, so whoever replies asks for its neighbour there, and no machine of the link has that address or answers for it.',
      causes: [
        { code: 'proxy-missing', words: ['2001:db8:aaaa::10'] },
        { code: 'not-masqueraded', words: ['2001:db8:aaaa::10', 'neighbour solicitations'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['router', 'sysctl -qw net.ipv6.conf.eth0.proxy_ndp=1; ip -6 neigh add proxy 2001:db8:aaaa::10 dev eth0']],
  },
  {
    name: 'healthy-snat-of-one-network-towards-another-of-the-same-router',
    thread: {
      title: 'SNAT and DNAT should consider interface settings.',
      address: 'https://github.com/ipfire/ipfire-2.x/pull/48',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      router: {
        addresses: {
          red0: ['203.0.113.2/24', '203.0.113.3/24'],
          green0: ['192.168.1.1/24'],
          orange0: ['192.168.3.1/24'],
        },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${CHAINS}:NAT_SOURCE - [0:0]
:REDNAT - [0:0]
-A POSTROUTING -j NAT_SOURCE
-A POSTROUTING -j REDNAT
-A NAT_SOURCE -s 192.168.3.0/24 -j SNAT --to-source 203.0.113.3
-A REDNAT -o red0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:FORWARDFW - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j FORWARDFW
-A FORWARDFW -s 192.168.3.0/24 -o red0 -j ACCEPT
-A FORWARDFW -s 192.168.3.0/24 -d 192.168.1.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
        },
      },
      files: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: WEB },
      web: { addresses: { eth0: ['192.168.3.10/24'] }, routes: ['default via 192.168.3.1'] },
    },
    links: [
      ['remote:eth0', 'router:red0'],
      ['router:green0', 'files:eth0'],
      ['router:orange0', 'web:eth0'],
    ],
    traced: 'router',
    fails: { from: 'web', what: 'tcp', to: '192.168.1.10', port: 80 },
    seen: 'answered',
    others: [{ sending: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
  {
    name: 'healthy-prefix-of-snat-that-is-a-range-of-addresses',
    thread: { title: 'How to create SNPT', address: 'https://github.com/google/nftables/issues/116' },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:5::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
      },
      router: {
        addresses: { eth0: ['2001:db8:f::1/64'], eth1: ['fc00:2::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip6 nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain INPUT {
    type nat hook input priority 100; policy accept;
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter ip6 saddr fc00:2::/64 snat to 2001:5::/64 comment "NPT-NAT-1"
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['fc00:2::10/64'] }, routes: ['default via fc00:2::1'] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth1', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'answered',
    others: [{ sending: { from: 'pc', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
  {
    name: 'healthy-mark-at-output-leads-out-by-another-link-than-the-sources',
    thread: {
      title: 'Verify the nftables route chain, family qualifier and rule merge on a real firewall',
      address: 'https://github.com/Linuxfabrik/firewallfabrik/issues/171',
    },
    backend: 'nft',
    hosts: {
      first: { addresses: { eth0: ['192.0.2.1/24'] } },
      firewall: {
        addresses: { eth0: ['192.0.2.2/24'], eth1: ['198.51.100.2/24'] },
        routes: ['default via 192.0.2.1'],
        rules: {
          nft: `table inet fwf_mangle {
  chain output {
    type route hook output priority mangle; policy accept;
    meta l4proto tcp tcp dport 25 counter meta mark set 0x00000007
  }
}
table inet fwf_nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth1" masquerade
  }
}
table inet fwf_filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    icmp type echo-request accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    ct state established,related accept
    oifname "eth1" tcp dport 25 accept
    oifname "eth0" accept
  }
}
`,
        },
      },
      second: {
        addresses: { eth0: ['198.51.100.1/24'], lo: ['203.0.113.9/32'] },
        listeners: [{ protocol: 'tcp', port: 25 }],
      },
    },
    links: [
      ['first:eth0', 'firewall:eth0'],
      ['firewall:eth1', 'second:eth0'],
    ],
    traced: 'firewall',
    setup: [['firewall', 'ip rule add fwmark 7 table 100; ip route add default via 198.51.100.1 table 100']],
    fails: { from: 'firewall', what: 'tcp', to: '203.0.113.9', port: 25 },
    seen: 'answered',
    others: [{ sending: { from: 'firewall', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['firewall', 'true']],
  },
]

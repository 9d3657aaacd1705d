/** Marks and zones that do not do what was meant, from threads: bits that a rule clears, a rule that makes unreachable, one way alone. */
import type { Rules } from '../../../src/demo/incident.ts'
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

/**
 * `pc` behind `router`, whose provider `isp` lets nothing through to the site's address 9, and `vpn` at its interface
 * `tun0`, by which everything of the site is reached.
 */
export const blockedUpstream = (family: 4 | 6, rules: Rules): Pick<Problem, 'hosts' | 'links' | 'traced'> => {
  const net = (n: '1' | '2' | 'a' | 'd' | 'e', host: string) =>
    family === 6
      ? `2001:db8:${n}::${host}`
      : `${{ 1: '192.168.1', 2: '203.0.113', a: '10.8.0', d: '192.0.2', e: '198.51.100' }[n]}.${host}`
  const with_ = (address: string) => [`${address}/${family === 6 ? 64 : 24}`]
  const word = family === 6 ? 'ip6' : 'ip'
  const all = (n: 'e' | '1' | 'd') => `${net(n, family === 6 ? '' : '0')}/${family === 6 ? 64 : 24}`
  return {
    hosts: {
      pc: { addresses: { eth0: with_(net('1', '10')) }, routes: [`default via ${net('1', '1')}`] },
      router: {
        addresses: { lan: with_(net('1', '1')), wan: with_(net('2', '1')), tun0: with_(net('a', '1')) },
        routes: [`default via ${net('2', '2')}`],
        sysctls: FORWARDS,
        rules,
      },
      isp: {
        addresses: { eth0: with_(net('2', '2')), eth1: with_(net('e', '1')) },
        routes: [`${all('1')} via ${net('2', '1')}`],
        sysctls: FORWARDS,
        rules: {
          nft: `table ${word} edge {\n  chain forward { type filter hook forward priority filter; policy accept; ${word} daddr ${net('e', '9')} drop; }\n}\n`,
        },
      },
      vpn: {
        addresses: { eth0: with_(net('a', '2')), eth1: with_(net('d', '1')) },
        routes: [`${all('e')} via ${net('d', '9')}`, `${all('1')} via ${net('a', '1')}`],
        sysctls: FORWARDS,
        rules: {
          nft: `table ${word} nat {\n  chain postrouting { type nat hook postrouting priority srcnat; policy accept; oifname "eth1" masquerade; }\n}\n`,
        },
      },
      site: {
        addresses: { eth0: [...with_(net('e', '9')), ...with_(net('e', '10'))], eth1: with_(net('d', '9')) },
        routes: [`default via ${net('e', '1')}`],
        listeners: family === 6 ? [{ protocol: 'tcp', address: '::', port: 443 }] : [HTTPS],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'isp:eth0'],
      ['router:tun0', 'vpn:eth0'],
      ['isp:eth1', 'site:eth0'],
      ['vpn:eth1', 'site:eth1'],
    ],
    traced: 'router',
  }
}

export const LOST_MARKS: Problem[] = [
  {
    name: 'firewalld-rich-mark-keeps-the-masked-bits-alone',
    thread: {
      title: 'Rich rules setting mark behave differently between iptables and nftables backends',
      address: 'https://github.com/firewalld/firewalld/issues/1564',
    },
    backend: 'nft',
    ...blockedUpstream(4, {
      nft: `table inet pbr {
  chain prerouting {
    type filter hook prerouting priority mangle - 1; policy accept;
    iifname "lan" ip daddr 198.51.100.0-198.51.100.9 meta mark set meta mark | 0x00010000
  }
}
table inet firewalld {
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
    iifname "lan" goto mangle_PRE_internal
  }
  chain mangle_PRE_internal {
    jump mangle_PRE_internal_allow
  }
  chain mangle_PRE_internal_allow {
    ip saddr 192.168.1.0/24 meta mark set meta mark & 0x00003f00 ^ 0x00000200
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lan" accept
    reject with icmpx admin-prohibited
  }
}
`,
    }),
    setup: [
      [
        'router',
        'ip rule add fwmark 0x10000/0xff0000 priority 30000 lookup 256; ip route add default via 10.8.0.2 table 256',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '198.51.100.10', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        "firewalld's rule keeps the bits under its mask and clears all others, where it should do the opposite: the mark that leads into the tunnel is gone before routing.",
      causes: [{ rule: 'meta mark & 0x00003f00', chain: 'inet firewalld mangle_PRE_internal_allow' }],
      status: ['unanswered'],
    },
    mend: [
      [
        'router',
        'nft flush chain inet firewalld mangle_PRE_internal_allow; nft add rule inet firewalld mangle_PRE_internal_allow ip saddr 192.168.1.0/24 meta mark set meta mark \\& 0xffffc0ff ^ 0x00000200',
      ],
    ],
  },
  {
    name: 'domain-vpn-routing-makes-its-mark-unreachable',
    thread: {
      title: 'domain_vpn_routing-beta.sh does not route to the vpn interface',
      address: 'https://github.com/Ranger802004/asusmerlin/issues/66',
    },
    backend: 'iptables-legacy',
    ...blockedUpstream(4, {
      ipset: 'create DVR-ipleak-v4 hash:ip\nadd DVR-ipleak-v4 198.51.100.9\n',
      v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i tun0 -j MARK --set-xmark 0x1/0x1
-A PREROUTING -m set --match-set DVR-ipleak-v4 dst -j MARK --set-xmark 0xb000/0xf000
-A OUTPUT -m set --match-set DVR-ipleak-v4 dst -j MARK --set-xmark 0xb000/0xf000
COMMIT
`,
    }),
    setup: [
      [
        'router',
        'ip rule add from all fwmark 0xb000/0xf000 priority 7000 unreachable; ip route add default via 10.8.0.2 table 120',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'unreachable',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '198.51.100.10', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        'The script takes the tunnel for down and has put a rule there by which what has the mark is unreachable; the rule that leads into its table is missing.',
      causes: [
        { code: 'vanished-no-route', words: ['0xb000'] },
        { rule: '--match-set DVR-ipleak-v4 dst -j MARK', chain: 'mangle PREROUTING' },
      ],
      status: ['lost'],
    },
    mend: [
      [
        'router',
        'ip rule del fwmark 0xb000/0xf000 priority 7000 unreachable; ip rule add fwmark 0xb000/0xf000 priority 7000 lookup 120',
      ],
    ],
  },
  {
    name: 'metal-stack-puts-all-queries-into-the-zone-of-its-proxy',
    thread: {
      title: 'Dropped DNS replies from non-intercepted nameservers due to conntrack zone mismatch',
      address: 'https://github.com/metal-stack/firewall-controller/issues/223',
    },
    backend: 'nft',
    hosts: {
      worker: { addresses: { eth0: ['10.1.4.2/22'] }, routes: ['default via 10.1.4.1'] },
      firewall: {
        addresses: { vlan63: ['10.1.4.1/22'], vlan104009: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ ...DNS, address: '203.0.113.1' }],
        rules: {
          nft: `table inet nat {
  set proxy_dns_servers {
    type ipv4_addr
    elements = { 203.0.113.53 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr @proxy_dns_servers iifname "vlan63" tcp dport 53 dnat ip to 203.0.113.1 comment "dnat to dns proxy"
    ip daddr @proxy_dns_servers iifname "vlan63" udp dport 53 dnat ip to 203.0.113.1 comment "dnat to dns proxy"
  }
  chain prerouting_ct {
    type filter hook prerouting priority raw; policy accept;
    iifname "vlan63" tcp dport 53 ct zone set 3
    iifname "vlan63" udp dport 53 ct zone set 3
  }
  chain output_ct {
    type filter hook output priority raw; policy accept;
    oifname "vlan63" tcp sport 53 ct zone set 3
    oifname "vlan63" udp sport 53 ct zone set 3
  }
}
table inet firewall {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.1.4.0/22 oifname "vlan104009" counter snat ip to 203.0.113.1 comment "snat for internet"
  }
}
table inet metal {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip saddr 10.0.0.0/8 udp dport 53 ip daddr 203.0.113.1 accept comment "dnat to dns proxy"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip saddr 10.1.4.0/22 oifname "vlan104009" udp dport 53 accept
    ip saddr 10.1.4.0/22 oifname "vlan104009" tcp dport { 53, 443 } accept
  }
}
`,
        },
      },
      internet: { addresses: { eth0: ['203.0.113.99/24'] }, listeners: [DNS, HTTPS] },
    },
    links: [
      ['worker:eth0', 'firewall:vlan63'],
      ['firewall:vlan104009', 'internet:eth0'],
    ],
    traced: 'firewall',
    fails: { from: 'worker', what: 'udp', to: '203.0.113.99', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'worker', what: 'udp', to: '203.0.113.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'worker', what: 'tcp', to: '203.0.113.99', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'All queries of the workers are tracked in zone 3, and what comes back from the internet in the default one: conntrack knows no query to it, nobody rewrites it, and input drops it.',
      causes: [{ rule: 'udp dport 53 ct zone set 3', chain: 'inet nat prerouting_ct' }, { code: 'other-zone' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'firewall',
        'nft flush chain inet nat prerouting_ct; nft add rule inet nat prerouting_ct iifname vlan63 ip daddr @proxy_dns_servers udp dport 53 ct zone set 3',
      ],
    ],
  },
]

/** By nft, from threads: a limit in bytes at a bridge, zones without a policy of states, policies in another order than meant; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const SSH6 = { ...SSH, address: '::' } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SPEED = { protocol: 'udp', port: 5201 } as const

const DESKTOP = '3c:7c:3f:23:5c:50'

/** As firewalld writes a chain of a policy: its five parts, of which one has rules, and how it ends. */
const policy = (name: string, allow: string, end = '') => `  chain filter_IN_policy_${name} {
    jump filter_IN_policy_${name}_pre
    jump filter_IN_policy_${name}_deny
    jump filter_IN_policy_${name}_allow
    jump filter_IN_policy_${name}_post
    ${end}
  }
  chain filter_IN_policy_${name}_pre {
  }
  chain filter_IN_policy_${name}_deny {
  }
  chain filter_IN_policy_${name}_allow {
    ${allow}
  }
  chain filter_IN_policy_${name}_post {
  }
`

export const THREADS_AT: Problem[] = [
  {
    name: 'openwrt-bridge-limit-spares-a-desktop-as-receiver-alone',
    thread: {
      title: 'nftables issue with rate limiting',
      address: 'https://github.com/openwrt/openwrt/issues/14845',
    },
    backend: 'nft',
    hosts: {
      desktop: { addresses: { eth0: ['192.168.1.10/24'] }, listeners: [SPEED] },
      tv: { addresses: { eth0: ['192.168.1.20/24'] } },
      ap: {
        addresses: { 'br-lan': ['192.168.1.1/24'] },
        bridges: { 'br-lan': ['lan1', 'lan2', 'lan3'] },
        listeners: [SSH],
        rules: {
          nft: `table bridge dqos {
  chain download {
    type filter hook postrouting priority 0; policy accept;
    ether daddr 98:0d:af:45:29:05 accept
    ether daddr ${DESKTOP} accept
    limit rate over 1 kbytes/second drop
  }
  chain upload {
    type filter hook prerouting priority 0; policy accept;
    ether saddr 98:0d:af:45:29:05 accept
    ether saddr ${DESKTOP} accept
    limit rate over 1 kbytes/second drop
  }
}
table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "br-lan" accept comment "!fw4: Accept lan"
  }
}
`,
        },
      },
      nas: { addresses: { eth0: ['192.168.1.2/24'] }, listeners: [HTTPS, SPEED] },
    },
    links: [
      ['desktop:eth0', 'ap:lan1'],
      ['tv:eth0', 'ap:lan2'],
      ['ap:lan3', 'nas:eth0'],
    ],
    traced: 'ap',
    setup: [['desktop', `ip link set eth0 address ${DESKTOP}`]],
    fails: { from: 'desktop', what: 'udp', to: '192.168.1.2', port: 5201, bytes: 1400 },
    seen: 'nothing',
    others: [
      { sending: { from: 'desktop', what: 'udp', to: '192.168.1.2', port: 5201 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'udp', to: '192.168.1.10', port: 5201, bytes: 1400 }, seen: 'nothing' },
      { sending: { from: 'tv', what: 'udp', to: '192.168.1.2', port: 5201, bytes: 1400 }, seen: 'nothing' },
      { sending: { from: 'desktop', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'What the desktop sends is spared in the chain upload. At the port of the NAS the chain download looks at it as well, by its receiver, and the NAS is not spared there: a datagram that is larger than what the limit lets through in a second is dropped.',
      causes: [{ rule: 'limit rate over', chain: 'bridge dqos download' }],
      status: ['dropped'],
    },
    mend: [['ap', `nft insert rule bridge dqos download ether saddr ${DESKTOP} accept`]],
  },
  {
    name: 'vyos-zones-have-no-policy-of-states',
    thread: {
      title: 'T5775: firewall: re-add state-policy to firewall. These commands are …',
      address: 'https://github.com/vyos/vyos-1x/pull/2539',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip vyos_nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter jump VYOS_PRE_SNAT_HOOK
    oifname "eth0" ip saddr 192.168.1.0/24 counter masquerade comment "SRC-NAT-100"
  }
  chain VYOS_PRE_SNAT_HOOK {
    return
  }
}
table ip vyos_filter {
  chain VYOS_FORWARD_filter {
    type filter hook forward priority filter; policy accept;
    ip protocol gre counter drop comment "ipv4-FWD-filter-101"
    counter accept comment "FWD-filter default-action accept"
  }
  chain VYOS_INPUT_filter {
    type filter hook input priority filter; policy accept;
    counter accept comment "INP-filter default-action accept"
  }
  chain VYOS_FRAG_MARK {
    type filter hook prerouting priority -450; policy accept;
    ip frag-off & 16383 != 0 meta mark set 0x000ffff1 return
  }
  chain VYOS_ZONE_FORWARD {
    type filter hook forward priority filter + 1; policy accept;
    oifname "eth1" counter jump VZONE_LAN
    oifname "eth0" counter jump VZONE_WAN
  }
  chain VYOS_ZONE_LOCAL {
    type filter hook input priority filter + 1; policy accept;
    counter jump VZONE_LOCAL_IN
  }
  chain VZONE_LAN {
    iifname "eth1" counter return
    iifname "eth0" counter jump NAME_WAN_to_LAN
    iifname "eth0" counter return
    counter drop comment "zone_LAN default-action drop"
  }
  chain VZONE_WAN {
    iifname "eth0" counter return
    iifname "eth1" counter jump NAME_LAN_to_WAN
    iifname "eth1" counter return
    counter drop comment "zone_WAN default-action drop"
  }
  chain VZONE_LOCAL_IN {
    iifname "lo" counter return
    iifname "eth1" counter jump NAME_LAN_to_LOCAL
    iifname "eth1" counter return
    iifname "eth0" counter jump NAME_WAN_to_LOCAL
    iifname "eth0" counter return
    counter drop comment "zone_LOCAL default-action drop"
  }
  chain NAME_LAN_to_LOCAL {
    counter accept comment "ipv4-NAM-LAN_to_LOCAL-10"
    counter drop comment "LAN_to_LOCAL default-action drop"
  }
  chain NAME_LAN_to_WAN {
    counter accept comment "LAN_to_WAN default-action accept"
  }
  chain NAME_WAN_to_LAN {
    counter drop comment "WAN_to_LAN default-action drop"
  }
  chain NAME_WAN_to_LOCAL {
    ip saddr 192.168.0.0/16 counter accept comment "ipv4-NAM-WAN_to_LOCAL-10"
    counter drop comment "WAN_to_LOCAL default-action drop"
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: [SSH] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth1', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'ping', to: '192.168.1.10' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'LAN_to_WAN accepts the request. Its reply comes in from WAN, and WAN_to_LAN drops whatever comes: no rule accepts what belongs to an established connection.',
      causes: [
        { rule: 'WAN_to_LAN default-action drop', chain: 'ip vyos_filter NAME_WAN_to_LAN' },
        { chain: 'ip vyos_filter NAME_WAN_to_LAN' },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['router', 'nft insert rule ip vyos_filter NAME_WAN_to_LAN ct state established,related counter accept']],
  },
  {
    name: 'firewalld-policy-that-drops-the-rest-comes-before-samba',
    thread: {
      title: 'Policies priority handling issue',
      address: 'https://github.com/firewalld/firewalld/issues/1417',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:1::2/64'] },
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
      },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        listeners: [SSH6, { protocol: 'tcp', port: 445, address: '::' }, { protocol: 'tcp', port: 23, address: '::' }],
        rules: {
          nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_POLICIES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_POLICIES {
    iifname "eth0" jump filter_IN_policy_allow-host-ipv6
    iifname "eth0" jump filter_IN_policy_ssh
    iifname "eth0" jump filter_IN_policy_drop-rest
    iifname "eth0" jump filter_IN_policy_samba
    iifname "eth0" jump filter_IN_public
    iifname "eth0" reject with icmpx admin-prohibited
  }
${policy('allow-host-ipv6', 'icmpv6 type { nd-neighbor-advert, nd-neighbor-solicit, nd-router-advert, nd-redirect } accept')}
${policy('ssh', 'tcp dport 22 accept')}
${policy('drop-rest', '', 'drop')}
${policy('samba', 'tcp dport 445 accept\n    udp dport { 137, 138 } accept')}
  chain filter_IN_public {
    meta l4proto { icmp, ipv6-icmp } accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 445 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 23 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'nothing' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The policy that drops the rest is called before the policy of samba, whose rule accepts the port and is never reached.',
      causes: [
        { rule: 'drop', chain: 'inet firewalld filter_IN_policy_drop-rest' },
        { rule: 'tcp dport 445 accept', chain: 'inet firewalld filter_IN_policy_samba_allow' },
        { rule: 'drop-rest', chain: 'inet firewalld filter_INPUT_POLICIES' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'nft insert rule inet firewalld filter_INPUT_POLICIES iifname eth0 jump filter_IN_policy_samba']],
  },
  {
    name: 'healthy-output-is-logged-as-dropped-and-accepted-by-its-policy',
    thread: {
      title: 'fix: nftables_ipv6_enabled does not block IPv6 and output log prefix reports false drops',
      address: 'https://github.com/grzegorzfranus/ansible-role-nftables/issues/80',
    },
    backend: 'nft',
    hosts: {
      clock: { addresses: { ens3: ['203.0.113.9/24'] }, listeners: [{ protocol: 'udp', port: 123 }] },
      server: {
        addresses: { ens3: ['203.0.113.1/24'] },
        listeners: [
          { protocol: 'tcp', port: 2202 },
          { protocol: 'tcp', port: 25 },
        ],
        rules: {
          nft: `table inet filter {
  set blocked {
    type ipv4_addr
    flags interval
    elements = { 198.51.100.0/24 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "loopback"
    ct state vmap { invalid : drop, established : accept, related : accept }
    ip saddr @blocked drop
    tcp dport 2202 accept comment "ssh"
    log prefix "[nftables] : drop : input : "
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept
    ip daddr @blocked drop
    ct state established,related accept
    udp dport 53 accept comment "dns"
    tcp dport { 80, 443 } accept comment "updates"
    log prefix "[nftables] : drop : output : "
  }
}
`,
        },
      },
    },
    links: [['clock:ens3', 'server:ens3']],
    traced: 'server',
    fails: { from: 'server', what: 'udp', to: '203.0.113.9', port: 123 },
    seen: 'answered',
    others: [
      { sending: { from: 'clock', what: 'tcp', to: '203.0.113.1', port: 2202 }, seen: 'answered' },
      { sending: { from: 'clock', what: 'tcp', to: '203.0.113.1', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words: 'Nothing is wrong: the rule of the log has no verdict, and the policy accepts what it logs as dropped.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]

/** nft's hooks in another order than meant: a helper before conntrack, equal priorities, a mark read before it is set. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { ftpClient, ftpServer } from './beside.ts'

const GAME = { protocol: 'tcp', port: 32767 } as const

export const NFT_HOOK_ORDERS: Problem[] = [
  {
    name: 'vyos-ftp-helper-before-conntrack',
    thread: {
      title: 'conntrack: T5376: Fix priority for CT helpers',
      address: 'https://github.com/vyos/vyos-1x/pull/3037',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table ip vyos_conntrack {
  ct helper vyos_ftp {
    type "ftp" protocol tcp
    l3proto ip
  }
  chain VYOS_CT_HELPER {
    tcp dport 21 ct helper set "vyos_ftp" return
  }
  chain PREROUTING {
    type filter hook prerouting priority raw; policy accept;
    counter jump VYOS_CT_HELPER
  }
}
table ip vyos_filter {
  chain VYOS_FORWARD_filter {
    type filter hook forward priority filter; policy accept;
    ct state established,related counter accept
    iifname "lan" oifname "wan" tcp dport { 21, 80 } counter accept
    counter drop comment "FWD-filter default-action drop"
  }
}
`,
        },
      },
      {
        remote: {
          listeners: [{ protocol: 'tcp', port: 30400 }, ...WEB],
          routes: ['192.168.1.0/24 via 203.0.113.1'],
        },
      },
    ),
    setup: [
      ['remote', ftpServer('227 Entering Passive Mode (203,0,113,9,118,192).')],
      ['pc', ftpClient('203.0.113.9', 'PASV')],
    ],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 30400 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule that assigns the FTP helper stands at priority raw, before conntrack has an entry that could get it.',
      causes: [
        { rule: 'ct helper set', chain: 'ip vyos_conntrack VYOS_CT_HELPER' },
        { rule: 'jump VYOS_CT_HELPER', chain: 'ip vyos_conntrack PREROUTING' },
        { code: 'helper-missing', words: ['vyos_ftp'] },
      ],
      status: ['dropped'],
      alsoTrue: ['helper-missing'],
    },
    mend: [
      [
        'router',
        'nft "add chain ip vyos_conntrack HELPERS { type filter hook prerouting priority mangle; }"; nft add rule ip vyos_conntrack HELPERS jump VYOS_CT_HELPER; sleep 2',
      ],
    ],
  },
  {
    name: 'synproxy-leaves-the-syn-without-dnat',
    thread: {
      title: 'Sorry for contacting you here) [notrack of all SYN packets, and NAT]',
      address: 'https://github.com/netoptimizer/network-testing/issues/1',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table ip ddos {
  chain PREROUTING {
    type filter hook prerouting priority raw; policy accept;
    iifname "wan" tcp dport 80 tcp flags syn / fin,syn,rst,ack notrack
  }
  chain FORWARD {
    type filter hook forward priority filter - 1; policy accept;
    iifname "wan" tcp dport 80 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
  }
}
table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" tcp dport { 80, 8080 } dnat to 192.168.1.10
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "lan" } accept
    icmp type echo-request accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
    ip daddr 192.168.1.10 tcp dport { 80, 8080 } accept
  }
}
`,
        },
      },
      { pc: { listeners: [...WEB, { protocol: 'tcp', port: 8080 }] }, remote: { listeners: WEB } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "SYNPROXY's notrack keeps the SYN from NAT, so it is not sent on: it ends in the router's own input, and the proxy in forward never sees it.",
      causes: [{ rule: 'notrack', chain: 'ip ddos PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft flush chain ip ddos PREROUTING']],
  },
  {
    name: 'fw4-dmz-host-before-miniupnpd',
    thread: {
      title: 'miniupnpd-nftables: rules are created but no traffic is being forwarded',
      address: 'https://github.com/openwrt/packages/issues/17871',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table inet miniupnpd {
  chain forward {
    type filter hook forward priority -25; policy accept;
    iif "wan" th dport 32767 @nh,128,32 0xc0a8010b @nh,72,8 0x6 accept
  }
}
table ip miniupnpd {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iif "wan" tcp dport 32767 dnat to 192.168.1.11:32767
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
  }
}
table inet fw4 {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept comment "!fw4: Allow forwarded established and related flows"
    iifname "br-lan" accept comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan
  }
  chain forward_wan {
    ct status dnat accept comment "!fw4: Accept port forwards"
    reject
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" jump dstnat_wan
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 1024-65535 counter dnat ip to 192.168.1.10 comment "!fw4: DMZ"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      pc: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
      console: { addresses: { eth0: ['192.168.1.11/24'] }, routes: ['default via 192.168.1.1'], listeners: [GAME] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'console:eth0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 32767 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'console', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Both tables have a nat chain at priority dstnat. fw4's, loaded last, comes first, and its rule for the DMZ host takes the port that miniupnpd has opened for the console.",
      causes: [
        { rule: 'dnat ip to 192.168.1.10', chain: 'inet fw4 dstnat_wan' },
        { rule: 'dnat to 192.168.1.11:32767', chain: 'ip miniupnpd prerouting' },
      ],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [['router', 'nft insert rule inet fw4 dstnat_wan tcp dport 32767 return']],
  },
  {
    name: 'mark-of-forward-read-in-prerouting',
    thread: {
      title: 'Матчинг маркированных пакетов в NAT',
      address: 'https://github.com/max197616/nfqfilter/issues/16',
    },
    backend: 'nft',
    ...homeRouter(
      {
        routes: ['default via 203.0.113.9'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
        rules: {
          nft: `table ip filter {
  set blocked {
    type ipv4_addr
    flags interval
    elements = { 198.51.100.0/24 }
  }
  chain INPUT {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" ip daddr @blocked counter meta mark set 0x00000011
    meta mark 0x00000011 meta l4proto tcp counter accept
    iifname "lan" accept
  }
}
table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    meta mark 0x00000011 tcp dport 80 counter redirect to :8080
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      { remote: { listeners: WEB, routes: ['blackhole 198.51.100.0/24'] } },
    ),
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule in nat PREROUTING asks for a mark that FORWARD sets, which comes later: the page for blocked sites is never shown, and the request leaves.',
      causes: [
        { rule: 'meta mark set 0x00000011', chain: 'ip filter FORWARD' },
        { rule: 'redirect to :8080', chain: 'ip nat PREROUTING' },
      ],
      status: ['unanswered', 'lost'],
      alsoTrue: ['mark-missing'],
    },
    mend: [
      [
        'router',
        'nft "add chain ip filter PREROUTING { type filter hook prerouting priority mangle; }"; nft add rule ip filter PREROUTING iifname lan ip daddr @blocked meta mark set 0x11',
      ],
    ],
  },
  {
    name: 'opennds-marks-behind-its-own-redirect',
    thread: { title: 'Question for nftables priority', address: 'https://github.com/openNDS/openNDS/issues/579' },
    backend: 'nft',
    ...homeRouter(
      {
        routes: ['default via 203.0.113.9'],
        listeners: [{ protocol: 'tcp', port: 2050 }],
        rules: {
          nft: `table ip nds_mangle {
  chain ndsPRE {
    type filter hook prerouting priority -100; policy accept;
    iifname "lan" jump ndsTRU
  }
  chain ndsTRU {
    ip saddr 192.168.1.10 counter meta mark set meta mark or 0x00030000
  }
}
table ip nds_nat {
  chain ndsPRE {
    type nat hook prerouting priority -100; policy accept;
    iifname "lan" jump ndsOUT
  }
  chain ndsOUT {
    meta mark and 0x00030000 == 0x00030000 counter return
    tcp dport 80 counter redirect to :2050
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
table ip nds_filter {
  chain ndsRTR {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    icmp type echo-request accept
    udp dport { 53, 67 } accept
    iifname "lan" meta mark and 0x00030000 == 0x00000000 tcp dport 2050 accept
  }
}
`,
        },
      },
      { remote: { listeners: [...WEB, { protocol: 'tcp', port: 443 }] } },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Both chains have priority -100, and nat, registered last, comes first: the client has not got its mark yet when the redirect is asked.',
      causes: [
        { rule: 'redirect to :2050', chain: 'ip nds_nat ndsOUT' },
        { code: 'ambiguous-hook-order' },
        { code: 'mark-missing', words: ['ndsTRU', 'registered last'] },
      ],
      status: ['dropped'],
      alsoTrue: ['mark-missing', 'dropped-by-mark'],
    },
    mend: [
      [
        'router',
        'nft delete chain ip nds_mangle ndsPRE; nft "add chain ip nds_mangle ndsPRE { type filter hook prerouting priority mangle; }"; nft add rule ip nds_mangle ndsPRE iifname lan jump ndsTRU',
      ],
    ],
  },
]

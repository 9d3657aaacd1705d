/** Gateways with rules by hand or by a program of their own: Qubes, router7, a blocklist. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { bridgedLan } from './home.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

export const NFT_GATEWAYS: Problem[] = [
  {
    name: 'nft-qubes-related-icmp-dropped',
    thread: {
      title: 'nftable dropping related traffic',
      address: 'https://github.com/QubesOS/qubes-issues/issues/3406',
    },
    backend: 'nft',
    hosts: {
      vm: { addresses: { eth0: ['10.137.0.10/24'] }, routes: ['default via 10.137.0.1'] },
      fw: {
        addresses: { vif1: ['10.137.0.1/24'], eth0: ['10.138.0.2/24'] },
        routes: ['default via 10.138.0.1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip qubes-firewall {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established accept
    ip saddr 10.137.0.10 jump qbs-10-137-0-10
  }
  chain qbs-10-137-0-10 {
    accept
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" masquerade
  }
}
`,
        },
      },
      net: {
        addresses: { vif2: ['10.138.0.1/24'], ppp0: ['203.0.113.1/24'] },
        mtu: { ppp0: 1400 },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip nat {\n  chain postrouting { type nat hook postrouting priority srcnat; policy accept; oifname "ppp0" masquerade; }\n}\n',
        },
      },
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        mtu: { eth0: 1400 },
        listeners: [{ protocol: 'udp', port: 4500 }, ...WEB],
      },
    },
    links: [
      ['vm:eth0', 'fw:vif1'],
      ['fw:eth0', 'net:vif2'],
      ['net:ppp0', 'remote:eth0'],
    ],
    traced: 'fw',
    fails: { from: 'vm', what: 'udp', to: '203.0.113.9', port: 4500, bytes: 1450, tries: 2 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'udp', to: '203.0.113.9', port: 4500 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Too long for the link behind: "fragmentation needed" comes back, is related and not established, and forward drops it.',
      causes: [
        { policy: 'ip qubes-firewall forward' },
        { rule: 'ct state established', chain: 'ip qubes-firewall forward' },
      ],
      status: ['reply-lost', 'lost', 'unanswered'],
    },
    mend: [['fw', 'nft insert rule ip qubes-firewall forward ct state related accept']],
  },
  {
    name: 'nft-interface-number-of-old-device',
    thread: {
      title: 'Firewall - use iifgroup instead of iif ==',
      address: 'https://github.com/QubesOS/qubes-doc/pull/1412',
    },
    backend: 'nft',
    hosts: {
      lan: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
      net: { addresses: { eth0: ['192.0.2.1/24'], vif1: ['10.138.0.1/24'] }, sysctls: FORWARDS },
      fw: {
        addresses: { eth0: ['10.138.0.2/24'], vif3: ['10.137.0.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip qubes {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state invalid counter drop
    ct state established,related accept
    iif "lo" accept
    counter
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    jump custom-forward
    ct state invalid counter drop
    ct state established,related accept
    oifname "vif*" counter drop
  }
  chain custom-forward {
    iif "eth0" ip daddr 10.137.0.10 tcp dport 80 ct state new,established,related counter accept
  }
  chain custom-dnat-web {
    type nat hook prerouting priority filter + 1; policy accept;
    iif "eth0" ip saddr 192.0.2.0/24 tcp dport 80 ct state new,established,related counter dnat to 10.137.0.10
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "vif*" accept
    oifname "lo" accept
    masquerade
  }
}
`,
        },
      },
      vm: { addresses: { eth0: ['10.137.0.10/24'] }, routes: ['default via 10.137.0.1'], listeners: WEB },
    },
    links: [
      ['lan:eth0', 'net:eth0'],
      ['net:vif1', 'fw:eth0'],
      ['net:vif2', 'fw:eth1'],
      ['fw:vif3', 'vm:eth0'],
    ],
    traced: 'fw',
    // the net qube is restarted: the device goes, and one of the same name comes
    setup: [
      [
        'fw',
        'ip link del eth0 && ip link set eth1 down && ip link set eth1 name eth0 && ip addr add 10.138.0.2/24 dev eth0',
      ],
      ['net', 'ip addr add 10.138.0.1/24 dev vif2'],
      ['fw', 'ip link set eth0 up && ip route add default via 10.138.0.1'],
    ],
    fails: { from: 'lan', what: 'tcp', to: '10.138.0.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '10.138.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'iif "eth0" is the number of a device that is gone; the new eth0 has another, so no rule sends the packet on.',
      causes: [{ rule: 'dnat to 10.137.0.10', chain: 'ip qubes custom-dnat-web' }],
      status: ['dropped'],
    },
    mend: [
      [
        'fw',
        'nft insert rule ip qubes custom-dnat-web iifname eth0 ip saddr 192.0.2.0/24 tcp dport 80 dnat to 10.137.0.10; nft insert rule ip qubes custom-forward iifname eth0 ip daddr 10.137.0.10 tcp dport 80 accept',
      ],
    ],
  },
  {
    name: 'nft-forward-for-the-uplink-alone',
    thread: { title: 'Support for Hairpinning', address: 'https://github.com/rtr7/router7/issues/53' },
    backend: 'nft',
    ...bridgedLan(
      {
        rules: {
          nft: `table ip nat {
  map portforwardings-tcp {
    type inet_service : ipv4_addr . inet_service
    elements = { 8022 : 192.168.1.20 . 22 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" dnat to tcp dport map @portforwardings-tcp
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname "wan" tcp flags syn tcp option maxseg size set rt mtu
  }
}
`,
        },
      },
      { listeners: SSH },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 8022 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8022 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        'Ports are forwarded for what comes in on wan alone: from the LAN it ends at the router, where nothing listens.',
      causes: [{ rule: 'map @portforwardings-tcp', chain: 'ip nat prerouting' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'router',
        'nft add rule ip nat prerouting iifname br-lan ip daddr 203.0.113.1 dnat to tcp dport map @portforwardings-tcp; nft add rule ip nat postrouting ip saddr 192.168.1.0/24 ip daddr 192.168.1.20 masquerade',
      ],
    ],
  },
  {
    name: 'nft-blocklist-with-private-networks',
    thread: {
      title: 'Why are you blocking RFC1918 addresses',
      address: 'https://github.com/firehol/blocklist-ipsets/issues/12',
    },
    backend: 'nft',
    ...homeRouter(
      {
        listeners: SSH,
        rules: {
          nft: `table inet blackhole {
  set whitelist {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 127.0.0.0/8 }
  }
  set blacklist {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 0.0.0.0/8, 1.10.16.0/20, 10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.0.2.0/24, 192.168.0.0/16, 198.51.100.0/24, 224.0.0.0/3 }
  }
  chain input {
    type filter hook input priority filter - 1; policy accept;
    meta pkttype { broadcast, multicast } accept
    ip saddr @whitelist counter accept
    ip saddr @blacklist counter drop
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      { remote: { listeners: WEB } },
    ),
    fails: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The list of what never comes from the internet has the private networks, and it is asked on the LAN, too.',
      causes: [{ rule: '@blacklist', chain: 'inet blackhole input' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft insert rule inet blackhole input iifname lan accept']],
  },
]

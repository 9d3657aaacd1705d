/** From threads: an accept that asks for the other protocol, one in the other chain, one behind the zone of origin, one in the other backend. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksNames } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const THREADS_AO_4: Problem[] = [
  {
    name: 'fwknop-set-of-addresses-and-ports-is-asked-for-tcp-alone',
    thread: {
      title: 'linux: firewall incorrectly detected because it is currently not supported',
      address: 'https://github.com/mrash/fwknop/issues/266',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] } },
      server: {
        addresses: { eth0: ['203.0.113.1/24'] },
        listeners: [SSH, { protocol: 'udp', port: 1194 }],
        rules: {
          nft: `table ip filter {
  set fwknop-input {
    type ipv4_addr . inet_service
    size 65536
    flags timeout
    elements = { 203.0.113.9 . 22 timeout 1h, 203.0.113.9 . 1194 timeout 1h }
  }
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    icmp type echo-request accept
    ip saddr . tcp dport @fwknop-input accept
    counter
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'udp', to: '203.0.113.1', port: 1194 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The knock for the port of UDP has put address and port into the set, and the only rule that looks there asks for the port of TCP.',
      causes: [{ rule: 'ip saddr . tcp dport @fwknop-input accept', chain: 'ip filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft add rule ip filter INPUT ip saddr . udp dport @fwknop-input accept']],
  },
  {
    name: 'firewallfabrik-accepts-broadcasts-where-things-are-forwarded',
    thread: {
      title: 'FirewallFabrik fails to generate INPUT rules for broadcast addresses',
      address: 'https://github.com/Linuxfabrik/firewallfabrik/issues/155',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.168.2.20/24'] } },
      server: {
        addresses: { eth0: ['192.168.2.5/24'] },
        listeners: [SSH, { protocol: 'udp', port: 137 }],
        rules: {
          nft: `table inet fwf_filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip daddr 192.168.2.5 udp dport 137 counter accept
    ip daddr 192.168.2.5 tcp dport 22 counter accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip daddr { 192.168.2.255, 255.255.255.255 } udp dport 137 counter accept
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    setup: [['client', asksNames('192.168.2.255')]],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '192.168.2.255' },
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.168.2.5', port: 137 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.168.2.5', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A broadcast is for this host, and the rule that accepts broadcasts was made for what it forwards: at input none does.',
      causes: [
        { policy: 'inet fwf_filter input' },
        { rule: '192.168.2.255, 255.255.255.255 }', chain: 'inet fwf_filter forward' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        "nft add rule inet fwf_filter input ip daddr '{ 192.168.2.255, 255.255.255.255 }' udp dport 137 accept",
      ],
    ],
  },
  {
    name: 'firewalld-drops-at-the-zone-of-origin-what-the-other-zone-masquerades',
    thread: {
      title: 'How to masquerade from an ingress zone that has a target=DROP ?',
      address: 'https://github.com/firewalld/firewalld/issues/939',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      router: {
        addresses: { eth1: ['203.0.113.1/24'], eth0: ['192.168.8.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet firewalld {
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    jump nat_POSTROUTING_ZONES
  }
  chain nat_POSTROUTING_ZONES {
    oifname "eth1" goto nat_POST_external
  }
  chain nat_POST_external {
    jump nat_POST_external_allow
  }
  chain nat_POST_external_allow {
    ip saddr 192.168.8.0/24 oifname != "lo" masquerade
    ip saddr 192.168.56.0/24 oifname != "lo" masquerade
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    iifname "eth0" tcp dport 22 ct state { new, untracked } accept
    ct state invalid drop
    drop
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_FORWARD_IN_ZONES
    jump filter_FORWARD_OUT_ZONES
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_IN_ZONES {
    iifname "eth0" goto filter_FWDI_internal
    iifname "eth1" goto filter_FWDI_external
  }
  chain filter_FORWARD_OUT_ZONES {
    oifname "eth0" goto filter_FWDO_internal
    oifname "eth1" goto filter_FWDO_external
  }
  chain filter_FWDI_internal {
    jump filter_FWDI_internal_deny
    jump filter_FWDI_internal_allow
    drop
  }
  chain filter_FWDI_internal_deny {
  }
  chain filter_FWDI_internal_allow {
  }
  chain filter_FWDI_external {
    drop
  }
  chain filter_FWDO_internal {
    drop
  }
  chain filter_FWDO_external {
    jump filter_FWDO_external_allow
    drop
  }
  chain filter_FWDO_external_allow {
    ip saddr 192.168.8.0/24 ct state { new, untracked } accept
    ip saddr 192.168.56.0/24 ct state { new, untracked } accept
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.8.10/24'] }, routes: ['default via 192.168.8.1'] },
    },
    links: [
      ['remote:eth0', 'router:eth1'],
      ['router:eth0', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.8.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The zone that it comes from drops all that it does not accept itself, and stands in front of the zone that it goes to, whose rules accept it.',
      causes: [{ rule: 'drop', chain: 'inet firewalld filter_FWDI_internal' }],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        'nft add rule inet firewalld filter_FWDI_internal_allow ip saddr 192.168.8.0/24 oifname eth1 ct state new accept',
      ],
    ],
  },
  {
    name: 'zerotier-container-accepts-in-legacy-what-nft-drops',
    thread: {
      title: 'substituting iptables-nft for iptables seems to fix broken NAT (at least on Raspberry Pi)',
      address: 'https://github.com/zyclonite/zerotier-docker/issues/10',
    },
    backend: 'mixed',
    hosts: {
      phone: { addresses: { eth0: ['10.147.17.9/24'] }, routes: ['192.168.1.0/24 via 10.147.17.1'] },
      pi: {
        addresses: { zt0: ['10.147.17.1/24'], eth0: ['192.168.1.5/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    oifname "docker0" ct state related,established counter accept
    iifname "docker0" oifname != "docker0" counter accept
  }
  chain DOCKER-USER {
    counter return
  }
}
`,
        },
      },
      printer: { addresses: { eth0: ['192.168.1.20/24'] }, listeners: WEB },
    },
    links: [
      ['phone:eth0', 'pi:zt0'],
      ['pi:eth0', 'printer:eth0'],
    ],
    traced: 'pi',
    setup: [
      [
        'pi',
        'iptables-legacy -t nat -A POSTROUTING -o eth0 -j MASQUERADE; iptables-legacy -A FORWARD -i eth0 -o zt0 -m state --state RELATED,ESTABLISHED -j ACCEPT; iptables-legacy -A FORWARD -i zt0 -o eth0 -j ACCEPT',
      ],
    ],
    fails: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.5', port: 22 }, seen: 'answered' },
      { sending: { from: 'pi', what: 'tcp', to: '192.168.1.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'ping', to: '192.168.1.20' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The container writes its rules with iptables-legacy; those of nf_tables are asked as well, and their policy drops what they do not know.',
      causes: [{ policy: 'ip filter FORWARD' }, { code: 'mixed-backends', words: ['FORWARD'] }],
      status: ['dropped'],
      alsoTrue: ['mixed-backends'],
    },
    mend: [
      [
        'pi',
        'nft insert rule ip filter FORWARD iifname zt0 oifname eth0 accept; nft insert rule ip filter FORWARD iifname eth0 oifname zt0 ct state established,related accept',
      ],
    ],
  },
]

/** Ways and zones, from threads: who asks another table than was meant, and dispatch chains that leave a way out. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_S: Problem[] = [
  {
    name: 'tailscale-valid-mark-looks-up-the-marks-table',
    thread: {
      title:
        '1.98.x setting net.ipv4.conf.all.src_valid_mark=1 breaks co-existing fwmark-based policy routing on Linux',
      address: 'https://github.com/tailscale/tailscale/issues/19796',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.50/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24'], tun0: ['10.9.0.2/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: {
          'net.ipv4.ip_forward': '1',
          'net.ipv4.conf.default.rp_filter': '1',
          'net.ipv4.conf.all.src_valid_mark': '1',
        },
        listeners: [SSH],
        rules: {
          nft: `table inet split {
  set through_vpn {
    type ipv4_addr
    flags interval
    elements = { 198.51.100.0/24 }
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "lan" ip daddr @through_vpn meta mark set 0x00000064
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "tun0" } masquerade
  }
}
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
}
`,
        },
      },
      isp: { addresses: { eth0: ['203.0.113.254/24'] }, listeners: [HTTP] },
      vpn: { addresses: { eth0: ['10.9.0.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'isp:eth0'],
      ['router:tun0', 'vpn:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip route add default via 10.9.0.1 table 100; ip rule add fwmark 0x64 lookup 100; sysctl -qw net.ipv4.conf.tun0.rp_filter=2',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "With src_valid_mark the reverse-path filter looks up the packet's source with its mark: that table has a default route into the tunnel alone, so the LAN's own address seems to come in by the wrong interface.",
      causes: [{ code: 'vanished-rp-filter', words: ['lan'] }],
      status: ['lost'],
    },
    mend: [['router', 'sysctl -qw net.ipv4.conf.all.src_valid_mark=0']],
  },
  {
    name: 'mozilla-vpn-zone-of-the-request-alone',
    thread: {
      title: 'Split tunneling applications does not work on Linux',
      address: 'https://github.com/mozilla-mobile/mozilla-vpn-client/issues/6394',
    },
    backend: 'nft',
    hosts: {
      desktop: {
        addresses: { eth0: ['192.0.2.2/24'], moz0: ['10.64.0.2/24'] },
        routes: ['default via 192.0.2.1'],
        rules: {
          // what is excluded is told by its port in place of its control group
          nft: `table inet mozvpn {
  chain exclude {
    type filter hook output priority raw; policy accept;
    tcp dport 8080 ct zone set 40524
  }
  chain mark_excluded {
    type route hook output priority mangle; policy accept;
    ct zone 40524 meta mark set 0x0000ca6c
  }
  chain nat_excluded {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "moz0" ct zone 40524 counter masquerade
  }
}
`,
        },
      },
      gw: {
        addresses: { eth0: ['192.0.2.1/24'], lo: ['198.51.100.9/32'] },
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
      vpn: { addresses: { eth0: ['10.64.0.1/24'], lo: ['198.51.100.80/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['desktop:eth0', 'gw:eth0'],
      ['desktop:moz0', 'vpn:eth0'],
    ],
    traced: 'desktop',
    setup: [
      [
        'desktop',
        'ip route add default via 10.64.0.1 table 51820; ip rule add not fwmark 0xca6c lookup 51820; ip rule add lookup main suppress_prefixlength 0',
      ],
    ],
    fails: { from: 'desktop', what: 'tcp', to: '198.51.100.9', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'desktop', what: 'tcp', to: '198.51.100.80', port: 443 }, seen: 'answered' },
      { sending: { from: 'desktop', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The request is tracked in a zone of its own, where it is masqueraded; nothing puts the reply into that zone, so its destination is not changed back and no socket has it.',
      causes: [{ code: 'other-zone' }, { rule: 'ct zone set 40524', chain: 'inet mozvpn exclude' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'desktop',
        `nft 'add chain inet mozvpn exclude_replies { type filter hook prerouting priority raw; }; add rule inet mozvpn exclude_replies iifname != "moz0" tcp sport 8080 ct zone set 40524'`,
      ],
    ],
  },
  {
    name: 'weimarnetz-rule-for-ten-takes-its-own-uplink',
    thread: {
      title: 'ip rules sind zu unspezifisch',
      address: 'https://github.com/weimarnetz/weimarnetz/issues/319',
    },
    backend: 'nft',
    hosts: {
      mesh: { addresses: { eth0: ['10.63.5.9/24'] }, routes: ['default via 10.63.5.1'] },
      router: {
        addresses: { lan: ['10.63.5.1/24'], wan: ['10.20.0.5/24'], vpn: ['10.63.200.2/24'] },
        routes: ['default via 10.20.0.1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    iifname "lan" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname { "vpn", "wan" } accept
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      uplink: { addresses: { eth0: ['10.20.0.1/24'], lo: ['198.51.100.7/32'] }, listeners: [HTTPS] },
      exit: {
        addresses: { eth0: ['10.63.200.1/24'], lo: ['198.51.100.8/32'] },
        routes: ['10.63.0.0/16 via 10.63.200.2'],
        listeners: [HTTP],
        rules: {
          nft: 'table ip exit {\n  chain prerouting { type filter hook prerouting priority filter; policy accept; iifname "eth0" ip saddr != 10.63.0.0/16 drop; }\n}\n',
        },
      },
    },
    links: [
      ['mesh:eth0', 'router:lan'],
      ['router:wan', 'uplink:eth0'],
      ['router:vpn', 'exit:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip route add default via 10.63.200.1 table 50; ip rule add to 10.0.0.0/8 pref 30001 lookup main; ip rule add from 10.0.0.0/8 pref 30010 lookup 50',
      ],
    ],
    fails: { from: 'router', what: 'tcp', to: '198.51.100.7', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'mesh', what: 'tcp', to: '198.51.100.8', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '10.20.0.1' }, seen: 'answered' },
      { sending: { from: 'mesh', what: 'ping', to: '10.63.5.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The routing rule for the mesh takes all of 10.0.0.0/8, and the uplink has given the router an address of that: what the router itself asks goes into the VPN with the uplink's address, and is dropped there.",
      causes: ['wrong-way-out', 'not-netfilter', 'reply-by-other-uplink', 'not-masqueraded'].map((code) => ({
        code,
        words: ['10.20.0.5', 'vpn'],
      })),
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['router', 'ip rule del pref 30010; ip rule add from 10.63.0.0/16 pref 30010 lookup 50']],
  },
  {
    name: 'firewalld-any-policy-is-not-asked-for-one-way-out',
    thread: {
      title: 'Egress zone ANY works incorrectly in firewalld-2.0',
      address: 'https://github.com/firewalld/firewalld/issues/1234',
    },
    backend: 'nft',
    hosts: {
      inner: { addresses: { eth0: ['192.168.10.9/24'] }, routes: ['default via 192.168.10.1'] },
      router: {
        addresses: { test1: ['192.168.10.1/24'], test2: ['192.0.2.1/24'], enp6s0: ['172.16.6.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_FORWARD_POLICIES
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_POLICIES {
    iifname "test1" oifname "enp6s0" jump filter_FWD_internal
    iifname "test1" oifname "enp6s0" reject with icmpx admin-prohibited
    iifname "test1" oifname "test2" jump filter_FWD_policy_internal-any
    iifname "test1" oifname "test2" jump filter_FWD_internal
    iifname "test1" oifname "test2" reject with icmpx admin-prohibited
    iifname "test1" oifname "test1" jump filter_FWD_policy_internal-any
    iifname "test1" oifname "test1" jump filter_FWD_internal
    iifname "test1" oifname "test1" reject with icmpx admin-prohibited
    iifname "test1" jump filter_FWD_policy_internal-any
    iifname "test1" jump filter_FWD_internal
    iifname "test1" reject with icmpx admin-prohibited
    iifname "enp6s0" jump filter_FWD_FedoraWorkstation
    iifname "enp6s0" reject with icmpx admin-prohibited
  }
  chain filter_FWD_internal {
    jump filter_FWD_internal_allow
  }
  chain filter_FWD_internal_allow {
    oifname "test1" accept
  }
  chain filter_FWD_FedoraWorkstation {
    jump filter_FWD_FedoraWorkstation_allow
  }
  chain filter_FWD_FedoraWorkstation_allow {
    oifname "enp6s0" accept
  }
  chain filter_FWD_policy_internal-any {
    jump filter_FWD_policy_internal-any_allow
    accept
  }
  chain filter_FWD_policy_internal-any_allow {
  }
}
`,
        },
      },
      outer: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: [HTTP] },
      office: { addresses: { eth0: ['172.16.6.9/24'] }, routes: ['default via 172.16.6.1'], listeners: [HTTP] },
    },
    links: [
      ['inner:eth0', 'router:test1'],
      ['router:test2', 'outer:eth0'],
      ['router:enp6s0', 'office:eth0'],
    ],
    traced: 'router',
    fails: { from: 'inner', what: 'tcp', to: '172.16.6.9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'inner', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'office', what: 'tcp', to: '192.168.10.9', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The policy from internal to any zone is asked for each way out but enp6s0: for that one the zone's chain comes alone, and the reject behind it.",
      causes: [
        { rule: 'iifname "test1" oifname "enp6s0" reject', chain: 'inet firewalld filter_FORWARD_POLICIES' },
        { chain: 'inet firewalld filter_FWD_policy_internal-any' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'router',
        'nft insert rule inet firewalld filter_FORWARD_POLICIES iifname test1 oifname enp6s0 jump filter_FWD_policy_internal-any',
      ],
    ],
  },
]

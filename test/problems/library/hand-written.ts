/** Firewalls that somebody wrote by hand: prefixes of yesterday, a misspelled interface, ports of the other end, the own LAN among the spoofed. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const HAND_WRITTEN: Problem[] = [
  {
    name: 'game-server-length-of-first-datagram',
    thread: { title: 'Message spamming in console', address: 'https://github.com/rehlds/ReHLDS/issues/247' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [{ protocol: 'udp', port: 27015 }],
      rules: {
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 27015 -m state --state ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 27015 -m state --state NEW -m length --length 33:250 -j ACCEPT
-A INPUT -p udp -m udp --dport 27015 -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 27015, bytes: 400 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 27015, bytes: 60 }, seen: 'answered' }],
    truth: {
      words: 'A first datagram may be 33 to 250 bytes long, and this one is longer: the rule behind drops it.',
      causes: [{ rule: '--length 33:250', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [
      ['server', 'iptables -R INPUT 2 -p udp --dport 27015 -m state --state NEW -m length --length 33:1400 -j ACCEPT'],
    ],
  },
  {
    name: 'openvpn-snat-to-prefix-of-yesterday',
    thread: {
      title: 'stale hardcoded SNAT entries in openvpn-iptables.service',
      address: 'https://github.com/Nyr/openvpn-install/issues/991',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: {
        addresses: { tun0: ['fddd:1194:1194:1194::2/64'] },
        routes: ['default via fddd:1194:1194:1194::1'],
      },
      server: {
        addresses: { eth0: ['2001:db8:f::1/64'], tun0: ['fddd:1194:1194:1194::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s fddd:1194:1194:1194::/64 ! -d fddd:1194:1194:1194::/64 -j SNAT --to-source 2001:db8:a::1
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s fddd:1194:1194:1194::/64 -j ACCEPT
COMMIT
`,
        },
      },
      web: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['blackhole 2001:db8:a::/64'],
        listeners: [{ protocol: 'tcp', address: '::', port: 443 }],
      },
    },
    links: [
      ['phone:tun0', 'server:tun0'],
      ['server:eth0', 'web:eth0'],
    ],
    traced: 'server',
    fails: { from: 'phone', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words: "The SNAT rule has the address of the provider's prefix of yesterday; replies to it come to nobody.",
      causes: [{ rule: 'SNAT --to-source 2001:db8:a::1', chain: 'nat POSTROUTING' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'server',
        'ip6tables -t nat -R POSTROUTING 1 -s fddd:1194:1194:1194::/64 ! -d fddd:1194:1194:1194::/64 -j SNAT --to-source 2001:db8:f::1',
      ],
    ],
  },
  {
    name: 'netdata-output-interface-misspelled',
    thread: { title: 'web console not responding', address: 'https://github.com/netdata/netdata/issues/4457' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', port: 19999 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 22 -m state --state NEW,ESTABLISHED -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 19999 -m state --state NEW,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --sport 22 -m state --state ESTABLISHED -j ACCEPT
-A OUTPUT -o etn0 -p tcp -m tcp --sport 19999 -m state --state NEW,ESTABLISHED -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 19999 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: {
      words: "The rule for the replies says etn0, where eth0 is meant: OUTPUT's policy drops them.",
      causes: [{ rule: '-o etn0', chain: 'filter OUTPUT' }],
      status: ['reply-lost', 'dropped'],
    },
    mend: [['server', 'iptables -R OUTPUT 3 -o eth0 -p tcp --sport 19999 -m state --state NEW,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'relay-accepts-address-of-older-prefix',
    thread: {
      title: 'Using ipv6-rules.sh when having a dynamic ipv6 prefix',
      address: 'https://github.com/toralf/torutils/issues/4',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '::', port: 443 },
        { protocol: 'tcp', address: '::', port: 22 },
      ],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s fe80::/10 -d ff02::1/128 -p udp -j ACCEPT
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m limit --limit 6/sec -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -d 2001:db8:ee00::1/128 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 9001 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The rule for the relay has the address that the host had before its prefix changed.',
      causes: [{ rule: '-d 2001:db8:ee00::1/128', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -R INPUT 10 -d 2001:db8:1::1/128 -p tcp --dport 443 -j ACCEPT']],
  },
  {
    name: 'allowlist-has-resolver-port-as-destination',
    thread: {
      title: '[upcloud] Fixed issue where DNS would be blocked while using allowlist',
      address: 'https://github.com/kubernetes-sigs/kubespray/pull/9510',
    },
    backend: 'iptables-nft',
    hosts: {
      node: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        routes: ['default via 2001:db8:1::2'],
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 2001:db8:1::53/128 -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -s 2001:db8:1::54/128 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
        },
      },
      resolver: {
        addresses: { eth0: ['2001:db8:1::53/64', '2001:db8:1::2/64'] },
        listeners: [{ protocol: 'udp', address: '2001:db8:1::53', port: 53 }],
      },
    },
    links: [['node:eth0', 'resolver:eth0']],
    traced: 'node',
    fails: { from: 'node', what: 'udp', to: '2001:db8:1::53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'resolver', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'resolver', what: 'udp', to: '2001:db8:1::1', port: 5353 }, seen: 'nothing' },
    ],
    truth: {
      words: "The rule for the resolver's replies has 53 as destination port; in a reply it is the source port.",
      causes: [{ rule: '-s 2001:db8:1::53/128 -p udp -m udp --dport 53', chain: 'filter INPUT' }],
      status: ['reply-lost', 'dropped'],
    },
    mend: [['node', 'ip6tables -R INPUT 4 -s 2001:db8:1::53/128 -p udp --sport 53 -j ACCEPT']],
  },
  {
    name: 'spoofed-sources-are-the-own-lan',
    thread: {
      title: 'Blocking packets from private subnets',
      address: 'https://github.com/trimstray/iptables-essentials/issues/7',
    },
    backend: 'iptables-nft',
    hosts: {
      phone: { addresses: { eth0: ['192.168.1.20/24', '2001:db8:1::20/64'] } },
      box: {
        addresses: { eth0: ['192.168.1.5/24', '2001:db8:1::5/64'] },
        listeners: [SSH, { protocol: 'tcp', address: '2001:db8:1::5', port: 22 }],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 224.0.0.0/3 -j DROP
-A PREROUTING -s 169.254.0.0/16 -j DROP
-A PREROUTING -s 172.16.0.0/12 -j DROP
-A PREROUTING -s 192.0.2.0/24 -j DROP
-A PREROUTING -s 192.168.0.0/16 -j DROP
-A PREROUTING -s 10.0.0.0/8 -j DROP
-A PREROUTING -s 0.0.0.0/8 -j DROP
-A PREROUTING -s 127.0.0.0/8 ! -i lo -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['phone:eth0', 'box:eth0']],
    traced: 'box',
    fails: { from: 'phone', what: 'ping', to: '192.168.1.5' },
    seen: 'nothing',
    others: [{ sending: { from: 'phone', what: 'tcp', to: '2001:db8:1::5', port: 22 }, seen: 'answered' }],
    truth: {
      words: 'The rules against spoofed sources drop all private networks, and the LAN is one of them.',
      causes: [{ rule: '-s 192.168.0.0/16 -j DROP', chain: 'mangle PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['box', 'iptables -t mangle -D PREROUTING -s 192.168.0.0/16 -j DROP']],
  },
  {
    name: 'pbr-table-of-tunnel-without-default-route',
    thread: {
      title: '[pbr] issue: IPv6, missing default route in VPN table if the default route is not present in main table',
      address: 'https://github.com/stangri/source.openwrt.melmac.ca/issues/202',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['2001:db8:1::10/64'] }, routes: ['default via 2001:db8:1::1'] },
      tv: { addresses: { eth0: ['2001:db8:2::20/64'] }, routes: ['default via 2001:db8:2::1'] },
      router: {
        addresses: {
          lan: ['2001:db8:1::1/64'],
          guest: ['2001:db8:2::1/64'],
          wan: ['2001:db8:f::1/64'],
          wg0: ['fd00:8::2/64'],
        },
        routes: ['2001:db8:9::/64 via 2001:db8:f::9'],
        sysctls: FORWARDS,
        rules: {
          v6: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PBR_PREROUTING - [0:0]
-A PREROUTING -m mark --mark 0x0/0xff0000 -j PBR_PREROUTING
-A PBR_PREROUTING -s 2001:db8:1::/64 -j MARK --set-xmark 0x20000/0xff0000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
-A FORWARD -i guest -o wan -j ACCEPT
COMMIT
`,
        },
      },
      internet: {
        addresses: { eth0: ['2001:db8:f::9/64'], wg0: ['fd00:8::1/64'], lo: ['2001:db8:9::9/128'] },
        routes: ['2001:db8:1::/64 via fd00:8::2', '2001:db8:2::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'tcp', address: '::', port: 443 }],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['tv:eth0', 'router:guest'],
      ['router:wan', 'internet:eth0'],
      ['router:wg0', 'internet:wg0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 rule add pref 29999 fwmark 0x20000/0xff0000 lookup 257; ip -6 route add unreachable default table 257',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:9::9', port: 443 },
    seen: 'unreachable',
    others: [{ sending: { from: 'tv', what: 'tcp', to: '2001:db8:9::9', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        "The mark sends the LAN's packets to the tunnel's table, which has no default route but an unreachable one.",
      causes: [
        { rule: '--set-xmark 0x20000/0xff0000', chain: 'mangle PBR_PREROUTING' },
        { code: 'vanished-no-route', words: ['257'] },
      ],
      status: ['lost', 'rejected', 'dropped', 'refused'],
    },
    mend: [
      ['router', 'ip -6 route del unreachable default table 257; ip -6 route add default via fd00:8::1 table 257'],
    ],
  },
]

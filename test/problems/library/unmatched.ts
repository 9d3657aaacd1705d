/** Rules that do not match what they are for, or match more. */
import { bridged, clientAndServer, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const DNS = { protocol: 'udp', port: 53 } as const
const QUIC = { protocol: 'udp', address: '2001:db8:1::1', port: 443 } as const

const perSource = (size: number) => `table ip6 fwf {
  set connlimit_Policy_13 {
    type ipv6_addr
    size ${size}
    flags dynamic
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    meta l4proto ipv6-icmp accept
    udp dport 443 ct state new add @connlimit_Policy_13 { ip6 saddr ct count 20 } counter accept
  }
}
`

export const UNMATCHED: Problem[] = [
  {
    name: 'aif-fragment-rule-takes-whole-packets',
    thread: {
      title: 'AIF fails with iptables 1.8.1',
      address: 'https://github.com/arno-iptables-firewall/aif/issues/53',
    },
    backend: 'nft',
    hosts: {
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        rules: {
          nft: `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    ct state established,related counter accept
    iifname "lo" counter accept
    icmp type echo-request counter accept
  }
  chain OUTPUT {
    type filter hook output priority filter; policy drop;
    counter jump BASE_OUTPUT_CHAIN
    counter jump HOST_BLOCK_DST
    ip frag-off & 65311 != 0 limit rate 3/minute burst 5 packets counter log prefix "AIF:Fragment packet: "
    ip frag-off & 65311 != 0 counter drop
    oifname "eth0" counter jump EXT_OUTPUT_CHAIN
  }
  chain BASE_OUTPUT_CHAIN {
    ct state established,related counter accept
    oifname "lo" counter accept
  }
  chain HOST_BLOCK_DST {
  }
  chain EXT_OUTPUT_CHAIN {
    counter accept
  }
}
`,
        },
      },
      client: { addresses: { eth0: ['192.0.2.2/24'] }, listeners: WEB },
    },
    links: [['server:eth0', 'client:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: {
      words:
        'The rule against fragments compares with a mask whose bytes are in the wrong order, so it matches "do not fragment" as well: it drops whole packets.',
      causes: [{ rule: 'ip frag-off & 65311 != 0', chain: 'ip filter OUTPUT' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'nft replace rule ip filter OUTPUT handle $(nft -a list chain ip filter OUTPUT | sed -n "/frag-off.*drop/s/.*handle //p") ip frag-off and 8191 != 0 counter drop',
      ],
    ],
  },
  {
    name: 'opensnitch-wildcard-escaped',
    thread: {
      title: '[Feature Request] Accept wildcard for nftables rules',
      address: 'https://github.com/evilsocket/opensnitch/issues/996',
    },
    backend: 'nft',
    ...bridged('br-5ec4595d3246', '172.17.0.1/16', {
      listeners: [{ protocol: 'tcp', port: 22 }],
      rules: {
        nft: `table inet opensnitch {
  chain filter_input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state related,established accept
    tcp dport 22 accept
    iifname "br-\\*" ip daddr 172.17.0.1 accept
  }
}
`,
      },
    }),
    fails: { from: 'c1', what: 'ping', to: '172.17.0.1' },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The asterisk in the name of the interface is escaped, so the rule matches an interface of that very name.',
      causes: [{ rule: 'ip daddr 172.17.0.1 accept', chain: 'inet opensnitch filter_input' }],
      status: ['dropped'],
    },
    mend: [['host', `nft 'add rule inet opensnitch filter_input iifname "br-*" ip daddr 172.17.0.1 accept'`]],
  },
  {
    name: 'firewallfabrik-limit-set-is-full',
    thread: {
      title: 'Compiler (nftables): decide the size of the set a per-source connection limit counts in',
      address: 'https://github.com/Linuxfabrik/firewallfabrik/issues/164',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64'] } },
      first: { addresses: { eth0: ['2001:db8:2::2/64'] }, routes: ['default via 2001:db8:2::1'] },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'], eth1: ['2001:db8:2::1/64'] },
        listeners: [QUIC],
        rules: { nft: perSource(1) },
      },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['first:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'first', what: 'udp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The set in which the rule counts connections for each source is full: no element can be added, so the rule does not match, and the policy drops the packet.',
      causes: [
        { rule: '@connlimit_Policy_13', chain: 'ip6 fwf input' },
        { code: 'not-in-set', words: ['connlimit_Policy_13'] },
      ],
      status: ['dropped'],
    },
    mend: [['server', `nft -f - <<'END'\ndelete table ip6 fwf\n${perSource(65535)}END`]],
  },
  {
    name: 'claudecode-redirected-dns-keeps-its-way-out',
    thread: {
      title: 'fix: add filter/OUTPUT ACCEPT for uid 9999 UDP DNS to complete SOCKS5 DNS redirect (#1204)',
      address: 'https://github.com/EdanStarfire/claudecode_webui/issues/1206',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [{ ...DNS, address: '127.0.0.1' }],
      routes: ['default via 192.0.2.2'],
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 0 -j REDIRECT --to-ports 53
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m owner --uid-owner 9998 -j ACCEPT
-A OUTPUT -p udp -j NFLOG --nflog-prefix "PROXY_DROP_UDP: " --nflog-group 100
-A OUTPUT -p udp -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'server', what: 'udp', to: '198.51.100.53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'ping', to: '192.0.2.2' }, seen: 'answered' },
      { sending: { from: 'server', what: 'udp', to: '127.0.0.1', port: 53 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The redirect has rewritten the destination to 127.0.0.1, but in this hook the packet still leaves by eth0: the rule for lo does not match, and the chain drops it.',
      causes: [
        { rule: '-o lo -j ACCEPT', chain: 'filter OUTPUT' },
        { rule: '-p udp -j DROP', chain: 'filter OUTPUT' },
        { rule: '--uid-owner 9998 -j ACCEPT', chain: 'filter OUTPUT' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -I OUTPUT 4 -d 127.0.0.1 -p udp --dport 53 -m owner --uid-owner 0 -j ACCEPT']],
  },
  {
    name: 'apf-second-resolver-behind-the-drop',
    thread: {
      title: 'DNS firewall logic mistake with RESV_DNS_DROP enabled?',
      address: 'https://github.com/rfxn/advanced-policy-firewall/issues/25',
    },
    backend: 'iptables-legacy',
    hosts: {
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 192.0.2.53/32 -p udp -m udp --sport 53 --dport 1023:65535 -j ACCEPT
-A INPUT -s 192.0.2.53/32 -p tcp -m tcp --sport 53 --dport 1023:65535 -j ACCEPT
-A INPUT -p tcp -m tcp --sport 53 --dport 1023:65535 -j DROP
-A INPUT -p udp -m udp --sport 53 --dport 1023:65535 -j DROP
-A INPUT -s 192.0.2.54/32 -p udp -m udp --sport 53 --dport 1023:65535 -j ACCEPT
-A INPUT -s 192.0.2.54/32 -p tcp -m tcp --sport 53 --dport 1023:65535 -j ACCEPT
-A INPUT -p tcp -m tcp --sport 53 --dport 1023:65535 -j DROP
-A INPUT -p udp -m udp --sport 53 --dport 1023:65535 -j DROP
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -j DROP
-A INPUT -p udp -j DROP
-A OUTPUT -d 192.0.2.53/32 -p udp -m udp --sport 1023:65535 --dport 53 -j ACCEPT
-A OUTPUT -d 192.0.2.54/32 -p udp -m udp --sport 1023:65535 --dport 53 -j ACCEPT
COMMIT
`,
        },
      },
      resolvers: {
        addresses: { eth0: ['192.0.2.53/24', '192.0.2.54/24'] },
        listeners: [
          { ...DNS, address: '192.0.2.53' },
          { ...DNS, address: '192.0.2.54' },
        ],
      },
    },
    links: [['server:eth0', 'resolvers:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'udp', to: '192.0.2.54', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'udp', to: '192.0.2.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'resolvers', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules that drop the answers of all other resolvers follow the first resolver, and so stand in front of the rules for the second.',
      causes: [
        { rule: '-p udp -m udp --sport 53 --dport 1023:65535 -j DROP', chain: 'filter INPUT' },
        { rule: '-s 192.0.2.54/32 -p udp', chain: 'filter INPUT' },
      ],
      status: ['reply-lost'],
    },
    mend: [['server', 'iptables -D INPUT 6; iptables -D INPUT 5']],
  },
]

/** Rules that ask a header, an interface or a state that the packet has not in this hook: they load, and never match. */
import { bridged, clientAndServer, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const WRONG_HEADERS: Problem[] = [
  {
    name: 'firewalld-set-asks-source-with-output-interface',
    thread: {
      title: 'fix: match daddr to oifname and saddr to iifname',
      address: 'https://github.com/firewalld/firewalld/pull/1406',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'udp', port: 5000 },
        { protocol: 'tcp', port: 22 },
        { protocol: 'tcp', port: 80 },
      ],
      rules: {
        nft: `table inet zones {
  set partners {
    type ipv4_addr . ifname
    flags interval
    elements = { 192.0.2.2 . "eth0" }
  }
  chain zone_input {
    type filter hook input priority filter + 10; policy accept;
    ct state established,related accept
    iif "lo" accept
    ct state invalid drop
    jump in_test1
    meta l4proto { icmp, ipv6-icmp } accept
    drop
  }
  chain in_test1 {
    tcp dport 22 accept
    ip saddr . oifname @partners accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 5000 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words: 'The rule looks the source up with the output interface, which no packet has in input.',
      causes: [{ rule: 'ip saddr . oifname @partners', chain: 'inet zones in_test1' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft insert rule inet zones in_test1 ip saddr . iifname @partners accept']],
  },
  {
    name: 'puppet-asks-version-6-of-the-ipv4-header',
    thread: {
      title: 'Simplerule: wrong IP protocol version filter statement for IPv6 traffic',
      address: 'https://github.com/voxpupuli/puppet-nftables/issues/69',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '::', port: 666 },
        { protocol: 'tcp', address: '::', port: 22 },
      ],
      rules: {
        nft: `table inet filter {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    jump global
    jump default_in
    counter reject with icmpx type port-unreachable
  }
  chain global {
    ct state established,related accept
    ct state invalid drop
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain default_in {
    tcp dport 22 accept
    ip version 6 tcp dport 666 accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 666 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 666 }, seen: 'refused' },
    ],
    truth: {
      words: 'The rule asks the IPv4 header for version 6, so that it matches neither family.',
      causes: [{ rule: 'ip version 6', chain: 'inet filter default_in' }],
      status: ['rejected'],
    },
    mend: [['server', 'nft add rule inet filter default_in ip6 version 6 tcp dport 666 accept']],
  },
  {
    name: 'docker-nft-scripts-swap-the-interfaces',
    thread: { title: 'Mistaken iif and oif', address: 'https://github.com/oniGino/docker-nftables-scripts/pull/3' },
    backend: 'nft',
    ...bridged('docker0', '172.17.0.1/24', {
      listeners: WEB,
      rules: {
        nft: `table ip docker {
  chain forward {
    type filter hook forward priority filter; policy drop;
    oifname "docker0" ct state established,related accept
    iifname != "docker0" oifname "docker0" accept
    iifname "docker0" oifname "docker0" accept
  }
}
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'c1', what: 'tcp', to: '172.17.0.1', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'The rule for requests of containers has its input and output interfaces swapped.',
      causes: [
        { rule: 'iifname != "docker0" oifname "docker0"', chain: 'ip docker forward' },
        { policy: 'ip docker forward' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'nft add rule ip docker forward iifname docker0 oifname != docker0 accept']],
  },
  {
    name: 'perfsonar-dhcpv6-reply-is-new-to-conntrack',
    thread: { title: 'IPTables Defaults block DHCP6', address: 'https://github.com/perfsonar/project/issues/860' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'udp', address: '::', port: 546 },
        { protocol: 'tcp', address: '::', port: 443 },
      ],
      rules: {
        v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp6-adm-prohibited
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 546, sport: 547 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words: 'What a DHCPv6 server sends is new to conntrack, and INPUT rejects what no rule accepts.',
      causes: [{ rule: 'REJECT', chain: 'filter INPUT' }],
      status: ['rejected'],
    },
    mend: [['server', 'ip6tables-legacy -I INPUT -p udp --sport 547 --dport 546 -j ACCEPT']],
  },
]

/** Rules of nft that ask a header or an interface that the packet does not have in this hook: they load, and never match. */
import { clientAndServer } from '../machines.ts'
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
]

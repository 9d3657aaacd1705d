/** Sets and limits: elements that expired, lists of one family, interfaces in sets, what a limit drops, what a string matches. */
import { clientAndServer, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const WSD = { protocol: 'udp', port: 3702 } as const

export const LISTS: Problem[] = [
  {
    name: 'fwknop-element-expired',
    thread: {
      title: 'linux: firewall incorrectly detected because it is currently not supported',
      address: 'https://github.com/mrash/fwknop/issues/266',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', port: 22 },
        { protocol: 'tcp', port: 443 },
      ],
      rules: {
        nft: `table ip filter {
  set fwknop-input {
    type ipv4_addr . inet_service
    size 65536
    flags timeout
  }
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    tcp dport 443 accept
    ip saddr . tcp dport @fwknop-input accept
  }
}
`,
      },
    }),
    setup: [['server', 'nft add element ip filter fwknop-input "{ 192.0.2.2 . 22 timeout 300ms }"; sleep 0.6']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' }],
    truth: {
      words: 'The element that let this address in has expired: it is no longer in the set.',
      causes: [
        { rule: '@fwknop-input accept', chain: 'ip filter INPUT' },
        { code: 'not-in-set', words: ['fwknop-input'] },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'nft add element ip filter fwknop-input "{ 192.0.2.2 . 22 timeout 60s }"']],
  },
  {
    name: 'banip-whitelist-of-one-family',
    thread: {
      title: 'banIP: whitelist ignores IPv6 addresses',
      address: 'https://github.com/openwrt/packages/issues/8184',
    },
    backend: 'iptables-legacy',
    ...homeRouter({
      listeners: [
        { protocol: 'tcp', port: 443 },
        { protocol: 'tcp', address: '2001:db8:f::1', port: 443 },
      ],
      rules: {
        ipset: `create whitelist hash:net family inet hashsize 1024 maxelem 65536
add whitelist 203.0.113.9
create country hash:net family inet hashsize 1024 maxelem 65536
add country 203.0.113.0/24
create country_6 hash:net family inet6 hashsize 1024 maxelem 65536
add country_6 2001:db8:f::/48
`,
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:banIP - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i wan -j banIP
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A banIP -m set --match-set whitelist src -j RETURN
-A banIP -m set --match-set country src -j DROP
COMMIT
`,
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:banIP - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -i wan -j banIP
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A banIP -m set --match-set country_6 src -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words: 'The list of exceptions holds IPv4 alone: for IPv6, the list of banned networks drops the same machine.',
      causes: [{ rule: '--match-set country_6 src -j DROP', chain: 'filter banIP' }],
      status: ['dropped'],
    },
    mend: [['router', 'ip6tables -I banIP -s 2001:db8:f::9/128 -j RETURN']],
  },
  {
    name: 'ipset-names-port-of-bridge',
    thread: {
      title: 'Ipset is not matching interface name with physdev:eth2 in Bridge',
      address: 'https://github.com/Olipro/ipset/issues/12',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.10/24'] } },
      server: {
        bridges: { br1: ['eth2', 'eth3'] },
        addresses: { br1: ['192.0.2.1/24'] },
        listeners: [
          { protocol: 'tcp', port: 22 },
          { protocol: 'tcp', port: 80 },
        ],
        rules: {
          ipset: `create foo hash:net,iface family inet hashsize 1024 maxelem 65536
add foo 192.0.2.10,physdev:eth2
add foo 192.0.2.10,physdev:eth3
`,
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -m set --match-set foo src,src -j ACCEPT
COMMIT
`,
        },
      },
      other: { addresses: { eth0: ['192.0.2.20/24'] } },
    },
    links: [
      ['client:eth0', 'server:eth2'],
      ['other:eth0', 'server:eth3'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The set has the ports of the bridge, and the packet comes in by the bridge itself, br1.',
      causes: [
        { rule: '--match-set foo src,src', chain: 'filter INPUT' },
        { code: 'not-in-set', words: ['foo'] },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'ipset add foo 192.0.2.10,br1']],
  },
  {
    name: 'wsdd-unicast-probe',
    thread: {
      title: 'Firewall (iptables) with DROP Policies: configuration not well explained in Readme',
      address: 'https://github.com/christgau/wsdd/issues/100',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [WSD, { protocol: 'tcp', port: 5357 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 239.255.255.250/32 -i eth0 -p udp -m udp --dport 3702 -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 5357 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -d 239.255.255.250/32 -o eth0 -p udp -m udp --dport 3702 -j ACCEPT
-A OUTPUT -o eth0 -p udp -m udp --sport 3702 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 3702 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5357 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 3703 }, seen: 'nothing' },
    ],
    truth: {
      words: "The rule accepts the group's address; clients ask again by the server's own address.",
      causes: [{ rule: '-d 239.255.255.250/32', chain: 'filter INPUT' }, { policy: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -A INPUT -i eth0 -p udp --dport 3702 -j ACCEPT']],
  },
  {
    name: 'dns-name-rule-matches-too-much',
    thread: {
      title: 'ripe rule block all dns resolution of ripe.net zone',
      address: 'https://github.com/smurfmonitor/dns-iptables-rules/issues/18',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'udp', port: 53 },
        { protocol: 'tcp', port: 53 },
      ],
      rules: {
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 53 -m string --hex-string "|6672617564|" --algo bm --from 40 --to 65535 -m comment --comment "DROP DNS Q fraud" -j DROP
-A INPUT -p udp -m udp --dport 53 -m string --hex-string "|6e66776879|" --algo bm --from 40 --to 50 -m comment --comment "DROP DNS Q nfwhy" -j DROP
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 53 }, seen: 'answered' }],
    truth: {
      words: 'The rule against floods of one question drops every question for names of that zone.',
      causes: [{ rule: 'DROP DNS Q nfwhy', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -D INPUT 2']],
  },
  {
    name: 'algo-ping-limit-drops',
    thread: { title: "Systems aren't pingable", address: 'https://github.com/trailofbits/algo/issues/475' },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [{ protocol: 'tcp', address: '2001:db8:1::1', port: 22 }],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type router-advertisement -m hl --hl-eq 255 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type neighbor-solicitation -m hl --hl-eq 255 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type neighbor-advertisement -m hl --hl-eq 255 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type echo-request -m hashlimit --hashlimit-upto 5/s --hashlimit-mode srcip --hashlimit-srcmask 32 --hashlimit-name icmp-echo-drop -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'ping', to: '2001:db8:1::1' },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        'The rule that was to accept a few echo requests a second ends in DROP: it drops what keeps within the limit.',
      causes: [{ rule: '--hashlimit-upto 5/sec', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'ip6tables -R INPUT 6 -p ipv6-icmp --icmpv6-type echo-request -m hashlimit --hashlimit-upto 5/s --hashlimit-mode srcip --hashlimit-name icmp-echo -j ACCEPT',
      ],
    ],
  },
]

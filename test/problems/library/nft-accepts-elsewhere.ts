/** Accepted by one program's table and stopped by another's, from threads: iptables-nft beside firewalld's and fw4's tables of nft. */
import { homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { base, chain, parts, REJECTS, STATES, table } from './nft-dispatch.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const

export const NFT_ACCEPTS_ELSEWHERE: Problem[] = [
  {
    name: 'firewalld-direct-accept-of-bridged-frames-is-not-final',
    thread: {
      title: 'It is impossible to add a rule accepting bridge traffic with FirewallBackend=nftables',
      address: 'https://github.com/firewalld/firewalld/issues/1236',
    },
    backend: 'iptables-nft',
    hosts: {
      vm1: { addresses: { eth0: ['192.168.5.10/24'] } },
      vm2: { addresses: { eth0: ['192.168.5.20/24'] }, listeners: [HTTP, SSH] },
      host: {
        bridges: { br0: ['tap1', 'tap2'] },
        addresses: { eth0: ['192.0.2.1/24'], br0: ['192.168.5.1/24'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '1', 'net.bridge.bridge-nf-call-ip6tables': '1' },
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i br0 -o br0 -j ACCEPT
COMMIT
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i br0 -o br0 -j ACCEPT
COMMIT
`,
          nft: table(
            base('prerouting', 'dstnat', ['jump nat_PREROUTING_POLICIES'], 'nat'),
            base('postrouting', 'srcnat', ['jump nat_POSTROUTING_POLICIES'], 'nat'),
            base('input', 'filter', [...STATES, 'ct state invalid drop', 'jump filter_INPUT_POLICIES', REJECTS]),
            base('forward', 'filter', [...STATES, 'ct state invalid drop', 'jump filter_FORWARD_POLICIES', REJECTS]),
            base('output', 'filter', ['ct state { established, related } accept', 'oifname "lo" accept']),
            chain('nat_PREROUTING_POLICIES', [
              'iifname "eth0" jump nat_PRE_public',
              'iifname "eth0" return',
              'jump nat_PRE_public',
              'return',
            ]),
            chain('nat_POSTROUTING_POLICIES', [
              'iifname "eth0" oifname "eth0" jump nat_POST_public',
              'iifname "eth0" oifname "eth0" return',
              'jump nat_POST_public',
              'return',
            ]),
            chain('filter_INPUT_POLICIES', [
              'iifname "eth0" jump filter_IN_policy_allow-host-ipv6',
              'iifname "eth0" jump filter_IN_public',
              `iifname "eth0" ${REJECTS}`,
              'jump filter_IN_policy_allow-host-ipv6',
              'jump filter_IN_public',
              REJECTS,
            ]),
            chain('filter_FORWARD_POLICIES', [
              'iifname "eth0" oifname "eth0" jump filter_FWD_public',
              `iifname "eth0" oifname "eth0" ${REJECTS}`,
              'iifname "eth0" jump filter_FWD_public',
              `iifname "eth0" ${REJECTS}`,
              'oifname "eth0" jump filter_FWD_public',
              `oifname "eth0" ${REJECTS}`,
              'jump filter_FWD_public',
              REJECTS,
            ]),
            parts('nat_PRE_public'),
            parts('nat_POST_public'),
            parts('filter_IN_policy_allow-host-ipv6', {
              allow: ['icmpv6 type { nd-neighbor-advert, nd-neighbor-solicit, nd-router-advert, nd-redirect } accept'],
            }),
            parts('filter_IN_public', {
              allow: ['tcp dport 22 accept', 'ip6 daddr fe80::/64 udp dport 546 accept'],
              end: ['meta l4proto { icmp, ipv6-icmp } accept'],
            }),
            parts('filter_FWD_public', { allow: ['oifname "eth0" accept'] }),
          ),
        },
      },
      admin: { addresses: { eth0: ['192.0.2.9/24'] } },
    },
    links: [
      ['vm1:eth0', 'host:tap1'],
      ['vm2:eth0', 'host:tap2'],
      ['host:eth0', 'admin:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm1', what: 'tcp', to: '192.168.5.20', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'unreachable' },
      { sending: { from: 'vm1', what: 'tcp', to: '192.168.5.20', port: 22 }, seen: 'unreachable', either: true },
    ],
    truth: {
      words:
        "br_netfilter hands bridged frames to IP's chains, and the bridge is in no zone. The direct rule accepts them in the table of iptables alone; firewalld's own table comes behind it and rejects.",
      causes: [
        { rule: 'reject with icmpx', chain: 'inet firewalld filter_FORWARD_POLICIES' },
        { code: 'bridge-nf-call' },
      ],
      status: ['rejected'],
    },
    mend: [
      ['host', 'sysctl -qw net.bridge.bridge-nf-call-iptables=0; sysctl -qw net.bridge.bridge-nf-call-ip6tables=0'],
    ],
  },
  {
    name: 'dockers-policy-of-ip6tables-on-an-openwrt-router',
    thread: {
      title: 'dockerd: Configuration in nftables breaks IPv6 routing',
      address: 'https://github.com/openwrt/packages/issues/24492',
    },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -i wan -o docker0 -j REJECT --reject-with icmp-port-unreachable
-A DOCKER-USER -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.18.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`,
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    iifname "docker0" jump input_docker comment "!fw4: Handle docker IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    iifname "docker0" jump forward_docker comment "!fw4: Handle docker IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle outbound flows"
  }
  chain input_lan {
    iifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, nd-router-solicit, nd-router-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    icmpv6 type . icmpv6 code { packet-too-big . no-route, nd-neighbor-solicit . no-route, nd-neighbor-advert . no-route } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    iifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain input_docker {
    iifname "docker0" counter accept comment "!fw4: accept docker IPv4/IPv6 traffic"
  }
  chain forward_lan {
    oifname "wan" counter accept comment "!fw4: Accept lan to wan forwarding"
    oifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_wan {
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
    icmpv6 type . icmpv6 code { packet-too-big . no-route, parameter-problem . no-route } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
    iifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain forward_docker {
    oifname "wan" counter accept comment "!fw4: Accept docker to wan forwarding"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      { remote: { listeners: [HTTP, { protocol: 'tcp', address: '2001:db8:f::9', port: 80 }] } },
    ),
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'fw4 accepts what goes from lan to wan in either family. Docker has set the policy of the FORWARD chain of ip6tables to DROP, as it does wherever it manages IPv6, and no rule there is for the router.',
      causes: [{ policy: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [['router', 'ip6tables -P FORWARD ACCEPT']],
  },
]

/** Hosts whose iptables drops the ICMP that IP itself needs: neighbours, path MTU, replies to groups. */
import type { HostSpec } from '../../../src/demo/incident.ts'
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const WEB6 = { protocol: 'tcp', address: '2001:db8:1::2', port: 80 } as const
/** Of the solicitations for the client. */
const SOLICITED = { protocol: 'icmpv6', dst: 'ff02::1:ff00:2' }

/** The server is the one that asks. */
function asking(server: HostSpec): Pick<Problem, 'hosts' | 'links' | 'traced'> {
  const { hosts, ...net } = clientAndServer(server)
  return { hosts: { ...hosts, client: { ...hosts.client, listeners: [WEB6] } }, ...net }
}

export const ICMP: Problem[] = [
  {
    name: 'openwrt-invalid-drops-group-reply',
    thread: {
      title: 'fw: can not ping the router via link local on all nodes multicast `ping6 ff02:1%eth0`',
      address: 'https://github.com/lede-project/source/issues/76',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      rules: {
        v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:zone_lan_input - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -i eth0 -j zone_lan_input
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m conntrack --ctstate INVALID -j DROP
-A zone_lan_input -j ACCEPT
COMMIT
`,
      },
    }),
    // else it answers itself
    setup: [['client', 'sysctl -qw net.ipv6.icmp.echo_ignore_multicast=1']],
    fails: { from: 'client', what: 'ping', to: 'ff02::1%eth0' },
    seen: 'nothing',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1' },
    others: [{ sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' }],
    truth: {
      words:
        "The reply comes from the router's own address, not from the group that was asked: to connection tracking it is INVALID, and OUTPUT drops that.",
      causes: [{ rule: '--ctstate INVALID -j DROP', chain: 'filter OUTPUT' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'ip6tables -D OUTPUT -m conntrack --ctstate INVALID -j DROP']],
  },
  {
    name: 'ip6tables-icmp-for-icmpv6',
    thread: {
      title: 'ip6tables rule is allowing wrong version of ICMP',
      address: 'https://github.com/geerlingguy/ansible-role-firewall/issues/54',
    },
    backend: 'iptables-nft',
    ...asking({
      listeners: [{ protocol: 'tcp', address: '2001:db8:1::1', port: 22 }],
      rules: {
        v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p udp -m udp --sport 123 -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 80 },
    seen: 'unreachable',
    // the advertisement that comes back
    looksAt: { protocol: 'icmpv6', dst: '2001:db8:1::1' },
    others: [{ sending: { from: 'server', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' }],
    truth: {
      words: 'The rule accepts ICMP of IPv4, so the advertisement that answers the solicitation is dropped.',
      causes: [
        { rule: '-p icmp -j ACCEPT', chain: 'filter INPUT' },
        { rule: '-j DROP', chain: 'filter INPUT' },
      ],
      status: ['reply-lost', 'dropped'],
    },
    mend: [['server', 'ip6tables -R INPUT 3 -p ipv6-icmp -j ACCEPT']],
  },
  {
    name: 'firehol-drops-own-solicitation',
    thread: { title: 'ICMPv6 pings being blocked', address: 'https://github.com/firehol/firehol/issues/121' },
    backend: 'iptables-legacy',
    ...asking({
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:in_world - [0:0]
:out_world - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth0 -j in_world
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o eth0 -j out_world
-A in_world -p icmpv6 -m icmp6 --icmpv6-type 128 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_world -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A in_world -m limit --limit 1/sec -j LOG --log-prefix "IN-world: "
-A in_world -j DROP
-A out_world -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A out_world -p icmpv6 -m conntrack --ctstate RELATED -j ACCEPT
-A out_world -m limit --limit 1/sec -j LOG --log-prefix "OUT-world: "
-A out_world -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'server', what: 'ping', to: '2001:db8:1::2' },
    seen: 'unreachable',
    looksAt: SOLICITED,
    others: [{ sending: { from: 'server', what: 'ping', to: '192.0.2.2' }, seen: 'answered' }],
    truth: {
      words:
        'Neighbour discovery is not tracked: a rule for the states NEW and ESTABLISHED does not accept it, and the chain drops it.',
      causes: [
        { rule: '-j DROP', chain: 'filter out_world' },
        { rule: '--ctstate NEW,ESTABLISHED -j ACCEPT', chain: 'filter out_world' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'for chain in in_world out_world; do for type in neighbour-solicitation neighbour-advertisement; do ip6tables -I $chain -p icmpv6 --icmpv6-type $type -j ACCEPT; done; done',
      ],
    ],
  },
  {
    name: 'whonix-drops-fragmentation-needed',
    thread: {
      title: 'Fix MTU problem by allowing RELATED fragmentation-needed ICMP',
      address: 'https://github.com/Whonix/whonix-firewall/pull/5',
    },
    backend: 'iptables-nft',
    hosts: {
      gateway: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j DROP
COMMIT
`,
        },
      },
      isp: {
        addresses: { eth0: ['192.0.2.254/24'], ppp0: ['203.0.113.254/24'] },
        mtu: { ppp0: 1280 },
        sysctls: FORWARDS,
      },
      far: {
        addresses: { eth0: ['203.0.113.9/24'] },
        mtu: { eth0: 1280 },
        routes: ['default via 203.0.113.254'],
        listeners: [{ protocol: 'udp', port: 1194 }],
      },
    },
    links: [
      ['gateway:eth0', 'isp:eth0'],
      ['isp:ppp0', 'far:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'gateway', what: 'udp', to: '203.0.113.9', port: 1194, bytes: 1400, tries: 2 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'udp', to: '203.0.113.9', port: 1194 }, seen: 'answered' },
      { sending: { from: 'far', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'A router on the way says that it has to be fragmented; INPUT accepts ESTABLISHED alone and drops this, which is RELATED: the sender never makes its packets smaller.',
      causes: [
        { rule: '-j DROP', chain: 'filter INPUT' },
        { rule: '--ctstate ESTABLISHED -j ACCEPT', chain: 'filter INPUT' },
      ],
      status: ['lost', 'unanswered', 'reply-lost'],
    },
    mend: [
      [
        'gateway',
        'iptables -I INPUT -p icmp --icmp-type fragmentation-needed -m conntrack --ctstate RELATED -j ACCEPT',
      ],
    ],
  },
]

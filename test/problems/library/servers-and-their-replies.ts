/** Servers and what they reply, or are replied: untracked DNS, a family that a rule leaves out, a ban in front of an exception, VRRP between two nodes. */
import { clientAndServer } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksByProtocol, repliesByProtocol } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = [
  { protocol: 'udp', port: 53 },
  { protocol: 'tcp', port: 53 },
] as const
const SIX = { address: '::' } as const
const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const

const FILTER = ':INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]'
const RAW = '*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]'

/** VRRP version 2, router 51, priority 100. */
const ADVERTISEMENT = '2133640100010000c000020a0000000000000000'

export const SERVERS_AND_THEIR_REPLIES: Problem[] = [
  {
    name: 'recursor-tracks-no-dns-and-its-output-knows-only-questions',
    thread: { title: 'Update notrack rules', address: 'https://github.com/PowerDNS/pdns/pull/4379' },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [...DNS.map((one) => ({ ...one, ...SIX })), { ...SSH, ...SIX }],
      rules: {
        v6: `${RAW}
-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack
-A PREROUTING -p udp -m udp --sport 53 -j CT --notrack
-A OUTPUT -p udp -m udp --dport 53 -j CT --notrack
-A OUTPUT -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
${FILTER}
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -p udp -m udp --sport 53 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 53 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p ipv6-icmp -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -p tcp -m multiport --dports 53,443 -j ACCEPT
COMMIT
`,
      },
    }),
    setup: [
      [
        'client',
        `python3 -c "import socket
s=socket.socket(10,2); s.bind(('::',53))
while True:
  d,who=s.recvfrom(2000); s.sendto(d,who)" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnu | grep -q ':53 ' && break; sleep .1; done`,
      ],
    ],
    fails: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'server', what: 'udp', to: '2001:db8:1::2', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'DNS is not tracked, so a reply to a client is no part of a connection; and OUTPUT accepts questions to port 53 alone, not what leaves from port 53.',
      causes: [
        { policy: 'filter OUTPUT' },
        { code: 'untracked' },
        { rule: '--sport 53 -j CT --notrack', chain: 'raw OUTPUT' },
        { rule: '--sport 53 -j NOTRACK', chain: 'raw OUTPUT' },
      ],
      status: ['reply-lost'],
      alsoTrue: ['reply-dropped', 'near-miss', 'missing-rule'],
    },
    mend: [['server', 'ip6tables -A OUTPUT -p udp --sport 53 -j ACCEPT']],
  },
  {
    name: 'healthy-resolver-tracks-no-question-of-its-clients',
    thread: { title: 'rec: Update performance.rst', address: 'https://github.com/PowerDNS/pdns/pull/13423' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [...DNS, SSH],
      rules: {
        v4: `${RAW}
-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack
-A OUTPUT -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
${FILTER}
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,53 -m conntrack --ctstate NEW -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate INVALID -j DROP
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --sport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: HEALTHY,
    mend: [['server', 'true']],
  },
  {
    name: 'role-knows-established-of-ipv4-alone-in-a-table-of-both',
    thread: {
      title: 'fix(rules): stop dropping IPv6 traffic in inet filter table',
      address: 'https://github.com/grzegorzfranus/ansible-role-nftables/issues/20',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [SSH, { ...SSH, ...SIX }],
      rules: {
        nft: `table inet filter {
  set admin_ports {
    type inet_service
    elements = { 22 }
  }
  chain loopback {
    iifname "lo" counter accept
    iifname != "lo" ip saddr 127.0.0.0/8 counter drop
  }
  chain existing {
    ip protocol tcp ct state { established, related } counter accept
    ip protocol udp ct state { established, related } counter accept
    ip protocol icmp ct state { established, related } counter accept
    ct state invalid counter drop
  }
  chain ping {
    ip protocol icmp icmp type echo-request limit rate 10/second counter accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    jump loopback
    jump existing
    jump ping
    tcp dport @admin_ports ct state new counter accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
  chain output {
    type filter hook output priority filter; policy accept;
    ip protocol icmp counter accept
  }
}
`,
      },
    }),
    setup: [
      [
        'client',
        `for p in 443:10 80:2; do python3 -c "import socket,sys
port,family=map(int,sys.argv[1].split(':'))
s=socket.socket(family,1); s.setsockopt(1,2,1); s.bind(('::' if family==10 else '0.0.0.0',port)); s.listen(9)
while True: s.accept()[0].close()" $p >/dev/null 2>&1 </dev/null & done
for i in $(seq 100); do ss -lnt | grep -q ':443 ' && ss -lnt | grep -q ':80 ' && break; sleep .1; done`,
      ],
    ],
    fails: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Of IPv6 the input chain accepts new connections to port 22 and nothing else: neither neighbour advertisements, so the link-layer address of the neighbour stays unknown, nor replies, because `ip protocol` makes each rule one of IPv4.',
      causes: [{ code: 'neighbour-discovery-dropped' }, { policy: 'inet filter input' }],
      status: ['lost', 'unanswered', 'reply-lost'],
      alsoTrue: ['neighbour-failed', 'several-causes', 'reply-dropped'],
    },
    mend: [
      ['server', 'nft insert rule inet filter existing ct state { established, related } counter accept'],
      [
        'server',
        'nft add rule inet filter ping icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } counter accept',
      ],
    ],
  },
  {
    name: 'fail2ban-stands-in-front-of-the-addresses-of-the-office',
    thread: {
      title: 'Update iptables actions to cooperate with and give precedence to iptables-persistent',
      address: 'https://github.com/fail2ban/fail2ban/pull/1803',
    },
    backend: 'iptables-legacy',
    hosts: {
      office: { addresses: { eth0: ['198.51.100.20/24', '198.51.100.21/24'] }, routes: ['default via 198.51.100.1'] },
      colleague: { addresses: { eth0: ['198.51.100.30/24'] }, routes: ['default via 198.51.100.1'] },
      bot: { addresses: { eth0: ['203.0.113.66/24'] }, routes: ['default via 203.0.113.1'] },
      server: {
        bridges: { br0: ['p1', 'p2'] },
        addresses: { br0: ['198.51.100.1/24'], eth1: ['203.0.113.1/24'] },
        listeners: [SSH, HTTPS],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-recidive - [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp -j f2b-recidive
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A INPUT -s 198.51.100.0/24 -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 443 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A f2b-recidive -j RETURN
-A f2b-sshd -s 203.0.113.66/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -s 198.51.100.20/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
COMMIT
`,
        },
      },
    },
    links: [
      ['office:eth0', 'server:p1'],
      ['colleague:eth0', 'server:p2'],
      ['bot:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'office', what: 'tcp', to: '198.51.100.1', port: 22 },
    seen: 'refused',
    others: [
      { sending: { from: 'bot', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'bot', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'bot', what: 'tcp', to: '203.0.113.1', port: 25 }, seen: 'unreachable' },
      { sending: { from: 'colleague', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'office', what: 'tcp', to: '198.51.100.1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'fail2ban has banned an address of the office, and its chain comes before the rule that accepts the whole office.',
      causes: [{ rule: '-s 198.51.100.20/32 -j REJECT', chain: 'filter f2b-sshd' }],
      status: ['rejected'],
    },
    mend: [['server', 'iptables -D f2b-sshd -s 198.51.100.20/32 -j REJECT --reject-with icmp-port-unreachable']],
  },
  {
    name: 'healthy-unicast-vrrp-without-a-rule-of-its-own',
    thread: {
      title: 'Question: Firewall Requirements for Unicast vs. Multicast VRRP',
      address: 'https://github.com/acassen/keepalived/issues/2643',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [SSH],
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { invalid : drop, established : accept, related : accept }
    icmp type echo-request accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport 22 accept
    reject with icmpx admin-prohibited
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
`,
      },
    }),
    setup: [
      ['client', asksByProtocol(112, '192.0.2.1', ADVERTISEMENT)],
      ['server', repliesByProtocol(112, '192.0.2.1', ADVERTISEMENT)],
      [
        'server',
        `python3 -c "import socket
s=socket.socket(2,3,112); s.sendto(bytes.fromhex('${ADVERTISEMENT}'),('192.0.2.2',0))"`,
      ],
    ],
    fails: POKED,
    seen: 'answered',
    looksAt: { protocol: 'vrrp', dst: '192.0.2.1' },
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'unreachable' },
    ],
    truth: HEALTHY,
    mend: [['server', 'true']],
  },
]

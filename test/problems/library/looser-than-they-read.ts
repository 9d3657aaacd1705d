/** Single servers that are healthy though their settings read as stricter: a rule against fragments that meets none, a filter of the way back whose interface says strict. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const LOOSER_THAN_THEY_READ: Problem[] = [
  {
    name: 'aif-drops-fragments-and-meets-whole-packets',
    thread: {
      title: 'changed: Disable fragment dropping (and logging) by default and move …',
      address: 'https://github.com/arno-iptables-firewall/aif/pull/60',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'udp', port: 4739 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:BASE_INPUT_CHAIN - [0:0]
:EXT_INPUT_CHAIN - [0:0]
:HOST_BLOCK_SRC - [0:0]
:INVALID_CHK - [0:0]
:VALID_CHK - [0:0]
:POST_INPUT_DROP_CHAIN - [0:0]
-A INPUT -j BASE_INPUT_CHAIN
-A INPUT -j HOST_BLOCK_SRC
-A INPUT -i eth0 -j VALID_CHK
-A INPUT -i eth0 -m conntrack ! --ctstate NEW -j DROP
-A INPUT -i eth0 -p icmp -m conntrack --ctstate NEW -m limit --limit 60/sec --limit-burst 100 -j EXT_INPUT_CHAIN
-A INPUT -i eth0 ! -p icmp -m conntrack --ctstate NEW -j EXT_INPUT_CHAIN
-A INPUT -j POST_INPUT_DROP_CHAIN
-A BASE_INPUT_CHAIN -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A BASE_INPUT_CHAIN -p tcp -m conntrack --ctstate RELATED -m tcp --dport 1024:65535 -j ACCEPT
-A BASE_INPUT_CHAIN -p udp -m conntrack --ctstate RELATED -m udp --dport 1024:65535 -j ACCEPT
-A BASE_INPUT_CHAIN -p icmp -m conntrack --ctstate RELATED -j ACCEPT
-A BASE_INPUT_CHAIN -i lo -j ACCEPT
-A EXT_INPUT_CHAIN -p tcp -m tcp --dport 0 -j DROP
-A EXT_INPUT_CHAIN -p udp -m udp --dport 0 -j DROP
-A EXT_INPUT_CHAIN -p tcp -m tcp --dport 22 -j ACCEPT
-A EXT_INPUT_CHAIN -p udp -m udp --dport 4739 -j ACCEPT
-A EXT_INPUT_CHAIN -p icmp -m icmp --icmp-type 8 -m limit --limit 20/sec --limit-burst 100 -j ACCEPT
-A EXT_INPUT_CHAIN -j POST_INPUT_DROP_CHAIN
-A POST_INPUT_DROP_CHAIN -j DROP
-A VALID_CHK -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,PSH,URG -j INVALID_CHK
-A VALID_CHK -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j INVALID_CHK
-A VALID_CHK -p tcp -m tcp --tcp-flags SYN,RST SYN,RST -j INVALID_CHK
-A VALID_CHK -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j INVALID_CHK
-A VALID_CHK -m conntrack --ctstate INVALID -j INVALID_CHK
-A VALID_CHK -f -m limit --limit 3/min --limit-burst 1 -j LOG --log-prefix "AIF:Fragment packet: "
-A VALID_CHK -f -j DROP
-A INVALID_CHK -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 4739, bytes: 4000 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 4739 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the datagram comes in fragments, but connection tracking puts them together in front of the filter, so the rule against fragments meets a whole packet.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
  {
    name: 'hardened-interface-is-strict-and-all-are-loose',
    thread: {
      title: 'New option rpfilter_loose to enable loose mode (rp_filter = 2)',
      address: 'https://github.com/dev-sec/puppet-os-hardening/pull/163',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      core: {
        addresses: { clients: ['203.0.113.1/24'], left: ['192.0.2.254/24'], right: ['198.51.100.254/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 123, address: '203.0.113.1' }],
      },
      server: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        routes: ['default via 192.0.2.254'],
        listeners: [SSH, { protocol: 'tcp', port: 443 }],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 127.0.0.0/8 ! -i lo -j DROP
-A PREROUTING -s 224.0.0.0/4 -j DROP
-A PREROUTING -s 192.0.2.1/32 ! -i lo -j DROP
-A PREROUTING -s 198.51.100.1/32 ! -i lo -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:TCP - [0:0]
:UDP - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p icmp -m icmp --icmp-type 8 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p udp -m conntrack --ctstate NEW -j UDP
-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j TCP
-A INPUT -p udp -j REJECT --reject-with icmp-port-unreachable
-A INPUT -p tcp -j REJECT --reject-with tcp-reset
-A INPUT -j REJECT --reject-with icmp-proto-unreachable
-A TCP -p tcp -m tcp --dport 443 -j ACCEPT
-A TCP -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'core:clients'],
      ['core:left', 'server:eth0'],
      ['core:right', 'server:eth1'],
    ],
    traced: 'server',
    setup: [
      [
        'server',
        'sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.eth1.rp_filter=1 net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.all.send_redirects=0',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '198.51.100.1', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'client', what: 'ping', to: '198.51.100.1' }, seen: 'answered' },
      { sending: { from: 'server', what: 'udp', to: '203.0.113.1', port: 123 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nothing is wrong: the way back to the client is by the other interface, but the greater of rp_filter's values for all and for this one counts, and loose is the greater; the reply reaches the client by eth0 as well.",
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]

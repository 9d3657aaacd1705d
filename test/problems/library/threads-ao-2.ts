/** Rules of iptables from threads: a lease's reply, sets with exceptions, sides mixed up, marks that another has; and two that are healthy. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const
const CHAINS = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const MANGLE = CHAINS.replace(':OUTPUT', ':FORWARD ACCEPT [0:0]\n:OUTPUT')

export const THREADS_AO_2: Problem[] = [
  {
    name: 'qlsm-lets-no-reply-of-the-lease-server-in',
    thread: {
      title: 'fix(firewall): allow DHCP responses in iptables template',
      address: 'https://github.com/dngrtech/qlsm/pull/98',
    },
    backend: 'iptables-nft',
    hosts: {
      dhcpd: { addresses: { eth0: ['192.0.2.254/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH, { protocol: 'udp', port: 68 }, { protocol: 'udp', port: 27960 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m udp --dport 27960:27963 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['dhcpd:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'dhcpd', what: 'udp', to: '192.0.2.1', port: 68, sport: 67 },
    seen: 'nothing',
    others: [
      { sending: { from: 'dhcpd', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'dhcpd', what: 'udp', to: '192.0.2.1', port: 27960 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The client asks by a packet socket, of which connection tracking sees nothing, so the reply is new, and no rule accepts what comes to port 68.',
      causes: [{ policy: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -A INPUT -p udp --sport 67 --dport 68 -j ACCEPT']],
  },
  {
    name: 'bcp38-spares-the-first-network-beyond-the-uplink-alone',
    thread: {
      title: 'luci-app-bcp38 fails CAIDA bcp38 tests',
      address: 'https://github.com/openwrt/luci/issues/5285',
    },
    backend: 'iptables-nft',
    hosts: {
      modem: {
        addresses: { eth0: ['192.168.20.1/24'], lo: ['10.27.0.1/32', '203.0.113.9/32'] },
        listeners: [...WEB, { protocol: 'tcp', port: 53 }],
      },
      router: {
        addresses: { eth1: ['192.168.20.2/24'], 'br-lan': ['192.168.1.1/24'] },
        routes: ['default via 192.168.20.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          ipset: `create bcp38-ipv4 hash:net family inet hashsize 64 maxelem 65536
add bcp38-ipv4 10.0.0.0/8
add bcp38-ipv4 100.64.0.0/10
add bcp38-ipv4 127.0.0.0/8
add bcp38-ipv4 169.254.0.0/16
add bcp38-ipv4 172.16.0.0/12
add bcp38-ipv4 192.0.2.0/24
add bcp38-ipv4 192.168.0.0/16
add bcp38-ipv4 240.0.0.0/4
add bcp38-ipv4 192.168.20.0/24 nomatch
`,
          v4: `*nat
${CHAINS}-A POSTROUTING -o eth1 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:BCP38 - [0:0]
:forwarding_rule - [0:0]
:input_rule - [0:0]
:output_rule - [0:0]
:zone_lan_forward - [0:0]
:reject - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j input_rule
-A INPUT -i br-lan -j ACCEPT
-A INPUT -i eth1 -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -j reject
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j forwarding_rule
-A FORWARD -i br-lan -j zone_lan_forward
-A FORWARD -j reject
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -j output_rule
-A BCP38 -p udp -m udp --sport 67:68 --dport 67:68 -j RETURN
-A BCP38 -i eth1 -m set --match-set bcp38-ipv4 src -j DROP
-A BCP38 -o eth1 -m set --match-set bcp38-ipv4 dst -j REJECT --reject-with icmp-net-unreachable
-A forwarding_rule -j BCP38
-A input_rule -j BCP38
-A output_rule -j BCP38
-A reject -p tcp -j REJECT --reject-with tcp-reset
-A reject -j REJECT --reject-with icmp-port-unreachable
-A zone_lan_forward -o eth1 -j ACCEPT
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['modem:eth0', 'router:eth1'],
      ['router:br-lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '10.27.0.1', port: 53 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.20.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '10.99.0.1' }, seen: 'unreachable' },
      { sending: { from: 'router', what: 'ping', to: '10.27.0.1' }, seen: 'unreachable', either: true },
    ],
    truth: {
      words:
        'The provider translates addresses, too: its own network beyond the modem is of those that nothing may be sent to, and the exception that was found is the network of the uplink alone.',
      causes: [{ rule: '--match-set bcp38-ipv4 dst -j REJECT', chain: 'filter BCP38' }],
      status: ['rejected'],
    },
    mend: [['router', 'ipset add bcp38-ipv4 10.27.0.0/24 nomatch']],
  },
  {
    name: 'firewalld-accepts-to-the-network-that-it-masquerades-from',
    thread: {
      title: 'rich rule masquerade needs to allow masqueraded packets on the zone',
      address: 'https://github.com/firewalld/firewalld/issues/80',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.123.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${CHAINS}:POSTROUTING_ZONES - [0:0]
:POST_external - [0:0]
:POST_external_allow - [0:0]
:POST_internal - [0:0]
-A POSTROUTING -j POSTROUTING_ZONES
-A POSTROUTING_ZONES -o eth1 -g POST_internal
-A POSTROUTING_ZONES -o eth0 -g POST_external
-A POST_external -j POST_external_allow
-A POST_external_allow -s 192.168.123.0/24 ! -o lo -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FORWARD_IN_ZONES - [0:0]
:FORWARD_OUT_ZONES - [0:0]
:FWDI_external - [0:0]
:FWDI_internal - [0:0]
:FWDI_internal_allow - [0:0]
:FWDO_external - [0:0]
:FWDO_external_allow - [0:0]
:FWDO_external_deny - [0:0]
:FWDO_internal - [0:0]
:INPUT_ZONES - [0:0]
:IN_external - [0:0]
:IN_internal - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -j INPUT_ZONES
-A INPUT -p icmp -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lo -j ACCEPT
-A FORWARD -j FORWARD_IN_ZONES
-A FORWARD -j FORWARD_OUT_ZONES
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A FORWARD_IN_ZONES -i eth1 -g FWDI_internal
-A FORWARD_IN_ZONES -i eth0 -g FWDI_external
-A FORWARD_OUT_ZONES -o eth1 -g FWDO_internal
-A FORWARD_OUT_ZONES -o eth0 -g FWDO_external
-A FWDI_internal -j FWDI_internal_allow
-A FWDO_external -j FWDO_external_deny
-A FWDO_external -j FWDO_external_allow
-A FWDO_external_allow -d 192.168.123.0/24 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT_ZONES -i eth1 -g IN_internal
-A INPUT_ZONES -i eth0 -g IN_external
-A IN_external -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A IN_internal -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.123.10/24'] }, routes: ['default via 192.168.123.1'] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth1', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.123.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'unreachable', either: true },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The rule that goes with masquerading a network accepts what is sent to that network, where it should accept what comes from it.',
      causes: [
        { rule: '-d 192.168.123.0/24 -m conntrack --ctstate NEW -j ACCEPT', chain: 'filter FWDO_external_allow' },
      ],
      status: ['rejected'],
    },
    mend: [['router', 'iptables -A FWDO_external_allow -s 192.168.123.0/24 -m conntrack --ctstate NEW -j ACCEPT']],
  },
  {
    name: 'healthy-default-zone-takes-what-the-zone-of-the-interface-returns',
    thread: {
      title: 'Problem with the behavior of default zone.',
      address: 'https://github.com/firewalld/firewalld/issues/140',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH, { protocol: 'tcp', port: 8080 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:INPUT_ZONES - [0:0]
:IN_public - [0:0]
:IN_public_allow - [0:0]
:IN_public_deny - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -j INPUT_ZONES
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A INPUT_ZONES -i eth0 -j IN_public
-A INPUT_ZONES -j ACCEPT
-A IN_public -j IN_public_deny
-A IN_public -j IN_public_allow
-A IN_public_allow -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'answered',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['server', 'true']],
  },
  {
    name: 'kura-flood-protection-drops-what-its-own-pings-get',
    thread: {
      title: 'fix(linux.net): Allow outgoing ping while flooding protection is enabled',
      address: 'https://github.com/eclipse-kura/kura/pull/6028',
    },
    backend: 'iptables-legacy',
    hosts: {
      cloud: { addresses: { eth0: ['192.0.2.2/24'] }, listeners: WEB },
      gateway: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH],
        rules: {
          v4: `*mangle
${MANGLE}:prerouting-kura - [0:0]
-A PREROUTING -j prerouting-kura
-A prerouting-kura -m conntrack --ctstate INVALID -j DROP
-A prerouting-kura -p tcp ! --syn -m conntrack --ctstate NEW -j DROP
-A prerouting-kura -p tcp -m conntrack --ctstate NEW -m tcpmss ! --mss 536:65535 -j DROP
-A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j DROP
-A prerouting-kura -p tcp -m tcp --tcp-flags SYN,RST SYN,RST -j DROP
-A prerouting-kura -p tcp -m tcp --tcp-flags FIN,RST FIN,RST -j DROP
-A prerouting-kura -p tcp -m tcp --tcp-flags FIN,ACK FIN -j DROP
-A prerouting-kura -p tcp -m tcp --tcp-flags ACK,URG URG -j DROP
-A prerouting-kura -p icmp -j DROP
-A prerouting-kura -f -j DROP
-A prerouting-kura -j RETURN
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:input-kura - [0:0]
-A INPUT -j input-kura
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A input-kura -i lo -j ACCEPT
-A input-kura -p tcp -m tcp --dport 22 -j ACCEPT
-A input-kura -j RETURN
COMMIT
`,
        },
      },
    },
    links: [['cloud:eth0', 'gateway:eth0']],
    traced: 'gateway',
    fails: { from: 'gateway', what: 'ping', to: '192.0.2.2' },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'cloud', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'cloud', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: {
      words: 'The rule against floods drops all of ICMP that comes in, and so the replies to pings of its own.',
      causes: [{ rule: '-p icmp -j DROP', chain: 'mangle prerouting-kura' }],
      status: ['reply-lost'],
    },
    mend: [
      [
        'gateway',
        'iptables -t mangle -I prerouting-kura -p icmp --icmp-type 8 -m conntrack --ctstate NEW -j DROP; iptables -t mangle -D prerouting-kura -p icmp -j DROP',
      ],
    ],
  },
]

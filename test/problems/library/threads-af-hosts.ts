/** Hosts, from threads: a routing rule that takes what a program replies, a prefix that is the host's and a network's, words in a payload. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED } from './groups-asked.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const

/** As FusionPBX's installer asks for them, over both protocols. */
const SCANNERS = [
  'friendly-scanner',
  'sipcli/',
  'VaxSIPUserAgent/',
  'pplsip',
  'system',
  'exec.',
  'multipart/mixed;boundary',
]
const scanned = (protocol: string) =>
  SCANNERS.map(
    (words) =>
      `-A INPUT -p ${protocol} -m ${protocol} --dport 5060:5091 -m string --string "${words}" --algo bm --to 65535 --icase -j DROP\n`,
  ).join('')

export const THREADS_AF_HOSTS: Problem[] = [
  {
    name: 'startos-rejects-replies-behind-a-gateway-that-is-down',
    thread: {
      title: 'fix(start-core): fail closed for unavailable outbound gateways',
      address: 'https://github.com/Start9Labs/start-technologies/pull/4006',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
      },
      neighbour: { addresses: { eth0: ['192.168.1.20/24'] } },
      server: {
        addresses: { eth0: ['192.168.1.50/24'] },
        routes: ['default via 192.168.1.1', 'default via 192.168.1.1 dev eth0 table 1002'],
        listeners: [HTTPS, { protocol: 'tcp', port: 22 }],
        rules: {
          nft: `table ip startos {
  map forwards {
    type inet_service : ipv4_addr . inet_service
    elements = { 5432 : 10.0.3.11 . 5432, 8333 : 10.0.3.12 . 8333, 9735 : 10.0.3.13 . 9735 }
  }
  set bridges {
    type ifname
    elements = { "lxcbr0" }
  }
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ct state established,related meta mark set ct mark
    iifname "eth0" ct state new ct mark set 0x000003ea comment "eth0"
    iifname "wg1" ct state new ct mark set 0x000003eb comment "wg1"
    iifname "wlan0" ct state new ct mark set 0x000003ec comment "wlan0"
    iifname @bridges ct state new ct mark set 0x00000000
  }
  chain mangle_output {
    type route hook output priority mangle; policy accept;
    ct state established,related meta mark set ct mark
  }
  chain nat_prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local dnat ip addr . port to tcp dport map @forwards
  }
  chain nat_postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.0.3.0/24 ip daddr != 10.0.3.0/24 masquerade
    oifname "wg1" masquerade
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    ct state invalid drop
    ip protocol icmp accept
    iifname @bridges udp dport { 53, 67 } accept
    iifname @bridges tcp dport { 53, 5959 } accept
    udp dport 5353 ip daddr 224.0.0.251 accept
    udp dport 51820 accept
    tcp dport { 22, 80, 443 } accept
    tcp dport { 5443, 9050 } ip saddr 192.168.0.0/16 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct status dnat accept
    iifname @bridges oifname != @bridges accept
    iifname @bridges oifname @bridges drop
  }
}
`,
        },
      },
      switch: { bridges: { br0: ['p0', 'p1', 'p2'] } },
    },
    links: [
      ['client:eth0', 'router:wan'],
      ['router:lan', 'switch:p0'],
      ['neighbour:eth0', 'switch:p1'],
      ['server:eth0', 'switch:p2'],
    ],
    traced: 'server',
    setup: [
      [
        'server',
        'ip rule add pref 50 lookup main suppress_prefixlength 0; ip rule add pref 60 fwmark 0x3ea lookup 1002; ip rule add pref 61 fwmark 0x3eb lookup 1003; ip rule add pref 74 fwmark 0x77 lookup main; ip rule add pref 75 lookup 1003; ip rule add pref 76 unreachable',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.168.1.50', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'neighbour', what: 'tcp', to: '192.168.1.50', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.168.1.50', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'server', what: 'ping', to: '203.0.113.9' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The selected gateway is down and its table empty, so the rule behind it rejects: also the reply of a program, which is routed before OUTPUT gives it the mark of its connection.',
      causes: [{ code: 'reply-dropped', words: ['unreachable'] }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'ip rule add pref 62 from 192.168.1.50 lookup 1002']],
  },
  {
    name: 'docker-masquerades-the-hosts-own-prefix',
    thread: {
      title: '[BUG] Over-broad ip6tables masquerade rule',
      address: 'https://github.com/docker/compose/issues/13039',
    },
    backend: 'iptables-nft',
    hosts: {
      mx: {
        addresses: { eth0: ['fe80::1/64'], lo: ['2001:db8:f::25/128'] },
        routes: ['2001:db8:5::/64 via fe80::2 dev eth0'],
        listeners: [
          { protocol: 'tcp', port: 25, address: '::' },
          { protocol: 'tcp', port: 443, address: '::' },
        ],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -s 2001:db8:5::25/128 -p tcp -m tcp --dport 25 -j ACCEPT
COMMIT
`,
        },
      },
      host: {
        bridges: { 'br-deadbeef': ['veth1'] },
        addresses: {
          eth0: ['fe80::2/64', '2001:db8:5::1/128', '2001:db8:5::25/128'],
          'br-deadbeef': ['2001:db8:5::2/64'],
        },
        routes: ['default via fe80::1 dev eth0'],
        sysctls: FORWARDS,
        rules: {
          v6: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 2001:db8:5::d1/128 ! -i br-deadbeef -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 2001:db8:5::/64 ! -o br-deadbeef -j MASQUERADE
-A POSTROUTING -s fd4d:4b2f:7a10::/64 ! -o docker0 -j MASQUERADE
-A DOCKER -i br-deadbeef -j RETURN
-A DOCKER ! -i br-deadbeef -p tcp -m tcp --dport 8080 -j DNAT --to-destination [2001:db8:5::d1]:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
:f2b-postfix - [0:0]
:f2b-sshd - [0:0]
:ufw6-before-input - [0:0]
:ufw6-user-input - [0:0]
-A INPUT -p tcp -m multiport --dports 25,465,587 -j f2b-postfix
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A INPUT -j ufw6-before-input
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d 2001:db8:5::d1/128 ! -i br-deadbeef -o br-deadbeef -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER ! -i br-deadbeef -o br-deadbeef -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-BRIDGE -o br-deadbeef -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-CT -o br-deadbeef -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A DOCKER-FORWARD -i br-deadbeef -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i br-deadbeef ! -o br-deadbeef -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o br-deadbeef -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A f2b-postfix -s 2001:db8:bad::/64 -j REJECT --reject-with icmp6-port-unreachable
-A f2b-postfix -j RETURN
-A f2b-sshd -j RETURN
-A ufw6-before-input -i lo -j ACCEPT
-A ufw6-before-input -m rt --rt-type 0 -j DROP
-A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 134 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw6-before-input -j ufw6-user-input
-A ufw6-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw6-user-input -p tcp -m multiport --dports 25,465,587 -j ACCEPT
COMMIT
`,
        },
      },
      c1: {
        addresses: { eth0: ['2001:db8:5::d1/64'] },
        routes: ['default via 2001:db8:5::2'],
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
      },
    },
    links: [
      ['mx:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'ip -6 addr change 2001:db8:5::25/128 dev eth0 preferred_lft 0; ip -6 route replace 2001:db8:f::25/128 via fe80::1 dev eth0 src 2001:db8:5::25',
      ],
    ],
    fails: { from: 'host', what: 'tcp', to: '2001:db8:f::25', port: 25 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:f::25', port: 443 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '2001:db8:f::25', port: 443 }, seen: 'answered' },
      { sending: { from: 'mx', what: 'tcp', to: '2001:db8:5::1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '2001:db8:f::25', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The network's prefix is the host's own, too: the rule for its containers also rewrites what the host sends from its mail address, and the other side takes mail from that address alone.",
      causes: [{ rule: '-s 2001:db8:5::/64 ! -o br-deadbeef -j MASQUERADE', chain: 'nat POSTROUTING' }],
      status: ['unanswered'],
    },
    mend: [['host', 'ip6tables -t nat -I POSTROUTING -s 2001:db8:5::25/128 ! -o br-deadbeef -j ACCEPT']],
  },
  {
    name: 'fusionpbx-drops-a-phone-that-calls-itself-system',
    thread: {
      title: 'Iptables update',
      address: 'https://github.com/fusionpbx/fusionpbx-install.sh/pull/238',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      pbx: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [
          { protocol: 'udp', port: 5060 },
          { protocol: 'tcp', port: 5060 },
          { protocol: 'tcp', port: 443 },
        ],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p udp -m udp --sport 16384:32768 -j DSCP --set-dscp 0x2e
-A OUTPUT -p tcp -m tcp --sport 5060:5091 -j DSCP --set-dscp 0x1a
-A OUTPUT -p udp -m udp --sport 5060:5091 -j DSCP --set-dscp 0x1a
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:fail2ban-freeswitch-tcp - [0:0]
:fail2ban-freeswitch-udp - [0:0]
:sip-auth-ip - [0:0]
-A INPUT -p tcp -m multiport --dports 5060,5061,5080,5081 -j fail2ban-freeswitch-tcp
-A INPUT -p udp -m multiport --dports 5060,5061,5080,5081 -j fail2ban-freeswitch-udp
-A INPUT -j sip-auth-ip
${scanned('tcp')}${scanned('udp')}-A INPUT -i lo -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 7443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 5060:5091 -j ACCEPT
-A INPUT -p udp -m udp --dport 5060:5091 -j ACCEPT
-A INPUT -p udp -m udp --dport 16384:32768 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p udp -m udp --dport 1194 -j ACCEPT
-A fail2ban-freeswitch-tcp -s 203.0.113.44/32 -j DROP
-A fail2ban-freeswitch-tcp -j RETURN
-A fail2ban-freeswitch-udp -s 203.0.113.44/32 -j DROP
-A fail2ban-freeswitch-udp -j RETURN
-A sip-auth-ip -s 198.51.100.7/32 -j DROP
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'pbx:eth0']],
    traced: 'pbx',
    setup: [
      [
        'client',
        asks(
          'AF_INET',
          "o.connect(('192.0.2.1',5060)); o.send(b'REGISTER sip:192.0.2.1 SIP/2.0 User-Agent: 3CXPhoneSystem 15.5'); s.sendto(o.recv(2000),who)",
        ),
      ],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '192.0.2.1' },
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 5060 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5060 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 69 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "One of the rules against scanners looks for `system` anywhere in the datagram, and the phone's name has it: it is dropped before the rule that accepts its port.",
      causes: [{ rule: 'system', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [
      [
        'pbx',
        'iptables -D INPUT -p udp -m udp --dport 5060:5091 -m string --string system --algo bm --to 65535 --icase -j DROP',
      ],
    ],
  },
]

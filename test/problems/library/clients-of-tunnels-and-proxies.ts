/** Clients of tunnels, of a container and of FTP over TLS: an address, a source, a port or a mark that is not the one expected. */
import { bridged, clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const MANGLE = NAT.replace(':OUTPUT', ':FORWARD ACCEPT [0:0]\n:OUTPUT')

export const CLIENTS_OF_TUNNELS_AND_PROXIES: Problem[] = [
  {
    name: 'vpn-client-lost-both-addresses-when-its-lease-changed',
    thread: { title: 'Keepalive fails after IP change', address: 'https://github.com/ancwrd1/snx-rs/issues/123' },
    backend: 'iptables-nft',
    hosts: {
      laptop: {
        addresses: { eth0: ['192.168.1.20/24'], vpn0: ['10.140.48.60/24'] },
        routes: ['default via 192.168.1.1', '10.20.0.0/16 dev vpn0'],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
COMMIT
`,
        },
      },
      router: {
        addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: WEB,
      },
      // takes no private addresses
      isp: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip filter {\n chain prerouting { type filter hook prerouting priority raw; policy accept; ip daddr { 10.0.0.0/8, 172.16.0.0/12 } drop; }\n}\n',
        },
      },
      office: {
        addresses: { vpn0: ['10.140.48.1/24'], lo: ['10.20.0.5/32'] },
        listeners: WEB,
      },
    },
    links: [
      ['laptop:eth0', 'router:lan'],
      ['router:wan', 'isp:eth0'],
      ['laptop:vpn0', 'office:vpn0'],
    ],
    traced: 'laptop',
    setup: [
      // as the client does it where promote_secondaries is 0: the new one is a secondary of the old one
      ['laptop', 'ip addr add 10.140.48.159/24 dev vpn0; ip addr del 10.140.48.60/24 dev vpn0'],
    ],
    fails: { from: 'laptop', what: 'ping', to: '10.20.0.5' },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.1.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '192.168.1.20' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The new address was a secondary one, and went with the first; with its last address the interface lost its routes, so what is for the office leaves by the default route.',
      causes: [
        { code: 'wrong-way-out', words: ['vpn0'] },
        { code: 'not-netfilter', words: ['vpn0'] },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'laptop',
        'ip addr add 10.140.48.159/24 dev vpn0; ip route add 10.20.0.0/16 dev vpn0; sysctl -qw net.ipv4.conf.vpn0.promote_secondaries=1',
      ],
    ],
  },
  {
    name: 'docker-without-proxy-gives-the-hosts-own-requests-the-address-of-its-bridge',
    thread: {
      title: '`route_localnet=1` should only require a `MASQUERADE` rule for `127.0.0.1`, not all host interfaces',
      address: 'https://github.com/moby/moby/issues/45629',
    },
    backend: 'iptables-legacy',
    ...bridged(
      'docker0',
      '172.17.0.1/16',
      {
        sysctls: { 'net.ipv4.conf.all.route_localnet': '1' },
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o docker0 -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      {
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset
COMMIT
`,
        },
      },
    ),
    fails: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8081 }, seen: 'refused' },
    ],
    truth: {
      words:
        "Without the userland proxy all that the host itself sends to docker0 is masqueraded, so the container sees the bridge's address in place of the one that it allows.",
      causes: [
        { rule: '--src-type LOCAL -j MASQUERADE', chain: 'nat POSTROUTING' },
        { code: 'snat-changed-source', words: ['172.17.0.1'] },
      ],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [['host', 'iptables -t nat -R POSTROUTING 1 -s 127.0.0.0/8 -o docker0 -j MASQUERADE']],
  },
  {
    name: 'ftps-names-its-data-port-where-the-helper-cannot-read-it',
    thread: {
      title: 'FTPS TLS/SSL port negotiation not in the clear',
      address: 'https://github.com/proftpd/proftpd/issues/876',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '2001:db8:1::1', port: 21 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 60123 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 3306 },
      ],
      rules: {
        nft: `table inet filter {
  ct helper ftp-standard {
    type "ftp" protocol tcp
    l3proto inet
  }
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    tcp dport 21 ct helper set "ftp-standard"
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { invalid : drop, established : accept, related : accept }
    iifname "lo" accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    icmp type echo-request accept
    tcp dport { 21, 22 } accept
    counter comment "dropped"
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 60123 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 21 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 3306 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The port for the data is agreed on inside TLS, where the helper reads nothing: no expectation, so the passive ports have to be accepted by a rule.',
      causes: [{ policy: 'inet filter input' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft add rule inet filter input tcp dport 60000-62000 accept']],
  },
  {
    name: 'split-vpn-forces-all-of-the-lan-behind-the-set-of-the-second-tunnel',
    thread: {
      title: 'Multiple Wireguard connections with Domain Based routing',
      address: 'https://github.com/peacey/split-vpn/issues/171',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      udm: {
        bridges: { br0: ['lan1'] },
        addresses: {
          eth8: ['203.0.113.1/24'],
          wg0: ['10.2.0.2/24'],
          wg1: ['10.3.0.2/24'],
          br0: ['192.168.1.1/24'],
        },
        routes: [
          'default via 203.0.113.9',
          'default via 10.2.0.1 dev wg0 table 101',
          'default via 10.3.0.1 dev wg1 table 102',
          'blackhole default metric 666 table 102',
        ],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0', 'net.ipv4.conf.all.rp_filter': '2' },
        rules: {
          ipset: `create VPN_EXEMPT hash:ip family inet hashsize 1024 maxelem 65536
create VPN_FORCED4 hash:ip family inet hashsize 1024 maxelem 65536
add VPN_FORCED4 198.51.100.7
`,
          v4: `*mangle
${MANGLE}:VPN0_PREROUTING - [0:0]
:VPN1_PREROUTING - [0:0]
-A PREROUTING -j VPN1_PREROUTING
-A PREROUTING -j VPN0_PREROUTING
-A VPN0_PREROUTING -i br0 -j MARK --set-xmark 0x169/0xffffffff
-A VPN0_PREROUTING -d 192.168.0.0/16 ! -i wg0 -m mark --mark 0x169 -j MARK --set-xmark 0x0/0xffffffff
-A VPN0_PREROUTING ! -i wg0 -m mark --mark 0x169 -m set --match-set VPN_EXEMPT dst -j MARK --set-xmark 0x0/0xffffffff
-A VPN1_PREROUTING ! -i wg1 -m set --match-set VPN_FORCED4 dst -j MARK --set-xmark 0x170/0xffffffff
-A VPN1_PREROUTING -d 192.168.0.0/16 ! -i wg1 -m mark --mark 0x170 -j MARK --set-xmark 0x0/0xffffffff
COMMIT
*nat
${NAT}:UBIOS_POSTROUTING_USER_HOOK - [0:0]
:VPN0_POSTROUTING - [0:0]
:VPN1_POSTROUTING - [0:0]
-A POSTROUTING -j UBIOS_POSTROUTING_USER_HOOK
-A POSTROUTING -j VPN1_POSTROUTING
-A POSTROUTING -j VPN0_POSTROUTING
-A UBIOS_POSTROUTING_USER_HOOK -o eth8 -m comment --comment 00000001095216660481 -j MASQUERADE
-A VPN0_POSTROUTING -o wg0 -j MASQUERADE
-A VPN1_POSTROUTING -o wg1 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:VPN1_KILLSWITCH - [0:0]
-A FORWARD -j VPN1_KILLSWITCH
-A VPN1_KILLSWITCH -o wg1 -m mark --mark 0x170 -j RETURN
-A VPN1_KILLSWITCH -m mark --mark 0x170 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
        },
      },
      isp: { addresses: { eth0: ['203.0.113.9/24'] } },
      // the site is served to the second provider's clients alone
      tunnel0: {
        addresses: { eth0: ['10.2.0.1/24'], lo: ['198.51.100.8/32'] },
        listeners: WEB,
        routes: ['blackhole 198.51.100.7/32'],
      },
      tunnel1: { addresses: { eth0: ['10.3.0.1/24'], lo: ['198.51.100.7/32'] }, listeners: WEB },
    },
    links: [
      ['pc:eth0', 'udm:lan1'],
      ['udm:eth8', 'isp:eth0'],
      ['udm:wg0', 'tunnel0:eth0'],
      ['udm:wg1', 'tunnel1:eth0'],
    ],
    traced: 'udm',
    setup: [['udm', 'ip rule add pref 98 fwmark 0x169 lookup 101; ip rule add pref 99 fwmark 0x170 lookup 102']],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.7', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.8', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "After the first tunnel was restarted, its chain is the later one: its mark for all of the LAN overwrites the mark of the second tunnel's set.",
      causes: [
        { rule: '-i br0 -j MARK --set-xmark 0x169', chain: 'mangle VPN0_PREROUTING' },
        { rule: '-j VPN0_PREROUTING', chain: 'mangle PREROUTING' },
        { code: 'marked-astray', words: ['0x169'] },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'udm',
        'iptables -t mangle -D PREROUTING -j VPN0_PREROUTING; iptables -t mangle -I PREROUTING -j VPN0_PREROUTING',
      ],
    ],
  },
]

/** Containers with a tunnel, and hosts that ban or list whom they know, from threads: wg-easy, gluetun, Defguard, fail2ban, CrowdSec. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const TUNNELS_AND_BANS: Problem[] = [
  {
    name: 'wg-easy-masquerades-by-the-link-of-its-host',
    thread: {
      title: "[Bug]: Clients can't access external network with Debian 12 & rootless podman containers",
      address: 'https://github.com/wg-easy/wg-easy/issues/1422',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { wg0: ['10.8.0.2/24'] }, routes: ['default via 10.8.0.1'] },
      net: { addresses: { eth0: ['10.0.2.2/24'], lo: ['203.0.113.9/32'] }, listeners: [HTTPS] },
      db: {
        addresses: { eth0: ['172.20.0.9/24'] },
        routes: ['10.8.0.0/24 via 172.20.0.2'],
        listeners: [{ protocol: 'tcp', port: 5432 }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ip saddr 10.8.0.0/24 tcp dport 5432 accept
  }
}
`,
        },
      },
      wgeasy: {
        addresses: { tap0: ['10.0.2.100/24'], eth1: ['172.20.0.2/24'], wg0: ['10.8.0.1/24'] },
        routes: ['default via 10.0.2.2'],
        sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.all.src_valid_mark': '1' },
        listeners: [{ protocol: 'tcp', port: 51821 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 51820 -j ACCEPT
-A FORWARD -i wg0 -j ACCEPT
-A FORWARD -o wg0 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.8.0.0/24 -o ens3 -j MASQUERADE
COMMIT
`,
        },
      },
    },
    links: [
      ['phone:wg0', 'wgeasy:wg0'],
      ['wgeasy:tap0', 'net:eth0'],
      ['wgeasy:eth1', 'db:eth0'],
    ],
    traced: 'wgeasy',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'wgeasy', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.8.0.1', port: 51821 }, seen: 'answered' },
      // it knows the clients by their own addresses
      { sending: { from: 'phone', what: 'tcp', to: '172.20.0.9', port: 5432 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule masquerades what leaves by ens3, the link of the host. In the container the way out is tap0, so that the clients' own addresses leave, for which nobody has a way back.",
      causes: [{ rule: '-o ens3 -j MASQUERADE', chain: 'nat POSTROUTING' }, { code: 'not-masqueraded' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['wgeasy', 'iptables -t nat -A POSTROUTING -s 10.8.0.0/24 -o tap0 -j MASQUERADE']],
  },
  {
    name: 'gluetun-asks-for-the-lan-on-its-own-link',
    thread: {
      title: 'Bug: FIREWALL_OUTBOUND_SUBNETS does not seem to be working',
      address: 'https://github.com/passteque/gluetun/issues/2771',
    },
    backend: 'iptables-nft',
    hosts: {
      gluetun: {
        addresses: { eth0: ['192.168.0.2/16'], tun0: ['10.14.0.2/16'] },
        routes: ['default via 192.168.0.1'],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 192.168.0.0/16 -i eth0 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -d 203.0.113.7/32 -o eth0 -p udp -m udp --dport 51820 -j ACCEPT
-A OUTPUT -o tun0 -j ACCEPT
-A OUTPUT -s 192.168.0.2/32 -d 192.168.0.0/16 -o eth0 -j ACCEPT
-A OUTPUT -s 192.168.0.2/32 -d 192.168.100.0/24 -o eth0 -j ACCEPT
COMMIT
`,
        },
      },
      engine: {
        bridges: { br0: ['veth1', 'veth2'] },
        addresses: { br0: ['192.168.0.1/16'], lan0: ['192.168.100.1/24'] },
        sysctls: FORWARDS,
      },
      peer: { addresses: { eth0: ['192.168.0.9/16'] }, listeners: [HTTP] },
      nas: { addresses: { eth0: ['192.168.100.9/24'] }, routes: ['default via 192.168.100.1'], listeners: [HTTP] },
      vpn: { addresses: { tun0: ['10.14.0.1/16'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['gluetun:eth0', 'engine:veth1'],
      ['peer:eth0', 'engine:veth2'],
      ['nas:eth0', 'engine:lan0'],
      ['vpn:tun0', 'gluetun:tun0'],
    ],
    traced: 'gluetun',
    setup: [
      [
        'gluetun',
        'ip rule add pref 98 to 192.168.0.0/16 lookup main; ip rule add pref 99 to 192.168.100.0/24 lookup main; ip rule add pref 101 not fwmark 0xca6c lookup 51820; ip route add default via 10.14.0.1 dev tun0 table 51820',
      ],
    ],
    fails: { from: 'gluetun', what: 'tcp', to: '192.168.100.9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'gluetun', what: 'tcp', to: '192.168.0.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'gluetun', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The engine's network is so wide that it contains the LAN: the kernel asks for the LAN's addresses on the link itself, where nobody has them, in place of sending to the gateway.",
      causes: [
        { code: 'neighbour-failed', words: ['192.168.100.9'] },
        { code: 'not-netfilter', words: ['192.168.100.9'] },
        { code: 'kernel-drop', words: ['192.168.100.9'] },
      ],
      status: ['lost'],
    },
    mend: [['gluetun', 'ip route add 192.168.100.0/24 via 192.168.0.1 dev eth0']],
  },
  {
    name: 'defguard-lacks-an-address-where-two-networks-meet',
    thread: {
      title: "NFT rule source addresses don't seem to take into account the first address in a subnet",
      address: 'https://github.com/DefGuard/defguard/issues/1362',
    },
    backend: 'nft',
    hosts: {
      desktop: { addresses: { wg0: ['10.99.0.3/24'] }, routes: ['default via 10.99.0.1'] },
      mobile: { addresses: { wg0: ['10.99.0.4/24'] }, routes: ['default via 10.99.0.1'] },
      guest: { addresses: { wg0: ['10.99.0.6/24'] }, routes: ['default via 10.99.0.1'] },
      gateway: {
        bridges: { wg0: ['p1', 'p2', 'p3'] },
        addresses: { wg0: ['10.99.0.1/24'], eth0: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet DEFGUARD-wg0 {
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    ct state established,related counter accept
    iifname "eth0" counter accept
    iifname "wg0" ip saddr { 10.99.0.2/31, 10.99.0.5, 10.99.0.7, 10.99.0.9-10.99.0.30 } ip daddr { 192.168.1.0/24, 192.168.3.0/24 } counter accept comment "ACL 138 - office ALLOW"
    iifname "wg0" ip daddr { 192.168.1.0/24, 192.168.3.0/24 } counter drop comment "ACL 138 - office DENY"
  }
}
`,
        },
      },
      office: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [HTTPS],
      },
    },
    links: [
      ['desktop:wg0', 'gateway:p1'],
      ['mobile:wg0', 'gateway:p2'],
      ['guest:wg0', 'gateway:p3'],
      ['gateway:eth0', 'office:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'mobile', what: 'tcp', to: '192.168.1.10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'desktop', what: 'tcp', to: '192.168.1.10', port: 443 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '192.168.1.10', port: 443 }, seen: 'nothing' },
      { sending: { from: 'guest', what: 'ping', to: '192.168.1.10' }, seen: 'nothing' },
      { sending: { from: 'office', what: 'ping', to: '10.99.0.4' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The networks of the rule touch one another, and the first address of the second, where they meet, is not among those that the kernel holds.',
      causes: [
        { rule: '10.99.0.9-10.99.0.30', chain: 'inet DEFGUARD-wg0 FORWARD' },
        { rule: 'ACL 138 - office DENY', chain: 'inet DEFGUARD-wg0 FORWARD' },
        { code: 'not-in-set', words: ['10.99.0.4'] },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'gateway',
        'nft insert rule inet DEFGUARD-wg0 FORWARD iifname wg0 ip saddr 10.99.0.4 ip daddr 192.168.1.0/24 counter accept',
      ],
    ],
  },
  {
    name: 'fail2ban-repeat-offenders-before-the-rule-for-the-admin',
    thread: {
      title: 'I got blocked out.',
      address:
        'https://github.com/mitchellkrogza/Fail2Ban-Blacklist-JAIL-for-Repeat-Offenders-with-Perma-Extended-Banning/issues/8',
    },
    backend: 'iptables-legacy',
    hosts: {
      admin: { addresses: { eth0: ['192.0.2.2/24'] } },
      attacker: { addresses: { eth0: ['198.51.100.66/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [SSH, HTTPS],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-nginxrepeatoffender - [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp -j f2b-nginxrepeatoffender
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A f2b-nginxrepeatoffender -s 198.51.100.66/32 -j DROP
-A f2b-nginxrepeatoffender -s 192.0.2.2/32 -j DROP
-A f2b-nginxrepeatoffender -j RETURN
-A f2b-sshd -s 203.0.113.77/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
COMMIT
`,
        },
      },
    },
    links: [
      ['admin:eth0', 'server:eth0'],
      ['attacker:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'attacker', what: 'tcp', to: '198.51.100.1', port: 443 }, seen: 'nothing' },
      { sending: { from: 'attacker', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'admin', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'admin', what: 'udp', to: '192.0.2.1', port: 161 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The jail of repeat offenders bans every port and stands first: it holds the admin's own address, so that the rule that accepts SSH from there is never evaluated.",
      causes: [{ rule: '-s 192.0.2.2/32 -j DROP', chain: 'filter f2b-nginxrepeatoffender' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -D f2b-nginxrepeatoffender -s 192.0.2.2 -j DROP']],
  },
  {
    name: 'crowdsec-list-holds-a-peer-that-the-host-accepts',
    thread: {
      title: 'firewall-bouncer: add allowlists support',
      address: 'https://github.com/crowdsecurity/cs-firewall-bouncer/issues/387',
    },
    backend: 'nft',
    hosts: {
      // what the ban drops of neighbour discovery, it drops on the link alone
      peer: { addresses: { eth0: ['2001:db8:1::2/64'] }, routes: ['default via 2001:db8:1::ff'] },
      carrier: { addresses: { eth0: ['2001:db8:1::ff/64'], eth1: ['2001:db8:4::ff/64'] }, sysctls: FORWARDS },
      attacker: { addresses: { eth0: ['2001:db8:2::66/64'] } },
      other: { addresses: { eth0: ['2001:db8:3::5/64'] } },
      server: {
        addresses: { eth0: ['2001:db8:4::1/64'], eth1: ['2001:db8:2::1/64'], eth2: ['2001:db8:3::1/64'] },
        routes: ['default via 2001:db8:4::ff'],
        listeners: [
          { protocol: 'udp', address: '::', port: 51820 },
          { ...SSH, address: '::' },
        ],
        rules: {
          nft: `table ip6 crowdsec6 {
  set crowdsec6-blacklists-CAPI {
    type ipv6_addr
    flags timeout
    elements = { 2001:db8:1::2 timeout 6d23h, 2001:db8:2::66 timeout 6d23h }
  }
  set crowdsec6-blacklists-crowdsec {
    type ipv6_addr
    flags timeout
    elements = { 2001:db8:99::1 timeout 3h }
  }
  chain crowdsec6-chain-input {
    type filter hook input priority filter - 10; policy accept;
    ip6 saddr @crowdsec6-blacklists-CAPI counter drop
    ip6 saddr @crowdsec6-blacklists-crowdsec counter drop
  }
  chain crowdsec6-chain-forward {
    type filter hook forward priority filter - 10; policy accept;
    ip6 saddr @crowdsec6-blacklists-CAPI counter drop
    ip6 saddr @crowdsec6-blacklists-crowdsec counter drop
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { invalid : drop, established : accept, related : accept }
    iifname "lo" accept
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
    ip6 saddr 2001:db8:1::2 accept
    udp dport 51820 accept
    ip6 saddr 2001:db8:3::/64 tcp dport 22 accept
  }
}
`,
        },
      },
    },
    links: [
      ['peer:eth0', 'carrier:eth0'],
      ['carrier:eth1', 'server:eth0'],
      ['attacker:eth0', 'server:eth1'],
      ['other:eth0', 'server:eth2'],
    ],
    traced: 'server',
    fails: { from: 'peer', what: 'udp', to: '2001:db8:4::1', port: 51820 },
    seen: 'nothing',
    others: [
      { sending: { from: 'attacker', what: 'udp', to: '2001:db8:2::1', port: 51820 }, seen: 'nothing' },
      { sending: { from: 'attacker', what: 'tcp', to: '2001:db8:2::1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'other', what: 'udp', to: '2001:db8:3::1', port: 51820 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '2001:db8:3::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '2001:db8:4::1', port: 22 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The community's list holds the peer's address. CrowdSec's own table drops it before the host's table is evaluated, where a rule accepts it.",
      causes: [{ rule: '@crowdsec6-blacklists-CAPI', chain: 'ip6 crowdsec6 crowdsec6-chain-input' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft delete element ip6 crowdsec6 crowdsec6-blacklists-CAPI { 2001:db8:1::2 }']],
  },
]

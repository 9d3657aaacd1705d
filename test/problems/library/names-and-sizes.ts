/** What rules ask for beside addresses: sizes, users, prefixes of last week; ranges of ports; sets of two dimensions; a chain beside connection tracking. */
import { clientAndServer, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const WEB = [{ protocol: 'tcp', port: 80 }] as const

export const NAMES_AND_SIZES: Problem[] = [
  {
    name: 'hardening-drops-the-smallest-usual-segment',
    thread: {
      title: 'Fix off-by-one when blocking TCP packages with small max segment size',
      address: 'https://github.com/gene-git/blog/pull/5',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: WEB,
      rules: {
        nft: `table inet filter {
  chain early {
    type filter hook prerouting priority -300; policy accept;
    tcp flags syn tcp option maxseg size 1-536 counter drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 80 } accept
  }
}
`,
      },
    }),
    setup: [['client', 'ip route replace 192.0.2.0/24 dev eth0 advmss 536']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: {
      words: "The client's SYN offers segments of 536 bytes, the default of IPv4, and the rule drops up to 536.",
      causes: [{ rule: 'maxseg size 1-536', chain: 'inet filter early' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'h=$(nft -a list chain inet filter early | sed -n "s/.*maxseg.*handle //p"); nft replace rule inet filter early handle $h tcp flags syn tcp option maxseg size 1-535 counter drop',
      ],
    ],
  },
  {
    name: 'geo-filter-beside-connection-tracking',
    thread: {
      title: 'Allow outgoing traffic to blocked IP ranges',
      address: 'https://github.com/rpthms/nft-geo-filter/issues/5',
    },
    backend: 'nft',
    hosts: {
      host: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        rules: {
          nft: `table inet my_table {
  chain my_input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state invalid drop
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
}
table inet geo-filter {
  set filter-v4 {
    type ipv4_addr
    flags interval
    elements = { 88.209.64.0/18, 192.0.2.0/24 }
  }
  chain filter-chain {
    type filter hook prerouting priority -200; policy drop;
    ct state established,related accept
    ip saddr @filter-v4 accept
    iif "lo" accept
    counter drop
  }
}
`,
        },
      },
      far: {
        addresses: { eth0: ['192.0.2.254/24'], lo: ['198.51.100.9/32'] },
        listeners: [{ protocol: 'tcp', port: 443 }],
      },
    },
    links: [['host:eth0', 'far:eth0']],
    traced: 'host',
    fails: { from: 'host', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: '192.0.2.254', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        'The filter has the priority of connection tracking and was registered later, so it comes first: no reply is established there.',
      causes: [
        { rule: 'counter', chain: 'inet geo-filter filter-chain' },
        { rule: 'ct state established', chain: 'inet geo-filter filter-chain' },
      ],
      status: ['reply-lost'],
    },
    mend: [
      [
        'host',
        'nft list table inet geo-filter | sed "s/priority -200/priority -190/; s/priority conntrack/priority -190/" > /tmp/geo.$$; nft delete table inet geo-filter; nft -f /tmp/geo.$$; rm /tmp/geo.$$',
      ],
    ],
  },
  {
    name: 'dnat-to-a-range-takes-its-first-port',
    thread: {
      title: '缺少端口段重定向到端口段',
      address: 'https://github.com/arloor/nftables-nat-rust/issues/53',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table ip self-nat {
  chain PREROUTING {
    type nat hook prerouting priority -110; policy accept;
    iifname "wan" tcp dport 53051-53080 dnat to 192.168.1.10:51051-51080
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      { pc: { listeners: [{ protocol: 'tcp', port: 51053 }] } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 53053 },
    seen: 'refused',
    others: [{ sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' }],
    truth: {
      words: 'A range of ports behind dnat is no shift: each connection goes to the first port of it.',
      causes: [{ rule: 'dnat to 192.168.1.10:51051-51080', chain: 'ip self-nat PREROUTING' }],
      status: ['refused'],
      alsoTrue: ['refused-there', 'closed-port'],
    },
    mend: [['router', 'nft insert rule ip self-nat PREROUTING iifname wan tcp dport 53053 dnat to 192.168.1.10:51053']],
  },
  {
    name: 'set-of-addresses-and-ports-asked-for-one',
    thread: { title: 'Error with ipset', address: 'https://github.com/ghostcompute/framework/issues/88' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: WEB,
      rules: {
        ipset: 'create friends hash:ip,port family inet\nadd friends 192.0.2.2,tcp:80\nadd friends 192.0.2.2,udp:53\n',
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m set --match-set friends src -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: {
      words:
        'A set of addresses and ports is asked with one direction alone: the kernel then never finds anything in it.',
      causes: [{ rule: '--match-set friends src', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -I INPUT -m set --match-set friends src,dst -j ACCEPT']],
  },
  {
    name: 'resolver-asks-as-another-user',
    thread: {
      title: "per-user iptables rules don't work with systemd-resolved",
      address: 'https://github.com/systemd/systemd/issues/8987',
    },
    backend: 'iptables-nft',
    hosts: {
      desk: {
        addresses: { eth0: ['192.0.2.2/24'] },
        routes: ['default via 192.0.2.1'],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A OUTPUT -p icmp -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 1000 -j ACCEPT
-A OUTPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A OUTPUT -j DROP
COMMIT
`,
        },
      },
      dns: { addresses: { eth0: ['192.0.2.1/24'] }, listeners: [{ protocol: 'udp', port: 53 }] },
    },
    links: [['desk:eth0', 'dns:eth0']],
    traced: 'desk',
    fails: { from: 'desk', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'nothing',
    others: [{ sending: { from: 'desk', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: {
      words: "The resolver asks with its own user, and the rule that accepts queries is for the person's.",
      causes: [
        { rule: '--uid-owner 1000', chain: 'filter OUTPUT' },
        { rule: '-A OUTPUT -j DROP', chain: 'filter OUTPUT' },
      ],
      status: ['dropped'],
    },
    mend: [['desk', 'iptables -I OUTPUT -p udp --dport 53 -m owner --uid-owner 0 -j ACCEPT']],
  },
  {
    name: 'accepts-the-prefix-of-last-week',
    thread: {
      title: 'Using ipv6-rules.sh when having a dynamic ipv6 prefix',
      address: 'https://github.com/toralf/torutils/issues/4',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [{ protocol: 'tcp', port: 9001, address: '2001:db8:1::1' }],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s fe80::/10 -d ff02::1/128 -p udp -j ACCEPT
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -d 2001:db8:41::1/128 -p tcp -m tcp --dport 9001 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 9001 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' }],
    truth: {
      words: 'The provider has given another prefix since, and the rule accepts the address of the old one.',
      causes: [{ rule: '-d 2001:db8:41::1/128', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -A INPUT -d 2001:db8:1::1 -p tcp --dport 9001 -j ACCEPT']],
  },
]

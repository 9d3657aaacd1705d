/** Remote access and egress: what hosts, their neighbours and the ways between them do behind rules that let traffic through. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const CLOSED = ':INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n'

/** Accepts at a port, on all addresses. Until the lab ends. */
const accepts = (port: number) => `python3 -c "import socket
s=socket.socket(10,1); s.setsockopt(1,2,1); s.bind(('::',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
for i in 1 2 3 4 5 6 7 8 9; do ss -lnt | grep -q :${port} && break; sleep .1; done`

/** A switch of three ports, without an address. */
const SWITCH = { bridges: { br0: ['p1', 'p2', 'p3'] } }

export const REMOTE_ACCESS: Problem[] = [
  {
    name: 'kubevip-address-has-failed-its-duplicate-check',
    thread: {
      title: 'IPv6: Leader should recover when address goes into dadfailed state',
      address: 'https://github.com/kube-vip/kube-vip/issues/523',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64'] } },
      old: { addresses: { eth0: ['2001:db8:1::11/64', '2001:db8:1::100/128'] } },
      leader: {
        addresses: { eth0: ['2001:db8:1::12/64'] },
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 6443 -m comment --comment apiserver -j ACCEPT
COMMIT
`,
        },
      },
      switch: SWITCH,
    },
    links: [
      ['client:eth0', 'switch:p1'],
      ['old:eth0', 'switch:p2'],
      ['leader:eth0', 'switch:p3'],
    ],
    traced: 'leader',
    setup: [
      ['leader', accepts(6443)],
      [
        'leader',
        'sysctl -qw net.ipv6.conf.all.accept_dad=1 net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1; ip addr add 2001:db8:1::100/128 dev eth0; for i in $(seq 40); do ip -6 addr show dev eth0 | grep -q dadfailed && break; sleep .1; done; ip -6 addr show dev eth0 | grep dadfailed',
      ],
      ['old', 'ip addr del 2001:db8:1::100/128 dev eth0'],
      ['client', 'ip neigh flush dev eth0'],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::100', port: 6443 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:100' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::12', port: 6443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::12' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The new leader added the address while the old one still had it: duplicate address detection failed, so the kernel does not use it and answers no solicitation for it.',
      causes: [{ code: 'neighbour-discovery-dropped', words: ['2001:db8:1::100', 'duplicate'] }],
      status: ['unanswered', 'lost'],
    },
    mend: [
      [
        'leader',
        'ip addr del 2001:db8:1::100/128 dev eth0; ip addr add 2001:db8:1::100/128 dev eth0; for i in $(seq 40); do ip -6 addr show dev eth0 | grep -q tentative || break; sleep .1; done',
      ],
      ['client', 'ip neigh flush dev eth0'],
    ],
  },
  {
    name: 'vyos-first-address-of-the-prefix-is-the-routers',
    thread: {
      title: 'vyos.template: T5869: first_host_address() does not honor RFC4291 section 2.6.1',
      address: 'https://github.com/vyos/vyos-1x/pull/2704',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['2001:db8:1::/64 via 2001:db8:f::1'] },
      router: {
        addresses: { eth0: ['2001:db8:f::1/64'], 'pod-web': ['2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip6 vyos_nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" ip6 daddr 2001:db8:f::1 tcp dport 80 counter dnat to [2001:db8:1::]:80 comment "DST-NAT-10"
  }
}
table ip6 vyos_filter {
  chain VYOS_IPV6_INPUT_filter {
    type filter hook input priority filter; policy accept;
    ct state established,related counter accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } counter accept
    iifname "eth0" tcp dport 22 counter accept comment "ipv6-INP-filter-10"
    counter drop comment "INP-filter default-action drop"
  }
  chain VYOS_IPV6_FORWARD_filter {
    type filter hook forward priority filter; policy accept;
    ct state established,related counter accept
    oifname "pod-web" tcp dport 80 counter accept comment "ipv6-FWD-filter-10"
    icmpv6 type echo-request counter accept
    counter drop comment "FWD-filter default-action drop"
  }
}
`,
        },
        listeners: [{ protocol: 'tcp', address: '2001:db8:f::1', port: 22 }],
      },
      web: {
        addresses: { eth0: ['2001:db8:1::/64', '2001:db8:1::80/64'] },
        routes: ['default via 2001:db8:1::1'],
      },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:pod-web', 'web:eth0'],
    ],
    traced: 'router',
    setup: [['web', accepts(80)]],
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::80', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The container was given the prefix's first address, which is the subnet-router anycast address: the router takes what is for it as its own, and its INPUT drops it.",
      causes: [{ code: 'wrong-way-out', words: ['2001:db8:1::', 'anycast'] }],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        'h=$(nft -a list chain ip6 vyos_nat PREROUTING | sed -n "s/.*DST-NAT-10.*handle //p"); nft replace rule ip6 vyos_nat PREROUTING handle $h iifname eth0 ip6 daddr 2001:db8:f::1 tcp dport 80 counter dnat to [2001:db8:1::80]:80',
      ],
    ],
  },
  {
    name: 'tappaas-charger-answers-its-own-network-alone',
    thread: {
      title: 'firewall: IoT devices with subnet-filtering require outbound NAT for home→iot-cloud access',
      address: 'https://github.com/TAPPaaS/TAPPaaS/issues/239',
    },
    backend: 'nft',
    hosts: {
      phone: { addresses: { eth0: ['10.3.10.5/24'] }, routes: ['default via 10.3.10.1'] },
      firewall: {
        addresses: { home: ['10.3.10.1/24'], iot: ['10.4.20.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "home" oifname "wan" accept
    iifname "home" oifname "iot" accept comment "access-to iot-cloud"
  }
  chain nat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      charger: {
        addresses: { eth0: ['10.4.20.25/24'] },
        routes: ['default via 10.4.20.1'],
        listeners: WEB,
        rules: {
          nft: 'table ip firmware {\n  chain input { type filter hook input priority filter; policy accept; ip saddr != 10.4.20.0/24 drop; }\n}\n',
        },
      },
      far: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['phone:eth0', 'firewall:home'],
      ['firewall:iot', 'charger:eth0'],
      ['firewall:wan', 'far:eth0'],
    ],
    traced: 'firewall',
    fails: { from: 'phone', what: 'tcp', to: '10.4.20.25', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'firewall', what: 'tcp', to: '10.4.20.25', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'ping', to: '10.3.10.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The firewall forwards the request. The charger answers only what has a source in its own network, so it does not answer.',
      causes: [
        { code: 'not-masqueraded', words: ['iot'] },
        { code: 'not-netfilter', words: ['10.4.20.25'] },
        { code: 'unanswered', words: ['10.4.20.25'] },
        { code: 'no-reply', words: ['10.4.20.25'] },
      ],
      status: ['unanswered'],
    },
    mend: [
      ['firewall', 'nft add rule inet filter nat iifname home oifname iot ip daddr 10.4.20.25 counter masquerade'],
    ],
  },
  {
    name: 'keepalived-backup-answers-arp-for-the-address',
    thread: {
      title: 'arp issues - arp_proxy and arp_proxy_pvlan',
      address: 'https://github.com/acassen/keepalived/issues/1507',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      master: { addresses: { eth0: ['192.0.2.2/24', '192.0.2.100/32'] }, listeners: WEB },
      backup: {
        addresses: { eth0: ['192.0.2.3/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    ip protocol vrrp accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 80 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
  }
}
`,
        },
        listeners: [{ protocol: 'tcp', address: '192.0.2.3', port: 80 }],
      },
      switch: SWITCH,
    },
    links: [
      ['client:eth0', 'switch:p1'],
      ['master:eth0', 'switch:p2'],
      ['backup:eth0', 'switch:p3'],
    ],
    traced: 'backup',
    setup: [
      [
        'backup',
        'sysctl -qw net.ipv4.conf.eth0.proxy_arp=1 net.ipv4.conf.eth0.proxy_arp_pvlan=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0',
      ],
      ['master', 'ping -c1 192.0.2.3 >/dev/null'],
      // the second answer counts, as it does a second after the first
      ['client', 'sysctl -qw net.ipv4.neigh.eth0.locktime=0; ping -c1 -W2 192.0.2.100 >/dev/null; sleep 1.5'],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.100', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.3', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered', either: true },
    ],
    truth: {
      words:
        "The backup does proxy ARP: it answers for the virtual address, too, later than the master. The client's packets come to the backup, which forwards none.",
      causes: [{ code: 'wrong-way-out', words: ['proxy_arp', '192.0.2.100'] }],
      status: ['dropped'],
    },
    mend: [
      ['backup', 'sysctl -qw net.ipv4.conf.eth0.proxy_arp=0 net.ipv4.conf.eth0.proxy_arp_pvlan=0'],
      ['client', 'ip neigh flush dev eth0'],
    ],
  },
  {
    name: 'vopono-uplink-by-its-alternative-name',
    thread: {
      title: "Using network interface altnames doesn't work",
      address: 'https://github.com/jamesmcm/vopono/issues/230',
    },
    backend: 'iptables-nft',
    hosts: {
      vopono: { addresses: { vo_s: ['10.200.1.2/24'] }, routes: ['default via 10.200.1.1'] },
      host: {
        addresses: { vo_d: ['10.200.1.1/24'], eth0: ['203.0.113.5/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A POSTROUTING -s 10.200.1.0/24 -o eno1 -j MASQUERADE
COMMIT
*filter
${CLOSED}-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i vo_d -o eno1 -j ACCEPT
-A FORWARD -i eno1 -o vo_d -j ACCEPT
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['vopono:vo_s', 'host:vo_d'],
      ['host:eth0', 'far:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'ip link property add dev eth0 altname eno1 altname enp0s25']],
    fails: { from: 'vopono', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'vopono', what: 'ping', to: '10.200.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rules name the uplink eno1, an alternative name of eth0: netfilter compares the interface's own name.",
      causes: [
        { rule: '-o eno1', chain: 'filter FORWARD' },
        { code: 'near-miss', words: ['eno1', 'eth0'] },
      ],
      status: ['dropped'],
      // the rule of POSTROUTING has that name, too
      alsoTrue: ['several-causes'],
    },
    mend: [
      [
        'host',
        'iptables -R FORWARD 1 -i vo_d -o eth0 -j ACCEPT; iptables -R FORWARD 2 -i eth0 -o vo_d -j ACCEPT; iptables -t nat -R POSTROUTING 1 -s 10.200.1.0/24 -o eth0 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'fail2ban-bans-the-router-in-place-of-its-clients',
    thread: {
      title: '[FR]: Router being blocked not end client IP address',
      address: 'https://github.com/fail2ban/fail2ban/issues/2970',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { eth0: ['203.0.113.9/24'] } },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 8123 -j DNAT --to-destination 192.168.1.20:8123
-A POSTROUTING -o wan -j MASQUERADE
-A POSTROUTING -d 192.168.1.20/32 -p tcp -m tcp --dport 8123 -j MASQUERADE
COMMIT
*filter
${CLOSED}-A INPUT -i lan -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
`,
        },
      },
      hass: {
        addresses: { eth0: ['192.168.1.20/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [{ protocol: 'tcp', port: 8123 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-hass-iptables - [0:0]
-A INPUT -p tcp -m multiport --dports 8123 -j f2b-hass-iptables
-A f2b-hass-iptables -s 192.168.1.1/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-hass-iptables -j RETURN
COMMIT
`,
        },
      },
      laptop: { addresses: { eth0: ['192.168.1.30/24'] }, routes: ['default via 192.168.1.1'] },
      switch: SWITCH,
    },
    links: [
      ['phone:eth0', 'router:wan'],
      ['router:lan', 'switch:p1'],
      ['hass:eth0', 'switch:p2'],
      ['laptop:eth0', 'switch:p3'],
    ],
    traced: 'router',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 8123 },
    seen: 'refused',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.1.20', port: 8123 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The router masquerades what it forwards to the server, so the server knows all clients by the router's address, and has banned that.",
      causes: [
        { rule: '-d 192.168.1.20/32', chain: 'nat POSTROUTING' },
        { code: 'snat-changed-source', words: ['192.168.1.1'] },
      ],
      status: ['refused', 'rejected', 'unanswered'],
      alsoTrue: ['refused-there'],
    },
    mend: [
      [
        'router',
        'iptables -t nat -R POSTROUTING 2 -s 192.168.1.0/24 -d 192.168.1.20 -p tcp --dport 8123 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'netbird-mapped-network-without-snat',
    thread: {
      title: 'Feature: Transparent subnet mapping for overlapping networks',
      address: 'https://github.com/netbirdio/netbird/issues/4664',
    },
    backend: 'iptables-legacy',
    hosts: {
      peer: { addresses: { eth0: ['100.64.0.9/24'] }, routes: ['10.1.1.0/24 via 100.64.0.1'] },
      gateway: {
        addresses: { wt0: ['100.64.0.1/24'], eth0: ['192.168.1.5/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A PREROUTING -d 10.1.1.0/24 -i wt0 -j NETMAP --to 192.168.1.0/24
COMMIT
*filter
${CLOSED}-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wt0 -o eth0 -j ACCEPT
COMMIT
`,
        },
      },
      printer: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: WEB },
      router: { addresses: { eth0: ['192.168.1.1/24'] }, sysctls: FORWARDS },
      switch: SWITCH,
    },
    links: [
      ['peer:eth0', 'gateway:wt0'],
      ['gateway:eth0', 'switch:p1'],
      ['printer:eth0', 'switch:p2'],
      ['router:eth0', 'switch:p3'],
    ],
    traced: 'gateway',
    fails: { from: 'peer', what: 'tcp', to: '10.1.1.10', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '100.64.0.1' }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '10.1.1.1' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The mapped request is forwarded with the peer's own source. The host of the network has another gateway, which knows no way to it: its reply does not come back.",
      causes: [{ code: 'not-masqueraded' }, { code: 'not-netfilter', words: ['192.168.1.10'] }],
      status: ['unanswered'],
    },
    mend: [['gateway', 'iptables -t nat -A POSTROUTING -s 100.64.0.0/10 -o eth0 -j MASQUERADE']],
  },
]

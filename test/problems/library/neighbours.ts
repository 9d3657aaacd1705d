/** Addresses that two have, or that one answers for in place of another: what neighbours on a link believe of each other. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** Accepts at a port, on all addresses. Until the lab ends. */
const accepts = (port: number) => `python3 -c "import socket
s=socket.socket(10,1); s.setsockopt(1,2,1); s.bind(('::',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

/** A switch of three ports, without an address. */
const SWITCH = { bridges: { br0: ['p1', 'p2', 'p3'] } }

export const NEIGHBOURS: Problem[] = [
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
]

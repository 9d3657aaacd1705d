/** Hosts and tunnels once more: programs in groups, fragments, limits, two packet filters, accepted routes, ::1. */
import { clientAndServer } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const HOST_LIMITS: Problem[] = [
  {
    name: 'mullvad-all-but-a-group-excluded',
    thread: { title: 'Exclusion by cgroup', address: 'https://github.com/mullvad/mullvadvpn-app/issues/3813' },
    backend: 'nft',
    ...clientAndServer({
      listeners: [SSH],
      rules: {
        nft: `table inet exclude_cgroup {
  chain i {
    type filter hook input priority -100; policy accept;
    meta cgroup != 1234567 ct mark set 0x00000f41 meta mark set 0x6d6f6c65
  }
  chain o {
    type route hook output priority -100; policy accept;
    meta cgroup != 1234567 ct mark set 0x00000f41 meta mark set 0x6d6f6c65
  }
}
table inet mullvad {
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    ct mark 0x00000f41 accept
    meta mark 0x6d6f6c65 accept
    oifname "wg-mullvad" accept
    reject
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct mark 0x00000f41 accept
    iifname "wg-mullvad" accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [{ sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'refused' }],
    truth: {
      words:
        "What comes in for a new connection is of no program yet, so it has no group: the rule matches neither with this group nor without it, the connection is not marked, and Mullvad's input drops it.",
      causes: [{ rule: 'meta cgroup != 1234567', chain: 'inet exclude_cgroup i' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft insert rule inet exclude_cgroup i tcp dport 22 ct mark set 0x00000f41']],
  },
  {
    name: 'router-blocks-fragmented-queries',
    thread: {
      title: '[Solved] Problem with compatibility of Anonymized DNS servers?',
      address: 'https://github.com/DNSCrypt/dnscrypt-proxy/issues/1449',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [{ protocol: 'udp', port: 443 }],
      rules: {
        nft: `table inet hardening {
  chain early {
    type filter hook prerouting priority -450; policy accept;
    ip frag-off & 0x1fff != 0 counter drop
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    ip protocol icmp accept
    udp dport 443 accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 443, bytes: 2000 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        'A long query comes in two fragments, and the second one is dropped before connection tracking puts them together: the first waits for it in vain.',
      causes: [{ rule: 'ip frag-off', chain: 'inet hardening early' }],
      status: ['dropped', 'lost'],
    },
    mend: [['server', 'nft flush chain inet hardening early']],
  },
  {
    name: 'fail2ban-container-bans-in-other-filter',
    thread: {
      title: 'fail2ban using iptables-legacy instead of iptables',
      address: 'https://github.com/crazy-max/docker-fail2ban/issues/66',
    },
    backend: 'mixed',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', port: 443 }],
      rules: {
        nft: `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    ct state related,established counter accept
    tcp dport 22 counter accept
    tcp dport 443 counter accept
  }
}
`,
      },
    }),
    setup: [
      [
        'server',
        'iptables-legacy -N f2b-sshd; iptables-legacy -A f2b-sshd -s 198.51.100.7 -j REJECT; iptables-legacy -A f2b-sshd -s 192.0.2.2 -j REJECT; iptables-legacy -A f2b-sshd -j RETURN; iptables-legacy -I INPUT -p tcp -m multiport --dports 22 -j f2b-sshd',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The ban is in iptables-legacy, where the container writes; the rules that `iptables` of this host lists are those of nf_tables, which accept.',
      causes: [{ rule: '-s 192.0.2.2/32 -j REJECT', chain: 'filter f2b-sshd' }],
      status: ['rejected'],
      alsoTrue: ['mixed-backends'],
    },
    mend: [['server', 'iptables-legacy -D f2b-sshd -s 192.0.2.2 -j REJECT']],
  },
  {
    name: 'relay-limit-used-up',
    thread: { title: 'ipv4-rules.sh line 118', address: 'https://github.com/toralf/torutils/issues/9' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '2001:db8:1::1', port: 443 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 22 },
      ],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmpv6 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 2001:db8:1::1/128 -p tcp -m tcp --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN -m hashlimit --hashlimit-upto 2/hour --hashlimit-burst 2 --hashlimit-mode srcip,dstport --hashlimit-name tor-ddos-443 -j ACCEPT
-A INPUT -d 2001:db8:1::1/128 -p tcp -m tcp --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      },
    }),
    earlier: {
      sendings: [1, 2].map(() => ({ from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }) as const),
      change: [],
    },
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        'The rule accepts two new connections an hour from one address, and they were used up: the rule behind it drops the third.',
      causes: [{ rule: '--hashlimit-upto', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -I INPUT 1 -s 2001:db8:1::2 -p tcp --dport 443 -j ACCEPT']],
  },
  {
    name: 'tailscale-accepts-route-to-own-lan',
    thread: {
      title: '--accept-routes disables local eth0',
      address: 'https://github.com/tailscale/tailscale/issues/1164',
    },
    backend: 'iptables-nft',
    hosts: {
      laptop: { addresses: { eth0: ['192.168.1.203/24'] }, routes: ['default via 192.168.1.1'] },
      server: {
        addresses: { eth0: ['192.168.1.103/24'], tailscale0: ['100.64.0.3/32'] },
        routes: ['100.64.0.9/32 dev tailscale0'],
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A ts-input -s 100.64.0.3/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
COMMIT
`,
        },
      },
      relay: {
        addresses: { tailscale0: ['100.64.0.9/32'] },
        routes: ['100.64.0.3/32 dev tailscale0'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['laptop:eth0', 'server:eth0'],
      ['server:tailscale0', 'relay:tailscale0'],
    ],
    traced: 'server',
    setup: [
      [
        'server',
        'ip rule add pref 5210 fwmark 0x80000/0xff0000 lookup main; ip rule add pref 5230 fwmark 0x80000/0xff0000 lookup default; ip rule add pref 5250 fwmark 0x80000/0xff0000 unreachable; ip rule add pref 5270 lookup 52',
      ],
      [
        'server',
        'ip route add 192.168.1.0/24 dev tailscale0 table 52; ip route add 100.64.0.9/32 dev tailscale0 table 52',
      ],
    ],
    fails: { from: 'laptop', what: 'tcp', to: '192.168.1.103', port: 22 },
    seen: 'nothing',
    others: [{ sending: { from: 'server', what: 'tcp', to: '100.64.0.9', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'A route to the own LAN, accepted from another node, stands in table 52, which is asked before main: the reply to a neighbour goes into the tunnel.',
      causes: [
        { code: 'wrong-way-out', words: ['tailscale0'] },
        { code: 'reply-by-other-uplink', words: ['tailscale0'] },
        { code: 'reply-dropped', words: ['tailscale0'] },
      ],
      status: ['reply-lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['server', 'ip rule add pref 5200 to 192.168.1.0/24 lookup main']],
  },
  {
    name: 'dns-redirected-to-loopback-of-ipv6',
    thread: { title: 'ip6tables entry', address: 'https://github.com/Magisk-Modules-Grave/dnscrypt-proxy/issues/11' },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'udp', address: '::1', port: 5354 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 22 },
      ],
      rules: {
        v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 53 -j DNAT --to-destination [::1]:5354
-A PREROUTING -p udp -m udp --dport 53 -j DNAT --to-destination [::1]:5354
-A OUTPUT -p udp -m udp --dport 53 -j DNAT --to-destination [::1]:5354
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 53 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' }],
    truth: {
      words: 'The kernel routes nothing that came in from outside to ::1, and IPv6 has no setting like route_localnet.',
      causes: [
        { rule: '-p udp -m udp --dport 53 -j DNAT', chain: 'nat PREROUTING' },
        { code: 'vanished-martian', words: ['::1'] },
      ],
      status: ['lost'],
    },
    mend: [
      ['server', 'ip6tables -t nat -R PREROUTING 2 -p udp --dport 53 -j DNAT --to-destination [2001:db8:1::1]:5355'],
      [
        'server',
        `python3 -c "import socket
s=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM); s.bind(('2001:db8:1::1',5355))
while True:
  d,a=s.recvfrom(999); s.sendto(d,a)" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnu | grep -q :5355 && break; sleep .1; done`,
      ],
    ],
  },
]

/** What people ask about servers with a firewall manager: a tunnel nobody told it of, a rule behind the last one, IPv6 forgotten. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const ASKED_OF_SERVERS: Problem[] = [
  {
    name: 'shorewall-net-is-not-let-into-the-tunnel',
    thread: {
      title: 'Add a shorewall rule in VPS to allow packet forward to internal host',
      address: 'https://github.com/Ysurac/openmptcprouter/issues/2760',
    },
    backend: 'iptables-legacy',
    hosts: {
      hostB: {
        addresses: { eth0: ['192.168.2.47/24'] },
        routes: ['192.168.100.0/24 via 192.168.2.191'],
        listeners: [{ protocol: 'tcp', port: 5201 }],
      },
      vps: {
        addresses: { eno1: ['192.168.2.191/24'], 'gt-tun0': ['10.255.247.1/24'] },
        routes: ['192.168.100.0/24 via 10.255.247.2'],
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:dynamic - [0:0]
:fw-net - [0:0]
:net-fw - [0:0]
:net-vpn - [0:0]
:net_frwd - [0:0]
:vpn-fw - [0:0]
:vpn-net - [0:0]
:vpn_frwd - [0:0]
-A INPUT -i eno1 -j net-fw
-A INPUT -i gt-tun0 -j vpn-fw
-A INPUT -i lo -j ACCEPT
-A FORWARD -i eno1 -j net_frwd
-A FORWARD -i gt-tun0 -j vpn_frwd
-A FORWARD -j LOG --log-prefix "FORWARD REJECT " --log-level 6
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
-A net-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-fw -p tcp -m tcp --dport 65222 -j ACCEPT
-A net-fw -p icmp -m icmp --icmp-type 8 -m comment --comment Ping -j ACCEPT
-A net-fw -j DROP
-A net-vpn -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-vpn -p icmp -m icmp --icmp-type 8 -m comment --comment Ping -j ACCEPT
-A net-vpn -j DROP
-A net_frwd -m conntrack --ctstate INVALID,NEW,UNTRACKED -j dynamic
-A net_frwd -o gt-tun0 -j net-vpn
-A vpn-fw -j ACCEPT
-A vpn-net -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A vpn-net -j ACCEPT
-A vpn_frwd -m conntrack --ctstate INVALID,NEW,UNTRACKED -j dynamic
-A vpn_frwd -o eno1 -j vpn-net
COMMIT
`,
        },
      },
      mptcp: {
        addresses: { eth0: ['10.255.247.2/24'], eth1: ['192.168.100.1/24'] },
        routes: ['default via 10.255.247.1'],
        sysctls: FORWARDS,
      },
      hostA: {
        addresses: { eth0: ['192.168.100.144/24'] },
        routes: ['default via 192.168.100.1'],
        listeners: [
          { protocol: 'tcp', port: 5201 },
          { protocol: 'tcp', port: 22 },
        ],
      },
    },
    links: [
      ['hostB:eth0', 'vps:eno1'],
      ['vps:gt-tun0', 'mptcp:eth0'],
      ['mptcp:eth1', 'hostA:eth0'],
    ],
    traced: 'vps',
    fails: { from: 'hostB', what: 'tcp', to: '192.168.100.144', port: 5201 },
    seen: 'nothing',
    others: [
      { sending: { from: 'hostB', what: 'ping', to: '192.168.100.144' }, seen: 'answered' },
      { sending: { from: 'hostA', what: 'tcp', to: '192.168.2.47', port: 5201 }, seen: 'answered' },
      { sending: { from: 'hostB', what: 'tcp', to: '192.168.100.144', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: "From the net into the VPN shorewall's policy drops what no rule accepts, and ping alone has one.",
      causes: [{ rule: '-j DROP', chain: 'filter net-vpn' }],
      status: ['dropped'],
    },
    mend: [['vps', 'iptables -I net-vpn -p tcp --dport 5201 -j ACCEPT']],
  },
  {
    name: 'pihole-of-the-tunnel-behind-ufw',
    thread: {
      title: 'Automatically add firewall rule for local DNS?',
      address: 'https://github.com/pivpn/pivpn/issues/1559',
    },
    backend: 'iptables-nft',
    hosts: {
      internet: {
        addresses: { eth0: ['192.0.2.9/24', '192.0.2.50/24'] },
        listeners: WEB,
      },
      vps: {
        addresses: { eth0: ['192.0.2.1/24'], wg0: ['10.6.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'udp', port: 53 },
          { protocol: 'tcp', port: 53 },
          { protocol: 'tcp', port: 22 },
        ],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.6.0.0/24 -o eth0 -m comment --comment wireguard-nat-rule -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-after-input - [0:0]
:ufw-before-forward - [0:0]
:ufw-before-input - [0:0]
:ufw-not-local - [0:0]
:ufw-skip-to-policy-input - [0:0]
:ufw-user-forward - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A FORWARD -j ufw-before-forward
-A ufw-after-input -p udp -m udp --dport 137 -j ufw-skip-to-policy-input
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -j DROP
-A ufw-skip-to-policy-input -j DROP
-A ufw-user-forward -s 10.6.0.0/24 -i wg0 -o eth0 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -p udp -m udp --dport 51820 -j ACCEPT
-A ufw-user-input -s 192.0.2.50/32 -p tcp -m tcp --dport 53 -j ACCEPT
-A ufw-user-input -s 192.0.2.50/32 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
        },
      },
      phone: { addresses: { wg0: ['10.6.0.2/24'] }, routes: ['default via 10.6.0.1'] },
    },
    links: [
      ['internet:eth0', 'vps:eth0'],
      ['vps:wg0', 'phone:wg0'],
    ],
    traced: 'vps',
    fails: { from: 'phone', what: 'udp', to: '10.6.0.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.6.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'internet', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The tunnel's clients are told to ask the server for names, and its firewall accepts that from home alone.",
      causes: [
        { policy: 'filter INPUT' },
        { rule: '-s 192.0.2.50/32 -p udp', chain: 'filter ufw-user-input' },
        { chain: 'filter ufw-user-input' },
      ],
      status: ['dropped'],
    },
    mend: [['vps', 'iptables -A ufw-user-input -i wg0 -d 10.6.0.1 -p udp --dport 53 -j ACCEPT']],
  },
  {
    name: 'firewalld-rejects-what-tailscale-forwards',
    thread: {
      title:
        'Fedora Workstation/Server default `firewalld` rules block Tailscale forwarding (exit node, subnet routing)',
      address: 'https://github.com/tailscale/tailscale/issues/4639',
    },
    backend: 'nft',
    hosts: {
      lan: { addresses: { eth0: ['192.168.1.9/24'] }, listeners: WEB },
      fedora: {
        addresses: { enp1s0: ['192.168.1.2/24'], tailscale0: ['100.101.1.1/32'] },
        routes: ['100.101.1.2/32 dev tailscale0'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          nft: `table ip filter {
  chain ts-input {
    ip saddr 100.101.1.1 iifname "lo" counter accept
    ip saddr 100.64.0.0/10 iifname != "tailscale0" counter drop
    iifname "tailscale0" counter accept
  }
  chain ts-forward {
    iifname "tailscale0" counter meta mark set meta mark & 0xff00ffff | 0x00040000
    meta mark & 0x00ff0000 == 0x00040000 counter accept
    ip saddr 100.64.0.0/10 oifname "tailscale0" counter drop
    oifname "tailscale0" counter accept
  }
  chain INPUT { type filter hook input priority filter; policy accept; counter jump ts-input; }
  chain FORWARD { type filter hook forward priority filter; policy accept; counter jump ts-forward; }
}
table ip nat {
  chain ts-postrouting { meta mark & 0x00ff0000 == 0x00040000 counter masquerade; }
  chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; counter jump ts-postrouting; }
}
table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "enp1s0" goto filter_IN_FedoraServer
    goto filter_IN_FedoraServer
  }
  chain filter_FORWARD_ZONES {
    iifname "enp1s0" goto filter_FWD_FedoraServer
    goto filter_FWD_FedoraServer
  }
  chain filter_IN_FedoraServer {
    jump filter_IN_FedoraServer_allow
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain filter_IN_FedoraServer_allow {
    tcp dport 22 accept
  }
  chain filter_FWD_FedoraServer {
    jump filter_FWD_FedoraServer_allow
  }
  chain filter_FWD_FedoraServer_allow {
  }
}
`,
        },
      },
      phone: {
        addresses: { tailscale0: ['100.101.1.2/32'] },
        routes: ['100.101.1.1/32 dev tailscale0', 'default via 100.101.1.1'],
      },
    },
    links: [
      ['lan:eth0', 'fedora:enp1s0'],
      ['fedora:tailscale0', 'phone:tailscale0'],
    ],
    traced: 'fedora',
    fails: { from: 'phone', what: 'tcp', to: '192.168.1.9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '100.101.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'ping', to: '192.168.1.2' }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.2', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "Tailscale's chain accepts the forwarded packet; firewalld's, which comes after it, has tailscale0 in the default zone and rejects it.",
      causes: [
        { rule: 'reject with icmpx admin-prohibited', chain: 'inet firewalld filter_FORWARD' },
        { chain: 'inet firewalld filter_FWD_FedoraServer' },
      ],
      status: ['rejected'],
    },
    mend: [['fedora', 'nft add rule inet firewalld filter_FWD_FedoraServer_allow iifname tailscale0 accept']],
  },
  {
    name: 'knockd-appends-behind-the-last-reject',
    thread: { title: 'Port Knocking', address: 'https://beginlinux.com/sec_train_m/port_knock' },
    backend: 'iptables-nft',
    hosts: {
      admin: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [{ protocol: 'tcp', port: 22 }, ...WEB],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:RH-Firewall-1-INPUT - [0:0]
-A INPUT -j RH-Firewall-1-INPUT
-A INPUT -s 192.0.2.2/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -j RH-Firewall-1-INPUT
-A RH-Firewall-1-INPUT -i lo -j ACCEPT
-A RH-Firewall-1-INPUT -p icmp -m icmp --icmp-type any -j ACCEPT
-A RH-Firewall-1-INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A RH-Firewall-1-INPUT -p tcp -m state --state NEW -m tcp --dport 80 -j ACCEPT
-A RH-Firewall-1-INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
        },
      },
      stranger: { addresses: { eth0: ['198.51.100.9/24'] } },
    },
    links: [
      ['admin:eth0', 'server:eth0'],
      ['stranger:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'stranger', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'unreachable' },
      { sending: { from: 'admin', what: 'tcp', to: '192.0.2.1', port: 3306 }, seen: 'unreachable' },
    ],
    truth: {
      words: 'knockd appends its rule, so the chain in front of it has rejected the packet already.',
      causes: [
        { rule: '-j REJECT', chain: 'filter RH-Firewall-1-INPUT' },
        { rule: '-s 192.0.2.2/32', chain: 'filter INPUT' },
      ],
      status: ['rejected'],
    },
    mend: [['server', 'iptables -I INPUT -s 192.0.2.2 -p tcp --dport 22 -j ACCEPT']],
  },
  {
    name: 'table-of-ipv6-accepts-no-established',
    thread: {
      title: 'Common nftables configuration issues network connectivity failures on linux servers',
      address:
        'https://www.explaintopic.com/linux/common-nftables-configuration-issues-network-connectivity-fa-1765803290.html',
    },
    backend: 'nft',
    hosts: {
      mirror: {
        addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] },
        listeners: [
          { protocol: 'tcp', port: 443 },
          { protocol: 'tcp', address: '2001:db8:1::9', port: 443 },
        ],
      },
      server: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        listeners: [22, 8080].map((port) => ({ protocol: 'tcp' as const, address: '2001:db8:1::1', port })),
        rules: {
          nft: `table ip filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    tcp dport { 22, 80, 443 } accept
    icmp type echo-request accept
  }
}
table ip6 filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    tcp dport { 22, 80, 443 } accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
  }
}
`,
        },
      },
    },
    links: [['mirror:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '2001:db8:1::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'mirror', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'mirror', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "IPv4's input accepts what belongs to a connection, IPv6's does not: its policy drops the mirror's replies.",
      causes: [{ policy: 'ip6 filter input' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'nft insert rule ip6 filter input ct state established,related accept']],
  },
]

/** NixOS's firewall in nft, and the tables that others bring along beside it. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = [{ protocol: 'tcp', port: 443 }] as const

const NIXOS_FW = `table inet nixos-fw {
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4 client/server"
    fib saddr . mark oif exists accept
    jump rpfilter-allow
  }
  chain rpfilter-allow {
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "trusted interfaces"
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }
    tcp flags syn / fin,syn,rst,ack log prefix "refused connection: " level info
  }
  chain input-allow {
    tcp dport 22 accept
    icmp type echo-request accept comment "allow ping"
    icmpv6 type != { nd-redirect, 139 } accept comment "Accept all ICMPv6 messages except redirects and node information queries (type 139)."
    ip6 daddr fe80::/64 udp dport 546 accept comment "DHCPv6 client"
  }
}
`

export const NFT_NIXOS: Problem[] = [
  {
    name: 'nft-nixos-drops-before-tailscale',
    thread: {
      title: 'nixos/tailscale: Tailscale nftables chain never fires',
      address: 'https://github.com/NixOS/nixpkgs/issues/490273',
    },
    backend: 'nft',
    hosts: {
      host: {
        addresses: { eth0: ['192.0.2.1/24'], tailscale0: ['100.64.0.5/32'] },
        routes: ['100.64.0.2/32 dev tailscale0'],
        listeners: [...HTTPS, { protocol: 'tcp', port: 22 }],
        rules: {
          nft: `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    counter jump ts-input
  }
  chain ts-input {
    ip saddr 100.64.0.5 iifname "lo" counter accept
    iifname != "tailscale0" ip saddr 100.115.92.0/23 counter return
    iifname != "tailscale0" ip saddr 100.64.0.0/10 counter drop
    iifname "tailscale0" counter accept
  }
}
${NIXOS_FW}`,
        },
      },
      peer: { addresses: { tailscale0: ['100.64.0.2/32'] }, routes: ['100.64.0.5/32 dev tailscale0'] },
      lan: { addresses: { eth0: ['192.0.2.9/24'] } },
    },
    links: [
      ['host:tailscale0', 'peer:tailscale0'],
      ['host:eth0', 'lan:eth0'],
    ],
    traced: 'host',
    fails: { from: 'peer', what: 'tcp', to: '100.64.0.5', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '100.64.0.5', port: 22 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words: "Tailscale's table accepts it; the firewall's own chain at the same hook has no rule for it and drops.",
      causes: [{ policy: 'inet nixos-fw input' }],
      status: ['dropped'],
    },
    mend: [['host', 'nft insert rule inet nixos-fw input iifname tailscale0 accept']],
  },
  {
    name: 'nft-nixos-guest-asks-host-dns',
    thread: {
      title: 'Guest networking stopped working after Nixpkgs update (libvirt 10.4.0+)',
      address: 'https://github.com/AshleyYakeley/NixVirt/issues/91',
    },
    backend: 'nft',
    ...bridged('virbr0', '192.168.122.1/24', {
      listeners: [{ protocol: 'udp', address: '192.168.122.1', port: 53 }],
      rules: {
        nft: `table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.122.0/24 iif "virbr0" counter accept
    iif "virbr0" counter reject
  }
  chain guest_input {
    oif "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept
    oif "virbr0" counter reject
  }
  chain guest_cross {
    iif "virbr0" oif "virbr0" counter accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
    meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    meta l4proto udp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
  }
}
${NIXOS_FW}`,
      },
    }),
    fails: { from: 'c1', what: 'udp', to: '192.168.122.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.168.122.1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words: "libvirt's own table no longer opens input for the guests' DNS, and the firewall's policy drops it.",
      causes: [{ policy: 'inet nixos-fw input' }],
      status: ['dropped'],
    },
    mend: [['host', 'nft add rule inet nixos-fw input-allow iifname virbr0 udp dport { 53, 67, 68 } accept']],
  },
  {
    name: 'nft-nixos-forwarded-port-elsewhere',
    thread: {
      title: 'nixos/nat-nftables: NAT-ed packets do not output after NAT',
      address: 'https://github.com/NixOS/nixpkgs/issues/514224',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] } },
      router: {
        addresses: { enp7s0: ['203.0.113.1/24'], wg0: ['10.11.0.2/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          nft: `${NIXOS_FW}table ip nixos-nat {
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "enp7s0" meta l4proto { tcp, udp } dnat ip to meta l4proto . th dport map { tcp . 80 : 10.11.0.8 . 80, tcp . 443 : 10.11.0.8 . 443 } comment "port forward"
  }
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    iifname "wg0" oifname "enp7s0" masquerade comment "from internal interfaces"
    iifname != "enp7s0" ip daddr . meta l4proto . th dport { 10.11.0.8 . tcp . 80, 10.11.0.8 . tcp . 443 } masquerade comment "port forward loopback snat"
  }
}
`,
        },
      },
      backend: {
        addresses: { wg0: ['10.11.0.8/24'], eth0: ['198.51.100.8/24'] },
        routes: ['default via 198.51.100.254'],
        listeners: [...WEB, ...HTTPS],
      },
      // forwards nothing from private sources
      isp2: { addresses: { eth0: ['198.51.100.254/24'] } },
    },
    links: [
      ['client:eth0', 'router:enp7s0'],
      ['router:wg0', 'backend:wg0'],
      ['backend:eth0', 'isp2:eth0'],
    ],
    traced: 'router',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '10.11.0.8', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The server behind the tunnel answers by its own uplink, for the request keeps the client's source: the masquerade is not for what comes in on enp7s0.",
      causes: [
        { rule: 'port forward loopback snat', chain: 'ip nixos-nat post' },
        { code: 'not-masqueraded' },
        { code: 'not-netfilter', words: ['10.11.0.8'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['router', 'nft add rule ip nixos-nat post iifname enp7s0 oifname wg0 masquerade']],
  },
]

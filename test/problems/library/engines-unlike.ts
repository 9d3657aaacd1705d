/** Hosts of guests and containers whose other firewall decides, from threads: a reverse path filter, a policy, a group, a chain without rules. */
import { bridged, FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const ENGINES_UNLIKE: Problem[] = [
  {
    name: 'nixos-reverse-path-between-bridged-guests',
    thread: {
      title: 'Default firewall blocks guest-to-guest communication in libvirt',
      address: 'https://github.com/NixOS/nixpkgs/issues/359541',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { virbr1: ['vnet0', 'vnet1'] },
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          nft: `table inet nixos-fw {
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4 client/server"
    fib saddr . mark . iif oif exists accept
    jump rpfilter-allow
  }
  chain rpfilter-allow {
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "trusted interfaces"
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }
  }
  chain input-allow {
    tcp dport 22 accept
    icmp type echo-request accept comment "allow ping"
  }
}
`,
        },
      },
      vm1: { addresses: { eth0: ['192.168.122.10/24'] } },
      vm2: { addresses: { eth0: ['192.168.122.11/24'] } },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:vnet0', 'vm1:eth0'],
      ['host:vnet1', 'vm2:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm1', what: 'ping', to: '192.168.122.11' },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The host has no address in the guests' network, so its way back to a guest is the uplink: the reverse path filter, to which br_netfilter hands the bridge's frames, drops them.",
      causes: [
        { rule: 'fib saddr . mark . iif oif exists', chain: 'inet nixos-fw rpfilter' },
        { policy: 'inet nixos-fw rpfilter' },
        { code: 'bridge-nf-call' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'nft insert rule inet nixos-fw rpfilter fib saddr . mark oif exists accept']],
  },
  {
    name: 'miniupnpd-forward-policy-drops-ipv6',
    thread: {
      title: "miniupnpd-nftables: the default policy of chain 'forward' might better be 'accept'",
      address: 'https://github.com/miniupnp/miniupnp/issues/761',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet router {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "lan" } accept
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain forward {
    type filter hook forward priority filter - 5; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    jump miniupnpd
  }
  chain miniupnpd {
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump prerouting_miniupnpd
  }
  chain prerouting_miniupnpd {
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    jump postrouting_miniupnpd
  }
  chain postrouting_miniupnpd {
  }
}
`,
        },
      },
      {
        remote: {
          listeners: [HTTPS, { ...HTTPS, address: '2001:db8:f::9' }],
        },
        pc: { listeners: [{ ...SSH, address: '2001:db8:1::10' }] },
      },
    ),
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The script of miniupnpd makes a forward chain with policy drop and no rule but a jump into its own empty chain: what the router's own table accepted is dropped there.",
      causes: [{ policy: 'inet filter forward' }],
      status: ['dropped'],
    },
    mend: [['router', "nft 'chain inet filter forward { policy accept; }'"]],
  },
  {
    name: 'podman-cni-nft-has-no-rule-at-output',
    thread: {
      title: 'Unable to connect to container from localhost (rootfull container, nftables)',
      address: 'https://github.com/podman-container-tools/podman/issues/9643',
    },
    backend: 'nft',
    ...bridged(
      'cni-podman0',
      '10.88.0.1/16',
      {
        listeners: [SSH],
        rules: {
          nft: `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    jump cni-npo-68fa4a3547cba8fa5fd75d4
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump cni-npr-68fa4a3547cba8fa5fd75d4
  }
  chain output {
    type nat hook output priority -100; policy accept;
  }
  chain cni-npr-68fa4a3547cba8fa5fd75d4 {
    iifname != "cni-podman0" tcp dport 80 dnat to 10.88.0.2:8080
  }
  chain cni-npo-68fa4a3547cba8fa5fd75d4 {
    iifname "cni-podman0" ip saddr 10.88.0.2 ip daddr 224.0.0.0/24 counter return
    iifname "cni-podman0" ip saddr 10.88.0.2 counter masquerade
  }
}
table ip filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    jump cni-ffw-68fa4a3547cba8fa5fd75d4
    oifname "cni-podman0" ip daddr 10.88.0.2 tcp dport 8080 counter accept
    counter drop
  }
  chain cni-ffw-68fa4a3547cba8fa5fd75d4 {
    oifname "cni-podman0" ip daddr 10.88.0.2 ct state established,related counter accept
    iifname "cni-podman0" ip saddr 10.88.0.2 counter accept
  }
}
`,
        },
      },
      { listeners: [{ protocol: 'tcp', port: 8080 }] },
    ),
    fails: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "What the host itself sends traverses nat output, not prerouting, and there is no rule in it: the published port is the host's own, where nothing listens.",
      causes: [
        { chain: 'ip nat output' },
        { rule: 'dnat to 10.88.0.2:8080', chain: 'ip nat cni-npr-68fa4a3547cba8fa5fd75d4' },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['host', 'nft add rule ip nat output ip daddr 192.0.2.1 tcp dport 80 dnat to 10.88.0.2:8080']],
  },
  {
    name: 'qubes-forward-drops-what-is-of-no-group',
    thread: {
      title: 'Fully updated Debian 11+ or Ubuntu Jammy have broken docker network',
      address: 'https://github.com/QubesOS/qubes-issues/issues/8222',
    },
    backend: 'nft',
    ...bridged('docker0', '172.17.0.1/16', {
      listeners: [SSH],
      rules: {
        nft: `table ip qubes {
  chain input {
    type filter hook input priority filter; policy drop;
    jump custom-input
    ct state invalid counter drop
    ct state established,related accept
    meta l4proto icmp accept
    iif "lo" accept
    tcp dport 22 accept
    counter drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    jump custom-forward
    ct state invalid counter drop
    ct state established,related accept
    iifgroup != 2 counter drop
  }
  chain custom-input {
  }
  chain custom-forward {
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "docker0" ip saddr 172.17.0.0/16 counter masquerade
  }
}
table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    oifname "docker0" ct state related,established counter accept
    iifname "docker0" oifname != "docker0" counter accept
    iifname "docker0" oifname "docker0" counter accept
  }
}
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The qube's forward chain drops what does not come in by a device of group 2, where the qubes behind it are; docker's bridge is in group 0.",
      causes: [{ rule: 'iifgroup != 2', chain: 'ip qubes forward' }],
      status: ['dropped'],
    },
    mend: [['host', 'nft add rule ip qubes custom-forward iifname docker0 accept']],
  },
]

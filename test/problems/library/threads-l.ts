/** Exit nodes with nft, from threads: rules that were never written. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_L: Problem[] = [
  {
    name: 'netbird-exit-node-lacks-accept-and-masquerade',
    thread: {
      title: 'Missing nftables and MASQUERADE rules on Ubuntu Exit Node hosts',
      address: 'https://github.com/netbirdio/netbird/issues/5394',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { wt0: ['100.90.0.5/16'] }, routes: ['default via 100.90.0.1'] },
      node: {
        addresses: { wt0: ['100.90.0.1/16'], eth0: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip netbird {
  set nb0000001 {
    type ipv4_addr
    flags dynamic
    elements = { 100.90.0.5, 100.90.0.6 }
  }
  chain netbird-rt-fwd {
    ct state established,related counter accept
    ip saddr 100.90.0.0/16 ip daddr 203.0.113.30 counter accept
  }
  chain netbird-rt-postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    ip saddr 100.90.0.0/16 ip daddr 203.0.113.30 counter masquerade
  }
  chain netbird-rt-redirect {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain netbird-acl-input-rules {
    ct state established,related counter accept
    ip saddr @nb0000001 tcp dport 22 counter accept
    ip saddr @nb0000001 icmp type echo-request counter accept
  }
  chain netbird-acl-input-filter {
    type filter hook input priority filter; policy accept;
    iifname "wt0" jump netbird-acl-input-rules
    iifname "wt0" drop
  }
  chain netbird-acl-forward-filter {
    type filter hook forward priority filter; policy accept;
    meta mark 0x0001bd20 accept
    iifname "wt0" jump netbird-rt-fwd
    iifname "wt0" drop
  }
  chain netbird-mangle-prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wt0" ct state new ct mark set 0x0001bd11
  }
}
table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    counter jump ts-input
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    iifname "wt0" accept
    oifname "wt0" ct state established,related accept
    counter jump ts-forward
  }
  chain ts-input {
    iifname != "tailscale0" ip saddr 100.115.92.0/23 counter return
  }
  chain ts-forward {
    iifname "tailscale0" counter meta mark set meta mark & 0xff04ffff | 0x00040000
    meta mark & 0x00ff0000 == 0x00040000 counter accept
    oifname "tailscale0" counter accept
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00ff0000 == 0x00040000 counter masquerade
  }
}
`,
        },
      },
      net: {
        addresses: { eth0: ['203.0.113.9/24', '203.0.113.30/24'] },
        listeners: [HTTPS],
      },
    },
    links: [
      ['peer:wt0', 'node:wt0'],
      ['node:eth0', 'net:eth0'],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '203.0.113.30', port: 443 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '100.90.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "netbird has written neither the exit route's accept, so its own chain drops what comes from the tunnel, nor its masquerade, so the reply would not find back.",
      causes: [
        { rule: 'iifname "wt0" drop', chain: 'ip netbird netbird-acl-forward-filter' },
        { chain: 'ip netbird netbird-rt-fwd' },
        { code: 'several-causes' },
      ],
      status: ['dropped'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'node',
        'nft add rule ip netbird netbird-rt-fwd ip saddr 100.90.0.0/16 counter accept; nft add rule ip netbird netbird-rt-postrouting ip saddr 100.90.0.0/16 oifname eth0 counter masquerade',
      ],
    ],
  },
]

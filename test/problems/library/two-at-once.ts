/** Two things are missing at once: what accepts the request, and what brings its reply back. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const TWO_AT_ONCE: Problem[] = [
  {
    name: 'synology-no-rule-of-the-tunnel-is-there',
    thread: {
      title: 'Iptables rules in PostUp & PostDown',
      address: 'https://github.com/runfalk/synology-wireguard/issues/81',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { wg0: ['10.0.1.2/24'] }, routes: ['default via 10.0.1.1'] },
      nas: {
        addresses: { wg0: ['10.0.1.1/24'], eth0: ['192.168.0.2/24'] },
        routes: ['default via 192.168.0.1'],
        sysctls: FORWARDS,
        listeners: WEB,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
COMMIT
`,
        },
      },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      box: { addresses: { eth0: ['192.168.0.1/24'] } },
      camera: { addresses: { eth0: ['192.168.0.3/24'] }, routes: ['default via 192.168.0.1'], listeners: WEB },
    },
    links: [
      ['phone:wg0', 'nas:wg0'],
      ['nas:eth0', 'switch:p1'],
      ['box:eth0', 'switch:p2'],
      ['camera:eth0', 'switch:p3'],
    ],
    traced: 'nas',
    fails: { from: 'phone', what: 'tcp', to: '192.168.0.3', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '192.168.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'nas', what: 'tcp', to: '192.168.0.3', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'No rule of the tunnel was written: FORWARD drops its packets by policy, and what it would forward is not masqueraded, so the reply would go to the default gateway of the LAN.',
      causes: [{ policy: 'filter FORWARD' }, { code: 'several-causes' }],
      status: ['dropped'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'nas',
        'iptables -A FORWARD -i wg0 -j ACCEPT; iptables -A FORWARD -o wg0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'vopono-forward-of-another-table-drops-both-ways',
    thread: {
      title: 'Help with nftables and forwarding filter',
      address: 'https://github.com/jamesmcm/vopono/issues/278',
    },
    backend: 'nft',
    hosts: {
      app: { addresses: { vo_mv_norway_s: ['10.200.1.2/24'] }, routes: ['default via 10.200.1.1'] },
      host: {
        addresses: { vo_mv_norway_d: ['10.200.1.1/24'], wlp2s0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet my_table {
  chain my_input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    ct state invalid drop
    meta l4proto ipv6-icmp accept
    meta l4proto icmp accept
    meta l4proto udp reject
    meta l4proto tcp reject with tcp reset
  }
  chain my_forward {
    type filter hook forward priority 200; policy drop;
  }
  chain my_output {
    type filter hook output priority filter; policy accept;
  }
}
table inet vopono_nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wlp2s0" ip saddr 10.200.1.0/24 counter masquerade
  }
}
table inet vopono_bridge {
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    iifname "vo_mv_norway_d" oifname "wlp2s0" counter accept
    iifname "wlp2s0" oifname "vo_mv_norway_d" counter accept
  }
}
`,
        },
      },
      server: {
        addresses: { eth0: ['192.0.2.9/24'] },
        listeners: [{ protocol: 'udp', port: 51820 }, ...WEB],
      },
    },
    links: [
      ['app:vo_mv_norway_s', 'host:vo_mv_norway_d'],
      ['host:wlp2s0', 'server:eth0'],
    ],
    traced: 'host',
    fails: { from: 'app', what: 'udp', to: '192.0.2.9', port: 51820 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'app', what: 'ping', to: '10.200.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The program's own table accepts both ways, but a later chain of another table drops all that is forwarded: the request, and then its reply.",
      causes: [{ policy: 'inet my_table my_forward' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'nft add rule inet my_table my_forward ct state established,related accept; nft add rule inet my_table my_forward iifname vo_mv_norway_d oifname wlp2s0 accept',
      ],
    ],
  },
  {
    name: 'wireguard-rules-for-ipv4-alone',
    thread: {
      title: 'feat: add homelab config skills (VLAN segmentation, Pi-hole DNS, WireGuard VPN)',
      address: 'https://github.com/affaan-m/ECC/pull/1838',
    },
    backend: 'iptables-nft',
    hosts: {
      phone: {
        addresses: { wg0: ['10.8.0.2/24', 'fd00:8::2/64'] },
        routes: ['default via 10.8.0.1', 'default via fd00:8::1'],
      },
      server: {
        addresses: { wg0: ['10.8.0.1/24', 'fd00:8::1/64'], eth0: ['203.0.113.1/24', '2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i wg0 -o eth0 -j ACCEPT
-A FORWARD -i eth0 -o wg0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
        },
      },
      far: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:1::9/64'] },
        listeners: [...WEB, { protocol: 'tcp', address: '2001:db8:1::9', port: 80 }],
      },
    },
    links: [
      ['phone:wg0', 'server:wg0'],
      ['server:eth0', 'far:eth0'],
    ],
    traced: 'server',
    fails: { from: 'phone', what: 'tcp', to: '2001:db8:1::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules of the tunnel are for IPv4 alone: for IPv6 nothing is accepted in FORWARD, in neither direction, and nothing is masqueraded.',
      causes: [{ policy: 'filter FORWARD' }, { code: 'several-causes' }],
      status: ['dropped'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'server',
        'ip6tables -A FORWARD -i wg0 -o eth0 -j ACCEPT; ip6tables -A FORWARD -i eth0 -o wg0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; ip6tables -t nat -A POSTROUTING -o eth0 -j MASQUERADE',
      ],
    ],
  },
]

/** From threads on clusters: proxies that translate too much, or to an address that another rule should translate; and what else those threads tell of. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { MESHES_OF_NODES } from './meshes-of-nodes.ts'
import { NODES_AND_THEIR_PODS } from './nodes-and-their-pods.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** What tailscaled writes of its own, in its mode for nftables. */
const TAILSCALE_FILTER = `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    counter jump ts-input
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    counter jump ts-forward
  }
  chain ts-input {
    iifname "lo*" ip saddr 100.104.164.14 counter accept
    iifname != "tailscale0*" ip saddr 100.115.92.0/23 counter return
    iifname != "tailscale0*" ip saddr 100.64.0.0/10 counter drop
    iifname "tailscale0*" counter accept
    udp dport 41641 counter accept
  }
  chain ts-forward {
    iifname "tailscale0*" counter meta mark set meta mark & 0xff00ffff | 0x00040000
    meta mark & 0x00ff0000 == 0x00040000 counter accept
    oifname "tailscale0*" ip saddr 100.64.0.0/10 counter drop
    oifname "tailscale0*" counter accept
  }
}
`

export const PROXIES_IN_CLUSTERS: Problem[] = [
  {
    name: 'tailscale-egress-proxy-translates-what-is-for-its-own-port',
    thread: {
      title: 'Egress Proxies can`t get direct connection',
      address: 'https://github.com/tailscale/tailscale/issues/12599',
    },
    backend: 'nft',
    hosts: {
      node: {
        addresses: { veth1: ['10.122.48.1/24'], veth2: ['10.122.49.1/24'], lo: ['203.0.113.117/32'] },
        sysctls: FORWARDS,
      },
      app: { addresses: { eth0: ['10.122.49.20/24'] }, routes: ['default via 10.122.49.1'] },
      proxy: {
        addresses: { eth0: ['10.122.48.23/24'], tailscale0: ['100.104.164.14/32'] },
        routes: ['default via 10.122.48.1', '100.88.67.112/32 dev tailscale0'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 41641 }],
        rules: {
          nft: `${TAILSCALE_FILTER}table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    iifname != "tailscale0*" counter dnat to 100.88.67.112
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter jump ts-postrouting
    oifname "tailscale0*" counter snat to 100.104.164.14
  }
  chain ts-postrouting {
    meta mark & 0x00ff0000 == 0x00040000 counter masquerade
  }
}
table ip mangle {
  chain FORWARD {
    type filter hook forward priority mangle; policy accept;
    oifname "tailscale0*" tcp flags syn tcp option maxseg size set rt mtu
  }
}
`,
        },
      },
      target: {
        addresses: { eth0: ['100.88.67.112/32'] },
        routes: ['100.104.164.14/32 dev eth0'],
        listeners: [{ protocol: 'tcp', port: 5432 }],
      },
    },
    links: [
      ['node:veth1', 'proxy:eth0'],
      ['node:veth2', 'app:eth0'],
      ['proxy:tailscale0', 'target:eth0'],
    ],
    traced: 'proxy',
    fails: { from: 'node', what: 'udp', to: '10.122.48.23', port: 41641 },
    seen: 'refused',
    others: [
      { sending: { from: 'app', what: 'tcp', to: '10.122.48.23', port: 5432 }, seen: 'answered' },
      { sending: { from: 'proxy', what: 'ping', to: '203.0.113.117' }, seen: 'answered' },
      { sending: { from: 'proxy', what: 'tcp', to: '100.88.67.112', port: 5432 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule translates whatever does not come from the tailnet, whatever its port: what peers send to the proxy’s own port goes to the target, too.',
      causes: [{ rule: 'dnat to 100.88.67.112', chain: 'ip nat PREROUTING' }],
      status: ['refused', 'unanswered'],
      alsoTrue: ['refused-there'],
    },
    mend: [['proxy', 'nft insert rule ip nat PREROUTING udp dport 41641 accept']],
  },
  {
    name: 'tailscale-ingress-translates-to-an-address-that-kube-proxy-should-translate',
    thread: {
      title: 'k8s-operator: ProxyGroup ingress DNAT rules conflict with kube-proxy nftables on k3s',
      address: 'https://github.com/tailscale/tailscale/issues/18338',
    },
    backend: 'mixed',
    hosts: {
      peer: {
        addresses: { tailscale0: ['100.101.1.2/32'] },
        routes: ['100.64.0.5/32 dev tailscale0', '100.125.134.8/32 via 100.64.0.5'],
      },
      router: { addresses: { eth0: ['192.168.1.1/24'] } },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['192.168.1.10/24'], tailscale0: ['100.64.0.5/32'], cni0: ['10.42.0.1/24'] },
        routes: ['100.101.1.2/32 dev tailscale0', 'default via 192.168.1.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ts-postrouting - [0:0]
-A PREROUTING -d 100.125.134.8/32 -j DNAT --to-destination 10.43.23.134
-A POSTROUTING -j ts-postrouting
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ts-forward - [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
-A ts-input -s 100.64.0.5/32 -i lo -j ACCEPT
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
COMMIT
`,
          nft: `table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    counter jump KUBE-SERVICES
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    counter jump KUBE-SERVICES
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter jump KUBE-POSTROUTING
    counter jump FLANNEL-POSTRTG
  }
  chain KUBE-SERVICES {
    ip daddr 10.43.0.10 udp dport 53 counter jump KUBE-SVC-TCOU7JCQXEZGVUNU
    ip daddr 10.43.23.134 tcp dport 80 counter jump KUBE-SVC-UQMCRMJZLI3FTLDP
    fib daddr type local counter jump KUBE-NODEPORTS
  }
  chain KUBE-NODEPORTS {
  }
  chain KUBE-SVC-TCOU7JCQXEZGVUNU {
    ip saddr != 10.42.0.0/16 ip daddr 10.43.0.10 udp dport 53 counter jump KUBE-MARK-MASQ
    counter meta l4proto udp dnat to 10.42.0.3:53
  }
  chain KUBE-SVC-UQMCRMJZLI3FTLDP {
    ip saddr != 10.42.0.0/16 ip daddr 10.43.23.134 tcp dport 80 counter jump KUBE-MARK-MASQ
    counter jump KUBE-SEP-TFTZVOJFQDTMM5AB
  }
  chain KUBE-SEP-TFTZVOJFQDTMM5AB {
    ip saddr 10.42.0.7 counter jump KUBE-MARK-MASQ
    meta l4proto tcp counter dnat to 10.42.0.7:8080
  }
  chain KUBE-MARK-MASQ {
    counter meta mark set meta mark | 0x00004000
  }
  chain KUBE-POSTROUTING {
    meta mark & 0x00004000 != 0x00004000 counter return
    counter meta mark set meta mark ^ 0x00004000
    counter masquerade fully-random
  }
  chain FLANNEL-POSTRTG {
    meta mark & 0x00004000 == 0x00004000 counter return
    ip saddr 10.42.0.0/16 ip daddr 10.42.0.0/16 counter return
    ip saddr 10.42.0.0/16 ip daddr != 224.0.0.0/4 counter masquerade fully-random
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.42.0.7/24'] },
        routes: ['default via 10.42.0.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['router:eth0', 'node:eth0'],
      ['peer:tailscale0', 'node:tailscale0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'tcp', to: '100.125.134.8', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.43.23.134', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '100.64.0.5', port: 22 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule of iptables-legacy translates to the address of a service. A flow is translated once: kube-proxy’s rule for that address, in nft, is not asked any more, and the packet leaves for an address that nobody has.',
      causes: [
        { rule: '--to-destination 10.43.23.134', chain: 'nat PREROUTING' },
        { rule: 'ip daddr 10.43.23.134', chain: 'ip nat KUBE-SERVICES' },
      ],
      status: ['unanswered', 'lost'],
      alsoTrue: ['mixed-backends', 'ambiguous-hook-order'],
    },
    mend: [
      [
        'node',
        'iptables-legacy -t nat -I PREROUTING 1 -d 100.125.134.8/32 -p tcp --dport 80 -j DNAT --to-destination 10.42.0.7:8080',
      ],
    ],
  },
  ...MESHES_OF_NODES,
  ...NODES_AND_THEIR_PODS,
]

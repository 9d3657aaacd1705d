/** Chains of programs that leave a case out, from threads: kube-proxy, NixOS, firewalld; and a source of another interface. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_T: Problem[] = [
  {
    name: 'kube-nft-drops-what-pods-send-to-a-local-balancer',
    thread: {
      title: 'kube-proxy: externalTrafficPolicy:Local and proxy-mode=nftables blackholes pods traffic to external IPs',
      address: 'https://github.com/kubernetes/kubernetes/issues/131765',
    },
    backend: 'nft',
    hosts: {
      pod: { addresses: { eth0: ['10.244.1.2/24'] }, routes: ['default via 10.244.1.1'] },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], cni0: ['10.244.1.1/24'] },
        routes: ['10.244.2.0/24 via 192.0.2.2', 'default via 192.0.2.2'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip kube-proxy {
  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to services with no endpoints"
    elements = { 10.88.1.2 . tcp . 80 comment "ingress/ingress:web" : drop }
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { 10.96.0.20 . tcp . 80 : goto service-3BXM2ZZ4-ingress }
  }
  chain filter-input {
    type filter hook input priority -110; policy accept;
    ct state new jump service-endpoints-check
  }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ct state new jump service-endpoints-check
  }
  chain filter-output {
    type filter hook output priority -110; policy accept;
    ct state new jump service-endpoints-check
  }
  chain service-endpoints-check {
    ip daddr . meta l4proto . th dport vmap @no-endpoint-services
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00004000 != 0 masquerade
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
  }
  chain service-3BXM2ZZ4-ingress {
    ip saddr != 10.244.0.0/16 meta mark set meta mark | 0x00004000
    meta l4proto tcp dnat to 10.244.2.2:80
  }
}
`,
        },
      },
      other: {
        addresses: { eth0: ['192.0.2.2/24'], lo: ['10.244.2.2/32'] },
        routes: ['10.244.1.0/24 via 192.0.2.1'],
        listeners: [HTTP],
      },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['node:eth0', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '10.88.1.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.96.0.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.244.2.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The service's external address is for endpoints of this node alone, which has none, so kube-proxy drops what is for it, even what its own pods send.",
      causes: [
        { rule: '@no-endpoint-services', chain: 'ip kube-proxy service-endpoints-check' },
        { rule: '@service-ips', chain: 'ip kube-proxy services' },
        { code: 'no-endpoints' },
      ],
      status: ['dropped'],
    },
    mend: [
      ['node', "nft add element ip kube-proxy service-ips '{ 10.88.1.2 . tcp . 80 : goto service-3BXM2ZZ4-ingress }'"],
    ],
  },
  {
    name: 'nixos-zone-has-no-rule-for-its-way-out',
    thread: {
      title: 'Ignores empty rules without warning',
      address: 'https://github.com/thelegy/nixos-nftables-firewall/issues/10',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.168.20.9/24'] }, routes: ['default via 192.168.20.1'] },
      router: {
        addresses: { clients: ['192.168.20.1/24'], toys: ['192.168.30.1/24'], enp0s20f0: ['203.0.113.1/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet firewall {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state { established, related } accept
    ct state invalid drop
    iifname { "clients" } jump traverse-from-egressable-subzones
    counter drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state { established, related } accept
    ct state invalid drop
    icmp type echo-request accept
    counter drop
  }
  chain rule-communication {
    accept
  }
  chain traverse-from-egressable-subzones {
    oifname { "toys" } jump rule-communication
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "enp0s20f0" masquerade
  }
}
`,
        },
      },
      toy: { addresses: { eth0: ['192.168.30.9/24'] }, routes: ['default via 192.168.30.1'], listeners: [HTTP] },
      isp: { addresses: { eth0: ['203.0.113.254/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['client:eth0', 'router:clients'],
      ['router:toys', 'toy:eth0'],
      ['router:enp0s20f0', 'isp:eth0'],
    ],
    traced: 'router',
    fails: { from: 'client', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.168.30.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.168.20.1' }, seen: 'answered' },
      { sending: { from: 'toy', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'A rule without a verdict makes no chain: from the clients there is a way to the toys and none to the world, and the last rule drops.',
      causes: [
        { rule: 'counter drop', chain: 'inet firewall forward' },
        { rule: 'counter packets', chain: 'inet firewall forward' },
        { chain: 'inet firewall traverse-from-egressable-subzones' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'nft add rule inet firewall traverse-from-egressable-subzones oifname enp0s20f0 accept']],
  },
  {
    name: 'firewalld-zone-of-the-start-lacks-its-icmp-rule',
    thread: {
      title: 'ICMP rules not set for some zones',
      address: 'https://github.com/firewalld/firewalld/issues/130',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.9/24'] }, routes: ['default via 192.168.1.1'] },
      box: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.1.1/24'] },
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:INPUT_ZONES - [0:0]
:IN_external - [0:0]
:IN_external_allow - [0:0]
:IN_external_deny - [0:0]
:IN_external_log - [0:0]
:IN_internal - [0:0]
:IN_internal_allow - [0:0]
:IN_internal_deny - [0:0]
:IN_internal_log - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -j INPUT_ZONES
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A INPUT_ZONES -i eth1 -g IN_internal
-A INPUT_ZONES -i eth0 -g IN_external
-A INPUT_ZONES -g IN_external
-A IN_external -j IN_external_log
-A IN_external -j IN_external_deny
-A IN_external -j IN_external_allow
-A IN_external -p icmp -j ACCEPT
-A IN_external_allow -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A IN_internal -j IN_internal_log
-A IN_internal -j IN_internal_deny
-A IN_internal -j IN_internal_allow
-A IN_internal_allow -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] } },
    },
    links: [
      ['pc:eth0', 'box:eth1'],
      ['box:eth0', 'remote:eth0'],
    ],
    traced: 'box',
    fails: { from: 'pc', what: 'ping', to: '192.168.1.1' },
    seen: 'unreachable',
    others: [
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Zones that have an interface when firewalld starts do not get their rule for ICMP, unless they are the default: ping meets the reject.',
      causes: [
        { rule: 'REJECT --reject-with icmp-host-prohibited', chain: 'filter INPUT' },
        { chain: 'filter IN_internal' },
      ],
      status: ['rejected'],
    },
    mend: [['box', 'iptables -A IN_internal -p icmp -j ACCEPT']],
  },
  {
    name: 'deprecated-address-gives-way-to-the-tunnels',
    thread: { title: 'Source address selection incorrect', address: 'https://github.com/ffulm/firmware/issues/5' },
    backend: 'iptables-nft',
    hosts: {
      laptop: {
        addresses: { wlan0: ['fdef:17a0:ffb1:300::88/64'], private: ['2a01:348:6:85c8::4/120'] },
        routes: ['default via fdef:17a0:ffb1:300::1'],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
COMMIT
`,
        },
      },
      node: {
        addresses: { eth0: ['fdef:17a0:ffb1:300::1/64'], lo: ['fdef:17a0:ffb2::9/128'] },
        listeners: [{ protocol: 'tcp', address: 'fdef:17a0:ffb2::9', port: 80 }],
        // the mesh has its own prefix alone
        rules: {
          nft: 'table ip6 mesh {\n  chain prerouting { type filter hook prerouting priority filter; policy accept; ip6 saddr != { fdef:17a0::/32, fe80::/10, :: } drop; }\n}\n',
        },
      },
      peer: { addresses: { eth0: ['2a01:348:6:85c8::1/120'] } },
    },
    links: [
      ['laptop:wlan0', 'node:eth0'],
      ['laptop:private', 'peer:eth0'],
    ],
    traced: 'laptop',
    setup: [['laptop', 'ip addr change fdef:17a0:ffb1:300::88/64 dev wlan0 preferred_lft 0']],
    fails: { from: 'laptop', what: 'tcp', to: 'fdef:17a0:ffb2::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'ping', to: '2a01:348:6:85c8::1' }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: 'fdef:17a0:ffb1:300::88' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The Wi-Fi's own address is deprecated, so the kernel takes the tunnel's for what leaves by the Wi-Fi, and the mesh drops that source.",
      causes: ['wrong-way-out', 'not-netfilter', 'reply-by-other-uplink', 'not-masqueraded'].map((code) => ({
        code,
        words: ['2a01:348:6:85c8::4', 'private'],
      })),
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['laptop', 'ip addr change fdef:17a0:ffb1:300::88/64 dev wlan0 valid_lft forever preferred_lft forever']],
  },
]

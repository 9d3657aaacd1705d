/** From threads of namespaces: a probe that a mesh no longer spares, a pod's second default route, a tunnel's own datagrams by a strict reverse path. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED } from './groups-asked.ts'
import { NAT, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const APP = { protocol: 'tcp', port: 8080 } as const
const APP6 = { ...APP, address: '::' } as const
const DNS = { protocol: 'udp', port: 53 } as const

const PROBES = 'fd16:9254:7127:1337:ffff:ffff:ffff:ffff'

/** The node after firewalld was reloaded: kube-proxy has put its jump back, istio-cni has not. */
const NODE_NAT = saved(
  'nat',
  NAT,
  'ISTIO_POSTRT KUBE-MARK-MASQ KUBE-POSTROUTING KUBE-SERVICES',
  `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A ISTIO_POSTRT -p tcp -m owner --socket-exists -m set --match-set istio-inpod-probes-v6 dst -j SNAT --to-source ${PROBES}
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
`,
)

/** As istio-cni writes into a pod of the ambient mesh; ztunnel refuses what is not mTLS. */
const POD_NAT = saved(
  'nat',
  NAT,
  'ISTIO_OUTPUT ISTIO_PRERT',
  `-A PREROUTING -j ISTIO_PRERT
-A OUTPUT -j ISTIO_OUTPUT
-A ISTIO_OUTPUT -d ${PROBES}/128 -p tcp -m tcp -j ACCEPT
-A ISTIO_OUTPUT -p tcp -m mark --mark 0x111/0xfff -j ACCEPT
-A ISTIO_OUTPUT ! -d ::1/128 -o lo -j ACCEPT
-A ISTIO_OUTPUT ! -d ::1/128 -p tcp -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15001
-A ISTIO_PRERT -s ${PROBES}/128 -p tcp -m tcp -j ACCEPT
-A ISTIO_PRERT ! -d ::1/128 -p tcp -m tcp ! --dport 15008 -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15006
`,
)

export const PROBES_SECOND_ROUTES_AND_REVERSE_PATHS: Problem[] = [
  {
    name: 'istio-probes-have-lost-the-jump-that-gave-them-their-source',
    thread: {
      title:
        'Ambient: host-level health-check SNAT rules (`ISTIO_POSTRT`) are installed once at startup and never reconciled at runtime — an external iptables flush causes permanent probe failures under STRICT mTLS',
      address: 'https://github.com/istio/istio/issues/60607',
    },
    backend: 'iptables-nft',
    hosts: {
      node: {
        addresses: { cali1: ['2001:db8:10::1/64'], cali2: ['2001:db8:20::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '::' }],
        rules: {
          ipset: 'create istio-inpod-probes-v6 hash:ip family inet6\nadd istio-inpod-probes-v6 2001:db8:10::70\n',
          v6: NODE_NAT,
        },
      },
      pod: {
        addresses: { eth0: ['2001:db8:10::70/64'] },
        routes: ['default via 2001:db8:10::1'],
        listeners: [APP6],
        rules: { v6: POD_NAT },
      },
      stranger: {
        addresses: { eth0: ['2001:db8:20::80/64'] },
        routes: ['default via 2001:db8:20::1'],
        listeners: [APP6],
      },
    },
    links: [
      ['node:cali1', 'pod:eth0'],
      ['node:cali2', 'stranger:eth0'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '2001:db8:10::70', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '2001:db8:20::80', port: 8080 }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: '2001:db8:10::70' }, seen: 'answered' },
      { sending: { from: 'stranger', what: 'tcp', to: '2001:db8:20::1', port: 22 }, seen: 'answered' },
      // strict: what is not mTLS is refused
      { sending: { from: 'stranger', what: 'tcp', to: '2001:db8:10::70', port: 8080 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The chain that gives the node's probes the source that the pod spares is still there, but POSTROUTING no longer jumps to it: the probe arrives with the node's address, and the mesh takes and refuses it.",
      causes: [{ rule: `--to-source ${PROBES}`, chain: 'nat ISTIO_POSTRT' }, { chain: 'nat ISTIO_POSTRT' }],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [['node', 'ip6tables -t nat -I POSTROUTING 1 -j ISTIO_POSTRT']],
  },
  {
    name: 'multus-second-default-route-takes-what-is-for-services',
    thread: {
      title: 'How to keep Pod network route when specifying a default route?',
      address: 'https://github.com/k8snetworkplumbingwg/multus-cni/issues/847',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: {
        addresses: { eth0: ['10.42.0.19/24'], net1: ['192.168.100.2/24'] },
        routes: ['default via 192.168.100.1', '10.42.0.0/16 via 10.42.0.1'],
        listeners: [HTTP],
      },
      node: {
        bridges: { cni0: ['veth1', 'veth2'] },
        addresses: { cni0: ['10.42.0.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        rules: {
          v4: saved(
            'nat',
            NAT,
            'KUBE-SEP-BTSQY5KCXT2IYUQB KUBE-SERVICES KUBE-SVC-TCOU7JCQXEZGVUNU',
            `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SEP-BTSQY5KCXT2IYUQB -p udp -m comment --comment "kube-system/kube-dns:dns" -m udp -j DNAT --to-destination 10.42.0.5:53
-A KUBE-SERVICES -d 10.43.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-TCOU7JCQXEZGVUNU
-A KUBE-SVC-TCOU7JCQXEZGVUNU -m comment --comment "kube-system/kube-dns:dns -> 10.42.0.5:53" -j KUBE-SEP-BTSQY5KCXT2IYUQB
`,
          ),
        },
      },
      coredns: { addresses: { eth0: ['10.42.0.5/24'] }, routes: ['default via 10.42.0.1'], listeners: [DNS] },
      // the gateway of the second network, which knows nothing of the cluster
      lan: { addresses: { eth0: ['192.168.100.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTP] },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['coredns:eth0', 'node:veth2'],
      ['pod:net1', 'lan:eth0'],
    ],
    traced: 'pod',
    fails: { from: 'pod', what: 'udp', to: '10.43.0.10', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '198.51.100.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'udp', to: '10.42.0.5', port: 53 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.168.100.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'coredns', what: 'tcp', to: '10.42.0.19', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The pod's default route is that of its second network, and only the network of the pods has a route of its own by eth0: what is for a service's address leaves by net1, where nobody knows it.",
      causes: [{ code: 'wrong-way-out' }, { code: 'unanswered' }, { code: 'no-reply' }],
      status: ['unanswered'],
    },
    mend: [['pod', 'ip route add 10.43.0.0/16 via 10.42.0.1 dev eth0']],
  },
  {
    name: 'vopono-datagrams-of-the-tunnel-come-back-by-a-strict-reverse-path',
    thread: {
      title: 'Fix VPN return traffic drops on strict rp_filter hosts',
      address: 'https://github.com/jamesmcm/vopono/pull/372',
    },
    backend: 'nft',
    hosts: {
      // the namespace of the application: its own end of the veth, and the tunnel
      client: {
        addresses: { veth0: ['10.200.1.2/24'], wg0: ['10.2.0.2/24'] },
        routes: ['default via 10.200.1.1', 'default via 10.2.0.1 table 51820'],
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1', 'net.ipv4.conf.all.src_valid_mark': '1' },
        listeners: [SSH],
        rules: {
          nft: `table ip vopono_killswitch {
  chain output {
    type filter hook output priority filter; policy drop;
    oifname { "lo", "wg0" } accept
    oifname "veth0" ip daddr 203.0.113.5 udp dport 51820 accept
    oifname "veth0" ip daddr 10.200.1.0/24 accept
  }
}
`,
        },
      },
      host: {
        addresses: { veth1: ['10.200.1.1/24'], eth0: ['192.0.2.2/24'] },
        routes: ['default via 192.0.2.1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.200.1.0/24 oifname "eth0" masquerade
  }
}
`,
        },
      },
      vpn: {
        addresses: { eth0: ['192.0.2.1/24'], tun0: ['10.2.0.1/24'], lo: ['203.0.113.5/32', '198.51.100.9/32'] },
        listeners: [{ protocol: 'udp', address: '203.0.113.5', port: 51820 }, HTTPS],
      },
    },
    links: [
      ['client:veth0', 'host:veth1'],
      ['host:eth0', 'vpn:eth0'],
      ['client:wg0', 'vpn:tun0'],
    ],
    traced: 'client',
    setup: [
      ['client', 'ip rule add not fwmark 0xca6c table 51820; ip rule add table main suppress_prefixlength 0'],
      // WireGuard's socket has the mark
      [
        'client',
        asks(
          'AF_INET',
          "o.setsockopt(1,36,0xca6c); o.sendto(b'hello',('203.0.113.5',51820)); s.sendto(o.recv(2000),who)",
        ),
      ],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '203.0.113.5', dport: 51820 },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.200.1.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'vpn', what: 'tcp', to: '10.2.0.2', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The datagram leaves with the mark of the tunnel by veth0; the reply has no mark, so the way back to its sender is looked up in the table of the tunnel, is wg0, and the strict reverse path filter drops what came by veth0.',
      causes: [{ code: 'vanished-rp-filter' }],
      status: ['reply-lost'],
    },
    mend: [
      [
        'client',
        `nft -f - <<X
table ip wg {
  chain premangle { type filter hook prerouting priority mangle; meta l4proto udp meta mark set ct mark; }
  chain postmangle { type filter hook postrouting priority mangle; meta l4proto udp meta mark 0xca6c ct mark set meta mark; }
}
X`,
      ],
    ],
  },
]

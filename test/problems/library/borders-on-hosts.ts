/** Borders between what runs on one host, from threads: a service for the own node alone; and, healthy, a published port before isolation. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, NAT, saved } from './services-astray.ts'

const HTTP = { protocol: 'tcp', port: 80 } as const

const pod6 = (last: string) => ({
  addresses: { eth0: [`fd00:10:244:1::${last}/128`] },
  routes: ['fd00:10:244:1::1/128 dev eth0', 'default via fd00:10:244:1::1'],
})

export const BORDERS_ON_HOSTS: Problem[] = [
  {
    name: 'kube-service-for-the-own-node-has-no-pod-on-it',
    thread: {
      title: 'Requests to a service with no local endpoints are dropped rather than ICMP rejected',
      address: 'https://github.com/kubernetes/kubernetes/issues/121371',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: pod6('5'),
      node: {
        addresses: { eth0: ['2001:db8:f::1/64'], veth1: ['fd00:10:244:1::1/128'], veth2: ['fd00:10:244:1::1/128'] },
        routes: [
          'fd00:10:244:1::5/128 dev veth1',
          'fd00:10:244:1::9/128 dev veth2',
          'fd00:10:244:2::/64 via 2001:db8:f::2',
          'default via 2001:db8:f::2',
        ],
        sysctls: FORWARDS,
        rules: {
          v6: `${saved(
            'nat',
            NAT,
            'KUBE-MARK-MASQ KUBE-NODEPORTS KUBE-POSTROUTING KUBE-SEP-5M7XKQ4WTDJZ2NAV KUBE-SERVICES KUBE-SVC-XUD4L6MAQZ3Y2HTF',
            `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SERVICES -d fd00:10:96::50/128 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-XUD4L6MAQZ3Y2HTF
-A KUBE-SERVICES ! -d ::1/128 -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-XUD4L6MAQZ3Y2HTF ! -s fd00:10:244::/56 -d fd00:10:96::50/128 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-XUD4L6MAQZ3Y2HTF -m comment --comment "default/web -> [fd00:10:244:1::9]:8080" -j KUBE-SEP-5M7XKQ4WTDJZ2NAV
-A KUBE-SEP-5M7XKQ4WTDJZ2NAV -s fd00:10:244:1::9/128 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-5M7XKQ4WTDJZ2NAV -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination [fd00:10:244:1::9]:8080
`,
          )}${saved(
            'filter',
            FILTER,
            'KUBE-EXTERNAL-SERVICES KUBE-FIREWALL KUBE-FORWARD KUBE-NODEPORTS KUBE-PROXY-FIREWALL KUBE-SERVICES',
            `-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-SERVICES -d fd00:10:96::aa/128 -p tcp -m comment --comment "default/old-api:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp6-port-unreachable
-A KUBE-SERVICES -d fd00:10:96::4317/128 -p tcp -m comment --comment "observability/otel-agent:grpc has no local endpoints" -m tcp --dport 4317 -j DROP
`,
          )}`,
        },
      },
      web: { ...pod6('9'), listeners: [{ protocol: 'tcp', port: 8080, address: '::' }] },
      node2: {
        addresses: { eth0: ['2001:db8:f::2/64'], lo: ['fd00:10:244:2::7/128'] },
        routes: ['fd00:10:244:1::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'tcp', port: 4317, address: '::' }],
      },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['node:veth2', 'web:eth0'],
      ['node:eth0', 'node2:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: 'fd00:10:96::4317', port: 4317 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:10:244:2::7', port: 4317 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:10:96::50', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:10:96::aa', port: 80 }, seen: 'refused' },
      { sending: { from: 'node', what: 'tcp', to: 'fd00:10:96::50', port: 80 }, seen: 'answered' },
      { sending: { from: 'node2', what: 'ping', to: 'fd00:10:244:1::5' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The service is for pods of the own node alone, and its one pod is on another: kube-proxy writes no translation for it, and drops what is for its address.',
      causes: [{ rule: 'has no local endpoints', chain: 'filter KUBE-SERVICES' }, { code: 'no-endpoints' }],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'ip6tables -D KUBE-SERVICES -d fd00:10:96::4317/128 -p tcp -m comment --comment "observability/otel-agent:grpc has no local endpoints" -m tcp --dport 4317 -j DROP; ip6tables -t nat -I KUBE-SERVICES -d fd00:10:96::4317/128 -p tcp -m tcp --dport 4317 -j DNAT --to-destination [fd00:10:244:2::7]:4317',
      ],
    ],
  },
  {
    name: 'near-netavark-accepts-a-published-port-before-isolation',
    thread: {
      title: 'allow published ports to be accessed by isolated networks',
      address: 'https://github.com/containers/netavark/pull/1483',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [HTTP] },
      host: {
        bridges: { podman1: ['veth0'], podman2: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], podman1: ['10.89.0.1/24'], podman2: ['10.89.1.1/24'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip saddr 10.89.0.0/24 meta l4proto { tcp, udp } th dport 53 accept
    ip saddr 10.89.1.0/24 meta l4proto { tcp, udp } th dport 53 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    ct mark & 0x00001000 == 0x00001000 accept
    jump NETAVARK-ISOLATION-1
    ip daddr 10.89.0.0/24 ct state established,related accept
    ip saddr 10.89.0.0/24 accept
    ip daddr 10.89.1.0/24 ct state established,related accept
    ip saddr 10.89.1.0/24 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00002000 == 0x00002000 masquerade
    ip saddr 10.89.0.0/24 jump nv_53ce4390_10_89_0_0_nm24
    ip saddr 10.89.1.0/24 jump nv_ab1c22d5_10_89_1_0_nm24
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain NETAVARK-HOSTPORT-DNAT {
    tcp dport 8080 jump nv_53ce4390_10_89_0_0_nm24_dnat
  }
  chain NETAVARK-HOSTPORT-SETMARK {
    meta mark set meta mark | 0x00002000
  }
  chain NETAVARK-ISOLATION-1 {
    iifname "podman1" oifname != "podman1" jump NETAVARK-ISOLATION-2
    iifname "podman2" oifname != "podman2" jump NETAVARK-ISOLATION-2
  }
  chain NETAVARK-ISOLATION-2 {
    oifname "podman1" drop
    oifname "podman2" drop
    jump NETAVARK-ISOLATION-3
  }
  chain NETAVARK-ISOLATION-3 {
    oifname { "podman1", "podman2" } drop
  }
  chain nv_53ce4390_10_89_0_0_nm24 {
    ip daddr 10.89.0.0/24 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
  chain nv_ab1c22d5_10_89_1_0_nm24 {
    ip daddr 10.89.1.0/24 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
  chain nv_53ce4390_10_89_0_0_nm24_dnat {
    ip saddr 10.89.0.0/24 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    ip saddr 127.0.0.1 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    tcp dport 8080 ct mark set ct mark | 0x00001000
    tcp dport 8080 dnat ip to 10.89.0.2:80
  }
}
`,
        },
      },
      c1: { addresses: { eth0: ['10.89.0.2/24'] }, routes: ['default via 10.89.0.1'], listeners: [HTTP] },
      c2: { addresses: { eth0: ['10.89.1.2/24'] }, routes: ['default via 10.89.1.1'] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth0', 'c1:eth0'],
      ['host:veth1', 'c2:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c2', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'answered',
    others: [
      { sending: { from: 'c2', what: 'tcp', to: '10.89.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: the two networks are isolated, and a published port marks its connection, which is accepted before the chain of isolation.',
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
]

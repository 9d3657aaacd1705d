/** Containers with rules of their own, from threads: a security group that is asked behind DNAT, and a sidecar's pod that may not ask itself. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, NAT, saved } from './services-astray.ts'

export const CELLS_AND_SIDECARS: Problem[] = [
  {
    name: 'garden-asks-its-security-group-behind-dnat',
    thread: {
      title: 'security-group for specific access',
      address: 'https://github.com/vmware-archive/pcfdev/issues/28',
    },
    backend: 'iptables-legacy',
    hosts: {
      desk: { addresses: { eth0: ['192.168.11.1/24'] }, listeners: [{ protocol: 'tcp', port: 3306 }] },
      micropcf: {
        addresses: { eth1: ['192.168.11.11/24'], eth2: ['192.168.67.1/24'], 'wfvm6b-0': ['10.254.0.5/30'] },
        sysctls: FORWARDS,
        rules: {
          v4: `${saved(
            'nat',
            NAT,
            'w--instance-fvm6b0l9 w--postrouting w--prerouting',
            `-A PREROUTING -j w--prerouting
-A PREROUTING -d 192.168.11.11/32 -p tcp -m tcp --dport 3306 -j DNAT --to-destination 192.168.67.2
-A POSTROUTING -j w--postrouting
-A POSTROUTING -j MASQUERADE
-A w--instance-fvm6b0l9 -d 192.168.11.11/32 -p tcp -m tcp --dport 61005 -m comment --comment fvm6b0l9 -j DNAT --to-destination 10.254.0.6:8080
-A w--instance-fvm6b0l9 -d 192.168.11.11/32 -p tcp -m tcp --dport 61006 -m comment --comment fvm6b0l9 -j DNAT --to-destination 10.254.0.6:2222
-A w--postrouting -s 10.254.0.4/30 ! -d 10.254.0.4/30 -m comment --comment fvm6b0l9 -j MASQUERADE
-A w--prerouting -m comment --comment fvm6b0l9 -j w--instance-fvm6b0l9
`,
          )}${saved(
            'filter',
            FILTER,
            'w--default w--forward w--input w--instance-fvm6b0l9 w--instance-fvm6b0l9-log',
            `-A INPUT -i w+ -j w--input
-A INPUT -p tcp -m tcp --dport 3306 -j ACCEPT
-A FORWARD -i w+ -j w--forward
-A w--default -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A w--default -j REJECT --reject-with icmp-port-unreachable
-A w--forward -i wfvm6b-0 -m comment --comment fvm6b0l9 -g w--instance-fvm6b0l9
-A w--forward -j DROP
-A w--input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A w--input -j REJECT --reject-with icmp-host-prohibited
-A w--instance-fvm6b0l9 -s 10.254.0.4/30 -d 10.254.0.4/30 -j ACCEPT
-A w--instance-fvm6b0l9 -p tcp -m iprange --dst-range 192.168.11.0-192.168.11.255 -m tcp --dport 3306 -j RETURN
-A w--instance-fvm6b0l9 -p udp -m udp --dport 53 -j RETURN
-A w--instance-fvm6b0l9 -p tcp -m tcp --dport 53 -j RETURN
-A w--instance-fvm6b0l9 -g w--default
-A w--instance-fvm6b0l9-log -j RETURN
`,
          )}`,
        },
      },
      app: {
        addresses: { eth0: ['10.254.0.6/30'] },
        routes: ['default via 10.254.0.5'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
      db: {
        addresses: { eth0: ['192.168.67.2/24'] },
        listeners: [
          { protocol: 'tcp', port: 3306 },
          { protocol: 'udp', port: 53 },
        ],
      },
    },
    links: [
      ['desk:eth0', 'micropcf:eth1'],
      ['micropcf:eth2', 'db:eth0'],
      ['micropcf:wfvm6b-0', 'app:eth0'],
    ],
    traced: 'micropcf',
    fails: { from: 'app', what: 'tcp', to: '192.168.11.11', port: 3306 },
    seen: 'refused',
    others: [
      { sending: { from: 'desk', what: 'tcp', to: '192.168.11.11', port: 3306 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '192.168.11.1', port: 3306 }, seen: 'answered' },
      { sending: { from: 'app', what: 'udp', to: '192.168.67.2', port: 53 }, seen: 'answered' },
      { sending: { from: 'desk', what: 'tcp', to: '192.168.11.11', port: 61005 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '192.168.11.11', port: 22 }, seen: 'unreachable' },
      { sending: { from: 'app', what: 'tcp', to: '192.168.67.2', port: 3306 }, seen: 'refused', either: true },
    ],
    truth: {
      words:
        "The security group allows the address that the application asks; the container's chain sees the packet behind DNAT, with the address of the database, which no group allows, and rejects it.",
      causes: [
        { rule: 'REJECT --reject-with icmp-port-unreachable', chain: 'filter w--default' },
        { rule: '--dst-range 192.168.11.0-192.168.11.255', chain: 'filter w--instance-fvm6b0l9' },
        { chain: 'filter w--instance-fvm6b0l9' },
      ],
      status: ['rejected'],
    },
    mend: [['micropcf', 'iptables -I w--instance-fvm6b0l9 -d 192.168.67.2/32 -p tcp -m tcp --dport 3306 -j RETURN']],
  },
  {
    name: 'istio-cni-rejects-what-a-pod-sends-to-its-own-address-of-ipv6',
    thread: {
      title: 'istio CNI is not working correctly with IPv6',
      address: 'https://github.com/istio/istio/issues/15381',
    },
    backend: 'iptables-legacy',
    hosts: {
      node: {
        addresses: { cali1: ['10.1.5.1/24', 'fd01:0:0:2::1/64'] },
        listeners: [{ protocol: 'tcp', port: 9411 }],
      },
      pod: {
        addresses: { eth0: ['10.1.5.14/24', 'fd01:0:0:2::514/64'] },
        routes: ['default via 10.1.5.1'],
        listeners: [15001, 15006, 15020, 9080].flatMap((port) => [
          { protocol: 'tcp', port } as const,
          { protocol: 'tcp', port, address: '::' } as const,
        ]),
        rules: {
          v4: saved(
            'nat',
            NAT,
            'ISTIO_INBOUND ISTIO_IN_REDIRECT ISTIO_OUTPUT ISTIO_REDIRECT',
            `-A PREROUTING -p tcp -j ISTIO_INBOUND
-A OUTPUT -p tcp -j ISTIO_OUTPUT
-A ISTIO_INBOUND -p tcp -m tcp --dport 22 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15020 -j RETURN
-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -j ISTIO_REDIRECT
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
`,
          ),
          v6: saved(
            'filter',
            FILTER,
            '',
            `-A INPUT -m state --state ESTABLISHED -j ACCEPT
-A INPUT -d ::1/128 -i lo -j ACCEPT
-A INPUT -j REJECT --reject-with icmp6-port-unreachable
`,
          ),
        },
      },
    },
    links: [['node:cali1', 'pod:eth0']],
    traced: 'pod',
    fails: { from: 'pod', what: 'tcp', to: 'fd01:0:0:2::514', port: 15020 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '::1', port: 15020 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.1.5.14', port: 15020 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.1.5.14', port: 15020 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.1.5.14', port: 9080 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.1.5.1', port: 9411 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fd01:0:0:2::514', port: 9080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "For IPv6 the plugin lets in replies and what comes by lo for ::1, and rejects the rest: the pod's own address is asked by lo, too, and is not ::1. The error that says so is no part of a connection either.",
      causes: [
        { rule: '-j REJECT --reject-with icmp6-port-unreachable', chain: 'filter INPUT' },
        { rule: '-d ::1', chain: 'filter INPUT' },
      ],
      status: ['rejected'],
      alsoTrue: ['icmp-error-dropped'],
    },
    mend: [['pod', 'ip6tables -I INPUT -p tcp -m tcp --dport 15020 -j ACCEPT']],
  },
]

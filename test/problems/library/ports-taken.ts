/** Ports that rules take to somewhere else, from threads: that of a program of the node; and, healthy, those of an address that no interface has. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { KUBE_FILTER, KUBE_FILTER_CHAINS, KUBE_NAT_CHAINS, kubeNat } from './kube-chains.ts'
import { FILTER, NAT, saved } from './services-astray.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const

export const PORTS_TAKEN: Problem[] = [
  {
    name: 'antrea-node-port-local-takes-the-port-of-containerd',
    thread: {
      title: 'Fix NodePortLocal port allocation: make sure port is available and bind to any allocated port',
      address: 'https://github.com/antrea-io/antrea/issues/2381',
    },
    backend: 'iptables-nft',
    hosts: {
      master: {
        addresses: { eth0: ['192.0.2.9/24'] },
        listeners: [
          { protocol: 'tcp', port: 6443 },
          { protocol: 'tcp', port: 40501 },
        ],
      },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], 'antrea-gw0': ['10.10.1.1/24'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        // containerd's streaming server, which takes a port of the kernel's own range
        listeners: [
          { protocol: 'tcp', port: 40501 },
          { protocol: 'tcp', port: 10250 },
        ],
        rules: {
          ipset: 'create ANTREA-POD-IP hash:net family inet\nadd ANTREA-POD-IP 10.10.1.0/24\n',
          v4: `${saved(
            'raw',
            'PREROUTING OUTPUT',
            'ANTREA-OUTPUT ANTREA-PREROUTING',
            `-A PREROUTING -m comment --comment "Antrea: jump to Antrea prerouting rules" -j ANTREA-PREROUTING
-A OUTPUT -m comment --comment "Antrea: jump to Antrea output rules" -j ANTREA-OUTPUT
-A ANTREA-OUTPUT -p udp -m comment --comment "Antrea: do not track outgoing encapsulation packets" -m udp --dport 6081 -m addrtype --src-type LOCAL -j NOTRACK
-A ANTREA-PREROUTING -p udp -m comment --comment "Antrea: do not track incoming encapsulation packets" -m udp --dport 6081 -m addrtype --dst-type LOCAL -j NOTRACK
`,
          )}${saved(
            'nat',
            NAT,
            `${KUBE_NAT_CHAINS} ANTREA-NODE-PORT-LOCAL ANTREA-POSTROUTING`,
            `${kubeNat('10.10.0.0/16', '10.96.0.40', '10.10.1.7:8080')}-A PREROUTING -j ANTREA-NODE-PORT-LOCAL
-A POSTROUTING -m comment --comment "Antrea: jump to Antrea postrouting rules" -j ANTREA-POSTROUTING
-A ANTREA-NODE-PORT-LOCAL -p tcp -m tcp --dport 40500 -j DNAT --to-destination 10.10.1.7:8080
-A ANTREA-NODE-PORT-LOCAL -p tcp -m tcp --dport 40501 -j DNAT --to-destination 10.10.1.7:9113
-A ANTREA-POSTROUTING -s 10.10.1.0/24 -m comment --comment "Antrea: masquerade Pod to external packets" -m set ! --match-set ANTREA-POD-IP dst -j MASQUERADE
`,
          )}${saved(
            'filter',
            FILTER,
            `${KUBE_FILTER_CHAINS} ANTREA-FORWARD`,
            `${KUBE_FILTER}-A FORWARD -m comment --comment "Antrea: jump to Antrea forwarding rules" -j ANTREA-FORWARD
-A ANTREA-FORWARD -i antrea-gw0 -m comment --comment "Antrea: accept packets from local Pods" -j ACCEPT
-A ANTREA-FORWARD -o antrea-gw0 -m comment --comment "Antrea: accept packets to local Pods" -j ACCEPT
`,
          )}`,
        },
      },
      pod: {
        addresses: { eth0: ['10.10.1.7/24'] },
        routes: ['default via 10.10.1.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['master:eth0', 'node:eth0'],
      ['node:antrea-gw0', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'master', what: 'tcp', to: '192.0.2.1', port: 40501 },
    seen: 'refused',
    others: [
      { sending: { from: 'master', what: 'tcp', to: '192.0.2.1', port: 40500 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '192.0.2.1', port: 40501 }, seen: 'answered' },
      // its rule asks for no destination
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 40501 }, seen: 'nothing', either: true },
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 6443 }, seen: 'answered' },
      { sending: { from: 'master', what: 'tcp', to: '192.0.2.1', port: 10250 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Antrea gave the pod the first port that it had not given yet and did not ask whether a program of the node has it: what is for containerd's port goes to the pod, where nobody listens on that one.",
      causes: [{ rule: '--dport 40501', chain: 'nat ANTREA-NODE-PORT-LOCAL' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'dnat-mismatch', 'refused-there'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -D ANTREA-NODE-PORT-LOCAL -p tcp -m tcp --dport 40501 -j DNAT --to-destination 10.10.1.7:9113',
      ],
    ],
  },
  {
    name: 'near-harbor-redirects-a-virtual-address-that-no-interface-has',
    thread: {
      title: 'harbor HA: why need to change iptables?',
      address: 'https://github.com/goharbor/harbor/issues/5169',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['192.168.1.0/24 via 192.0.2.1'] },
      // sends on what is for the virtual address as LVS does, with the server's link address
      director: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['192.168.1.1/24'] },
        routes: ['192.168.1.220/32 via 192.168.1.11'],
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['192.168.1.11/24'], 'br-8f1d': ['172.18.0.1/16'] },
        routes: ['default via 192.168.1.1'],
        sysctls: FORWARDS,
        // docker-proxy
        listeners: [HTTP, HTTPS, { protocol: 'tcp', port: 22 }],
        rules: {
          v4: `${saved(
            'nat',
            NAT,
            'DOCKER',
            `-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A PREROUTING -d 192.168.1.220/32 -p tcp -m tcp --dport 80 -j REDIRECT
-A PREROUTING -d 192.168.1.220/32 -p tcp -m tcp --dport 443 -j REDIRECT
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o br-8f1d -j MASQUERADE
-A POSTROUTING -s 172.18.0.10/32 -d 172.18.0.10/32 -p tcp -m tcp --dport 8443 -j MASQUERADE
-A POSTROUTING -s 172.18.0.10/32 -d 172.18.0.10/32 -p tcp -m tcp --dport 8080 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER -i br-8f1d -j RETURN
-A DOCKER ! -i br-8f1d -p tcp -m tcp --dport 443 -j DNAT --to-destination 172.18.0.10:8443
-A DOCKER ! -i br-8f1d -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.10:8080
`,
          )}${saved(
            'filter',
            'INPUT=DROP FORWARD=DROP OUTPUT',
            'DOCKER DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER-USER',
            `-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p vrrp -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m multiport --dports 80,443,4443 -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o br-8f1d -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-8f1d -j DOCKER
-A FORWARD -i br-8f1d ! -o br-8f1d -j ACCEPT
-A FORWARD -i br-8f1d -o br-8f1d -j ACCEPT
-A DOCKER -d 172.18.0.10/32 ! -i br-8f1d -o br-8f1d -p tcp -m tcp --dport 8443 -j ACCEPT
-A DOCKER -d 172.18.0.10/32 ! -i br-8f1d -o br-8f1d -p tcp -m tcp --dport 8080 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i br-8f1d ! -o br-8f1d -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o br-8f1d -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
`,
          )}`,
        },
      },
      nginx: {
        addresses: { eth0: ['172.18.0.10/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [
          { protocol: 'tcp', port: 8443 },
          { protocol: 'tcp', port: 8080 },
        ],
      },
    },
    links: [
      ['client:eth0', 'director:eth0'],
      ['director:eth1', 'server:eth0'],
      ['server:br-8f1d', 'nginx:eth0'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.168.1.220', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.168.1.220', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.168.1.11', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.168.1.11', port: 4443 }, seen: 'refused' },
      { sending: { from: 'nginx', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nothing is wrong: no interface has the virtual address, and the rule gives what is for it this server's own, where Docker's proxy answers; the reply has the virtual address again.",
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]

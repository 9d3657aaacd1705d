/** Addresses that a node has for its cluster, from threads: a cache's that is still here without it, and, healthy, a node port at the loopback address. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { KUBE_FILTER, KUBE_FILTER_CHAINS, KUBE_NAT_CHAINS, kubeNat } from './kube-chains.ts'
import { FILTER, NAT, RAW, saved } from './services-astray.ts'

/** What node-cache writes for one of its addresses. */
const cacheRaw = (address: string) =>
  ['udp', 'tcp']
    .map(
      (protocol) => `-A PREROUTING -d ${address}/32 -p ${protocol} -m ${protocol} --dport 53 -j NOTRACK
-A OUTPUT -s ${address}/32 -p ${protocol} -m ${protocol} --sport 53 -j NOTRACK
-A OUTPUT -d ${address}/32 -p ${protocol} -m ${protocol} --dport 53 -j NOTRACK
`,
    )
    .join('')
const cacheFilter = (address: string) =>
  ['udp', 'tcp']
    .map(
      (protocol) => `-A INPUT -d ${address}/32 -p ${protocol} -m ${protocol} --dport 53 -j ACCEPT
-A OUTPUT -s ${address}/32 -p ${protocol} -m ${protocol} --sport 53 -j ACCEPT
`,
    )
    .join('')

/** A service of DNS, with the chains' names ending so. */
const dnsService = (address: string, name: string, [udp, tcp]: [string, string]) =>
  [['udp', udp, 'dns'] as const, ['tcp', tcp, 'dns-tcp'] as const]
    .map(
      ([
        protocol,
        id,
        port,
      ]) => `-A KUBE-SERVICES -d ${address}/32 -p ${protocol} -m comment --comment "kube-system/${name}:${port} cluster IP" -m ${protocol} --dport 53 -j KUBE-SVC-${id}
-A KUBE-SVC-${id} ! -s 10.244.0.0/16 -d ${address}/32 -p ${protocol} -m comment --comment "kube-system/${name}:${port} cluster IP" -m ${protocol} --dport 53 -j KUBE-MARK-MASQ
-A KUBE-SVC-${id} -m comment --comment "kube-system/${name}:${port} -> 10.244.1.53:53" -j KUBE-SEP-${id}
-A KUBE-SEP-${id} -s 10.244.1.53/32 -m comment --comment "kube-system/${name}:${port}" -j KUBE-MARK-MASQ
-A KUBE-SEP-${id} -p ${protocol} -m comment --comment "kube-system/${name}:${port}" -m ${protocol} -j DNAT --to-destination 10.244.1.53:53
`,
    )
    .join('')

const pod = (address: string) => ({
  addresses: { eth0: [`${address}/32`] },
  routes: ['10.244.1.1/32 dev eth0', 'default via 10.244.1.1'],
})

export const ADDRESSES_OF_NODES: Problem[] = [
  {
    name: 'node-local-dns-is-gone-and-its-rules-are-not',
    thread: {
      title: 'NodeLocal DNS container hung on SIGTERM',
      address: 'https://github.com/kubernetes/dns/issues/394',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: pod('10.244.1.5'),
      node: {
        addresses: {
          eth0: ['192.0.2.1/24'],
          veth1: ['10.244.1.1/32'],
          veth2: ['10.244.1.1/32'],
          lo: ['169.254.20.10/32', '10.96.0.10/32'],
        },
        routes: ['10.244.1.5/32 dev veth1', '10.244.1.53/32 dev veth2', 'default via 192.0.2.9'],
        sysctls: FORWARDS,
        rules: {
          v4: `${saved('raw', RAW, '', `${cacheRaw('169.254.20.10')}${cacheRaw('10.96.0.10')}`)}${saved(
            'nat',
            NAT,
            `${KUBE_NAT_CHAINS} KUBE-SVC-TCOU7JCQXEZGVUNU KUBE-SVC-ERIFXISQEP7F7OF4 KUBE-SEP-TCOU7JCQXEZGVUNU KUBE-SEP-ERIFXISQEP7F7OF4
KUBE-SVC-H2JPZ4MOMDYPUIRC KUBE-SVC-7PAOXCZ3DGA6DIA5 KUBE-SEP-H2JPZ4MOMDYPUIRC KUBE-SEP-7PAOXCZ3DGA6DIA5`,
            `${dnsService('10.96.0.10', 'kube-dns', ['TCOU7JCQXEZGVUNU', 'ERIFXISQEP7F7OF4'])}${dnsService('10.96.44.7', 'kube-dns-upstream', ['H2JPZ4MOMDYPUIRC', '7PAOXCZ3DGA6DIA5'])}${kubeNat('10.244.0.0/16', '10.96.0.1', '192.0.2.1:6443')}`,
          )}${saved('filter', FILTER, KUBE_FILTER_CHAINS, `${cacheFilter('169.254.20.10')}${cacheFilter('10.96.0.10')}${KUBE_FILTER}`)}`,
        },
      },
      coredns: {
        ...pod('10.244.1.53'),
        listeners: [
          { protocol: 'udp', port: 53 },
          { protocol: 'tcp', port: 53 },
        ],
      },
      far: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['10.244.0.0/16 via 192.0.2.1'] },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['node:veth2', 'coredns:eth0'],
      ['node:eth0', 'far:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'udp', to: '10.96.0.10', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'pod', what: 'udp', to: '10.96.44.7', port: 53 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.244.1.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'udp', to: '169.254.20.10', port: 53 }, seen: 'refused' },
      { sending: { from: 'node', what: 'udp', to: '10.96.44.7', port: 53 }, seen: 'answered' },
      { sending: { from: 'far', what: 'ping', to: '10.244.1.5' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The cache on the node has ended and left its address and its rules: queries to the service's address are not tracked, so nothing sends them on to CoreDNS, and on the node nobody listens any more.",
      causes: [
        { rule: '-d 10.96.0.10/32 -p udp', chain: 'raw PREROUTING' },
        { code: 'untracked', words: ['10.96.0.10'] },
        { code: 'closed-port', words: ['10.96.0.10'] },
        { code: 'refused-here', words: ['10.96.0.10'] },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here', 'untracked'],
    },
    mend: [['node', 'iptables -t raw -D PREROUTING -d 10.96.0.10/32 -p udp -m udp --dport 53 -j NOTRACK']],
  },
  {
    name: 'near-kube-node-port-at-loopback-with-route-localnet',
    thread: {
      title: 'CVE-2020-8558: Node setting allows for neighboring hosts to bypass localhost boundary',
      address: 'https://github.com/kubernetes/kubernetes/issues/92315',
    },
    backend: 'iptables-nft',
    ...bridged('cni0', '10.244.1.1/24', {
      rules: {
        v4: `${saved(
          'nat',
          NAT,
          `${KUBE_NAT_CHAINS} FLANNEL-POSTRTG`,
          `-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
${kubeNat('10.244.0.0/16', '10.96.0.40', '10.244.1.2:80')}-A KUBE-NODEPORTS -p tcp -m comment --comment "default/shop:https" -m tcp --dport 30443 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/shop:https" -m tcp --dport 30443 -j KUBE-SVC-4SW47YFZTEDKD3PK
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.1.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
`,
        )}${saved(
          'filter',
          'INPUT FORWARD=DROP OUTPUT',
          `${KUBE_FILTER_CHAINS} FLANNEL-FWD`,
          `${KUBE_FILTER}-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
`,
        )}`,
      },
    }),
    setup: [['host', 'sysctl -qw net.ipv4.conf.all.route_localnet=1']],
    fails: { from: 'host', what: 'tcp', to: '127.0.0.1', port: 30443 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30443 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.96.0.40', port: 443 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '127.0.0.1', port: 30444 }, seen: 'refused' },
    ],
    truth: {
      words:
        'Nothing is wrong: the kernel may route loopback addresses here, the request is masqueraded by its mark, and the rule that drops what is for loopback spares what nat has translated and replies.',
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
]

/** Policies of pods and a gateway of theirs, from threads: a resolver on the node that a policy leaves out, policies that return, a gateway with two networks; and a probe that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, MANGLE, NAT, RAW, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const DNS = { protocol: 'udp', port: 53 } as const

const WITHOUT_ROUTER = 'ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1'

/** What a node has for one pod with one policy of ingress, as kube-router writes it; `marks`: the rules of that policy. */
const kubeRouter = (pod: string, name: string, forward: string, policy: string, marks: string) =>
  saved(
    'filter',
    forward,
    'KUBE-NWPLCY-4MQ4M3AKA7J5UWC3 KUBE-POD-FW-TT2IUJ4CPAVNDDSJ KUBE-ROUTER-FORWARD KUBE-ROUTER-INPUT KUBE-ROUTER-OUTPUT',
    `-A INPUT -m comment --comment "kube-router netpol" -j KUBE-ROUTER-INPUT
-A FORWARD -m comment --comment "kube-router netpol" -j KUBE-ROUTER-FORWARD
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m comment --comment "kube-router netpol" -j KUBE-ROUTER-OUTPUT
${marks}-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -d ${pod}/32 -m comment --comment "rule to permit the traffic traffic to pods when source is the pod\\'s local node" -m addrtype --src-type LOCAL -j ACCEPT
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -m comment --comment "run through nw policy ${policy}" -j KUBE-NWPLCY-4MQ4M3AKA7J5UWC3
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -m comment --comment "rule to log dropped traffic POD name:${name} namespace: default" -m mark ! --mark 0x10000/0x10000 -m limit --limit 10/min --limit-burst 10 -j NFLOG --nflog-group 100
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -m comment --comment "rule to REJECT traffic destined for POD name:${name} namespace: default" -m mark ! --mark 0x10000/0x10000 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -j MARK --set-xmark 0x0/0x10000
-A KUBE-ROUTER-FORWARD -d ${pod}/32 -m comment --comment "rule to jump traffic destined to POD name:${name} namespace: default to chain KUBE-POD-FW-TT2IUJ4CPAVNDDSJ" -j KUBE-POD-FW-TT2IUJ4CPAVNDDSJ
-A KUBE-ROUTER-FORWARD -d ${pod}/32 -m physdev --physdev-is-bridged -m comment --comment "rule to jump traffic destined to POD name:${name} namespace: default to chain KUBE-POD-FW-TT2IUJ4CPAVNDDSJ" -j KUBE-POD-FW-TT2IUJ4CPAVNDDSJ
-A KUBE-ROUTER-OUTPUT -d ${pod}/32 -m comment --comment "rule to jump traffic destined to POD name:${name} namespace: default to chain KUBE-POD-FW-TT2IUJ4CPAVNDDSJ" -j KUBE-POD-FW-TT2IUJ4CPAVNDDSJ
`,
  )

/** `client`, a node with the bridge of kube-router, and one pod there. */
const withPod = (filter: string, ipset: string, listeners: readonly number[]): Pick<Problem, 'hosts' | 'links'> => ({
  hosts: {
    client: {
      addresses: { eth0: ['192.0.2.9/24'] },
      routes: ['172.30.1.0/24 via 192.0.2.1', '10.99.0.0/24 via 192.0.2.1'],
    },
    node: {
      bridges: { 'kube-bridge': ['veth1'] },
      addresses: { eth0: ['192.0.2.1/24'], 'kube-bridge': ['172.30.1.1/24'], eth1: ['10.99.0.1/24'] },
      sysctls: FORWARDS,
      listeners: [SSH],
      rules: { ipset, v4: filter },
    },
    pod: {
      addresses: { eth0: ['172.30.1.5/24'] },
      routes: ['default via 172.30.1.1'],
      listeners: listeners.map((port) => ({ protocol: 'tcp', port })),
    },
    storage: { addresses: { eth0: ['10.99.0.2/24'] }, routes: ['default via 10.99.0.1'], listeners: [HTTP] },
  },
  links: [
    ['client:eth0', 'node:eth0'],
    ['node:veth1', 'pod:eth0'],
    ['node:eth1', 'storage:eth0'],
  ],
})

/** Calico's chains for two workloads: `app` with a policy for what it sends, `dns` without one. */
const [APP, DNSPOD] = ['cali3f1d0a5b7c2', 'cali9b7e6d5c4a3']
const POLICY = 'cali-po-_kT9ZxWb1mJf4qLd2sVe'
const workload = (
  name: string,
  policy: string,
) => `-A cali-fw-${name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-${name} -m conntrack --ctstate INVALID -j DROP
-A cali-fw-${name} -j MARK --set-xmark 0x0/0x10000
-A cali-fw-${name} -p udp -m comment --comment "Drop VXLAN encapped packets originating in workloads" -m multiport --dports 4789 -j DROP
-A cali-fw-${name} -p ipencap -m comment --comment "Drop IPinIP encapped packets originating in workloads" -j DROP
${policy}-A cali-fw-${name} -j cali-pro-kns.tenant
-A cali-fw-${name} -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-${name} -m comment --comment "Drop if no profiles matched" -j DROP
-A cali-tw-${name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-${name} -m conntrack --ctstate INVALID -j DROP
-A cali-tw-${name} -j MARK --set-xmark 0x0/0x10000
-A cali-tw-${name} -j cali-pri-kns.tenant
-A cali-tw-${name} -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-tw-${name} -m comment --comment "Drop if no profiles matched" -j DROP
`
const CALICO = `${saved(
  'raw',
  RAW,
  '',
  `-A PREROUTING -d 169.254.25.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j CT --notrack
-A PREROUTING -d 169.254.25.10/32 -p tcp -m tcp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j CT --notrack
-A OUTPUT -s 169.254.25.10/32 -p udp -m udp --sport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j CT --notrack
-A OUTPUT -s 169.254.25.10/32 -p tcp -m tcp --sport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j CT --notrack
`,
)}${saved(
  'filter',
  FILTER,
  `cali-FORWARD cali-INPUT cali-from-wl-dispatch cali-to-wl-dispatch cali-wl-to-host ${POLICY} cali-pri-kns.tenant cali-pro-kns.tenant cali-fw-${APP} cali-tw-${APP} cali-fw-${DNSPOD} cali-tw-${DNSPOD}`,
  `-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A INPUT -d 169.254.25.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT
-A INPUT -d 169.254.25.10/32 -p tcp -m tcp --dport 53 -m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-FORWARD -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -j cali-to-wl-dispatch
-A cali-INPUT -i cali+ -g cali-wl-to-host
-A cali-INPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-wl-to-host -j cali-from-wl-dispatch
-A cali-wl-to-host -m comment --comment "Configured DefaultEndpointToHostAction" -j ACCEPT
-A cali-from-wl-dispatch -i ${APP} -g cali-fw-${APP}
-A cali-from-wl-dispatch -i ${DNSPOD} -g cali-fw-${DNSPOD}
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-to-wl-dispatch -o ${APP} -g cali-tw-${APP}
-A cali-to-wl-dispatch -o ${DNSPOD} -g cali-tw-${DNSPOD}
-A cali-to-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-pri-kns.tenant -j MARK --set-xmark 0x10000/0x10000
-A cali-pri-kns.tenant -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-pro-kns.tenant -j MARK --set-xmark 0x10000/0x10000
-A cali-pro-kns.tenant -m mark --mark 0x10000/0x10000 -j RETURN
-A ${POLICY} -p udp -m comment --comment "Policy tenant/knp.default.default-deny egress" -m set --match-set cali40s:3oUkCD3kTqxDVeSQEwa1BCR dst -m multiport --dports 53 -j MARK --set-xmark 0x10000/0x10000
-A ${POLICY} -m mark --mark 0x10000/0x10000 -j RETURN
-A ${POLICY} -p tcp -m comment --comment "Policy tenant/knp.default.default-deny egress" -m set --match-set cali40s:3oUkCD3kTqxDVeSQEwa1BCR dst -m multiport --dports 53 -j MARK --set-xmark 0x10000/0x10000
-A ${POLICY} -m mark --mark 0x10000/0x10000 -j RETURN
${workload(
  APP,
  `-A cali-fw-${APP} -m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x20000
-A cali-fw-${APP} -m mark --mark 0x0/0x20000 -j ${POLICY}
-A cali-fw-${APP} -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-${APP} -m comment --comment "Drop if no policies passed packet" -m mark --mark 0x0/0x20000 -j DROP
`,
)}${workload(DNSPOD, '')}`,
)}`

export const POLICIES_AND_STATIC_EGRESS: Problem[] = [
  {
    name: 'calico-policy-leaves-out-the-resolver-on-the-node',
    thread: {
      title: 'Add 169.254.25.10 to default-deny networkpolicy',
      address: 'https://github.com/XenitAB/terraform-modules/pull/608',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['10.233.0.0/16 via 192.0.2.1'], listeners: [HTTP] },
      node: {
        bridges: { nodelocaldns: [] },
        addresses: {
          eth0: ['192.0.2.1/24'],
          nodelocaldns: ['169.254.25.10/32'],
          [APP]: ['169.254.1.1/32'],
          [DNSPOD]: ['169.254.1.1/32'],
        },
        routes: [`10.233.90.2/32 dev ${APP}`, `10.233.90.3/32 dev ${DNSPOD}`],
        sysctls: FORWARDS,
        listeners: [SSH, { ...DNS, address: '169.254.25.10' }, { protocol: 'tcp', port: 53, address: '169.254.25.10' }],
        rules: {
          ipset: 'create cali40s:3oUkCD3kTqxDVeSQEwa1BCR hash:net\nadd cali40s:3oUkCD3kTqxDVeSQEwa1BCR 10.233.90.3\n',
          v4: CALICO,
        },
      },
      app: { addresses: { eth0: ['10.233.90.2/32'] } },
      dns: { addresses: { eth0: ['10.233.90.3/32'] }, listeners: [DNS] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      [`node:${APP}`, 'app:eth0'],
      [`node:${DNSPOD}`, 'dns:eth0'],
    ],
    setup: [
      ['app', WITHOUT_ROUTER],
      ['dns', WITHOUT_ROUTER],
    ],
    traced: 'node',
    fails: { from: 'app', what: 'udp', to: '169.254.25.10', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'app', what: 'udp', to: '10.233.90.3', port: 53 }, seen: 'answered' },
      { sending: { from: 'dns', what: 'udp', to: '169.254.25.10', port: 53 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'nothing' },
      { sending: { from: 'app', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The policy that denies the rest accepts DNS to the pods of the cluster's DNS alone. The pods ask the cache on their node, whose address is no pod's, so no policy accepts that.",
      causes: [
        { rule: 'Drop if no policies passed packet', chain: `filter cali-fw-${APP}` },
        { rule: '--match-set cali40s:3oUkCD3kTqxDVeSQEwa1BCR dst', chain: `filter ${POLICY}` },
        { code: 'not-in-set' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        `iptables -I ${POLICY} 1 -d 169.254.25.10/32 -p udp -m multiport --dports 53 -j MARK --set-xmark 0x10000/0x10000`,
      ],
    ],
  },
  {
    name: 'kube-router-policy-returns-to-a-forward-that-drops',
    thread: {
      title: 'Unable to detect if pod passed network policies',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/984',
    },
    backend: 'iptables-nft',
    ...withPod(
      kubeRouter(
        '172.30.1.5',
        'web',
        'INPUT FORWARD=DROP OUTPUT',
        'web-ingress',
        `-A KUBE-NWPLCY-4MQ4M3AKA7J5UWC3 -p tcp -m comment --comment "rule to mark traffic matching a network policy" -m set --match-set KUBE-DST-RUGZW4YH3ZIVRMTF dst -m tcp --dport 8080 -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-4MQ4M3AKA7J5UWC3 -p tcp -m comment --comment "rule to RETURN traffic matching a network policy" -m set --match-set KUBE-DST-RUGZW4YH3ZIVRMTF dst -m tcp --dport 8080 -m mark --mark 0x10000/0x10000 -j RETURN
`,
      ),
      'create KUBE-DST-RUGZW4YH3ZIVRMTF hash:ip timeout 0\nadd KUBE-DST-RUGZW4YH3ZIVRMTF 172.30.1.5\n',
      [8080, 9090],
    ),
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '172.30.1.5', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '172.30.1.5', port: 9090 }, seen: 'refused' },
      { sending: { from: 'client', what: 'tcp', to: '10.99.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'node', what: 'tcp', to: '172.30.1.5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The network policy matches and only returns. Behind it no rule of FORWARD accepts the packet, and FORWARD's policy drops it.",
      causes: [
        { policy: 'filter FORWARD' },
        { rule: '-j RETURN', chain: 'filter KUBE-NWPLCY-4MQ4M3AKA7J5UWC3' },
        { chain: 'filter KUBE-ROUTER-FORWARD' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'iptables -A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -m comment --comment "set mark to ACCEPT traffic that comply to network policies" -j MARK --set-xmark 0x20000/0x20000; iptables -A KUBE-ROUTER-FORWARD -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'static-egress-gateway-gets-the-pods-by-its-other-network',
    thread: {
      title: '`kube-static-egress-ip` results in rp_filter issues in case of multiple physical networks',
      address: 'https://github.com/nirmata/kube-static-egress-ip/issues/14',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'] },
      director: {
        addresses: { cni0: ['10.244.1.1/24'], eth0: ['192.0.2.11/24'], eth1: ['198.18.0.11/24'] },
        routes: ['default via 192.0.2.12', '198.51.100.2/32 via 198.18.0.12 table 99'],
        sysctls: FORWARDS,
        rules: {
          ipset: 'create EGRESS-IP-2H4K hash:ip\nadd EGRESS-IP-2H4K 10.244.1.5\n',
          v4: `${saved(
            'mangle',
            MANGLE,
            '',
            '-A PREROUTING -d 198.51.100.2/32 -m set --match-set EGRESS-IP-2H4K src -j MARK --set-xmark 0x3e8/0xffffffff\n',
          )}${saved(
            'nat',
            NAT,
            'BYPASS_CNI_MASQURADE',
            `-A POSTROUTING -m mark --mark 0x3e8 -j BYPASS_CNI_MASQURADE
-A POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -o eth1 -j MASQUERADE
-A BYPASS_CNI_MASQURADE -j ACCEPT
`,
          )}`,
        },
      },
      gateway: {
        addresses: {
          eth0: ['192.0.2.12/24'],
          eth1: ['198.18.0.12/24'],
          wan: ['203.0.113.12/24', '203.0.113.100/24'],
        },
        routes: ['default via 203.0.113.9', '10.244.1.0/24 via 192.0.2.11'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [SSH],
        rules: {
          ipset: 'create EGRESS-IP-2H4K hash:ip\nadd EGRESS-IP-2H4K 10.244.1.5\n',
          v4: `${saved(
            'nat',
            NAT,
            'STATIC-EGRESS-NAT-CHAIN',
            `-A POSTROUTING -j STATIC-EGRESS-NAT-CHAIN
-A POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -o wan -j MASQUERADE
-A STATIC-EGRESS-NAT-CHAIN -d 198.51.100.2/32 -m set --match-set EGRESS-IP-2H4K src -j SNAT --to-source 203.0.113.100
`,
          )}${saved(
            'filter',
            'INPUT FORWARD=DROP OUTPUT',
            'KUBE-FORWARD STATIC-EGRESS-FORWARD-CHAIN',
            `-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -j STATIC-EGRESS-FORWARD-CHAIN
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A STATIC-EGRESS-FORWARD-CHAIN -d 198.51.100.2/32 -m set --match-set EGRESS-IP-2H4K src -j ACCEPT
`,
          )}`,
        },
      },
      partner: {
        addresses: { eth0: ['203.0.113.9/24'], lo: ['198.51.100.2/32'] },
        routes: ['192.0.2.0/24 via 203.0.113.12'],
        listeners: [HTTP],
      },
    },
    links: [
      ['pod:eth0', 'director:cni0'],
      ['director:eth0', 'gateway:eth0'],
      ['director:eth1', 'gateway:eth1'],
      ['gateway:wan', 'partner:eth0'],
    ],
    setup: [['director', 'ip rule add pref 32764 fwmark 1000 lookup 99']],
    traced: 'gateway',
    fails: { from: 'pod', what: 'ping', to: '198.51.100.2' },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '198.51.100.2', port: 80 }, seen: 'nothing', either: true },
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.12', port: 22 }, seen: 'answered' },
      { sending: { from: 'director', what: 'ping', to: '198.18.0.12' }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The director sends what is marked over its second network. The gateway has its route to the pods by the first one, so its reverse path filter drops what comes from a pod by eth1.',
      causes: [{ code: 'vanished-rp-filter', words: ['eth1'] }],
      status: ['lost', 'dropped'],
    },
    mend: [['gateway', 'sysctl -qw net.ipv4.conf.eth1.rp_filter=2']],
  },
  {
    name: 'healthy-kube-router-lets-the-node-probe-a-pod-that-all-is-denied',
    thread: {
      title: "Traffic from the pod's local node",
      address: 'https://github.com/cloudnativelabs/kube-router/issues/803',
    },
    backend: 'iptables-legacy',
    ...withPod(kubeRouter('172.30.1.5', 'db', FILTER, 'deny-all', ''), '', [8080]),
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '172.30.1.5', port: 8080 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '172.30.1.5', port: 8080 }, seen: 'refused' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: a policy of Kubernetes never applies to what the own node of the pod sends, and kube-router accepts that before it asks the policy.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]

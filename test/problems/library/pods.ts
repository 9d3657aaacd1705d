/** Inside of pods and containers, and between those of one bridge. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

/** Two guests of one bridge, and someone outside. */
const twoGuests = (
  [bridge, gateway]: readonly [string, string],
  host: Problem['hosts'][string],
): Pick<Problem, 'hosts' | 'links' | 'traced'> => {
  const [first, second] = ['2', '3'].map((last) => gateway.replace(/1\//, `${last}/`)) as [string, string]
  const routes = [`default via ${gateway.split('/')[0]}`]
  return {
    hosts: {
      c1: { addresses: { eth0: [first] }, routes, listeners: WEB },
      c2: { addresses: { eth0: [second] }, routes },
      host: {
        ...host,
        bridges: { [bridge]: ['veth1', 'veth2'] },
        addresses: { [bridge]: [gateway], eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.9'],
        sysctls: { ...FORWARDS, ...host.sysctls },
      },
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['c2:eth0', 'host:veth2'],
      ['client:eth0', 'host:eth0'],
    ],
    traced: 'host',
  }
}

export const PODS: Problem[] = [
  {
    name: 'docker-internal-network-discovery',
    thread: {
      title: 'ip6tables rules break Neighbor Solicitation',
      address: 'https://github.com/moby/moby/issues/45460',
    },
    backend: 'iptables-nft',
    hosts: {
      c1: { addresses: { eth0: ['fdf1:a844::2/64'] } },
      c2: {
        addresses: { eth0: ['fdf1:a844::3/64'] },
        listeners: [{ protocol: 'tcp', address: 'fdf1:a844::3', port: 80 }],
      },
      host: {
        bridges: { 'br-internal': ['veth1', 'veth2'] },
        addresses: { 'br-internal': ['fdf1:a844::1/64'] },
        sysctls: FORWARDS,
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o br-internal -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-internal -j DOCKER
-A FORWARD -i br-internal -o br-internal -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 ! -s fdf1:a844::/64 -o br-internal -j DROP
-A DOCKER-ISOLATION-STAGE-1 ! -d fdf1:a844::/64 -i br-internal -j DROP
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['c2:eth0', 'host:veth2'],
    ],
    traced: 'host',
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-ip6tables=1']],
    fails: { from: 'c1', what: 'tcp', to: 'fdf1:a844::3', port: 80 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:3' },
    others: [{ sending: { from: 'c1', what: 'ping', to: 'fdf1:a844::1' }, seen: 'answered' }],
    truth: {
      words:
        "What comes from the bridge and is not for the network's own addresses is dropped, and neighbour solicitations are for a multicast group.",
      causes: [{ rule: '-d fdf1:a844::/64 -i br-internal', chain: 'filter DOCKER-ISOLATION-STAGE-1' }],
      status: ['dropped'],
      alsoTrue: ['bridge-nf-call'],
    },
    mend: [['host', 'ip6tables -I DOCKER-USER -p icmpv6 --icmpv6-type neighbour-solicitation -j ACCEPT']],
  },
  {
    name: 'linkerd-redirects-before-proxy',
    thread: {
      title:
        'CNI plugin creates iptables rules before the linkerd proxy is started, blocking networking in initContainers',
      address: 'https://github.com/linkerd/linkerd2/issues/4788',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: {
        addresses: { eth0: ['192.0.2.2/24'] },
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PROXY_INIT_OUTPUT - [0:0]
:PROXY_INIT_REDIRECT - [0:0]
-A PREROUTING -m comment --comment "proxy-init/install-proxy-init-prerouting" -j PROXY_INIT_REDIRECT
-A OUTPUT -m comment --comment "proxy-init/install-proxy-init-output" -j PROXY_INIT_OUTPUT
-A PROXY_INIT_OUTPUT -m owner --uid-owner 2102 -m comment --comment "proxy-init/ignore-proxy-user-id" -j RETURN
-A PROXY_INIT_OUTPUT -o lo -m comment --comment "proxy-init/ignore-loopback" -j RETURN
-A PROXY_INIT_OUTPUT -p tcp -m multiport --dports 25,3306 -m comment --comment "proxy-init/ignore-port-25,3306" -j RETURN
-A PROXY_INIT_OUTPUT -p tcp -m comment --comment "proxy-init/redirect-all-outgoing-to-proxy-port" -j REDIRECT --to-ports 4140
-A PROXY_INIT_REDIRECT -p tcp -m multiport --dports 4190,4191 -m comment --comment "proxy-init/ignore-port-4190,4191" -j RETURN
-A PROXY_INIT_REDIRECT -p tcp -m comment --comment "proxy-init/redirect-all-incoming-to-proxy-port" -j REDIRECT --to-ports 4143
COMMIT
`,
        },
      },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [...WEB, { protocol: 'tcp', port: 3306 }, { protocol: 'udp', port: 53 }],
      },
    },
    links: [['pod:eth0', 'server:eth0']],
    traced: 'pod',
    fails: { from: 'pod', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.1', port: 3306 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'answered' },
    ],
    truth: {
      words:
        'All that leaves the pod is redirected to the proxy, which is not started yet: the redirected connection is refused.',
      causes: [{ rule: 'REDIRECT --to-ports 4140', chain: 'nat PROXY_INIT_OUTPUT' }],
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [['pod', 'iptables -t nat -I PROXY_INIT_OUTPUT -p tcp --dport 80 -j RETURN']],
  },
  {
    name: 'docker-dns-rules-flushed',
    thread: {
      title: 'feat: Add Docker DNS protection to firewall script',
      address: 'https://github.com/anthropics/claude-code/pull/4644',
    },
    backend: 'iptables-nft',
    hosts: {
      box: {
        addresses: { eth0: ['172.18.0.2/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [
          { protocol: 'udp', address: '127.0.0.11', port: 46621 },
          { protocol: 'tcp', address: '127.0.0.11', port: 41879 },
        ],
        rules: {
          ipset: 'create allowed-domains hash:net\nadd allowed-domains 203.0.113.0/24\n',
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER_OUTPUT - [0:0]
:DOCKER_POSTROUTING - [0:0]
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p udp -m udp --sport 53 -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m set --match-set allowed-domains dst -j ACCEPT
COMMIT
`,
        },
      },
      host: {
        addresses: { eth0: ['172.18.0.1/16'], lo: ['203.0.113.9/32'] },
        listeners: WEB,
      },
    },
    links: [['box:eth0', 'host:eth0']],
    traced: 'box',
    fails: { from: 'box', what: 'udp', to: '127.0.0.11', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'box', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'box', what: 'tcp', to: '172.18.0.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "A script has flushed nat, and with it the rules that sent port 53 of 127.0.0.11 to the port on which Docker's resolver listens.",
      causes: [
        { chain: 'nat OUTPUT' },
        { chain: 'nat DOCKER_OUTPUT' },
        { code: 'closed-port', words: ['127.0.0.11', '46621'] },
        { code: 'refused-here', words: ['127.0.0.11', '46621'] },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'box',
        'iptables -t nat -A OUTPUT -d 127.0.0.11 -j DOCKER_OUTPUT; iptables -t nat -A DOCKER_OUTPUT -d 127.0.0.11 -p udp --dport 53 -j DNAT --to-destination 127.0.0.11:46621',
      ],
    ],
  },
  {
    name: 'kube-loop-back-without-pod',
    thread: {
      title:
        'Kube-proxy(IPVS) v1.31.0 fails to add KUBE-LOOP-BACK ipset entry for hairpin traffic, causing SNAT failure',
      address: 'https://github.com/kubernetes/kubernetes/issues/134884',
    },
    backend: 'iptables-legacy',
    ...twoGuests(['cni0', '10.244.0.1/24'], {
      sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
      listeners: SSH,
      rules: {
        ipset: `create KUBE-LOOP-BACK hash:ip,port,ip
create KUBE-CLUSTER-IP hash:ip,port
add KUBE-LOOP-BACK 10.244.0.2,tcp:80,10.244.0.2
add KUBE-CLUSTER-IP 10.96.0.80,tcp:80
`,
        // in place of IPVS: DNAT, to the one pod of the service
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SERVICES ! -s 10.244.0.0/16 -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
-A KUBE-SERVICES -p tcp -m set --match-set KUBE-CLUSTER-IP dst,dst -j DNAT --to-destination 10.244.0.2:80
COMMIT
`,
      },
    }),
    fails: { from: 'c2', what: 'tcp', to: '10.96.0.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.96.0.80', port: 80 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: '10.244.0.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The set of pods to masquerade for has no element for this pair: the reply goes straight back over the bridge, from an address that was not asked.',
      causes: [
        { rule: '--match-set KUBE-LOOP-BACK dst,dst,src', chain: 'nat KUBE-POSTROUTING' },
        { code: 'not-masqueraded' },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
      // with br_netfilter connection tracking would see the reply
      alsoTrue: ['bridge-nf-call'],
    },
    mend: [['host', 'ipset add KUBE-LOOP-BACK 10.244.0.2,tcp:80,10.244.0.3']],
  },
]

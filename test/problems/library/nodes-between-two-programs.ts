/** From threads, by iptables: nodes and gateways where one program's chain takes what another one needs. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const ALT = { protocol: 'tcp', port: 8080 } as const
const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`
const FILTER = `:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
`

const LOCALNET = '-m comment --comment "block incoming localnet connections"'

/** Docker's rules for its name server, as kind's entrypoint rewrites them. */
const KIND = `*nat
${NAT}:DOCKER_OUTPUT - [0:0]
:DOCKER_POSTROUTING - [0:0]
:KIND-MASQ-AGENT - [0:0]
-A PREROUTING -d 172.18.0.1/32 -j DOCKER_OUTPUT
-A OUTPUT -d 172.18.0.1/32 -j DOCKER_OUTPUT
-A POSTROUTING -d 172.18.0.1/32 -j DOCKER_POSTROUTING
-A POSTROUTING -m addrtype ! --dst-type LOCAL -m comment --comment "kind-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom KIND-MASQ-AGENT chain" -j KIND-MASQ-AGENT
-A DOCKER_OUTPUT -d 172.18.0.1/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:37443
-A DOCKER_OUTPUT -d 172.18.0.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:51285
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p tcp -m tcp --sport 37443 -j SNAT --to-source 172.18.0.1:53
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p udp -m udp --sport 51285 -j SNAT --to-source 172.18.0.1:53
-A KIND-MASQ-AGENT -d 10.244.0.0/16 -m comment --comment "kind-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A KIND-MASQ-AGENT -m comment --comment "kind-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE
COMMIT
*filter
${FILTER}:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 ${LOCALNET} -m conntrack --ctstate NEW -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
`

const MASQ_AGENT = `*nat
${NAT}:IP-MASQ-AGENT - [0:0]
-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT
-A IP-MASQ-AGENT -d 169.254.0.0/16 -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -m addrtype ! --dst-type LOCAL -j RETURN
-A IP-MASQ-AGENT -d 10.244.0.0/16 -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -m addrtype ! --dst-type LOCAL -j RETURN
-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -m addrtype ! --dst-type LOCAL -j MASQUERADE
COMMIT
*filter
${FILTER}:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`

const NETMAKER = `*nat
${NAT}-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
${FILTER}:netmakerfilter - [0:0]
-A FORWARD -d 10.1.5.0/24 -i netmaker -m comment --comment NETMAKER -j netmakerfilter
-A netmakerfilter -s 10.1.0.2/32 -d 10.1.5.0/24 -j ACCEPT
-A netmakerfilter -j DROP
-A netmakerfilter -j RETURN
COMMIT
`

export const NODES_BETWEEN_TWO_PROGRAMS: Problem[] = [
  {
    name: 'kube-proxys-guard-of-loopback-drops-what-kind-rewrites-to-dockers-resolver',
    thread: {
      title: 'KEP-3178-related iptables rule fixups',
      address: 'https://github.com/kubernetes/kubernetes/pull/114470',
    },
    backend: 'iptables-nft',
    hosts: {
      docker: {
        addresses: { eth0: ['172.18.0.1/16'] },
        listeners: [HTTP],
      },
      node: {
        addresses: { eth0: ['172.18.0.2/16'], veth5: ['10.244.0.1/32'] },
        routes: ['default via 172.18.0.1', '10.244.0.5/32 dev veth5'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.route_localnet': '1' },
        listeners: [
          { protocol: 'udp', address: '127.0.0.11', port: 51285 },
          { protocol: 'tcp', port: 10250 },
        ],
        rules: { v4: KIND },
      },
      pod: {
        addresses: { eth0: ['10.244.0.5/32'] },
        routes: ['10.244.0.1/32 dev eth0', 'default via 10.244.0.1'],
        listeners: [ALT],
      },
    },
    links: [
      ['docker:eth0', 'node:eth0'],
      ['node:veth5', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'udp', to: '172.18.0.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'udp', to: '172.18.0.1', port: 53 }, seen: 'nothing', either: true },
      { sending: { from: 'pod', what: 'tcp', to: '172.18.0.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.244.0.1', port: 10250 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.244.0.5', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that keeps loopback from outsiders drops every new connection to 127.0.0.0/8 that does not come from there, and does not spare what the node itself has rewritten: the query for Docker’s name server goes to 127.0.0.11.',
      causes: [{ rule: '--ctstate NEW -j DROP', chain: 'filter KUBE-FIREWALL' }],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        `iptables -R KUBE-FIREWALL 1 ! -s 127.0.0.0/8 -d 127.0.0.0/8 ${LOCALNET} -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`,
      ],
    ],
  },
  {
    name: 'ip-masq-agent-spares-link-local-and-the-metadata-server-wants-the-nodes-address',
    thread: {
      title: 'Azure metadata service not reachable due to ip-masq-agent since 0.23',
      address: 'https://github.com/Azure/aks-engine/issues/495',
    },
    backend: 'iptables-legacy',
    hosts: {
      c1: { addresses: { eth0: ['10.244.0.2/24'] }, routes: ['default via 10.244.0.1'], listeners: [ALT] },
      node: {
        bridges: { cbr0: ['veth1'] },
        addresses: { eth0: ['10.240.0.4/16'], cbr0: ['10.244.0.1/24'] },
        routes: ['default via 10.240.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: MASQ_AGENT },
      },
      // it knows its virtual machines, and no pod; behind it, a pod of another node has a policy for pods
      azure: {
        addresses: { eth0: ['10.240.0.1/16'], lo: ['169.254.169.254/32', '198.51.100.9/32', '10.244.1.5/32'] },
        routes: ['10.244.0.0/24 via 10.240.0.4'],
        listeners: [HTTP, SSH, ALT],
        rules: {
          v4: `*filter\n${FILTER}-A INPUT -s 10.244.0.0/16 -p tcp -m tcp --dport 80 -j DROP\n-A INPUT ! -s 10.244.0.0/16 -d 10.244.1.5/32 -j DROP\nCOMMIT\n`,
        },
      },
    },
    links: [
      ['node:veth1', 'c1:eth0'],
      ['node:eth0', 'azure:eth0'],
    ],
    traced: 'node',
    fails: { from: 'c1', what: 'tcp', to: '169.254.169.254', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '169.254.169.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '198.51.100.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '10.244.1.5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '10.240.0.4', port: 22 }, seen: 'answered' },
      { sending: { from: 'azure', what: 'tcp', to: '10.244.0.2', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The agent’s first rule returns what goes to link-local addresses before the masquerade, and so the metadata server gets the address of the pod, which it does not reply to.',
      causes: [{ rule: '-d 169.254.0.0/16', chain: 'nat IP-MASQ-AGENT' }, { code: 'not-masqueraded' }],
      status: ['unanswered'],
    },
    mend: [['node', 'iptables -t nat -D IP-MASQ-AGENT 1']],
  },
  {
    name: 'netmaker-lets-its-members-in-and-not-the-networks-behind-them',
    thread: {
      title: 'Firewall blocks requests between networks',
      address: 'https://github.com/gravitl/netclient/issues/323',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['10.1.6.10/24'] }, routes: ['default via 10.1.6.1'], listeners: [HTTP] },
      gw2: {
        addresses: { lan: ['10.1.6.1/24'], netmaker: ['10.1.0.2/24'] },
        routes: ['10.1.5.0/24 via 10.1.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
      },
      gw1: {
        addresses: { netmaker: ['10.1.0.1/24'], lan: ['10.1.5.1/24'] },
        routes: ['10.1.6.0/24 via 10.1.0.2'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: NETMAKER },
      },
      server: { addresses: { eth0: ['10.1.5.10/24'] }, routes: ['default via 10.1.5.1'], listeners: [HTTP] },
    },
    links: [
      ['remote:eth0', 'gw2:lan'],
      ['gw2:netmaker', 'gw1:netmaker'],
      ['gw1:lan', 'server:eth0'],
    ],
    traced: 'gw1',
    fails: { from: 'remote', what: 'ping', to: '10.1.5.10' },
    seen: 'nothing',
    others: [
      { sending: { from: 'gw2', what: 'tcp', to: '10.1.5.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '10.1.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'gw1', what: 'tcp', to: '10.1.6.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '10.1.6.10', port: 80 }, seen: 'nothing', either: true },
      { sending: { from: 'remote', what: 'tcp', to: '10.1.5.10', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The chain accepts the addresses of the members in the tunnel alone, and drops the rest: what comes from the network behind a member has an address of that network.',
      causes: [
        { rule: '-j DROP', chain: 'filter netmakerfilter' },
        { rule: '-s 10.1.0.2/32', chain: 'filter netmakerfilter' },
      ],
      status: ['dropped'],
    },
    mend: [['gw1', 'iptables -I netmakerfilter 1 -s 10.1.6.0/24 -d 10.1.5.0/24 -j ACCEPT']],
  },
]

/** Tailscale rewrites for the family that the service has: the proxy has an address of the other one as well. */
export const ONE_FAMILY_OF_TWO: Problem[] = [
  {
    name: 'tailscale-ingress-forwards-ipv6-and-is-asked-by-its-address-of-ipv4',
    thread: {
      title: "Kubernetes operator: ingress proxies don't work in clusters with IPv6 Service IP range",
      address: 'https://github.com/tailscale/tailscale/issues/12156',
    },
    backend: 'iptables-legacy',
    hosts: {
      peer: { addresses: { tailscale0: ['100.100.1.9/10', 'fd7a:115c:a1e0::9/48'] } },
      proxy: {
        addresses: {
          tailscale0: ['100.100.1.5/10', 'fd7a:115c:a1e0::5/48'],
          eth0: ['fd5a:1::10/64', '10.8.0.10/24'],
        },
        routes: ['default via fd5a:1::1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 9002 }],
        rules: {
          v4: `*nat
${NAT}:ts-postrouting - [0:0]
-A POSTROUTING -j ts-postrouting
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
*filter
${FILTER}:ts-forward - [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
-A ts-input -s 100.100.1.5/32 -i lo -j ACCEPT
-A ts-input -i tailscale0 -j ACCEPT
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
COMMIT
`,
          v6: `*nat
${NAT}:ts-postrouting - [0:0]
-A PREROUTING -d fd7a:115c:a1e0::5/128 -j DNAT --to-destination fdb9:b3b6:81ce::b391
-A POSTROUTING -j ts-postrouting
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
*filter
${FILTER}:ts-forward - [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -o tailscale0 -j ACCEPT
-A ts-input -s fd7a:115c:a1e0::5/128 -i lo -j ACCEPT
-A ts-input -i tailscale0 -j ACCEPT
COMMIT
`,
        },
      },
      cluster: {
        addresses: { eth0: ['fd5a:1::1/64', '10.8.0.1/24'], lo: ['fdb9:b3b6:81ce::b391/128'] },
        listeners: [{ ...HTTP, address: '::' }],
      },
    },
    links: [
      ['peer:tailscale0', 'proxy:tailscale0'],
      ['proxy:eth0', 'cluster:eth0'],
    ],
    traced: 'proxy',
    fails: { from: 'peer', what: 'tcp', to: '100.100.1.5', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: 'fd7a:115c:a1e0::5', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '100.100.1.5', port: 9002 }, seen: 'answered' },
      { sending: { from: 'proxy', what: 'tcp', to: 'fdb9:b3b6:81ce::b391', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The service has an address of IPv6 alone, so the proxy rewrites what comes to its own address of IPv6. What comes to its address of IPv4 is for the proxy itself, where nothing listens; no rule can rewrite it to the other family.',
      causes: [{ code: 'closed-port' }, { code: 'refused-here' }, { chain: 'nat PREROUTING' }],
      status: ['refused'],
    },
    // a process that relays from one family to the other
    mend: [
      [
        'proxy',
        `setsid python3 -c "
import socket,threading
s=socket.create_server(('100.100.1.5',80))
def copy(a,b):
  while d:=a.recv(4096): b.sendall(d)
  b.shutdown(1)
while True:
  c=s.accept()[0]
  t=socket.create_connection(('fdb9:b3b6:81ce::b391',80))
  threading.Thread(target=copy,args=(c,t),daemon=True).start()
  threading.Thread(target=copy,args=(t,c),daemon=True).start()
" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnt | grep -q '100.100.1.5:80 ' && break; sleep .1; done`,
      ],
    ],
  },
]

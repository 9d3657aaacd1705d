/** From threads, by iptables-legacy: a sandbox's guests, a panel's proxy, a node that is scraped and a container with an older route. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

const chains = (...names: string[]) => names.map((name) => `:${name} - [0:0]\n`).join('')

/** libvirt's rules for an isolated network and those of the rooter, with its route for one guest. */
const CAPE = `*nat
${NAT}COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
${chains('CAPE_ACCEPTED_SEGMENTS', 'CAPE_REJECTED_SEGMENTS', 'LIBVIRT_FWI', 'LIBVIRT_FWO', 'LIBVIRT_FWX', 'LIBVIRT_INP')}-A INPUT -j LIBVIRT_INP
-A INPUT -m state --state RELATED,ESTABLISHED -m comment --comment CAPE-rooter -j ACCEPT
-A INPUT -i eno1 -p tcp -m tcp --dport 2042 -j DROP
-A FORWARD -m comment --comment CAPE-rooter -j CAPE_ACCEPTED_SEGMENTS
-A FORWARD -m comment --comment CAPE-rooter -j CAPE_REJECTED_SEGMENTS
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A CAPE_REJECTED_SEGMENTS -i eno1 -p tcp -m tcp --dport 445 -m comment --comment CAPE-rooter -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWI -o virbr1 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -i virbr1 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr1 -o virbr1 -j ACCEPT
-A LIBVIRT_INP -i virbr1 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i virbr1 -p udp -m udp --dport 67 -j ACCEPT
COMMIT
`

/** csf with Docker's rules, TCP_OUT without the container's port. */
const CSF = `*nat
${NAT}${chains('DOCKER')}-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
${chains('ALLOWIN', 'ALLOWOUT', 'DENYIN', 'DENYOUT', 'DOCKER', 'INVALID', 'INVDROP', 'LOCALINPUT', 'LOCALOUTPUT', 'LOGDROPIN', 'LOGDROPOUT')}-A INPUT ! -i lo -j LOCALINPUT
-A INPUT -i lo -j ACCEPT
-A INPUT ! -i lo -p tcp -j INVALID
-A INPUT ! -i lo -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT ! -i lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT
-A INPUT ! -i lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 80 -j ACCEPT
-A INPUT ! -i lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 443 -j ACCEPT
-A INPUT ! -i lo -p icmp -m icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT
-A INPUT ! -i lo -j LOGDROPIN
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A OUTPUT ! -o lo -j LOCALOUTPUT
-A OUTPUT ! -o lo -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT ! -o lo -p tcp -j INVALID
-A OUTPUT ! -o lo -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT ! -o lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT
-A OUTPUT ! -o lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 25 -j ACCEPT
-A OUTPUT ! -o lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 80 -j ACCEPT
-A OUTPUT ! -o lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 443 -j ACCEPT
-A OUTPUT ! -o lo -p icmp -j ACCEPT
-A OUTPUT ! -o lo -j LOGDROPOUT
-A ALLOWOUT -d 203.0.113.9/32 ! -o lo -p tcp -m tcp --dport 2087 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 8080 -j ACCEPT
-A INVALID -m conntrack --ctstate INVALID -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags SYN,RST SYN,RST -j INVDROP
-A INVDROP -j DROP
-A LOCALINPUT ! -i lo -j ALLOWIN
-A LOCALINPUT ! -i lo -j DENYIN
-A LOCALOUTPUT ! -o lo -j ALLOWOUT
-A LOCALOUTPUT ! -o lo -j DENYOUT
-A LOGDROPIN -p tcp -m limit --limit 30/min -j LOG --log-prefix "Firewall: *TCP_IN Blocked* "
-A LOGDROPIN -j DROP
-A LOGDROPOUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 30/min -j LOG --log-prefix "Firewall: *TCP_OUT Blocked* " --log-uid
-A LOGDROPOUT -j REJECT --reject-with icmp-port-unreachable
COMMIT
`

const NODE = `*nat
${NAT}${chains('KUBE-POSTROUTING')}-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m set --match-set kube-router-pod-subnets src -m set ! --match-set kube-router-pod-subnets dst -m set ! --match-set kube-router-node-ips dst -j MASQUERADE --random-fully
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m set --match-set kube-router-pod-subnets src -j ACCEPT
-A INPUT -m set --match-set kube-router-node-ips src -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`

const LXD6 = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lxdbr0 -p tcp -m tcp --dport 53 -m comment --comment "managed by lxd-bridge" -j ACCEPT
-A INPUT -i lxdbr0 -p udp -m udp --dport 53 -m comment --comment "managed by lxd-bridge" -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -o lxdbr0 -m comment --comment "managed by lxd-bridge" -j ACCEPT
-A FORWARD -i lxdbr0 -m comment --comment "managed by lxd-bridge" -j ACCEPT
COMMIT
`

export const SANDBOX_AND_PANEL: Problem[] = [
  {
    name: 'cape-has-no-route-for-the-guest-and-no-masquerade',
    thread: {
      title: 'Need help with Internet routing',
      address: 'https://github.com/kevoreilly/CAPEv2/issues/2575',
    },
    backend: 'iptables-legacy',
    hosts: {
      internet: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [tcp(443)] },
      cape: {
        bridges: { virbr1: ['vnet0', 'vnet1'] },
        addresses: { eno1: ['203.0.113.1/24'], virbr1: ['192.168.100.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [tcp(22), tcp(2042)],
        rules: { v4: CAPE },
      },
      win10: {
        addresses: { eth0: ['192.168.100.101/24'] },
        routes: ['default via 192.168.100.1'],
        listeners: [tcp(8000)],
      },
      win7: { addresses: { eth0: ['192.168.100.102/24'] }, routes: ['default via 192.168.100.1'] },
    },
    links: [
      ['internet:eth0', 'cape:eno1'],
      ['cape:vnet0', 'win10:eth0'],
      ['cape:vnet1', 'win7:eth0'],
    ],
    traced: 'cape',
    fails: { from: 'win10', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'win10', what: 'tcp', to: '192.168.100.1', port: 2042 }, seen: 'answered' },
      { sending: { from: 'cape', what: 'tcp', to: '192.168.100.101', port: 8000 }, seen: 'answered' },
      { sending: { from: 'win7', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'refused' },
      { sending: { from: 'internet', what: 'tcp', to: '203.0.113.1', port: 2042 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The rooter has added nothing for this guest, so libvirt's rule for an isolated network rejects it; and with nat = no, nothing masquerades the guests' addresses.",
      causes: [
        { rule: '-A LIBVIRT_FWO -i virbr1 -j REJECT', chain: 'filter LIBVIRT_FWO' },
        { rule: '-i virbr1 -j REJECT', chain: 'filter LIBVIRT_FWO' },
        { chain: 'filter CAPE_ACCEPTED_SEGMENTS' },
        { code: 'not-masqueraded' },
      ],
      status: ['rejected'],
      alsoTrue: ['several-causes', 'reply-dropped'],
    },
    mend: [
      [
        'cape',
        'iptables -A CAPE_ACCEPTED_SEGMENTS -i virbr1 -o eno1 -s 192.168.100.101 -j ACCEPT; iptables -A CAPE_ACCEPTED_SEGMENTS -i eno1 -o virbr1 -d 192.168.100.101 -m state --state RELATED,ESTABLISHED -j ACCEPT',
      ],
      ['cape', 'iptables -t nat -A POSTROUTING -s 192.168.100.101 -o eno1 -j MASQUERADE'],
    ],
  },
  {
    name: 'csf-lets-the-proxy-out-to-no-port-of-a-container',
    thread: {
      title: 'csf blocking reverse proxy to docker container',
      address: 'https://github.com/engintron/engintron/issues/1240',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        listeners: [tcp(443), tcp(8080)],
      },
      panel: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['203.0.113.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        listeners: [tcp(22), tcp(8443)],
        rules: { v4: CSF },
      },
      keycloak: {
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [tcp(8080), tcp(9990)],
      },
    },
    links: [
      ['remote:eth0', 'panel:eth0'],
      ['panel:veth1', 'keycloak:eth0'],
    ],
    traced: 'panel',
    fails: { from: 'panel', what: 'tcp', to: '172.17.0.2', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8081 }, seen: 'answered' },
      { sending: { from: 'panel', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'panel', what: 'tcp', to: '203.0.113.9', port: 8080 }, seen: 'refused' },
      { sending: { from: 'panel', what: 'tcp', to: '172.17.0.2', port: 9990 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'What the proxy asks of the container leaves this host by docker0, and the ports that csf lets out do not include 8080: LOGDROPOUT rejects it. What Docker forwards never comes there.',
      causes: [
        { rule: '-j REJECT', chain: 'filter LOGDROPOUT' },
        { rule: '-j LOGDROPOUT', chain: 'filter OUTPUT' },
        { chain: 'filter OUTPUT' },
      ],
      status: ['rejected'],
    },
    mend: [['panel', 'iptables -A ALLOWOUT -d 172.17.0.2 -o docker0 -p tcp --dport 8080 -j ACCEPT']],
  },
  {
    name: 'node-lacks-the-route-to-another-nodes-pods',
    thread: {
      title: 'Routing / NAT issue on multiple network interfaces host',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/549',
    },
    backend: 'iptables-legacy',
    hosts: {
      gateway: {
        bridges: { br0: ['p1', 'p2'] },
        addresses: { br0: ['10.1.11.1/24'], wan: ['198.51.100.1/24'] },
        routes: ['10.233.66.0/24 via 10.1.11.27'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
        },
      },
      outside: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      rebuilt: {
        addresses: { eth0: ['10.1.11.28/24'] },
        routes: ['default via 10.1.11.1'],
        sysctls: FORWARDS,
        listeners: [tcp(22), tcp(9100)],
        rules: {
          ipset: `create kube-router-pod-subnets hash:net
add kube-router-pod-subnets 10.233.66.0/24
add kube-router-pod-subnets 10.233.67.0/24
create kube-router-node-ips hash:ip
add kube-router-node-ips 10.1.11.27
add kube-router-node-ips 10.1.11.28
`,
          v4: NODE,
        },
      },
      node: {
        bridges: { 'kube-bridge': ['veth1'] },
        addresses: { eth0: ['10.1.11.27/24'], 'kube-bridge': ['10.233.66.1/24'] },
        routes: ['default via 10.1.11.1'],
        sysctls: FORWARDS,
      },
      prometheus: { addresses: { eth0: ['10.233.66.74/24'] }, routes: ['default via 10.233.66.1'] },
    },
    links: [
      ['gateway:p1', 'rebuilt:eth0'],
      ['gateway:p2', 'node:eth0'],
      ['gateway:wan', 'outside:eth0'],
      ['node:veth1', 'prometheus:eth0'],
    ],
    traced: 'rebuilt',
    fails: { from: 'prometheus', what: 'tcp', to: '10.1.11.28', port: 9100 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.1.11.28', port: 9100 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '10.1.11.28', port: 22 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '10.1.11.28', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rules accept the request. This node has no route to the pods of the other one, so the reply goes to the default gateway, which has not seen the connection begin and drops it.',
      causes: ['wrong-way-out', 'reply-by-other-uplink', 'not-netfilter'].map((code) => ({
        code,
        words: ['10.1.11.1'],
      })),
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['rebuilt', 'ip route add 10.233.66.0/24 via 10.1.11.27']],
  },
  {
    name: 'lxd-container-has-lost-its-route-for-ipv6',
    thread: {
      title: 'Container loses static IPv6 default route (interference from SLAAC)',
      address: 'https://github.com/canonical/lxd/issues/3582',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:1::9/64', '192.0.2.9/24'] },
        routes: ['2001:db8:21::/64 via 2001:db8:1::2'],
      },
      host: {
        bridges: { lxdbr0: ['veth1'] },
        addresses: { eth0: ['2001:db8:1::2/64', '192.0.2.2/24'], lxdbr0: ['2001:db8:21::1/64'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', address: '2001:db8:1::2', port: 22 },
          { protocol: 'tcp', address: '2001:db8:1::2', port: 9100 },
        ],
        rules: { v6: LXD6 },
      },
      web: {
        addresses: { eth0: ['2001:db8:21::100/64'] },
        listeners: [{ protocol: 'tcp', address: '2001:db8:21::100', port: 80 }],
      },
    },
    links: [
      ['remote:eth0', 'host:eth0'],
      ['host:veth1', 'web:eth0'],
    ],
    traced: 'host',
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:21::100', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:21::100', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::2', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::2', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rules of this host forward the request, and the container gets it. The container has no default route any more and cannot reply to another network.',
      causes: [
        { code: 'not-netfilter', words: ['2001:db8:21::100'] },
        { code: 'unanswered', words: ['2001:db8:21::100'] },
      ],
      status: ['unanswered'],
    },
    mend: [['web', 'ip -6 route add default via 2001:db8:21::1']],
  },
]

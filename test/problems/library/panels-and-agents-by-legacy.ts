/** From threads, by iptables-legacy: a panel without state, ECS behind a hardened INPUT, a proxy of services, and a healthy hypervisor. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** As release 16 of the panel writes them: the source ports that release 15 accepted are not there. */
const PANEL = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:fail2ban-MAIL - [0:0]
:fail2ban-SSH - [0:0]
:fail2ban-VESTA - [0:0]
:vesta - [0:0]
-A INPUT -p tcp -m tcp --dport 8083 -j fail2ban-VESTA
-A INPUT -p tcp -m multiport --dports 25,465,587,2525,110,995,143,993 -j fail2ban-MAIL
-A INPUT -p tcp -m tcp --dport 22 -j fail2ban-SSH
-A INPUT -s 203.0.113.1/32 -j ACCEPT
-A INPUT -s 127.0.0.1/32 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 8083 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A fail2ban-MAIL -j RETURN
-A fail2ban-SSH -j RETURN
-A fail2ban-VESTA -j RETURN
COMMIT
`

/** A hardened image of Amazon Linux, and what the ECS agent and Docker add to it. */
const HARDENED = `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:51679
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 51679
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i eth0 -p tcp -m tcp --dport 51678 -j DROP
-A INPUT ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A INPUT -i lo -j ACCEPT
-A INPUT -s 127.0.0.0/8 -j DROP
-A INPUT -p tcp -m state --state ESTABLISHED -j ACCEPT
-A INPUT -p udp -m state --state ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m state --state ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m state --state NEW -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p tcp -m state --state NEW,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m state --state NEW,ESTABLISHED -j ACCEPT
-A OUTPUT -p icmp -m state --state NEW,ESTABLISHED -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`

/** kube-proxy of 2015: a service is a port of a program on the node. The filter is the one that Fedora installs. */
const PORTALS = `*nat
${NAT}:KUBE-NODEPORT-CONTAINER - [0:0]
:KUBE-PORTALS-CONTAINER - [0:0]
:KUBE-PORTALS-HOST - [0:0]
-A PREROUTING -m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules" -j KUBE-PORTALS-CONTAINER
-A PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain" -j KUBE-NODEPORT-CONTAINER
-A OUTPUT -m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules" -j KUBE-PORTALS-HOST
-A POSTROUTING -s 10.1.0.0/16 ! -d 10.1.0.0/16 -j MASQUERADE
-A KUBE-PORTALS-CONTAINER -d 172.30.17.3/32 -p tcp -m comment --comment "test/database:" -m tcp --dport 5434 -j REDIRECT --to-ports 45672
-A KUBE-PORTALS-HOST -d 172.30.17.3/32 -p tcp -m comment --comment "test/database:" -m tcp --dport 5434 -j DNAT --to-destination 192.168.10.2:45672
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 8443 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -i lbr0 -j ACCEPT
-A FORWARD -o lbr0 -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
`

const HYPERVISOR = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:RH-Firewall-1-INPUT - [0:0]
:xapi_nbd_input_chain - [0:0]
:xapi_nbd_output_chain - [0:0]
-A INPUT -p gre -j ACCEPT
-A INPUT -p tcp -m tcp --dport 10809 -j xapi_nbd_input_chain
-A INPUT -j RH-Firewall-1-INPUT
-A FORWARD -j RH-Firewall-1-INPUT
-A OUTPUT -p tcp -m tcp --sport 10809 -j xapi_nbd_output_chain
-A RH-Firewall-1-INPUT -i lo -j ACCEPT
-A RH-Firewall-1-INPUT -p icmp -m icmp --icmp-type any -j ACCEPT
-A RH-Firewall-1-INPUT -i xenapi -p udp -m udp --dport 67 -j ACCEPT
-A RH-Firewall-1-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A RH-Firewall-1-INPUT -p udp -m conntrack --ctstate NEW -m udp --dport 694 -j ACCEPT
-A RH-Firewall-1-INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT
-A RH-Firewall-1-INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 80 -j ACCEPT
-A RH-Firewall-1-INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 443 -j ACCEPT
-A RH-Firewall-1-INPUT -p tcp -m tcp --dport 21064 -j ACCEPT
-A RH-Firewall-1-INPUT -j REJECT --reject-with icmp-host-prohibited
-A xapi_nbd_input_chain -j REJECT --reject-with icmp-port-unreachable
-A xapi_nbd_output_chain -j REJECT --reject-with icmp-port-unreachable
COMMIT
`

/** A task asks for its credentials at an address of the agent on the instance. */
const ECS = {
  client: { addresses: { eth0: ['10.0.0.9/24'] }, listeners: [HTTP] },
  instance: {
    bridges: { docker0: ['veth1'] },
    addresses: { eth0: ['10.0.0.10/24'], docker0: ['172.17.0.1/16'] },
    routes: ['default via 10.0.0.9'],
    sysctls: { ...FORWARDS, 'net.ipv4.conf.all.route_localnet': '1' },
    listeners: [
      SSH,
      { protocol: 'tcp', port: 51678 },
      { protocol: 'tcp', port: 8081 },
      { protocol: 'tcp', address: '127.0.0.1', port: 51679 },
    ],
    rules: { v4: HARDENED },
  },
  task: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
} satisfies Problem['hosts']

const ECS_LINKS: Problem['links'] = [
  ['client:eth0', 'instance:eth0'],
  ['instance:veth1', 'task:eth0'],
]

const ECS_OTHERS: Problem['others'] = [
  { sending: { from: 'instance', what: 'tcp', to: '169.254.170.2', port: 80 }, seen: 'answered' },
  { sending: { from: 'task', what: 'tcp', to: '10.0.0.9', port: 80 }, seen: 'answered' },
  { sending: { from: 'client', what: 'tcp', to: '10.0.0.10', port: 22 }, seen: 'answered' },
  { sending: { from: 'client', what: 'tcp', to: '10.0.0.10', port: 51678 }, seen: 'nothing' },
  { sending: { from: 'client', what: 'tcp', to: '10.0.0.10', port: 51679 }, seen: 'nothing' },
  { sending: { from: 'task', what: 'tcp', to: '172.17.0.1', port: 8081 }, seen: 'nothing' },
]

export const PANELS_AND_AGENTS_BY_LEGACY: Problem[] = [
  {
    name: 'vesta-accepts-no-source-port-of-what-the-server-asks',
    thread: {
      title: 'Firewall source ports not opened, blocked admin interface (R16)',
      address: 'https://github.com/outroll/vesta/issues/758',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'udp', port: 53 }, HTTPS] },
      panel: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [SSH, HTTP, { protocol: 'tcp', port: 8083 }, { protocol: 'udp', port: 161 }],
        rules: { v4: PANEL },
      },
      stranger: { addresses: { eth0: ['198.51.100.9/24'] } },
    },
    links: [
      ['remote:eth0', 'panel:eth0'],
      ['stranger:eth0', 'panel:eth1'],
    ],
    traced: 'panel',
    fails: { from: 'panel', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8083 }, seen: 'answered' },
      { sending: { from: 'panel', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 3306 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 161 }, seen: 'nothing' },
      // what is sent from the port of DNS need not be a reply
      { sending: { from: 'stranger', what: 'udp', to: '198.51.100.1', port: 161, sport: 53 }, seen: 'nothing' },
      { sending: { from: 'panel', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'INPUT accepts ports of the server alone, by no state and by no source port: the policy drops the reply to whatever the server asks.',
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['reply-lost'],
    },
    mend: [['panel', 'iptables -I INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'ecs-metadata-is-rewritten-to-loopback-and-a-hardened-input-drops-it',
    thread: {
      title: 'iptables configuration should explicitly permit access to agent task metadata port',
      address: 'https://github.com/aws/amazon-ecs-agent/issues/2877',
    },
    backend: 'iptables-legacy',
    hosts: ECS,
    links: ECS_LINKS,
    traced: 'instance',
    fails: { from: 'task', what: 'tcp', to: '169.254.170.2', port: 80 },
    seen: 'nothing',
    others: ECS_OTHERS,
    truth: {
      words:
        "nat sends the metadata address to the agent's port on loopback, and INPUT of the hardened image has no rule for that port: its policy drops it.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['instance', 'iptables -A INPUT -i docker0 -d 127.0.0.0/8 -p tcp -m tcp --dport 51679 -j ACCEPT']],
  },
  {
    name: 'faults-ecs-loopback-is-not-routed-and-a-hardened-input-drops-it',
    thread: {
      title: 'ecs: add `iptables` rules for ECS introspection server',
      address: 'https://github.com/bottlerocket-os/bottlerocket/pull/2267',
    },
    backend: 'iptables-legacy',
    hosts: {
      ...ECS,
      instance: { ...ECS.instance, sysctls: FORWARDS },
    },
    links: ECS_LINKS,
    traced: 'instance',
    fails: { from: 'task', what: 'tcp', to: '169.254.170.2', port: 80 },
    seen: 'nothing',
    others: ECS_OTHERS,
    truth: {
      words:
        'Two things: the kernel routes nothing to loopback that came from outside, as route_localnet is 0, and behind that the policy of INPUT drops it.',
      causes: [
        { policy: 'filter INPUT' },
        { chain: 'filter INPUT' },
        { code: 'vanished-martian', words: ['route_localnet'] },
        { code: 'several-causes', words: ['route_localnet'] },
      ],
      status: ['lost', 'dropped', 'unanswered'],
    },
    mend: [
      ['instance', 'sysctl -w net.ipv4.conf.all.route_localnet=1'],
      ['instance', 'iptables -A INPUT -i docker0 -d 127.0.0.0/8 -p tcp -m tcp --dport 51679 -j ACCEPT'],
    ],
  },
  {
    name: 'kube-portal-redirects-to-a-port-that-fedoras-input-rejects',
    thread: {
      title: "sample-app: the frontend can't talk to database",
      address: 'https://github.com/openshift/origin/issues/1607',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['192.168.10.9/24'] }, listeners: [HTTP] },
      node: {
        bridges: { lbr0: ['veth1'] },
        addresses: { eth0: ['192.168.10.2/24'], lbr0: ['10.1.0.1/24'] },
        routes: ['default via 192.168.10.9'],
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 45672 }, { protocol: 'tcp', port: 10250 }],
        rules: { v4: PORTALS },
      },
      frontend: { addresses: { eth0: ['10.1.0.2/24'] }, routes: ['default via 10.1.0.1'] },
    },
    links: [
      ['remote:eth0', 'node:eth0'],
      ['node:veth1', 'frontend:eth0'],
    ],
    traced: 'node',
    fails: { from: 'frontend', what: 'tcp', to: '172.30.17.3', port: 5434 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '172.30.17.3', port: 5434 }, seen: 'answered' },
      { sending: { from: 'frontend', what: 'tcp', to: '10.1.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'frontend', what: 'tcp', to: '192.168.10.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'frontend', what: 'tcp', to: '10.1.0.1', port: 10250 }, seen: 'unreachable' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.10.2', port: 45672 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'kube-proxy redirects the service to a port of its own on the node. That port is in no rule of INPUT, whose last rule rejects it.',
      causes: [{ rule: '-j REJECT', chain: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['rejected'],
    },
    mend: [['node', 'iptables -I INPUT 5 -i lbr0 -p tcp -m tcp --dport 45672 -j ACCEPT']],
  },
  {
    name: 'healthy-hypervisor-accepts-its-api-and-xapi-listens-on-loopback',
    thread: {
      title: 'Cannot connect to xenserver - xapi ports seem to be locally only?',
      address: 'https://github.com/xcp-ng/xcp/issues/177',
    },
    backend: 'iptables-legacy',
    hosts: {
      admin: { addresses: { eth0: ['10.5.90.9/24'] } },
      xen: {
        bridges: { xenbr0: ['eth0'] },
        addresses: { xenbr0: ['10.5.90.92/24'] },
        listeners: [
          SSH,
          { protocol: 'tcp', address: '127.0.0.1', port: 80 },
          { protocol: 'tcp', address: '127.0.0.1', port: 443 },
        ],
        rules: { v4: HYPERVISOR },
      },
    },
    links: [['admin:eth0', 'xen:eth0']],
    traced: 'xen',
    fails: { from: 'admin', what: 'tcp', to: '10.5.90.92', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'admin', what: 'tcp', to: '10.5.90.92', port: 22 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'ping', to: '10.5.90.92' }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '10.5.90.92', port: 10809 }, seen: 'refused' },
      { sending: { from: 'admin', what: 'tcp', to: '10.5.90.92', port: 3260 }, seen: 'unreachable' },
    ],
    truth: {
      words: 'The rules accept the port. Nothing listens at the address that was asked: xapi has loopback alone.',
      causes: [
        { code: 'closed-port', words: ['127.0.0.1'] },
        { code: 'refused-here', words: ['127.0.0.1'] },
      ],
      status: ['refused'],
    },
    mend: [
      [
        'xen',
        'setsid socat TCP4-LISTEN:443,bind=10.5.90.92,fork,reuseaddr EXEC:cat >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -4Hltn src 10.5.90.92:443 | grep -q . && exit 0; sleep 0.1; done; exit 1',
      ],
    ],
  },
]

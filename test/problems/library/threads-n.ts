/** Hosts whose own nat and marks stand in the way of what they ask, from threads: a hole that is punched, a probe, a resolver, a group. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const

/** Sends to the other side's router each second from the port that it listens on, and replies to what comes from there. */
const PUNCHES = `perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 17); bind(S, sockaddr_in(55555, INADDR_ANY)) or die; $to = sockaddr_in(55555, inet_aton("203.0.113.1")); alarm 240; for (;;) { send(S, "punch", 0, $to); $r = ""; vec($r, fileno(S), 1) = 1; if (select($r, undef, undef, 1)) { $from = recv(S, $b, 1500, 0); send(S, "here", 0, $from) if $from } }' >/dev/null 2>&1 </dev/null & sleep 1.5`

/** A proxy's socket: it takes datagrams for foreign addresses (IP_TRANSPARENT, 19), and replies to none. */
const SWALLOWS = `perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 17); setsockopt(S, 0, 19, 1) or die; bind(S, sockaddr_in(52345, INADDR_ANY)) or die; alarm 240; recv(S, $b, 1500, 0) for 1 .. 99' >/dev/null 2>&1 </dev/null & for i in $(seq 100); do ss -lnu | grep -q :52345 && break; sleep .1; done`

export const THREADS_N: Problem[] = [
  {
    name: 'punched-hole-has-another-port-behind-the-peers-first-datagram',
    thread: {
      title: 'Tests for NAT-Traversal and Hole-Punching',
      address: 'https://github.com/MatrixAI/Polykey/pull/357',
    },
    backend: 'iptables-legacy',
    hosts: {
      agent: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: { ...FORWARDS, 'net.netfilter.nf_conntrack_udp_timeout': '240' },
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
        },
      },
      far: {
        addresses: { lan: ['192.168.2.1/24'], wan: ['203.0.113.2/24'] },
        sysctls: { ...FORWARDS, 'net.netfilter.nf_conntrack_udp_timeout': '240' },
        listeners: [HTTPS],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.2.0/24 -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i wan -p udp -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
        },
      },
      peer: { addresses: { eth0: ['192.168.2.10/24'] }, routes: ['default via 192.168.2.1'] },
    },
    links: [
      ['agent:eth0', 'router:lan'],
      ['router:wan', 'far:wan'],
      ['far:lan', 'peer:eth0'],
    ],
    traced: 'router',
    setup: [['peer', PUNCHES]],
    fails: { from: 'agent', what: 'udp', to: '203.0.113.2', port: 55555, sport: 55555 },
    seen: 'nothing',
    others: [
      { sending: { from: 'agent', what: 'tcp', to: '203.0.113.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'agent', what: 'ping', to: '203.0.113.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The peer's own datagrams came first and were for the router itself: their entry holds these addresses and ports, so masquerade gives the agent's datagram another source port, and the peer's router lets port 55555 in alone.",
      causes: [{ code: 'snat-port-taken' }, { code: 'snat-changed-source', words: ['55555'] }],
      status: ['unanswered'],
    },
    mend: [['router', 'iptables -A INPUT -i wan -p udp -m udp --dport 55555 -j DROP; conntrack -F']],
  },
  {
    name: 'istio-probe-from-a-link-local-address-is-answered-elsewhere',
    thread: {
      title:
        'What are the solutions for kubelet health check failures when using ambient mode in Alibaba Cloud ACK clusters?',
      address: 'https://github.com/istio/istio/issues/58531',
    },
    backend: 'iptables-legacy',
    hosts: {
      node: {
        addresses: { eth0: ['10.1.0.5/24'] },
        routes: ['default via 10.1.0.1'],
        sysctls: FORWARDS,
        rules: {
          ipset: 'create istio-inpod-probes-v4 hash:ip family inet timeout 0\nadd istio-inpod-probes-v4 10.1.2.20\n',
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ISTIO_POSTRT - [0:0]
-A POSTROUTING -j ISTIO_POSTRT
-A ISTIO_POSTRT -p tcp -m owner --socket-exists -m set --match-set istio-inpod-probes-v4 dst -j SNAT --to-source 169.254.7.127
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.1.2.20/24'] },
        // its own interface in the cloud's network, and a wire for what the node itself asks
        routes: ['default via 10.1.2.1', '10.1.0.5/32 dev veth1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
      cloud: {
        addresses: { eth0: ['10.1.0.1/24'], eth1: ['10.1.2.1/24'] },
        routes: ['blackhole 169.254.0.0/16'],
        sysctls: FORWARDS,
        listeners: [HTTPS],
      },
    },
    links: [
      ['node:eth0', 'cloud:eth0'],
      ['cloud:eth1', 'pod:eth0'],
      ['node:lxc1', 'pod:veth1'],
    ],
    traced: 'node',
    setup: [['node', 'ip route add 10.1.2.20/32 dev lxc1']],
    fails: { from: 'node', what: 'tcp', to: '10.1.2.20', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'ping', to: '10.1.2.20' }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.1.0.1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The probe leaves with the address 169.254.7.127, and the pod's route for that leads into the cloud's network, not back to the node.",
      causes: [{ rule: 'SNAT --to-source 169.254.7.127', chain: 'nat ISTIO_POSTRT' }],
      status: ['unanswered'],
    },
    mend: [['node', 'iptables -t nat -F ISTIO_POSTRT']],
  },
  {
    name: 'v2raya-resolver-port-falls-to-the-proxy-of-all-datagrams',
    thread: {
      title: 'fix(iptables): exempt DNS module port from generic TPROXY hijack (local UDP DNS dead in tproxy mode)',
      address: 'https://github.com/v2rayA/v2rayA/pull/1913',
    },
    backend: 'iptables-legacy',
    hosts: {
      box: {
        addresses: { eth0: ['192.0.2.2/24'] },
        routes: ['default via 192.0.2.1'],
        listeners: [{ protocol: 'udp', address: '127.0.0.1', port: 52353 }],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:TP_OUT - [0:0]
:TP_PRE - [0:0]
-A PREROUTING -j TP_PRE
-A OUTPUT -j TP_OUT
-A TP_OUT -m mark --mark 0x80/0x80 -j RETURN
-A TP_OUT -p udp -m udp --dport 53 -j MARK --set-xmark 0x40/0xc0
-A TP_PRE -m mark --mark 0x80/0x80 -j RETURN
-A TP_PRE -p udp -m udp --dport 53 -m mark --mark 0x40/0xc0 -j TPROXY --on-port 52353 --on-ip 127.0.0.1 --tproxy-mark 0x40/0xc0
-A TP_PRE -p tcp -m mark --mark 0x40/0xc0 -j TPROXY --on-port 52345 --on-ip 127.0.0.1 --tproxy-mark 0x40/0xc0
-A TP_PRE -p udp -m mark --mark 0x40/0xc0 -j TPROXY --on-port 52345 --on-ip 127.0.0.1 --tproxy-mark 0x40/0xc0
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p udp -m udp --dport 53 -j REDIRECT --to-ports 52353
COMMIT
`,
        },
      },
      resolver: {
        addresses: { eth0: ['192.0.2.1/24'], lo: ['203.0.113.53/32'] },
        listeners: [{ protocol: 'tcp', port: 53 }],
      },
    },
    links: [['box:eth0', 'resolver:eth0']],
    traced: 'box',
    setup: [
      ['box', 'ip rule add fwmark 0x40/0xc0 lookup 100; ip route add local default dev lo table 100'],
      ['box', SWALLOWS],
    ],
    fails: { from: 'box', what: 'udp', to: '203.0.113.53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'box', what: 'tcp', to: '203.0.113.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'box', what: 'ping', to: '203.0.113.53' }, seen: 'answered' },
    ],
    truth: {
      words:
        'REDIRECT gives the query the port 52353, and the mark leads it round by loopback: there the rule for DNS asks for port 53, and the next one gives the query to the proxy on 52345.',
      causes: [
        { rule: '-p udp -m mark --mark 0x40/0xc0 -j TPROXY --on-port 52345', chain: 'mangle TP_PRE' },
        { rule: '--dport 53 -m mark --mark 0x40/0xc0 -j TPROXY', chain: 'mangle TP_PRE' },
      ],
      status: ['unanswered'],
    },
    mend: [['box', 'iptables -t mangle -I TP_PRE 2 -p udp -m udp --dport 52353 -j RETURN']],
  },
  {
    name: 'nordvpn-container-asks-the-primary-group-alone',
    thread: { title: 'nordvpnd login blocked by iptables', address: 'https://github.com/bubuntux/nordvpn/issues/57' },
    backend: 'iptables-legacy',
    hosts: {
      container: {
        addresses: { eth0: ['172.19.0.2/16'] },
        routes: ['default via 172.19.0.1'],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -d 172.19.0.0/16 -j ACCEPT
-A OUTPUT -m owner --gid-owner 104 -j ACCEPT
COMMIT
`,
        },
      },
      host: { addresses: { eth0: ['172.19.0.1/16'], lo: ['203.0.113.9/32'] }, listeners: [HTTPS] },
    },
    links: [['container:eth0', 'host:eth0']],
    traced: 'container',
    fails: { from: 'container', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'container', what: 'tcp', to: '172.19.0.1', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        "The daemon's primary group is root's, and 104 is at most one of its others: --gid-owner asks for the primary group, and the policy drops the login.",
      causes: [{ rule: '--gid-owner 104', chain: 'filter OUTPUT' }, { policy: 'filter OUTPUT' }],
      status: ['dropped'],
    },
    mend: [['container', 'iptables -A OUTPUT -m owner --gid-owner 0 -j ACCEPT']],
  },
]

/** By iptables-nft, from threads: protocols without ports or with a checksum of their own, ports that nobody has published, replies that are dropped on purpose; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksByProtocol, repliesByProtocol } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const FILTER = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'

/** An advertisement of VRRP: version 2, router 51, priority 100, one address. */
const ADVERTISEMENT = '2133640100010000c000020a0000000000000000'

/** INIT from port 36412 to 36412, with its checksum; INIT ACK, whose checksum was left to a card that does not make it. */
const INIT = '8e3c8e3c0000000064ff8191010000140000000100010000000a000a00000001'
const INIT_ACK = '8e3c8e3c0000000100000000020000140000000200010000000a000a00000001'

export const THREADS_AR_IPTABLES: Problem[] = [
  {
    name: 'nixos-firewall-lets-no-vrrp-in',
    thread: { title: 'Unclear error message', address: 'https://github.com/acassen/keepalived/issues/821' },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [{ protocol: 'tcp', port: 10000 }],
        rules: {
          v4: `*filter
${FILTER}:nixos-fw - [0:0]
:nixos-fw-accept - [0:0]
:nixos-fw-refuse - [0:0]
:nixos-fw-log-refuse - [0:0]
-A INPUT -j nixos-fw
-A nixos-fw -i lo -j nixos-fw-accept
-A nixos-fw -m conntrack --ctstate RELATED,ESTABLISHED -j nixos-fw-accept
-A nixos-fw -p tcp -m tcp --dport 10000 -j nixos-fw-accept
-A nixos-fw -p icmp -m icmp --icmp-type 8 -j nixos-fw-accept
-A nixos-fw -j nixos-fw-log-refuse
-A nixos-fw-accept -j ACCEPT
-A nixos-fw-log-refuse -m pkttype ! --pkt-type unicast -j nixos-fw-refuse
-A nixos-fw-log-refuse -j nixos-fw-refuse
-A nixos-fw-refuse -j DROP
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    setup: [
      ['client', asksByProtocol(112, '192.0.2.1', ADVERTISEMENT)],
      ['server', repliesByProtocol(112, '192.0.2.1', ADVERTISEMENT)],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'vrrp', dst: '192.0.2.1' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 10000 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 23 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'No rule accepts the protocol of VRRP, so advertisements are refused, and each node takes itself for the master.',
      causes: [
        { rule: '-j nixos-fw-log-refuse', chain: 'filter nixos-fw' },
        { rule: '-j nixos-fw-refuse', chain: 'filter nixos-fw-log-refuse' },
        { rule: '-j DROP', chain: 'filter nixos-fw-refuse' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -I nixos-fw 5 -p 112 -j nixos-fw-accept']],
  },
  {
    name: 'calico-drops-the-init-ack-of-sctp-as-invalid',
    thread: {
      title: 'Calico IP-forward rule causing SCTP connection to drop',
      address: 'https://github.com/projectcalico/calico/issues/2570',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['default via 192.0.2.1'], listeners: [HTTPS] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], cali1: ['169.254.1.1/32'] },
        routes: ['10.244.1.5 dev cali1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-fw-cali1 - [0:0]
:cali-tw-cali1 - [0:0]
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-FORWARD -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -j cali-to-wl-dispatch
-A cali-FORWARD -j MARK --set-xmark 0x10000/0x10000
-A cali-from-wl-dispatch -i cali1 -g cali-fw-cali1
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-to-wl-dispatch -o cali1 -g cali-tw-cali1
-A cali-to-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-fw-cali1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1 -m comment --comment "cali:nrRYKNz5iJPxLbvb" -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1 -j MARK --set-xmark 0x0/0x10000
-A cali-tw-cali1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali1 -m comment --comment "cali:VAKfjUiWZY3FdsCf" -m conntrack --ctstate INVALID -j DROP
-A cali-tw-cali1 -j MARK --set-xmark 0x0/0x10000
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.244.1.5/32'] },
        routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'],
        listeners: [HTTP],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:cali1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      ['client', asksByProtocol(132, '10.244.1.5', INIT)],
      ['pod', repliesByProtocol(132, '10.244.1.5', INIT_ACK)],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'sctp', dst: '10.244.1.5', dport: 36412 },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.244.1.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The checksum of the INIT ACK is not right, so connection tracking finds it invalid, and the pod's chain drops what is invalid.",
      causes: [{ rule: '--ctstate INVALID -j DROP', chain: 'filter cali-fw-cali1' }],
      status: ['reply-lost', 'dropped'],
      alsoTrue: ['invalid-state'],
    },
    mend: [
      [
        'node',
        'iptables -D cali-fw-cali1 -m comment --comment "cali:nrRYKNz5iJPxLbvb" -m conntrack --ctstate INVALID -j DROP',
      ],
    ],
  },
  {
    name: 'turn-server-relays-at-ports-that-docker-does-not-publish',
    thread: {
      title: 'TURN ports are not published',
      address: 'https://github.com/anastasiia-zolochevska/turn-server-docker-image/issues/1',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'] },
        routes: ['default via 192.0.2.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 3478 -j DNAT --to-destination 172.17.0.2:3478
-A DOCKER ! -i docker0 -p udp -m udp --dport 3478 -j DNAT --to-destination 172.17.0.2:3478
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 3478 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp -m udp --dport 3478 -j ACCEPT
COMMIT
`,
        },
      },
      coturn: {
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [
          { protocol: 'udp', port: 3478 },
          { protocol: 'udp', port: 54277 },
        ],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'coturn:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 54277 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 3478 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 3479 }, seen: 'refused' },
    ],
    truth: {
      words:
        'Docker publishes the port of the listener alone. The port that the container relays at has no DNAT, so the host takes the packet itself, where nobody listens.',
      causes: [{ rule: '--dport 3478 -j DNAT', chain: 'nat DOCKER' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -A DOCKER ! -i docker0 -p udp -m udp --dport 49152:65535 -j DNAT --to-destination 172.17.0.2; iptables -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp -m udp --dport 49152:65535 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'tcpcopy-drops-what-the-server-under-test-replies',
    thread: {
      title: 'tcpdump捕获了大量的镜像包，但是访问日志内数据却很少',
      address: 'https://github.com/session-replay-tools/tcpcopy/issues/313',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['10.10.136.9/24'] } },
      server: {
        addresses: { eth0: ['10.10.136.12/24'], eth1: ['10.20.0.12/24'] },
        listeners: [HTTP, SSH],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80,8080 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --sport 80 -j DROP
COMMIT
`,
        },
      },
      admin: { addresses: { eth0: ['10.20.0.9/24'] } },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['admin:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '10.10.136.12', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.10.136.12', port: 22 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '10.20.0.12', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'So that copied requests do not answer the real clients, OUTPUT drops what comes from port 80: to everybody.',
      causes: [{ rule: '--sport 80 -j DROP', chain: 'filter OUTPUT' }],
      status: ['reply-lost', 'dropped'],
    },
    mend: [['server', 'iptables -D OUTPUT -o eth0 -p tcp -m tcp --sport 80 -j DROP']],
  },
  {
    name: 'healthy-quic-is-rejected-so-that-browsers-ask-by-tcp',
    thread: {
      title: 'iptables应设置禁止通过UDP到远端443端口，防止QUIC协议滥用UDP',
      address: 'https://github.com/shadowsocks/shadowsocks-libev/issues/309',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        listeners: [HTTPS, { protocol: 'udp', port: 443 }],
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p udp -m udp --dport 443 -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -m tcpmss ! --mss 536:65535 -j DROP
-A FORWARD -i lan -o wan -p tcp -m multiport ! --dports 25,445 -j ACCEPT
-A FORWARD -i lan -o wan -p udp -m length --length 28:1400 -j ACCEPT
-A FORWARD -i lan -j REJECT --reject-with icmp-admin-prohibited
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['pc:eth0', 'router:lan'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [{ sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 443 }, seen: 'refused' }],
    truth: { words: 'Nothing is wrong with what goes by TCP.', causes: [], status: ['answered'] },
    mend: [['router', 'true']],
  },
]

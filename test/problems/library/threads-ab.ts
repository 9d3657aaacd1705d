/** Ways back and rules in front of others, from threads: replies by another uplink or past a transparent proxy, forwarding that was switched off, DNAT and MASQUERADE that an earlier rule takes. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

/** Asks the container from its client's own address and port, as `proxy_bind $remote_addr:$remote_port transparent` does. */
const TRANSPARENT_PROXY = `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('192.0.2.1',8181))
while True:
  d,who=s.recvfrom(2000)
  o=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); o.setsockopt(0,19,1); o.settimeout(1); o.bind(who)
  try: o.sendto(d,('172.16.239.10',8080)); s.sendto(o.recv(2000),who)
  except OSError: pass
  o.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :8181 && break; sleep .1; done`

const docker = (bridge: string, net: string, nat: string, filter: string) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s ${net} ! -o ${bridge} -j MASQUERADE
-A DOCKER -i ${bridge} -j RETURN
${nat}COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o ${bridge} -j DOCKER
-A FORWARD -i ${bridge} ! -o ${bridge} -j ACCEPT
-A FORWARD -i ${bridge} -o ${bridge} -j ACCEPT
${filter}-A DOCKER-USER -j RETURN
COMMIT
`

export const THREADS_AB: Problem[] = [
  {
    name: 'docker-second-uplink-is-routed-by-the-hosts-address',
    thread: {
      title: 'Connections to ports published to secondary interface fail with source IP routing',
      address: 'https://github.com/moby/moby/issues/35251',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.254'] },
      isp2: { addresses: { eth0: ['198.51.100.254/24'], eth1: ['203.0.113.254/24'] }, sysctls: FORWARDS },
      // leads nowhere but to its own network
      isp1: { addresses: { eth0: ['192.0.2.254/24'] }, sysctls: FORWARDS, listeners: WEB },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['203.0.113.1/24'], docker0: ['172.17.0.1/16'] },
        routes: ['default via 192.0.2.254', 'default via 203.0.113.254 table 1001'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: docker(
            'docker0',
            '172.17.0.0/16',
            '-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80\n',
            '-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT\n',
          ),
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'isp2:eth0'],
      ['isp2:eth1', 'host:eth1'],
      ['isp1:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'ip rule add from 203.0.113.1 lookup 1001']],
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'isp1', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule that sends replies back by eth1 asks for the host's own address as source. A container's reply has the container's when it is routed, so it leaves by the default route on eth0.",
      causes: [{ code: 'reply-by-other-uplink', words: ['eth0', 'eth1'] }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'host',
        'iptables -t mangle -A PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-mark 1; iptables -t mangle -A PREROUTING -i docker0 -j CONNMARK --restore-mark; ip rule add fwmark 1 lookup 1001',
      ],
    ],
  },
  {
    name: 'nginx-binds-to-its-clients-address-in-front-of-a-container',
    thread: {
      title: 'Docker Support',
      address: 'https://github.com/torrust/torrust-tracker/issues/11',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      gw: { addresses: { eth0: ['198.51.100.1/24'], eth1: ['192.0.2.254/24'] }, sysctls: FORWARDS },
      host: {
        bridges: { 'br-tracker': ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], 'br-tracker': ['172.16.239.1/24'] },
        routes: ['default via 192.0.2.254'],
        sysctls: FORWARDS,
        rules: {
          v4: docker(
            'br-tracker',
            '172.16.239.0/24',
            '-A DOCKER ! -i br-tracker -p udp -m udp --dport 8080 -j DNAT --to-destination 172.16.239.10:8080\n',
            '-A DOCKER -d 172.16.239.10/32 ! -i br-tracker -o br-tracker -p udp -m udp --dport 8080 -j ACCEPT\n',
          ),
        },
      },
      tracker: {
        addresses: { eth0: ['172.16.239.10/24'] },
        routes: ['default via 172.16.239.1'],
        listeners: [{ protocol: 'udp', port: 8080 }],
      },
    },
    links: [
      ['client:eth0', 'gw:eth0'],
      ['gw:eth1', 'host:eth0'],
      ['host:veth1', 'tracker:eth0'],
    ],
    traced: 'host',
    setup: [['host', TRANSPARENT_PROXY]],
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 8181 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '172.16.239.10' },
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'tracker', what: 'ping', to: '198.51.100.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "nginx asks the container from its client's address. The container's reply goes to that address, no mark and no table of local routes gives it to nginx, and the host forwards it to the client, which asked another address and port.",
      causes: [
        { code: 'proxy-missing' },
        { code: 'wrong-way-out', words: ['172.16.239.10'] },
        { code: 'reply-from-other-address', words: ['172.16.239.10'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'host',
        'iptables -t mangle -A PREROUTING -i br-tracker -p udp -m udp --sport 8080 -m socket --transparent -j MARK --set-mark 1; ip rule add fwmark 1 lookup 100; ip route add local 0.0.0.0/0 dev lo table 100',
      ],
    ],
  },
  {
    name: 'network-restart-turns-forwarding-off-under-open-flows',
    thread: {
      title: "'service network restart' silently disables IP forwarding until Openshift node is restarted",
      address: 'https://github.com/openshift/origin/issues/9931',
    },
    backend: 'iptables-nft',
    hosts: {
      dns: { addresses: { eth0: ['192.0.2.53/24'] }, listeners: [DNS] },
      node: {
        bridges: { lbr0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], lbr0: ['10.1.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.1.0.0/16 ! -d 10.1.0.0/16 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -s 10.1.0.0/16 -j ACCEPT
-A FORWARD -d 10.1.0.0/16 -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
        },
      },
      pod: { addresses: { eth0: ['10.1.0.5/24'] }, routes: ['default via 10.1.0.1'] },
    },
    links: [
      ['dns:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'udp', to: '192.0.2.53', port: 53, sport: 35353 },
    seen: 'nothing',
    earlier: {
      sendings: [{ from: 'pod', what: 'udp', to: '192.0.2.53', port: 53, sport: 35353 }],
      change: [['node', 'sysctl -qw net.ipv4.ip_forward=0']],
    },
    others: [
      { sending: { from: 'dns', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.1.0.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Forwarding was switched off by the restart of the network: what belongs to a connection that the node had forwarded is not forwarded any more.',
      causes: [{ code: 'vanished-forwarding-off' }],
      status: ['lost'],
    },
    mend: [['node', 'sysctl -w net.ipv4.ip_forward=1']],
  },
  {
    name: 'docker-forward-of-a-removed-container-is-in-front',
    thread: {
      title: 'Docker creates firewall rules in nat table that forward packets to wrong container IPs',
      address: 'https://github.com/moby/moby/issues/32048',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        rules: {
          v4: docker(
            'docker0',
            '172.17.0.0/16',
            `-A DOCKER ! -i docker0 -p tcp -m tcp --dport 18968 -j DNAT --to-destination 172.17.0.17:18968
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 18968 -j DNAT --to-destination 172.17.0.23:18968
`,
            `-A DOCKER -d 172.17.0.17/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 18968 -j ACCEPT
-A DOCKER -d 172.17.0.23/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 18968 -j ACCEPT
`,
          ),
        },
      },
      c23: {
        addresses: { eth0: ['172.17.0.23/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [{ protocol: 'tcp', port: 18968 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c23:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 18968 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.23', port: 18968 }, seen: 'answered' },
      { sending: { from: 'c23', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The forward of a container that is gone was left in front of the new one for the same port, and nobody has its address any more.',
      causes: [
        { rule: '--to-destination 172.17.0.17:18968', chain: 'nat DOCKER' },
        { code: 'neighbour-failed', words: ['172.17.0.17'] },
      ],
      status: ['lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -D DOCKER ! -i docker0 -p tcp -m tcp --dport 18968 -j DNAT --to-destination 172.17.0.17:18968',
      ],
    ],
  },
  {
    name: 'pritunl-accepts-the-network-before-it-masquerades-the-host',
    thread: {
      title: 'Improve iptable sorting',
      address: 'https://github.com/pritunl/pritunl/pull/446',
    },
    backend: 'iptables-nft',
    hosts: {
      laptop: { addresses: { tun0: ['172.30.1.2/24'] }, routes: ['default via 172.30.1.1'] },
      vpn: {
        addresses: { tun0: ['172.30.1.1/24'], eth0: ['172.16.1.10/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.30.1.0/24 -d 172.16.0.0/24 -m comment --comment pritunl-583c953f26365b65dbfd2c59 -j ACCEPT
-A POSTROUTING -s 172.30.1.0/24 -d 172.16.1.0/24 -m comment --comment pritunl-583c953f26365b65dbfd2c59 -j ACCEPT
-A POSTROUTING -s 172.30.1.0/24 -d 172.31.0.0/16 -m comment --comment pritunl-583c953f26365b65dbfd2c59 -j ACCEPT
-A POSTROUTING -s 172.30.1.0/24 -d 172.16.1.2/32 -m comment --comment pritunl-583c953f26365b65dbfd2c59 -j MASQUERADE
-A POSTROUTING -s 172.30.1.0/24 -d 10.0.0.0/8 -m comment --comment pritunl-583c953f26365b65dbfd2c59 -j MASQUERADE
-A POSTROUTING -s 172.30.1.0/24 -m comment --comment pritunl-583c953f26365b65dbfd2c59 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
        },
      },
      // knows the way to the tunnel's network
      files: {
        addresses: { eth0: ['172.16.1.5/24'] },
        routes: ['172.30.1.0/24 via 172.16.1.10'],
        listeners: [HTTPS],
      },
      printer: { addresses: { eth0: ['172.16.1.2/24'] }, listeners: [HTTPS] },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] } },
    },
    links: [
      ['laptop:tun0', 'vpn:tun0'],
      ['vpn:eth0', 'switch:p1'],
      ['files:eth0', 'switch:p2'],
      ['printer:eth0', 'switch:p3'],
    ],
    traced: 'vpn',
    fails: { from: 'laptop', what: 'tcp', to: '172.16.1.2', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '172.16.1.5', port: 443 }, seen: 'answered' },
      { sending: { from: 'vpn', what: 'tcp', to: '172.16.1.2', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The network that the host lies in is accepted before the rule that masquerades to the host, so the host gets an address that it knows no way to.',
      causes: [
        { rule: '-d 172.16.1.0/24', chain: 'nat POSTROUTING' },
        { rule: '-d 172.16.1.2/32', chain: 'nat POSTROUTING' },
      ],
      status: ['unanswered'],
    },
    mend: [['vpn', 'iptables -t nat -I POSTROUTING -s 172.30.1.0/24 -d 172.16.1.2/32 -j MASQUERADE']],
  },
]

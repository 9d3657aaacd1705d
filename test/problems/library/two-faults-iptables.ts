/** By iptables-nft: two or three things are in the way at once, and each alone is enough to stop it. Set up by hand; each line of `mend` mends one. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { PUT_TOGETHER } from './two-faults-legacy.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

const listenAt = (address: string, port: number) =>
  `setsid python3 -c "import socket
s=socket.socket(); s.setsockopt(1,2,1); s.bind(('${address}',${port})); s.listen(9)
s.settimeout(20)
while True:
  c,_=s.accept(); c.sendall(b'x'); c.close()" >/dev/null 2>&1 & for i in $(seq 100); do ss -ltn | grep -q '${address}:${port} ' && break; sleep 0.1; done`

/** As ufw writes it: what is open stands in ufw-user-input. */
const ufw = (user: string, first = '') => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-sshd - [0:0]
:ufw-after-input - [0:0]
:ufw-before-input - [0:0]
:ufw-not-local - [0:0]
:ufw-user-input - [0:0]
${first}-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A f2b-sshd -s 192.0.2.2/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
-A ufw-after-input -p udp -m udp --dport 137 -j DROP
-A ufw-after-input -m addrtype --dst-type BROADCAST -j DROP
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -j DROP
${user}COMMIT
`

export const TWO_FAULTS_IPTABLES: Problem[] = [
  {
    name: 'faults-database-listens-at-another-address-and-input-drops',
    thread: PUT_TOGETHER,
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH, { protocol: 'tcp', port: 5432, address: '127.0.0.1' }],
        rules: { v4: ufw('-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT\n') },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words: "ufw does not accept the port, so INPUT's policy drops it, and the database listens at 127.0.0.1 alone.",
      causes: [{ policy: 'filter INPUT' }, { code: 'wrong-bind-address' }, { code: 'listens-elsewhere' }],
      status: ['dropped'],
      alsoTrue: ['several-causes', 'no-listener'],
    },
    mend: [
      ['server', 'iptables -A ufw-user-input -p tcp --dport 5432 -j ACCEPT'],
      ['server', listenAt('192.0.2.1', 5432)],
    ],
  },
  {
    name: 'faults-ufw-and-a-ban-and-a-table-of-nft-beside-it',
    thread: PUT_TOGETHER,
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH, HTTPS, ...WEB],
        rules: {
          v4: ufw(
            '-A ufw-user-input -p tcp -m tcp --dport 443 -j ACCEPT\n-A ufw-user-input -s 192.0.2.77/32 -p tcp -m tcp --dport 22 -j ACCEPT\n',
            '-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd\n',
          ),
          nft: `table inet filter {
  chain input {
    type filter hook input priority 10; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 80, 443 } accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'fail2ban bans the client; ufw accepts ssh from another address alone; and a table of nft drops what is not for 80 or 443.',
      causes: [
        { rule: '-s 192.0.2.2', chain: 'filter f2b-sshd' },
        { policy: 'filter INPUT' },
        { policy: 'inet filter input' },
      ],
      status: ['rejected'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['server', 'iptables -D f2b-sshd -s 192.0.2.2/32 -j REJECT --reject-with icmp-port-unreachable'],
      ['server', 'iptables -A ufw-user-input -s 192.0.2.2/32 -p tcp --dport 22 -j ACCEPT'],
      ['server', 'nft add rule inet filter input tcp dport 22 accept'],
    ],
  },
  {
    name: 'faults-six-output-without-the-port-and-without-neighbour-discovery',
    thread: PUT_TOGETHER,
    backend: 'iptables-nft',
    hosts: {
      mirror: {
        addresses: { eth0: ['2001:db8:1::9/64', '192.0.2.9/24'] },
        listeners: [{ ...HTTPS, address: '::' }, HTTPS],
      },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64', '192.0.2.1/24'] },
        listeners: [SSH],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['mirror:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '2001:db8:1::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'mirror', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "ip6tables' OUTPUT accepts neither port 443 nor the neighbour solicitation that has to go first, and INPUT does not accept the advertisement.",
      causes: [{ policy: 'filter OUTPUT' }, { policy: 'filter INPUT' }],
      status: ['dropped', 'rejected'],
      alsoTrue: ['several-causes', 'neighbour-discovery-dropped'],
    },
    mend: [
      ['server', 'ip6tables -A OUTPUT -p tcp --dport 443 -j ACCEPT'],
      ['server', 'ip6tables -A OUTPUT -p ipv6-icmp --icmpv6-type neighbour-solicitation -j ACCEPT'],
      ['server', 'ip6tables -A INPUT -p ipv6-icmp --icmpv6-type neighbour-advertisement -j ACCEPT'],
    ],
  },
  {
    name: 'faults-docker-stale-destination-first-and-a-drop-for-users',
    thread: PUT_TOGETHER,
    backend: 'iptables-nft',
    ...bridged('docker0', '172.17.0.1/16', {
      listeners: [SSH],
      rules: {
        v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.3:80
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A DNAT for a container that is gone stands in front of the right one, and a rule in DOCKER-USER drops what was sent to port 8080.',
      causes: [
        { rule: '--ctorigdstport 8080', chain: 'filter DOCKER-USER' },
        { rule: '172.17.0.3:80', chain: 'nat DOCKER' },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -D DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.3:80',
      ],
      ['host', 'iptables -D DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL -j DROP'],
    ],
  },
  {
    name: 'faults-node-port-whose-mark-is-overwritten-and-a-policy-of-the-pod',
    thread: PUT_TOGETHER,
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], cni0: ['10.42.0.1/24'] },
        bridges: { cni0: ['veth1'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -o cni0 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*nat
${NAT}:KUBE-EXT-WEB - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-WEB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-WEB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-EXT-WEB -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-WEB -j KUBE-SVC-WEB
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-WEB
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-WEB -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.42.0.7:80
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-WEB -m comment --comment "default/web -> 10.42.0.7:80" -j KUBE-SEP-WEB
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NWPLCY-WEB - [0:0]
:KUBE-POD-FW-WEB - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
-A FORWARD -m comment --comment "kube-router netpol" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-NWPLCY-WEB -s 10.42.0.0/16 -d 10.42.0.7/32 -p tcp -m tcp --dport 80 -m comment --comment "rule to ACCEPT traffic from pods to web" -j RETURN
-A KUBE-NWPLCY-WEB -d 10.42.0.7/32 -m comment --comment "default deny for default/web" -j REJECT --reject-with icmp-port-unreachable
-A KUBE-POD-FW-WEB -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A KUBE-POD-FW-WEB -m comment --comment "run through nw policy web" -j KUBE-NWPLCY-WEB
-A KUBE-ROUTER-FORWARD -d 10.42.0.7/32 -m comment --comment "rule to jump traffic destined to POD name:web" -j KUBE-POD-FW-WEB
COMMIT
`,
        },
      },
      pod: { addresses: { eth0: ['10.42.0.7/24'] }, routes: ['default via 10.42.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 },
    seen: 'refused',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.42.0.7', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The pod's policy accepts pods alone, and a rule in mangle overwrites the mark by which KUBE-FORWARD accepts what came to a node port.",
      causes: [
        { rule: 'default deny for default/web', chain: 'filter KUBE-NWPLCY-WEB' },
        { rule: '--set-xmark 0x1/0xffffffff', chain: 'mangle FORWARD' },
        { policy: 'filter FORWARD' },
      ],
      status: ['rejected'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['node', 'iptables -I KUBE-NWPLCY-WEB -s 192.0.2.9 -d 10.42.0.7 -p tcp --dport 80 -j RETURN'],
      ['node', 'iptables -t mangle -R FORWARD 1 -o cni0 -j MARK --set-xmark 0x1/0x1'],
    ],
  },
]

/** Hosts of Docker and Podman: what is published, and what containers ask of the host and of the LAN. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const ENGINE_HOSTS: Problem[] = [
  {
    name: 'swarm-ingress-port-not-in-forward',
    thread: {
      title: 'Accessing published service ports does not work with 17.05.0-ce-rc2',
      address: 'https://github.com/moby/moby/issues/32918',
    },
    backend: 'iptables-legacy',
    ...bridged(
      'docker_gwbridge',
      '172.18.0.1/16',
      {
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
:DOCKER-INGRESS - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE
-A DOCKER-INGRESS -p tcp -m tcp --dport 8000 -j DNAT --to-destination 172.18.0.2:8000
-A DOCKER-INGRESS -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION - [0:0]
-A FORWARD -j DOCKER-ISOLATION
-A FORWARD -o docker_gwbridge -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker_gwbridge -j DOCKER
-A FORWARD -i docker_gwbridge ! -o docker_gwbridge -j ACCEPT
-A FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP
-A DOCKER-ISOLATION -i docker0 -o docker_gwbridge -j DROP
-A DOCKER-ISOLATION -i docker_gwbridge -o docker0 -j DROP
-A DOCKER-ISOLATION -j RETURN
COMMIT
`,
        },
      },
      { listeners: [{ protocol: 'tcp', port: 8000 }, ...WEB] },
    ),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8000 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 8000 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.18.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "nat's DOCKER-INGRESS leads the port to the ingress sandbox, and filter lacks its DOCKER-INGRESS: FORWARD's policy drops it.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter FORWARD' }, { chain: 'filter DOCKER' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'iptables -N DOCKER-INGRESS; iptables -A DOCKER-INGRESS -p tcp --dport 8000 -j ACCEPT; iptables -A DOCKER-INGRESS -p tcp --sport 8000 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables -I FORWARD -j DOCKER-INGRESS',
      ],
    ],
  },
  {
    name: 'docker-icc-off-drops-published-port',
    thread: {
      title: 'libnetwork/d/bridge: reach published ports with icc=false',
      address: 'https://github.com/moby/moby/pull/53723',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
      host: {
        bridges: { 'br-app': ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], 'br-app': ['172.18.0.1/16'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o br-app -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o br-app -j MASQUERADE
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d 172.18.0.2/32 ! -i br-app -o br-app -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i br-app -o br-app -j DROP
-A DOCKER-BRIDGE -o br-app -j DOCKER
-A DOCKER-CT -o br-app -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i br-app -o br-app -j DROP
-A DOCKER-FORWARD -i br-app -j ACCEPT
COMMIT
`,
        },
      },
      c1: { addresses: { eth0: ['172.18.0.2/16'] }, routes: ['default via 172.18.0.1'], listeners: WEB },
      c2: { addresses: { eth0: ['172.18.0.3/16'] }, routes: ['default via 172.18.0.1'] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
      ['host:veth2', 'c2:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1']],
    fails: { from: 'c2', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: '172.18.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'c2', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The published port leads back into the same bridge, where containers may not talk to each other: the rule of icc=false drops it.',
      causes: [{ rule: '-i br-app -o br-app -j DROP', chain: 'filter DOCKER-FORWARD' }, { chain: 'filter DOCKER' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -I DOCKER-FORWARD -i br-app -o br-app -m conntrack --ctstate DNAT -j ACCEPT']],
  },
  {
    name: 'netavark-resolver-behind-input-reject',
    thread: {
      title: 'dns not availabale in container when using bridge network and default INPUT policy on host is DROP',
      address: 'https://github.com/containers/netavark/issues/742',
    },
    backend: 'nft',
    hosts: {
      c1: { addresses: { eth0: ['fd00:89::2/64'] }, routes: ['default via fd00:89::1'] },
      host: {
        bridges: { podman1: ['veth1'] },
        addresses: { podman1: ['fd00:89::1/64'], eth0: ['2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'udp', address: 'fd00:89::1', port: 53 },
          { protocol: 'tcp', address: '2001:db8:1::1', port: 22 },
        ],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy accept;
    ct state established,related accept
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
    reject with icmpx admin-prohibited
  }
}
table inet netavark {
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    ip6 daddr fd00:89::/64 ct state established,related accept
    ip6 saddr fd00:89::/64 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd00:89::/64 ip6 daddr != fd00:89::/64 ip6 daddr != ff00::/8 masquerade
  }
}
`,
        },
      },
      far: { addresses: { eth0: ['2001:db8:1::9/64'] }, listeners: [{ protocol: 'tcp', address: '::', port: 80 }] },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['host:eth0', 'far:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'udp', to: 'fd00:89::1', port: 53 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '2001:db8:1::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: 'fd00:89::1' }, seen: 'answered' },
      { sending: { from: 'far', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'far', what: 'udp', to: 'fd00:89::1', port: 53 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The resolver of the container's network listens on the bridge's own address, so the query passes input, which rejects what no rule accepts.",
      causes: [{ rule: 'reject with icmpx', chain: 'inet filter input' }, { chain: 'inet filter input' }],
      status: ['rejected'],
    },
    mend: [['host', 'nft insert rule inet filter input ip6 saddr fd00:89::/64 udp dport 53 accept']],
  },
  {
    name: 'ufw-docker-spares-one-network-alone',
    thread: {
      title: 'docker containers lost communication',
      address: 'https://github.com/chaifeng/ufw-docker/issues/123',
    },
    backend: 'iptables-legacy',
    hosts: {
      resolver: {
        addresses: { eth0: ['192.168.0.1/24'] },
        listeners: [{ protocol: 'udp', port: 53 }, ...WEB],
      },
      host: {
        bridges: { docker0: ['veth1'], 'br-media': ['veth2'] },
        addresses: { eth0: ['192.168.0.5/24'], docker0: ['172.17.0.1/16'], 'br-media': ['172.18.0.1/16'] },
        routes: ['default via 192.168.0.1'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A POSTROUTING -s 172.18.0.0/16 ! -o br-media -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:ufw-docker-logging-deny - [0:0]
:ufw-user-forward - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o br-media -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br-media ! -o br-media -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER-USER -j ufw-user-forward
-A DOCKER-USER -s 172.17.0.0/16 -j RETURN
-A DOCKER-USER -s 192.168.0.0/24 -j RETURN
-A DOCKER-USER -p udp -m udp --sport 53 --dport 1024:65535 -j RETURN
-A DOCKER-USER -d 192.168.0.0/24 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ufw-docker-logging-deny
-A DOCKER-USER -d 172.17.0.0/16 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ufw-docker-logging-deny
-A DOCKER-USER -d 192.168.0.0/24 -p udp -m udp --dport 0:32767 -j ufw-docker-logging-deny
-A DOCKER-USER -d 172.17.0.0/16 -p udp -m udp --dport 0:32767 -j ufw-docker-logging-deny
-A DOCKER-USER -j RETURN
-A ufw-docker-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW DOCKER BLOCK] "
-A ufw-docker-logging-deny -j DROP
COMMIT
`,
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
      c2: { addresses: { eth0: ['172.18.0.2/16'] }, routes: ['default via 172.18.0.1'] },
    },
    links: [
      ['resolver:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
      ['host:veth2', 'c2:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c2', what: 'udp', to: '192.168.0.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'udp', to: '192.168.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'ping', to: '192.168.0.1' }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: '192.168.0.1', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'DOCKER-USER returns for one network of Docker, and drops what a container of the other one asks of the LAN.',
      causes: [
        { rule: '-j DROP', chain: 'filter ufw-docker-logging-deny' },
        { rule: '--dport 0:32767 -j ufw-docker-logging-deny', chain: 'filter DOCKER-USER' },
        { rule: '-s 172.17.0.0/16 -j RETURN', chain: 'filter DOCKER-USER' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -I DOCKER-USER 2 -s 172.18.0.0/16 -j RETURN']],
  },
]

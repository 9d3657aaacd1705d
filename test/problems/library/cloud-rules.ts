/** Hosts in clouds: a metadata service, probes of a balancer, a list of ports for replies, and a port for the host alone. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const CLOUD_RULES: Problem[] = [
  {
    name: 'docker-metadata-reply-has-one-hop-left',
    thread: {
      title: 'IMDSv2Tokens="required" doesn\'t work with docker containers',
      address: 'https://github.com/buildkite/elastic-ci-stack-for-aws/issues/857',
    },
    backend: 'iptables-nft',
    hosts: {
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { docker0: ['172.17.0.1/16'], eth0: ['10.0.0.5/24'], eth1: ['10.0.1.5/24'] },
        routes: ['default via 10.0.0.1'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      imds: {
        addresses: { eth0: ['10.0.0.1/24'], lo: ['169.254.169.254/32'] },
        sysctls: { 'net.ipv4.ip_default_ttl': '1' },
        listeners: WEB,
      },
      web: { addresses: { eth0: ['10.0.1.9/24'] }, listeners: WEB },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['host:eth0', 'imds:eth0'],
      ['host:eth1', 'web:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '169.254.169.254', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '169.254.169.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '10.0.1.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The metadata service's replies come with a TTL of 1: they are for the instance itself, and it may not forward them to a container.",
      causes: [{ code: 'vanished-ttl' }],
      status: ['reply-lost', 'lost'],
    },
    mend: [['imds', 'sysctl -w net.ipv4.ip_default_ttl=2']],
  },
  {
    name: 'gcp-probes-of-ipv6-have-a-second-range',
    thread: {
      title: 'Firewall rules',
      address: 'https://cloud.google.com/load-balancing/docs/firewall-rules',
    },
    backend: 'nft',
    hosts: {
      prober: { addresses: { eth0: ['2600:2d00:1:1::5/64'] }, routes: ['2001:db8:1::1 dev eth0'] },
      older: { addresses: { eth0: ['2600:2d00:1:b029::5/64'] }, routes: ['2001:db8:1::/64 via 2600:2d00:1:b029::1'] },
      vm: {
        addresses: {
          eth0: ['2001:db8:1::1/64', '2600:2d00:1:1::1/64'],
          eth1: ['2600:2d00:1:b029::1/64'],
        },
        listeners: [8080, 22].map((port) => ({ protocol: 'tcp' as const, address: '2001:db8:1::1', port })),
        rules: {
          nft: `table inet filter {
  set lb_probes4 {
    type ipv4_addr
    flags interval
    elements = { 35.191.0.0/16, 130.211.0.0/22 }
  }
  set lb_probes6 {
    type ipv6_addr
    flags interval
    elements = { 2600:2d00:1:b029::/64 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    ct state invalid drop
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
    ip saddr @lb_probes4 tcp dport 8080 accept
    ip6 saddr @lb_probes6 tcp dport 8080 accept
  }
}
`,
        },
      },
    },
    links: [
      ['prober:eth0', 'vm:eth0'],
      ['older:eth0', 'vm:eth1'],
    ],
    traced: 'vm',
    fails: { from: 'prober', what: 'tcp', to: '2001:db8:1::1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'older', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'prober', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'older', what: 'tcp', to: '2001:db8:1::1', port: 8081 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The balancer probes from two ranges of IPv6, and the set has one of them: the policy drops the other.',
      causes: [
        { code: 'not-in-set', words: ['lb_probes6'] },
        { rule: 'ip6 saddr @lb_probes6', chain: 'inet filter input' },
        { policy: 'inet filter input' },
      ],
      status: ['dropped'],
    },
    mend: [['vm', 'nft add element inet filter lb_probes6 { 2600:2d00:1:1::/64 }']],
  },
  {
    name: 'docker-port-is-published-on-loopback',
    thread: {
      title: 'Module 10 Lesson 2: External Access and Port Mapping',
      address: 'https://www.shshell.com/blog/docker-module-10-lesson-2',
    },
    backend: 'iptables-legacy',
    ...bridged('docker0', '172.17.0.1/16', {
      // docker-proxy's
      listeners: [{ protocol: 'tcp', address: '127.0.0.1', port: 8080 }],
      rules: {
        v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER -d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8081 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '127.0.0.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The port is published for 127.0.0.1: Docker's rule asks for that address, and on the host's own address nothing listens.",
      causes: [
        { rule: '-d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 8080', chain: 'nat DOCKER' },
        { code: 'closed-port', words: ['127.0.0.1'] },
        { code: 'refused-here', words: ['127.0.0.1'] },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -A DOCKER -d 192.0.2.1/32 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
      ],
    ],
  },
  {
    name: 'network-acl-knows-the-hosts-ports-alone',
    thread: {
      title: 'AWS Network ACLs and ephemeral port ranges',
      address: 'https://echorand.me/posts/aws-network-acl-docker/',
    },
    backend: 'nft',
    hosts: {
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
      instance: {
        bridges: { docker0: ['veth1'] },
        addresses: { docker0: ['172.17.0.1/16'], eth0: ['10.0.1.10/24'] },
        routes: ['default via 10.0.1.1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
  }
}
`,
        },
      },
      acl: {
        addresses: { subnet1: ['10.0.1.1/24'], subnet2: ['10.0.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet acl {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "subnet1" jump subnet1_outbound
    oifname "subnet1" jump subnet1_inbound
  }
  chain subnet1_outbound {
    ip daddr 10.0.2.0/24 tcp dport { 443, 10001 } accept
    ip daddr 10.0.2.0/24 udp dport 10001 accept
    ip protocol icmp accept
    drop
  }
  chain subnet1_inbound {
    ip saddr 10.0.0.0/8 tcp dport 22 accept
    ip saddr 10.0.2.0/24 tcp dport 49152-65535 accept
    ip saddr 10.0.2.0/24 udp dport 49152-65535 accept
    ip protocol icmp accept
    drop
  }
}
`,
        },
      },
      service: {
        addresses: { eth0: ['10.0.2.20/24'] },
        routes: ['default via 10.0.2.1'],
        listeners: [
          { protocol: 'tcp', port: 10001 },
          { protocol: 'udp', port: 10001 },
        ],
      },
    },
    links: [
      ['c1:eth0', 'instance:veth1'],
      ['instance:eth0', 'acl:subnet1'],
      ['acl:subnet2', 'service:eth0'],
    ],
    traced: 'acl',
    fails: { from: 'c1', what: 'tcp', to: '10.0.2.20', port: 10001 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'ping', to: '10.0.2.20' }, seen: 'answered' },
      { sending: { from: 'instance', what: 'udp', to: '10.0.2.20', port: 10001, sport: 50001 }, seen: 'answered' },
      { sending: { from: 'service', what: 'tcp', to: '10.0.1.10', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The list is stateless, and lets replies in to ports from 49152: the container's own system takes lower ones, and the reply is dropped.",
      causes: [
        { rule: 'drop', chain: 'inet acl subnet1_inbound' },
        { rule: 'tcp dport 49152-65535', chain: 'inet acl subnet1_inbound' },
        { chain: 'inet acl subnet1_inbound' },
      ],
      status: ['reply-lost'],
    },
    mend: [['acl', 'nft insert rule inet acl subnet1_inbound ip saddr 10.0.2.0/24 tcp dport 32768-65535 accept']],
  },
]

/** Ports and services that lead elsewhere: kube-proxy, netavark, Docker's older rules. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { kube } from './kubernetes.ts'

export const SERVICES: Problem[] = [
  {
    name: 'kube-nft-source-ranges-without-pods',
    thread: {
      title: "Don't use KUBE-MARK-DROP for LoadBalancerSourceRanges",
      address: 'https://github.com/kubernetes/kubernetes/pull/110289',
    },
    backend: 'nft',
    ...bridged('cni0', '10.244.0.1/24', {
      rules: {
        nft: `table ip kube-proxy {
  map firewall-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "destinations that are subject to LoadBalancerSourceRanges"
    elements = { 203.0.113.80 . tcp . 80 comment "default/web:http" : goto firewall-5OJB2KTY-default/web/tcp/http }
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.80 . tcp . 80 : goto service-5OJB2KTY-default/web/tcp/http, 203.0.113.80 . tcp . 80 : goto external-5OJB2KTY-default/web/tcp/http }
  }
  chain filter-prerouting {
    type filter hook prerouting priority dstnat - 10; policy accept;
    ct state new jump firewall-check
  }
  chain filter-output {
    type filter hook output priority -110; policy accept;
    ct state new jump firewall-check
  }
  chain firewall-check {
    ip daddr . meta l4proto . th dport vmap @firewall-ips
  }
  chain firewall-5OJB2KTY-default/web/tcp/http {
    ip saddr != { 192.0.2.0/24, 198.51.100.0/24 } drop
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
  }
  chain external-5OJB2KTY-default/web/tcp/http {
    ip saddr 10.244.0.0/16 goto service-5OJB2KTY-default/web/tcp/http comment "short-circuit pod traffic"
    goto service-5OJB2KTY-default/web/tcp/http
  }
  chain service-5OJB2KTY-default/web/tcp/http {
    meta l4proto tcp dnat to 192.0.2.9:80
  }
}
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '203.0.113.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '10.96.0.80', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '203.0.113.80', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: "The pods' network is not among the source ranges of the load balancer, and they hold for pods, too.",
      causes: [{ rule: 'drop', chain: 'ip kube-proxy firewall-5OJB2KTY-default/web/tcp/http' }],
      status: ['dropped'],
    },
    mend: [
      ['host', 'nft insert rule ip kube-proxy firewall-5OJB2KTY-default/web/tcp/http ip saddr 10.244.0.0/16 return'],
    ],
  },
  {
    name: 'kube-nodeport-replies-without-cluster-cidr',
    thread: {
      title: 'NodePorts broken on clusters when not passing cluster-cidr and FORWARD chain in filter defaults to DROP',
      address: 'https://github.com/kubernetes/kubernetes/issues/91545',
    },
    backend: 'iptables-nft',
    ...bridged('cni0', '10.244.0.1/24', {
      rules: {
        v4: kube({
          policy: 'DROP',
          nat: `-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-SVC-WEB
`,
        }).replace(/-A KUBE-FORWARD .*RELATED,ESTABLISHED.*\n/, ''),
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: '10.96.0.80', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        "kube-proxy's mark lets the request pass; without the cluster's range it has no rule for replies, and FORWARD's policy drops them.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter KUBE-FORWARD' }],
      status: ['reply-lost'],
    },
    mend: [['host', 'iptables -A KUBE-FORWARD -s 10.244.0.0/16 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'netavark-isolation-published-port',
    thread: {
      title: 'Bridge network isolation blocks access to other containers published ports',
      address: 'https://github.com/containers/netavark/issues/709',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
      host: {
        bridges: { podman1: ['veth1'], podman2: ['veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], podman1: ['10.89.0.1/24'], podman2: ['10.89.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:NETAVARK-1D8721804F16F - [0:0]
:NETAVARK-DN-1D8721804F16F - [0:0]
:NETAVARK-HOSTPORT-DNAT - [0:0]
:NETAVARK-HOSTPORT-MASQ - [0:0]
:NETAVARK-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ
-A POSTROUTING -s 10.89.0.0/24 -j NETAVARK-1D8721804F16F
-A POSTROUTING -s 10.89.1.0/24 -j NETAVARK-1D8721804F16F
-A NETAVARK-1D8721804F16F -d 10.89.0.0/23 -j ACCEPT
-A NETAVARK-1D8721804F16F ! -d 224.0.0.0/4 -j MASQUERADE
-A NETAVARK-DN-1D8721804F16F -s 10.89.0.0/24 -p tcp -m tcp --dport 8080 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-1D8721804F16F -s 127.0.0.1/32 -p tcp -m tcp --dport 8080 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-1D8721804F16F -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.89.0.2:80
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 8080 -m comment --comment "dnat name: web id: 2c1f" -j NETAVARK-DN-1D8721804F16F
-A NETAVARK-HOSTPORT-MASQ -m comment --comment "netavark portfw masq mark" -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:NETAVARK_FORWARD - [0:0]
:NETAVARK_ISOLATION_1 - [0:0]
:NETAVARK_ISOLATION_2 - [0:0]
-A FORWARD -m comment --comment "netavark firewall rules" -j NETAVARK_FORWARD
-A NETAVARK_FORWARD -m comment --comment "netavark isolation" -j NETAVARK_ISOLATION_1
-A NETAVARK_FORWARD -d 10.89.0.0/24 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NETAVARK_FORWARD -s 10.89.0.0/24 -j ACCEPT
-A NETAVARK_FORWARD -d 10.89.1.0/24 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NETAVARK_FORWARD -s 10.89.1.0/24 -j ACCEPT
-A NETAVARK_ISOLATION_1 -i podman1 ! -o podman1 -j NETAVARK_ISOLATION_2
-A NETAVARK_ISOLATION_1 -i podman2 ! -o podman2 -j NETAVARK_ISOLATION_2
-A NETAVARK_ISOLATION_2 -o podman1 -j DROP
-A NETAVARK_ISOLATION_2 -o podman2 -j DROP
COMMIT
`,
        },
      },
      web: { addresses: { eth0: ['10.89.0.2/24'] }, routes: ['default via 10.89.0.1'], listeners: WEB },
      app: { addresses: { eth0: ['10.89.1.2/24'] }, routes: ['default via 10.89.1.1'] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'web:eth0'],
      ['host:veth2', 'app:eth0'],
    ],
    traced: 'host',
    fails: { from: 'app', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'app', what: 'ping', to: '10.89.0.2' }, seen: 'nothing' },
    ],
    truth: {
      words: 'Behind DNAT the published port is a packet from one isolated network to another, which isolation drops.',
      causes: [{ rule: '-o podman1 -j DROP', chain: 'filter NETAVARK_ISOLATION_2' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'iptables -I NETAVARK_ISOLATION_2 -o podman1 -m conntrack --ctstate DNAT -j ACCEPT; iptables -I NETAVARK_ISOLATION_1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
    ],
  },
  {
    name: 'docker-older-rule-to-other-container',
    thread: {
      title: 'fix: assign static IPs to openpanel_network to prevent stale iptables DNAT rules on port 2083',
      address: 'https://github.com/stefanpejcic/OpenPanel/pull/911',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
      host: {
        bridges: { 'br-2f6a': ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], 'br-2f6a': ['172.18.0.1/16'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.18.0.0/16 ! -o br-2f6a -j MASQUERADE
-A DOCKER -i br-2f6a -j RETURN
-A DOCKER ! -i br-2f6a -p tcp -m tcp --dport 3306 -j DNAT --to-destination 172.18.0.4:3306
-A DOCKER ! -i br-2f6a -p tcp -m tcp --dport 2083 -j DNAT --to-destination 172.18.0.4:2083
-A DOCKER ! -i br-2f6a -p tcp -m tcp --dport 2083 -j DNAT --to-destination 172.18.0.3:2083
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A FORWARD -o br-2f6a -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-2f6a -j DOCKER
-A FORWARD -i br-2f6a ! -o br-2f6a -j ACCEPT
-A FORWARD -i br-2f6a -o br-2f6a -j ACCEPT
-A DOCKER -d 172.18.0.4/32 ! -i br-2f6a -o br-2f6a -p tcp -m tcp --dport 3306 -j ACCEPT
-A DOCKER -d 172.18.0.4/32 ! -i br-2f6a -o br-2f6a -p tcp -m tcp --dport 2083 -j ACCEPT
-A DOCKER -d 172.18.0.3/32 ! -i br-2f6a -o br-2f6a -p tcp -m tcp --dport 2083 -j ACCEPT
COMMIT
`,
        },
      },
      openpanel: {
        addresses: { eth0: ['172.18.0.3/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [{ protocol: 'tcp', port: 2083 }],
      },
      mysql: {
        addresses: { eth0: ['172.18.0.4/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [{ protocol: 'tcp', port: 3306 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'openpanel:eth0'],
      ['host:veth2', 'mysql:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 2083 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 3306 }, seen: 'answered' },
      { sending: { from: 'openpanel', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'An older rule for the port leads to another container now, which refuses; the right rule stands behind it.',
      causes: [{ rule: '--to-destination 172.18.0.4:2083', chain: 'nat DOCKER' }],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -D DOCKER ! -i br-2f6a -p tcp -m tcp --dport 2083 -j DNAT --to-destination 172.18.0.4:2083',
      ],
    ],
  },
]

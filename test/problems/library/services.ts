/** Ports and services that lead elsewhere: kube-proxy, netavark, libvirt, Docker's older rules, a loopback address. */
import { bridged, clientAndServer, FORWARDS, homeRouter, WEB } from '../machines.ts'
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
  {
    name: 'firehol-dnat-to-loopback',
    thread: {
      title: '`dnat4 to 127.0.0.1` not working',
      address: 'https://github.com/firehol/firehol/issues/303',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '127.0.0.1', port: 8080 },
        { protocol: 'tcp', port: 22 },
      ],
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:nat_pre - [0:0]
-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j nat_pre
-A nat_pre -p tcp -j DNAT --to-destination 127.0.0.1:8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:in_global - [0:0]
:out_global - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -j in_global
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -j out_global
-A in_global -j ACCEPT
-A out_global -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        'DNAT leads to 127.0.0.1, and the kernel takes no packet for a loopback address from outside while route_localnet is 0.',
      causes: [{ code: 'vanished-martian', words: ['route_localnet'] }],
      status: ['lost'],
    },
    mend: [['server', 'sysctl -w net.ipv4.conf.eth0.route_localnet=1']],
  },
  {
    name: 'libvirt-forward-from-uplink-alone',
    thread: {
      title: 'Guest to guest communication through host (forwarded port) not working',
      address: 'https://github.com/doccaz/kvm-scripts/issues/8',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
      host: {
        bridges: { virbr0: ['vnet0', 'vnet1'] },
        addresses: { enp0s31f6: ['192.0.2.1/24'], virbr0: ['192.168.122.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:LIBVIRT_PRT - [0:0]
-A PREROUTING -d 192.0.2.1/32 -i enp0s31f6 -p tcp -m tcp --dport 30001 -j DNAT --to-destination 192.168.122.38:30001
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWX - [0:0]
:LIBVIRT_INP - [0:0]
-A INPUT -j LIBVIRT_INP
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -d 192.168.122.38/32 -o virbr0 -p tcp -m tcp --dport 30001 -j ACCEPT
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 67 -j ACCEPT
COMMIT
`,
        },
      },
      testvm1: {
        addresses: { eth0: ['192.168.122.38/24'] },
        routes: ['default via 192.168.122.1'],
        listeners: [{ protocol: 'tcp', port: 30001 }],
      },
      testvm2: { addresses: { eth0: ['192.168.122.39/24'] }, routes: ['default via 192.168.122.1'] },
    },
    links: [
      ['client:eth0', 'host:enp0s31f6'],
      ['host:vnet0', 'testvm1:eth0'],
      ['host:vnet1', 'testvm2:eth0'],
    ],
    traced: 'host',
    fails: { from: 'testvm2', what: 'tcp', to: '192.0.2.1', port: 30001 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30001 }, seen: 'answered' },
      { sending: { from: 'testvm2', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'testvm2', what: 'tcp', to: '192.168.122.38', port: 30001 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The port is forwarded for what comes in by the uplink; what a guest sends comes in by virbr0, stays with the host, and INPUT drops it.',
      causes: [{ rule: '-i enp0s31f6 -p tcp -m tcp --dport 30001 -j DNAT', chain: 'nat PREROUTING' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -A PREROUTING -d 192.0.2.1 -i virbr0 -p tcp --dport 30001 -j DNAT --to-destination 192.168.122.38:30001; iptables -t nat -I POSTROUTING -s 192.168.122.0/24 -d 192.168.122.38 -o virbr0 -p tcp --dport 30001 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'uplink-sends-ttl-one',
    thread: {
      title: 'arm64: kvims_defconfig: enable IP_NF_TARGET_TTL and NETFILTER_XT_TARGET_HL',
      address: 'https://github.com/khadas/linux/pull/37',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j TTL --ttl-set 65
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
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
      {
        remote: {
          listeners: WEB,
          rules: {
            v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -j TTL --ttl-set 1
COMMIT
`,
          },
        },
      },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words: 'Replies come in with a TTL of 1, so the router may not forward them.',
      causes: [{ code: 'vanished-ttl' }],
      status: ['reply-lost', 'lost'],
    },
    mend: [['router', 'iptables -t mangle -A PREROUTING -i wan -j TTL --ttl-inc 1']],
  },
]

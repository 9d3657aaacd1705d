/** Clusters of today: a mark that is cleared too early, a user who is spared, an address that is another's, a rule for a pod that is missing. */
import { bridged, clientAndServer, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const FILTER = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'
const API = [{ protocol: 'tcp', port: 6443 }] as const
const PODS = ['192.168.36.229', '192.168.46.124'] as const

export const CLUSTER_ADDRESSES: Problem[] = [
  {
    name: 'multus-second-rule-clears-the-mark',
    thread: {
      title: 'Not match multiple ingress policy',
      address: 'https://github.com/k8snetworkplumbingwg/multi-networkpolicy-iptables/issues/45',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { net1: ['172.16.0.9/16', '172.17.0.9/16'] } },
      pod: {
        addresses: { net1: ['172.16.0.1/16', '172.17.0.1/16'] },
        listeners: WEB,
        rules: {
          v4: `*filter
${FILTER}:MULTI-INGRESS - [0:0]
:MULTI-0-INGRESS - [0:0]
:MULTI-0-INGRESS-0-PORTS - [0:0]
:MULTI-0-INGRESS-0-FROM - [0:0]
:MULTI-0-INGRESS-1-PORTS - [0:0]
:MULTI-0-INGRESS-1-FROM - [0:0]
-A INPUT -i net1 -j MULTI-INGRESS
-A MULTI-INGRESS -i net1 -m comment --comment "policy:test-network-policy net-attach-def:default/macvlan-conf-1" -j MULTI-0-INGRESS
-A MULTI-INGRESS -m mark --mark 0x30000/0x30000 -j RETURN
-A MULTI-INGRESS -j DROP
-A MULTI-0-INGRESS -j MARK --set-xmark 0x0/0x30000
-A MULTI-0-INGRESS -j MULTI-0-INGRESS-0-PORTS
-A MULTI-0-INGRESS -j MULTI-0-INGRESS-0-FROM
-A MULTI-0-INGRESS -j MARK --set-xmark 0x0/0x30000
-A MULTI-0-INGRESS -j MULTI-0-INGRESS-1-PORTS
-A MULTI-0-INGRESS -j MULTI-0-INGRESS-1-FROM
-A MULTI-0-INGRESS -m mark --mark 0x30000/0x30000 -j RETURN
-A MULTI-0-INGRESS-0-PORTS -m comment --comment "no ingress ports, skipped" -j MARK --set-xmark 0x10000/0x10000
-A MULTI-0-INGRESS-0-FROM -s 172.16.0.0/16 -i net1 -j MARK --set-xmark 0x20000/0x20000
-A MULTI-0-INGRESS-1-PORTS -m comment --comment "no ingress ports, skipped" -j MARK --set-xmark 0x10000/0x10000
-A MULTI-0-INGRESS-1-FROM -s 172.17.0.0/16 -i net1 -j MARK --set-xmark 0x20000/0x20000
COMMIT
`,
        },
      },
    },
    links: [['client:net1', 'pod:net1']],
    traced: 'pod',
    fails: { from: 'client', what: 'tcp', to: '172.16.0.1', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '172.17.0.1', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'The first rule of the policy sets both bits of the mark, and before the second rule they are cleared without asking whether both were set.',
      causes: [
        { rule: '--set-xmark 0x0/0x30000', chain: 'filter MULTI-0-INGRESS' },
        { chain: 'filter MULTI-0-INGRESS' },
      ],
      status: ['dropped'],
    },
    mend: [['pod', 'iptables -I MULTI-0-INGRESS 4 -m mark --mark 0x30000/0x30000 -j RETURN']],
  },
  {
    name: 'telepresence-spares-the-applications-own-user',
    thread: {
      title:
        "Traffic-agent mesh-bypass iptables rule can match the application's UID, taking the app out of the service mesh",
      address: 'https://github.com/telepresenceio/telepresence/issues/4156',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: {
        addresses: { eth0: ['10.244.1.5/24'] },
        routes: ['default via 10.244.1.1'],
        listeners: [
          { protocol: 'tcp', address: '127.0.0.1', port: 15001 },
          { protocol: 'tcp', port: 8080 },
        ],
        rules: {
          v4: `*nat
${NAT}:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
-A OUTPUT -m owner --uid-owner 0 -j RETURN
-A OUTPUT -p tcp -j ISTIO_OUTPUT
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -j ISTIO_REDIRECT
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
COMMIT
`,
        },
      },
      peer: {
        addresses: { eth0: ['10.244.1.1/24'] },
        listeners: [...WEB, { protocol: 'udp', port: 53 }],
        // in place of its sidecar, which takes nothing that is not encrypted
        rules: { v4: `*filter\n${FILTER}-A INPUT -p tcp -m tcp --dport 80 -j DROP\nCOMMIT\n` },
      },
    },
    links: [['pod:eth0', 'peer:eth0']],
    traced: 'pod',
    fails: { from: 'pod', what: 'tcp', to: '10.244.1.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '10.244.1.5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'udp', to: '10.244.1.1', port: 53 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that is to spare the traffic agent names user 0, who is also the user of the application: what it sends is not redirected to the sidecar, and goes out as it is.',
      causes: [{ rule: '--uid-owner 0', chain: 'nat OUTPUT' }],
      status: ['unanswered', 'lost'],
    },
    mend: [['pod', 'iptables -t nat -R OUTPUT 1 -m owner --uid-owner 7439 -j RETURN']],
  },
  {
    name: 'k3s-api-endpoint-is-the-outer-address',
    thread: {
      title: 'If external IP is defined K3s API NAT rule use it.',
      address: 'https://github.com/k3s-io/k3s/issues/2963',
    },
    backend: 'iptables-nft',
    ...bridged('cni0', '10.42.0.1/24', {
      listeners: API,
      rules: {
        v4: `*nat
${NAT}:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-ZWRIQDR2ONTFRUIP - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -j MASQUERADE
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SEP-ZWRIQDR2ONTFRUIP -s 203.0.113.5/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-ZWRIQDR2ONTFRUIP -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 203.0.113.5:6443
-A KUBE-SERVICES -d 10.43.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https" -j KUBE-SEP-ZWRIQDR2ONTFRUIP
COMMIT
`,
      },
    }),
    // the firewall has the outer address, and sends nothing back to where it came from
    setup: [['client', 'ip addr add 203.0.113.5/32 dev lo; iptables -A INPUT -d 203.0.113.5/32 -j DROP']],
    fails: { from: 'c1', what: 'tcp', to: '10.43.0.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 6443 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The service of the API server has the node's outer address as its endpoint, which is the firewall's and not the node's: from within it cannot be reached.",
      causes: [{ rule: '--to-destination 203.0.113.5:6443', chain: 'nat KUBE-SEP-ZWRIQDR2ONTFRUIP' }],
      status: ['unanswered', 'lost'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -R KUBE-SEP-ZWRIQDR2ONTFRUIP 2 -p tcp -m comment --comment default/kubernetes:https -m tcp -j DNAT --to-destination 192.0.2.1:6443',
      ],
    ],
  },
  {
    name: 'aws-pod-without-its-rule-to-main',
    thread: {
      title: 'Routes missing for some IP:s',
      address: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/705',
    },
    backend: 'iptables-legacy',
    hosts: {
      one: {
        addresses: { eth0: [`${PODS[0]}/32`] },
        routes: ['169.254.1.1 dev eth0 scope link', 'default via 169.254.1.1 dev eth0'],
      },
      two: {
        addresses: { eth0: [`${PODS[1]}/32`] },
        routes: ['169.254.1.1 dev eth0 scope link', 'default via 169.254.1.1 dev eth0'],
      },
      node: {
        addresses: { eth0: ['192.168.1.10/24'], eth1: ['192.168.2.10/24'] },
        routes: ['default via 192.168.1.1', `${PODS[0]} dev eni1 scope link`, `${PODS[1]} dev eni2 scope link`],
        sysctls: { 'net.ipv4.ip_forward': '1' },
        rules: {
          v4: `*nat
${NAT}:AWS-SNAT-CHAIN-0 - [0:0]
:AWS-SNAT-CHAIN-1 - [0:0]
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-SNAT-CHAIN-0 ! -d 192.168.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-1
-A AWS-SNAT-CHAIN-1 -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 192.168.1.10
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
COMMIT
`,
        },
      },
      vpc: {
        addresses: { eth0: ['192.168.1.1/24'], eth1: ['192.168.2.1/24'] },
        routes: [`${PODS[0]} via 192.168.2.10`, `${PODS[1]} via 192.168.2.10`],
        sysctls: { 'net.ipv4.ip_forward': '0' },
        listeners: WEB,
      },
    },
    links: [
      ['node:eth0', 'vpc:eth0'],
      ['node:eth1', 'vpc:eth1'],
      ['node:eni1', 'one:eth0'],
      ['node:eni2', 'two:eth0'],
    ],
    traced: 'node',
    setup: [
      [
        'node',
        'for i in 1 2; do sysctl -qw net.ipv4.conf.eni$i.proxy_arp=1 net.ipv4.neigh.eni$i.proxy_delay=0; done; ip route add 192.168.2.1 dev eth1 table 2; ip route add default via 192.168.2.1 dev eth1 table 2',
      ],
      [
        'node',
        `ip rule add pref 512 to ${PODS[0]} lookup main; ip rule add pref 1024 fwmark 0x80/0x80 lookup main; for p in ${PODS.join(' ')}; do ip rule add pref 1536 from $p to 192.168.0.0/16 lookup 2; done`,
      ],
    ],
    fails: { from: 'one', what: 'ping', to: PODS[1] },
    seen: 'nothing',
    others: [
      { sending: { from: 'one', what: 'tcp', to: '192.168.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: PODS[1] }, seen: 'answered' },
    ],
    truth: {
      words:
        'For the second pod, the routing rule that looks up what is for it in the table main is missing: the rule for what comes from the first pod sends it out of the second interface.',
      causes: [
        { code: 'wrong-way-out', words: ['table 2'] },
        { code: 'not-netfilter', words: ['table 2'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['node', `ip rule add pref 512 to ${PODS[1]} lookup main`]],
  },
  {
    name: 'talos-source-rule-drops-what-it-asked',
    thread: {
      title: 'Host firewall drops established traffic when using default-accept rules',
      address: 'https://github.com/siderolabs/talos/issues/13926',
    },
    backend: 'nft',
    hosts: {
      node: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        listeners: API,
        rules: {
          nft: `table inet talos {
  chain ingress {
    type filter hook input priority mangle + 10; policy accept;
    iifname { "lo", "siderolink", "kubespan" } counter accept
    ip saddr != 10.244.0.0/16 udp dport 0-65535 counter drop
    meta nfproto ipv6 udp dport 0-65535 counter drop
  }
}
`,
        },
      },
      resolver: {
        addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] },
        listeners: [{ protocol: 'udp', address: '2001:db8:1::9', port: 53 }],
      },
    },
    links: [['node:eth0', 'resolver:eth0']],
    traced: 'node',
    fails: { from: 'node', what: 'udp', to: '2001:db8:1::9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'resolver', what: 'tcp', to: '192.0.2.1', port: 6443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: '2001:db8:1::9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule for UDP asks for the family alone and not whether the datagram is a reply: what the resolver replies to the node is dropped.',
      causes: [{ rule: 'meta nfproto ipv6 udp dport', chain: 'inet talos ingress' }],
      status: ['reply-lost'],
    },
    mend: [['node', 'nft insert rule inet talos ingress ct state { established, related } accept']],
  },
  {
    name: 'kube-router-service-has-the-api-servers-address',
    thread: {
      title: 'Creating LoadBalancer service blocks API server IP',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/1685',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [{ protocol: 'tcp', address: '2001:db8:1::1', port: 6443 }],
      rules: {
        ipset: `create inet6:kube-router-svip hash:ip family inet6
add inet6:kube-router-svip 2001:db8:42::a
add inet6:kube-router-svip 2001:db8:1::1
create inet6:kube-router-svip-prt hash:ip,port family inet6
add inet6:kube-router-svip-prt 2001:db8:42::a,udp:53
add inet6:kube-router-svip-prt 2001:db8:1::1,tcp:80
`,
        v6: `*filter
${FILTER}:KUBE-ROUTER-SERVICES - [0:0]
-A INPUT -m comment --comment "handle traffic to IPVS service IPs in custom chain" -m set --match-set inet6:kube-router-svip dst -j KUBE-ROUTER-SERVICES
-A KUBE-ROUTER-SERVICES -p ipv6-icmp -m comment --comment "allow icmp echo requests to service IPs" -m icmp6 --icmpv6-type 128 -j ACCEPT
-A KUBE-ROUTER-SERVICES -p ipv6-icmp -m comment --comment "allow neighbor solicitation" -m icmp6 --icmpv6-type 135 -j ACCEPT
-A KUBE-ROUTER-SERVICES -p ipv6-icmp -m comment --comment "allow neighbor advertisement" -m icmp6 --icmpv6-type 136 -j ACCEPT
-A KUBE-ROUTER-SERVICES -m comment --comment "allow input traffic to ipvs services" -m set --match-set inet6:kube-router-svip-prt dst,dst -j ACCEPT
-A KUBE-ROUTER-SERVICES -m comment --comment "reject all unexpected traffic to service IPs" -j REJECT --reject-with icmp6-port-unreachable
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 6443 },
    seen: 'refused',
    others: [{ sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' }],
    truth: {
      words:
        "A service of type LoadBalancer got the node's own address, so the set of service addresses has it: all that is for the node and not for a port of a service is rejected.",
      causes: [
        { rule: '--match-set inet6:kube-router-svip dst', chain: 'filter INPUT' },
        { rule: 'reject all unexpected traffic', chain: 'filter KUBE-ROUTER-SERVICES' },
      ],
      status: ['rejected'],
    },
    mend: [['server', 'ipset del inet6:kube-router-svip 2001:db8:1::1']],
  },
]

/** From threads, by iptables-nft: nodes of clusters, their tunnels and what listens on them, and a server with ufw for IPv4 alone. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

const chains = (...names: string[]) => names.map((name) => `:${name} - [0:0]\n`).join('')

const KUBE_PROXY = `*nat
${NAT}${chains('KUBE-SERVICES', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ')}-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
${chains('KUBE-FIREWALL', 'KUBE-FORWARD', 'KUBE-NODEPORTS')}-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -j KUBE-FIREWALL
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -s 10.244.0.0/16 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,6443 -j ACCEPT
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -s 10.244.0.0/16 -j ACCEPT
-A FORWARD -d 10.244.0.0/16 -j ACCEPT
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`.replace(' -m nfacct --nfacct-name ct_state_invalid_dropped_pkts', '')

const KUBE_ROUTER = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${chains('KUBE-NWPLCY-DEFAULT', 'KUBE-ROUTER-FORWARD', 'KUBE-ROUTER-INPUT', 'KUBE-ROUTER-OUTPUT')}-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMVZWTQU7T" -j KUBE-ROUTER-FORWARD
-A OUTPUT -m comment --comment "kube-router netpol - VEAAIY32XVBHCSCY" -j KUBE-ROUTER-OUTPUT
-A KUBE-NWPLCY-DEFAULT -m comment --comment "rule to mark traffic matching a network policy" -j MARK --set-xmark 0x10000/0x10000
-A KUBE-ROUTER-INPUT -d 10.96.0.0/12 -m comment --comment "allow traffic to primary cluster IP range - TZZOAXOCHPHEHX7M" -j RETURN
-A KUBE-ROUTER-INPUT -p tcp -m comment --comment "allow LOCAL TCP traffic to node ports - LR7XO7NXDBGQJD2M" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-INPUT -p udp -m comment --comment "allow LOCAL UDP traffic to node ports - 76UCBPIZNGJNWNUZ" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
COMMIT
`

/** Of ufw for IPv4 what matters, and what it loads for the other family where /etc/default/ufw has IPV6=no. */
const UFW4 = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
${chains('ufw-before-input', 'ufw-user-input', 'ufw-before-output', 'ufw-track-output')}-A INPUT -j ufw-before-input
-A OUTPUT -j ufw-before-output
-A OUTPUT -j ufw-track-output
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-before-output -o lo -j ACCEPT
-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-track-output -p tcp -m conntrack --ctstate NEW -j ACCEPT
-A ufw-track-output -p udp -m conntrack --ctstate NEW -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`

const UFW6_OFF = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
`

/** Calico's chains in front, kube-proxy's NAT, and ufw. */
const CALICO_UFW = `*nat
${NAT}${chains('KUBE-SERVICES', 'KUBE-SVC-NPX46M4PTMTKRN6Y', 'KUBE-SEP-CK5BSXEHKYUKNCJ7', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ', 'cali-POSTROUTING', 'cali-nat-outgoing')}-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 192.168.72.40:6443" -j KUBE-SEP-CK5BSXEHKYUKNCJ7
-A KUBE-SEP-CK5BSXEHKYUKNCJ7 -s 192.168.72.40/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-CK5BSXEHKYUKNCJ7 -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 192.168.72.40:6443
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" -j cali-nat-outgoing
-A cali-nat-outgoing -s 10.244.0.0/16 ! -d 10.244.0.0/16 -m comment --comment "cali:flqWnvo8yq4ULQLa" -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
${chains('cali-INPUT', 'cali-FORWARD', 'cali-wl-to-host', 'cali-from-wl-dispatch', 'cali-to-wl-dispatch', 'cali-fw-cali1a2b3c4d5e6', 'cali-tw-cali1a2b3c4d5e6', 'ufw-before-input', 'ufw-after-input', 'ufw-before-forward', 'ufw-user-input', 'ufw-user-forward', 'ufw-not-local', 'ufw-skip-to-policy-input')}-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT
-A FORWARD -j ufw-before-forward
-A cali-FORWARD -m comment --comment "cali:vjrMJCRpqwy5oRoX" -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -i cali+ -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -m comment --comment "cali:jdEuaPBe14V2hutn" -j cali-to-wl-dispatch
-A cali-INPUT -i cali+ -m comment --comment "cali:FewJpBykm9iJ-YNH" -g cali-wl-to-host
-A cali-INPUT -m comment --comment "cali:hder3ARWznqqv8Va" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-wl-to-host -m comment --comment "cali:Ee9Sbo10IpVujdIY" -j cali-from-wl-dispatch
-A cali-wl-to-host -m comment --comment "cali:nSZbcOoG1xPONxb8" -m comment --comment "Configured DefaultEndpointToHostAction" -j RETURN
-A cali-from-wl-dispatch -i cali1a2b3c4d5e6 -m comment --comment "cali:zTj6P0TIgYvgz-md" -g cali-fw-cali1a2b3c4d5e6
-A cali-from-wl-dispatch -m comment --comment "cali:d5KlNC4bpHEpIbfP" -m comment --comment "Unknown interface" -j DROP
-A cali-to-wl-dispatch -o cali1a2b3c4d5e6 -m comment --comment "cali:Y3yBCyPdBJRdxsfv" -g cali-tw-cali1a2b3c4d5e6
-A cali-to-wl-dispatch -m comment --comment "cali:QEZnhr2USu1Rpnf6" -m comment --comment "Unknown interface" -j DROP
-A cali-fw-cali1a2b3c4d5e6 -m comment --comment "cali:v1y1fVcrWQcDfa1f" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1a2b3c4d5e6 -m comment --comment "cali:uKzY0ZUKnbUYQn7p" -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1a2b3c4d5e6 -m comment --comment "cali:7ipEtWQjIaZ1Uxb7" -j MARK --set-xmark 0x10000/0x10000
-A cali-tw-cali1a2b3c4d5e6 -m comment --comment "cali:KTPCuHVjtIGnC5Z3" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali1a2b3c4d5e6 -m comment --comment "cali:LJZPrXDDkNRfFDdI" -m conntrack --ctstate INVALID -j DROP
-A cali-tw-cali1a2b3c4d5e6 -m comment --comment "cali:bGuQyOSJTgMrHKuE" -j MARK --set-xmark 0x10000/0x10000
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-after-input -p udp -m udp --dport 137 -j ufw-skip-to-policy-input
-A ufw-after-input -m addrtype --dst-type BROADCAST -j ufw-skip-to-policy-input
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-skip-to-policy-input -j DROP
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`

export const CLUSTER_NODES: Problem[] = [
  {
    name: 'healthy-kube-proxy-has-its-metrics-at-loopback-alone',
    thread: {
      title: '[prometheus-kube-stack] kube-proxy metrics status with connection refused.',
      address: 'https://github.com/prometheus-community/helm-charts/issues/977',
    },
    backend: 'iptables-nft',
    hosts: {
      prometheus: { addresses: { eth0: ['10.244.0.7/24'] }, routes: ['default via 10.244.0.1'] },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['10.0.0.1/24'], cni0: ['10.244.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [tcp(22), tcp(10256), { protocol: 'tcp', address: '127.0.0.1', port: 10249 }],
        rules: { v4: KUBE_PROXY },
      },
      outside: { addresses: { eth0: ['10.0.0.9/24'] } },
    },
    links: [
      ['node:veth1', 'prometheus:eth0'],
      ['outside:eth0', 'node:eth0'],
    ],
    traced: 'node',
    fails: { from: 'prometheus', what: 'tcp', to: '10.0.0.1', port: 10249 },
    seen: 'refused',
    others: [
      { sending: { from: 'prometheus', what: 'tcp', to: '10.0.0.1', port: 10256 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '10.0.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '10.0.0.1', port: 10256 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The rules accept what pods ask of the node. kube-proxy serves its metrics at 127.0.0.1 alone.',
      causes: [
        { code: 'closed-port', words: ['127.0.0.1'] },
        { code: 'refused-here', words: ['127.0.0.1'] },
      ],
      status: ['refused'],
    },
    mend: [
      [
        'node',
        'setsid socat TCP4-LISTEN:10249,bind=10.0.0.1,fork,reuseaddr EXEC:cat >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -4Hltn src 10.0.0.1:10249 | grep -q . && exit 0; sleep 0.1; done; exit 1',
      ],
    ],
  },
  {
    name: 'kube-router-tunnel-brings-a-nodes-own-address',
    thread: {
      title: 'Pod traffic to remote nodeIP should not use the tunnel interface',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/172',
    },
    backend: 'iptables-nft',
    hosts: {
      switch: { bridges: { br0: ['p1', 'p2'] }, addresses: { br0: ['198.51.100.9/24'] } },
      controller: {
        addresses: { eth0: ['198.51.100.177/24'] },
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [tcp(22), tcp(10250)],
        rules: { v4: KUBE_ROUTER },
      },
      worker: {
        bridges: { 'kube-bridge': ['veth1'] },
        addresses: { eth0: ['198.51.100.175/24'], 'kube-bridge': ['10.2.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat\n${NAT}-A POSTROUTING -s 10.2.1.0/24 ! -d 10.2.0.0/16 -j SNAT --to-source 198.51.100.175\nCOMMIT\n`,
        },
      },
      pod: { addresses: { eth0: ['10.2.1.5/24'] }, routes: ['default via 10.2.1.1'] },
    },
    links: [
      ['switch:p1', 'controller:eth0'],
      ['switch:p2', 'worker:eth0'],
      ['controller:tun-1477595175', 'worker:tun-1477595177'],
      ['worker:veth1', 'pod:eth0'],
    ],
    traced: 'controller',
    setup: [
      ['controller', 'ip link set tun-1477595175 address 02:00:00:00:00:77'],
      [
        'worker',
        'ip neigh replace 198.51.100.177 lladdr 02:00:00:00:00:77 dev tun-1477595177 nud permanent; ip route add 198.51.100.177 dev tun-1477595177 table 77; ip rule add from 10.2.1.0/24 lookup 77',
      ],
    ],
    fails: { from: 'pod', what: 'ping', to: '198.51.100.177' },
    seen: 'nothing',
    looksAt: { protocol: 'icmp', dst: '198.51.100.177' },
    others: [
      { sending: { from: 'worker', what: 'ping', to: '198.51.100.177' }, seen: 'answered' },
      { sending: { from: 'switch', what: 'tcp', to: '198.51.100.177', port: 22 }, seen: 'answered' },
      { sending: { from: 'switch', what: 'tcp', to: '198.51.100.177', port: 10250 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The packet comes by the tunnel with the other node's outer address, which this node reaches by eth0: the strict reverse path filter drops it.",
      causes: [{ code: 'vanished-rp-filter' }, { code: 'kernel-drop', words: ['rp_filter'] }],
      status: ['lost'],
    },
    mend: [['controller', 'sysctl -w net.ipv4.conf.all.rp_filter=0']],
  },
  {
    name: 'ufw-without-ipv6-leaves-loopback-alone-in-it',
    thread: {
      title: 'Enable UFW IPv6 Support if Available',
      address: 'https://github.com/buildplan/du_setup/pull/53',
    },
    backend: 'iptables-nft',
    hosts: {
      mirror: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:1::9/64'] },
        listeners: [tcp(443), { protocol: 'tcp', address: '2001:db8:1::9', port: 443 }],
      },
      server: {
        addresses: { eth0: ['203.0.113.1/24', '2001:db8:1::1/64'] },
        listeners: [tcp(22), tcp(9100), { protocol: 'tcp', address: '2001:db8:1::1', port: 9100 }],
        rules: { v4: UFW4, v6: UFW6_OFF },
      },
    },
    links: [['mirror:eth0', 'server:eth0']],
    traced: 'server',
    // the router beside it knows its link address from before
    setup: [
      ['server', 'ip link set eth0 address 02:00:00:00:00:01'],
      ['mirror', 'ip -6 neigh replace 2001:db8:1::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent'],
    ],
    fails: { from: 'server', what: 'tcp', to: '2001:db8:1::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'mirror', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'mirror', what: 'tcp', to: '203.0.113.1', port: 9100 }, seen: 'nothing' },
      { sending: { from: 'mirror', what: 'tcp', to: '2001:db8:1::1', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'With IPV6=no, ufw drops all of IPv6 but loopback: the request at OUTPUT, the neighbour solicitation there as well, and at INPUT the advertisement and the reply.',
      causes: [{ policy: 'filter OUTPUT' }],
      status: ['dropped'],
      alsoTrue: ['several-causes', 'neighbour-discovery-dropped', 'reply-dropped'],
    },
    mend: [
      ['server', 'ip6tables -P OUTPUT ACCEPT; ip6tables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
      ['server', 'for t in 135 136; do ip6tables -A INPUT -p icmpv6 --icmpv6-type $t -j ACCEPT; done'],
      ['server', 'ip -6 neigh flush dev eth0'],
    ],
  },
  {
    name: 'calico-returns-to-ufw-what-pods-ask-of-their-node',
    thread: {
      title: 'UFW blocks certain packets from Calico',
      address: 'https://github.com/projectcalico/calico/issues/7727',
    },
    backend: 'iptables-nft',
    hosts: {
      coredns: { addresses: { eth0: ['10.244.166.132/32'] } },
      node: {
        addresses: { ens160: ['192.168.72.40/24'] },
        routes: ['default via 192.168.72.9'],
        sysctls: FORWARDS,
        listeners: [tcp(22), tcp(6443), tcp(9100)],
        rules: { v4: CALICO_UFW },
      },
      admin: { addresses: { eth0: ['192.168.72.9/24'] }, listeners: [tcp(443)] },
    },
    links: [
      ['node:cali1a2b3c4d5e6', 'coredns:eth0'],
      ['admin:eth0', 'node:ens160'],
    ],
    traced: 'node',
    setup: [
      [
        'node',
        'ip route add 10.244.166.132/32 dev cali1a2b3c4d5e6 scope link; ip link set cali1a2b3c4d5e6 address ee:ee:ee:ee:ee:ee',
      ],
      [
        'coredns',
        'ip route add 169.254.1.1 dev eth0 scope link; ip route add default via 169.254.1.1 dev eth0; ip neigh replace 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent',
      ],
    ],
    fails: { from: 'coredns', what: 'tcp', to: '10.96.0.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'admin', what: 'tcp', to: '192.168.72.40', port: 22 }, seen: 'answered' },
      { sending: { from: 'coredns', what: 'tcp', to: '192.168.72.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.96.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '192.168.72.40', port: 6443 }, seen: 'nothing' },
      { sending: { from: 'coredns', what: 'tcp', to: '192.168.72.40', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "kube-proxy sends the request to this node's own API server. Calico's chain returns what pods send to the node, and ufw has no rule for port 6443: the policy of INPUT drops it.",
      causes: [
        { policy: 'filter INPUT' },
        { chain: 'filter ufw-user-input' },
        { rule: 'Configured DefaultEndpointToHostAction', chain: 'filter cali-wl-to-host' },
      ],
      status: ['dropped'],
    },
    mend: [['node', 'iptables -A ufw-user-input -s 10.244.0.0/16 -p tcp --dport 6443 -j ACCEPT']],
  },
]

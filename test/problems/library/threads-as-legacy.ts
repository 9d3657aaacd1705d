/** By iptables-legacy, from threads of clusters and VM hosts: a policy that names an address from before DNAT, a forwarded port that its own host cannot use, a policy that forgets the node; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const PROBED = { protocol: 'tcp', port: 8080, address: '::' } as const

export const THREADS_AS_LEGACY: Problem[] = [
  {
    name: 'kiam-redirects-the-metadata-address-that-the-policy-allows',
    thread: { title: 'Network Policy', address: 'https://github.com/uswitch/kiam/issues/160' },
    backend: 'iptables-legacy',
    hosts: {
      neighbour: { addresses: { eth0: ['10.32.0.9/24', '169.254.169.254/16'] }, listeners: [WEB, HTTPS] },
      node: {
        addresses: { eth0: ['10.32.0.4/24'], cali1: ['10.233.64.1/24'], cali2: ['10.233.65.1/24'] },
        routes: ['169.254.169.254/32 dev eth0'],
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 8181 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 169.254.169.254/32 -i cali+ -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.32.0.4:8181
-A POSTROUTING -s 10.233.64.0/18 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-fw-cali1 - [0:0]
:cali-fw-cali2 - [0:0]
:cali-po-_allow-metadata - [0:0]
:cali-wl-to-host - [0:0]
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-FORWARD -j MARK --set-xmark 0x0/0x30000
-A cali-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-INPUT -i cali+ -g cali-wl-to-host
-A cali-INPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-wl-to-host -j cali-from-wl-dispatch
-A cali-wl-to-host -m comment --comment "Configured DefaultEndpointToHostAction" -j ACCEPT
-A cali-from-wl-dispatch -i cali1 -g cali-fw-cali1
-A cali-from-wl-dispatch -i cali2 -g cali-fw-cali2
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-fw-cali1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1 -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1 -j MARK --set-xmark 0x0/0x10000
-A cali-fw-cali1 -m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x20000
-A cali-fw-cali1 -m mark --mark 0x0/0x20000 -j cali-po-_allow-metadata
-A cali-fw-cali1 -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-cali1 -m comment --comment "Drop if no policies passed packet" -m mark --mark 0x0/0x20000 -j DROP
-A cali-fw-cali2 -j MARK --set-xmark 0x10000/0x10000
-A cali-fw-cali2 -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-po-_allow-metadata -d 169.254.169.254/32 -p tcp -m multiport --dports 80 -j MARK --set-xmark 0x10000/0x10000
-A cali-po-_allow-metadata -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-po-_allow-metadata -d 10.233.0.3/32 -p udp -m multiport --dports 53 -j MARK --set-xmark 0x10000/0x10000
-A cali-po-_allow-metadata -m mark --mark 0x10000/0x10000 -j RETURN
COMMIT
`,
        },
      },
      app: { addresses: { eth0: ['10.233.64.5/24'] }, routes: ['default via 10.233.64.1'] },
      other: { addresses: { eth0: ['10.233.65.5/24'] }, routes: ['default via 10.233.65.1'] },
    },
    links: [
      ['neighbour:eth0', 'node:eth0'],
      ['node:cali1', 'app:eth0'],
      ['node:cali2', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'app', what: 'tcp', to: '169.254.169.254', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'other', what: 'tcp', to: '169.254.169.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '10.32.0.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '10.32.0.4', port: 22 }, seen: 'nothing' },
      { sending: { from: 'app', what: 'tcp', to: '10.32.0.9', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The policy allows the metadata address. kiam's rule sends that to the agent on the node, port 8181, before the policy is evaluated, and that address no policy allows.",
      causes: [
        { rule: '-d 169.254.169.254/32', chain: 'filter cali-po-_allow-metadata' },
        { rule: '--to-destination 10.32.0.4:8181', chain: 'nat PREROUTING' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'iptables -A cali-po-_allow-metadata -d 10.32.0.4/32 -p tcp -m tcp --dport 8181 -j MARK --set-xmark 0x10000/0x10000',
      ],
    ],
  },
  {
    name: 'nomad-virt-forwards-a-port-that-its-own-host-cannot-use',
    thread: {
      title: 'net: Nomad service port forwarding from client host machine local to VM',
      address: 'https://github.com/hashicorp/nomad-driver-virt/issues/48',
    },
    backend: 'iptables-legacy',
    hosts: {
      workstation: { addresses: { eth0: ['10.0.1.9/24'] }, routes: ['192.168.122.0/24 via 10.0.1.17'] },
      host: {
        addresses: { eth0: ['10.0.1.17/24'], virbr0: ['192.168.122.1/24'] },
        bridges: { virbr0: ['vnet0'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [{ protocol: 'tcp', port: 4646 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:LIBVIRT_PRT - [0:0]
:NOMAD_VT_PRT - [0:0]
-A PREROUTING -j NOMAD_VT_PRT
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
-A NOMAD_VT_PRT -d 10.0.1.17/32 -i eth0 -p tcp -m tcp --dport 22982 -j DNAT --to-destination 192.168.122.10:22
-A NOMAD_VT_PRT -d 10.0.1.17/32 -i eth0 -p tcp -m tcp --dport 28080 -j DNAT --to-destination 192.168.122.10:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:NOMAD_VT_FW - [0:0]
-A FORWARD -j NOMAD_VT_FW
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A NOMAD_VT_FW -d 192.168.122.10/32 -o virbr0 -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A NOMAD_VT_FW -d 192.168.122.10/32 -o virbr0 -p tcp -m state --state NEW -m tcp --dport 80 -j ACCEPT
COMMIT
`,
        },
      },
      guest: {
        addresses: { eth0: ['192.168.122.10/24'] },
        routes: ['default via 192.168.122.1'],
        listeners: [SSH, WEB, HTTPS],
      },
    },
    links: [
      ['workstation:eth0', 'host:eth0'],
      ['guest:eth0', 'host:vnet0'],
    ],
    traced: 'host',
    fails: { from: 'host', what: 'tcp', to: '10.0.1.17', port: 22982 },
    seen: 'refused',
    others: [
      { sending: { from: 'workstation', what: 'tcp', to: '10.0.1.17', port: 22982 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.168.122.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.0.1.17', port: 22983 }, seen: 'refused' },
      { sending: { from: 'workstation', what: 'tcp', to: '192.168.122.10', port: 443 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The port is forwarded in PREROUTING, for what comes in from eth0. What the host itself sends goes by OUTPUT, where no rule forwards it, and the host has nobody at that port.',
      causes: [{ chain: 'nat OUTPUT' }, { rule: '--to-destination 192.168.122.10:22', chain: 'nat NOMAD_VT_PRT' }],
      status: ['refused'],
      alsoTrue: ['closed-port'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -A OUTPUT -d 10.0.1.17/32 -p tcp -m tcp --dport 22982 -j DNAT --to-destination 192.168.122.10:22',
      ],
    ],
  },
  {
    name: 'kube-router-policy-rejects-probes-of-the-pods-own-node',
    thread: {
      title: 'Ingress network policy blocks readiness/liveness checks from kubelet',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/1017',
    },
    backend: 'iptables-legacy',
    hosts: {
      ingress: { addresses: { eth0: ['2001:db8:1::2/64'] }, routes: ['fd00:10:244::/64 via 2001:db8:1::1'] },
      stranger: { addresses: { eth0: ['2001:db8:2::2/64'] }, routes: ['fd00:10:244::/64 via 2001:db8:2::1'] },
      node: {
        addresses: {
          eth0: ['2001:db8:1::1/64'],
          eth1: ['2001:db8:2::1/64'],
          'kube-bridge': ['fd00:10:244::1/64'],
        },
        bridges: { 'kube-bridge': ['veth1', 'veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-ip6tables': '0' },
        rules: {
          ipset: `create inet6:KUBE-SRC-AF3Q hash:ip family inet6
add inet6:KUBE-SRC-AF3Q 2001:db8:1::2
create inet6:KUBE-DST-K7WT hash:ip family inet6
add inet6:KUBE-DST-K7WT fd00:10:244::5
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-NWPLCY-5UYC - [0:0]
:KUBE-POD-FW-TT2I - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-ROUTER-OUTPUT - [0:0]
-A FORWARD -m comment --comment "kube-router netpol" -j KUBE-ROUTER-FORWARD
-A OUTPUT -m comment --comment "kube-router netpol" -j KUBE-ROUTER-OUTPUT
-A KUBE-NWPLCY-5UYC -p tcp -m comment --comment "rule to ACCEPT traffic from source pods to dest pods selected by policy name allow-ingress namespace default" -m set --match-set inet6:KUBE-SRC-AF3Q src -m set --match-set inet6:KUBE-DST-K7WT dst -m tcp --dport 8080 -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-5UYC -m mark --mark 0x10000/0x10000 -m comment --comment "rule to RETURN marked traffic" -j RETURN
-A KUBE-POD-FW-TT2I -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-POD-FW-TT2I -p ipv6-icmp -m comment --comment "rule to allow neighbor solicitation" -m icmp6 --icmpv6-type 135 -j ACCEPT
-A KUBE-POD-FW-TT2I -p ipv6-icmp -m comment --comment "rule to allow neighbor advertisement" -m icmp6 --icmpv6-type 136 -j ACCEPT
-A KUBE-POD-FW-TT2I -d fd00:10:244::5/128 -m comment --comment "run through nw policy allow-ingress" -j KUBE-NWPLCY-5UYC
-A KUBE-POD-FW-TT2I -m comment --comment "rule to log dropped traffic POD name:web namespace: default" -m mark ! --mark 0x10000/0x10000 -m limit --limit 10/min --limit-burst 10 -j NFLOG --nflog-group 100
-A KUBE-POD-FW-TT2I -m comment --comment "rule to REJECT traffic destined for POD name:web namespace: default" -m mark ! --mark 0x10000/0x10000 -j REJECT --reject-with icmp6-port-unreachable
-A KUBE-POD-FW-TT2I -j MARK --set-xmark 0x0/0x10000
-A KUBE-ROUTER-FORWARD -d fd00:10:244::5/128 -m comment --comment "rule to jump traffic destined to POD name:web namespace: default" -j KUBE-POD-FW-TT2I
-A KUBE-ROUTER-OUTPUT -d fd00:10:244::5/128 -m comment --comment "rule to jump traffic destined to POD name:web namespace: default" -j KUBE-POD-FW-TT2I
COMMIT
`,
        },
      },
      web: { addresses: { eth0: ['fd00:10:244::5/64'] }, routes: ['default via fd00:10:244::1'], listeners: [PROBED] },
      free: { addresses: { eth0: ['fd00:10:244::6/64'] }, routes: ['default via fd00:10:244::1'], listeners: [PROBED] },
    },
    links: [
      ['ingress:eth0', 'node:eth0'],
      ['stranger:eth0', 'node:eth1'],
      ['web:eth0', 'node:veth1'],
      ['free:eth0', 'node:veth2'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: 'fd00:10:244::5', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'ingress', what: 'tcp', to: 'fd00:10:244::5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: 'fd00:10:244::6', port: 8080 }, seen: 'answered' },
      { sending: { from: 'stranger', what: 'tcp', to: 'fd00:10:244::5', port: 8080 }, seen: 'refused' },
    ],
    truth: {
      words:
        "Probes come from the node's own address on the bridge. The policy's set of sources does not have it, so the mark that spares a packet from the reject is not set.",
      causes: [{ rule: 'inet6:KUBE-SRC-AF3Q src', chain: 'filter KUBE-NWPLCY-5UYC' }],
      status: ['rejected'],
    },
    mend: [['node', 'ip6tables -I KUBE-POD-FW-TT2I 2 -d fd00:10:244::5/128 -m addrtype --src-type LOCAL -j ACCEPT']],
  },
  {
    name: 'near-linkerd-spares-a-subnet-from-a-proxy-that-is-not-up',
    thread: {
      title: 'Add option to skip subnets',
      address: 'https://github.com/linkerd/linkerd2-proxy-init/pull/53',
    },
    backend: 'iptables-legacy',
    hosts: {
      dind: { addresses: { eth0: ['172.17.0.3/16'] }, routes: ['10.244.1.5/32 via 172.17.0.1'] },
      meshed: { addresses: { eth0: ['10.244.1.9/24'] } },
      pod: {
        addresses: { eth0: ['10.244.1.5/24'], docker0: ['172.17.0.1/16'] },
        listeners: [WEB, { protocol: 'tcp', port: 4191 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PROXY_INIT_OUTPUT - [0:0]
:PROXY_INIT_REDIRECT - [0:0]
-A PREROUTING -m comment --comment "proxy-init/install-proxy-init-prerouting/1636093203" -j PROXY_INIT_REDIRECT
-A OUTPUT -m comment --comment "proxy-init/install-proxy-init-output/1636093203" -j PROXY_INIT_OUTPUT
-A PROXY_INIT_OUTPUT ! -d 127.0.0.1/32 -o lo -m owner --uid-owner 2102 -m comment --comment "proxy-init/redirect-non-loopback-local-traffic/1636093203" -j PROXY_INIT_REDIRECT
-A PROXY_INIT_OUTPUT -m owner --uid-owner 2102 -m comment --comment "proxy-init/ignore-proxy-user-id/1636093203" -j RETURN
-A PROXY_INIT_OUTPUT -o lo -m comment --comment "proxy-init/ignore-loopback/1636093203" -j RETURN
-A PROXY_INIT_OUTPUT -p tcp -m comment --comment "proxy-init/redirect-all-outgoing-to-proxy-port/1636093203" -j REDIRECT --to-ports 4140
-A PROXY_INIT_REDIRECT -p tcp -m multiport --dports 4190,4191 -m comment --comment "proxy-init/ignore-port-4190,4191/1636093203" -j RETURN
-A PROXY_INIT_REDIRECT -s 172.17.0.0/16 -m comment --comment "proxy-init/ignore-subnet-172.17.0.0/16/1636093203" -j RETURN
-A PROXY_INIT_REDIRECT -p tcp -m comment --comment "proxy-init/redirect-all-incoming-to-proxy-port/1636093203" -j REDIRECT --to-ports 4143
COMMIT
`,
        },
      },
    },
    links: [
      ['dind:eth0', 'pod:docker0'],
      ['meshed:eth0', 'pod:eth0'],
    ],
    traced: 'pod',
    fails: { from: 'dind', what: 'tcp', to: '10.244.1.5', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'meshed', what: 'tcp', to: '10.244.1.5', port: 80 }, seen: 'refused' },
      { sending: { from: 'meshed', what: 'tcp', to: '10.244.1.5', port: 4191 }, seen: 'answered' },
    ],
    truth: { words: 'Nothing is wrong with what is spared.', causes: [], status: ['answered'] },
    mend: [['pod', 'true']],
  },
]

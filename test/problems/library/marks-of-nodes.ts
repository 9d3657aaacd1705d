/** Nodes whose agents mark, spare or do not track what others' rules then treat, from threads of Antrea, EgressGateway and Cilium. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { cilium, KUBE_FILTER, KUBE_FILTER_CHAINS, KUBE_NAT_CHAINS, kubeNat } from './kube-chains.ts'
import { FILTER, MANGLE, NAT, RAW, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const API = { protocol: 'tcp', port: 8443 } as const

export const MARKS_OF_NODES: Problem[] = [
  {
    name: 'antrea-mark-of-the-host-is-the-first-egress',
    thread: {
      title: "Avoid Egress's SNAT rules being applied to unintended traffic",
      address: 'https://github.com/antrea-io/antrea/pull/2047',
    },
    backend: 'iptables-nft',
    hosts: {
      node1: {
        addresses: { eth0: ['192.168.77.101/24', '192.168.77.200/32'], 'antrea-gw0': ['10.10.0.1/24'] },
        routes: ['10.10.1.0/24 via 10.10.1.1 dev antrea-gw0 onlink', 'default via 192.168.77.1'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [SSH],
        rules: {
          ipset: 'create ANTREA-POD-IP hash:net\nadd ANTREA-POD-IP 10.10.0.0/24\nadd ANTREA-POD-IP 10.10.1.0/24\n',
          v4: `${saved(
            'raw',
            RAW,
            'ANTREA-OUTPUT ANTREA-PREROUTING',
            `-A PREROUTING -m comment --comment "Antrea: jump to Antrea prerouting rules" -j ANTREA-PREROUTING
-A OUTPUT -m comment --comment "Antrea: jump to Antrea output rules" -j ANTREA-OUTPUT
-A ANTREA-OUTPUT -p udp -m comment --comment "Antrea: do not track outgoing encapsulation packets" -m udp --dport 6081 -m addrtype --src-type LOCAL -j CT --notrack
-A ANTREA-PREROUTING -p udp -m comment --comment "Antrea: do not track incoming encapsulation packets" -m udp --dport 6081 -m addrtype --dst-type LOCAL -j CT --notrack
`,
          )}${saved(
            'mangle',
            MANGLE,
            'ANTREA-MANGLE ANTREA-OUTPUT KUBE-IPTABLES-HINT KUBE-KUBELET-CANARY',
            `-A PREROUTING -m comment --comment "Antrea: jump to Antrea mangle rules" -j ANTREA-MANGLE
-A OUTPUT -m comment --comment "Antrea: jump to Antrea output rules" -j ANTREA-OUTPUT
-A ANTREA-OUTPUT -o antrea-gw0 -m comment --comment "Antrea: mark LOCAL output packets" -m addrtype --src-type LOCAL -j MARK --set-xmark 0x1/0x1
`,
          )}${saved(
            'nat',
            NAT,
            `ANTREA-POSTROUTING ${KUBE_NAT_CHAINS}`,
            `${kubeNat('10.10.0.0/16', '10.96.12.7', '10.10.1.5:8443')}-A POSTROUTING -m comment --comment "Antrea: jump to Antrea postrouting rules" -j ANTREA-POSTROUTING
-A ANTREA-POSTROUTING -m comment --comment "Antrea: SNAT Pod to external packets" -m mark --mark 0x1/0xff -j SNAT --to-source 192.168.77.200
-A ANTREA-POSTROUTING -s 10.10.0.0/24 -m comment --comment "Antrea: masquerade Pod to external packets" -m set ! --match-set ANTREA-POD-IP dst ! -o antrea-gw0 -j MASQUERADE
`,
          )}${saved(
            'filter',
            FILTER,
            `ANTREA-FORWARD ${KUBE_FILTER_CHAINS}`,
            `${KUBE_FILTER}-A FORWARD -m comment --comment "Antrea: jump to Antrea forwarding rules" -j ANTREA-FORWARD
-A ANTREA-FORWARD -i antrea-gw0 -m comment --comment "Antrea: accept packets from local Pods" -j ACCEPT
-A ANTREA-FORWARD -o antrea-gw0 -m comment --comment "Antrea: accept packets to local Pods" -j ACCEPT
`,
          )}`,
        },
      },
      // its end of the tunnel is a wire here
      node2: {
        addresses: { eth0: ['192.168.77.102/24'], tun0: ['10.10.1.1/32'], gw0: ['10.10.1.2/24'] },
        routes: ['10.10.0.0/24 via 10.10.0.1 dev tun0 onlink'],
        sysctls: FORWARDS,
      },
      pod: { addresses: { eth0: ['10.10.1.5/24'] }, routes: ['default via 10.10.1.2'], listeners: [API] },
      lan: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      server: { addresses: { eth0: ['192.168.77.1/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['node1:antrea-gw0', 'node2:tun0'],
      ['node2:gw0', 'pod:eth0'],
      ['node1:eth0', 'lan:p1'],
      ['node2:eth0', 'lan:p2'],
      ['server:eth0', 'lan:p3'],
    ],
    traced: 'node1',
    fails: { from: 'node1', what: 'tcp', to: '10.10.1.5', port: 8443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node1', what: 'tcp', to: '192.168.77.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'tcp', to: '10.96.12.7', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.10.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.168.77.101', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "What the node itself sends to pods carries mark 0x1, which is the first Egress's mark, too: so it is translated to the Egress address, the other node sends the reply past the tunnel, and the reverse-path filter drops it on eth0.",
      causes: [
        { rule: '--mark 0x1/0xff -j SNAT', chain: 'nat ANTREA-POSTROUTING' },
        { rule: '--set-xmark 0x1/0x1', chain: 'mangle ANTREA-OUTPUT' },
      ],
      status: ['lost', 'reply-lost', 'unanswered'],
      alsoTrue: ['vanished-rp-filter'],
    },
    mend: [
      [
        'node1',
        'iptables -t nat -R ANTREA-POSTROUTING 1 ! -o antrea-gw0 -m mark --mark 0x1/0xff -j SNAT --to-source 192.168.77.200',
      ],
    ],
  },
  {
    name: 'egressgateway-saves-the-mark-of-its-own-pods',
    thread: {
      title: 'Escape marked tunnel trafic from egress-gateway processing in mangle table (#1616)',
      address: 'https://github.com/spidernet-io/egressgateway/pull/1813',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.244.1.7/32'] }, routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'] },
      nodea: {
        addresses: {
          cali1: ['169.254.1.1/32'],
          'egress.vxlan': ['192.200.0.2/16'],
          'vxlan.calico': ['10.244.1.0/32'],
          eth0: ['203.0.113.11/24'],
        },
        routes: [
          '10.244.1.7 dev cali1',
          '10.244.2.0/24 via 10.244.2.0 dev vxlan.calico onlink',
          'default via 203.0.113.1',
        ],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          ipset:
            'create egress-src-v4-aea5445f32d3ff6d9 hash:net\nadd egress-src-v4-aea5445f32d3ff6d9 10.244.1.7\ncreate egress-cluster-cidr-ipv4 hash:net\nadd egress-cluster-cidr-ipv4 10.244.0.0/16\nadd egress-cluster-cidr-ipv4 203.0.113.11\nadd egress-cluster-cidr-ipv4 203.0.113.12\n',
          v4: `${saved(
            'mangle',
            MANGLE,
            'EGRESSGATEWAY-MARK-REQUEST EGRESSGATEWAY-REPLY-ROUTING KUBE-IPTABLES-HINT KUBE-KUBELET-CANARY cali-PREROUTING',
            `-A PREROUTING -m comment --comment "egw:Lh98b3mb9WlZrgw7" -m comment --comment "Checking for EgressPolicy matched traffic" -j EGRESSGATEWAY-MARK-REQUEST
-A PREROUTING -m comment --comment "egw:sk3iZtUIsVFAPyMv" -m comment --comment "EgressGateway reply datapath rule, rule is from the EgressGateway" -j EGRESSGATEWAY-REPLY-ROUTING
-A PREROUTING -m comment --comment "egw:TdWhJbzhP34YBgyK" -m mark --mark 0x26000000/0xff000000 -j ACCEPT
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A FORWARD -m comment --comment "egw:QZatZARIgegXh8rb" -m mark --mark 0x26000000/0xff000000 -j MARK --set-xmark 0x26000000/0xffffffff
-A EGRESSGATEWAY-MARK-REQUEST -m comment --comment "egw:rqYfjkfKrT6nGSGk" -m comment --comment "Set mark for EgressPolicy default/shop" -m set --match-set egress-src-v4-aea5445f32d3ff6d9 src -m set ! --match-set egress-cluster-cidr-ipv4 dst -m conntrack --ctdir ORIGINAL -j MARK --set-xmark 0x26e68522/0xffffffff
-A EGRESSGATEWAY-REPLY-ROUTING -i egress.vxlan -m mac --mac-source 66:78:4b:6c:67:84 -m conntrack --ctdir ORIGINAL -m comment --comment "egw: mark the traffic from the EgressGateway tunnel" -j MARK --set-xmark 0x26e68522/0xffffffff
-A EGRESSGATEWAY-REPLY-ROUTING -m mark --mark 0x26e68522 -m comment --comment "egw: save mark to the connection" -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A EGRESSGATEWAY-REPLY-ROUTING -i egress.vxlan -m mac --mac-source 66:78:4b:6c:67:84 -m comment --comment "egw: clear mark of the inner packet" -j MARK --set-xmark 0x26000000/0xffffffff
-A EGRESSGATEWAY-REPLY-ROUTING -m conntrack --ctdir REPLY -m comment --comment "egw: restore the mark of the connection" -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
`,
          )}${saved(
            'nat',
            NAT,
            `EGRESSGATEWAY-SNAT-EIP cali-POSTROUTING ${KUBE_NAT_CHAINS}`,
            `-A POSTROUTING -m comment --comment "egw:ymEAarDWTR9SHgDS" -m mark --mark 0x26000000/0xff000000 -j ACCEPT
-A POSTROUTING -m comment --comment "egw:x1tdBi75jif7GCxh" -m comment --comment "SNAT for egress traffic" -j EGRESSGATEWAY-SNAT-EIP
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
${kubeNat('10.244.0.0/16', '10.96.12.7', '10.244.2.7:8443')}-A cali-POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -m comment --comment "cali:Dw4T8UWPnCLxRJiI" -j MASQUERADE
`,
          )}${saved('filter', FILTER, KUBE_FILTER_CHAINS, KUBE_FILTER)}`,
        },
      },
      nodeb: {
        addresses: {
          'egress.vxlan': ['192.200.0.3/16'],
          'vxlan.calico': ['10.244.2.0/32'],
          eth0: ['203.0.113.12/24', '203.0.113.50/32'],
        },
        routes: ['10.244.1.0/24 via 10.244.1.0 dev vxlan.calico onlink'],
        sysctls: FORWARDS,
        rules: {
          v4: saved(
            'nat',
            NAT,
            'EGRESSGATEWAY-SNAT-EIP',
            '-A POSTROUTING -j EGRESSGATEWAY-SNAT-EIP\n-A EGRESSGATEWAY-SNAT-EIP -s 10.244.1.7/32 ! -d 10.244.0.0/16 -o eth0 -j SNAT --to-source 203.0.113.50\n',
          ),
        },
      },
      lan: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      server: { addresses: { eth0: ['203.0.113.1/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['pod:eth0', 'nodea:cali1'],
      ['nodea:egress.vxlan', 'nodeb:egress.vxlan'],
      ['nodea:vxlan.calico', 'nodeb:vxlan.calico'],
      ['nodea:eth0', 'lan:p1'],
      ['nodeb:eth0', 'lan:p2'],
      ['server:eth0', 'lan:p3'],
    ],
    traced: 'nodea',
    setup: [
      ['nodeb', 'ip link set egress.vxlan address 66:78:4b:6c:67:84'],
      [
        'nodea',
        'ip route add default via 192.200.0.3 dev egress.vxlan table 600; ip rule add pref 99 fwmark 0x26e68522 lookup 600',
      ],
    ],
    fails: { from: 'pod', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'nodea', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '203.0.113.11', port: 22 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '192.200.0.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The pod's request gets the mark that means the other node, and the rule for what comes out of that node's tunnel saves it to the connection: the mark is restored to the reply, and its rule sends the reply back into the tunnel, round and round.",
      causes: [
        { rule: 'CONNMARK --save-mark', chain: 'mangle EGRESSGATEWAY-REPLY-ROUTING' },
        { rule: 'CONNMARK --restore-mark', chain: 'mangle EGRESSGATEWAY-REPLY-ROUTING' },
      ],
      status: ['reply-lost', 'lost', 'unanswered'],
      alsoTrue: ['wrong-way-out', 'came-back', 'vanished-ttl'],
    },
    mend: [
      [
        'nodea',
        'iptables -t mangle -I PREROUTING 2 ! -i egress.vxlan -m mark --mark 0x26000000/0xff000000 -m conntrack --ctdir ORIGINAL -j ACCEPT',
      ],
    ],
  },
  {
    name: 'cilium-masquerade-spares-the-whole-of-172',
    thread: { title: 'Incorrect masquerade rule set', address: 'https://github.com/cilium/cilium/issues/10939' },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['172.28.0.5/32'] }, routes: ['172.28.0.1 dev eth0', 'default via 172.28.0.1'] },
      node: {
        addresses: { lxc8f1: ['172.28.0.1/32'], eth0: ['172.16.3.11/24'] },
        routes: ['172.28.0.5 dev lxc8f1', '172.28.1.0/24 via 172.16.3.12', 'default via 172.16.3.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: cilium(
            '',
            '-A CILIUM_POST_nat -s 172.28.0.0/24 ! -d 172.0.0.0/8 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE\n-A CILIUM_POST_nat -s 127.0.0.1/32 -o cilium_host -m comment --comment "cilium host->cluster from 127.0.0.1 masquerade" -j SNAT --to-source 172.28.0.1\n',
            '172.28.0.0/16',
            '10.96.12.7',
            '172.28.1.7:8443',
          ),
        },
      },
      node2: {
        addresses: { eth0: ['172.16.3.12/24'], lxc1: ['172.28.1.1/32'] },
        routes: ['172.28.1.7 dev lxc1', '172.28.0.0/24 via 172.16.3.11'],
        sysctls: FORWARDS,
      },
      pod2: {
        addresses: { eth0: ['172.28.1.7/32'] },
        routes: ['172.28.1.1 dev eth0', 'default via 172.28.1.1'],
        listeners: [API],
      },
      lan: { bridges: { br0: ['p1', 'p2', 'p3', 'p4'] } },
      router: { addresses: { eth0: ['172.16.3.1/24', '198.51.100.9/32'] }, listeners: [HTTPS] },
      db: { addresses: { eth0: ['172.16.3.50/24'] }, listeners: [{ protocol: 'tcp', port: 5432 }] },
    },
    links: [
      ['pod:eth0', 'node:lxc8f1'],
      ['node:eth0', 'lan:p1'],
      ['node2:eth0', 'lan:p2'],
      ['router:eth0', 'lan:p3'],
      ['db:eth0', 'lan:p4'],
      ['node2:lxc1', 'pod2:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '172.16.3.50', port: 5432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '172.28.1.7', port: 8443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.96.12.7', port: 443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '172.16.3.50', port: 5432 }, seen: 'answered' },
      { sending: { from: 'pod2', what: 'tcp', to: '172.16.3.11', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The masquerade spares all of 172.0.0.0/8 in place of the cluster's 172.28.0.0/16: the database is in it, gets the pod's own address, and has no route to that.",
      causes: [{ rule: '! -d 172.0.0.0/8', chain: 'nat CILIUM_POST_nat' }],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -R CILIUM_POST_nat 1 -s 172.28.0.0/24 ! -d 172.28.0.0/16 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'cilium-untracked-pods-are-not-masqueraded',
    thread: {
      title: '--install-no-conntrack-iptables-rules prevents ipv4 masquerading',
      address: 'https://github.com/cilium/cilium/issues/16046',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.145.1.5/32'] }, routes: ['10.145.1.1 dev eth0', 'default via 10.145.1.1'] },
      node: {
        addresses: { lxc8f1: ['10.145.1.1/32'], eth0: ['192.0.2.11/24'] },
        routes: ['10.145.1.5 dev lxc8f1', '10.145.2.0/24 via 192.0.2.12', 'default via 192.0.2.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: cilium(
            '-A CILIUM_OUTPUT_raw -d 10.145.0.0/16 -m comment --comment "cilium: NOTRACK for pod traffic" -j CT --notrack\n-A CILIUM_OUTPUT_raw -s 10.145.0.0/16 -m comment --comment "cilium: NOTRACK for pod traffic" -j CT --notrack\n-A CILIUM_PRE_raw -d 10.145.0.0/16 -m comment --comment "cilium: NOTRACK for pod traffic" -j CT --notrack\n-A CILIUM_PRE_raw -s 10.145.0.0/16 -m comment --comment "cilium: NOTRACK for pod traffic" -j CT --notrack\n',
            '-A CILIUM_POST_nat -s 10.145.1.0/24 ! -d 10.145.0.0/16 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE\n',
            '10.145.0.0/16',
            '10.96.12.7',
            '192.0.2.1:443',
          ),
        },
      },
      node2: {
        addresses: { eth0: ['192.0.2.12/24'], lxc1: ['10.145.2.1/32'] },
        routes: ['10.145.2.7 dev lxc1', '10.145.1.0/24 via 192.0.2.11'],
        sysctls: FORWARDS,
      },
      pod2: {
        addresses: { eth0: ['10.145.2.7/32'] },
        routes: ['10.145.2.1 dev eth0', 'default via 10.145.2.1'],
        listeners: [API],
      },
      lan: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      router: { addresses: { eth0: ['192.0.2.1/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['pod:eth0', 'node:lxc8f1'],
      ['node:eth0', 'lan:p1'],
      ['node2:eth0', 'lan:p2'],
      ['router:eth0', 'lan:p3'],
      ['node2:lxc1', 'pod2:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.145.2.7', port: 8443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.96.12.7', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod2', what: 'tcp', to: '192.0.2.11', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Everything from a pod is exempt from connection tracking, and without an entry nothing is translated: the masquerade's rule is never evaluated, and the pod's own address leaves.",
      causes: [
        {
          rule: '-s 10.145.0.0/16 -m comment --comment "cilium: NOTRACK for pod traffic" -j CT --notrack',
          chain: 'raw CILIUM_PRE_raw',
        },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
      alsoTrue: ['untracked'],
    },
    mend: [['node', 'iptables -t raw -I CILIUM_PRE_raw 1 -s 10.145.0.0/16 ! -d 10.145.0.0/16 -j RETURN']],
  },
]

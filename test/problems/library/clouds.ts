/** Nodes of a cloud's cluster: marks, and two interfaces. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

/** A cloud's network that forwards nothing that leaves by an interface with a foreign source. */
const CLOUD = `table ip cloud {
  chain check {
    type filter hook prerouting priority filter; policy accept;
    iifname "eni0" ip saddr != 10.0.0.10 drop
    iifname "eni1" ip saddr != { 10.0.1.10, 10.0.1.20 } drop
  }
}
`

/** A node with two interfaces of a cloud, and a pod with an address of the second one. */
const twoInterfaces = (node: Problem['hosts'][string]): Pick<Problem, 'hosts' | 'links' | 'traced'> => ({
  hosts: {
    pod: {
      addresses: { eth0: ['10.0.1.20/32'] },
      routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'],
      listeners: WEB,
    },
    node: {
      ...node,
      addresses: { eth0: ['10.0.0.10/24'], eth1: ['10.0.1.10/24'], eni7: ['169.254.1.1/32'] },
      routes: [
        'default via 10.0.0.1',
        '10.0.1.20 dev eni7',
        '10.0.1.1 dev eth1 table 2',
        'default via 10.0.1.1 table 2',
      ],
      sysctls: { ...FORWARDS, ...node.sysctls },
    },
    cloud: {
      addresses: { eni0: ['10.0.0.1/24'], eni1: ['10.0.1.1/24'], eth2: ['10.0.2.1/24'] },
      routes: ['10.0.1.20 via 10.0.1.10'],
      sysctls: FORWARDS,
      rules: { nft: CLOUD },
    },
    other: { addresses: { eth0: ['10.0.2.9/24'] }, routes: ['default via 10.0.2.1'], listeners: WEB },
  },
  links: [
    ['pod:eth0', 'node:eni7'],
    ['node:eth0', 'cloud:eni0'],
    ['node:eth1', 'cloud:eni1'],
    ['cloud:eth2', 'other:eth0'],
  ],
  traced: 'node',
})

const POD_RULES =
  'ip rule add pref 512 to 10.0.1.20 lookup main; ip rule add pref 1024 fwmark 0x80/0x80 lookup main; ip rule add pref 1536 from 10.0.1.20 lookup 2'

export const CLOUDS: Problem[] = [
  {
    name: 'aws-marks-services-before-dnat',
    thread: {
      title:
        'Service CIDR must be manually configured when using kube-proxy in nftables mode with VPC CNI iptables-nft',
      address: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/3563',
    },
    backend: 'iptables-nft',
    ...twoInterfaces({
      rules: {
        nft: `table ip kube-proxy {
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 172.20.96.189 . tcp . 80 : goto service-web }
  }
  chain service-web { meta l4proto tcp dnat to 10.0.2.9:80; }
  chain services { ip daddr . meta l4proto . th dport vmap @service-ips; }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
}
`,
      },
    }),
    // of two chains of one priority, the one that came last comes first
    setup: [
      [
        'node',
        `iptables-nft-restore <<'END'
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:AWS-CONNMARK-CHAIN-0 - [0:0]
:AWS-SNAT-CHAIN-0 - [0:0]
-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0
-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-CONNMARK-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS CONNMARK CHAIN, VPC CIDR" -j RETURN
-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80
-A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.0.10
COMMIT
END
${POD_RULES}`,
      ],
    ],
    fails: { from: 'pod', what: 'tcp', to: '172.20.96.189', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The chain of AWS sees the service's address, which is not one of the VPC, and marks the packet for the first interface; kube-proxy makes a pod's address of it afterwards.",
      causes: [
        { rule: '--set-xmark 0x80/0x80', chain: 'nat AWS-CONNMARK-CHAIN-0' },
        { rule: '--restore-mark', chain: 'nat PREROUTING' },
        { rule: '-j RETURN', chain: 'nat AWS-CONNMARK-CHAIN-0' },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['node', 'iptables -t nat -I AWS-CONNMARK-CHAIN-0 -d 172.20.0.0/16 -j RETURN']],
  },
  {
    name: 'aws-nodeport-of-second-interface',
    thread: {
      title: 'NodePort not working properly for pods on secondary ENIs',
      address: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/75',
    },
    backend: 'iptables-legacy',
    ...twoInterfaces({
      sysctls: {
        'net.ipv4.conf.all.rp_filter': '1',
        'net.ipv4.conf.default.rp_filter': '1',
      },
      listeners: SSH,
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-SEP-WEB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-XLB-WEB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING ! -d 10.0.0.0/16 -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.0.10
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-XLB-WEB
-A KUBE-SEP-WEB -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.1.20:80
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-XLB-WEB -m comment --comment "Balancing rule 0 for default/web" -j KUBE-SEP-WEB
COMMIT
`,
      },
    }),
    setup: [['node', POD_RULES]],
    fails: { from: 'other', what: 'tcp', to: '10.0.0.10', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'other', what: 'tcp', to: '10.0.0.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.0.1.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Behind nat the destination is a pod of the second interface, whose replies a routing rule sends out there: the request came in on the first, and the reverse path filter drops it. Loose alone, the pod's reply would leave by the wrong interface.",
      causes: [{ code: 'vanished-rp-filter' }, { code: 'kernel-drop', words: ['rp_filter'] }],
      status: ['lost'],
      alsoTrue: ['reply-by-other-uplink'],
    },
    mend: [
      [
        'node',
        'sysctl -w net.ipv4.conf.all.rp_filter=2; iptables -t mangle -A PREROUTING -i eth0 -p tcp --dport 30000:32767 -j CONNMARK --set-xmark 0x80/0x80; iptables -t mangle -A PREROUTING -i eni+ -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
      ],
    ],
  },
  {
    name: 'aws-restores-mark-over-calicos',
    thread: {
      title: 'VPC CNI v1.23.0 native nftables connmark restore clears Calico Enterprise eBPF packet marks',
      address: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/3872',
    },
    backend: 'nft',
    hosts: {
      pod: { addresses: { eth0: ['10.0.1.20/24'] }, routes: ['default via 10.0.1.1'] },
      node: {
        addresses: { eni7: ['10.0.1.1/24'], eth0: ['10.0.0.10/24'] },
        routes: ['default via 10.0.0.1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          // the first table stands for the eBPF program at the interface
          nft: `table ip bpf {
  chain from-workload {
    type filter hook prerouting priority raw; policy accept;
    iifname "eni*" meta mark set meta mark | 0x01000000
  }
}
table ip aws-cni {
  chain nat-prerouting {
    type nat hook prerouting priority dstnat + 10; policy accept;
    fib daddr type local return
    iifname "eni*" jump snat-mark
    iifname "eni*" counter meta mark set ct mark & 0x00000080
  }
  chain snat-mark {
    ip daddr 10.0.0.0/16 return
    ct mark set ct mark | 0x00000080
  }
}
table ip calico {
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    iifname "eni*" meta mark & 0x01000000 != 0x01000000 counter drop comment "From workload without BPF seen mark"
  }
}
`,
        },
      },
      far: {
        addresses: { eth0: ['10.0.0.1/24'], lo: ['203.0.113.9/32'] },
        routes: ['10.0.1.0/24 via 10.0.0.10'],
        listeners: WEB,
      },
    },
    links: [
      ['pod:eth0', 'node:eni7'],
      ['node:eth0', 'far:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.0.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "One rule writes the whole mark where it should restore one bit: Calico's bit is lost, and its rule drops what has not got it.",
      causes: [
        { rule: 'meta mark set ct mark & 0x00000080', chain: 'ip aws-cni nat-prerouting' },
        { code: 'mark-missing', words: ['aws-cni'] },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'nft flush chain ip aws-cni nat-prerouting; nft add rule ip aws-cni nat-prerouting fib daddr type local return; nft add rule ip aws-cni nat-prerouting iifname "eni*" jump snat-mark; nft add rule ip aws-cni nat-prerouting iifname "eni*" ct mark and 0x80 == 0x80 meta mark set meta mark or 0x80',
      ],
    ],
  },
]

/** Containers by rules of nft: forwards of Incus, marks beside eBPF. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const EGRESS: Problem[] = [
  {
    name: 'incus-forward-from-own-network',
    thread: {
      title: 'Network forward routing breaks when used by container in target network',
      address: 'https://github.com/lxc/incus/issues/1175',
    },
    backend: 'nft',
    hosts: {
      server: { addresses: { eth0: ['10.20.0.2/24'] }, routes: ['default via 10.20.0.1'], listeners: WEB },
      guest: { addresses: { eth0: ['10.20.0.3/24'] }, routes: ['default via 10.20.0.1'] },
      host: {
        bridges: { incusbr0: ['veth1', 'veth2'] },
        addresses: { incusbr0: ['10.20.0.1/24'], eth0: ['203.0.113.1/24', '203.0.113.5/32'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table inet incus {
  chain pstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.20.0.0/24 ip daddr != 10.20.0.0/24 masquerade
  }
  chain fwd.incusbr0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "incusbr0" accept
    ip version 4 iifname "incusbr0" accept
  }
  chain fwdprert.incusbr0 {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 203.0.113.5 dnat ip to 10.20.0.2
  }
  chain fwdout.incusbr0 {
    type nat hook output priority -100; policy accept;
    ip daddr 203.0.113.5 dnat ip to 10.20.0.2
  }
  chain fwdpstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.20.0.2 ip daddr 10.20.0.2 masquerade
  }
}
`,
        },
      },
      client: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['server:eth0', 'host:veth1'],
      ['guest:eth0', 'host:veth2'],
      ['client:eth0', 'host:eth0'],
    ],
    traced: 'host',
    fails: { from: 'guest', what: 'tcp', to: '203.0.113.5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '10.20.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Only what the target sends to itself is masqueraded: it answers a neighbour straight over the bridge, from an address that was not asked.',
      causes: [
        { code: 'not-masqueraded' },
        { rule: 'ip saddr 10.20.0.2 ip daddr 10.20.0.2 masquerade', chain: 'inet incus fwdpstrt.incusbr0' },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'host',
        'nft add rule inet incus fwdpstrt.incusbr0 ip saddr 10.20.0.0/24 ip daddr 10.20.0.2 ct status dnat masquerade',
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

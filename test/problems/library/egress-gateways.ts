/** Gateways that give what leaves another address, from threads: an entry from before their rules; and, healthy, one rule for each pod. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { KUBE_FILTER, KUBE_FILTER_CHAINS, KUBE_NAT_CHAINS, kubeNat } from './kube-chains.ts'
import { FILTER, MANGLE, NAT, saved } from './services-astray.ts'

export const EGRESS_GATEWAYS: Problem[] = [
  {
    name: 'kube-ovn-gateway-was-asked-before-it-had-its-rules',
    thread: {
      title: '[BUG] NatGateway ceases working after being restarted',
      address: 'https://github.com/kubeovn/kube-ovn/issues/4193',
    },
    backend: 'iptables-legacy',
    hosts: {
      vm: {
        addresses: { eth0: ['10.0.1.2/24'] },
        routes: ['default via 10.0.1.254'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
      gw: {
        addresses: { eth0: ['10.0.1.254/24'], net1: ['172.19.0.11/24', '172.19.0.12/24'] },
        routes: ['default via 172.19.0.1'],
        sysctls: FORWARDS,
        rules: {
          v4: `${saved(
            'nat',
            NAT,
            'DNAT_FILTER EXCLUSIVE_DNAT EXCLUSIVE_SNAT SHARED_DNAT SHARED_SNAT SNAT_FILTER',
            `-A PREROUTING -j DNAT_FILTER
-A DNAT_FILTER -j EXCLUSIVE_DNAT
-A DNAT_FILTER -j SHARED_DNAT
-A POSTROUTING -j SNAT_FILTER
-A SNAT_FILTER -j EXCLUSIVE_SNAT
-A SNAT_FILTER -j SHARED_SNAT
-A SHARED_DNAT -d 172.19.0.12/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.1.2:80
-A SHARED_DNAT -d 172.19.0.12/32 -p udp -m udp --dport 5060 -j DNAT --to-destination 10.0.1.2:5060
`,
          )}${saved('mangle', MANGLE, '', '-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu\n')}`,
        },
      },
      outside: {
        addresses: { eth0: ['172.19.0.1/24'], lo: ['192.168.73.1/32'] },
        listeners: [
          { protocol: 'udp', address: '192.168.73.1', port: 1812 },
          { protocol: 'tcp', port: 443 },
        ],
      },
    },
    links: [
      ['vm:eth0', 'gw:eth0'],
      ['gw:net1', 'outside:eth0'],
    ],
    traced: 'gw',
    earlier: {
      sendings: [{ from: 'vm', what: 'udp', to: '192.168.73.1', port: 1812, sport: 41812 }],
      change: [
        ['gw', 'iptables -t nat -A SHARED_SNAT -s 10.0.1.0/24 -o net1 -j SNAT --to-source 172.19.0.11 --random-fully'],
      ],
    },
    fails: { from: 'vm', what: 'udp', to: '192.168.73.1', port: 1812, sport: 41812 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'udp', to: '192.168.73.1', port: 1812 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'tcp', to: '192.168.73.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'ping', to: '192.168.73.1' }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '172.19.0.12', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The guest kept on asking while the new gateway had no rule for what leaves yet: its connection was entered without translation, each further datagram keeps that entry, and nat is not asked again.',
      causes: [{ code: 'stale-conntrack' }],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['not-masqueraded', 'conntrack-unreplied'],
    },
    mend: [['gw', 'conntrack -D -p udp --orig-src 10.0.1.2 --orig-dst 192.168.73.1']],
  },
  {
    name: 'near-aws-pod-of-ipv4-leaves-by-its-own-address-of-ipv6',
    thread: {
      title: 'Add IPv6 egress support to eks IPv4 cluster',
      address: 'https://github.com/aws/amazon-vpc-cni-k8s/pull/2361',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64', '10.0.0.9/24'] },
        listeners: [
          { protocol: 'udp', port: 53, address: '::' },
          { protocol: 'tcp', port: 443, address: '::' },
          { protocol: 'tcp', port: 5432 },
        ],
      },
      node: {
        addresses: { ens5: ['2001:db8:f::1/64', '10.0.0.1/24'], veth6: ['fd00::ac:1/128'], eni1: ['169.254.1.1/32'] },
        routes: ['10.0.0.50/32 dev eni1', 'fd00::ac:2/128 dev veth6'],
        sysctls: FORWARDS,
        rules: {
          v4: `${saved(
            'mangle',
            MANGLE,
            '',
            `-A PREROUTING -i ens5 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
`,
          )}${saved(
            'nat',
            NAT,
            `AWS-CONNMARK-CHAIN-0 AWS-SNAT-CHAIN-0 ${KUBE_NAT_CHAINS}`,
            `${kubeNat('10.0.0.0/16', '172.20.0.40', '10.0.0.50:8443')}-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-CONNMARK-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS CONNMARK CHAIN, VPC CIDR" -j RETURN
-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80
-A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.0.1 --random-fully
`,
          )}${saved('filter', FILTER, KUBE_FILTER_CHAINS, KUBE_FILTER)}`,
          v6: `${saved(
            'nat',
            NAT,
            'CNI-E6-1b9d6bcd9fa0c3e1 CNI-E6-5131dc503459ae2f',
            `-A POSTROUTING -s fd00::ac:7/128 -m comment --comment "name: \\"aws-cni\\" id: \\"0bd1\\"" -j CNI-E6-1b9d6bcd9fa0c3e1
-A POSTROUTING -s fd00::ac:2/128 -m comment --comment "name: \\"aws-cni\\" id: \\"7ec2\\"" -j CNI-E6-5131dc503459ae2f
-A CNI-E6-1b9d6bcd9fa0c3e1 -d ff00::/8 -m comment --comment "name: \\"aws-cni\\" id: \\"0bd1\\"" -j ACCEPT
-A CNI-E6-1b9d6bcd9fa0c3e1 -m comment --comment "name: \\"aws-cni\\" id: \\"0bd1\\"" -j SNAT --to-source 2001:db8:f::7 --random-fully
-A CNI-E6-5131dc503459ae2f -d ff00::/8 -m comment --comment "name: \\"aws-cni\\" id: \\"7ec2\\"" -j ACCEPT
-A CNI-E6-5131dc503459ae2f -m comment --comment "name: \\"aws-cni\\" id: \\"7ec2\\"" -j SNAT --to-source 2001:db8:f::1 --random-fully
`,
          )}${saved(
            'filter',
            'INPUT FORWARD=DROP OUTPUT',
            'KUBE-FIREWALL KUBE-FORWARD',
            `-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -s fd00::ac:0/118 -o ens5 -j ACCEPT
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`,
          )}`,
        },
      },
      pod: {
        addresses: { eth0: ['10.0.0.50/32'], v6if0: ['fd00::ac:2/8'] },
        routes: ['169.254.1.1/32 dev eth0', 'default via 169.254.1.1', 'default via fd00::ac:1'],
        listeners: [{ protocol: 'tcp', port: 8443 }],
      },
    },
    links: [
      ['remote:eth0', 'node:ens5'],
      ['node:eni1', 'pod:eth0'],
      ['node:veth6', 'pod:v6if0'],
    ],
    traced: 'node',
    setup: [['node', 'sysctl -qw net.ipv4.conf.ens5.rp_filter=2 net.ipv4.conf.ens5.proxy_arp=1']],
    fails: { from: 'pod', what: 'udp', to: '2001:db8:f::9', port: 53 },
    seen: 'answered',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.0.0.9', port: 5432 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '10.0.0.50', port: 8443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: the pod leaves with the address of the node by the rule of its own address, and the chain of a pod that is gone, with another address, is not its chain.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]

/** A node of EKS, from a thread: it does what it should, and the security group of the other node drops. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

const NODE = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
COMMIT
*nat
${NAT}:AWS-CONNMARK-CHAIN-0 - [0:0]
:AWS-SNAT-CHAIN-0 - [0:0]
:KUBE-EXT-NGINX - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-DNS - [0:0]
:KUBE-SEP-NGINX - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-DNS - [0:0]
:KUBE-SVC-NGINX - [0:0]
-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0
-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-CONNMARK-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS CONNMARK CHAIN, VPC CIDR" -j RETURN
-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80
-A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.1.10 --random-fully
-A KUBE-EXT-NGINX -m comment --comment "masquerade traffic for default/nginx external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-NGINX -j KUBE-SVC-NGINX
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/nginx" -m tcp --dport 30080 -j KUBE-EXT-NGINX
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-DNS -p udp -m comment --comment "kube-system/kube-dns:dns" -m udp -j DNAT --to-destination 10.0.2.53:53
-A KUBE-SEP-NGINX -p tcp -m comment --comment "default/nginx" -m tcp -j DNAT --to-destination 10.0.2.77:80
-A KUBE-SERVICES -d 172.20.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-DNS
-A KUBE-SERVICES -d 172.20.30.4/32 -p tcp -m comment --comment "default/nginx cluster IP" -m tcp --dport 80 -j KUBE-SVC-NGINX
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-DNS -m comment --comment "kube-system/kube-dns:dns -> 10.0.2.53:53" -j KUBE-SEP-DNS
-A KUBE-SVC-NGINX -m comment --comment "default/nginx -> 10.0.2.77:80" -j KUBE-SEP-NGINX
COMMIT
`
/** What the module opens between nodes: DNS, the kubelet, and what is above 1024. */
const GROUP = `table inet group {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "veth1" accept
    udp dport 53 accept
    tcp dport { 53, 10250, 1025-65535 } accept
  }
}
`

const between = (name: string, fails: Problem['fails']): Problem => ({
  name,
  thread: {
    title: 'Pods in different nodes in different subnets cannot communicate (request timeout)',
    address: 'https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2012',
  },
  backend: 'iptables-nft',
  hosts: {
    balancer: { addresses: { eth0: ['10.0.9.5/24'] }, routes: ['default via 10.0.9.1'] },
    pod1: { addresses: { eth0: ['10.0.1.77/32'] }, routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'] },
    node1: {
      addresses: { eth0: ['10.0.1.10/24'], eni1: ['169.254.1.1/32'] },
      routes: ['10.0.1.77 dev eni1', 'default via 10.0.1.1'],
      sysctls: FORWARDS,
      listeners: [tcp(10250), tcp(22)],
      rules: { v4: NODE },
    },
    vpc: {
      addresses: { eth0: ['10.0.1.1/24'], eth1: ['10.0.2.1/24'], eth2: ['10.0.9.1/24'] },
      routes: ['10.0.1.77 via 10.0.1.10'],
      sysctls: FORWARDS,
    },
    // the security group is at its interface
    group: {
      addresses: { eth0: ['10.0.2.254/24'], veth1: ['10.0.2.254/32'] },
      routes: ['10.0.2.77 dev veth1', 'default via 10.0.2.1'],
      sysctls: FORWARDS,
      rules: { nft: GROUP },
    },
    pod2: {
      addresses: { eth0: ['10.0.2.77/32'] },
      routes: ['10.0.2.254 dev eth0', 'default via 10.0.2.254'],
      listeners: [tcp(80), tcp(8080)],
    },
  },
  links: [
    ['balancer:eth0', 'vpc:eth2'],
    ['pod1:eth0', 'node1:eni1'],
    ['node1:eth0', 'vpc:eth0'],
    ['vpc:eth1', 'group:eth0'],
    ['group:veth1', 'pod2:eth0'],
  ],
  traced: 'node1',
  setup: [['vpc', 'ip route add 10.0.2.77 via 10.0.2.254']],
  fails,
  seen: 'nothing',
  others: [
    { sending: { from: 'pod1', what: 'tcp', to: '10.0.2.77', port: 8080 }, seen: 'answered' },
    { sending: { from: 'node1', what: 'tcp', to: '10.0.2.77', port: 8080 }, seen: 'answered' },
    { sending: { from: 'balancer', what: 'tcp', to: '10.0.1.10', port: 10250 }, seen: 'answered' },
  ],
  truth: {
    words:
      'Nothing is wrong here. The security group of the other node lets in what is above port 1024, and the pod has port 80.',
    causes: [{ code: 'not-netfilter', words: ['eth0'] }, { code: 'unanswered' }, { code: 'no-reply' }],
    status: ['unanswered'],
  },
  mend: [['group', 'nft add rule inet group forward tcp dport 80 accept']],
})

export const SECURITY_GROUPS_BETWEEN_NODES: Problem[] = [
  between('eks-node-is-healthy-and-the-security-group-of-the-other-drops', {
    from: 'pod1',
    what: 'tcp',
    to: '10.0.2.77',
    port: 80,
  }),
  between('eks-node-port-is-healthy-and-the-security-group-of-the-other-node-drops', {
    from: 'balancer',
    what: 'tcp',
    to: '10.0.1.10',
    port: 30080,
  }),
]

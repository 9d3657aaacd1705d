/** Services that kube-proxy's rules know and that go astray all the same, from threads: by a bridge's port, by an early RETURN, by a frame's address, in a circle. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTP = { protocol: 'tcp', port: 80 } as const
const SSH = { protocol: 'tcp', port: 22 } as const

/** A table as iptables-save prints it. Chains are parted by blanks; the built-in ones accept where nothing is said. */
export function saved(name: string, builtIn: string, own: string, rules: string): string {
  const heads = builtIn.split(' ').map((chain) => {
    const [title, policy = 'ACCEPT'] = chain.split('=')
    return `:${title} ${policy} [0:0]\n`
  })
  const chains = own.split(/\s+/).filter((chain) => chain !== '')
  return `*${name}\n${heads.join('')}${chains.map((chain) => `:${chain} - [0:0]\n`).join('')}${rules}COMMIT\n`
}

export const NAT = 'PREROUTING INPUT OUTPUT POSTROUTING'
export const FILTER = 'INPUT FORWARD OUTPUT'
export const MANGLE = 'PREROUTING INPUT FORWARD OUTPUT POSTROUTING'
export const RAW = 'PREROUTING OUTPUT'

const PORTALS = `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
`
const NODE_PORTS =
  '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\n'
const POSTROUTING = `-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
`

export const SERVICES_ASTRAY: Problem[] = [
  {
    name: 'kube-external-address-comes-in-by-a-port-of-the-bridge',
    thread: {
      title: "Using iptables kube-proxy, additional IP address routed over second interface doesn't route anywhere.",
      address: 'https://github.com/kubernetes/kubernetes/issues/22698',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.254/24'] },
        routes: ['203.0.113.81/32 via 192.0.2.1', '203.0.113.82/32 via 192.0.2.1', '10.244.1.0/24 via 192.0.2.1'],
      },
      node: {
        bridges: { cbr0: ['eth1', 'veth1'] },
        addresses: { cbr0: ['10.244.1.1/24', '192.0.2.1/24'], eth0: ['198.51.100.1/24'], lo: ['203.0.113.82/32'] },
        routes: ['default via 198.51.100.254'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        rules: {
          v4: `${saved(
            'nat',
            NAT,
            `KUBE-MARK-MASQ KUBE-NODEPORTS KUBE-POSTROUTING KUBE-SERVICES KUBE-SEP-4PGR3XVZYT7MIQ2A KUBE-SEP-KJL2R6H5YXBVDPUX
KUBE-SVC-BJM46V3U5RZHCFRZ KUBE-SVC-TCOU7JCQXEZGVUNU`,
            `${PORTALS}-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING ! -d 10.0.0.0/8 -m comment --comment "kubenet: SNAT for outbound traffic from cluster" -m addrtype ! --dst-type LOCAL -j MASQUERADE
${POSTROUTING}-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web:http" -m tcp --dport 30080 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web:http" -m tcp --dport 30080 -j KUBE-SVC-BJM46V3U5RZHCFRZ
-A KUBE-SEP-4PGR3XVZYT7MIQ2A -s 10.244.1.2/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-4PGR3XVZYT7MIQ2A -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.1.2:80
-A KUBE-SEP-KJL2R6H5YXBVDPUX -s 10.244.1.3/32 -m comment --comment "kube-system/kube-dns:dns" -j KUBE-MARK-MASQ
-A KUBE-SEP-KJL2R6H5YXBVDPUX -p udp -m comment --comment "kube-system/kube-dns:dns" -m udp -j DNAT --to-destination 10.244.1.3:53
-A KUBE-SERVICES -d 10.0.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-TCOU7JCQXEZGVUNU
-A KUBE-SERVICES -d 10.0.120.7/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-BJM46V3U5RZHCFRZ
-A KUBE-SERVICES -d 203.0.113.81/32 -p tcp -m comment --comment "default/web:http external IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SERVICES -d 203.0.113.81/32 -p tcp -m comment --comment "default/web:http external IP" -m tcp --dport 80 -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j KUBE-SVC-BJM46V3U5RZHCFRZ
-A KUBE-SERVICES -d 203.0.113.81/32 -p tcp -m comment --comment "default/web:http external IP" -m tcp --dport 80 -m addrtype --dst-type LOCAL -j KUBE-SVC-BJM46V3U5RZHCFRZ
-A KUBE-SERVICES -d 203.0.113.82/32 -p tcp -m comment --comment "default/web:http external IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SERVICES -d 203.0.113.82/32 -p tcp -m comment --comment "default/web:http external IP" -m tcp --dport 80 -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j KUBE-SVC-BJM46V3U5RZHCFRZ
-A KUBE-SERVICES -d 203.0.113.82/32 -p tcp -m comment --comment "default/web:http external IP" -m tcp --dport 80 -m addrtype --dst-type LOCAL -j KUBE-SVC-BJM46V3U5RZHCFRZ
${NODE_PORTS}-A KUBE-SVC-BJM46V3U5RZHCFRZ -m comment --comment "default/web:http" -j KUBE-SEP-4PGR3XVZYT7MIQ2A
-A KUBE-SVC-TCOU7JCQXEZGVUNU -m comment --comment "kube-system/kube-dns:dns" -j KUBE-SEP-KJL2R6H5YXBVDPUX
`,
          )}${saved('filter', FILTER, 'KUBE-SERVICES', '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES\n')}`,
        },
      },
      web: { addresses: { eth0: ['10.244.1.2/24'] }, routes: ['default via 10.244.1.1'], listeners: [HTTP] },
      isp: { addresses: { eth0: ['198.51.100.254/24'] } },
    },
    links: [
      ['client:eth0', 'node:eth1'],
      ['node:veth1', 'web:eth0'],
      ['node:eth0', 'isp:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.81', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.82', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.0.120.7', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule for the external address asks that the packet has not come in by a port of a bridge, and the second uplink is one of cbr0; the rule behind it asks for an address of the node, which this is not. So nat sends it nowhere, and it leaves by the default route.',
      causes: [
        { rule: '! --physdev-is-in', chain: 'nat KUBE-SERVICES' },
        {
          rule: '-d 203.0.113.81/32 -p tcp -m comment --comment "default/web:http external IP" -m tcp --dport 80 -m addrtype --dst-type LOCAL',
          chain: 'nat KUBE-SERVICES',
        },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['node', 'ip address add 203.0.113.81/32 dev lo']],
  },
  {
    name: 'kube-ovn-returns-in-front-of-kube-postrouting',
    thread: {
      title: 'service not working, seems wrong SNAT rules',
      address: 'https://github.com/kubeovn/kube-ovn/issues/1716',
    },
    backend: 'iptables-nft',
    hosts: {
      node: {
        // the address is kube-ipvs0's; what IPVS would do with a set's address is done by DNAT here
        addresses: { eth0: ['192.0.2.1/24'], ovn0: ['100.64.0.2/16'], lo: ['10.96.0.20/32', '10.96.0.10/32'] },
        routes: ['10.16.0.0/16 via 100.64.0.1', 'default via 192.0.2.254'],
        sysctls: FORWARDS,
        rules: {
          ipset: `create ovn40subnets hash:net
add ovn40subnets 10.16.0.0/16
add ovn40subnets 100.64.0.0/16
create ovn40subnets-nat hash:net
add ovn40subnets-nat 10.16.0.0/16
create ovn40other-node hash:net
add ovn40other-node 192.0.2.2
create ovn40services hash:net
add ovn40services 10.96.0.0/12
create KUBE-CLUSTER-IP hash:ip,port
add KUBE-CLUSTER-IP 10.96.0.20,tcp:80
add KUBE-CLUSTER-IP 10.96.0.10,udp:53
create KUBE-LOOP-BACK hash:ip,port,ip
add KUBE-LOOP-BACK 10.16.0.5,tcp:80,10.16.0.5
`,
          v4: `${saved(
            'nat',
            NAT,
            'DOCKER KUBE-MARK-MASQ KUBE-NODE-PORT KUBE-POSTROUTING KUBE-SERVICES',
            `-A PREROUTING -i ovn0 -m set --match-set ovn40subnets src -m set --match-set ovn40services dst -j MARK --set-xmark 0x4000/0x4000
${PORTALS}-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -m set ! --match-set ovn40subnets src -m set ! --match-set ovn40other-node src -m set --match-set ovn40subnets-nat dst -j RETURN
-A POSTROUTING -m set --match-set ovn40subnets-nat src -m set ! --match-set ovn40subnets dst -j MASQUERADE
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN
-A KUBE-SERVICES ! -s 10.16.0.0/16 -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
-A KUBE-SERVICES -d 10.96.0.20/32 -p tcp -m set --match-set KUBE-CLUSTER-IP dst,dst -j DNAT --to-destination 10.16.0.5:80
`,
          )}${saved(
            'filter',
            'INPUT FORWARD=DROP OUTPUT',
            'KUBE-FIREWALL KUBE-FORWARD KUBE-NODE-PORT',
            `-A INPUT -m set --match-set ovn40subnets dst -j ACCEPT
-A INPUT -m set --match-set ovn40subnets src -j ACCEPT
-A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m set --match-set ovn40subnets dst -j ACCEPT
-A FORWARD -m set --match-set ovn40subnets src -j ACCEPT
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`,
          )}`,
        },
      },
      ovn: {
        addresses: { join: ['100.64.0.1/16'], ls: ['10.16.0.1/16'] },
        routes: ['192.0.2.0/24 via 100.64.0.2'],
        sysctls: FORWARDS,
      },
      pod: { addresses: { eth0: ['10.16.0.5/16'] }, routes: ['default via 10.16.0.1'], listeners: [HTTP] },
      gw: { addresses: { eth0: ['192.0.2.254/24'] }, listeners: [HTTP] },
    },
    links: [
      ['node:ovn0', 'ovn:join'],
      ['ovn:ls', 'pod:eth0'],
      ['node:eth0', 'gw:eth0'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '10.96.0.20', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.16.0.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '100.64.0.2' }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The address of the service is the node's own, so the node asks with it as source, and Kube-OVN's RETURN for pods' networks stands in front of the chain that would masquerade: the pod's reply goes to 10.96.0.20, and nobody leads it back.",
      causes: [
        { rule: '--match-set ovn40subnets-nat dst -j RETURN', chain: 'nat POSTROUTING' },
        { code: 'not-masqueraded', words: ['10.96.0.20'] },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -R POSTROUTING 1 ! -s 10.96.0.0/12 -m set ! --match-set ovn40subnets src -m set ! --match-set ovn40other-node src -m set --match-set ovn40subnets-nat dst -j RETURN',
      ],
    ],
  },
  {
    name: 'kubenet-dedup-takes-what-was-routed-between-its-pods',
    thread: {
      title: 'IPVS does not work with kubenet when no masquerading options are set',
      address: 'https://github.com/kubernetes/kubernetes/issues/65358',
    },
    backend: 'mixed',
    hosts: {
      client: { addresses: { eth0: ['10.1.243.4/24'] }, routes: ['default via 10.1.243.1'] },
      node: {
        bridges: { cbr0: ['veth1', 'veth2'] },
        // the service's addresses are kube-ipvs0's; what IPVS would do is done by DNAT here
        addresses: { cbr0: ['10.1.243.1/24'], eth0: ['192.0.2.1/24'], lo: ['10.0.0.50/32', '10.0.0.10/32'] },
        routes: ['default via 192.0.2.254'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          ipset: `create KUBE-CLUSTER-IP hash:ip,port
add KUBE-CLUSTER-IP 10.0.0.50,tcp:80
add KUBE-CLUSTER-IP 10.0.0.10,udp:53
create KUBE-LOOP-BACK hash:ip,port,ip
add KUBE-LOOP-BACK 10.1.243.5,tcp:80,10.1.243.5
`,
          v4: `${saved(
            'nat',
            NAT,
            'KUBE-MARK-DROP KUBE-MARK-MASQ KUBE-POSTROUTING KUBE-SERVICES',
            `${PORTALS}-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING ! -d 10.0.0.0/8 -m comment --comment "kubenet: SNAT for outbound traffic from cluster" -m addrtype ! --dst-type LOCAL -j MASQUERADE
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-POSTROUTING -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
-A KUBE-SERVICES -d 10.0.0.50/32 -p tcp -m set --match-set KUBE-CLUSTER-IP dst,dst -j DNAT --to-destination 10.1.243.5:80
`,
          )}${saved('filter', FILTER, 'KUBE-FIREWALL KUBE-FORWARD', '-A INPUT -j KUBE-FIREWALL\n-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD\n-A OUTPUT -j KUBE-FIREWALL\n-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP\n-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT\n')}`,
          nft: `table bridge filter {
  chain OUTPUT {
    type filter hook output priority filter; policy accept;
    counter jump KUBE-DEDUP
  }
  chain KUBE-DEDUP {
    ether saddr 0a:58:0a:01:f3:01 oifname "veth*" ip saddr 10.1.243.1 counter accept
    ether saddr 0a:58:0a:01:f3:01 oifname "veth*" ip saddr 10.1.243.0/24 counter drop
  }
}
`,
        },
      },
      server: { addresses: { eth0: ['10.1.243.5/24'] }, routes: ['default via 10.1.243.1'], listeners: [HTTP] },
      gw: { addresses: { eth0: ['192.0.2.254/24'] }, routes: ['10.1.243.0/24 via 192.0.2.1'] },
    },
    links: [
      ['client:eth0', 'node:veth1'],
      ['node:veth2', 'server:eth0'],
      ['node:eth0', 'gw:eth0'],
    ],
    traced: 'node',
    setup: [['node', 'ip link set cbr0 address 0a:58:0a:01:f3:01']],
    fails: { from: 'client', what: 'tcp', to: '10.0.0.50', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.1.243.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.1.243.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'gw', what: 'tcp', to: '10.1.243.5', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Behind nat the packet is routed back into the pods' bridge: its frame has the address of cbr0 and its packet the source of a pod, and kubenet's rule against duplicates drops that. Without the rule the other pod would answer its neighbour directly, since nothing masquerades.",
      causes: [
        { rule: 'ip saddr 10.1.243.0/24', chain: 'bridge filter KUBE-DEDUP' },
        { rule: 'jump KUBE-DEDUP', chain: 'bridge filter OUTPUT' },
      ],
      status: ['dropped'],
    },
    mend: [['node', 'iptables -t nat -I KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ']],
  },
  {
    name: 'balancer-address-goes-round-for-a-port-it-lacks',
    thread: {
      title: 'Routing loop for traffic to Service External IP not matched with Service port',
      address: 'https://github.com/cilium/cilium/issues/20436',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['10.11.13.1/24'] },
        // as MetalLB's speaker announces it
        routes: ['10.11.140.15/32 via 10.11.13.3', '10.244.1.0/24 via 10.11.13.3'],
        sysctls: FORWARDS,
      },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { bond0: ['10.11.13.3/24'], cni0: ['10.244.1.1/24'] },
        routes: ['default via 10.11.13.1'],
        sysctls: FORWARDS,
        rules: {
          v4: `${saved(
            'nat',
            NAT,
            `KUBE-EXT-4WQ7PZ5ZYEPQGLBE KUBE-MARK-MASQ KUBE-NODEPORTS KUBE-POSTROUTING KUBE-SEP-LPM3CJQ5XJ3YTDMF KUBE-SERVICES
KUBE-SVC-4WQ7PZ5ZYEPQGLBE`,
            `${PORTALS}-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
${POSTROUTING}-A KUBE-EXT-4WQ7PZ5ZYEPQGLBE -m comment --comment "masquerade traffic for yeti-production/yeti-cli-backend:ssh external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-4WQ7PZ5ZYEPQGLBE -j KUBE-SVC-4WQ7PZ5ZYEPQGLBE
-A KUBE-NODEPORTS -p tcp -m comment --comment "yeti-production/yeti-cli-backend:ssh" -m tcp --dport 32539 -j KUBE-EXT-4WQ7PZ5ZYEPQGLBE
-A KUBE-SEP-LPM3CJQ5XJ3YTDMF -s 10.244.1.5/32 -m comment --comment "yeti-production/yeti-cli-backend:ssh" -j KUBE-MARK-MASQ
-A KUBE-SEP-LPM3CJQ5XJ3YTDMF -p tcp -m comment --comment "yeti-production/yeti-cli-backend:ssh" -m tcp -j DNAT --to-destination 10.244.1.5:22
-A KUBE-SERVICES -d 10.11.139.119/32 -p tcp -m comment --comment "yeti-production/yeti-cli-backend:ssh cluster IP" -m tcp --dport 22 -j KUBE-SVC-4WQ7PZ5ZYEPQGLBE
-A KUBE-SERVICES -d 10.11.140.15/32 -p tcp -m comment --comment "yeti-production/yeti-cli-backend:ssh loadbalancer IP" -m tcp --dport 22 -j KUBE-EXT-4WQ7PZ5ZYEPQGLBE
${NODE_PORTS}-A KUBE-SVC-4WQ7PZ5ZYEPQGLBE ! -s 10.244.0.0/16 -d 10.11.139.119/32 -p tcp -m comment --comment "yeti-production/yeti-cli-backend:ssh cluster IP" -m tcp --dport 22 -j KUBE-MARK-MASQ
-A KUBE-SVC-4WQ7PZ5ZYEPQGLBE -m comment --comment "yeti-production/yeti-cli-backend:ssh -> 10.244.1.5:22" -j KUBE-SEP-LPM3CJQ5XJ3YTDMF
`,
          )}${saved('filter', FILTER, 'KUBE-FORWARD', '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD\n-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT\n-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n')}`,
        },
      },
      pod: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'], listeners: [SSH] },
    },
    links: [
      ['client:eth0', 'router:eth0'],
      ['router:eth1', 'node:bond0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.11.140.15', port: 23 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.11.140.15', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.11.13.3', port: 32539 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The service has port 22 alone. For another port of its address no rule of nat applies, and the address is on no interface: the default route leads back to the router that sent it, and so on until the TTL is used up.',
      causes: [
        { rule: '-d 10.11.140.15/32', chain: 'nat KUBE-SERVICES' },
        { code: 'vanished-ttl' },
        { code: 'vanished-forwarding-off', words: ['10.11.140.15'] },
        { code: 'wrong-way-out', words: ['10.11.140.15'] },
      ],
      // the same packet comes back, thirty times
      alsoTrue: ['wrong-way-out'],
      status: ['lost', 'unanswered'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -I KUBE-SERVICES -d 10.11.140.15/32 -p tcp -m tcp --dport 23 -j KUBE-EXT-4WQ7PZ5ZYEPQGLBE',
      ],
    ],
  },
]

import type { Incident } from '../incident.ts'

/** kube-proxy's and Docker's rules of the report; of its other Services a few stand for all. */
const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
-A INPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:KUBE-MARK-DROP - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-0000000000000001 - [0:0]
:KUBE-SVC-72PRQ2XITETCHH4U - [0:0]
:KUBE-XLB-VETHOZVMBYUVK3NB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -d 172.28.129.4/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.28.129.4:52000
-A PREROUTING -d 172.28.129.4/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 172.28.129.4:52443
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 25275 -j DNAT --to-destination 172.17.0.4:25275
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "ootob9/app-1:http" -m tcp --dport 30001 -j KUBE-SVC-0000000000000001
-A KUBE-NODEPORTS -p tcp -m comment --comment "ootob9/ingress-nginx:http" -m tcp --dport 52000 -j KUBE-XLB-VETHOZVMBYUVK3NB
-A KUBE-NODEPORTS -p tcp -m comment --comment "ootob9/outer-ootob-redis:tcp" -m tcp --dport 32379 -j KUBE-SVC-72PRQ2XITETCHH4U
-A KUBE-SERVICES -d 10.96.0.2/32 -p tcp -m comment --comment "ootob9/app-1:http cluster IP" -m tcp --dport 8001 -j KUBE-SVC-0000000000000001
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-XLB-VETHOZVMBYUVK3NB -s 10.244.0.0/16 -m comment --comment "Redirect pods trying to reach external loadbalancer VIP to clusterIP" -j KUBE-SVC-72PRQ2XITETCHH4U
-A KUBE-XLB-VETHOZVMBYUVK3NB -m comment --comment "masquerade LOCAL traffic for ootob9/ingress-nginx:http LB IP" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-XLB-VETHOZVMBYUVK3NB -m comment --comment "route LOCAL traffic for ootob9/ingress-nginx:http LB IP to service chain" -m addrtype --src-type LOCAL -j KUBE-SVC-72PRQ2XITETCHH4U
-A KUBE-XLB-VETHOZVMBYUVK3NB -m comment --comment "ootob9/ingress-nginx:http has no local endpoints" -j KUBE-MARK-DROP
COMMIT
`

export const nodeportClash: Incident = {
  name: 'nodeport-clash',
  title: 'a program on a Kubernetes node cannot be reached, because a NodePort has the same number',
  story:
    'A program listens on port 52000 of a Kubernetes node, but nobody can reach it there. It can be reached through port 80, ' +
    'which is forwarded to the same port 52000.',
  backend: 'legacy',
  hosts: {
    client: { addresses: { eth0: ['172.28.129.2/24'] } },
    node: {
      bridges: { docker0: [] },
      addresses: { eth0: ['172.28.129.4/24'], docker0: ['172.17.0.1/16'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: { v4: RULES },
      listeners: [{ protocol: 'tcp', port: 52000 }],
    },
  },
  links: [['client:eth0', 'node:eth0']],
  traced: 'node',
  packet: { from: 'client', what: 'tcp', to: '172.28.129.4', port: 52000 },
  alike: [{ from: 'client', what: 'tcp', to: '172.28.129.4', port: 80 }],
  expected: {
    outcome: 'dropped',
    sender: 'nothing',
    culprit: 'nat:KUBE-NODEPORTS:2',
    findings: ['dropped-by-mark', 'nodeport-clash'],
    fix: {
      words: 'Delete the NodePort rule (on a real node: give the Service another nodePort).',
      command: 'iptables -t nat -D KUBE-NODEPORTS 2',
      proposed: true,
    },
    after: { outcome: 'delivered', sender: 'answered' },
  },
}

import type { Incident } from '../incident.ts'

/** As kube-proxy writes them for a Service with `externalTrafficPolicy: Local`, on a node without its pod. */
const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-EXT-CMWBBFZAPYAP6EHN - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-Q6X7W2JKVPEGXN3C - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-CMWBBFZAPYAP6EHN - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-EXT-CMWBBFZAPYAP6EHN -s 10.244.0.0/16 -m comment --comment "pod traffic for default/web:http external destinations" -j KUBE-SVC-CMWBBFZAPYAP6EHN
-A KUBE-EXT-CMWBBFZAPYAP6EHN -m comment --comment "masquerade LOCAL traffic for default/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-EXT-CMWBBFZAPYAP6EHN -m comment --comment "route LOCAL traffic for default/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-CMWBBFZAPYAP6EHN
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web:http" -m tcp --dport 30080 -j KUBE-EXT-CMWBBFZAPYAP6EHN
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-Q6X7W2JKVPEGXN3C -s 10.244.2.7/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-Q6X7W2JKVPEGXN3C -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.2.7:8080
-A KUBE-SERVICES -d 10.96.120.4/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-CMWBBFZAPYAP6EHN
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-CMWBBFZAPYAP6EHN ! -s 10.244.0.0/16 -d 10.96.120.4/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-CMWBBFZAPYAP6EHN -m comment --comment "default/web:http -> 10.244.2.7:8080" -j KUBE-SEP-Q6X7W2JKVPEGXN3C
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/web:http has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j DROP
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

export const nodeportLocal: Incident = {
  name: 'nodeport-local',
  title: 'a NodePort times out on a node that runs no pod of the Service',
  story:
    'A Service has the NodePort 30080 and externalTrafficPolicy: Local. Its only pod runs on another node. ' +
    'kube-proxy drops what arrives at the NodePort of this node.',
  backend: 'xtables-nft',
  hosts: {
    client: { addresses: { eth0: ['10.0.0.50/24'] } },
    'node-a': {
      addresses: { eth0: ['10.0.0.11/24'] },
      routes: ['10.244.2.0/24 via 10.0.0.12'],
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: { v4: RULES },
    },
    switch: { bridges: { br0: ['port1', 'port2', 'port3'] } },
    'node-b': {
      addresses: { eth0: ['10.0.0.12/24'], lo: ['10.244.2.7/32'] },
      listeners: [{ protocol: 'tcp', address: '10.244.2.7', port: 8080 }],
    },
  },
  links: [
    ['client:eth0', 'switch:port1'],
    ['node-a:eth0', 'switch:port2'],
    ['node-b:eth0', 'switch:port3'],
  ],
  traced: 'node-a',
  packet: { from: 'client', what: 'tcp', to: '10.0.0.11', port: 30080 },
  expected: {
    outcome: 'dropped',
    sender: 'nothing',
    culprit: 'filter:KUBE-EXTERNAL-SERVICES:1',
    findings: ['dropped-by-rule', 'no-endpoints'],
    fix: {
      words: 'What kube-proxy writes once externalTrafficPolicy is Cluster: the packet goes on to the other node.',
      command:
        'iptables -D KUBE-EXTERNAL-SERVICES 1 && ' +
        'iptables -t nat -A KUBE-EXT-CMWBBFZAPYAP6EHN -j KUBE-MARK-MASQ && ' +
        'iptables -t nat -A KUBE-EXT-CMWBBFZAPYAP6EHN -j KUBE-SVC-CMWBBFZAPYAP6EHN',
      proposed: false,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}

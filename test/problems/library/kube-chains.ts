/** Chains that kube-proxy and Cilium have on every node, as iptables-save prints them. */
import { FILTER, MANGLE, NAT, RAW, saved } from './services-astray.ts'

/** kube-proxy's own, with one service: `address`:443 at `endpoint`. */
export const kubeNat = (
  pods: string,
  address: string,
  endpoint: string,
) => `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SERVICES -d ${address}/32 -p tcp -m comment --comment "default/shop:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-4SW47YFZTEDKD3PK
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-4SW47YFZTEDKD3PK ! -s ${pods} -d ${address}/32 -p tcp -m comment --comment "default/shop:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-4SW47YFZTEDKD3PK -m comment --comment "default/shop:https -> ${endpoint}" -j KUBE-SEP-T4J7JM2KVVJVKZ3L
-A KUBE-SEP-T4J7JM2KVVJVKZ3L -p tcp -m comment --comment "default/shop:https" -m tcp -j DNAT --to-destination ${endpoint}
`
export const KUBE_NAT_CHAINS =
  'KUBE-KUBELET-CANARY KUBE-MARK-MASQ KUBE-NODEPORTS KUBE-POSTROUTING KUBE-SEP-T4J7JM2KVVJVKZ3L KUBE-SERVICES KUBE-SVC-4SW47YFZTEDKD3PK'
export const KUBE_FILTER = `-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`
export const KUBE_FILTER_CHAINS = 'KUBE-FIREWALL KUBE-FORWARD KUBE-KUBELET-CANARY KUBE-PROXY-FIREWALL'

/** Cilium's chains of the filter and nat tables, with iptables and not eBPF; `masquerade`: what leaves the node. */
export const cilium = (raw: string, masquerade: string, pods: string, address: string, endpoint: string) =>
  `${saved(
    'raw',
    RAW,
    'CILIUM_OUTPUT_raw CILIUM_PRE_raw',
    `-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_raw" -j CILIUM_PRE_raw
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_raw" -j CILIUM_OUTPUT_raw
${raw}-A CILIUM_PRE_raw -m mark --mark 0x200/0xf00 -m comment --comment "cilium: NOTRACK for proxy traffic" -j CT --notrack
`,
  )}${saved(
    'mangle',
    MANGLE,
    'CILIUM_POST_mangle CILIUM_PRE_mangle KUBE-IPTABLES-HINT KUBE-KUBELET-CANARY',
    `-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_mangle" -j CILIUM_PRE_mangle
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_mangle" -j CILIUM_POST_mangle
`,
  )}${saved(
    'nat',
    NAT,
    `CILIUM_OUTPUT_nat CILIUM_POST_nat CILIUM_PRE_nat ${KUBE_NAT_CHAINS}`,
    `-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_nat" -j CILIUM_PRE_nat
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_nat" -j CILIUM_OUTPUT_nat
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
${kubeNat(pods, address, endpoint)}${masquerade}`,
  )}${saved(
    'filter',
    FILTER,
    `CILIUM_FORWARD CILIUM_INPUT CILIUM_OUTPUT ${KUBE_FILTER_CHAINS}`,
    `-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT
-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT" -j CILIUM_OUTPUT
${KUBE_FILTER}-A CILIUM_FORWARD -o cilium_host -m comment --comment "cilium: any->cluster on cilium_host forward accept" -j ACCEPT
-A CILIUM_FORWARD -i cilium_host -m comment --comment "cilium: cluster->any on cilium_host forward accept (nodeport)" -j ACCEPT
-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any on lxc+ forward accept" -j ACCEPT
-A CILIUM_FORWARD -o lxc+ -m comment --comment "cilium: any->cluster on lxc+ forward accept" -j ACCEPT
-A CILIUM_INPUT -m mark --mark 0x200/0xf00 -m comment --comment "cilium: ACCEPT for proxy traffic" -j ACCEPT
-A CILIUM_OUTPUT -m mark ! --mark 0xe00/0xf00 -m mark ! --mark 0xd00/0xf00 -m mark ! --mark 0xa00/0xe00 -m comment --comment "cilium: host->any mark as from host" -j MARK --set-xmark 0xc00/0xf00
`,
  ).replace(':FORWARD ACCEPT', ':FORWARD DROP')}`

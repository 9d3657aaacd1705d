/** Programs of a Kubernetes node, and service meshes. Sources are named where a pattern is not the program's own name. */
import type { Owner } from './owner.ts'

export const KUBERNETES: readonly Owner[] = [
  {
    name: 'kubelet',
    instead: 'use a loopback source address, or set makeIPTablesUtilChains to false in its configuration',
    lasting: 'change makeIPTablesUtilChains',
    rewrites: false,
    when: 'when the kubelet restarts, or within a minute after a whole table is flushed',
    marks: [{ tables: / filter$/, comments: /^block incoming localnet connections$/ }],
  },
  {
    name: 'kubelet',
    instead: 'find what sets its drop mark (KUBE-MARK-DROP); the rules themselves are not configurable one by one',
    lasting: 'find what sets KUBE-MARK-DROP',
    rewrites: false,
    when: 'when the kubelet restarts, or within a minute after a whole table is flushed',
    // pkg/kubelet/kubelet_network_linux.go; nat:KUBE-FIREWALL is kube-proxy's (ipvs mode)
    marks: [
      { tables: / filter$/, chains: /^KUBE-FIREWALL$/, shared: true },
      { chains: /^KUBE-(KUBELET-CANARY|IPTABLES-HINT|MARK-DROP)$/ },
    ],
  },
  {
    name: 'kubelet or CRI-O',
    instead: 'change the hostPort in the pod',
    lasting: "change the pod's hostPort",
    rewrites: false,
    when: 'when a pod with a hostPort starts',
    // the kubelet's dockershim (until 1.23) and CRI-O (internal/hostport) share these names
    marks: [{ chains: /^KUBE-(HOSTPORTS$|HP-)/ }],
  },
  {
    name: 'cri-o',
    instead: 'change the hostPort in the pod',
    lasting: "change the pod's hostPort",
    rewrites: false,
    when: 'when a pod with a hostPort starts',
    marks: [{ chains: /^CRIO-(HOSTPORTS-MASQ$|MASQ-)/ }, { tables: /^(inet|ip6?) crio-hostports$/, whole: true }],
  },
  {
    // before kube-proxy: it names its sets KUBE- too (pkg/controllers/netpol); k3s has it built in
    name: 'kube-router',
    instead: 'change the NetworkPolicy or the Service',
    lasting: 'change the NetworkPolicy or Service',
    rewrites: true,
    when: 'at the next sync, every five minutes by default',
    marks: [
      { chains: /^KUBE-(ROUTER-|POD-FW-|NWPLCY-)/, sets: /^(inet6:)?(KUBE-(SRC|DST)-|kube-router-)/ },
      { tables: /^ip6? kube-router-filter-ipv[46]$/, whole: true },
    ],
  },
  {
    name: 'kube-proxy',
    instead: "change nodePortAddresses in kube-proxy's configuration, or use the node's primary address",
    lasting: 'change nodePortAddresses',
    rewrites: true,
    when: 'at its next full sync',
    // pkg/proxy/nftables/proxier.go, setupNFTables: nodePortAddresses is `primary` by default
    marks: [{ tables: /^ip6? kube-proxy$/, sets: /^nodeport-ips$/ }],
  },
  {
    name: 'kube-proxy',
    instead: 'change the Service (its nodePort, externalTrafficPolicy, loadBalancerSourceRanges …) or its endpoints',
    lasting: 'change the Service',
    rewrites: true,
    when: 'when the Service or its endpoints change, or at the next full sync',
    // pkg/proxy/{iptables,ipvs}/proxier.go; PORTALS and -HOST, -CONTAINER: the userspace mode
    marks: [
      {
        chains:
          /^KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS|POSTROUTING|MARK-MASQ|FORWARD|NODE-PORT|LOAD-BALANCER|PROXY-CANARY|PROXY-FIREWALL|SOURCE-RANGES-FIREWALL|IPVS-FILTER|IPVS-OUT-FILTER|NODEPORT-NON-LOCAL|(PORTALS|NODEPORT)-(HOST|CONTAINER))$/,
      },
      { chains: /^KUBE-(SVC|SVL|SEP|FW|XLB|EXT)-[0-9A-Z]{16}$/ },
      { tables: / nat$/, chains: /^KUBE-FIREWALL$/ },
      { comments: /^kubernetes service (portals|traffic requiring SNAT)$/ },
      { sets: /^KUBE-(6-)?(LOOP-BACK|CLUSTER-IP|EXTERNAL-IP|LOAD-BALANCER|NODE-PORT|HEALTH-CHECK)/ },
      { tables: /^ip6? kube-proxy$/, whole: true },
    ],
  },
  {
    name: 'calico',
    instead: 'change the IPPool (natOutgoing), or the pod that has the floating IP',
    lasting: 'change the IPPool',
    rewrites: true,
    when: 'at the next refresh (iptablesRefreshInterval), within minutes',
    // felix/rules/nat.go, static.go: masquerading and floating IPs are all that it has in nat
    marks: [
      { tables: / nat$/, chains: /^cali-/, comments: /^cali:[\w-]{16}$/, sets: /^cali[46]/ },
      { tables: /^ip6? calico$/, chains: /^nat-cali-/ },
    ],
  },
  {
    name: 'calico',
    instead:
      'change the NetworkPolicy or GlobalNetworkPolicy, or the failsafe ports of host endpoints (FelixConfiguration)',
    lasting: 'change the policy',
    rewrites: true,
    when: 'at the next refresh (iptablesRefreshInterval), within minutes',
    // felix/rules/rule_defs.go: comment = cali: and a hash; sets cali40, cali60 (v4, v6); calico-dhcp-: its OpenStack agent
    marks: [
      { chains: /^(cali-|cali(fw|tw|fh|th|pi|po)-|felix-)/, comments: /^cali:[\w-]{16}$/, sets: /^(cali[46]|felix-)/ },
      { tables: /^(ip6?|arp|netdev) calico(-arp)?$/, whole: true },
    ],
  },
  {
    name: 'cilium',
    instead: 'change the CiliumNetworkPolicy or the agent configuration (cilium-config)',
    lasting: 'change the policy',
    rewrites: false,
    when: 'when the agent restarts, or when devices, proxies or settings that it watches change',
    // pkg/datapath/iptables/iptables.go; OLD_CILIUM_: while it replaces its chains
    marks: [{ chains: /^(OLD_)?CILIUM_/, comments: /^cilium(-feeder)?: / }],
  },
  {
    name: 'flannel',
    instead: "change net-conf.json, or flanneld's --ip-masq and --iptables-forward-rules",
    lasting: 'change its settings',
    rewrites: true,
    when: 'within five seconds (--iptables-resync)',
    marks: [
      { chains: /^FLANNEL-(POSTRTG|FWD)$/, comments: /^flanneld (masq|forward)$/ },
      { tables: /^ip flannel-ipv4$|^ip6 flannel-ipv6$/, whole: true },
    ],
  },
  {
    name: 'weave',
    instead: "change the NetworkPolicy, or weave's settings",
    lasting: 'change the NetworkPolicy',
    rewrites: false,
    when: 'when weave restarts',
    // npc/ipset.go: sets are weave- and a hash
    marks: [{ chains: /^WEAVE(-(NPC|EXPOSE|IPSEC|CANARY)(-[A-Z-]+)?)?$/, sets: /^weave-/ }],
  },
  {
    name: 'antrea',
    instead: 'change the NetworkPolicy, Egress or Service',
    lasting: 'change the policy or Service',
    rewrites: true,
    when: 'within a minute',
    marks: [{ chains: /^ANTREA-/, comments: /^Antrea: /, sets: /^ANTREA-/ }],
  },
  {
    name: 'ovn-kubernetes',
    instead: 'change the Service, EgressIP or EgressService',
    lasting: 'change the Service or Egress',
    rewrites: false,
    when: 'when the object changes or ovnkube-node restarts',
    marks: [{ chains: /^OVN-KUBE-/ }, { tables: /^inet ovn-kubernetes$/, whole: true }],
  },
  {
    name: 'openshift-sdn',
    instead: 'change the NetworkPolicy or the cluster network; for a rule of your own use OPENSHIFT-ADMIN-OUTPUT-RULES',
    lasting: 'change the NetworkPolicy',
    rewrites: true,
    when: 'at the next sync',
    // pkg/network/node/iptables.go
    marks: [{ chains: /^OPENSHIFT-(MASQUERADE|FIREWALL|BLOCK)/, jumps: /^OPENSHIFT-ADMIN-OUTPUT-RULES$/ }],
  },
  {
    name: 'cni-plugins',
    instead: "change the pod's or container's port mapping, or the network's conflist in /etc/cni/net.d",
    lasting: 'change /etc/cni/net.d',
    rewrites: false,
    when: 'when a container of the network starts',
    // portmap, bridge (ipMasq), firewall: CNI- and the first 24 hex digits of a hash, from pkg/utils/utils.go
    marks: [
      { chains: /^CNI-(HOSTPORT-(DNAT|SNAT|SETMARK|MASQ)|(DN-|SN-)?[0-9a-f]{21,24}|FORWARD|ISOLATION-STAGE-[12])$/ },
      { jumps: /^CNI-ADMIN$/, comments: /^(dnat )?name: ".*" id: "/ },
      { tables: /^(inet|ip6?) cni_(hostport|plugins_masquerade)$/, whole: true },
    ],
  },
  {
    name: 'aws-vpc-cni',
    instead: 'change the environment of the aws-node DaemonSet (AWS_VPC_K8S_CNI_EXTERNALSNAT, …_EXCLUDE_SNAT_CIDRS)',
    lasting: 'change its DaemonSet',
    rewrites: false,
    when: 'when aws-node restarts or the CIDRs of the VPC change',
    // pkg/networkutils/network.go
    marks: [
      {
        chains: /^AWS-(SNAT|CONNMARK)-CHAIN-\d+$/,
        comments: /^AWS(, (SNAT|CONNMARK|primary ENI|outbound connections)| (SNAT|CONNMARK) CHAIN)$/,
      },
    ],
  },
  {
    name: 'ip-masq-agent',
    instead: 'change nonMasqueradeCIDRs in the ip-masq-agent ConfigMap',
    lasting: 'change nonMasqueradeCIDRs',
    rewrites: true,
    when: 'within a minute (resyncInterval)',
    marks: [{ chains: /^IP-MASQ(-AGENT)?$/, comments: /^ip-masq-agent: / }],
  },
  {
    name: 'azure-npm',
    instead: 'change the NetworkPolicy',
    lasting: 'change the NetworkPolicy',
    rewrites: false,
    when: 'when a policy or its pods change, or azure-npm restarts',
    marks: [{ chains: /^AZURE-NPM/, sets: /^azure-npm-/ }],
  },
  {
    name: 'node-local-dns',
    instead: 'change the node-local-dns DaemonSet (-localip, -setupiptables)',
    lasting: 'change its DaemonSet',
    rewrites: true,
    when: 'within a minute (-syncinterval)',
    // kubernetes/dns, cmd/node-cache
    marks: [{ comments: /^NodeLocal DNS Cache: / }],
  },
  {
    name: 'istio-cni',
    instead: "change istio-cni's configuration, and restart its pod on this node; it writes its rules when it starts",
    lasting: "change istio-cni's configuration",
    rewrites: false,
    when: 'when istio-cni-node starts',
    // cni/pkg/iptables: the node's own, for probes
    marks: [{ chains: /^ISTIO_POSTRT$/ }],
  },
  {
    name: 'istio',
    instead: "change the pod's traffic.sidecar.istio.io annotations or the mesh configuration, and restart the pod",
    lasting: "change the pod's annotations",
    rewrites: false,
    when: 'when the pod starts',
    // tools/istio-iptables, tools/istio-nftables
    marks: [
      { chains: /^ISTIO_[A-Z_]+$/ },
      { tables: /^(inet|ip6?) istio-(proxy|ambient)-(nat|mangle|raw)$/, whole: true },
    ],
  },
  {
    name: 'linkerd',
    instead: "change the pod's config.linkerd.io annotations (skip-inbound-ports …), and restart the pod",
    lasting: "change the pod's annotations",
    rewrites: false,
    when: 'when the pod starts',
    marks: [{ chains: /^PROXY_INIT_(OUTPUT|REDIRECT)$/, comments: /^proxy-init\// }],
  },
  {
    name: 'kuma',
    instead: "change the pod's traffic.kuma.io annotations, and restart the pod",
    lasting: "change the pod's annotations",
    rewrites: false,
    when: 'when the pod starts',
    marks: [{ chains: /^KUMA_MESH_(IN|OUT)BOUND(_REDIRECT)?$/ }],
  },
  {
    name: 'consul',
    instead: "change the pod's consul.hashicorp.com/transparent-proxy annotations, and restart the pod",
    lasting: "change the pod's annotations",
    rewrites: false,
    when: 'when the pod starts',
    marks: [{ chains: /^CONSUL_(PROXY_(IN_|OUT_)?(INBOUND|OUTPUT|REDIRECT)|DNS_REDIRECT)$/ }],
  },
  {
    name: 'rancher',
    instead: 'change the stack in Rancher 1.x',
    lasting: 'change the stack in Rancher',
    rewrites: false,
    when: 'when the Rancher agent next applies its configuration',
    marks: [{ chains: /^CATTLE_[A-Z_]+$/ }],
  },
]

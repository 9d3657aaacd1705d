/** Nodes of a cluster: a policy's port, a port of a service, and the node's own firewall. */
import { bridged, clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const KUBE_HOSTS: Problem[] = [
  {
    name: 'calico-policy-allows-dns-over-tcp-alone',
    thread: {
      title: 'How can I allow dns for my namespace?',
      address: 'https://github.com/projectcalico/calico/issues/2199',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'] },
      node: {
        addresses: { cali1: ['10.244.1.1/24'], cali2: ['10.244.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          ipset: 'create cali40s:kube-dns hash:net\nadd cali40s:kube-dns 10.244.2.53\n',
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-fw-cali1 - [0:0]
:cali-fw-cali2 - [0:0]
:cali-po-allow-dns - [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-tw-cali1 - [0:0]
:cali-tw-cali2 - [0:0]
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-FORWARD -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -j cali-to-wl-dispatch
-A cali-from-wl-dispatch -i cali1 -g cali-fw-cali1
-A cali-from-wl-dispatch -i cali2 -g cali-fw-cali2
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-fw-cali1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1 -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1 -j MARK --set-xmark 0x0/0x10000
-A cali-fw-cali1 -m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x20000
-A cali-fw-cali1 -m mark --mark 0x0/0x20000 -j cali-po-allow-dns
-A cali-fw-cali1 -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-cali1 -m comment --comment "Drop if no policies passed packet" -m mark --mark 0x0/0x20000 -j DROP
-A cali-fw-cali2 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali2 -j MARK --set-xmark 0x10000/0x10000
-A cali-po-allow-dns -p tcp -m set --match-set cali40s:kube-dns dst -m multiport --dports 53 -j MARK --set-xmark 0x10000/0x10000
-A cali-po-allow-dns -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-to-wl-dispatch -o cali1 -g cali-tw-cali1
-A cali-to-wl-dispatch -o cali2 -g cali-tw-cali2
-A cali-to-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-tw-cali1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali1 -j MARK --set-xmark 0x10000/0x10000
-A cali-tw-cali2 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali2 -j MARK --set-xmark 0x10000/0x10000
COMMIT
`,
        },
      },
      dns: {
        addresses: { eth0: ['10.244.2.53/24'] },
        routes: ['default via 10.244.2.1'],
        listeners: [
          { protocol: 'udp', port: 53 },
          { protocol: 'tcp', port: 53 },
        ],
      },
    },
    links: [
      ['pod:eth0', 'node:cali1'],
      ['node:cali2', 'dns:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'udp', to: '10.244.2.53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.244.2.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.244.2.53' }, seen: 'nothing' },
      { sending: { from: 'dns', what: 'ping', to: '10.244.1.5' }, seen: 'answered' },
    ],
    truth: {
      words: 'The policy allows port 53 of TCP alone, and what no policy accepts is dropped: queries go over UDP.',
      causes: [
        { rule: 'Drop if no policies passed packet', chain: 'filter cali-fw-cali1' },
        { chain: 'filter cali-po-allow-dns' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'iptables -I cali-po-allow-dns -p udp -m set --match-set cali40s:kube-dns dst -m multiport --dports 53 -j MARK --set-xmark 0x10000/0x10000',
      ],
    ],
  },
  {
    name: 'kube-proxy-port-behind-input-reject',
    thread: {
      title: 'NodePort services broken by default-deny firewall rules',
      address: 'https://github.com/kubernetes/kubernetes/issues/18802',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      // as kube-proxy in userspace mode, at a port that it chose
      listeners: [
        { protocol: 'tcp', port: 43615 },
        { protocol: 'tcp', port: 22 },
      ],
      rules: {
        v4: `*nat
${NAT}:KUBE-NODEPORT-CONTAINER - [0:0]
:KUBE-NODEPORT-HOST - [0:0]
-A PREROUTING -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORT-CONTAINER
-A OUTPUT -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORT-HOST
-A KUBE-NODEPORT-CONTAINER -p tcp -m comment --comment "default/web:" -m tcp --dport 30080 -j REDIRECT --to-ports 43615
-A KUBE-NODEPORT-HOST -p tcp -m comment --comment "default/web:" -m tcp --dport 30080 -j DNAT --to-destination 192.0.2.1:43615
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 30080 }, seen: 'unreachable' },
    ],
    truth: {
      words: "The NodePort is redirected to kube-proxy's own port, for which INPUT has no rule before its REJECT.",
      causes: [{ rule: '-j REJECT --reject-with icmp-host-prohibited', chain: 'filter INPUT' }],
      status: ['rejected'],
    },
    mend: [['server', 'iptables -I INPUT -p tcp --dport 43615 -j ACCEPT']],
  },
  {
    name: 'ufw-denies-the-probe-of-the-kubelet',
    thread: {
      title: 'Managing firewalls with UFW on Kubernetes',
      address: 'https://community.replicated.com/t/managing-firewalls-with-ufw-on-kubernetes/230',
    },
    backend: 'iptables-nft',
    ...bridged('weave', '10.32.0.1/12', {
      listeners: [{ protocol: 'tcp', port: 22 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
:KUBE-FIREWALL - [0:0]
:ufw-before-input - [0:0]
:ufw-before-output - [0:0]
:ufw-user-input - [0:0]
:ufw-user-output - [0:0]
-A INPUT -j KUBE-FIREWALL
-A INPUT -j ufw-before-input
-A OUTPUT -j KUBE-FIREWALL
-A OUTPUT -j ufw-before-output
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-before-output -o lo -j ACCEPT
-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-output -j ufw-user-output
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 6443 -j ACCEPT
-A ufw-user-input -p udp -m udp --dport 6443 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'host', what: 'tcp', to: '10.32.0.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "ufw denies what goes out, so the kubelet's probe of a pod is dropped by OUTPUT's policy on the node itself.",
      causes: [{ policy: 'filter OUTPUT' }, { chain: 'filter OUTPUT' }, { chain: 'filter ufw-user-output' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A ufw-user-output -o weave -j ACCEPT']],
  },
  {
    name: 'kube-nft-rejects-a-port-the-service-lacks',
    thread: {
      title: 'proxy/nftables: reject packets destined for invalid ports of service ips',
      address: 'https://github.com/kubernetes/kubernetes/pull/122692',
    },
    backend: 'nft',
    hosts: {
      pod: { addresses: { eth0: ['10.244.2.3/24'] }, routes: ['default via 10.244.2.1'] },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { cni0: ['10.244.2.1/24'], eth0: ['10.244.3.1/24'] },
        routes: ['default via 10.244.3.2'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip kube-proxy {
  set cluster-ips {
    type ipv4_addr
    comment "Active ClusterIPs"
    elements = { 10.96.0.1, 10.96.104.46 }
  }
  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to services with no endpoints"
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { 10.96.104.46 . tcp . 80 : goto service-QAXWIW53-default/server/tcp/http }
  }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ct state new jump service-endpoints-check
    ct state new jump cluster-ips-check
  }
  chain filter-output-post-dnat {
    type filter hook output priority -90; policy accept;
    ct state new jump cluster-ips-check
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00004000 == 0x00000000 return
    meta mark set meta mark ^ 0x00004000
    masquerade fully-random
  }
  chain service-endpoints-check {
    ip daddr . meta l4proto . th dport vmap @no-endpoint-services
  }
  chain cluster-ips-check {
    ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
    ip daddr 10.96.0.0/12 drop comment "Drop traffic to unallocated ClusterIPs"
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x00004000
  }
  chain service-QAXWIW53-default/server/tcp/http {
    ip daddr 10.96.104.46 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-5OJB2KTY-default/server/tcp/http__10.244.3.2/8080 }
  }
  chain endpoint-5OJB2KTY-default/server/tcp/http__10.244.3.2/8080 {
    ip saddr 10.244.3.2 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.244.3.2:8080
  }
}
`,
        },
      },
      server: {
        addresses: { eth0: ['10.244.3.2/24'] },
        routes: ['default via 10.244.3.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['node:eth0', 'server:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '10.96.104.46', port: 81 },
    seen: 'refused',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.96.104.46', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.96.104.46' }, seen: 'unreachable' },
      { sending: { from: 'pod', what: 'tcp', to: '10.96.7.7', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The service has no port 81: nothing rewrites the packet, and kube-proxy rejects what still has a ClusterIP.',
      causes: [
        { rule: 'ip daddr @cluster-ips reject', chain: 'ip kube-proxy cluster-ips-check' },
        { chain: 'ip kube-proxy services' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'node',
        "nft 'add element ip kube-proxy service-ips { 10.96.104.46 . tcp . 81 : goto service-QAXWIW53-default/server/tcp/http }'",
      ],
    ],
  },
]

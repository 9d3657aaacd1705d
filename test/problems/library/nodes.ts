/** Nodes of a cluster: kube-proxy in nft's words, kube-router, both packet filters at once; IPv6. */
import { bridged, clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const NODES: Problem[] = [
  {
    name: 'kube-nft-nodeport-loopback',
    thread: {
      title: 'Nodeports are not working on loopback addresses in nftables mode',
      address: 'https://github.com/k0sproject/k0s/issues/5760',
    },
    backend: 'nft',
    ...bridged('cni0', '10.244.0.1/24', {
      rules: {
        nft: `table ip kube-proxy {
  set nodeport-ips {
    type ipv4_addr
    elements = { 192.0.2.1 }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 30080 : goto service-web }
  }
  chain service-web {
    meta l4proto tcp dnat to 10.244.0.2:80
  }
  chain services {
    ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
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
    ip saddr 10.244.0.0/16 oifname "eth0" masquerade
  }
}
`,
      },
    }),
    fails: { from: 'host', what: 'tcp', to: '127.0.0.1', port: 30080 },
    seen: 'refused',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The set of addresses for NodePorts has no loopback address: the packet comes to the host, where nothing listens.',
      causes: [{ rule: '@nodeport-ips', chain: 'ip kube-proxy services' }, { code: 'not-in-set' }],
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [
      [
        'host',
        'nft add element ip kube-proxy nodeport-ips { 127.0.0.1 }; nft add rule ip kube-proxy nat-postrouting ip saddr 127.0.0.1 masquerade; sysctl -w net.ipv4.conf.all.route_localnet=1',
      ],
    ],
  },
  {
    name: 'kube-router-mixes-backends',
    thread: {
      title: 'Kube-router mixes iptables-legacy and iptables-nft rules',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/1069',
    },
    backend: 'mixed',
    ...bridged('kube-bridge', '10.244.0.1/24', {
      rules: {
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i kube-bridge -m comment --comment "allow outbound traffic from pods" -j ACCEPT
-A FORWARD -o kube-bridge -m comment --comment "allow inbound traffic to pods" -j ACCEPT
COMMIT
`,
        nft: `table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    oifname "docker0" ct state related,established counter accept
    iifname "docker0" oifname != "docker0" counter accept
  }
  chain DOCKER-USER {
    counter return
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '10.244.0.2', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: '10.244.0.2', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'iptables-legacy accepts it; the FORWARD that nf_tables has drops it by its policy.',
      causes: [{ policy: 'ip filter FORWARD' }],
      status: ['dropped'],
      alsoTrue: ['mixed-backends'],
    },
    mend: [
      [
        'host',
        'nft add rule ip filter DOCKER-USER oifname kube-bridge accept; nft insert rule ip filter DOCKER-USER oifname kube-bridge accept; nft insert rule ip filter DOCKER-USER iifname kube-bridge accept',
      ],
    ],
  },
  {
    name: 'kube-router-drops-discovery',
    thread: {
      title: 'IPv6 NDP NA/NS dropped when using egress network policy',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/1895',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['2001:db8:7::5/64'] }, routes: ['default via 2001:db8:7::1'] },
      node: {
        bridges: { 'kube-bridge': ['veth1'] },
        addresses: { 'kube-bridge': ['2001:db8:7::1/64'], eth0: ['2001:db8:1::1/64'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-ip6tables': '0' },
        listeners: [{ protocol: 'tcp', address: '2001:db8:7::1', port: 80 }],
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-ROUTER-INPUT - [0:0]
:KUBE-POD-FW-A - [0:0]
-A INPUT -m comment --comment "kube-router netpol" -j KUBE-ROUTER-INPUT
-A KUBE-ROUTER-INPUT -s 2001:db8:7::5/128 -m comment --comment "rule to jump traffic from POD name:a to chain KUBE-POD-FW-A" -j KUBE-POD-FW-A
-A KUBE-POD-FW-A -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "rule for stateful firewall for pod" -j ACCEPT
-A KUBE-POD-FW-A -p tcp -m tcp --dport 80 -m comment --comment "allowed by the egress policy" -j ACCEPT
-A KUBE-POD-FW-A -m comment --comment "default rule to REJECT traffic destined for POD name:a" -j REJECT --reject-with icmp6-port-unreachable
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['2001:db8:1::9/64'] }, routes: ['default via 2001:db8:1::1'] },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['node:eth0', 'far:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '2001:db8:7::1', port: 80 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:1' },
    others: [{ sending: { from: 'far', what: 'tcp', to: '2001:db8:7::1', port: 80 }, seen: 'answered' }],
    truth: {
      words: "The pod's chain rejects neighbour solicitations, since no rule of its policy names them.",
      causes: [{ rule: 'default rule to REJECT', chain: 'filter KUBE-POD-FW-A' }],
      status: ['rejected', 'dropped'],
    },
    mend: [
      [
        'node',
        'ip6tables -I KUBE-ROUTER-INPUT -p icmpv6 --icmpv6-type neighbour-solicitation -j ACCEPT; ip6tables -I KUBE-ROUTER-INPUT -p icmpv6 --icmpv6-type neighbour-advertisement -j ACCEPT',
      ],
    ],
  },
  {
    name: 'nft-no-ping6',
    thread: {
      title: 'fix (nftables): drop policy and allow icmpv6',
      address: 'https://github.com/YunoHost/yunohost/pull/2165',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: WEB,
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    icmp type { echo-request, destination-unreachable } accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport 80 accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'ping', to: '2001:db8:1::1' },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: 'No rule accepts the echo request of ICMPv6.',
      causes: [{ policy: 'inet filter input' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft add rule inet filter input icmpv6 type echo-request accept']],
  },
]

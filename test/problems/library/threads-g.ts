/** What is asked again and again, with iptables: a rule behind another, an old port, a forward that is for outside alone. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const THREADS_G: Problem[] = [
  {
    name: 'kube-local-nodeport-of-another-node-from-a-pod',
    thread: {
      title: "`externalTrafficPolicy: Local` doesn't work well with nodeport for internal traffic",
      address: 'https://github.com/kubernetes/kubernetes/issues/74383',
    },
    backend: 'iptables-legacy',
    hosts: {
      podA: { addresses: { eth0: ['10.244.1.10/24'] }, routes: ['default via 10.244.1.1'] },
      nodeA: {
        addresses: { cni0: ['10.244.1.1/24'], eth0: ['10.0.1.1/24'], eth1: ['10.0.3.1/24'] },
        routes: ['10.244.3.0/24 via 10.0.3.3'],
        sysctls: FORWARDS,
      },
      nodeB: {
        addresses: { eth0: ['10.0.1.2/24'], eth1: ['10.0.2.2/24'] },
        routes: ['10.244.1.0/24 via 10.0.1.1', '10.244.3.0/24 via 10.0.2.3'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-DROP - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-C - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-WEB - [0:0]
:KUBE-XLB-WEB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-XLB-WEB
-A KUBE-POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-SEP-C -s 10.244.3.10/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-C -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.3.10:80
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-WEB -m comment --comment "default/web" -j KUBE-SEP-C
-A KUBE-XLB-WEB -s 10.244.0.0/16 -m comment --comment "Redirect pods trying to reach external loadbalancer VIP to clusterIP" -j KUBE-SVC-WEB
-A KUBE-XLB-WEB -m comment --comment "default/web has no local endpoints" -j KUBE-MARK-DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
-A INPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
`,
        },
      },
      nodeC: {
        addresses: { eth0: ['10.0.3.3/24'], eth1: ['10.0.2.3/24'], cni0: ['10.244.3.1/24'] },
        routes: ['10.244.1.0/24 via 10.0.3.1'],
        sysctls: FORWARDS,
      },
      podC: {
        addresses: { eth0: ['10.244.3.10/24'] },
        routes: ['default via 10.244.3.1'],
        listeners: [{ protocol: 'tcp', address: '10.244.3.10', port: 80 }],
      },
    },
    links: [
      ['podA:eth0', 'nodeA:cni0'],
      ['nodeA:eth0', 'nodeB:eth0'],
      ['nodeA:eth1', 'nodeC:eth0'],
      ['nodeB:eth1', 'nodeC:eth1'],
      ['nodeC:cni0', 'podC:eth0'],
    ],
    traced: 'nodeB',
    setup: [
      [
        'nodeC',
        'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0',
      ],
      [
        'nodeA',
        'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0',
      ],
    ],
    fails: { from: 'podA', what: 'tcp', to: '10.0.1.2', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'podA', what: 'tcp', to: '10.244.3.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'nodeA', what: 'tcp', to: '10.0.1.2', port: 30080 }, seen: 'nothing' },
      { sending: { from: 'podA', what: 'ping', to: '10.0.1.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "For pods the node sends the request on to another node's pod, and masquerades nothing: that pod's reply goes to the first pod by its own way, from an address that was not asked.",
      causes: [
        { code: 'not-masqueraded' },
        { rule: '-s 10.244.0.0/16', chain: 'nat KUBE-XLB-WEB' },
        { rule: '-j DNAT --to-destination 10.244.3.10:80', chain: 'nat KUBE-SEP-C' },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['nodeB', 'iptables -t nat -I KUBE-XLB-WEB -s 10.244.0.0/16 -j KUBE-MARK-MASQ']],
  },
  {
    name: 'ufw-inserted-allow-is-in-front-in-ipv4-alone',
    thread: {
      title: 'Understanding UFW Firewall Rule Ordering: Best Practices for SSH, HTTP/HTTPS Access Control',
      address: 'https://serverdevworker.com/13788c9e8',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [22, 443].flatMap((port) => [
        { protocol: 'tcp' as const, address: '192.0.2.1', port },
        { protocol: 'tcp' as const, address: '2001:db8:1::1', port },
      ]),
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 22 -j DROP
-A ufw-user-input -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw6-before-input - [0:0]
:ufw6-user-input - [0:0]
-A INPUT -j ufw6-before-input
-A ufw6-before-input -i lo -j ACCEPT
-A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -j ACCEPT
-A ufw6-before-input -j ufw6-user-input
-A ufw6-user-input -p tcp -m tcp --dport 22 -j DROP
-A ufw6-user-input -p tcp -m tcp --dport 443 -j ACCEPT
-A ufw6-user-input -s 2001:db8:1::/64 -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words: 'In IPv6 the rule that denies port 22 to all comes before the one that allows it to the own network.',
      causes: [
        { rule: '--dport 22 -j DROP', chain: 'filter ufw6-user-input' },
        { rule: '-s 2001:db8:1::/64', chain: 'filter ufw6-user-input' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -I ufw6-user-input -s 2001:db8:1::/64 -p tcp --dport 22 -j ACCEPT']],
  },
  {
    name: 'nfs-mountd-has-left-the-port-of-the-rule',
    thread: {
      title: '9.7.3. Running NFS Behind a Firewall',
      address:
        'https://docs.redhat.com/en/documentation/red_hat_enterprise_linux/6/html/storage_administration_guide/s2-nfs-nfs-firewall-config',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [111, 2049, 20048].flatMap((port) => [
        { protocol: 'tcp' as const, address: '192.0.2.1', port },
        { protocol: 'tcp' as const, address: '2001:db8:1::1', port },
      ]),
      rules: {
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.0.2.0/24 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
        v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate NEW -m multiport --dports 111,662,875,892,2049,32803 -j ACCEPT
-A INPUT -p udp -m conntrack --ctstate NEW -m multiport --dports 111,662,875,892,2049,32769 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp6-adm-prohibited
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 20048 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 2049 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 20048 }, seen: 'answered' },
    ],
    truth: {
      words: 'The rule has 892 as the port of mountd, and mountd is at 20048 now: the last rule rejects it.',
      causes: [
        { rule: '--dports 111,662,875,892,2049,32803', chain: 'filter INPUT' },
        { rule: '-j REJECT --reject-with icmp6-adm-prohibited', chain: 'filter INPUT' },
      ],
      status: ['rejected'],
    },
    mend: [['server', 'ip6tables -I INPUT -p tcp --dport 20048 -j ACCEPT']],
  },
  {
    name: 'forward-of-the-public-address-asks-for-wan',
    thread: {
      title: "Can't ping static IP from internal network, only from outside",
      address: 'https://sobrelinux.info/questions/711633/cant-ping-static-ip-from-internal-network-only-from-outside',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] } },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'], dmz: ['192.168.50.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan -p tcp -m tcp --dport 443 -j DNAT --to-destination 192.168.50.10:443
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
-A FORWARD -d 192.168.50.10/32 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      server: {
        addresses: { eth0: ['192.168.50.10/24'] },
        routes: ['default via 192.168.50.1'],
        listeners: [{ protocol: 'tcp', address: '192.168.50.10', port: 443 }],
      },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
      ['router:dmz', 'server:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.50.10', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that forwards the port is for what comes in by wan: asked from the LAN the public address is the router itself, where nothing listens on 443.',
      causes: [{ rule: '-i wan -p tcp -m tcp --dport 443 -j DNAT', chain: 'nat PREROUTING' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'router',
        'iptables -t nat -A PREROUTING -d 203.0.113.1 -i lan -p tcp --dport 443 -j DNAT --to-destination 192.168.50.10:443',
      ],
    ],
  },
]

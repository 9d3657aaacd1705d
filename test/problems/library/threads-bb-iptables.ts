/** From threads, by iptables-nft: marks of two programs, ports of pods that are gone, a service of one family alone. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const WEB = { protocol: 'tcp', port: 8080 } as const

const DNS = { protocol: 'udp', port: 53 } as const

const APM = { protocol: 'tcp', port: 8126 } as const

/** Both tunnels are to sites that have 192.168.50.0/24. The mark of a connection tells them apart, and the uplinks. */
const TWO_MARKERS = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j CONNMARK --restore-mark --nfmask 0x1fff --ctmask 0x1fff
-A PREROUTING -i eth1 -m conntrack --ctstate NEW -j MARK --set-xmark 0x100/0x1fff
-A INPUT -i tunA -j CONNMARK --set-xmark 0xa/0xffffffff
-A INPUT -i tunB -j CONNMARK --set-xmark 0x9/0xffffffff
-A INPUT -m conntrack --ctstate NEW -j CONNMARK --save-mark --nfmask 0x1fff --ctmask 0x1fff
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j CONNMARK --restore-mark --nfmask 0x1fff --ctmask 0x1fff
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:in_tunnels - [0:0]
:in_internet - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i tunA -j in_tunnels
-A INPUT -i tunB -j in_tunnels
-A INPUT -i eth0 -j in_internet
-A INPUT -i eth1 -j in_internet
-A in_tunnels -p udp -m udp --dport 53 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_tunnels -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A in_internet -p tcp -m tcp --dport 443 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_internet -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

/** ufw beside k3s: what ufw logs as blocked comes to flannel's chain behind it. */
const UFW_K3S = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:ufw-after-forward - [0:0]
:ufw-after-logging-forward - [0:0]
:ufw-before-forward - [0:0]
:ufw-before-input - [0:0]
:ufw-before-logging-forward - [0:0]
:ufw-reject-forward - [0:0]
:ufw-track-forward - [0:0]
:ufw-user-forward - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j KUBE-FIREWALL
-A INPUT -j ufw-before-input
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -j ufw-before-logging-forward
-A FORWARD -j ufw-before-forward
-A FORWARD -j ufw-after-forward
-A FORWARD -j ufw-after-logging-forward
-A FORWARD -j ufw-reject-forward
-A FORWARD -j ufw-track-forward
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-after-logging-forward -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`

/** What portmap wrote for the pod of before, 172.31.5.20, and for the one of now. */
const PORTMAP = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CNI-DN-13a8f2ff2d1b0a34a1b1b - [0:0]
:CNI-DN-9c0d7ba3d2f4f2ce1a5e1 - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A CNI-DN-13a8f2ff2d1b0a34a1b1b -s 172.31.5.20/32 -p tcp -m tcp --dport 8126 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-13a8f2ff2d1b0a34a1b1b -s 127.0.0.1/32 -p tcp -m tcp --dport 8126 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-13a8f2ff2d1b0a34a1b1b -p tcp -m tcp --dport 8126 -j DNAT --to-destination 172.31.5.20:8126
-A CNI-DN-9c0d7ba3d2f4f2ce1a5e1 -s 172.31.5.21/32 -p tcp -m tcp --dport 8126 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-9c0d7ba3d2f4f2ce1a5e1 -s 127.0.0.1/32 -p tcp -m tcp --dport 8126 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-9c0d7ba3d2f4f2ce1a5e1 -p tcp -m tcp --dport 8126 -j DNAT --to-destination 172.31.5.21:8126
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"portmap\\" id: \\"f07a1be0c3ad\\"" -m multiport --dports 8126 -j CNI-DN-13a8f2ff2d1b0a34a1b1b
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"portmap\\" id: \\"2ad5c8e81c3e\\"" -m multiport --dports 8126 -j CNI-DN-9c0d7ba3d2f4f2ce1a5e1
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
COMMIT
`

/** kube-proxy for IPv6: the service web has endpoints of IPv4 alone, the service api has one of IPv6. */
const KUBE6 = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-EXT-XPGD46QRK7WJZT7O - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-5YVKCQ3J6V2RZB2P - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-XPGD46QRK7WJZT7O - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-EXT-XPGD46QRK7WJZT7O -m comment --comment "masquerade traffic for default/api:http external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-XPGD46QRK7WJZT7O -j KUBE-SVC-XPGD46QRK7WJZT7O
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/api:http" -m tcp --dport 31390 -j KUBE-EXT-XPGD46QRK7WJZT7O
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-5YVKCQ3J6V2RZB2P -p tcp -m comment --comment "default/api:http" -m tcp -j DNAT --to-destination [fd00:10:244::3]:8080
-A KUBE-SERVICES -d 2001:db8:1::241/128 -p tcp -m comment --comment "default/api:http loadbalancer IP" -m tcp --dport 80 -j KUBE-EXT-XPGD46QRK7WJZT7O
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-XPGD46QRK7WJZT7O -m comment --comment "default/api:http -> [fd00:10:244::3]:8080" -j KUBE-SEP-5YVKCQ3J6V2RZB2P
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/web:http has no endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 31389 -j REJECT --reject-with icmp6-port-unreachable
-A KUBE-EXTERNAL-SERVICES -d 2001:db8:1::240/128 -p tcp -m comment --comment "default/web:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp6-port-unreachable
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

export const THREADS_BB_IPTABLES: Problem[] = [
  {
    name: 'firehol-saves-its-mark-over-the-one-of-the-tunnel',
    thread: {
      title: 'co-existens with strongSwan (conflict mangle-table rules)',
      address: 'https://github.com/firehol/firehol/issues/130',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] } },
      abroad: { addresses: { eth0: ['198.51.100.9/24'], lo: ['198.18.0.9/32'] } },
      gateway: {
        addresses: {
          eth0: ['203.0.113.1/24'],
          eth1: ['198.51.100.1/24'],
          tunA: ['10.8.1.1/30'],
          tunB: ['10.8.2.1/30'],
          lan: ['10.0.0.1/24'],
        },
        routes: ['default via 203.0.113.9', '192.168.50.0/24 via 10.8.2.2'],
        sysctls: FORWARDS,
        listeners: [{ ...DNS, address: '10.0.0.1' }, HTTPS, SSH],
        rules: { v4: TWO_MARKERS },
      },
      siteA: {
        addresses: { tun0: ['10.8.1.2/30'], lo: ['192.168.50.10/32'] },
        routes: ['10.0.0.0/24 via 10.8.1.1 src 192.168.50.10'],
      },
      siteB: {
        addresses: { tun0: ['10.8.2.2/30'], lo: ['192.168.50.20/32'] },
        routes: ['10.0.0.0/24 via 10.8.2.1 src 192.168.50.20'],
      },
      office: { addresses: { eth0: ['10.0.0.9/24'] }, routes: ['default via 10.0.0.1'] },
    },
    links: [
      ['remote:eth0', 'gateway:eth0'],
      ['abroad:eth0', 'gateway:eth1'],
      ['gateway:tunA', 'siteA:tun0'],
      ['gateway:tunB', 'siteB:tun0'],
      ['gateway:lan', 'office:eth0'],
    ],
    traced: 'gateway',
    setup: [
      [
        'gateway',
        'ip rule add fwmark 0xa/0x1fff lookup 10 pref 1000; ip route add 192.168.50.0/24 via 10.8.1.2 table 10; ip rule add fwmark 0x100/0x1fff lookup 256 pref 1001; ip route add default via 198.51.100.9 table 256',
      ],
      ['abroad', 'ip route replace 198.51.100.0/24 dev eth0 src 198.18.0.9'],
    ],
    fails: { from: 'siteA', what: 'udp', to: '10.0.0.1', port: 53, tries: 1 },
    seen: 'nothing',
    others: [
      { sending: { from: 'siteB', what: 'udp', to: '10.0.0.1', port: 53, tries: 1 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      // by the mark of the second uplink, which is saved for the reply
      { sending: { from: 'abroad', what: 'tcp', to: '198.51.100.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'siteA', what: 'tcp', to: '10.0.0.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'abroad', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The connection gets the mark 0xa of its tunnel. FireHOL's rule behind it saves the packet's own mark, none, over it; so the reply goes by the main table into the other tunnel.",
      causes: [
        { rule: '--save-mark', chain: 'mangle INPUT' },
        { rule: '--set-xmark 0xa', chain: 'mangle INPUT' },
        { code: 'reply-by-other-uplink' },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
      alsoTrue: ['no-reply', 'unanswered', 'reply-by-other-uplink'],
    },
    mend: [['gateway', 'iptables -t mangle -I INPUT 3 -i tunA -m connmark --mark 0xa/0x1fff -j ACCEPT; conntrack -F']],
  },
  {
    name: 'healthy-ufw-logs-as-blocked-what-flannel-accepts-behind-it',
    thread: {
      title: 'coredns never becoming ready on fresh install',
      address: 'https://github.com/k3s-io/k3s/issues/8785',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['10.42.0.0/24 via 192.0.2.1'] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], cni0: ['10.42.0.1/24'] },
        bridges: { cni0: ['veth1', 'veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH, { protocol: 'tcp', port: 10250 }],
        rules: { v4: UFW_K3S },
      },
      p1: { addresses: { eth0: ['10.42.0.8/24'] }, routes: ['default via 10.42.0.1'] },
      p2: { addresses: { eth0: ['10.42.0.9/24'] }, routes: ['default via 10.42.0.1'], listeners: [WEB] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'p1:eth0'],
      ['node:veth2', 'p2:eth0'],
    ],
    traced: 'node',
    fails: { from: 'p1', what: 'tcp', to: '10.42.0.9', port: 8080 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 10250 }, seen: 'nothing' },
      { sending: { from: 'p1', what: 'tcp', to: '10.42.0.1', port: 10250 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong here: the rule that logs UFW BLOCK decides nothing, and the chain of flannel accepts the packet behind it.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
  {
    name: 'portmap-keeps-the-pod-of-before-whose-address-no-link-has-now',
    thread: {
      title: 'Iptables not updating correctly for HostPort when using CNI chaining Portmap in Cilium',
      address: 'https://github.com/containernetworking/plugins/issues/683',
    },
    backend: 'iptables-nft',
    hosts: {
      gateway: { addresses: { eth0: ['172.31.0.1/20'] } },
      node: {
        addresses: { eth0: ['172.31.4.10/20'] },
        routes: ['default via 172.31.0.1', '172.31.5.21 dev lxc1', '172.31.5.30 dev lxc2'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: PORTMAP },
      },
      agent: {
        addresses: { eth0: ['172.31.5.21/32'] },
        routes: ['172.31.4.10 dev eth0', 'default via 172.31.4.10'],
        listeners: [APM],
      },
      app: { addresses: { eth0: ['172.31.5.30/32'] }, routes: ['172.31.4.10 dev eth0', 'default via 172.31.4.10'] },
    },
    links: [
      ['gateway:eth0', 'node:eth0'],
      ['node:lxc1', 'agent:eth0'],
      ['node:lxc2', 'app:eth0'],
    ],
    traced: 'node',
    setup: [['node', 'sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0']],
    fails: { from: 'app', what: 'tcp', to: '172.31.4.10', port: 8126 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'app', what: 'tcp', to: '172.31.5.21', port: 8126 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '172.31.4.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '172.31.4.10', port: 8125 }, seen: 'refused' },
    ],
    truth: {
      words:
        'Two chains forward the port. The first one is of the pod of before: its address is on no link of the node any more, and no reply to ARP comes for it.',
      causes: [
        { rule: '--to-destination 172.31.5.20:8126', chain: 'nat CNI-DN-13a8f2ff2d1b0a34a1b1b' },
        { rule: 'f07a1be0c3ad', chain: 'nat CNI-HOSTPORT-DNAT' },
      ],
      status: ['lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['node', 'iptables -t nat -D CNI-HOSTPORT-DNAT 1']],
  },
  {
    name: 'kube-service-of-ipv4-alone-has-a-balancer-address-of-ipv6',
    thread: {
      title: 'Destination Port Unreachable on Service of type LoadBalancer',
      address: 'https://github.com/kubernetes-sigs/kubespray/issues/10009',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        // as a speaker of the balancer's addresses would have it
        routes: ['2001:db8:1::240 via 2001:db8:1::10', '2001:db8:1::241 via 2001:db8:1::10'],
      },
      node: {
        addresses: { eth0: ['2001:db8:1::10/64'], cni0: ['fd00:10:244::1/64'] },
        bridges: { cni0: ['veth1', 'veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-ip6tables': '0' },
        listeners: [{ ...SSH, address: '::' }],
        rules: { v6: KUBE6 },
      },
      web: {
        addresses: { eth0: ['fd00:10:244::2/64'] },
        routes: ['default via fd00:10:244::1'],
        listeners: [{ ...WEB, address: '::' }],
      },
      api: {
        addresses: { eth0: ['fd00:10:244::3/64'] },
        routes: ['default via fd00:10:244::1'],
        listeners: [{ ...WEB, address: '::' }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'web:eth0'],
      ['node:veth2', 'api:eth0'],
    ],
    traced: 'node',
    setup: [['client', 'sysctl -qw net.ipv6.conf.eth0.accept_redirects=0']],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::240', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::241', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::10', port: 31390 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::10', port: 31389 }, seen: 'refused' },
    ],
    truth: {
      words: 'The service has no endpoint of IPv6, so kube-proxy rejects what comes to its address of IPv6.',
      causes: [{ rule: '-d 2001:db8:1::240/128', chain: 'filter KUBE-EXTERNAL-SERVICES' }, { code: 'no-endpoints' }],
      status: ['rejected'],
    },
    mend: [
      [
        'node',
        'ip6tables -t nat -I KUBE-SERVICES 1 -d 2001:db8:1::240/128 -p tcp -m tcp --dport 80 -j DNAT --to-destination [fd00:10:244::2]:8080',
      ],
    ],
  },
]

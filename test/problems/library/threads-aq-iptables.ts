/** Rules of iptables from threads: marks restored on replies, untracked behind a tunnel, a policy asked in front of a service, probes told by their length; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED } from './groups-asked.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const MANGLE =
  ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

const POD_CHAIN = 'KUBE-POD-FW-7SOGOE2OVHLB33NI'
const POLICY_CHAIN = 'KUBE-NWPLCY-Q3LXGPSHBBKQ2V6M'

/** A query for access-board.gov. */
const QUERY = '1234010000010000000000000c6163636573732d626f61726403676f760000010001'

export const THREADS_AQ_IPTABLES: Problem[] = [
  {
    name: 'nth-balancer-restores-a-mark-whose-table-lacks-the-lan',
    thread: {
      title: 'Forwarding Traffic Problem with nfqueue + mark + load balancer',
      address: 'https://github.com/Nordix/nfqueue-loadbalancer/issues/23',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['10.10.12.1/24'], eth1: ['192.168.1.1/24'], lo: ['203.0.113.9/32'] },
        listeners: [HTTPS],
      },
      router: {
        addresses: { wan1: ['10.10.12.254/24'], wan2: ['192.168.1.3/24'], lan: ['192.168.5.1/24'] },
        routes: ['default via 10.10.12.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
${MANGLE}-A PREROUTING -j CONNMARK --restore-mark
-A PREROUTING -m mark --mark 0x0 -m statistic --mode nth --every 2 --packet 0 -j MARK --set-xmark 0x1/0xffffffff
-A PREROUTING -m mark --mark 0x0 -j MARK --set-xmark 0x2/0xffffffff
-A POSTROUTING -j CONNMARK --save-mark
COMMIT
*nat
${NAT}-A POSTROUTING -o wan1 -j MASQUERADE
-A POSTROUTING -o wan2 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.5.10/24'] }, routes: ['default via 192.168.5.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan1'],
      ['remote:eth1', 'router:wan2'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip route add default via 10.10.12.1 table 101; ip route add default via 192.168.1.1 table 102; ip rule add fwmark 1 table 101; ip rule add fwmark 2 table 102',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.5.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The mark of the connection is restored on the reply, too, and its table has nothing but a default route by the uplink: the reply, which has the address of the LAN again, goes out to the internet.',
      causes: [
        { rule: '-j CONNMARK --restore-mark', chain: 'mangle PREROUTING' },
        { code: 'wrong-way-out', words: ['192.168.5.10'] },
      ],
      status: ['reply-lost', 'unanswered', 'lost'],
      alsoTrue: ['reply-lost', 'reply-by-other-uplink'],
    },
    mend: [['router', 'ip route add 192.168.5.0/24 dev lan table 101; ip route add 192.168.5.0/24 dev lan table 102']],
  },
  {
    name: 'cilium-untracks-what-wireguard-has-decrypted',
    thread: {
      title: 'iptables: use proto + port instead of packet mark for matching wireguard packets',
      address: 'https://github.com/cilium/cilium/pull/45974',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: {
        addresses: { wg: ['fd00:99::2/64'] },
        routes: ['fd00:10:1::/64 via fd00:99::1'],
        listeners: [{ protocol: 'tcp', port: 443, address: '::' }],
      },
      node: {
        addresses: { cilium_wg0: ['fd00:99::1/64'], lxc1: ['fd00:10:1::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 4240, address: '::' }],
        rules: {
          // the first one stands for bpf_wireguard, which marks what it has decrypted
          v6: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CILIUM_PRE_raw - [0:0]
-A PREROUTING -i cilium_wg0 -j MARK --set-xmark 0xe00/0xf00
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_raw" -j CILIUM_PRE_raw
-A CILIUM_PRE_raw -m mark --mark 0xe00/0xf00 -m comment --comment "cilium: NOTRACK for WireGuard" -j CT --notrack
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i cilium_wg0 -o lxc1 -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -i lxc1 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['fd00:10:1::5/64'] },
        routes: ['default via fd00:10:1::1'],
        listeners: [{ protocol: 'tcp', port: 8080, address: '::' }],
      },
    },
    links: [
      ['peer:wg', 'node:cilium_wg0'],
      ['node:lxc1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'tcp', to: 'fd00:10:1::5', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: 'fd00:99::1', port: 4240 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:99::2', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'node', what: 'tcp', to: 'fd00:10:1::5', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The mark means that a packet was decrypted, and the rule takes it for that of a packet still to decrypt: what comes out of the tunnel is not tracked, is neither new nor established, and no rule accepts it.',
      causes: [
        { rule: '-j CT --notrack', chain: 'raw CILIUM_PRE_raw' },
        { rule: '--ctstate NEW', chain: 'filter FORWARD' },
        { code: 'untracked' },
      ],
      status: ['dropped'],
    },
    mend: [['node', 'ip6tables -t raw -R CILIUM_PRE_raw 1 -p udp -m udp --dport 51871 -j CT --notrack']],
  },
  {
    name: 'kube-router-asks-the-policy-before-it-lets-services-pass',
    thread: {
      title: 'Pods with egress network policy cannot access services after upgraded to v1.3.0',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/1136',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.233.128.138/24'] }, routes: ['default via 10.233.128.1'] },
      free: { addresses: { eth0: ['10.233.128.139/24'] }, routes: ['default via 10.233.128.1'] },
      node: {
        // as on kube-dummy-if, and a listener in place of IPVS
        addresses: { 'kube-bridge': ['10.233.128.1/24'], lo: ['10.233.0.10/32'] },
        bridges: { 'kube-bridge': ['veth1', 'veth2'] },
        sysctls: FORWARDS,
        listeners: [{ ...DNS, address: '10.233.0.10' }, SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-ROUTER-INPUT - [0:0]
:${POD_CHAIN} - [0:0]
:${POLICY_CHAIN} - [0:0]
-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A KUBE-ROUTER-INPUT -s 10.233.128.138/32 -m comment --comment "rule to jump traffic from POD name:rook-ceph-mgr-a namespace: rook-ceph" -j ${POD_CHAIN}
-A KUBE-ROUTER-INPUT -d 10.233.0.0/17 -m comment --comment "allow traffic to cluster IP - M66LPN4N3KB5HTJR" -j RETURN
-A KUBE-ROUTER-INPUT -p tcp -m comment --comment "allow LOCAL TCP traffic to node ports - LR7XO7NXDBGQJD2M" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A ${POD_CHAIN} -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ${POD_CHAIN} -d 10.233.128.138/32 -m addrtype --src-type LOCAL -j ACCEPT
-A ${POD_CHAIN} -m comment --comment "run through nw policy egress" -j ${POLICY_CHAIN}
-A ${POD_CHAIN} -m mark ! --mark 0x10000/0x10000 -m comment --comment "rule to REJECT traffic destined for POD name:rook-ceph-mgr-a" -j REJECT --reject-with icmp-port-unreachable
-A ${POD_CHAIN} -j MARK --set-xmark 0x0/0x10000
-A ${POLICY_CHAIN} -s 10.233.128.138/32 -d 10.233.129.7/32 -p udp -m udp --dport 53 -j MARK --set-xmark 0x10000/0x10000
-A ${POLICY_CHAIN} -s 10.233.128.138/32 -m mark --mark 0x10000/0x10000 -j RETURN
COMMIT
`,
        },
      },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['free:eth0', 'node:veth2'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'udp', to: '10.233.0.10', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'free', what: 'udp', to: '10.233.0.10', port: 53 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.233.128.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'free', what: 'tcp', to: '10.233.128.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The pod's policy names the address of the pod behind the service, and is asked while the packet still has the service's; the rule that lets services pass comes after it.",
      causes: [
        { rule: `-j ${POD_CHAIN}`, chain: 'filter KUBE-ROUTER-INPUT' },
        { rule: '-d 10.233.0.0/17', chain: 'filter KUBE-ROUTER-INPUT' },
        { rule: '-j REJECT', chain: `filter ${POD_CHAIN}` },
        { rule: '-d 10.233.129.7/32', chain: `filter ${POLICY_CHAIN}` },
      ],
      status: ['rejected'],
      alsoTrue: ['mark-missing'],
    },
    mend: [['node', 'iptables -I KUBE-ROUTER-INPUT 1 -d 10.233.0.0/17 -j RETURN']],
  },
  {
    name: 'mwan3otb-takes-any-ping-for-one-of-its-tracker',
    thread: {
      title: 'mwan3otb: fix iptables length filter on icmp',
      address: 'https://github.com/ovh/overthebox-feeds/pull/383',
    },
    backend: 'iptables-legacy',
    hosts: {
      isp: { addresses: { eth0: ['203.0.113.9/24'] } },
      box: {
        addresses: { wan: ['203.0.113.2/24'], tun0: ['10.166.0.2/24'], lan: ['192.168.100.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        rules: {
          v4: `*mangle
${MANGLE}:mwan3_hook - [0:0]
:mwan3_rules - [0:0]
-A PREROUTING -j mwan3_hook
-A OUTPUT -j mwan3_hook
-A mwan3_hook -j CONNMARK --restore-mark --nfmask 0xff00 --ctmask 0xff00
-A mwan3_hook -p icmp -m icmp --icmp-type 8 -m length --length 28:140 -m mark --mark 0x0/0xff00 -j MARK --set-xmark 0xff00/0xff00
-A mwan3_hook -m mark --mark 0x0/0xff00 -j mwan3_rules
-A mwan3_hook -j CONNMARK --save-mark --nfmask 0xff00 --ctmask 0xff00
-A mwan3_rules -d 203.0.113.0/24 -j MARK --set-xmark 0xff00/0xff00
-A mwan3_rules -m mark --mark 0x0/0xff00 -j MARK --set-xmark 0x100/0xff00
COMMIT
*nat
${NAT}-A POSTROUTING -o tun0 -j MASQUERADE
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
`,
        },
      },
      far: {
        addresses: { tun0: ['10.166.0.1/24'], lo: ['10.77.0.9/32'] },
        listeners: [HTTPS],
      },
      pc: { addresses: { eth0: ['192.168.100.10/24'] }, routes: ['default via 192.168.100.1'] },
    },
    links: [
      ['isp:eth0', 'box:wan'],
      ['far:tun0', 'box:tun0'],
      ['pc:eth0', 'box:lan'],
    ],
    traced: 'box',
    setup: [
      [
        'box',
        'ip route add default via 10.166.0.1 dev tun0 table 1; ip route add 192.168.100.0/24 dev lan table 1; ip rule add pref 2001 fwmark 0x100/0xff00 lookup 1',
      ],
    ],
    fails: { from: 'pc', what: 'ping', to: '10.77.0.9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '10.77.0.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'box', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'box', what: 'ping', to: '10.77.0.9' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The rule for the probes of the tracker tells them by their length, and any ordinary ping is as long: it gets the mark that goes by the uplink, where nobody knows the address beyond the tunnel.',
      causes: [
        { rule: '-m length --length 28:140', chain: 'mangle mwan3_hook' },
        { code: 'wrong-way-out', words: ['wan'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [
      [
        'box',
        'iptables -t mangle -R mwan3_hook 2 -p icmp -m icmp --icmp-type 8 -m length --length 28:64 -m mark --mark 0x0/0xff00 -j MARK --set-xmark 0xff00/0xff00',
      ],
    ],
  },
  {
    name: 'healthy-hex-string-has-a-decimal-length-before-the-name',
    thread: {
      title: 'List of domains to block.',
      address: 'https://github.com/smurfmonitor/dns-iptables-rules/issues/28',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [DNS, SSH],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 53 -m string --hex-string "|12|access-board|03|gov" --algo bm --to 65535 -j DROP
-A INPUT -p udp -m udp --dport 53 -m string --hex-string "|14|hajjamservices|03|xyz" --algo bm --to 65535 -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    setup: [
      ['client', asks('AF_INET', `o.sendto(bytes.fromhex('${QUERY}'),('192.0.2.1',53)); s.sendto(o.recv(2000),who)`)],
    ],
    fails: POKED,
    seen: 'answered',
    looksAt: { protocol: 'udp', dst: '192.0.2.1' },
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong for who asks: 12 is read as a hexadecimal number, so the rule looks for a name of 18 letters and matches no query.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]

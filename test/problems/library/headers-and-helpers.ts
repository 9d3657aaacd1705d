/** What looks into packets, or wants someone to be there, from threads: an inner header, a helper, a proxy, an address of another host. */
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const vxlan = (own: string, peer: string, device: string, last: [string, string]) =>
  `ip link add vx0 address 02:00:00:00:00:0${last[0]} type vxlan id 4096 dstport 4789 local ${own} remote ${peer} dev ${device}; ip link set vx0 up; ip addr add 172.20.0.${last[0]}/24 dev vx0; ip neigh add 172.20.0.${last[1]} lladdr 02:00:00:00:00:0${last[1]} dev vx0`

/** Asked by a phone at port 5070, it asks the provider in SIP, and tells the phone once that answers. */
const PBX = `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('10.1.0.1',5070))
while True:
  d,phone=s.recvfrom(2000)
  o=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); o.settimeout(1)
  o.sendto(b'INVITE sip:203.0.113.9 SIP/2.0\\r\\nVia: SIP/2.0/UDP 192.168.1.10:5060\\r\\nCSeq: one INVITE\\r\\nContent-Length: 0\\r\\n\\r\\n',('203.0.113.9',5060))
  try: o.recv(2000); s.sendto(b'ok',phone)
  except OSError: pass
  o.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :5070 && break; sleep .1; done`

/** Takes connections for addresses that are not this host's. */
const PROXY = `python3 -c "import socket
s=socket.socket(socket.AF_INET6,socket.SOCK_STREAM); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.setsockopt(41,75,1); s.bind(('::1',12348)); s.listen()
while True: s.accept()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :12348 && break; sleep .1; done`

export const HEADERS_AND_HELPERS: Problem[] = [
  {
    name: 'felix-drops-the-vxlan-of-a-workload',
    thread: {
      title: 'Add specific deny rules for IPIP and VXLAN traffic originating from workloads.',
      address: 'https://github.com/projectcalico/felix/pull/2481',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['10.244.1.2/24'] }, routes: ['default via 10.244.1.1'] },
      node: {
        addresses: { cali1: ['10.244.1.1/24'], eth0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-fw-cali1 - [0:0]
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A cali-FORWARD -i cali+ -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j cali-from-wl-dispatch
-A cali-from-wl-dispatch -i cali1 -g cali-fw-cali1
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-fw-cali1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1 -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1 -j MARK --set-xmark 0x0/0x10000
-A cali-fw-cali1 -p udp -m comment --comment "Drop VXLAN encapped packets originating in pods" -m multiport --dports 4789 -m u32 --u32 "0x0>>0x16&0x3c@0xc>>0x8=0x1000" -j DROP
-A cali-fw-cali1 -p ipencap -m comment --comment "Drop IPinIP encapped packets originating in pods" -j DROP
-A cali-fw-cali1 -j MARK --set-xmark 0x10000/0x10000
-A cali-fw-cali1 -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-cali1 -m comment --comment "Drop if no profiles matched" -j DROP
COMMIT
`,
        },
      },
      peer: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['10.244.1.0/24 via 192.0.2.1'],
        listeners: [HTTP, { protocol: 'udp', port: 4790 }],
      },
    },
    links: [
      ['pod:eth0', 'node:cali1'],
      ['node:eth0', 'peer:eth0'],
    ],
    traced: 'node',
    setup: [
      ['pod', vxlan('10.244.1.2', '192.0.2.9', 'eth0', ['2', '9'])],
      ['peer', vxlan('192.0.2.9', '10.244.1.2', 'eth0', ['9', '2'])],
    ],
    fails: { from: 'pod', what: 'ping', to: '172.20.0.9' },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '192.0.2.9' },
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "Felix drops what a workload sends as VXLAN with Calico's own network number, whoever it is for, and this workload has a tunnel of its own with that number.",
      causes: [{ rule: '--u32', chain: 'filter cali-fw-cali1' }],
      status: ['dropped'],
    },
    mend: [['node', 'iptables -I cali-fw-cali1 3 -d 192.0.2.9/32 -p udp -m udp --dport 4789 -j ACCEPT']],
  },
  {
    name: 'sip-helper-drops-what-it-cannot-read',
    thread: { title: 'Firewall: Disable SIP-ALG', address: 'https://github.com/NethServer/dev/issues/6326' },
    backend: 'iptables-legacy',
    ...(() => {
      const net = homeRouter(
        {
          rules: {
            v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip
-A OUTPUT -p udp -m udp --dport 5060 -j CT --helper sip
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
          },
        },
        { remote: { listeners: [HTTPS, { protocol: 'udp', port: 5060 }] } },
      )
      const { remote, router, pc } = net.hosts
      return {
        hosts: {
          remote: remote!,
          router: router!,
          pbx: { ...pc, addresses: { ...pc!.addresses, eth1: ['10.1.0.1/24'] } },
          phone: { addresses: { eth0: ['10.1.0.2/24'] } },
        },
        links: [
          ['remote:eth0', 'router:wan'],
          ['router:lan', 'pbx:eth0'],
          ['pbx:eth1', 'phone:eth0'],
        ],
        traced: 'router',
      } satisfies Pick<Problem, 'hosts' | 'links' | 'traced'>
    })(),
    setup: [['pbx', PBX]],
    fails: { from: 'phone', what: 'udp', to: '10.1.0.1', port: 5070 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '203.0.113.9' },
    others: [
      { sending: { from: 'pbx', what: 'udp', to: '203.0.113.9', port: 5060 }, seen: 'answered' },
      { sending: { from: 'pbx', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The connection has conntrack's helper for SIP, which reads each message, and drops one whose CSeq it does not understand, behind all rules.",
      causes: [{ rule: '-j CT --helper sip', chain: 'raw PREROUTING' }],
      status: ['lost'],
    },
    mend: [['router', 'iptables -t raw -D PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip']],
  },
  {
    name: 'tproxy-without-a-listener-lets-the-packet-go-on',
    thread: {
      title: 'tproxy rule bypassed (falls back to direct connection) when tproxy listener is not running',
      address: 'https://github.com/openwrt/openwrt/issues/23480',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw4 {
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "lan" ip6 daddr { ::1, fe80::/10, ff00::/8, 2001:db8:1::/64 } return
    iifname "lan" meta nfproto ipv6 tcp dport 443 tproxy ip6 to [::1]:12348 meta mark set 0x00000001 accept
  }
  chain input {
    type filter hook input priority filter; policy accept;
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
  }
}
`,
        },
      },
      {
        remote: {
          listeners: [
            { protocol: 'tcp', address: '::', port: 443 },
            { protocol: 'tcp', address: '::', port: 80 },
          ],
          // what does not come by the proxy is blocked on its way
          rules: {
            nft: 'table ip6 edge {\n  chain input { type filter hook input priority filter; policy accept; ip6 saddr 2001:db8:1::/64 tcp dport 443 drop; }\n}\n',
          },
        },
      },
    ),
    setup: [['router', 'ip -6 rule add fwmark 0x1 lookup 100; ip -6 route add local default dev lo table 100']],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nobody listens where tproxy gives the connection to: the rule ends there without a verdict, no mark is set, and the packet goes out directly, where it is blocked.',
      causes: [
        { rule: 'tproxy ip6 to', chain: 'inet fw4 mangle_prerouting' },
        { code: 'proxy-missing', words: ['12348'] },
      ],
      status: ['unanswered'],
    },
    mend: [['router', PROXY]],
  },
  {
    name: 'relay-behind-a-router-has-rules-for-the-public-address',
    thread: {
      title: 'tor relay not reachable when rules are up',
      address: 'https://github.com/toralf/torutils/issues/16',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      home: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" tcp dport { 22, 9001 } dnat to 192.168.1.106
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      relay: {
        addresses: { eth0: ['192.168.1.106/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [SSH, { protocol: 'tcp', port: 9001 }],
        rules: {
          ipset:
            'create tor-trust hash:ip\nadd tor-trust 198.51.100.1\ncreate tor-ddos-9001 hash:ip timeout 86400 maxelem 131072\n',
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -d 203.0.113.1/32 -p tcp -m tcp --dport 9001 -m set --match-set tor-trust src -j ACCEPT
-A INPUT -d 203.0.113.1/32 -p tcp -m tcp --dport 9001 --tcp-flags FIN,SYN,RST,ACK SYN -m hashlimit --hashlimit-above 8/min --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name tor-ddos-9001 --hashlimit-htable-expire 120000 -j SET --add-set tor-ddos-9001 src --exist
-A INPUT -d 203.0.113.1/32 -p tcp -m tcp --dport 9001 -m set --match-set tor-ddos-9001 src -j DROP
-A INPUT -d 203.0.113.1/32 -p tcp -m tcp --dport 9001 --tcp-flags FIN,SYN,RST,ACK SYN -m connlimit --connlimit-above 8 --connlimit-mask 32 --connlimit-saddr -j DROP
-A INPUT -d 203.0.113.1/32 -p tcp -m tcp --dport 9001 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 192.168.1.106/32 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'home:wan'],
      ['home:lan', 'relay:eth0'],
    ],
    traced: 'relay',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 9001 },
    seen: 'nothing',
    looksAt: { protocol: 'tcp', dst: '192.168.1.106' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'relay', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rules accept the relay's port at the public address, and the router in front has rewritten it: what comes has the private address, and the policy drops it.",
      causes: [{ rule: '-d 203.0.113.1/32', chain: 'filter INPUT' }, { policy: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['relay', 'iptables -A INPUT -d 192.168.1.106/32 -p tcp -m tcp --dport 9001 -j ACCEPT']],
  },
]

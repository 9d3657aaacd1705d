/** A helper in the wrong hook, a network that a guide had, a port of one family, a tunnel too small for IPv6. */
import { clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { told } from './threads-a.ts'

const WEB6 = { protocol: 'tcp', address: '::', port: 80 } as const

export const THREADS_D: Problem[] = [
  {
    name: 'firewalld-tftp-helper-for-what-comes-in',
    thread: {
      title: 'tftp-client service does not put helper rule in filter_OUTPUT chain',
      address: 'https://github.com/firewalld/firewalld/issues/600',
    },
    backend: 'nft',
    hosts: {
      tftp: { addresses: { eth0: ['2001:db8:1::2/64'] } },
      host: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          nft: `table inet firewalld {
  ct helper helper-tftp-udp {
    type "tftp" protocol udp
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_FedoraWorkstation
  }
  chain filter_IN_FedoraWorkstation {
    jump filter_IN_FedoraWorkstation_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_FedoraWorkstation_allow {
    ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
    tcp dport 22 ct state { new, untracked } accept
    udp dport 69 ct helper set "helper-tftp-udp"
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    oifname "lo" accept
  }
}
`,
        },
      },
    },
    links: [['tftp:eth0', 'host:eth0']],
    traced: 'host',
    setup: [
      [
        'host',
        // asks again and again, as a client does, and answers data
        `python3 -c "import socket
s=socket.socket(10,2); s.bind(('2001:db8:1::1',40069)); s.settimeout(.4)
while True:
  try: s.sendto(b'\\0\\1boot.img\\0octet\\0',('2001:db8:1::2',69)); d,a=s.recvfrom(999); s.sendto(d,a)
  except OSError: pass" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -anu | grep -q :40069 && break; sleep .1; done
sleep 1`,
      ],
    ],
    // the first block of data, from a port of its own
    fails: { from: 'tftp', what: 'udp', to: '2001:db8:1::1', port: 40069, sport: 50288 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'tftp', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'tftp', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule that assigns the TFTP helper stands in an input chain, where the host's own requests never come: data from the server's new port belong to no connection.",
      causes: [
        { code: 'helper-missing', words: ['tftp'] },
        { rule: 'ct helper set', chain: 'inet firewalld filter_IN_FedoraWorkstation_allow' },
      ],
      status: ['rejected'],
      alsoTrue: ['helper-missing'],
    },
    mend: [
      [
        'host',
        'nft insert rule inet firewalld filter_OUTPUT udp dport 69 ct helper set \\"helper-tftp-udp\\"; conntrack -D -f ipv6 -p udp --orig-port-dst 69; sleep 1',
      ],
    ],
  },
  {
    name: 'pihole-guide-forwards-another-network',
    thread: {
      title: 'Add UFW configuration to the wireguard internal docs',
      address: 'https://github.com/pi-hole/docs/pull/1205',
    },
    backend: 'iptables-nft',
    hosts: {
      phone: { addresses: { wg0: ['10.100.0.2/24'] }, routes: ['default via 10.100.0.1'] },
      pi: {
        addresses: { wg0: ['10.100.0.1/24'], eth0: ['192.168.1.5/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 53 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.100.0.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-forward - [0:0]
:ufw-before-input - [0:0]
:ufw-user-forward - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A FORWARD -j ufw-before-forward
-A ufw-before-forward -s 10.10.10.0/24 -j ACCEPT
-A ufw-before-forward -d 10.10.10.0/24 -j ACCEPT
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -i wg0 -p udp -m udp --dport 53 -j ACCEPT
-A ufw-user-input -p udp -m udp --dport 47111 -j ACCEPT
COMMIT
`,
        },
      },
      nas: { addresses: { eth0: ['192.168.1.20/24'] }, listeners: WEB },
    },
    links: [
      ['phone:wg0', 'pi:wg0'],
      ['pi:eth0', 'nas:eth0'],
    ],
    traced: 'pi',
    fails: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'udp', to: '10.100.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'ping', to: '192.168.1.20' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rules that are to forward the tunnel's clients have the network of another guide, 10.10.10.0/24: the clients are in 10.100.0.0/24, and the policy drops them.",
      causes: [{ rule: '-s 10.10.10.0/24 -j ACCEPT', chain: 'filter ufw-before-forward' }],
      status: ['dropped'],
    },
    mend: [['pi', 'iptables -I ufw-before-forward -s 10.100.0.0/24 -j ACCEPT']],
  },
  {
    name: 'openvpn-install-opens-its-port-for-ipv4-alone',
    thread: {
      title: 'Add IPv6 INPUT on incomming port',
      address: 'https://github.com/angristan/openvpn-install/pull/601',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'udp', port: 1194 },
        { protocol: 'udp', address: '2001:db8:1::1', port: 1194 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 22 },
      ],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0 -p udp -m udp --dport 1194 -j ACCEPT
-A INPUT -i tun0 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i tun0 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 1194 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 1194 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: 'The installer opens its port with iptables; ip6tables has no rule for it, and the policy drops it.',
      causes: [{ policy: 'filter INPUT' }, { rule: '--dport 1194', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -I INPUT -i eth0 -p udp -m udp --dport 1194 -j ACCEPT']],
  },
  {
    name: 'wireguard-mtu-is-too-small-for-ipv6',
    thread: {
      title: 'wireguard 接口上IPv6 地址配置无效',
      address: 'https://github.com/LiBwrt/LibWrt/issues/169',
    },
    backend: 'nft',
    hosts: {
      pc: {
        addresses: { eth0: ['2001:db8:1::10/64', '192.168.1.10/24'] },
        routes: ['default via 2001:db8:1::1', 'default via 192.168.1.1'],
      },
      router: {
        addresses: {
          lan: ['2001:db8:1::1/64', '192.168.1.1/24'],
          wan: ['2001:db8:f::1/64'],
          wg0: ['fd00:8::1/64', '10.71.240.1/24'],
        },
        routes: ['default via 2001:db8:f::9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" oifname { "wan", "wg0" } accept comment "!fw4: Accept lan to wan forwarding"
  }
}
`,
        },
      },
      isp: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
        listeners: [WEB6],
      },
      peer: {
        addresses: { wg0: ['fd00:8::2/64', '10.71.240.2/24'] },
        routes: ['2001:db8:1::/64 via fd00:8::1', '192.168.1.0/24 via 10.71.240.1'],
        listeners: [WEB6],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'isp:eth0'],
      ['router:wg0', 'peer:wg0'],
    ],
    traced: 'router',
    setup: [['router', 'ip link set wg0 mtu 1200']],
    fails: { from: 'pc', what: 'tcp', to: 'fd00:8::2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '10.71.240.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The tunnel's MTU is 1200, and IPv6 needs 1280: the kernel has switched IPv6 off on the tunnel and taken its addresses and routes, so what is for its network leaves by the default route.",
      causes: told(
        ['wrong-way-out', 'vanished-no-route', 'not-netfilter', 'kernel-drop', 'vanished-mtu', 'neighbour-failed'],
        '1280',
      ),
      status: ['unanswered', 'lost'],
    },
    mend: [['router', 'ip link set wg0 mtu 1420; ip addr add fd00:8::1/64 dev wg0 nodad; sleep 2']],
  },
]

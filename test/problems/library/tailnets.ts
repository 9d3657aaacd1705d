/** Tailscale beside containers and the kernel's own checks; a proxy's, a multi-uplink's and a container network's marks and routes. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const WIREGUARD = { protocol: 'udp', port: 51888 } as const

export const TAILNETS: Problem[] = [
  {
    name: 'tailscale-stateful-filter-containers',
    thread: {
      title: 'After update to 1.66, docker containers cannot access Tailscale IPs',
      address: 'https://github.com/tailscale/tailscale/issues/12070',
    },
    backend: 'iptables-nft',
    ...withTailnet(),
    fails: { from: 'c1', what: 'tcp', to: '100.101.102.103', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '100.101.102.103', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'ts-forward drops every new connection towards tailscale0 that does not come from it: those of containers, too.',
      causes: [{ rule: '! --ctstate RELATED,ESTABLISHED -j DROP', chain: 'filter ts-forward' }],
      status: ['dropped'],
      alsoTrue: ['mark-missing'],
    },
    mend: [['host', 'iptables -I ts-forward 1 -i docker0 -d 100.64.0.0/10 -j MARK --set-xmark 0x40000/0xff0000']],
  },
  {
    name: 'tailscale-rp-filter-without-mark',
    thread: {
      title: 'wgengine/router: enable src_valid_mark sysctl for rp_filter compatibility',
      address: 'https://github.com/tailscale/tailscale/pull/19537',
    },
    backend: 'iptables-nft',
    hosts: {
      derp: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [{ protocol: 'udp', port: 3478 }],
      },
      isp: { addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.0.2.254/24'] }, sysctls: FORWARDS },
      vm: {
        addresses: { eth0: ['192.0.2.1/24'], tailscale0: ['100.64.0.1/10'] },
        routes: ['default via 192.0.2.254'],
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1', 'net.ipv4.conf.default.rp_filter': '1' },
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j CONNMARK --restore-mark --nfmask 0xff0000 --ctmask 0xff0000
-A OUTPUT -p udp -m udp --dport 3478 -j MARK --set-xmark 0x80000/0xff0000
-A OUTPUT -m conntrack --ctstate NEW -m mark ! --mark 0x0/0xff0000 -j CONNMARK --save-mark --nfmask 0xff0000 --ctmask 0xff0000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A ts-input -s 100.64.0.1/32 -i lo -j ACCEPT
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
COMMIT
`,
        },
      },
      exit: {
        addresses: { eth0: ['100.101.102.103/10'] },
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['derp:eth0', 'isp:eth0'],
      ['isp:eth1', 'vm:eth0'],
      ['vm:tailscale0', 'exit:eth0'],
    ],
    traced: 'vm',
    setup: [
      // the filter takes ARP's questions as well, so that a router that asks again after five seconds loses the host
      ['isp', 'sysctl -w net.ipv4.neigh.eth1.delay_first_probe_time=600'],
      [
        'vm',
        'ip rule add pref 5210 fwmark 0x80000/0xff0000 lookup main; ip rule add pref 5270 lookup 52; ip route add default dev tailscale0 src 192.0.2.1 table 52; ip route add 100.64.0.0/10 dev tailscale0 table 52',
      ],
    ],
    fails: { from: 'vm', what: 'udp', to: '203.0.113.9', port: 3478 },
    seen: 'nothing',
    others: [{ sending: { from: 'vm', what: 'tcp', to: '100.101.102.103', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'rp_filter asks for the way back without the mark, since src_valid_mark is 0: that leads into the tunnel, so the reply that comes in on eth0 is dropped.',
      causes: [{ code: 'vanished-rp-filter' }],
      status: ['reply-lost'],
    },
    mend: [['vm', 'sysctl -w net.ipv4.conf.all.src_valid_mark=1']],
  },
  {
    name: 'mwan3-marks-its-own-tunnel',
    thread: {
      title: 'Mwan3track not working properly on wireguard interface',
      address: 'https://github.com/openwrt/packages/issues/10712',
    },
    backend: 'iptables-legacy',
    hosts: {
      vpn: {
        addresses: { eth0: ['203.0.113.50/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [WIREGUARD],
      },
      ispb: { addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.254/24'] }, sysctls: FORWARDS },
      // knows no way to the server
      ispa: { addresses: { eth0: ['192.0.2.254/24'] }, listeners: [{ protocol: 'tcp', port: 80 }] },
      router: {
        addresses: { wana: ['192.0.2.1/24'], wanb: ['198.51.100.1/24'], lan: ['192.168.1.1/24'] },
        routes: [
          'default via 192.0.2.254 metric 10',
          'default via 198.51.100.254 metric 20',
          '203.0.113.50 via 198.51.100.254',
        ],
        sysctls: FORWARDS,
        rules: {
          ipset: `create mwan3_connected hash:net family inet hashsize 1024 maxelem 65536
add mwan3_connected 192.0.2.0/24
add mwan3_connected 198.51.100.0/24
add mwan3_connected 192.168.1.0/24
add mwan3_connected 224.0.0.0/3
add mwan3_connected 127.0.0.0/8
`,
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:mwan3_connected - [0:0]
:mwan3_hook - [0:0]
:mwan3_ifaces_in - [0:0]
:mwan3_iface_in_wana - [0:0]
:mwan3_iface_in_wanb - [0:0]
:mwan3_policy_wana_wanb - [0:0]
:mwan3_rules - [0:0]
-A PREROUTING -j mwan3_hook
-A OUTPUT -j mwan3_hook
-A mwan3_connected -m set --match-set mwan3_connected dst -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_hook -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_ifaces_in
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_connected
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_rules
-A mwan3_hook -j CONNMARK --save-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_hook -m mark ! --mark 0x3f00/0x3f00 -j mwan3_connected
-A mwan3_ifaces_in -m mark --mark 0x0/0x3f00 -j mwan3_iface_in_wana
-A mwan3_ifaces_in -m mark --mark 0x0/0x3f00 -j mwan3_iface_in_wanb
-A mwan3_iface_in_wana -i wana -m mark --mark 0x0/0x3f00 -m comment --comment wana -j MARK --set-xmark 0x100/0x3f00
-A mwan3_iface_in_wanb -i wanb -m mark --mark 0x0/0x3f00 -m comment --comment wanb -j MARK --set-xmark 0x200/0x3f00
-A mwan3_policy_wana_wanb -m mark --mark 0x0/0x3f00 -m comment --comment "wana 1 1" -j MARK --set-xmark 0x100/0x3f00
-A mwan3_rules -m mark --mark 0x0/0x3f00 -m comment --comment default_rule -j mwan3_policy_wana_wanb
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -j MASQUERADE
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['vpn:eth0', 'ispb:eth0'],
      ['ispb:eth1', 'router:wanb'],
      ['ispa:eth0', 'router:wana'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip rule add pref 2001 fwmark 0x100/0x3f00 lookup 1; ip rule add pref 2002 fwmark 0x200/0x3f00 lookup 2; ip route add default via 192.0.2.254 dev wana table 1; ip route add default via 198.51.100.254 dev wanb table 2',
      ],
    ],
    fails: { from: 'router', what: 'udp', to: '203.0.113.50', port: 51888 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '198.51.100.254' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The main table leads to the server by wanb; mwan3 does not know that route, marks the packet for wana, and it leaves there.',
      causes: [
        { rule: '--set-xmark 0x100/0x3f00', chain: 'mangle mwan3_policy_wana_wanb' },
        { code: 'wrong-way-out' },
        { code: 'not-in-set', words: ['mwan3_connected'] },
      ],
      status: ['unanswered', 'lost'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [['router', 'ipset add mwan3_connected 203.0.113.50']],
  },
  {
    name: 'calico-rpfilter-foreign-source',
    thread: {
      title: 'set worker node rpfilter off, But cali-PREROUTING drop my packets.',
      address: 'https://github.com/projectcalico/calico/issues/4630',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['default via 192.0.2.1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], cali5318d3e: ['169.254.1.1/32'] },
        routes: ['default via 192.0.2.254', '10.244.0.2 dev cali5318d3e'],
        sysctls: FORWARDS,
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-PREROUTING - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A cali-PREROUTING -m comment --comment "cali:XFX5xbM8B9qR10JG" -j MARK --set-xmark 0x0/0xf0000
-A cali-PREROUTING -i cali+ -m comment --comment "cali:EWMPb0zVROM-woQp" -j MARK --set-xmark 0x40000/0x40000
-A cali-PREROUTING -m comment --comment "cali:Ek_rsNpunyDlK3sH" -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.244.0.2/32', '10.8.0.6/32'] },
        routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1', '192.0.2.9 via 169.254.1.1 src 10.8.0.6'],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:cali5318d3e', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'pod', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: {
      words:
        "The pod sends with a source that no route leads back to by its interface: Calico's own reverse path filter drops it.",
      causes: [{ rule: '-m rpfilter --validmark --invert -j DROP', chain: 'raw cali-PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['node', 'ip route add 10.8.0.6 dev cali5318d3e']],
  },
]

function withTailnet(): Pick<Problem, 'hosts' | 'links' | 'traced'> {
  const made = bridged('docker0', '172.17.0.1/16', {
    addresses: { tailscale0: ['100.64.0.1/10'] },
    rules: {
      v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:ts-postrouting - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -j ts-postrouting
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:ts-forward - [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
-A ts-input -s 100.64.0.1/32 -i lo -j ACCEPT
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
COMMIT
`,
    },
  })
  return {
    ...made,
    hosts: {
      ...made.hosts,
      peer: {
        addresses: { eth0: ['100.101.102.103/10'] },
        routes: ['default via 100.64.0.1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [...made.links, ['host:tailscale0', 'peer:eth0']],
  }
}

/** Ways that look wrong and are not: an uplink that is not the default one, frames of a bridge that iptables sees, a transparent proxy beside the router. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const
const SSH = { protocol: 'tcp', port: 22 } as const

const MARKED_UPLINKS = `table inet mangle {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wan1" ct state new ct mark set 0x100
    iifname "wan2" ct state new ct mark set 0x200
    iifname "lan" ct mark & 0x3f00 != 0 meta mark set ct mark
  }
  chain output {
    type route hook output priority mangle; policy accept;
    ct mark & 0x3f00 != 0 meta mark set ct mark
  }
}
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
    ct status dnat accept
  }
}
table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname { "wan1", "wan2" } udp dport 1194 dnat to 192.168.1.10
    iifname { "wan1", "wan2" } tcp dport 443 dnat to 192.168.1.10
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan1", "wan2" } masquerade
  }
}
`

const uplinks = (fails: Problem['fails'], name: string): Problem => ({
  name,
  thread: { title: 'mwan3 udp', address: 'https://github.com/openwrt/packages/issues/2347' },
  backend: 'nft',
  hosts: {
    net: {
      addresses: { eth0: ['203.0.113.9/24'], eth1: ['192.0.2.9/24'], lo: ['198.51.100.9/32'] },
      routes: ['192.0.2.1/32 dev eth1 src 198.51.100.9'],
      listeners: WEB,
      rules: {
        nft: `table inet providers {
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    iifname "eth0" ip saddr != 203.0.113.0/24 drop
    iifname "eth1" ip saddr != 192.0.2.0/24 drop
  }
}
`,
      },
    },
    router: {
      addresses: { wan1: ['203.0.113.1/24'], wan2: ['192.0.2.1/24'], lan: ['192.168.1.1/24'] },
      routes: ['default via 203.0.113.9', 'default via 203.0.113.9 table 1', 'default via 192.0.2.9 table 2'],
      sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '2' },
      listeners: [SSH],
      rules: { nft: MARKED_UPLINKS },
    },
    vpn: {
      addresses: { eth0: ['192.168.1.10/24'] },
      routes: ['default via 192.168.1.1'],
      listeners: [
        { protocol: 'udp', port: 1194 },
        { protocol: 'tcp', port: 443 },
      ],
    },
  },
  links: [
    ['net:eth0', 'router:wan1'],
    ['net:eth1', 'router:wan2'],
    ['router:lan', 'vpn:eth0'],
  ],
  setup: [
    [
      'router',
      'ip rule add pref 2001 fwmark 0x100/0x3f00 lookup 1; ip rule add pref 2002 fwmark 0x200/0x3f00 lookup 2',
    ],
  ],
  traced: 'router',
  fails,
  seen: 'answered',
  others: [{ sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' }],
  truth: HEALTHY,
  mend: [['router', 'true']],
})

/** The router's table for the web leads to the proxy; what the proxy replies in the name of the web crosses the router's bridge as frames, which iptables sees. */
const proxyBesideRouter = (traced: string): Problem => ({
  name: `healthy-proxy-beside-the-router-asked-of-the-${traced}`,
  thread: { title: 'TPROXY support', address: 'https://github.com/firehol/firehol/issues/25' },
  backend: 'iptables-nft',
  hosts: {
    pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    router: {
      bridges: { lan: ['lan1', 'lan2'] },
      addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24'] },
      routes: ['default via 203.0.113.9', 'default via 192.168.1.3 table 80'],
      sysctls: {
        ...FORWARDS,
        'net.ipv4.conf.all.send_redirects': '0',
        'net.ipv4.conf.default.send_redirects': '0',
        'net.bridge.bridge-nf-call-iptables': '1',
      },
      rules: {
        v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING ! -s 192.168.1.3/32 -i lan -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x50/0xff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
`,
      },
    },
    proxy: {
      addresses: { eth0: ['192.168.1.3/24'] },
      routes: ['default via 192.168.1.1'],
      sysctls: FORWARDS,
      rules: {
        v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DIVERT - [0:0]
-A PREROUTING -p tcp -m socket --transparent -j DIVERT
-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
-A DIVERT -j MARK --set-xmark 0x1/0xffffffff
-A DIVERT -j ACCEPT
COMMIT
`,
      },
    },
    net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [...WEB, SSH] },
  },
  links: [
    ['pc:eth0', 'router:lan1'],
    ['proxy:eth0', 'router:lan2'],
    ['router:wan', 'net:eth0'],
  ],
  setup: [
    ['router', 'ip rule add fwmark 0x50/0xff lookup 80'],
    [
      'proxy',
      `ip rule add fwmark 0x1/0x1 lookup 100; ip route add local default dev lo table 100
python3 -c "import socket
s=socket.socket(2,1); s.setsockopt(0,19,1); s.bind(('0.0.0.0',3129)); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnt | grep -q ':3129 ' && break; sleep .1; done`,
    ],
  ],
  traced,
  fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
  seen: 'answered',
  others: [{ sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 22 }, seen: 'answered' }],
  truth: HEALTHY,
  mend: [[traced, 'true']],
})

export const HEALTHY_WAYS: Problem[] = [
  uplinks(
    { from: 'net', what: 'udp', to: '192.0.2.1', port: 1194 },
    'healthy-second-uplink-replies-by-the-mark-of-its-connection',
  ),
  uplinks({ from: 'net', what: 'ping', to: '192.0.2.1' }, 'healthy-router-itself-replies-by-the-second-uplink'),
  {
    name: 'healthy-frames-of-a-bridge-pass-iptables-by-physdev',
    thread: {
      title: 'Bridge networking possible new configuration requirement',
      address: 'https://github.com/ipaqmaster/vfio/issues/10',
    },
    backend: 'iptables-nft',
    hosts: {
      lan: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { br0: ['eth0', 'tap0'] },
        addresses: { br0: ['192.0.2.1/24'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '1', 'net.ipv4.ip_forward': '1' },
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      guest: { addresses: { eth0: ['192.0.2.5/24'] }, listeners: [SSH] },
    },
    links: [
      ['lan:eth0', 'host:eth0'],
      ['host:tap0', 'guest:eth0'],
    ],
    traced: 'host',
    fails: { from: 'lan', what: 'tcp', to: '192.0.2.5', port: 22 },
    seen: 'answered',
    others: [{ sending: { from: 'lan', what: 'ping', to: '192.0.2.5' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['host', 'true']],
  },
  proxyBesideRouter('proxy'),
  proxyBesideRouter('router'),
]

/** The same ways, otherwise: a mark that leads own packets to the proxy, one of nft's in a chain that asks for no route, an address that is deprecated and works, half a connection that a router sees. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { transparent } from './nft-translated.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const LOCAL_TABLE = 'ip rule add fwmark 1 lookup 100; ip route add local 0.0.0.0/0 dev lo table 100'

const REPLIES_ALONE: Problem = {
  name: 'firehol-router-sees-the-replies-alone',
  thread: {
    title: 'asymmetric routing guidance requested',
    address: 'https://github.com/firehol/firehol/issues/358',
  },
  backend: 'iptables-nft',
  hosts: {
    client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
    router0: { addresses: { ens3: ['192.0.2.1/24'], ens8: ['10.1.0.1/24'] }, sysctls: FORWARDS },
    router1: {
      addresses: { ens3: ['192.0.2.2/24'], ens8: ['10.1.0.2/24'] },
      sysctls: FORWARDS,
      listeners: [SSH],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:in_lan2net - [0:0]
:out_lan2net - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i ens3 -o ens8 -j in_lan2net
-A FORWARD -i ens8 -o ens3 -j out_lan2net
-A in_lan2net -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A in_lan2net -p icmp -m icmp --icmp-type 8 -m conntrack --ctstate NEW -j ACCEPT
-A out_lan2net -p tcp -m conntrack --ctstate NEW -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
-A out_lan2net -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
      },
    },
    sshserver: { addresses: { eth0: ['10.1.0.22/24'] }, routes: ['default via 10.1.0.2'], listeners: [SSH] },
    lan: { bridges: { br0: ['p0', 'p1', 'p2'] } },
    dmz: { bridges: { br0: ['p0', 'p1', 'p2'] } },
  },
  links: [
    ['client:eth0', 'lan:p0'],
    ['router0:ens3', 'lan:p1'],
    ['router1:ens3', 'lan:p2'],
    ['router0:ens8', 'dmz:p0'],
    ['router1:ens8', 'dmz:p1'],
    ['sshserver:eth0', 'dmz:p2'],
  ],
  traced: 'router1',
  fails: { from: 'client', what: 'tcp', to: '10.1.0.22', port: 22 },
  seen: 'nothing',
  looksAt: { protocol: 'tcp', dst: '10.1.0.22' },
  others: [
    { sending: { from: 'sshserver', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    { sending: { from: 'client', what: 'tcp', to: '192.0.2.2', port: 22 }, seen: 'answered' },
  ],
  truth: {
    words:
      "The client's SYN takes router0 and the reply router1, which has not seen the SYN: to its connection tracking the SYN-ACK begins nothing and is INVALID, and the first rule of FORWARD drops it.",
    causes: [{ rule: '--ctstate INVALID -j DROP', chain: 'filter FORWARD' }, { code: 'invalid-state' }],
    status: ['dropped', 'reply-lost'],
  },
  mend: [['sshserver', 'ip route replace default via 10.1.0.1']],
}

export const THREADS_AG_MORE: Problem[] = [
  {
    name: 'v2ray-takes-own-packets-by-mark-and-lo',
    thread: { title: '透明代理部分，重路由有误', address: 'https://github.com/v2fly/v2ray-step-by-step/issues/129' },
    backend: 'iptables-nft',
    hosts: {
      gateway: { addresses: { eth0: ['192.0.2.254/24'] }, listeners: WEB },
      host: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:V2RAY - [0:0]
:V2RAY_MASK - [0:0]
-A PREROUTING -j V2RAY
-A OUTPUT -j V2RAY_MASK
-A V2RAY -d 127.0.0.1/32 -j RETURN
-A V2RAY -d 224.0.0.0/4 -j RETURN
-A V2RAY -d 255.255.255.255/32 -j RETURN
-A V2RAY -d 192.0.2.0/24 -j RETURN
-A V2RAY -p tcp -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
-A V2RAY_MASK -d 224.0.0.0/4 -j RETURN
-A V2RAY_MASK -d 255.255.255.255/32 -j RETURN
-A V2RAY_MASK -d 192.0.2.0/24 -j RETURN
-A V2RAY_MASK -m mark --mark 0xff -j RETURN
-A V2RAY_MASK -p tcp -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['gateway:eth0', 'host:eth0']],
    traced: 'host',
    setup: [
      ['host', LOCAL_TABLE],
      ['host', transparent(12345)],
    ],
    fails: { from: 'host', what: 'tcp', to: '198.51.100.7', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'udp', to: '198.51.100.7', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the mark has the packet routed anew to lo, where PREROUTING gives it to the proxy, which replies as the address that was asked.',
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
  {
    name: 'shadowsocks-marks-own-packets-in-a-chain-of-type-filter',
    thread: {
      title: 'Unable to proxy traffic from the local host via TPROXY?',
      address: 'https://github.com/shadowsocks/shadowsocks-rust/issues/1473',
    },
    backend: 'nft',
    hosts: {
      gateway: { addresses: { eth0: ['192.0.2.254/24'] }, listeners: WEB },
      host: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        listeners: [SSH],
        rules: {
          nft: `table ip ss {
  set bypass {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.2.0/24, 192.168.0.0/16, 224.0.0.0/3 }
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr @bypass return
    meta mark 0x00000001 tcp dport 1-65535 tproxy to :60080 accept
  }
  chain output {
    type filter hook output priority mangle; policy accept;
    ip daddr @bypass return
    meta mark 0x000000ff return
    tcp dport 1-65535 meta mark set 0x00000001
  }
}
`,
        },
      },
    },
    links: [['gateway:eth0', 'host:eth0']],
    traced: 'host',
    setup: [
      ['host', LOCAL_TABLE],
      ['host', transparent(60080)],
    ],
    fails: { from: 'host', what: 'tcp', to: '198.51.100.7', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The chain that sets the mark is of type filter: only one of type route has the packet routed anew, so it leaves by eth0 and does not get to lo and tproxy.',
      causes: [
        { rule: 'meta mark set 0x00000001', chain: 'ip ss output' },
        { code: 'wrong-way-out', words: ['table 100'] },
        { code: 'not-netfilter', words: ['table 100'] },
        { chain: 'ip ss output' },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [
      [
        'host',
        "nft list table ip ss | sed 's/type filter hook output/type route hook output/' > /tmp/ss.$$; nft delete table ip ss; nft -f /tmp/ss.$$; rm /tmp/ss.$$",
      ],
    ],
  },
  {
    name: 'mwan3-address-is-deprecated-and-works',
    thread: {
      title: 'mwan3: mwan3_get_src_ip returns deprecated addresses',
      address: 'https://github.com/openwrt/packages/issues/21782',
    },
    backend: 'nft',
    hosts: {
      isp: {
        addresses: { eth0: ['2001:db8:ffff::1/64'], lo: ['2001:db8:9::9/128'] },
        routes: ['2001:db8:a::/64 via 2001:db8:ffff::2', '2001:db8:b::/64 via 2001:db8:ffff::2'],
        sysctls: FORWARDS,
      },
      router: {
        addresses: {
          wan: ['2001:db8:ffff::2/64'],
          lan: ['2001:db8:a::1/64', '2001:db8:b::1/64', 'fd00:5::1/64'],
        },
        routes: ['default via 2001:db8:ffff::1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 443, address: '::' }],
        rules: {
          nft: `table inet fw4 {
  chain raw_prerouting {
    type filter hook prerouting priority raw; policy accept;
    meta nfproto ipv6 icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
    meta nfproto ipv6 fib saddr . iif oif missing counter drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    meta l4proto ipv6-icmp accept
    iifname "lan" accept
    iifname "wan" tcp dport 443 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lan" oifname "wan" accept
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd00:5::/64 oifname "wan" masquerade
  }
}
`,
        },
      },
      pc: {
        addresses: { eth0: ['2001:db8:a::10/64', '2001:db8:b::10/64', 'fd00:5::10/64'] },
        routes: ['default via fd00:5::1'],
      },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', 'ip -6 addr change 2001:db8:a::1/64 dev lan preferred_lft 0 valid_lft 3600'],
      ['pc', 'ip -6 addr change 2001:db8:a::10/64 dev eth0 preferred_lft 0 valid_lft 3600'],
      ['isp', `ip -6 addr add 2001:db8:9::80/128 dev lo nodad`],
    ],
    fails: { from: 'isp', what: 'tcp', to: '2001:db8:a::1', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:9::9' }, seen: 'answered' },
      { sending: { from: 'isp', what: 'ping', to: '2001:db8:b::1' }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '2001:db8:a::10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: 'Nothing is wrong: the address is deprecated, which keeps nobody from asking it, and the reply has it.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
  REPLIES_ALONE,
  {
    ...REPLIES_ALONE,
    name: 'near-firehol-router-sees-the-requests-alone',
    looksAt: { protocol: 'tcp', dst: '192.0.2.9' },
    fails: { from: 'sshserver', what: 'tcp', to: '192.0.2.9', port: 80 },
    // its SYN-ACK comes by router0, and that is all it waits for
    seen: 'answered',
    truth: {
      words:
        "The server's SYN takes router1 and the client's SYN-ACK router0: to router1's connection tracking the ACK comes before any reply and is INVALID, and the first rule of FORWARD drops it and all that follows.",
      causes: [{ rule: '--ctstate INVALID -j DROP', chain: 'filter FORWARD' }, { code: 'invalid-state' }],
      status: ['dropped', 'answered', 'unanswered'],
    },
    mend: [['client', 'ip route replace default via 192.0.2.2']],
  },
  {
    name: 'near-ziti-mark-in-filter-for-a-second-uplink',
    thread: {
      title: 'ziti-tunnel tproxy: intercept locally generated packets without using local routes',
      address: 'https://github.com/openziti/edge/issues/64',
    },
    backend: 'iptables-nft',
    hosts: {
      isp1: { addresses: { eth0: ['192.0.2.254/24'] } },
      isp2: { addresses: { eth0: ['203.0.113.254/24'], lo: ['198.51.100.7/32'] }, listeners: WEB },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['203.0.113.1/24'] },
        routes: ['default via 192.0.2.254'],
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth1 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -d 198.51.100.0/24 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x2/0xffffffff
COMMIT
`,
        },
      },
    },
    links: [
      ['isp1:eth0', 'host:eth0'],
      ['isp2:eth0', 'host:eth1'],
    ],
    traced: 'host',
    setup: [['host', 'ip rule add fwmark 2 lookup 200; ip route add default via 203.0.113.254 table 200']],
    fails: { from: 'host', what: 'tcp', to: '198.51.100.7', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'isp1', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'isp2', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The mark that is to lead the packet to the second uplink is set in OUTPUT of filter: only mangle has a packet routed anew, so it leaves by the first.',
      causes: [
        { rule: '--set-xmark 0x2/0xffffffff', chain: 'filter OUTPUT' },
        { code: 'wrong-way-out', words: ['table 200'] },
        { code: 'mark-missing', words: ['0x2'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['host', 'iptables -t mangle -A OUTPUT -d 198.51.100.0/24 -p tcp --dport 80 -j MARK --set-mark 2']],
  },
]

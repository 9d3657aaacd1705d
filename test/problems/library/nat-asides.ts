/** NAT that takes too much, too little or the wrong way, from threads: reflection without its set, interfaces that are named otherwise, a port that is taken. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

/** The far end of a call: it sends from port 30000 to the gateway's port 12000, and answers what comes to it. */
const CALLER = `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('203.0.113.9',30000)); s.settimeout(2)
while True:
  try: s.sendto(b'rtp',('203.0.113.1',12000))
  except OSError: pass
  try:
    d,who=s.recvfrom(2000); s.sendto(d,who)
  except OSError: pass" >/dev/null 2>&1 &
for i in $(seq 100); do ss -anu | grep -q :30000 && break; sleep .1; done; sleep .2`

export const NAT_ASIDES: Problem[] = [
  {
    name: 'fw4-reflection-forgets-the-set-of-its-forward',
    thread: {
      title: 'redirect: preserve destination ipsets in NAT reflection',
      address: 'https://github.com/openwrt/firewall4/pull/104',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['198.51.100.0/24 via 203.0.113.1'],
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        bridges: { 'br-lan': ['lan1', 'lan2', 'lan3'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  set blog_addresses {
    type ipv4_addr
    elements = { 198.51.100.5 }
  }
  set shop_addresses {
    type ipv4_addr
    elements = { 198.51.100.6 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" accept comment "!fw4: Handle lan IPv4/IPv6 input traffic"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain forward_lan {
    oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
    oifname "br-lan" accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_wan {
    ct status dnat accept comment "!fw4: Accept port forwards"
    jump handle_reject
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "br-lan" jump dstnat_lan comment "!fw4: Handle lan IPv4/IPv6 dstnat traffic"
    iifname "wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "br-lan" jump srcnat_lan comment "!fw4: Handle lan IPv4/IPv6 srcnat traffic"
    oifname "wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
  chain dstnat_lan {
    ip saddr 192.168.1.0/24 tcp dport { 80, 443 } dnat ip to 192.168.1.10 comment "!fw4: blog (reflection)"
    ip saddr 192.168.1.0/24 tcp dport 443 dnat ip to 192.168.1.20:443 comment "!fw4: shop (reflection)"
  }
  chain srcnat_lan {
    ip saddr 192.168.1.0/24 ip daddr 192.168.1.10 tcp dport { 80, 443 } snat ip to 192.168.1.1 comment "!fw4: blog (reflection)"
    ip saddr 192.168.1.0/24 ip daddr 192.168.1.20 tcp dport 443 snat ip to 192.168.1.1 comment "!fw4: shop (reflection)"
  }
  chain dstnat_wan {
    ip daddr @blog_addresses tcp dport { 80, 443 } dnat ip to 192.168.1.10 comment "!fw4: blog"
    ip daddr @shop_addresses tcp dport 443 dnat ip to 192.168.1.20:443 comment "!fw4: shop"
  }
}
`,
        },
      },
      blog: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [HTTP],
      },
      shop: {
        addresses: { eth0: ['192.168.1.20/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [HTTPS],
      },
      pc: { addresses: { eth0: ['192.168.1.30/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'blog:eth0'],
      ['router:lan2', 'shop:eth0'],
      ['router:lan3', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.6', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '198.51.100.6', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '198.51.100.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.5', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The reflection of the first forward has lost the set of its public addresses: it takes port 443 to any address, and what was meant for the second forward's host goes to the first's, which does not listen there.",
      causes: [{ rule: 'dnat ip to 192.168.1.10', chain: 'inet fw4 dstnat_lan' }],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [
      [
        'router',
        'nft insert rule inet fw4 dstnat_lan ip saddr 192.168.1.0/24 ip daddr @shop_addresses tcp dport 443 dnat ip to 192.168.1.20:443',
      ],
    ],
  },
  {
    name: 'site-to-site-gateway-masquerades-into-its-own-lan',
    thread: {
      title: 'Possible backwards iptables config example',
      address: 'https://github.com/mjtechguy/wireguard-site-to-site/issues/1',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['10.2.0.10/24'] }, routes: ['10.1.0.0/24 via 10.2.0.2'], listeners: [SSH] },
      gateway: {
        addresses: { eth0: ['10.2.0.2/24'], wg0: ['172.30.0.2/24'] },
        routes: ['10.1.0.0/24 via 172.30.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wg0 -j ACCEPT
-A FORWARD -i eth0 -o wg0 -j ACCEPT
COMMIT
`,
        },
      },
      // its peer may use one address of the tunnel alone, and nothing else is routed there
      hub: {
        addresses: { wg0: ['172.30.0.1/24'], eth0: ['10.1.0.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip peers {\n  chain prerouting { type filter hook prerouting priority filter; policy accept; iifname "wg0" ip saddr != 172.30.0.2 drop; }\n}\n',
        },
      },
      server: { addresses: { eth0: ['10.1.0.5/24'] }, routes: ['default via 10.1.0.1'], listeners: [HTTP] },
    },
    links: [
      ['pc:eth0', 'gateway:eth0'],
      ['gateway:wg0', 'hub:wg0'],
      ['hub:eth0', 'server:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'pc', what: 'tcp', to: '10.1.0.5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '10.1.0.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '10.2.0.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '172.30.0.2', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The interfaces are swapped: the rule masquerades what leaves into the LAN, and what leaves into the tunnel keeps the LAN's address, which the other end does not take from this peer.",
      causes: [
        { rule: '-o eth0 -j MASQUERADE', chain: 'nat POSTROUTING' },
        { chain: 'nat POSTROUTING' },
        { code: 'not-masqueraded', words: ['wg0'] },
      ],
      status: ['unanswered'],
    },
    mend: [['gateway', 'iptables -t nat -A POSTROUTING -o wg0 -j MASQUERADE']],
  },
  {
    name: 'wireguard-image-masquerades-out-of-eth-alone',
    thread: {
      title: 'Server mode ignores POSTUP/POSTDOWN env vars; hardcoded PostUp/PostDown uses eth+ with -A',
      address: 'https://github.com/linuxserver/docker-wireguard/issues/417',
    },
    backend: 'iptables-nft',
    hosts: {
      phone: { addresses: { wg0: ['10.13.13.2/32'] }, routes: ['default via 10.13.13.1 dev wg0 onlink'] },
      vps: {
        addresses: { wg0: ['10.13.13.1/24'], ens3: ['203.0.113.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 53 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth+ -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i wg0 -j ACCEPT
-A FORWARD -o wg0 -j ACCEPT
COMMIT
`,
        },
      },
      internet: { addresses: { eth0: ['203.0.113.9/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['phone:wg0', 'vps:wg0'],
      ['vps:ens3', 'internet:eth0'],
    ],
    traced: 'vps',
    fails: { from: 'phone', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vps', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'udp', to: '10.13.13.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'internet', what: 'udp', to: '203.0.113.1', port: 53 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The image masquerades what leaves by an interface whose name begins with eth, and this host's is ens3: peers leave with their tunnel address.",
      causes: [
        { rule: '-o eth+ -j MASQUERADE', chain: 'nat POSTROUTING' },
        { code: 'not-masqueraded', words: ['ens3'] },
      ],
      status: ['unanswered'],
    },
    mend: [['vps', 'iptables -t nat -A POSTROUTING -s 10.13.13.0/24 -o ens3 -j MASQUERADE']],
  },
  {
    name: 'asterisk-sends-rtp-from-a-port-that-a-forwarded-stream-has',
    thread: {
      title: 'res_pjsip_sdp_rtp: RTP socket binds to [::] when endpoint transport is auto-selected',
      address: 'https://github.com/asterisk/asterisk/issues/1847',
    },
    backend: 'nft',
    hosts: {
      gateway: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.10.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" udp dport { 5060, 10000-20000 } dnat to 192.168.10.1 comment "sip and rtp"
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
table ip filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "lan" } accept
    icmp type echo-request accept
    iifname "wan" udp dport { 5060, 10000-20000 } accept
    tcp dport 22 accept
  }
}
`,
        },
      },
      // takes media from the port alone that was agreed
      trunk: {
        addresses: { eth0: ['203.0.113.9/24'] },
        listeners: [{ protocol: 'udp', port: 30002 }],
        rules: {
          nft: 'table ip media {\n  chain input { type filter hook input priority filter; policy accept; udp dport 30000 udp sport != 12000 drop; }\n}\n',
        },
      },
      phone: { addresses: { eth0: ['192.168.10.20/24'] }, routes: ['default via 192.168.10.1'] },
    },
    links: [
      ['trunk:eth0', 'gateway:wan'],
      ['gateway:lan', 'phone:eth0'],
    ],
    traced: 'gateway',
    setup: [['trunk', CALLER]],
    fails: { from: 'gateway', what: 'udp', to: '203.0.113.9', port: 30000, sport: 12000 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'udp', to: '203.0.113.9', port: 30002 }, seen: 'answered' },
      { sending: { from: 'trunk', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The caller's stream is forwarded to the LAN address, and its entry has the caller's port and the gateway's port 12000. What Asterisk sends itself from there would have the same pair, so conntrack gives it another source port, which the caller does not take.",
      causes: [
        { code: 'snat-port-taken', words: ['12000'] },
        { code: 'snat-changed-source', words: ['12000'] },
        { rule: 'dnat to 192.168.10.1', chain: 'ip nat prerouting' },
      ],
      status: ['unanswered'],
    },
    mend: [['gateway', 'nft flush chain ip nat prerouting; conntrack -F']],
  },
]

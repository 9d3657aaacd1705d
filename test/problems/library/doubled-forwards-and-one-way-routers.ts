/** A port that two forwards have, a router that sees one way alone, and a source rule for a table that is gone. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const

/** What is bridged is no business of the rules. */
const ROUTES = { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0', 'net.bridge.bridge-nf-call-ip6tables': '0' }

export const DOUBLED_FORWARDS_AND_ONE_WAY_ROUTERS: Problem[] = [
  {
    name: 'lxd-forward-of-a-network-has-the-port-of-a-proxy-device',
    thread: {
      title: 'LXD does not cross-check if network forwards conflict with proxy port forwarding',
      address: 'https://github.com/canonical/lxd/issues/11332',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [WEB] },
      host: {
        addresses: { eth0: ['203.0.113.1/24', '203.0.113.5/32'], lxdbr0: ['10.188.132.1/24'] },
        bridges: { lxdbr0: ['veth1', 'veth2'] },
        routes: ['default via 203.0.113.9'],
        sysctls: ROUTES,
        listeners: [SSH],
        rules: {
          nft: `table inet lxd {
  chain pstrt.lxdbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.188.132.0/24 ip daddr != 10.188.132.0/24 masquerade
  }
  chain fwd.lxdbr0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "lxdbr0" accept
    ip version 4 iifname "lxdbr0" accept
  }
  chain in.lxdbr0 {
    type filter hook input priority filter; policy accept;
    iifname "lxdbr0" tcp dport 53 accept
    iifname "lxdbr0" udp dport 53 accept
    iifname "lxdbr0" icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    iifname "lxdbr0" udp dport 67 accept
  }
  chain out.lxdbr0 {
    type filter hook output priority filter; policy accept;
    oifname "lxdbr0" tcp sport 53 accept
    oifname "lxdbr0" udp sport 53 accept
    oifname "lxdbr0" udp sport 67 accept
  }
  chain prert.web.http {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 203.0.113.5 tcp dport 80 dnat ip to 10.188.132.20:80
  }
  chain out.web.http {
    type nat hook output priority -100; policy accept;
    ip daddr 203.0.113.5 tcp dport 80 dnat ip to 10.188.132.20:80
  }
  chain pstrt.web.http {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.188.132.20 ip daddr 10.188.132.20 tcp dport 80 masquerade
  }
  chain fwdprert.lxdbr0 {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 203.0.113.5 tcp dport 25 dnat ip to 10.188.132.21:25
    ip daddr 203.0.113.5 tcp dport 80 dnat ip to 10.188.132.21:80
  }
  chain fwdout.lxdbr0 {
    type nat hook output priority -100; policy accept;
    ip daddr 203.0.113.5 tcp dport 25 dnat ip to 10.188.132.21:25
    ip daddr 203.0.113.5 tcp dport 80 dnat ip to 10.188.132.21:80
  }
  chain fwdpstrt.lxdbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.188.132.21 ip daddr 10.188.132.21 tcp dport 25 masquerade
    ip saddr 10.188.132.21 ip daddr 10.188.132.21 tcp dport 80 masquerade
  }
}
`,
        },
      },
      web: { addresses: { eth0: ['10.188.132.20/24'] }, routes: ['default via 10.188.132.1'], listeners: [WEB] },
      mail: {
        addresses: { eth0: ['10.188.132.21/24'] },
        routes: ['default via 10.188.132.1'],
        listeners: [{ protocol: 'tcp', port: 25 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'web:eth0'],
      ['host:veth2', 'mail:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.5', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.5', port: 25 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A forward of the network and a proxy device have the same port. The kernel calls the chain of the forward first, so the mail server gets what is meant for the web server, and nothing listens there.',
      causes: [{ rule: 'tcp dport 80 dnat ip to 10.188.132.21:80', chain: 'inet lxd fwdprert.lxdbr0' }],
      status: ['refused'],
      alsoTrue: ['dnat-of-others', 'refused-there'],
    },
    mend: [
      [
        'host',
        'nft flush chain inet lxd fwdprert.lxdbr0; nft add rule inet lxd fwdprert.lxdbr0 ip daddr 203.0.113.5 tcp dport 25 dnat ip to 10.188.132.21:25',
      ],
    ],
  },
  {
    name: 'fw4-drops-as-invalid-what-the-next-router-answers-directly',
    thread: {
      title: '"Drop invalid packets" actually drops many packets',
      address: 'https://github.com/openwrt/openwrt/issues/19359',
    },
    backend: 'nft',
    hosts: {
      camera: { addresses: { eth0: ['192.168.2.80/16'] }, routes: ['default via 192.168.2.1'], listeners: [WEB] },
      box: {
        addresses: { LanPort: ['192.168.2.1/16'] },
        routes: ['default via 192.168.1.11'],
        sysctls: { ...ROUTES, 'net.ipv4.conf.all.send_redirects': '0' },
        listeners: [SSH],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy accept;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { invalid : drop, established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags & (fin | syn | rst | ack) == syn jump syn_flood comment "!fw4: Rate limit TCP syn packets"
    iifname "LanPort" jump input_FWLAN comment "!fw4: Handle FWLAN IPv4/IPv6 input traffic"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { invalid : drop, established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "LanPort" jump forward_FWLAN comment "!fw4: Handle FWLAN IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { invalid : drop, established : accept, related : accept } comment "!fw4: Handle outbound flows"
    oifname "LanPort" jump output_FWLAN comment "!fw4: Handle FWLAN IPv4/IPv6 output traffic"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain syn_flood {
    limit rate 25/second burst 50 packets return comment "!fw4: Accept SYN packets below rate-limit"
    drop comment "!fw4: Drop excess packets"
  }
  chain input_FWLAN {
    jump accept_from_FWLAN
  }
  chain output_FWLAN {
    jump accept_to_FWLAN
  }
  chain forward_FWLAN {
    jump accept_to_FWLAN
  }
  chain accept_from_FWLAN {
    iifname "LanPort" counter accept comment "!fw4: accept FWLAN IPv4/IPv6 traffic"
  }
  chain accept_to_FWLAN {
    oifname "LanPort" counter accept comment "!fw4: accept FWLAN IPv4/IPv6 traffic"
  }
}
`,
        },
      },
      // masquerades, and has the whole of the lan beside it
      gateway: {
        addresses: { lan: ['192.168.1.11/16'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      cloud: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'tcp', port: 8886 }] },
      lan: { bridges: { br0: ['p1', 'p2', 'p3'] } },
    },
    links: [
      ['lan:p1', 'camera:eth0'],
      ['lan:p2', 'box:LanPort'],
      ['lan:p3', 'gateway:lan'],
      ['gateway:wan', 'cloud:eth0'],
    ],
    traced: 'box',
    setup: [['box', 'sysctl -w net.ipv4.conf.LanPort.send_redirects=0']],
    fails: { from: 'camera', what: 'tcp', to: '203.0.113.9', port: 8886 },
    // its handshake is complete for the camera, and what it sends then comes to nobody
    seen: 'answered',
    others: [
      { sending: { from: 'camera', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'camera', what: 'tcp', to: '192.168.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'box', what: 'tcp', to: '203.0.113.9', port: 8886 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The gateway has the whole lan beside it and answers the camera directly. The box sees the SYN and never its SYN-ACK, so the ACK is invalid for conntrack, and the box drops it.',
      causes: [{ rule: 'invalid : drop', chain: 'inet fw4 forward' }, { code: 'invalid-state' }],
      status: ['dropped', 'unanswered', 'lost'],
      alsoTrue: ['dropped-by-rule'],
    },
    mend: [['box', 'nft insert rule inet fw4 forward iifname LanPort oifname LanPort accept']],
  },
  {
    name: 'eve-source-rule-leads-to-the-table-of-the-modem-before-its-reset',
    thread: {
      title: 'Make table index part of the IP-rule definition.',
      address: 'https://github.com/lf-edge/eve/pull/4143',
    },
    backend: 'iptables-legacy',
    hosts: {
      controller: {
        addresses: { eth0: ['198.51.100.9/24'] },
        routes: ['default via 198.51.100.1'],
      },
      // both providers take from their customers the addresses that they gave them, and no other
      isp: {
        addresses: { core: ['198.51.100.1/24'], eth: ['203.0.113.254/24'], lte: ['192.0.2.254/24'] },
        sysctls: FORWARDS,
      },
      edge: {
        addresses: { eth0: ['203.0.113.5/24'], wwan0: ['192.0.2.5/24'] },
        routes: ['default via 203.0.113.254 metric 5000', 'default via 192.0.2.254 metric 5100'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PREROUTING-device - [0:0]
:PREROUTING-device-in_ssh - [0:0]
:OUTPUT-device - [0:0]
-A PREROUTING -j PREROUTING-device
-A OUTPUT -j OUTPUT-device
-A PREROUTING-device -p tcp -m tcp --dport 22 -j PREROUTING-device-in_ssh
-A PREROUTING-device -p icmp -j MARK --set-xmark 0x1/0xffffffff
-A PREROUTING-device-in_ssh -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A PREROUTING-device-in_ssh -m mark ! --mark 0x0 -j ACCEPT
-A PREROUTING-device-in_ssh -j MARK --set-xmark 0x1/0xffffffff
-A PREROUTING-device-in_ssh -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A OUTPUT-device -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A OUTPUT-device -m mark ! --mark 0x0 -j ACCEPT
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:INPUT-device - [0:0]
-A INPUT -j INPUT-device
-A INPUT-device -i lo -j ACCEPT
-A INPUT-device -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT-device -p icmp -j ACCEPT
-A INPUT-device -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT-device -p tcp -m tcp --dport 8080 -j REJECT --reject-with tcp-reset
COMMIT
`,
        },
      },
    },
    links: [
      ['controller:eth0', 'isp:core'],
      ['isp:eth', 'edge:eth0'],
      ['isp:lte', 'edge:wwan0'],
    ],
    traced: 'edge',
    // one table for each port, 500 and its index; the modem was 6 before it was reset, and is 9 now
    setup: [
      ['isp', 'sysctl -w net.ipv4.conf.eth.rp_filter=1 net.ipv4.conf.lte.rp_filter=1'],
      [
        'edge',
        'ip rule add pref 12000 from 203.0.113.5 lookup 502; ip rule add pref 12000 from 192.0.2.5 lookup 506; ip route add 203.0.113.0/24 dev eth0 table 502; ip route add default via 203.0.113.254 dev eth0 table 502; ip route add 192.0.2.0/24 dev wwan0 table 509; ip route add default via 192.0.2.254 dev wwan0 table 509',
      ],
    ],
    fails: { from: 'controller', what: 'tcp', to: '192.0.2.5', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'controller', what: 'tcp', to: '203.0.113.5', port: 22 }, seen: 'answered' },
      { sending: { from: 'edge', what: 'ping', to: '198.51.100.9' }, seen: 'answered' },
      { sending: { from: 'controller', what: 'tcp', to: '203.0.113.5', port: 8080 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The rule for the modem's address looks up a table that has no routes any more. The main table sends the reply out by the other card, where the provider drops that source.",
      causes: [{ code: 'reply-by-other-uplink' }],
      status: ['reply-lost', 'answered', 'lost', 'unanswered'],
    },
    mend: [
      ['edge', 'ip rule del pref 12000 from 192.0.2.5 lookup 506; ip rule add pref 12000 from 192.0.2.5 lookup 509'],
    ],
  },
]

/** Lists that hold something else than was meant, and bridges whose frames meet rules that were not written for them. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const SMTP = { protocol: 'tcp', port: 25 } as const
const DNS = { protocol: 'udp', port: 53 } as const
const RTSP = { protocol: 'tcp', port: 554 } as const
const NAT = '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]'

export const GUESTS_LISTS_AND_BRIDGES: Problem[] = [
  {
    name: 'vyos-group-of-destinations-gets-the-source',
    thread: {
      title: 'T8387: fix hardcoded saddr in add-address-to-group',
      address: 'https://github.com/vyos/vyos-1x/pull/5054',
    },
    backend: 'nft',
    hosts: {
      provider: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [HTTP, RTSP],
      },
      stranger: { addresses: { eth0: ['203.0.113.8/24'] }, routes: ['default via 203.0.113.1'] },
      router: {
        bridges: { wan: ['eth0', 'eth2'] },
        addresses: { wan: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip vyos_filter {
  set DA_AG1 {
    type ipv4_addr
    size 65535
    flags dynamic
  }
  chain VYOS_FORWARD_filter {
    type filter hook forward priority filter; policy accept;
    counter jump VYOS_STATE_POLICY
    iifname "eth1" tcp dport 554 ct state new counter update @DA_AG1 { ip saddr } accept comment "ipv4-FWD-filter-10"
    iifname "wan" oifname "eth1" ip saddr @DA_AG1 ct state new counter accept comment "ipv4-FWD-filter-20"
    iifname "eth1" counter accept comment "ipv4-FWD-filter-30"
    counter drop comment "FWD-filter default-action drop"
  }
  chain VYOS_INPUT_filter {
    type filter hook input priority filter; policy accept;
    counter jump VYOS_STATE_POLICY
    counter accept comment "INP-filter default-action accept"
  }
  chain VYOS_STATE_POLICY {
    ct state established counter accept
    ct state invalid counter drop
    ct state related counter accept
    return
  }
}
`,
        },
      },
      camera: {
        addresses: { eth0: ['198.51.100.10/24'] },
        routes: ['default via 198.51.100.1'],
        listeners: [HTTP, SSH],
      },
    },
    links: [
      ['provider:eth0', 'router:eth0'],
      ['stranger:eth0', 'router:eth2'],
      ['router:eth1', 'camera:eth0'],
    ],
    traced: 'router',
    fails: { from: 'provider', what: 'tcp', to: '198.51.100.10', port: 80 },
    seen: 'nothing',
    others: [
      // fills the group
      { sending: { from: 'camera', what: 'tcp', to: '203.0.113.9', port: 554 }, seen: 'answered' },
      { sending: { from: 'camera', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'stranger', what: 'tcp', to: '198.51.100.10', port: 80 }, seen: 'nothing' },
      { sending: { from: 'stranger', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The group is to hold whom the camera has asked. Rule 10 puts the source of the packet into it, which is the camera itself, so the provider is not in it.',
      causes: [
        { code: 'not-in-set', words: ['DA_AG1'] },
        { rule: 'update @DA_AG1 { ip saddr }', chain: 'ip vyos_filter VYOS_FORWARD_filter' },
        { rule: 'ip saddr @DA_AG1', chain: 'ip vyos_filter VYOS_FORWARD_filter' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'nft add element ip vyos_filter DA_AG1 { 203.0.113.9 }']],
  },
  {
    name: 'felix-means-every-port-by-port-nought',
    thread: {
      title: "Felix incorrectly assumes that ipsets treat port 0 as 'all ports'.",
      address: 'https://github.com/projectcalico/felix/issues/207',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      other: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'], tap1234: ['10.65.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          ipset: `create felix-to-port-1234 hash:net,port family inet hashsize 1024 maxelem 65536
add felix-to-port-1234 192.0.2.0/24,tcp:0
create felix-to-addr-1234 hash:net family inet hashsize 1024 maxelem 65536
add felix-to-addr-1234 10.65.0.0/24
create felix-to-icmp-1234 hash:net family inet hashsize 1024 maxelem 65536
add felix-to-icmp-1234 192.0.2.0/24
create felix-from-addr-1234 hash:net family inet hashsize 1024 maxelem 65536
add felix-from-addr-1234 0.0.0.0/1
add felix-from-addr-1234 128.0.0.0/1
`,
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:felix-FORWARD - [0:0]
:felix-FROM-ENDPOINT - [0:0]
:felix-INPUT - [0:0]
:felix-TO-ENDPOINT - [0:0]
:felix-from-1234 - [0:0]
:felix-to-1234 - [0:0]
-A INPUT -j felix-INPUT
-A FORWARD -j felix-FORWARD
-A felix-FORWARD -i tap+ -j felix-FROM-ENDPOINT
-A felix-FORWARD -o tap+ -j felix-TO-ENDPOINT
-A felix-FORWARD -i tap+ -j ACCEPT
-A felix-FORWARD -o tap+ -j ACCEPT
-A felix-FROM-ENDPOINT -i tap1234 -g felix-from-1234
-A felix-INPUT -i tap+ -j felix-FROM-ENDPOINT
-A felix-INPUT -i tap+ -j ACCEPT
-A felix-TO-ENDPOINT -o tap1234 -g felix-to-1234
-A felix-from-1234 -m conntrack --ctstate INVALID -j DROP
-A felix-from-1234 -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A felix-from-1234 -m set --match-set felix-from-addr-1234 dst -j RETURN
-A felix-from-1234 -j DROP
-A felix-to-1234 -m conntrack --ctstate INVALID -j DROP
-A felix-to-1234 -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A felix-to-1234 -m set --match-set felix-to-port-1234 src,dst -j RETURN
-A felix-to-1234 -m set --match-set felix-to-addr-1234 src -j RETURN
-A felix-to-1234 -p icmp -m set --match-set felix-to-icmp-1234 src -j RETURN
-A felix-to-1234 -j DROP
COMMIT
`,
        },
      },
      vm: { addresses: { eth0: ['10.65.0.2/24'] }, routes: ['default via 10.65.0.1'], listeners: [HTTP, DNS] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['other:eth0', 'node:eth1'],
      ['node:tap1234', 'vm:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.65.0.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: '10.65.0.2' }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '10.65.0.2', port: 53 }, seen: 'nothing' },
      { sending: { from: 'other', what: 'tcp', to: '10.65.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'vm', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The set has the network of the client with port 0 of TCP, by which Felix means every port. For the set it is that port alone.',
      causes: [
        { code: 'not-in-set', words: ['felix-to-port-1234'] },
        { code: 'near-miss', words: ['felix-to-port-1234'] },
        { rule: '--match-set felix-to-port-1234', chain: 'filter felix-to-1234' },
      ],
      status: ['dropped'],
      // of the set of its own network that is so, too
      alsoTrue: ['not-in-set'],
    },
    mend: [['node', 'ipset add felix-to-port-1234 192.0.2.0/24,tcp:1-65535']],
  },
  {
    name: 'mailcow-sends-every-packet-by-the-mail-address-even-to-its-resolver',
    thread: { title: 'Sending IP', address: 'https://github.com/mailcow/mailcow-dockerized/issues/302' },
    backend: 'iptables-legacy',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        listeners: [SMTP],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -s 203.0.113.25/32 -p tcp -m tcp --dport 25 -j DROP
COMMIT
`,
        },
      },
      host: {
        bridges: { 'br-mailcow': ['veth1', 'veth2'] },
        addresses: { eth0: ['203.0.113.1/24', '203.0.113.25/24'], 'br-mailcow': ['172.22.1.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          v4: `${NAT}
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.22.1.0/24 -j SNAT --to-source 203.0.113.25
-A POSTROUTING -s 172.22.1.0/24 ! -o br-mailcow -j MASQUERADE
-A DOCKER -i br-mailcow -j RETURN
-A DOCKER ! -i br-mailcow -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.22.1.253:25
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION - [0:0]
-A FORWARD -j DOCKER-ISOLATION
-A FORWARD -o br-mailcow -j DOCKER
-A FORWARD -o br-mailcow -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br-mailcow ! -o br-mailcow -j ACCEPT
-A FORWARD -i br-mailcow -o br-mailcow -j ACCEPT
-A DOCKER -d 172.22.1.253/32 ! -i br-mailcow -o br-mailcow -p tcp -m tcp --dport 25 -j ACCEPT
-A DOCKER-ISOLATION -j RETURN
COMMIT
`,
        },
      },
      postfix: { addresses: { eth0: ['172.22.1.253/24'] }, routes: ['default via 172.22.1.1'], listeners: [SMTP] },
      unbound: {
        addresses: { eth0: ['172.22.1.254/24'] },
        routes: ['default via 172.22.1.1'],
        listeners: [DNS],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -s 172.22.1.0/24 -p udp -m udp --dport 53 -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['remote:eth0', 'host:eth0'],
      ['host:veth1', 'postfix:eth0'],
      ['host:veth2', 'unbound:eth0'],
    ],
    traced: 'host',
    fails: { from: 'postfix', what: 'udp', to: '172.22.1.254', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'postfix', what: 'tcp', to: '203.0.113.9', port: 25 }, seen: 'answered' },
      { sending: { from: 'host', what: 'udp', to: '172.22.1.254', port: 53 }, seen: 'nothing', either: true },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.25', port: 25 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'udp', to: '172.22.1.254', port: 53 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The rule for the address of the mail has no way out: it rewrites what postfix asks unbound, too, whose frames cross the bridge and iptables; and unbound answers its own network alone.',
      causes: [
        { code: 'snat-changed-source' },
        { rule: '-s 172.22.1.0/24 -j SNAT', chain: 'nat POSTROUTING' },
        { code: 'bridge-nf-call' },
      ],
      status: ['unanswered'],
      alsoTrue: ['no-reply', 'unanswered'],
    },
    mend: [['unbound', 'iptables -I INPUT -s 203.0.113.25/32 -p udp --dport 53 -j ACCEPT']],
  },
  {
    name: 'dockerd-has-fw4-judge-the-frames-of-a-bridge',
    thread: {
      title: 'Fw4 not working with VLAN (802.1q) after installing dockerd',
      address: 'https://github.com/openwrt/openwrt/issues/14932',
    },
    backend: 'nft',
    hosts: {
      camera: { addresses: { eth0: ['192.168.30.10/24'] } },
      recorder: { addresses: { eth0: ['192.168.30.20/24'] }, listeners: [RTSP, SSH] },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTP] },
      router: {
        bridges: { 'br-lan': ['lan1'], 'br-iot': ['lan3', 'lan4'] },
        addresses: { 'br-lan': ['192.168.1.1/24'], 'br-iot': ['192.168.30.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "br-iot" jump forward_iot comment "!fw4: Handle iot IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    jump accept_from_lan
  }
  chain forward_lan {
    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
    jump reject_to_lan
  }
  chain forward_iot {
    jump reject_to_iot
  }
  chain accept_from_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain reject_to_lan {
    oifname "br-lan" counter jump handle_reject comment "!fw4: reject lan IPv4/IPv6 traffic"
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname "wan" ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain reject_to_iot {
    oifname "br-iot" counter jump handle_reject comment "!fw4: reject iot IPv4/IPv6 traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
    },
    links: [
      ['pc:eth0', 'router:lan1'],
      ['camera:eth0', 'router:lan3'],
      ['recorder:eth0', 'router:lan4'],
      ['router:wan', 'net:eth0'],
    ],
    traced: 'router',
    fails: { from: 'camera', what: 'tcp', to: '192.168.30.20', port: 554 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'camera', what: 'tcp', to: '192.168.30.20', port: 22 }, seen: 'refused', either: true },
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'Camera and recorder are at ports of one bridge, which itself passes their frames on. Since dockerd loaded br_netfilter, fw4 judges them as packets from br-iot to br-iot, and rejects what stays in the zone iot.',
      causes: [{ code: 'bridge-nf-call' }],
      status: ['rejected'],
    },
    mend: [['router', 'sysctl -w net.bridge.bridge-nf-call-iptables=0']],
  },
]

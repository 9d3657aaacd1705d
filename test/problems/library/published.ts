/** What is published by Podman and Incus. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

export const PUBLISHED: Problem[] = [
  {
    name: 'incus-forward-from-own-network',
    thread: {
      title: 'Network forward routing breaks when used by container in target network',
      address: 'https://github.com/lxc/incus/issues/1175',
    },
    backend: 'nft',
    hosts: {
      server: { addresses: { eth0: ['10.20.0.2/24'] }, routes: ['default via 10.20.0.1'], listeners: WEB },
      guest: { addresses: { eth0: ['10.20.0.3/24'] }, routes: ['default via 10.20.0.1'] },
      host: {
        bridges: { incusbr0: ['veth1', 'veth2'] },
        addresses: { incusbr0: ['10.20.0.1/24'], eth0: ['203.0.113.1/24', '203.0.113.5/32'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table inet incus {
  chain pstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.20.0.0/24 ip daddr != 10.20.0.0/24 masquerade
  }
  chain fwd.incusbr0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "incusbr0" accept
    ip version 4 iifname "incusbr0" accept
  }
  chain fwdprert.incusbr0 {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 203.0.113.5 dnat ip to 10.20.0.2
  }
  chain fwdout.incusbr0 {
    type nat hook output priority -100; policy accept;
    ip daddr 203.0.113.5 dnat ip to 10.20.0.2
  }
  chain fwdpstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.20.0.2 ip daddr 10.20.0.2 masquerade
  }
}
`,
        },
      },
      client: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['server:eth0', 'host:veth1'],
      ['guest:eth0', 'host:veth2'],
      ['client:eth0', 'host:eth0'],
    ],
    traced: 'host',
    fails: { from: 'guest', what: 'tcp', to: '203.0.113.5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '10.20.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Only what the target sends to itself is masqueraded: it answers a neighbour straight over the bridge, from an address that was not asked.',
      causes: [
        { code: 'not-masqueraded' },
        { rule: 'ip saddr 10.20.0.2 ip daddr 10.20.0.2 masquerade', chain: 'inet incus fwdpstrt.incusbr0' },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'host',
        'nft add rule inet incus fwdpstrt.incusbr0 ip saddr 10.20.0.0/24 ip daddr 10.20.0.2 ct status dnat masquerade',
      ],
    ],
  },
  {
    name: 'netavark-dnat-of-unspecified',
    thread: {
      title: '[Rootful] IPv6 DNAT with bound port not forwarding packets',
      address: 'https://github.com/containers/netavark/issues/636',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64'] } },
      host: {
        bridges: { podman1: ['veth1'] },
        addresses: { podman1: ['fd8a:26d::1/64'], eth0: ['2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '2001:db8:1::1', port: 22 }],
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:NETAVARK-44A471C841C13 - [0:0]
:NETAVARK-DN-44A471C841C13 - [0:0]
:NETAVARK-HOSTPORT-DNAT - [0:0]
:NETAVARK-HOSTPORT-MASQ - [0:0]
:NETAVARK-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ
-A POSTROUTING -s fd8a:26d::/64 -j NETAVARK-44A471C841C13
-A NETAVARK-44A471C841C13 -d fd8a:26d::/64 -j ACCEPT
-A NETAVARK-44A471C841C13 ! -d ff00::/8 -j MASQUERADE
-A NETAVARK-DN-44A471C841C13 -s fd8a:26d::/64 -d ::/128 -p tcp -m tcp --dport 8000 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-44A471C841C13 -s ::1/128 -d ::/128 -p tcp -m tcp --dport 8000 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-44A471C841C13 -d ::/128 -p tcp -m tcp --dport 8000 -j DNAT --to-destination [fd8a:26d::2]:8000
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 8000 -m comment --comment "dnat name: ipv6-test id: 65c71ac5" -j NETAVARK-DN-44A471C841C13
-A NETAVARK-HOSTPORT-MASQ -m comment --comment "netavark portfw masq mark" -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
COMMIT
`,
        },
      },
      c1: {
        addresses: { eth0: ['fd8a:26d::2/64'] },
        routes: ['default via fd8a:26d::1'],
        listeners: [{ protocol: 'tcp', address: 'fd8a:26d::2', port: 8000 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8000 },
    seen: 'refused',
    others: [
      { sending: { from: 'host', what: 'tcp', to: 'fd8a:26d::2', port: 8000 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 23 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The unspecified address was taken for an address: the DNAT rule asks for the destination ::, not for any.',
      causes: [{ rule: '-j DNAT', chain: 'nat NETAVARK-DN-44A471C841C13' }],
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [
      [
        'host',
        'ip6tables -t nat -R NETAVARK-DN-44A471C841C13 3 -p tcp --dport 8000 -j DNAT --to-destination [fd8a:26d::2]:8000',
      ],
    ],
  },
  {
    name: 'netavark-dns-behind-published-port',
    thread: {
      title:
        'iptables: DNAT rule for aardvark-dns on non-standard port is never reached if a container has a port forward for 53',
      address: 'https://github.com/containers/netavark/issues/1079',
    },
    backend: 'iptables-nft',
    hosts: {
      pihole: {
        addresses: { eth0: ['10.88.0.2/24'] },
        routes: ['default via 10.88.0.1'],
        listeners: [{ protocol: 'udp', port: 53 }],
        // it answers its own network and those outside, but no other network of containers
        rules: {
          nft: 'table ip own {\n  chain input { type filter hook input priority filter; policy accept; ip saddr 10.89.0.0/16 udp dport 53 drop; }\n}\n',
        },
      },
      c2: { addresses: { eth0: ['10.89.1.2/24'] }, routes: ['default via 10.89.1.1'] },
      host: {
        bridges: { podman0: ['veth1'], podman1: ['veth2'] },
        addresses: { podman0: ['10.88.0.1/24'], podman1: ['10.89.1.1/24'], eth0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', address: '10.89.1.1', port: 54 }, ...SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:NETAVARK-1D8721804F16F - [0:0]
:NETAVARK-DN-1D8721804F16F - [0:0]
:NETAVARK-HOSTPORT-DNAT - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -s 10.88.0.0/24 -j NETAVARK-1D8721804F16F
-A NETAVARK-1D8721804F16F -d 10.88.0.0/24 -j ACCEPT
-A NETAVARK-1D8721804F16F ! -d 224.0.0.0/4 -j MASQUERADE
-A NETAVARK-DN-1D8721804F16F -p udp -m udp --dport 53 -j DNAT --to-destination 10.88.0.2:53
-A NETAVARK-HOSTPORT-DNAT -p udp -m udp --dport 53 -m comment --comment "dnat name: podman id: db612e4d" -j NETAVARK-DN-1D8721804F16F
-A NETAVARK-HOSTPORT-DNAT -d 10.89.1.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.89.1.1:54
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:NETAVARK_FORWARD - [0:0]
-A FORWARD -m comment --comment "netavark firewall rules" -j NETAVARK_FORWARD
-A NETAVARK_FORWARD -m conntrack --ctstate INVALID -j DROP
-A NETAVARK_FORWARD -d 10.88.0.0/24 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NETAVARK_FORWARD -s 10.88.0.0/24 -j ACCEPT
-A NETAVARK_FORWARD -d 10.89.1.0/24 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NETAVARK_FORWARD -s 10.89.1.0/24 -j ACCEPT
COMMIT
`,
        },
      },
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
    },
    links: [
      ['pihole:eth0', 'host:veth1'],
      ['c2:eth0', 'host:veth2'],
      ['client:eth0', 'host:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c2', what: 'udp', to: '10.89.1.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: '10.89.1.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule for the network's own resolver stands behind that of a published port 53, which takes each query to the other container.",
      causes: [
        { rule: '--to-destination 10.89.1.1:54', chain: 'nat NETAVARK-HOSTPORT-DNAT' },
        { rule: '--to-destination 10.88.0.2:53', chain: 'nat NETAVARK-DN-1D8721804F16F' },
        { rule: '-j NETAVARK-DN-1D8721804F16F', chain: 'nat NETAVARK-HOSTPORT-DNAT' },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -I NETAVARK-HOSTPORT-DNAT -d 10.89.1.1/32 -p udp --dport 53 -j DNAT --to-destination 10.89.1.1:54',
      ],
    ],
  },
]

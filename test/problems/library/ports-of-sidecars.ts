/** Containers and pods with rules of iptables-nft for their ports: one behind a RETURN, one for replies alone, one of one family. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const SSH = { protocol: 'tcp', port: 22 } as const

export const PORTS_OF_SIDECARS: Problem[] = [
  {
    name: 'istio-dns-rules-behind-return',
    thread: {
      title: 'Iptable UDP redirection seems broken in latest master',
      address: 'https://github.com/istio/istio/issues/51377',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: {
        addresses: { eth0: ['10.244.0.2/24'] },
        routes: ['default via 10.244.0.1'],
        listeners: [{ protocol: 'udp', address: '127.0.0.1', port: 15053 }],
        rules: {
          v4: `*nat
${NAT}:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
-A OUTPUT -j ISTIO_OUTPUT
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -d 10.100.0.0/16 -p tcp -j ISTIO_REDIRECT
-A ISTIO_OUTPUT -j RETURN
-A ISTIO_OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -p udp -m udp --dport 53 -m owner --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 172.20.0.10/32 -p udp -m udp --dport 53 -j REDIRECT --to-ports 15053
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
COMMIT
`,
        },
      },
      // the cluster's resolver does not know the other cluster's names: here it does not answer
      resolver: { addresses: { eth0: ['10.244.0.1/24'], lo: ['172.20.0.10/32'] }, listeners: WEB },
    },
    links: [['pod:eth0', 'resolver:eth0']],
    traced: 'pod',
    fails: { from: 'pod', what: 'udp', to: '172.20.0.10', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '172.20.0.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.244.0.1' }, seen: 'answered' },
    ],
    truth: {
      words: 'A RETURN for everything stands in front of the rule that redirects DNS to the proxy.',
      causes: [
        { rule: '--to-ports 15053', chain: 'nat ISTIO_OUTPUT' },
        { code: 'returned-early', words: ['15053'] },
      ],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [['pod', 'iptables -t nat -D ISTIO_OUTPUT -j RETURN']],
  },
  {
    name: 'nerdctl-firewall-accepts-replies-alone',
    thread: {
      title: 'expose port cannot reach',
      address: 'https://github.com/containernetworking/plugins/issues/916',
    },
    backend: 'iptables-nft',
    ...bridged('nerdctl0', '10.4.0.1/24', {
      rules: {
        v4: `*nat
${NAT}:CNI-DN-4d1f - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -s 10.4.0.0/24 ! -d 10.4.0.0/24 -j MASQUERADE
-A CNI-DN-4d1f -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.4.0.2:80
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"bridge\\"" -m multiport --dports 8080 -j CNI-DN-4d1f
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:CNI-ADMIN - [0:0]
:CNI-FORWARD - [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j CNI-ADMIN
-A CNI-FORWARD -d 10.4.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CNI-FORWARD -s 10.4.0.2/32 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.4.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.4.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rules for the container accept replies to it and nothing new: what is for its published port meets the policy that Docker has set.',
      causes: [
        { rule: '-d 10.4.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED', chain: 'filter CNI-FORWARD' },
        { policy: 'filter FORWARD' },
      ],
      status: ['dropped'],
    },
    mend: [
      ['host', 'iptables -I CNI-FORWARD 1 -d 10.4.0.2/32 -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT'],
    ],
  },
  {
    name: 'netavark-second-port-of-one-family',
    thread: {
      title: '[Rootful] When binding multiple ports, Netavark fails to create all necessary DNAT IPv6 rules',
      address: 'https://github.com/containers/netavark/issues/641',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] } },
      host: {
        bridges: { podman1: ['veth1'] },
        addresses: {
          eth0: ['192.0.2.1/24', '2001:db8:1::1/64'],
          podman1: ['10.89.0.1/24', 'fdab:ba4:786a:be0e::1/64'],
        },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${NAT}:NETAVARK-DN-26815A4C67D60 - [0:0]
:NETAVARK-HOSTPORT-DNAT - [0:0]
:NETAVARK-HOSTPORT-MASQ - [0:0]
:NETAVARK-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ
-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
-A NETAVARK-HOSTPORT-MASQ -m comment --comment "netavark portfw masq mark" -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 80 -m comment --comment "dnat name: ipv6" -j NETAVARK-DN-26815A4C67D60
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 443 -m comment --comment "dnat name: ipv6" -j NETAVARK-DN-26815A4C67D60
-A NETAVARK-DN-26815A4C67D60 -s 10.89.0.0/24 -p tcp -m tcp --dport 80 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-26815A4C67D60 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.89.0.2:80
-A NETAVARK-DN-26815A4C67D60 -s 10.89.0.0/24 -p tcp -m tcp --dport 443 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-26815A4C67D60 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.89.0.2:443
COMMIT
`,
          v6: `*nat
${NAT}:NETAVARK-DN-26815A4C67D60 - [0:0]
:NETAVARK-HOSTPORT-DNAT - [0:0]
:NETAVARK-HOSTPORT-MASQ - [0:0]
:NETAVARK-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ
-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
-A NETAVARK-HOSTPORT-MASQ -m comment --comment "netavark portfw masq mark" -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 80 -m comment --comment "dnat name: ipv6" -j NETAVARK-DN-26815A4C67D60
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 443 -m comment --comment "dnat name: ipv6" -j NETAVARK-DN-26815A4C67D60
-A NETAVARK-DN-26815A4C67D60 -s fdab:ba4:786a:be0e::/64 -p tcp -m tcp --dport 80 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-26815A4C67D60 -p tcp -m tcp --dport 80 -j DNAT --to-destination [fdab:ba4:786a:be0e::2]:80
COMMIT
`,
        },
      },
      c1: {
        addresses: { eth0: ['10.89.0.2/24', 'fdab:ba4:786a:be0e::2/64'] },
        routes: ['default via 10.89.0.1', 'default via fdab:ba4:786a:be0e::1'],
        listeners: [
          { protocol: 'tcp', address: '::', port: 80 },
          { protocol: 'tcp', address: '::', port: 443 },
        ],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: "The chain with the container's ports has no rule for its second one in ip6tables.",
      causes: [{ chain: 'nat NETAVARK-DN-26815A4C67D60' }, { code: 'dnat-mismatch', words: ['443'] }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'host',
        'ip6tables -t nat -A NETAVARK-DN-26815A4C67D60 -p tcp -m tcp --dport 443 -j DNAT --to-destination [fdab:ba4:786a:be0e::2]:443',
      ],
    ],
  },
]

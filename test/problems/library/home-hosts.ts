/** A loopback address behind DNAT, guests of one host, replies whose time to live is used up. */
import { clientAndServer, FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const HOME_HOSTS: Problem[] = [
  {
    name: 'firehol-dnat-to-loopback',
    thread: {
      title: '`dnat4 to 127.0.0.1` not working',
      address: 'https://github.com/firehol/firehol/issues/303',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '127.0.0.1', port: 8080 },
        { protocol: 'tcp', port: 22 },
      ],
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:nat_pre - [0:0]
-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j nat_pre
-A nat_pre -p tcp -j DNAT --to-destination 127.0.0.1:8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:in_global - [0:0]
:out_global - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -j in_global
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -j out_global
-A in_global -j ACCEPT
-A out_global -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        'DNAT leads to 127.0.0.1, and the kernel takes no packet for a loopback address from outside while route_localnet is 0.',
      causes: [{ code: 'vanished-martian', words: ['route_localnet'] }],
      status: ['lost'],
    },
    mend: [['server', 'sysctl -w net.ipv4.conf.eth0.route_localnet=1']],
  },
  {
    name: 'libvirt-forward-from-uplink-alone',
    thread: {
      title: 'Guest to guest communication through host (forwarded port) not working',
      address: 'https://github.com/doccaz/kvm-scripts/issues/8',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
      host: {
        bridges: { virbr0: ['vnet0', 'vnet1'] },
        addresses: { enp0s31f6: ['192.0.2.1/24'], virbr0: ['192.168.122.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:LIBVIRT_PRT - [0:0]
-A PREROUTING -d 192.0.2.1/32 -i enp0s31f6 -p tcp -m tcp --dport 30001 -j DNAT --to-destination 192.168.122.38:30001
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWX - [0:0]
:LIBVIRT_INP - [0:0]
-A INPUT -j LIBVIRT_INP
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -d 192.168.122.38/32 -o virbr0 -p tcp -m tcp --dport 30001 -j ACCEPT
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 67 -j ACCEPT
COMMIT
`,
        },
      },
      testvm1: {
        addresses: { eth0: ['192.168.122.38/24'] },
        routes: ['default via 192.168.122.1'],
        listeners: [{ protocol: 'tcp', port: 30001 }],
      },
      testvm2: { addresses: { eth0: ['192.168.122.39/24'] }, routes: ['default via 192.168.122.1'] },
    },
    links: [
      ['client:eth0', 'host:enp0s31f6'],
      ['host:vnet0', 'testvm1:eth0'],
      ['host:vnet1', 'testvm2:eth0'],
    ],
    traced: 'host',
    fails: { from: 'testvm2', what: 'tcp', to: '192.0.2.1', port: 30001 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30001 }, seen: 'answered' },
      { sending: { from: 'testvm2', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'testvm2', what: 'tcp', to: '192.168.122.38', port: 30001 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The port is forwarded for what comes in by the uplink; what a guest sends comes in by virbr0, stays with the host, and INPUT drops it.',
      causes: [{ rule: '-i enp0s31f6 -p tcp -m tcp --dport 30001 -j DNAT', chain: 'nat PREROUTING' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -A PREROUTING -d 192.0.2.1 -i virbr0 -p tcp --dport 30001 -j DNAT --to-destination 192.168.122.38:30001; iptables -t nat -I POSTROUTING -s 192.168.122.0/24 -d 192.168.122.38 -o virbr0 -p tcp --dport 30001 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'uplink-sends-ttl-one',
    thread: {
      title: 'arm64: kvims_defconfig: enable IP_NF_TARGET_TTL and NETFILTER_XT_TARGET_HL',
      address: 'https://github.com/khadas/linux/pull/37',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j TTL --ttl-set 65
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
        },
      },
      {
        remote: {
          listeners: WEB,
          rules: {
            v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -j TTL --ttl-set 1
COMMIT
`,
          },
        },
      },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words: 'Replies come in with a TTL of 1, so the router may not forward them.',
      causes: [{ code: 'vanished-ttl' }],
      status: ['reply-lost', 'lost'],
    },
    mend: [['router', 'iptables -t mangle -A PREROUTING -i wan -j TTL --ttl-inc 1']],
  },
]

/** Of iptables-legacy, from threads: a DHCPDISCOVER that has no way back, and a port that nat has already rewritten. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksForLease, offersLeases } from './raw-programs.ts'

export const THREADS_AF_LEGACY: Problem[] = [
  {
    name: 'near-reverse-path-lets-who-has-no-address-ask',
    thread: {
      title: 'Setting networking.firewall.checkReversePath prevents DHCP server to work',
      address: 'https://github.com/NixOS/nixpkgs/issues/10101',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: [] } },
      pc: { addresses: { eth0: ['192.168.10.20/24'] }, routes: ['default via 192.168.10.1'] },
      isp: { addresses: { eth0: ['203.0.113.254/24'] } },
      router: {
        addresses: { lan: ['192.168.10.1/24'], wan: ['203.0.113.1/24'] },
        bridges: { lan: ['lan1', 'lan2'] },
        routes: ['default via 203.0.113.254'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -m rpfilter --invert -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:nixos-nat-post - [0:0]
:nixos-nat-pre - [0:0]
-A PREROUTING -j nixos-nat-pre
-A POSTROUTING -j nixos-nat-post
-A nixos-nat-post -o wan -m mark --mark 0x1 -j MASQUERADE
-A nixos-nat-post -s 192.168.10.0/24 -o wan -j MASQUERADE
-A nixos-nat-pre -i lan -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:nixos-fw - [0:0]
:nixos-fw-accept - [0:0]
:nixos-fw-log-refuse - [0:0]
:nixos-fw-refuse - [0:0]
-A INPUT -j nixos-fw
-A nixos-fw -i lo -j nixos-fw-accept
-A nixos-fw -m conntrack --ctstate RELATED,ESTABLISHED -j nixos-fw-accept
-A nixos-fw -p tcp -m tcp --dport 22 -j nixos-fw-accept
-A nixos-fw -p tcp -m tcp --dport 53 -j nixos-fw-accept
-A nixos-fw -p udp -m udp --dport 53 -j nixos-fw-accept
-A nixos-fw -p udp -m udp --dport 67 -j nixos-fw-accept
-A nixos-fw -p udp -m udp --dport 69 -j nixos-fw-accept
-A nixos-fw -p icmp -m icmp --icmp-type 8 -j nixos-fw-accept
-A nixos-fw -j nixos-fw-log-refuse
-A nixos-fw-accept -j ACCEPT
-A nixos-fw-log-refuse -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j LOG --log-prefix "rejected connection: " --log-level 6
-A nixos-fw-log-refuse -m pkttype ! --pkt-type unicast -j nixos-fw-refuse
-A nixos-fw-log-refuse -j nixos-fw-refuse
-A nixos-fw-refuse -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'router:lan1'],
      ['pc:eth0', 'router:lan2'],
      ['isp:eth0', 'router:wan'],
    ],
    traced: 'router',
    setup: [
      ['router', offersLeases('lan')],
      ['client', asksForLease('eth0')],
    ],
    fails: POKED,
    seen: 'answered',
    looksAt: { protocol: 'udp', dst: '255.255.255.255' },
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.10.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.254' }, seen: 'answered' },
    ],
    // so on kernels of today, whatever was so in 2015
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['router', 'true']],
  },
  {
    name: 'klipper-accepts-the-port-that-nat-has-rewritten',
    thread: {
      title: 'Fix iptables filtering rules when externalTrafficPolicy is Local',
      address: 'https://github.com/k3s-io/klipper-lb/pull/54',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      node: {
        addresses: { eth0: ['203.0.113.1/24'], cni0: ['10.42.1.1/24'], lo: ['192.168.1.43/32'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', port: 31466 },
          { protocol: 'tcp', port: 31644 },
        ],
      },
      svclb: {
        addresses: { eth0: ['10.42.1.2/24'] },
        routes: ['default via 10.42.1.1'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING ! -s 192.168.1.43/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 192.168.1.43:31466
-A PREROUTING ! -s 192.168.1.43/32 -p tcp -m tcp --dport 31644 -j DNAT --to-destination 192.168.1.43:31644
-A POSTROUTING -d 192.168.1.43/32 -p tcp -j MASQUERADE
-A POSTROUTING -d 192.168.1.43/32 -p tcp -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -s 203.0.113.0/24 -p tcp -m tcp --dport 443 -j ACCEPT
-A FORWARD -s 198.51.100.0/24 -p tcp -m tcp --dport 443 -j ACCEPT
-A FORWARD -s 203.0.113.0/24 -p tcp -m tcp --dport 31644 -j ACCEPT
-A FORWARD -d 192.168.1.43/32 -p tcp -m tcp --dport 31466 -j DROP
-A FORWARD -d 192.168.1.43/32 -p tcp -m tcp --dport 31644 -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:cni0', 'svclb:eth0'],
    ],
    traced: 'svclb',
    fails: { from: 'client', what: 'tcp', to: '10.42.1.2', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.42.1.2', port: 31644 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.42.1.2', port: 8080 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The script accepts the port of the Service, and nat has rewritten it to the node port before FORWARD, where the rule for all others drops it.',
      causes: [
        { rule: '--dport 31466 -j DROP', chain: 'filter FORWARD' },
        { rule: '-s 203.0.113.0/24 -p tcp -m tcp --dport 443 -j ACCEPT', chain: 'filter FORWARD' },
      ],
      status: ['dropped'],
    },
    mend: [['svclb', 'iptables -I FORWARD -s 203.0.113.0/24 -p tcp -m tcp --dport 31466 -j ACCEPT']],
  },
]

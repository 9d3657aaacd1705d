/** Rules of iptables-legacy from threads: an accept behind a reject, a mark that another rule overwrites, and replies of connections that came another way. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const CHAINS = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const MANGLE = CHAINS.replace(':OUTPUT', ':FORWARD ACCEPT [0:0]\n:OUTPUT')

export const THREADS_AJ_LEGACY: Problem[] = [
  {
    name: 'calico-accepts-behind-the-reject-of-the-iptables-service',
    thread: {
      title: 'Calico workload communication broken when IPTables service is enabled',
      address: 'https://github.com/projectcalico/calico/issues/6342',
    },
    backend: 'iptables-legacy',
    hosts: {
      peer: {
        addresses: { eth0: ['192.0.2.2/24'], lo: ['10.244.2.2/32'] },
        routes: ['10.244.1.0/24 via 192.0.2.1 src 10.244.2.2'],
        listeners: WEB,
      },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], cali5a1c0b2d3e4: ['10.244.1.1/24'] },
        routes: ['10.244.2.0/24 via 192.0.2.2'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-from-hep-forward - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-fw-cali5a1c0b2d3e4 - [0:0]
:cali-pri-kns.default - [0:0]
:cali-pro-kns.default - [0:0]
:cali-to-hep-forward - [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-tw-cali5a1c0b2d3e4 - [0:0]
:cali-wl-to-host - [0:0]
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT
-A FORWARD -m comment --comment "cali:mp77cMpurHhyjLrM" -j MARK --set-xmark 0x10000/0x10000
-A cali-FORWARD -m comment --comment "cali:vjrMJCRpqwy5oRoX" -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -m comment --comment "cali:A_sPAO0mcxbT9mOV" -m mark --mark 0x0/0x10000 -j cali-from-hep-forward
-A cali-FORWARD -i cali+ -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -m comment --comment "cali:jdEuaPBe14V2hutn" -j cali-to-wl-dispatch
-A cali-FORWARD -m comment --comment "cali:12bc6HljsMKsmfr-" -j cali-to-hep-forward
-A cali-INPUT -i cali+ -m comment --comment "cali:FewJpBykm9iJ-YNH" -g cali-wl-to-host
-A cali-INPUT -m comment --comment "cali:hder3ARWznqqv8Va" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-from-wl-dispatch -i cali5a1c0b2d3e4 -m comment --comment "cali:QXbmVL4w7WpkY7T8" -g cali-fw-cali5a1c0b2d3e4
-A cali-from-wl-dispatch -m comment --comment "cali:zTj6P0TIgYvgz-md" -m comment --comment "Unknown interface" -j DROP
-A cali-fw-cali5a1c0b2d3e4 -m comment --comment "cali:Th1VHTtfFvPxHoD8" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali5a1c0b2d3e4 -m comment --comment "cali:gqlB8vwHSPDMTOGM" -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali5a1c0b2d3e4 -m comment --comment "cali:ZcNC4LQnQrg3dwS-" -j MARK --set-xmark 0x0/0x10000
-A cali-fw-cali5a1c0b2d3e4 -m comment --comment "cali:1wRu8rkHrWxMVQwm" -j cali-pro-kns.default
-A cali-fw-cali5a1c0b2d3e4 -m comment --comment "cali:IL0OlI1cJtuLs0aM" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-cali5a1c0b2d3e4 -m comment --comment "cali:u1JgJJUkCGuI8p_D" -m comment --comment "Drop if no profiles matched" -j DROP
-A cali-pri-kns.default -m comment --comment "cali:WMSw8BmYOknRHfsz" -m comment --comment "Profile kns.default ingress" -j MARK --set-xmark 0x10000/0x10000
-A cali-pri-kns.default -m comment --comment "cali:fkK8SUoy8hDkEJZp" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-pro-kns.default -m comment --comment "cali:0-_UPh39dt5XfhmJ" -m comment --comment "Profile kns.default egress" -j MARK --set-xmark 0x10000/0x10000
-A cali-pro-kns.default -m comment --comment "cali:rX7jkU8LRVD_tGdz" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-to-wl-dispatch -o cali5a1c0b2d3e4 -m comment --comment "cali:Jr0CUdXXvN4xbAxS" -g cali-tw-cali5a1c0b2d3e4
-A cali-to-wl-dispatch -m comment --comment "cali:7KNphB1nNHw80nIO" -m comment --comment "Unknown interface" -j DROP
-A cali-tw-cali5a1c0b2d3e4 -m comment --comment "cali:WXhpjr22Wvi-b9pq" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali5a1c0b2d3e4 -m comment --comment "cali:5pwrhGm0u7K1XkzU" -m conntrack --ctstate INVALID -j DROP
-A cali-tw-cali5a1c0b2d3e4 -m comment --comment "cali:NB1bLDvcQdsVyEjb" -j MARK --set-xmark 0x0/0x10000
-A cali-tw-cali5a1c0b2d3e4 -m comment --comment "cali:e_pSpfTs4UVJxnRq" -j cali-pri-kns.default
-A cali-tw-cali5a1c0b2d3e4 -m comment --comment "cali:eBcUhsXIzpkm7IH8" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-tw-cali5a1c0b2d3e4 -m comment --comment "cali:m_yfr6VVfxIzLUsI" -m comment --comment "Drop if no profiles matched" -j DROP
-A cali-wl-to-host -m comment --comment "cali:Ee9Sbo10IpVujdIY" -j cali-from-wl-dispatch
-A cali-wl-to-host -m comment --comment "cali:nSZbcOoG1xPONxb8" -m comment --comment "Configured DefaultEndpointToHostAction" -j ACCEPT
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.244.1.2/24'] },
        routes: ['default via 10.244.1.1'],
        listeners: WEB,
      },
    },
    links: [
      ['peer:eth0', 'node:eth0'],
      ['node:cali5a1c0b2d3e4', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'tcp', to: '10.244.1.2', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.244.1.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.244.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'unreachable' },
      { sending: { from: 'pod', what: 'tcp', to: '10.244.2.2', port: 80 }, seen: 'unreachable', either: true },
    ],
    truth: {
      words:
        "Calico's policy gives the packet its mark of acceptance; the rule that accepts that mark was appended to FORWARD, behind the reject with which the iptables service ends the chain.",
      causes: [
        { rule: '-A FORWARD -j REJECT --reject-with icmp-host-prohibited', chain: 'filter FORWARD' },
        { rule: '--mark 0x10000/0x10000 -j ACCEPT', chain: 'filter FORWARD' },
      ],
      status: ['rejected'],
    },
    mend: [['node', 'iptables -I FORWARD 2 -m mark --mark 0x10000/0x10000 -j ACCEPT']],
  },
  {
    name: 'asuswrt-loopback-mark-overwritten-for-the-same-port',
    thread: {
      title: "Loopback NAT didn't works in recent version.",
      address: 'https://github.com/RMerl/asuswrt-merlin/issues/1378',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      router: {
        bridges: { br0: ['eth1', 'eth2'] },
        addresses: { ppp0: ['203.0.113.1/24'], br0: ['192.168.1.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          v4: `*mangle
${MANGLE}:QOSO - [0:0]
-A PREROUTING -d 203.0.113.1/32 ! -i ppp0 -j MARK --set-xmark 0x8000/0x8000
-A FORWARD -o br0 -j QOSO
-A FORWARD -o ppp0 -j QOSO
-A QOSO -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x6/0xffffffff
-A QOSO -p tcp -m multiport --sports 80,443 -j MARK --set-xmark 0x6/0xffffffff
-A QOSO -p udp -m udp --dport 53 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*nat
${CHAINS}:LOCALSRV - [0:0]
:VSERVER - [0:0]
:VUPNP - [0:0]
-A PREROUTING -d 203.0.113.1/32 -j VSERVER
-A POSTROUTING ! -s 203.0.113.1/32 -o ppp0 -j MASQUERADE
-A POSTROUTING -m mark --mark 0x8000/0x8000 -j MASQUERADE
-A VSERVER -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.53:80
-A VSERVER -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.168.1.53:22
-A VSERVER -j VUPNP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:logdrop - [0:0]
-A INPUT -m state --state INVALID -j DROP
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -m state --state NEW -j ACCEPT
-A INPUT -i br0 -m state --state NEW -j ACCEPT
-A INPUT -j logdrop
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD ! -i br0 -o ppp0 -j logdrop
-A FORWARD -m state --state INVALID -j logdrop
-A FORWARD -i br0 -o br0 -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -i br0 -j ACCEPT
-A logdrop -j DROP
COMMIT
`,
        },
      },
      phone: {
        addresses: { eth0: ['192.168.1.159/24'] },
        routes: ['default via 192.168.1.1'],
      },
      web: {
        addresses: { eth0: ['192.168.1.53/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [...WEB, SSH],
      },
    },
    links: [
      ['remote:eth0', 'router:ppp0'],
      ['router:eth1', 'phone:eth0'],
      ['router:eth2', 'web:eth0'],
    ],
    traced: 'router',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 2222 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.53', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The router marks what its own network sends to its outer address, so that it is masqueraded; the rule that sorts web traffic for QoS then writes its number over the whole mark, so the web server sees the phone's address and replies to it directly.",
      causes: [
        { rule: '--dports 80,443 -j MARK --set-xmark 0x6/0xffffffff', chain: 'mangle QOSO' },
        { code: 'not-masqueraded', words: ['192.168.1'] },
        { code: 'mark-missing', words: ['0x8000'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [
      ['router', 'iptables -t nat -I POSTROUTING -s 192.168.1.0/24 -d 192.168.1.53 -p tcp --dport 80 -j MASQUERADE'],
    ],
  },
  {
    name: 'felix-finds-what-a-pod-returns-directly-invalid',
    thread: {
      title: 'Asymmetrical routing with felix causes conntrack drops due to INVALID',
      address: 'https://github.com/projectcalico/felix/issues/1248',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['198.51.100.80/32 via 203.0.113.2', '10.65.0.0/24 via 203.0.113.1'],
      },
      switch: {
        bridges: { sw0: ['p1', 'p2', 'p3'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
      },
      ingress: {
        addresses: { eth0: ['203.0.113.2/24'], gre1: ['10.255.0.1/30'] },
        routes: ['198.51.100.80/32 via 10.255.0.2'],
        sysctls: FORWARDS,
      },
      node: {
        addresses: { eth0: ['203.0.113.1/24'], cali3f2a: ['10.65.0.1/24'] },
        routes: ['198.51.100.80/32 via 10.65.0.2'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${CHAINS}:felix-FIP-DNAT - [0:0]
:felix-POSTROUTING - [0:0]
-A POSTROUTING -j felix-POSTROUTING
-A felix-POSTROUTING -s 10.65.0.0/24 ! -d 10.65.0.0/16 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:felix-FORWARD - [0:0]
:felix-FROM-ENDPOINT - [0:0]
:felix-FROM-HOST-IF - [0:0]
:felix-INPUT - [0:0]
:felix-TO-ENDPOINT - [0:0]
:felix-TO-HOST-IF - [0:0]
:felix-from-3f2a - [0:0]
:felix-p-default-i - [0:0]
:felix-p-default-o - [0:0]
:felix-to-3f2a - [0:0]
-A INPUT -j felix-INPUT
-A FORWARD -j felix-FORWARD
-A felix-FORWARD -m conntrack --ctstate INVALID -j DROP
-A felix-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A felix-FORWARD -i cali+ -j felix-FROM-ENDPOINT
-A felix-FORWARD -o cali+ -j felix-TO-ENDPOINT
-A felix-FORWARD -i cali+ -j ACCEPT
-A felix-FORWARD -o cali+ -j ACCEPT
-A felix-FORWARD -j felix-FROM-HOST-IF
-A felix-FORWARD -j felix-TO-HOST-IF
-A felix-FROM-ENDPOINT -i cali3f2a -g felix-from-3f2a
-A felix-FROM-ENDPOINT -j DROP
-A felix-INPUT -m conntrack --ctstate INVALID -j DROP
-A felix-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A felix-TO-ENDPOINT -o cali3f2a -g felix-to-3f2a
-A felix-TO-ENDPOINT -j DROP
-A felix-from-3f2a -j MARK --set-xmark 0x0/0x1000000
-A felix-from-3f2a -j felix-p-default-o
-A felix-from-3f2a -m mark --mark 0x1000000/0x1000000 -m comment --comment "Profile accepted packet" -j RETURN
-A felix-from-3f2a -m comment --comment "Packet did not match any profile" -j DROP
-A felix-p-default-i -j MARK --set-xmark 0x1000000/0x1000000
-A felix-p-default-i -m mark --mark 0x1000000/0x1000000 -j RETURN
-A felix-p-default-o -j MARK --set-xmark 0x1000000/0x1000000
-A felix-p-default-o -m mark --mark 0x1000000/0x1000000 -j RETURN
-A felix-to-3f2a -j MARK --set-xmark 0x0/0x1000000
-A felix-to-3f2a -j felix-p-default-i
-A felix-to-3f2a -m mark --mark 0x1000000/0x1000000 -m comment --comment "Profile accepted packet" -j RETURN
-A felix-to-3f2a -m comment --comment "Packet did not match any profile" -j DROP
COMMIT
`,
        },
      },
      pod: {
        // the tunnel of the thread, which passes the node by as what it carries
        addresses: { eth0: ['10.65.0.2/24'], gre1: ['10.255.0.2/30'], lo: ['198.51.100.80/32'] },
        routes: ['default via 10.65.0.1'],
        listeners: [...WEB, { protocol: 'tcp', port: 9100 }],
      },
    },
    links: [
      ['client:eth0', 'switch:p1'],
      ['ingress:eth0', 'switch:p2'],
      ['node:eth0', 'switch:p3'],
      ['node:cali3f2a', 'pod:eth0'],
      ['ingress:gre1', 'pod:gre1'],
    ],
    traced: 'node',
    setup: [
      ['pod', 'for i in all eth0 gre1; do sysctl -qw net.ipv4.conf.$i.rp_filter=0; done'],
      ['node', 'for i in all eth0 cali3f2a; do sysctl -qw net.ipv4.conf.$i.rp_filter=0; done'],
    ],
    fails: { from: 'client', what: 'tcp', to: '198.51.100.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.65.0.2', port: 9100 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '10.65.0.2' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The request came to the pod in a tunnel, so the node has never seen its SYN: the SYN ACK that the pod returns directly belongs to no connection, is invalid, and the chain drops it first of all.',
      causes: [{ rule: '--ctstate INVALID -j DROP', chain: 'filter felix-FORWARD' }],
      status: ['dropped', 'reply-lost'],
    },
    mend: [['node', 'iptables -I felix-FORWARD -s 198.51.100.80/32 -i cali3f2a -j ACCEPT']],
  },
]

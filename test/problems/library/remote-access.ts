/** Remote access and egress: what hosts, their neighbours and the ways between them do behind rules that let traffic through. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const CLOSED = ':INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n'

/** A switch of three ports, without an address. */
const SWITCH = { bridges: { br0: ['p1', 'p2', 'p3'] } }

export const REMOTE_ACCESS: Problem[] = [
  {
    name: 'tappaas-charger-answers-its-own-network-alone',
    thread: {
      title: 'firewall: IoT devices with subnet-filtering require outbound NAT for home→iot-cloud access',
      address: 'https://github.com/TAPPaaS/TAPPaaS/issues/239',
    },
    backend: 'nft',
    hosts: {
      phone: { addresses: { eth0: ['10.3.10.5/24'] }, routes: ['default via 10.3.10.1'] },
      firewall: {
        addresses: { home: ['10.3.10.1/24'], iot: ['10.4.20.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "home" oifname "wan" accept
    iifname "home" oifname "iot" accept comment "access-to iot-cloud"
  }
  chain nat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      charger: {
        addresses: { eth0: ['10.4.20.25/24'] },
        routes: ['default via 10.4.20.1'],
        listeners: WEB,
        rules: {
          nft: 'table ip firmware {\n  chain input { type filter hook input priority filter; policy accept; ip saddr != 10.4.20.0/24 drop; }\n}\n',
        },
      },
      far: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['phone:eth0', 'firewall:home'],
      ['firewall:iot', 'charger:eth0'],
      ['firewall:wan', 'far:eth0'],
    ],
    traced: 'firewall',
    fails: { from: 'phone', what: 'tcp', to: '10.4.20.25', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'firewall', what: 'tcp', to: '10.4.20.25', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'ping', to: '10.3.10.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The firewall forwards the request. The charger answers only what has a source in its own network, so it does not answer.',
      causes: [
        { code: 'not-masqueraded', words: ['iot'] },
        { code: 'not-netfilter', words: ['10.4.20.25'] },
        { code: 'unanswered', words: ['10.4.20.25'] },
        { code: 'no-reply', words: ['10.4.20.25'] },
      ],
      status: ['unanswered'],
    },
    mend: [
      ['firewall', 'nft add rule inet filter nat iifname home oifname iot ip daddr 10.4.20.25 counter masquerade'],
    ],
  },
  {
    name: 'vopono-uplink-by-its-alternative-name',
    thread: {
      title: "Using network interface altnames doesn't work",
      address: 'https://github.com/jamesmcm/vopono/issues/230',
    },
    backend: 'iptables-nft',
    hosts: {
      vopono: { addresses: { vo_s: ['10.200.1.2/24'] }, routes: ['default via 10.200.1.1'] },
      host: {
        addresses: { vo_d: ['10.200.1.1/24'], eth0: ['203.0.113.5/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A POSTROUTING -s 10.200.1.0/24 -o eno1 -j MASQUERADE
COMMIT
*filter
${CLOSED}-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i vo_d -o eno1 -j ACCEPT
-A FORWARD -i eno1 -o vo_d -j ACCEPT
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['vopono:vo_s', 'host:vo_d'],
      ['host:eth0', 'far:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'ip link property add dev eth0 altname eno1 altname enp0s25']],
    fails: { from: 'vopono', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'vopono', what: 'ping', to: '10.200.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rules name the uplink eno1, an alternative name of eth0: netfilter compares the interface's own name.",
      causes: [
        { rule: '-o eno1', chain: 'filter FORWARD' },
        { code: 'near-miss', words: ['eno1', 'eth0'] },
      ],
      status: ['dropped'],
      // the rule of POSTROUTING has that name, too
      alsoTrue: ['several-causes'],
    },
    mend: [
      [
        'host',
        'iptables -R FORWARD 1 -i vo_d -o eth0 -j ACCEPT; iptables -R FORWARD 2 -i eth0 -o vo_d -j ACCEPT; iptables -t nat -R POSTROUTING 1 -s 10.200.1.0/24 -o eth0 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'fail2ban-bans-the-router-in-place-of-its-clients',
    thread: {
      title: '[FR]: Router being blocked not end client IP address',
      address: 'https://github.com/fail2ban/fail2ban/issues/2970',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { eth0: ['203.0.113.9/24'] } },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 8123 -j DNAT --to-destination 192.168.1.20:8123
-A POSTROUTING -o wan -j MASQUERADE
-A POSTROUTING -d 192.168.1.20/32 -p tcp -m tcp --dport 8123 -j MASQUERADE
COMMIT
*filter
${CLOSED}-A INPUT -i lan -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
`,
        },
      },
      hass: {
        addresses: { eth0: ['192.168.1.20/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [{ protocol: 'tcp', port: 8123 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-hass-iptables - [0:0]
-A INPUT -p tcp -m multiport --dports 8123 -j f2b-hass-iptables
-A f2b-hass-iptables -s 192.168.1.1/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-hass-iptables -j RETURN
COMMIT
`,
        },
      },
      laptop: { addresses: { eth0: ['192.168.1.30/24'] }, routes: ['default via 192.168.1.1'] },
      switch: SWITCH,
    },
    links: [
      ['phone:eth0', 'router:wan'],
      ['router:lan', 'switch:p1'],
      ['hass:eth0', 'switch:p2'],
      ['laptop:eth0', 'switch:p3'],
    ],
    traced: 'router',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 8123 },
    seen: 'refused',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.1.20', port: 8123 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The router masquerades what it forwards to the server, so the server knows all clients by the router's address, and has banned that.",
      causes: [
        { rule: '-d 192.168.1.20/32', chain: 'nat POSTROUTING' },
        { code: 'snat-changed-source', words: ['192.168.1.1'] },
      ],
      status: ['refused', 'rejected', 'unanswered'],
      alsoTrue: ['refused-there'],
    },
    mend: [
      [
        'router',
        'iptables -t nat -R POSTROUTING 2 -s 192.168.1.0/24 -d 192.168.1.20 -p tcp --dport 8123 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'netbird-mapped-network-without-snat',
    thread: {
      title: 'Feature: Transparent subnet mapping for overlapping networks',
      address: 'https://github.com/netbirdio/netbird/issues/4664',
    },
    backend: 'iptables-legacy',
    hosts: {
      peer: { addresses: { eth0: ['100.64.0.9/24'] }, routes: ['10.1.1.0/24 via 100.64.0.1'] },
      gateway: {
        addresses: { wt0: ['100.64.0.1/24'], eth0: ['192.168.1.5/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A PREROUTING -d 10.1.1.0/24 -i wt0 -j NETMAP --to 192.168.1.0/24
COMMIT
*filter
${CLOSED}-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wt0 -o eth0 -j ACCEPT
COMMIT
`,
        },
      },
      printer: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: WEB },
      router: { addresses: { eth0: ['192.168.1.1/24'] }, sysctls: FORWARDS },
      switch: SWITCH,
    },
    links: [
      ['peer:eth0', 'gateway:wt0'],
      ['gateway:eth0', 'switch:p1'],
      ['printer:eth0', 'switch:p2'],
      ['router:eth0', 'switch:p3'],
    ],
    traced: 'gateway',
    fails: { from: 'peer', what: 'tcp', to: '10.1.1.10', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '100.64.0.1' }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '10.1.1.1' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The mapped request is forwarded with the peer's own source. The host of the network has another gateway, which knows no way to it: its reply does not come back.",
      causes: [{ code: 'not-masqueraded' }, { code: 'not-netfilter', words: ['192.168.1.10'] }],
      status: ['unanswered'],
    },
    mend: [['gateway', 'iptables -t nat -A POSTROUTING -s 100.64.0.0/10 -o eth0 -j MASQUERADE']],
  },
]

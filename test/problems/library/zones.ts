/** firewalld: a zone for sources, and forwarded ports that it has not opened itself. */
import { bridged, clientAndServer } from '../machines.ts'
import type { Problem } from '../problem.ts'

const REJECT = '    reject with icmpx admin-prohibited\n'

export const ZONES: Problem[] = [
  {
    name: 'firewalld-source-zone-first',
    thread: {
      title: 'Unexpected behavior after upgrade to 0.6.5',
      address: 'https://github.com/firewalld/firewalld/issues/535',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', port: 80 },
        { protocol: 'tcp', port: 22 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 80 },
      ],
      rules: {
        nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
${REJECT}  }
  chain filter_INPUT_ZONES {
    ip saddr 192.0.2.0/24 goto filter_IN_ssh-zone
    iifname "eth0" goto filter_IN_ute
    goto filter_IN_public
  }
  chain filter_IN_ssh-zone {
    jump filter_IN_ssh-zone_allow
    meta l4proto { icmp, ipv6-icmp } accept
${REJECT}  }
  chain filter_IN_ssh-zone_allow {
    tcp dport 22 accept
  }
  chain filter_IN_ute {
    jump filter_IN_ute_allow
    meta l4proto { icmp, ipv6-icmp } accept
${REJECT}  }
  chain filter_IN_ute_allow {
    tcp dport 80 accept
    tcp dport 443 accept
    tcp dport 25 accept
  }
  chain filter_IN_public {
    jump filter_IN_public_allow
${REJECT}  }
  chain filter_IN_public_allow {
    tcp dport 22 accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The zone of its source takes the packet before the interface's zone does, and only the interface's zone has http.",
      causes: [
        { rule: 'goto filter_IN_ssh-zone', chain: 'inet firewalld filter_INPUT_ZONES' },
        { rule: 'tcp dport 80 accept', chain: 'inet firewalld filter_IN_ute_allow' },
        { chain: 'inet firewalld filter_IN_ssh-zone_allow' },
      ],
      status: ['rejected'],
    },
    mend: [['server', 'nft add rule inet firewalld filter_IN_ssh-zone_allow tcp dport 80 accept']],
  },
  {
    name: 'firewalld-strict-forward-ports',
    thread: {
      title:
        'Possible to add accept rule to chain filter_FORWARD_dnat without a port forward when StrictForwardPorts=yes?',
      address: 'https://github.com/firewalld/firewalld/issues/1532',
    },
    backend: 'nft',
    ...bridged('docker0', '172.17.0.1/16', {
      rules: {
        nft: `table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump DOCKER
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "docker0" ip saddr 172.17.0.0/16 counter masquerade
  }
  chain DOCKER {
    iifname "docker0" counter return
    iifname != "docker0" tcp dport 8080 counter dnat to 172.17.0.2:80
    iifname != "docker0" tcp dport 443 counter dnat to 172.17.0.2:80
  }
}
table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    oifname "docker0" ct state related,established counter accept
    oifname "docker0" counter jump DOCKER
    iifname "docker0" oifname != "docker0" counter accept
  }
  chain DOCKER {
    iifname != "docker0" oifname "docker0" ip daddr 172.17.0.2 tcp dport 80 counter accept
  }
}
table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat jump filter_FORWARD_dnat
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_ZONES
${REJECT}  }
  chain filter_FORWARD_dnat {
    meta l4proto tcp ct original proto-dst 443 accept
${REJECT}  }
  chain filter_FORWARD_ZONES {
    iifname "docker0" goto filter_FWD_docker
    goto filter_FWD_public
  }
  chain filter_FWD_docker {
    accept
  }
  chain filter_FWD_public {
    meta l4proto { icmp, ipv6-icmp } accept
${REJECT}  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'firewalld accepts only forwarded ports that it knows itself, and Docker published this one.',
      causes: [
        { chain: 'inet firewalld filter_FORWARD_dnat' },
        { rule: 'ct original proto-dst 443', chain: 'inet firewalld filter_FORWARD_dnat' },
        { rule: 'reject', chain: 'inet firewalld filter_FORWARD_dnat' },
      ],
      status: ['rejected'],
    },
    mend: [
      ['host', 'nft insert rule inet firewalld filter_FORWARD_dnat meta l4proto tcp ct original proto-dst 8080 accept'],
    ],
  },
]

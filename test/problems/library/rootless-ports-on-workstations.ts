/** Containers without root, from threads: their ports are opened by a process of the host, so its firewall judges them as its own. */
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const

/** firewalld on a workstation of Fedora, whose zone opens all ports above 1024; `forward`: a port that it forwards. */
const workstation = (forward = '') => `table inet firewalld {
  ct helper helper-netbios-ns-udp {
    type "netbios-ns" protocol udp
    l3proto ip
  }
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
  }
  chain nat_PREROUTING {
    type nat hook prerouting priority dstnat + 10; policy accept;
    jump nat_PREROUTING_ZONES
  }
  chain nat_PREROUTING_ZONES {
    goto nat_PRE_FedoraWorkstation
  }
  chain nat_PRE_FedoraWorkstation {
    jump nat_PRE_FedoraWorkstation_allow
  }
  chain nat_PRE_FedoraWorkstation_allow {
    ${forward}
  }
  chain filter_PREROUTING {
    type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    goto filter_IN_FedoraWorkstation
  }
  chain filter_IN_FedoraWorkstation {
    jump filter_IN_FedoraWorkstation_pre
    jump filter_IN_FedoraWorkstation_deny
    jump filter_IN_FedoraWorkstation_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_FedoraWorkstation_pre {
  }
  chain filter_IN_FedoraWorkstation_deny {
  }
  chain filter_IN_FedoraWorkstation_allow {
    ip6 daddr fe80::/64 udp dport 546 accept
    tcp dport 22 accept
    udp dport 137 ct helper set "helper-netbios-ns-udp"
    udp dport 137 accept
    udp dport 138 accept
    ip daddr 224.0.0.251 udp dport 5353 accept
    ip6 daddr ff02::fb udp dport 5353 accept
    udp dport 1025-65535 accept
    tcp dport 1025-65535 accept
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24 } reject with icmpv6 addr-unreachable
    reject with icmpx admin-prohibited
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
  }
}
`

const host = (
  listeners: NonNullable<Problem['hosts'][string]['listeners']>,
  forward?: string,
): Pick<Problem, 'hosts' | 'links'> => ({
  hosts: {
    phone: { addresses: { eth0: ['192.168.1.50/24'] } },
    desktop: { addresses: { enp4s0: ['192.168.1.20/24'] }, listeners, rules: { nft: workstation(forward) } },
  },
  links: [['phone:eth0', 'desktop:enp4s0']],
})

export const ROOTLESS_PORTS_ON_WORKSTATIONS: Problem[] = [
  {
    name: 'workstation-zone-opens-what-is-above-1024-and-a-rootless-container-has-80',
    thread: {
      title: 'Ports <1024 are unreachable from outside the host',
      address: 'https://github.com/podman-container-tools/podman/issues/26625',
    },
    backend: 'nft',
    ...host([tcp(22), tcp(80), tcp(8080)]),
    traced: 'desktop',
    fails: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 8080 }, seen: 'answered' },
      { sending: { from: 'desktop', what: 'tcp', to: '192.168.1.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 631 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The zone of a workstation opens all ports above 1024. The container's port is below, and rootless Podman opens nothing in the firewall.",
      causes: [
        { rule: 'reject with icmpx', chain: 'inet firewalld filter_IN_FedoraWorkstation' },
        { chain: 'inet firewalld filter_IN_FedoraWorkstation_allow' },
      ],
      status: ['rejected'],
    },
    mend: [['desktop', 'nft add rule inet firewalld filter_IN_FedoraWorkstation_allow tcp dport 80 accept']],
  },
  {
    name: 'workstation-forwards-80-to-a-rootless-container-that-listens-at-loopback',
    thread: {
      title: 'firewall-cmd port-forward wont forward to rootless container',
      address: 'https://github.com/podman-container-tools/podman/issues/9089',
    },
    backend: 'nft',
    ...host([tcp(22), { protocol: 'tcp', address: '127.0.0.1', port: 1180 }], 'tcp dport 80 redirect to :1180'),
    traced: 'desktop',
    fails: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'desktop', what: 'tcp', to: '127.0.0.1', port: 1180 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 1180 }, seen: 'refused' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 631 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'firewalld redirects port 80 to 1180 of the address that was asked. The container was published at 127.0.0.1 alone, so nobody listens there.',
      causes: [
        { code: 'wrong-bind-address', words: ['1180'] },
        { code: 'closed-port', words: ['1180'] },
        { code: 'listens-elsewhere', words: ['1180'] },
        { rule: 'redirect to :1180', chain: 'inet firewalld nat_PRE_FedoraWorkstation_allow' },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'desktop',
        'sysctl -w net.ipv4.conf.all.route_localnet=1; nft flush chain inet firewalld nat_PRE_FedoraWorkstation_allow; nft add rule inet firewalld nat_PRE_FedoraWorkstation_allow tcp dport 80 dnat ip to 127.0.0.1:1180',
      ],
    ],
  },
  {
    name: 'healthy-workstation-forwards-80-to-a-port-of-a-rootless-container',
    thread: {
      title: 'integrating firewalld',
      address: 'https://github.com/eriksjolund/podman-traefik-socket-activation/issues/7',
    },
    backend: 'nft',
    ...host([tcp(22), tcp(8080)], 'tcp dport 80 redirect to :8080'),
    traced: 'desktop',
    fails: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 80 },
    seen: 'answered',
    others: [
      // the redirect is for what comes in alone
      { sending: { from: 'desktop', what: 'tcp', to: '192.168.1.20', port: 80 }, seen: 'refused' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.20', port: 8080 }, seen: 'answered' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['desktop', 'true']],
  },
]

/** Ports that engines publish, from threads: a forward of firewalld to a port that belongs to a container; and one that is healthy, where nothing on the host listens. */
import { bridged, clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, NAT, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const FIREWALLD = `table inet firewalld {
  chain nat_PREROUTING {
    type nat hook prerouting priority dstnat + 10; policy accept;
    jump nat_PREROUTING_ZONES
  }
  chain nat_PREROUTING_ZONES {
    iifname "cni-podman0" goto nat_PRE_trusted
    goto nat_PRE_public
  }
  chain nat_PRE_public {
    jump nat_PRE_public_pre
    jump nat_PRE_public_log
    jump nat_PRE_public_deny
    jump nat_PRE_public_allow
    jump nat_PRE_public_post
  }
  chain nat_PRE_public_pre {
  }
  chain nat_PRE_public_log {
  }
  chain nat_PRE_public_deny {
  }
  chain nat_PRE_public_allow {
    tcp dport 80 redirect to :8000
  }
  chain nat_PRE_public_post {
  }
  chain nat_PRE_trusted {
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_INPUT_ZONES
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "cni-podman0" goto filter_IN_trusted
    goto filter_IN_public
  }
  chain filter_IN_trusted {
    accept
  }
  chain filter_IN_public {
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain filter_IN_public_allow {
    tcp dport 22 ct state { new, untracked } accept
    ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_FORWARD_ZONES
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_ZONES {
    iifname "cni-podman0" goto filter_FWD_trusted
    goto filter_FWD_public
  }
  chain filter_FWD_trusted {
    accept
  }
  chain filter_FWD_public {
    meta l4proto { icmp, ipv6-icmp } accept
  }
}
`

/** What systemd writes for the ports of its containers. */
const nspawn = (family: 'ip' | 'ip6', local: string, network: string, to: string) => `table ${family} io.systemd.nat {
  set masq_saddr {
    type ${family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'}
    flags interval
    elements = { ${network} }
  }
  map map_port_ipport {
    type inet_proto . inet_service : ${family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'} . inet_service
    elements = { tcp . 12345 : ${to} . 12345 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat + 1; policy accept;
    fib daddr type local dnat ${family} to meta l4proto . th dport map @map_port_ipport
  }
  chain output {
    type nat hook output priority -99; policy accept;
    ${family} daddr != ${local} oif "lo" dnat ${family} to meta l4proto . th dport map @map_port_ipport
  }
  chain postrouting {
    type nat hook postrouting priority srcnat + 1; policy accept;
    ${family} saddr @masq_saddr masquerade
  }
}
`

export const PUBLISHED_BESIDE_FIREWALLD: Problem[] = [
  {
    name: 'firewalld-redirects-to-a-port-that-podman-publishes',
    thread: {
      title: 'No external connection to container via forwarded port',
      address: 'https://github.com/podman-container-tools/podman/issues/10805',
    },
    backend: 'iptables-nft',
    ...bridged(
      'cni-podman0',
      '10.88.0.1/16',
      {
        listeners: [SSH],
        rules: {
          nft: FIREWALLD,
          v4: `${saved(
            'nat',
            NAT,
            'CNI-5d19ae988c93f23cd5102b6a CNI-DN-5d19ae988c93f23cd5102 CNI-HOSTPORT-DNAT CNI-HOSTPORT-MASQ CNI-HOSTPORT-SETMARK',
            `-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \\"podman\\" id: \\"3bcb51\\"" -j CNI-5d19ae988c93f23cd5102b6a
-A CNI-5d19ae988c93f23cd5102b6a -d 10.88.0.0/16 -m comment --comment "name: \\"podman\\" id: \\"3bcb51\\"" -j ACCEPT
-A CNI-5d19ae988c93f23cd5102b6a ! -d 224.0.0.0/4 -m comment --comment "name: \\"podman\\" id: \\"3bcb51\\"" -j MASQUERADE
-A CNI-DN-5d19ae988c93f23cd5102 -s 10.88.0.0/16 -p tcp -m tcp --dport 8000 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-5d19ae988c93f23cd5102 -s 127.0.0.1/32 -p tcp -m tcp --dport 8000 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-5d19ae988c93f23cd5102 -p tcp -m tcp --dport 8000 -j DNAT --to-destination 10.88.0.2:8000
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"podman\\" id: \\"3bcb51\\"" -m multiport --dports 8000 -j CNI-DN-5d19ae988c93f23cd5102
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
`,
          )}${saved(
            'filter',
            FILTER,
            'CNI-ADMIN CNI-FORWARD',
            `-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j CNI-ADMIN
-A CNI-FORWARD -d 10.88.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CNI-FORWARD -s 10.88.0.2/32 -j ACCEPT
`,
          )}`,
        },
      },
      { listeners: [{ protocol: 'tcp', port: 8000 }] },
    ),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8000 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 81 }, seen: 'unreachable' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Podman's nat chain comes first, and has a rule for port 8000, not 80. Then firewalld redirects 80 to port 8000 of the host itself; podman's chain does not see the packet again, and nothing on the host answers there.",
      causes: [
        { rule: 'redirect to :8000', chain: 'inet firewalld nat_PRE_public_allow' },
        { rule: '--dports 8000', chain: 'nat CNI-HOSTPORT-DNAT' },
        { rule: '--dport 8000 -j DNAT', chain: 'nat CNI-DN-5d19ae988c93f23cd5102' },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'host',
        'nft insert rule inet firewalld nat_PRE_public_allow meta nfproto ipv4 tcp dport 80 dnat ip to 10.88.0.2:8000',
      ],
    ],
  },
  {
    name: 'healthy-nspawn-port-where-nothing-on-the-host-listens',
    thread: {
      title: 'Forwarded ports are not listened to on the host',
      address: 'https://github.com/systemd/systemd/issues/10478',
    },
    backend: 'nft',
    ...(() => {
      const net = clientAndServer({
        addresses: { 've-web': ['192.168.99.1/28', 'fd00:99::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '::' }],
        rules: {
          nft: `${nspawn('ip', '127.0.0.0/8', '192.168.99.0/28', '192.168.99.2')}${nspawn('ip6', '::1', 'fd00:99::/64', 'fd00:99::2')}table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct status dnat accept
    iifname "ve-*" accept
  }
}
`,
        },
      })
      return {
        ...net,
        hosts: {
          ...net.hosts,
          web: {
            addresses: { host0: ['192.168.99.2/28', 'fd00:99::2/64'] },
            routes: ['default via 192.168.99.1', 'default via fd00:99::1'],
            listeners: [
              { protocol: 'tcp', port: 12345 },
              { protocol: 'tcp', port: 12345, address: '::' },
              { protocol: 'tcp', port: 9000, address: '::' },
            ] as const,
          },
        },
        links: [...net.links, ['server:ve-web', 'web:host0'] as const],
      }
    })(),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 12345 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 12345 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 9000 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00:99::2', port: 9000 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: nat sends the port to the container, so no program of the host listens on it, and no rule of input accepts it.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]

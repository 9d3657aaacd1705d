/** From threads, by nft: NordVPN's Meshnet, whose own table drops what peers reply, and what they ask of containers. */

import type { HostSpec, Link } from '../../../src/demo/incident.ts'
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const COCKPIT = { protocol: 'tcp', port: 9090 } as const

/** What NordVPN writes for nftables while Meshnet is on. `IN`: who may open connections to this host; `LAN`: to its networks; `ROUTED`: through it. */
const meshnet = (sets: { IN: string; LAN: string; ROUTED: string }) => `table inet nordvpn {
  set allow_incoming_connections {
    type ipv4_addr
    ${elements(sets.IN)}
  }
  set fileshare_allowed_peers {
    type ipv4_addr
    elements = { 100.96.0.2, 100.96.0.3 }
  }
  set lan_allowed_peers {
    type ipv4_addr
    ${elements(sets.LAN)}
  }
  set routing_allowed_peers {
    type ipv4_addr
    ${elements(sets.ROUTED)}
  }
  set lan_ranges {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 }
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "nordlynx" ip saddr 100.64.0.0/10 goto mesh_input
  }
  chain mesh_input {
    ip saddr 100.64.0.0/29 accept comment "meshnet private IP"
    tcp dport 49111 ip saddr @fileshare_allowed_peers accept comment "meshnet to fileshare"
    tcp dport 49111 drop comment "meshnet to fileshare"
    ip saddr @allow_incoming_connections accept comment "meshnet to local"
    drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "nordlynx" ip saddr 100.64.0.0/10 goto mesh_forward
    oifname "nordlynx" ip daddr 100.64.0.0/10 ct state established,related accept comment "internet to mesh"
  }
  chain mesh_forward {
    ip saddr != @routing_allowed_peers drop comment "routing through this host"
    ip daddr @lan_ranges ip saddr != @lan_allowed_peers drop comment "mesh to lan"
    accept
  }
}
`

const elements = (list: string) => (list === '' ? '' : `elements = { ${list} }`)

/** A web server in a container whose port Docker publishes. */
const DOCKER = `table ip docker {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local tcp dport 8080 counter dnat to 172.17.0.2:80
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.17.0.0/16 oifname != "docker0" counter masquerade
  }
}
`

const peer = (last: number, spec: HostSpec = {}): HostSpec => ({
  addresses: { nordlynx: [`100.96.0.${last}/10`] },
  routes: ['172.17.0.0/16 via 100.96.0.1'],
  listeners: [SSH],
  ...spec,
})

/** The tunnels of all peers, as one network. */
const TUNNELS: Link[] = [
  ['host:nordlynx', 'mesh:p1'],
  ['phone:nordlynx', 'mesh:p2'],
  ['nas:nordlynx', 'mesh:p3'],
]

const mesh = (host: HostSpec): Pick<Problem, 'hosts' | 'links' | 'traced'> => ({
  hosts: {
    phone: peer(2),
    nas: peer(3),
    mesh: { bridges: { br0: ['p1', 'p2', 'p3'] } },
    host: {
      ...host,
      addresses: { nordlynx: ['100.96.0.1/10'], ...host.addresses },
      listeners: [SSH, COCKPIT],
    },
    ...(host.bridges && {
      web: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [WEB, SSH] },
    }),
  },
  links: [...TUNNELS, ...(host.bridges ? [['host:veth1', 'web:eth0'] as const] : [])],
  traced: 'host',
})

export const MESH_AND_VPN_PEERS: Problem[] = [
  {
    name: 'meshnet-drops-what-a-peer-replies-that-may-not-ask',
    thread: {
      title: 'LVPN-10513: Allow responses from peer without incoming access',
      address: 'https://github.com/NordSecurity/nordvpn-linux/pull/1487',
    },
    backend: 'nft',
    ...mesh({ rules: { nft: meshnet({ IN: '100.96.0.3', LAN: '', ROUTED: '' }) } }),
    fails: { from: 'host', what: 'tcp', to: '100.96.0.2', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '100.96.0.3', port: 22 }, seen: 'answered' },
      { sending: { from: 'nas', what: 'tcp', to: '100.96.0.1', port: 22 }, seen: 'answered' },
      // it may not ask this host, and has to stay so
      { sending: { from: 'phone', what: 'tcp', to: '100.96.0.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'phone', what: 'tcp', to: '100.96.0.1', port: 9090 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The peer may not open connections to this host, and the chain asks for nothing else: it has no rule for replies to this host's own connections, so it drops them.",
      causes: [
        { rule: 'drop', chain: 'inet nordvpn mesh_input' },
        { rule: '@allow_incoming_connections', chain: 'inet nordvpn mesh_input' },
        { chain: 'inet nordvpn mesh_input' },
      ],
      status: ['reply-lost'],
    },
    mend: [
      [
        'host',
        'nft insert rule inet nordvpn mesh_input ct state established,related ct original ip saddr 100.96.0.1 accept',
      ],
    ],
  },
  {
    name: 'meshnet-peer-may-ask-the-lan-and-not-route-through-the-host-of-a-container',
    thread: {
      title: 'Cannot access Docker containers over Meshnet after upgrade to v.5.0.0',
      address: 'https://github.com/NordSecurity/nordvpn-linux/issues/1539',
    },
    backend: 'nft',
    ...mesh({
      bridges: { docker0: ['veth1'] },
      addresses: { docker0: ['172.17.0.1/16'] },
      sysctls: FORWARDS,
      rules: { nft: meshnet({ IN: '100.96.0.2, 100.96.0.3', LAN: '100.96.0.2', ROUTED: '' }) + DOCKER },
    }),
    fails: { from: 'phone', what: 'tcp', to: '100.96.0.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '100.96.0.1', port: 9090 }, seen: 'answered' },
      // the phone's replies are dropped there, too
      { sending: { from: 'web', what: 'tcp', to: '100.96.0.2', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'phone', what: 'tcp', to: '172.17.0.2', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'nas', what: 'tcp', to: '100.96.0.1', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'nas', what: 'tcp', to: '172.17.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The published port leads to a container, so the packet is forwarded, and the peer is not in the set of those who may route through this host.',
      causes: [
        { rule: '@routing_allowed_peers', chain: 'inet nordvpn mesh_forward' },
        { code: 'not-in-set', words: ['routing_allowed_peers'] },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'nft add element inet nordvpn routing_allowed_peers { 100.96.0.2 }']],
  },
]

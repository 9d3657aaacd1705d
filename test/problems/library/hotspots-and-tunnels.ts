/** A hotspot whose forwarding nobody allowed, in either direction, and replies to the LAN that a tunnel's route takes. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const UI = { protocol: 'tcp', port: 8112 } as const
const SSH = { protocol: 'tcp', port: 22 } as const

/** The hotspot's script masquerades, and leaves FORWARD to Docker. */
const HOTSPOT = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 192.168.254.0/24 -o eth0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`

const TUNNEL = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    iifname "eth0" tcp dport { 8112, 9091 } accept
    meta l4proto icmp accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    ct state established,related accept
    oifname { "lo", "tun0" } accept
    oifname "eth0" ip daddr 172.17.0.0/16 accept
    oifname "eth0" udp dport 1194 accept
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "tun0" masquerade
  }
}
`

/** A peer of the LAN, the engine's host that publishes a port, the container with a tunnel, and the tunnel's other end. */
const behindTheTunnel = (rules: string): Pick<Problem, 'hosts' | 'links' | 'traced'> => ({
  hosts: {
    laptop: { addresses: { eth0: ['192.168.1.50/24'] } },
    host: {
      addresses: { eth0: ['192.168.1.2/24'], docker0: ['172.17.0.1/16'] },
      sysctls: FORWARDS,
      rules: {
        nft: `table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" tcp dport { 8112, 9091 } dnat to 172.17.0.2
  }
}
`,
      },
    },
    vpn: {
      addresses: { eth0: ['172.17.0.2/16'], tun0: ['10.8.0.2/24'] },
      routes: ['default via 172.17.0.1', '0.0.0.0/1 via 10.8.0.1', '128.0.0.0/1 via 10.8.0.1'],
      listeners: [UI, SSH],
      rules: { nft: rules },
    },
    provider: {
      addresses: { tun0: ['10.8.0.1/24'], lo: ['198.51.100.9/32'] },
      sysctls: FORWARDS,
      listeners: WEB,
    },
  },
  links: [
    ['laptop:eth0', 'host:eth0'],
    ['host:docker0', 'vpn:eth0'],
    ['vpn:tun0', 'provider:tun0'],
  ],
  traced: 'vpn',
})

export const HOTSPOTS_AND_TUNNELS: Problem[] = [
  {
    name: 'hotspot-masquerades-and-docker-drops-what-it-forwards',
    thread: { title: 'Add iptables FORWARD rules', address: 'https://github.com/sdelrio/rpi-hostap/pull/4' },
    backend: 'iptables-nft',
    hosts: {
      phone: { addresses: { wlan0: ['192.168.254.20/24'] }, routes: ['default via 192.168.254.1'], listeners: [SSH] },
      pi: {
        addresses: { wlan0: ['192.168.254.1/24'], eth0: ['203.0.113.7/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: HOTSPOT },
      },
      box: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
      net: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.254.0/24 via 203.0.113.7'],
        listeners: WEB,
      },
    },
    links: [
      ['phone:wlan0', 'pi:wlan0'],
      ['pi:eth0', 'net:eth0'],
      ['pi:docker0', 'box:eth0'],
    ],
    traced: 'pi',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '192.168.254.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'box', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '192.168.254.20', port: 22 }, seen: 'nothing' },
      { sending: { from: 'phone', what: 'ping', to: '203.0.113.9' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'Docker makes DROP the policy of FORWARD, and the hotspot has no rule there: neither for what its guests send nor for what comes back to them.',
      causes: [{ policy: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [
      [
        'pi',
        'iptables -A FORWARD -i eth0 -o wlan0 -m state --state RELATED,ESTABLISHED -j ACCEPT; iptables -A FORWARD -i wlan0 -o eth0 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'container-of-a-tunnel-replies-to-the-lan-by-the-tunnel',
    thread: {
      title: 'Adding a route instead of reverse proxy for remote access',
      address: 'https://github.com/dperson/openvpn-client/issues/287',
    },
    backend: 'nft',
    ...behindTheTunnel(TUNNEL),
    fails: { from: 'laptop', what: 'tcp', to: '192.168.1.2', port: 8112 },
    looksAt: { protocol: 'tcp', dst: '172.17.0.2', dport: 8112 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 8112 }, seen: 'answered' },
      { sending: { from: 'vpn', what: 'tcp', to: '198.51.100.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 22 }, seen: 'nothing' },
      { sending: { from: 'provider', what: 'tcp', to: '10.8.0.2', port: 8112 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The tunnel brought routes for all addresses, and none is left for the LAN behind the host: what came by eth0 is answered by tun0, and the provider knows no such address.',
      causes: [{ code: 'reply-by-other-uplink' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['vpn', 'ip route add 192.168.1.0/24 via 172.17.0.1 dev eth0']],
  },
  {
    name: 'container-of-a-tunnel-lets-no-lan-in-and-would-reply-by-the-tunnel',
    thread: {
      title: 'Ports not reachable from outside host',
      address: 'https://github.com/dperson/openvpn-client/issues/237',
    },
    backend: 'nft',
    ...behindTheTunnel(TUNNEL.replace('iifname "eth0" tcp', 'ip saddr 172.17.0.0/16 tcp')),
    fails: { from: 'laptop', what: 'tcp', to: '192.168.1.2', port: 8112 },
    looksAt: { protocol: 'tcp', dst: '172.17.0.2', dport: 8112 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 8112 }, seen: 'answered' },
      { sending: { from: 'vpn', what: 'tcp', to: '198.51.100.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 22 }, seen: 'nothing' },
      { sending: { from: 'provider', what: 'tcp', to: '10.8.0.2', port: 8112 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The firewall of the container lets its own network in and not the LAN; and what it would reply to the LAN goes by the tunnel, which brought routes for all addresses.',
      causes: [{ policy: 'inet filter input' }],
      status: ['dropped'],
    },
    mend: [
      [
        'vpn',
        'ip route add 192.168.1.0/24 via 172.17.0.1 dev eth0; nft add rule inet filter input iifname "eth0" ip saddr 192.168.1.0/24 tcp dport 8112 accept',
      ],
    ],
  },
]

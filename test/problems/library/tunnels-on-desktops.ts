/** Tunnels of desktops and home servers: an exit node, a mesh and a network that has the own LAN in it, beside Docker. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, MANGLE, NAT, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB_AND_SSH = [...WEB, SSH]

/** tailscaled's chains in the tables that iptables-nft has, and Docker's. */
const EXIT_NODE_USER = `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    counter jump ts-input
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump ts-forward
    counter jump DOCKER-USER
    oifname "docker0" ct state related,established counter accept
    iifname "docker0" oifname != "docker0" counter accept
    iifname "docker0" oifname "docker0" counter accept
  }
  chain DOCKER-USER {
    counter return
  }
  chain ts-input {
    iifname "lo*" ip saddr 100.64.0.1 counter accept
    iifname != "tailscale0" ip saddr 100.115.92.0/23 counter return
    iifname != "tailscale0" ip saddr 100.64.0.0/10 counter drop
    iifname "tailscale0" counter accept
    udp dport 41641 counter accept
  }
  chain ts-forward {
    iifname "tailscale0" counter meta mark set meta mark & 0xff00ffff ^ 0x00040000
    meta mark & 0x00ff0000 == 0x00040000 counter accept
    oifname "tailscale0" ip saddr 100.64.0.0/10 counter drop
    oifname "tailscale0" counter accept
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter jump ts-postrouting
    oifname != "docker0" ip saddr 172.117.0.0/16 counter masquerade
  }
  chain ts-postrouting {
    meta mark & 0x00ff0000 == 0x00040000 counter masquerade
  }
}
`

const NETBIRD = `${saved(
  'mangle',
  MANGLE,
  'NETBIRD-RT-PRE',
  `-A PREROUTING -i wt0 -m addrtype --dst-type LOCAL -j MARK --set-xmark 0x1bd20/0xffffffff
-A PREROUTING -j NETBIRD-RT-PRE
-A NETBIRD-RT-PRE -d 10.0.0.0/24 -i wt0 -m conntrack --ctstate NEW -j MARK --set-xmark 0x1bd21/0xffffffff
-A NETBIRD-RT-PRE -s 10.0.0.0/24 ! -i wt0 -m conntrack --ctstate NEW -j MARK --set-xmark 0x1bd22/0xffffffff
`,
)}${saved(
  'nat',
  NAT,
  'DOCKER NETBIRD-RT-NAT',
  `-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -j NETBIRD-RT-NAT
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A NETBIRD-RT-NAT -m mark --mark 0x1bd21 -j MASQUERADE
-A NETBIRD-RT-NAT -m mark --mark 0x1bd22 -j MASQUERADE
`,
)}${saved(
  'filter',
  FILTER,
  'DOCKER-FORWARD DOCKER-USER NETBIRD-ACL-INPUT NETBIRD-RT-FWD-IN NETBIRD-RT-FWD-OUT',
  `-A INPUT -i wt0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i wt0 -j NETBIRD-ACL-INPUT
-A INPUT -i wt0 -j DROP
-A FORWARD -m mark --mark 0x1bd20 -j NETBIRD-ACL-INPUT
-A FORWARD -o wt0 -j NETBIRD-RT-FWD-OUT
-A FORWARD -i wt0 -j NETBIRD-RT-FWD-IN
-A FORWARD -i wt0 -j DROP
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A NETBIRD-ACL-INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A NETBIRD-RT-FWD-IN -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NETBIRD-RT-FWD-OUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`,
)}`

const exitNode = bridged('docker0', '172.117.0.1/16', {
  addresses: { tailscale0: ['100.64.0.1/32'] },
  routes: ['default via 192.0.2.9', 'default via 100.64.0.2 dev tailscale0 onlink table 52'],
  sysctls: { 'net.ipv4.conf.all.rp_filter': '2' },
  listeners: [SSH],
  rules: { nft: EXIT_NODE_USER },
})

export const TUNNELS_ON_DESKTOPS: Problem[] = [
  {
    name: 'exit-node-takes-the-replies-to-containers',
    thread: {
      title: 'No connectivity from docker container when tailscale exit-node is set',
      address: 'https://github.com/tailscale/tailscale/issues/13367',
    },
    backend: 'nft',
    ...exitNode,
    hosts: {
      ...exitNode.hosts,
      exit: { addresses: { tailscale0: ['100.64.0.2/10'], lo: ['1.1.1.1/32'] }, listeners: WEB },
    },
    links: [...exitNode.links, ['exit:tailscale0', 'host:tailscale0']],
    setup: [
      [
        'host',
        'ip rule add pref 5210 fwmark 0x80000/0xff0000 lookup main; ip rule add pref 5230 fwmark 0x80000/0xff0000 lookup default; ip rule add pref 5250 fwmark 0x80000/0xff0000 unreachable; ip rule add pref 5270 lookup 52',
      ],
    ],
    fails: { from: 'c1', what: 'ping', to: '1.1.1.1' },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '1.1.1.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '172.117.0.2', port: 80 }, seen: 'nothing', either: true },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'exit', what: 'tcp', to: '100.64.0.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "What comes back from the exit node is for the container, but table 52, which is asked before main, has a default route alone: it sends the reply into the tunnel again, and not to Docker's bridge.",
      causes: [{ code: 'wrong-way-out' }],
      alsoTrue: ['reply-by-other-uplink'],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['host', 'ip route add throw 172.117.0.0/16 table 52']],
  },
  {
    name: 'netbird-marks-what-it-routes-and-accepts-none-of-it',
    thread: {
      title: 'Networks routing peer not forwarding traffic to LAN subnet - clients cannot reach local network',
      address: 'https://github.com/netbirdio/netbird/issues/5748',
    },
    backend: 'iptables-legacy',
    hosts: {
      peer: {
        addresses: { wt0: ['100.64.0.2/16'] },
        routes: ['10.0.0.0/24 via 100.64.0.1', '172.17.0.0/16 via 100.64.0.1'],
      },
      router: {
        bridges: { docker0: ['veth1'] },
        addresses: { wt0: ['100.64.0.1/16'], eth0: ['10.0.0.5/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 8080 }],
        rules: { v4: NETBIRD },
      },
      nas: { addresses: { eth0: ['10.0.0.20/24'] }, listeners: WEB_AND_SSH },
      container: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
    },
    links: [
      ['peer:wt0', 'router:wt0'],
      ['router:eth0', 'nas:eth0'],
      ['router:veth1', 'container:eth0'],
    ],
    traced: 'router',
    fails: { from: 'peer', what: 'tcp', to: '10.0.0.20', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '100.64.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '100.64.0.1', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'peer', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'peer', what: 'tcp', to: '10.0.0.20', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'container', what: 'tcp', to: '10.0.0.20', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'NetBird marks new packets to the routed network with 0x1bd21, but no rule of NETBIRD-RT-FWD-IN accepts this mark: only what is established, and the next rule drops everything from wt0.',
      causes: [{ rule: '-i wt0 -j DROP', chain: 'filter FORWARD' }, { chain: 'filter NETBIRD-RT-FWD-IN' }],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -A NETBIRD-RT-FWD-IN -m mark --mark 0x1bd21 -j ACCEPT']],
  },
  {
    name: 'zerotier-routes-the-own-lan-into-the-tunnel',
    thread: {
      title: 'provide a way to ignore "Managed Routes" on certain members',
      address: 'https://github.com/zerotier/ZeroTierOne/issues/1056',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['172.25.3.50/24'] }, routes: ['default via 172.25.3.1'], listeners: WEB },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      server: {
        addresses: { eth0: ['172.25.3.20/24'], zt0: ['10.1.1.23/24'] },
        routes: ['default via 172.25.3.1', '172.25.3.0/25 via 10.1.1.1', '172.25.3.128/25 via 10.1.1.1'],
        sysctls: { 'net.ipv4.conf.all.rp_filter': '2' },
        listeners: WEB_AND_SSH,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state invalid drop
    ct state established,related accept
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    udp dport 9993 accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
`,
        },
      },
      gateway: {
        addresses: { eth0: ['172.25.3.1/24'], zt0: ['10.1.1.1/24'] },
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1', 'net.ipv4.conf.default.rp_filter': '1' },
        listeners: [SSH],
      },
    },
    links: [
      ['pc:eth0', 'switch:p1'],
      ['server:eth0', 'switch:p2'],
      ['gateway:eth0', 'switch:p3'],
      ['server:zt0', 'gateway:zt0'],
    ],
    traced: 'server',
    fails: { from: 'pc', what: 'ping', to: '172.25.3.20' },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '10.1.1.23', port: 22 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '10.1.1.23', port: 80 }, seen: 'nothing' },
      // with the tunnel's address as its source, there and back through the gateway
      { sending: { from: 'server', what: 'tcp', to: '172.25.3.50', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "ZeroTier's managed routes for the LAN are more specific than the route of the server's own link: what it replies to a neighbour goes into the tunnel.",
      causes: [{ code: 'wrong-way-out' }],
      alsoTrue: ['reply-by-other-uplink'],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'ip route del 172.25.3.0/25 via 10.1.1.1; ip route del 172.25.3.128/25 via 10.1.1.1']],
  },
]

/** What asked-at-home.ts has, by other programs: a lease that changed behind nft, a tunnel into a network of the same addresses with iptables. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const ASKED_TWICE: Problem[] = [
  {
    name: 'nft-forwards-to-the-address-of-the-last-lease',
    thread: {
      title: 'DD-WRT Tutorial 1: Static DHCP',
      address: 'https://wi-fiplanet.com/dd-wrt-tutorial-1-static-dhcp/',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
    ct status dnat accept
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" ip daddr 203.0.113.1 tcp dport 25565 dnat ip to 192.168.1.102
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade
  }
}
`,
        },
      },
      { pc: { listeners: [{ protocol: 'tcp', port: 25565 }] }, remote: { listeners: WEB } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 25565 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words: 'The port is forwarded to the address that the PC had before; nobody has it now, so no ARP reply comes.',
      causes: [{ code: 'neighbour-failed' }, { rule: 'dnat ip to 192.168.1.102', chain: 'inet fw dstnat' }],
      status: ['lost'],
    },
    mend: [
      [
        'router',
        'nft insert rule inet fw dstnat iifname wan ip daddr 203.0.113.1 tcp dport 25565 dnat ip to 192.168.1.10',
      ],
    ],
  },
  {
    name: 'openvpn-client-is-in-the-network-that-is-pushed',
    thread: {
      title: 'Connects via Mobile Network, but not via Wifi',
      address: 'https://github.com/pivpn/pivpn/issues/340',
    },
    backend: 'iptables-legacy',
    hosts: {
      cafe: { addresses: { eth0: ['192.168.1.1/24'] } },
      laptop: {
        addresses: { wlan0: ['192.168.1.12/24'], tun0: ['10.8.0.2/24'] },
        // the pushed route lost against the one of the link
        routes: ['default via 192.168.1.1', '192.168.1.0/24 via 10.8.0.1 metric 101'],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
COMMIT
`,
        },
      },
      pi: {
        addresses: { tun0: ['10.8.0.1/24'], eth0: ['192.168.1.2/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE\nCOMMIT\n',
        },
      },
      nas: { addresses: { eth0: ['192.168.1.64/24'] }, listeners: [{ protocol: 'tcp', port: 445 }] },
    },
    links: [
      ['cafe:eth0', 'laptop:wlan0'],
      ['laptop:tun0', 'pi:tun0'],
      ['pi:eth0', 'nas:eth0'],
    ],
    traced: 'laptop',
    fails: { from: 'laptop', what: 'tcp', to: '192.168.1.64', port: 445 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'laptop', what: 'ping', to: '10.8.0.1' }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Both networks have the same addresses, and the route of the link itself comes first: nobody there has the address.',
      causes: [{ code: 'neighbour-failed' }, { code: 'wrong-way-out' }],
      status: ['lost'],
    },
    mend: [['laptop', 'ip route add 192.168.1.64/32 via 10.8.0.1 dev tun0']],
  },
]

/** Routers at home: OpenWrt's fw3 and fw4, port forwards and their reflection, DNS that is sent elsewhere. */
import type { HostSpec, Listener } from '../../../src/demo/incident.ts'
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const DNS: Listener = { protocol: 'udp', port: 53 }

/** Someone outside (203.0.113.9); a router with a bridge of the LAN, to which `pc` (.10) and `server` (.20) are wired. */
export const bridgedLan = (router: HostSpec, server: HostSpec): Pick<Problem, 'hosts' | 'links' | 'traced'> => ({
  hosts: {
    remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [...WEB, { ...DNS, address: '203.0.113.9' }] },
    router: {
      ...router,
      bridges: { 'br-lan': ['lan1', 'lan2'] },
      addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
      // bridged frames pass no rules, as on a router without br_netfilter
      sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0', ...router.sysctls },
    },
    pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    server: { ...server, addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'] },
  },
  links: [
    ['remote:eth0', 'router:wan'],
    ['router:lan1', 'pc:eth0'],
    ['router:lan2', 'server:eth0'],
  ],
  traced: 'router',
})

const fw3 = (nat: string) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:zone_lan_prerouting - [0:0]
:zone_wan_postrouting - [0:0]
:zone_wan_prerouting - [0:0]
-A PREROUTING -i br-lan -m comment --comment "!fw3" -j zone_lan_prerouting
-A PREROUTING -i wan -m comment --comment "!fw3" -j zone_wan_prerouting
-A POSTROUTING -o wan -m comment --comment "!fw3" -j zone_wan_postrouting
-A zone_wan_postrouting -m comment --comment "!fw3" -j MASQUERADE
${nat}COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i br-lan -m comment --comment "!fw3: Zone lan forwarding" -j ACCEPT
-A FORWARD -i wan -m conntrack --ctstate DNAT -m comment --comment "!fw3: Accept port forwards" -j ACCEPT
COMMIT
`

const fw4 = ({ dstnat = '', raw = '', guest = '' }) => `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump handle_reject
    ${guest}
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    iifname "guest" jump forward_guest comment "!fw4: Handle guest IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain input_lan { ct status dnat accept comment "!fw4: Accept port redirections"
    accept
  }
  chain input_guest { udp dport { 53, 67 } accept
    jump handle_reject
  }
  chain forward_lan { oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
    ct status dnat accept comment "!fw4: Accept port forwards"
  }
  chain forward_guest { oifname "wan" accept comment "!fw4: Accept guest to wan forwarding"
    ct status dnat accept comment "!fw4: Accept port forwards"
  }
  chain forward_wan { ct status dnat accept comment "!fw4: Accept port forwards"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "lan" jump dstnat_lan comment "!fw4: Handle lan IPv4/IPv6 dstnat traffic"
    iifname "wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain dstnat_lan {
${dstnat}
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 80 dnat ip to 192.168.1.10:80 comment "!fw4: web"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan { meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
  chain raw_prerouting {
    type filter hook prerouting priority raw; policy accept;
${raw}
  }
}
`

export const HOME: Problem[] = [
  {
    name: 'hairpin-without-masquerade',
    thread: {
      title: 'Loopback to forwarded Public IP address from local network - Hairpin NAT',
      address:
        'https://serverfault.com/questions/55611/loopback-to-forwarded-public-ip-address-from-local-network-hairpin-nat',
    },
    backend: 'iptables-legacy',
    ...bridgedLan(
      {
        rules: {
          v4: fw3(
            '-A zone_lan_prerouting -d 203.0.113.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.20:80\n-A zone_wan_prerouting -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.20:80\n',
          ),
        },
      },
      { listeners: WEB },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The server answers its neighbour directly, from an address that was never asked: nothing masquerades the request.',
      causes: [{ code: 'not-masqueraded' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      ['router', 'iptables -t nat -A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.20 -p tcp --dport 80 -j MASQUERADE'],
    ],
  },
  {
    name: 'dns-forced-to-pihole',
    thread: {
      title: 'question about force-dns-to-pihole',
      address: 'https://github.com/stevejenkins/unifi-linux-utils/issues/47',
    },
    backend: 'iptables-legacy',
    ...bridgedLan(
      {
        rules: {
          v4: fw3(
            '-A zone_lan_prerouting ! -s 192.168.1.20/32 -p udp -m udp --dport 53 -j DNAT --to-destination 192.168.1.20:53\n',
          ),
        },
      },
      { listeners: [{ ...DNS, address: '192.168.1.20' }] },
    ),
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'The resolver answers its neighbour directly, from an address that was not asked.',
      causes: [{ code: 'not-masqueraded' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      ['router', 'iptables -t nat -A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.20 -p udp --dport 53 -j MASQUERADE'],
    ],
  },
  {
    name: 'dns-forced-in-a-circle',
    thread: {
      title: "'Force Clients To Use Router DNS Servers' breaks when using a local DNS server",
      address: 'https://github.com/ericpaulbishop/gargoyle/issues/794',
    },
    backend: 'iptables-legacy',
    ...bridgedLan(
      {
        rules: {
          v4: fw3('-A zone_lan_prerouting -p udp -m udp --dport 53 -j DNAT --to-destination 192.168.1.20:53\n'),
        },
      },
      // the real one would ask again, and again
      {},
    ),
    fails: { from: 'server', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [{ sending: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' }],
    truth: {
      words: "The rule sends the resolver's own request back to the resolver.",
      causes: [{ rule: '--to-destination 192.168.1.20:53', chain: 'nat zone_lan_prerouting' }],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'router',
        'iptables -t nat -R zone_lan_prerouting 1 ! -s 192.168.1.20 -p udp --dport 53 -j DNAT --to-destination 192.168.1.20:53',
      ],
    ],
  },
  {
    name: 'openwrt-reflection-other-zone',
    thread: {
      title: 'Firewall - Port forward: NAT Loopback not working for other than LAN Zone',
      address: 'https://github.com/openwrt/luci/issues/1560',
    },
    backend: 'nft',
    ...withGuest(
      fw4({
        guest: 'iifname "guest" jump input_guest comment "!fw4: Handle guest IPv4/IPv6 input traffic"',
        dstnat:
          '    ip saddr 192.168.1.0/24 ip daddr 203.0.113.1 tcp dport 80 dnat ip to 192.168.1.10:80 comment "!fw4: web (reflection)"',
      }),
    ),
    fails: { from: 'guest', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'refused' },
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The forward is reflected for the zone lan alone: from guest it comes to the router itself, which rejects it.',
      causes: [
        { rule: 'dnat ip to 192.168.1.10:80', chain: 'inet fw4 dstnat_lan' },
        { rule: 'dnat ip to 192.168.1.10:80', chain: 'inet fw4 dstnat_wan' },
        { chain: 'inet fw4 dstnat' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'router',
        'nft add rule inet fw4 dstnat iifname guest ip daddr 203.0.113.1 tcp dport 80 dnat ip to 192.168.1.10:80',
      ],
    ],
  },
  {
    name: 'openwrt-notrack-too-wide',
    thread: {
      title: 'creating NOTRACK firewall rules are bogus',
      address: 'https://github.com/openwrt/firewall4/issues/14',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: fw4({
            raw: '    iifname "lan" udp dport 53 notrack comment "!fw4: dont track DNS queries"',
          }),
        },
        listeners: [{ ...DNS, address: '192.168.1.1' }],
      },
      { pc: { listeners: WEB }, remote: { listeners: [...WEB, { ...DNS, address: '203.0.113.9' }] } },
    ),
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'DNS for others is not tracked either: it leaves with its private source.',
      causes: [{ rule: 'notrack', chain: 'inet fw4 raw_prerouting' }],
      // a reply, should one find its way, belongs to no connection, and forward_wan rejects it
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['not-masqueraded', 'snat-skipped', 'reply-dropped'],
    },
    mend: [['router', 'nft flush chain inet fw4 raw_prerouting']],
  },
]

function withGuest(nft: string): Pick<Problem, 'hosts' | 'links' | 'traced'> {
  const { hosts, links, traced } = homeRouter(
    { rules: { nft }, addresses: { guest: ['192.168.2.1/24'] } },
    { pc: { listeners: WEB }, remote: { listeners: WEB } },
  )
  return {
    hosts: { ...hosts, guest: { addresses: { eth0: ['192.168.2.10/24'] }, routes: ['default via 192.168.2.1'] } },
    links: [...links, ['router:guest', 'guest:eth0']],
    traced,
  }
}

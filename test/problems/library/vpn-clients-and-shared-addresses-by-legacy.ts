/** From threads, by iptables-legacy: Shorewall's zones of VPN clients, asked for the public address and for each other, and Tailscale beside a cloud that uses the same addresses. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, NAT, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

/** NethServer's gateway by Shorewall: green at eth0, red at eth1, OpenVPN's clients and tunnels at tun+; the forward of port 443 with hairpin for green. */
const NETHSERVER = `${saved(
  'nat',
  NAT,
  'SHOREWALL eth0_masq loc_dnat net_dnat',
  `-A PREROUTING -i eth1 -j net_dnat
-A PREROUTING -i eth0 -j loc_dnat
-A POSTROUTING -o eth1 -j SHOREWALL
-A POSTROUTING -o eth0 -j eth0_masq
-A SHOREWALL -s 192.168.1.0/24 -m comment --comment "MASQUERADE" -j MASQUERADE
-A SHOREWALL -s 10.8.0.0/24 -m comment --comment "MASQUERADE" -j MASQUERADE
-A eth0_masq -s 192.168.1.0/24 -d 192.168.1.20/32 -p tcp -m tcp --dport 443 -j SNAT --to-source 192.168.1.1
-A loc_dnat -d 203.0.113.1/32 -p tcp -m tcp --dport 443 -m comment --comment "PF#1 hairpin" -j DNAT --to-destination 192.168.1.20
-A net_dnat -p tcp -m tcp --dport 443 -m comment --comment "PF#1" -j DNAT --to-destination 192.168.1.20
`,
)}${saved(
  'filter',
  'INPUT=DROP FORWARD=DROP OUTPUT=DROP',
  'Reject fw-net loc-fw loc-loc loc-net loc-ovpn loc_frwd net-fw net-loc net-ovpn net_frwd ovpn-fw ovpn-loc ovpn-net reject sfilter tun_frwd',
  `-A INPUT -i eth1 -j net-fw
-A INPUT -i eth0 -j loc-fw
-A INPUT -i tun+ -j ovpn-fw
-A INPUT -i lo -j ACCEPT
-A INPUT -j Reject
-A INPUT -g reject
-A FORWARD -i eth1 -j net_frwd
-A FORWARD -i eth0 -j loc_frwd
-A FORWARD -i tun+ -j tun_frwd
-A FORWARD -j Reject
-A FORWARD -g reject
-A OUTPUT -o eth1 -j fw-net
-A OUTPUT -j ACCEPT
-A Reject -p icmp -m icmp --icmp-type 3/4 -j ACCEPT
-A Reject -p icmp -m icmp --icmp-type 11 -j ACCEPT
-A fw-net -j ACCEPT
-A loc-fw -j ACCEPT
-A loc-loc -j ACCEPT
-A loc-net -j ACCEPT
-A loc-ovpn -j ACCEPT
-A loc_frwd -o eth1 -j loc-net
-A loc_frwd -o eth0 -j loc-loc
-A loc_frwd -o tun+ -j loc-ovpn
-A net-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-fw -p udp -m udp --dport 1194 -j ACCEPT
-A net-fw -j DROP
-A net-loc -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-loc -d 192.168.1.20/32 -p tcp -m conntrack --ctorigdst 203.0.113.1 -m tcp --dport 443 -j ACCEPT
-A net-loc -j DROP
-A net-ovpn -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-ovpn -j DROP
-A net_frwd -o eth1 -g sfilter
-A net_frwd -o eth0 -j net-loc
-A net_frwd -o tun+ -j net-ovpn
-A ovpn-fw -j ACCEPT
-A ovpn-loc -j ACCEPT
-A ovpn-net -j ACCEPT
-A reject -p tcp -j REJECT --reject-with tcp-reset
-A reject -j REJECT --reject-with icmp-host-prohibited
-A sfilter -j DROP
-A tun_frwd -o tun+ -g sfilter
-A tun_frwd -o eth1 -j ovpn-net
-A tun_frwd -o eth0 -j ovpn-loc
`,
)}`

/** A laptop by OpenVPN, a venue behind a tunnel of its own, and a server in green. */
const GATEWAY: Pick<Problem, 'backend' | 'hosts' | 'links' | 'traced'> = {
  backend: 'iptables-legacy',
  hosts: {
    remote: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['192.168.1.0/24 via 203.0.113.1'], listeners: [HTTPS] },
    road: { addresses: { tun0: ['10.8.0.2/24'] }, routes: ['default via 10.8.0.1'], listeners: [SSH] },
    venue: {
      addresses: { tun0: ['10.9.0.2/30'], lo: ['192.168.50.10/32'] },
      routes: ['10.8.0.0/24 via 10.9.0.1 src 192.168.50.10', '192.168.1.0/24 via 10.9.0.1 src 192.168.50.10'],
      listeners: [SSH],
    },
    gateway: {
      addresses: {
        eth0: ['192.168.1.1/24'],
        eth1: ['203.0.113.1/24'],
        tunrw: ['10.8.0.1/24'],
        tunvenue: ['10.9.0.1/30'],
      },
      routes: ['default via 203.0.113.9', '192.168.50.0/24 via 10.9.0.2'],
      sysctls: FORWARDS,
      listeners: [SSH],
      rules: { v4: NETHSERVER },
    },
    server: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'], listeners: [SSH, HTTPS] },
  },
  links: [
    ['remote:eth0', 'gateway:eth1'],
    ['road:tun0', 'gateway:tunrw'],
    ['venue:tun0', 'gateway:tunvenue'],
    ['gateway:eth0', 'server:eth0'],
  ],
  traced: 'gateway',
}

export const VPN_CLIENTS_AND_SHARED_ADDRESSES_BY_LEGACY: Problem[] = [
  {
    name: 'nethserver-hairpins-for-green-and-not-for-its-vpn-clients',
    thread: {
      title: 'Hairpin NAT for OpenVPN roadwarrior',
      address: 'https://github.com/NethServer/dev/issues/6165',
    },
    ...GATEWAY,
    fails: { from: 'road', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'road', what: 'tcp', to: '192.168.1.20', port: 443 }, seen: 'answered' },
      { sending: { from: 'road', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'road', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.20', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The forward has a rule for red and one for green. What comes from the tunnel passes neither chain, so the gateway itself is asked, where nothing listens on port 443.',
      causes: [
        { rule: '--to-destination 192.168.1.20', chain: 'nat loc_dnat' },
        { rule: '--to-destination 192.168.1.20', chain: 'nat net_dnat' },
        { rule: '-j loc_dnat', chain: 'nat PREROUTING' },
        { rule: '-j net_dnat', chain: 'nat PREROUTING' },
      ],
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [['gateway', 'iptables -t nat -A PREROUTING -i tun+ -j loc_dnat']],
  },
  {
    name: 'nethserver-drops-between-two-tunnels-of-the-same-zone',
    thread: {
      title: 'VPN: allow traffic between roadwarrior clients and tunnels',
      address: 'https://github.com/NethServer/dev/issues/6136',
    },
    ...GATEWAY,
    fails: { from: 'road', what: 'ping', to: '192.168.50.10' },
    seen: 'nothing',
    others: [
      { sending: { from: 'road', what: 'tcp', to: '192.168.1.20', port: 443 }, seen: 'answered' },
      { sending: { from: 'venue', what: 'tcp', to: '192.168.1.20', port: 443 }, seen: 'answered' },
      { sending: { from: 'venue', what: 'tcp', to: '10.8.0.2', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'road', what: 'ping', to: '10.8.0.1' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.20', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Both tunnels are tun+ for Shorewall, so what goes from one to the other leaves by the interface that it came by, and sfilter drops it; the venue's replies would end there too.",
      causes: [
        { rule: '-o tun+ -g sfilter', chain: 'filter tun_frwd' },
        { rule: '-j DROP', chain: 'filter sfilter' },
      ],
      status: ['dropped'],
    },
    mend: [['gateway', 'iptables -I tun_frwd 1 -o tun+ -j ACCEPT']],
  },
  {
    name: 'tailscale-drops-the-replies-of-the-resolver-of-the-cloud',
    thread: {
      title:
        'Linux: `ts-input` DROP of source `100.64.0.0/10` breaks Alibaba Cloud ECS internal DNS and apt — node loses all name resolution',
      address: 'https://github.com/tailscale/tailscale/issues/21249',
    },
    backend: 'iptables-legacy',
    hosts: {
      ecs: {
        addresses: { eth0: ['172.16.5.10/24'], tailscale0: ['100.80.1.2/32'] },
        routes: [
          'default via 172.16.5.253',
          '100.100.2.136/32 via 172.16.5.253',
          '100.100.2.138/32 via 172.16.5.253',
          '100.80.1.3/32 dev tailscale0',
        ],
        listeners: [SSH],
        rules: {
          v4: `${saved(
            'nat',
            NAT,
            'ts-postrouting',
            `-A POSTROUTING -j ts-postrouting
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
`,
          )}${saved(
            'filter',
            FILTER,
            'ts-forward ts-input',
            `-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
-A ts-input -s 100.80.1.2/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
-A ts-input -p udp -m udp --dport 41641 -j ACCEPT
`,
          )}`,
        },
      },
      peer: { addresses: { tailscale0: ['100.80.1.3/32'] }, routes: ['100.80.1.2/32 dev tailscale0'] },
      vpc: {
        addresses: {
          eth0: ['172.16.5.253/24'],
          lo: ['100.100.2.136/32', '100.100.2.138/32', '198.51.100.9/32', '100.77.0.9/32'],
        },
        routes: ['100.80.1.2/32 via 172.16.5.10 src 100.77.0.9'],
        listeners: [{ ...DNS, address: '100.100.2.136' }, { ...DNS, address: '100.100.2.138' }, HTTPS],
      },
    },
    links: [
      ['ecs:eth0', 'vpc:eth0'],
      ['ecs:tailscale0', 'peer:tailscale0'],
    ],
    traced: 'ecs',
    fails: { from: 'ecs', what: 'udp', to: '100.100.2.136', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'ecs', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'ecs', what: 'udp', to: '100.100.2.138', port: 53 }, seen: 'nothing', either: true },
      { sending: { from: 'peer', what: 'tcp', to: '100.80.1.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'vpc', what: 'tcp', to: '172.16.5.10', port: 22 }, seen: 'answered' },
      // an address of the tailnet's range, from outside the tailnet
      { sending: { from: 'vpc', what: 'tcp', to: '100.80.1.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The cloud's resolver has an address of 100.64.0.0/10. The request leaves, and ts-input drops the reply, because it comes from that range by another interface than tailscale0.",
      causes: [{ rule: '-s 100.64.0.0/10 ! -i tailscale0 -j DROP', chain: 'filter ts-input' }],
      status: ['reply-lost'],
    },
    mend: [
      [
        'ecs',
        'iptables -I ts-input 3 -s 100.64.0.0/10 ! -i tailscale0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
    ],
  },
]

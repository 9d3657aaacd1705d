/** Machines that are healthy near the problems of threads-ad.ts: marks which bring replies back, and services of a group. */

import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED, serves } from './groups-asked.ts'

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const

export const THREADS_AD_NEAR: Problem[] = [
  {
    name: 'near-wgquick-mark-brings-replies-back-past-the-tunnel',
    thread: {
      title: 'Tracing WireGuard IP Routing on Linux Clients through Nftables',
      address: 'https://www.bitthebullet.com/posts/analyzing-wireguard-routing/',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      isp: { addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.0.2.254/24'] }, sysctls: FORWARDS },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], wg0: ['10.2.0.2/24'] },
        routes: ['default via 192.0.2.254', 'default via 10.2.0.1 table 51820'],
        sysctls: { 'net.ipv4.conf.all.src_valid_mark': '1' },
        listeners: [
          { protocol: 'udp', port: 53, address: '192.0.2.1' },
          { protocol: 'tcp', port: 80 },
        ],
        rules: {
          nft: `table ip wg-quick-wg0 {
  chain preraw {
    type filter hook prerouting priority raw; policy accept;
    iifname != "wg0" ip daddr 10.2.0.2 fib saddr type != local drop
  }
  chain premangle {
    type filter hook prerouting priority mangle; policy accept;
    meta l4proto udp meta mark set ct mark
    iifname "eth0" ct state new ct mark set 0x0000ca6c
  }
  chain output {
    type route hook output priority mangle; policy accept;
    ct direction reply meta mark set ct mark
  }
  chain postmangle {
    type filter hook postrouting priority mangle; policy accept;
    meta l4proto udp meta mark 0x0000ca6c ct mark set meta mark
  }
}
`,
        },
      },
      vpn: { addresses: { eth0: ['10.2.0.1/24'] }, listeners: WEB },
    },
    links: [
      ['client:eth0', 'isp:eth0'],
      ['isp:eth1', 'host:eth0'],
      ['host:wg0', 'vpn:eth0'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'ip rule add pref 32764 lookup main suppress_prefixlength 0; ip rule add pref 32765 not fwmark 51820 lookup 51820',
      ],
    ],
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.2.0.1', port: 80 }, seen: 'answered' },
    ],
    truth: HEALTHY,
    mend: [['host', 'true']],
  },
  {
    name: 'near-firehol-restores-the-mark-in-output',
    thread: { title: 'firehol explain issue', address: 'https://github.com/netdata/netdata/issues/2049' },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['203.0.113.9/24'], eth1: ['203.0.112.9/24'] },
        routes: ['192.0.2.0/24 via 203.0.113.1', '198.51.100.0/24 via 203.0.112.1'],
      },
      isp1: { addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.0.2.254/24'] }, sysctls: FORWARDS },
      isp2: { addresses: { eth0: ['203.0.112.1/24'], eth1: ['198.51.100.1/24'] }, sysctls: FORWARDS },
      host: {
        addresses: { dsl1: ['192.0.2.1/24'], dsl2: ['198.51.100.2/24'] },
        routes: [
          'default via 192.0.2.254',
          'default via 198.51.100.1 table 102',
          '203.0.113.0/24 via 192.0.2.254 table 102',
        ],
        listeners: WEB,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j CONNMARK --restore-mark --nfmask 0x1fff --ctmask 0x1fff
-A PREROUTING -i dsl1 -m conntrack --ctstate NEW -j MARK --set-xmark 0x1/0x1fff
-A PREROUTING -i dsl2 -m conntrack --ctstate NEW -j MARK --set-xmark 0x2/0x1fff
-A INPUT -m conntrack --ctstate NEW -j CONNMARK --save-mark --nfmask 0x1fff --ctmask 0x1fff
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j CONNMARK --restore-mark --nfmask 0x1fff --ctmask 0x1fff
-A POSTROUTING -m conntrack --ctstate NEW -j CONNMARK --save-mark --nfmask 0x1fff --ctmask 0x1fff
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
-A OUTPUT -p icmp -m icmp --icmp-type 3 -m conntrack --ctstate INVALID,NEW -j DROP
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'isp1:eth0'],
      ['client:eth1', 'isp2:eth0'],
      ['isp1:eth1', 'host:dsl1'],
      ['isp2:eth1', 'host:dsl2'],
    ],
    traced: 'host',
    setup: [
      ['host', 'ip rule add pref 100 fwmark 0x1/0x1fff lookup main; ip rule add pref 101 fwmark 0x2/0x1fff lookup 102'],
    ],
    fails: { from: 'client', what: 'tcp', to: '198.51.100.2', port: 80 },
    seen: 'answered',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['host', 'true']],
  },
  {
    name: 'near-mdns-answers-the-group-on-a-wire-of-two-networks',
    thread: {
      title: 'Fix: always allow packets with multicast destination address',
      address: 'https://github.com/tmds/Tmds.MDns/pull/57',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.168.50.10/24'] } },
      device: {
        addresses: { eth0: ['192.168.51.10/24'], eth1: ['192.0.2.1/24'] },
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol { icmp, igmp } accept
    ip daddr 224.0.0.251 udp dport 5353 accept
  }
}
`,
        },
      },
      desk: { addresses: { eth0: ['192.0.2.2/24'] } },
    },
    links: [
      ['client:eth0', 'device:eth0'],
      ['desk:eth0', 'device:eth1'],
    ],
    traced: 'device',
    setup: [
      ['device', serves('224.0.0.251', 5353, '192.168.51.10', "('224.0.0.251',5353)")],
      [
        'client',
        asks(
          'AF_INET',
          "o.bind(('',5353)); o.setsockopt(0,35,socket.inet_aton('224.0.0.251')+socket.inet_aton('192.168.50.10')); o.setsockopt(0,32,socket.inet_aton('192.168.50.10')); o.setsockopt(0,34,0); o.sendto(b'who',('224.0.0.251',5353)); s.sendto(o.recv(2000),who)",
        ),
      ],
    ],
    fails: POKED,
    seen: 'answered',
    looksAt: { protocol: 'udp', dst: '224.0.0.251' },
    others: [{ sending: { from: 'desk', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['device', 'true']],
  },
  {
    name: 'near-wsdd-answers-whoever-asks-the-group',
    thread: {
      title: 'Requests from the neighboring subnet are blocked with firewall.',
      address: 'https://github.com/christgau/wsdd/issues/72',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.168.11.211/22'] } },
      samba: {
        addresses: { eno1: ['192.168.10.100/22'] },
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol { icmp, igmp } accept
    ip saddr 192.168.8.0/22 udp dport 3702 ct state new accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    ip protocol { icmp, igmp } accept
    udp sport 3702 ip daddr 192.168.8.0/22 accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'samba:eno1']],
    traced: 'samba',
    setup: [
      ['samba', serves('239.255.255.250', 3702, '192.168.10.100', 'who')],
      [
        'client',
        asks(
          'AF_INET',
          "o.setsockopt(0,32,socket.inet_aton('192.168.11.211')); o.sendto(b'Probe',('239.255.255.250',3702)); s.sendto(o.recv(2000),who)",
        ),
      ],
    ],
    fails: POKED,
    seen: 'answered',
    looksAt: { protocol: 'udp', dst: '239.255.255.250' },
    others: [{ sending: { from: 'client', what: 'ping', to: '192.168.10.100' }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['samba', 'true']],
  },
]

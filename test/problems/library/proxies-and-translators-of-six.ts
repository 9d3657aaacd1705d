/** A proxy that marks more than it takes, and a translator with an address of the private prefix. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const MANGLE =
  ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const PROXIES_AND_TRANSLATORS_OF_SIX: Problem[] = [
  {
    name: 'sshuttle-marks-datagrams-of-all-ports-and-takes-those-of-one',
    thread: {
      title: "sshuttle doesn't add ports to tproxy udp MARK rules",
      address: 'https://github.com/sshuttle/sshuttle/issues/367',
    },
    backend: 'iptables-legacy',
    hosts: {
      laptop: {
        addresses: { eth0: ['2001:db8:1::2/64'] },
        routes: ['default via 2001:db8:1::1'],
        rules: {
          v6: `*mangle
${MANGLE}:sshuttle-d-12300 - [0:0]
:sshuttle-m-12300 - [0:0]
:sshuttle-t-12300 - [0:0]
-A PREROUTING -j sshuttle-t-12300
-A OUTPUT -j sshuttle-m-12300
-A sshuttle-d-12300 -j MARK --set-xmark 0x1/0xffffffff
-A sshuttle-d-12300 -j ACCEPT
-A sshuttle-m-12300 -d ::1/128 -p tcp -m tcp -j RETURN
-A sshuttle-m-12300 -d ::1/128 -p udp -m udp -j RETURN
-A sshuttle-m-12300 -d 2001:db8:f::9/128 -p tcp -m tcp --dport 7777 -j MARK --set-xmark 0x1/0xffffffff
-A sshuttle-m-12300 -d 2001:db8:f::9/128 -p udp -m udp -j MARK --set-xmark 0x1/0xffffffff
-A sshuttle-t-12300 -p tcp -m socket -j sshuttle-d-12300
-A sshuttle-t-12300 -p udp -m socket -j sshuttle-d-12300
-A sshuttle-t-12300 -d ::1/128 -p tcp -m tcp -j RETURN
-A sshuttle-t-12300 -d ::1/128 -p udp -m udp -j RETURN
-A sshuttle-t-12300 -d 2001:db8:f::9/128 -p tcp -m tcp --dport 7777 -j TPROXY --on-port 12300 --on-ip :: --tproxy-mark 0x1/0x1
-A sshuttle-t-12300 -d 2001:db8:f::9/128 -p udp -m udp --dport 7777 -j TPROXY --on-port 12300 --on-ip :: --tproxy-mark 0x1/0x1
COMMIT
`,
        },
      },
      router: {
        addresses: { lan: ['2001:db8:1::1/64'], wan: ['2001:db8:f::1/64'] },
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['2001:db8:f::9/64', '2001:db8:f::10/64'] },
        routes: ['default via 2001:db8:f::1'],
        listeners: [
          { protocol: 'udp', address: '2001:db8:f::9', port: 123 },
          { protocol: 'udp', address: '2001:db8:f::10', port: 123 },
          { protocol: 'tcp', address: '2001:db8:f::9', port: 22 },
        ],
      },
    },
    links: [
      ['laptop:eth0', 'router:lan'],
      ['router:wan', 'server:eth0'],
    ],
    traced: 'laptop',
    setup: [['laptop', 'ip -6 rule add fwmark 1 lookup 100; ip -6 route add local default dev lo table 100']],
    fails: { from: 'laptop', what: 'udp', to: '2001:db8:f::9', port: 123 },
    seen: 'refused',
    others: [
      { sending: { from: 'laptop', what: 'udp', to: '2001:db8:f::10', port: 123 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '2001:db8:f::9', port: 22 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that marks has no port: every datagram to the server is led back into this host, where TPROXY takes those of port 7777 alone, and no socket has the others.',
      causes: [
        { rule: '-p udp -m udp -j MARK --set-xmark 0x1', chain: 'mangle sshuttle-m-12300' },
        { code: 'marked-astray', words: ['0x1'] },
      ],
      status: ['refused', 'lost', 'unanswered'],
    },
    mend: [
      [
        'laptop',
        'ip6tables -t mangle -R sshuttle-m-12300 4 -d 2001:db8:f::9/128 -p udp -m udp --dport 7777 -j MARK --set-mark 1',
      ],
    ],
  },
  {
    name: 'clatd-takes-its-address-from-the-private-one-of-two-prefixes',
    thread: {
      title: 'SLAAC problem, if more than on prefix at the eth-interface',
      address: 'https://github.com/toreanderson/clatd/issues/1',
    },
    backend: 'iptables-nft',
    hosts: {
      // what the translator sends: TAYGA's packets
      clat: { addresses: { eth0: ['fd00::3ed9:2bc1:a71a:c99a/128'] } },
      host: {
        addresses: { eth0: ['2001:db8:120c::10/64', 'fd00::10/64'] },
        routes: ['default via 2001:db8:120c::1'],
        sysctls: { ...FORWARDS, 'net.ipv6.conf.all.proxy_ndp': '1' },
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i clat -o eth0 -j ACCEPT
-A FORWARD -i eth0 -o clat -j ACCEPT
COMMIT
`,
        },
      },
      router: {
        addresses: { lan: ['2001:db8:120c::1/64', 'fd00::1/64'], wan: ['2001:db8:f::1/64'] },
        routes: ['64:ff9b::/96 via 2001:db8:f::9'],
        sysctls: FORWARDS,
      },
      plat: {
        addresses: { eth0: ['2001:db8:f::9/64'], lo: ['64:ff9b::c633:6409/128'] },
        routes: ['2001:db8:120c::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'tcp', address: '64:ff9b::c633:6409', port: 80 }],
      },
    },
    links: [
      ['clat:eth0', 'host:clat'],
      ['host:eth0', 'router:lan'],
      ['router:wan', 'plat:eth0'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'ip -6 addr add fe80::1/64 dev clat nodad; ip -6 route add fd00::3ed9:2bc1:a71a:c99a/128 dev clat; ip -6 neigh add proxy fd00::3ed9:2bc1:a71a:c99a dev eth0',
      ],
      ['clat', 'ip -6 route add default via fe80::1 dev eth0'],
    ],
    fails: { from: 'clat', what: 'tcp', to: '64:ff9b::c633:6409', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '64:ff9b::c633:6409', port: 80 }, seen: 'answered' },
      { sending: { from: 'clat', what: 'ping', to: 'fd00::1' }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: 'fd00::3ed9:2bc1:a71a:c99a' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The translator has an address of the private prefix, and leaves with it: nobody behind the router has a way back to fd00::/64.',
      causes: [{ code: 'not-masqueraded' }],
      status: ['unanswered'],
    },
    mend: [['host', 'ip6tables -t nat -A POSTROUTING -s fd00::3ed9:2bc1:a71a:c99a/128 -o eth0 -j MASQUERADE']],
  },
]

/** Ways that rules of IP do not show, from threads: a next hop that is gone, a filter of frames for one address. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** As libvirt writes them with ebtables for a guest whose address it knows. */
const nwfilter = (port: string, address: string) =>
  [
    `-N I-${port} -P RETURN`,
    `-N I-${port}-ipv4-ip -P RETURN`,
    `-A I-${port}-ipv4-ip -p IPv4 --ip-src 0.0.0.0 --ip-proto udp -j RETURN`,
    `-A I-${port}-ipv4-ip -p IPv4 --ip-src ${address} -j RETURN`,
    `-A I-${port}-ipv4-ip -j DROP`,
    `-A I-${port} -p IPv4 -j I-${port}-ipv4-ip`,
    `-A PREROUTING -i ${port} -j I-${port}`,
  ]
    .map((rule) => `ebtables -t nat ${rule}`)
    .join('; ')

export const WAYS_OF_FRAMES: Problem[] = [
  {
    name: 'opennebula-filter-lacks-the-address-of-the-virtual-router',
    thread: {
      title: 'B #5109 fix libvirt network filter for vrouter IPs',
      address: 'https://github.com/OpenNebula/one/pull/261',
    },
    backend: 'nft',
    hosts: {
      host: {
        bridges: { onebr0: ['one-7-0', 'one-8-0'] },
        addresses: { onebr0: ['10.0.0.254/24'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: 'table inet filter {\n  chain input { type filter hook input priority filter; policy drop; ct state established,related accept; iifname "lo" accept; icmp type echo-request accept; }\n}\n',
        },
      },
      vrouter: { addresses: { eth0: ['10.0.0.2/24', '10.0.0.1/24'] }, listeners: WEB },
      vm: { addresses: { eth0: ['10.0.0.8/24'] }, listeners: WEB },
    },
    links: [
      ['host:one-7-0', 'vrouter:eth0'],
      ['host:one-8-0', 'vm:eth0'],
    ],
    traced: 'host',
    setup: [['host', `${nwfilter('one-7-0', '10.0.0.2')}; ${nwfilter('one-8-0', '10.0.0.8')}`]],
    fails: { from: 'host', what: 'tcp', to: '10.0.0.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.0.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.0.0.8', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The filter of frames knows the router's own address, and not the one that it holds for its network: the bridge drops what it answers from there.",
      causes: [{ chain: 'bridge nat I-one-7-0-ipv4-ip' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['host', 'ebtables -t nat -I I-one-7-0-ipv4-ip 1 -p IPv4 --ip-src 10.0.0.1 -j RETURN']],
  },
  {
    name: 'openmptcprouter-keeps-the-next-hop-of-a-dead-uplink',
    thread: {
      title: 'Bug: Multipath route to VPS sometimes is not updated when WAN goes down',
      address: 'https://github.com/Ysurac/openmptcprouter/issues/4252',
    },
    backend: 'iptables-nft',
    hosts: {
      omr: {
        addresses: { eth1: ['192.168.1.2/24'], eth2: ['192.168.2.2/24'] },
        routes: [
          'default via 192.168.1.1',
          '203.0.113.9 nexthop via 192.168.1.1 weight 1 nexthop via 192.168.2.1 weight 250',
        ],
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth1 -j MASQUERADE
-A POSTROUTING -o eth2 -j MASQUERADE
COMMIT
`,
        },
      },
      modem1: {
        addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip nat {\n  chain postrouting { type nat hook postrouting priority srcnat; policy accept; oifname "wan" masquerade; }\n}\n',
        },
      },
      // its link is up, and nobody answers there
      modem2: {},
      vps: {
        addresses: { eth0: ['203.0.113.9/24', '203.0.113.10/24'] },
        listeners: [
          { protocol: 'udp', port: 65001 },
          { protocol: 'tcp', port: 65222 },
        ],
      },
    },
    links: [
      ['omr:eth1', 'modem1:lan'],
      ['omr:eth2', 'modem2:lan'],
      ['modem1:wan', 'vps:eth0'],
    ],
    traced: 'omr',
    fails: { from: 'omr', what: 'udp', to: '203.0.113.9', port: 65001 },
    seen: 'nothing',
    others: [
      { sending: { from: 'omr', what: 'tcp', to: '203.0.113.10', port: 65222 }, seen: 'answered' },
      { sending: { from: 'omr', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The route to the server still has the next hop of the uplink that is down: what is sent there waits for a neighbour that does not answer.',
      causes: [{ code: 'neighbour-failed', words: ['192.168.2.1'] }],
      status: ['lost'],
    },
    mend: [['omr', 'ip route replace 203.0.113.9 via 192.168.1.1']],
  },
]

/** IncusOS's uplink, whose bridge hands frames to a veth of the same host, from a thread: with br_netfilter a packet is tracked twice. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const SSH = { protocol: 'tcp', port: 22 } as const

/** The host's address is on enp5s0, whose other end _ienp5s0 is a port of the bridge of _penp5s0, the card. */
const incusOs = (bridgeNf: '0' | '1', more = ''): Pick<Problem, 'hosts' | 'links' | 'traced' | 'setup'> => ({
  hosts: {
    lan: {
      addresses: { eth0: ['192.168.1.9/24'] },
      listeners: [HTTPS, { protocol: 'udp', port: 123 }],
    },
    host: {
      bridges: { benp5s0: ['_penp5s0'], incusbr0: ['vethk'] },
      addresses: { incusbr0: ['10.20.0.1/24'] },
      sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': bridgeNf },
      listeners: [SSH, { protocol: 'udp', port: 53 }],
      rules: {
        nft: `table inet incus {
  chain pstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.20.0.0/24 ip daddr != 10.20.0.0/24 masquerade
  }
  chain fwd.incusbr0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "incusbr0" accept
    ip version 4 iifname "incusbr0" accept
  }
  chain in.incusbr0 {
    type filter hook input priority filter; policy accept;
    iifname "incusbr0" tcp dport 53 accept
    iifname "incusbr0" udp dport { 53, 67 } accept
    iifname "incusbr0" icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
  }
  chain out.incusbr0 {
    type filter hook output priority filter; policy accept;
    oifname "incusbr0" tcp sport 53 accept
    oifname "incusbr0" udp sport { 53, 67 } accept
  }
  chain fwdprert.incusbr0 {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 192.168.1.10 tcp dport 18082 dnat ip to 10.20.0.250:8080
  }
  chain fwdout.incusbr0 {
    type nat hook output priority -100; policy accept;
    ip daddr 192.168.1.10 tcp dport 18082 dnat ip to 10.20.0.250:8080
  }
  chain fwdpstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.20.0.250 ip daddr 10.20.0.250 tcp dport 8080 masquerade
  }
}
`,
      },
    },
    box: {
      addresses: { eth0: ['10.20.0.250/24'] },
      routes: ['default via 10.20.0.1'],
      listeners: [{ protocol: 'tcp', port: 8080 }],
    },
  },
  links: [
    ['lan:eth0', 'host:_penp5s0'],
    ['host:vethk', 'box:eth0'],
  ],
  traced: 'host',
  setup: [
    [
      'host',
      `ip link add enp5s0 type veth peer name _ienp5s0; ip link set _ienp5s0 master benp5s0; ip link set _ienp5s0 up; ip link set enp5s0 up; ip addr add 192.168.1.10/24 dev enp5s0; ip route add default via 192.168.1.9; sleep 1${more}`,
    ],
  ],
})

export const TWICE_THROUGH_THE_SAME_HOST: Problem[] = [
  {
    name: 'incus-os-tracks-twice-and-its-bridge-takes-the-reply',
    thread: {
      title: 'Avoid double tracking of traffic when br_netfilter is in use',
      address: 'https://github.com/lxc/incus-os/pull/1261',
    },
    backend: 'nft',
    ...incusOs('1'),
    fails: { from: 'box', what: 'tcp', to: '192.168.1.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'box', what: 'udp', to: '10.20.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.168.1.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'box', what: 'udp', to: '192.168.1.9', port: 123 }, seen: 'nothing', either: true },
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.10', port: 18082 }, seen: 'answered' },
    ],
    truth: {
      words:
        "br_netfilter tracks the masqueraded packet a second time on the uplink's bridge, and gives it another port. The reply reaches the bridge itself, which also replies to ARP for the host's address: only the second translation is undone there, PREROUTING is not evaluated again for IP, and the host refuses what the container had asked for.",
      causes: [{ code: 'bridge-nf-call' }],
      status: ['reply-lost', 'unanswered', 'lost'],
      alsoTrue: ['wrong-way-out', 'refused-here', 'closed-port'],
    },
    mend: [
      [
        'host',
        'nft "add table bridge incus-osd; add chain bridge incus-osd prerouting { type filter hook prerouting priority -300; }; add rule bridge incus-osd prerouting iifname \\"_ienp5s0\\" notrack"',
      ],
    ],
  },
  {
    name: 'healthy-incus-os-translates-the-port-a-second-time',
    thread: {
      title: 'Avoid double tracking of traffic when br_netfilter is in use',
      address: 'https://github.com/lxc/incus-os/pull/1261',
    },
    backend: 'nft',
    ...incusOs('1', '; sysctl -qw net.ipv4.conf.benp5s0.arp_ignore=8'),
    fails: { from: 'box', what: 'tcp', to: '192.168.1.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'box', what: 'udp', to: '192.168.1.9', port: 123 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.10', port: 18082 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nothing is wrong: the packet is translated twice, and so is the reply, because the bridge does not reply to ARP for the host's address.",
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
]

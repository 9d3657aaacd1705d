import { describe, expect, it } from 'vitest'
import type { Hook } from '../../src/model/hook.ts'
import type { ConntrackEntry, Host } from '../../src/model/host.ts'
import type { Packet } from '../../src/model/packet.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { ABSENT, type EvalContext } from '../../src/rules/eval-context.ts'
import { held } from '../../src/rules/facts.ts'
import { FIELDS } from '../../src/rules/fields.ts'
import { isUnknown } from '../../src/rules/truth.ts'

const HOST: Host = {
  kernel: '6.18.0',
  links: [
    { index: 1, name: 'lo', addresses: [{ family: 'ip', address: '127.0.0.1', prefixLength: 8 }] },
    { index: 2, name: 'eth0', group: '7', addresses: [{ family: 'ip', address: '10.0.0.1', prefixLength: 24 }] },
    { index: 3, name: 'eth1', group: 'default', master: 'br0', addresses: [] },
    { index: 4, name: 'eth2', group: 'wan', addresses: [] },
  ],
}

/** `-`: the packet does not have it; `?`: not known. */
function tell(field: string, packet: Packet, hook?: Hook, more: Partial<EvalContext> = {}): unknown {
  const family = (packet.src ?? packet.dst ?? '').includes(':') ? 'ip6' : 'ip'
  const world = { ...emptyWorld(), host: HOST }
  const found = held(field, { packet, family, world, ...(hook ? { hook } : {}), ...more })
  return found === ABSENT ? '-' : isUnknown(found) ? '?' : found
}

type Row = [field: string, hook: Hook | undefined, packet: Packet, expected: unknown]

const table = (name: string, rows: Row[], more: Partial<EvalContext> = {}) =>
  describe(name, () => {
    it.each(rows)('%s at %s of %j: %j', (field, hook, packet, expected) => {
      expect(tell(field, packet, hook, more)).toEqual(expected)
    })
  })

it('every field has an answer, and says why where it has none', () => {
  for (const field of Object.keys(FIELDS)) {
    const found = held(field, { packet: {}, family: 'ip', world: emptyWorld() })
    if (isUnknown(found)) expect(found.unknown, field).toMatch(/not known|unknown/)
    else expect([ABSENT, 'ipv4', 0x0800, 4], field).toContain(found)
  }
})

const [own, other] = [{ src: '10.0.0.1' }, { src: '192.0.2.1' }]
table('interfaces', [
  ['meta iifname', 'prerouting', { in: 'eth0' }, 'eth0'],
  ['meta iifname', 'prerouting', {}, '?'],
  ['meta iifname', 'output', {}, ''],
  ['meta iifname', 'output', { in: 'lo' }, ''],
  ['meta iifname', undefined, {}, '?'],
  ['meta iifname', 'postrouting', { in: 'eth0' }, 'eth0'],
  ['meta iifname', 'postrouting', own, ''],
  ['meta iifname', 'postrouting', other, '?'],
  ['meta iifname', 'postrouting', { ...other, uid: 0 }, ''],
  // a bridge hands nothing on there
  ['meta iifname', 'postrouting', { in: 'br0', physIn: 'eth0', physOut: 'eth1' }, ''],
  ['meta oifname', 'prerouting', {}, ''],
  ['meta oifname', 'input', { out: 'lo' }, ''],
  ['meta oifname', 'forward', { out: 'eth1' }, 'eth1'],
  ['meta oifname', 'output', {}, '?'],
  ['meta physiifname', 'input', { in: 'br0', physIn: 'eth1' }, 'eth1'],
  ['meta physiifname', 'input', { in: 'eth0' }, ''],
  ['meta physiifname', 'input', {}, '?'],
  ['meta physiifname', 'output', {}, ''],
  ['meta physiifname', 'postrouting', own, ''],
  ['meta physoifname', 'input', { in: 'br0', physIn: 'eth1' }, ''],
  ['meta physoifname', 'forward', { in: 'br0', physIn: 'eth1', physOut: 'eth2' }, 'eth2'],
  ['meta physoifname', 'forward', { in: 'br0', physIn: 'eth1', out: 'eth0' }, ''],
  ['meta physoifname', 'forward', {}, '?'],
  ['meta bridged', 'forward', { in: 'br0', physIn: 'eth1' }, 'yes'],
  ['meta bridged', 'forward', { in: 'eth0' }, 'no'],
  ['meta ibrname', 'forward', { in: 'eth1' }, '-'],
  ['meta iifgroup', 'input', { in: 'eth0' }, 7],
  ['meta iifgroup', 'input', { in: 'eth1' }, 0],
  // only the host's own file knows names
  ['meta iifgroup', 'input', { in: 'eth2' }, '?'],
  ['meta iifgroup', 'input', { in: 'eth9' }, '?'],
  ['meta iifgroup', 'output', {}, '-'],
  ['meta oifgroup', 'input', {}, '-'],
])
const brouted = (calls: string, ...ports: string[]) => ({
  ...emptyWorld(),
  host: {
    links: [{ name: 'br0', kind: 'bridge' }, ...ports.map((name) => ({ name, master: 'br0' }))],
    sysctls: new Map([['net.bridge.bridge-nf-call-iptables', calls]]),
  },
})
// nft's trace shows no ports
table(
  'from a bridge that calls IP',
  [
    ['meta physiifname', 'forward', { in: 'br0', out: 'eth0' }, '?'],
    ['meta physiifname', 'forward', { in: 'br0', physIn: 'v1' }, 'v1'],
    ['meta physiifname', 'forward', { in: 'eth0', out: 'br0' }, ''],
    ['meta physoifname', 'forward', { in: 'br0', out: 'br0' }, '?'],
    ['meta physoifname', 'forward', { in: 'eth0', out: 'br0' }, ''],
  ],
  { world: brouted('1', 'v1', 'v2') },
)
table('from the only port of such a bridge', [['meta physiifname', 'forward', { in: 'br0', out: 'eth0' }, 'v1']], {
  world: brouted('1', 'v1'),
})
table(
  'from a bridge that does not',
  [
    ['meta physiifname', 'forward', { in: 'br0', out: 'br0' }, ''],
    ['meta physoifname', 'forward', { in: 'br0', out: 'br0' }, ''],
  ],
  { world: brouted('0', 'v1') },
)
table(
  'before Linux 5.7',
  [
    ['meta iifname', 'postrouting', { in: 'eth0', ...other }, ''],
    ['meta iifname', 'forward', { in: 'eth0' }, 'eth0'],
  ],
  { world: { ...emptyWorld(), host: { kernel: '4.18.0-553.el8_10.x86_64' } } },
)
table(
  'of a kernel not known',
  [
    ['meta iifname', 'postrouting', { in: 'eth0' }, 'eth0'],
    ['meta iifname', 'postrouting', other, '?'],
  ],
  { world: emptyWorld() },
)
table(
  'in table bridge',
  [
    ['meta ibrname', 'forward', { in: 'eth1' }, 'br0'],
    ['meta ibrname', 'forward', { in: 'eth0' }, '-'],
    ['meta pkttype', 'forward', { in: 'eth1', dstMac: '02:00:00:00:00:01' }, '?'],
    ['ip saddr', 'forward', { src: '10.0.0.1' }, '10.0.0.1'],
    ['ip6 saddr', 'forward', { src: '10.0.0.1' }, '-'],
  ],
  { family: 'bridge' },
)

const unicast = '02:00:00:00:00:01'
const routed = { out: 'eth1', src: '192.0.2.1', dst: '192.0.2.2', srcMac: unicast, dstMac: '02:00:00:00:00:02' }
table(
  'in a table of bridges, of what this host sends or routes by one of its ports',
  [
    ['ether saddr', 'output', routed, unicast],
    ['ether daddr', 'output', { ...routed, uid: 0 }, '02:00:00:00:00:02'],
    ['ether saddr', 'output', { ...routed, srcMac: undefined }, '?'],
    ['ether type', 'output', routed, 0x800],
    ['ether saddr', 'postrouting', { ...routed, uid: 0 }, unicast],
    ['ether type', 'postrouting', { ...routed, src: '2001:db8::1' }, 0x86dd],
    ['meta iifname', 'output', routed, ''],
    ['meta iifname', 'postrouting', routed, ''],
  ] as Row[],
  { family: 'bridge' },
)
table('whom the frame is for', [
  ['meta pkttype', 'prerouting', { in: 'eth0', dst: '10.0.0.1' }, '?'],
  ['meta pkttype', 'prerouting', { in: 'eth0', dst: '10.0.0.1', dstMac: unicast }, 'unicast'],
  ['meta pkttype', 'prerouting', { in: 'eth0', dst: '10.0.0.1', dstMac: 'ff:ff:ff:ff:ff:ff' }, 'broadcast'],
  ['meta pkttype', 'prerouting', { in: 'eth0', dst: '224.0.0.1' }, 'multicast'],
  ['meta pkttype', 'prerouting', { in: 'eth0', dst: 'ff02::1' }, 'multicast'],
  ['meta pkttype', 'prerouting', { in: 'eth0', dst: '255.255.255.255' }, 'broadcast'],
  ['meta pkttype', 'prerouting', { in: 'lo', dst: '127.0.0.1' }, 'unicast'],
  // whatever it is, it is not forwarded otherwise
  ['meta pkttype', 'forward', { in: 'eth0', dst: '10.0.0.1' }, 'unicast'],
  ['meta pkttype', 'output', { dst: '224.0.0.1' }, 'unicast'],
  ['meta pkttype', 'postrouting', { dst: '224.0.0.1', uid: 0 }, 'unicast'],
  ['ether saddr', 'input', { in: 'eth0', srcMac: unicast }, unicast],
  ['ether saddr', 'input', { in: 'eth0' }, '?'],
  ['ether saddr', 'input', { in: 'lo', srcMac: unicast }, '-'],
  ['ether saddr', 'output', {}, '-'],
  ['vlan id', 'input', { in: 'eth0', vlan: 5 }, 5],
  ['ether type', 'input', { in: 'eth0', src: '10.0.0.1' }, 0x800],
])

table('whose it is', [
  ['meta skuid', 'output', { uid: 1000 }, 1000],
  ['meta skuid', 'output', {}, '?'],
  ['meta skgid', 'postrouting', { gid: 5 }, 5],
  ['meta skuid', 'postrouting', { in: 'eth0' }, '-'],
  ['meta skuid', 'forward', {}, '-'],
  // what comes back over the loopback has left its socket
  ['meta skuid', 'prerouting', { in: 'lo', uid: 1000 }, '-'],
  ['meta skuid', 'input', {}, '?'],
  // a socket is looked up early only for a connection that exists
  ['meta skuid', 'input', { protocol: 'tcp', tcpFlags: ['syn'] }, '-'],
  ['meta skuid', 'input', { protocol: 'tcp', tcpFlags: ['syn', 'ack'] }, '?'],
  ['meta cgroup', 'input', { protocol: 'tcp', tcpFlags: ['syn'] }, '-'],
  ['meta cgroup', 'forward', {}, '-'],
  ['meta cgroup', 'output', {}, '?'],
  ['meta mark', 'input', { mark: 0 }, 0],
  ['meta mark', 'input', {}, '?'],
  ['meta priority', 'input', {}, '?'],
  ['meta nfproto', 'input', { src: '::1' }, 'ipv6'],
])

table('network', [
  ['ip saddr', 'input', { src: '::1' }, '-'],
  ['ip6 saddr', 'input', { src: '::1' }, '::1'],
  ['ip dscp', 'input', { tos: 0xbb }, 0x2e],
  ['ip ecn', 'input', { tos: 0xbb }, 3],
  ['ip ttl', 'input', {}, '?'],
  ['ip6 hoplimit', 'input', { ttl: 64 }, '-'],
  ['ip6 length', 'input', { src: '::1', length: 60 }, 20],
  ['ip frag-off', 'input', { length: 60, dontFragment: false }, 0],
  // nft's trace does not print that bit
  ['ip frag-off', 'input', { length: 60 }, '?'],
  ['ip frag-off', 'input', {}, '?'],
  ['ip frag-off', 'input', { fragOffset: 1480, moreFragments: true, dontFragment: false }, 0x2000 | 185],
  ['ip frag-off', 'input', { length: 60, dontFragment: true }, 0x4000],
  ['frag frag-off', 'input', { src: '::1', fragOffset: 1480 }, 185],
  ['frag more-fragments', 'input', { src: '::1', fragOffset: 1480 }, 0],
  ['frag id', 'input', { src: '::1', ipId: 9, moreFragments: true }, 9],
  ['frag id', 'input', { src: '::1', ipId: 9 }, '?'],
  ['exthdr', 'input', { src: '::1' }, '?'],
  ['exthdr', 'input', {}, '-'],
])

const tcp: Packet = { protocol: 'tcp' }
const MSS = '020405B4'
table('transport', [
  ['tcp dport', 'input', { ...tcp, dport: 80 }, 80],
  ['tcp dport', 'input', { protocol: '6', dport: 80 }, 80],
  ['tcp dport', 'input', tcp, '?'],
  ['tcp dport', 'input', { dport: 80 }, '?'],
  ['tcp dport', 'input', { protocol: 'udp', dport: 80 }, '-'],
  ['tcp dport', 'input', { ...tcp, fragOffset: 8 }, '-'],
  ['tcp dport', 'input', { ...tcp, dport: 80, moreFragments: true }, 80],
  ['th dport', 'input', { protocol: 'sctp', dport: 9 }, 9],
  ['th dport', 'input', { protocol: 'icmp' }, '-'],
  ['tcp flags', 'input', { ...tcp, tcpFlags: ['syn', 'ack', 'ece', 'ae'] }, 0x52],
  ['tcp flags', 'input', { ...tcp, tcpFlags: [] }, 0],
  ['tcp options', 'input', { ...tcp, tcpOptions: '' }, []],
  ['tcp options', 'input', tcp, '?'],
  ['tcp options', 'input', { ...tcp, tcpOptions: `${MSS}0101080A0000000100000002` }, ['2', '1', '1', '8']],
  // the kernel reads on behind the end of options, and over a length of nothing
  ['tcp options', 'input', { ...tcp, tcpOptions: '0000020405B40000' }, ['0', '0', '2', '0', '0']],
  ['tcp options', 'input', { ...tcp, tcpOptions: '0300' }, ['3', '0']],
  ['tcp option maxseg size', 'input', { ...tcp, tcpOptions: MSS }, 1460],
  ['tcp option maxseg size', 'input', { ...tcp, tcpOptions: '01' }, '-'],
  ['tcp option maxseg size', 'input', { ...tcp, tcpOptions: '0204' }, '-'],
  ['icmp type', 'input', { protocol: 'icmp', icmpType: 8 }, 8],
  ['icmpv6 type', 'input', { protocol: 'icmp', icmpType: 8 }, '-'],
  ['icmpv6 type', 'input', { src: '::1', protocol: 'ipv6-icmp', icmpType: 128 }, 128],
  ['esp spi', 'input', { protocol: 'esp' }, '?'],
  ['esp spi', 'input', tcp, '-'],
  ['ah spi', 'input', tcp, '-'],
  ['ah spi', 'input', { src: '::1', ...tcp }, '?'],
])

const flow: Packet = { src: '10.0.0.7', dst: '10.1.0.7', sport: 1024, dport: 80, protocol: 'tcp' }
const back: Packet = { src: '10.1.0.7', dst: '10.0.0.7', sport: 80, dport: 1024, protocol: 'tcp' }
const fresh: Packet = { ...flow, ctState: 'new', ctStatus: [] }
const ping: Packet = { src: '10.0.0.7', dst: '10.1.0.7', protocol: 'icmp', icmpType: 8, icmpCode: 0, icmpId: 7 }
table('connection, by the packet alone', [
  ['ct state', 'input', { ctState: 'untracked' }, 'untracked'],
  ['ct state', 'input', {}, '?'],
  ...['mark', 'status', 'direction', 'protocol', 'helper', 'label', 'expiration', 'original saddr', 'both bytes'].map(
    (field): Row => [`ct ${field}`, 'input', { ...flow, ctState: 'invalid', ctMark: 1 }, '-'],
  ),
  ['ct mark', 'input', { ctMark: 5, ctState: 'established' }, 5],
  ['ct direction', 'input', fresh, 'original'],
  ['ct direction', 'input', { ...flow, ctState: 'established' }, '?'],
  ['ct direction', 'input', { ...flow, ctState: 'established', ctDir: 'reply' }, 'reply'],
  ['ct protocol', 'input', fresh, 'tcp'],
  // an error is about the connection of what it quotes
  ['ct protocol', 'input', { protocol: 'icmp', ctState: 'related', inner: flow }, 'tcp'],
  ['ct protocol', 'input', { protocol: 'icmp', ctState: 'related' }, '?'],
  ['ct original saddr', 'prerouting', fresh, '10.0.0.7'],
  ['ct original proto-dst', 'prerouting', fresh, 80],
  ['ct reply saddr', 'prerouting', fresh, '10.1.0.7'],
  ['ct reply proto-dst', 'prerouting', fresh, 1024],
  [
    'ct original saddr',
    'input',
    { ...back, ctState: 'established', ctDir: 'reply', ctStatus: ['assured'] },
    '10.0.0.7',
  ],
  // NAT may have rewritten it
  ['ct original daddr', 'forward', { ...fresh, ctStatus: ['dnat'] }, '?'],
  ['ct original daddr', 'forward', { ...flow, ctState: 'new' }, '?'],
  ['ct original proto-src', 'input', { ...ping, ctState: 'new', ctStatus: [] }, 7],
  ['ct original proto-dst', 'input', { ...ping, ctState: 'new', ctStatus: [] }, 0x800],
  ['ct reply proto-dst', 'input', { ...ping, ctState: 'new', ctStatus: [] }, 0],
  [
    'ct original proto-src',
    'input',
    { src: '10.0.0.7', dst: '10.1.0.7', protocol: 'esp', ctState: 'new', ctStatus: [] },
    0,
  ],
  ['ct helper', 'input', { ...flow, ctState: 'new', ctStatus: [] }, '-'],
  ['ct helper', 'input', { ...flow, ctState: 'new', ctStatus: ['expected'] }, '?'],
  ['ct expiration', 'input', fresh, '?'],
])

/** DNAT from 10.0.0.1:8080 to 10.1.0.7:80, and SNAT to 10.1.0.1. */
const ENTRY: ConntrackEntry = {
  family: 'ip',
  protocol: 'tcp',
  timeout: 60,
  original: { src: '10.0.0.7', dst: '10.0.0.1', sport: 1024, dport: 8080 },
  reply: { src: '10.1.0.7', dst: '10.1.0.1', sport: 80, dport: 3000 },
  status: ['assured'],
  mark: 5,
  labels: ['4'],
  counters: { original: { packets: 3, bytes: 300 }, reply: { packets: 0, bytes: 0 } },
}
const established: Packet = { protocol: 'tcp', ctState: 'established' }
const BESIDE = { ...ENTRY, original: { ...ENTRY.original, sport: 9 }, reply: { ...ENTRY.reply, dport: 3009 } }
const asListed = { world: { ...emptyWorld(), host: { conntrack: [BESIDE, ENTRY] } } }
const ends = (src: string, sport: number, dst: string, dport: number) => ({ ...established, src, sport, dst, dport })
table(
  'connection, by its entry in host state',
  [
    // before and behind each of the rewritings, both ways
    ['ct direction', 'prerouting', ends('10.0.0.7', 1024, '10.0.0.1', 8080), 'original'],
    ['ct direction', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), 'original'],
    ['ct direction', 'postrouting', ends('10.1.0.1', 3000, '10.1.0.7', 80), 'original'],
    ['ct direction', 'prerouting', ends('10.1.0.7', 80, '10.1.0.1', 3000), 'reply'],
    ['ct direction', 'forward', ends('10.1.0.7', 80, '10.0.0.7', 1024), 'reply'],
    ['ct direction', 'postrouting', ends('10.0.0.1', 8080, '10.0.0.7', 1024), 'reply'],
    ['ct direction', 'forward', ends('10.0.0.7', 1025, '10.1.0.7', 80), '?'],
    ['ct original daddr', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), '10.0.0.1'],
    ['ct reply daddr', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), '10.1.0.1'],
    ['ct reply proto-dst', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), 3000],
    // what may be the packet's own doing
    ['ct original daddr', 'forward', { ...ends('10.0.0.7', 1024, '10.1.0.7', 80), ctState: 'new' }, '?'],
    ['ct mark', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), '?'],
    ['ct label', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), '?'],
    ['ct expiration', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), '?'],
    ['ct both bytes', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), '?'],
  ],
  asListed,
)
table(
  'listed twice, with other timeouts',
  [['ct direction', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), 'original']],
  {
    world: { ...emptyWorld(), host: { conntrack: [ENTRY, { ...ENTRY, timeout: 50 }] } },
  },
)
table(
  'in two zones',
  [
    ['ct direction', 'forward', ends('10.0.0.7', 1024, '10.1.0.7', 80), '?'],
    ['ct direction', 'forward', { ...ends('10.0.0.7', 1024, '10.1.0.7', 80), ctZone: 1 }, 'original'],
  ],
  {
    world: {
      ...emptyWorld(),
      host: {
        conntrack: [
          { ...ENTRY, reply: { ...ENTRY.reply, dport: 3001 } },
          { ...ENTRY, zone: 1 },
        ],
      },
    },
  },
)
const last = ends('10.0.0.7', 1024, '10.1.0.7', 80)
table(
  'connection, as it is at this moment',
  [
    ['ct original daddr', 'forward', { ...last, ctState: 'new' }, '10.0.0.1'],
    ['ct label', 'forward', last, ['4']],
    ['ct expiration', 'forward', last, 60],
    ['ct original bytes', 'forward', last, 300],
    ['ct both packets', 'forward', last, 3],
    ['ct original avgpkt', 'forward', last, 100],
    ['ct reply avgpkt', 'forward', last, 0],
  ],
  { connection: ENTRY },
)

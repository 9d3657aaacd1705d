/** Fields that conditions ask for: what values are drawn for each. */
import { addresses, IDS, LENGTHS, MARKS, PORTS, SEQUENCES, TTLS, V4, V6, WINDOWS, WIRES } from './pools.ts'

export interface Field {
  word: string
  /** Its type in a set; absent: it is in none. */
  type?: string
  values: readonly (string | number)[]
  /** Prefixes, asked for as they are and in sets of intervals. */
  networks?: readonly string[]
  masks?: readonly string[]
  /** Ranges and comparisons are asked for. */
  isOrdered?: true
  family?: 'ip' | 'ip6'
  hooks?: readonly string[]
  /** Of tables. */
  families?: readonly string[]
}

const BEHIND_ROUTING = ['forward', 'output', 'postrouting', 'egress']
const WITH_INPUT = ['ingress', 'prerouting', 'input', 'forward']
const TRACKED = ['prerouting', 'input', 'forward', 'output', 'postrouting']
const number = (word: string, values: readonly number[], more: Partial<Field> = {}): Field => ({
  word,
  values,
  isOrdered: true,
  ...more,
})
const port = (word: string): Field => number(word, PORTS, { type: 'inet_service', masks: ['0xff', '0x1'] })
const address4 = (word: string, more: Partial<Field> = {}): Field => ({
  word,
  type: 'ipv4_addr',
  values: addresses(V4),
  networks: V4.networks,
  family: 'ip',
  ...more,
})
const address6 = (word: string, more: Partial<Field> = {}): Field => ({
  word,
  type: 'ipv6_addr',
  values: addresses(V6),
  networks: V6.networks,
  family: 'ip6',
  ...more,
})
const device = (word: string, hooks: readonly string[], type: string): Field => ({
  word,
  type,
  values: [...WIRES, 'lo'].map((name) => `"${name}"`),
  hooks,
})
const mark = (word: string, more: Partial<Field> = {}): Field =>
  number(word, MARKS, { type: 'mark', masks: ['0x3', '0x10'], ...more })
const lengths = (base: number) => LENGTHS.map((payload) => base + payload)

export const FIELDS: readonly Field[] = [
  address4('ip saddr', { masks: V4.masks }),
  address4('ip daddr', { masks: V4.masks }),
  address6('ip6 saddr', { masks: V6.masks }),
  address6('ip6 daddr', { masks: V6.masks }),
  { word: 'ip protocol', type: 'inet_proto', values: ['tcp', 'udp', 'icmp'], family: 'ip' },
  { word: 'ip dscp', type: 'dscp', values: ['ef', 'cs1', 'cs0', 'af11'], family: 'ip' },
  { word: 'ip6 dscp', values: ['ef', 'cs1', 'cs0'], family: 'ip6' },
  { word: 'ip ecn', type: 'ecn', values: ['ce', 'not-ect', 'ect0'], family: 'ip' },
  { word: 'ip6 ecn', values: ['ce', 'not-ect', 'ect0'], family: 'ip6' },
  number('ip ttl', [...TTLS, 63], { family: 'ip' }),
  number('ip6 hoplimit', [...TTLS, 63], { family: 'ip6' }),
  number('ip length', lengths(28), { family: 'ip' }),
  number('ip6 length', lengths(8), { family: 'ip6' }),
  number('ip id', IDS, { family: 'ip' }),
  number('ip version', [4, 6], { family: 'ip' }),
  number('ip frag-off', [0, 0x4000], { family: 'ip', masks: ['0x1fff', '0x4000'] }),
  number('ip6 version', [4, 6], { family: 'ip6' }),
  number('ip6 flowlabel', [0, 5], { family: 'ip6' }),
  port('tcp sport'),
  port('tcp dport'),
  port('udp sport'),
  port('udp dport'),
  port('th sport'),
  port('th dport'),
  number('tcp sequence', SEQUENCES),
  number('tcp ackseq', [0, 1]),
  number('tcp window', WINDOWS),
  number('tcp doff', [5, 6]),
  {
    word: 'icmp type',
    type: 'icmp_type',
    values: ['echo-request', 'echo-reply', 'destination-unreachable'],
    family: 'ip',
  },
  { word: 'icmp code', values: [0, 1, 3], family: 'ip' },
  number('icmp id', [1, 2], { family: 'ip' }),
  number('icmp sequence', [1, 2], { family: 'ip' }),
  {
    word: 'icmpv6 type',
    type: 'icmpv6_type',
    values: ['echo-request', 'echo-reply', 'destination-unreachable'],
    family: 'ip6',
  },
  { word: 'icmpv6 code', values: [0, 1, 4], family: 'ip6' },
  number('icmpv6 id', [1, 2], { family: 'ip6' }),
  number('icmpv6 sequence', [1, 2], { family: 'ip6' }),
  number('@th,0,16', PORTS),
  number('@th,16,16', PORTS),
  number('@nh,0,4', [4, 6]),
  number('@nh,64,8', [...TTLS, 63], { family: 'ip', families: ['ip'] }),
  number('@nh,56,8', [...TTLS, 63], { family: 'ip6', families: ['ip6'] }),
  { word: 'ether type', type: 'ether_type', values: ['ip', 'ip6', 'arp'], hooks: WITH_INPUT },
  {
    word: 'ether saddr',
    type: 'ether_addr',
    values: ['02:00:00:00:00:99', '02:00:00:00:00:98'],
    hooks: WITH_INPUT,
  },
  {
    word: 'ether daddr',
    type: 'ether_addr',
    values: ['02:00:00:00:01:01', '02:00:00:00:02:01'],
    hooks: WITH_INPUT,
  },
  mark('meta mark'),
  device('meta iifname', TRACKED, 'ifname'),
  device('meta oifname', BEHIND_ROUTING, 'ifname'),
  device('meta iif', TRACKED, 'iface_index'),
  device('meta oif', BEHIND_ROUTING, 'iface_index'),
  number('meta iifgroup', [0, 1], { hooks: TRACKED }),
  number('meta oifgroup', [0, 1], { hooks: BEHIND_ROUTING }),
  { word: 'meta l4proto', type: 'inet_proto', values: ['tcp', 'udp', 'icmp', 'ipv6-icmp'] },
  { word: 'meta nfproto', type: 'nf_proto', values: ['ipv4', 'ipv6'], families: ['inet'] },
  { word: 'meta protocol', type: 'ether_type', values: ['ip', 'ip6'] },
  number('meta length', [...lengths(28), ...lengths(48)]),
  { word: 'meta pkttype', type: 'pkt_type', values: ['unicast', 'broadcast', 'host'], hooks: WITH_INPUT },
  number('meta skuid', [0, 1000], { hooks: ['output', 'postrouting'] }),
  number('meta skgid', [0, 1000], { hooks: ['output', 'postrouting'] }),
  { word: 'ct direction', values: ['original', 'reply'], hooks: TRACKED },
  mark('ct mark', { hooks: TRACKED }),
  number('ct zone', [0, 1, 5], { hooks: TRACKED }),
  { word: 'ct l3proto', values: ['ipv4', 'ipv6'], hooks: TRACKED },
  { word: 'ct protocol', values: ['tcp', 'udp', 'icmp'], hooks: TRACKED },
  address4('ct original ip saddr', { hooks: TRACKED }),
  address4('ct original ip daddr', { hooks: TRACKED }),
  address4('ct reply ip saddr', { hooks: TRACKED }),
  address4('ct reply ip daddr', { hooks: TRACKED }),
  address6('ct original ip6 saddr', { hooks: TRACKED }),
  address6('ct original ip6 daddr', { hooks: TRACKED }),
  address6('ct reply ip6 saddr', { hooks: TRACKED }),
  address6('ct reply ip6 daddr', { hooks: TRACKED }),
  { word: 'ct helper', values: ['"ftp"'], hooks: TRACKED },
  { word: 'ct label', values: [1, 2], hooks: TRACKED },
]

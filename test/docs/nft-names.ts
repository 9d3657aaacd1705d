/** The fields that the nft language has, in groups, as the reader of its text lists them; and which of them a selector is. */
import type { Selector } from '../../src/rules/nft/ast.ts'
import {
  CT_DIRECTED_KEYS,
  CT_KEYS,
  EXTHDR_FIELDS,
  FIB_RESULTS,
  IP_OPTION_FIELDS,
  IPSEC_KEYS,
  META_KEYS,
  META_NAMES,
  NUMGEN_MODES,
  OSF_KEYS,
  PAYLOAD_FIELDS,
  RAW_BASES,
  RT_KEYS,
  SCTP_CHUNK_FIELDS,
  SCTP_CHUNKS,
  SOCKET_KEYS,
  TCP_OPTION_FIELDS,
  TCP_OPTIONS,
  TUNNEL_KEYS,
  TUNNELS,
} from '../../src/rules/nft/text/headers.ts'

type Groups = Readonly<Record<string, readonly string[]>>

const lists = (fields: Readonly<Record<string, ReadonlySet<string>>>): Groups =>
  Object.fromEntries(Object.entries(fields).map(([name, set]) => [name, [...set]]))

const { arp, icmpv6, ...payload } = lists(PAYLOAD_FIELDS)
const OTHER_NAMES = ['param-problem']
/** Listed as `sack` where only its presence is asked. */
const SACK_BLOCKS = ['sack0', 'sack1', 'sack2', 'sack3']
const ways = (keys: Iterable<string>): string[] => [...keys].map((key) => `original/reply ${key}`)

/** Headers, extension headers and options of packets. */
export const HEADERS: Groups = {
  ...payload,
  arp: arp!.flatMap((field) => (/^[sd]addr$/.test(field) ? [`${field} ether`, `${field} ip`] : [field])),
  icmpv6: icmpv6!.filter((field) => !OTHER_NAMES.includes(field)),
  '@': [...RAW_BASES],
  'in a tunnel': [...TUNNELS],
  ...lists(EXTHDR_FIELDS),
  exthdr: Object.keys(EXTHDR_FIELDS),
  'tcp option': [
    ...new Set(Object.values(TCP_OPTIONS).filter((name) => !SACK_BLOCKS.includes(name))),
    ...TCP_OPTION_FIELDS,
  ],
  'ip option': [
    ...Object.keys(IP_OPTION_FIELDS),
    ...new Set(Object.values(IP_OPTION_FIELDS).flatMap((set) => [...set])),
  ],
  'sctp chunk': [...SCTP_CHUNKS, ...SCTP_CHUNK_FIELDS],
  'dccp option': [],
}

/** What else a rule may ask: of the packet's way, its connection, the host. */
export const KEYS: Groups = {
  meta: [...new Set([...META_KEYS].map((key) => META_NAMES[key] ?? key))],
  // `ct count` is a statement
  ct: [...[...CT_KEYS].filter((key) => key !== 'count'), ...ways(CT_DIRECTED_KEYS)],
  'rt of the route': [...RT_KEYS],
  // `check` is read as the existence of `oif`
  fib: [...FIB_RESULTS].filter((result) => result !== 'check'),
  socket: [...SOCKET_KEYS],
  osf: [...OSF_KEYS],
  ipsec: [...IPSEC_KEYS, 'saddr', 'daddr'],
  tunnel: [...TUNNEL_KEYS],
  numgen: [...NUMGEN_MODES],
  jhash: [],
  symhash: [],
}

/** Group and names in it: a field of an option counts for its option, too. */
export function namesOf(selector: Selector): [group: string, name: string, ...covers: string[]] {
  if ('payload' in selector) {
    const of = selector.payload
    if ('base' in of) return ['@', of.base]
    return of.tunnel === undefined ? [of.protocol, of.field] : ['in a tunnel', of.tunnel]
  }
  if ('meta' in selector) return ['meta', selector.meta.key]
  if ('ct' in selector) {
    const { key, dir } = selector.ct
    const plain = key.replace(/^ip6? /, '')
    return ['ct', dir === undefined ? plain : `original/reply ${plain}`]
  }
  if ('exthdr' in selector) {
    const { name, field } = selector.exthdr
    return field === undefined ? ['exthdr', name] : [name, field.replace(/\[\d+\]$/, '')]
  }
  if ('tcp option' in selector) {
    const of = selector['tcp option']
    return 'base' in of ? ['tcp option', '@kind,offset,length'] : option('tcp option', of.name, of.field)
  }
  if ('ip option' in selector) return option('ip option', selector['ip option'].name, selector['ip option'].field)
  if ('sctp chunk' in selector) return option('sctp chunk', selector['sctp chunk'].name, selector['sctp chunk'].field)
  if ('dccp option' in selector) return ['dccp option', 'exists']
  if ('rt' in selector) return ['rt of the route', selector.rt.key]
  if ('fib' in selector) return option('fib', selector.fib.flags.join(' . '), selector.fib.result)
  if ('socket' in selector) return ['socket', selector.socket.key]
  if ('osf' in selector) return ['osf', selector.osf.key]
  if ('ipsec' in selector) return ['ipsec', selector.ipsec.key]
  if ('tunnel' in selector) return ['tunnel', selector.tunnel.key]
  if ('numgen' in selector) return ['numgen', selector.numgen.mode]
  return [Object.keys(selector)[0]!, 'hash']
}

const option = (group: string, name: string, field: string | undefined): [string, string, ...string[]] =>
  field === undefined ? [group, name] : [group, `${name} ${field}`, field]

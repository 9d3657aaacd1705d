/** What an expression asks for: the field as conditions name it, and the type of its data as nft names it. */
import { wordTable } from '../../model/word-table.ts'
import type { Ct, Expression, Exthdr, Fib, Jhash, Payload, Rt, Selector, Socket, TcpOption } from './ast.ts'
import { headerType, LAYERS, type Layers, MESSAGES, TCP_OPTIONS } from './headers.ts'

export interface Asked {
  /** As in rules/fields.ts; what is not in there is never known. */
  field: string
  /** nft's name of the type: `ipv4_addr`, `inet_service` … */
  type: string
  layers?: Layers
  /** Only whether it is there; the right side is true or false. */
  exists?: { field: string; flag: string }
}

/** Undefined for what is no selector: constants, operations. */
export function asked(expression: Expression): Asked | undefined {
  if (typeof expression !== 'object' || Array.isArray(expression)) return undefined
  if ('payload' in expression) return payload(expression.payload)
  if ('meta' in expression) return meta(expression.meta.key)
  if ('ct' in expression) return ct(expression.ct)
  if ('exthdr' in expression) return exthdr(expression.exthdr)
  if ('tcp option' in expression) return tcpOption(expression['tcp option'])
  if ('rt' in expression) return rt(expression.rt)
  if ('fib' in expression) return fib(expression.fib)
  if ('socket' in expression) return socket(expression.socket)
  return rarely(expression as Selector)
}

function payload(of: Payload['payload']): Asked {
  if ('base' in of) {
    const inside = of.tunnel === undefined ? '' : `${of.tunnel} `
    return { field: `${inside}@${of.base},${of.offset},${of.len}`, type: 'integer' }
  }
  const { protocol, field, tunnel } = of
  const type = headerType(protocol, field)
  // nothing is known of what a tunnel carries
  if (tunnel !== undefined) return { field: `${tunnel} ${protocol} ${field}`, type, ...layersOf(tunnel) }
  const icmp = MESSAGES[`${protocol} ${field}`]
  const layers = { ...LAYERS[protocol], ...(icmp ? { icmp } : {}) }
  return { field: `${protocol} ${field}`, type, layers }
}

const layersOf = (protocol: string): { layers?: Layers } => {
  const layers = LAYERS[protocol]
  return layers ? { layers } : {}
}

const META: Readonly<Record<string, readonly [field: string, type: string]>> = wordTable({
  iif: ['meta iifname', 'iface_index'],
  oif: ['meta oifname', 'iface_index'],
  iifname: ['meta iifname', 'ifname'],
  oifname: ['meta oifname', 'ifname'],
  ibrname: ['meta ibrname', 'ifname'],
  obrname: ['meta obrname', 'ifname'],
  ibriport: ['meta ibrname', 'ifname'],
  obriport: ['meta obrname', 'ifname'],
  sdif: ['meta sdifname', 'iface_index'],
  sdifname: ['meta sdifname', 'ifname'],
  iifkind: ['meta iifkind', 'ifkind'],
  oifkind: ['meta oifkind', 'ifkind'],
  iiftype: ['meta iiftype', 'iface_type'],
  oiftype: ['meta oiftype', 'iface_type'],
  iifgroup: ['meta iifgroup', 'devgroup'],
  oifgroup: ['meta oifgroup', 'devgroup'],
  mark: ['meta mark', 'mark'],
  pkttype: ['meta pkttype', 'pkt_type'],
  nfproto: ['meta nfproto', 'nf_proto'],
  l4proto: ['meta l4proto', 'inet_proto'],
  protocol: ['meta protocol', 'ether_type'],
  skuid: ['meta skuid', 'uid'],
  skgid: ['meta skgid', 'gid'],
  rtclassid: ['meta rtclassid', 'realm'],
  ibrvproto: ['meta ibrvproto', 'ether_type'],
  priority: ['meta priority', 'classid'],
  cgroup: ['meta cgroup', 'cgroup'],
  day: ['meta day', 'day'],
  hour: ['meta hour', 'hour'],
  time: ['meta time', 'time'],
  secpath: ['meta ipsec', 'boolean'],
  ipsec: ['meta ipsec', 'boolean'],
})

function meta(key: string): Asked {
  const [field, type] = META[key] ?? [`meta ${key}`, 'integer']
  return { field, type }
}

const CT_TYPES: Readonly<Record<string, string>> = wordTable({
  state: 'ct_state',
  status: 'ct_status',
  direction: 'ct_dir',
  mark: 'mark',
  l3proto: 'nf_proto',
  protocol: 'inet_proto',
  label: 'ct_label',
  event: 'ct_event',
  helper: 'string',
  expiration: 'duration',
  'proto-src': 'inet_service',
  'proto-dst': 'inet_service',
  'ip saddr': 'ipv4_addr',
  'ip daddr': 'ipv4_addr',
  'ip6 saddr': 'ipv6_addr',
  'ip6 daddr': 'ipv6_addr',
})

/** Which fields have a value of their own for both directions together. */
const COUNTED = ['bytes', 'packets', 'avgpkt']

function ct({ key, family, dir }: Ct['ct']): Asked {
  const whole = family === undefined ? key : `${family} ${key}`
  const type = CT_TYPES[whole] ?? (/^[sd]addr$/.test(key) ? 'address' : 'integer')
  const short = key.replace(/^ip6? /, '')
  const side = dir ?? (COUNTED.includes(key) ? 'both' : undefined)
  const network = whole.startsWith('ip6 ') ? 'ipv6' : whole.startsWith('ip ') ? 'ipv4' : undefined
  return {
    field: side === undefined ? `ct ${short}` : `ct ${side} ${short}`,
    type,
    ...(network ? { layers: { network } as const } : {}),
  }
}

function exthdr({ name, field, offset }: Exthdr['exthdr']): Asked {
  const layers: Layers = { network: 'ipv6' }
  const header = name.replace(/^rt[024]$/, (type) => (type === 'rt4' ? 'srh' : 'rt'))
  if (field === undefined)
    return { field: 'exthdr', type: 'boolean', layers, exists: { field: 'exthdr', flag: header.replace('srh', 'rt') } }
  const entry = offset ? ` ${offset}` : ''
  const type = headerType(name, field)
  return { field: `${header} ${field}${entry}`, type, layers: { ...layers, exthdr: header.replace('srh', 'rt') } }
}

function tcpOption(of: TcpOption['tcp option']): Asked {
  const layers: Layers = { transport: 'tcp' }
  if ('base' in of) {
    // one byte at the beginning of the option is its kind
    if (of.offset === 0 && of.len === 8)
      return { field: 'tcp options', type: 'integer', exists: { field: 'tcp options', flag: String(of.base) } }
    return { field: `tcp option @${of.base},${of.offset},${of.len}`, type: 'integer', layers }
  }
  const kind = TCP_OPTIONS[of.name] ?? Number(of.name)
  if (of.field === undefined || of.field === 'kind')
    // asked of any packet: one that is not TCP has none
    return { field: 'tcp options', type: 'boolean', exists: { field: 'tcp options', flag: String(kind) } }
  return { field: `tcp option ${of.name === 'mss' ? 'maxseg' : of.name} ${of.field}`, type: 'integer', layers }
}

function rt({ key, family }: Rt['rt']): Asked {
  if (key === 'classid') return { field: 'meta rtclassid', type: 'realm' }
  if (key === 'ipsec') return { field: 'rt ipsec', type: 'boolean' }
  if (key !== 'nexthop') return { field: `rt ${key}`, type: 'integer' }
  if (family === undefined) return { field: 'rt nexthop', type: 'address' }
  const network = family === 'ip6' ? 'ipv6' : 'ipv4'
  return { field: 'rt nexthop', type: family === 'ip6' ? 'ipv6_addr' : 'ipv4_addr', layers: { network } }
}

const FIB_FLAGS = ['saddr', 'daddr', 'mark', 'iif', 'oif']

function fib({ result, flags }: Fib['fib']): Asked {
  const list = typeof flags === 'string' ? [flags] : flags
  const key = FIB_FLAGS.filter((flag) => list.includes(flag)).join(' . ')
  if (result === 'type') return { field: `fib ${key} type`, type: 'fib_addrtype' }
  if (result === 'check') return { field: `fib ${key} oif`, type: 'boolean' }
  return { field: `fib ${key} oif`, type: result === 'oifname' ? 'ifname' : 'iface_index' }
}

function socket({ key, level }: Socket['socket']): Asked {
  if (key === 'cgroupv2') return { field: `socket cgroupv2 level ${level ?? 0}`, type: 'cgroupsv2' }
  return { field: `socket ${key}`, type: key === 'mark' ? 'mark' : 'integer' }
}

/** In the field's name is all that it is made of (facts/numbers.ts). */
const made = (kind: string, { mod, offset = 0, seed }: { mod: number; offset?: number; seed?: number }): Asked => ({
  field: `${kind} mod ${mod}${seed === undefined ? '' : ` seed ${seed}`}${offset === 0 ? '' : ` offset ${offset}`}`,
  type: 'integer',
})

function hash({ expr, ...rest }: Jhash['jhash']): Asked {
  const parts = typeof expr === 'object' && !Array.isArray(expr) && 'concat' in expr ? expr.concat : [expr]
  const fields = parts.map(asked)
  const { field, type } = made(`jhash ${fields.map((one) => one?.field ?? 'unknown').join(' . ')}`, rest)
  // the first part's header is asked for; what the others need stands in the rule, or nft would not take it
  const layers = fields.find((one) => one?.layers)?.layers
  return { field, type, ...(layers ? { layers } : {}) }
}

/** What no packet and no host state tells anyway. */
function rarely(expression: Selector): Asked | undefined {
  if ('ip option' in expression) {
    const { name, field } = expression['ip option']
    const layers: Layers = { network: 'ipv4' }
    if (field === undefined) return { field: `ip option ${name} exists`, type: 'boolean' }
    return { field: `ip option ${name} ${field}`, type: 'integer', layers }
  }
  if ('sctp chunk' in expression) {
    const { name, field } = expression['sctp chunk']
    if (field === undefined) return { field: `sctp chunk ${name} exists`, type: 'boolean' }
    return { field: `sctp chunk ${name} ${field}`, type: 'integer', layers: { transport: 'sctp' } }
  }
  if ('dccp option' in expression) return { field: `dccp option ${expression['dccp option'].type}`, type: 'boolean' }
  if ('osf' in expression) return { field: `osf ${expression.osf.key}`, type: 'string' }
  if ('ipsec' in expression) {
    const { dir, key, family, spnum = 0 } = expression.ipsec
    const type = family === undefined ? 'integer' : family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
    return { field: `ipsec ${dir} spnum ${spnum} ${key}`, type }
  }
  if ('tunnel' in expression) return { field: `tunnel ${expression.tunnel.key}`, type: 'integer' }
  if ('numgen' in expression) return made(`numgen ${expression.numgen.mode}`, expression.numgen)
  if ('jhash' in expression) return hash(expression.jhash)
  if ('symhash' in expression) return made('symhash', expression.symhash)
  return undefined
}

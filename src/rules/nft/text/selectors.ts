/** What asks a packet, its connection or the host: `tcp dport`, `meta mark`, `ct state`, `fib saddr type` … */
import { wordTable } from '../../../model/word-table.ts'
import type { Selector } from '../ast.ts'
import {
  CT_DIRECTED_KEYS,
  CT_KEYS,
  EXTHDR_FIELDS,
  FIB_FLAGS,
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
  UNQUALIFIED_META,
} from './headers.ts'
import type { Parser } from './parser.ts'

/** The selector that begins here; undefined, with nothing taken, where none does. */
export function parseSelector(p: Parser): Selector | undefined {
  if (p.is('@') && RAW_BASES.has(p.ahead(1).text) && p.ahead(2).text === ',') return raw(p)
  const { kind, text } = p.token
  if (kind !== 'word') return undefined
  const begin = Object.hasOwn(BEGINNINGS, text) ? BEGINNINGS[text] : undefined
  if (begin) return begin(p)
  if (Object.hasOwn(PAYLOAD_FIELDS, text) || TUNNELS.has(text)) return payload(p)
  if (UNQUALIFIED_META.has(text)) return { meta: { key: metaKey(p.advance().text) } }
  if (Object.hasOwn(EXTHDR_FIELDS, text)) return exthdr(p)
  return undefined
}

/** `ct mark`, as the parser of statements meets it: the word `ct` is next. */
export function parseCt(p: Parser): Selector {
  p.expect('ct')
  const dir = p.is('original') || p.is('reply') ? (p.advance().text as 'original' | 'reply') : undefined
  if (dir && (p.is('ip') || p.is('ip6'))) {
    const family = p.advance().text
    if (!p.is('saddr') && !p.is('daddr')) p.fail('expected "saddr" or "daddr"')
    return { ct: { key: `${family} ${p.advance().text}`, dir } }
  }
  if (!p.isAny(dir ? CT_DIRECTED_KEYS : CT_KEYS)) p.fail('expected a key of ct')
  const key = p.advance().text
  return { ct: dir ? { key, dir } : { key } }
}

const BEGINNINGS: Record<string, (p: Parser) => Selector | undefined> = {
  meta: (p) => {
    p.advance()
    if (!p.isAny(META_KEYS)) p.fail('expected a key of meta')
    return { meta: { key: metaKey(p.advance().text) } }
  },
  ct: (p) => parseCt(p),
  rt: (p) => {
    const isHeader = EXTHDR_FIELDS.rt!.has(p.ahead(1).text)
    if (isHeader) return exthdr(p)
    p.advance()
    const family = p.is('ip') || p.is('ip6') ? (p.advance().text as 'ip' | 'ip6') : undefined
    const key = oneOf(p, RT_KEYS, 'a key of rt')
    return { rt: family ? { key, family } : { key } }
  },
  exthdr: (p) => {
    p.advance()
    const name = p.token.text
    if (!Object.hasOwn(EXTHDR_FIELDS, name)) p.fail('expected an extension header')
    p.advance()
    return { exthdr: { name } }
  },
  fib: (p) => {
    p.advance()
    const flags = [oneOf(p, FIB_FLAGS, 'what fib looks up')]
    while (p.accept('.')) flags.push(oneOf(p, FIB_FLAGS, 'what fib looks up'))
    return { fib: { result: oneOf(p, FIB_RESULTS, 'what fib gives'), flags } }
  },
  socket: (p) => {
    p.advance()
    const key = oneOf(p, SOCKET_KEYS, 'a key of socket')
    if (key !== 'cgroupv2') return { socket: { key } }
    p.expect('level')
    return { socket: { key, level: p.number('a level') } }
  },
  osf: (p) => {
    p.advance()
    const ttl = p.accept('ttl') ? oneOf(p, OSF_TTLS, '"loose" or "skip"') : undefined
    const key = oneOf(p, OSF_KEYS, '"name" or "version"')
    return { osf: ttl ? { key, ttl } : { key } }
  },
  ipsec: (p) => {
    if (p.ahead(1).text !== 'in' && p.ahead(1).text !== 'out') {
      p.advance()
      return { meta: { key: 'ipsec' } }
    }
    p.advance()
    const dir = p.advance().text as 'in' | 'out'
    const spnum = p.accept('spnum') ? p.number('a number') : 0
    const family = p.is('ip') || p.is('ip6') ? (p.advance().text as 'ip' | 'ip6') : undefined
    const key = oneOf(p, family ? ADDRESSES : IPSEC_KEYS, 'a key of ipsec')
    return { ipsec: family ? { key, family, dir, spnum } : { key, dir, spnum } }
  },
  tunnel: (p) => {
    p.advance()
    return { tunnel: { key: oneOf(p, TUNNEL_KEYS, '"path" or "id"') } }
  },
  numgen: (p) => {
    p.advance()
    const mode = oneOf(p, NUMGEN_MODES, '"inc" or "random"')
    p.expect('mod')
    return { numgen: { mode, mod: p.number('a number'), offset: offset(p) ?? 0 } }
  },
  jhash: (p) => {
    p.advance()
    const expr = p.nested(() => p.shared.grammar.expression(p))
    p.expect('mod')
    const mod = p.number('a number')
    const seed = p.accept('seed') ? p.number('a number') : undefined
    const from = offset(p)
    const hash = { mod, expr, ...(seed === undefined ? {} : { seed }), ...(from === undefined ? {} : { offset: from }) }
    return { jhash: hash }
  },
  symhash: (p) => {
    p.advance()
    p.expect('mod')
    const mod = p.number('a number')
    const from = offset(p)
    return { symhash: from === undefined ? { mod } : { mod, offset: from } }
  },
}

const set = (text: string): ReadonlySet<string> => new Set(text.split(' '))
const OSF_TTLS = set('loose skip')
const ADDRESSES = set('saddr daddr')

function oneOf(p: Parser, names: ReadonlySet<string>, what: string): string {
  if (!p.isAny(names)) p.fail(`expected ${what}`)
  return p.advance().text
}

const metaKey = (key: string): string => (Object.hasOwn(META_NAMES, key) ? META_NAMES[key]! : key)

const offset = (p: Parser): number | undefined => (p.accept('offset') ? p.number('an offset') : undefined)

/** `@th,160,32` */
function raw(p: Parser): Selector {
  p.advance()
  const base = p.advance().text
  p.expect(',')
  const from = p.number('an offset in bits')
  p.expect(',')
  return { payload: { base, offset: from, len: p.number('a length in bits') } }
}

/** A name alone may also be a value (`meta protocol ip`): then nothing is taken. */
function payload(p: Parser): Selector | undefined {
  const protocol = p.token.text
  const field = p.ahead(1).kind === 'word' ? p.ahead(1).text : ''
  if (TUNNELS.has(protocol) && p.ahead(1).kind === 'word' && Object.hasOwn(PAYLOAD_FIELDS, field)) {
    const start = p.position
    p.advance()
    const inner = p.nested(() => payload(p))
    if (!inner) {
      p.position = start
      return undefined
    }
    if ('payload' in inner) return { payload: { ...inner.payload, tunnel: protocol } }
    return inner
  }
  if (field === 'option' && (protocol === 'ip' || protocol === 'tcp' || protocol === 'dccp')) return option(p, protocol)
  if (protocol === 'sctp' && field === 'chunk') return sctpChunk(p)
  if (!PAYLOAD_FIELDS[protocol]?.has(field)) return undefined
  p.advance()
  p.advance()
  if (protocol === 'arp' && ADDRESSES.has(field)) {
    if (!p.is('ether') && !p.is('ip')) p.fail('expected "ether" or "ip"')
    return { payload: { protocol, field: `${field} ${p.advance().text}` } }
  }
  return { payload: { protocol, field: field === 'param-problem' ? 'parameter-problem' : field } }
}

function option(p: Parser, protocol: 'ip' | 'tcp' | 'dccp'): Selector {
  p.advance()
  p.advance()
  if (protocol === 'tcp') return parseTcpOption(p)
  if (protocol === 'dccp') return { 'dccp option': { type: p.number('the type of an option') } }
  const name = p.token.text
  const fields = Object.hasOwn(IP_OPTION_FIELDS, name) ? IP_OPTION_FIELDS[name] : undefined
  if (!fields) p.fail('expected an IP option')
  p.advance()
  return { 'ip option': p.isAny(fields!) ? { name, field: p.advance().text } : { name } }
}

/** Behind `tcp option`. */
export function parseTcpOption(p: Parser): Selector {
  if (p.accept('@')) {
    const base = tcpOptionKind(p)
    p.expect(',')
    const from = p.number('an offset in bits')
    p.expect(',')
    return { 'tcp option': { base, offset: from, len: p.number('a length in bits') } }
  }
  if (p.token.kind === 'number') {
    const base = p.number('the kind of an option')
    const length = p.accept('length')
    const name = Object.keys(TCP_OPTION_KINDS).find((name) => TCP_OPTION_KINDS[name] === base)
    if (name) return { 'tcp option': length ? { name, field: 'length' } : { name } }
    return { 'tcp option': { base, offset: length ? 8 : 0, len: 8 } }
  }
  const name = Object.hasOwn(TCP_OPTIONS, p.token.text) ? TCP_OPTIONS[p.token.text]! : p.fail('expected a TCP option')
  p.advance()
  const field = p.isAny(TCP_OPTION_FIELDS) ? p.advance().text : undefined
  return { 'tcp option': field === undefined ? { name } : { name, field } }
}

const TCP_OPTION_KINDS: Readonly<Record<string, number>> = wordTable({
  eol: 0,
  nop: 1,
  maxseg: 2,
  window: 3,
  'sack-perm': 4,
  sack: 5,
  timestamp: 8,
  md5sig: 19,
  mptcp: 30,
  fastopen: 34,
})

function tcpOptionKind(p: Parser): number {
  if (p.token.kind === 'number') return p.number('the kind of an option')
  const name = Object.hasOwn(TCP_OPTIONS, p.token.text) ? TCP_OPTIONS[p.token.text]! : ''
  const kind = TCP_OPTION_KINDS[name]
  if (kind === undefined) p.fail('expected the kind of a TCP option')
  p.advance()
  return kind!
}

function sctpChunk(p: Parser): Selector {
  p.advance()
  p.advance()
  const name = oneOf(p, SCTP_CHUNKS, 'an SCTP chunk')
  return { 'sctp chunk': p.isAny(SCTP_CHUNK_FIELDS) ? { name, field: p.advance().text } : { name } }
}

function exthdr(p: Parser): Selector | undefined {
  const name = p.token.text
  const field = p.ahead(1).text
  if (!EXTHDR_FIELDS[name]?.has(field)) return undefined
  p.advance()
  p.advance()
  if (field !== 'addr' && field !== 'sid') return { exthdr: { name, field } }
  if (!p.accept('[')) return { exthdr: { name, field } }
  const index = p.number('a number')
  p.expect(']')
  return { exthdr: { name, field: `${field}[${index}]` } }
}

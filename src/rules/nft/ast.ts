/**
 * What an nft rule says, in exactly the words of libnftables-json(5): the objects that `nft -j list ruleset` prints, each
 * with one key that names it. The text reader makes the same. `unknown` is the one addition: what was not understood.
 */
/** Bytes that nobody named: `@th,160,32`, or text that could not be read. */
export interface Unknown {
  unknown: { text: string }
}

export interface Payload {
  /** `tunnel`: the protocol that carries the header (`vxlan ip saddr`: tunnel vxlan, protocol ip). */
  payload:
    | { protocol: string; field: string; tunnel?: string }
    /** Raw: offset and length in bits from `ll`, `nh`, `th` or `ih` (inner). */
    | { base: string; offset: number; len: number; tunnel?: string }
}

/** `exthdr hbh` alone asks whether it exists; so do the next ones without a field. */
export interface Exthdr {
  exthdr: { name: string; field?: string; offset?: number }
}
export interface TcpOption {
  'tcp option': { name: string; field?: string } | { base: number; offset: number; len: number }
}
export interface IpOption {
  'ip option': { name: string; field?: string }
}
export interface SctpChunk {
  'sctp chunk': { name: string; field?: string }
}
export interface DccpOption {
  'dccp option': { type: number }
}
export interface Meta {
  meta: { key: string }
}
/** Keys with a direction may name the family: `ip saddr`; without it they are `saddr`, `daddr`, `bytes` … */
export interface Ct {
  ct: { key: string; family?: 'ip' | 'ip6'; dir?: 'original' | 'reply' }
}
export interface Rt {
  rt: { key: string; family?: 'ip' | 'ip6' }
}
export interface Fib {
  fib: { result: string; flags: string[] }
}
/** `level`: of `cgroupv2`. */
export interface Socket {
  socket: { key: string; level?: number }
}
export interface Osf {
  osf: { key: string; ttl?: string }
}
export interface Ipsec {
  ipsec: { key: string; dir: 'in' | 'out'; family?: 'ip' | 'ip6'; spnum?: number }
}
export interface TunnelKey {
  tunnel: { key: string }
}
export interface Numgen {
  numgen: { mode: string; mod: number; offset?: number }
}
export interface Jhash {
  jhash: { expr: Expression; mod: number; offset?: number; seed?: number }
}
export interface Symhash {
  symhash: { mod: number; offset?: number }
}

/** What asks a packet, the connection or the host; the left side of a match. */
export type Selector =
  | Payload
  | Exthdr
  | TcpOption
  | IpOption
  | SctpChunk
  | DccpOption
  | Meta
  | Ct
  | Rt
  | Fib
  | Socket
  | Osf
  | Ipsec
  | TunnelKey
  | Numgen
  | Jhash
  | Symhash

/** More than two operands stand for a chain from the left: (a | b) | c. */
export type Binary =
  | { '|': Expression[] }
  | { '&': Expression[] }
  | { '^': Expression[] }
  | { '<<': Expression[] }
  | { '>>': Expression[] }

export interface Concat {
  concat: Expression[]
}
export interface Prefix {
  prefix: { addr: Expression; len: number }
}
export interface Range {
  range: [Expression, Expression]
}
/** An anonymous set, or the pairs of an anonymous map: `[key, value]`. */
export interface AnonymousSet {
  set: (Expression | MapPair)[]
}
export type MapPair = [Expression, Expression | Verdict]
/** `data`: an anonymous map, or `@name`. */
export interface MapExpression {
  map: { key: Expression; data: AnonymousSet | string }
}
/** An element that carries more than its value. Seconds. */
export interface Elem {
  elem: {
    val: Expression
    timeout?: number
    expires?: number
    comment?: string
    /** Older and newer tools; also `ct count`, `last`. */
    counter?: { packets: number; bytes: number } | null
    limit?: LimitBody
    quota?: QuotaBody
    'ct count'?: CtCountBody
    last?: { used?: number } | null
  }
}

/** Text is a name, an address, `@set`, `$variable` is gone; `*` any; true and false are `exists` and `missing`. */
export type Expression =
  | number
  | string
  | boolean
  | Expression[]
  | Selector
  | Binary
  | Concat
  | Prefix
  | Range
  | AnonymousSet
  | MapExpression
  | Elem
  | Unknown

export type Verdict =
  | { accept: null }
  | { drop: null }
  | { continue: null }
  | { return: null }
  | { jump: { target: string } }
  | { goto: { target: string } }

/** `in`: any of the bits (`ct state new,established`, `tcp flags syn`). */
export type MatchOp = '==' | '!=' | '<' | '>' | '<=' | '>=' | 'in'

export interface LimitBody {
  rate: number
  rate_unit?: string
  per?: string
  burst?: number
  burst_unit?: string
  inv?: boolean
}
export interface QuotaBody {
  val: number
  val_unit?: string
  used?: number
  used_unit?: string
  inv?: boolean
}
export interface CtCountBody {
  val: number
  inv?: boolean
}
/** A named object: its name, or a map that gives it. */
export type ObjectReference = string | MapExpression

export interface NatBody {
  addr?: Expression
  port?: Expression
  family?: 'ip' | 'ip6'
  flags?: string | string[]
  /** `interval`, `prefix`, `concat`: what the map's data are. */
  type_flags?: string | string[]
}

export type Statement =
  | Verdict
  | { match: { op: MatchOp; left: Expression; right: Expression } }
  | { vmap: { key: Expression; data: AnonymousSet | string } }
  | { mangle: { key: Expression; value: Expression } }
  | { counter: { packets?: number; bytes?: number } | null | ObjectReference }
  | { quota: QuotaBody | ObjectReference }
  | { limit: LimitBody | ObjectReference }
  | { last: { used?: number } | null }
  | { 'ct helper': ObjectReference }
  | { 'ct timeout': ObjectReference }
  | { 'ct expectation': ObjectReference }
  | { 'ct count': CtCountBody }
  | { synproxy: SynproxyBody | null | ObjectReference }
  | { secmark: ObjectReference }
  | { tunnel: ObjectReference }
  | { fwd: { dev?: Expression; family?: 'ip' | 'ip6'; addr?: Expression } }
  | { dup: { addr?: Expression; dev?: Expression } }
  | { notrack: null }
  | { snat: NatBody | null }
  | { dnat: NatBody | null }
  | { masquerade: NatBody | null }
  | { redirect: NatBody | null }
  | { reject: { type?: string; expr?: Expression } | null }
  | { log: LogBody | null }
  | { queue: { num?: Expression; flags?: string | string[] } | null }
  | { tproxy: { family?: 'ip' | 'ip6'; addr?: Expression; port?: Expression } }
  | { flow: { op: string; flowtable: string } }
  /** `add @s { … }`, `update`, `delete`; `stmt`: what each element carries. */
  | { set: { op: string; elem: Expression; set: string; stmt?: Statement[] } }
  | { map: { op: string; elem: Expression; data: Expression; map: string; stmt?: Statement[] } }
  | { meter: { name: string; key: Expression; stmt: Statement; size?: number } }
  /** `reset tcp option`. */
  | { reset: Expression }
  /** iptables-nft's own matches and targets: JSON has no more than type and name of them, or null. */
  | { xt: { type: string; name: string } | null }
  | Unknown

export interface LogBody {
  prefix?: string
  group?: number
  snaplen?: number
  'queue-threshold'?: number
  level?: string
  flags?: string | string[]
}
export interface SynproxyBody {
  mss?: number
  wscale?: number
  flags?: string | string[]
}

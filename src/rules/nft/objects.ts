/**
 * Tables, chains, rules, sets and the objects that rules name, as libnftables-json(5) words them, and commands about them.
 * Readers make a list of commands (`list` is a list of `add`), and rules/nft/ruleset.ts makes the model of it.
 */
import type { RuleFamily } from '../../model/ruleset.ts'
import type { Expression, Statement, Unknown, Verdict } from './ast.ts'

interface Owned {
  family: RuleFamily
  table: string
  name: string
  handle?: number
  comment?: string
}

export interface TableObject {
  table: { family: RuleFamily; name: string; handle?: number; flags?: string | string[]; comment?: string }
}
export interface ChainObject {
  chain: Owned & {
    newname?: string
    type?: string
    hook?: string
    /** A number; the text form also has `filter`, `filter + 10`, `dstnat`: the text reader turns them into numbers. */
    prio?: number
    dev?: string | string[]
    policy?: string
    /** `offload` */
    flags?: string
  }
}
export interface RuleObject {
  rule: {
    family: RuleFamily
    table: string
    chain: string
    /** The rule's own: where it comes from, or which one is meant. */
    handle?: number
    index?: number
    /** Of `add` and `insert`: the handle of the rule to stand behind or in front of. */
    position?: number
    comment?: string
    expr: Statement[]
  }
}
/** `ipv4_addr`, a list of types for a concatenation, or what the type is taken from. */
export type SetType = string | string[] | { typeof: Expression }
interface SetBody extends Owned {
  type: SetType
  policy?: string
  flags?: string | string[]
  /** Seconds. */
  timeout?: number
  'gc-interval'?: number
  size?: number
  'auto-merge'?: boolean
  /** A map gives ranges (`type ipv4_addr : interval ipv4_addr`); JSON does not say it. */
  'data-interval'?: boolean
  /** What each element carries. */
  stmt?: Statement[]
}
export interface SetObject {
  set: SetBody & { elem?: Expression | Expression[] }
}
/** `map`: the type of its data, `verdict`, or an object's kind (`counter`, `ct helper` …). */
export interface MapObject {
  map: SetBody & { map: SetType; elem?: MapElement[] }
}
export type MapElement = [Expression, Expression | Verdict]
export interface ElementObject {
  element: { family: RuleFamily; table: string; name: string; elem: Expression | (Expression | MapElement)[] }
}
export interface MeterObject {
  meter: SetBody & { elem?: Expression | Expression[] }
}
export interface FlowtableObject {
  flowtable: Owned & { hook?: string; prio?: number; dev?: string | string[]; flags?: string | string[] }
}
export interface CounterObject {
  counter: Owned & { packets?: number; bytes?: number }
}
export interface QuotaObject {
  quota: Owned & { bytes?: number; used?: number; inv?: boolean }
}
export interface LimitObject {
  limit: Owned & {
    rate: number
    per?: string
    burst?: number
    unit?: string
    rate_unit?: string
    burst_unit?: string
    inv?: boolean
  }
}
export interface CtHelperObject {
  'ct helper': Owned & { type: string; protocol: string; l3proto?: string }
}
export interface CtTimeoutObject {
  'ct timeout': Owned & { protocol: string; l3proto?: string; policy?: Record<string, number> }
}
export interface CtExpectationObject {
  'ct expectation': Owned & { protocol: string; dport?: number; timeout?: number; size?: number; l3proto?: string }
}
export interface SecmarkObject {
  secmark: Owned & { context?: string }
}
export interface SynproxyObject {
  synproxy: Owned & { mss?: number; wscale?: number; flags?: string | string[] }
}
export interface TunnelObject {
  tunnel: Owned & Record<string, unknown>
}

/** What `list` prints, and what commands are about. */
export type RulesetObject =
  | TableObject
  | ChainObject
  | RuleObject
  | SetObject
  | MapObject
  | ElementObject
  | MeterObject
  | FlowtableObject
  | NamedObject

/** Objects that rules name. */
export type NamedObject =
  | CounterObject
  | QuotaObject
  | LimitObject
  | CtHelperObject
  | CtTimeoutObject
  | CtExpectationObject
  | SecmarkObject
  | SynproxyObject
  | TunnelObject

export type Verb = 'add' | 'create' | 'insert' | 'replace' | 'delete' | 'destroy' | 'flush' | 'rename' | 'reset'

/** One command; `flush` also takes `{ ruleset }`, whole tables, chains and sets by name alone. */
export interface Command {
  op: Verb
  object: RulesetObject | { ruleset: { family?: RuleFamily } | null } | Unknown
  line?: number
}

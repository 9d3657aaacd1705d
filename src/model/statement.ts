import type { Condition, NftSet, Scalar, Value } from './condition.ts'

/** What a map gives for these fields of the packet; a rule with it asks first whether there is such an element. */
export interface MapLookup {
  fields: string[]
  /** The map's name, or `` for one that the rule itself lists. */
  set: string
  nft: NftSet
}

/** What a rule puts into a map: fields of the packet, or constants in place of those that are ``. */
export interface MapData {
  fields: string[]
  constants?: readonly (Scalar | null)[]
}

/** Which field a statement writes: `new = (old & ~mask) ^ value`, 32 bits unless the field is narrower; absent mask: all bits. */
export interface Assignment {
  kind: 'set'
  /** `meta mark`, `ct mark`, `ip ttl`, `ip dscp`, `meta priority` … */
  field: string
  /**
   * Or another field's value as it was before: first `mask`, then `shift` bits to the left (negative: to the right); of an
   * address of IPv6 with another prefix.
   */
  value: number | string | { field: string; mask?: number; shift?: number; prefix?: PrefixExchange }
  mask?: number
  /** The value comes from a map; `value` is the map's name then. */
  map?: MapLookup
  /**
   * `add`/`sub` for TTL arithmetic (stops at 0 and 255), `min`: only ever lowered, `strip`: the TCP option of that number
   * is taken out; absent: the formula above.
   */
  op?: 'add' | 'sub' | 'min' | 'strip'
}

/** IPv6's network prefix translation: `from` becomes `to`, of which the longer one has `length` bits. */
export interface PrefixExchange {
  from: string
  to: string
  length: number
}

/** What NAT writes. Absent address or port: kept. `ports` and `addresses` are inclusive ranges. */
export interface Nat {
  kind: 'dnat' | 'snat' | 'masquerade' | 'redirect' | 'netmap'
  /** Other packets go on to the next rule (net/netfilter/nft_nat.c, nft_nat_inet_eval). */
  family?: 'ip' | 'ip6'
  addresses?: [string, string]
  ports?: [number, number]
  /** netmap: the network the host part is kept in, with its prefix length. */
  network?: { prefix: string; length: number }
  flags?: ('random' | 'fully-random' | 'persistent')[]
  /** Addresses, ports or both come from a map: `gives` says what the parts of its data are, as many as it has. */
  map?: MapLookup & { gives: ('address' | 'port')[] }
  /** DNAT with a port shift: the first port of the original range. */
  basePort?: number
}

/** What a rule does with a packet that it matches. */
export type Statement =
  /** Ends this base chain (accept), the journey (drop), or this chain (return). */
  | { kind: 'accept' | 'drop' | 'return' }
  | { kind: 'jump' | 'goto'; chain: string }
  /** A verdict from a map. */
  | { kind: 'vmap'; map: MapLookup }
  | { kind: 'reject'; with: string }
  /** The packet leaves for a program; `bypass`: accepted when nobody listens. */
  | { kind: 'queue'; from: number; to?: number; bypass?: boolean }
  /** The packet ends here without being dropped (SYNPROXY); `when`: only if that holds, others go on. */
  | { kind: 'stolen'; by: string; when?: Condition }
  /**
   * Handed to a transparent proxy's socket, and on to the next statement; where there is no such socket, dropped
   * (iptables) or on to the next rule (nft). Absent address or port: the packet's own.
   */
  | { kind: 'tproxy'; address?: string; port?: number; otherwise: 'drop' | 'next-rule' }
  | Assignment
  | Nat
  | { kind: 'notrack' }
  | { kind: 'trace' }
  | { kind: 'log'; prefix?: string; group?: number }
  /** Adds to or deletes from a named set. */
  | {
      kind: 'update-set'
      op: 'add' | 'delete'
      set: string
      fields: string[]
      timeout?: number
      nft?: NftSet
      data?: MapData
      /** What a new element carries: libnftables-json(5)'s statements. */
      carries?: readonly object[]
    }
  /** Known, without effect on where this packet goes (TEE, AUDIT, CHECKSUM, LED …). */
  | { kind: 'note'; text: string }
  /**
   * May change the packet or its way in a manner that is not modelled; `ends`: it gives a verdict of its own;
   * `fields`: it goes on to the next rule, and only these fields may be changed.
   */
  | { kind: 'unknown'; text: string; reason: string; ends?: boolean; fields?: string[]; value?: Value }

import type { SetElement } from './set-element.ts'

/**
 * The one language of conditions. Fields carry nft's names (`ip saddr`, `tcp dport`, `meta mark`, `ct state`);
 * rules/fields.ts lists them with their types. Everything here is plain JSON, as `map --json` prints it.
 */
export type Scalar = number | string

/** What a field is compared with. */
export type Value =
  | Scalar
  | { prefix: string; length: number }
  | { range: [Scalar, Scalar] }
  | { wildcard: string } // an interface name that begins so: iptables `eth+`, nft `eth*`
  | { set: Value[] }

export type Op = '==' | '!=' | '<' | '<=' | '>' | '>='

/**
 * `text` is the condition in the rule's own words (`-p tcp`, `--dport 52000`), for telling which one failed.
 * On a field that holds several flags (`ct status`), `==` with a set asks whether any of them is there.
 *
 * A packet that has no such field at all (a later fragment's `tcp dport`, a forwarded packet's `meta skuid`) fails a
 * comparison whatever its `op`, as in nft; so `{ not: == }` holds for it and `!=` does not. That is not the same as
 * a field whose value is not known. `nft`: nft asks, which takes some fields otherwise (rules/nft/fields.ts).
 *
 * `lookup`: the fields, one for each part of the set's type, make an element of the set. For an ipset the type is not
 * known where the rule is read, so there the fields are the rule's directions, `src` and `dst`; rules/ipset.ts
 * tells which fields they stand for once the type is known. A set of nft's is in `nft`; `differs`: no element fits.
 */
export type Condition =
  | { kind: 'compare'; field: string; op: Op; value: Value; mask?: Scalar; nft?: true; text?: string }
  | { kind: 'lookup'; fields: string[]; set: string; nft?: NftSet; differs?: true; text?: string }
  | { kind: 'not'; of: Condition; text?: string }
  | { kind: 'all'; of: Condition[]; text?: string }
  | { kind: 'any'; of: Condition[]; text?: string }
  /**
   * The packet has these fields, and the set has an element for them or takes one more: nft ends a rule that adds to a
   * full set. `deletes`: it takes one out, for which there is always room. `counts`: what the element allows is asked
   * behind it.
   */
  | {
      kind: 'room'
      fields: string[]
      set: string
      nft: NftSet
      deletes?: true
      counts?: true
      /** Of a map. */
      data?: { fields: string[]; constants?: readonly (Scalar | null)[] }
      text?: string
    }
  /**
   * Cannot be told from a packet and the host's state (`reason`), or was not understood (`reason: 'not understood'`).
   * `lasts`: holds for so much of what comes to it, in packets or in bytes of them, and then it depends.
   */
  | { kind: 'unknown'; text: string; reason: string; lasts?: Allowance }

/** `(field & and) ^ xor`, the field shifted before: to the left, or where `shift` is below 0, to the right. */
export interface Bits {
  and: number
  xor: number
  shift: number
}

/** Where nft looks: in a named set or map of the rule's table, or in elements that the rule itself lists. */
export interface NftSet {
  table?: { family: string; name: string }
  elements?: readonly SetElement[]
  /** Bits of each field that are compared, or what operators make of a field; null: all. */
  masks?: readonly (Scalar | Bits | null)[]
  /** In place of a field that is ``: the rule looks for this value, whatever the packet has. Null for the others. */
  constants?: readonly (Scalar | null)[]
}

/**
 * `each`: every combination of what these fields hold has its own, and conditions with the same `table` share them.
 * `behind`: whether it holds when the bytes are used up; `refills`: a limit's, which what is too long for the rest leaves as it
 * is; packets are allowed anew as time goes by.
 */
export type Allowance =
  | { packets: number; each?: Each }
  | { bytes: number; behind: boolean; refills?: true; each?: Each }
  /** So many connections at once; `over`: more than that. */
  | { connections: number; over: boolean; each?: Each }
  /** What the object of that name allows; a map chooses the name. */
  | { object: 'limit' | 'quota'; table: { family: string; name: string }; name?: string; map?: ObjectMap }
  /** What the set's element for these fields allows. */
  | { element: { fields: string[]; set: string; nft: NftSet } }

export interface Each {
  table: string
  fields: string[]
  /** nft's, in whose table it is. */
  nft?: NftSet
}

export interface ObjectMap {
  fields: string[]
  set: string
  nft: NftSet
}

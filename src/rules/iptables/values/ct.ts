/** Connection tracking states and status bits as `-m conntrack` and `-m state` name them (libxt_conntrack.c, net/netfilter/xt_conntrack.c). */
import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { type Option, word } from '../extension.ts'
import { readNames } from './names.ts'

/** In the order iptables-save prints them. */
export const CT_STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED'] as const
/** `--ctstate` takes these two besides; they are bits of the connection's status. */
const NAT_STATES = ['SNAT', 'DNAT'] as const
const STATUSES = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'] as const

const namesOption = (names: readonly string[], more: Partial<Option<string[]>>) =>
  word(
    (text) => readNames(text, names),
    (given) => given.join(','),
    more,
  )

/** `--state`; with `nat`, `--ctstate`. */
export const ctStates = (more: Partial<Option<string[]>> & { nat?: boolean } = {}) =>
  namesOption(more.nat ? [...CT_STATES, ...NAT_STATES] : CT_STATES, more)

/** `--ctstatus`; NONE adds no bit, so it is printed only where it stands alone. */
export const ctStatuses = (more: Partial<Option<string[]>> = {}): Option<string[]> => ({
  ...namesOption(STATUSES, more),
  print: (given) => [given.filter((name) => name !== 'NONE' || given.length === 1).join(',')],
})

/** States of packets that have no connection tracking entry. */
const WITHOUT_ENTRY = ['invalid', 'untracked']

/** Is the packet in one of these states? */
export function stateCondition(states: readonly string[], text: string): Condition {
  const plain = states.filter((name) => !NAT_STATES.includes(name as 'SNAT')).map((name) => name.toLowerCase())
  const nat = states.filter((name) => NAT_STATES.includes(name as 'SNAT')).map((name) => name.toLowerCase())
  const alternatives: Condition[] = []
  if (plain.length > 0) alternatives.push({ kind: 'compare', field: 'ct state', op: '==', value: oneOf(plain), text })
  if (nat.length > 0) alternatives.push({ kind: 'compare', field: 'ct status', op: '==', value: { set: nat }, text })
  return alternatives.length === 1 ? alternatives[0]! : { kind: 'any', of: alternatives, text }
}

/** `--ctstatus`: is one of these bits set? NONE is no bit, so it is never set, as in the kernel. */
export function statusCondition({ value, not }: Negatable<string[]>, text: string): Condition {
  const bits = value.filter((name) => name !== 'NONE').map((name) => name.toLowerCase().replace('_', '-'))
  if (bits.length > 0) return { kind: 'compare', field: 'ct status', op: not ? '!=' : '==', value: { set: bits }, text }
  return not ? tracked(text) : { kind: 'any', of: [], text }
}

/** Which of the states that mean "no entry" a `--ctstate` lets through; lower case. */
export function statesWithoutEntry(states: readonly string[], not: boolean): string[] {
  return WITHOUT_ENTRY.filter((name) => states.includes(name.toUpperCase()) !== not)
}

/** Has the packet an entry at all? */
export const tracked = (text: string): Condition => ({
  kind: 'compare',
  field: 'ct state',
  op: '!=',
  value: { set: WITHOUT_ENTRY },
  text,
})

const oneOf = (names: string[]) => (names.length === 1 ? names[0]! : { set: names })

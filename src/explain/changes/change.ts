/** The edits that fixes propose, each with those that take it back. */

import type { Unsayable } from '../../model/command.ts'
import type { Edit } from '../../model/edit.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain } from '../../model/ruleset.ts'
import { isNft } from '../refs.ts'
import { iptablesProposals, nftProposals } from './later.ts'
import type { MatchHints } from './match-hints.ts'
import { type Changing, NOT_TRIED, type Proposal } from './proposal.ts'
import type { RuleChanges, Spot } from './rule-changes.ts'

/** In the words of the rule's own program. */
export const changesOf = (ref: RuleRef): RuleChanges =>
  isNft(ref) ? nftProposals.loaded.nftChanges : iptablesProposals.loaded.iptablesChanges

/** Undefined for rules whose place is not known. */
export const deleteRule = (ref: RuleRef): Changing | undefined => changesOf(ref).remove(ref)

/** None where there is no change that would do. `unverified`: why it is not to be tried. */
export const propose = (
  description: string,
  change: Changing | undefined,
  note?: string,
  unverified: string = NOT_TRIED,
): Proposal[] => (change ? [{ description, ...change, unverified, ...(note === undefined ? {} : { note }) }] : [])

/** Accepts such packets in front of the rule (or at the chain's end, in front of its policy). */
export function acceptBefore(ref: RuleRef, packet: Packet, hints: MatchHints = {}): Changing | undefined {
  const spot = spotOf(ref)
  const told = isAnswer(packet) ? { answer: true, ...hints } : hints
  return spot && changesOf(ref).add(ref, spot, { kind: 'such', packet, hints: told }, { kind: 'accept' })
}

/** Its own port is the service's. */
const isAnswer = ({ ctDir, protocol, tcpFlags = [] }: Packet): boolean =>
  ctDir === 'reply' || (protocol === 'tcp' && tcpFlags.includes('syn') && tcpFlags.includes('ack'))

/** The same for frames by which neighbours are found. */
export const acceptNeighbours = (ref: RuleRef, family: 'ip' | 'ip6'): Changing | undefined =>
  changesOf(ref).add(ref, spotOf(ref) ?? { chain: ref.chain }, { kind: 'neighbours', family }, { kind: 'accept' })

/** In front of the rule, or of the policy; undefined where a rule's place is not known. */
export function spotOf(ref: RuleRef): { chain: string; before?: RuleRef } | undefined {
  const { chain, ruleNumber, handle, rule } = ref
  if (rule === undefined || /^(?:-P|policy) /.test(rule))
    return ruleNumber === undefined ? { chain } : { chain, before: ref }
  return ruleNumber === undefined && handle === undefined ? undefined : { chain, before: ref }
}

/** Where the chain's rule of this index stands, or the next one would. */
export function spotAt({ name, rules }: Chain, index: number): Spot {
  const before = rules[index]
  return { chain: name, ...(before ? { before } : {}) }
}

export const acceptByPolicy = (ref: RuleRef) => changesOf(ref).acceptByPolicy(ref)

/** A setting of the kernel, and back. */
export function setSysctl(name: string | Unsayable, value: string | number, before: string | number): Changing {
  if (typeof name !== 'string') return { ...name, kind: 'sysctl' }
  const line = (to: string | number): Edit[] => [{ kind: 'sysctl', name, value: String(to) }]
  return { edits: line(value), undo: line(before) }
}

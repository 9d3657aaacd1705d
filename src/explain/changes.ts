/** The edits that fixes propose, each with those that take it back; for rules in nft's words nft-changes.ts has them. */

import { isUnderstood } from '../edits/iptables/print.ts'
import { addressWord, matchedDevice, protocolWord } from '../edits/words.ts'
import type { Unsayable, Word } from '../model/command.ts'
import type { ChainEdit, Edit, RuleEdit } from '../model/edit.ts'
import type { RuleRef } from '../model/journey.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import type { IptablesSpec } from '../model/ruleset.ts'
import { printSpec } from '../rules/iptables/print.ts'
import { readRule } from '../rules/iptables/read.ts'
import { splitWords } from '../rules/iptables/words.ts'
import type { MatchHints } from './match-hints.ts'
import { acceptBeforeNft, acceptByNftPolicy, deleteNftRule } from './nft-changes.ts'
import type { Change, Changing, Proposal, Unspeakable } from './proposal.ts'
import { isNft } from './refs.ts'

type Place = Pick<RuleRef, 'family' | 'table'>
type RulePlace = Pick<RuleEdit, 'kind' | 'family' | 'table' | 'chain'>

/** Undefined where iptables has no such rules. */
const placeOf = ({ family, table }: Place, chain: string): RulePlace | undefined =>
  family === 'ip' || family === 'ip6' ? { kind: 'rule', family, table, chain } : undefined

/** The rule's own words without `-A CHAIN`. */
export const ruleWords = ({ rule = '' }: RuleRef): string[] => splitWords(rule).slice(2)

const isUnsayable = (word: Word): word is Unsayable => typeof word === 'object' && 'unsayable' in word

/**
 * As iptables-save would have it read: with the options that go without saying. Words that no reader understands stay in it
 * as they are.
 */
function specOf(words: readonly Word[], { family, table }: RulePlace): IptablesSpec | Unspeakable {
  const unsayable = words.find(isUnsayable)
  if (unsayable) return { ...unsayable, kind: 'rule' }
  const read = (texts: readonly string[]) => readRule(texts, family, table).specs[0]
  const spec = read(words as readonly string[])
  if (!spec) return { unsayable: 'language', kind: 'rule' }
  return isUnderstood(spec) ? (read(splitWords(printSpec(spec, family, table))) ?? spec) : spec
}

/** What is changed with a rule of these words. */
function withSpec(
  words: readonly Word[],
  place: RulePlace | undefined,
  change: (spec: IptablesSpec, place: RulePlace) => Changing,
): Changing | undefined {
  const spec = place && specOf(words, place)
  if (!spec || 'unsayable' in spec) return spec
  return change(spec, place)
}

/** Undefined for rules whose place is not known. */
export function deleteRule(ref: RuleRef): Changing | undefined {
  if (isNft(ref)) return deleteNftRule(ref)
  const { ruleNumber } = ref
  if (ruleNumber === undefined || !ref.rule?.startsWith('-A ')) return undefined
  return withSpec(ruleWords(ref), placeOf(ref, ref.chain), (spec, place) => ({
    edits: [{ ...place, op: 'delete', ruleNumber }],
    undo: [{ ...place, op: 'insert', ruleNumber, spec }],
  }))
}

/** The rule with other words, in its place; undefined for rules that iptables cannot replace by number. */
export function replaceRule(ref: RuleRef, words: readonly Word[]): Changing | undefined {
  const { ruleNumber } = ref
  if (ruleNumber === undefined || !ref.rule?.startsWith('-A ')) return undefined
  const line = (spec: IptablesSpec, place: RulePlace): RuleEdit => ({ ...place, op: 'replace', ruleNumber, spec })
  const before = withSpec(ruleWords(ref), placeOf(ref, ref.chain), (spec, place) => ({
    edits: [],
    undo: [line(spec, place)],
  }))
  if (!before || 'unsayable' in before) return before
  return withSpec(words, placeOf(ref, ref.chain), (spec, place) => ({ ...before, edits: [line(spec, place)] }))
}

/** The rule with another value behind an option; undefined where it has no such option. */
export function changeOption(ref: RuleRef, option: string, value: string): Changing | undefined {
  const words = ruleWords(ref)
  const at = words.indexOf(option)
  return at < 0 ? undefined : replaceRule(ref, words.with(at + 1, value))
}

/** A jump in place of the goto, so that packets come back. */
export function jumpInstead(ref: RuleRef): Changing | undefined {
  const words = ruleWords(ref)
  const at = words.lastIndexOf('-g')
  return at < 0 ? undefined : replaceRule(ref, words.with(at, '-j'))
}

/** A rule with these words, in front of rule `before` or at the chain's end; taken back by its words. */
export function addRule(
  place: Place,
  chain: string,
  before: number | undefined,
  words: readonly Word[],
): Changing | undefined {
  return withSpec(words, placeOf(place, chain), (spec, at) => {
    // where iptables does not take one of the names
    if (!isUnderstood(spec)) return { unsayable: 'name', kind: 'rule' }
    const edit = { ...at, spec }
    return {
      edits: [before === undefined ? { ...edit, op: 'append' } : { ...edit, op: 'insert', ruleNumber: before }],
      undo: [{ ...edit, op: 'delete' }],
    }
  })
}

/** A copy of the rule in front of another one; taken back by its number. */
export function copyRule(ref: RuleRef, { chain, ruleNumber }: RuleRef): Changing | undefined {
  if (ruleNumber === undefined) return undefined
  return withSpec(ruleWords(ref), placeOf(ref, chain), (spec, place) => ({
    edits: [{ ...place, op: 'insert', ruleNumber, spec }],
    undo: [{ ...place, op: 'delete', ruleNumber }],
  }))
}

/** A fix that is still to be tried; none where there is no change that would do. */
export const propose = (description: string, change: Changing | undefined, note?: string): Proposal[] =>
  change ? [{ description, ...change, unverified: 'not tried', ...(note === undefined ? {} : { note }) }] : []

/** Accepts such packets in front of the rule (or at the chain's end, in front of its policy). */
export function acceptBefore(ref: RuleRef, packet: Packet, told: MatchHints = {}): Changing | undefined {
  // where a rule's place is not known, nothing can be put in front of it
  const placed = ref.ruleNumber !== undefined || ref.rule === undefined || ref.rule.startsWith('-P ')
  if (isNft(ref)) return acceptBeforeNft(ref, packet, told)
  const words = placed ? packetMatch(packet, told) : undefined
  return words && addRule(ref, ref.chain, ref.ruleNumber, [...words, '-j', 'ACCEPT'])
}

/** Lets the chain accept what no rule drops. */
export function acceptByPolicy(ref: RuleRef): Change | undefined {
  if (isNft(ref)) return acceptByNftPolicy(ref)
  const place = placeOf(ref, ref.chain)
  const line = (policy: 'accept' | 'drop'): ChainEdit[] =>
    place ? [{ ...place, kind: 'chain', op: 'policy', policy }] : []
  return place && { edits: line('accept'), undo: line('drop') }
}

/** A setting of the kernel, and back. */
export function setSysctl(name: string | Unsayable, value: string | number, before: string | number): Changing {
  if (typeof name !== 'string') return { ...name, kind: 'sysctl' }
  const line = (to: string | number): Edit[] => [{ kind: 'sysctl', name, value: String(to) }]
  return { edits: line(value), undo: line(before) }
}

/** Options that choose whatever is for this destination. */
export function destinationMatch({ dst, protocol, dport }: Packet): Word[] {
  const words: Word[] = []
  if (dst !== undefined) words.push('-d', addressWord(dst, 'with length'))
  if (protocol !== undefined && dport !== undefined)
    words.push('-p', protocolWord(protocol), '-m', protocolWord(protocol), '--dport', String(dport))
  return words
}

/** Options that choose this packet and its like: addresses, protocol, the service's port, interfaces; not the client's passing port. */
export function packetMatch(packet: Packet, { hook, answer, rewritten }: MatchHints): Word[] | undefined {
  const { src, dst, protocol, icmpType } = packet
  if (src === undefined || dst === undefined) return undefined
  const words: Word[] = ['-s', addressWord(src, 'with length'), '-d', addressWord(dst, 'with length')]
  // iptables refuses -i where packets leave, and -o where they come in
  if (packet.in !== undefined && !isNameless(packet.in) && hook !== 'postrouting' && hook !== 'output')
    words.push('-i', matchedDevice(packet.in))
  if (packet.out !== undefined && !isNameless(packet.out) && hook !== 'prerouting' && hook !== 'input')
    words.push('-o', matchedDevice(packet.out))
  if (protocol !== undefined) words.push('-p', protocol === 'icmpv6' ? 'ipv6-icmp' : protocolWord(protocol))
  const [option, port] = answer ? ['--sport', packet.sport] : ['--dport', packet.dport]
  if (port !== undefined && protocol !== undefined) words.push('-m', protocolWord(protocol), option, String(port))
  else if (protocol === 'icmp' && icmpType !== undefined) words.push('-m', 'icmp', '--icmp-type', String(icmpType))
  else if (protocol === 'icmpv6' && icmpType !== undefined) words.push('-m', 'icmp6', '--icmpv6-type', String(icmpType))
  if (rewritten) words.push('-m', 'conntrack', '--ctstate', 'DNAT')
  return words
}

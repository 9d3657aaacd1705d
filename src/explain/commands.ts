/** The commands that fixes propose, each with the one that takes it back; for rules in nft's words nft-commands.ts has them. */

import { type Command, command, type Word } from '../model/command.ts'
import type { Hook } from '../model/hook.ts'
import type { Fix, RuleRef } from '../model/journey.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import { splitWords } from '../rules/iptables/words.ts'
import { acceptBeforeNft, deleteNftRule, setNftPolicy } from './nft-commands.ts'
import { isNft } from './refs.ts'
import { addressWord, matchedDevice, positional, protocolWord, ruleWord } from './words.ts'

/** A command, and the one that takes it back. */
export interface Change {
  command: Command
  undo: Command
}

type Place = Pick<RuleRef, 'family' | 'table'>

/** `iptables -t nat …`; table filter goes without saying. */
export const iptables = ({ family, table }: Place, ...words: Word[]): Command =>
  command(tool(family), ...(table === 'filter' ? [] : ['-t', table]), ...words)

const tool = (family: string) => (family === 'ip6' ? 'ip6tables' : 'iptables')

/** The rule's own words without `-A CHAIN`. */
export const ruleWords = ({ rule = '' }: RuleRef): string[] => splitWords(rule).slice(2)

/** Undefined for rules whose place is not known. */
export function deleteRule(ref: RuleRef): Change | undefined {
  if (isNft(ref)) return deleteNftRule(ref)
  if (ref.ruleNumber === undefined || !ref.rule?.startsWith('-A ')) return undefined
  const [chain, number] = [positional(ref.chain), String(ref.ruleNumber)]
  // which table it is is said here, whichever it is
  const line = (...words: Word[]) => command(tool(ref.family), '-t', ref.table, ...words)
  return { command: line('-D', chain, number), undo: line('-I', chain, number, ...ruleWords(ref).map(ruleWord)) }
}

/** The rule with other words, in its place; undefined for rules that iptables cannot replace by number. */
export function replaceRule(ref: RuleRef, words: readonly Word[]): Change | undefined {
  if (ref.ruleNumber === undefined || !ref.rule?.startsWith('-A ')) return undefined
  const line = (of: readonly Word[]) =>
    iptables(ref, '-R', positional(ref.chain), String(ref.ruleNumber), ...of.map(ruleWord))
  return { command: line(words), undo: line(ruleWords(ref)) }
}

/** The rule with another value behind an option; undefined where it has no such option. */
export function changeOption(ref: RuleRef, option: string, value: string): Change | undefined {
  const words = ruleWords(ref)
  const at = words.indexOf(option)
  return at < 0 ? undefined : replaceRule(ref, words.with(at + 1, value))
}

/** A jump in place of the goto, so that packets come back. */
export function jumpInstead(ref: RuleRef): Change | undefined {
  const words = ruleWords(ref)
  const at = words.lastIndexOf('-g')
  return at < 0 ? undefined : replaceRule(ref, words.with(at, '-j'))
}

/** A rule with these words, in front of rule `before` or at the chain's end; taken back by its words. */
export function addRule(place: Place, chain: string, before: number | undefined, words: readonly Word[]): Change {
  const [name, of] = [positional(chain), words.map(ruleWord)]
  return {
    command: iptables(place, ...(before === undefined ? ['-A', name] : ['-I', name, String(before)]), ...of),
    undo: iptables(place, '-D', name, ...of),
  }
}

/** A fix that is still to be tried; none where there is no command for it. */
export const propose = (description: string, change: Change | undefined, note?: string): Fix[] =>
  change ? [{ description, ...change, unverified: 'not tried', ...(note === undefined ? {} : { note }) }] : []

/** What else is known of a packet that a rule is to choose. */
export interface Told {
  /** Where the rule is to stand. */
  hook?: Hook | undefined
  /** It answers what another port had asked, which is another one each time. */
  answer?: boolean
  /** nat has written its destination: others may come there directly. */
  rewritten?: boolean
}

/** Accepts such packets in front of the rule (or at the chain's end, in front of its policy). */
export function acceptBefore(ref: RuleRef, packet: Packet, told: Told = {}): Change | undefined {
  // where a rule's place is not known, nothing can be put in front of it
  const placed = ref.ruleNumber !== undefined || ref.rule === undefined || ref.rule.startsWith('-P ')
  if (isNft(ref)) return acceptBeforeNft(ref, packet, told)
  const words = placed ? packetMatch(packet, told) : undefined
  return words && addRule(ref, ref.chain, ref.ruleNumber, [...words, '-j', 'ACCEPT'])
}

export function setPolicy(ref: RuleRef, policy: string, old: string): Change {
  if (isNft(ref)) return setNftPolicy(ref, policy, old)
  const line = (verdict: string) => iptables(ref, '-P', positional(ref.chain), positional(verdict))
  return { command: line(policy), undo: line(old) }
}

/** A setting of the kernel, and back. */
export function setSysctl(name: Word, value: string | number, before: string | number): Change {
  const line = (to: string | number) => command('sysctl', '-w', typeof name === 'string' ? `${name}=${to}` : name)
  return { command: line(value), undo: line(before) }
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
export function packetMatch(packet: Packet, { hook, answer, rewritten }: Told): Word[] | undefined {
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

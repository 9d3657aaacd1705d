/** The commands that fixes propose, each with the one that takes it back; for rules in nft's words nft-commands.ts has them. */

import { shellWord } from '../edits/shell.ts'
import type { Hook } from '../model/hook.ts'
import type { Fix, RuleRef } from '../model/journey.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import { splitWords } from '../rules/iptables/words.ts'
import { acceptBeforeNft, deleteNftRule, setNftPolicy } from './nft-commands.ts'
import { isNft } from './refs.ts'

export { shellWord }

const tool = (family: string) => (family === 'ip6' ? 'ip6tables' : 'iptables')
const tableOption = (table: string) => (table === 'filter' ? '' : ` -t ${table}`)

/** `iptables -t nat`; table filter goes without saying. */
export const iptablesHead = ({ family, table }: Pick<RuleRef, 'family' | 'table'>): string =>
  `${tool(family)}${tableOption(table)}`

/** The rule's own words without `-A CHAIN`, not yet quoted. */
export const ruleWords = ({ rule = '' }: RuleRef): string[] => splitWords(rule).slice(2)

/** Quoted for a shell: a comment may hold anything. */
const body = (ref: RuleRef) => ruleWords(ref).map(shellWord).join(' ')

export interface Command {
  command: string
  undo: string
}

/** Undefined for rules whose place is not known. */
export function deleteRule(ref: RuleRef): Command | undefined {
  if (isNft(ref)) return deleteNftRule(ref)
  if (ref.ruleNumber === undefined || !ref.rule?.startsWith('-A ')) return undefined
  const head = `${tool(ref.family)} -t ${ref.table}`
  return {
    command: `${head} -D ${shellWord(ref.chain)} ${ref.ruleNumber}`,
    undo: `${head} -I ${shellWord(ref.chain)} ${ref.ruleNumber} ${body(ref)}`.trimEnd(),
  }
}

/** The rule with other words, in its place; undefined for rules that iptables cannot replace by number. */
export function replaceRule(ref: RuleRef, words: readonly string[]): Command | undefined {
  if (ref.ruleNumber === undefined || !ref.rule?.startsWith('-A ')) return undefined
  const head = `${iptablesHead(ref)} -R ${shellWord(ref.chain)} ${ref.ruleNumber}`
  const line = (of: readonly string[]) => [head, ...of.map(shellWord)].join(' ')
  return { command: line(words), undo: line(ruleWords(ref)) }
}

/** The rule with another value behind an option; undefined where it has no such option. */
export function changeOption(ref: RuleRef, option: string, value: string): Command | undefined {
  const words = ruleWords(ref)
  const at = words.indexOf(option)
  return at < 0 ? undefined : replaceRule(ref, words.with(at + 1, value))
}

/** A jump in place of the goto, so that packets come back. */
export function jumpInstead(ref: RuleRef): Command | undefined {
  const words = ruleWords(ref)
  const at = words.lastIndexOf('-g')
  return at < 0 ? undefined : replaceRule(ref, words.with(at, '-j'))
}

/** A fix that is still to be tried; none where there is no command for it. */
export const propose = (description: string, command: Command | undefined, note?: string): Fix[] =>
  command ? [{ description, ...command, unverified: 'not tried', ...(note === undefined ? {} : { note }) }] : []

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
export function acceptBefore(ref: RuleRef, packet: Packet, told: Told = {}): Command | undefined {
  // where a rule's place is not known, nothing can be put in front of it
  const placed = ref.ruleNumber !== undefined || ref.rule === undefined || ref.rule.startsWith('-P ')
  if (isNft(ref)) return acceptBeforeNft(ref, packet, told)
  const words = placed ? packetMatch(packet, told) : undefined
  if (words === undefined) return undefined
  const head = iptablesHead(ref)
  const chain = shellWord(ref.chain)
  const place = ref.ruleNumber === undefined ? `-A ${chain}` : `-I ${chain} ${ref.ruleNumber}`
  return { command: `${head} ${place} ${words} -j ACCEPT`, undo: `${head} -D ${chain} ${words} -j ACCEPT` }
}

export function setPolicy(ref: RuleRef, policy: string, old: string): Command {
  if (isNft(ref)) return setNftPolicy(ref, policy, old)
  const head = `${tool(ref.family)}${tableOption(ref.table)} -P ${ref.chain}`
  return { command: `${head} ${policy}`, undo: `${head} ${old}` }
}

/** Options that choose whatever is for this destination, with a blank behind them. */
export function destinationMatch({ dst, protocol, dport }: Packet): string {
  const words: string[] = []
  if (dst !== undefined) words.push(`-d ${dst}/${dst.includes(':') ? 128 : 32}`)
  if (protocol !== undefined && dport !== undefined) words.push(`-p ${protocol} -m ${protocol} --dport ${dport}`)
  return words.map((word) => `${word} `).join('')
}

/** Options that choose this packet and its like: addresses, protocol, the service's port, interfaces; not the client's passing port. */
export function packetMatch(packet: Packet, { hook, answer, rewritten }: Told): string | undefined {
  if (packet.src === undefined || packet.dst === undefined) return undefined
  const width = packet.src.includes(':') ? 128 : 32
  const words = [`-s ${packet.src}/${width}`, `-d ${packet.dst}/${width}`]
  // iptables refuses -i where packets leave, and -o where they come in
  if (packet.in !== undefined && !isNameless(packet.in) && hook !== 'postrouting' && hook !== 'output')
    words.push(`-i ${shellWord(packet.in)}`)
  if (packet.out !== undefined && !isNameless(packet.out) && hook !== 'prerouting' && hook !== 'input')
    words.push(`-o ${shellWord(packet.out)}`)
  if (packet.protocol !== undefined) words.push(`-p ${packet.protocol === 'icmpv6' ? 'ipv6-icmp' : packet.protocol}`)
  const [option, port] = answer ? ['--sport', packet.sport] : ['--dport', packet.dport]
  if (port !== undefined && packet.protocol !== undefined) words.push(`-m ${packet.protocol} ${option} ${port}`)
  else if (packet.protocol === 'icmp' && packet.icmpType !== undefined)
    words.push(`-m icmp --icmp-type ${packet.icmpType}`)
  else if (packet.protocol === 'icmpv6' && packet.icmpType !== undefined)
    words.push(`-m icmp6 --icmpv6-type ${packet.icmpType}`)
  if (rewritten) words.push('-m conntrack --ctstate DNAT')
  return words.join(' ')
}

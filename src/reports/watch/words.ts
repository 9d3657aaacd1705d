/** Drops in words. */
import type { DropKind, KindRule } from '../../analysis/drops/tally.ts'
import { nameRef } from '../../explain/refs.ts'
import { countWords } from '../../model/count-words.ts'
import type { Packet } from '../../model/packet.ts'
import { printable } from '../../model/printable.ts'
import type { Marks } from '../marks.ts'
import { endText, kindWords } from '../packet-words.ts'

/** `tcp 10.0.0.2:40000 → 10.0.0.1:22`, `icmp 10.0.0.2 → 10.0.0.1 echo-request`. */
export function packetWords(packet: Packet, marks: Marks): string {
  const { protocol, src, sport, dst, dport } = packet
  if (src === undefined && dst === undefined) return 'a frame that is not IP'
  const ends = `${protocol ?? 'packet'} ${endText(src, sport)} ${marks.to} ${endText(dst, dport)}`
  return protocol === 'icmp' || protocol === 'icmpv6' ? [ends, ...kindWords(packet, marks, false)].join(' ') : ends
}

/** `in eth0`, `in eth0 out eth1`; empty where no name is known. */
export const interfacesOf = (kind: DropKind): string =>
  [kind.in && `in ${kind.in}`, kind.out && `out ${kind.out}`].filter(Boolean).join(' ')

/** `NETFILTER_DROP`, `NOT_SPECIFIED in ip_error`: a reason that says nothing has its function beside. */
export const reasonWords = ({ reason, place }: DropKind): string =>
  reason === 'NOT_SPECIFIED' && place !== undefined ? `${reason} in ${place}` : reason

/** What the reason means; of netfilter's own in words that fit where nothing is traced. Without a full stop. */
export const meaningWords = ({ reason, meaning }: DropKind): string =>
  reason === 'NETFILTER_DROP'
    ? 'netfilter dropped it: a rule, a policy or connection tracking'
    : (meaning?.text ?? 'a copy was dropped, or a packet of a kind that the kernel always drops')

const UNKNOWN: Readonly<Record<Exclude<KindRule, { known: true }>['why'], string>> = {
  none: 'rule unknown: by the rules as read, none drops it',
  open: 'rule unknown: it depends on something that nfwhy does not know',
  'not-played': 'rule not looked for: too many different packets at once',
  'not-read': 'rule unknown: the rules could not be read',
}

/** `filter INPUT rule 3`, or why it is not known. Empty: netfilter has nothing to do with it. */
export const ruleWords = ({ rule }: DropKind): string =>
  rule === undefined ? '' : rule.known ? nameRef(rule.ref) : UNKNOWN[rule.why]

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${countWords(count)} ${count === 1 ? one : many}`

/** `3 tuples`, `at least 3 tuples`. */
export const tupleCount = ({ tuples, manyTuples }: DropKind): string =>
  manyTuples ? `at least ${counted(tuples, 'tuple')}` : counted(tuples, 'tuple')

/** `12:31:05`, UTC. */
export const clockWords = (time: number): string => new Date(time).toISOString().slice(11, 19)

/** What the sums leave out, in sentences. */
export function gapWords({ missed, tally }: { missed: number; tally: { folded: number; rest: number } }): string[] {
  const told: string[] = []
  if (tally.folded > 0)
    told.push(
      `${counted(tally.folded, 'drop')} ${tally.folded === 1 ? 'is' : 'are'} counted by reason and protocol only: the kernel's table had no room for more tuples.`,
    )
  if (tally.rest > 0)
    told.push(`${counted(tally.rest, 'drop')} ${tally.rest === 1 ? 'is' : 'are'} counted without a reason.`)
  if (missed > 0)
    told.push(
      `At most ${counted(missed, 'more drop')}, of all network namespaces, ${missed === 1 ? 'was' : 'were'} not counted: each interrupted the counting of another.`,
    )
  return told
}

/** Of when the rules are that packets are simulated with, or why there are none; nothing while none were needed. */
export function rulesWords({ rulesRead, rulesProblem }: { rulesRead?: number; rulesProblem?: string }): string[] {
  if (rulesProblem !== undefined) return [`Rules are not named, as these cannot be read: ${printable(rulesProblem)}`]
  return rulesRead === undefined ? [] : [`Rules are simulated, as they were read at ${clockWords(rulesRead)} UTC.`]
}

/** Changes of rules in iptables' words. */

import { isUnderstood } from '../../edits/iptables/print.ts'
import { addressWord, matchedDevice, positional, protocolWord } from '../../edits/words.ts'
import type { Unsayable, Word } from '../../model/command.ts'
import type { ChainEdit, RuleEdit } from '../../model/edit.ts'
import type { RuleRef } from '../../model/journey.ts'
import { DISCOVERY_TYPES } from '../../model/neighbour-discovery.ts'
import { isNameless, type Packet } from '../../model/packet.ts'
import type { IptablesSpec } from '../../model/ruleset.ts'
import { isStandIn } from '../../model/stand-in.ts'
import { printSpec } from '../../rules/iptables/print.ts'
import { protocolNumber } from '../../rules/iptables/protocols.ts'
import { readRule } from '../../rules/iptables/read.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { splitWords } from '../../rules/iptables/words.ts'
import { isForAllOfLink, isOnAllLinks, typesLike } from '../neighbours/discovery.ts'
import { beforeNat, corrected, eased } from './iptables-correct.ts'
import type { MatchHints } from './match-hints.ts'
import { allOf, type Changing, type Unspeakable } from './proposal.ts'
import type { Chosen, Doing, Mark, RuleChanges, Spot } from './rule-changes.ts'

type Place = Pick<RuleRef, 'family' | 'table'>
type RulePlace = Pick<RuleEdit, 'kind' | 'family' | 'table' | 'chain'>

/** Undefined where iptables has no such rules. */
const placeOf = ({ family, table }: Place, chain: string): RulePlace | undefined =>
  family === 'ip' || family === 'ip6' ? { kind: 'rule', family, table, chain } : undefined

/** The rule's own words without `-A CHAIN`. */
const ruleWords = ({ rule = '' }: RuleRef): string[] => splitWords(rule).slice(2)

const isUnsayable = (word: Word): word is Unsayable => typeof word === 'object' && 'unsayable' in word

/**
 * As iptables-save would have it read: with the options that go without saying. Words that no reader understands stay in it
 * as they are.
 */
function specOf(words: readonly Word[], { family, table }: RulePlace): IptablesSpec | Unspeakable {
  const unsayable = words.find(isUnsayable)
  if (unsayable) return { ...unsayable, kind: 'rule' }
  // iptables takes it for the sign of what is not to match
  if (words.some((word, i) => word === '!' && /^-[io]$/.test(String(words[i - 1]))))
    return { unsayable: 'name', kind: 'rule' }
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

/** One stands in place of another; a list that got one more still has all that it had. */
const losesWord = (words: readonly string[], now: readonly string[]): boolean =>
  now.length === words.length && now.some((word, i) => word !== words[i] && !word.startsWith(`${words[i]},`))

export const iptablesChanges: RuleChanges = {
  remove(ref) {
    const { ruleNumber } = ref
    if (ruleNumber === undefined || !ref.rule?.startsWith('-A ')) return undefined
    return withSpec(ruleWords(ref), placeOf(ref, ref.chain), (spec, place) => ({
      edits: [{ ...place, op: 'delete', ruleNumber }],
      undo: [{ ...place, op: 'insert', ruleNumber, spec }],
    }))
  },
  correct(ref, miss, packet, how) {
    const words = ruleWords(ref)
    const now = corrected(words, miss, packet, how)
    if (!now) return undefined
    return how?.keeps && losesWord(words, now)
      ? newRule(ref, { chain: ref.chain, before: ref }, now)
      : replaceRule(ref, now)
  },
  asBeforeNat(ref) {
    const words = beforeNat(ruleWords(ref))
    return words && replaceRule(ref, words)
  },
  jumpInstead(ref) {
    const words = ruleWords(ref)
    const at = words.lastIndexOf('-g')
    return at < 0 ? undefined : replaceRule(ref, words.with(at, '-j'))
  },
  leadTo(ref, chain) {
    const words = ruleWords(ref)
    const at = words.findLastIndex((one) => one === '-j' || one === '-g') + 1
    return at > 0 ? replaceRule(ref, words.with(at, chain)) : undefined
  },
  returnInstead(ref) {
    const words = ruleWords(ref)
    const at = words.lastIndexOf('-j') + 1
    return words[at] === 'ACCEPT' ? replaceRule(ref, words.with(at, 'RETURN')) : undefined
  },
  /** Taken back by its words. */
  add(ref, { chain, before }, chosen, doing) {
    const target = targetOf(ref, doing)
    if (!target || (before && before.ruleNumber === undefined)) return undefined
    const changes = matchesOf(chosen).map((match) =>
      withSpec([...match, ...target], placeOf(ref, chain), (spec, at) => {
        // where iptables does not take one of the names
        if (!isUnderstood(spec)) return { unsayable: 'name', kind: 'rule' }
        const edit = { ...at, spec }
        return {
          edits: [before ? { ...edit, op: 'insert', ruleNumber: before.ruleNumber! } : { ...edit, op: 'append' }],
          undo: [{ ...edit, op: 'delete' }],
        }
      }),
    )
    return changes.length === 0 ? undefined : allOf(changes)
  },
  alike(ref, spot, miss, packet) {
    const words = corrected(ruleWords(ref), miss, packet)
    return words && newRule(ref, spot, words)
  },
  eased(ref, spot, miss) {
    const words = eased(ruleWords(ref), miss)
    return words && newRule(ref, spot, words)
  },
  forSent: (ref, spot, device) =>
    newRule(ref, spot, ['-o', matchedDevice(device), ...withoutOption(ruleWords(ref), '-i')]),
  /** Taken back by its number; at the end, by its words. */
  copy(ref, { chain, before }) {
    const { ruleNumber } = before ?? {}
    if (before && ruleNumber === undefined) return undefined
    return withSpec(ruleWords(ref), placeOf(ref, chain), (spec, place) =>
      ruleNumber === undefined
        ? { edits: [{ ...place, op: 'append', spec }], undo: [{ ...place, op: 'delete', spec }] }
        : { edits: [{ ...place, op: 'insert', ruleNumber, spec }], undo: [{ ...place, op: 'delete', ruleNumber }] },
    )
  },
  /** The port is said where the rule says one, or where the packet's own would not do. */
  sendTo(ref, { address, port }, asked, now = address) {
    const words = ruleWords(ref)
    const target = words.lastIndexOf('-j') + 1
    if (words[target] === 'REDIRECT' && address !== now)
      return replaceRule(ref, [...words.slice(0, target), 'DNAT', '--to-destination', endWord(address, port)])
    const said = words[words.indexOf('--to-destination') + 1] ?? ''
    const hasPort = /\d+\.\d+:\d+|\]:\d+/.test(said)
    const place = !hasPort && port === asked ? address : endWord(address, port)
    // a port is one of a protocol
    if (place !== address && !words.includes('-p')) return undefined
    return changeOption(ref, '--to-destination', place) ?? changeOption(ref, '--to-ports', String(port))
  },
  giveSourcePorts(ref, ports, to) {
    const words = ruleWords(ref)
    const at = words.findIndex((word) => word === '--to-source' || word === '--to-ports') + 1
    const [now, next] = [ports, to].map(([low, high]) => `${low}-${high}`)
    return at > 0 && words[at]?.endsWith(now!)
      ? replaceRule(ref, words.with(at, `${words[at].slice(0, -now!.length)}${next}`))
      : undefined
  },
  askForMark: (ref, { value, mask }) => changeOption(ref, '--mark', `${hex(value)}/${hex(mask)}`),
  setMark: (ref, { value, mask }) => changeOption(ref, '--set-xmark', `${hex(value)}/${hex(mask)}`),
  turnLookup(ref, set, fields) {
    const words = ruleWords(ref)
    const at = words.indexOf(set)
    return at < 0 ? undefined : replaceRule(ref, words.with(at + 1, fields.join(',')))
  },
  bypassQueue: (ref) => replaceRule(ref, [...ruleWords(ref), '--queue-bypass']),
  acceptByPolicy(ref) {
    const place = placeOf(ref, ref.chain)
    const line = (policy: 'accept' | 'drop'): ChainEdit[] =>
      place ? [{ ...place, kind: 'chain', op: 'policy', policy }] : []
    return place && { edits: line('accept'), undo: line('drop') }
  },
}

const endWord = (address: string, port: number | undefined): string =>
  port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** Taken back by its words. */
function newRule(ref: RuleRef, { chain, before }: Spot, words: readonly Word[]): Changing | undefined {
  if (before && before.ruleNumber === undefined) return undefined
  return withSpec(words, placeOf(ref, chain), (spec, place) => ({
    edits: [{ ...place, spec, ...(before ? { op: 'insert', ruleNumber: before.ruleNumber! } : { op: 'append' }) }],
    undo: [{ ...place, op: 'delete', spec }],
  }))
}

/** With the sign that turns it round. */
function withoutOption(words: readonly string[], option: string): string[] {
  const at = words.indexOf(option)
  if (at < 0) return [...words]
  return words[at - 1] === '!' ? words.toSpliced(at - 1, 3) : words.toSpliced(at, 2)
}

/** The rule with other words, in its place; undefined for rules that iptables cannot replace by number. */
function replaceRule(ref: RuleRef, words: readonly Word[]): Changing | undefined {
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
function changeOption(ref: RuleRef, option: string, value: string): Changing | undefined {
  const words = ruleWords(ref)
  const at = words.indexOf(option)
  return at < 0 ? undefined : replaceRule(ref, words.with(at + 1, value))
}

/** A rule for each: icmp6 matches one type. None where iptables has no words for it. */
function matchesOf(chosen: Chosen): readonly (readonly Word[])[] {
  if (chosen.kind === 'neighbours')
    return chosen.family === 'ip6' ? DISCOVERY_TYPES.map((type) => [...icmpMatch('icmpv6', type)]) : []
  const types = chosen.kind === 'such' ? typesLike(chosen.packet) : []
  if (chosen.kind === 'such' && types.length > 0)
    return types.flatMap((icmpType) => {
      const match = packetMatch({ ...chosen.packet, icmpType }, chosen.hints)
      return match ? [match] : []
    })
  const match = matchOf(chosen)
  return match ? [match] : []
}

function matchOf(chosen: Exclude<Chosen, { kind: 'neighbours' }>): readonly Word[] | undefined {
  switch (chosen.kind) {
    case 'such':
      return packetMatch(chosen.packet, chosen.hints)
    case 'destination':
      return [...destinationMatch(chosen.packet), ...(chosen.rewritten ? REWRITTEN : [])]
    case 'source': {
      const { src, dst, out } = chosen.packet
      const whole = (address = '') => addressWord(address, 'with length')
      const to = chosen.to ? ['-d', whole(dst)] : []
      const rewritten = chosen.rewritten ? REWRITTEN : []
      return ['-s', whole(src), ...to, ...(out === undefined ? [] : ['-o', matchedDevice(out)]), ...rewritten]
    }
    case 'answers':
      return [
        ...(chosen.toOthers ? ['-s', addressWord(chosen.toOthers.from)] : []),
        ...['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED'],
        ...(chosen.toOthers ? ['--ctdir', 'REPLY'] : []),
        ...(chosen.rewritten ? REWRITTEN : []),
      ]
    case 'marked':
      return ['-m', 'mark', '--mark', bitsOf(chosen.mark)]
    case 'openings':
      return ['-p', 'tcp', '-m', 'tcp', '--tcp-flags', 'SYN,RST', 'SYN']
    case 'protocol':
      return ['-p', protocolWord(chosen.protocol)]
    case 'device':
      return ['-i', matchedDevice(chosen.device)]
    case 'from-link':
      return ['-i', matchedDevice(chosen.device), '-m', 'mac', '--mac-source', chosen.mac]
    case 'begun':
      return ['-i', matchedDevice(chosen.device), '-m', 'conntrack', '--ctstate', 'NEW']
    case 'of-marked':
      return ['-i', matchedDevice(chosen.device), '-m', 'connmark', '--mark', bitsOf(chosen.mark)]
    case 'all':
      return []
  }
}

/** `0x1/0xff`. */
const bitsOf = ({ value, mask }: Mark): string => `${hex(value)}/${hex(mask)}`

function targetOf(ref: RuleRef, doing: Doing): readonly Word[] | undefined {
  switch (doing.kind) {
    case 'accept':
    case 'drop':
    case 'return':
      return ['-j', doing.kind.toUpperCase()]
    case 'jump':
      return ['-j', positional(doing.chain)]
    case 'like': {
      const target = doing.rule.iptables?.target
      const place = target && placeOf(ref, ref.chain)
      if (!place) return undefined
      const [jump, , ...options] = splitWords(printSpec({ matches: [], target }, place.family, place.table))
      return [jump!, positional(target.name), ...options]
    }
    case 'mark':
      return ['-j', 'MARK', '--set-xmark', bitsOf(doing.mark)]
    case 'mark-connection':
      return ['-j', 'CONNMARK', '--set-xmark', bitsOf(doing.mark)]
    case 'restore-mark':
    case 'save-mark': {
      const bits = hex(doing.mask)
      return ['-j', 'CONNMARK', `--${doing.kind}`, '--nfmask', bits, '--ctmask', bits]
    }
    case 'masquerade':
      return ['-j', 'MASQUERADE']
    case 'snat':
      return ['-j', 'SNAT', '--to-source', endWord(doing.to, undefined)]
    case 'dnat':
      return ['-j', 'DNAT', '--to-destination', endWord(doing.to.address, doing.to.port)]
    case 'helper':
      return ['-j', 'CT', '--helper', doing.name]
    case 'clamp':
      return ['-j', 'TCPMSS', '--clamp-mss-to-pmtu']
    case 'ttl':
      return ref.family === 'ip6'
        ? ['-j', 'HL', '--hl-set', String(doing.value)]
        : ['-j', 'TTL', '--ttl-set', String(doing.value)]
  }
}

/** Options that choose whatever is for this destination. */
function destinationMatch({ dst, protocol, dport }: Packet): Word[] {
  const words: Word[] = []
  if (dst !== undefined) words.push('-d', addressWord(dst, 'with length'))
  if (protocol !== undefined && dport !== undefined)
    words.push('-p', protocolWord(protocol), ...portMatch(protocol, '--dport', dport))
  return words
}

/**
 * Options that choose this packet and its like: addresses, protocol, the service's port, interfaces; not the client's
 * passing port. Undefined where iptables cannot say the protocol: `-p 0` is any.
 */
function packetMatch(packet: Packet, { hook, answer, rewritten, byTurns }: MatchHints): Word[] | undefined {
  const { src, dst, protocol, icmpType } = packet
  if (src === undefined || dst === undefined || protocol === undefined || protocolNumber(protocol) === 0)
    return undefined
  const words: Word[] = []
  // every neighbour has to be asked, and to answer; and every listener
  const isForAll = isForAllOfLink(packet)
  if (!isForAll && (!byTurns || !answer) && !isStandIn(src)) words.push('-s', addressWord(src, 'with length'))
  if (!isForAll && (!byTurns || answer) && !isStandIn(dst)) words.push('-d', addressWord(dst, 'with length'))
  // iptables refuses -i where packets leave, and -o where they come in
  const isOnAll = isOnAllLinks(packet, hook)
  if (packet.in !== undefined && !isNameless(packet.in) && hook !== 'postrouting' && hook !== 'output' && !isOnAll)
    words.push('-i', matchedDevice(packet.in))
  if (packet.out !== undefined && !isNameless(packet.out) && hook !== 'prerouting' && hook !== 'input' && !isOnAll)
    words.push('-o', matchedDevice(packet.out))
  const [option, port] = answer ? (['--sport', packet.sport] as const) : (['--dport', packet.dport] as const)
  if ((protocol === 'icmp' || protocol === 'icmpv6') && icmpType !== undefined)
    words.push(...icmpMatch(protocol, icmpType))
  else words.push('-p', protocol === 'icmpv6' ? 'ipv6-icmp' : protocolWord(protocol))
  if (port !== undefined) words.push(...portMatch(protocol, option, port))
  if (rewritten) words.push(...REWRITTEN)
  return words
}

/** Connections to which nat gave another destination. */
const REWRITTEN = ['-m', 'conntrack', '--ctstate', 'DNAT']

const icmpMatch = (protocol: 'icmp' | 'icmpv6', type: number): string[] =>
  protocol === 'icmp'
    ? ['-p', 'icmp', '-m', 'icmp', '--icmp-type', String(type)]
    : ['-p', 'ipv6-icmp', '-m', 'icmp6', '--icmpv6-type', String(type)]

/** UDP-Lite has no match of its own. */
const portMatch = (protocol: string, option: '--sport' | '--dport', port: number): Word[] =>
  protocol === 'udplite'
    ? ['-m', 'multiport', `${option}s`, String(port)]
    : ['-m', protocolWord(protocol), option, String(port)]

/** Which packets a new rule of nft's chooses, in its words. */
import { addressWord, deviceWord, protocolWord } from '../../edits/words.ts'
import type { Unsayable, Word } from '../../model/command.ts'
import type { RuleRef } from '../../model/journey.ts'
import { DISCOVERY_TYPES } from '../../model/neighbour-discovery.ts'
import { isNameless } from '../../model/packet.ts'
import type { RuleFamily } from '../../model/ruleset.ts'
import { isStandIn } from '../../model/stand-in.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import type { Expression, Statement } from '../../rules/nft/ast.ts'
import type { RuleObject } from '../../rules/nft/objects.ts'
import { symbolOf } from '../../rules/nft/symbols.ts'
import { nftText } from '../../rules/nft/text/later.ts'
import { isForAllOfLink, isOnAllLinks, typesLike } from '../neighbours/discovery.ts'
import { markMatch } from './nft-mark.ts'
import type { Unspeakable } from './proposal.ts'
import type { Chosen } from './rule-changes.ts'

export type RuleWords = Pick<RuleObject['rule'], 'expr' | 'comment'>

/** A rule that nft lists; undefined where it has no words for an iptables-nft rule, and does not read what it prints. */
export function read({ rule, family }: RuleRef): RuleWords | undefined {
  if (rule === undefined) return undefined
  const { expr, comment } = nftText.loaded.parseNftRule(rule, family as RuleFamily)
  if (expr.some((one) => 'xt' in one)) return undefined
  return { expr, ...(comment === undefined ? {} : { comment }) }
}

/** Families without such packets have no words for them. */
const isIp = ({ family }: RuleRef): boolean => family === 'inet' || family === 'ip' || family === 'ip6'

export function matchOf(ref: RuleRef, chosen: Chosen): Statement[] | Unspeakable | undefined {
  switch (chosen.kind) {
    case 'such':
      if (ref.family === 'arp') return undefined
      // nor do a device's chains know what was rewritten: the kernel takes no `ct` there
      return suchPackets(ref.family === 'netdev' ? { ...chosen, hints: { ...chosen.hints, rewritten: false } } : chosen)
    case 'destination':
      return isIp(ref) ? destination(chosen) : undefined
    case 'source':
      return isIp(ref) ? source(chosen) : undefined
    case 'answers':
      return answers(ref, chosen)
    case 'marked':
      return [markMatch(chosen.mark)]
    case 'neighbours':
      // the header of the frame is not there yet where this host asks
      if (ref.family === 'arp') return []
      return read({ ...ref, rule: chosen.family === 'ip' ? 'ether type arp' : typesMatch(DISCOVERY_TYPES) })?.expr
    case 'openings':
      return read({ ...ref, rule: 'tcp flags & (syn | rst) == syn' })?.expr
    case 'protocol':
      return matches([[{ meta: { key: 'l4proto' } }, numbered(protocolWord(chosen.protocol))]])
    case 'device':
      return matches([[{ meta: { key: 'iifname' } }, nftDevice(chosen.device)]])
    case 'from-link':
      return comingIn(ref, chosen.device, `ether saddr ${chosen.mac}`)
    case 'begun':
      return comingIn(ref, chosen.device, 'ct state new')
    case 'of-marked':
      return comingIn(ref, chosen.device, `ct mark & ${hex(chosen.mark.mask)} == ${hex(chosen.mark.value)}`)
    case 'all':
      return []
  }
}

const typesMatch = (types: readonly number[]): string =>
  `icmpv6 type { ${types.map((type) => symbolOf('icmpv6_type', type) ?? type).join(', ')} }`

type Asked = [Expression, Word | number]

const header = (protocol: string, field: string): Expression => ({ payload: { protocol, field } })

function suchPackets({ packet, hints }: Chosen & { kind: 'such' }): Statement[] | Unspeakable | undefined {
  const { src, dst, protocol, icmpType } = packet
  const { hook, answer, rewritten, byTurns } = hints
  if (src === undefined || dst === undefined || protocol === undefined) return undefined
  const ip = src.includes(':') ? 'ip6' : 'ip'
  const asked: Asked[] = []
  // every neighbour has to be asked, and to answer; and every listener
  const isForAll = isForAllOfLink(packet)
  const types = typesLike(packet)
  if (!isForAll && (!byTurns || !answer) && !isStandIn(src)) asked.push([header(ip, 'saddr'), addressWord(src)])
  if (!isForAll && (!byTurns || answer) && !isStandIn(dst)) asked.push([header(ip, 'daddr'), addressWord(dst)])
  const isOnAll = isOnAllLinks(packet, hook)
  if (packet.in !== undefined && !isNameless(packet.in) && hook !== 'postrouting' && hook !== 'output' && !isOnAll)
    asked.push([{ meta: { key: 'iifname' } }, nftDevice(packet.in)])
  if (packet.out !== undefined && !isNameless(packet.out) && hook !== 'prerouting' && hook !== 'input' && !isOnAll)
    asked.push([{ meta: { key: 'oifname' } }, nftDevice(packet.out)])
  const [field, port] = answer ? (['sport', packet.sport] as const) : (['dport', packet.dport] as const)
  if (port !== undefined) asked.push([header(protocol, field), port])
  else if (types.length > 0) return ofTypes(asked, types)
  else if ((protocol === 'icmp' || protocol === 'icmpv6') && icmpType !== undefined)
    asked.push([header(protocol, 'type'), icmpType])
  else
    asked.push([{ meta: { key: 'l4proto' } }, protocol === 'icmpv6' ? 'ipv6-icmp' : numbered(protocolWord(protocol))])
  return rewritten ? alsoRewritten(matches(asked)) : matches(asked)
}

function ofTypes(asked: readonly Asked[], types: readonly number[]): Statement[] | Unspeakable {
  const found = matches(asked)
  return 'unsayable' in found ? found : [...found, ...nftText.loaded.parseNftRule(typesMatch(types), 'ip6').expr]
}

/** By this interface, and as the words say. */
function comingIn(ref: RuleRef, device: string, words: string): Statement[] | Unspeakable | undefined {
  const by = matches([[{ meta: { key: 'iifname' } }, nftDevice(device)]])
  const more = read({ ...ref, rule: words })
  return 'unsayable' in by ? by : more && [...by, ...more.expr]
}

function destination({
  packet: { dst, protocol, dport },
  rewritten,
}: Chosen & { kind: 'destination' }): Statement[] | Unspeakable {
  const asked: Asked[] = []
  if (dst !== undefined) asked.push([header(dst.includes(':') ? 'ip6' : 'ip', 'daddr'), addressWord(dst)])
  if (protocol !== undefined && dport !== undefined) asked.push([header(protocol, 'dport'), dport])
  return rewritten ? alsoRewritten(matches(asked)) : matches(asked)
}

function answers(
  { family }: RuleRef,
  { rewritten, toOthers }: Chosen & { kind: 'answers' },
): Statement[] | Unspeakable | undefined {
  // a device's chains come where connections are not known
  if (family === 'netdev' || family === 'arp') return undefined
  const from = toOthers?.from
  const source =
    from === undefined ? [] : matches([[header(from.includes(':') ? 'ip6' : 'ip', 'saddr'), addressWord(from)]])
  if ('unsayable' in source) return source
  return [
    ...source,
    { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } },
    ...(toOthers ? [TO_OTHERS] : []),
    ...(rewritten ? [REWRITTEN] : []),
  ]
}

function source({ packet, to, rewritten }: Chosen & { kind: 'source' }): Statement[] | Unspeakable | undefined {
  const { src, dst, out } = packet
  if (src === undefined || dst === undefined) return undefined
  const ip = src.includes(':') ? 'ip6' : 'ip'
  const found = matches([
    [header(ip, 'saddr'), addressWord(src)],
    ...(to ? [[header(ip, 'daddr'), addressWord(dst)] satisfies Asked] : []),
    ...(out === undefined ? [] : [[{ meta: { key: 'oifname' } }, nftDevice(out)] satisfies Asked]),
  ])
  return rewritten ? alsoRewritten(found) : found
}

const alsoRewritten = (found: Statement[] | Unspeakable): Statement[] | Unspeakable =>
  'unsayable' in found ? found : [...found, REWRITTEN]

const TO_OTHERS: Statement = { match: { op: '==', left: { ct: { key: 'direction' } }, right: 'reply' } }

const REWRITTEN: Statement = { match: { op: 'in', left: { ct: { key: 'status' } }, right: 'dnat' } }

export function matches(asked: readonly Asked[]): Statement[] | Unspeakable {
  const statements: Statement[] = []
  for (const [left, right] of asked) {
    if (typeof right === 'object') return { unsayable: 'unsayable' in right ? right.unsayable : 'name', kind: 'nft' }
    statements.push({ match: { op: '==', left, right } })
  }
  return statements
}

/** Protocols that have no name are numbers. */
const numbered = (word: string | Unsayable): Word | number =>
  typeof word === 'string' && /^\d+$/.test(word) ? Number(word) : word

/** A `*` at the end means any that begins so. */
export function nftDevice(name: string): Word {
  const device = deviceWord(name)
  return typeof device === 'string' ? device.replace(/\*$/, '\\*') : device
}

/** The edits that fixes propose for rules in nft's words, each with those that take it back. */
import { addressWord, deviceWord, protocolWord } from '../edits/words.ts'
import type { Unsayable, Word } from '../model/command.ts'
import type { Edit, NftEdit } from '../model/edit.ts'
import type { RuleRef } from '../model/journey.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import type { RuleFamily } from '../model/ruleset.ts'
import type { Expression, Statement } from '../rules/nft/ast.ts'
import type { RuleObject } from '../rules/nft/objects.ts'
import { parseNftRule } from '../rules/nft/text/parse.ts'
import type { MatchHints } from './match-hints.ts'
import type { Change, Changing, Unspeakable } from './proposal.ts'

/** The kernel gives a new rule its handle, so its comment says which one to take away. */
const COMMENT = 'nfwhy'

const placeOf = ({ family, table, chain }: RuleRef) => ({ family: family as RuleFamily, table, chain })

/** A rule that nft lists; undefined where it has no words for an iptables-nft rule, and does not read what it prints. */
function read(text: string, family: string): Pick<RuleObject['rule'], 'expr' | 'comment'> | undefined {
  const { expr, comment } = parseNftRule(text, family as RuleFamily)
  if (expr.some((one) => 'xt' in one)) return undefined
  return { expr, ...(comment === undefined ? {} : { comment }) }
}

const edit = (op: NftEdit['op'], rule: RuleObject['rule']): Edit[] => [{ kind: 'nft', op, object: { rule } }]

/** Put back behind the rule that it stood behind; undefined where its handle is not known, or words that nft would read. */
export function deleteNftRule(ref: RuleRef): Change | undefined {
  const { handle, ruleNumber } = ref
  const rule = ref.rule === undefined ? undefined : read(ref.rule, ref.family)
  if (handle === undefined || ruleNumber === undefined || !rule) return undefined
  const place = placeOf(ref)
  return {
    edits: edit('delete', { ...place, handle, expr: [] }),
    undo:
      ruleNumber === 1
        ? edit('insert', { ...place, ...rule })
        : edit('add', { ...place, index: ruleNumber - 2, ...rule }),
  }
}

/** Before the rule, or at the chain's end where it is a policy; undefined where its place is not known. */
export function nftRuleBefore(ref: RuleRef, expr: Statement[]): Change | undefined {
  const { handle } = ref
  const isPolicy = ref.rule === undefined || ref.rule.startsWith('policy ')
  if (!isPolicy && handle === undefined) return undefined
  const place = placeOf(ref)
  const rule = { expr, comment: COMMENT }
  return {
    edits:
      isPolicy || handle === undefined
        ? edit('add', { ...place, ...rule })
        : edit('insert', { ...place, position: handle, ...rule }),
    undo: [{ kind: 'nft-comment', op: 'delete', ...place, comment: COMMENT }],
  }
}

/** A copy of a rule before another one; undefined where it has a comment, by which it is known again. */
export function copyNftRule(text: string, before: RuleRef): Change | undefined {
  const rule = read(text, before.family)
  return rule && rule.comment === undefined ? nftRuleBefore(before, rule.expr) : undefined
}

/** `ip saddr … tcp dport 80 accept` before the rule. Families without such packets have no command. */
export function acceptBeforeNft(ref: RuleRef, packet: Packet, told: MatchHints): Changing | undefined {
  const isIp = ref.family === 'inet' || ref.family === 'ip' || ref.family === 'ip6'
  const match = isIp ? nftMatch(packet, told) : undefined
  return match && 'unsayable' in match ? match : match && nftRuleBefore(ref, [...match, { accept: null }])
}

/** Answers to what other rules have let begin. */
export const acceptAnswersNft = (ref: RuleRef): Change | undefined =>
  nftRuleBefore(ref, [
    { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } },
    { accept: null },
  ])

/** Lets the chain accept what no rule drops. */
export function acceptByNftPolicy({ family, table, chain }: RuleRef): Change {
  const line = (policy: string): Edit[] => [
    { kind: 'nft', op: 'add', object: { chain: { family, table, name: chain, policy } } },
  ]
  return { edits: line('accept'), undo: line('drop') }
}

/** A rule's conditions that choose this packet and its like, as packetMatch of changes.ts does. */
function nftMatch(packet: Packet, { hook, answer, rewritten }: MatchHints): Statement[] | Unspeakable | undefined {
  const { src, dst, protocol, icmpType } = packet
  if (src === undefined || dst === undefined) return undefined
  const asked: [Expression, Word | number][] = []
  const header = (of: string, field: string): Expression => ({ payload: { protocol: of, field } })
  const ip = src.includes(':') ? 'ip6' : 'ip'
  asked.push([header(ip, 'saddr'), addressWord(src)], [header(ip, 'daddr'), addressWord(dst)])
  if (packet.in !== undefined && !isNameless(packet.in) && hook !== 'postrouting' && hook !== 'output')
    asked.push([{ meta: { key: 'iifname' } }, nftDevice(packet.in)])
  if (packet.out !== undefined && !isNameless(packet.out) && hook !== 'prerouting' && hook !== 'input')
    asked.push([{ meta: { key: 'oifname' } }, nftDevice(packet.out)])
  const [field, port] = answer ? (['sport', packet.sport] as const) : (['dport', packet.dport] as const)
  if (port !== undefined && protocol !== undefined) asked.push([header(protocol, field), port])
  else if ((protocol === 'icmp' || protocol === 'icmpv6') && icmpType !== undefined)
    asked.push([header(protocol, 'type'), icmpType])
  else if (protocol !== undefined)
    asked.push([{ meta: { key: 'l4proto' } }, protocol === 'icmpv6' ? 'ipv6-icmp' : numbered(protocolWord(protocol))])
  const statements: Statement[] = []
  for (const [left, right] of asked) {
    if (typeof right === 'object') return { unsayable: 'unsayable' in right ? right.unsayable : 'name', kind: 'nft' }
    statements.push({ match: { op: '==', left, right } })
  }
  if (rewritten) statements.push({ match: { op: 'in', left: { ct: { key: 'status' } }, right: 'dnat' } })
  return statements
}

/** Protocols that have no name are numbers. */
const numbered = (word: string | Unsayable): Word | number =>
  typeof word === 'string' && /^\d+$/.test(word) ? Number(word) : word

/** A `*` at the end means any that begins so. */
function nftDevice(name: string): Word {
  const device = deviceWord(name)
  return typeof device === 'string' ? device.replace(/\*$/, '\\*') : device
}

/** Changes of rules in nft's words. */

import { addressWord } from '../../edits/words.ts'
import type { Edit, NftEdit } from '../../model/edit.ts'
import type { RuleRef } from '../../model/journey.ts'
import { isDiscovery } from '../../model/neighbour-discovery.ts'
import type { Packet } from '../../model/packet.ts'
import type { RuleFamily } from '../../model/ruleset.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import type { Expression, Statement } from '../../rules/nft/ast.ts'
import type { RuleObject } from '../../rules/nft/objects.ts'
import { nftText } from '../../rules/nft/text/later.ts'
import { turnedEnd } from '../counterfactual/other-end.ts'
import { isOfGroups } from '../neighbours/discovery.ts'
import { beforeNat, corrected, eased, otherProtocol } from './nft-correct.ts'
import { asksForMark, markMatch, markWrite, writesMark } from './nft-mark.ts'
import { matches, matchOf, nftDevice, read } from './nft-matches.ts'
import { allOf, type Changing } from './proposal.ts'
import type { Chosen, Doing, Ports, RuleChanges, Spot } from './rule-changes.ts'

export const nftChanges: RuleChanges = {
  /** Put back behind the rule that it stood behind; undefined where its handle is not known, or words that nft would read. */
  remove(ref) {
    const { handle, ruleNumber } = ref
    const rule = read(ref)
    if (handle === undefined || ruleNumber === undefined || !rule) return undefined
    const place = placeOf(ref)
    const back = { ...place, ...rule }
    return {
      edits: edit('delete', { ...place, handle, expr: [] }),
      undo: ruleNumber === 1 ? edit('insert', back) : edit('add', { ...back, index: ruleNumber - 2 }),
    }
  },
  correct(ref, miss, packet, how = {}) {
    const rule = read(ref)
    const now = rule && corrected(rule.expr, ref.family, miss, packet, how)
    if (!now) return undefined
    // the other one stays: it lists networks, so that it could not be replaced, and others may need it
    if (now.some(listsIntervals))
      return newRule(ref, { chain: ref.chain, before: ref }, now, [
        'corrected',
        ...valuesOf(packet),
        packet.dport ?? packet.icmpType,
      ])
    return replaced(ref, () => now)
  },
  asBeforeNat: (ref) => replaced(ref, beforeNat),
  jumpInstead: (ref) => replaced(ref, (expr) => expr.map((one) => ('goto' in one ? { jump: one.goto } : one))),
  leadTo: (ref, chain) =>
    replaced(ref, (expr) =>
      expr.map((one) =>
        'jump' in one ? { jump: { target: chain } } : 'goto' in one ? { goto: { target: chain } } : one,
      ),
    ),
  returnInstead: (ref) => replaced(ref, (expr) => expr.map((one) => ('accept' in one ? { return: null } : one))),
  add(ref, spot, chosen, doing) {
    const [match, does] = [matchOf(ref, chosen), doingOf(ref, chosen, doing)]
    if (!match || !does) return undefined
    return 'unsayable' in match ? match : newRule(ref, spot, [...match, ...does], labelOf(ref, chosen, doing))
  },
  alike(ref, spot, miss, packet) {
    const rule = read(ref)
    const now = rule && corrected(rule.expr, ref.family, miss, packet, {})
    return now && newRule(ref, spot, now.map(withoutCounts), ['alike', ref.handle, ...valuesOf(packet).slice(0, 1)])
  },
  eased(ref, spot, miss) {
    const rule = read(ref)
    const now = rule && eased(rule.expr, ref.family, miss)
    return now && newRule(ref, spot, now.map(withoutCounts), ['eased', ref.handle])
  },
  forSent(ref, spot, device) {
    const rule = read(ref)
    const out = matches([[{ meta: { key: 'oifname' } }, nftDevice(device)]])
    if (!rule || 'unsayable' in out) return undefined
    return newRule(
      ref,
      spot,
      [...out, ...rule.expr.filter((one) => !asksWhereFrom(one)).map(withoutCounts)],
      ['sent', ref.handle],
    )
  },
  copy(ref, spot) {
    const rule = read(ref)
    // a new one is known again by a comment of its own
    return rule && newRule(ref, spot, rule.expr, ['copy', ref.handle])
  },
  sendTo: (ref, { address, port }, asked, now = address) =>
    replaced(ref, (expr) => {
      const sent = expr.map((one) => {
        if (!isNat(one)) return one
        return 'redirect' in one && address !== now
          ? dnatInstead(one, ref.family, address, port)
          : sentTo(one, address, port, asked)
      })
      // a port is one of a protocol
      return sent.some(saysPort) && !asksProtocol(expr) ? undefined : sent
    }),
  giveSourcePorts: (ref, ports, to) => replaced(ref, (expr) => expr.map((one) => withSourcePorts(one, ports, to))),
  askForMark: (ref, mark) => replaced(ref, (expr) => expr.map((one) => (asksForMark(one) ? markMatch(mark) : one))),
  setMark: (ref, mark) => replaced(ref, (expr) => expr.map((one) => (writesMark(one) ? markWrite(mark) : one))),
  turnLookup: (ref, set, fields) => replaced(ref, (expr) => expr.map((one) => turned(one, set, fields))),
  bypassQueue: (ref) => replaced(ref, (expr) => expr.map(bypassing)),
  acceptByPolicy({ family, table, chain }) {
    const line = (policy: string): Edit[] => [
      { kind: 'nft', op: 'add', object: { chain: { family, table, name: chain, policy } } },
    ]
    return { edits: line('accept'), undo: line('drop') }
  },
}

const saysPort = (one: Statement): boolean => /^{"(dnat|redirect)":{.*"port":/.test(JSON.stringify(one))
const asksProtocol = (expr: readonly Statement[]): boolean =>
  /"protocol":"(tcp|udp|udplite|sctp|dccp)"|"key":"l4proto"/.test(JSON.stringify(expr))

/** Networks, ranges or wildcards, in a list or a map of the rule's own. */
const listsIntervals = (one: Statement): boolean => {
  const text = JSON.stringify(one)
  return text.includes('"set":[') && /"(prefix|range)":|[^\\]\*"/.test(text)
}

const placeOf = ({ family, table, chain }: RuleRef) => ({ family: family as RuleFamily, table, chain })

const edit = (op: NftEdit['op'], rule: RuleObject['rule']): Edit[] => [{ kind: 'nft', op, object: { rule } }]

/**
 * The rule with other words, in its place: its handle stays, unless nft could not replace it. Undefined where nothing would
 * change.
 */
function replaced(
  ref: RuleRef,
  change: (expr: readonly Statement[]) => readonly Statement[] | undefined,
): Changing | undefined {
  const { handle } = ref
  const rule = read(ref)
  const expr = rule && change(rule.expr)
  if (handle === undefined || !rule || !expr) return undefined
  const { ruleText } = nftText.loaded
  const now = { ...rule, expr: [...expr] }
  if (ruleText(now.expr, now.comment) === ruleText(rule.expr, rule.comment)) return undefined
  // nft 1.0.6 ends with "BUG: unhandled op" when it is to replace a rule that lists networks, or to put one back
  if ([...now.expr, ...rule.expr].some(listsIntervals)) return insteadOf(ref, now.expr)
  const place = { ...placeOf(ref), handle }
  return { edits: edit('replace', { ...place, ...now }), undo: edit('replace', { ...place, ...rule }) }
}

/** A new rule before the other one, which is deleted then. */
const insteadOf = (ref: RuleRef, expr: Statement[]): Changing | undefined =>
  allOf([newRule(ref, { chain: ref.chain, before: ref }, expr, ['instead']), nftChanges.remove(ref)])

/**
 * Before a rule or at the chain's end; undefined where its place is not known. The kernel gives a new rule its handle, so
 * its comment says which one to take away: `label` tells it from others that are put there.
 */
function newRule(ref: RuleRef, { chain, before }: Spot, expr: Statement[], label: Label): Changing | undefined {
  const beside = before && besideOf(before)
  if (before && !beside) return undefined
  const place = { ...placeOf(ref), chain }
  const [at] = Object.values(beside ?? { position: 'end' })
  // values as they are: lines of many packets differ in nothing else
  const comment = ['nfwhy', ...label.filter((one) => one !== undefined), at].join('-')
  const rule = { expr, comment }
  return {
    edits: beside ? edit('insert', { ...place, ...beside, ...rule }) : edit('add', { ...place, ...rule }),
    undo: [{ kind: 'nft-comment', op: 'delete', ...place, comment }],
  }
}

/** As nft names the rule: by its handle, or where `nft list` was run without `-a` by its place, from 0. */
function besideOf({ handle, ruleNumber }: NonNullable<Spot['before']>) {
  if (handle !== undefined) return { position: handle }
  return ruleNumber === undefined ? undefined : { index: ruleNumber - 1 }
}

/** A counter of its own begins at 0. */
const withoutCounts = (one: Statement): Statement => ('counter' in one ? { counter: null } : one)

const asksWhereFrom = (one: Statement): boolean =>
  'match' in one && /"meta":{"key":"iif|"fib":.*"iif"/.test(JSON.stringify(one.match.left))

type Label = readonly (string | number | undefined)[]

/** Addresses that are such. */
const valuesOf = ({ src, dst }: Packet): Label => [src, dst].filter((one) => addressWord(one ?? '') === one)

/** Of what a new rule chooses and does; the names of chains and interfaces may be any. */
function labelOf(ref: RuleRef, chosen: Chosen, doing: Doing): Label {
  const does = doing.kind === 'jump' ? ['jump', ref.handle] : doing.kind === 'accept' ? [] : [doing.kind]
  if (chosen.kind === 'answers' && chosen.rewritten) return [...does, chosen.kind, 'dnat']
  if (!('packet' in chosen)) return [...does, ...(chosen.kind === 'all' ? [] : [chosen.kind])]
  const { sport, dport, icmpType } = chosen.packet
  const port = chosen.kind === 'such' && chosen.hints.answer ? sport : dport
  if (isDiscovery(chosen.packet)) return [...does, 'neighbours']
  if (isOfGroups(chosen.packet)) return [...does, 'listeners']
  return [...does, ...valuesOf(chosen.packet), port ?? icmpType]
}

function doingOf(ref: RuleRef, chosen: Chosen, doing: Doing): Statement[] | undefined {
  switch (doing.kind) {
    case 'accept':
      return [{ accept: null }]
    case 'drop':
      return [{ drop: null }]
    case 'return':
      return [{ return: null }]
    case 'jump':
      return [{ jump: { target: doing.chain } }]
    case 'like': {
      const last = read({ ...ref, rule: doing.rule.text })?.expr.at(-1)
      const packet = 'packet' in chosen ? chosen.packet : {}
      return last && LIKE.some((word) => word in last) ? (otherProtocol([last], packet) ?? [last]) : undefined
    }
    case 'mark':
      return [markWrite(doing.mark)]
    case 'mark-connection': {
      const { value, mask } = doing.mark
      // other bits may be another rule's
      return value === mask ? read({ ...ref, rule: `ct mark set ct mark | ${hex(value)}` })?.expr : undefined
    }
    case 'restore-mark':
      return read({ ...ref, rule: `meta mark set ct mark${doing.mask === ALL ? '' : ` & ${hex(doing.mask)}`}` })?.expr
    case 'save-mark':
      // nft writes all of it; other bits may be another rule's
      return doing.mask === ALL ? read({ ...ref, rule: 'ct mark set meta mark' })?.expr : undefined
    case 'masquerade':
      return [{ masquerade: null }]
    case 'snat':
      return read({
        ...ref,
        rule: `snat ${ref.family === 'inet' ? `${doing.to.includes(':') ? 'ip6' : 'ip'} ` : ''}to ${doing.to}`,
      })?.expr
    case 'dnat':
      return [dnatInstead({ redirect: null }, ref.family, doing.to.address, doing.to.port)]
    case 'helper':
      return [{ 'ct helper': doing.name }]
    case 'clamp':
      return read({ ...ref, rule: 'tcp option maxseg size set rt mtu' })?.expr
    case 'ttl': {
      const field = 'packet' in chosen && chosen.packet.src?.includes(':') ? 'ip6 hoplimit' : 'ip ttl'
      return read({ ...ref, rule: `${field} set ${doing.value}` })?.expr
    }
  }
}

const ALL = 0xffffffff

/** What a rule of its like may do as well. */
const LIKE = ['accept', 'jump', 'goto', 'return', 'dnat', 'redirect', 'snat', 'masquerade', 'mangle']

const isNat = (one: Statement): one is Statement & ({ dnat: unknown } | { redirect: unknown }) =>
  'dnat' in one || 'redirect' in one

/** The port is said where the rule says one, or where the packet's own would not do; a map's rule sends many elsewhere. */
function sentTo(one: Statement, address: string, port: number | undefined, asked: number | undefined): Statement {
  if ('redirect' in one)
    return port === undefined ? one : { redirect: { ...(one.redirect as object | null), port } as never }
  if (!('dnat' in one)) return one
  const body = one.dnat as { addr?: Expression; port?: Expression } | null
  if (typeof body?.addr !== 'string') return one
  const says = body.port !== undefined || (port !== undefined && port !== asked)
  return { dnat: { ...body, addr: address, ...(says && port !== undefined ? { port } : {}) } as never }
}

/** Of SNAT and masquerade, where it has just these. */
function withSourcePorts(one: Statement, ports: Ports, to: Ports): Statement {
  const name = 'snat' in one ? 'snat' : 'masquerade' in one ? 'masquerade' : undefined
  const body = name && ((one as Record<string, unknown>)[name] as { port?: { range?: unknown[] } } | null)
  if (!name || body?.port?.range?.join() !== ports.join()) return one
  return { [name]: { ...body, port: { range: [...to] } } } as never
}

/** redirect knows only the first address of the interface. */
function dnatInstead({ redirect }: { redirect: unknown }, family: string, address: string, port?: number): Statement {
  const told = family === 'ip' || family === 'ip6' ? {} : { family: address.includes(':') ? 'ip6' : 'ip' }
  return {
    dnat: { ...(redirect as object | null), ...told, addr: address, ...(port === undefined ? {} : { port }) } as never,
  }
}

function bypassing(one: Statement): Statement {
  if (!('queue' in one)) return one
  const { flags = [] } = one.queue ?? {}
  return { queue: { ...one.queue, flags: [...new Set([flags].flat()), 'bypass'] } }
}

/** `ip saddr @set` ⇄ `ip daddr @set`; of several parts those that `fields` has otherwise. */
function turned(one: Statement, set: string, fields: readonly string[]): Statement {
  if (!('match' in one) || one.match.right !== `@${set}`) return one
  const { left } = one.match
  const parts = typeof left === 'object' && !Array.isArray(left) && 'concat' in left ? left.concat : [left]
  const other = parts.map((part, i) => turnedField(part, fields[i]))
  return { match: { ...one.match, left: other.length === 1 ? other[0]! : { concat: other } } }
}

/** At the other end, where it is not at the `wanted` one. */
function turnedField(left: Expression, wanted = ''): Expression {
  if (typeof left !== 'object' || Array.isArray(left) || !('payload' in left) || !('field' in left.payload)) return left
  const { field } = left.payload
  return wanted.endsWith(` ${field}`) ? left : { payload: { ...left.payload, field: turnedEnd(field) } }
}

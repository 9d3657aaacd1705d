/** The rules of nat that rewrote the packet, and to what. */

import { compareAddresses, mappedInto, parseAddress } from '../../model/address.ts'
import type { Hook } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Nat, Statement } from '../../model/statement.ts'
import { entryOpened, keepsDestination } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { mappedNat } from '../../rules/nft/map.ts'
import { isUnknown } from '../../rules/truth.ts'
import { type Context, lastPacket, momentAt } from '../context.ts'
import { refAt } from '../refs.ts'
import { verdictAt } from '../verdict-at.ts'

/** Verdicts that rewrite. */
export const DESTINATION: readonly string[] = ['dnat', 'redirect', 'netmap']
export const SOURCE: readonly string[] = ['snat', 'masquerade', 'netmap']

export interface Rewritten {
  ref: RuleRef
  /** Index of the step. */
  step: number
  /** What the rule does. */
  statement: Statement | undefined
}

/** The rule that sent it to another destination. */
export const destinationRule = (context: Context): Rewritten | undefined =>
  ruleThat(context, DESTINATION, ['prerouting', 'output'])

/** The rule that gave it another source. */
export const sourceRule = (context: Context): Rewritten | undefined =>
  ruleThat(context, SOURCE, ['postrouting', 'input'])

function ruleThat(context: Context, verdicts: readonly string[], hooks: readonly Hook[]): Rewritten | undefined {
  const { journey, evidence } = context
  for (const [step, { rule, ending, hook }] of evidence.arrivals.entries()) {
    if (journey.steps[step]!.kind !== 'rule' || !rule || ending !== 'accept' || !hook || !hooks.includes(hook)) continue
    const verdict = verdictAt(context, step)
    if (!verdicts.includes(verdict)) continue
    const ref = refAt(context, step)
    if (ref) return { ref, step, statement: rule.statements.find(({ kind }) => kind === verdict) }
  }
  return undefined
}

export const isNatStatement = (one: Statement | undefined): one is Nat =>
  one !== undefined && (DESTINATION.includes(one.kind) || SOURCE.includes(one.kind))

/** The one address that the rule gives it. */
export function givenSource(statement: Statement | undefined, src: string | undefined): string | undefined {
  if (!isNatStatement(statement) || statement.map) return undefined
  const { kind, addresses, network } = statement
  if (kind === 'snat') return addresses?.[0] === addresses?.[1] ? addresses?.[0] : undefined
  return kind === 'netmap' && network && src !== undefined ? mappedInto(network, src) : undefined
}

/** Is it an end that such a statement writes? A network is mapped one to one: that is not compared. */
export function gives({ addresses, ports }: Nat, address: string, port: number | undefined): boolean {
  if (ports && port !== undefined && (port < ports[0] || port > ports[1])) return false
  const [own, from, to] = [address, ...(addresses ?? [])].map(parseAddress)
  return !own || !from || !to || (compareAddresses(from, own) <= 0 && compareAddresses(own, to) <= 0)
}

export interface WithoutEffect extends Rewritten {
  end: 'destination' | 'source'
  /** As it came to the rule. */
  packet: Packet
  /** What the rule was to write. */
  to: Nat
}

/** A rule of nat that matched, while later hooks, or conntrack's entry, show the packet as it was. */
export function withoutEffect(context: Context): WithoutEffect | undefined {
  if (context.evidence.lossless === false) return undefined
  return withoutEffectAt(context, 'destination') ?? withoutEffectAt(context, 'source')
}

function withoutEffectAt(context: Context, end: WithoutEffect['end']): WithoutEffect | undefined {
  const { evidence, world } = context
  const rule = (end === 'destination' ? destinationRule : sourceRule)(context)
  if (!rule || !isNatStatement(rule.statement)) return undefined
  const { packet } = evidence.arrivals[rule.step]!
  const [address, port] = end === 'destination' ? [packet.dst, packet.dport] : [packet.src, packet.sport]
  if (address === undefined || !(end === 'destination' ? staysAsItIs(context, rule.step) : keepsSource(context)))
    return undefined
  const to = mappedNat(rule.statement, momentAt(context, rule.step))
  if (!to || isUnknown(to)) return undefined
  const isWritten = to.kind === 'masquerade' ? isLocal(address, world.host) !== false : gives(to, address, port)
  return isWritten ? undefined : { ...rule, end, packet, to }
}

function staysAsItIs(context: Context, step: number): boolean {
  const { evidence, ended } = context
  const { packet, hook } = evidence.arrivals[step]!
  const { dst, dport } = lastPacket(context)
  if (evidence.arrivals[ended.step]?.hook === hook) return keepsDestination(packet, context.world)
  return dst === packet.dst && dport === packet.dport
}

/** nothing is seen behind the hook that rewrites sources */
function keepsSource({ evidence, world }: Context): boolean {
  const entry = entryOpened(evidence.journey.packet, world)
  return entry !== undefined && entry.reply.dst === entry.original.src && entry.reply.dport === entry.original.sport
}

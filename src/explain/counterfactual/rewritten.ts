/** The rules of nat that rewrote the packet, and to what. */
import type { Hook } from '../../model/hook.ts'
import { compareAddresses, parseAddress } from '../../model/address.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Nat, Statement } from '../../model/statement.ts'
import { mappedNat } from '../../rules/nft/map.ts'
import { isUnknown } from '../../rules/truth.ts'
import { type Context, lastPacket, momentAt } from '../context.ts'
import { refAt } from '../refs.ts'
import { verdictAt } from '../verdict-at.ts'
import { DESTINATION, SOURCE } from './goals.ts'

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

/** Is it an end that such a statement writes? A network is mapped one to one: that is not compared. */
export function gives({ addresses, ports }: Nat, address: string, port: number | undefined): boolean {
  if (ports && port !== undefined && (port < ports[0] || port > ports[1])) return false
  const [own, from, to] = [address, ...(addresses ?? [])].map(parseAddress)
  return !own || !from || !to || (compareAddresses(from, own) <= 0 && compareAddresses(own, to) <= 0)
}

export interface WithoutEffect extends Rewritten {
  /** As it came to the rule, and went on. */
  packet: Packet
  /** Where the rule was to send it. */
  to: Nat
}

/** A rule that was to send it to another destination, while later hooks show it as it was. */
export function withoutEffect(context: Context): WithoutEffect | undefined {
  const { evidence, ended } = context
  const rule = evidence.lossless === false ? undefined : destinationRule(context)
  if (!rule || !isNatStatement(rule.statement)) return undefined
  const { packet, hook } = evidence.arrivals[rule.step]!
  const { dst, dport } = lastPacket(context)
  if (evidence.arrivals[ended.step]?.hook === hook || dst === undefined) return undefined
  if (dst !== packet.dst || dport !== packet.dport) return undefined
  const to = mappedNat(rule.statement, momentAt(context, rule.step))
  if (!to || isUnknown(to) || gives(to, dst, dport)) return undefined
  return { ...rule, packet, to }
}

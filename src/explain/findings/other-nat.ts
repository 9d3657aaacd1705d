import { backendName, backendOf } from '../../journey/backends.ts'
import { baseChainsAt } from '../../journey/base-chains.ts'
import type { Table } from '../../model/ruleset.ts'
import type { Nat } from '../../model/statement.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Walk } from '../../rules/walk.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { type Detector, describeEnd, finding, lastPacket, momentAt } from '../context.ts'
import { DESTINATION, destinationRule, gives, isNatStatement } from '../counterfactual/rewritten.ts'
import { isNatChain, passAt } from '../counterfactual/skipped-rules.ts'
import { onwards } from '../counterfactual/what-if.ts'
import { nameRef, refOf } from '../refs.ts'
import { neighbourFailed } from './neighbour-failed.ts'

/**
 * Two base chains have nat for it, as where rules of iptables-legacy were left behind, or a program makes a chain for each of
 * what it publishes: the kernel sets up NAT once, by the chain that it asks first, and the other one would have sent it elsewhere.
 */
export const otherNat: Detector = {
  code: 'dnat-skipped',
  detect(context) {
    const taken = destinationRule(context)
    const { hook, table, packet } = context.evidence.arrivals[taken?.step ?? -1] ?? {}
    const { family, outcome } = context.journey
    if (!taken || !hook || !table || (family !== 'ip' && family !== 'ip6')) return []
    const { dst, dport } = lastPacket(context)
    const base = passAt(context, taken.step)?.base
    for (const { table: other, chain } of baseChainsAt(context.world, family, hook, true)) {
      if (chain === base || !isNatChain(other, chain)) continue
      const walked = onwards(context, other, [{ chain, index: 0 }], momentAt(context, taken.step))
      const to = destinationOf(walked)
      if (!to || dst === undefined || gives(to, dst, dport)) continue
      const isOfOne = other === table
      const ref = refOf(context, other.name, walked.last!.chain, walked.last!.rule)
      const isLost =
        outcome === 'vanished' || context.inVain === 'refused' || neighbourFailed.detect(context).length > 0
      const there = `${describeEnd(to.addresses![0], to.ports?.[0])}${backendWords(other, table)}`
      const message = `${nameRef(taken.ref)} rewrites its destination to ${describeEnd(dst, dport)}, so ${nameRef(ref)}, which would rewrite it to ${there}, has no effect. The kernel sets up NAT once per connection, by the first chain that rewrites.`
      return [
        finding('dnat-skipped', isLost ? 'warning' : 'note', message, {
          steps: [taken.step + 1],
          rules: [taken.ref, ref],
          culprit: taken.step,
          fix: propose(
            `exclude these packets here, so that ${isOfOne ? chain.name : `${other.family} ${other.name}`} rewrites them`,
            acceptBefore(taken.ref, packet!, { hook }),
            `if no program writes the rules of ${isOfOne ? base?.name : table.name} any more, delete them`,
          ),
        }),
      ]
    }
    return []
  },
}

/** One place, whatever chance chooses. */
export function destinationOf({ ending, last }: Walk): Nat | undefined {
  if (ending !== 'accept' || !last || !DESTINATION.includes(verdictOf(last.rule).text)) return undefined
  const to = last.rule.statements.find(isNatStatement)
  return to?.kind === 'dnat' && !to.map && to.addresses?.[0] === to.addresses?.[1] && to.addresses ? to : undefined
}

const backendWords = (table: Table, beside: Table): string =>
  backendOf(table) === backendOf(beside) ? '' : ` (rules of ${backendName(table)})`

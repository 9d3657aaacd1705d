/** A rule of nat that sends the packet where it was going: to this host, which was meant to hand it on. */
import type { RuleRef } from '../../model/journey.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import { isLocal } from '../../rules/fib.ts'
import { knowsSockets, listener } from '../../rules/sockets.ts'
import { type Context, type Detected, describeEnd, finding } from '../context.ts'
import { isNatStatement } from '../counterfactual/rewritten.ts'
import { nameRef } from '../refs.ts'

/** The kernel then rewrites nothing: no rule that accepts translated connections matches (`ct status dnat`). */
export function sameDestination(context: Context, step: number, ref: RuleRef): Detected[] {
  const { evidence, journey, world, inVain } = context
  const { rule, packet } = evidence.arrivals[step]!
  const { dst, dport } = packet
  const nat = rule?.statements.find(({ kind }) => kind === 'dnat')
  if (dst === undefined || !isNatStatement(nat) || nat.map) return []
  const { addresses: [address, last] = [], ports = [dport, dport] } = nat
  if (address !== dst || last !== dst || ports[0] !== dport || ports[1] !== dport) return []
  if (isLocal(dst, world.host) !== true || listener(world.host, packet)) return []
  if (!isStopped(journey.outcome) && inVain !== 'refused') return []
  const end = describeEnd(dst, dport)
  const isClosed = dport !== undefined && knowsSockets(world.host, packet.protocol === 'udp' ? 'udp' : 'tcp')
  return [
    finding(
      'dnat-mismatch',
      'warning',
      `${nameRef(ref)} sends it to ${end}, which is its destination already: nothing is rewritten, and the packet stays on this host${isClosed ? ', where no program listens on that port' : ''}.`,
      {
        steps: [step + 1],
        rules: [ref],
        fix: [
          {
            description: `replace ${end} in the rule with the address of the machine or container that has the service`,
            unverified: 'that address is unknown here',
          },
        ],
        doubt: -1,
      },
    ),
  ]
}

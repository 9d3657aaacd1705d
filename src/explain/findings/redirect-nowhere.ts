/** A redirect gives a packet the first address of the interface that it came in by; without one, nat drops it (nf_nat_redirect_ipv4). */
import type { Host } from '../../model/host.ts'
import { linkNamed } from '../../rules/links.ts'
import { knowsSockets, listener } from '../../rules/sockets.ts'
import { changesOf, propose, spotOf } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Context } from '../context.ts'
import { isNatStatement } from '../counterfactual/rewritten.ts'
import { refAt } from '../refs.ts'

export interface RedirectNowhere {
  /** A sentence, with the blank before it. */
  words: string
  fix: Proposal[]
}

/** Of the rule that ended the journey. */
export function redirectNowhere(context: Context): RedirectNowhere | undefined {
  const { evidence, ended, world, journey } = context
  const arrival = evidence.arrivals[ended.step]
  if (!arrival) return undefined
  const { rule, packet, hook } = arrival
  const statement = rule?.statements.find(({ kind }) => kind === 'redirect')
  const link = linkNamed(world.host, packet.in)
  if (!statement || !isNatStatement(statement) || journey.family !== 'ip' || hook !== 'prerouting') return undefined
  if (!link?.addresses || link.addresses.some(({ family }) => family === 'ip')) return undefined
  const words = ` A redirect sends a packet to the first IPv4 address of the interface by which it came in, and ${link.name} has none.`
  const ref = refAt(context, ended.step)
  const spot = ref && spotOf(ref)
  const port = statement.ports?.[0] ?? packet.dport
  const to = port === undefined || statement.map ? undefined : ownAddress(world.host, packet.protocol, port)
  const instead =
    ref && spot && to !== undefined && port !== undefined
      ? propose(
          `send such packets to ${to}, an address of this host, instead`,
          changesOf(ref).add(
            ref,
            spot,
            { kind: 'such', packet, hints: { hook } },
            { kind: 'dnat', to: { address: to, port } },
          ),
          'only for this source and service',
        )
      : []
  return {
    words,
    fix: [
      ...instead,
      {
        description: `give ${link.name} an IPv4 address, or name the address in the rule (DNAT)`,
        unverified: 'the right address is unknown here',
      },
    ],
  }
}

/** The first that a program may be reached by at that port. */
function ownAddress(host: Host, protocol: string | undefined, port: number): string | undefined {
  const all = (host.links ?? []).flatMap(({ addresses = [] }) =>
    addresses.flatMap(({ family, scope = 'global', address }) =>
      family === 'ip' && scope === 'global' ? [address] : [],
    ),
  )
  if (protocol === undefined || !knowsSockets(host, protocol)) return all[0]
  return all.find((dst) => listener(host, { protocol, dst, dport: port }))
}

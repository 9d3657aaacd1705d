/** The socket to which a rule with TPROXY gives a packet, as far as host state tells. */
import type { Host, Socket } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import { linkNamed } from '../../rules/links.ts'
import { listener } from '../../rules/sockets.ts'
import { begins, ownSocket } from '../../rules/tproxy.ts'
import type { Context } from '../context.ts'
import { refAt } from '../refs.ts'

export const proxyOf = (rule: Rule | undefined) => rule?.statements.find((one) => one.kind === 'tproxy')

/** What listens where the rule looks for a proxy. */
export const listenerAt = (given: string | undefined, port: number, packet: Packet, host: Host): Socket | undefined =>
  placesOf(given, packet, host)
    .map((dst) => listener(host, { ...packet, dst, dport: port }))
    .find((one) => one !== undefined)

/** Where it asks for a socket: without `--on-ip` at the interface's own address, or where the packet goes to. */
function placesOf(given: string | undefined, { in: device, dst }: Packet, host: Host): string[] {
  if (given !== undefined) return [given]
  const own = linkNamed(host, device)?.addresses ?? []
  return [...own.map(({ address }) => address), ...(dst === undefined ? [] : [dst])]
}

export interface TakenByProxy {
  /** Index of the rule's step. */
  step: number
  ref: RuleRef
  port: number
  /** What listens there, as far as host state tells. */
  proxy?: Socket
}

/** A rule with TPROXY gave the delivered packet to a socket that listens, wherever the packet was for. */
export function takenByProxy(context: Context): TakenByProxy | undefined {
  const { evidence, world, journey } = context
  if (journey.outcome !== 'delivered') return undefined
  const step = evidence.arrivals.findLastIndex(({ rule, hook }) => hook === 'prerouting' && proxyOf(rule) !== undefined)
  const { rule, packet, ending } = evidence.arrivals[step] ?? {}
  const proxy = proxyOf(rule)
  const port = proxy?.port ?? packet?.dport
  if (!proxy || !packet || port === undefined || !begins(packet) || ending === 'drop') return undefined
  const ref = refAt(context, step)
  if (!ref || ownSocket(packet, world)) return undefined
  const found = listenerAt(proxy.address, port, packet, world.host)
  // nft goes on where it finds none
  if (proxy.otherwise === 'next-rule' && found?.transparent === false) return undefined
  return { step, ref, port, ...(found ? { proxy: found } : {}) }
}

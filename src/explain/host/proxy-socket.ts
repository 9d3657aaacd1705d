/** The socket to which a rule with TPROXY gives a packet, as far as host state tells. */
import type { StepContext } from '../../journey/step-context.ts'
import type { Host, Socket } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import { linkNamed } from '../../rules/links.ts'
import { listener } from '../../rules/sockets.ts'
import { begins, type OwnSocket, ownSocket } from '../../rules/tproxy.ts'
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

export interface ProxyRule {
  /** Index of the rule's step. */
  step: number
  /** As it was there, and how that step ended. */
  packet: Packet
  ending: StepContext['ending']
  port: number
  /** What the kernel does where it finds no socket. */
  otherwise: 'drop' | 'next-rule'
  /** The socket of the packet's own connection, which TPROXY finds first. */
  own?: OwnSocket
  /** What listens there, as far as host state tells. */
  listens?: Socket
}

/** The last rule with TPROXY that matched, up to this step. */
export function lastProxyRule({ evidence, world }: Context, upTo = Number.POSITIVE_INFINITY): ProxyRule | undefined {
  const step = evidence.arrivals.findLastIndex(({ rule }, i) => i <= upTo && proxyOf(rule) !== undefined)
  const { rule, packet, ending } = evidence.arrivals[step] ?? {}
  const proxy = proxyOf(rule)
  const port = proxy?.port ?? packet?.dport
  if (!packet || !ending || !proxy || port === undefined) return undefined
  const own = ownSocket(packet, world)
  const listens = listenerAt(proxy.address, port, packet, world.host)
  return {
    ...{ step, packet, ending, port, otherwise: proxy.otherwise },
    ...(own ? { own } : {}),
    ...(listens ? { listens } : {}),
  }
}

export interface TakenByProxy extends ProxyRule {
  ref: RuleRef
}

/** A rule with TPROXY gave the delivered packet to a socket that listens, wherever the packet was for. */
export const takenByProxy = memo((context: Context): TakenByProxy | undefined => {
  const handed = context.journey.outcome === 'delivered' ? lastProxyRule(context) : undefined
  if (!handed || handed.own || !begins(handed.packet) || handed.ending === 'drop') return undefined
  // nft goes on where it finds none
  if (handed.otherwise === 'next-rule' && handed.listens?.transparent === false) return undefined
  const ref = refAt(context, handed.step)
  return ref && { ...handed, ref }
})

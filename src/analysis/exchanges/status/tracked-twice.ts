/** A reply to what this host forwarded, which this host takes for one to itself. */
import { sayable } from '../../../explain/changes/sayable.ts'
import { describeEnd, finding } from '../../../explain/context.ts'
import { keepOutUnplayed } from '../../../explain/findings/bridge-nf-call.ts'
import { callWords } from '../../../explain/host/bridges.ts'
import type { Host } from '../../../model/host.ts'
import type { Finding } from '../../../model/journey.ts'
import type { Packet } from '../../../model/packet.ts'
import { bridgeCalls, bridgeNamed } from '../../../rules/bridge-calls.ts'
import { isLocal } from '../../../rules/fib.ts'
import { isAsking, type Part } from '../join/joined.ts'

/**
 * The chains of input saw it, so nat had done there what it does; and it is still for an address of this host, not for who
 * asked. A bridge that the request left by may have had it tracked, and rewritten, a second time (br_netfilter).
 */
export function trackedTwice(parts: readonly Part[], { told: { journey, world } }: Part): Finding | undefined {
  const { outcome, packet, steps, family } = journey
  const { host } = world
  const inside = steps.find(({ hook }) => hook === 'input')
  if (outcome !== 'delivered' || packet.in === undefined || packet.in === 'lo' || inside?.dst === undefined)
    return undefined
  const { dst } = inside
  const asking = parts.filter(isAsking).map(({ told }) => told.journey)
  const { in: cameIn, src: asker } = asking[0]?.packet ?? {}
  if (cameIn === undefined || asker === undefined || asker === dst) return undefined
  // the second pass may be among them
  if (!asking.every((one) => one.outcome === 'forwarded' || one.packet.in !== cameIn)) return undefined
  if (isLocal(dst, host) !== true || isLocal(asker, host) !== false) return undefined
  const second = secondConnection(packet, host)
  const bridge = bridgeNamed(host, packet.in)
  const message = `This host keeps the reply to ${describeEnd(dst, packet.dport)}: nat does not change its destination back to ${asker}.`
  if (!second || !bridge || bridgeCalls(host, bridge, family) !== true)
    return finding('wrong-way-out', 'error', message)
  return finding(
    'bridge-nf-call',
    'error',
    `${message} The reply belongs to a second connection, which conntrack lists from ${describeEnd(second.src, second.sport)}. Bridge ${bridge.name} passed the forwarded request to the IP chains once more, because ${callWords(host, bridge, family)}, and nat rewrote it again.`,
    { fix: keepOutUnplayed(host, family).map(sayable) },
  )
}

/** The entry that the reply fits, which begins with an address of this host and another port than the reply comes back to. */
function secondConnection({ src, dst, sport, dport, protocol }: Packet, host: Host) {
  return host.conntrack?.find(
    ({ original, reply, ...entry }) =>
      entry.protocol === protocol &&
      [reply.src, reply.sport, reply.dst, reply.dport].join() === [src, sport, dst, dport].join() &&
      isLocal(original.src, host) === true &&
      original.sport !== dport,
  )?.original
}

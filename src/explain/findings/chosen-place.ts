/** What is known of the place that a rule of nat chose, where no reply shows that it is the right one. */
import type { Packet } from '../../model/packet.ts'
import { isUnreplied } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { LEAST_CHOSEN } from '../../rules/service-ports.ts'
import { listener } from '../../rules/sockets.ts'
import { type Context, describeEnd, lastPacket } from '../context.ts'
import { repliedOtherwise, servedBy } from '../counterfactual/known-there.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { nameRef } from '../refs.ts'
import { isReplied } from '../reply/request-reply.ts'

/** Sentences with the blank before each. */
export function placeWords(context: Context): string {
  const { outcome, steps } = context.journey
  // of a packet that only the model played nobody waits for a reply
  if (steps[0]?.known === 'simulated') return ''
  const chosen = outcome === 'forwarded' ? destinationRule(context) : undefined
  if (!chosen) return getsThereAndBack(context)
  if (isReplied(context)) return ''
  const asked = context.evidence.arrivals[chosen.step]!.packet
  const left = lastPacket(context)
  const { dst, dport, protocol } = left
  if (dport === undefined || (dst === asked.dst && dport === asked.dport)) return ''
  const place = `${protocol} ${describeEnd(dst, dport)}`
  const listens = servedBy(left, context.world.host).length > 0
  const known = listens
    ? `${place} replied to another connection`
    : `whether a program listens on ${place} is unknown here`
  return ` ${nameRef(chosen.ref)} sent it there: ${known}.${listensHere(context, asked)}${repliesThere(context)}`
}

/** By another port or protocol: it is not the way that is at fault. */
function getsThereAndBack(context: Context): string {
  const packet = lastPacket(context)
  const entry = lacksReply(context) ? repliedOtherwise(packet, context.world.host) : undefined
  if (!entry) return ''
  const { protocol, reply } = entry
  const has =
    reply.sport === undefined
      ? `answered a ping of ${packet.src}`
      : `replied to ${packet.src} from ${protocol} port ${reply.sport}`
  return ` ${packet.dst} ${has}, so routes lead there and back.`
}

/** A program of this host that has the port which was asked. */
function listensHere({ world: { host } }: Context, asked: Packet): string {
  const own = isLocal(asked.dst, host) === true ? listener(host, asked) : undefined
  const end = describeEnd(asked.dst, asked.dport)
  return own ? ` On this host, ${own.process ?? 'a program'} listens on ${end}.` : ''
}

/** Whoever was chosen has replied from another port. */
function repliesThere(context: Context): string {
  const { dst, dport, protocol } = lastPacket(context)
  const ports = (context.world.host.conntrack ?? []).flatMap((entry) => {
    const { src, sport } = entry.reply
    const isOther = entry.protocol === protocol && src === dst && sport !== dport && !isUnreplied(entry)
    return isOther && sport !== undefined ? [sport] : []
  })
  // the ports of what it has asked for itself are many, and tell nothing
  const [port, ...others] = new Set(ports.filter((one) => one < LEAST_CHOSEN))
  return port === undefined || others.length > 0 ? '' : ` ${dst} replied from ${protocol} port ${port}.`
}

import { memo } from '../../model/memo.ts'
import type { World } from '../../model/world.ts'
import { isForMany } from '../../rules/fib.ts'
import { groupMac } from '../../rules/group-mac.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { toForward } from './routing.ts'

/**
 * An address of one host, in a frame for several, as nodes of a cluster have it that share a link address: TCP takes only
 * what came to this host alone (tcp_v4_rcv in net/ipv4/tcp_ipv4.c, tcp_v6_rcv).
 */
export const frameForMany: Detector = {
  code: 'kernel-drop',
  detect(context) {
    const isTcp = lastPacket(context).protocol === 'tcp'
    return isTcp && context.journey.outcome === 'delivered' ? tell(context, 'TCP ignores such frames') : []
  },
}

/** And nothing but such frames is forwarded (ip_forward in net/ipv4/ip_forward.c, ip6_forward). */
export const frameForManyForwarded: Detector = {
  code: 'kernel-drop',
  detect: (context) => (toForward(context) ? tell(context, 'the kernel does not forward such frames') : []),
}

function tell(context: Context, why: string): Detected[] {
  const { evidence, world, ended } = context
  const { dstMac } = evidence.journey.packet
  const { dst, in: device } = lastPacket(context)
  const kind = dstMac === undefined ? undefined : groupMac(dstMac)
  if (
    kind === undefined ||
    device === undefined ||
    (dst !== undefined && isForMany({ dst }, world.host)) ||
    setsPacketType(world)
  )
    return []
  const message = `The rules accepted it, but the kernel drops it: its frame is for the ${kind} link address ${dstMac}, and ${why}.`
  return [
    finding('kernel-drop', 'error', message, {
      steps: [ended.step + 1],
      fix: [
        {
          description: `let the sender's neighbour entry for ${dst} have the link address of ${device}; where all nodes of a cluster share ${dstMac}, a rule of prerouting must set the packet type: nft's "meta pkttype set host", or iptables' cluster match`,
          unverified: 'this is not a rule change',
        },
      ],
    }),
  ]
}

/** A rule may make it one for this host: xt_cluster does so with whatever it looks at (net/netfilter/xt_cluster.c). */
const setsPacketType = memo(({ tables }: World): boolean =>
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(
        ({ iptables, statements }) =>
          iptables?.matches.some(({ name }) => name === 'cluster') ||
          statements.some((one) => one.kind === 'set' && one.field === 'meta pkttype'),
      ),
    ),
  ),
)

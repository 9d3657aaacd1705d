import { memo } from '../../model/memo.ts'
import type { World } from '../../model/world.ts'
import { isForMany } from '../../rules/fib.ts'
import { groupMac } from '../../rules/group-mac.ts'
import { routeDevices } from '../../rules/route.ts'
import { type Context, type Detected, type Detector, finding, lastPacket, UNSHOWN_ADDRESS } from '../context.ts'
import { toForward } from './routing.ts'

/**
 * An address of one host, in a frame for several, as nodes of a cluster have it that share a link address: TCP takes only
 * what came to this host alone (tcp_v4_rcv in net/ipv4/tcp_ipv4.c, tcp_v6_rcv).
 */
export const frameForMany: Detector = {
  code: 'kernel-drop',
  detect(context) {
    const isIgnored = context.journey.outcome === 'delivered' && isFrameForMany(context)
    return isIgnored ? tell(context, 'TCP ignores such frames') : []
  },
}

/** And nothing but such frames is forwarded (ip_forward in net/ipv4/ip_forward.c, ip6_forward). */
export const frameForManyForwarded: Detector = {
  code: 'kernel-drop',
  detect(context) {
    const routed = toForward(context)
    // what is for a neighbour there is none of this host's
    const isPassing = routed?.packet.in !== undefined && !routeDevices(routed.route).includes(routed.packet.in)
    return isPassing ? tell(context, 'the kernel does not forward such frames') : []
  },
}

/** TCP that came in a frame for several hosts. */
export const isFrameForMany = (context: Context): boolean =>
  lastPacket(context).protocol === 'tcp' && kindOf(context) !== undefined

/** For which ones the frame is; undefined: for this host alone, or a rule may have made it that. */
function kindOf({ evidence, world }: Context): ReturnType<typeof groupMac> {
  const { dstMac } = evidence.journey.packet
  return dstMac === undefined || setsPacketType(world) ? undefined : groupMac(dstMac)
}

function tell(context: Context, why: string): Detected[] {
  const { evidence, world, ended } = context
  const { dstMac } = evidence.journey.packet
  const { dst, in: device } = lastPacket(context)
  const kind = kindOf(context)
  if (kind === undefined || device === undefined || (dst !== undefined && isForMany({ dst }, world.host))) return []
  const message = `The rules accepted it, but the kernel drops it: its frame was sent to the ${kind} MAC address ${dstMac}, and ${why}.`
  return [
    finding('kernel-drop', 'error', message, {
      steps: [ended.step + 1],
      fix: [
        {
          description: `correct the sender's neighbour entry for ${dst ?? UNSHOWN_ADDRESS}: it must have the MAC address of this host's ${device}`,
          unverified: 'this is not a rule change',
        },
        {
          description: `if all nodes of a cluster share ${dstMac}, set the packet type in prerouting: nft's "meta pkttype set host", or iptables' cluster match`,
          unverified: 'it is unknown whether this host is part of a cluster',
        },
      ],
    }),
  ]
}

/**
 * A rule may make it one for this host: xt_cluster and ipt_CLUSTERIP do so with whatever they look at
 * (net/netfilter/xt_cluster.c), and one that is not understood may be of these.
 */
const setsPacketType = memo(({ tables }: World): boolean =>
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(
        ({ text, conditions, statements }) =>
          /cluster/i.test(text) ||
          conditions.some(({ kind }) => kind === 'unknown') ||
          statements.some((one) => one.kind === 'set' && one.field === 'meta pkttype'),
      ),
    ),
  ),
)

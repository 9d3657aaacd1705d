import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { linkNamed } from '../../rules/links.ts'
import { type Detector, finding, lastPacket } from '../context.ts'

/**
 * What is for an address of this host goes over lo, and no device takes a packet while it is down (__dev_queue_xmit in
 * net/core/dev.c). With any other interface its routes go; those to addresses of others stay when lo goes.
 */
export const vanishedLinkDown: Detector = {
  code: 'vanished-link-down',
  detect(context) {
    const { evidence, journey, ended, world } = context
    const { out, in: came } = lastPacket(context)
    if (out !== 'lo' || came !== undefined || linkNamed(world.host, 'lo')?.up !== false) return []
    const { ending } = evidence.arrivals[ended.step] ?? {}
    if (isStoppedByRule(journey.outcome) || ending !== 'accept') return []
    return [
      finding(
        'vanished-link-down',
        'error',
        'Interface lo is down. Packets from this host to its own addresses go through lo, so the kernel dropped this one.',
        {
          steps: [ended.step + 1],
          fix: [
            {
              description: 'bring lo up: ip link set lo up',
              unverified: 'this is not a rule change',
              note: 'the container runtime or the CNI plugin "loopback" normally brings lo up',
            },
          ],
        },
      ),
    ]
  },
}

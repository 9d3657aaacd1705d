import type { Packet } from '../../model/packet.ts'
import { type Context, type Detected, type Detector, lastPacket } from '../context.ts'
import { type Direction, unkeptFindings } from '../host/ipsec-unkept.ts'
import { toForward } from './routing.ts'

/** IPsec's policies asked for an association that is not there, or block the packet: it vanishes on its way to FORWARD. */
export const vanishedIpsec: Detector = {
  code: 'ipsec-no-state',
  detect(context) {
    const routed = toForward(context)
    if (routed) return tell(context, routed.packet, ['fwd', 'out'])
    // what this host sends is let into OUTPUT, and no further
    return endsIn(context, 'output') ? tell(context, lastPacket(context), ['out']) : []
  },
}

/** The same where no chain behind shows it. */
export const ipsecBehind: Detector = {
  code: 'ipsec-no-state',
  detect(context) {
    const { outcome } = context.journey
    if (outcome === 'sent' && endsIn(context, 'output')) return tell(context, lastPacket(context), ['out'])
    return outcome === 'delivered' ? tell(context, lastPacket(context), ['in']) : []
  },
}

const endsIn = ({ evidence, ended }: Context, hook: string): boolean => evidence.arrivals[ended.step]?.hook === hook

const tell = (context: Context, packet: Packet, directions: readonly Direction[]): Detected[] =>
  context.world.host.ipsecPolicies ? unkeptFindings(context, packet, directions) : []

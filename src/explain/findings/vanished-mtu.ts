import type { Packet } from '../../model/packet.ts'
import { exceedsMtu, mtuOf } from '../../rules/mtu.ts'
import { routeDevices } from '../../rules/route.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Detector, finding } from '../context.ts'
import { toForward } from './routing.ts'

/** Too long for the way out, and not to be cut (net/ipv4/ip_forward.c, net/ipv6/ip6_output.c). */
export const vanishedMtu: Detector = {
  code: 'vanished-mtu',
  detect(context) {
    const routed = toForward(context)
    if (!routed) return []
    const ipv6 = context.journey.family === 'ip6'
    const [device] = routeDevices(routed.route)
    const { host } = context.world
    if (exceedsMtu(routed.packet, routed.route, device, host) !== true) return []
    return [
      finding(
        'vanished-mtu',
        'error',
        `It is ${routed.packet.length} bytes long and must not be fragmented, but ${device} takes at most ${mtuOf(routed.route, device, host)} bytes: the kernel drops it and replies "${ipv6 ? 'packet too big' : 'fragmentation needed'}".`,
        {
          steps: [context.ended.step + 1],
          fix: smallerPackets(routed.packet, ipv6 ? 'ip6' : 'ip'),
        },
      ),
    ]
  },
}

const UP_TO_SENDER = 'the effect depends on the sender'

/** Only TCP agrees on a size beforehand; whoever else sends learns it from the error. */
export function smallerPackets({ protocol }: Packet, family: 'ip' | 'ip6'): Proposal[] {
  const mangle = { family, table: 'mangle', chain: 'FORWARD' }
  const accept: Proposal = {
    description: 'accept the ICMP error all the way back to the sender, which then sends smaller packets',
    unverified: UP_TO_SENDER,
  }
  if (protocol !== 'tcp') return [accept]
  const clamp = changesOf(mangle).add(mangle, { chain: mangle.chain }, { kind: 'openings' }, { kind: 'clamp' })
  return [
    ...propose("clamp TCP's segment size to the path's MTU", clamp, 'affects new connections only', UP_TO_SENDER),
    accept,
  ]
}

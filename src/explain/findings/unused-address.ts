import { type Detector, finding, lastPacket } from '../context.ts'
import { unusedTarget } from '../neighbours/discovery.ts'

/** A neighbour asks for an own address of IPv6 that the kernel does not use: it answers nobody about it. */
export const unusedAddress: Detector = {
  code: 'neighbour-discovery-dropped',
  detect(context) {
    const { journey, world, ended } = context
    if (journey.outcome !== 'delivered') return []
    const packet = lastPacket(context)
    const target = unusedTarget({ packet }, world.host)
    if (!target) return []
    const { address, prefixLength, unused } = target
    const why =
      unused === 'dadfailed'
        ? 'its duplicate address detection has failed (dadfailed), because another host had the address'
        : 'its duplicate address detection had not ended yet (tentative)'
    const again = `ip address del ${address}/${prefixLength} dev ${packet.in}, then ip address add ${address}/${prefixLength} dev ${packet.in}`
    return [
      finding(
        'neighbour-discovery-dropped',
        'error',
        `The kernel does not use ${address} on ${packet.in}: ${why}. It answers no neighbour solicitation for it, so no neighbour can send to it.`,
        {
          steps: [ended.step + 1],
          fix:
            unused === 'dadfailed'
              ? [
                  {
                    description: `once no other host has ${address}, let the kernel check it again: ${again}`,
                    unverified: 'the model does not remove addresses',
                  },
                ]
              : [],
        },
      ),
    ]
  },
}

import { deviceWord } from '../../edits/words.ts'
import { command, inOrder, spoken } from '../../model/command.ts'
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
        ? 'duplicate address detection found another host with this address (dadfailed)'
        : 'duplicate address detection was still running in the host state (tentative)'
    const change = (op: string) =>
      command('ip', 'address', op, `${address}/${prefixLength}`, 'dev', deviceWord(packet.in ?? ''))
    const again = spoken(inOrder(change('del'), change('add')))
    return [
      finding(
        'neighbour-discovery-dropped',
        'error',
        `The kernel does not use ${address} on ${packet.in}: ${why}. So this host ignores neighbour solicitations for ${address}.`,
        {
          steps: [ended.step + 1],
          fix:
            unused === 'dadfailed'
              ? [
                  {
                    description: `after you remove ${address} from the other host, delete it here and add it again${again === undefined ? '' : `: ${again}`}`,
                    unverified: 'the model does not remove addresses',
                  },
                ]
              : [],
        },
      ),
    ]
  },
}

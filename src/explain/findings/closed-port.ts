import { addressType } from '../../rules/fib.ts'
import { type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { knowsSockets, listener } from '../sockets.ts'

/** Netfilter delivered it, and nobody listens there. */
export const closedPort: Detector = {
  code: 'closed-port',
  detect(context) {
    const { journey, world, evidence, ended } = context
    if (journey.outcome !== 'delivered') return []
    const packet = lastPacket(context)
    if (packet.protocol !== 'tcp' && packet.protocol !== 'udp') return []
    if (!knowsSockets(world.host, packet.protocol) || listener(world.host, packet)) return []
    // a reply goes to a connected socket, which no listing of listening ones shows
    const first = packet.protocol === 'tcp' ? isSyn(packet.tcpFlags) : evidence.nat === 'passed'
    if (!first || addressType(packet.dst, world.host) !== 'local') return []
    const answer = packet.protocol === 'tcp' ? 'a reset' : 'port unreachable'
    return [
      finding(
        'closed-port',
        'error',
        `Netfilter let it in, but nothing on this host listens on ${packet.protocol} ${describeEnd(packet.dst, packet.dport)}: the sender gets ${answer}.`,
        {
          steps: [ended.step + 1],
          fix: [
            {
              description: 'start the program, or let it listen on this address (not only on 127.0.0.1)',
              unverified: 'it is done outside of netfilter',
            },
          ],
        },
      ),
    ]
  },
}

const isSyn = (flags: string[] | undefined) => (flags?.includes('syn') && !flags.includes('ack')) ?? false

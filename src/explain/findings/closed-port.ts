import type { Drop } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { addressType } from '../../rules/fib.ts'
import { type Context, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { isOpening } from '../kernel-drops/meaning.ts'
import { entryAnswered, entryOpened } from '../request-reply.ts'
import { knowsSockets, listener, listensElsewhere } from '../sockets.ts'

/** Netfilter delivered it, and nobody listens there. */
export const closedPort: Detector = {
  code: 'closed-port',
  detect(context) {
    const { journey, ended, drop } = context
    if (journey.outcome !== 'delivered') return []
    const told = drop && findsNoSocket(drop)
    const packet = told ? drop.packet : lastPacket(context)
    if (!told && !isClosed(context, packet)) return []
    const answer = packet.protocol === 'tcp' ? 'a reset' : 'port unreachable'
    const end = `${packet.protocol} ${describeEnd(packet.dst, packet.dport)}`
    const elsewhere = listensElsewhere(context.world.host, packet)
    const only = elsewhere === undefined ? '' : ` (${elsewhere})`
    const message = `Netfilter let it in, but nothing on this host listens on ${end}${only}: the sender gets ${answer}.`
    return [
      finding('closed-port', 'error', told ? `${message} The kernel says so: ${drop.reason}.` : message, {
        steps: [ended.step + 1],
        fix: [
          {
            description:
              elsewhere === undefined
                ? 'start the program, or let it listen on this address (not only on 127.0.0.1)'
                : `let the program listen on ${describeEnd(packet.dst, packet.dport)}, or on any address`,
            unverified: 'it is done outside of netfilter',
          },
        ],
      }),
    ]
  },
}

/** The kernel has looked for a program, and says that there is none. */
export const findsNoSocket = ({ reason, packet }: Drop): boolean => reason === 'NO_SOCKET' && isOpening(packet)

/** Of a connection that it, or one like it, has begun. */
const isAsked = (packet: Packet, world: World): boolean =>
  entryOpened(packet, world) !== undefined && entryAnswered(packet, world) === undefined

/** By the sockets in host state. */
function isClosed({ world, evidence, journey }: Context, packet: Packet): boolean {
  if (packet.protocol !== 'tcp' && packet.protocol !== 'udp') return false
  if (!knowsSockets(world.host, packet.protocol) || listener(world.host, packet)) return false
  // a reply goes to a connected socket, which no listing of listening ones shows
  const first =
    packet.protocol === 'tcp' ? isOpening(packet) : evidence.nat === 'passed' || isAsked(journey.packet, world)
  return first && addressType(packet.dst, world.host) === 'local'
}

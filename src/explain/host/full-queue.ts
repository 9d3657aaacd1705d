import { command } from '../../model/command.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { listeners } from '../../rules/sockets.ts'
import { type Context, type Detected, describeEnd, finding, lastPacket } from '../context.ts'

/**
 * A program listens, and does not accept: the kernel drops a SYN while the queue of finished handshakes is full
 * (tcp_conn_request in net/ipv4/tcp_input.c). Asked where nothing came back.
 */
export function fullQueueFindings(context: Context): Detected[] {
  const { journey, world, ended } = context
  const packet = lastPacket(context)
  const flags = packet.tcpFlags ?? []
  if (journey.outcome !== 'delivered') return []
  if (packet.protocol !== 'tcp' || !flags.includes('syn') || flags.includes('ack')) return []
  const all = listeners(world.host, packet)
  const [first] = all
  if (!first?.fullQueue || !all.every(({ fullQueue }) => fullQueue)) return []
  const { waiting, backlog } = first.fullQueue
  const end = describeEnd(packet.dst, packet.dport)
  const program = first.process === undefined ? `The program at ${end}` : `${first.process}, which listens on ${end},`
  return [
    finding(
      'accept-queue-full',
      'error',
      `The rules accepted it, but the accept queue of the socket was full in the host state (Recv-Q ${waiting}, Send-Q ${backlog}): the kernel then drops each SYN. ${program} accepts connections too slowly, or not at all.`,
      {
        steps: [ended.step + 1],
        fix: [
          {
            description:
              'find out why the program does not accept; if it only has bursts of connections, enlarge its listen() backlog and net.core.somaxconn',
            look: command('ss', '-lnt', `sport = :${packet.dport}`),
            unverified: ONLY_LOOKS,
          },
        ],
      },
    ),
  ]
}

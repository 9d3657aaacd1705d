import { addressWord, deviceWord } from '../../edits/words.ts'
import { type Command, command, spoken } from '../../model/command.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { deviceWords, isNameless, type Packet } from '../../model/packet.ts'
import { bridgePassingOn } from '../../rules/bridge-calls.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { addressType, forwardsBroadcasts, LIMITED_BROADCAST } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { listeners } from '../../rules/sockets.ts'
import { type Context, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { nameRef } from '../refs.ts'
import { acceptsOpening, awaitsReply, isOfOverlay } from '../reply/request-reply.ts'
import { placeWords } from './chosen-place.ts'
import { leftWords, takenByProxy } from './later.ts'

/** Nothing here stopped it; with the tool to look with next. */
export const notNetfilter: Detector = {
  code: 'not-netfilter',
  detect(context) {
    const { journey, ended } = context
    const packet = lastPacket(context)
    const tcpdump = (device: string | undefined) => {
      const host = addressWord(packet.dst ?? packet.src ?? '')
      const port = packet.dport === undefined ? '' : ` and port ${packet.dport}`
      const filter = typeof host === 'string' ? `host ${host}${port}` : host
      return command('tcpdump', '-ni', device === undefined || isNameless(device) ? 'any' : deviceWord(device), filter)
    }
    const next = (message: string, look: Command | undefined) => [
      finding('not-netfilter', 'note', message, {
        steps: [ended.step + 1],
        fix: look === undefined ? [] : [{ description: 'look there next', look, unverified: ONLY_LOOKS }],
      }),
    ]
    // rewritten in OUTPUT: that hook shows the way it had before
    const out = journey.outcome === 'sent' && packet.out === 'lo' ? undefined : packet.out
    switch (journey.outcome) {
      case 'delivered': {
        const taken = takenByProxy(context)
        // only ports are a program's; the kernel itself takes care of the rest
        const port = taken?.port ?? packet.dport
        const sockets = port === undefined ? undefined : command('ss', '-lntup', `sport = :${port}`)
        if (taken)
          return next(
            `No rule stopped it: ${nameRef(taken.ref)} handed it to the transparent proxy on ${packet.protocol} port ${port}. If no reply comes, check the proxy.`,
            sockets,
          )
        if (packet.in !== undefined && isBroadcastHere(context, packet))
          return next(
            `No rule stopped it. ${packet.dst} is a broadcast address: this host does not forward it (bc_forwarding).`,
            sockets,
          )
        const why = signatureWords(packet) ?? unreadWords(context, packet)
        const mayReply = !isReply(context) && !isOfOverlay(packet)
        const check = sockets && mayReply && ` ${why ?? 'If no reply comes, check the program.'}`
        return next(`No rule stopped it: it was delivered to this host.${check || ''}`, sockets)
      }
      case 'forwarded':
      case 'sent': {
        const bridge = out === undefined ? bridgePassingOn(packet, context.world.host) : undefined
        if (bridge)
          return next(
            `No rule stopped it. Bridge ${bridge.name} forwards it by MAC address. Check the bridge's table: if it lists ${packet.dstMac} at another port, the frame goes there.`,
            command('bridge', 'fdb', 'show', 'br', deviceWord(bridge.name)),
          )
        return next(
          `No rule stopped it. It left through ${out === undefined ? 'an interface' : deviceWords(out)}${isNameless(out) ? ', whose name is unknown' : ''}.${leftWords(context, out)}${awaitsReply(packet) && !isReply(context) ? `${placeWords(context)} If no reply comes, capture on ${out === undefined || isNameless(out) ? 'that interface' : out} to see what comes back.${queueWords(context, out)}` : ''}`,
          tcpdump(out),
        )
      }
      case 'vanished':
        return next(
          'No rule dropped it: it disappeared between two hooks, where the kernel routes and tracks packets. Only the kernel can tell why.',
          command('perf', 'trace', '-e', 'skb:kfree_skb', '--filter', 'reason != 2', '-a', 'sleep', '10'),
        )
      default:
        return []
    }
  },
}

/** It answers, or goes on with what was answered: nobody waits for a reply to it as to a request. */
const isReply = (context: Context): boolean => {
  const packet = lastPacket(context)
  if (packet.protocol === 'tcp') return !packet.tcpFlags?.includes('syn') || acceptsOpening(packet)
  // what nat has translated back since is neither end of connection tracking's entry
  return [packet, context.journey.packet].some(
    (one) => one.ctDir === 'reply' || entryAnswered(one, context.world) !== undefined,
  )
}

/** One that was given to the interface drops what is over its rate, or in no class of it. */
function queueWords({ world }: Context, out: string | undefined): string {
  const { qdisc } = linkNamed(world.host, out) ?? {}
  const shows = spoken(command('tc', '-s', 'qdisc', 'show', 'dev', deviceWord(out ?? '')))
  return qdisc === undefined
    ? ''
    : ` The qdisc of ${out} (${qdisc}) may drop packets after all rules${shows === undefined ? '' : `: "${shows}" shows how many`}.`
}

/** Of one network: what is for all hosts wherever they are is never forwarded. */
const isBroadcastHere = ({ world: { host } }: Context, { dst, in: from }: Packet): boolean =>
  dst !== LIMITED_BROADCAST && addressType(dst, host) === 'broadcast' && !forwardsBroadcasts(host, from)

/** Routers' protocols that may have a password for each neighbour: BGP, MSDP, LDP (RFC 2385). */
const SIGNED: ReadonlySet<number> = new Set([179, 639, 646])

/** tcp_inbound_hash in net/ipv4/tcp.c drops it before the listener hears of it; so does IP_MINTTL (RFC 5082) in tcp_v4_rcv. */
function signatureWords({ protocol, dport = 0, ttl = 255, src = '' }: Packet): string | undefined {
  if (protocol !== 'tcp' || !SIGNED.has(dport)) return undefined
  const name = src.includes(':') ? 'hop limit' : 'TTL'
  const [near, counter] =
    ttl < 255 ? [` or a ${name} above the packet's ${ttl} (TTL security)`, ' TcpExtTCPMinTTLDrop'] : ['', '']
  return `If the program requires a TCP-MD5 signature (a password for this neighbour)${near}, the kernel drops the SYN: nstat -az TcpExtTCPMD5NotFound${counter} counts these.`
}

/** __udp_enqueue_schedule_skb in net/ipv4/udp.c: what exceeds SO_RCVBUF is dropped, and no rule shows that. */
function unreadWords({ world: { host } }: Context, packet: Packet): string | undefined {
  const all = listeners(host, packet)
  const [first] = all
  if (first?.unread === undefined || !all.every(({ unread }) => unread !== undefined)) return undefined
  const end = describeEnd(packet.dst, packet.dport)
  const program = first.process === undefined ? 'the program' : first.process
  return `The socket on ${end} held ${first.unread} unread bytes in the host state. If no reply comes, ${program} may read too slowly: the kernel drops datagrams while the receive queue is full.`
}

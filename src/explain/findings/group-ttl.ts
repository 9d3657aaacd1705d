import { isGroup } from '../../rules/fib.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { knowsSockets, listener } from '../../rules/sockets.ts'
import { propose } from '../changes/change.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { raiseTtl } from './vanished-ttl.ts'

/** Of one link, or of less: no router forwards them, whatever their TTL (RFC 5771, 4; RFC 4291, 2.7). */
const OF_LINK = /^(?:224\.0\.0\.|ff[\da-f][0-2]:)/i

/**
 * A multicast router forwards to a link only what has more hops left than its threshold there, which is 1 or more
 * (ip_mr_forward in net/ipv4/ipmr.c, ip6_mr_forward), and sends no error. Programs send to groups with 1 unless they ask
 * for more.
 */
export const groupTtl: Detector = {
  code: 'vanished-ttl',
  detect(context) {
    const { evidence, ended, journey } = context
    const { family } = journey
    const arrival = evidence.arrivals[ended.step]
    if (arrival?.hook !== 'prerouting' || arrival.ending !== 'accept') return []
    const { packet } = arrival
    const { dst, ttl, in: device } = packet
    if (dst === undefined || device === undefined || ttl === undefined || ttl > 1) return []
    if ((family !== 'ip' && family !== 'ip6') || !isGroup(dst) || OF_LINK.test(dst)) return []
    if (!routesGroups(context, family, device) || mayBeTaken(context)) return []
    const name = family === 'ip6' ? 'hop limit' : 'TTL'
    const option = family === 'ip6' ? 'IPV6_MULTICAST_HOPS' : 'IP_MULTICAST_TTL'
    const message = `It arrived with ${name} ${ttl}, the default of programs that send to groups. This multicast router forwards only packets with a ${name} above 1, so the kernel drops it without an ICMP error.`
    return [
      finding('vanished-ttl', 'error', message, {
        steps: [ended.step + 1],
        fix: [
          {
            description: `let the sender use a higher ${name} (${option}; in VLC, --ttl)`,
            unverified: 'this is not a netfilter change',
          },
          ...propose(
            `raise the ${name} of such packets, so that this host can forward them`,
            raiseTtl(context, family, {
              ...{ kind: 'such', packet: { ...packet, in: device } },
              hints: { hook: 'prerouting', answer: false },
            }),
            'the model does not route multicast; whoever sends them may have meant them for this link alone',
          ),
        ],
      }),
    ]
  },
}

/** A daemon has the kernel route multicast that comes in there. */
const routesGroups = ({ world: { host } }: Context, family: 'ip' | 'ip6', device: string): boolean =>
  host.sysctls?.get(`net.${family === 'ip' ? 'ipv4' : 'ipv6'}.conf.${sysctlName(device)}.mc_forwarding`) === '1'

/** Somebody on this host may wait for it: of other protocols than UDP nothing tells, and the daemon itself reads reports of IGMP and MLD. */
function mayBeTaken({ world: { host }, journey: { packet } }: Context): boolean {
  if (packet.protocol !== 'udp' || packet.dport === undefined) return true
  return !knowsSockets(host, 'udp') || listener(host, packet) !== undefined
}

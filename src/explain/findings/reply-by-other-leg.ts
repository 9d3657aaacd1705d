import { deviceSysctl } from '../../edits/words.ts'
import type { Host, Link } from '../../model/host.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { linkNamed, portsOfBridge } from '../../rules/links.ts'
import { lookupRoute, routeDevices, wayBackOf } from '../../rules/route.ts'
import { setSysctl } from '../changes/change.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { homeOf } from '../host/routes.ts'
import { larger } from './routing.ts'

/**
 * Whoever was asked is a namespace of this machine that another interface leads to as well, as a container of two networks
 * is. Its reply may come in there, and the reverse path filter drops it, or the ARP request for this host before it
 * (net/ipv4/arp.c asks the same of its sender).
 */
export const replyByOtherLeg: Detector = {
  code: 'vanished-rp-filter',
  detect(context) {
    const { journey, world, inVain } = context
    const { host } = world
    const packet = lastPacket(context)
    const { src, dst, out } = packet
    if (inVain !== 'unanswered' || journey.family !== 'ip' || src === undefined || dst === undefined || !out) return []
    // a neighbour is answered on its own link
    if (homeOf(dst, host, out)?.link.name !== out || homeOf(src, host, out)?.link.name === out) return []
    const namespace = namespaceBehind(out, host)
    if (namespace === undefined) return []
    const back = lookupRoute(wayBackOf({ ...packet, src: dst }, src, 0), host)
    const legs = legsOf(namespace, host).filter(
      (name) => name !== out && larger(context, name, 'rp_filter') === 1 && back && !routeDevices(back).includes(name),
    )
    return legs.slice(0, 1).map((leg) =>
      finding(
        'vanished-rp-filter',
        'note',
        `The network namespace with ${dst} is connected to ${leg} too. If the reply of ${dst} comes in on ${leg}, the reverse path filter drops it: the route back to ${dst} leaves by ${routeDevices(back!).join(' or ')} (rp_filter=1).`,
        {
          steps: [context.ended.step + 1],
          fix: [
            {
              description: 'set the reverse path filter to loose',
              ...setSysctl(
                deviceSysctl('ipv4', leg, 'rp_filter'),
                2,
                host.sysctls?.get(`net.ipv4.conf.${sysctlName(leg)}.rp_filter`) ?? 1,
              ),
              unverified: 'the routes of that namespace are unknown here',
              note: 'or add a route in that namespace, so that its reply leaves by the interface that the request came in on',
            },
          ],
        },
      ),
    )
  },
}

/** The one that all of the interface's own ports lead to. */
function namespaceBehind(name: string, host: Host): string | undefined {
  const link = linkNamed(host, name)
  const ends = link?.kind === 'bridge' ? portsOfBridge(host, name) : link ? [link] : []
  const all = new Set(ends.map(({ peerNamespace }) => peerNamespace))
  const [only] = all
  return all.size === 1 ? only : undefined
}

/** Interfaces with an address by which it is reached. */
const legsOf = (namespace: string, { links = [] }: Host): string[] => [
  ...new Set(links.filter((one) => one.peerNamespace === namespace).map((one: Link) => one.master ?? one.name)),
]

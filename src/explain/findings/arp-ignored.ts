/** An interface without an address, where arp_ignore keeps this host from replying to ARP for its other ones (arp_ignore in net/ipv4/arp.c). */
import { deviceSysctl } from '../../edits/words.ts'
import type { Host } from '../../model/host.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { linkNamed } from '../../rules/links.ts'
import { silentNeighbour } from '../../rules/neighbours.ts'
import { nextHopOf } from '../../rules/way-out.ts'
import { propose, setSysctl } from '../changes/change.ts'
import { allOf, type Proposal } from '../changes/proposal.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { isKnownThere } from '../counterfactual/known-there.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { hasNoLinkLayer } from '../host/routes.ts'
import { DISCOVERY_UNPLAYED } from '../neighbours/frames.ts'
import { larger } from './routing.ts'

/** For its own addresses alone, for those in one network with who asks, for none: without an address it replies for nobody. */
const ONLY_OWN: ReadonlySet<number | undefined> = new Set([1, 2, 8])

/** Whoever is there needs a next hop for its reply: it has an address of this host for that, and none of this interface. */
export const arpIgnored: Detector = {
  code: 'neighbour-discovery-dropped',
  detect(context) {
    const { journey, world, ended } = context
    const { host } = world
    const { out, ...packet } = lastPacket(context)
    if (journey.family !== 'ip' || !hasLeft(journey.outcome) || out === undefined || !lacksReply(context)) return []
    const setting = larger(context, out, 'arp_ignore')
    // whom it stands in for is asked for all the same
    if (!ONLY_OWN.has(setting) || larger(context, out, 'proxy_arp') !== 0) return []
    const link = linkNamed(host, out)
    if (!link?.addresses || link.mac === undefined || hasNoLinkLayer(link)) return []
    if (link.addresses.some(({ family }) => family === 'ip')) return []
    // it has found its next hop before, or was told it
    if (isKnownThere(packet, host)) return []
    const hop = nextHopOf(packet, out, host)
    // it is still to find the next hop: findings/neighbour-failed.ts
    if (hop === undefined || silentNeighbour(host, out, hop)) return []
    const setBy = `arp_ignore=${setting}`
    return [
      finding(
        'neighbour-discovery-dropped',
        // programs write the gateway into a container's neighbours
        'note',
        `${out} has no IPv4 address, and ${setBy} keeps this host from replying there to ARP requests for addresses of its other interfaces. Unless ${hop} already knows the MAC address of its gateway, no reply can come back.`,
        { steps: [ended.step + 1], fix: replyForAll(out, host) },
      ),
    ]
  },
}

/** The kernel takes the larger of the interface's own setting and that of all, so both are to go. */
function replyForAll(out: string, host: Host): Proposal[] {
  const set = ['all', out].flatMap((name) => {
    const before = Number(host.sysctls?.get(`net.ipv4.conf.${sysctlName(name)}.arp_ignore`) ?? 0)
    return before === 0 ? [] : [{ name, change: setSysctl(deviceSysctl('ipv4', name, 'arp_ignore'), 0, before) }]
  })
  const ofAll = set.some(({ name }) => name === 'all')
  return propose(
    `reply to ARP requests for every address of this host${ofAll ? '' : ` on ${out}`}`,
    allOf(set.map(({ change }) => change)),
    ofAll
      ? `or assign the gateway's address to ${out}; with arp_ignore=0, this host also replies for its addresses on lo, such as those of a load balancer`
      : `or assign the gateway's address to ${out}`,
    DISCOVERY_UNPLAYED,
  )
}

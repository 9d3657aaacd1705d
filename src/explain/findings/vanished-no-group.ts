import { bridgeCalls, bridgeNamed } from '../../rules/bridge-calls.ts'
import { isGroup } from '../../rules/fib.ts'
import { settingsOf, sysctlName } from '../../rules/interface-settings.ts'
import { linkNamed } from '../../rules/links.ts'
import { leadsOutOf, lookupRoute } from '../../rules/route.ts'
import { listener } from '../../rules/sockets.ts'
import { solicitedGroup } from '../../rules/solicited-group.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { withHostState } from './later.ts'
import { atRouting } from './routing.ts'

const vanishedOwnAddress = withHostState('vanished-martian', 'vanishedOwnAddress')
const vanishedRpFilter = withHostState('vanished-rp-filter', 'vanishedRpFilter')

/** The groups that every host is in, on every link. */
const ALL_HOSTS = ['224.0.0.1', 'ff02::1', 'ff01::1']

/**
 * It is for a group, for which no route is asked: only who has joined it on that interface gets it (net/ipv4/route.c,
 * ip_route_input_rcu; net/ipv6/ip6_input.c, ip6_mc_input). Host state does not list the groups, so that it vanished is
 * what tells.
 */
export const vanishedNoGroup: Detector = {
  code: 'vanished-no-group',
  detect(context) {
    const routed = atRouting(context)
    if (context.ended.outcome !== 'vanished' || !routed || !isGroup(routed.dst)) return []
    const { dst, packet } = routed
    const device = packet.in!
    // a bridge sends it on without asking, and a trace of nft's does not show its ports
    const bridge = bridgeNamed(context.world.host, device)
    const isBridged = bridge && bridgeCalls(context.world.host, bridge, context.journey.family) !== false
    if (packet.physIn !== undefined || isBridged || ALL_HOSTS.includes(dst)) return []
    // it has, with each of its addresses (RFC 4291, 2.7.1)
    const own = linkNamed(context.world.host, device)?.addresses ?? []
    if (own.some(({ address }) => solicitedGroup(address) === dst)) return []
    // a multicast router takes what nobody here has joined
    const family = context.journey.family === 'ip6' ? 'ipv6' : 'ipv4'
    if (context.world.host.sysctls?.get(`net.${family}.conf.${sysctlName(device)}.mc_forwarding`) === '1') return []
    const join = (more = '') => ({
      description: `the program must join the group on ${device} (see ip maddr show dev ${device})${more}`,
      unverified: 'this is not a rule change',
    })
    // asked only of what somebody has joined, so the drop alone does not tell which of the two it was
    const [source] = [vanishedOwnAddress, vanishedRpFilter].flatMap((one) => one.detect(context))
    const port = source && packet.protocol === 'udp' && listener(context.world.host, packet) ? packet.dport : undefined
    if (source && port !== undefined)
      return [
        {
          ...source,
          message: `${source.message} A program listens on UDP port ${port}; if it has not joined the group ${dst} on ${device}, the kernel drops the packet for that as well.`,
          fix: [...source.fix, join()],
        },
      ]
    const joined = `program on this host has joined the group ${dst} on ${device}`
    const isOpen = !source && mayBeFiltered(context, packet.src, device)
    const message = source
      ? `Either no ${joined}, or one has, and the cause is: ${source.message}`
      : isOpen
        ? `Either no ${joined}, or the reverse path filter of ${device} dropped the packet (rp_filter or the routes are unknown).`
        : `No ${joined}.`
    return [
      finding('vanished-no-group', isOpen ? 'note' : 'error', message, {
        steps: [context.ended.step + 1],
        fix: [join(source || isOpen ? '' : '; a route does not help'), ...(source?.fix ?? [])],
      }),
    ]
  },
}

/** The setting, or the way back to the source, is not given. IPv6 has no such filter. */
function mayBeFiltered({ world: { host } }: Context, src: string | undefined, device: string): boolean {
  if (src === undefined || src.includes(':')) return false
  const settings = settingsOf(host, device, 'rp_filter')
  if (settings.every((one) => one === '0')) return false
  const back = lookupRoute({ dst: src }, host)
  if (leadsOutOf(back, device)) return false
  return settings.includes(undefined) || back === undefined
}
